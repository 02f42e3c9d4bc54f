/* schema_number.c: what a schema says of numbers: bounds and divisors; number_rules.c makes rules of it.
 *
 * A bound is compared as decimal text. That is what validators do with doubles too: turning decimals into doubles keeps
 * their order, and two decimals of at most 15 digits never become the same double, so that a strict bound stays
 * strict. */
#include "engine/grammar/schema.h"

#include "engine/grammar/number_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION_USUAL = 6, FRACTION_MOST = 9, DIGITS_EXACT = 15, VALUES_MOST = 5000, DIVISOR_MOST = 200 };

static const int64_t integer_most = 999999999999999999; /* 18 digits: fits 64 bits everywhere */

/* One side of a range. */
struct side {
    bool given, strict;
    const char *keyword;
    const json_t *value;
};

struct sides {
    struct side low, high;
};

/* The tighter of a bound and a strict bound. */
static bool read_side(struct schema *schema, const json_t *object, const struct location *location, bool low,
                      struct side *out)
{
    const char *const names[] = { low ? "minimum" : "maximum", low ? "exclusiveMinimum" : "exclusiveMaximum" };
    *out = (struct side){ 0 };
    for (int strict = 0; strict < 2; strict++) {
        const json_t *value = json_object_get(object, names[strict]);
        if (!value)
            continue;
        if (!json_is_number(value))
            return schema_refuse(schema, location, names[strict], "a number is wanted");
        const double here = json_number_value(value), there = json_number_value(out->value);
        if (!out->given || (low ? here >= there : here <= there))
            *out = (struct side){ true, strict, names[strict], value };
    }
    return true;
}

static bool read_sides(struct schema *schema, const json_t *object, const struct location *location, struct sides *out)
{
    return read_side(schema, object, location, true, &out->low) &&
           read_side(schema, object, location, false, &out->high);
}

static bool refuse_empty(struct schema *schema, const struct location *location, const struct sides *sides)
{
    return schema_refuse(schema, location, sides->low.given ? sides->low.keyword : sides->high.keyword,
                         "no number is left between the bounds");
}

/* ---- whole numbers ----------------------------------------------------------------------------------------------- */

/* The first whole number that a side allows, seen from outside: step is 1 for a lower side, -1 for an upper. */
static int64_t whole_side(const struct side *side, int step)
{
    const int64_t end = step > 0 ? -integer_most : integer_most;
    if (!side->given)
        return end;
    const double real = json_number_value(side->value);
    if (fabs(real) > (double)integer_most)
        return real > 0 ? integer_most + (step > 0) : -integer_most - (step < 0);
    if (json_is_integer(side->value))
        return json_integer_value(side->value) + (side->strict ? step : 0);
    const double whole = step > 0 ? ceil(real) : floor(real);
    return (int64_t)whole + (side->strict && whole == real ? step : 0);
}

/* The divisor of whole numbers: 1 if there is none. Fractions that 1 is a multiple of divide every whole number. */
static bool read_divisor(struct schema *schema, const json_t *object, const struct location *location, int64_t *out)
{
    const json_t *value = json_object_get(object, "multipleOf");
    *out = 1;
    if (!value)
        return true;
    const double real = json_number_value(value);
    if (!json_is_number(value) || !(real > 0))
        return schema_refuse(schema, location, "multipleOf", "a number above 0 is wanted");
    if (real == floor(real) && real <= 1e15) {
        *out = (int64_t)real;
        return true;
    }
    return schema_refuse(schema, location, "multipleOf",
                         "only whole numbers are supported: fractions are not exact, so that validators disagree");
}

/* All multiples from low to high, one by one. */
static bool list_values(struct schema *schema, struct range range, struct rule *out)
{
    struct maker *maker = &schema->maker;
    const size_t count = (size_t)((range.high - range.low) / range.divisor) + 1;
    struct arena arena = { 0 };
    struct span *texts = arena_take(&arena, count, sizeof *texts);
    bool done = texts != NULL;
    for (size_t i = 0; done && i < count; i++) {
        const char *text = arena_format(&arena, "%lld", (long long)(range.low + (int64_t)i * range.divisor));
        done = text != NULL;
        if (done)
            texts[i] = span_text(text);
    }
    if (done)
        *out = make_texts(maker, texts, count);
    else
        error_memory(maker->error, count * sizeof *texts);
    arena_free(&arena);
    return done && !maker->failed;
}

/* Towards zero on the upper side of negative numbers, and so on: the multiples that are really in the range. */
static struct range tighten(struct range range)
{
    const int64_t low = range.low % range.divisor, high = range.high % range.divisor;
    range.low += low > 0 ? range.divisor - low : -low;
    range.high -= high < 0 ? range.divisor + high : high;
    return range;
}

