/* show.c: values as text: Python's str() and repr(). */
#include "engine/template/builtins.h"

#include "engine/template/unicode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest digits that read back as the same number; written with an exponent where it is below -4 or above 15.
 * Source: docs.python.org/3/library/functions.html#repr, CPython's float_repr_style "short". */
const char *real_show(double real, char out[32])
{
    if (!isfinite(real)) {
        snprintf(out, 32, "%s", isnan(real) ? "nan" : real < 0 ? "-inf" : "inf");
        return out;
    }
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(out, 32, "%.*e", digits - 1, real);
        if (strtod(out, NULL) == real)
            break;
    }
    snprintf(out, 32, "%.*e", digits - 1, real);
    const char *mark = strchr(out, 'e');
    const int exponent = mark ? (int)strtol(mark + 1, NULL, 10) : 0;
    if (exponent >= -4 && exponent < 16)
        snprintf(out, 32, "%.*f", digits - 1 - exponent > 1 ? digits - 1 - exponent : 1, real);
    return out;
}

static bool add_words(struct render *render, struct buffer *text, const char *words)
{
    return text_add(render, text, span_text(words));
}

/* ---- texts in quotes --------------------------------------------------------------------------------------------- */

static bool add_escaped(struct render *render, struct buffer *text, uint32_t c, char quote)
{
    char escape[16];
    if (c == '\\' || c == (uint32_t)quote)
        snprintf(escape, sizeof escape, "\\%c", (char)c);
    else if (c == '\n' || c == '\r' || c == '\t')
        snprintf(escape, sizeof escape, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (unicode_is_printable(c))
        return text_add_character(render, text, c);
    else
        snprintf(escape, sizeof escape, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
    return add_words(render, text, escape);
}

static bool show_quoted(struct render *render, struct buffer *text, struct span shown)
{
    const bool has_single = shown.bytes && memchr(shown.data, '\'', shown.bytes);
    const bool has_double = shown.bytes && memchr(shown.data, '"', shown.bytes);
    const char quote = has_single && !has_double ? '"' : '\'';
    const struct span quotes = span_of(&quote, 1);
    if (!text_add(render, text, quotes))
        return false;
    for (size_t offset = 0; offset < shown.bytes;) {
        uint32_t c;
        offset += utf8_read(shown, offset, &c);
        if (!add_escaped(render, text, c, quote))
            return false;
    }
    return text_add(render, text, quotes);
}

/* ---- what has items ---------------------------------------------------------------------------------------------- */

static bool show_items(struct render *render, struct buffer *text, const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && !add_words(render, text, ", "))
            return false;
        if (!value_show(render, text, list->items[i], true))
            return false;
    }
    return true;
}

static bool show_list(struct render *render, struct buffer *text, struct value value)
{
    const struct list *list = value.list;
    switch (value.kind) {
    case KIND_RANGE:
        return add_words(render, text, list->shown);
    case KIND_ITERATOR:
        return add_words(render, text, "<generator object>");
    case KIND_TUPLE:
        return add_words(render, text, "(") && show_items(render, text, list) &&
               add_words(render, text, list->count == 1 ? ",)" : ")");
    case KIND_VIEW:
        return add_words(render, text, list->shown) && add_words(render, text, "([") &&
               show_items(render, text, list) && add_words(render, text, "])");
    default:
        return add_words(render, text, "[") && show_items(render, text, list) && add_words(render, text, "]");
    }
}

static bool show_pairs(struct render *render, struct buffer *text, const struct dict *dict)
{
    for (size_t i = 0; i < dict->count; i++)
        if ((i > 0 && !add_words(render, text, ", ")) || !value_show(render, text, dict->pairs[i].key, true) ||
            !add_words(render, text, ": ") || !value_show(render, text, dict->pairs[i].value, true))
            return false;
    return true;
}

static bool show_dict(struct render *render, struct buffer *text, struct value value)
{
    const bool plain = value.kind == KIND_DICT;
    return add_words(render, text, plain ? "{" : "<Namespace {") && show_pairs(render, text, value.dict) &&
           add_words(render, text, plain ? "}" : "}>");
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static bool show_number(struct render *render, struct buffer *text, struct value value)
{
    char digits[32];
    if (value.kind == KIND_INTEGER)
        snprintf(digits, sizeof digits, "%lld", (long long)value.integer);
    else
        real_show(value.real, digits);
    return add_words(render, text, digits);
}

static bool show_macro(struct render *render, struct buffer *text, const struct macro *macro)
{
    return add_words(render, text, "<Macro ") && show_quoted(render, text, macro->node->macro.name) &&
           add_words(render, text, ">");
}

static bool show_kind(struct render *render, struct buffer *text, struct value value)
{
    return add_words(render, text, "<") && add_words(render, text, kind_name(value.kind)) &&
           add_words(render, text, ">");
}

static bool show(struct render *render, struct buffer *text, struct value value, bool quoted)
{
    switch (value.kind) {
    case KIND_MISSING:
    case KIND_UNDEFINED:
        return add_words(render, text, quoted ? "Undefined" : "");
    case KIND_NONE:
        return add_words(render, text, "None");
    case KIND_BOOLEAN:
        return add_words(render, text, value.truth ? "True" : "False");
    case KIND_INTEGER:
    case KIND_REAL:
        return show_number(render, text, value);
    case KIND_TEXT:
        return quoted ? show_quoted(render, text, value.text) : text_add(render, text, value.text);
    case KIND_DICT:
    case KIND_NAMESPACE:
        return show_dict(render, text, value);
    case KIND_MACRO:
        return show_macro(render, text, value.macro);
    default:
        return value_has_list(value) ? show_list(render, text, value) : show_kind(render, text, value);
    }
}

bool value_show(struct render *render, struct buffer *text, struct value value, bool quoted)
{
    if (!render_enter(render))
        return false;
    const bool shown = show(render, text, value, quoted);
    render_leave(render);
    return shown;
}

bool value_str(struct render *render, struct value value, struct span *out)
{
    if (value.kind == KIND_TEXT) {
        *out = value.text;
        return true;
    }
    struct buffer text = text_begin();
    struct value result = value_text(span_of(NULL, 0));
    const bool whole = text_end(render, &text, value_show(render, &text, value, false), &result);
    *out = result.text;
    return whole;
}
