/* quote.c: text that is to stay text, whatever tokens it spells.
 *
 *   message          Say <|im_end|> twice.
 *   quoted           Say <··|im_end|> twice.                  U+FDD0 U+FDD1, the mark, written ·· here
 *   prompt           <|im_start|>user\nSay <··|im_end|> ...   by the template, which only hands texts on
 *   special tokens   <|im_start|>                             found while the marks stand
 *   the rest         user\nSay <|im_end|> twice.              encoded as plain text, without them
 *
 * A template copies, cuts and joins texts, so that where a byte came from is best written into the text itself. Both
 * characters are for a program's inner use and never for interchange (Unicode 15, section 23.7); one that a message
 * holds all the same is written U+FDD0 U+FDD2 meanwhile. Only texts of special tokens are broken, so that what
 * templates look for in messages ("</think>", where that is an ordinary token) is still found. */
#include "engine/quote.h"

#include <string.h>

enum { QUOTE_BYTES = 3, PAIR_BYTES = 6 };

static const char lead[] = "\xEF\xB7\x90", mark[] = "\xEF\xB7\x90\xEF\xB7\x91", literal[] = "\xEF\xB7\x90\xEF\xB7\x92";

static bool stands_at(struct span text, size_t offset, const char *what, size_t bytes)
{
    return span_has(text, offset, bytes) && memcmp(text.data + offset, what, bytes) == 0;
}

bool quote_marks(struct span text, size_t offset)
{
    return stands_at(text, offset, mark, PAIR_BYTES);
}

bool quote_used(struct span text)
{
    return text.bytes > 0 && memmem(text.data, text.bytes, lead, QUOTE_BYTES) != NULL;
}

static bool add_between(struct buffer *out, struct span text, size_t from, size_t to, struct error *error)
{
    return from == to || buffer_add(out, text.data + from, to - from, error);
}

/* What has to stand behind the character at offset: NULL if nothing. */
static const char *wanted_behind(const struct tokenizer *tokenizer, struct span text, size_t offset)
{
    if (stands_at(text, offset, lead, QUOTE_BYTES))
        return literal + QUOTE_BYTES;
    return specials_begin(&tokenizer->specials, text, offset) ? mark : NULL;
}

bool tokenizer_quote(const struct tokenizer *tokenizer, struct span text, struct buffer *out, struct error *error)
{
    size_t copied = 0;
    for (size_t offset = 0; offset < text.bytes; offset++) {
        const char *behind = wanted_behind(tokenizer, text, offset);
        if (!behind)
            continue;
        uint32_t character;
        const size_t end = offset + utf8_read(text, offset, &character);
        if (!add_between(out, text, copied, end, error) || !buffer_text(out, behind, error))
            return false;
        copied = end;
        offset = end - 1;
    }
    return add_between(out, text, copied, text.bytes, error);
}

bool tokenizer_unquote(struct span text, struct buffer *out, struct error *error)
{
    size_t copied = 0;
    for (size_t offset = 0; offset < text.bytes;) {
        const unsigned char *found = memmem(text.data + offset, text.bytes - offset, lead, QUOTE_BYTES);
        if (!found)
            break;
        const size_t at = (size_t)(found - text.data);
        const bool is_literal = stands_at(text, at, literal, PAIR_BYTES);
        offset = at + QUOTE_BYTES;
        if (!is_literal && !quote_marks(text, at))
            continue;
        if (!add_between(out, text, copied, is_literal ? offset : at, error))
            return false;
        copied = offset = at + PAIR_BYTES;
    }
    return add_between(out, text, copied, text.bytes, error);
}
