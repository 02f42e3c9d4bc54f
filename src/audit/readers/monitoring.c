/* monitoring.c: Prometheus and Alertmanager: where measurements are written to, which cloud is asked for targets, who
 * is told of alerts. Source: prometheus.io/docs/prometheus/latest/configuration,
 * prometheus.io/docs/alerting/latest/configuration. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

/* ---- Alertmanager ------------------------------------------------------------------------------------------------ */

/* "slack_configs" is slack's, unless its address says otherwise: a Mattermost takes the same messages. */
static void tell_receiver(struct source *source, struct sink *sink, const struct node *receiver)
{
    for (const struct node *entry = receiver->first; entry; entry = entry->next) {
        if (!span_ends(entry->key, "_configs"))
            continue;
        const struct node *address = entry->first ? node_get(entry->first, "api_url") : NULL;
        if (address && address->type == NODE_TEXT && span_find(address->text, "://") < address->text.bytes)
            configure(source, sink, SIGNAL_DOMAIN, address->text, address->line);
        else
            declare_name(source, sink, "alertmanager", span_part(entry->key, 0, entry->key.bytes - strlen("_configs")),
                         entry->line);
        tell_settings(source, sink, entry, NULL);
    }
}

static enum reading read_alertmanager(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *document = root ? root->first : NULL;
    const struct node *receivers = node_get(document, "receivers");
    if (!node_get(document, "route") || !receivers || receivers->type != NODE_LIST)
        return READ_NOT_MINE;
    tell_settings(source, sink, node_get(document, "global"), NULL);
    for (const struct node *receiver = receivers->first; receiver; receiver = receiver->next)
        tell_receiver(source, sink, receiver);
    return READ_DONE;
}

const struct reader reader_alertmanager = { .name = "alertmanager", .takes = takes_yaml, .read = read_alertmanager };

/* ---- Prometheus -------------------------------------------------------------------------------------------------- */

/* Whose interface is asked for targets, as Terraform's types of the same thing. */
static const struct {
    const char *key, *type;
} discoveries[] = {
    { "ec2_sd_configs", "aws_instance" },
    { "lightsail_sd_configs", "aws_lightsail_instance" },
    { "gce_sd_configs", "google_compute_instance" },
    { "azure_sd_configs", "azurerm_virtual_machine" },
    { "digitalocean_sd_configs", "digitalocean_droplet" },
    { "hetzner_sd_configs", "hcloud_server" },
    { "scaleway_sd_configs", "scaleway_instance_server" },
    { "linode_sd_configs", "linode_instance" },
    { "vultr_sd_configs", "vultr_instance" },
    { "ionos_sd_configs", "ionoscloud_server" },
};

static void tell_scrape(struct source *source, struct sink *sink, const struct node *job)
{
    for (const struct node *entry = job->first; entry; entry = entry->next)
        for (size_t i = 0; i < LENGTH(discoveries); i++)
            if (key_is(entry, discoveries[i].key))
                declare(source, sink, SIGNAL_TERRAFORM, span_text(discoveries[i].type), entry->line);
}

static void tell_remote(struct source *source, struct sink *sink, const struct node *list)
{
    for (const struct node *one = list ? list->first : NULL; one; one = one->next)
        if (node_get(one, "url"))
            configure(source, sink, SIGNAL_DOMAIN, node_text(one, "url"), node_get(one, "url")->line);
}

static enum reading read_prometheus(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *document = root ? root->first : NULL;
    const struct node *jobs = node_get(document, "scrape_configs");
    if (!jobs && !node_get(document, "remote_write"))
        return READ_NOT_MINE;
    tell_remote(source, sink, node_get(document, "remote_write"));
    tell_remote(source, sink, node_get(document, "remote_read"));
    for (const struct node *job = jobs ? jobs->first : NULL; job; job = job->next)
        tell_scrape(source, sink, job);
    return READ_DONE;
}

const struct reader reader_prometheus = { .name = "prometheus", .takes = takes_yaml, .read = read_prometheus };

/* ---- Traefik ----------------------------------------------------------------------------------------------------- */

static bool takes_traefik(const struct source *source)
{
    return takes_yaml(source) || (strcmp(source->extension, "toml") == 0 && strstr(source->path, "traefik"));
}

/* acme: {caServer: ..., dnsChallenge: {provider: ...}}. Without a server it is Let's Encrypt's. */
static void tell_resolver(struct source *source, struct sink *sink, const struct node *acme)
{
    const struct node *server = node_get(acme, "caServer"), *dns = node_get(acme, "dnsChallenge");
    const struct node *provider = node_get(dns, "provider");
    if (server && server->type == NODE_TEXT)
        configure(source, sink, SIGNAL_DOMAIN, server->text, server->line);
    else
        configure(source, sink, SIGNAL_DOMAIN, span_text("acme-v02.api.letsencrypt.org"), acme->line);
    if (provider && provider->type == NODE_TEXT)
        declare_name(source, sink, "lego", provider->text, provider->line);
}

static const struct node *resolvers_of(const struct node *document)
{
    const struct node *resolvers = node_get(document, "certificatesResolvers");
    return resolvers ? resolvers : node_get(document, "certificatesresolvers");
}

/* http.services.X.loadBalancer.servers: where requests are passed on to. */
static void tell_servers(struct source *source, struct sink *sink, const struct node *services)
{
    for (const struct node *one = services && services->type == NODE_MAP ? services->first : NULL; one;
         one = one->next) {
        const struct node *servers = node_at(one, "loadBalancer.servers");
        for (const struct node *server = servers ? servers->first : NULL; server; server = server->next)
            if (node_get(server, "url"))
                configure(source, sink, SIGNAL_DOMAIN, node_text(server, "url"), node_get(server, "url")->line);
    }
}

static enum reading read_traefik(struct source *source, struct sink *sink)
{
    const bool toml = strcmp(source->extension, "toml") == 0;
    const struct node *root = source_tree(source, sink, toml ? SYNTAX_TOML : SYNTAX_YAML);
    const struct node *document = root && !toml ? root->first : root;
    const struct node *resolvers = resolvers_of(document), *services = node_at(document, "http.services");
    const bool routes = node_at(document, "http.routers") || node_get(document, "entryPoints");
    if (!resolvers && !(services && services->type == NODE_MAP && routes))
        return READ_NOT_MINE;
    for (const struct node *one = resolvers ? resolvers->first : NULL; one; one = one->next)
        if (node_get(one, "acme"))
            tell_resolver(source, sink, node_get(one, "acme"));
    tell_servers(source, sink, services);
    return READ_DONE;
}

const struct reader reader_traefik = { .name = "traefik", .takes = takes_traefik, .read = read_traefik };
