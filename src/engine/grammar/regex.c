/* regex.c: reads regular expressions; regex.h says which. By recursive descent:
 *
 *   expression  alternative { "|" alternative }
 *   alternative { atom [ quantifier ] }
 *   atom        "(" expression ")" | "[" class "]" | "." | "\" escape | character
 *
 * Source: ECMA-262, 22.2; JSON Schema 2020-12, core, 6.4. */
#include "engine/grammar/regex.h"

#include "engine/grammar/ranges.h"

#include <stdlib.h>
#include <string.h>

enum {
    NESTED_MOST = 64,
    TIMES_MOST = 100000,
    PARTS_MOST = 1 << 14,

    PATTERN_BYTES_MOST = 1 << 12
};

struct reader {
    struct span text;
    size_t at;
    size_t depth;
    size_t parts; /* made so far */
    struct arena *arena;
    struct error *error;
};

static bool refuse(const struct reader *reader, const char *why)
{
    return error_set_kind(reader->error, ERROR_WRONG_USE, "%s at byte %zu of \"%.*s\"", why, reader->at,
                          (int)size_min(reader->text.bytes, 100), (const char *)reader->text.data);
}

static bool at_end(const struct reader *reader)
{
    return reader->at >= reader->text.bytes;
}

static unsigned char peek(const struct reader *reader)
{
    return at_end(reader) ? 0 : reader->text.data[reader->at];
}

static bool looking_at(const struct reader *reader, const char *text)
{
    const size_t bytes = strlen(text);
    return span_has(reader->text, reader->at, bytes) && memcmp(reader->text.data + reader->at, text, bytes) == 0;
}

