/* json.c: the grammar of JSON (RFC 8259), with bounds where the standard has none: an answer can't lose itself in
 * white space, numbers are exact in the programs that read them, \u0000 does not occur.
 *
 * White space is what people's printers write: nothing or one space, or a line end and indentation. */
#include "engine/grammar/maker.h"

enum {
    INDENTATION_MOST = 24,
    INTEGER_DIGITS_MOST = 18, /* fits 64 bits */
    FRACTION_DIGITS_MOST = 16,
    EXPONENT_DIGITS_MOST = 2,
    NUMBER_DIGITS_MOST = 17, /* of a double's integer part */
};

static struct rule make_space(struct maker *maker)
{
    const struct rule indentation = make_repeat(maker, make_text(maker, " "), 0, INDENTATION_MOST);
    const struct rule line = SEQUENCE(maker, make_text(maker, "\n"), indentation);
    return make_repeat(maker, CHOICE(maker, make_text(maker, " "), line), 0, 1);
}

/* \uXXXX: a pair of surrogates is one character, half a pair is none, and zero is left out. */
static struct rule make_escape(struct maker *maker)
{
    const char *const hex = "0123456789abcdefABCDEF";
    const struct rule any = make_one_of(maker, hex), not_zero = make_one_of(maker, hex + 1);
    const struct rule zero = make_text(maker, "0"), d = make_one_of(maker, "dD");
    const struct rule low = SEQUENCE(maker, make_text(maker, "\\u"), d, make_one_of(maker, "cdefCDEF"), any, any);
    const struct rule codes =
        CHOICE(maker, SEQUENCE(maker, make_one_of(maker, "123456789abcefABCEF"), any, any, any),
               SEQUENCE(maker, d, make_one_of(maker, "01234567"), any, any), SEQUENCE(maker, zero, not_zero, any, any),
               SEQUENCE(maker, zero, zero, not_zero, any), SEQUENCE(maker, zero, zero, zero, not_zero),
               SEQUENCE(maker, d, make_one_of(maker, "89abAB"), any, any, low));
    return SEQUENCE(maker, make_text(maker, "\\"),
                    CHOICE(maker, make_one_of(maker, "\"\\/bfnrt"), SEQUENCE(maker, make_text(maker, "u"), codes)));
}

static struct rule make_character(struct maker *maker)
{
    static const struct code_range plain[] = { { ' ', '!' }, { '#', '[' }, { ']', CODE_POINT_LAST } };
    return CHOICE(maker, make_characters(maker, plain, LENGTH(plain)), make_escape(maker));
}

static struct rule make_integer(struct maker *maker, size_t digits)
{
    const struct rule more = make_repeat(maker, make_one_of(maker, "0123456789"), 0, digits - 1);
    const struct rule whole = CHOICE(maker, make_text(maker, "0"),
                                     SEQUENCE(maker, make_one_of(maker, "123456789"), more));
    return SEQUENCE(maker, make_repeat(maker, make_text(maker, "-"), 0, 1), whole);
}

static struct rule make_number(struct maker *maker)
{
    const struct rule digit = make_one_of(maker, "0123456789");
    const struct rule fraction = SEQUENCE(maker, make_text(maker, "."),
                                          make_repeat(maker, digit, 1, FRACTION_DIGITS_MOST));
    const struct rule exponent = SEQUENCE(maker, make_one_of(maker, "eE"),
                                          make_repeat(maker, make_one_of(maker, "+-"), 0, 1),
                                          make_repeat(maker, digit, 1, EXPONENT_DIGITS_MOST));
    return SEQUENCE(maker, make_integer(maker, NUMBER_DIGITS_MOST), make_repeat(maker, fraction, 0, 1),
                    make_repeat(maker, exponent, 0, 1));
}

/* open, then items with commas between them or nothing, then close. */
static struct rule make_list(struct maker *maker, const char *open, struct rule item, const char *close,
                             struct rule space)
{
    const struct rule more = make_repeat(maker, SEQUENCE(maker, make_text(maker, ","), space, item), 0, SIZE_MAX);
    const struct rule items = SEQUENCE(maker, space, item, more, space);
    return SEQUENCE(maker, make_text(maker, open), make_repeat(maker, items, 0, 1), make_text(maker, close));
}

bool json_rules_make(struct grammar *grammar, struct json_rules *out, struct error *error)
{
    struct maker all = { grammar, error, false }, *maker = &all;
    if (!grammar_forward(grammar, span_text("JSON"), &out->value, error))
        return false;
    const struct rule quote = make_text(maker, "\"");
    out->space = make_space(maker);
    out->character = make_character(maker);
    out->string = SEQUENCE(maker, quote, make_repeat(maker, out->character, 0, SIZE_MAX), quote);
    out->integer = make_integer(maker, INTEGER_DIGITS_MOST);
    out->number = make_number(maker);
    const struct rule colon = SEQUENCE(maker, make_text(maker, ":"), make_repeat(maker, make_text(maker, " "), 0, 1));
    out->array = make_list(maker, "[", out->value, "]", out->space);
    out->object = make_list(maker, "{", SEQUENCE(maker, out->string, colon, out->value), "}", out->space);
    const struct rule value = CHOICE(maker, out->object, out->array, out->string, out->number, make_text(maker, "true"),
                                     make_text(maker, "false"), make_text(maker, "null"));
    if (!maker->failed)
        grammar_define(grammar, out->value, value);
    return !maker->failed;
}
