/* ignore.c: rules of .gitignore. The last rule that matches decides; a file deeper down decides before one further up.
 * A file may have 100,000 lines, mostly plain names: those are sorted and found by bisection, so that each path costs
 * little; rules with signs are tried one by one, and there are only so many. */
#include "audit/ignore.h"

#include <stdlib.h>
#include <string.h>

#include "audit/reader.h"

enum { MOST_GENERAL = 2000 };

struct ignore_rule {
    struct span pattern;
    size_t order;
    bool negated;
    bool folders_only;
    bool anchored; /* compared with the path from the file's folder, else with the last name alone */
};

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* Whether c is in the set at *at ("[a-z]"), which is passed. */
static bool set_has(struct span pattern, size_t *at, unsigned char c)
{
    size_t i = *at + 1;
    const bool negated = i < pattern.bytes && (pattern.data[i] == '!' || pattern.data[i] == '^');
    i += negated;
    bool found = false;
    for (bool first = true; i < pattern.bytes && (first || pattern.data[i] != ']'); first = false, i++) {
        const unsigned char low = pattern.data[i];
        const bool range = i + 2 < pattern.bytes && pattern.data[i + 1] == '-' && pattern.data[i + 2] != ']';
        const unsigned char high = range ? pattern.data[i + 2] : low;
        found |= low <= c && c <= high;
        i += range ? 2 : 0;
    }
    *at = i + 1;
    return found != negated;
}

/* Whether the sign of the pattern at *at is c; passes it. */
static bool sign_is(struct span pattern, size_t *at, unsigned char c)
{
    const unsigned char sign = pattern.data[*at];
    if (sign == '[')
        return set_has(pattern, at, c);
    *at += sign == '\\' && *at + 1 < pattern.bytes;
    const bool same = (sign == '?') || pattern.data[*at] == c;
    ++*at;
    return same;
}

