/* regex_rules.c: what was read of a regular expression, as rules; and the expressions of JSON Schema's formats. */
#include "engine/grammar/regex.h"

#include <string.h>

/* ---- lengths ----------------------------------------------------------------------------------------------------- */

static bool fits(const struct part *part, size_t least, size_t most)
{
    return part->shortest >= least && part->longest <= most;
}

/* Narrows a repeat of something of one length, where all else has others_shortest to others_longest characters. */
static bool narrow(struct part *repeat, size_t others_shortest, size_t others_longest, size_t least, size_t most)
{
    const size_t each = repeat->parts[0]->longest;
    if (each == 0 || repeat->parts[0]->shortest != each || each == LENGTH_ENDLESS || others_longest > most)
        return false;
    const size_t missing = least > others_shortest ? least - others_shortest : 0;
    const size_t low = size_max(repeat->least, missing / each + (missing % each > 0));
    const size_t high = most == LENGTH_ENDLESS ? repeat->most : size_min(repeat->most, (most - others_longest) / each);
    if (low > high)
        return false;
    repeat->least = low;
    repeat->most = high;
    return true;
}

/* The sum of the lengths of all parts of a sequence but one. */
static void add_others(const struct part *sequence, size_t but, size_t *shortest, size_t *longest)
{
    *shortest = *longest = 0;
    for (size_t i = 0; i < sequence->count; i++) {
        if (i == but)
            continue;
        *shortest += sequence->parts[i]->shortest;
        if (!size_add(*longest, sequence->parts[i]->longest, longest))
            *longest = LENGTH_ENDLESS;
    }
}

