/* methods_search.c: methods of texts that look into them, and the methods of dicts and lists.
 * Source: docs.python.org/3/library/stdtypes.html */
#include "engine/template/text.h"

#include <string.h>

/* ---- where a part stands ----------------------------------------------------------------------------------------- */

/* The part of the text between two bounds, counted in characters, from the end where negative. */
static bool take_range(struct render *render, const struct call *call, struct span *part, size_t *before)
{
    const struct value none = value_none();
    const struct value from = value_given(call->given[1]) ? call->given[1] : none;
    const struct value to = value_given(call->given[2]) ? call->given[2] : none;
    const struct value bounds[] = { from, to, none };
    struct value sliced;
    if (!slice_get(render, call->self, bounds, &sliced))
        return false;
    *part = sliced.text;
    *before = unicode_count(span_part(call->self.text, 0, (size_t)(part->data - call->self.text.data)));
    return true;
}

/* *index is the character at which the part begins, -1 if it isn't there. */
static bool search(struct render *render, const struct call *call, bool last, int64_t *index)
{
    struct span needle = span_of(NULL, 0), part;
    size_t before, work;
    *index = -1;
    if (!take_text(render, "sub", call->given[0], &needle) || !take_range(render, call, &part, &before))
        return false;
    if (!size_multiply(1 + part.bytes / 16, last ? 1 + needle.bytes / 16 : 1, &work) || !render_spend(render, work))
        return false;
    if (needle.bytes > part.bytes)
        return true;
    size_t at = last ? part.bytes - needle.bytes + 1 : 0;
    if (last) {
        while (at-- > 0)
            if (needle.bytes == 0 || memcmp(part.data + at, needle.data, needle.bytes) == 0)
                break;
        if (at == SIZE_MAX)
            return true;
    } else if (needle.bytes > 0) {
        const unsigned char *found = memmem(part.data, part.bytes, needle.data, needle.bytes);
        if (!found)
            return true;
        at = (size_t)(found - part.data);
    }
    *index = (int64_t)(before + unicode_count(span_part(part, 0, at)));
    return true;
}

static bool find(struct render *render, const struct call *call, bool last, bool must, struct value *out)
{
    *out = value_integer(-1);
    if (!search(render, call, last, &out->integer))
        return false;
    return !must || out->integer >= 0 || render_fail(render, "index: the part is not in the text");
}

static bool text_find(struct render *render, const struct call *call, struct value *out)
{
    return find(render, call, false, false, out);
}

static bool text_rfind(struct render *render, const struct call *call, struct value *out)
{
    return find(render, call, true, false, out);
}

static bool text_index(struct render *render, const struct call *call, struct value *out)
{
    return find(render, call, false, true, out);
}

static bool text_rindex(struct render *render, const struct call *call, struct value *out)
{
    return find(render, call, true, true, out);
}

static bool text_count(struct render *render, const struct call *call, struct value *out)
{
    struct span needle = span_of(NULL, 0), part;
    size_t before;
    if (!take_text(render, "sub", call->given[0], &needle) || !take_range(render, call, &part, &before))
        return false;
    if (needle.bytes == 0) {
        *out = value_integer((int64_t)unicode_count(part) + 1);
        return true;
    }
    int64_t count = 0;
    const unsigned char *found;
    const size_t work = 1 + part.bytes / 16;
    while (part.bytes > 0 && (found = memmem(part.data, part.bytes, needle.data, needle.bytes))) {
        part = span_part(part, (size_t)(found - part.data) + needle.bytes, part.bytes);
        count++;
    }
    *out = value_integer(count);
    return render_spend(render, work);
}

/* ---- what the characters are ------------------------------------------------------------------------------------- */

/* Whether there are characters, and all are of this class. */
static bool all_are(struct render *render, const struct call *call, bool (*class)(uint32_t), struct value *out)
{
    const struct span text = call->self.text;
    bool all = text.bytes > 0;
    for (size_t offset = 0; all && offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        all = class(c);
    }
    *out = value_boolean(all);
    return render_spend(render, text.bytes / 8);
}

static bool is_letter_or_digit(uint32_t c)
{
    return c != '_' && unicode_is_word(c);
}

static bool method_isdigit(struct render *render, const struct call *call, struct value *out)
{
    return all_are(render, call, unicode_is_digit, out);
}

static bool method_isalpha(struct render *render, const struct call *call, struct value *out)
{
    return all_are(render, call, unicode_is_letter, out);
}

static bool method_isalnum(struct render *render, const struct call *call, struct value *out)
{
    return all_are(render, call, is_letter_or_digit, out);
}

static bool method_isspace(struct render *render, const struct call *call, struct value *out)
{
    return all_are(render, call, unicode_is_space, out);
}

