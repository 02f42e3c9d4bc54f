/* format.c: "%s" % value and "{}".format(value), as far as templates go.
 * Source: docs.python.org/3/library/stdtypes.html#printf-style-string-formatting, string.html#format-string-syntax */
#include "engine/template/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDEST_FIELD = 1000 };

/* ---- % ----------------------------------------------------------------------------------------------------------- */

/* %[(key)][flags][width][.precision]letter */
struct field {
    char flags[6];
    size_t width;
    int precision; /* -1: not given */
    char letter;
    bool has_key;
    struct span key;
};

struct formatting {
    struct render *render;
    struct buffer text;
    struct span rest; /* of the format */
    const struct value *values;
    size_t count, used;
};

static char peek(const struct formatting *formatting)
{
    return formatting->rest.bytes > 0 ? (char)formatting->rest.data[0] : '\0';
}

static void skip(struct formatting *formatting, size_t bytes)
{
    formatting->rest = span_part(formatting->rest, bytes, formatting->rest.bytes);
}

static bool read_number(struct formatting *formatting, size_t *out)
{
    *out = 0;
    for (char c; (c = peek(formatting)) >= '0' && c <= '9'; skip(formatting, 1))
        if ((*out = *out * 10 + (size_t)(c - '0')) > WIDEST_FIELD)
            return render_fail(formatting->render, "a format is wider than %d characters", WIDEST_FIELD);
    return true;
}

static bool read_key(struct formatting *formatting, struct field *field)
{
    if (peek(formatting) != '(')
        return true;
    const unsigned char *close = memchr(formatting->rest.data, ')', formatting->rest.bytes);
    if (!close)
        return render_fail(formatting->render, "a format's key has no end");
    const size_t length = (size_t)(close - formatting->rest.data);
    field->has_key = true;
    field->key = span_part(formatting->rest, 1, length);
    skip(formatting, length + 1);
    return true;
}

static bool read_field(struct formatting *formatting, struct field *field)
{
    *field = (struct field){ .precision = -1 };
    size_t number;
    if (!read_key(formatting, field))
        return false;
    for (size_t i = 0; peek(formatting) && strchr("-+ #0", peek(formatting)); skip(formatting, 1))
        if (i + 1 < sizeof field->flags && !strchr(field->flags, peek(formatting)))
            field->flags[i++] = peek(formatting);
    if (!read_number(formatting, &field->width))
        return false;
    if (peek(formatting) == '.') {
        skip(formatting, 1);
        if (!read_number(formatting, &number))
            return false;
        field->precision = (int)number;
    }
    field->letter = peek(formatting);
    skip(formatting, field->letter != '\0');
    return true;
}

static bool take_value(struct formatting *formatting, const struct field *field, struct value *out)
{
    if (!field->has_key) {
        if (formatting->used == formatting->count)
            return render_fail(formatting->render, "a format has fewer values than it asks for");
        *out = formatting->values[formatting->used++];
        return true;
    }
    struct value *found = NULL;
    if (formatting->count != 1 || formatting->values[0].kind != KIND_DICT)
        return render_fail(formatting->render, "a format with keys needs a dict");
    if (!dict_find(formatting->render, formatting->values[0].dict, value_text(field->key), &found))
        return false;
    formatting->used = 1;
    if (!found)
        return render_fail(formatting->render, "a format asks for '%.*s', which is not there",
                           (int)size_min(field->key.bytes, 100), (const char *)field->key.data);
    *out = *found;
    return true;
}

static bool add_padded(struct formatting *formatting, const struct field *field, struct span text)
{
    const size_t length = unicode_count(text), padding = field->width > length ? field->width - length : 0;
    const bool left = strchr(field->flags, '-') != NULL;
    return text_add_repeated(formatting->render, &formatting->text, span_text(" "), left ? 0 : padding) &&
           text_add(formatting->render, &formatting->text, text) &&
           text_add_repeated(formatting->render, &formatting->text, span_text(" "), left ? padding : 0);
}

