/* text.c: letter case, stripping, replacing, splitting and joining, as Python's str does them. */
#include "engine/template/text.h"

#include <string.h>

/* ---- letter case ------------------------------------------------------------------------------------------------- */

enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };

static bool letter_at(struct span text, size_t offset)
{
    uint32_t c;
    if (offset >= text.bytes)
        return false;
    utf8_read(text, offset, &c);
    return unicode_is_letter(c);
}

static bool letter_before(struct span text, size_t offset)
{
    while (offset > 0 && (text.data[offset - 1] & 0xC0) == 0x80)
        offset--;
    return offset > 0 && letter_at(text, offset - 1);
}

static bool add_converted(struct render *render, struct buffer *to, uint32_t c, enum letter_case wanted)
{
    char bytes[12];
    return text_add(render, to, span_of(bytes, unicode_convert(c, wanted, bytes)));
}

bool text_add_lower(struct render *render, struct buffer *to, struct span whole, size_t start, size_t end)
{
    for (size_t offset = start; offset < end;) {
        uint32_t c;
        const size_t at = offset;
        offset += utf8_read(whole, offset, &c);
        const bool final = c == SIGMA && letter_before(whole, at) && !letter_at(whole, offset);
        if (!(final ? text_add_character(render, to, FINAL_SIGMA) : add_converted(render, to, c, CASE_LOWER)))
            return false;
    }
    return true;
}

bool text_lower(struct render *render, struct span text, struct value *out)
{
    struct buffer lower = text_begin();
    return text_end(render, &lower, text_add_lower(render, &lower, text, 0, text.bytes), out);
}

bool text_upper(struct render *render, struct span text, struct value *out)
{
    struct buffer upper = text_begin();
    bool whole = true;
    for (size_t offset = 0; whole && offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        whole = add_converted(render, &upper, c, CASE_UPPER);
    }
    return text_end(render, &upper, whole, out);
}

bool text_capitalize(struct render *render, struct span text, struct value *out)
{
    struct buffer result = text_begin();
    uint32_t c;
    const size_t first = text.bytes > 0 ? utf8_read(text, 0, &c) : 0;
    const bool whole = first == 0 || (add_converted(render, &result, c, CASE_TITLE) &&
                                      text_add_lower(render, &result, text, first, text.bytes));
    return text_end(render, &result, whole, out);
}

static bool has_case(uint32_t c)
{
    return unicode_is_upper(c) || unicode_is_lower(c);
}

bool text_title(struct render *render, struct span text, struct value *out)
{
    struct buffer result = text_begin();
    bool whole = true, inside = false;
    for (size_t offset = 0; whole && offset < text.bytes;) {
        uint32_t c;
        const size_t at = offset;
        offset += utf8_read(text, offset, &c);
        whole = inside ? text_add_lower(render, &result, text, at, offset)
                       : add_converted(render, &result, c, CASE_TITLE);
        inside = has_case(c);
    }
    return text_end(render, &result, whole, out);
}

/* ---- stripping --------------------------------------------------------------------------------------------------- */

static bool is_among(struct span characters, struct span text, size_t offset, size_t bytes)
{
    return bytes > 0 && characters.bytes > 0 &&
           memmem(characters.data, characters.bytes, text.data + offset, bytes) != NULL;
}

static size_t among_before(struct span text, struct span characters)
{
    size_t offset = 0;
    while (offset < text.bytes) {
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        if (!is_among(characters, text, offset, bytes))
            break;
        offset += bytes;
    }
    return offset;
}

static size_t among_after(struct span text, struct span characters)
{
    size_t end = text.bytes;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && (text.data[start] & 0xC0) == 0x80)
            start--;
        if (!is_among(characters, text, start, end - start))
            break;
        end = start;
    }
    return text.bytes - end;
}

