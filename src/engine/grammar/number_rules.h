/* number_rules.h: ranges of numbers as rules over their digits. Private to the folder. */
#ifndef BASTIDE_ENGINE_NUMBER_RULES_H
#define BASTIDE_ENGINE_NUMBER_RULES_H

#include "engine/grammar/maker.h"

/* Whole numbers from low to high that divisor divides; of at most 18 digits. */
struct range {
    int64_t low, high, divisor;
};

/* zeros: how many tens are in the divisor. What is left of it without them has to be small: the rules count
 * remainders. */
struct rule make_integers(struct maker *maker, struct range range, size_t zeros);

/* One end of a range of decimals, without its sign. */
struct decimal {
    bool given, strict, negative;
    uint64_t whole;
    char fraction[16]; /* digits behind the point, the last of them not 0 */
};

struct decimals {
    struct decimal low, high;
    size_t whole_digits, fraction_digits; /* at most so many before and behind the point */
};

struct rule make_decimals(struct maker *maker, const struct decimals *decimals);

#endif
