/* specials.c: a text's special tokens, the longest first.
 *
 * Where texts overlap the order matters, and models were trained with: the longest token takes its places in the whole
 * text, then the next one in what is left. Gemma has 6,000 such tokens, among them runs of 2 to 31 newlines, so each
 * one after the other over the text would take seconds for a megabyte. Instead:
 *
 *   1. a tree gives the longest token at each place                                      (candidates)
 *   2. for each length, from the longest: a candidate of this length that touches no chosen one is chosen; one that
 *      does is cut down to the longest token that fits before the chosen one, and waits for its turn
 *
 * As chosen ones are at least as long as the candidate, they cover its first or last byte if they touch it. */
#include "engine/specials.h"

#include <stdlib.h>
#include <string.h>

enum {
    SPECIAL_MOST = 255,   /* bytes of a text; so many rounds at most, whatever the file */
    NODES_MOST = 1 << 22, /* 64 MB */
};

struct special_node {
    uint32_t id;             /* TOKEN_NONE: only a part of longer texts */
    uint32_t child, sibling; /* numbers of nodes, 0 if there is none: node 0 is not used */
    unsigned char byte;
    bool always;
};

/* Room for more nodes, so that none moves while a text is added. */
static bool reserve(struct specials *specials, size_t more, struct error *error)
{
    if (specials->count == 0)
        specials->count = 1;
    const size_t needed = specials->count + more;
    if (needed <= specials->capacity)
        return true;
    if (needed > NODES_MOST)
        return error_set(error, "its special tokens are too many: they need more than %d nodes", NODES_MOST);
    const size_t capacity = size_max(2 * (size_t)specials->capacity, size_max(needed, 1024));
    struct special_node *nodes = realloc(specials->nodes, capacity * sizeof *nodes);
    if (!nodes)
        return error_memory(error, capacity * sizeof *nodes);
    specials->nodes = nodes;
    specials->capacity = (uint32_t)capacity;
    return true;
}

/* The node of byte among the siblings that begin at *link; made, as the last of them, if there is none. */
static uint32_t find_or_make(struct specials *specials, uint32_t *link, unsigned char byte)
{
    while (*link && specials->nodes[*link].byte != byte)
        link = &specials->nodes[*link].sibling;
    if (*link == 0) {
        *link = specials->count++;
        specials->nodes[*link] = (struct special_node){ .id = TOKEN_NONE, .byte = byte };
    }
    return *link;
}

bool specials_add(struct specials *specials, struct span text, uint32_t id, bool always, struct error *error)
{
    if (text.bytes == 0 || text.bytes > SPECIAL_MOST)
        return true;
    if (!reserve(specials, text.bytes, error))
        return false;
    uint32_t node = find_or_make(specials, &specials->first[text.data[0]], text.data[0]);
    for (size_t i = 1; i < text.bytes; i++)
        node = find_or_make(specials, &specials->nodes[node].child, text.data[i]);
    struct special_node *last = &specials->nodes[node];
    if (last->id == TOKEN_NONE) {
        last->id = id;
        last->always = always;
    }
    return true;
}

void specials_free(struct specials *specials)
{
    free(specials->nodes);
    *specials = (struct specials){ 0 };
}

static uint32_t find_sibling(const struct specials *specials, uint32_t node, unsigned char byte)
{
    while (node && specials->nodes[node].byte != byte)
        node = specials->nodes[node].sibling;
    return node;
}

/* The longest token at start of at most room bytes, its bytes 0 if there is none. */
static struct match longest(const struct specials *specials, struct span text, size_t start, size_t room, bool parse)
{
    struct match found = { (uint32_t)start, 0, TOKEN_NONE };
    uint32_t node = specials->first[text.data[start]];
    for (uint32_t i = 1; node && i <= room; i++) {
        const struct special_node *at = &specials->nodes[node];
        if (at->id != TOKEN_NONE && (parse || at->always))
            found = (struct match){ (uint32_t)start, i, at->id };
        node = i < room ? find_sibling(specials, at->child, text.data[start + i]) : 0;
    }
    return found;
}

bool specials_begin(const struct specials *specials, struct span text, size_t start)
{
    uint32_t node = specials->first[text.data[start]];
    for (size_t i = start + 1; node; i++) {
        const struct special_node *at = &specials->nodes[node];
        if (at->id != TOKEN_NONE && !at->always)
            return true;
        node = i < text.bytes ? find_sibling(specials, at->child, text.data[i]) : 0;
    }
    return false;
}

static bool add_match(struct matches *matches, struct match match, struct error *error)
{
    if (matches->count == matches->capacity) {
        const size_t capacity = size_max(2 * matches->capacity, 64);
        struct match *all = realloc(matches->all, capacity * sizeof *all);
        if (!all)
            return error_memory(error, capacity * sizeof *all);
        matches->all = all;
        matches->capacity = capacity;
    }
    matches->all[matches->count++] = match;
    return true;
}

/* Step 1. Sets present[length] for the lengths found, and *overlap if two of them touch. */
static bool find_candidates(const struct specials *specials, struct span text, bool parse, struct matches *out,
                            bool present[SPECIAL_MOST + 1], bool *overlap, struct error *error)
{
    size_t end = 0;
    for (size_t start = 0; start < text.bytes; start++) {
        if (specials->first[text.data[start]] == 0)
            continue;
        const struct match match = longest(specials, text, start, text.bytes - start, parse);
        if (match.bytes == 0)
            continue;
        if (!add_match(out, match, error))
            return false;
        present[match.bytes] = true;
        *overlap |= start < end;
        end = size_max(end, start + match.bytes);
    }
    return true;
}

/* How many bytes from start on are not chosen yet, at most most. */
static size_t room_at(const unsigned char *chosen, size_t start, size_t most)
{
    size_t room = 0;
    while (room < most && !chosen[start + room])
        room++;
    return room;
}

/* A round of step 2. */
static void choose(const struct specials *specials, struct span text, bool parse, struct matches *matches,
                   bool present[SPECIAL_MOST + 1], unsigned char *chosen, size_t length)
{
    for (size_t i = 0; i < matches->count; i++) {
        struct match *match = &matches->all[i];
        if (match->bytes != length)
            continue;
        if (chosen[match->start] || chosen[match->start + length - 1]) {
            *match = longest(specials, text, match->start, room_at(chosen, match->start, length), parse);
            present[match->bytes] = true;
            continue;
        }
        memset(chosen + match->start, 1, length);
    }
}

static void drop_empty(struct matches *matches)
{
    size_t kept = 0;
    for (size_t i = 0; i < matches->count; i++)
        if (matches->all[i].bytes)
            matches->all[kept++] = matches->all[i];
    matches->count = kept;
}

bool specials_find(const struct specials *specials, struct span text, bool parse, struct matches *out,
                   struct error *error)
{
    bool present[SPECIAL_MOST + 1] = { false }, overlap = false;
    out->count = 0;
    if (!find_candidates(specials, text, parse, out, present, &overlap, error))
        return false;
    if (!overlap)
        return true;
    unsigned char *chosen = calloc(text.bytes, 1);
    if (!chosen)
        return error_memory(error, text.bytes);
    for (size_t length = SPECIAL_MOST; length > 0; length--)
        if (present[length])
            choose(specials, text, parse, out, present, chosen, length);
    free(chosen);
    drop_empty(out);
    return true;
}

void matches_free(struct matches *matches)
{
    free(matches->all);
    *matches = (struct matches){ 0 };
}
