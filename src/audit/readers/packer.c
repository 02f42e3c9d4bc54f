/* packer.c: Packer, in HCL and in JSON: plugins, builders, and what provisioners run. Source:
 * developer.hashicorp.com/packer/docs/templates. */
#include <string.h>

#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

static bool takes_packer(const struct source *source)
{
    const struct span name = span_text(source->name);
    return span_ends(name, ".pkr.hcl") || span_ends(name, ".pkr.json") || span_ends(name, ".json");
}

static void tell_plugins(struct source *source, struct sink *sink, const struct node *plugins)
{
    for (const struct node *plugin = plugins ? plugins->first : NULL; plugin; plugin = plugin->next) {
        const struct node *address = node_get(plugin, "source");
        if (!address || address->type != NODE_TEXT)
            continue;
        declare_name(source, sink, "packer", address->text, address->line);
        tell_fetched(source, sink, address->text, address->line);
    }
}

/* Each line of "inline" is a command. */
static void tell_provisioners(struct source *source, struct sink *sink, const struct node *node)
{
    for (const struct node *inner = node->first; inner; inner = inner->next) {
        if (!key_is(inner, "inline") && inner->type != NODE_TEXT)
            tell_provisioners(source, sink, inner);
        for (const struct node *line = key_is(inner, "inline") ? one_first(inner) : NULL; line;
             line = one_next(inner, line))
            if (line->type == NODE_TEXT)
                mention_commands(source, sink, line->text, line->value_line);
    }
}

static bool is_talk(const struct node *node)
{
    return key_is(node, "description") || key_is(node, "tags") || key_is(node, "run_tags") ||
           key_is(node, "ami_description") || key_is(node, "snapshot_tags") || key_is(node, "inline");
}

static void tell_hcl(struct source *source, struct sink *sink, const struct node *root)
{
    for (const struct node *block = root->first; block; block = block->next) {
        if (key_is(block, "packer"))
            tell_plugins(source, sink, node_get(block, "required_plugins"));
        if ((key_is(block, "source") || key_is(block, "data")) && block->first) {
            declare_name(source, sink, "packer", block->first->key, block->line);
            tell_settings(source, sink, block->first->first, is_talk);
        }
        if (key_is(block, "build"))
            tell_provisioners(source, sink, block);
    }
}

static bool tell_json(struct source *source, struct sink *sink, const struct node *root)
{
    const struct node *builders = node_get(root, "builders");
    bool found = false;
    for (const struct node *builder = builders && builders->type == NODE_LIST ? builders->first : NULL; builder;
         builder = builder->next) {
        const struct node *type = node_get(builder, "type");
        if (!type || type->type != NODE_TEXT)
            continue;
        found = true;
        declare_name(source, sink, "packer", type->text, type->line);
        tell_settings(source, sink, builder, is_talk);
    }
    if (found && node_get(root, "provisioners"))
        tell_provisioners(source, sink, node_get(root, "provisioners"));
    return found;
}

static enum reading read_packer(struct source *source, struct sink *sink)
{
    const bool json = strcmp(source->extension, "json") == 0;
    if (json && span_find(source->text, "\"builders\"") == source->text.bytes)
        return READ_NOT_MINE;
    const struct node *root = source_tree(source, sink, json ? SYNTAX_JSON : SYNTAX_HCL);
    if (json)
        return root && tell_json(source, sink, root) ? READ_DONE : READ_NOT_MINE;
    if (root)
        tell_hcl(source, sink, root);
    return READ_DONE;
}

const struct reader reader_packer = { .name = "packer", .takes = takes_packer, .read = read_packer };
