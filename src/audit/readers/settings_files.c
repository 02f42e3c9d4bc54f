/* settings_files.c: files of settings that are lists of names and values: .env and its templates, properties, INI,
 * .conf and .cfg. Templates (.env.example) count as the settings they are the pattern of: they name the providers that
 * the program is made for. What is commented out does not. */
#include <string.h>

#include "audit/readers/readers.h"

static bool has_extension(const struct source *source, const char *const *extensions)
{
    for (; *extensions; extensions++)
        if (strcasecmp(source->extension, *extensions) == 0)
            return true;
    return false;
}

/* ".env", ".env.production", "production.env", ".env-sample", "env.example", "sample.env.txt" */
static bool is_dotenv(const char *name)
{
    static const char *const rest[] = { "env.example", "env.sample", "env.dist", "env.template",
                                        "env.tpl",     "dotenv",     "env.tmpl", "env.local" };
    const size_t length = strlen(name);
    if (strncmp(name, ".env", 4) == 0 || (length > 4 && strcmp(name + length - 4, ".env") == 0))
        return strcmp(name, ".envrc") != 0;
    for (size_t i = 0; i < LENGTH(rest); i++)
        if (strncmp(name, rest[i], strlen(rest[i])) == 0)
            return true;
    return false;
}

static bool takes_settings(const struct source *source)
{
    static const char *const extensions[] = { "properties", "ini", "conf", "cfg", "cnf", "env", NULL };
    return is_dotenv(source->name) || has_extension(source, extensions);
}

/* Translations are properties too: messages_fr.properties, and what lies in folders of that name. */
static bool is_translation(const struct source *source)
{
    static const char *const words[] = { "messages", "i18n",    "locale", "lang/", "translation",
                                         "l10n",     "strings", "labels", "Bundle" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (strstr(source->path, words[i]))
            return true;
    return false;
}

/* Files of that ending that say something about the project's tools and nothing about where it runs. */
static bool is_about_tools(const struct source *source)
{
    static const char *const names[] = { "setup.cfg",
                                         "tox.ini",
                                         "pytest.ini",
                                         "mypy.ini",
                                         ".flake8",
                                         "pylintrc.ini",
                                         "phpunit.ini",
                                         "logging.ini",
                                         "gradle-wrapper.properties",
                                         "gradle.properties",
                                         "logback.properties",
                                         "log4j.properties",
                                         "log4j2.properties",
                                         "desktop.ini",
                                         "alembic.ini" };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strcmp(source->name, names[i]) == 0)
            return true;
    return false;
}

static enum reading read_settings(struct source *source, struct sink *sink)
{
    if (is_translation(source) || is_about_tools(source))
        return READ_DONE;
    const struct node *root = source_tree(source, sink, SYNTAX_INI);
    for (const struct node *entry = root ? root->first : NULL; entry; entry = entry->next) {
        if (entry->type == NODE_TEXT)
            mention_setting(source, sink, entry->key, entry->text, entry->line);
        for (const struct node *inner = entry->type == NODE_MAP ? entry->first : NULL; inner; inner = inner->next)
            mention_setting(source, sink, inner->key, inner->text, inner->line);
    }
    return READ_DONE;
}

const struct reader reader_settings = { .name = "settings", .takes = takes_settings, .read = read_settings };
