/* gbnf.c: grammars as llama.cpp writes them (GBNF), whose clients send them along.
 *
 *   grammar      { NAME "::=" alternatives }
 *   alternatives sequence { "|" sequence }
 *   sequence     { item [ "*" | "+" | "?" | "{" counts "}" ] }
 *   item         NAME | "text" | [class] | [^class] | "." | "(" alternatives ")"
 *
 * A rule ends with its line, but for what is within parentheses or goes on with "|"; "#" begins a comment. The result
 * is the rule "root". Left recursion and references to tokens (<think>) are refused.
 * Source: github.com/ggml-org/llama.cpp/blob/master/grammars/README.md */
#include "engine/grammar/maker.h"
#include "engine/grammar/ranges.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MOST = 10000, NESTED_MOST = 100, ITEMS_MOST = 1 << 16, TIMES_MOST = 1 << 20 };

struct named {
    struct span name;
    struct rule rule; /* a forward */
    bool defined;
};

struct gbnf {
    struct maker maker;
    struct span text;
    size_t at;
    size_t depth;      /* of parentheses */
    struct pile named; /* struct named */
    struct pile items; /* struct rule: those of the sequences and alternatives that are being read */
    struct ranges *ranges;
};

static bool refuse(struct gbnf *gbnf, const char *why)
{
    size_t line = 1;
    for (size_t i = 0; i < gbnf->at; i++)
        line += gbnf->text.data[i] == '\n';
    return error_set_kind(gbnf->maker.error, ERROR_WRONG_USE, "grammar: line %zu: %s", line, why);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static unsigned char peek(const struct gbnf *gbnf)
{
    return gbnf->at < gbnf->text.bytes ? gbnf->text.data[gbnf->at] : 0;
}

static bool skip(struct gbnf *gbnf, const char *text)
{
    const size_t bytes = strlen(text);
    if (!span_has(gbnf->text, gbnf->at, bytes) || memcmp(gbnf->text.data + gbnf->at, text, bytes) != 0)
        return false;
    gbnf->at += bytes;
    return true;
}

static void skip_space(struct gbnf *gbnf, bool lines)
{
    for (;; gbnf->at++) {
        if (peek(gbnf) == '#')
            while (gbnf->at < gbnf->text.bytes && peek(gbnf) != '\n')
                gbnf->at++;
        const unsigned char byte = peek(gbnf);
        const bool line = byte == '\n' || byte == '\r';
        if (gbnf->at == gbnf->text.bytes || !(byte == ' ' || byte == '\t' || (line && lines)))
            return;
    }
}

static bool in_name(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_';
}

static struct span read_name(struct gbnf *gbnf)
{
    const size_t start = gbnf->at;
    while (in_name(peek(gbnf)))
        gbnf->at++;
    return span_of(gbnf->text.data + start, gbnf->at - start);
}

static bool find_named(struct gbnf *gbnf, struct span name, struct named **out)
{
    struct named *all = gbnf->named.items;
    for (size_t i = 0; i < gbnf->named.count; i++)
        if (span_equal(all[i].name, name)) {
            *out = &all[i];
            return true;
        }
    struct named fresh = { .name = name };
    if (!pile_reserve(&gbnf->named, sizeof fresh, 1, RULES_MOST, gbnf->maker.error) ||
        !grammar_forward(gbnf->maker.grammar, name, &fresh.rule, gbnf->maker.error))
        return false;
    *out = (struct named *)gbnf->named.items + gbnf->named.count++;
    **out = fresh;
    return true;
}

/* ---- characters -------------------------------------------------------------------------------------------------- */

static bool read_hexadecimal(struct gbnf *gbnf, size_t count, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++, gbnf->at++) {
        const unsigned char digit = peek(gbnf), letter = digit | 0x20;
        const bool decimal = digit >= '0' && digit <= '9';
        if (!decimal && !(letter >= 'a' && letter <= 'f'))
            return refuse(gbnf, "a hexadecimal digit is wanted");
        *out = *out << 4 | (uint32_t)(decimal ? digit - '0' : letter - 'a' + 10);
    }
    return (*out <= CODE_POINT_LAST && (*out < 0xD800 || *out > 0xDFFF)) || refuse(gbnf, "there is no such character");
}

/* One character of a text or a class, which may be written as an escape. */
static bool read_character(struct gbnf *gbnf, uint32_t *out)
{
    static const struct {
        char letter;
        char means;
    } letters[] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { '\\', '\\' }, { '"', '"' },
                    { '[', '[' },  { ']', ']' },  { '-', '-' },  { '^', '^' } };
    if (gbnf->at == gbnf->text.bytes)
        return refuse(gbnf, "a text or a class without its end");
    if (!skip(gbnf, "\\")) {
        gbnf->at += utf8_read(gbnf->text, gbnf->at, out);
        return true;
    }
    const char letter = (char)peek(gbnf);
    if (letter == 'x' || letter == 'u' || letter == 'U') {
        gbnf->at++;
        return read_hexadecimal(gbnf, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, out);
    }
    for (size_t i = 0; i < LENGTH(letters); i++)
        if (letters[i].letter == letter) {
            *out = (unsigned char)letters[i].means;
            gbnf->at++;
            return true;
        }
    return refuse(gbnf, "this escape is not known");
}