static bool add_shown(struct formatting *formatting, const struct field *field, struct value value)
{
    struct buffer shown = text_begin();
    struct value text;
    const bool whole = value_show(formatting->render, &shown, value, field->letter == 'r');
    if (!text_end(formatting->render, &shown, whole, &text))
        return false;
    const size_t bytes = field->precision >= 0 ? unicode_offset(text.text, (size_t)field->precision) : text.text.bytes;
    return add_padded(formatting, field, span_part(text.text, 0, bytes));
}

/* The C library's own format, made of checked parts alone. */
static bool add_number(struct formatting *formatting, const struct field *field, struct value value)
{
    const bool whole = strchr("dixXo", field->letter) != NULL;
    char format[32], text[2 * WIDEST_FIELD + 400];
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(formatting->render, value);
    if (!value_is_number(value) || (value.kind == KIND_REAL && strchr("xXo", field->letter)))
        return render_fail(formatting->render, "%%%c needs a number, not a '%s'", field->letter, kind_name(value.kind));
    const double real = value.kind == KIND_REAL ? value.real : (double)value_whole(value);
    if (whole && !(fabs(real) < 9.2e18))
        return render_fail(formatting->render, "%%%c: the number is too large", field->letter);
    const long long integer = value.kind == KIND_REAL ? (long long)real : value_whole(value);
    snprintf(format, sizeof format, "%%%s*.*%s%c", field->flags, whole ? "ll" : "", field->letter);
    const int width = (int)field->width, precision = field->precision;
    if (whole)
        snprintf(text, sizeof text, format, width, precision, integer);
    else
        snprintf(text, sizeof text, format, width, precision, real);
    return text_add(formatting->render, &formatting->text, span_text(text));
}

static bool add_field(struct formatting *formatting)
{
    struct field field;
    struct value value;
    if (!read_field(formatting, &field))
        return false;
    if (field.letter == '%')
        return text_add(formatting->render, &formatting->text, span_text("%"));
    if (field.letter == '\0' || !strchr("sdifFeEgGxXor", field.letter))
        return render_fail(formatting->render, "a format has an unknown letter");
    if (!take_value(formatting, &field, &value))
        return false;
    return strchr("sr", field.letter) ? add_shown(formatting, &field, value) : add_number(formatting, &field, value);
}

/* One value that could be asked for items need not be used. Python's test is whether it has __getitem__, and what is
 * undefined has. */
static bool has_items(struct value value)
{
    return value.kind == KIND_DICT || value.kind == KIND_LIST || value.kind == KIND_RANGE ||
           value.kind == KIND_UNDEFINED;
}

static bool add_all(struct formatting *formatting)
{
    while (formatting->rest.bytes > 0) {
        const unsigned char *percent = memchr(formatting->rest.data, '%', formatting->rest.bytes);
        const size_t plain = percent ? (size_t)(percent - formatting->rest.data) : formatting->rest.bytes;
        if (!text_add(formatting->render, &formatting->text, span_part(formatting->rest, 0, plain)))
            return false;
        skip(formatting, plain);
        if (!percent)
            break;
        skip(formatting, 1);
        if (!add_field(formatting))
            return false;
    }
    return formatting->used == formatting->count || (formatting->count == 1 && has_items(formatting->values[0])) ||
           render_fail(formatting->render, "a format has more values than it asks for");
}

bool format_percent(struct render *render, struct span format, const struct value *values, size_t count,
                    struct value *out)
{
    struct formatting formatting = {
        .render = render,
        .text = text_begin(),
        .rest = format,
        .values = values,
        .count = count,
    };
    const bool whole = add_all(&formatting);
    return text_end(render, &formatting.text, whole, out);
}

/* ---- {} ---------------------------------------------------------------------------------------------------------- */

