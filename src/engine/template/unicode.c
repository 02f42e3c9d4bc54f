/* unicode.c: character classes and letter case as Python's str has them, from the tables of utf8proc.
 * Source: Python's library reference; Unicode 15, UnicodeData.txt the common part of SpecialCasing.txt. */
#include "engine/template/unicode.h"

#include <string.h>
#include <utf8proc.h>

bool unicode_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static utf8proc_category_t category_of(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c);
}

bool unicode_is_letter(uint32_t c)
{
    const utf8proc_category_t category = category_of(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool unicode_is_digit(uint32_t c)
{
    return category_of(c) == UTF8PROC_CATEGORY_ND;
}

bool unicode_is_word(uint32_t c)
{
    const utf8proc_category_t category = category_of(c);
    return c == '_' || unicode_is_letter(c) || (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool unicode_is_upper(uint32_t c)
{
    return category_of(c) == UTF8PROC_CATEGORY_LU;
}

bool unicode_is_lower(uint32_t c)
{
    return category_of(c) == UTF8PROC_CATEGORY_LL;
}

bool unicode_is_printable(uint32_t c)
{
    switch (category_of(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    case UTF8PROC_CATEGORY_ZS:
        return c == ' ';
    default:
        return true;
    }
}

/* Characters whose other case is several characters. */
static const struct special {
    uint32_t c;
    const char *upper, *title, *lower; /* NULL: as utf8proc says */
} specials[] = {
    { 0x00DF, "SS", "Ss", NULL },
    { 0x0130, NULL, NULL, "i\xCC\x87" },
    { 0x0149, "\xCA\xBCN", "\xCA\xBCN", NULL },
    { 0x01F0, "J\xCC\x8C", "J\xCC\x8C", NULL },
    { 0xFB00, "FF", "Ff", NULL },
    { 0xFB01, "FI", "Fi", NULL },
    { 0xFB02, "FL", "Fl", NULL },
    { 0xFB03, "FFI", "Ffi", NULL },
    { 0xFB04, "FFL", "Ffl", NULL },
    { 0xFB05, "ST", "St", NULL },
    { 0xFB06, "ST", "St", NULL },
};

static const char *special_case(uint32_t c, enum letter_case wanted)
{
    for (size_t i = 0; i < LENGTH(specials); i++)
        if (specials[i].c == c)
            return wanted == CASE_UPPER   ? specials[i].upper
                   : wanted == CASE_TITLE ? specials[i].title
                                          : specials[i].lower;
    return NULL;
}

size_t unicode_convert(uint32_t c, enum letter_case wanted, char out[12])
{
    const char *special = special_case(c, wanted);
    if (special) {
        const size_t bytes = strlen(special);
        memcpy(out, special, bytes);
        return bytes;
    }
    const utf8proc_int32_t from = (utf8proc_int32_t)c;
    const utf8proc_int32_t to = wanted == CASE_UPPER   ? utf8proc_toupper(from)
                                : wanted == CASE_TITLE ? utf8proc_totitle(from)
                                                       : utf8proc_tolower(from);
    return utf8_write((uint32_t)to, out);
}

static bool begins_character(unsigned char byte)
{
    return (byte & 0xC0) != 0x80;
}

size_t unicode_count(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += begins_character(text.data[i]);
    return count;
}

size_t unicode_offset(struct span text, size_t i)
{
    size_t offset = 0;
    for (; i > 0 && offset < text.bytes; i--)
        do
            offset++;
        while (offset < text.bytes && !begins_character(text.data[offset]));
    return offset;
}

size_t unicode_spaces_before(struct span text)
{
    size_t offset = 0;
    while (offset < text.bytes) {
        uint32_t c;
        const size_t bytes = utf8_read(text, offset, &c);
        if (!unicode_is_space(c))
            break;
        offset += bytes;
    }
    return offset;
}

size_t unicode_spaces_after(struct span text)
{
    size_t end = text.bytes;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && !begins_character(text.data[start]))
            start--;
        uint32_t c;
        utf8_read(text, start, &c);
        if (!unicode_is_space(c))
            break;
        end = start;
    }
    return text.bytes - end;
}
