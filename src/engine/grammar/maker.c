/* maker.c: grammars written in C, rule by rule. */
#include "engine/grammar/maker.h"

#include <stdlib.h>
#include <string.h>

static struct rule made(struct maker *maker, bool done, struct rule rule)
{
    maker->failed |= !done;
    return done ? rule : (struct rule){ 0 };
}

struct rule make_span(struct maker *maker, struct span text)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_literal(maker->grammar, text, &out, maker->error), out);
}

struct rule make_text(struct maker *maker, const char *text)
{
    return make_span(maker, span_text(text));
}

struct rule make_one_of(struct maker *maker, const char *bytes)
{
    struct byte_set set = { { 0 } };
    struct rule out = { 0 };
    for (; *bytes; bytes++)
        byte_set_add(&set, (unsigned char)*bytes, (unsigned char)*bytes);
    return made(maker, !maker->failed && grammar_bytes(maker->grammar, &set, &out, maker->error), out);
}

struct rule make_digits(struct maker *maker, unsigned low, unsigned high)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_range(maker->grammar, '0' + low, '0' + high, &out, maker->error), out);
}

struct rule make_characters(struct maker *maker, const struct code_range *ranges, size_t count)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_characters(maker->grammar, ranges, count, &out, maker->error), out);
}

struct rule make_repeat(struct maker *maker, struct rule rule, size_t least, size_t most)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_repeat(maker->grammar, rule, least, most, &out, maker->error), out);
}

struct rule make_optional(struct maker *maker, struct rule rule)
{
    return make_repeat(maker, rule, 0, 1);
}

struct rule make_sequence(struct maker *maker, const struct rule *rules, size_t count)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_sequence(maker->grammar, rules, count, &out, maker->error), out);
}

struct rule make_choice(struct maker *maker, const struct rule *rules, size_t count)
{
    struct rule out = { 0 };
    return made(maker, !maker->failed && grammar_choice(maker->grammar, rules, count, &out, maker->error), out);
}

struct rule make_nothing(struct maker *maker)
{
    return make_choice(maker, NULL, 0);
}

/* ---- trees of texts ---------------------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    const int order = memcmp(left->data, right->data, size_min(left->bytes, right->bytes));
    return order ? order : (left->bytes > right->bytes) - (left->bytes < right->bytes);
}

/* Bytes that all of sorted texts have in common: those of the first and the last. */
static size_t common_bytes(const struct span *texts, size_t count, size_t from)
{
    const struct span first = texts[0], last = texts[count - 1];
    while (from < first.bytes && from < last.bytes && first.data[from] == last.data[from])
        from++;
    return from;
}

/* How many of sorted texts have the same byte at a place as the first. */
static size_t same_byte(const struct span *texts, size_t count, size_t at)
{
    size_t same = 1;
    while (same < count && texts[same].data[at] == texts[0].data[at])
        same++;
    return same;
}

/* What follows the first bytes, which all texts share. */
static struct rule make_branch(struct maker *maker, const struct span *texts, size_t count, size_t from)
{
    size_t used = 0, i = 0, same;
    if (count == 0 || maker->failed)
        return make_nothing(maker);
    const size_t common = common_bytes(texts, count, from);
    const struct rule beginning = make_span(maker, span_of(texts[0].data + from, common - from));
    struct rule *choices = calloc(size_min(count, 256) + 1, sizeof *choices), out = { 0 };
    if (!choices) {
        maker->failed = !error_memory(maker->error, count * sizeof *choices);
        return out;
    }
    if (common == texts[0].bytes) /* the first one ends here; so do its doubles */
        choices[used++] = make_text(maker, "");
    while (i < count && texts[i].bytes == common)
        i++;
    for (; i < count; i += same) {
        same = same_byte(texts + i, count - i, common);
        choices[used++] = make_branch(maker, texts + i, same, common);
    }
    out = SEQUENCE(maker, beginning, make_choice(maker, choices, used));
    free(choices);
    return out;
}

struct rule make_texts(struct maker *maker, struct span *texts, size_t count)
{
    if (count > 1)
        qsort(texts, count, sizeof *texts, compare_texts);
    return make_branch(maker, texts, count, 0);
}