bool regex_fit(struct part *part, size_t least, size_t most)
{
    if (fits(part, least, most))
        return true;
    if (part->kind == PART_REPEAT)
        return narrow(part, 0, 0, least, most);
    if (part->kind == PART_CHOICE) {
        for (size_t i = 0; i < part->count; i++)
            if (!regex_fit(part->parts[i], least, most))
                return false;
        return true;
    }
    for (size_t i = 0; part->kind == PART_SEQUENCE && i < part->count; i++) {
        size_t shortest, longest;
        add_others(part, i, &shortest, &longest);
        if (part->parts[i]->kind == PART_REPEAT && narrow(part->parts[i], shortest, longest, least, most))
            return true;
        if (part->count == 1)
            return regex_fit(part->parts[0], least, most);
    }
    return false;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* How a character is written in JSON where it can't stand for itself. */
static struct rule make_escaped(struct maker *maker, uint32_t code)
{
    static const char *const short_forms[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
    };
    char text[8];
    if (short_forms[code])
        return make_text(maker, short_forms[code]);
    snprintf(text, sizeof text, "\\u%04x", code);
    return make_text(maker, text);
}

static bool needs_escape(uint32_t code)
{
    return code < ' ' || code == '"' || code == '\\';
}

static bool in_ranges(const struct part *part, uint32_t code)
{
    for (size_t i = 0; i < part->count; i++)
        if (code >= part->ranges[i].low && code <= part->ranges[i].high)
            return true;
    return false;
}

/* Ranges cut where a character needs an escape. */
static struct rule make_plain(struct maker *maker, const struct part *part)
{
    static const struct code_range plain[] = { { ' ', '!' }, { '#', '[' }, { ']', CODE_POINT_LAST } };
    struct rule choices[LENGTH(plain)];
    size_t used = 0;
    for (size_t p = 0; p < LENGTH(plain); p++) {
        struct code_range *cut = NULL;
        struct arena arena = { 0 };
        size_t count = 0;
        cut = arena_take(&arena, part->count, sizeof *cut);
        if (!cut)
            maker->failed = !error_memory(maker->error, part->count * sizeof *cut);
        for (size_t i = 0; cut && i < part->count; i++) {
            const struct code_range range = part->ranges[i];
            const uint32_t low = range.low > plain[p].low ? range.low : plain[p].low;
            const uint32_t high = range.high < plain[p].high ? range.high : plain[p].high;
            if (low <= high)
                cut[count++] = (struct code_range){ low, high };
        }
        if (count > 0)
            choices[used++] = make_characters(maker, cut, count);
        arena_free(&arena);
    }
    return make_choice(maker, choices, used);
}

static struct rule make_class(struct maker *maker, const struct part *part)
{
    struct rule choices[40];
    size_t used = 0;
    if (part->count == 0)
        return make_nothing(maker);
    for (uint32_t code = 1; code <= '\\'; code++)
        if (needs_escape(code) && in_ranges(part, code))
            choices[used++] = make_escaped(maker, code);
    choices[used++] = make_plain(maker, part);
    return make_choice(maker, choices, used);
}

static struct rule make_list(struct maker *maker, const struct part *part)
{
    struct arena arena = { 0 };
    struct rule *rules = arena_take(&arena, size_max(part->count, 1), sizeof *rules), out = { 0 };
    if (!rules)
        maker->failed = !error_memory(maker->error, part->count * sizeof *rules);
    for (size_t i = 0; rules && i < part->count; i++)
        rules[i] = regex_make(maker, part->parts[i]);
    if (rules)
        out = part->kind == PART_CHOICE ? make_choice(maker, rules, part->count)
                                        : make_sequence(maker, rules, part->count);
    arena_free(&arena);
    return out;
}

struct rule regex_make(struct maker *maker, const struct part *part)
{
    if (maker->failed)
        return (struct rule){ 0 };
    if (part->kind == PART_CHARACTERS)
        return make_class(maker, part);
    if (part->kind == PART_REPEAT)
        return make_repeat(maker, regex_make(maker, part->parts[0]), part->least, part->most);
    return make_list(maker, part);
}

/* ---- formats ----------------------------------------------------------------------------------------------------- */

#define LEAP_PAIR "(0[48]|[2468][048]|[13579][26])" /* two digits that 4 divides, but for 00 */
#define DATE \
    "(([1-9]\\d{3})-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))" \
    "|([1-9]\\d" LEAP_PAIR "|([2468][048]|[13579][26])00)-02-29)"
#define TIME "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
#define COUNT "\\d{1,4}"
#define DAYS COUNT "D"
#define MONTHS COUNT "M(" DAYS ")?"
#define SECONDS COUNT "S"
#define MINUTES COUNT "M(" SECONDS ")?"
#define CLOCK "T(" COUNT "H(" MINUTES ")?|" MINUTES "|" SECONDS ")"
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?"
#define MAILBOX "[A-Za-z0-9_%+-]{1,20}"
#define OCTET "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define HEX "[0-9a-fA-F]"
#define GROUP HEX "{1,4}"

/* Parts of the formats, bounded, that every validator takes: RFC 3339 (with years from 1000 on and no leap seconds),
 * its appendix A, RFC 5321 without quotes, RFC 1123, RFC 2673, RFC 4291, RFC 9562. */
static const struct {
    const char *name, *pattern;
} formats[] = {
    { "date", "^" DATE "$" },
    { "time", "^" TIME "$" },
    { "date-time", "^" DATE "T" TIME "$" },
    { "duration", "^P((" DAYS "|" MONTHS "|" COUNT "Y(" MONTHS ")?)(" CLOCK ")?|" CLOCK "|" COUNT "W)$" },
    { "email", "^" MAILBOX "(\\." MAILBOX "){0,2}@" LABEL "(\\." LABEL "){1,2}$" },
    { "hostname", "^" LABEL "(\\." LABEL "){0,3}$" },
    { "ipv4", "^" OCTET "(\\." OCTET "){3}$" },
    { "ipv6", "^((" GROUP ":){7}" GROUP "|(" GROUP ":){1,7}:|(" GROUP ":){1,6}:" GROUP "|(" GROUP ":){1,5}(:" GROUP
              "){2}|(" GROUP ":){1,4}(:" GROUP "){3}|(" GROUP ":){1,3}(:" GROUP "){4}|(" GROUP ":){1,2}(:" GROUP
              "){5}|" GROUP ":(:" GROUP "){6}|:((:" GROUP "){1,7}|:))$" },
    { "uuid", "^" HEX "{8}(-" HEX "{4}){3}-" HEX "{12}$" },
};

const char *format_pattern(const char *format)
{
    for (size_t i = 0; i < LENGTH(formats); i++)
        if (strcmp(formats[i].name, format) == 0)
            return formats[i].pattern;
    return NULL;
}
