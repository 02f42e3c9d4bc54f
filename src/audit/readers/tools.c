/* tools.c: files by which services that look at code recognise a project: Renovate, Dependabot, Codecov, SonarCloud and
 * others; and where git takes hooks and submodules from. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* ---- hosts of repositories -------------------------------------------------------------------------------------- */

/* "- repo: https://github.com/a/b" of .pre-commit-config.yaml, "url = https://..." of .gitmodules. */
static void read_repositories(struct source *source, struct sink *sink, const char *key)
{
    struct manifest manifest = { .source = source, .sink = sink };
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(source->text, &at, &line); number++) {
        line = span_trim(line);
        if (span_begins(line, "- "))
            line = span_trim(span_from(line, 2));
        if (!span_begins(line, key))
            continue;
        struct span value = span_trim(span_from(line, strlen(key)));
        while (value.bytes > 0 && strchr(":= \t'\"", value.data[0]))
            value = span_from(value, 1);
        const size_t at_sign = span_find(value, "@"), colon = span_find(value, ":");
        if (span_find(value, "://") < value.bytes)
            tell_host_once(&manifest, &told, value, number);
        else if (at_sign < colon && colon < value.bytes) /* git@host:path */
            declare(source, sink, SIGNAL_DOMAIN, span_part(value, at_sign + 1, colon - at_sign - 1), number);
    }
}

static void read_hooks(struct source *source, struct sink *sink)
{
    read_repositories(source, sink, "repo");
}

static void read_submodules(struct source *source, struct sink *sink)
{
    read_repositories(source, sink, "url");
}

/* ---- services --------------------------------------------------------------------------------------------------- */

/* registries: { x: { url: https://... } } */
static void tell_url(void *context, const struct node *node, struct span key)
{
    struct manifest *manifest = context;
    if (span_is(key, "url") || span_is(key, "registryUrls"))
        mention_addresses(manifest->source, manifest->sink, node->text, node->line, EVIDENCE_CONFIGURED);
}

static void read_dependabot(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink };
    node_walk(source_tree(source, sink, SYNTAX_YAML), NULL, tell_url, &manifest);
}

/* The server is one's own if sonar.host.url says so; organisations are SonarCloud's alone. */
static void read_sonar(struct source *source, struct sink *sink)
{
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(source->text, &at, &line); number++) {
        line = span_trim(line);
        if (span_begins(line, "sonar.host.url"))
            mention_addresses(source, sink, line, number, EVIDENCE_CONFIGURED);
        else if (span_begins(line, "sonar.organization"))
            declare_name(source, sink, "tool", span_text("sonarcloud"), number);
    }
}

static const struct tool {
    const char *names;
    const char *tool; /* in the place "tool"; NULL: read decides */
    void (*read)(struct source *source, struct sink *sink);
} tools[] = {
    { "renovate.json renovate.json5 .renovaterc .renovaterc.json", "renovate", NULL },
    { "dependabot.yml dependabot.yaml", "dependabot", read_dependabot },
    { "codecov.yml .codecov.yml codecov.yaml .codecov.yaml", "codecov", NULL },
    { ".coveralls.yml", "coveralls", NULL },
    { ".snyk", "snyk", NULL },
    { "crowdin.yml crowdin.yaml", "crowdin", NULL },
    { ".codeclimate.yml", "codeclimate", NULL },
    { ".codacy.yml .codacy.yaml", "codacy", NULL },
    { ".deepsource.toml", "deepsource", NULL },
    { ".coderabbit.yaml", "coderabbit", NULL },
    { "lokalise.yml .lokalise.yml", "lokalise", NULL },
    { "sonar-project.properties", NULL, read_sonar },
    { ".pre-commit-config.yaml .pre-commit-config.yml", NULL, read_hooks },
    { ".gitmodules", NULL, read_submodules },
};

static const struct tool *tool_of(const struct source *source)
{
    for (size_t i = 0; i < LENGTH(tools); i++)
        if (source_named(source, tools[i].names))
            return &tools[i];
    return NULL;
}

static bool takes_tools(const struct source *source)
{
    return tool_of(source) != NULL;
}

static enum reading read_tools(struct source *source, struct sink *sink)
{
    const struct tool *tool = tool_of(source);
    struct span line;
    size_t number = 0, at = 0;
    do
        number++;
    while (next_line(source->text, &at, &line) && (span_trim(line).bytes == 0 || line.data[0] == '#'));
    if (tool->tool && span_trim(source->text).bytes > 0)
        declare_name(source, sink, "tool", span_text(tool->tool), number);
    if (tool->read)
        tool->read(source, sink);
    return READ_DONE;
}

const struct reader reader_tools = { "tools", takes_tools, read_tools };
