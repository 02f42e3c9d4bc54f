/* merge.h: merges neighbouring symbols of a text, the best pair first, until no pair can be merged. Private to the
 * room; byte-level BPE and SentencePiece differ only in how they rank a pair. */
#ifndef BASTIDE_ENGINE_MERGE_H
#define BASTIDE_ENGINE_MERGE_H

#include "base/base.h"

enum { MERGE_TEXT_MOST = 1 << 30 }; /* bytes: positions are 32 bits wide */

struct symbol;

/* Scratch for one text after the other; zero-initialised is empty. */
struct merger {
    struct span text;
    struct symbol *symbols; /* one for each byte of the text */
    uint64_t *pairs;        /* a heap; the best is pairs[0] */
    size_t pair_count;
    size_t capacity; /* symbols that there is room for, and their pairs */
};

/* How good it is to merge left with right, which begins where left ends: the lowest rank is merged first, of equal
 * ranks the leftmost. False: never. */
struct ranking {
    bool (*rank)(const void *context, struct span left, struct span right, uint32_t *out);
    const void *context;
};

/* Splits text (at most MERGE_TEXT_MOST bytes, which must stay where they are) into characters, a byte that is none
 * counting as one, and merges. Time: n log n in its characters. */
MUST_USE bool merger_run(struct merger *merger, struct span text, struct ranking ranking, struct error *error);

/* The symbols that are left, in order: start with *position = 0; false after the last. */
bool merger_next(const struct merger *merger, size_t *position, struct span *symbol);

void merger_free(struct merger *merger);

#endif
