/* strings.c: a hash table over an array of strings that stays in the file.
 *
 * A vocabulary has up to 262,144 texts and a program that answers one question opens it each time, so the index is
 * built in one pass and holds numbers only: 4 bytes where each text begins, and a table, at most half full, with
 * linear probing, of 4 bytes a slot:
 *
 *     31        22 21                       0
 *    +------------+--------------------------+
 *    | 10 of the  | number of the text + 1   |     0: the slot is empty
 *    | hash's bits|                          |
 *    +------------+--------------------------+
 *
 * A text is read from the file only when those 10 bits agree. The file may be hostile and can be made so that all
 * texts fall into one slot; the length of a probe is therefore bounded, and a file that passes the bound is refused. */
#include "engine/strings.h"

#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_BITS = 22,
    STRINGS_MOST = (1 << NUMBER_BITS) - 2,
    PROBES_MOST = 1024, /* a million texts spread at random need less than 200 */
    GROUP = 16,         /* texts read ahead while the table is filled: about what a processor has in flight */
};

#define NUMBER_MASK (((uint32_t)1 << NUMBER_BITS) - 1)

/* Eight bytes at a time, each mixed by a multiplication; the constant is 2^64 divided by the golden ratio (Knuth, The
 * Art of Computer Programming, volume 3, section 6.4). */
static uint64_t hash(struct span text)
{
    const uint64_t multiplier = 0x9E3779B97F4A7C15u;
    uint64_t sum = text.bytes * multiplier;
    for (size_t i = 0; i < text.bytes; i += 8) {
        uint64_t word = 0;
        memcpy(&word, text.data + i, size_min(8, text.bytes - i));
        sum = (sum ^ word) * multiplier;
        sum ^= sum >> 29;
    }
    return sum;
}

static uint32_t tag(uint64_t hashed)
{
    return (uint32_t)(hashed >> 54) << NUMBER_BITS;
}

struct span strings_at(const struct strings *strings, uint32_t i)
{
    size_t offset = strings->offsets[i];
    return gguf_next_string(strings->key, &offset);
}

/* The slot that holds text, or the empty one where it belongs; NULL if the probe gets too long. */
static uint32_t *find_slot(const struct strings *strings, struct span text, uint64_t hashed)
{
    for (size_t probe = 0; probe < PROBES_MOST; probe++) {
        uint32_t *slot = &strings->slots[(hashed + probe) & strings->mask];
        if (*slot == 0)
            return slot;
        if ((*slot & ~NUMBER_MASK) == tag(hashed) && span_equal(strings_at(strings, (*slot & NUMBER_MASK) - 1), text))
            return slot;
    }
    return NULL;
}

uint32_t strings_find(const struct strings *strings, struct span text)
{
    if (text.bytes == 0 || text.bytes > strings->longest)
        return STRING_NONE;
    const uint32_t *slot = find_slot(strings, text, hash(text));
    return slot && *slot ? (*slot & NUMBER_MASK) - 1 : STRING_NONE;
}

/* A text on its way into the table. */
struct arrival {
    struct span text;
    uint64_t hashed;
};

/* Reads texts first to end - 1 and asks for the places of the table where they belong: waiting for those one by one is
 * most of the time it takes to open a large vocabulary. */
static void read_group(struct strings *strings, size_t first, size_t end, size_t *offset,
                       struct arrival arrivals[GROUP])
{
    for (size_t i = first; i < end; i++) {
        strings->offsets[i] = (uint32_t)*offset;
        const struct span text = gguf_next_string(strings->key, offset);
        const uint64_t hashed = text.bytes <= strings->longest ? hash(text) : 0;
        arrivals[i - first] = (struct arrival){ text, hashed };
        __builtin_prefetch(&strings->slots[hashed & strings->mask], 1);
    }
}

static bool place_group(struct strings *strings, size_t first, size_t end, const struct arrival arrivals[GROUP])
{
    for (size_t i = first; i < end; i++) {
        const struct arrival *arrival = &arrivals[i - first];
        if (arrival->text.bytes == 0 || arrival->text.bytes > strings->longest)
            continue;
        uint32_t *slot = find_slot(strings, arrival->text, arrival->hashed);
        if (!slot)
            return false;
        if (*slot == 0)
            *slot = tag(arrival->hashed) | (uint32_t)(i + 1);
    }
    return true;
}

static bool fill(struct strings *strings)
{
    struct arrival arrivals[GROUP];
    size_t offset = 0;
    for (size_t first = 0; first < strings->key->count; first += GROUP) {
        const size_t end = size_min(first + GROUP, strings->key->count);
        read_group(strings, first, end, &offset, arrivals);
        if (!place_group(strings, first, end, arrivals))
            return false;
    }
    return true;
}

static bool check(const struct gguf *gguf, const char *name, const struct gguf_key *key, struct error *error)
{
    const char *path = gguf_path(gguf);
    if (!key)
        return error_set(error, "%s: key %s is missing, and its tokenizer needs it: use another file", path, name);
    if (key->type != GGUF_ARRAY || key->element != GGUF_STRING)
        return error_set(error, "%s: key %s must be an array of strings: use another file of this model", path, name);
    if (key->count == 0 || key->count > STRINGS_MOST || key->value.bytes > UINT32_MAX)
        return error_set(error, "%s: key %s has %zu strings in %zu bytes, from 1 to %d in at most 4 GB are possible",
                         path, name, key->count, key->value.bytes, STRINGS_MOST);
    return true;
}

bool strings_open(struct strings *strings, const struct gguf *gguf, const char *name, size_t longest,
                  struct error *error)
{
    *strings = (struct strings){ .key = gguf_find(gguf, name), .longest = longest };
    if (!check(gguf, name, strings->key, error))
        return false;
    size_t slots = 16;
    while (slots < 2 * strings->key->count)
        slots *= 2;
    strings->mask = slots - 1;
    strings->slots = calloc(slots, sizeof *strings->slots);
    strings->offsets = calloc(strings->key->count, sizeof *strings->offsets);
    if (!strings->slots || !strings->offsets)
        return error_memory(error, slots * sizeof *strings->slots);
    if (!fill(strings))
        return error_set(error, "%s: key %s: its strings were made to collide, no honest file does that: do not use it",
                         gguf_path(gguf), name);
    return true;
}

void strings_close(struct strings *strings)
{
    free(strings->slots);
    free(strings->offsets);
    *strings = (struct strings){ 0 };
}