static bool method_isupper(struct render *render, const struct call *call, struct value *out)
{
    return test_find(span_text("upper"))->run(render, call, out);
}

static bool method_islower(struct render *render, const struct call *call, struct value *out)
{
    return test_find(span_text("lower"))->run(render, call, out);
}

const struct builtin text_search_methods[] = {
    { "find", "sub start end", 1, text_find },   { "rfind", "sub start end", 1, text_rfind },
    { "index", "sub start end", 1, text_index }, { "rindex", "sub start end", 1, text_rindex },
    { "count", "sub start end", 1, text_count }, { "isdigit", "", 0, method_isdigit },
    { "isdecimal", "", 0, method_isdigit },      { "isnumeric", "", 0, method_isdigit },
    { "isalpha", "", 0, method_isalpha },        { "isalnum", "", 0, method_isalnum },
    { "isspace", "", 0, method_isspace },        { "isupper", "", 0, method_isupper },
    { "islower", "", 0, method_islower },        { 0 },
};

/* ---- dicts ------------------------------------------------------------------------------------------------------- */

static bool make_view(struct render *render, struct list *list, const char *shown, struct value *out)
{
    if (!list || !render_spend(render, list->count))
        return false;
    list->shown = shown;
    *out = value_list(KIND_VIEW, list);
    return true;
}

static bool dict_keys(struct render *render, const struct call *call, struct value *out)
{
    const struct dict *dict = call->self.dict;
    struct list *list = list_new(render, dict->count);
    for (size_t i = 0; list && i < dict->count; i++)
        list->items[list->count++] = dict->pairs[i].key;
    return make_view(render, list, "dict_keys", out);
}

static bool dict_values(struct render *render, const struct call *call, struct value *out)
{
    const struct dict *dict = call->self.dict;
    struct list *list = list_new(render, dict->count);
    for (size_t i = 0; list && i < dict->count; i++)
        list->items[list->count++] = dict->pairs[i].value;
    return make_view(render, list, "dict_values", out);
}

static bool dict_items(struct render *render, const struct call *call, struct value *out)
{
    const struct dict *dict = call->self.dict;
    struct list *list = list_new(render, dict->count);
    for (size_t i = 0; list && i < dict->count; i++) {
        const struct value both[] = { dict->pairs[i].key, dict->pairs[i].value };
        if (!list_of(render, KIND_TUPLE, both, 2, &list->items[list->count++]))
            return false;
    }
    return make_view(render, list, "dict_items", out);
}

static bool dict_get(struct render *render, const struct call *call, struct value *out)
{
    struct value *found;
    if (!dict_find(render, call->self.dict, call->given[0], &found))
        return false;
    *out = found ? *found : value_given(call->given[1]) ? call->given[1] : value_none();
    return true;
}

static bool dict_copy(struct render *render, const struct call *call, struct value *out)
{
    const struct dict *dict = call->self.dict;
    struct dict *copy = dict_new(render, dict->count);
    for (size_t i = 0; copy && i < dict->count; i++)
        if (!dict_add(render, copy, dict->pairs[i].key, dict->pairs[i].value))
            return false;
    *out = (struct value){ .kind = KIND_DICT, .dict = copy };
    return copy != NULL;
}

const struct builtin dict_methods[] = {
    { "keys", "", 0, dict_keys },          { "values", "", 0, dict_values }, { "items", "", 0, dict_items },
    { "get", "key default", 1, dict_get }, { "copy", "", 0, dict_copy },     { 0 },
};

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* Jinja's immutable sandbox refuses it, other engines allow it, and templates that were made for those use it. */
static bool list_append(struct render *render, const struct call *call, struct value *out)
{
    *out = value_none();
    if (call->self.kind != KIND_LIST)
        return render_fail(render, "nothing can be appended to a '%s'", kind_name(call->self.kind));
    return list_add(render, call->self.list, call->given[0]);
}

static bool list_index(struct render *render, const struct call *call, struct value *out)
{
    const struct list *list = call->self.list;
    for (size_t i = 0; i < list->count; i++) {
        bool equal;
        if (!value_equal(render, list->items[i], call->given[0], &equal))
            return false;
        *out = value_integer((int64_t)i);
        if (equal)
            return true;
    }
    return render_fail(render, "index: the item is not in the list");
}

static bool list_count(struct render *render, const struct call *call, struct value *out)
{
    const struct list *list = call->self.list;
    *out = value_integer(0);
    for (size_t i = 0; i < list->count; i++) {
        bool equal;
        if (!value_equal(render, list->items[i], call->given[0], &equal))
            return false;
        out->integer += equal;
    }
    return true;
}

const struct builtin list_methods[] = {
    { "append", "item", 1, list_append },
    { "index", "item", 1, list_index },
    { "count", "item", 1, list_count },
    { 0 },
};
