/* drill.h: a drill of bastide cutoff for people to read. Private to the room. */
#ifndef BASTIDE_CLI_DRILL_H
#define BASTIDE_CLI_DRILL_H

#include "cli/cli.h"

/* Prints a drill's record, text in the form "bastide-cutoff-1". */
MUST_USE bool drill_print(const char *record, struct error *error);

#endif
