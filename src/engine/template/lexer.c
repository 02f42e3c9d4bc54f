/* lexer.c: a template's text to tokens, one at a time.
 *
 *            {{            {%                    {#  ... #}  is skipped
 *   IN_TEXT ---> IN_VARIABLE, IN_BLOCK           {% raw %} ... {% endraw %}  is text
 *      ^             |            |
 *      +---- }} -----+---- %} ----+   (but not inside brackets that are open)
 *
 * White space: "-" beside a tag's mark takes all of it away on that side; without a sign, as Hugging Face renders
 * (trim_blocks, lstrip_blocks), a {% %} or {# #} takes the line break after it and the spaces before it on its line;
 * "+" keeps both.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#whitespace-control */
#include "engine/template/lexer.h"

#include "engine/template/unicode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const struct lexer *lexer, struct error *error, const char *what)
{
    return error_set(error, "%s:%u: %s", lexer->name, lexer->line, what);
}

static struct span rest_of(const struct lexer *lexer)
{
    return span_part(lexer->source, lexer->at, lexer->source.bytes);
}

static bool begins_with(struct span text, const char *prefix)
{
    const size_t length = strlen(prefix);
    return text.bytes >= length && memcmp(text.data, prefix, length) == 0;
}

static void advance(struct lexer *lexer, size_t bytes)
{
    for (size_t end = lexer->at + bytes; lexer->at < end; lexer->at++)
        lexer->line += lexer->source.data[lexer->at] == '\n';
}

static void skip_spaces(struct lexer *lexer)
{
    advance(lexer, unicode_spaces_before(rest_of(lexer)));
}

static char sign_at(struct span text, size_t offset)
{
    const char c = text.bytes > offset ? (char)text.data[offset] : '\0';
    return c == '-' || c == '+' ? c : '\0';
}

/* ---- text and the marks in it ------------------------------------------------------------------------------------ */

/* Where the next {{, {% or {# stands; the end if none does. */
static size_t find_mark(const struct lexer *lexer)
{
    const struct span source = lexer->source;
    for (size_t i = lexer->at; i + 1 < source.bytes; i++)
        if (source.data[i] == '{' && memchr("{%#", source.data[i + 1], 3))
            return i;
    return source.bytes;
}

/* What is left of the text before a mark: white space control on its right side. */
static struct span text_before(const struct lexer *lexer, size_t mark)
{
    const struct span source = lexer->source;
    const struct span text = span_part(source, lexer->at, mark);
    if (mark == source.bytes)
        return text;
    const char sign = sign_at(source, mark + 2);
    if (sign == '-')
        return span_part(text, 0, text.bytes - unicode_spaces_after(text));
    if (sign == '+' || source.data[mark + 1] == '{')
        return text;
    const unsigned char *newline = text.data ? memrchr(text.data, '\n', text.bytes) : NULL;
    const size_t start = newline ? (size_t)(newline - text.data) + 1 : 0;
    const bool line_starts = newline || lexer->at == 0 || source.data[lexer->at - 1] == '\n';
    const struct span line = span_part(text, start, text.bytes);
    return line_starts && unicode_spaces_before(line) == line.bytes ? span_part(text, 0, start) : text;
}

/* How long the end of a tag is at the beginning of text: "-%}" and spaces, "+%}", or "%}" and a line break; 0 if there
 * is none. mark is "%}" or "#}". */
static size_t tag_end(struct span text, const char *mark)
{
    const char sign = sign_at(text, 0);
    const struct span tail = sign ? span_part(text, 1, text.bytes) : text;
    if (!begins_with(tail, mark))
        return 0;
    const struct span after = span_part(tail, 2, tail.bytes);
    if (sign == '-')
        return 3 + unicode_spaces_before(after);
    if (sign == '+')
        return 3;
    return after.bytes > 0 && after.data[0] == '\n' ? 3 : 2;
}

