/* makefile.c: Makefiles: the commands of their recipes, and variables that are set. Source: GNU make's manual, 5.
 *
 * Recipes are lines that begin with a tab; "@", "-" and "+" before a command are make's own. $(X) is a variable there:
 * the shell's reader takes it for a command of that name, which nobody has. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

static bool goes_on(struct span line)
{
    return span_ends(line, "\\");
}

/* NAME = value, NAME := value, NAME ?= value, export NAME = value */
static void tell_variable(struct source *source, struct sink *sink, struct span line, size_t number)
{
    if (span_begins(line, "export "))
        line = span_from(line, strlen("export "));
    size_t end = 0;
    while (end < line.bytes && (isalnum(line.data[end]) || line.data[end] == '_'))
        end++;
    const struct span name = span_part(line, 0, end), rest = span_trim(span_from(line, end));
    const size_t equals = span_find(rest, "=");
    if (name.bytes == 0 || equals > 2 || equals == rest.bytes)
        return;
    struct span value = span_trim(span_from(rest, equals + 1));
    value = span_trim(span_part(value, 0, span_find(value, " #")));
    if (value.bytes > 0 && span_find(value, "$(shell") == value.bytes)
        mention_setting(source, sink, name, value, number);
}

/* One logical line of a recipe, whose parts may go on for many. */
static void tell_recipe(struct source *source, struct sink *sink, struct span recipe, size_t line)
{
    while (recipe.bytes > 0 && strchr("\t @-+", recipe.data[0]))
        recipe = span_from(recipe, 1);
    mention_commands(source, sink, recipe, line);
}

static bool takes_makefile(const struct source *source)
{
    return source_named(source, "Makefile makefile GNUmakefile") || strcmp(source->extension, "mk") == 0;
}

static enum reading read_makefile(struct source *source, struct sink *sink)
{
    struct span line, recipe = { 0 };
    size_t number = 1, begun = 0;
    for (size_t at = 0; next_line(source->text, &at, &line); number++) {
        if (begun == 0 && !span_begins(line, "\t")) {
            if (!span_begins(line, "#"))
                tell_variable(source, sink, line, number);
            continue;
        }
        if (begun == 0) {
            recipe = line;
            begun = number;
        }
        recipe.bytes = (size_t)(line.data + line.bytes - recipe.data);
        if (goes_on(line))
            continue;
        tell_recipe(source, sink, recipe, begun);
        begun = 0;
    }
    return READ_DONE;
}

const struct reader reader_makefile = { "makefile", takes_makefile, read_makefile };
