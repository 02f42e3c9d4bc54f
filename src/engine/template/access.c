/* access.c: value.name, value[index] and value[start:stop:step].
 *
 * As in Jinja, a dot asks for an attribute first and then for a key, brackets the other way round; what is not there is
 * undefined. Attributes are the methods in the tables of builtins and a few properties: there are no others to find. */
#include "engine/template/builtins.h"

#include "engine/template/unicode.h"

#include <string.h>

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static bool bind_method(struct render *render, struct value self, const struct builtin *builtin, struct value *out)
{
    struct method *method = render_take(render, 1, sizeof *method);
    if (!method)
        return false;
    *method = (struct method){ self, builtin };
    *out = (struct value){ .kind = KIND_METHOD, .method = method };
    return true;
}

static bool macro_attribute(const struct macro *macro, struct span name, struct value *out)
{
    if (!span_equal(name, span_text("name")))
        return false;
    *out = value_text(macro->node->macro.name);
    return true;
}

static bool cycler_attribute(const struct cycler *cycler, struct span name, struct value *out)
{
    if (!span_equal(name, span_text("current")))
        return false;
    *out = cycler->items[cycler->at];
    return true;
}

/* out is KIND_MISSING if value has no attribute of this name. */
static bool find_attribute(struct render *render, struct value value, struct span name, struct value *out)
{
    *out = (struct value){ .kind = KIND_MISSING };
    const struct builtin *method = method_find(value.kind, name);
    if (method)
        return bind_method(render, value, method, out);
    if (value.kind == KIND_LOOP)
        return loop_attribute(render, value.loop, name, out);
    if (value.kind == KIND_MACRO)
        macro_attribute(value.macro, name, out);
    else if (value.kind == KIND_CYCLER)
        cycler_attribute(value.cycler, name, out);
    else if (value.kind == KIND_NAMESPACE) {
        struct value *found;
        if (!dict_find(render, value.dict, value_text(name), &found))
            return false;
        if (found)
            *out = *found;
    }
    return true;
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

static bool text_item(struct render *render, struct span text, int64_t index, struct value *out)
{
    const size_t count = unicode_count(text);
    if (index < 0)
        index += (int64_t)count;
    if (index < 0 || (uint64_t)index >= count)
        return render_spend(render, text.bytes / 16);
    const size_t start = unicode_offset(text, (size_t)index);
    const size_t end = start + unicode_offset(span_part(text, start, text.bytes), 1);
    *out = value_text(span_part(text, start, end));
    return render_spend(render, text.bytes / 8);
}

static void list_item(const struct list *list, int64_t index, struct value *out)
{
    if (index < 0)
        index += (int64_t)list->count;
    if (index >= 0 && (uint64_t)index < list->count)
        *out = list->items[index];
}

/* out is KIND_MISSING if value has no such item. */
static bool find_item(struct render *render, struct value value, struct value index, struct value *out)
{
    *out = (struct value){ .kind = KIND_MISSING };
    if (value.kind == KIND_DICT) {
        struct value *found = NULL;
        if (index.kind == KIND_LIST || index.kind == KIND_DICT)
            return true; /* no key: Jinja says undefined */
        if (!dict_find(render, value.dict, index, &found))
            return false;
        if (found)
            *out = *found;
        return true;
    }
    if (!value_is_whole(index))
        return true;
    if (value.kind == KIND_TEXT)
        return text_item(render, value.text, value_whole(index), out);
    if (value_is_sequence(value))
        list_item(value.list, value_whole(index), out);
    return true;
}

static bool undefined_item(struct render *render, struct value value, struct value index, struct value *out)
{
    struct span name;
    if (!value_str(render, index, &name))
        return false;
    *out = value_undefined(value.kind, name);
    return true;
}

bool attribute_get(struct render *render, struct value value, struct span name, struct value *out)
{
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, value);
    if (!find_attribute(render, value, name, out))
        return false;
    if (!value_given(*out) && !find_item(render, value, value_text(name), out))
        return false;
    if (!value_given(*out))
        *out = value_undefined(value.kind, name);
    return true;
}

bool item_get(struct render *render, struct value value, struct value index, struct value *out)
{
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, value);
    if (!find_item(render, value, index, out))
        return false;
    if (!value_given(*out) && index.kind == KIND_TEXT && !find_attribute(render, value, index.text, out))
        return false;
    return value_given(*out) || undefined_item(render, value, index, out);
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/* One part of a path: digits alone are an index. */
static struct value path_part(struct span part)
{
    int64_t index = 0;
    for (size_t i = 0; i < part.bytes; i++) {
        if (part.data[i] < '0' || part.data[i] > '9' || index > INT32_MAX)
            return value_text(part);
        index = index * 10 + (part.data[i] - '0');
    }
    return part.bytes > 0 ? value_integer(index) : value_text(part);
}

