/* characters.c: ranges of code points as rules over the bytes of UTF-8.
 *
 * A range is cut until the encodings of all its members are the product of one range of bytes for each place:
 *
 *   U+0041 to U+07FF  ->  41-7F | C2-DF 80-BF
 *
 * cut first where the number of bytes changes and around the surrogates, then wherever the last bytes do not go
 * through all of 80 to BF. Source: RFC 3629; the cutting is Ken Thompson's, as described by Cox, "Regular Expression
 * Matching in the Wild" (2010). */
#include "engine/grammar/grammar.h"

#include <stdlib.h>

enum { SURROGATES_FIRST = 0xD800, SURROGATES_LAST = 0xDFFF, CUT_MOST = 4096 };

/* The alternatives of one character. */
struct cutter {
    struct grammar *grammar;
    struct byte_set ascii;
    bool has_ascii;
    struct pile rules; /* struct rule */
};

static bool add_rule(struct cutter *cutter, struct rule rule, struct error *error)
{
    if (!pile_reserve(&cutter->rules, sizeof rule, 1, CUT_MOST, error))
        return false;
    ((struct rule *)cutter->rules.items)[cutter->rules.count++] = rule;
    return true;
}

/* A range whose encodings are a product of ranges. */
static bool add_product(struct cutter *cutter, uint32_t low, uint32_t high, struct error *error)
{
    char first[4], last[4];
    struct rule places[4], rule;
    const size_t bytes = utf8_write(low, first);
    utf8_write(high, last);
    for (size_t i = 0; i < bytes; i++)
        if (!grammar_range(cutter->grammar, (unsigned char)first[i], (unsigned char)last[i], &places[i], error))
            return false;
    return grammar_sequence(cutter->grammar, places, bytes, &rule, error) && add_rule(cutter, rule, error);
}

/* Where a range has to be cut: the last code point of its first part; high if nowhere. */
static uint32_t cut_of(uint32_t low, uint32_t high)
{
    static const uint32_t last_of_length[] = { 0x7F, 0x7FF, 0xFFFF };
    for (size_t i = 0; i < LENGTH(last_of_length); i++)
        if (low <= last_of_length[i] && high > last_of_length[i])
            return last_of_length[i];
    for (unsigned bits = 6; bits <= 18 && high > 0x7F; bits += 6) {
        const uint32_t mask = (1u << bits) - 1;
        if ((low & ~mask) == (high & ~mask))
            break;
        if (low & mask)
            return low | mask;
        if ((high & mask) != mask)
            return (high & ~mask) - 1;
    }
    return high;
}

static bool add_range(struct cutter *cutter, uint32_t low, uint32_t high, struct error *error)
{
    while (low <= high) {
        const uint32_t cut = cut_of(low, high);
        if (cut <= 0x7F) {
            byte_set_add(&cutter->ascii, low, cut);
            cutter->has_ascii = true;
        } else if (!add_product(cutter, low, cut, error)) {
            return false;
        }
        low = cut + 1;
    }
    return true;
}

static bool add_without_surrogates(struct cutter *cutter, struct code_range range, struct error *error)
{
    if (range.high < SURROGATES_FIRST || range.low > SURROGATES_LAST)
        return add_range(cutter, range.low, range.high, error);
    if (range.low < SURROGATES_FIRST && !add_range(cutter, range.low, SURROGATES_FIRST - 1, error))
        return false;
    return range.high <= SURROGATES_LAST || add_range(cutter, SURROGATES_LAST + 1, range.high, error);
}

bool grammar_characters(struct grammar *grammar, const struct code_range *ranges, size_t count, struct rule *out,
                        struct error *error)
{
    struct cutter cutter = { .grammar = grammar };
    struct rule ascii;
    bool done = true;
    for (size_t i = 0; i < count && done; i++)
        done = add_without_surrogates(&cutter, ranges[i], error);
    if (done && cutter.has_ascii)
        done = grammar_bytes(grammar, &cutter.ascii, &ascii, error) && add_rule(&cutter, ascii, error);
    done = done && grammar_choice(grammar, cutter.rules.items, cutter.rules.count, out, error);
    free(cutter.rules.items);
    return done;
}