/* Whether text begins with {%, a sign or none, and this word alone; *length is up to the tag's end. */
static bool is_word_tag(struct span text, const char *word, size_t *length)
{
    size_t at = 2 + (sign_at(text, 2) != '\0');
    if (!begins_with(text, "{%") || at > text.bytes)
        return false;
    at += unicode_spaces_before(span_part(text, at, text.bytes));
    if (!begins_with(span_part(text, at, text.bytes), word))
        return false;
    at += strlen(word);
    at += unicode_spaces_before(span_part(text, at, text.bytes));
    *length = at;
    return true;
}

static bool skip_comment(struct lexer *lexer, struct error *error)
{
    const struct span source = lexer->source;
    for (size_t i = lexer->at + 2; i < source.bytes; i++) {
        const size_t end = tag_end(span_part(source, i, source.bytes), "#}");
        if (end > 0) {
            advance(lexer, i + end - lexer->at);
            return true;
        }
    }
    return fail(lexer, error, "a comment has no end: #} is missing");
}

/* Where {% endraw %} begins and how long it is. */
static bool find_raw_end(const struct lexer *lexer, size_t *start, size_t *bytes)
{
    const struct span source = lexer->source;
    for (*start = lexer->at; *start < source.bytes; ++*start) {
        const struct span here = span_part(source, *start, source.bytes);
        size_t word;
        if (!is_word_tag(here, "endraw", &word))
            continue;
        const size_t end = tag_end(span_part(here, word, here.bytes), "%}");
        *bytes = word + end;
        if (end > 0)
            return true;
    }
    return false;
}

/* At {% raw %}: its content as one token of text. raw_bytes is how long that tag is. */
static bool take_raw(struct lexer *lexer, size_t raw_bytes, struct token *out, struct error *error)
{
    advance(lexer, raw_bytes);
    size_t start, bytes;
    if (!find_raw_end(lexer, &start, &bytes))
        return fail(lexer, error, "{% raw %} has no end: {% endraw %} is missing");
    *out = (struct token){ .kind = TOKEN_TEXT, .line = lexer->line, .text = text_before(lexer, start) };
    advance(lexer, start + bytes - lexer->at);
    return true;
}

/* Length of {% raw %} at the beginning of text, 0 if it is something else. A line break after it stays. */
static size_t raw_begin(struct span text)
{
    size_t word;
    if (!is_word_tag(text, "raw", &word))
        return 0;
    const struct span tail = span_part(text, word, text.bytes);
    if (begins_with(tail, "%}"))
        return word + 2;
    return begins_with(tail, "-%}") ? word + tag_end(tail, "%}") : 0;
}

/* One step through text; out->kind stays TOKEN_END if it gave no token (a comment, text that was stripped away). */
static bool step_in_text(struct lexer *lexer, struct token *out, struct error *error)
{
    const size_t mark = find_mark(lexer);
    const struct span text = text_before(lexer, mark);
    if (mark > lexer->at) {
        *out = (struct token){ .kind = text.bytes ? TOKEN_TEXT : TOKEN_END, .line = lexer->line, .text = text };
        advance(lexer, mark - lexer->at);
        return true;
    }
    const struct span here = rest_of(lexer);
    const size_t raw = raw_begin(here);
    if (raw > 0)
        return take_raw(lexer, raw, out, error);
    if (here.data[1] == '#')
        return skip_comment(lexer, error);
    const bool block = here.data[1] == '%';
    *out = (struct token){ .kind = block ? TOKEN_BLOCK_BEGIN : TOKEN_VARIABLE_BEGIN, .line = lexer->line };
    lexer->mode = block ? IN_BLOCK : IN_VARIABLE;
    advance(lexer, 2 + (sign_at(here, 2) != '\0'));
    return true;
}

/* ---- inside a tag ------------------------------------------------------------------------------------------------ */

