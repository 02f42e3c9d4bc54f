/* nuget.c: .NET's packages: project files, central versions, packages.config, nuget.config, local tools.
 * Source: learn.microsoft.com/nuget/consume-packages. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

static void tell_packages(struct manifest *manifest, const struct node *node)
{
    for (const struct node *child = node->first; child; child = child->next) {
        struct span name = { 0 };
        if (word_listed("PackageReference PackageVersion GlobalPackageReference", child->key))
            name = node_text(child, "@Include");
        if (key_is(child, "package"))
            name = node_text(child, "@id");
        if (name.bytes > 0)
            manifest_package(manifest, name, child->line);
        tell_packages(manifest, child); /* the parser bounds the depth */
    }
}

/* <packageSources><add key="x" value="https://..."/> */
static void tell_sources(struct manifest *manifest, const struct node *root)
{
    const struct node *sources = node_at(root, "configuration.packageSources");
    for (const struct node *one = sources ? sources->first : NULL; one; one = one->next)
        if (key_is(one, "add"))
            mention_addresses(manifest->source, manifest->sink, node_text(one, "@value"), one->line,
                              EVIDENCE_CONFIGURED);
}

/* { "tools": { "dotnet-ef": {...} } } */
static void tell_tools(struct manifest *manifest, const struct node *root)
{
    const struct node *tools = node_get(root, "tools");
    for (const struct node *one = tools ? tools->first : NULL; one; one = one->next)
        manifest_package(manifest, one->key, one->line);
}

/* Whether a nuget.config that holds for the file clears the sources and names only others. */
static bool registry_elsewhere(struct source *source)
{
    static const char *const names[] = { "nuget.config", "NuGet.config", "NuGet.Config" };
    struct span text;
    for (size_t i = 0; i < LENGTH(names); i++)
        if (source_above(source, names[i], &text))
            return span_find(text, "<clear") < text.bytes && span_find(text, "nuget.org") == text.bytes;
    return false;
}

static bool is_project(const struct source *source)
{
    static const char *const names = "Directory.Packages.props Directory.Build.props Directory.Build.targets "
                                     "packages.config Packages.props";
    return word_listed("csproj fsproj vbproj", span_text(source->extension)) || source_named(source, names);
}

static bool takes_nuget(const struct source *source)
{
    return is_project(source) || source_named(source, "dotnet-tools.json packages.lock.json") ||
           strcasecmp(source->name, "nuget.config") == 0;
}

static enum reading read_nuget(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "nuget", .signal = SIGNAL_NUGET };
    if (registry_elsewhere(source))
        manifest.registry = NULL;
    if (strcmp(source->extension, "json") == 0) {
        const struct node *root = source_tree(source, sink, SYNTAX_JSON);
        const struct node *locked = node_get(root, "dependencies");
        tell_tools(&manifest, root);
        if (locked && locked->first && locked->first->first)
            manifest_registry(&manifest, locked->first->first->line);
        return READ_DONE;
    }
    const struct node *root = source_tree(source, sink, SYNTAX_XML);
    if (root && is_project(source))
        tell_packages(&manifest, root);
    else if (root)
        tell_sources(&manifest, root);
    return READ_DONE;
}

const struct reader reader_nuget = { "nuget", takes_nuget, read_nuget };
