/* operators.c: arithmetic and comparisons. Integers have 64 bits; where Python would go on with a longer one, there is
 * an error. Source: docs.python.org/3/reference/expressions.html#binary-arithmetic-operations */
#include "engine/template/builtins.h"

#include <math.h>
#include <string.h>

static const char *operation_name(enum operation operation)
{
    static const char *const names[] = {
        [OPERATION_ADD] = "+",
        [OPERATION_SUBTRACT] = "-",
        [OPERATION_MULTIPLY] = "*",
        [OPERATION_DIVIDE] = "/",
        [OPERATION_DIVIDE_WHOLE] = "//",
        [OPERATION_MODULO] = "%",
        [OPERATION_POWER] = "**",
        [OPERATION_EQUAL] = "==",
        [OPERATION_NOT_EQUAL] = "!=",
        [OPERATION_LESS] = "<",
        [OPERATION_LESS_EQUAL] = "<=",
        [OPERATION_GREATER] = ">",
        [OPERATION_GREATER_EQUAL] = ">=",
        [OPERATION_IN] = "in",
        [OPERATION_NOT_IN] = "not in",
    };
    return names[operation];
}

/* ---- integers ---------------------------------------------------------------------------------------------------- */

/* The quotient rounded down, as Python's; right is not zero, and not -1 where left is the least integer. */
static int64_t floor_divide(int64_t left, int64_t right)
{
    const int64_t quotient = left / right;
    return quotient - (left % right != 0 && (left < 0) != (right < 0));
}