static const struct operator_text {
    const char *text; /* longer ones before those that they begin with */
    enum token_kind kind;
} operators[] = {
    { "//", TOKEN_DIVIDE_WHOLE },
    { "**", TOKEN_POWER },
    { "==", TOKEN_EQUAL },
    { "!=", TOKEN_NOT_EQUAL },
    { "<=", TOKEN_LESS_EQUAL },
    { ">=", TOKEN_GREATER_EQUAL },
    { "+", TOKEN_ADD },
    { "-", TOKEN_SUBTRACT },
    { "*", TOKEN_MULTIPLY },
    { "/", TOKEN_DIVIDE },
    { "%", TOKEN_MODULO },
    { "~", TOKEN_JOIN },
    { "<", TOKEN_LESS },
    { ">", TOKEN_GREATER },
    { "=", TOKEN_ASSIGN },
    { ".", TOKEN_DOT },
    { ",", TOKEN_COMMA },
    { ":", TOKEN_COLON },
    { ";", TOKEN_SEMICOLON },
    { "|", TOKEN_PIPE },
    { "(", TOKEN_PARENTHESIS_OPEN },
    { ")", TOKEN_PARENTHESIS_CLOSE },
    { "[", TOKEN_BRACKET_OPEN },
    { "]", TOKEN_BRACKET_CLOSE },
    { "{", TOKEN_BRACE_OPEN },
    { "}", TOKEN_BRACE_CLOSE },
};

static bool balance(struct lexer *lexer, enum token_kind kind, char c, struct error *error)
{
    if (kind == TOKEN_PARENTHESIS_OPEN || kind == TOKEN_BRACKET_OPEN || kind == TOKEN_BRACE_OPEN) {
        if (lexer->open == MOST_BRACKETS_OPEN)
            return fail(lexer, error, "too many brackets inside each other");
        lexer->closers[lexer->open++] = c == '(' ? ')' : c == '[' ? ']' : '}';
        return true;
    }
    if (kind != TOKEN_PARENTHESIS_CLOSE && kind != TOKEN_BRACKET_CLOSE && kind != TOKEN_BRACE_CLOSE)
        return true;
    if (lexer->open > 0 && lexer->closers[lexer->open - 1] == c) {
        lexer->open--;
        return true;
    }
    return error_set(error, "%s:%u: unexpected '%c'", lexer->name, lexer->line, c);
}

static bool take_operator(struct lexer *lexer, struct token *out, struct error *error)
{
    const struct span here = rest_of(lexer);
    for (size_t i = 0; i < LENGTH(operators); i++) {
        if (!begins_with(here, operators[i].text))
            continue;
        out->kind = operators[i].kind;
        out->text = span_part(here, 0, strlen(operators[i].text));
        advance(lexer, out->text.bytes);
        return balance(lexer, out->kind, (char)here.data[0], error);
    }
    const size_t shown = unicode_offset(here, 1);
    return error_set(error, "%s:%u: unexpected character '%.*s'", lexer->name, lexer->line, (int)shown,
                     (const char *)here.data);
}

/* Writes a code point that an escape named. */
static bool add_character(const struct lexer *lexer, uint32_t c, char **to, struct error *error)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return fail(lexer, error, "an escape in a string names no character");
    *to += utf8_write(c, *to);
    return true;
}

static int digit_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Up to most digits of a base at the beginning of text; returns how many there were. */
static size_t read_digits(struct span text, int base, size_t most, uint32_t *value)
{
    size_t count = 0;
    *value = 0;
    for (; count < most && count < text.bytes && digit_value(text.data[count]) < base; count++)
        *value = *value * (uint32_t)base + (uint32_t)digit_value(text.data[count]);
    return count;
}

static size_t escape_digits(unsigned char letter)
{
    return letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
}

