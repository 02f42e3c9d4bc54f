/* filters_text.c: filters of texts. Most take what is no text as str() shows it.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters */
#include "engine/template/text.h"

#include <string.h>

typedef bool text_change(struct render *render, struct span text, struct value *out);

static bool change(struct render *render, const struct call *call, text_change *how, struct value *out)
{
    struct span text;
    return value_str(render, call->self, &text) && how(render, text, out);
}

static bool filter_upper(struct render *render, const struct call *call, struct value *out)
{
    return change(render, call, text_upper, out);
}

static bool filter_lower(struct render *render, const struct call *call, struct value *out)
{
    return change(render, call, text_lower, out);
}

static bool filter_capitalize(struct render *render, const struct call *call, struct value *out)
{
    return change(render, call, text_capitalize, out);
}

/* Words begin after white space and these. */
static bool begins_word(uint32_t c)
{
    return unicode_is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
}

static bool title(struct render *render, struct span text, struct value *out)
{
    struct buffer result = text_begin();
    bool whole = true, first = true;
    for (size_t offset = 0; whole && offset < text.bytes;) {
        uint32_t c;
        const size_t at = offset;
        offset += utf8_read(text, offset, &c);
        char bytes[12];
        whole = first ? text_add(render, &result, span_of(bytes, unicode_convert(c, CASE_UPPER, bytes)))
                      : text_add_lower(render, &result, text, at, offset);
        first = begins_word(c);
    }
    return text_end(render, &result, whole, out);
}

static bool filter_title(struct render *render, const struct call *call, struct value *out)
{
    return change(render, call, title, out);
}

static bool filter_trim(struct render *render, const struct call *call, struct value *out)
{
    struct span text;
    return value_str(render, call->self, &text) &&
           text_strip(render, text, call->given[0], STRIP_LEFT | STRIP_RIGHT, out);
}

static bool filter_string(struct render *render, const struct call *call, struct value *out)
{
    struct span text;
    if (!value_str(render, call->self, &text))
        return false;
    *out = value_text(text);
    return true;
}

static bool filter_safe(struct render *render, const struct call *call, struct value *out)
{
    return filter_string(render, call, out); /* nothing is escaped unless a template asks for it */
}

static bool filter_replace(struct render *render, const struct call *call, struct value *out)
{
    struct span text, old, new;
    int64_t times = -1;
    const bool counted = value_given(call->given[2]) && call->given[2].kind != KIND_NONE;
    return value_str(render, call->self, &text) && value_str(render, call->given[0], &old) &&
           value_str(render, call->given[1], &new) &&
           (!counted || take_integer(render, "count", call->given[2], &times)) &&
           text_replace(render, text, old, new, times, out);
}

/* ---- escaping --------------------------------------------------------------------------------------------------- */

static const char *html_escape(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\'':
        return "&#39;";
    case '"':
        return "&#34;";
    default:
        return NULL;
    }
}

static bool escape(struct render *render, struct span text, struct value *out)
{
    struct buffer result = text_begin();
    bool whole = true;
    for (size_t i = 0; whole && i < text.bytes; i++) {
        const char *escaped = html_escape(text.data[i]);
        whole = text_add(render, &result, escaped ? span_text(escaped) : span_part(text, i, i + 1));
    }
    return text_end(render, &result, whole, out);
}

static bool filter_escape(struct render *render, const struct call *call, struct value *out)
{
    return change(render, call, escape, out);
}

/* ---- layout ----------------------------------------------------------------------------------------------------- */

/* The indentation: so many spaces, or a text as it is. */
static bool take_indention(struct render *render, struct value width, struct value *out)
{
    int64_t spaces = 4;
    if (width.kind == KIND_TEXT) {
        *out = width;
        return true;
    }
    return take_integer(render, "width", width, &spaces) &&
           text_pad(render, span_text(""), span_text(" "), spaces > 0 ? (size_t)spaces : 0, 0, out);
}

static bool add_line(struct render *render, struct buffer *to, struct span line, struct span indention, bool indent)
{
    return (!indent || text_add(render, to, indention)) && text_add(render, to, line);
}

static bool indent_lines(struct render *render, const struct list *lines, struct span indention, bool first, bool blank,
                         struct value *out)
{
    struct buffer text = text_begin();
    bool whole = true;
    for (size_t i = 0; whole && i < lines->count; i++) {
        const struct span line = lines->items[i].text;
        const bool indent = i == 0 ? first : blank || line.bytes > 0;
        whole = (i == 0 || text_add(render, &text, span_text("\n"))) &&
                add_line(render, &text, line, indention, indent);
    }
    return text_end(render, &text, whole, out);
}

