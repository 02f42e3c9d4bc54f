/* script.c: shell scripts, and scripts without an ending, which say in their first line what runs them. Commands are
 * for commands.c; programs in another language for program.c. */
#include <string.h>

#include "audit/code/program.h"
#include "audit/readers/readers.h"

static bool takes_script(const struct source *source)
{
    static const char *const folders[] = { "bin/", "script", "hooks/", "sbin/", "tools/" };
    const struct language *language = language_of(source->extension);
    if (language && strcmp(language->name, "shell") == 0)
        return true;
    if (source->extension[0] != '\0')
        return strcmp(source->name, ".envrc") == 0;
    for (size_t i = 0; i < LENGTH(folders); i++)
        if (strstr(source->path, folders[i]))
            return true;
    return false;
}

/* The language that "#!/usr/bin/env ruby" names; NULL if none is known. */
static const struct language *interpreter(struct span text)
{
    static const struct {
        const char *program, *language;
    } programs[] = { { "bash", "shell" }, { "zsh", "shell" },     { "/sh", "shell" },      { "env sh", "shell" },
                     { "ruby", "ruby" },  { "python", "python" }, { "perl", "perl" },      { "node", "javascript" },
                     { "php", "php" },    { "elixir", "elixir" }, { "deno", "javascript" } };
    const struct span line = span_part(text, 0, span_find(text, "\n"));
    for (size_t i = 0; span_begins(line, "#!") && i < LENGTH(programs); i++)
        if (span_find(line, programs[i].program) < line.bytes)
            return language_named(programs[i].language);
    return NULL;
}

static enum reading read_script(struct source *source, struct sink *sink)
{
    const struct language *language = interpreter(source->text);
    if (source->extension[0] == '\0' && !language)
        return READ_NOT_MINE;
    if (source_is_foreign(source))
        return READ_DONE;
    if (!language || strcmp(language->name, "shell") == 0)
        mention_commands(source, sink, source->text, 1);
    else
        program_read(source, sink, language, source->text, 1);
    return READ_DONE;
}

const struct reader reader_script = { .name = "script", .takes = takes_script, .read = read_script };