/* An escape with a number: \ooo \xhh \uhhhh \Uhhhhhhhh. escape begins after the backslash. */
static bool take_number_escape(const struct lexer *lexer, struct span escape, size_t *used, char **to,
                               struct error *error)
{
    const size_t wanted = escape_digits(escape.data[0]);
    uint32_t c;
    if (wanted == 0) {
        *used = read_digits(escape, 8, 3, &c);
        return add_character(lexer, c, to, error);
    }
    *used = 1 + wanted;
    if (read_digits(span_part(escape, 1, escape.bytes), 16, wanted, &c) != wanted)
        return fail(lexer, error, "an escape in a string is cut short");
    return add_character(lexer, c, to, error);
}

/* One escape; escape begins after the backslash and holds at least one byte. */
static bool take_escape(const struct lexer *lexer, struct span escape, size_t *used, char **to, struct error *error)
{
    static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
    const unsigned char c = escape.data[0];
    if (escape_digits(c) > 0 || (c >= '0' && c <= '7'))
        return take_number_escape(lexer, escape, used, to, error);
    *used = 1;
    if (c == 'N')
        return fail(lexer, error, "\\N in a string is not supported: write the character itself");
    if (c == '\n')
        return true;
    const char *known = memchr(letters, c, sizeof letters - 1);
    if (!known)
        *(*to)++ = '\\';
    *(*to)++ = known ? meanings[known - letters] : (char)c;
    return true;
}

/* A string's content with its escapes resolved; never longer than it was written. */
static bool resolve_escapes(const struct lexer *lexer, struct span raw, struct span *out, struct error *error)
{
    char *text = arena_take(lexer->arena, raw.bytes + 1, 1);
    if (!text)
        return error_memory(error, raw.bytes);
    char *to = text;
    for (size_t i = 0; i < raw.bytes;) {
        if (raw.data[i] != '\\' || i + 1 == raw.bytes) {
            *to++ = (char)raw.data[i++];
            continue;
        }
        size_t used;
        if (!take_escape(lexer, span_part(raw, i + 1, raw.bytes), &used, &to, error))
            return false;
        i += 1 + used;
    }
    *out = span_of(text, (size_t)(to - text));
    return true;
}

static bool take_string(struct lexer *lexer, struct token *out, struct error *error)
{
    const struct span here = rest_of(lexer);
    size_t end = 1;
    while (end < here.bytes && here.data[end] != here.data[0])
        end += here.data[end] == '\\' ? 2 : 1;
    if (end >= here.bytes)
        return fail(lexer, error, "a string has no end");
    out->kind = TOKEN_STRING;
    const struct span raw = span_part(here, 1, end);
    out->text = raw;
    if (memchr(raw.data, '\\', raw.bytes) && !resolve_escapes(lexer, raw, &out->text, error))
        return false;
    advance(lexer, end + 1);
    return true;
}

/* Digits with single underscores between them, from offset on; returns where they end. */
static size_t digits_end(struct span text, size_t offset, int base)
{
    size_t end = offset;
    while (end < text.bytes) {
        const size_t digit = text.data[end] == '_' && end > offset ? end + 1 : end;
        if (digit >= text.bytes || digit_value(text.data[digit]) >= base)
            break;
        end = digit + 1;
    }
    return end;
}

/* Where a fraction and an exponent that follow the digits end; the same place if neither is there. */
static size_t real_end(struct span text, size_t digits)
{
    size_t end = digits;
    if (end < text.bytes && text.data[end] == '.') {
        const size_t fraction = digits_end(text, end + 1, 10);
        end = fraction > end + 1 ? fraction : end;
    }
    if (end < text.bytes && (text.data[end] | 0x20) == 'e') {
        const size_t start = end + 1 + (sign_at(text, end + 1) != '\0');
        const size_t exponent = start <= text.bytes ? digits_end(text, start, 10) : start;
        end = exponent > start ? exponent : end;
    }
    return end;
}

/* The text without underscores, for strtod and strtoll. */
static char *number_text(const struct lexer *lexer, struct span text)
{
    char *copy = arena_take(lexer->arena, text.bytes + 1, 1);
    char *to = copy;
    for (size_t i = 0; copy && i < text.bytes; i++)
        if (text.data[i] != '_')
            *to++ = (char)text.data[i];
    return copy;
}

