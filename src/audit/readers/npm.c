/* npm.c: JavaScript's packages: what package.json asks for, and where the lockfiles of npm, Yarn, pnpm and Bun say that
 * it comes from. What a lockfile holds beyond that is only transitive. Source: docs.npmjs.com/cli/configuring-npm,
 * yarnpkg.com/configuration, pnpm.io. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* ---- package.json ------------------------------------------------------------------------------------------------ */

/* What stands where a version may, and is no package of the registry. */
static bool is_local(struct span version)
{
    static const char *const beginnings[] = { "file:", "link:", "workspace:", "portal:", "patch:", ".", "/", "~/" };
    for (size_t i = 0; i < LENGTH(beginnings); i++)
        if (span_begins(version, beginnings[i]))
            return true;
    return false;
}

/* "user/repo", "gitlab:user/repo": shorthand for a repository at a code host. */
static struct span code_host(struct span version)
{
    static const char *const hosts[][2] = { { "github:", "github.com" },
                                            { "gitlab:", "gitlab.com" },
                                            { "bitbucket:", "bitbucket.org" },
                                            { "gist:", "gist.github.com" } };
    for (size_t i = 0; i < LENGTH(hosts); i++)
        if (span_begins(version, hosts[i][0]))
            return span_text(hosts[i][1]);
    const bool slashed = span_find(version, "/") < version.bytes && span_find(version, ":") == version.bytes;
    return slashed && version.data[0] != '@' ? span_text("github.com") : (struct span){ 0 };
}

static void tell_dependency(struct manifest *manifest, const struct node *entry)
{
    const struct span version = entry->text, host = code_host(version);
    if (is_local(version))
        return;
    if (span_find(version, "://") < version.bytes || host.bytes > 0) {
        declare(manifest->source, manifest->sink, SIGNAL_DOMAIN, host.bytes ? host : version, entry->line);
        declare_package(manifest->source, manifest->sink, SIGNAL_NPM, entry->key, entry->line);
        return;
    }
    const bool alias = span_begins(version, "npm:");
    manifest_package(manifest, alias ? span_from(version, strlen("npm:")) : entry->key, entry->line);
}

static bool is_optional_peer(const struct node *root, const struct node *entry)
{
    const struct node *peers = node_get(root, "peerDependenciesMeta");
    for (const struct node *peer = peers ? peers->first : NULL; peer; peer = peer->next)
        if (span_equal(peer->key, entry->key))
            return text_is(node_get(peer, "optional"), "true");
    return false;
}

static void tell_scripts(struct manifest *manifest, const struct node *scripts)
{
    for (const struct node *script = scripts ? scripts->first : NULL; script; script = script->next)
        if (script->type == NODE_TEXT)
            mention_commands(manifest->source, manifest->sink, script->text, script->line);
}

static void tell_package_json(struct manifest *manifest, const struct node *root)
{
    static const char *const kinds[] = { "dependencies", "devDependencies", "optionalDependencies",
                                         "peerDependencies" };
    for (const struct node *entry = root->first; entry; entry = entry->next) {
        for (size_t i = 0; i < LENGTH(kinds); i++)
            if (key_is(entry, kinds[i]) && entry->type == NODE_MAP)
                for (const struct node *one = entry->first; one; one = one->next)
                    if (one->type == NODE_TEXT && !(i == 3 && is_optional_peer(root, one)))
                        tell_dependency(manifest, one);
        if (key_is(entry, "packageManager") && entry->type == NODE_TEXT)
            manifest_registry(manifest, entry->line);
    }
    tell_scripts(manifest, node_get(root, "scripts"));
}

/* ---- lockfiles --------------------------------------------------------------------------------------------------- */

/* The text between the first pair of double quotes from offset on; the rest of the line if there is none. */
static struct span quoted_from(struct span line, size_t offset)
{
    struct span rest = span_from(line, offset);
    const size_t begin = span_find(rest, "\"");
    if (begin == rest.bytes)
        return span_trim(rest);
    rest = span_from(rest, begin + 1);
    return span_part(rest, 0, span_find(rest, "\""));
}

/* Yarn's own name of npm's registry is npm's registry: its host is a synonym. */
static void tell_resolved(struct manifest *manifest, struct told_hosts *told, struct span address, size_t line)
{
    if (span_begins(address, "https://registry.yarnpkg.com/") || span_begins(address, "https://registry.npmjs.org/"))
        manifest_registry(manifest, line);
    else
        tell_host_once(manifest, told, address, line);
}

