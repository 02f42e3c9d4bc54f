/* tests.c: "x is ...". Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-tests */
#include "engine/template/text.h"

static bool answer(bool truth, struct value *out)
{
    *out = value_boolean(truth);
    return true;
}

static bool test_defined(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind != KIND_UNDEFINED, out);
}

static bool test_undefined(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_UNDEFINED, out);
}

static bool test_none(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_NONE, out);
}

static bool test_boolean(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_BOOLEAN, out);
}

static bool test_true(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_BOOLEAN && call->self.truth, out);
}

static bool test_false(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_BOOLEAN && !call->self.truth, out);
}

static bool test_integer(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_INTEGER, out);
}

static bool test_float(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_REAL, out);
}

static bool test_number(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(value_is_number(call->self), out);
}

static bool test_string(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_TEXT, out);
}

static bool test_mapping(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_DICT, out);
}

static bool test_sequence(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    const enum kind kind = call->self.kind;
    return answer(value_is_sequence(call->self) || kind == KIND_TEXT || kind == KIND_DICT || kind == KIND_UNDEFINED,
                  out);
}

static bool test_iterable(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    const enum kind kind = call->self.kind;
    return answer(value_has_list(call->self) || kind == KIND_TEXT || kind == KIND_DICT || kind == KIND_UNDEFINED ||
                      kind == KIND_LOOP,
                  out);
}

/* Jinja's undefined has __call__, and so passes for callable. */
static bool test_callable(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    const enum kind kind = call->self.kind;
    return answer((kind >= KIND_LOOP && kind <= KIND_METHOD) || kind == KIND_JOINER || kind == KIND_UNDEFINED, out);
}

static bool test_sameas(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(value_same(call->self, call->given[0]), out);
}

static bool test_in(struct render *render, const struct call *call, struct value *out)
{
    bool contains;
    return value_contains(render, call->given[0], call->self, &contains) && answer(contains, out);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Whether self % by is what is wanted. */
static bool test_remainder(struct render *render, const struct call *call, struct value by, int64_t wanted,
                           struct value *out)
{
    struct value remainder;
    bool equal;
    return arithmetic(render, OPERATION_MODULO, call->self, by, &remainder) &&
           value_equal(render, remainder, value_integer(wanted), &equal) && answer(equal, out);
}

static bool test_odd(struct render *render, const struct call *call, struct value *out)
{
    return test_remainder(render, call, value_integer(2), 1, out);
}

static bool test_even(struct render *render, const struct call *call, struct value *out)
{
    return test_remainder(render, call, value_integer(2), 0, out);
}

static bool test_divisibleby(struct render *render, const struct call *call, struct value *out)
{
    return test_remainder(render, call, call->given[0], 0, out);
}

/* ---- comparisons ------------------------------------------------------------------------------------------------- */

static bool test_compare(struct render *render, enum operation operation, const struct call *call, struct value *out)
{
    bool result;
    return compare(render, operation, call->self, call->given[0], &result) && answer(result, out);
}

static bool test_equal(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_EQUAL, call, out);
}

static bool test_not_equal(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_NOT_EQUAL, call, out);
}

static bool test_less(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_LESS, call, out);
}

static bool test_less_equal(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_LESS_EQUAL, call, out);
}

static bool test_greater(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_GREATER, call, out);
}

static bool test_greater_equal(struct render *render, const struct call *call, struct value *out)
{
    return test_compare(render, OPERATION_GREATER_EQUAL, call, out);
}

/* ---- letters and names ------------------------------------------------------------------------------------------- */

/* Whether there are letters of this case and none of the other. */
static bool test_case(struct render *render, const struct call *call, bool upper, struct value *out)
{
    struct span text;
    if (!value_str(render, call->self, &text))
        return false;
    bool wanted = false, other = false;
    for (size_t offset = 0; offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        wanted |= upper ? unicode_is_upper(c) : unicode_is_lower(c);
        other |= upper ? unicode_is_lower(c) : unicode_is_upper(c);
    }
    return render_spend(render, text.bytes / 8) && answer(wanted && !other, out);
}

static bool test_upper(struct render *render, const struct call *call, struct value *out)
{
    return test_case(render, call, true, out);
}

static bool test_lower(struct render *render, const struct call *call, struct value *out)
{
    return test_case(render, call, false, out);
}

static bool test_filter(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_TEXT && filter_find(call->self.text), out);
}

static bool test_test(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    return answer(call->self.kind == KIND_TEXT && test_find(call->self.text), out);
}

const struct builtin tests[] = {
    { "defined", "", 0, test_defined },
    { "undefined", "", 0, test_undefined },
    { "none", "", 0, test_none },
    { "boolean", "", 0, test_boolean },
    { "true", "", 0, test_true },
    { "false", "", 0, test_false },
    { "integer", "", 0, test_integer },
    { "float", "", 0, test_float },
    { "number", "", 0, test_number },
    { "string", "", 0, test_string },
    { "mapping", "", 0, test_mapping },
    { "sequence", "", 0, test_sequence },
    { "iterable", "", 0, test_iterable },
    { "callable", "", 0, test_callable },
    { "sameas", "other", 1, test_sameas },
    { "in", "seq", 1, test_in },
    { "odd", "", 0, test_odd },
    { "even", "", 0, test_even },
    { "divisibleby", "num", 1, test_divisibleby },
    { "==", "b", 1, test_equal },
    { "eq", "b", 1, test_equal },
    { "equalto", "b", 1, test_equal },
    { "!=", "b", 1, test_not_equal },
    { "ne", "b", 1, test_not_equal },
    { "<", "b", 1, test_less },
    { "lt", "b", 1, test_less },
    { "lessthan", "b", 1, test_less },
    { "<=", "b", 1, test_less_equal },
    { "le", "b", 1, test_less_equal },
    { ">", "b", 1, test_greater },
    { "gt", "b", 1, test_greater },
    { "greaterthan", "b", 1, test_greater },
    { ">=", "b", 1, test_greater_equal },
    { "ge", "b", 1, test_greater_equal },
    { "upper", "", 0, test_upper },
    { "lower", "", 0, test_lower },
    { "filter", "", 0, test_filter },
    { "test", "", 0, test_test },
    { 0 },
};
