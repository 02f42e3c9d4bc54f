/* compose.c: Docker Compose and stacks: images, environments, flags, resolvers. An image that is built here is
 * nobody's, unless its name says where it is pushed. Source: github.com/compose-spec/compose-spec. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

static bool is_service(const struct node *node)
{
    return node->type == NODE_MAP && (node_get(node, "image") || node_get(node, "build") || node_get(node, "extends"));
}

/* Whether it is a compose file: by one service that is one. What only changes another file ("compose.override.yml")
 * may name no image; the file's name tells. */
static bool is_compose(const struct source *source, const struct node *document)
{
    const bool named = strstr(source->name, "compose.") != NULL;
    const struct node *services = node_get(document, "services");
    for (const struct node *service = services && services->type == NODE_MAP ? services->first : NULL; service;
         service = service->next)
        if (is_service(service) || (named && node_get(service, "environment")))
            return true;
    return false;
}

/* Whether the reference begins with a registry's host. */
static bool names_registry(struct span image)
{
    const size_t slash = span_find(image, "/");
    return slash < image.bytes && span_find(span_part(image, 0, slash), ".") < slash;
}

static void tell_build(struct source *source, struct sink *sink, const struct node *build)
{
    const struct node *context = build && build->type == NODE_MAP ? node_get(build, "context") : build;
    if (context && context->type == NODE_TEXT && span_find(context->text, ":") < context->text.bytes)
        tell_fetched(source, sink, context->text, context->line);
}

/* Resolvers: "8.8.8.8", or a list of such. */
static void tell_resolvers(struct source *source, struct sink *sink, const struct node *resolvers)
{
    for (const struct node *one = one_first(resolvers); one; one = one_next(resolvers, one))
        if (one->type == NODE_TEXT)
            configure(source, sink, SIGNAL_NETWORK, one->text, one->line);
}

static void tell_service(struct source *source, struct sink *sink, const struct node *service)
{
    const struct node *image = node_get(service, "image"), *build = node_get(service, "build");
    if (image && image->type == NODE_TEXT && (!build || names_registry(with_defaults(source, image->text))))
        tell_image(source, sink, image);
    tell_build(source, sink, build);
    tell_environment(source, sink, node_get(service, "environment"));
    tell_flags(source, sink, node_get(service, "command"));
    tell_flags(source, sink, node_get(service, "entrypoint"));
    tell_resolvers(source, sink, node_get(service, "dns"));
    tell_settings(source, sink, node_at(service, "logging.options"), NULL);
}

static void tell_configs(struct source *source, struct sink *sink, const struct node *configs)
{
    for (const struct node *config = configs && configs->type == NODE_MAP ? configs->first : NULL; config;
         config = config->next) {
        const struct node *content = node_get(config, "content");
        if (content && content->type == NODE_TEXT)
            tell_value(source, sink, config->key, content);
    }
}

static enum reading read_compose(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    bool found = false;
    for (const struct node *document = root ? root->first : NULL; document; document = document->next) {
        if (!is_compose(source, document))
            continue;
        found = true;
        for (const struct node *service = node_get(document, "services")->first; service; service = service->next)
            tell_service(source, sink, service);
        tell_configs(source, sink, node_get(document, "configs"));
    }
    return found ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_compose = { .name = "compose", .takes = takes_yaml, .read = read_compose };
