/* filters_list.c: filters of lists and dicts: length, order, grouping.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters */
#include "engine/template/text.h"

#include <string.h>

static bool filter_length(struct render *render, const struct call *call, struct value *out)
{
    size_t length;
    if (!value_length(render, call->self, &length))
        return false;
    *out = value_integer((int64_t)length);
    return true;
}

/* Of an iterator the first item is taken, and the others stay. */
static bool filter_first(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    if (!value_items(render, call->self, &items, &count))
        return false;
    if (call->self.kind == KIND_ITERATOR && count > 0)
        call->self.list->taken -= count - 1;
    *out = count > 0 ? items[0] : value_undefined_because("No first item, sequence was empty.");
    return true;
}

static bool filter_last(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    if (call->self.kind == KIND_ITERATOR)
        return render_fail(render, "a '%s' has no last item", kind_name(call->self.kind));
    if (!value_items(render, call->self, &items, &count))
        return false;
    *out = count > 0 ? items[count - 1] : value_undefined_because("No last item, sequence was empty.");
    return true;
}

static bool filter_list(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    return value_items(render, call->self, &items, &count) && list_of(render, KIND_LIST, items, count, out);
}

static bool filter_reverse(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    if (!value_items(render, call->self, &items, &count))
        return false;
    struct list *reversed = list_new(render, count);
    for (size_t i = 0; reversed && i < count; i++)
        if (!list_add(render, reversed, items[count - 1 - i]))
            return false;
    if (!reversed || call->self.kind != KIND_TEXT) {
        *out = value_list(call->self.kind == KIND_ITERATOR ? KIND_LIST : KIND_ITERATOR, reversed);
        return reversed != NULL;
    }
    return text_join(render, span_text(""), reversed->items, count, true, out);
}

/* ---- keys to sort by --------------------------------------------------------------------------------------------- */

/* The part of an item that counts: at a path, in small letters unless case matters. */
static bool key_of(struct render *render, struct value item, struct value path, bool with_case, struct value *out)
{
    *out = item;
    if (value_given(path) && !path_get(render, item, path, out))
        return false;
    return with_case || out->kind != KIND_TEXT || text_lower(render, out->text, out);
}

/* Several paths with commas between: a list of keys. */
static bool keys_of_paths(struct render *render, struct value item, struct span paths, bool with_case,
                          struct list *into)
{
    for (;;) {
        const unsigned char *comma = paths.bytes ? memchr(paths.data, ',', paths.bytes) : NULL;
        const size_t end = comma ? (size_t)(comma - paths.data) : paths.bytes;
        struct value key;
        if (!key_of(render, item, value_text(span_part(paths, 0, end)), with_case, &key) ||
            !list_add(render, into, key))
            return false;
        if (!comma)
            return true;
        paths = span_part(paths, end + 1, paths.bytes);
    }
}

static bool sort_key(struct render *render, struct value item, struct value path, bool with_case, struct value *out)
{
    struct list *keys = list_new(render, 1);
    struct value key;
    *out = value_list(KIND_LIST, keys);
    if (!keys)
        return false;
    if (path.kind == KIND_TEXT)
        return keys_of_paths(render, item, path.text, with_case, keys);
    return key_of(render, item, path, with_case, &key) && list_add(render, keys, key);
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

/* A merge sort: stable, and as quick on the worst order as on any. */
struct sorting {
    struct render *render;
    const struct value *keys;
    size_t *order, *spare;
    bool reverse;
};

/* Whether the item at place b of the keys must come before the one at a, which stands before it. */
static bool goes_before(const struct sorting *sorting, size_t a, size_t b, bool *before)
{
    int order;
    bool ordered;
    const size_t left = sorting->reverse ? a : b, right = sorting->reverse ? b : a;
    if (!value_order(sorting->render, "sort", sorting->keys[left], sorting->keys[right], &order, &ordered))
        return false;
    *before = ordered && order < 0;
    return true;
}

static bool merge(struct sorting *sorting, size_t start, size_t middle, size_t end)
{
    size_t a = start, b = middle;
    for (size_t to = start; to < end; to++) {
        bool second = a == middle;
        if (a < middle && b < end && !goes_before(sorting, sorting->order[a], sorting->order[b], &second))
            return false;
        sorting->spare[to] = second ? sorting->order[b++] : sorting->order[a++];
    }
    return true;
}

static bool sort_order(struct sorting *sorting, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width)
            if (!merge(sorting, start, size_min(start + width, count), size_min(start + 2 * width, count)))
                return false;
        memcpy(sorting->order, sorting->spare, count * sizeof *sorting->order);
    }
    return true;
}

