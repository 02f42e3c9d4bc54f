/* shell.h: a shell's script taken apart into the commands that it runs. Private to the readers. */
#ifndef BASTIDE_AUDIT_READERS_SHELL_H
#define BASTIDE_AUDIT_READERS_SHELL_H

#include "base/base.h"

/* A word without its quotes. What only the shell knows stays in it as it is written ($NAME, ${NAME}), the output of a
 * command as "$()"; of ${NAME:-default} the default is taken. */
struct word {
    struct span text;
    size_t line;
};

struct shell_command {
    const struct word *words;
    size_t count;         /* at least 1 */
    struct span target;   /* the file that its output goes to; empty if it is not redirected */
    struct span document; /* the here-document that it reads; empty if there is none */
    size_t document_line;
};

/* Calls visit for each command of a script whose first line is line: the parts of pipelines and lists, what stands in
 * subshells and in $(...) too. What compound commands are made of (if, do, {) is a word of the command that follows.
 * Comments are left out. Any text will do; it takes the time of its length. */
void shell_each(struct arena *arena, struct span script, size_t line,
                void (*visit)(void *context, const struct shell_command *command), void *context);

#endif