/* One name against one part of a pattern: on a mismatch the last '*' takes one byte more. */
static bool part_matches(struct span pattern, struct span name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, retry = 0;
    while (n < name.bytes) {
        if (p < pattern.bytes && pattern.data[p] == '*') {
            star = p++;
            retry = n;
            continue;
        }
        size_t next = p;
        if (p < pattern.bytes && sign_is(pattern, &next, name.data[n])) {
            p = next;
            n++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        p = star + 1;
        n = ++retry;
    }
    while (p < pattern.bytes && pattern.data[p] == '*')
        p++;
    return p >= pattern.bytes;
}

static struct span first_part(struct span path)
{
    const unsigned char *slash = memchr(path.data, '/', path.bytes);
    return span_of(path.data, slash ? (size_t)(slash - path.data) : path.bytes);
}

static struct span after_part(struct span path)
{
    return span_from(path, first_part(path).bytes + 1);
}

/* The same with parts for bytes and "**" for '*'. */
static bool path_matches(struct span pattern, struct span path)
{
    struct span retry_pattern = { 0 }, retry_path = { 0 };
    bool retry = false;
    while (path.bytes > 0) {
        if (pattern.bytes > 0 && span_is(first_part(pattern), "**")) {
            retry = true;
            retry_pattern = pattern = after_part(pattern);
            retry_path = path;
            if (pattern.bytes == 0)
                return true;
            continue;
        }
        if (pattern.bytes > 0 && part_matches(first_part(pattern), first_part(path))) {
            pattern = after_part(pattern);
            path = after_part(path);
            continue;
        }
        if (!retry)
            return false;
        pattern = retry_pattern;
        path = retry_path = after_part(retry_path);
    }
    return pattern.bytes == 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool is_general(struct span pattern)
{
    for (size_t i = 0; i < pattern.bytes; i++)
        if (strchr("*?[\\", pattern.data[i]))
            return true;
    return false;
}

/* A line as a rule; false if it is none. */
static bool read_rule(struct span line, size_t order, struct ignore_rule *out)
{
    while (line.bytes > 0 && line.data[line.bytes - 1] == ' ' && (line.bytes < 2 || line.data[line.bytes - 2] != '\\'))
        line.bytes--;
    if (line.bytes == 0 || line.data[0] == '#')
        return false;
    *out = (struct ignore_rule){ .order = order, .negated = line.data[0] == '!' };
    line = span_from(line, out->negated);
    out->folders_only = line.bytes > 0 && line.data[line.bytes - 1] == '/';
    line.bytes -= out->folders_only;
    out->anchored = memchr(line.data, '/', line.bytes) != NULL;
    if (line.bytes > 0 && line.data[0] == '/')
        line = span_from(line, 1);
    out->pattern = line;
    return line.bytes > 0;
}

static int by_pattern(const void *a, const void *b)
{
    const struct ignore_rule *x = a, *y = b;
    const int order = memcmp(x->pattern.data, y->pattern.data, size_min(x->pattern.bytes, y->pattern.bytes));
    if (order != 0)
        return order;
    if (x->pattern.bytes != y->pattern.bytes)
        return x->pattern.bytes < y->pattern.bytes ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

bool ignore_read(struct span text, size_t base, const struct ignore *above, struct arena *arena, struct ignore *out,
                 struct error *error)
{
    size_t lines = 1, at = 0, order = 0;
    for (size_t i = 0; i < text.bytes; i++)
        lines += text.data[i] == '\n';
    *out = (struct ignore){ .above = above, .base = base };
    out->fixed = arena_take(arena, lines, sizeof *out->fixed);
    out->general = arena_take(arena, size_min(lines, MOST_GENERAL), sizeof *out->general);
    if (!out->fixed || !out->general)
        return error_memory(error, lines * sizeof *out->fixed);
    struct span line;
    struct ignore_rule rule;
    while (next_line(text, &at, &line)) {
        if (!read_rule(line, order++, &rule))
            continue;
        if (!is_general(rule.pattern))
            out->fixed[out->fixed_count++] = rule;
        else if (out->general_count < MOST_GENERAL)
            out->general[out->general_count++] = rule;
        else
            out->cut = true;
    }
    qsort(out->fixed, out->fixed_count, sizeof *out->fixed, by_pattern);
    return true;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

/* The last fixed rule for that text that applies; NULL if there is none. */
static const struct ignore_rule *find_fixed(const struct ignore *ignore, struct span text, bool anchored, bool folder)
{
    const struct ignore_rule key = { .pattern = text, .order = SIZE_MAX };
    size_t low = 0, high = ignore->fixed_count;
    while (low < high) { /* the first that comes after all of the same text */
        const size_t middle = low + (high - low) / 2;
        if (by_pattern(&ignore->fixed[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && span_equal(ignore->fixed[low].pattern, text))
        if (ignore->fixed[low].anchored == anchored && (folder || !ignore->fixed[low].folders_only))
            return &ignore->fixed[low];
    return NULL;
}

static const struct ignore_rule *later(const struct ignore_rule *a, const struct ignore_rule *b)
{
    return !a || (b && b->order > a->order) ? b : a;
}

static const struct ignore_rule *find_rule(const struct ignore *ignore, struct span path, struct span name, bool folder)
{
    const struct ignore_rule *found = later(find_fixed(ignore, name, false, folder),
                                            find_fixed(ignore, path, true, folder));
    if (name.bytes == path.bytes) /* "/name" is anchored and has the same text */
        found = later(found, find_fixed(ignore, path, false, folder));
    for (size_t i = ignore->general_count; i-- > 0;) {
        const struct ignore_rule *rule = &ignore->general[i];
        if (found && rule->order < found->order)
            break;
        if ((folder || !rule->folders_only) &&
            (rule->anchored ? path_matches(rule->pattern, path) : part_matches(rule->pattern, name)))
            return rule;
    }
    return found;
}

bool ignore_matches(const struct ignore *ignore, const char *path, bool folder)
{
    const char *slash = strrchr(path, '/');
    for (; ignore; ignore = ignore->above) {
        const struct ignore_rule *rule = find_rule(ignore, span_text(path + ignore->base),
                                                   span_text(slash ? slash + 1 : path), folder);
        if (rule)
            return !rule->negated;
    }
    return false;
}
