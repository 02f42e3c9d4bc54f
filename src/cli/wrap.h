/* wrap.h: an answer on a terminal, whose lines end between words. Private to the room. */
#ifndef BASTIDE_CLI_WRAP_H
#define BASTIDE_CLI_WRAP_H

#include "cli/cli.h"

/* Zero-initialised is the beginning of a line. */
struct wrap {
    size_t column; /* where the cursor is */
    size_t spaces; /* that wait for the word after them */
    size_t word_columns, word_bytes;
    char word[256]; /* that is not shown yet, as more of it may come */
};

/* Writes text to standard output as print_strange does; on a terminal its last word waits for its end. Whole
 * characters at each call. */
MUST_USE bool wrap_add(struct wrap *wrap, struct span text, struct error *error);

/* Writes what waits. The text may go on afterwards. */
MUST_USE bool wrap_flush(struct wrap *wrap, struct error *error);

#endif