static bool skip(struct reader *reader, const char *text)
{
    if (!looking_at(reader, text))
        return false;
    reader->at += strlen(text);
    return true;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static struct part *new_part(struct reader *reader, struct part part)
{
    struct part *out = ++reader->parts <= PARTS_MOST ? arena_take(reader->arena, 1, sizeof *out) : NULL;
    if (out)
        *out = part;
    else if (reader->parts > PARTS_MOST)
        refuse(reader, "it is too long");
    else
        error_memory(reader->error, sizeof part);
    return out;
}

static size_t add_lengths(size_t a, size_t b)
{
    size_t sum;
    return size_add(a, b, &sum) ? sum : LENGTH_ENDLESS;
}

static size_t multiply_lengths(size_t length, size_t times)
{
    size_t product;
    return size_multiply(length, times, &product) ? product : LENGTH_ENDLESS;
}

static struct part *new_list(struct reader *reader, enum part_kind kind, struct part *const *parts, size_t count)
{
    struct part list = { .kind = kind, .count = count };
    list.parts = arena_take(reader->arena, size_max(count, 1), sizeof *list.parts);
    if (!list.parts) {
        error_memory(reader->error, count * sizeof *list.parts);
        return NULL;
    }
    list.shortest = kind == PART_CHOICE && count > 0 ? LENGTH_ENDLESS : 0;
    for (size_t i = 0; i < count; i++) {
        list.parts[i] = parts[i];
        if (kind == PART_CHOICE) {
            list.shortest = size_min(list.shortest, parts[i]->shortest);
            list.longest = size_max(list.longest, parts[i]->longest);
        } else {
            list.shortest = add_lengths(list.shortest, parts[i]->shortest);
            list.longest = add_lengths(list.longest, parts[i]->longest);
        }
    }
    return new_part(reader, list);
}

static struct part *new_repeat(struct reader *reader, struct part *part, size_t least, size_t most)
{
    struct part *const repeat = new_list(reader, PART_SEQUENCE, &part, 1);
    if (!repeat)
        return NULL;
    repeat->kind = PART_REPEAT;
    repeat->least = least;
    repeat->most = most;
    repeat->shortest = multiply_lengths(part->shortest, least);
    repeat->longest = part->longest == 0 ? 0
                      : most == SIZE_MAX ? LENGTH_ENDLESS
                                         : multiply_lengths(part->longest, most);
    return repeat;
}

/* ---- classes of characters --------------------------------------------------------------------------------------- */

static const struct code_range digits[] = { { '0', '9' } };
static const struct code_range word[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct code_range spaces[] = { { '\t', '\r' }, { ' ', ' ' } };
/* ASCII alone: beyond it Python's \d, \w and \s know more characters than ECMA's. */
static const struct code_range not_digits[] = { { 1, '/' }, { ':', 0x7F } };
static const struct code_range not_word[] = { { 1, '/' }, { ':', '@' }, { '[', '^' }, { '`', '`' }, { '{', 0x7F } };
static const struct code_range not_spaces[] = {
    /* without all that either of them calls a space */
    { 1, 8 },           { 0x0E, 0x1B },     { 0x21, 0x84 },     { 0x86, 0x9F },
    { 0xA1, 0x167F },   { 0x1681, 0x1FFF }, { 0x200B, 0x2027 }, { 0x202A, 0x202E },
    { 0x2030, 0x205E }, { 0x2060, 0x2FFF }, { 0x3001, 0xFEFE }, { 0xFF00, CODE_POINT_LAST },
};
static const struct code_range not_lines[] = { { 1, 9 }, { 11, 12 }, { 14, 0x2027 }, { 0x202A, CODE_POINT_LAST } };
static const struct code_range everything[] = { { 1, CODE_POINT_LAST } };

static const struct shorthand {
    char letter;
    const struct code_range *ranges;
    size_t count;
} shorthands[] = {
    { 'd', digits, LENGTH(digits) }, { 'D', not_digits, LENGTH(not_digits) },
    { 'w', word, LENGTH(word) },     { 'W', not_word, LENGTH(not_word) },
    { 's', spaces, LENGTH(spaces) }, { 'S', not_spaces, LENGTH(not_spaces) },
};

static const struct shorthand *find_shorthand(char letter)
{
    for (size_t i = 0; i < LENGTH(shorthands); i++)
        if (shorthands[i].letter == letter)
            return &shorthands[i];
    return NULL;
}

static bool add_range(const struct reader *reader, struct ranges *ranges, uint32_t low, uint32_t high)
{
    return ranges_add(ranges, low, high) || refuse(reader, "a class of too many characters");
}

static struct part *new_characters(struct reader *reader, const struct code_range *ranges, size_t count)
{
    struct code_range *copy = arena_take(reader->arena, size_max(count, 1), sizeof *copy);
    if (!copy) {
        error_memory(reader->error, count * sizeof *copy);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        copy[i] = ranges[i];
    return new_part(
        reader, (struct part){ .kind = PART_CHARACTERS, .ranges = copy, .count = count, .shortest = 1, .longest = 1 });
}

/* ---- characters and their escapes -------------------------------------------------------------------------------- */

static int digit_value(unsigned char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool read_hexadecimal(struct reader *reader, size_t count, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++, reader->at++) {
        const int value = digit_value(peek(reader));
        if (value < 0)
            return refuse(reader, "a hexadecimal digit is wanted");
        *out = 16 * *out + (uint32_t)value;
    }
    return true;
}

/* \uXXXX; two of them for a character beyond U+FFFF. */
static bool read_unicode(struct reader *reader, uint32_t *out)
{
    uint32_t low = 0;
    if (!read_hexadecimal(reader, 4, out))
        return false;
    if (*out < 0xD800 || *out > 0xDFFF)
        return true;
    if (*out > 0xDBFF || !skip(reader, "\\u") || !read_hexadecimal(reader, 4, &low) || low < 0xDC00 || low > 0xDFFF)
        return refuse(reader, "half a pair of surrogates");
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* What stands behind a backslash and is one character. */
static bool read_escape(struct reader *reader, uint32_t *out)
{
    static const struct {
        char letter;
        uint32_t code;
    } letters[] = { { 't', '\t' }, { 'n', '\n' }, { 'r', '\r' }, { 'f', '\f' }, { 'v', '\v' } };
    const unsigned char letter = peek(reader);
    if (at_end(reader))
        return refuse(reader, "a backslash at the end");
    if (skip(reader, "x"))
        return read_hexadecimal(reader, 2, out);
    if (skip(reader, "u"))
        return read_unicode(reader, out);
    for (size_t i = 0; i < LENGTH(letters); i++)
        if (letters[i].letter == (char)letter) {
            *out = letters[i].code;
            reader->at++;
            return true;
        }
    if ((letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))
        return refuse(reader, letter >= '1' && letter <= '9' ? "a reference back is not supported"
                                                             : "this escape is not supported");
    reader->at += utf8_read(reader->text, reader->at, out);
    return true;
}

static bool read_character(struct reader *reader, uint32_t *out)
{
    if (skip(reader, "\\"))
        return read_escape(reader, out);
    reader->at += utf8_read(reader->text, reader->at, out);
    return true;
}

/* \d and the like; NULL, reading nothing, if there is none. */
static const struct shorthand *read_shorthand(struct reader *reader)
{
    if (peek(reader) != '\\' || reader->at + 1 >= reader->text.bytes)
        return NULL;
    const struct shorthand *shorthand = find_shorthand((char)reader->text.data[reader->at + 1]);
    reader->at += shorthand ? 2 : 0;
    return shorthand;
}

/* A shorthand within a class. In a negated one the characters go too that Python alone calls spaces. */
static bool add_shorthand(struct reader *reader, const struct shorthand *shorthand, struct ranges *ranges, bool negated)
{
    for (size_t i = 0; i < shorthand->count; i++)
        if (!add_range(reader, ranges, shorthand->ranges[i].low, shorthand->ranges[i].high))
            return false;
    return !negated || !strchr("sS", shorthand->letter) || add_range(reader, ranges, 0x1C, 0x1F);
}

/* One item of a class: a shorthand, a character, a range. */
static bool read_item(struct reader *reader, struct ranges *ranges, bool negated, bool *ascii_only)
{
    uint32_t low, high;
    const struct shorthand *shorthand = read_shorthand(reader);
    if (shorthand) {
        *ascii_only = true;
        return add_shorthand(reader, shorthand, ranges, negated);
    }
    if (skip(reader, "\\b"))
        return add_range(reader, ranges, '\b', '\b');
    if (!read_character(reader, &low))
        return false;
    high = low;
    if (peek(reader) == '-' && !looking_at(reader, "-]")) {
        reader->at++;
        if (read_shorthand(reader))
            return refuse(reader, "a range that ends with a class");
        if (at_end(reader) || !read_character(reader, &high))
            return at_end(reader) ? refuse(reader, "a class without its ]") : false;
    }
    if (high < low)
        return refuse(reader, "a range that ends before it begins");
    return add_range(reader, ranges, low > 0 ? low : 1, high > 0 ? high : 1);
}

/* Behind the opening bracket. A negated class with a shorthand in it stays within ASCII, where all agree on it. */
static struct part *read_class(struct reader *reader)
{
    const bool negated = skip(reader, "^");
    bool ascii_only = false, done = true;
    struct part *part = NULL;
    struct ranges *ranges = calloc(1, sizeof *ranges);
    if (!ranges) {
        error_memory(reader->error, sizeof *ranges);
        return NULL;
    }
    while (done && !at_end(reader) && peek(reader) != ']')
        done = read_item(reader, ranges, negated, &ascii_only);
    if (done && !skip(reader, "]"))
        done = refuse(reader, "a class without its ]");
    if (done) {
        ranges_join(ranges);
        if (negated)
            ranges_complement(ranges, ascii_only ? 0x7F : CODE_POINT_LAST);
        part = new_characters(reader, ranges->all, ranges->count);
    }
    free(ranges);
    return part;
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */

static struct part *read_expression(struct reader *reader);

/* Behind the opening parenthesis. */
static struct part *read_group(struct reader *reader)
{
    if (skip(reader, "?") && !skip(reader, ":")) {
        const bool named = skip(reader, "<") || skip(reader, "P<");
        if (!named || peek(reader) == '=' || peek(reader) == '!') {
            refuse(reader, "look-around and flags are not supported");
            return NULL;
        }
        while (!at_end(reader) && peek(reader) != '>')
            reader->at++;
        if (!skip(reader, ">")) {
            refuse(reader, "a name without its >");
            return NULL;
        }
    }
    if (++reader->depth > NESTED_MOST) {
        refuse(reader, "groups too deep in each other");
        return NULL;
    }
    struct part *inside = read_expression(reader);
    reader->depth--;
    if (inside && !skip(reader, ")")) {
        refuse(reader, "a group without its )");
        return NULL;
    }
    return inside;
}

static struct part *read_atom(struct reader *reader)
{
    uint32_t code;
    if (skip(reader, "("))
        return read_group(reader);
    if (skip(reader, "["))
        return read_class(reader);
    if (skip(reader, "."))
        return new_characters(reader, not_lines, LENGTH(not_lines));
    const struct shorthand *shorthand = read_shorthand(reader);
    if (shorthand)
        return new_characters(reader, shorthand->ranges, shorthand->count);
    if (strchr("^$", peek(reader)))
        refuse(reader, "an anchor is supported only at the beginning (^) and at the end ($) of the whole");
    else if (strchr("*+?{", peek(reader)))
        refuse(reader, "there is nothing to repeat");
    else if (looking_at(reader, "\\b") || looking_at(reader, "\\B"))
        refuse(reader, "an edge of a word is not supported");
    else if (read_character(reader, &code))
        return new_characters(reader, (const struct code_range[]){ { code > 0 ? code : 1, code > 0 ? code : 1 } }, 1);
    return NULL;
}

static bool read_number(struct reader *reader, size_t *out)
{
    *out = 0;
    if (peek(reader) < '0' || peek(reader) > '9')
        return refuse(reader, "a count is wanted");
    while (peek(reader) >= '0' && peek(reader) <= '9' && *out <= TIMES_MOST)
        *out = 10 * *out + (size_t)(reader->text.data[reader->at++] - '0');
    return *out <= TIMES_MOST || refuse(reader, "a count that is too large");
}

/* {2}, {2,} and {2,5}, behind the brace. */
static bool read_counts(struct reader *reader, size_t *least, size_t *most)
{
    if (!read_number(reader, least))
        return false;
    *most = *least;
    if (skip(reader, ",")) {
        *most = SIZE_MAX;
        if (peek(reader) != '}' && !read_number(reader, most))
            return false;
    }
    if (!skip(reader, "}"))
        return refuse(reader, "counts without their }");
    return *least <= *most || refuse(reader, "counts in the wrong order");
}

static bool read_quantifier(struct reader *reader, size_t *least, size_t *most)
{
    static const struct {
        const char *sign;
        size_t least, most;
    } signs[] = { { "*", 0, SIZE_MAX }, { "+", 1, SIZE_MAX }, { "?", 0, 1 } };
    bool found = false;
    *least = *most = 1;
    for (size_t i = 0; i < LENGTH(signs) && !found; i++)
        if (skip(reader, signs[i].sign)) {
            *least = signs[i].least;
            *most = signs[i].most;
            found = true;
        }
    if (!found && !skip(reader, "{"))
        return true;
    if (!found && !read_counts(reader, least, most))
        return false;
    skip(reader, "?"); /* lazy: it matches the same texts */
    if (peek(reader) == '+' || peek(reader) == '*')
        return refuse(reader, "possessive quantifiers are not supported");
    return true;
}

static bool ends_alternative(const struct reader *reader)
{
    const unsigned char byte = peek(reader);
    const bool last_anchor = byte == '$' && reader->depth == 0 &&
                             (reader->at + 1 == reader->text.bytes || reader->text.data[reader->at + 1] == '|');
    return at_end(reader) || byte == '|' || byte == ')' || last_anchor;
}

/* Behind its ^, if it has one. */
static struct part *read_alternative(struct reader *reader, struct part *before)
{
    struct part **parts = calloc(reader->text.bytes + 2, sizeof *parts), *out = NULL;
    size_t count = 0;
    bool done = parts || error_memory(reader->error, reader->text.bytes * sizeof *parts);
    if (done && before)
        parts[count++] = before;
    while (done && !ends_alternative(reader)) {
        size_t least, most;
        struct part *atom = read_atom(reader);
        done = atom && read_quantifier(reader, &least, &most);
        if (done && (least != 1 || most != 1))
            atom = new_repeat(reader, atom, least, most);
        done = done && atom;
        if (done)
            parts[count++] = atom;
    }
    if (done)
        out = new_list(reader, PART_SEQUENCE, parts, count);
    free(parts);
    return out;
}

static struct part *any_text(struct reader *reader)
{
    struct part *character = new_characters(reader, everything, LENGTH(everything));
    return character ? new_repeat(reader, character, 0, SIZE_MAX) : NULL;
}

/* An alternative of the whole expression: without ^ any text may come before it, without $ any may follow. */
static struct part *read_whole_alternative(struct reader *reader)
{
    struct part *before = NULL, *after;
    if (!skip(reader, "^") && !(before = any_text(reader)))
        return NULL;
    struct part *inside = read_alternative(reader, before);
    if (!inside || skip(reader, "$"))
        return inside;
    after = any_text(reader);
    return after ? new_list(reader, PART_SEQUENCE, (struct part *[]){ inside, after }, 2) : NULL;
}

static struct part *read_expression(struct reader *reader)
{
    struct part *all = NULL;
    do {
        struct part *next = reader->depth == 0 ? read_whole_alternative(reader) : read_alternative(reader, NULL);
        if (next && all)
            next = new_list(reader, PART_CHOICE, (struct part *[]){ all, next }, 2);
        if (!next)
            return NULL;
        all = next;
    } while (skip(reader, "|"));
    return all;
}

bool regex_read(struct span pattern, struct arena *arena, struct part **out, struct error *error)
{
    struct reader reader = { .text = pattern, .arena = arena, .error = error };
    if (pattern.bytes > PATTERN_BYTES_MOST)
        return refuse(&reader, "it is too long");
    if (utf8_valid_prefix(pattern) < pattern.bytes)
        return refuse(&reader, "it is not valid UTF-8");
    *out = read_expression(&reader);
    if (*out && !at_end(&reader))
        return refuse(&reader, "a ) without its group");
    return *out != NULL;
}
