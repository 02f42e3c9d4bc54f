/* stops.h: texts that end an answer, found in a stream. Private to the room; answer.c is its user. */
#ifndef BASTIDE_ENGINE_STOPS_H
#define BASTIDE_ENGINE_STOPS_H

#include "engine/engine.h"

/* What came and was not passed on yet. Zero-initialised looks for nothing. */
struct stops {
    const char *const *texts;
    size_t count;
    struct buffer held;
    const char *found; /* the text that was found; NULL: none yet */
};

/* Points to texts, which must outlive it. ERROR_WRONG_USE if there are too many, or one is empty, too long or not
 * valid UTF-8 (it could then begin inside a character). */
MUST_USE bool stops_open(struct stops *stops, const char *const *texts, size_t count, struct error *error);
void stops_close(struct stops *stops);

/* Takes the next piece of the stream, appends what is certain to out. *found: a stop text is complete; what came
 * before it was appended, the rest is gone. Of several the one that begins first counts. */
MUST_USE bool stops_pass(struct stops *stops, struct span text, struct buffer *out, bool *found, struct error *error);

/* The stream is over: appends what was held back. */
MUST_USE bool stops_end(struct stops *stops, struct buffer *out, struct error *error);

#endif
