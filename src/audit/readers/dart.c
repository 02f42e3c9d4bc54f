/* dart.c: Dart's and Flutter's packages (pubspec.yaml) and Swift's (Package.swift), which are few lines each.
 * Source: dart.dev/tools/pub/dependencies, docs.swift.org/package-manager/PackageDescription. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"
#include "audit/readers/tokens.h"

/* name: ^1.0; name: { git: url | { url }, hosted: url, path, sdk } */
static void tell_dependency(struct manifest *manifest, const struct node *entry)
{
    const struct node *git = node_get(entry, "git"), *hosted = node_get(entry, "hosted");
    const struct node *where = git ? git : hosted;
    if (where) {
        const struct span url = where->type == NODE_TEXT ? where->text : node_text(where, "url");
        mention_addresses(manifest->source, manifest->sink, url, where->line, EVIDENCE_DECLARED);
    } else if (entry->type == NODE_TEXT || node_get(entry, "version")) {
        manifest_registry(manifest, entry->line);
        declare_name(manifest->source, manifest->sink, "pub", entry->key, entry->line);
    }
}

static void read_pubspec(struct manifest *manifest)
{
    static const char *const kinds[] = { "dependencies", "dev_dependencies" };
    const struct node *documents = source_tree(manifest->source, manifest->sink, SYNTAX_YAML);
    for (size_t i = 0; documents && i < LENGTH(kinds); i++) {
        const struct node *list = node_get(documents->first, kinds[i]);
        for (const struct node *one = list ? list->first : NULL; one; one = one->next)
            tell_dependency(manifest, one);
    }
}

/* .package(url: "https://github.com/a/b", from: "1.0.0") */
static void read_swift(struct manifest *manifest)
{
    struct tokens tokens = { .text = manifest->source->text, .comment = "//" };
    struct token token;
    bool url = false;
    while (next_token(&tokens, &token)) {
        if (token.type == TOKEN_STRING && url)
            mention_addresses(manifest->source, manifest->sink, token.text, token.line, EVIDENCE_DECLARED);
        url = token_is_word(&token, "url") || (url && token_is_mark(&token, ':'));
    }
}

static bool takes_dart(const struct source *source)
{
    return source_named(source, "pubspec.yaml Package.swift");
}

static enum reading read_dart(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "pub" };
    if (source_named(source, "pubspec.yaml"))
        read_pubspec(&manifest);
    else
        read_swift(&manifest);
    return READ_DONE;
}

const struct reader reader_dart = { "dart", takes_dart, read_dart };
