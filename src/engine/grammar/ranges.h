/* ranges.h: classes of characters in the making. Private to the folder. */
#ifndef BASTIDE_ENGINE_RANGES_H
#define BASTIDE_ENGINE_RANGES_H

#include "engine/grammar/grammar.h"

enum { RANGES_MOST = 1 << 10 };

/* Zero-initialised is empty. */
struct ranges {
    struct code_range all[RANGES_MOST + 1]; /* one more than can be added, for a complement */
    size_t count;
};

/* False if there are too many. Code point 0 is in no class: no text has it. */
MUST_USE bool ranges_add(struct ranges *ranges, uint32_t low, uint32_t high);

/* Sorts them and joins those that touch. */
void ranges_join(struct ranges *ranges);

/* What is left of 1 to last without them, which were joined. */
void ranges_complement(struct ranges *ranges, uint32_t last);

#endif
