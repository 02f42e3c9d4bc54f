/* gradle.c: Java's and Kotlin's packages as Gradle has them: build files in Groovy and Kotlin, version catalogs, the
 * wrapper's download. A build file is a program: it is read as blocks with names, in which strings stand.
 * Source: docs.gradle.org/current/userguide (declaring_repositories, version_catalogs, plugins). */
#include <ctype.h>
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"
#include "audit/readers/tokens.h"

enum { MOST_BLOCKS = 64 };

struct gradle {
    struct manifest manifest; /* of packages */
    struct manifest plugins;
    struct span blocks[MOST_BLOCKS]; /* names of those that are open */
    size_t depth;
    struct span name; /* the word that the next block, or call, belongs to */
};

/* ---- where one is ----------------------------------------------------------------------------------------------- */

static bool inside(const struct gradle *gradle, const char *block)
{
    for (size_t i = 0; i < gradle->depth && i < MOST_BLOCKS; i++)
        if (span_is(gradle->blocks[i], block))
            return true;
    return false;
}

static void open_block(struct gradle *gradle)
{
    if (gradle->depth < MOST_BLOCKS)
        gradle->blocks[gradle->depth] = gradle->name;
    gradle->depth++;
    gradle->name = (struct span){ 0 };
}

/* ---- what stands there ------------------------------------------------------------------------------------------ */

/* "group:artifact:version": the first two; empty if the string is none. */
static struct span coordinates(struct span text)
{
    size_t colons = 0, end = text.bytes;
    for (size_t i = 0; i < text.bytes; i++) {
        const unsigned char byte = text.data[i];
        colons += byte == ':';
        if (colons == 2 && end == text.bytes)
            end = i;
        if (!isalnum(byte) && !strchr("._-:+${}@[],()", byte))
            return (struct span){ 0 };
    }
    const struct span name = span_part(text, 0, end);
    const bool sound = colons > 0 && text.data[0] != ':' && span_find(name, "$") == name.bytes;
    return sound ? name : (struct span){ 0 };
}

/* Repositories that have a name of their own in Gradle. */
static void tell_repository(struct gradle *gradle, struct span word, size_t line)
{
    struct source *source = gradle->manifest.source;
    struct sink *sink = gradle->manifest.sink;
    if (span_is(word, "mavenCentral"))
        declare_name(source, sink, "registry", span_text("maven"), line);
    else if (span_is(word, "jcenter"))
        declare_name(source, sink, "registry", span_text("jcenter"), line);
    else if (span_is(word, "gradlePluginPortal"))
        declare_name(source, sink, "registry", span_text("gradle-plugins"), line);
    else if (span_is(word, "google"))
        declare(source, sink, SIGNAL_DOMAIN, span_text("maven.google.com"), line);
}

static void tell_plugin(struct gradle *gradle, struct span id, size_t line)
{
    declare_name(gradle->manifest.source, gradle->manifest.sink, "gradle", id, line);
}

static void read_string(struct gradle *gradle, const struct token *token)
{
    if (inside(gradle, "repositories") || span_is(gradle->name, "maven")) {
        if (span_find(token->text, "://") < token->text.bytes)
            mention_addresses(gradle->manifest.source, gradle->manifest.sink, token->text, token->line,
                              EVIDENCE_DECLARED);
        return;
    }
    if (inside(gradle, "plugins") || span_is(gradle->name, "plugin")) {
        if (span_is(gradle->name, "version"))
            manifest_registry(&gradle->plugins, token->line);
        else if (!span_is(gradle->name, "kotlin"))
            tell_plugin(gradle, token->text, token->line);
        return;
    }
    const struct span name = coordinates(token->text);
    if (inside(gradle, "dependencies") && name.bytes > 0 && !span_is(gradle->name, "project"))
        manifest_package(&gradle->manifest, name, token->line);
}

/* Whether the file says where packages come from; else they come from where most do. */
static bool has_block(struct span text, const char *name)
{
    struct tokens tokens = { .text = text, .comment = "//" };
    struct token token;
    bool named = false;
    while (next_token(&tokens, &token)) {
        if (named && token_is_mark(&token, '{'))
            return true;
        named = token_is_word(&token, name);
    }
    return false;
}

