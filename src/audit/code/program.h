/* program.h: what a program in some language talks to and imports. Also for pieces of programs in pages. */
#ifndef BASTIDE_AUDIT_CODE_PROGRAM_H
#define BASTIDE_AUDIT_CODE_PROGRAM_H

#include "audit/code/lexer.h"
#include "audit/reader.h"

/* Tells what the program text, whose first line is that line of the source, talks to, imports, and reads from its
 * environment. */
void program_read(struct source *source, struct sink *sink, const struct language *language, struct span text,
                  size_t line);

/* Whether the file is somebody else's or a machine's: minified, a copy of a library, generated. Such files name the
 * dependencies of others, at places where nobody would change them. */
bool source_is_foreign(const struct source *source);

/* An address in a program or a page in which variables stand ("https://${region}.host", "https://#{x}/") as one with a
 * word in their place. False if what was registered of the name is itself variable, or nothing at all stands there. */
bool address_fill(struct span literal, char *out, size_t room, struct span *filled);

#endif
