/* json.c: the grammar of JSON (RFC 8259), with bounds where the standard has none: an answer can't lose itself in
 * white space, numbers are exact in the programs that read them, \u0000 does not occur.
 *
 * White space is what people's printers write: nothing or one space, or a line end and indentation. */
#include "engine/grammar/grammar.h"

#include <string.h>

enum {
    INDENTATION_MOST = 24,
    INTEGER_DIGITS_MOST = 18, /* fits 64 bits */
    FRACTION_DIGITS_MOST = 16,
    EXPONENT_DIGITS_MOST = 2,
    NUMBER_DIGITS_MOST = 17, /* of a double's integer part */
};

/* Builds rules one after the other and remembers whether one failed, so that a grammar reads like one. */
struct maker {
    struct grammar *grammar;
    struct error *error;
    bool failed;
};

static struct rule made(struct maker *maker, bool done, struct rule rule)
{
    maker->failed |= !done;
    return done ? rule : (struct rule){ 0 };
}

static struct rule text(struct maker *maker, const char *text)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_literal(maker->grammar, span_text(text), &out, maker->error), out);
}

static struct rule one_of(struct maker *maker, const char *bytes)
{
    struct byte_set set = { { 0 } };
    struct rule out = { 0 };
    for (; *bytes; bytes++)
        byte_set_add(&set, (unsigned char)*bytes, (unsigned char)*bytes);
    return made(maker, !maker->failed && grammar_bytes(maker->grammar, &set, &out, maker->error), out);
}

static struct rule repeat(struct maker *maker, struct rule rule, size_t least, size_t most)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_repeat(maker->grammar, rule, least, most, &out, maker->error), out);
}

static struct rule sequence(struct maker *maker, const struct rule *rules, size_t count)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_sequence(maker->grammar, rules, count, &out, maker->error), out);
}

static struct rule choice(struct maker *maker, const struct rule *rules, size_t count)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_choice(maker->grammar, rules, count, &out, maker->error), out);
}

#define SEQUENCE(maker, ...) \
    sequence(maker, (const struct rule[]){ __VA_ARGS__ }, LENGTH(((const struct rule[]){ __VA_ARGS__ })))
#define CHOICE(maker, ...) \
    choice(maker, (const struct rule[]){ __VA_ARGS__ }, LENGTH(((const struct rule[]){ __VA_ARGS__ })))

static struct rule make_space(struct maker *maker)
{
    const struct rule indentation = repeat(maker, text(maker, " "), 0, INDENTATION_MOST);
    const struct rule line = SEQUENCE(maker, text(maker, "\n"), indentation);
    return repeat(maker, CHOICE(maker, text(maker, " "), line), 0, 1);
}

/* \uXXXX: a pair of surrogates is one character, half a pair is none, and zero is left out. */
static struct rule make_escape(struct maker *maker)
{
    const char *const hex = "0123456789abcdefABCDEF";
    const struct rule any = one_of(maker, hex), not_zero = one_of(maker, hex + 1);
    const struct rule zero = text(maker, "0"), d = one_of(maker, "dD");
    const struct rule low = SEQUENCE(maker, text(maker, "\\u"), d, one_of(maker, "cdefCDEF"), any, any);
    const struct rule codes =
        CHOICE(maker, SEQUENCE(maker, one_of(maker, "123456789abcefABCEF"), any, any, any),
               SEQUENCE(maker, d, one_of(maker, "01234567"), any, any), SEQUENCE(maker, zero, not_zero, any, any),
               SEQUENCE(maker, zero, zero, not_zero, any), SEQUENCE(maker, zero, zero, zero, not_zero),
               SEQUENCE(maker, d, one_of(maker, "89abAB"), any, any, low));
    return SEQUENCE(maker, text(maker, "\\"),
                    CHOICE(maker, one_of(maker, "\"\\/bfnrt"), SEQUENCE(maker, text(maker, "u"), codes)));
}

static struct rule make_character(struct maker *maker)
{
    static const struct code_range plain[] = { { ' ', '!' }, { '#', '[' }, { ']', CODE_POINT_LAST } };
    struct rule out = { 0 };
    if (!maker->failed)
        made(maker, grammar_characters(maker->grammar, plain, LENGTH(plain), &out, maker->error), out);
    return CHOICE(maker, out, make_escape(maker));
}

static struct rule make_integer(struct maker *maker, size_t digits)
{
    const struct rule more = repeat(maker, one_of(maker, "0123456789"), 0, digits - 1);
    const struct rule whole = CHOICE(maker, text(maker, "0"), SEQUENCE(maker, one_of(maker, "123456789"), more));
    return SEQUENCE(maker, repeat(maker, text(maker, "-"), 0, 1), whole);
}

static struct rule make_number(struct maker *maker)
{
    const struct rule digit = one_of(maker, "0123456789");
    const struct rule fraction = SEQUENCE(maker, text(maker, "."), repeat(maker, digit, 1, FRACTION_DIGITS_MOST));
    const struct rule exponent = SEQUENCE(maker, one_of(maker, "eE"), repeat(maker, one_of(maker, "+-"), 0, 1),
                                          repeat(maker, digit, 1, EXPONENT_DIGITS_MOST));
    return SEQUENCE(maker, make_integer(maker, NUMBER_DIGITS_MOST), repeat(maker, fraction, 0, 1),
                    repeat(maker, exponent, 0, 1));
}

/* open, then items with commas between them or nothing, then close. */
static struct rule make_list(struct maker *maker, const char *open, struct rule item, const char *close,
                             struct rule space)
{
    const struct rule more = repeat(maker, SEQUENCE(maker, text(maker, ","), space, item), 0, SIZE_MAX);
    const struct rule items = SEQUENCE(maker, space, item, more, space);
    return SEQUENCE(maker, text(maker, open), repeat(maker, items, 0, 1), text(maker, close));
}

bool json_rules_make(struct grammar *grammar, struct json_rules *out, struct error *error)
{
    struct maker all = { grammar, error, false }, *maker = &all;
    if (!grammar_forward(grammar, span_text("JSON"), &out->value, error))
        return false;
    const struct rule quote = text(maker, "\"");
    out->space = make_space(maker);
    out->character = make_character(maker);
    out->string = SEQUENCE(maker, quote, repeat(maker, out->character, 0, SIZE_MAX), quote);
    out->integer = make_integer(maker, INTEGER_DIGITS_MOST);
    out->number = make_number(maker);
    const struct rule colon = SEQUENCE(maker, text(maker, ":"), repeat(maker, text(maker, " "), 0, 1));
    out->array = make_list(maker, "[", out->value, "]", out->space);
    out->object = make_list(maker, "{", SEQUENCE(maker, out->string, colon, out->value), "}", out->space);
    const struct rule value = CHOICE(maker, out->object, out->array, out->string, out->number, text(maker, "true"),
                                     text(maker, "false"), text(maker, "null"));
    if (!maker->failed)
        grammar_define(grammar, out->value, value);
    return !maker->failed;
}