bool text_strip(struct render *render, struct span text, struct value chars, unsigned sides, struct value *out)
{
    struct span characters = span_of(NULL, 0);
    const bool spaces = !value_given(chars) || chars.kind == KIND_NONE;
    if (!spaces && !take_text(render, "chars", chars, &characters))
        return false;
    if (sides & STRIP_LEFT) {
        const size_t before = spaces ? unicode_spaces_before(text) : among_before(text, characters);
        text = span_part(text, before, text.bytes);
    }
    if (sides & STRIP_RIGHT) {
        const size_t after = spaces ? unicode_spaces_after(text) : among_after(text, characters);
        text = span_part(text, 0, text.bytes - after);
    }
    *out = value_text(text);
    size_t work;
    return render_spend(render, size_multiply(1 + text.bytes / 16, 1 + characters.bytes, &work) ? work : SIZE_MAX);
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

/* "" stands before each character and at the end. */
static bool replace_nothing(struct render *render, struct buffer *to, struct span text, struct span new, size_t most)
{
    size_t offset = 0, done = 0;
    for (; done < most; done++) {
        if (!text_add(render, to, new))
            return false;
        if (offset >= text.bytes)
            break;
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        if (!text_add(render, to, span_part(text, offset, offset + bytes)))
            return false;
        offset += bytes;
    }
    return text_add(render, to, span_part(text, offset, text.bytes));
}

static bool replace_all(struct render *render, struct buffer *to, struct span text, struct span old, struct span new,
                        size_t most)
{
    for (size_t done = 0; done < most && text.bytes >= old.bytes; done++) {
        const unsigned char *found = memmem(text.data, text.bytes, old.data, old.bytes);
        if (!found)
            break;
        const size_t at = (size_t)(found - text.data);
        if (!text_add(render, to, span_part(text, 0, at)) || !text_add(render, to, new))
            return false;
        text = span_part(text, at + old.bytes, text.bytes);
    }
    return text_add(render, to, text);
}

bool text_replace(struct render *render, struct span text, struct span old, struct span new, int64_t times,
                  struct value *out)
{
    struct buffer result = text_begin();
    const size_t most = times < 0 ? SIZE_MAX : (size_t)times;
    const bool whole = old.bytes == 0 ? replace_nothing(render, &result, text, new, most)
                                      : replace_all(render, &result, text, old, new, most);
    return text_end(render, &result, whole, out);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool ends_line(uint32_t c)
{
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* The line that begins at offset: where its text ends, and where the next one begins. */
static size_t line_end(struct span text, size_t offset, size_t *next)
{
    while (offset < text.bytes) {
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        if (ends_line(c)) {
            *next = offset + bytes;
            *next += c == '\r' && *next < text.bytes && text.data[*next] == '\n';
            return offset;
        }
        offset += bytes;
    }
    *next = offset;
    return offset;
}

bool text_split_lines(struct render *render, struct span text, bool keep, struct value *out)
{
    struct list *lines = list_new(render, 0);
    for (size_t offset = 0; lines && offset < text.bytes;) {
        size_t next;
        const size_t end = line_end(text, offset, &next);
        if (!list_add(render, lines, value_text(span_part(text, offset, keep ? next : end))))
            return false;
        offset = next;
    }
    *out = value_list(KIND_LIST, lines);
    return lines && render_spend(render, text.bytes / 8);
}

/* ---- joining ----------------------------------------------------------------------------------------------------- */

bool text_join(struct render *render, struct span between, const struct value *items, size_t count, bool lenient,
               struct value *out)
{
    struct buffer text = text_begin();
    bool whole = true;
    for (size_t i = 0; whole && i < count; i++) {
        if (!lenient && items[i].kind != KIND_TEXT)
            whole = render_fail(render, "only texts can be joined, not a '%s'", kind_name(items[i].kind));
        whole = whole && (i == 0 || text_add(render, &text, between)) && value_show(render, &text, items[i], false);
    }
    return text_end(render, &text, whole, out);
}

bool text_pad(struct render *render, struct span text, struct span fill, size_t before, size_t after, struct value *out)
{
    struct buffer padded = text_begin();
    const bool whole = text_add_repeated(render, &padded, fill, before) && text_add(render, &padded, text) &&
                       text_add_repeated(render, &padded, fill, after);
    return text_end(render, &padded, whole, out);
}

bool text_center(struct render *render, struct span text, struct span fill, int64_t width, struct value *out)
{
    const size_t length = unicode_count(text);
    if (width <= 0 || (uint64_t)width <= length)
        return text_pad(render, text, fill, 0, 0, out);
    const size_t padding = (size_t)width - length;
    const size_t before = padding / 2 + (padding & (size_t)width & 1);
    return text_pad(render, text, fill, before, padding - before, out);
}
