/* cloudformation.c: CloudFormation, SAM, Serverless and Pulumi: resources by type, and the settings in them. Source:
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference, serverless.com/framework/docs,
 * pulumi.com/docs/iac/concepts/projects. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

/* ---- CloudFormation ---------------------------------------------------------------------------------------------- */

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

/* The resources of a template; false if there are none. */
static bool tell_resources(struct source *source, struct sink *sink, const struct node *template)
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
    if (!template || !tell_resources(source, sink, template))
        return READ_NOT_MINE;
    tell_globals(source, sink, template);
    return READ_DONE;
}

const struct reader reader_cloudformation = { .name = "cloudformation",
                                              .takes = takes_cloudformation,
                                              .read = read_cloudformation };

/* ---- Serverless -------------------------------------------------------------------------------------------------- */

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
        (void)tell_resources(source, sink, one);
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

/* ---- Pulumi ------------------------------------------------------------------------------------------------------ */

static bool takes_pulumi(const struct source *source)
{
    return span_begins(span_text(source->name), "Pulumi.") && takes_yaml(source);
}

/* "aws:s3:Bucket" and "aws:region": what stands before the first colon. */
static void tell_package(struct source *source, struct sink *sink, struct span token, size_t line)
{
    const size_t colon = span_find(token, ":");
    if (colon < token.bytes)
        declare_name(source, sink, "pulumi", span_part(token, 0, colon), line);
}

/* "awskms://alias/x": whose keys keep a stack's secrets. */
static void tell_secrets(struct source *source, struct sink *sink, const struct node *provider)
{
    static const struct {
        const char *scheme, *package;
    } keys[] = { { "awskms", "aws" }, { "gcpkms", "gcp" }, { "azurekeyvault", "azure-native" } };
    for (size_t i = 0; i < LENGTH(keys) && provider && provider->type == NODE_TEXT; i++)
        if (span_begins(provider->text, keys[i].scheme))
            declare_name(source, sink, "pulumi", span_text(keys[i].package), provider->line);
}

static void tell_pulumi(struct source *source, struct sink *sink, const struct node *document)
{
    const struct node *config = node_get(document, "config"), *resources = node_get(document, "resources");
    const struct node *backend = node_at(document, "backend.url");
    for (const struct node *entry = config && config->type == NODE_MAP ? config->first : NULL; entry;
         entry = entry->next) {
        tell_package(source, sink, entry->key, entry->line);
        if (entry->type == NODE_TEXT)
            tell_setting(source, sink, span_from(entry->key, span_find(entry->key, ":") + 1), entry->text, entry->line);
    }
    for (const struct node *one = resources ? resources->first : NULL; one; one = one->next)
        if (node_get(one, "type"))
            tell_package(source, sink, node_text(one, "type"), node_get(one, "type")->line);
    if (backend && backend->type == NODE_TEXT)
        mention_addresses(source, sink, backend->text, backend->line, EVIDENCE_DECLARED);
    tell_secrets(source, sink, node_get(document, "secretsprovider"));
}

static enum reading read_pulumi(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    if (root && root->first)
        tell_pulumi(source, sink, root->first);
    return READ_DONE;
}

const struct reader reader_pulumi = { .name = "pulumi", .takes = takes_pulumi, .read = read_pulumi };
