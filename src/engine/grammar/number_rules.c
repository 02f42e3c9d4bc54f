/* number_rules.c: ranges of numbers as rules over their digits.
 *
 * Digits are read from the left. As long as they are those of the lower bound the next must not be smaller than its
 * next one, and so on with the upper; once they differ from both, anything goes:
 *
 *   from 18 to 523, three digits:   [1-4] any any | 5 ( [01] any | 2 [0-3] )
 *
 * Where a divisor counts, a rule stands for the remainder so far as well. */
#include "engine/grammar/number_rules.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MOST = 18 };

/* Numbers of as many digits as both bounds have. */
struct digits {
    struct maker *maker;
    unsigned divisor;
    uint32_t *free_rules; /* [DIGITS_MOST + 1][divisor] rules of any digits, RULE_NONE: not made yet */
    const char *low, *high;
    size_t count;
};

static struct rule make_digit(struct maker *maker)
{
    return make_digits(maker, 0, 9);
}

static uint64_t power_of_ten(size_t exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* ---- whole numbers ----------------------------------------------------------------------------------------------- */

/* Any count digits that bring the remainder to 0. */
static struct rule make_free(struct digits *digits, size_t count, unsigned remainder)
{
    struct maker *maker = digits->maker;
    if (maker->failed)
        return (struct rule){ 0 };
    if (digits->divisor == 1)
        return make_repeat(maker, make_digit(maker), count, count);
    if (count == 0)
        return remainder == 0 ? make_text(maker, "") : make_nothing(maker);
    uint32_t *known = &digits->free_rules[count * digits->divisor + remainder];
    if (*known != RULE_NONE)
        return (struct rule){ *known };
    struct rule choices[10];
    size_t used = 0;
    for (unsigned digit = 0; digit < 10 && digit < digits->divisor; digit++) {
        char same[11];
        size_t length = 0;
        for (unsigned other = digit; other < 10; other += digits->divisor) /* they leave the same remainder */
            same[length++] = (char)('0' + other);
        same[length] = '\0';
        const unsigned next = (remainder * 10 + digit) % digits->divisor;
        choices[used++] = SEQUENCE(maker, make_one_of(maker, same), make_free(digits, count - 1, next));
    }
    const struct rule rule = make_choice(maker, choices, used);
    *known = rule.id;
    return rule;
}

/* What may follow the first place digits. as_low, as_high: they are those of the bound. */
static struct rule make_between(struct digits *digits, size_t place, bool as_low, bool as_high, unsigned remainder)
{
    struct maker *maker = digits->maker;
    if (maker->failed || (!as_low && !as_high) || place == digits->count)
        return make_free(digits, digits->count - place, remainder);
    const unsigned low = as_low ? (unsigned)(digits->low[place] - '0') : 0;
    const unsigned high = as_high ? (unsigned)(digits->high[place] - '0') : 9;
    struct rule choices[10];
    size_t used = 0;
    for (unsigned digit = low; digit <= high; digit++) {
        const bool low_goes_on = as_low && digit == low, high_goes_on = as_high && digit == high;
        unsigned last = digit; /* digits up to it are all alike */
        if (digits->divisor == 1 && !low_goes_on && !high_goes_on)
            last = as_high ? high - 1 : high;
        const unsigned next = (remainder * 10 + digit) % digits->divisor;
        choices[used++] = SEQUENCE(maker, make_digits(maker, digit, last),
                                   make_between(digits, place + 1, low_goes_on, high_goes_on, next));
        digit = last;
    }
    return make_choice(maker, choices, used);
}

/* Numbers of count digits from low to high, which have as many. */
static struct rule make_of_length(struct maker *maker, uint64_t low, uint64_t high, size_t count, unsigned divisor,
                                  uint32_t *free_rules)
{
    char low_text[24], high_text[24];
    snprintf(low_text, sizeof low_text, "%llu", (unsigned long long)low);
    snprintf(high_text, sizeof high_text, "%llu", (unsigned long long)high);
    struct digits digits = { maker, divisor, free_rules, low_text, high_text, count };
    return make_between(&digits, 0, true, true, 0);
}

/* Multiples of the divisor from low to high, 1 or more. */
static struct rule make_magnitudes(struct maker *maker, uint64_t low, uint64_t high, unsigned divisor)
{
    struct rule choices[DIGITS_MOST + 2];
    size_t used = 0;
    const size_t bytes = (DIGITS_MOST + 1) * (size_t)divisor * sizeof(uint32_t);
    uint32_t *free_rules = malloc(bytes);
    if (!free_rules) {
        maker->failed = !error_memory(maker->error, bytes);
        return (struct rule){ 0 };
    }
    memset(free_rules, 0xFF, bytes);
    for (size_t count = 1; count <= DIGITS_MOST; count++) {
        const uint64_t first = power_of_ten(count - 1), last = power_of_ten(count) - 1;
        const uint64_t from = low > first ? low : first, to = high < last ? high : last;
        if (from <= to)
            choices[used++] = make_of_length(maker, from, to, count, divisor, free_rules);
    }
    free(free_rules);
    return make_choice(maker, choices, used);
}

struct rule make_integers(struct maker *maker, struct range range, size_t zeros)
{
    const uint64_t tens = power_of_ten(zeros);
    const unsigned divisor = (unsigned)((uint64_t)range.divisor / tens);
    const struct rule tail = make_repeat(maker, make_text(maker, "0"), zeros, zeros);
    struct rule choices[3];
    size_t used = 0;
    if (range.low <= 0 && range.high >= 0)
        choices[used++] = make_text(maker, "0");
    if (range.high > 0) {
        const uint64_t low = range.low > 0 ? ((uint64_t)range.low + tens - 1) / tens : 1;
        choices[used++] = SEQUENCE(maker, make_magnitudes(maker, low, (uint64_t)range.high / tens, divisor), tail);
    }
    if (range.low < 0) {
        const uint64_t low = range.high < 0 ? ((uint64_t)-range.high + tens - 1) / tens : 1;
        choices[used++] = SEQUENCE(maker, make_text(maker, "-"),
                                   make_magnitudes(maker, low, (uint64_t)-range.low / tens, divisor), tail);
    }
    return make_choice(maker, choices, used);
}

/* ---- decimals ---------------------------------------------------------------------------------------------------- */

/* The digits behind a point, between those of two ends that have the same whole part or are left out. */
struct fraction {
    struct maker *maker;
    const struct decimal *low, *high; /* NULL: no end on that side */
    size_t most;                      /* digits */
};

static unsigned digit_of(const struct decimal *end, size_t place)
{
    return place < strlen(end->fraction) ? (unsigned)(end->fraction[place] - '0') : 0;
}

/* Whether a number may end behind place digits, all of them those of the ends that are still followed. */
static bool may_end(const struct decimal *low, const struct decimal *high, size_t place)
{
    const bool above = !low || (place >= strlen(low->fraction) && !low->strict);
    const bool below = !high || place < strlen(high->fraction) || !high->strict;
    return above && below;
}

static struct rule make_rest(const struct fraction *fraction, const struct decimal *low, const struct decimal *high,
                             size_t place)
{
    struct maker *maker = fraction->maker;
    struct rule choices[12];
    size_t used = 0;
    if (maker->failed)
        return (struct rule){ 0 };
    if (!low && !high)
        return make_repeat(maker, make_digit(maker), place == 0, fraction->most - place);
    if (place > 0 && may_end(low, high, place))
        choices[used++] = make_text(maker, "");
    const unsigned first = low ? digit_of(low, place) : 0, last = high ? digit_of(high, place) : 9;
    for (unsigned digit = first; digit <= last && place < fraction->most; digit++) {
        const struct decimal *next_low = low && digit == first ? low : NULL;
        const struct decimal *next_high = high && digit == last ? high : NULL;
        choices[used++] = SEQUENCE(maker, make_digits(maker, digit, digit),
                                   make_rest(fraction, next_low, next_high, place + 1));
    }
    return make_choice(maker, choices, used);
}

/* What may follow a whole part: nothing, or a point and digits. */
static struct rule make_tail(const struct fraction *fraction)
{
    struct maker *maker = fraction->maker;
    const struct rule digits = make_rest(fraction, fraction->low, fraction->high, 0);
    const struct rule point = SEQUENCE(maker, make_text(maker, "."), digits);
    return may_end(fraction->low, fraction->high, 0) ? CHOICE(maker, make_text(maker, ""), point) : point;
}

static struct rule make_whole(struct maker *maker, uint64_t whole)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)whole);
    return make_text(maker, text);
}

