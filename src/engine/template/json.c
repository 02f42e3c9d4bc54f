/* json.c: JSON to values (by jansson), and values to JSON as Python's json.dumps writes it, which is what models were
 * trained on. Source: docs.python.org/3/library/json.html */
#include "engine/template/builtins.h"

#include "engine/engine.h"
#include "engine/template/unicode.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Conversations are some kilobytes, tools nest some ten levels. */
enum { DEEPEST_JSON = 200, LONGEST_JSON = 16 << 20 };

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_json(struct render *render, const json_t *json, unsigned depth, struct value *out);

static bool read_quoted(struct render *render, struct span text, struct value *out)
{
    struct buffer quoted = text_begin();
    quoted.limit = render->bytes_left;
    bool whole = render_spend(render, text.bytes / 64) && tokenizer_quote(render->quotes, text, &quoted, render->error);
    if (whole)
        render->bytes_left -= quoted.length; /* text_end gives it back */
    else
        quoted.length = 0;
    return text_end(render, &quoted, whole, out);
}

static bool read_text(struct render *render, const char *bytes, size_t length, struct value *out)
{
    if (render->quotes)
        return read_quoted(render, span_of(bytes, length), out);
    char *copy = render_take(render, length + 1, 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, length);
    *out = value_text(span_of(copy, length));
    return true;
}

static bool read_array(struct render *render, const json_t *json, unsigned depth, struct value *out)
{
    const size_t count = json_array_size(json);
    struct list *list = list_new(render, count);
    for (size_t i = 0; list && i < count; i++) {
        if (!read_json(render, json_array_get(json, i), depth, &list->items[i]))
            return false;
        list->count++;
    }
    *out = value_list(KIND_LIST, list);
    return list != NULL;
}

/* jansson goes through an object in the order of insertion (since 2.8), as Python does. */
static bool read_object(struct render *render, json_t *json, unsigned depth, struct value *out)
{
    struct dict *dict = dict_new(render, json_object_size(json));
    for (void *at = json_object_iter(json); dict && at; at = json_object_iter_next(json, at)) {
        const char *name = json_object_iter_key(at);
        struct value key, value;
        if (!read_text(render, name, strlen(name), &key) ||
            !read_json(render, json_object_iter_value(at), depth, &value) || !dict_add(render, dict, key, value))
            return false;
    }
    *out = (struct value){ .kind = KIND_DICT, .dict = dict };
    return dict != NULL;
}

static bool read_json(struct render *render, const json_t *json, unsigned depth, struct value *out)
{
    if (depth == DEEPEST_JSON)
        return render_fail(render, "JSON is nested deeper than %d levels", DEEPEST_JSON);
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return read_object(render, (json_t *)(uintptr_t)json, depth + 1, out); /* iterating wants it so */
    case JSON_ARRAY:
        return read_array(render, json, depth + 1, out);
    case JSON_STRING:
        return read_text(render, json_string_value(json), json_string_length(json), out);
    case JSON_INTEGER:
        *out = value_integer(json_integer_value(json));
        return true;
    case JSON_REAL:
        *out = value_real(json_real_value(json));
        return true;
    case JSON_NULL:
        *out = value_none();
        return true;
    default:
        *out = value_boolean(json_is_true(json));
        return true;
    }
}

