/* attend.c: attention over the pages of a KV cache: which pages, which of their positions, and the merging.
 * What is done with a page is in the folders of the instruction sets. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

enum { POSITIONS = PAGE_POSITIONS };

/* The positions of a page that a query sees, a bit each. */
static uint32_t visible(const struct query *query, size_t page)
{
    const size_t start = page * POSITIONS;
    if (query->last < start || query->first >= start + POSITIONS)
        return 0;
    const size_t from = query->first > start ? query->first - start : 0;
    const size_t to = size_min(POSITIONS - 1, query->last - start);
    return (uint32_t)((2ull << to) - (1ull << from));
}

static void attend_page(const struct kernels *kernels, enum cache_type type, const struct attention *attention,
                        size_t page, struct running running[])
{
    const size_t number = type == CACHE_F32 ? sizeof(float) : sizeof(uint16_t);
    const unsigned char *keys = attention->pages[page] + attention->page_offset;
    float scores[MOST_QUERIES][POSITIONS], correction[MOST_QUERIES];
    kernels->score_page[type](attention, keys, scores);
    for (size_t i = 0; i < attention->count; i++) {
        const uint32_t mask = visible(&attention->query[i], page);
        correction[i] = 1.0f;
        if (mask)
            correction[i] = kernels->weigh_page(scores[i], mask, &running[i]);
        else /* here for the others' sake */
            memset(scores[i], 0, sizeof scores[i]);
    }
    kernels->add_page[type](attention, keys + attention->size * POSITIONS * number, scores, correction);
}

void attend(const struct kernels *kernels, enum cache_type type, const struct attention *attention)
{
    struct running running[MOST_QUERIES];
    size_t first = SIZE_MAX, last = 0;
    for (size_t i = 0; i < attention->count; i++) {
        const struct query *query = &attention->query[i];
        running[i] = (struct running){ -INFINITY, 0 };
        first = size_min(first, query->first);
        last = size_max(last, query->last);
        memset(query->out, 0, attention->size * sizeof *query->out);
    }
    for (size_t page = first / POSITIONS; page <= last / POSITIONS; page++)
        attend_page(kernels, type, attention, page, running);
    for (size_t i = 0; i < attention->count; i++)
        for (size_t d = 0; d < attention->size; d++)
            attention->query[i].out[d] /= running[i].total;
}
