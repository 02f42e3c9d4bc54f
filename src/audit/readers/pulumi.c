/* pulumi.c: Pulumi's projects and stacks: packages by their settings, whose keys keep secrets, where state lies. What
 * is written in a language is found by that language's reader. Source: pulumi.com/docs/iac/concepts/projects. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

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