bool value_parse_json(struct render *render, const char *what, const char *json, struct value *out)
{
    const size_t length = strnlen(json, (size_t)LONGEST_JSON + 1);
    if (length > LONGEST_JSON)
        return error_set(render->error, "%s: more than %d bytes of JSON", what, LONGEST_JSON);
    json_error_t wrong;
    json_t *root = json_loadb(json, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &wrong);
    if (!root)
        return error_set(render->error, "%s: line %d, column %d: %s", what, wrong.line, wrong.column, wrong.text);
    const bool read = read_json(render, root, 0, out);
    json_decref(root);
    return read;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct writer {
    struct render *render;
    const struct json_style *style;
    struct buffer text;
    size_t level;
};

static bool write_value(struct writer *writer, struct value value);

static bool add(struct writer *writer, struct span text)
{
    return text_add(writer->render, &writer->text, text);
}

static bool add_words(struct writer *writer, const char *words)
{
    return add(writer, span_text(words));
}

static bool write_unit(struct writer *writer, unsigned unit)
{
    char escape[16];
    snprintf(escape, sizeof escape, "\\u%04x", unit);
    return add_words(writer, escape);
}

/* Beyond U+FFFF: two halves, as UTF-16 has them. */
static bool write_ascii(struct writer *writer, uint32_t c)
{
    if (c < 0x10000)
        return write_unit(writer, c);
    const uint32_t rest = c - 0x10000;
    return write_unit(writer, 0xD800 + (rest >> 10)) && write_unit(writer, 0xDC00 + (rest & 0x3FF));
}

static bool write_character(struct writer *writer, uint32_t c)
{
    static const char special[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
    const char *found = c > 0 && c < 0x80 ? strchr(special, (int)c) : NULL;
    if (found) {
        const char escape[] = { '\\', letters[found - special] };
        return add(writer, span_of(escape, 2));
    }
    if (c < 0x20)
        return write_unit(writer, c);
    if (c >= 0x7F && writer->style->ascii)
        return write_ascii(writer, c);
    return text_add_character(writer->render, &writer->text, c);
}

static bool write_text(struct writer *writer, struct span text)
{
    if (!add_words(writer, "\""))
        return false;
    for (size_t offset = 0; offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        if (!write_character(writer, c))
            return false;
    }
    return add_words(writer, "\"");
}

static bool write_number(struct writer *writer, struct value value)
{
    char digits[32];
    if (value.kind == KIND_INTEGER)
        snprintf(digits, sizeof digits, "%lld", (long long)value.integer);
    else if (!isfinite(value.real))
        snprintf(digits, sizeof digits, "%s", isnan(value.real) ? "NaN" : value.real < 0 ? "-Infinity" : "Infinity");
    else
        real_show(value.real, digits);
    return add_words(writer, digits);
}

/* A new line with the indent of this level, where the style has lines. */
static bool write_line(struct writer *writer)
{
    return !writer->style->lines ||
           (add_words(writer, "\n") &&
            text_add_repeated(writer->render, &writer->text, writer->style->indent, writer->level));
}

/* What stands before item i: nothing or the separator, and perhaps a new line. */
static bool write_before(struct writer *writer, size_t i)
{
    return (i == 0 || add(writer, writer->style->item)) && write_line(writer);
}

static bool write_list(struct writer *writer, const struct list *list)
{
    if (list->count == 0)
        return add_words(writer, "[]");
    if (!add_words(writer, "["))
        return false;
    writer->level++;
    for (size_t i = 0; i < list->count; i++)
        if (!write_before(writer, i) || !write_value(writer, list->items[i]))
            return false;
    writer->level--;
    return write_line(writer) && add_words(writer, "]");
}

/* Keys that are no texts become texts. */
static bool write_key(struct writer *writer, struct value key)
{
    if (key.kind == KIND_TEXT)
        return write_text(writer, key.text);
    if (key.kind != KIND_NONE && !value_is_number(key))
        return render_fail(writer->render, "a '%s' cannot be a key of JSON", kind_name(key.kind));
    return add_words(writer, "\"") && write_value(writer, key) && add_words(writer, "\"");
}

static bool sorted_pairs(struct render *render, const struct dict *dict, const struct pair **out)
{
    struct value *keys = render_take(render, dict->count, sizeof *keys);
    struct value *numbers = render_take(render, dict->count, sizeof *numbers);
    struct pair *pairs = render_take(render, dict->count, sizeof *pairs);
    if (!keys || !numbers || !pairs)
        return false;
    for (size_t i = 0; i < dict->count; i++) {
        keys[i] = dict->pairs[i].key;
        numbers[i] = value_integer((int64_t)i);
    }
    if (!sort_items(render, keys, numbers, dict->count, false))
        return false;
    for (size_t i = 0; i < dict->count; i++)
        pairs[i] = dict->pairs[numbers[i].integer];
    *out = pairs;
    return true;
}

static bool write_dict(struct writer *writer, const struct dict *dict)
{
    if (dict->count == 0)
        return add_words(writer, "{}");
    const struct pair *pairs = dict->pairs;
    if (writer->style->sorted && !sorted_pairs(writer->render, dict, &pairs))
        return false;
    if (!add_words(writer, "{"))
        return false;
    writer->level++;
    for (size_t i = 0; i < dict->count; i++)
        if (!write_before(writer, i) || !write_key(writer, pairs[i].key) || !add(writer, writer->style->key) ||
            !write_value(writer, pairs[i].value))
            return false;
    writer->level--;
    return write_line(writer) && add_words(writer, "}");
}

static bool write_kind(struct writer *writer, struct value value)
{
    switch (value.kind) {
    case KIND_NONE:
        return add_words(writer, "null");
    case KIND_BOOLEAN:
        return add_words(writer, value.truth ? "true" : "false");
    case KIND_INTEGER:
    case KIND_REAL:
        return write_number(writer, value);
    case KIND_TEXT:
        return write_text(writer, value.text);
    case KIND_LIST:
    case KIND_TUPLE:
        return write_list(writer, value.list);
    case KIND_DICT:
        return write_dict(writer, value.dict);
    case KIND_UNDEFINED:
        return render_fail(writer->render, "an undefined value ('%.*s') cannot be written as JSON",
                           (int)size_min(value.text.bytes, 100), (const char *)value.text.data);
    default:
        return render_fail(writer->render, "a '%s' cannot be written as JSON", kind_name(value.kind));
    }
}

static bool write_value(struct writer *writer, struct value value)
{
    if (!render_enter(writer->render))
        return false;
    const bool written = write_kind(writer, value);
    render_leave(writer->render);
    return written;
}

bool value_write_json(struct render *render, const struct json_style *style, struct value value, struct value *out)
{
    struct writer writer = { .render = render, .style = style, .text = text_begin() };
    const bool whole = write_value(&writer, value);
    return text_end(render, &writer.text, whole, out);
}
