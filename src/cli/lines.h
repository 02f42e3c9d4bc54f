/* lines.h: what a person types, one message at a time, with line editing and history on a terminal.
 * Private to the room; chat is its user.
 *
 * A message is a line; or lines that each end with a backslash but the last; or all between two """; or what a
 * terminal says was pasted at once (bracketed paste), line ends included. */
#ifndef BASTIDE_CLI_LINES_H
#define BASTIDE_CLI_LINES_H

#include "base/base.h"

struct lines;

enum line_event {
    LINE_MESSAGE,     /* a message came */
    LINE_END,         /* the input is over (Ctrl-D) */
    LINE_INTERRUPTED, /* Ctrl-C */
    LINE_FAILED,      /* the error says why */
};

/* editing: on a terminal. history: a file that is read now and written after each message; NULL: none. A history that
 * can't be read or written is no reason not to talk. colour: whether the prompt may have any. */
MUST_USE bool lines_open(bool editing, const char *history, bool colour, struct lines **out, struct error *error);

/* Puts the next message into out, which is emptied first and whose limit bounds it. Ctrl-C is noted by interrupt.h. */
enum line_event lines_read(struct lines *lines, struct buffer *out, struct error *error);

void lines_close(struct lines *lines);

#endif
