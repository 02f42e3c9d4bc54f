/* strings.h: an array of strings in the file (tokens, merges), found by number and by text. Private to the room. */
#ifndef BASTIDE_ENGINE_STRINGS_H
#define BASTIDE_ENGINE_STRINGS_H

#include "engine/gguf.h"

#define STRING_NONE UINT32_MAX

/* Zero-initialised is empty. */
struct strings {
    const struct gguf_key *key; /* the texts stay in the mapped file */
    uint32_t *offsets;          /* [key->count] where each begins in the key's value */
    uint32_t *slots;            /* [mask + 1] the table of texts; see strings.c */
    size_t mask;
    size_t longest; /* bytes that a text may have to be found */
};

/* Indexes the array of strings called name, which must have 1 to STRINGS_MOST elements. Texts longer than longest
 * bytes, and empty ones, are kept by number but never found; of equal texts the first is found. One pass. */
MUST_USE bool strings_open(struct strings *strings, const struct gguf *gguf, const char *name, size_t longest,
                           struct error *error);
void strings_close(struct strings *strings);

/* Text number i (< key->count). */
struct span strings_at(const struct strings *strings, uint32_t i);

/* The number of text; STRING_NONE if it is not there. */
uint32_t strings_find(const struct strings *strings, struct span text);

#endif
