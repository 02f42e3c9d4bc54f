/* tried.h: what a command tried to reach, counted. Private to the room. */
#ifndef BASTIDE_CUTOFF_TRIED_H
#define BASTIDE_CUTOFF_TRIED_H

#include "cutoff/filter.h"

/* Zero-initialised but for the arena is empty. */
struct tried {
    struct arena *arena; /* of the result */
    struct cutoff_tried *rows;
    size_t count;
    bool more; /* than fits */
};

/* Counts one try. address: NULL for the question for a name. */
void tried_add(struct tried *tried, const char *name, const struct endpoint *address, const char *protocol,
               const struct ruling *ruling);

/* Sorts the rows: refused ones first, then by name, address, port. */
void tried_sort(struct tried *tried);

#endif
