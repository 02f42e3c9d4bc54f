/* functions.c: global functions: Jinja's own (range, namespace, dict, cycler, joiner), and those that Hugging Face
 * hands to templates (raise_exception, strftime_now). */
#include "engine/template/builtins.h"

#include <string.h>
#include <time.h>

/* ---- range ------------------------------------------------------------------------------------------------------- */

enum { LONGEST_RANGE = 100000 }; /* MAX_RANGE of Jinja's sandbox */

static size_t range_count(int64_t start, int64_t stop, int64_t step)
{
    const bool back = step < 0;
    if (back ? start <= stop : start >= stop)
        return 0;
    const uint64_t distance = back ? (uint64_t)start - (uint64_t)stop : (uint64_t)stop - (uint64_t)start;
    const uint64_t size = back ? -(uint64_t)step : (uint64_t)step;
    return (size_t)((distance - 1) / size + 1);
}

static const char *range_shown(struct render *render, int64_t start, int64_t stop, int64_t step)
{
    const char *shown = step == 1 ? arena_format(&render->arena, "range(%lld, %lld)", (long long)start, (long long)stop)
                                  : arena_format(&render->arena, "range(%lld, %lld, %lld)", (long long)start,
                                                 (long long)stop, (long long)step);
    if (!shown)
        error_memory(render->error, 64);
    return shown;
}

static bool function_range(struct render *render, const struct call *call, struct value *out)
{
    int64_t start = 0, stop = 0, step = 1;
    const bool one = !value_given(call->given[1]);
    if (!take_integer(render, "start", call->given[0], one ? &stop : &start) ||
        !take_integer(render, "stop", call->given[1], &stop) || !take_integer(render, "step", call->given[2], &step))
        return false;
    if (step == 0)
        return render_fail(render, "range: the step cannot be zero");
    const size_t count = range_count(start, stop, step);
    if (count > LONGEST_RANGE)
        return render_fail(render, "range: more than %d numbers", LONGEST_RANGE);
    struct list *list = list_new(render, count);
    if (!list || !render_spend(render, count) || !(list->shown = range_shown(render, start, stop, step)))
        return false;
    for (size_t i = 0; i < count; i++)
        list->items[list->count++] = value_integer(start + (int64_t)i * step);
    *out = value_list(KIND_RANGE, list);
    return true;
}

/* ---- dict and namespace ------------------------------------------------------------------------------------------ */

static bool copy_pairs(struct render *render, struct value from, struct dict *to)
{
    if (from.kind != KIND_DICT)
        return render_fail(render, "a dict is wanted, not a '%s'", kind_name(from.kind));
    for (size_t i = 0; i < from.dict->count; i++)
        if (!dict_add(render, to, from.dict->pairs[i].key, from.dict->pairs[i].value))
            return false;
    return true;
}

/* From a dict, or from arguments with names, or both. */
static bool make_dict(struct render *render, const struct call *call, enum kind kind, struct value *out)
{
    struct dict *dict = dict_new(render, 0);
    if (!dict)
        return false;
    if (call->positional_count > 1)
        return render_fail(render, "at most one argument without a name is wanted");
    if (call->positional_count == 1 && !copy_pairs(render, call->positional[0], dict))
        return false;
    for (size_t i = 0; i < call->keyword_count; i++)
        if (!dict_set(render, dict, value_text(call->keywords[i].name), call->keywords[i].value))
            return false;
    *out = (struct value){ .kind = kind, .dict = dict };
    return true;
}

static bool function_dict(struct render *render, const struct call *call, struct value *out)
{
    return make_dict(render, call, KIND_DICT, out);
}

static bool function_namespace(struct render *render, const struct call *call, struct value *out)
{
    return make_dict(render, call, KIND_NAMESPACE, out);
}

/* ---- cycler and joiner ------------------------------------------------------------------------------------------- */

static bool make_cycler(struct render *render, const struct value *items, size_t count, enum kind kind,
                        struct value *out)
{
    struct cycler *cycler = render_take(render, 1, sizeof *cycler);
    if (!cycler)
        return false;
    *cycler = (struct cycler){ .items = items, .count = count };
    *out = (struct value){ .kind = kind, .cycler = cycler };
    return true;
}

static bool function_cycler(struct render *render, const struct call *call, struct value *out)
{
    if (call->positional_count == 0)
        return render_fail(render, "function 'cycler' needs an argument more");
    return make_cycler(render, call->positional, call->positional_count, KIND_CYCLER, out);
}

static bool function_joiner(struct render *render, const struct call *call, struct value *out)
{
    struct value *between = render_take(render, 1, sizeof *between);
    if (!between)
        return false;
    *between = value_given(call->given[0]) ? call->given[0] : value_text(span_text(", "));
    return make_cycler(render, between, 1, KIND_JOINER, out);
}

static bool cycler_next(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    struct cycler *cycler = call->self.cycler;
    *out = cycler->items[cycler->at];
    cycler->at = (cycler->at + 1) % cycler->count;
    return true;
}

static bool cycler_reset(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    call->self.cycler->at = 0;
    *out = value_none();
    return true;
}

const struct builtin cycler_methods[] = {
    { "next", "", 0, cycler_next },
    { "reset", "", 0, cycler_reset },
    { 0 },
};

/* ---- Hugging Face's ---------------------------------------------------------------------------------------------- */

static bool function_raise_exception(struct render *render, const struct call *call, struct value *out)
{
    struct span message;
    (void)out;
    if (!value_str(render, call->given[0], &message))
        return false;
    return render_fail(render, "the template refuses: %.*s", (int)size_min(message.bytes, 512),
                       (const char *)message.data);
}

enum { LONGEST_DATE_FORMAT = 256, LONGEST_DATE = 1024 };

/* The date and time here, as the C library writes it. */
static bool function_strftime_now(struct render *render, const struct call *call, struct value *out)
{
    struct span format = span_of(NULL, 0);
    char format_text[LONGEST_DATE_FORMAT + 1] = "", date[LONGEST_DATE] = "";
    if (!take_text(render, "format", call->given[0], &format))
        return false;
    if (format.bytes > LONGEST_DATE_FORMAT || (format.bytes > 0 && memchr(format.data, '\0', format.bytes)))
        return render_fail(render, "strftime_now: the format is longer than %d bytes", LONGEST_DATE_FORMAT);
    if (format.bytes > 0)
        memcpy(format_text, format.data, format.bytes);
    const time_t now = (time_t)render->now;
    struct tm parts;
    if (!localtime_r(&now, &parts))
        return render_fail(render, "strftime_now: there is no such date");
    const size_t length = strftime(date, sizeof date, format_text, &parts);
    struct buffer text = text_begin();
    const bool whole = text_add(render, &text, span_of(date, length));
    return text_end(render, &text, whole, out);
}

const struct builtin functions[] = {
    { "range", "start stop step", 1, function_range },
    { "namespace", NULL, 0, function_namespace },
    { "dict", NULL, 0, function_dict },
    { "cycler", NULL, 0, function_cycler },
    { "joiner", "sep", 0, function_joiner },
    { "raise_exception", "message", 1, function_raise_exception },
    { "strftime_now", "format", 1, function_strftime_now },
    { 0 },
};
