/* containers.c: where container engines pull from, and whose images are here: Docker, containerd, Podman.
 * Sources: dockerd(8), containers-registries.conf(5), containerd's hosts.toml. */
#include <string.h>

#include "audit/host/machine.h"

struct telling {
    struct source *source;
    struct sink *sink;
};

/* Keys of daemon.json that hold addresses. */
static void visit_daemon(void *context, const struct node *node, struct span key)
{
    const struct telling *telling = context;
    char driver[80];
    if (span_is(key, "registry-mirrors"))
        configure(telling->source, telling->sink, SIGNAL_DOMAIN, node->text, node->line);
    else if (span_is(key, "dns"))
        configure(telling->source, telling->sink, SIGNAL_NETWORK, node->text, node->line);
    if (!span_is(key, "log-driver") || node->text.bytes > 40)
        return;
    snprintf(driver, sizeof driver, "storage:%.*s", (int)node->text.bytes, (const char *)node->text.data);
    configure(telling->source, telling->sink, SIGNAL_NAME, span_text(driver), node->line);
}

static void read_daemon(struct source *source, struct sink *sink)
{
    struct telling telling = { source, sink };
    const struct node *root = source_tree(source, sink, SYNTAX_JSON);
    if (root)
        node_walk(root, NULL, visit_daemon, &telling);
}

/* {"Repositories": {"nginx": {"nginx:1.25": "sha256:..."}}}: the images that are here. */
static void read_images(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_JSON), *names = node_get(root, "Repositories");
    for (const struct node *name = names ? names->first : NULL; name; name = name->next)
        declare_image(source, sink, name->key, name->line);
}

static void visit_registries(void *context, const struct node *node, struct span key)
{
    const struct telling *telling = context;
    if (span_is(key, "unqualified-search-registries") || span_is(key, "location") || span_is(key, "server") ||
        span_is(key, "endpoint"))
        configure(telling->source, telling->sink,
                  span_find(node->text, "://") < node->text.bytes ? SIGNAL_DOMAIN : SIGNAL_REGISTRY, node->text,
                  node->line);
}

static void read_registries(struct source *source, struct sink *sink)
{
    struct telling telling = { source, sink };
    const struct node *root = source_tree(source, sink, SYNTAX_TOML);
    if (root)
        node_walk(root, NULL, visit_registries, &telling);
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/etc/docker/daemon.json", read_daemon },
        { "/var/lib/docker/image/*/repositories.json", read_images },
        { "/etc/containerd/config.toml", read_registries },
        { "/etc/containerd/certs.d/*/hosts.toml", read_registries },
        { "/etc/containers/registries.conf", read_registries },
        { "/etc/containers/registries.conf.d/*.conf", read_registries },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_containers = { .name = "containers", .read = read_all };
