/* configuration.c: settings of applications in YAML, JSON and TOML that are nobody else's to read: Spring's
 * application.yml, Rails' config/, appsettings.json, config.toml. Most files of these kinds are no settings at all but
 * data, translations, schemas, descriptions of tests; so a file is taken only where settings lie or by a name that
 * settings have. Each text is told under its whole path, so that "spring.mail.host" is a host of mail. */
#include <string.h>
#include <strings.h>

#include "audit/code/program.h"
#include "audit/readers/purpose.h"
#include "audit/readers/readers.h"

enum { LONGEST_PATH = 160, MOST_BYTES = 1 << 20 };

/* ---- which files ------------------------------------------------------------------------------------------------- */

static bool is_yaml(const struct source *source)
{
    return strcasecmp(source->extension, "yml") == 0 || strcasecmp(source->extension, "yaml") == 0;
}

static bool is_json(const struct source *source)
{
    return strcasecmp(source->extension, "json") == 0 || strcasecmp(source->extension, "json5") == 0 ||
           strcasecmp(source->extension, "jsonc") == 0;
}

static bool has_part(const char *path, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *part = parts[i];
        if (strcasestr(path, part) || (part[0] == '/' && strncasecmp(path, part + 1, strlen(part) - 1) == 0))
            return true;
    }
    return false;
}

/* Folders and names of what looks like settings and is none. */
static const char *const other_paths[] = {
    "/locales/",       "/locale/",        "/i18n/",
    "/lang/",          "/translations/",  "/messages/",
    "/schema",         "/openapi",        "/swagger",
    "/fixtures/",      "/testdata/",      "/__snapshots__/",
    "/dashboards/",    "/grafana/",       "/.vscode/",
    "/.idea/",         "/data/",          "/dataset",
    "/examples/",      "/.github/",       "/.storybook/",
    "/seeds/",         "/mocks/",         "/__mocks__/",
    "/vendor/",        "/node_modules/",  "/templates/emails/",
    "/.devcontainer/", "-lock.",          ".lock.",
    "tsconfig",        "jsconfig",        ".schema.",
    "package.json",    "composer.json",   "openapi.",
    "swagger.",        "lerna.json",      "nx.json",
    "turbo.json",      "/.cspell",        "cspell.json",
    "manifest.json",   "components.json", "biome.json",
    ".eslintrc",       ".prettierrc",     ".babelrc",
    "angular.json",    "renovate.json",   "i18n.",
    "crowdin",         "rubocop",         "mkdocs.yml",
    "changelog",       ".markdownlint",   "golangci",
    "codecov",         "labeler",         "typos.toml",
    "book.toml",       "pyproject.toml",  "cargo.toml",
    "deny.toml",       "rustfmt.toml",    "routes.",
    "permissions.",    "features.json",   "countries.",
    "currencies.",     "timezones.",      "emoji",
    "icons.",          "languages.",      "workspace.json",
    "project.json",    "launch.json",     "/themes/",
    "/theme/",         "colors.",         "oembed",
    "providers.json",  "licenses",        "sponsors",
};

static const char *const setting_folders[] = { "/config/",    "/conf/",   "/configs/", "/configuration/",
                                               "/settings/",  "/etc/",    "/env/",     "/environments/",
                                               "/resources/", "/deploy/", "/ops/" };

/* Beginnings of names. */
static const char *const setting_names[] = {
    "application.", "application-", "bootstrap.",     "bootstrap-",   "appsettings", "config.", "config-",
    "settings.",    "settings-",    "configuration.", "default.",     "production.", "local.",  "env.",
    "database.",    "storage.",     "secrets.",       "development.", "staging.",    "app.",    "server.",
    "homeserver.",  "homeserver",   "conf.",          "config_"
};

static bool takes_configuration(const struct source *source)
{
    if (!is_yaml(source) && !is_json(source) && strcasecmp(source->extension, "toml") != 0)
        return false;
    if (source->test || has_part(source->path, other_paths, LENGTH(other_paths)))
        return false;
    for (size_t i = 0; i < LENGTH(setting_names); i++)
        if (strncasecmp(source->name, setting_names[i], strlen(setting_names[i])) == 0)
            return true;
    return has_part(source->path, setting_folders, LENGTH(setting_folders)) || strstr(source->name, ".config.") ||
           strstr(source->name, ".conf.") || strstr(source->name, "-config.") || strstr(source->name, "_config.");
}

