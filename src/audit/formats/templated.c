/* templated.c: YAML without the templates in it, line for line.
 *
 * Both branches of a condition stay: what a chart may install is what it depends on.
 * Source: pkg.go.dev/text/template, section Actions. */
#include "audit/formats/templated.h"
#include "audit/tree.h"

#include <string.h>

bool is_templated(struct span text)
{
    return span_find(text, "{{") < text.bytes;
}

/* Where the action that begins at offset ends, after its "}}"; text.bytes if it doesn't. Braces in its strings and
 * comments don't count. */
static size_t action_end(struct span text, size_t offset)
{
    size_t i = offset + 2;
    for (unsigned char quote = 0; i < text.bytes; i++) {
        const unsigned char c = text.data[i];
        if (quote && c == '\\' && quote != '`')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '`')
            quote = c;
        else if (c == '/' && i + 1 < text.bytes && text.data[i + 1] == '*')
            i += span_find(span_from(text, i), "*/");
        else if (c == '}' && i + 1 < text.bytes && text.data[i + 1] == '}')
            return i + 2;
    }
    return text.bytes;
}

/* Whether an action (with its braces) gives no value. */
static bool only_steers(struct span action)
{
    static const char *const words[] = { "if",    "else",  "end",      "range", "with", "define",
                                         "block", "break", "continue", "/*",    "$" };
    struct span inner = span_part(action, 2, action.bytes - size_min(action.bytes, 4));
    inner = span_trim(span_begins(inner, "-") ? span_from(inner, 1) : inner);
    for (size_t i = 0; i < LENGTH(words); i++)
        if (span_begins(inner, words[i]))
            return words[i][0] != '$' || span_find(inner, "=") < inner.bytes;
    return inner.bytes == 0;
}

/* Whether there are only blanks around [start, end) in its lines. */
static bool stands_alone(struct span text, size_t start, size_t end)
{
    while (start > 0 && (text.data[start - 1] == ' ' || text.data[start - 1] == '\t'))
        start--;
    while (end < text.bytes && (text.data[end] == ' ' || text.data[end] == '\t' || text.data[end] == '\r'))
        end++;
    return (start == 0 || text.data[start - 1] == '\n') && (end == text.bytes || text.data[end] == '\n');
}

static char *write_lines(char *out, struct span action)
{
    for (size_t i = 0; i < action.bytes; i++)
        if (action.data[i] == '\n')
            *out++ = '\n';
    return out;
}

/* Writes what stands for the action of [start, end). */
static char *write_action(char *out, struct span text, size_t start, size_t end)
{
    const struct span action = span_part(text, start, end - start);
    if (!only_steers(action) && !stands_alone(text, start, end)) {
        memcpy(out, TEMPLATED_VALUE, strlen(TEMPLATED_VALUE));
        out += strlen(TEMPLATED_VALUE);
    }
    return write_lines(out, action);
}

/* The shortest action, "{{}}", may become the longer TEMPLATED_VALUE. */
static bool room_for(struct span text, size_t *bytes)
{
    return size_multiply(text.bytes, strlen(TEMPLATED_VALUE), bytes) && size_add(*bytes / 4, text.bytes + 1, bytes);
}

bool templated_plain(struct span text, struct arena *arena, struct span *out, struct error *error)
{
    size_t bytes;
    if (!room_for(text, &bytes))
        return error_memory(error, SIZE_MAX);
    char *plain = arena_take(arena, bytes, 1), *end = plain;
    if (!plain)
        return error_memory(error, bytes);
    for (size_t i = 0; i < text.bytes;) {
        const size_t open = i + span_find(span_from(text, i), "{{");
        memcpy(end, text.data + i, open - i);
        end += open - i;
        if (open == text.bytes)
            break;
        i = action_end(text, open);
        end = write_action(end, text, open, i);
    }
    *out = span_of(plain, (size_t)(end - plain));
    return true;
}
