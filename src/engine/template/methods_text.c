/* methods_text.c: methods of texts that change or split them. Source: docs.python.org/3/library/stdtypes.html */
#include "engine/template/text.h"

#include <string.h>

static bool method_upper(struct render *render, const struct call *call, struct value *out)
{
    return text_upper(render, call->self.text, out);
}

static bool method_lower(struct render *render, const struct call *call, struct value *out)
{
    return text_lower(render, call->self.text, out);
}

static bool method_title(struct render *render, const struct call *call, struct value *out)
{
    return text_title(render, call->self.text, out);
}

static bool method_capitalize(struct render *render, const struct call *call, struct value *out)
{
    return text_capitalize(render, call->self.text, out);
}

static bool method_swapcase(struct render *render, const struct call *call, struct value *out)
{
    struct buffer result = text_begin();
    const struct span text = call->self.text;
    bool whole = true;
    for (size_t offset = 0; whole && offset < text.bytes;) {
        uint32_t c;
        offset += utf8_read(text, offset, &c);
        char bytes[12];
        const enum letter_case wanted = unicode_is_upper(c) ? CASE_LOWER : CASE_UPPER;
        whole = text_add(render, &result, span_of(bytes, unicode_convert(c, wanted, bytes)));
    }
    return text_end(render, &result, whole, out);
}

static bool method_strip(struct render *render, const struct call *call, struct value *out)
{
    return text_strip(render, call->self.text, call->given[0], STRIP_LEFT | STRIP_RIGHT, out);
}

static bool method_lstrip(struct render *render, const struct call *call, struct value *out)
{
    return text_strip(render, call->self.text, call->given[0], STRIP_LEFT, out);
}

static bool method_rstrip(struct render *render, const struct call *call, struct value *out)
{
    return text_strip(render, call->self.text, call->given[0], STRIP_RIGHT, out);
}

static bool method_replace(struct render *render, const struct call *call, struct value *out)
{
    struct span old = span_of(NULL, 0), new = old;
    int64_t times = -1;
    return take_text(render, "old", call->given[0], &old) && take_text(render, "new", call->given[1], &new) &&
           take_integer(render, "count", call->given[2], &times) &&
           text_replace(render, call->self.text, old, new, times, out);
}

static bool method_join(struct render *render, const struct call *call, struct value *out)
{
    const struct value *items;
    size_t count;
    return value_items(render, call->given[0], &items, &count) &&
           text_join(render, call->self.text, items, count, false, out);
}

static bool method_format(struct render *render, const struct call *call, struct value *out)
{
    return format_braces(render, call->self.text, call, out);
}

/* ---- prefixes and suffixes --------------------------------------------------------------------------------------- */

static bool has_prefix(struct span text, struct span prefix)
{
    return span_has(text, 0, prefix.bytes) && span_equal(span_part(text, 0, prefix.bytes), prefix);
}

static bool has_suffix(struct span text, struct span suffix)
{
    return span_has(text, 0, suffix.bytes) &&
           span_equal(span_part(text, text.bytes - suffix.bytes, text.bytes), suffix);
}

static bool method_removeprefix(struct render *render, const struct call *call, struct value *out)
{
    struct span prefix = span_of(NULL, 0);
    const struct span text = call->self.text;
    if (!take_text(render, "prefix", call->given[0], &prefix))
        return false;
    *out = value_text(has_prefix(text, prefix) ? span_part(text, prefix.bytes, text.bytes) : text);
    return true;
}

static bool method_removesuffix(struct render *render, const struct call *call, struct value *out)
{
    struct span suffix = span_of(NULL, 0);
    const struct span text = call->self.text;
    if (!take_text(render, "suffix", call->given[0], &suffix))
        return false;
    *out = value_text(has_suffix(text, suffix) ? span_part(text, 0, text.bytes - suffix.bytes) : text);
    return true;
}

/* One text, or a tuple of which one suffices. */
static bool begins_or_ends(struct render *render, const struct call *call, bool (*has)(struct span, struct span),
                           struct value *out)
{
    const struct value wanted = call->given[0];
    const struct value *items = &wanted;
    size_t count = 1;
    if (wanted.kind == KIND_TUPLE && !value_items(render, wanted, &items, &count))
        return false;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        struct span text = span_of(NULL, 0);
        if (!take_text(render, "prefix", items[i], &text) || !render_spend(render, 1 + text.bytes / 64))
            return false;
        found = found || has(call->self.text, text);
    }
    *out = value_boolean(found);
    return true;
}

static bool method_startswith(struct render *render, const struct call *call, struct value *out)
{
    return begins_or_ends(render, call, has_prefix, out);
}

static bool method_endswith(struct render *render, const struct call *call, struct value *out)
{
    return begins_or_ends(render, call, has_suffix, out);
}

/* ---- splitting --------------------------------------------------------------------------------------------------- */

