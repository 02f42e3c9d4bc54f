/* text.c: spans and UTF-8 (RFC 3629). */
#include "base/base.h"

#include <string.h>

struct span span_text(const char *text)
{
    return span_of(text, strlen(text));
}

bool span_equal(struct span a, struct span b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

/* How long a character is that begins with this byte, 0 if none does; low and high bound its second byte, which is
 * where overlong forms, surrogates and code points above U+10FFFF are told apart. */
static size_t sequence_length(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    if (first >= 0xF0 && first <= 0xF4)
        return 4;
    return 0;
}

/* How many bytes at the start of text belong to one character; *wanted is how many it should have (0: invalid). */
static size_t matching_bytes(struct span text, size_t *wanted)
{
    unsigned char low, high;
    *wanted = sequence_length(text.data[0], &low, &high);
    size_t matched = 1;
    for (; matched < *wanted && matched < text.bytes; matched++) {
        const unsigned char c = text.data[matched];
        if (matched == 1 ? c < low || c > high : (c & 0xC0) != 0x80)
            break;
    }
    return matched;
}

size_t utf8_read(struct span text, size_t offset, uint32_t *code_point)
{
    static const unsigned char mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    const struct span rest = span_of(text.data + offset, text.bytes - offset);
    size_t wanted;
    if (matching_bytes(rest, &wanted) != wanted) {
        *code_point = UTF8_REPLACEMENT;
        return 1;
    }
    uint32_t value = rest.data[0] & mask[wanted];
    for (size_t i = 1; i < wanted; i++)
        value = value << 6 | (rest.data[i] & 0x3Fu);
    *code_point = value;
    return wanted;
}

size_t utf8_write(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18 & 0x07));
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_valid_prefix(struct span text)
{
    size_t offset = 0;
    while (offset < text.bytes) {
        size_t wanted;
        const size_t matched = matching_bytes(span_of(text.data + offset, text.bytes - offset), &wanted);
        if (matched != wanted)
            return offset;
        offset += matched;
    }
    return offset;
}

size_t utf8_complete_prefix(struct span text)
{
    for (size_t back = 1; back <= 3 && back <= text.bytes; back++) {
        const size_t start = text.bytes - back;
        if ((text.data[start] & 0xC0) == 0x80)
            continue; /* inside a character: look for its beginning */
        size_t wanted;
        const size_t matched = matching_bytes(span_of(text.data + start, back), &wanted);
        return matched == back && wanted > back ? start : text.bytes;
    }
    return text.bytes;
}
