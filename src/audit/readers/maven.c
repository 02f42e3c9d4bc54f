/* maven.c: Java's packages as Maven has them: pom.xml and settings.xml. Names of organisations, licences, scm and
 * project pages are metadata; schemas are no addresses. Source: maven.apache.org/pom.html, /settings.html. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

static void tell_artifact(struct manifest *manifest, const struct node *node)
{
    const struct span group = node_text(node, "groupId"), artifact = node_text(node, "artifactId");
    if (group.bytes == 0 || artifact.bytes == 0 || span_is(node_text(node, "scope"), "system"))
        return;
    if (span_find(group, "${") < group.bytes) /* ${project.groupId}: a module of one's own */
        return;
    const char *name = arena_format(manifest->source->arena, "%.*s:%.*s", (int)size_min(group.bytes, 200),
                                    (const char *)group.data, (int)size_min(artifact.bytes, 200),
                                    (const char *)artifact.data);
    if (name)
        manifest_package(manifest, span_text(name), node_get(node, "artifactId")->line);
}

/* A server that packages come from or go to: <url> alone, not its <name>. */
static void tell_server(struct manifest *manifest, const struct node *node)
{
    const struct node *url = node_get(node, "url");
    if (url && url->type == NODE_TEXT)
        mention_addresses(manifest->source, manifest->sink, url->text, url->line, EVIDENCE_DECLARED);
}

/* The names of a project's own modules are no packages of the registry: those with the groupId of the project. */
static bool is_own(const struct node *project, const struct node *node)
{
    struct span group = node_text(project, "groupId");
    if (group.bytes == 0)
        group = node_text(node_get(project, "parent"), "groupId");
    return group.bytes > 0 && span_equal(group, node_text(node, "groupId"));
}

static void tell_children(struct manifest *manifest, const struct node *project, const struct node *node)
{
    static const char artifacts[] = "dependency plugin extension";
    static const char servers[] = "repository pluginRepository snapshotRepository mirror";
    for (const struct node *child = node->first; child; child = child->next) {
        if (word_listed(artifacts, child->key) && !is_own(project, child))
            tell_artifact(manifest, child);
        if (word_listed(servers, child->key))
            tell_server(manifest, child);
        if (!word_listed("scm organization developers licenses issueManagement ciManagement", child->key))
            tell_children(manifest, project, child); /* the parser bounds the depth */
    }
}

/* The project's home is one's own, and so is a repository beside it, unless the home lies with somebody known. */
static void note_home(struct sink *sink, const struct node *project)
{
    const struct span home = node_text(project, "url");
    if (home.bytes > 0 && !sign_service(sink, SIGNAL_DOMAIN, home))
        own_domain(sink, home);
}

static bool takes_maven(const struct source *source)
{
    return source_named(source, "pom.xml settings.xml") || strcmp(source->extension, "pom") == 0;
}

static enum reading read_maven(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "maven", .signal = SIGNAL_MAVEN };
    if (span_find(source->text, "<project") == source->text.bytes &&
        span_find(source->text, "<settings") == source->text.bytes)
        return READ_NOT_MINE;
    const struct node *root = source_tree(source, sink, SYNTAX_XML);
    const struct node *project = root ? root->first : NULL;
    if (!project)
        return READ_DONE;
    const struct node *parent = node_get(project, "parent");
    if (parent && !(node_get(parent, "relativePath") && node_text(parent, "relativePath").bytes > 0))
        tell_artifact(&manifest, parent);
    note_home(sink, project);
    tell_children(&manifest, project, project);
    return READ_DONE;
}

const struct reader reader_maven = { "maven", takes_maven, read_maven };
