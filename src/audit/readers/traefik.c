/* traefik.c: who issues Traefik's certificates, by whose name service they are proved, and where requests are passed on
 * to. Its flags stand in compose files and manifests: see containers.c. Source: doc.traefik.io/traefik/https/acme. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"

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