static int base_at(struct span text)
{
    const unsigned char letter = text.bytes > 2 && text.data[0] == '0' ? text.data[1] | 0x20 : 0;
    const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    const size_t digit = text.bytes > 3 && text.data[2] == '_' ? 3 : 2;
    return base != 10 && digit_value(text.data[digit]) < base ? base : 10;
}

/* Where an integer ends: a leading zero is followed by zeros alone. */
static size_t integer_end(struct span text, int base)
{
    if (base != 10)
        return digits_end(text, text.data[2] == '_' ? 3 : 2, base);
    return digits_end(text, 0, text.data[0] == '0' ? 1 : 10);
}

static bool take_number(struct lexer *lexer, struct token *out, struct error *error)
{
    const struct span here = rest_of(lexer);
    const bool after_dot = lexer->at > 0 && lexer->source.data[lexer->at - 1] == '.';
    const size_t digits = digits_end(here, 0, 10), real = real_end(here, digits);
    const int base = base_at(here);
    const bool is_real = real > digits && !after_dot;
    out->kind = is_real ? TOKEN_REAL : TOKEN_INTEGER;
    out->text = span_part(here, 0, is_real ? real : integer_end(here, base));
    const char *text = number_text(lexer, out->text);
    if (!text)
        return error_memory(error, out->text.bytes);
    errno = 0;
    if (is_real)
        out->real = strtod(text, NULL);
    else
        out->integer = strtoll(base == 10 ? text : text + 2, NULL, base);
    if (!is_real && errno != 0)
        return fail(lexer, error, "a number is too large");
    advance(lexer, out->text.bytes);
    return true;
}

static size_t name_bytes(struct span text)
{
    size_t end = 0;
    while (end < text.bytes) {
        uint32_t c;
        const size_t bytes = utf8_read(text, end, &c);
        if (!unicode_is_word(c))
            break;
        end += bytes;
    }
    return end;
}

/* The end of the tag, where it stands and no bracket is open; 0 if it doesn't. */
static size_t end_of_tag(const struct lexer *lexer)
{
    if (lexer->open > 0)
        return 0;
    const struct span here = rest_of(lexer);
    if (lexer->mode == IN_BLOCK)
        return tag_end(here, "%}");
    if (begins_with(here, "-}}"))
        return 3 + unicode_spaces_before(span_part(here, 3, here.bytes));
    return begins_with(here, "}}") ? 2 : 0;
}

static bool take_in_tag(struct lexer *lexer, struct token *out, struct error *error)
{
    skip_spaces(lexer);
    const struct span here = rest_of(lexer);
    *out = (struct token){ .kind = TOKEN_END, .line = lexer->line };
    if (here.bytes == 0)
        return true;
    const size_t end = end_of_tag(lexer);
    if (end > 0) {
        out->kind = lexer->mode == IN_BLOCK ? TOKEN_BLOCK_END : TOKEN_VARIABLE_END;
        lexer->mode = IN_TEXT;
        advance(lexer, end);
        return true;
    }
    if (here.data[0] >= '0' && here.data[0] <= '9')
        return take_number(lexer, out, error);
    if (here.data[0] == '\'' || here.data[0] == '"')
        return take_string(lexer, out, error);
    const size_t name = name_bytes(here);
    if (name == 0)
        return take_operator(lexer, out, error);
    out->kind = TOKEN_NAME;
    out->text = span_part(here, 0, name);
    advance(lexer, name);
    return true;
}

bool lexer_next(struct lexer *lexer, struct token *out, struct error *error)
{
    *out = (struct token){ .kind = TOKEN_END, .line = lexer->line };
    while (lexer->mode == IN_TEXT && lexer->at < lexer->source.bytes) {
        if (!step_in_text(lexer, out, error))
            return false;
        if (out->kind != TOKEN_END)
            return true;
    }
    return lexer->mode == IN_TEXT || take_in_tag(lexer, out, error);
}
