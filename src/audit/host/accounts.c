/* accounts.c: accounts that command lines of clouds keep in people's homes: that there are some, and what they are
 * called. Of files with keys only the names of sections, contexts and hosts are shown, never a line. */
#include <string.h>

#include "audit/host/machine.h"

enum { SHOWN = 120 };

/* What is told instead of the line. */
static void tell(struct source *source, struct sink *sink, enum signal signal, const char *value, struct span name,
                 size_t line)
{
    char shown[SHOWN];
    snprintf(shown, sizeof shown, "account %.*s", (int)size_min(name.bytes, 80), (const char *)name.data);
    mention(source, sink,
            &(struct mention){ .signal = signal,
                               .value = span_text(value),
                               .line = line,
                               .evidence = EVIDENCE_CONFIGURED,
                               .shown = span_text(shown) });
}

/* Each section is a profile. */
static void tell_sections(struct source *source, struct sink *sink, enum signal signal, const char *value)
{
    size_t at = 0, number = 0;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        line = span_trim(line);
        if (line.bytes > 2 && line.data[0] == '[' && line.data[line.bytes - 1] == ']')
            tell(source, sink, signal, value, span_part(line, 1, line.bytes - 2), number);
    }
}

static void read_aws(struct source *source, struct sink *sink)
{
    tell_sections(source, sink, SIGNAL_NAME, "apt:awscli");
}

static void read_gcloud(struct source *source, struct sink *sink)
{
    tell(source, sink, SIGNAL_NAME, "apt:google-cloud-cli", span_text(source->name), 1);
}

static void read_azure(struct source *source, struct sink *sink)
{
    tell(source, sink, SIGNAL_NAME, "apt:azure-cli", span_text(source->name), 1);
}

static void read_digitalocean(struct source *source, struct sink *sink)
{
    tell(source, sink, SIGNAL_DOMAIN, "api.digitalocean.com", span_text("doctl"), 1);
}

static void read_hetzner(struct source *source, struct sink *sink)
{
    tell(source, sink, SIGNAL_DOMAIN, "api.hetzner.cloud", span_text("hcloud"), 1);
}

static void read_scaleway(struct source *source, struct sink *sink)
{
    tell(source, sink, SIGNAL_DOMAIN, "api.scaleway.com", span_text("scw"), 1);
}

/* A host at the beginning of a line, or as a key: hosts.yml of gh and glab. */
static void read_hosts(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *hosts = root && root->first ? root->first : NULL;
    for (const struct node *host = hosts && hosts->type == NODE_MAP ? hosts->first : NULL; host; host = host->next) {
        char name[HOST_BYTES] = "";
        bool scheme;
        if (host_of(host->key, name, &scheme))
            tell(source, sink, SIGNAL_DOMAIN, name, host->key, host->line);
    }
}

/* The server of each cluster, by its host. */
static void read_kubernetes(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *clusters = root ? node_get(root->first, "clusters") : NULL;
    for (const struct node *cluster = clusters ? clusters->first : NULL; cluster; cluster = cluster->next) {
        char host[HOST_BYTES];
        bool scheme;
        const struct node *server = node_at(cluster, "cluster.server");
        if (server && server->type == NODE_TEXT && host_of(server->text, host, &scheme))
            tell(source, sink, SIGNAL_DOMAIN, host, span_text(host), server->line);
    }
}

/* Registries that somebody is logged in to. */
static void read_docker(struct source *source, struct sink *sink)
{
    const struct node *auths = node_get(source_tree(source, sink, SYNTAX_JSON), "auths");
    for (const struct node *auth = auths ? auths->first : NULL; auth; auth = auth->next) {
        char host[HOST_BYTES];
        bool scheme;
        if (host_of(auth->key, host, &scheme))
            tell(source, sink, SIGNAL_REGISTRY, host, span_text(host), auth->line);
    }
}

/* "machine HOST login ... password ..." */
static void read_netrc(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0;
    for (struct span line, word; next_line(source->text, &at, &line);) {
        char host[HOST_BYTES];
        bool scheme, is_host = false;
        number++;
        while (next_word(&line, &word)) {
            if (is_host && host_of(word, host, &scheme))
                tell(source, sink, SIGNAL_DOMAIN, host, span_text(host), number);
            is_host = span_is(word, "machine");
        }
    }
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "~/.aws/config", read_aws },
        { "~/.aws/credentials", read_aws },
        { "~/.config/gcloud/configurations/config_*", read_gcloud },
        { "~/.azure/azureProfile.json", read_azure },
        { "~/.config/doctl/config.yaml", read_digitalocean },
        { "~/.config/hcloud/cli.toml", read_hetzner },
        { "~/.config/scw/config.yaml", read_scaleway },
        { "~/.config/gh/hosts.yml", read_hosts },
        { "~/.kube/config", read_kubernetes },
        { "~/.docker/config.json", read_docker },
        { "~/.netrc", read_netrc },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_accounts = { .name = "accounts", .read = read_all };