/* Where the first separator stands; false if there is none (or none but an empty one). */
static bool find_separator(struct span text, struct span separator, size_t *at)
{
    const unsigned char *found = text.bytes > 0 ? memmem(text.data, text.bytes, separator.data, separator.bytes) : NULL;
    *at = found ? (size_t)(found - text.data) : 0;
    return found != NULL;
}

static bool find_last_separator(struct span text, struct span separator, size_t *at)
{
    if (text.bytes < separator.bytes)
        return false;
    for (*at = text.bytes - separator.bytes + 1; (*at)-- > 0;)
        if (memcmp(text.data + *at, separator.data, separator.bytes) == 0)
            return true;
    return false;
}

static bool split_at(struct render *render, struct span text, struct span separator, size_t most, struct list *into)
{
    size_t at;
    while (most-- > 0 && find_separator(text, separator, &at)) {
        if (!list_add(render, into, value_text(span_part(text, 0, at))))
            return false;
        text = span_part(text, at + separator.bytes, text.bytes);
    }
    return list_add(render, into, value_text(text));
}

/* The bytes up to the next white space. */
static size_t word_bytes(struct span text)
{
    size_t offset = 0;
    while (offset < text.bytes) {
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        if (unicode_is_space(c))
            break;
        offset += bytes;
    }
    return offset;
}

static bool split_words(struct render *render, struct span text, size_t most, struct list *into)
{
    for (;;) {
        text = span_part(text, unicode_spaces_before(text), text.bytes);
        if (text.bytes == 0)
            return true;
        const size_t end = most-- > 0 ? word_bytes(text) : text.bytes; /* the rest keeps its spaces */
        if (!list_add(render, into, value_text(span_part(text, 0, end))))
            return false;
        text = span_part(text, end, text.bytes);
    }
}

/* From the right; the pieces come in the wrong order. */
static bool split_at_last(struct render *render, struct span text, struct span separator, size_t most,
                          struct list *into)
{
    size_t at;
    while (most-- > 0 && find_last_separator(text, separator, &at)) {
        if (!list_add(render, into, value_text(span_part(text, at + separator.bytes, text.bytes))))
            return false;
        text = span_part(text, 0, at);
    }
    return list_add(render, into, value_text(text));
}

static size_t last_word_start(struct span text)
{
    size_t start = text.bytes;
    while (start > 0) {
        size_t at = start - 1;
        while (at > 0 && (text.data[at] & 0xC0) == 0x80)
            at--;
        uint32_t c;
        utf8_read(text, at, &c);
        if (unicode_is_space(c))
            break;
        start = at;
    }
    return start;
}

static bool split_last_words(struct render *render, struct span text, size_t most, struct list *into)
{
    for (;;) {
        text = span_part(text, 0, text.bytes - unicode_spaces_after(text));
        if (text.bytes == 0)
            return true;
        const bool rest = most-- == 0;
        const size_t start = rest ? 0 : last_word_start(text);
        if (!list_add(render, into, value_text(span_part(text, start, text.bytes))))
            return false;
        if (rest)
            return true;
        text = span_part(text, 0, start);
    }
}

static void reverse_list(struct list *list)
{
    for (size_t i = 0; i < list->count / 2; i++) {
        const struct value item = list->items[i];
        list->items[i] = list->items[list->count - 1 - i];
        list->items[list->count - 1 - i] = item;
    }
}

static bool take_split(struct render *render, const struct call *call, struct span *separator, size_t *most)
{
    int64_t times = -1;
    const bool given = value_given(call->given[0]) && call->given[0].kind != KIND_NONE;
    *separator = span_of(NULL, 0);
    if ((given && !take_text(render, "sep", call->given[0], separator)) ||
        !take_integer(render, "maxsplit", call->given[1], &times))
        return false;
    if (given && separator->bytes == 0)
        return render_fail(render, "split: the separator is empty");
    *most = times < 0 ? SIZE_MAX : (size_t)times;
    return render_spend(render, call->self.text.bytes / 16);
}

static bool method_split(struct render *render, const struct call *call, struct value *out)
{
    struct span separator;
    size_t most;
    struct list *list = list_new(render, 0);
    *out = value_list(KIND_LIST, list);
    if (!list || !take_split(render, call, &separator, &most))
        return false;
    return separator.bytes > 0 ? split_at(render, call->self.text, separator, most, list)
                               : split_words(render, call->self.text, most, list);
}

static bool method_rsplit(struct render *render, const struct call *call, struct value *out)
{
    struct span separator;
    size_t most, work;
    struct list *list = list_new(render, 0);
    *out = value_list(KIND_LIST, list);
    if (!list || !take_split(render, call, &separator, &most))
        return false;
    if (!size_multiply(call->self.text.bytes / 16, 1 + separator.bytes / 16, &work) || !render_spend(render, work))
        return false;
    const bool split = separator.bytes > 0 ? split_at_last(render, call->self.text, separator, most, list)
                                           : split_last_words(render, call->self.text, most, list);
    reverse_list(list);
    return split;
}

