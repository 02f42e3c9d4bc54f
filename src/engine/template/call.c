/* call.c: arguments, and calling what can be called: macros, functions, methods, recursive loops, joiners. */
#include "engine/template/builtins.h"

#include <string.h>

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* Arguments while they are collected. */
struct collected {
    struct value *positional;
    struct keyword *keywords;
    size_t positional_count, positional_capacity;
    size_t keyword_count, keyword_capacity;
};

/* Room for one more item; false after failing. */
static bool make_room(struct render *render, void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    const size_t grown = *capacity ? *capacity * 2 : 4;
    void *memory = render_take(render, grown, size);
    if (!memory)
        return false;
    if (count > 0)
        memcpy(memory, *items, count * size);
    *items = memory;
    *capacity = grown;
    return true;
}

static bool add_positional(struct render *render, struct collected *to, struct value value)
{
    void *items = to->positional;
    if (!make_room(render, &items, to->positional_count, &to->positional_capacity, sizeof value))
        return false;
    to->positional = items;
    to->positional[to->positional_count++] = value;
    return true;
}

static bool add_keyword(struct render *render, struct collected *to, struct span name, struct value value)
{
    if (!render_spend(render, 1 + to->keyword_count / 8))
        return false;
    for (size_t i = 0; i < to->keyword_count; i++)
        if (span_equal(to->keywords[i].name, name))
            return render_fail(render, "the argument '%.*s' is given twice", (int)size_min(name.bytes, 100),
                               (const char *)name.data);
    void *items = to->keywords;
    if (!make_room(render, &items, to->keyword_count, &to->keyword_capacity, sizeof *to->keywords))
        return false;
    to->keywords = items;
    to->keywords[to->keyword_count++] = (struct keyword){ name, value };
    return true;
}

static bool add_spread_list(struct render *render, struct collected *to, struct value value)
{
    const struct value *items;
    size_t count;
    if (!value_items(render, value, &items, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!render_spend(render, 1) || !add_positional(render, to, items[i]))
            return false;
    return true;
}

static bool add_spread_dict(struct render *render, struct collected *to, struct value value)
{
    if (value.kind != KIND_DICT)
        return render_fail(render, "'**' needs a dict, not a '%s'", kind_name(value.kind));
    for (size_t i = 0; i < value.dict->count; i++) {
        const struct pair *pair = &value.dict->pairs[i];
        if (pair->key.kind != KIND_TEXT)
            return render_fail(render, "'**' needs texts as keys, not a '%s'", kind_name(pair->key.kind));
        if (!add_keyword(render, to, pair->key.text, pair->value))
            return false;
    }
    return true;
}

static bool add_argument(struct render *render, struct collected *to, const struct node *node)
{
    struct value value;
    if (!evaluate(render, node->argument.value, &value))
        return false;
    if (node->argument.spread == SPREAD_LIST)
        return add_spread_list(render, to, value);
    if (node->argument.spread == SPREAD_DICT)
        return add_spread_dict(render, to, value);
    if (node->argument.name.bytes > 0)
        return add_keyword(render, to, node->argument.name, value);
    return add_positional(render, to, value);
}

bool call_arguments(struct render *render, const struct node *arguments, struct call *call)
{
    struct collected collected = { 0 };
    for (const struct node *node = arguments; node; node = node->next)
        if (!add_argument(render, &collected, node))
            return false;
    call->positional = collected.positional;
    call->positional_count = collected.positional_count;
    call->keywords = collected.keywords;
    call->keyword_count = collected.keyword_count;
    return true;
}

/* ---- builtins ---------------------------------------------------------------------------------------------------- */

/* Which parameter has this name; count of parameters if none has. */
static size_t find_parameter(const char *parameters, struct span name, size_t *count)
{
    size_t found = SIZE_MAX;
    *count = 0;
    for (const char *at = parameters; *at;) {
        const size_t length = strcspn(at, " ");
        if (span_equal(span_of(at, length), name))
            found = *count;
        ++*count;
        at += length + strspn(at + length, " ");
    }
    return found;
}

static bool bind_keyword(struct render *render, const char *what, const struct builtin *builtin,
                         const struct keyword *keyword, struct call *call)
{
    size_t count;
    const size_t parameter = find_parameter(builtin->parameters, keyword->name, &count);
    const int bytes = (int)size_min(keyword->name.bytes, 100);
    const char *name = (const char *)keyword->name.data;
    if (parameter == SIZE_MAX)
        return render_fail(render, "%s '%s' takes no argument '%.*s'", what, builtin->name, bytes, name);
    if (value_given(call->given[parameter]))
        return render_fail(render, "%s '%s': the argument '%.*s' is given twice", what, builtin->name, bytes, name);
    call->given[parameter] = keyword->value;
    return true;
}

static bool bind(struct render *render, const char *what, const struct builtin *builtin, struct call *call)
{
    size_t count;
    find_parameter(builtin->parameters, span_of(NULL, 0), &count);
    if (call->positional_count > count)
        return render_fail(render, "%s '%s' takes at most %zu arguments, not %zu", what, builtin->name, count,
                           call->positional_count);
    for (size_t i = 0; i < call->positional_count; i++)
        call->given[i] = call->positional[i];
    for (size_t i = 0; i < call->keyword_count; i++)
        if (!bind_keyword(render, what, builtin, &call->keywords[i], call))
            return false;
    for (size_t i = 0; i < builtin->least; i++)
        if (!value_given(call->given[i]))
            return render_fail(render, "%s '%s' needs an argument more", what, builtin->name);
    return true;
}

bool call_builtin(struct render *render, const char *what, const struct builtin *builtin, struct call *call,
                  struct value *out)
{
    if (builtin->parameters && !bind(render, what, builtin, call))
        return false;
    if (!render_enter(render))
        return false;
    const bool done = builtin->run(render, call, out);
    render_leave(render);
    return done;
}

/* ", " between things: nothing at the first call. */
static bool call_joiner(struct cycler *joiner, struct value *out)
{
    *out = joiner->at++ > 0 ? joiner->items[0] : value_text(span_text(""));
    return true;
}

bool call_value(struct render *render, struct value callee, struct call *call, struct value *out)
{
    switch (callee.kind) {
    case KIND_UNDEFINED:
        return value_fail_undefined(render, callee);
    case KIND_MACRO:
        return macro_call(render, callee.macro, call, out);
    case KIND_FUNCTION:
        return call_builtin(render, "function", callee.function, call, out);
    case KIND_METHOD:
        call->self = callee.method->self;
        return call_builtin(render, "method", callee.method->builtin, call, out);
    case KIND_LOOP:
        return loop_call(render, callee.loop, call, out);
    case KIND_JOINER:
        return call_joiner(callee.cycler, out);
    default:
        return render_fail(render, "a '%s' cannot be called", kind_name(callee.kind));
    }
}