static bool compile_whole(struct schema *schema, const struct location *location, const struct sides *sides,
                          struct range range, struct rule *out)
{
    if (range.low > range.high)
        return refuse_empty(schema, location, sides);
    const struct range tight = tighten(range);
    if (tight.low > tight.high)
        return refuse_empty(schema, location, sides);
    if (range.divisor > 1 && (tight.high - tight.low) / range.divisor < VALUES_MOST)
        return list_values(schema, tight, out);
    size_t zeros = 0;
    int64_t divisor = range.divisor;
    for (; divisor % 10 == 0; divisor /= 10)
        zeros++;
    if (divisor > DIVISOR_MOST)
        return schema_refuse(schema, location, "multipleOf",
                             "at most %d, times a power of ten, is supported without close bounds", DIVISOR_MOST);
    *out = make_integers(&schema->maker, range, zeros);
    return !schema->maker.failed;
}

static bool compile_integer(struct schema *schema, const json_t *object, const struct location *location,
                            const struct sides *sides, struct rule *out)
{
    struct range range = { .low = whole_side(&sides->low, 1), .high = whole_side(&sides->high, -1) };
    return read_divisor(schema, object, location, &range.divisor) && compile_whole(schema, location, sides, range, out);
}

/* ---- decimals ---------------------------------------------------------------------------------------------------- */

/* The shortest digits behind the point that mean the same double. */
static bool decimals_of(struct schema *schema, const struct location *location, const struct side *side,
                        struct decimal *out)
{
    const double value = fabs(json_number_value(side->value));
    char text[64];
    for (int digits = 0; digits <= FRACTION_MOST; digits++) {
        snprintf(text, sizeof text, "%.*f", digits, value);
        if (strtod(text, NULL) != value)
            continue;
        char *point = strchr(text, '.');
        out->whole = strtoull(text, NULL, 10);
        snprintf(out->fraction, sizeof out->fraction, "%s", point ? point + 1 : "");
        out->strict = side->strict;
        return true;
    }
    return schema_refuse(schema, location, side->keyword, "at most %d digits behind the point are supported",
                         FRACTION_MOST);
}

/* Both sides as decimals, and how many digits there may be before and behind the point. */
static bool read_decimals(struct schema *schema, const struct location *location, const struct sides *sides,
                          struct decimals *out)
{
    const struct side *const all[] = { &sides->low, &sides->high };
    struct decimal *const decimals[] = { &out->low, &out->high };
    out->fraction_digits = FRACTION_USUAL;
    for (size_t i = 0; i < LENGTH(all); i++) {
        const double most = pow(10, DIGITS_EXACT - FRACTION_MOST);
        decimals[i]->given = all[i]->given;
        decimals[i]->negative = json_number_value(all[i]->value) < 0;
        if (!all[i]->given || fabs(json_number_value(all[i]->value)) >= pow(10, DIGITS_EXACT))
            continue;
        if (!decimals_of(schema, location, all[i], decimals[i]))
            return false;
        const size_t digits = strlen(decimals[i]->fraction);
        out->fraction_digits = size_max(out->fraction_digits, digits);
        if (digits > FRACTION_USUAL && fabs(json_number_value(all[i]->value)) >= most)
            return schema_refuse(schema, location, all[i]->keyword, "at most %d digits are supported", DIGITS_EXACT);
    }
    out->whole_digits = DIGITS_EXACT - out->fraction_digits;
    return true;
}

/* Bounds that no number of the digits reaches are none; those beyond leave only whole numbers. */
static bool compile_decimal(struct schema *schema, const struct location *location, const struct sides *sides,
                            struct rule *out)
{
    struct decimals decimals = { 0 };
    if (!read_decimals(schema, location, sides, &decimals))
        return false;
    const double most = pow(10, (double)decimals.whole_digits);
    const double low = json_number_value(sides->low.value), high = json_number_value(sides->high.value);
    if ((sides->low.given && low >= most) || (sides->high.given && high <= -most)) {
        const struct range range = { whole_side(&sides->low, 1), whole_side(&sides->high, -1), 1 };
        return compile_whole(schema, location, sides, range, out);
    }
    decimals.low.given &= low > -most;
    decimals.high.given &= high < most;
    *out = make_decimals(&schema->maker, &decimals);
    return !schema->maker.failed;
}

bool schema_number(struct schema *schema, const json_t *object, bool integer, const struct location *location,
                   struct rule *out)
{
    struct sides sides;
    const bool divided = json_object_get(object, "multipleOf") != NULL;
    if (!read_sides(schema, object, location, &sides))
        return false;
    if (!sides.low.given && !sides.high.given && !divided) {
        *out = integer ? schema->json.integer : schema->json.number;
        return true;
    }
    if (sides.low.given && sides.high.given) {
        const double low = json_number_value(sides.low.value), high = json_number_value(sides.high.value);
        if (low > high || (low == high && (sides.low.strict || sides.high.strict)))
            return refuse_empty(schema, location, &sides);
    }
    if (integer || divided)
        return compile_integer(schema, object, location, &sides, out);
    return compile_decimal(schema, location, &sides, out);
}