/* ---- what they say ----------------------------------------------------------------------------------------------- */

/* A node on the way to a text, and its key. */
struct branch {
    const struct node *node;
    size_t path; /* how long the path above it is */
};

struct walk {
    struct source *source;
    struct sink *sink;
    char path[LONGEST_PATH];
};

/* The path with that key behind it; what is too long keeps its beginning. */
static size_t add_key(struct walk *walk, size_t length, struct span key)
{
    if (key.bytes == 0 || length + key.bytes + 2 >= LONGEST_PATH)
        return length;
    if (length > 0)
        walk->path[length++] = '.';
    memcpy(walk->path + length, key.data, key.bytes);
    return length + key.bytes;
}

/* Rails' storage.yml: "service: S3", unless an endpoint beside it leads elsewhere. */
static void tell_service(struct walk *walk, const struct node *map)
{
    static const struct {
        const char *service, *sign;
    } services[] = { { "S3", "storage:s3" }, { "GCS", "storage:gs" }, { "AzureStorage", "storage:azblob" } };
    const struct span service = node_text(map, "service"), endpoint = node_text(map, "endpoint");
    const bool elsewhere = endpoint.bytes > 0 && span_find(endpoint, "amazonaws.com") == endpoint.bytes;
    for (size_t i = 0; i < LENGTH(services); i++)
        if (span_is(service, services[i].service) && !elsewhere)
            configure(walk->source, walk->sink, SIGNAL_NAME, span_text(services[i].sign),
                      node_get(map, "service")->line);
}

static void tell_text(struct walk *walk, const struct node *node, size_t length)
{
    const struct span value = node->text;
    const bool template = span_find(value, "<%") < value.bytes;
    const struct span key = span_of(walk->path, length);
    if (!template)
        mention_setting(walk->source, walk->sink, key, value, node->value_line ? node->value_line : node->line);
    else
        program_read(walk->source, walk->sink, language_named("ruby"), value, node->line);
}

/* Whether all below that key is for people. */
static bool is_aside(const struct node *node)
{
    static const char *const words[] = { "links",   "docs",         "documentation", "description",
                                         "help",    "contributors", "social",        "translations",
                                         "locales", "examples",     "menu",          "nav" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (span_is_nocase(node->key, words[i]))
            return true;
    return false;
}

static void tell_all(struct walk *walk, const struct node *root)
{
    struct branch open[MOST_TREE_DEPTH + 2];
    size_t depth = 0, length = 0;
    const struct node *node = root;
    while (node) {
        const size_t inner = add_key(walk, length, node->key);
        const bool aside = is_aside(node);
        if (node->type == NODE_TEXT && !aside)
            tell_text(walk, node, inner);
        if (node->type == NODE_MAP)
            tell_service(walk, node);
        if (node->first && !aside && depth < LENGTH(open)) {
            open[depth++] = (struct branch){ node, length };
            length = inner;
            node = node->first;
            continue;
        }
        while (depth > 0 && !node->next) {
            node = open[--depth].node;
            length = open[depth].path;
        }
        node = depth > 0 ? node->next : NULL;
    }
}

static enum reading read_configuration(struct source *source, struct sink *sink)
{
    if (source->text.bytes > MOST_BYTES || source_is_foreign(source))
        return READ_DONE;
    const enum syntax syntax = is_yaml(source) ? SYNTAX_YAML : is_json(source) ? SYNTAX_JSON : SYNTAX_TOML;
    struct walk walk = { .source = source, .sink = sink };
    const struct node *root = source_tree(source, sink, syntax);
    const bool schema = node_get(root, "$schema") && node_get(root, "properties");
    if (root && !schema && !node_get(root, "openapi") && !node_get(root, "swagger"))
        tell_all(&walk, root);
    return READ_DONE;
}

const struct reader reader_configuration = { .name = "configuration",
                                             .takes = takes_configuration,
                                             .read = read_configuration };