bool path_get(struct render *render, struct value value, struct value path, struct value *out)
{
    *out = value;
    if (path.kind != KIND_TEXT)
        return path.kind == KIND_NONE || item_get(render, value, path, out);
    struct span rest = path.text;
    for (;;) {
        const unsigned char *dot = rest.bytes ? memchr(rest.data, '.', rest.bytes) : NULL;
        const size_t end = dot ? (size_t)(dot - rest.data) : rest.bytes;
        if (!item_get(render, *out, path_part(span_part(rest, 0, end)), out))
            return false;
        if (!dot)
            return true;
        rest = span_part(rest, end + 1, rest.bytes);
    }
}

/* ---- slices ------------------------------------------------------------------------------------------------------ */

/* Which items a slice takes: count of them, from start on, step apart. */
struct range {
    int64_t start, step;
    size_t count;
};

/* A bound counted from the beginning, inside [low, high]. */
static int64_t slice_bound(struct value part, int64_t length, int64_t low, int64_t high, int64_t fallback)
{
    if (part.kind == KIND_NONE)
        return fallback;
    int64_t bound = value_whole(part);
    if (bound < 0)
        bound += length;
    return bound < low ? low : bound > high ? high : bound;
}

/* Source: docs.python.org/3/reference/datamodel.html#slice.indices */
static bool slice_range(struct render *render, const struct value parts[3], size_t length, struct range *out)
{
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].kind == KIND_UNDEFINED)
            return value_fail_undefined(render, parts[i]);
        if (parts[i].kind != KIND_NONE && !value_is_whole(parts[i]))
            return render_fail(render, "a slice needs whole numbers, not a '%s'", kind_name(parts[i].kind));
    }
    const int64_t n = (int64_t)length, step = parts[2].kind == KIND_NONE ? 1 : value_whole(parts[2]);
    if (step == 0)
        return render_fail(render, "the step of a slice cannot be zero");
    const bool back = step < 0;
    const int64_t start = slice_bound(parts[0], n, back ? -1 : 0, back ? n - 1 : n, back ? n - 1 : 0);
    const int64_t stop = slice_bound(parts[1], n, back ? -1 : 0, back ? n - 1 : n, back ? -1 : n);
    const uint64_t distance = back ? (start > stop ? (uint64_t)(start - stop) : 0)
                                   : (stop > start ? (uint64_t)(stop - start) : 0);
    const uint64_t size = back ? -(uint64_t)step : (uint64_t)step;
    *out = (struct range){ start, step, distance == 0 ? 0 : (size_t)((distance - 1) / size + 1) };
    return true;
}

static bool text_slice(struct render *render, struct span text, const struct range *range, struct value *out)
{
    if (range->step == 1) {
        const size_t start = unicode_offset(text, (size_t)range->start);
        const struct span tail = span_part(text, start, text.bytes);
        *out = value_text(span_part(tail, 0, unicode_offset(tail, range->count)));
        return render_spend(render, text.bytes / 8);
    }
    const struct value *characters;
    size_t count;
    if (!value_items(render, value_text(text), &characters, &count))
        return false;
    struct buffer taken = text_begin();
    bool whole = true;
    for (size_t i = 0; whole && i < range->count; i++)
        whole = text_add(render, &taken, characters[range->start + (int64_t)i * range->step].text);
    return text_end(render, &taken, whole, out);
}

/* A slice of a range is a list: what is left of it is no range that print could name. */
static bool list_slice(struct render *render, struct value value, const struct range *range, struct value *out)
{
    const enum kind kind = value.kind == KIND_RANGE ? KIND_LIST : value.kind;
    if (range->step == 1)
        return list_of(render, kind, value.list->items + range->start, range->count, out);
    struct list *list = list_new(render, range->count);
    for (size_t i = 0; list && i < range->count; i++)
        if (!list_add(render, list, value.list->items[range->start + (int64_t)i * range->step]))
            return false;
    *out = value_list(kind, list);
    return list != NULL;
}

bool slice_get(struct render *render, struct value value, const struct value parts[3], struct value *out)
{
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, value);
    if (value.kind != KIND_TEXT && !value_is_sequence(value))
        return render_fail(render, "a '%s' cannot be sliced", kind_name(value.kind));
    size_t length;
    struct range range = { 0 };
    if (!value_length(render, value, &length) || !slice_range(render, parts, length, &range))
        return false;
    return value.kind == KIND_TEXT ? text_slice(render, value.text, &range, out)
                                   : list_slice(render, value, &range, out);
}