/* What says in a line where a package comes from. */
static const struct origin_mark {
    const char *mark;
    bool address; /* an address follows; else it is the registry */
} marks[] = {
    { "\"resolved\": \"", true },         /* package-lock.json */
    { "resolved \"", true },              /* yarn.lock, version 1 */
    { "@npm:", false },                   /* yarn.lock, since version 2: resolution: "x@npm:1.0" */
    { "tarball: http", true },            /* pnpm-lock.yaml */
    { "resolution: {integrity:", false }, /* the same, from the registry */
};

static void read_lock_line(struct manifest *manifest, struct told_hosts *told, struct span line, size_t number)
{
    for (size_t i = 0; i < LENGTH(marks); i++) {
        const size_t at = span_find(line, marks[i].mark);
        if (at == line.bytes)
            continue;
        if (!marks[i].address)
            manifest_registry(manifest, number);
        else if (i == 3)
            tell_host_once(manifest, told, span_from(line, at + strlen("tarball: ")), number);
        else
            tell_resolved(manifest, told, quoted_from(line, at + strlen(marks[i].mark) - 1), number);
        return;
    }
}

static void read_lock(struct manifest *manifest)
{
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++)
        if (line.bytes < 4096)
            read_lock_line(manifest, &told, line, number);
}

/* bun.lock: "packages": { "x": ["x@1.0.0", "registry, empty for the usual one", ...] } */
static void read_bun_lock(struct manifest *manifest)
{
    const struct node *packages = node_get(source_tree(manifest->source, manifest->sink, SYNTAX_JSON), "packages");
    struct told_hosts told = { 0 };
    for (const struct node *entry = packages ? packages->first : NULL; entry; entry = entry->next) {
        const struct node *name = entry->first, *registry = name ? name->next : NULL;
        if (registry && registry->type == NODE_TEXT && registry->text.bytes == 0)
            manifest_registry(manifest, entry->line);
        else if (registry && registry->type == NODE_TEXT)
            tell_host_once(manifest, &told, registry->text, entry->line);
    }
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

/* .npmrc, .yarnrc, .yarnrc.yml: lines that name a registry, and "//host/:_authToken=...". */
static void read_settings(struct manifest *manifest)
{
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        line = span_trim(line);
        if (line.bytes == 0 || strchr("#;", line.data[0]))
            continue;
        if (span_begins(line, "//"))
            configure(manifest->source, manifest->sink, SIGNAL_DOMAIN, span_part(line, 0, span_find(line, ":")),
                      number);
        else if (span_find(line, "egistry") < line.bytes)
            mention_addresses(manifest->source, manifest->sink, line, number, EVIDENCE_CONFIGURED);
    }
}

/* Whether settings that hold for the file name another registry than npm's, for all packages. */
static bool registry_elsewhere(struct source *source)
{
    static const struct {
        const char *file, *key;
    } places[] = { { ".npmrc", "registry" }, { ".yarnrc", "registry" }, { ".yarnrc.yml", "npmRegistryServer" } };
    struct span text, line;
    for (size_t i = 0; i < LENGTH(places); i++) {
        size_t at = 0;
        while (source_above(source, places[i].file, &text) && next_line(text, &at, &line))
            if (span_begins(span_trim(line), places[i].key) && span_find(line, "://") < line.bytes)
                return span_find(line, "registry.npmjs.org") == line.bytes &&
                       span_find(line, "registry.yarnpkg.com") == line.bytes;
    }
    return false;
}

/* ---- the reader -------------------------------------------------------------------------------------------------- */

static const char locks[] = "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml";
static const char settings[] = ".npmrc .yarnrc .yarnrc.yml";

static bool takes_npm(const struct source *source)
{
    return source_named(source, "package.json bun.lock") || source_named(source, locks) ||
           source_named(source, settings);
}

static enum reading read_npm(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "npm", .signal = SIGNAL_NPM };
    if (strstr(source->path, "node_modules/"))
        return READ_DONE; /* somebody else's */
    if (registry_elsewhere(source))
        manifest.registry = NULL;
    if (source_named(source, locks)) {
        read_lock(&manifest);
    } else if (source_named(source, settings)) {
        read_settings(&manifest);
    } else if (source_named(source, "bun.lock")) {
        read_bun_lock(&manifest);
    } else {
        const struct node *root = source_tree(source, sink, SYNTAX_JSON);
        if (root && root->type == NODE_MAP)
            tell_package_json(&manifest, root);
    }
    return READ_DONE;
}

const struct reader reader_npm = { "npm", takes_npm, read_npm };