static bool method_splitlines(struct render *render, const struct call *call, struct value *out)
{
    return text_split_lines(render, call->self.text, take_flag(call->given[0]), out);
}

/* (before, separator, after) */
static bool three_parts(struct render *render, struct span before, struct span separator, struct span after,
                        struct value *out)
{
    const struct value parts[] = { value_text(before), value_text(separator), value_text(after) };
    return list_of(render, KIND_TUPLE, parts, LENGTH(parts), out);
}

static bool partition(struct render *render, const struct call *call, bool last, struct value *out)
{
    struct span separator = span_of(NULL, 0);
    const struct span text = call->self.text, none = span_text("");
    size_t at;
    if (!take_text(render, "sep", call->given[0], &separator))
        return false;
    if (separator.bytes == 0)
        return render_fail(render, "partition: the separator is empty");
    if (!render_spend(render, text.bytes / 16))
        return false;
    if (!(last ? find_last_separator(text, separator, &at) : find_separator(text, separator, &at)))
        return last ? three_parts(render, none, none, text, out) : three_parts(render, text, none, none, out);
    return three_parts(render, span_part(text, 0, at), separator, span_part(text, at + separator.bytes, text.bytes),
                       out);
}

static bool method_partition(struct render *render, const struct call *call, struct value *out)
{
    return partition(render, call, false, out);
}

static bool method_rpartition(struct render *render, const struct call *call, struct value *out)
{
    return partition(render, call, true, out);
}

/* ---- padding ----------------------------------------------------------------------------------------------------- */

/* How many characters are missing up to the width, and with what to fill. */
static bool take_padding(struct render *render, const struct call *call, struct span *fill, size_t *padding)
{
    int64_t width = 0;
    *fill = span_text(" ");
    if (!take_integer(render, "width", call->given[0], &width) || !take_text(render, "fillchar", call->given[1], fill))
        return false;
    if (unicode_count(*fill) != 1)
        return render_fail(render, "the fill character must be one character");
    const size_t length = unicode_count(call->self.text);
    *padding = width > 0 && (uint64_t)width > length ? (size_t)width - length : 0;
    return true;
}

static bool method_ljust(struct render *render, const struct call *call, struct value *out)
{
    struct span fill;
    size_t padding = 0;
    return take_padding(render, call, &fill, &padding) && text_pad(render, call->self.text, fill, 0, padding, out);
}

static bool method_rjust(struct render *render, const struct call *call, struct value *out)
{
    struct span fill;
    size_t padding = 0;
    return take_padding(render, call, &fill, &padding) && text_pad(render, call->self.text, fill, padding, 0, out);
}

static bool method_center(struct render *render, const struct call *call, struct value *out)
{
    struct span fill;
    size_t padding = 0;
    return take_padding(render, call, &fill, &padding) &&
           text_center(render, call->self.text, fill, (int64_t)(unicode_count(call->self.text) + padding), out);
}

/* Zeros in front, behind the sign. */
static bool method_zfill(struct render *render, const struct call *call, struct value *out)
{
    struct span fill;
    size_t padding = 0;
    const struct span text = call->self.text;
    if (!take_padding(render, call, &fill, &padding))
        return false;
    const size_t sign = text.bytes > 0 && (text.data[0] == '+' || text.data[0] == '-');
    struct buffer result = text_begin();
    const bool whole = text_add(render, &result, span_part(text, 0, sign)) &&
                       text_add_repeated(render, &result, span_text("0"), padding) &&
                       text_add(render, &result, span_part(text, sign, text.bytes));
    return text_end(render, &result, whole, out);
}

const struct builtin text_methods[] = {
    { "upper", "", 0, method_upper },
    { "lower", "", 0, method_lower },
    { "title", "", 0, method_title },
    { "capitalize", "", 0, method_capitalize },
    { "swapcase", "", 0, method_swapcase },
    { "strip", "chars", 0, method_strip },
    { "lstrip", "chars", 0, method_lstrip },
    { "rstrip", "chars", 0, method_rstrip },
    { "replace", "old new count", 2, method_replace },
    { "join", "iterable", 1, method_join },
    { "format", NULL, 0, method_format },
    { "startswith", "prefix", 1, method_startswith },
    { "endswith", "suffix", 1, method_endswith },
    { "removeprefix", "prefix", 1, method_removeprefix },
    { "removesuffix", "suffix", 1, method_removesuffix },
    { "split", "sep maxsplit", 0, method_split },
    { "rsplit", "sep maxsplit", 0, method_rsplit },
    { "splitlines", "keepends", 0, method_splitlines },
    { "partition", "sep", 1, method_partition },
    { "rpartition", "sep", 1, method_rpartition },
    { "ljust", "width fillchar", 1, method_ljust },
    { "rjust", "width fillchar", 1, method_rjust },
    { "center", "width fillchar", 1, method_center },
    { "zfill", "width", 1, method_zfill },
    { 0 },
};
