/* cargo.c: Rust's packages: Cargo.toml, Cargo.lock, .cargo/config.toml. Source: doc.rust-lang.org/cargo/reference. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* name = "1", name = { version = "1" }, { git = "https://..." }, { path = "..." }, { workspace = true } */
static void tell_dependency(struct manifest *manifest, const struct node *entry)
{
    const struct span git = node_text(entry, "git"), name = node_text(entry, "package");
    if (node_get(entry, "workspace"))
        return; /* it stands in the workspace's own manifest, which tells it */
    const struct span package = name.bytes ? name : entry->key;
    if (git.bytes > 0) {
        mention_addresses(manifest->source, manifest->sink, git, entry->line, EVIDENCE_DECLARED);
        declare_package(manifest->source, manifest->sink, SIGNAL_CARGO, package, entry->line);
    } else if (node_get(entry, "registry") || node_get(entry, "registry-index")) {
        mention_addresses(manifest->source, manifest->sink, node_text(entry, "registry-index"), entry->line,
                          EVIDENCE_DECLARED);
    } else if (!node_get(entry, "path") || node_get(entry, "version")) {
        manifest_package(manifest, package, entry->line);
    }
}

static void tell_tables(struct manifest *manifest, const struct node *owner)
{
    static const char *const kinds[] = { "dependencies", "dev-dependencies", "build-dependencies" };
    for (const struct node *entry = owner ? owner->first : NULL; entry; entry = entry->next)
        for (size_t i = 0; i < LENGTH(kinds); i++)
            if (key_is(entry, kinds[i]))
                for (const struct node *one = entry->first; one; one = one->next)
                    tell_dependency(manifest, one);
}

static void read_manifest(struct manifest *manifest, const struct node *root)
{
    tell_tables(manifest, root);
    tell_tables(manifest, node_get(root, "workspace"));
    const struct node *targets = node_get(root, "target");
    for (const struct node *target = targets ? targets->first : NULL; target; target = target->next)
        tell_tables(manifest, target);
}

/* source = "registry+https://github.com/rust-lang/crates.io-index": the registry, whatever serves its index;
 * source = "git+https://host/x?rev=1#2" */
static void read_lock(struct manifest *manifest)
{
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        if (!span_begins(line, "source = \""))
            continue;
        const struct span source = span_from(line, strlen("source = \""));
        const bool registry = span_begins(source, "registry+") || span_begins(source, "sparse+");
        if (registry && span_find(source, "crates.io") < source.bytes)
            manifest_registry(manifest, number);
        else
            tell_host_once(manifest, &told, source, number);
    }
}

/* [registries.x] index = "...", [source.x] registry = "..." */
static void tell_setting(void *context, const struct node *node, struct span key)
{
    struct manifest *manifest = context;
    if (span_is(key, "index") || span_is(key, "registry") || span_is(key, "git"))
        mention_addresses(manifest->source, manifest->sink, node->text, node->line, EVIDENCE_CONFIGURED);
}

static bool takes_cargo(const struct source *source)
{
    return source_named(source, "Cargo.toml Cargo.lock") || strstr(source->path, ".cargo/config");
}

static enum reading read_cargo(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "cargo", .signal = SIGNAL_CARGO };
    if (source_named(source, "Cargo.lock")) {
        read_lock(&manifest);
        return READ_DONE;
    }
    const struct node *root = source_tree(source, sink, SYNTAX_TOML);
    if (source_named(source, "Cargo.toml"))
        read_manifest(&manifest, root);
    else
        node_walk(root, NULL, tell_setting, &manifest);
    return READ_DONE;
}

const struct reader reader_cargo = { "cargo", takes_cargo, read_cargo };
