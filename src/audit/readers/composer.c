/* composer.c: PHP's packages: composer.json and composer.lock. Source: getcomposer.org/doc/04-schema.md. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* Repositories of one's own, as a list or a map; { "packagist.org": false } says that Packagist is not asked. */
static void tell_repositories(struct manifest *manifest, const struct node *repositories)
{
    for (const struct node *one = repositories ? repositories->first : NULL; one; one = one->next) {
        const struct node *url = node_get(one, "url");
        if (span_begins(one->key, "packagist") || node_get(one, "packagist.org") || node_get(one, "packagist"))
            manifest->registry = NULL;
        if (url && !span_is(node_text(one, "type"), "path"))
            mention_addresses(manifest->source, manifest->sink, url->text, url->line, EVIDENCE_DECLARED);
    }
}

/* php, ext-json, lib-curl and composer-plugin-api are the platform. */
static void tell_requirements(struct manifest *manifest, const struct node *requirements)
{
    for (const struct node *one = requirements ? requirements->first : NULL; one; one = one->next)
        if (span_find(one->key, "/") < one->key.bytes)
            manifest_package(manifest, one->key, one->line);
}

static void read_manifest(struct manifest *manifest)
{
    const struct node *root = source_tree(manifest->source, manifest->sink, SYNTAX_JSON);
    tell_repositories(manifest, node_get(root, "repositories"));
    tell_requirements(manifest, node_get(root, "require"));
    tell_requirements(manifest, node_get(root, "require-dev"));
}

/* What came from Packagist tells it of each download. */
static void read_lock(struct manifest *manifest)
{
    struct span line;
    size_t number = 1;
    for (size_t at = 0; !manifest->told && next_line(manifest->source->text, &at, &line); number++)
        if (span_find(line, "\"notification-url\"") < line.bytes && span_find(line, "packagist.org") < line.bytes)
            manifest_registry(manifest, number);
}

static bool takes_composer(const struct source *source)
{
    return source_named(source, "composer.json composer.lock");
}

static enum reading read_composer(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "composer", .signal = SIGNAL_COMPOSER };
    if (strstr(source->path, "vendor/"))
        return READ_DONE; /* somebody else's */
    if (source_named(source, "composer.lock"))
        read_lock(&manifest);
    else
        read_manifest(&manifest);
    return READ_DONE;
}

const struct reader reader_composer = { "composer", takes_composer, read_composer };