/* Behind the opening quote. */
static bool read_text(struct gbnf *gbnf, struct rule *out)
{
    struct buffer text = { .limit = 1 << 20 };
    bool done = buffer_text(&text, "", gbnf->maker.error);
    while (done && !skip(gbnf, "\"")) {
        uint32_t code;
        char bytes[4];
        done = read_character(gbnf, &code) && buffer_add(&text, bytes, utf8_write(code, bytes), gbnf->maker.error);
    }
    if (done)
        *out = make_span(&gbnf->maker, buffer_span(&text));
    buffer_free(&text);
    return done && !gbnf->maker.failed;
}

/* Behind the opening bracket. */
static bool read_class(struct gbnf *gbnf, struct rule *out)
{
    const bool negated = skip(gbnf, "^");
    gbnf->ranges->count = 0;
    while (!skip(gbnf, "]")) {
        uint32_t low, high;
        if (!read_character(gbnf, &low))
            return false;
        high = low;
        const bool range = peek(gbnf) == '-' && gbnf->at + 1 < gbnf->text.bytes && gbnf->text.data[gbnf->at + 1] != ']';
        gbnf->at += range;
        if (range && !read_character(gbnf, &high))
            return false;
        if (high < low)
            return refuse(gbnf, "a range that ends before it begins");
        if (!ranges_add(gbnf->ranges, low, high))
            return refuse(gbnf, "a class of too many characters");
    }
    ranges_join(gbnf->ranges);
    if (negated)
        ranges_complement(gbnf->ranges, CODE_POINT_LAST);
    *out = make_characters(&gbnf->maker, gbnf->ranges->all, gbnf->ranges->count);
    return !gbnf->maker.failed;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static bool add_item(struct gbnf *gbnf, struct rule rule)
{
    if (!pile_reserve(&gbnf->items, sizeof rule, 1, ITEMS_MOST, gbnf->maker.error))
        return false;
    ((struct rule *)gbnf->items.items)[gbnf->items.count++] = rule;
    return true;
}

static bool read_alternatives(struct gbnf *gbnf, struct rule *out);

/* Behind the opening parenthesis. */
static bool read_group(struct gbnf *gbnf, struct rule *out)
{
    if (++gbnf->depth > NESTED_MOST)
        return refuse(gbnf, "parentheses too deep in each other");
    skip_space(gbnf, true);
    if (!read_alternatives(gbnf, out))
        return false;
    gbnf->depth--;
    return skip(gbnf, ")") || refuse(gbnf, "a ( without its )");
}

/* *found false: here is no item. */
static bool read_item(struct gbnf *gbnf, struct rule *out, bool *found)
{
    static const struct code_range any[] = { { 1, CODE_POINT_LAST } };
    *found = true;
    if (skip(gbnf, "\""))
        return read_text(gbnf, out);
    if (skip(gbnf, "["))
        return read_class(gbnf, out);
    if (skip(gbnf, "("))
        return read_group(gbnf, out);
    if (skip(gbnf, ".")) {
        *out = make_characters(&gbnf->maker, any, LENGTH(any));
        return !gbnf->maker.failed;
    }
    if (peek(gbnf) == '<' || peek(gbnf) == '!')
        return refuse(gbnf, "references to tokens are not supported: write their texts");
    const struct span name = read_name(gbnf);
    struct named *named;
    *found = name.bytes > 0;
    if (!*found)
        return true;
    if (!find_named(gbnf, name, &named))
        return false;
    *out = named->rule;
    return true;
}

static bool read_count(struct gbnf *gbnf, size_t *out)
{
    skip_space(gbnf, true);
    if (peek(gbnf) < '0' || peek(gbnf) > '9')
        return refuse(gbnf, "a count is wanted");
    for (*out = 0; peek(gbnf) >= '0' && peek(gbnf) <= '9' && *out <= TIMES_MOST; gbnf->at++)
        *out = 10 * *out + (size_t)(peek(gbnf) - '0');
    skip_space(gbnf, true);
    return *out <= TIMES_MOST || refuse(gbnf, "a count that is too large");
}

/* Behind the opening brace. */
static bool read_counts(struct gbnf *gbnf, size_t *least, size_t *most)
{
    if (!read_count(gbnf, least))
        return false;
    *most = *least;
    if (skip(gbnf, ",")) {
        skip_space(gbnf, true);
        *most = SIZE_MAX;
        if (peek(gbnf) != '}' && !read_count(gbnf, most))
            return false;
    }
    if (!skip(gbnf, "}"))
        return refuse(gbnf, "a { without its }");
    return *least <= *most || refuse(gbnf, "counts in the wrong order");
}

static bool read_repeats(struct gbnf *gbnf, struct rule *rule)
{
    for (;;) {
        size_t least = 0, most = SIZE_MAX;
        skip_space(gbnf, gbnf->depth > 0);
        if (skip(gbnf, "+"))
            least = 1;
        else if (skip(gbnf, "?"))
            most = 1;
        else if (skip(gbnf, "{")) {
            if (!read_counts(gbnf, &least, &most))
                return false;
        } else if (!skip(gbnf, "*"))
            return true;
        *rule = make_repeat(&gbnf->maker, *rule, least, most);
        if (gbnf->maker.failed)
            return false;
    }
}

/* The items since the pile had so many, as one rule; the pile has as many again. */
static bool join_items(struct gbnf *gbnf, size_t before, bool choice, struct rule *out)
{
    const struct rule *items = (const struct rule *)gbnf->items.items + before;
    const size_t count = gbnf->items.count - before;
    gbnf->items.count = before;
    if (count == 0)
        *out = make_text(&gbnf->maker, "");
    else
        *out = choice ? make_choice(&gbnf->maker, items, count) : make_sequence(&gbnf->maker, items, count);
    return !gbnf->maker.failed;
}

static bool read_sequence(struct gbnf *gbnf, struct rule *out)
{
    const size_t before = gbnf->items.count;
    for (;;) {
        struct rule item;
        bool found;
        skip_space(gbnf, gbnf->depth > 0);
        if (!read_item(gbnf, &item, &found))
            return false;
        if (!found)
            return join_items(gbnf, before, false, out);
        if (!read_repeats(gbnf, &item) || !add_item(gbnf, item))
            return false;
    }
}

/* Whether a bar comes, perhaps on the next line. */
static bool skip_bar(struct gbnf *gbnf)
{
    const size_t before = gbnf->at;
    skip_space(gbnf, true);
    if (skip(gbnf, "|")) {
        skip_space(gbnf, true);
        return true;
    }
    gbnf->at = gbnf->depth > 0 ? gbnf->at : before;
    return false;
}

static bool read_alternatives(struct gbnf *gbnf, struct rule *out)
{
    const size_t before = gbnf->items.count;
    do {
        struct rule sequence;
        if (!read_sequence(gbnf, &sequence) || !add_item(gbnf, sequence))
            return false;
    } while (skip_bar(gbnf));
    return join_items(gbnf, before, true, out);
}

static bool read_rule(struct gbnf *gbnf)
{
    struct named *named;
    struct rule rule;
    const struct span name = read_name(gbnf);
    if (name.bytes == 0)
        return refuse(gbnf, "the name of a rule is wanted");
    skip_space(gbnf, false);
    if (!skip(gbnf, "::="))
        return refuse(gbnf, "::= is wanted behind the name of a rule");
    skip_space(gbnf, true);
    if (!find_named(gbnf, name, &named))
        return false;
    if (named->defined)
        return refuse(gbnf, "this rule was there before");
    named->defined = true;
    if (!read_alternatives(gbnf, &rule) || !find_named(gbnf, name, &named)) /* the pile may have moved */
        return false;
    grammar_define(gbnf->maker.grammar, named->rule, rule);
    if (gbnf->at < gbnf->text.bytes && peek(gbnf) != '\n' && peek(gbnf) != '\r')
        return refuse(gbnf, "the rule does not go on like this");
    return true;
}

static bool check_defined(struct gbnf *gbnf)
{
    const struct named *all = gbnf->named.items;
    for (size_t i = 0; i < gbnf->named.count; i++)
        if (!all[i].defined)
            return error_set_kind(gbnf->maker.error, ERROR_WRONG_USE, "grammar: there is no rule \"%.*s\"",
                                  (int)size_min(all[i].name.bytes, 100), (const char *)all[i].name.data);
    return true;
}

static bool read_rules(struct gbnf *gbnf, struct rule *out)
{
    struct named *root;
    if (utf8_valid_prefix(gbnf->text) < gbnf->text.bytes)
        return refuse(gbnf, "it is not valid UTF-8");
    for (skip_space(gbnf, true); gbnf->at < gbnf->text.bytes; skip_space(gbnf, true))
        if (!read_rule(gbnf))
            return false;
    if (!find_named(gbnf, span_text("root"), &root))
        return false;
    *out = root->rule;
    return check_defined(gbnf) && grammar_check_recursion(gbnf->maker.grammar, gbnf->maker.error);
}

bool grammar_gbnf(struct grammar *grammar, struct span text, struct rule *out, struct error *error)
{
    struct gbnf gbnf = { .maker = { .grammar = grammar, .error = error }, .text = text };
    gbnf.ranges = calloc(1, sizeof *gbnf.ranges);
    const bool done = gbnf.ranges ? read_rules(&gbnf, out) : error_memory(error, sizeof *gbnf.ranges);
    free(gbnf.ranges);
    free(gbnf.named.items);
    free(gbnf.items.items);
    return done;
}
