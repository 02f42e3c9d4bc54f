/* cloudformation.c: CloudFormation and SAM: resources by type, and the settings in them. Source:
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

static bool takes_cloudformation(const struct source *source)
{
    return takes_yaml(source) || strcmp(source->extension, "json") == 0 || strcmp(source->extension, "template") == 0;
}

static bool is_talk(const struct node *node)
{
    static const char *const keys[] = { "Description",          "Tags", "Metadata", "DependsOn", "Condition", "Comment",
                                        "ConstraintDescription" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (key_is(node, keys[i]))
            return true;
    return false;
}

static void tell_properties(struct source *source, struct sink *sink, const struct node *node, struct span parent)
{
    const struct span own = node->key.bytes ? node->key : parent;
    for (const struct node *inner = node->first; inner; inner = inner->next) {
        const bool image = key_is(inner, "Image") || key_is(inner, "ImageUri") || key_is(inner, "ImageIdentifier");
        if (is_talk(inner))
            continue;
        if (key_is(inner, "Environment") && inner->type == NODE_LIST)
            tell_environment(source, sink, inner);
        else if (key_is(inner, "Variables") && inner->type == NODE_MAP)
            tell_environment(source, sink, inner);
        else if (image && inner->type == NODE_TEXT && !span_begins(inner->text, "aws/codebuild/"))
            tell_image(source, sink, inner);
        else if (inner->type == NODE_TEXT && span_begins(span_trim(inner->text), "#!"))
            mention_commands(source, sink, inner->text, inner->value_line);
        else if (inner->type == NODE_TEXT && !span_begins(inner->key, "Ref"))
            tell_value(source, sink, key_join(source, own, inner->key), inner);
        else if (inner->type != NODE_TEXT)
            tell_properties(source, sink, inner, own);
    }
}

static bool is_type(const struct node *type)
{
    return type && type->type == NODE_TEXT && span_find(type->text, "::") < type->text.bytes;
}

bool tell_cloudformation(struct source *source, struct sink *sink, const struct node *template)
{
    const struct node *resources = node_get(template, "Resources");
    bool found = false;
    for (const struct node *one = resources && resources->type == NODE_MAP ? resources->first : NULL; one;
         one = one->next) {
        const struct node *type = node_get(one, "Type"), *properties = node_get(one, "Properties");
        if (!is_type(type))
            continue;
        found = true;
        declare_name(source, sink, "cloudformation", type->text, type->line);
        if (properties)
            tell_properties(source, sink, properties, (struct span){ 0 });
    }
    return found;
}

/* Defaults of a template's functions. */
static void tell_globals(struct source *source, struct sink *sink, const struct node *template)
{
    const struct node *globals = node_get(template, "Globals");
    if (globals)
        tell_properties(source, sink, globals, (struct span){ 0 });
}

static bool may_be_template(struct span text)
{
    return span_find(text, "AWS::") < text.bytes || span_find(text, "Resources") < text.bytes;
}

static enum reading read_cloudformation(struct source *source, struct sink *sink)
{
    const struct span begin = span_trim(source->text);
    const bool json = strcmp(source->extension, "json") == 0 || span_begins(begin, "{");
    if (!may_be_template(source->text))
        return READ_NOT_MINE;
    const struct node *root = source_tree(source, sink, json ? SYNTAX_JSON : SYNTAX_YAML);
    const struct node *template = root && !json ? root->first : root;
    if (!template || !tell_cloudformation(source, sink, template))
        return READ_NOT_MINE;
    tell_globals(source, sink, template);
    return READ_DONE;
}

const struct reader reader_cloudformation = { .name = "cloudformation",
                                              .takes = takes_cloudformation,
                                              .read = read_cloudformation };
