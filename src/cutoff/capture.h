/* capture.h: what a run writes to a stream: passed on, hashed, its end kept. Private to the room. */
#ifndef BASTIDE_CUTOFF_CAPTURE_H
#define BASTIDE_CUTOFF_CAPTURE_H

#include "cutoff/cutoff.h"

struct capture {
    const struct cutoff_order *order;
    FILE *kept; /* all of it, or NULL */
    uint64_t bytes, exact, words;
    char word[16]; /* letters of one that is not over yet */
    size_t letters;
    char tail[CUTOFF_TAIL];
};

/* name: "run-1.out", in the folder that the order names, if it names one. */
MUST_USE bool capture_open(const struct cutoff_order *order, const char *name, struct capture *out,
                           struct error *error);
void capture_take(struct capture *capture, struct span bytes);
MUST_USE bool capture_close(struct capture *capture, struct arena *arena, struct cutoff_stream *out,
                            struct error *error);

#endif
