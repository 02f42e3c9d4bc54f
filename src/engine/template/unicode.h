/* unicode.h: what Python's str knows of characters, as templates see it. Texts are valid UTF-8 throughout. */
#ifndef BASTIDE_ENGINE_TEMPLATE_UNICODE_H
#define BASTIDE_ENGINE_TEMPLATE_UNICODE_H

#include "base/base.h"

bool unicode_is_space(uint32_t c);  /* str.isspace */
bool unicode_is_word(uint32_t c);   /* str.isalnum, or an underscore */
bool unicode_is_letter(uint32_t c); /* str.isalpha */
bool unicode_is_digit(uint32_t c);  /* str.isdecimal */
bool unicode_is_upper(uint32_t c);
bool unicode_is_lower(uint32_t c);
bool unicode_is_printable(uint32_t c); /* str.isprintable: repr shows it as it is */

enum letter_case { CASE_LOWER, CASE_UPPER, CASE_TITLE };

/* Writes the character in another case: 1 to 3 characters, at most 12 bytes; returns how many bytes. */
size_t unicode_convert(uint32_t c, enum letter_case wanted, char out[12]);

/* How many characters; where character i begins (text.bytes if there are fewer). */
size_t unicode_count(struct span text);
size_t unicode_offset(struct span text, size_t i);

/* How many bytes of white space stand at the beginning and at the end. */
size_t unicode_spaces_before(struct span text);
size_t unicode_spaces_after(struct span text);

/* The part of text from byte start (inclusive) to end (exclusive). */
static inline struct span span_part(struct span text, size_t start, size_t end)
{
    return span_of(text.data ? text.data + start : NULL, end - start);
}

#endif
