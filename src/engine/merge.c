/* merge.c: greedy merging with a heap of pairs over a text's symbols.
 *
 *    text      l  o  w  e  r
 *    head      1  1  1  1  1       for each byte: the length of the symbol that begins there, or 0
 *    tail      1  1  1  1  1       the length of the symbol that ends there; elsewhere it means nothing
 *    rank      7  2  9  4  -       of the pair of that symbol and the next
 *    heap      ow:2  er:4  lo:7  we:9     the lowest rank is taken first
 *
 *    head      1  2  0  1  1       after ow: we is stale, as no symbol begins there, and so is lo, as the rank at its
 *    tail      1  .  2  1  1       place is another one now; l+ow and ow+e are new
 *    rank      5  3  -  4  -
 *
 * Few bytes hold all that is known of a place, and a pair is one number, because a word of a million characters is
 * merged all over the text at once and lives on the cache. Each merge takes one symbol and one pair away and adds at
 * most two pairs, so there are never more than 2 n pairs.
 * Source: Sennrich, Haddow, Birch 2016, section 3.2, for the merging. */
#include "engine/merge.h"

#include <stdlib.h>

struct symbol {
    uint16_t head, tail;
    uint32_t rank; /* NO_RANK: the pair can't be merged */
};

#define NO_RANK UINT32_MAX

enum {
    PAIRS_PER_SYMBOL = 2,
    WAYS = 8, /* children of a place in the heap: as many as a cache line holds */
};

/* A pair's order: by rank, then by place. */
static uint64_t order(uint32_t rank, size_t start)
{
    return (uint64_t)rank << 32 | start;
}

static bool reserve(struct merger *merger, size_t symbols, struct error *error)
{
    if (symbols <= merger->capacity)
        return true;
    const size_t capacity = size_max(symbols, 64), pairs = capacity * PAIRS_PER_SYMBOL;
    merger_free(merger);
    merger->symbols = malloc(capacity * sizeof *merger->symbols);
    merger->pairs = malloc(pairs * sizeof *merger->pairs);
    if (!merger->symbols || !merger->pairs)
        return error_memory(error, pairs * sizeof *merger->pairs);
    merger->capacity = capacity;
    return true;
}

/* The best of the pairs below place, which has at least one. Without branches, which nobody could predict. */
static size_t best_child(const struct merger *merger, size_t place)
{
    const size_t first = WAYS * place + 1, end = size_min(first + WAYS, merger->pair_count);
    size_t best = first;
    uint64_t lowest = merger->pairs[first];
    for (size_t child = first + 1; child < end; child++) {
        const uint64_t pair = merger->pairs[child];
        best = pair < lowest ? child : best;
        lowest = pair < lowest ? pair : lowest;
    }
    return best;
}

/* Sets a pair down at place, or as far below as the heap's order asks. */
static void sink(struct merger *merger, size_t place, uint64_t pair)
{
    while (WAYS * place + 1 < merger->pair_count) {
        const size_t child = best_child(merger, place);
        if (pair <= merger->pairs[child])
            break;
        merger->pairs[place] = merger->pairs[child];
        place = child;
    }
    merger->pairs[place] = pair;
}

static void push(struct merger *merger, uint64_t pair)
{
    size_t place = merger->pair_count++;
    while (place > 0 && pair < merger->pairs[(place - 1) / WAYS]) {
        merger->pairs[place] = merger->pairs[(place - 1) / WAYS];
        place = (place - 1) / WAYS;
    }
    merger->pairs[place] = pair;
}

static uint64_t pop(struct merger *merger)
{
    const uint64_t best = merger->pairs[0], last = merger->pairs[--merger->pair_count];
    if (merger->pair_count > 0)
        sink(merger, 0, last);
    return best;
}

static void set_symbol(struct merger *merger, size_t start, size_t bytes)
{
    merger->symbols[start].head = (uint16_t)bytes;
    merger->symbols[start + bytes - 1].tail = (uint16_t)bytes;
}

/* Ranks the pair of the symbol at start and the next one; whether it can be merged. */
static bool rank_pair(struct merger *merger, size_t start, struct ranking ranking)
{
    struct symbol *symbol = &merger->symbols[start];
    const size_t next = start + symbol->head;
    symbol->rank = NO_RANK;
    if (next == merger->text.bytes || symbol->head + merger->symbols[next].head > UINT16_MAX)
        return false;
    const struct span left = span_of(merger->text.data + start, symbol->head);
    const struct span right = span_of(merger->text.data + next, merger->symbols[next].head);
    return ranking.rank(ranking.context, left, right, &symbol->rank) && symbol->rank != NO_RANK;
}

static void push_pair(struct merger *merger, size_t start, struct ranking ranking)
{
    if (rank_pair(merger, start, ranking))
        push(merger, order(merger->symbols[start].rank, start));
}

static void split(struct merger *merger, struct span text)
{
    merger->text = text;
    for (size_t start = 0; start < text.bytes;) {
        uint32_t code_point;
        const size_t bytes = utf8_read(text, start, &code_point);
        for (size_t i = 0; i < bytes; i++)
            merger->symbols[start + i] = (struct symbol){ .rank = NO_RANK };
        set_symbol(merger, start, bytes);
        start += bytes;
    }
}

static void find_pairs(struct merger *merger, struct ranking ranking)
{
    merger->pair_count = 0;
    for (size_t start = 0; start < merger->text.bytes; start += merger->symbols[start].head)
        if (rank_pair(merger, start, ranking))
            merger->pairs[merger->pair_count++] = order(merger->symbols[start].rank, start);
    for (size_t parents = (merger->pair_count + WAYS - 2) / WAYS; parents-- > 0;)
        sink(merger, parents, merger->pairs[parents]);
}

/* Merges the symbol at start with the next one, and finds the new pairs on both sides. */
static void join(struct merger *merger, size_t start, struct ranking ranking)
{
    const size_t left = merger->symbols[start].head;
    struct symbol *next = &merger->symbols[start + left];
    const size_t both = left + next->head;
    *next = (struct symbol){ .tail = next->tail, .rank = NO_RANK };
    set_symbol(merger, start, both);
    if (start > 0)
        push_pair(merger, start - merger->symbols[start - 1].tail, ranking);
    push_pair(merger, start, ranking);
}

bool merger_run(struct merger *merger, struct span text, struct ranking ranking, struct error *error)
{
    if (!reserve(merger, text.bytes, error))
        return false;
    split(merger, text);
    find_pairs(merger, ranking);
    while (merger->pair_count > 0) {
        const uint64_t best = pop(merger);
        const uint32_t rank = (uint32_t)(best >> 32), start = (uint32_t)best;
        if (merger->symbols[start].rank == rank)
            join(merger, start, ranking);
    }
    return true;
}

bool merger_next(const struct merger *merger, size_t *position, struct span *symbol)
{
    if (*position >= merger->text.bytes)
        return false;
    *symbol = span_of(merger->text.data + *position, merger->symbols[*position].head);
    *position += symbol->bytes;
    return true;
}

void merger_free(struct merger *merger)
{
    free(merger->symbols);
    free(merger->pairs);
    *merger = (struct merger){ 0 };
}
