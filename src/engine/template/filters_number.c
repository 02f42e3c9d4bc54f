/* filters_number.c: filters that make numbers: int, float, abs, round.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters; Python's int(), float() and round() */
#include "engine/template/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest number that a text may hold; also how many digits round() can be asked for. */
enum { LONGEST_NUMBER = 400, MOST_DECIMALS = 300 };

/* A text without white space around it and underscores between digits, as strtoll and strtod read it. */
static bool number_text(struct span text, char out[LONGEST_NUMBER])
{
    size_t length = 0;
    text = span_part(text, unicode_spaces_before(text), text.bytes);
    text = span_part(text, 0, text.bytes - unicode_spaces_after(text));
    for (size_t i = 0; i < text.bytes; i++) {
        const unsigned char c = text.data[i];
        if (c == '_' && i > 0 && i + 1 < text.bytes && text.data[i - 1] != '_')
            continue;
        if (c < '!' || c > '~' || c == '_' || length + 1 == LONGEST_NUMBER)
            return false;
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return length > 0;
}

/* What strtod reads of words as Python's float() does, in any letters. */
static bool is_number_word(const char *text)
{
    static const char *const words[] = { "inf", "infinity", "nan" };
    for (size_t i = 0; i < LENGTH(words); i++) {
        size_t same = 0;
        while (words[i][same] && (text[same] | 0x20) == words[i][same])
            same++;
        if (!words[i][same] && !text[same])
            return true;
    }
    return false;
}

static bool parse_real(struct span text, double *out)
{
    char digits[LONGEST_NUMBER];
    if (!number_text(text, digits))
        return false;
    const char *body = digits + (digits[0] == '+' || digits[0] == '-');
    if (!is_number_word(body) && body[strspn(body, "0123456789.eE+-")] != '\0')
        return false; /* strtod reads more than Python does */
    char *end;
    *out = strtod(digits, &end);
    return *end == '\0';
}

/* An integer in a text; *fits is false where it has more than 64 bits. */
static bool parse_whole(struct span text, int base, int64_t *out, bool *fits)
{
    char digits[LONGEST_NUMBER], *end;
    *fits = true;
    if (!number_text(text, digits) || strspn(digits, "+-") > 1)
        return false;
    const char *body = digits + strspn(digits, "+-");
    if (base != 16 && base != 0 && body[0] == '0' && (body[1] == 'x' || body[1] == 'X'))
        return false;
    errno = 0;
    *out = strtoll(digits, &end, base);
    *fits = errno != ERANGE;
    return *end == '\0' && end != digits;
}

static bool whole_of_real(struct render *render, double real, int64_t *out)
{
    if (!(fabs(real) < 9.2e18))
        return render_fail(render, "int: the number is too large");
    *out = (int64_t)real;
    return true;
}

/* int(value) where it is a number, or a text that holds one; *is_number false: neither. */
static bool to_whole(struct render *render, struct value value, int base, int64_t *out, bool *is_number)
{
    bool fits = true;
    double real = 0;
    *is_number = true;
    if (value_is_whole(value)) {
        *out = value_whole(value);
        return true;
    }
    if (value.kind == KIND_TEXT && parse_whole(value.text, base, out, &fits))
        return fits || render_fail(render, "int: the number is too large");
    if (value.kind == KIND_REAL)
        real = value.real;
    else if (value.kind != KIND_TEXT || !parse_real(value.text, &real))
        *is_number = false;
    if (isnan(real))
        *is_number = false;
    return !*is_number || whole_of_real(render, real, out);
}

static bool filter_int(struct render *render, const struct call *call, struct value *out)
{
    int64_t base = 10, whole = 0;
    bool is_number;
    if (call->self.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, call->self);
    if (!take_integer(render, "base", call->given[1], &base))
        return false;
    if (base < 2 || base > 36)
        return render_fail(render, "int: the base must be from 2 to 36");
    if (!to_whole(render, call->self, (int)base, &whole, &is_number))
        return false;
    *out = is_number ? value_integer(whole) : value_given(call->given[0]) ? call->given[0] : value_integer(0);
    return true;
}

static bool filter_float(struct render *render, const struct call *call, struct value *out)
{
    double real = 0;
    if (call->self.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, call->self);
    *out = value_given(call->given[0]) ? call->given[0] : value_real(0);
    if (call->self.kind == KIND_REAL)
        *out = call->self;
    else if (value_is_whole(call->self))
        *out = value_real((double)value_whole(call->self));
    else if (call->self.kind == KIND_TEXT && parse_real(call->self.text, &real))
        *out = value_real(real);
    return true;
}

static bool filter_abs(struct render *render, const struct call *call, struct value *out)
{
    const struct value value = call->self;
    if (!value_is_number(value))
        return render_fail(render, "abs needs a number, not a '%s'", kind_name(value.kind));
    if (value.kind == KIND_REAL) {
        *out = value_real(fabs(value.real));
        return true;
    }
    if (value_whole(value) == INT64_MIN)
        return render_fail(render, "abs: the number is too large");
    *out = value_integer(llabs(value_whole(value)));
    return true;
}

/* ---- round ------------------------------------------------------------------------------------------------------- */

/* To so many digits behind the point, halves to even by the number's exact value, as the C library prints it. */
static double round_real(double real, int64_t digits)
{
    char text[LONGEST_NUMBER + MOST_DECIMALS];
    if (!isfinite(real) || digits > MOST_DECIMALS)
        return real;
    if (digits < 0) {
        const double unit = pow(10, (double)-digits);
        return isinf(unit) ? copysign(0, real) : rint(real / unit) * unit;
    }
    snprintf(text, sizeof text, "%.*f", (int)digits, real);
    return strtod(text, NULL);
}

/* Whole numbers stay as they are, unless digits before the point are rounded. */
static struct value round_whole(int64_t whole, int64_t digits)
{
    if (digits >= 0)
        return value_integer(whole);
    if (digits < -18)
        return value_integer(0);
    int64_t unit = 1;
    for (int64_t i = digits; i < 0; i++)
        unit *= 10;
    const int64_t rest = ((whole % unit) + unit) % unit, down = whole - rest;
    const bool odd = down / unit % 2 != 0;
    const bool up = rest > unit / 2 || (rest == unit / 2 && odd);
    int64_t rounded;
    if (__builtin_add_overflow(down, up ? unit : 0, &rounded))
        return value_integer(down);
    return value_integer(rounded);
}

static bool take_method(struct render *render, struct value method, struct span *out)
{
    *out = span_text("common");
    if (!take_text(render, "method", method, out))
        return false;
    return span_equal(*out, span_text("common")) || span_equal(*out, span_text("ceil")) ||
           span_equal(*out, span_text("floor")) || render_fail(render, "round: the method is common, ceil or floor");
}

static bool filter_round(struct render *render, const struct call *call, struct value *out)
{
    int64_t digits = 0;
    struct span method;
    const struct value value = call->self;
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, value);
    if (!value_is_number(value))
        return render_fail(render, "round needs a number, not a '%s'", kind_name(value.kind));
    if (!take_integer(render, "precision", call->given[0], &digits) || !take_method(render, call->given[1], &method))
        return false;
    if (span_equal(method, span_text("common"))) {
        *out = value.kind == KIND_REAL ? value_real(round_real(value.real, digits))
                                       : round_whole(value_whole(value), digits);
        return true;
    }
    const double unit = pow(10, (double)digits);
    const double scaled = (value.kind == KIND_REAL ? value.real : (double)value_whole(value)) * unit;
    if (!isfinite(scaled) || unit == 0)
        return render_fail(render, "round: the number is too large");
    /* Python's ceil and floor give integers, which know no -0. */
    *out = value_real(((span_equal(method, span_text("ceil")) ? ceil(scaled) : floor(scaled)) + 0.0) / unit);
    return true;
}

const struct builtin number_filters[] = {
    { "int", "default base", 0, filter_int },
    { "float", "default", 0, filter_float },
    { "abs", "", 0, filter_abs },
    { "round", "precision method", 0, filter_round },
    { 0 },
};