/* Numbers without sign from low to high; NULL: as far as the digits go. */
static struct rule make_unsigned(struct maker *maker, const struct decimals *decimals, const struct decimal *low,
                                 const struct decimal *high)
{
    const uint64_t first = low->whole, last = high ? high->whole : power_of_ten(decimals->whole_digits);
    struct fraction fraction = { maker, low, high, decimals->fraction_digits };
    struct rule choices[4];
    size_t used = 0;
    if (first > last || maker->failed)
        return make_nothing(maker);
    if (first == last)
        return SEQUENCE(maker, make_whole(maker, first), make_tail(&fraction));
    fraction.high = NULL;
    choices[used++] = SEQUENCE(maker, make_whole(maker, first), make_tail(&fraction));
    fraction.low = NULL;
    if (first + 1 < last)
        choices[used++] = SEQUENCE(maker, make_magnitudes(maker, first + 1, last - 1, 1), make_tail(&fraction));
    fraction.high = high;
    if (high)
        choices[used++] = SEQUENCE(maker, make_whole(maker, last), make_tail(&fraction));
    return make_choice(maker, choices, used);
}

struct rule make_decimals(struct maker *maker, const struct decimals *decimals)
{
    const struct decimal *low = decimals->low.given ? &decimals->low : NULL;
    const struct decimal *high = decimals->high.given ? &decimals->high : NULL;
    const struct decimal zero = { .given = true }, above_zero = { .given = true, .strict = true };
    const bool low_is_zero = low && low->whole == 0 && low->fraction[0] == '\0';
    const bool high_is_zero = high && high->whole == 0 && high->fraction[0] == '\0';
    struct rule choices[2];
    size_t used = 0;
    if (!high || !(high->negative || (high_is_zero && high->strict)))
        choices[used++] = make_unsigned(maker, decimals, low && !low->negative ? low : &zero, high);
    if (!low || (low->negative && !low_is_zero))
        choices[used++] = SEQUENCE(maker, make_text(maker, "-"),
                                   make_unsigned(maker, decimals, high && high->negative ? high : &above_zero, low));
    return make_choice(maker, choices, used);
}
