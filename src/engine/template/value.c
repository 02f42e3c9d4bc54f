/* value.c: equality, order, truth and length as Python has them; lists and dicts. */
#include "engine/template/render.h"

#include "engine/template/unicode.h"

#include <math.h>
#include <string.h>

const char *kind_name(enum kind kind)
{
    static const char *const names[] = {
        [KIND_MISSING] = "nothing",
        [KIND_UNDEFINED] = "undefined",
        [KIND_NONE] = "None",
        [KIND_BOOLEAN] = "bool object",
        [KIND_INTEGER] = "int object",
        [KIND_REAL] = "float object",
        [KIND_TEXT] = "str object",
        [KIND_LIST] = "list object",
        [KIND_TUPLE] = "tuple object",
        [KIND_RANGE] = "range object",
        [KIND_VIEW] = "dict view",
        [KIND_ITERATOR] = "generator object",
        [KIND_DICT] = "dict object",
        [KIND_NAMESPACE] = "namespace object",
        [KIND_LOOP] = "loop object",
        [KIND_MACRO] = "macro object",
        [KIND_FUNCTION] = "function object",
        [KIND_METHOD] = "method object",
        [KIND_CYCLER] = "cycler object",
        [KIND_JOINER] = "joiner object",
    };
    return names[kind];
}

bool value_truth(struct value value)
{
    switch (value.kind) {
    case KIND_MISSING:
    case KIND_UNDEFINED:
    case KIND_NONE:
        return false;
    case KIND_BOOLEAN:
        return value.truth;
    case KIND_INTEGER:
        return value.integer != 0;
    case KIND_REAL:
        return value.real != 0;
    case KIND_TEXT:
        return value.text.bytes > 0;
    case KIND_LIST:
    case KIND_TUPLE:
    case KIND_RANGE:
    case KIND_VIEW:
        return value.list->count > 0;
    case KIND_DICT:
        return value.dict->count > 0;
    default:
        return true;
    }
}

bool value_same(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case KIND_BOOLEAN:
        return a.truth == b.truth;
    case KIND_INTEGER:
        return a.integer == b.integer;
    case KIND_REAL:
        return false;
    case KIND_TEXT:
        return span_equal(a.text, b.text);
    case KIND_NONE:
        return true;
    case KIND_UNDEFINED:
        return false;
    default:
        return a.list == b.list; /* any pointer of the union */
    }
}

