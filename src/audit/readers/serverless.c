/* serverless.c: the Serverless Framework: the cloud, plugins, environments, and resources in CloudFormation. Source:
 * serverless.com/framework/docs. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

static bool takes_serverless(const struct source *source)
{
    const struct span name = span_text(source->name);
    return span_begins(name, "serverless") && (takes_yaml(source) || span_ends(name, ".json"));
}

static void tell_plugins(struct source *source, struct sink *sink, const struct node *plugins)
{
    const struct node *list = plugins && plugins->type == NODE_MAP ? node_get(plugins, "modules") : plugins;
    for (const struct node *plugin = one_first(list); plugin; plugin = one_next(list, plugin))
        if (plugin->type == NODE_TEXT)
            declare_name(source, sink, "serverless", plugin->text, plugin->line);
}

static void tell_serverless(struct source *source, struct sink *sink, const struct node *document)
{
    const struct node *provider = node_get(document, "provider"), *functions = node_get(document, "functions");
    const struct node *name = provider && provider->type == NODE_MAP ? node_get(provider, "name") : provider;
    if (name && name->type == NODE_TEXT)
        declare_name(source, sink, "serverless", name->text, name->line);
    tell_plugins(source, sink, node_get(document, "plugins"));
    tell_environment(source, sink, node_get(provider, "environment"));
    for (const struct node *one = functions ? functions->first : NULL; one; one = one->next) {
        tell_environment(source, sink, node_get(one, "environment"));
        tell_image(source, sink, node_get(one, "image"));
    }
    const struct node *resources = node_get(document, "resources");
    for (const struct node *one = one_first(resources); one; one = one_next(resources, one))
        (void)tell_cloudformation(source, sink, one);
}

static enum reading read_serverless(struct source *source, struct sink *sink)
{
    const bool json = strcmp(source->extension, "json") == 0;
    const struct node *root = source_tree(source, sink, json ? SYNTAX_JSON : SYNTAX_YAML);
    const struct node *document = root && !json ? root->first : root;
    if (!node_get(document, "provider") || !node_get(document, "service"))
        return READ_NOT_MINE;
    tell_serverless(source, sink, document);
    return READ_DONE;
}

const struct reader reader_serverless = { .name = "serverless", .takes = takes_serverless, .read = read_serverless };