/* Where a name or an index in a field ends. */
static size_t part_bytes(struct span field)
{
    size_t end = 0;
    while (end < field.bytes && field.data[end] != '.' && field.data[end] != '[' && field.data[end] != ']')
        end++;
    return end;
}

static bool is_digits(struct span text, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i > 8)
            return false;
        *number = *number * 10 + (size_t)(text.data[i] - '0');
    }
    return text.bytes > 0;
}

/* The argument that a field begins with: by number, by name, or the next one. */
static bool brace_argument(struct render *render, const struct call *call, struct span name, size_t *next,
                           struct value *out)
{
    size_t number = *next;
    if (name.bytes == 0)
        ++*next;
    if (name.bytes == 0 || is_digits(name, &number)) {
        if (number >= call->positional_count)
            return render_fail(render, "format: there is no argument %zu", number);
        *out = call->positional[number];
        return true;
    }
    for (size_t i = 0; i < call->keyword_count; i++)
        if (span_equal(call->keywords[i].name, name)) {
            *out = call->keywords[i].value;
            return true;
        }
    return render_fail(render, "format: there is no argument '%.*s'", (int)size_min(name.bytes, 100),
                       (const char *)name.data);
}

/* .name and [index] behind it */
static bool brace_access(struct render *render, struct span path, struct value *value)
{
    while (path.bytes > 0) {
        const bool dot = path.data[0] == '.';
        const struct span tail = span_part(path, 1, path.bytes);
        const size_t length = part_bytes(tail);
        const struct span part = span_part(tail, 0, length);
        size_t number;
        if (length == 0 || (!dot && (path.data[0] != '[' || length == tail.bytes || tail.data[length] != ']')))
            return render_fail(render, "format: a field cannot be read");
        if (dot ? !attribute_get(render, *value, part, value)
                : !item_get(render, *value,
                            is_digits(part, &number) ? value_integer((int64_t)number) : value_text(part), value))
            return false;
        path = span_part(tail, length + !dot, tail.bytes);
    }
    return true;
}

/* One field, without its braces. */
static bool add_brace_field(struct render *render, const struct call *call, struct span field, size_t *next,
                            struct buffer *text)
{
    bool quoted = false;
    if (memchr(field.data, ':', field.bytes))
        return render_fail(render, "format: what follows ':' is not supported");
    if (field.bytes >= 2 && field.data[field.bytes - 2] == '!') {
        const char letter = (char)field.data[field.bytes - 1];
        if (letter != 'r' && letter != 's')
            return render_fail(render, "format: '!' is followed by r or s");
        quoted = letter == 'r';
        field = span_part(field, 0, field.bytes - 2);
    }
    struct value value;
    const size_t name = part_bytes(field);
    return brace_argument(render, call, span_part(field, 0, name), next, &value) &&
           brace_access(render, span_part(field, name, field.bytes), &value) && value_show(render, text, value, quoted);
}

static bool add_braces(struct render *render, struct span format, const struct call *call, struct buffer *text)
{
    size_t next = 0;
    for (size_t i = 0; i < format.bytes; i++) {
        const char c = (char)format.data[i];
        const bool twice = i + 1 < format.bytes && (char)format.data[i + 1] == c;
        if ((c != '{' && c != '}') || twice) {
            if (!text_add(render, text, span_part(format, i, i + 1)))
                return false;
            i += c == '{' || c == '}';
            continue;
        }
        const unsigned char *close = c == '{' ? memchr(format.data + i, '}', format.bytes - i) : NULL;
        if (!close)
            return render_fail(render, "format: a brace stands alone");
        const size_t end = (size_t)(close - format.data);
        if (!add_brace_field(render, call, span_part(format, i + 1, end), &next, text))
            return false;
        i = end;
    }
    return true;
}

bool format_braces(struct render *render, struct span format, const struct call *call, struct value *out)
{
    struct buffer text = text_begin();
    const bool whole = add_braces(render, format, call, &text);
    return text_end(render, &text, whole, out);
}
