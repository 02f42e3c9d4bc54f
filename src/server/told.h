/* told.h: the tokens of an answer, told beside its text: each when its text is certain, none whose text never comes.
 *
 *   token chosen ----> waits ----> its text is certain: told, before that text
 *                        `-------> it was (part of) a stop text or the end: never told
 *
 * A stop text holds text back, and a character may take several tokens; so a token waits until text from its own place
 * on has come. Joined, the tokens that are told give the answer's text. Private to the room; exchange.c is its user. */
#ifndef BASTIDE_SERVER_TOLD_H
#define BASTIDE_SERVER_TOLD_H

#include "scheduler/scheduler.h"

struct told_token {
    size_t place; /* where its text begins, in bytes of the answer */
    size_t count;
    struct likelihood rows[1 + TOPS_MOST];
};

/* Zero-initialised but for decoder: nothing waits. */
struct told {
    struct decoder decoder; /* as the answer's own is set */
    struct buffer text;     /* of one token */
    size_t place;           /* where the next token's text begins */
    struct told_token *tokens;
    size_t first, count, capacity; /* tokens [first, count) wait */
};

void told_open(struct told *told, const struct tokenizer *tokenizer, bool special);
void told_close(struct told *told);

/* A token was chosen: rows[0] is it. */
MUST_USE bool told_add(struct told *told, const struct likelihood *rows, size_t count, struct error *error);

/* The next token whose text is certain, when the first certain bytes of the answer are (SIZE_MAX: all that wait); NULL
 * if none. It stays where it is until told_add. */
const struct told_token *told_next(struct told *told, size_t certain);

/* Forgets those that wait and begin before place: their text went elsewhere. */
void told_skip(struct told *told, size_t place);

#endif
