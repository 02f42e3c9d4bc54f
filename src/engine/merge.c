/* merge.c: greedy merging with a heap of pairs over a linked list of symbols.
 *
 *    symbols   [ l ][ o ][ w ][ e ][ r ]      a list, linked both ways; a merged symbol has length 0
 *    pairs      (lo:7)(ow:2)(we:9)(er:4)      a heap; the lowest rank is taken first
 *    after ow  [ l ][ ow    ][ e ][ r ]       (lo) and (we) are stale: their length is no longer that of the symbols
 *                                             at that place, as symbols only grow; (l,ow) and (ow,e) are new
 *
 * Each merge takes one symbol and one pair away and adds at most two pairs, so there are never 2 n pairs at once.
 * Source: Sennrich, Haddow, Birch 2016, section 3.2, for the merging. */
#include "engine/merge.h"

#include <stdlib.h>

#define NOWHERE UINT32_MAX

struct symbol {
    uint32_t start, bytes; /* in the text; 0 bytes: merged into another */
    uint32_t previous, next;
};

struct pair {
    uint64_t order; /* rank, then left: the lowest is merged first */
    uint32_t left;  /* which symbol */
    uint32_t bytes; /* of both */
};

enum { PAIRS_PER_SYMBOL = 2 };

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

/* Sets a pair down at place, or as far below as the heap's order asks. */
static void sink(struct merger *merger, size_t place, struct pair pair)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= merger->pair_count)
            break;
        if (child + 1 < merger->pair_count && merger->pairs[child + 1].order < merger->pairs[child].order)
            child++;
        if (pair.order <= merger->pairs[child].order)
            break;
        merger->pairs[place] = merger->pairs[child];
        place = child;
    }
    merger->pairs[place] = pair;
}

static void push(struct merger *merger, struct pair pair)
{
    size_t place = merger->pair_count++;
    while (place > 0 && pair.order < merger->pairs[(place - 1) / 2].order) {
        merger->pairs[place] = merger->pairs[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    merger->pairs[place] = pair;
}

static struct pair pop(struct merger *merger)
{
    const struct pair best = merger->pairs[0], last = merger->pairs[--merger->pair_count];
    if (merger->pair_count > 0)
        sink(merger, 0, last);
    return best;
}

/* Whether the symbol at left and the one after it can be merged. */
static bool rank(const struct merger *merger, uint32_t left, struct ranking ranking, struct pair *out)
{
    if (left == NOWHERE || merger->symbols[left].next == NOWHERE)
        return false;
    const struct symbol *a = &merger->symbols[left], *b = &merger->symbols[a->next];
    uint32_t ranked;
    if (!ranking.rank(ranking.context, span_of(merger->text.data + a->start, a->bytes),
                      span_of(merger->text.data + b->start, b->bytes), &ranked))
        return false;
    *out = (struct pair){ (uint64_t)ranked << 32 | left, left, a->bytes + b->bytes };
    return true;
}

static void split(struct merger *merger, struct span text)
{
    uint32_t count = 0;
    for (size_t start = 0; start < text.bytes; count++) {
        uint32_t code_point;
        const size_t bytes = utf8_read(text, start, &code_point);
        merger->symbols[count] = (struct symbol){ (uint32_t)start, (uint32_t)bytes, count - 1, count + 1 };
        start += bytes;
    }
    merger->symbol_count = count;
    if (count > 0) {
        merger->symbols[0].previous = NOWHERE;
        merger->symbols[count - 1].next = NOWHERE;
    }
}

static void find_pairs(struct merger *merger, struct ranking ranking)
{
    merger->pair_count = 0;
    for (uint32_t i = 0; i < merger->symbol_count; i++)
        merger->pair_count += rank(merger, i, ranking, &merger->pairs[merger->pair_count]);
    for (size_t place = merger->pair_count / 2; place-- > 0;)
        sink(merger, place, merger->pairs[place]);
}

/* Merges the symbol after left into it. */
static void join(struct merger *merger, uint32_t left)
{
    struct symbol *a = &merger->symbols[left], *b = &merger->symbols[a->next];
    a->bytes += b->bytes;
    b->bytes = 0;
    a->next = b->next;
    if (a->next != NOWHERE)
        merger->symbols[a->next].previous = left;
}

static bool stale(const struct merger *merger, struct pair pair)
{
    const struct symbol *left = &merger->symbols[pair.left];
    return left->bytes == 0 || left->next == NOWHERE ||
           left->bytes + merger->symbols[left->next].bytes != pair.bytes;
}

bool merger_run(struct merger *merger, struct span text, struct ranking ranking, struct error *error)
{
    if (!reserve(merger, text.bytes, error))
        return false;
    merger->text = text;
    split(merger, text);
    find_pairs(merger, ranking);
    while (merger->pair_count > 0) {
        const struct pair best = pop(merger);
        if (stale(merger, best))
            continue;
        join(merger, best.left);
        struct pair made;
        if (rank(merger, merger->symbols[best.left].previous, ranking, &made))
            push(merger, made);
        if (rank(merger, best.left, ranking, &made))
            push(merger, made);
    }
    return true;
}

bool merger_next(const struct merger *merger, size_t *position, struct span *symbol)
{
    if (*position >= merger->symbol_count)
        return false;
    const struct symbol *found = &merger->symbols[*position];
    *symbol = span_of(merger->text.data + found->start, found->bytes);
    *position = found->next == NOWHERE ? merger->symbol_count : found->next;
    return true;
}

void merger_free(struct merger *merger)
{
    free(merger->symbols);
    free(merger->pairs);
    *merger = (struct merger){ 0 };
}
