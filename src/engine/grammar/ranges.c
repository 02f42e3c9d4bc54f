/* ranges.c: classes of characters in the making. */
#include "engine/grammar/ranges.h"

#include <stdlib.h>

bool ranges_add(struct ranges *ranges, uint32_t low, uint32_t high)
{
    if (ranges->count == RANGES_MOST)
        return false;
    if (high > 0)
        ranges->all[ranges->count++] = (struct code_range){ low > 0 ? low : 1, high };
    return true;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct code_range *left = a, *right = b;
    return (left->low > right->low) - (left->low < right->low);
}

void ranges_join(struct ranges *ranges)
{
    size_t kept = 0;
    qsort(ranges->all, ranges->count, sizeof ranges->all[0], compare_ranges);
    for (size_t i = 0; i < ranges->count; i++) {
        const struct code_range range = ranges->all[i];
        struct code_range *last = kept > 0 ? &ranges->all[kept - 1] : NULL;
        if (!last || range.low > last->high + 1)
            ranges->all[kept++] = range;
        else if (range.high > last->high)
            last->high = range.high;
    }
    ranges->count = kept;
}

void ranges_complement(struct ranges *ranges, uint32_t last)
{
    uint32_t from = 1;
    size_t kept = 0;
    for (size_t i = 0; i < ranges->count && from <= last; i++) {
        const struct code_range range = ranges->all[i]; /* kept <= i: not overwritten yet */
        if (range.low > from)
            ranges->all[kept++] = (struct code_range){ from, range.low - 1 < last ? range.low - 1 : last };
        from = range.high + 1;
    }
    if (from <= last)
        ranges->all[kept++] = (struct code_range){ from, last };
    ranges->count = kept;
}