bool value_fail_undefined(struct render *render, struct value undefined)
{
    const int bytes = (int)size_min(undefined.text.bytes, 200);
    const char *name = (const char *)undefined.text.data;
    if (undefined.owner == KIND_UNDEFINED)
        return render_fail(render, "%.*s", bytes, name);
    if (undefined.owner == KIND_MISSING)
        return render_fail(render, "'%.*s' is undefined", bytes, name);
    return render_fail(render, "'%s' has no attribute '%.*s'", kind_name(undefined.owner), bytes, name);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* -1, 0, 1; *ordered is false if one is not a number. An integer and a float are compared exactly: a long double of
 * x86-64 (64 bits of precision) or ARM (113) holds either. */
static int number_order(struct value a, struct value b, bool *ordered)
{
    *ordered = true;
    if (value_is_whole(a) && value_is_whole(b))
        return (value_whole(a) > value_whole(b)) - (value_whole(a) < value_whole(b));
    const long double x = a.kind == KIND_REAL ? (long double)a.real : (long double)value_whole(a);
    const long double y = b.kind == KIND_REAL ? (long double)b.real : (long double)value_whole(b);
    *ordered = !isnan(x) && !isnan(y);
    return (x > y) - (x < y);
}

static int text_order(struct span a, struct span b)
{
    const size_t common = size_min(a.bytes, b.bytes);
    const int order = common ? memcmp(a.data, b.data, common) : 0; /* of UTF-8: the order of code points */
    return order ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

/* ---- equality ---------------------------------------------------------------------------------------------------- */

static bool lists_equal(struct render *render, const struct list *a, const struct list *b, bool *equal)
{
    *equal = a->count == b->count;
    for (size_t i = 0; *equal && i < a->count; i++)
        if (!value_equal(render, a->items[i], b->items[i], equal))
            return false;
    return true;
}

static bool dicts_equal(struct render *render, const struct dict *a, const struct dict *b, bool *equal)
{
    *equal = a->count == b->count;
    for (size_t i = 0; *equal && i < a->count; i++) {
        struct value *other;
        if (!dict_find(render, b, a->pairs[i].key, &other))
            return false;
        *equal = other != NULL;
        if (other && !value_equal(render, a->pairs[i].value, *other, equal))
            return false;
    }
    return true;
}

static bool same_kind_equal(struct render *render, struct value a, struct value b, bool *equal)
{
    switch (a.kind) {
    case KIND_UNDEFINED:
        *equal = true;
        return true;
    case KIND_TEXT:
        *equal = span_equal(a.text, b.text);
        return !*equal || render_spend(render, a.text.bytes / 64);
    case KIND_LIST:
    case KIND_TUPLE:
    case KIND_RANGE:
        return lists_equal(render, a.list, b.list, equal);
    case KIND_DICT:
        return dicts_equal(render, a.dict, b.dict, equal);
    default:
        *equal = value_same(a, b);
        return true;
    }
}

bool value_equal(struct render *render, struct value a, struct value b, bool *equal)
{
    *equal = false;
    if (value_is_number(a) && value_is_number(b)) {
        bool ordered;
        *equal = number_order(a, b, &ordered) == 0 && ordered;
        return render_spend(render, 1);
    }
    if (a.kind != b.kind)
        return render_spend(render, 1);
    if (!render_enter(render))
        return false;
    const bool compared = same_kind_equal(render, a, b, equal);
    render_leave(render);
    return compared;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static bool lists_order(struct render *render, const char *what, const struct list *a, const struct list *b, int *order,
                        bool *ordered)
{
    const size_t common = size_min(a->count, b->count);
    for (size_t i = 0; i < common; i++) {
        bool equal;
        if (!value_equal(render, a->items[i], b->items[i], &equal))
            return false;
        if (!equal)
            return value_order(render, what, a->items[i], b->items[i], order, ordered);
    }
    *order = (a->count > b->count) - (a->count < b->count);
    return true;
}

bool value_order(struct render *render, const char *what, struct value a, struct value b, int *order, bool *ordered)
{
    *ordered = true;
    if (a.kind == KIND_UNDEFINED || b.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, a.kind == KIND_UNDEFINED ? a : b);
    if (value_is_number(a) && value_is_number(b)) {
        *order = number_order(a, b, ordered);
        return render_spend(render, 1);
    }
    if (a.kind == KIND_TEXT && b.kind == KIND_TEXT) {
        *order = text_order(a.text, b.text);
        return render_spend(render, 1 + size_min(a.text.bytes, b.text.bytes) / 64);
    }
    if (a.kind != b.kind || (a.kind != KIND_LIST && a.kind != KIND_TUPLE))
        return render_fail(render, "%s: '%s' and '%s' have no order", what, kind_name(a.kind), kind_name(b.kind));
    if (!render_enter(render))
        return false;
    const bool compared = lists_order(render, what, a.list, b.list, order, ordered);
    render_leave(render);
    return compared;
}

/* ---- what has items ---------------------------------------------------------------------------------------------- */

static bool text_contains(struct render *render, struct span haystack, struct value needle, bool *contains)
{
    if (needle.kind == KIND_UNDEFINED)
        return render_fail(render, "'in' of a text needs a text, not an undefined value");
    if (needle.kind != KIND_TEXT)
        return render_fail(render, "'in' of a text needs a text, not a '%s'", kind_name(needle.kind));
    *contains = needle.text.bytes == 0 ||
                (haystack.bytes > 0 && memmem(haystack.data, haystack.bytes, needle.text.data, needle.text.bytes));
    return render_spend(render, 1 + haystack.bytes / 64);
}

bool value_contains(struct render *render, struct value haystack, struct value needle, bool *contains)
{
    *contains = false;
    if (haystack.kind == KIND_TEXT)
        return text_contains(render, haystack.text, needle, contains);
    if (haystack.kind == KIND_DICT) {
        struct value *found;
        if (!dict_find(render, haystack.dict, needle, &found))
            return false;
        *contains = found != NULL;
        return true;
    }
    const struct value *items;
    size_t count;
    if (!value_items(render, haystack, &items, &count))
        return false;
    for (size_t i = 0; !*contains && i < count; i++)
        if (!value_equal(render, items[i], needle, contains))
            return false;
    return true;
}

bool value_length(struct render *render, struct value value, size_t *length)
{
    *length = 0;
    if (value.kind == KIND_UNDEFINED)
        return true;
    if (value.kind == KIND_TEXT) {
        *length = unicode_count(value.text);
        return render_spend(render, value.text.bytes / 16);
    }
    if (value.kind == KIND_DICT)
        *length = value.dict->count;
    else if (value_has_list(value) && value.kind != KIND_ITERATOR)
        *length = value.list->count;
    else
        return render_fail(render, "'%s' has no length", kind_name(value.kind));
    return true;
}

static bool characters_of(struct render *render, struct span text, const struct value **items, size_t *count)
{
    *count = unicode_count(text);
    struct value *characters = render_take(render, *count, sizeof *characters);
    if (!characters)
        return false;
    size_t offset = 0;
    for (size_t i = 0; i < *count; i++) {
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        characters[i] = value_text(span_part(text, offset, offset + bytes));
        offset += bytes;
    }
    *items = characters;
    return render_spend(render, *count);
}

static bool keys_of(struct render *render, const struct dict *dict, const struct value **items, size_t *count)
{
    struct value *keys = render_take(render, dict->count, sizeof *keys);
    for (size_t i = 0; keys && i < dict->count; i++)
        keys[i] = dict->pairs[i].key;
    *items = keys;
    *count = dict->count;
    return keys && render_spend(render, dict->count);
}

bool value_items(struct render *render, struct value value, const struct value **items, size_t *count)
{
    static const struct value nothing[1];
    *items = nothing;
    *count = 0;
    if (value.kind == KIND_UNDEFINED)
        return true;
    if (value.kind == KIND_TEXT)
        return characters_of(render, value.text, items, count);
    if (value.kind == KIND_DICT)
        return keys_of(render, value.dict, items, count);
    if (!value_has_list(value))
        return render_fail(render, "'%s' cannot be gone through", kind_name(value.kind));
    *items = value.list->items + value.list->taken;
    *count = value.list->count - value.list->taken;
    if (value.kind == KIND_ITERATOR)
        value.list->taken = value.list->count;
    return true;
}

/* ---- lists and dicts --------------------------------------------------------------------------------------------- */

struct list *list_new(struct render *render, size_t capacity)
{
    struct list *list = render_take(render, 1, sizeof *list);
    if (!list)
        return NULL;
    list->capacity = size_max(capacity, 1); /* so that items is never NULL */
    list->items = render_take(render, list->capacity, sizeof *list->items);
    return list->items ? list : NULL;
}

bool list_add(struct render *render, struct list *list, struct value item)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity * 2;
        struct value *items = render_take(render, capacity, sizeof *items);
        if (!items)
            return false;
        memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return render_spend(render, 1);
}

bool list_of(struct render *render, enum kind kind, const struct value *items, size_t count, struct value *out)
{
    struct list *list = list_new(render, count);
    if (!list || !render_spend(render, count))
        return false;
    if (count > 0)
        memcpy(list->items, items, count * sizeof *items);
    list->count = count;
    *out = value_list(kind, list);
    return true;
}

struct dict *dict_new(struct render *render, size_t capacity)
{
    struct dict *dict = render_take(render, 1, sizeof *dict);
    if (!dict || capacity == 0)
        return dict;
    dict->pairs = render_take(render, capacity, sizeof *dict->pairs);
    dict->capacity = capacity;
    return dict->pairs ? dict : NULL;
}

bool dict_add(struct render *render, struct dict *dict, struct value key, struct value value)
{
    if (dict->count == dict->capacity) {
        const size_t capacity = dict->capacity ? dict->capacity * 2 : 4;
        struct pair *pairs = render_take(render, capacity, sizeof *pairs);
        if (!pairs)
            return false;
        if (dict->count > 0)
            memcpy(pairs, dict->pairs, dict->count * sizeof *pairs);
        dict->pairs = pairs;
        dict->capacity = capacity;
    }
    dict->pairs[dict->count++] = (struct pair){ key, value };
    return render_spend(render, 1);
}

/* Python's hash(): lists and dicts have none, a tuple if all its items have. */
static bool is_key(struct value value)
{
    if (value.kind == KIND_TUPLE) {
        for (size_t i = 0; i < value.list->count; i++)
            if (value.list->items[i].kind == KIND_TUPLE || !is_key(value.list->items[i]))
                return false; /* nested tuples as keys are nobody's use, and their depth is unknown here */
        return true;
    }
    return value.kind != KIND_LIST && value.kind != KIND_DICT;
}

bool dict_find(struct render *render, const struct dict *dict, struct value key, struct value **found)
{
    *found = NULL;
    if (!is_key(key))
        return render_fail(render, "'%s' cannot be a key", kind_name(key.kind));
    for (size_t i = 0; i < dict->count; i++) {
        bool equal;
        if (!value_equal(render, dict->pairs[i].key, key, &equal))
            return false;
        if (equal) {
            *found = &dict->pairs[i].value;
            return true;
        }
    }
    return true;
}

bool dict_set(struct render *render, struct dict *dict, struct value key, struct value value)
{
    struct value *found;
    if (!dict_find(render, dict, key, &found))
        return false;
    if (!found)
        return dict_add(render, dict, key, value);
    *found = value;
    return true;
}