bool sort_items(struct render *render, const struct value *keys, struct value *items, size_t count, bool reverse)
{
    struct sorting sorting = {
        .render = render,
        .keys = keys,
        .order = render_take(render, count, sizeof *sorting.order),
        .spare = render_take(render, count, sizeof *sorting.spare),
        .reverse = reverse,
    };
    struct value *sorted = render_take(render, count, sizeof *sorted);
    if (!sorting.order || !sorting.spare || !sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorting.order[i] = i;
    if (!sort_order(&sorting, count))
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = items[sorting.order[i]];
    if (count > 0)
        memcpy(items, sorted, count * sizeof *items);
    return true;
}

static bool filter_sort(struct render *render, const struct call *call, struct value *out)
{
    if (!filter_list(render, call, out))
        return false;
    struct list *list = out->list;
    struct value *keys = render_take(render, list->count, sizeof *keys);
    for (size_t i = 0; keys && i < list->count; i++)
        if (!sort_key(render, list->items[i], call->given[2], take_flag(call->given[1]), &keys[i]))
            return false;
    return keys && sort_items(render, keys, list->items, list->count, take_flag(call->given[0]));
}

/* Whether dictsort sorts by value. */
static bool take_by(struct render *render, struct value by, bool *value)
{
    struct span text = span_text("key");
    if (!take_text(render, "by", by, &text))
        return false;
    *value = span_equal(text, span_text("value"));
    return *value || span_equal(text, span_text("key")) || render_fail(render, "dictsort: 'by' is 'key' or 'value'");
}

static bool pairs_of(struct render *render, const struct dict *dict, struct list *into)
{
    for (size_t i = 0; i < dict->count; i++) {
        const struct value both[] = { dict->pairs[i].key, dict->pairs[i].value };
        struct value pair;
        if (!list_of(render, KIND_TUPLE, both, 2, &pair) || !list_add(render, into, pair))
            return false;
    }
    return true;
}

static bool filter_dictsort(struct render *render, const struct call *call, struct value *out)
{
    bool by_value;
    if (call->self.kind != KIND_DICT)
        return render_fail(render, "dictsort needs a dict, not a '%s'", kind_name(call->self.kind));
    const struct dict *dict = call->self.dict;
    struct list *list = list_new(render, dict->count);
    struct value *keys = render_take(render, dict->count, sizeof *keys);
    if (!list || !keys || !take_by(render, call->given[1], &by_value) || !pairs_of(render, dict, list))
        return false;
    const struct value whole = { .kind = KIND_MISSING };
    for (size_t i = 0; i < dict->count; i++)
        if (!key_of(render, list->items[i].list->items[by_value], whole, take_flag(call->given[0]), &keys[i]))
            return false;
    *out = value_list(KIND_LIST, list);
    return sort_items(render, keys, list->items, list->count, take_flag(call->given[2]));
}

static bool filter_items(struct render *render, const struct call *call, struct value *out)
{
    struct list *list = list_new(render, 0);
    if (!list)
        return false;
    *out = value_list(KIND_ITERATOR, list);
    if (call->self.kind == KIND_UNDEFINED)
        return true;
    if (call->self.kind != KIND_DICT)
        return render_fail(render, "items needs a dict, not a '%s'", kind_name(call->self.kind));
    return pairs_of(render, call->self.dict, list);
}

/* ---- choosing one, or some --------------------------------------------------------------------------------------- */

static bool extreme(struct render *render, const struct call *call, bool largest, struct value *out)
{
    const struct value *items;
    size_t count;
    struct value best, key;
    if (!value_items(render, call->self, &items, &count))
        return false;
    *out = value_undefined_because("No aggregated item, sequence was empty.");
    for (size_t i = 0; i < count; i++) {
        int order = 0;
        bool ordered = true;
        if (!key_of(render, items[i], call->given[1], take_flag(call->given[0]), &key))
            return false;
        if (i > 0 && !value_order(render, largest ? "max" : "min", key, best, &order, &ordered))
            return false;
        if (i > 0 && !(ordered && (largest ? order > 0 : order < 0)))
            continue;
        best = key;
        *out = items[i];
    }
    return true;
}

static bool filter_min(struct render *render, const struct call *call, struct value *out)
{
    return extreme(render, call, false, out);
}

static bool filter_max(struct render *render, const struct call *call, struct value *out)
{
    return extreme(render, call, true, out);
}

static bool filter_unique(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    struct dict *seen = dict_new(render, 0);
    struct list *list = list_new(render, 0);
    if (!seen || !list || !value_items(render, call->self, &items, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value key, *found;
        if (!key_of(render, items[i], call->given[1], take_flag(call->given[0]), &key) ||
            !dict_find(render, seen, key, &found))
            return false;
        if (!found && (!dict_add(render, seen, key, value_none()) || !list_add(render, list, items[i])))
            return false;
    }
    *out = value_list(KIND_ITERATOR, list);
    return true;
}

static bool filter_sum(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    *out = value_given(call->given[1]) ? call->given[1] : value_integer(0);
    if (out->kind == KIND_TEXT)
        return render_fail(render, "sum adds no texts: use join");
    if (!value_items(render, call->self, &items, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value item = items[i];
        if (value_given(call->given[0]) && !path_get(render, item, call->given[0], &item))
            return false;
        if (!arithmetic(render, OPERATION_ADD, *out, item, out))
            return false;
    }
    return true;
}

static bool filter_join(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    struct span between = span_text("");
    if (value_given(call->given[0]) && !value_str(render, call->given[0], &between))
        return false;
    if (!value_items(render, call->self, &items, &count))
        return false;
    if (!value_given(call->given[1]) || call->given[1].kind == KIND_NONE)
        return text_join(render, between, items, count, true, out);
    struct value *parts = render_take(render, count, sizeof *parts);
    for (size_t i = 0; parts && i < count; i++)
        if (!path_get(render, items[i], call->given[1], &parts[i]))
            return false;
    return parts && text_join(render, between, parts, count, true, out);
}

/* ---- cutting into pieces ----------------------------------------------------------------------------------------- */

/* items[start:end], with fill behind it as often as asked, as one more item of a list. */
static bool add_piece(struct render *render, struct list *to, const struct value *items, size_t count,
                      struct value fill, size_t times)
{
    struct value piece;
    if (!list_of(render, KIND_LIST, items, count, &piece))
        return false;
    for (size_t i = 0; i < times; i++)
        if (!list_add(render, piece.list, fill))
            return false;
    return list_add(render, to, piece);
}

static bool has_fill(const struct call *call)
{
    return value_given(call->given[1]) && call->given[1].kind != KIND_NONE;
}

static bool filter_batch(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    int64_t wanted = 0;
    struct list *pieces = list_new(render, 0);
    if (!pieces || !take_integer(render, "linecount", call->given[0], &wanted) ||
        !value_items(render, call->self, &items, &count))
        return false;
    if (wanted < 1)
        return render_fail(render, "batch: the count must be at least 1");
    for (size_t start = 0; start < count;) {
        const size_t taken = size_min((size_t)wanted, count - start);
        const size_t missing = has_fill(call) ? (size_t)wanted - taken : 0;
        if (!add_piece(render, pieces, items + start, taken, call->given[1], missing))
            return false;
        start += taken;
    }
    *out = value_list(KIND_ITERATOR, pieces);
    return true;
}

static bool filter_slice(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    int64_t slices = 0;
    struct list *pieces = list_new(render, 0);
    if (!pieces || !take_integer(render, "slices", call->given[0], &slices) ||
        !value_items(render, call->self, &items, &count))
        return false;
    if (slices < 1)
        return render_fail(render, "slice: the count must be at least 1");
    const size_t wanted = (size_t)slices, each = count / wanted, longer = count % wanted;
    for (size_t i = 0; i < wanted; i++) {
        const size_t taken = each + (i < longer);
        if (!add_piece(render, pieces, items, taken, call->given[1], has_fill(call) && i >= longer))
            return false;
        items += taken;
    }
    *out = value_list(KIND_ITERATOR, pieces);
    return true;
}

const struct builtin list_filters[] = {
    { "length", "", 0, filter_length },
    { "count", "", 0, filter_length },
    { "first", "", 0, filter_first },
    { "last", "", 0, filter_last },
    { "list", "", 0, filter_list },
    { "join", "d attribute", 0, filter_join },
    { "reverse", "", 0, filter_reverse },
    { "sort", "reverse case_sensitive attribute", 0, filter_sort },
    { "dictsort", "case_sensitive by reverse", 0, filter_dictsort },
    { "items", "", 0, filter_items },
    { "unique", "case_sensitive attribute", 0, filter_unique },
    { "min", "case_sensitive attribute", 0, filter_min },
    { "max", "case_sensitive attribute", 0, filter_max },
    { "sum", "attribute start", 0, filter_sum },
    { "batch", "linecount fill_with", 1, filter_batch },
    { "slice", "slices fill_with", 1, filter_slice },
    { 0 },
};