/* As in Jinja, the text gets a line break at its end before it is split, so that an empty last line stays. */
static bool filter_indent(struct render *render, const struct call *call, struct value *out)
{
    struct span text = span_of(NULL, 0);
    struct value indention, broken, lines;
    if (!take_text(render, "value", call->self, &text) || !take_indention(render, call->given[0], &indention))
        return false;
    return text_pad(render, text, span_text("\n"), 0, 1, &broken) &&
           text_split_lines(render, broken.text, false, &lines) &&
           indent_lines(render, lines.list, indention.text, take_flag(call->given[1]), take_flag(call->given[2]), out);
}

static bool filter_center(struct render *render, const struct call *call, struct value *out)
{
    struct span text;
    int64_t width = 80;
    return value_str(render, call->self, &text) && take_integer(render, "width", call->given[0], &width) &&
           text_center(render, text, span_text(" "), width, out);
}

/* Where the last space stands; the end if there is none. */
static size_t last_space(struct span text)
{
    const unsigned char *space = text.bytes ? memrchr(text.data, ' ', text.bytes) : NULL;
    return space ? (size_t)(space - text.data) : text.bytes;
}

static bool filter_truncate(struct render *render, const struct call *call, struct value *out)
{
    struct span text = span_of(NULL, 0), end = span_text("...");
    int64_t length = 255, leeway = 5;
    if (!take_text(render, "value", call->self, &text) || !take_integer(render, "length", call->given[0], &length) ||
        !take_text(render, "end", call->given[2], &end) || !take_integer(render, "leeway", call->given[3], &leeway))
        return false;
    const int64_t end_length = (int64_t)unicode_count(end), kept = length - end_length;
    if (kept < 0 || leeway < 0 || leeway > INT32_MAX || length > INT32_MAX)
        return render_fail(render, "truncate: the length must be at least %lld", (long long)end_length);
    *out = value_text(text);
    if ((int64_t)unicode_count(text) <= length + leeway)
        return true;
    text = span_part(text, 0, unicode_offset(text, (size_t)kept));
    if (!take_flag(call->given[1]))
        text = span_part(text, 0, last_space(text));
    return text_pad(render, text, end, 0, 1, out);
}

static bool filter_wordcount(struct render *render, const struct call *call, struct value *out)
{
    struct span text;
    if (!value_str(render, call->self, &text))
        return false;
    int64_t words = 0;
    bool inside = false;
    for (size_t offset = 0; offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        words += unicode_is_word(c) && !inside;
        inside = unicode_is_word(c);
    }
    *out = value_integer(words);
    return render_spend(render, text.bytes / 8);
}

static bool filter_format(struct render *render, const struct call *call, struct value *out)
{
    struct span text;
    if (call->keyword_count > 0)
        return render_fail(render, "filter 'format' takes no arguments with names here");
    return value_str(render, call->self, &text) &&
           format_percent(render, text, call->positional, call->positional_count, out);
}

/* ---- JSON: as Hugging Face's template code defines it, which differs from Jinja's own --------------------------- */

static bool take_json_indent(struct render *render, struct value indent, struct json_style *style)
{
    struct value text;
    if (!value_given(indent) || indent.kind == KIND_NONE)
        return true;
    if (!take_indention(render, indent, &text))
        return false;
    style->lines = true;
    style->indent = text.text;
    style->item = span_text(",");
    return true;
}

static bool take_separators(struct render *render, struct value separators, struct json_style *style)
{
    if (!value_given(separators) || separators.kind == KIND_NONE)
        return true;
    if (!value_is_sequence(separators) || separators.list->count != 2)
        return render_fail(render, "tojson: separators are two texts");
    return take_text(render, "separators", separators.list->items[0], &style->item) &&
           take_text(render, "separators", separators.list->items[1], &style->key);
}

static bool filter_tojson(struct render *render, const struct call *call, struct value *out)
{
    struct json_style style = {
        .item = span_text(", "),
        .key = span_text(": "),
        .ascii = take_flag(call->given[0]),
        .sorted = take_flag(call->given[3]),
    };
    return take_json_indent(render, call->given[1], &style) && take_separators(render, call->given[2], &style) &&
           value_write_json(render, &style, call->self, out);
}

const struct builtin text_filters[] = {
    { "upper", "", 0, filter_upper },
    { "lower", "", 0, filter_lower },
    { "capitalize", "", 0, filter_capitalize },
    { "title", "", 0, filter_title },
    { "trim", "chars", 0, filter_trim },
    { "string", "", 0, filter_string },
    { "safe", "", 0, filter_safe },
    { "replace", "old new count", 2, filter_replace },
    { "escape", "", 0, filter_escape },
    { "e", "", 0, filter_escape },
    { "forceescape", "", 0, filter_escape },
    { "indent", "width first blank", 0, filter_indent },
    { "center", "width", 0, filter_center },
    { "truncate", "length killwords end leeway", 0, filter_truncate },
    { "wordcount", "", 0, filter_wordcount },
    { "format", NULL, 0, filter_format },
    { "tojson", "ensure_ascii indent separators sort_keys", 0, filter_tojson },
    { 0 },
};
