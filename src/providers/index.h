/* index.h: from a sign to the service: one hash table over all patterns. */
#ifndef BASTIDE_PROVIDERS_INDEX_H
#define BASTIDE_PROVIDERS_INDEX_H

#include "providers/providers.h"

struct index_entry;

struct index {
    struct index_entry *slots;
    size_t capacity; /* a power of two */
    size_t count;
    struct arena *arena;
    unsigned char widths[2][129]; /* [IPv6][length]: whether there are networks of that many bits */
};

/* Makes room for that many patterns; they and their keys lie in the arena. */
MUST_USE bool index_open(struct index *index, struct arena *arena, size_t patterns, struct error *error);

/* Adds a pattern; one that is there for the same signal is replaced. Fails with ERROR_WRONG_USE if the pattern is none
 * for that signal: the text says why. */
MUST_USE bool index_add(struct index *index, enum signal signal, const char *pattern, const struct service *service,
                        struct error *error);

const struct service *index_find(const struct index *index, enum signal signal, struct span value);

#endif