static bool whole_power(int64_t base, int64_t exponent, int64_t *out)
{
    *out = 1;
    while (exponent > 0) {
        if (exponent & 1 && __builtin_mul_overflow(*out, base, out))
            return false;
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    return true;
}

/* False if the result has more than 64 bits. Divisors are not zero, exponents not negative. */
static bool whole_arithmetic(enum operation operation, int64_t left, int64_t right, int64_t *out)
{
    switch (operation) {
    case OPERATION_ADD:
        return !__builtin_add_overflow(left, right, out);
    case OPERATION_SUBTRACT:
        return !__builtin_sub_overflow(left, right, out);
    case OPERATION_MULTIPLY:
        return !__builtin_mul_overflow(left, right, out);
    case OPERATION_DIVIDE_WHOLE:
        if (right == -1)
            return !__builtin_sub_overflow(0, left, out);
        *out = floor_divide(left, right);
        return true;
    case OPERATION_MODULO:
        *out = right == -1 ? 0 : left - floor_divide(left, right) * right;
        return true;
    default:
        return whole_power(left, right, out);
    }
}

/* ---- floats ------------------------------------------------------------------------------------------------------ */

/* As CPython's float_divmod: the remainder has the divisor's sign, the quotient is rounded down. */
static double real_modulo(double left, double right)
{
    double remainder = fmod(left, right);
    if (remainder == 0)
        return copysign(0, right);
    if ((right < 0) != (remainder < 0))
        remainder += right;
    return remainder;
}

static double real_floor_divide(double left, double right)
{
    double remainder = fmod(left, right);
    double quotient = (left - remainder) / right;
    if (remainder != 0 && (right < 0) != (remainder < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign(0, left / right);
    const double floored = floor(quotient);
    return quotient - floored > 0.5 ? floored + 1 : floored;
}

static double real_arithmetic(enum operation operation, double left, double right)
{
    switch (operation) {
    case OPERATION_ADD:
        return left + right;
    case OPERATION_SUBTRACT:
        return left - right;
    case OPERATION_MULTIPLY:
        return left * right;
    case OPERATION_DIVIDE:
        return left / right;
    case OPERATION_DIVIDE_WHOLE:
        return real_floor_divide(left, right);
    case OPERATION_MODULO:
        return real_modulo(left, right);
    default:
        return pow(left, right);
    }
}

static double as_real(struct value value)
{
    return value.kind == KIND_REAL ? value.real : (double)value_whole(value);
}

static bool real_result(struct render *render, enum operation operation, double left, double right, struct value *out)
{
    if (operation == OPERATION_POWER && left == 0 && right < 0)
        return render_fail(render, "zero cannot be raised to a negative power");
    const double result = real_arithmetic(operation, left, right);
    if (operation == OPERATION_POWER && isnan(result) && !isnan(left) && !isnan(right))
        return render_fail(render, "a negative number cannot be raised to a fraction: it would be complex");
    if (operation == OPERATION_POWER && isinf(result) && !isinf(left) && !isinf(right))
        return render_fail(render, "the result of '**' is too large");
    *out = value_real(result);
    return true;
}

static bool number_arithmetic(struct render *render, enum operation operation, struct value left, struct value right,
                              struct value *out)
{
    const bool divides = operation == OPERATION_DIVIDE || operation == OPERATION_DIVIDE_WHOLE ||
                         operation == OPERATION_MODULO;
    if (divides && as_real(right) == 0)
        return render_fail(render, "division by zero");
    const bool whole = value_is_whole(left) && value_is_whole(right) && operation != OPERATION_DIVIDE &&
                       (operation != OPERATION_POWER || value_whole(right) >= 0);
    if (!whole)
        return real_result(render, operation, as_real(left), as_real(right), out);
    *out = value_integer(0);
    return whole_arithmetic(operation, value_whole(left), value_whole(right), &out->integer) ||
           render_fail(render, "the result of '%s' is too large", operation_name(operation));
}

/* ---- texts and lists --------------------------------------------------------------------------------------------- */

static bool join_texts(struct render *render, struct span left, struct span right, struct value *out)
{
    struct buffer text = text_begin();
    const bool whole = text_add(render, &text, left) && text_add(render, &text, right);
    return text_end(render, &text, whole, out);
}

static bool join_lists(struct render *render, struct value left, struct value right, struct value *out)
{
    if (!list_of(render, left.kind, left.list->items, left.list->count, out))
        return false;
    for (size_t i = 0; i < right.list->count; i++)
        if (!list_add(render, out->list, right.list->items[i]))
            return false;
    return true;
}

static bool repeat_list(struct render *render, struct value list, size_t times, struct value *out)
{
    struct list *repeated = list_new(render, 0);
    for (size_t i = 0; repeated && list.list->count > 0 && i < times; i++)
        for (size_t j = 0; j < list.list->count; j++)
            if (!list_add(render, repeated, list.list->items[j]))
                return false;
    *out = value_list(list.kind, repeated);
    return repeated != NULL;
}

static bool repeat(struct render *render, struct value what, int64_t times, struct value *out)
{
    const size_t count = times > 0 ? (size_t)times : 0;
    if (what.kind != KIND_TEXT)
        return repeat_list(render, what, count, out);
    struct buffer text = text_begin();
    const bool whole = text_add_repeated(render, &text, what.text, count);
    return text_end(render, &text, whole, out);
}

static bool can_repeat(struct value value)
{
    return value.kind == KIND_TEXT || value.kind == KIND_LIST || value.kind == KIND_TUPLE;
}

/* "%s" % value or % (values) */
static bool format_text(struct render *render, struct span format, struct value right, struct value *out)
{
    if (right.kind == KIND_TUPLE)
        return format_percent(render, format, right.list->items, right.list->count, out);
    return format_percent(render, format, &right, 1, out);
}

bool arithmetic(struct render *render, enum operation operation, struct value left, struct value right,
                struct value *out)
{
    if (operation == OPERATION_MODULO && left.kind == KIND_TEXT)
        return format_text(render, left.text, right, out);
    if (left.kind == KIND_UNDEFINED || right.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, left.kind == KIND_UNDEFINED ? left : right);
    if (value_is_number(left) && value_is_number(right))
        return number_arithmetic(render, operation, left, right, out);
    if (operation == OPERATION_ADD && left.kind == right.kind) {
        if (left.kind == KIND_TEXT)
            return join_texts(render, left.text, right.text, out);
        if (left.kind == KIND_LIST || left.kind == KIND_TUPLE)
            return join_lists(render, left, right, out);
    }
    if (operation == OPERATION_MULTIPLY && can_repeat(left) && value_is_whole(right))
        return repeat(render, left, value_whole(right), out);
    if (operation == OPERATION_MULTIPLY && can_repeat(right) && value_is_whole(left))
        return repeat(render, right, value_whole(left), out);
    return render_fail(render, "'%s' takes no '%s' and '%s'", operation_name(operation), kind_name(left.kind),
                       kind_name(right.kind));
}

/* ---- comparisons ------------------------------------------------------------------------------------------------- */

static bool compare_order(struct render *render, enum operation operation, struct value left, struct value right,
                          bool *result)
{
    int order;
    bool ordered;
    if (!value_order(render, operation_name(operation), left, right, &order, &ordered))
        return false;
    *result = ordered && (operation == OPERATION_LESS         ? order < 0
                          : operation == OPERATION_LESS_EQUAL ? order <= 0
                          : operation == OPERATION_GREATER    ? order > 0
                                                              : order >= 0);
    return true;
}

bool compare(struct render *render, enum operation operation, struct value left, struct value right, bool *result)
{
    bool compared;
    switch (operation) {
    case OPERATION_EQUAL:
    case OPERATION_NOT_EQUAL:
        compared = value_equal(render, left, right, result);
        *result ^= operation == OPERATION_NOT_EQUAL;
        return compared;
    case OPERATION_IN:
    case OPERATION_NOT_IN:
        compared = value_contains(render, right, left, result);
        *result ^= operation == OPERATION_NOT_IN;
        return compared;
    default:
        return compare_order(render, operation, left, right, result);
    }
}
