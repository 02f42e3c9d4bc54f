/* pretokenizer.c: the regular expressions of the byte-level BPE families, as one scanner.
 *
 * All of them are variations on GPT-2's (Radford et al. 2019; github.com/openai/gpt-2, encoder.py):
 *
 *     's|'t|'re|'ve|'m|'ll|'d | ?\p{L}+ | ?\p{N}+ | ?[^\s\p{L}\p{N}]+ | \s+(?!\S) | \s+
 *
 * smollm (digits_first) first makes each \p{N} a piece, then cuts what is between. Llama 3 and Qwen 2 (any_case,
 * any_lead, newlines, digits 3 or 1) have, as in their tokenizer.json:
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+
 *     | \s+(?!\S) | \s+
 *
 * A scanner is linear whatever the text; a backtracking engine needs limits that a word of a megabyte runs into. */
#include "engine/pretokenizer.h"

#include <string.h>
#include <utf8proc.h>

static const struct pretokenizer pretokenizers[] = {
    { .name = "gpt-2" },
    { .name = "default" }, /* files that do not know better */
    { .name = "smollm", .digits_first = true },
    { .name = "llama-bpe",
      .any_case = true,
      .any_lead = true,
      .newlines = true,
      .digits = 3,
      .whole_words = true,
      .adds_bos = true },
    { .name = "qwen2", .any_case = true, .any_lead = true, .newlines = true, .digits = 1 },
};

static bool list_names(struct buffer *names)
{
    for (size_t i = 0; i < LENGTH(pretokenizers); i++)
        if (!buffer_format(names, NULL, "%s%s", i ? ", " : "", pretokenizers[i].name))
            return false;
    return true;
}

const struct pretokenizer *pretokenizer_find(struct span name, const char *path, struct error *error)
{
    for (size_t i = 0; i < LENGTH(pretokenizers); i++)
        if (name.bytes == 0 || span_equal(name, span_text(pretokenizers[i].name)))
            return &pretokenizers[i];
    struct buffer names = { .limit = 256 };
    const bool listed = list_names(&names);
    error_set(error, "%s: tokenizer.ggml.pre is %.*s, which is not known: known are %s", path,
              (int)size_min(name.bytes, 100), (const char *)name.data, listed ? names.bytes : "others");
    buffer_free(&names);
    return NULL;
}

/* ---- characters ------------------------------------------------------------------------------------------------- */

enum category { SYMBOL, LETTER, NUMBER, SPACE, NEWLINE, END };

struct character {
    enum category category;
    size_t bytes; /* 0 at the end of the text */
};

static bool is_space(enum category category)
{
    return category == SPACE || category == NEWLINE;
}

/* \p{L} and \p{N} by general category; \s is the property White_Space, which is the separators and a few controls. */
static enum category category_of(uint32_t code_point)
{
    const uint32_t next_line = 0x85;
    if (code_point == '\n' || code_point == '\r')
        return NEWLINE;
    if ((code_point >= '\t' && code_point <= '\r') || code_point == next_line)
        return SPACE;
    switch (utf8proc_category((utf8proc_int32_t)code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return NUMBER;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return SPACE;
    default:
        return SYMBOL;
    }
}

static struct character read(struct span text, size_t offset)
{
    if (offset >= text.bytes)
        return (struct character){ END, 0 };
    uint32_t code_point;
    const size_t bytes = utf8_read(text, offset, &code_point);
    return (struct character){ category_of(code_point), bytes };
}

/* ---- the alternatives: each gives how many bytes it matches at the beginning of text, 0 if it does not ----------- */

/* Up to most characters of a category; 0: any number. */
static size_t run(struct span text, size_t offset, enum category category, unsigned most)
{
    size_t end = offset;
    for (unsigned count = 0; most == 0 || count < most; count++) {
        const struct character next = read(text, end);
        if (next.category != category)
            break;
        end += next.bytes;
    }
    return end - offset;
}

static unsigned char folded(struct span text, size_t i, bool any_case)
{
    const unsigned char byte = i < text.bytes ? text.data[i] : 0;
    return any_case && byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 'a' - 'A') : byte;
}

static size_t contraction(const struct pretokenizer *pretokenizer, struct span text)
{
    if (text.data[0] != '\'')
        return 0;
    const char a = (char)folded(text, 1, pretokenizer->any_case), b = (char)folded(text, 2, pretokenizer->any_case);
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

static size_t word(const struct pretokenizer *pretokenizer, struct span text)
{
    const struct character first = read(text, 0);
    if (first.category == LETTER)
        return run(text, 0, LETTER, 0);
    const bool leads = pretokenizer->any_lead ? first.category == SYMBOL || first.category == SPACE
                                              : text.data[0] == ' ';
    const size_t letters = leads ? run(text, first.bytes, LETTER, 0) : 0;
    return letters ? first.bytes + letters : 0;
}

static size_t number(const struct pretokenizer *pretokenizer, struct span text)
{
    const size_t lead = pretokenizer->digits == 0 && text.data[0] == ' ';
    const size_t digits = run(text, lead, NUMBER, pretokenizer->digits);
    return digits ? lead + digits : 0;
}

static size_t symbols(const struct pretokenizer *pretokenizer, struct span text)
{
    const size_t lead = text.data[0] == ' ', found = run(text, lead, SYMBOL, 0);
    if (found == 0)
        return 0;
    return lead + found + (pretokenizer->newlines ? run(text, lead + found, NEWLINE, 0) : 0);
}

/* All that is left is space. It goes up to the last newline in it where newlines matter, else leaves one character
 * for the piece that follows. */
static size_t spaces(const struct pretokenizer *pretokenizer, struct span text)
{
    size_t end = 0, last = 0, after_newline = 0;
    struct character next = read(text, 0);
    for (; is_space(next.category); next = read(text, end)) {
        last = end;
        end += next.bytes;
        if (next.category == NEWLINE)
            after_newline = end;
    }
    if (pretokenizer->newlines && after_newline)
        return after_newline;
    return next.category == END || last == 0 ? end : last;
}

static size_t piece(const struct pretokenizer *pretokenizer, struct span text)
{
    size_t (*const alternatives[])(const struct pretokenizer *, struct span) = { contraction, word, number, symbols,
                                                                                 spaces };
    for (size_t i = 0; i < LENGTH(alternatives); i++) {
        const size_t bytes = alternatives[i](pretokenizer, text);
        if (bytes)
            return bytes;
    }
    return read(text, 0).bytes;
}

/* ---- the way through a text -------------------------------------------------------------------------------------- */

static size_t next_digit(struct span text, size_t offset)
{
    struct character next = read(text, offset);
    while (next.category != NUMBER && next.category != END) {
        offset += next.bytes;
        next = read(text, offset);
    }
    return offset;
}

bool cutter_next(struct cutter *cutter, struct span *out)
{
    const struct span text = cutter->text;
    if (cutter->start >= text.bytes)
        return false;
    if (cutter->start == cutter->limit)
        cutter->limit = cutter->pretokenizer->digits_first ? next_digit(text, cutter->start) : text.bytes;
    const struct span rest = span_of(text.data + cutter->start, cutter->limit - cutter->start);
    size_t bytes = rest.bytes ? piece(cutter->pretokenizer, rest) : 0;
    if (rest.bytes == 0) {
        bytes = read(text, cutter->start).bytes;
        cutter->limit = cutter->start + bytes;
    }
    *out = span_of(text.data + cutter->start, bytes);
    cutter->start += bytes;
    return true;
}