static void read_build_file(struct gradle *gradle)
{
    const struct span text = gradle->manifest.source->text;
    struct tokens tokens = { .text = text, .comment = "//" };
    struct token token;
    if (has_block(text, "repositories"))
        gradle->manifest.registry = NULL;
    if (has_block(text, "pluginManagement"))
        gradle->plugins.registry = NULL;
    while (next_token(&tokens, &token)) {
        if (token_is_mark(&token, '{')) {
            open_block(gradle);
        } else if (token_is_mark(&token, '}')) {
            gradle->depth -= gradle->depth > 0;
        } else if (token.type == TOKEN_STRING) {
            read_string(gradle, &token);
        } else if (token.type == TOKEN_WORD) {
            if (inside(gradle, "repositories") && !inside(gradle, "exclusiveContent"))
                tell_repository(gradle, token.text, token.line);
            gradle->name = token.text;
        }
    }
}

/* ---- version catalogs ------------------------------------------------------------------------------------------- */

static void read_library(struct gradle *gradle, const struct node *entry)
{
    struct span name = entry->type == NODE_TEXT ? entry->text : node_text(entry, "module");
    const struct span group = node_text(entry, "group"), artifact = node_text(entry, "name");
    if (group.bytes > 0 && group.bytes < 200 && artifact.bytes < 200) {
        const char *joined = arena_format(gradle->manifest.source->arena, "%.*s:%.*s", (int)group.bytes,
                                          (const char *)group.data, (int)artifact.bytes, (const char *)artifact.data);
        name = span_text(joined ? joined : "");
    }
    name = coordinates(name);
    if (name.bytes > 0)
        manifest_package(&gradle->manifest, name, entry->line);
}

static void read_catalog(struct gradle *gradle)
{
    const struct node *root = source_tree(gradle->manifest.source, gradle->manifest.sink, SYNTAX_TOML);
    const struct node *libraries = node_get(root, "libraries"), *plugins = node_get(root, "plugins");
    for (const struct node *entry = libraries ? libraries->first : NULL; entry; entry = entry->next)
        read_library(gradle, entry);
    for (const struct node *entry = plugins ? plugins->first : NULL; entry; entry = entry->next) {
        const struct span id = entry->type == NODE_TEXT ? entry->text : node_text(entry, "id");
        manifest_registry(&gradle->plugins, entry->line);
        tell_plugin(gradle, span_part(id, 0, span_find(id, ":")), entry->line);
    }
}

/* distributionUrl=https\://services.gradle.org/distributions/gradle-8.5-bin.zip */
static void read_wrapper(struct source *source, struct sink *sink)
{
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(source->text, &at, &line); number++) {
        const size_t slashes = span_find(line, "//");
        const bool address = span_begins(line, "distributionUrl") || span_begins(line, "wrapperUrl");
        if (address && slashes < line.bytes)
            declare(source, sink, SIGNAL_DOMAIN, span_from(line, slashes), number);
    }
}

/* ---- the reader ------------------------------------------------------------------------------------------------- */

static bool takes_gradle(const struct source *source)
{
    const size_t length = strlen(source->name);
    return strcmp(source->extension, "gradle") == 0 ||
           (length > 11 && strcmp(source->name + length - 11, ".gradle.kts") == 0) ||
           (length > 14 && strcmp(source->name + length - 14, ".versions.toml") == 0) ||
           source_named(source, "gradle-wrapper.properties maven-wrapper.properties");
}

static enum reading read_gradle(struct source *source, struct sink *sink)
{
    struct gradle gradle = {
        .manifest = { .source = source, .sink = sink, .registry = "maven", .signal = SIGNAL_MAVEN },
        .plugins = { .source = source, .sink = sink, .registry = "gradle-plugins", .signal = SIGNAL_MAVEN },
    };
    if (strcmp(source->extension, "properties") == 0)
        read_wrapper(source, sink);
    else if (strcmp(source->extension, "toml") == 0)
        read_catalog(&gradle);
    else
        read_build_file(&gradle);
    return READ_DONE;
}

const struct reader reader_gradle = { "gradle", takes_gradle, read_gradle };
