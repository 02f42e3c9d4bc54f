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

void attend_stretch(const struct kernels *kernels, enum cache_type type, const struct attention *attention,
                    size_t stretch, struct running running[])
{
    size_t first = (stretch + 1) * STRETCH_PAGES, end = stretch * STRETCH_PAGES; /* of the pages that anybody sees */
    for (size_t i = 0; i < attention->count; i++) {
        const struct query *query = &attention->query[i];
        attend_begin(attention->size, &running[i], query->out);
        first = size_min(first, size_max(query->first / POSITIONS, stretch * STRETCH_PAGES));
        end = size_max(end, size_min(query->last / POSITIONS + 1, (stretch + 1) * STRETCH_PAGES));
    }
    for (size_t page = first; page < end; page++)
        attend_page(kernels, type, attention, page, running);
}

void attend_begin(size_t size, struct running *running, float *out)
{
    *running = (struct running){ -INFINITY, 0 };
    memset(out, 0, size * sizeof *out);
}

void attend_merge(size_t size, struct running *running, float *out, const struct running *later, const float *later_out)
{
    if (later->total == 0)
        return;
    if (running->total == 0) {
        *running = *later;
        memcpy(out, later_out, size * sizeof *out);
        return;
    }
    const float most = running->most > later->most ? running->most : later->most;
    const float before = expf(running->most - most), after = expf(later->most - most);
    *running = (struct running){ most, running->total * before + later->total * after };
    for (size_t d = 0; d < size; d++)
        out[d] = out[d] * before + later_out[d] * after;
}

void attend_end(size_t size, const struct running *running, float *out)
{
    for (size_t d = 0; d < size; d++)
        out[d] /= running->total;
}

void attend(const struct kernels *kernels, enum cache_type type, const struct attention *attention)
{
    struct running running[MOST_QUERIES], later[MOST_QUERIES];
    float rows[MOST_QUERIES][MOST_HEAD];
    struct attention part = *attention;
    size_t first = SIZE_MAX, last = 0;
    for (size_t i = 0; i < attention->count; i++) {
        const struct query *query = &attention->query[i];
        attend_begin(attention->size, &running[i], query->out);
        part.query[i].out = rows[i];
        first = size_min(first, query->first);
        last = size_max(last, query->last);
    }
    for (size_t stretch = stretches_of(first + 1) - 1; stretch < stretches_of(last + 1); stretch++) {
        attend_stretch(kernels, type, &part, stretch, later);
        for (size_t i = 0; i < attention->count; i++)
            attend_merge(attention->size, &running[i], attention->query[i].out, &later[i], rows[i]);
    }
    for (size_t i = 0; i < attention->count; i++)
        attend_end(attention->size, &running[i], attention->query[i].out);
}
