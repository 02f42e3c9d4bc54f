/* json.c: JSON into a tree (RFC 8259), as files in repositories have it: with comments and commas before a closing
 * bracket (tsconfig.json, devcontainer.json, renovate.json5 in its simple parts). jansson does not say on which line a
 * value stands, and a finding without a line is worth nothing. Nesting is kept in nodes, not on the stack of calls. */
#include "audit/tree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct json {
    struct span text;
    size_t at;
    size_t line;
    struct arena *arena;
    struct error *error;
};

static bool wrong(const struct json *json, const char *what)
{
    return error_set(json->error, "line %zu: %s: not JSON", json->line, what);
}

static unsigned char peek(const struct json *json)
{
    return json->at < json->text.bytes ? json->text.data[json->at] : '\0';
}

static void pass(struct json *json)
{
    json->line += peek(json) == '\n';
    json->at++;
}

/* Passes a comment if one begins here. */
static bool pass_comment(struct json *json)
{
    const struct span rest = span_from(json->text, json->at);
    if (span_begins(rest, "//")) {
        while (json->at < json->text.bytes && peek(json) != '\n')
            json->at++;
        return true;
    }
    if (!span_begins(rest, "/*"))
        return false;
    const size_t end = json->at + span_find(rest, "*/") + 2;
    while (json->at < json->text.bytes && json->at < end)
        pass(json);
    return true;
}

static void pass_blanks(struct json *json)
{
    while (json->at < json->text.bytes)
        if (isspace(peek(json)))
            pass(json);
        else if (!pass_comment(json))
            return;
}

static size_t read_hex(struct span digits, uint32_t *out)
{
    *out = 0;
    size_t i = 0;
    for (; i < 4 && i < digits.bytes && isxdigit(digits.data[i]); i++) {
        const unsigned char c = (unsigned char)tolower(digits.data[i]);
        *out = *out * 16 + (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    return i;
}

/* What "\uXXXX" (of a pair, both) stands for; what is no character becomes the replacement. */
static size_t unescape_unicode(struct span rest, char *out, size_t *bytes)
{
    uint32_t code = 0, low = 0;
    size_t used = read_hex(rest, &code);
    if (code >= 0xD800 && code < 0xDC00 && span_begins(span_from(rest, used), "\\u") &&
        read_hex(span_from(rest, used + 2), &low) == 4 && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        used += 6;
    }
    if (code >= 0xD800 && code < 0xE000)
        code = UTF8_REPLACEMENT;
    *bytes += utf8_write(code, out + *bytes);
    return used;
}

/* A text without its escapes; a character never takes more bytes than its escape. */
static bool unescape(struct json *json, struct span text, struct span *out)
{
    char *copy = arena_take(json->arena, text.bytes + 4, 1);
    size_t bytes = 0;
    if (!copy)
        return error_memory(json->error, text.bytes);
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] != '\\' || i + 1 == text.bytes) {
            copy[bytes++] = (char)text.data[i];
            continue;
        }
        static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t''";
        const char c = (char)text.data[++i];
        const char *found = NULL;
        for (const char *pair = escapes; *pair && !found; pair += 2)
            found = *pair == c ? pair : NULL;
        if (c == 'u')
            i += unescape_unicode(span_from(text, i + 1), copy, &bytes);
        else
            copy[bytes++] = found ? found[1] : c;
    }
    *out = span_of(copy, bytes);
    return true;
}

static bool read_string(struct json *json, struct span *out)
{
    const unsigned char quote = peek(json);
    const size_t begin = ++json->at;
    bool escaped = false;
    while (json->at < json->text.bytes && peek(json) != quote && peek(json) != '\n') {
        const bool escape = peek(json) == '\\' && json->at + 1 < json->text.bytes;
        escaped |= escape;
        json->at += escape ? 2 : 1;
    }
    if (json->at >= json->text.bytes || peek(json) != quote)
        return wrong(json, "a text does not end");
    *out = span_part(json->text, begin, json->at - begin);
    json->at++;
    return !escaped || unescape(json, *out, out);
}

static bool is_bare(unsigned char c)
{
    return isalnum(c) || (c && strchr("+-._$", c)) || c >= 0x80;
}

/* A number, true, false, null; a key without quotes. */
static struct span read_bare(struct json *json)
{
    const size_t begin = json->at;
    while (json->at < json->text.bytes && is_bare(peek(json)))
        json->at++;
    return span_part(json->text, begin, json->at - begin);
}

static bool read_scalar(struct json *json, struct span *out, bool *quoted)
{
    *quoted = peek(json) == '"' || peek(json) == '\'';
    if (*quoted)
        return read_string(json, out);
    *out = read_bare(json);
    return out->bytes > 0 ||
           wrong(json, json->at < json->text.bytes ? "a sign has no place here" : "it ends too early");
}

static bool read_key(struct json *json, struct span *key)
{
    bool quoted;
    if (!read_scalar(json, key, &quoted))
        return false;
    pass_blanks(json);
    if (peek(json) != ':')
        return wrong(json, "':' is missing after a key");
    json->at++;
    pass_blanks(json);
    return true;
}

/* One value into the container; a container that opens is *inner. */
static bool read_value(struct json *json, struct node *container, struct node **made)
{
    struct span key = { 0 };
    const size_t line = json->line;
    if (container && container->type == NODE_MAP && !read_key(json, &key))
        return false;
    const unsigned char c = peek(json);
    const enum node_type type = c == '{' ? NODE_MAP : c == '[' ? NODE_LIST : NODE_TEXT;
    *made = node_add(json->arena, container, type, key, line);
    if (!*made)
        return error_memory(json->error, sizeof **made);
    (*made)->value_line = (uint32_t)json->line;
    if (type == NODE_TEXT)
        return read_scalar(json, &(*made)->text, &(*made)->quoted);
    json->at++;
    return true;
}

/* Reads on until the root is whole. */
static bool read_all(struct json *json, struct node **root)
{
    struct node *open[MOST_TREE_DEPTH];
    size_t depth = 0;
    do {
        pass_blanks(json);
        struct node *container = depth > 0 ? open[depth - 1] : NULL;
        const unsigned char c = peek(json);
        if (container && c == (container->type == NODE_MAP ? '}' : ']')) {
            json->at++;
            depth--;
        } else if (container && c == ',') {
            json->at++;
        } else {
            struct node *made = NULL;
            const bool good = read_value(json, container, &made);
            if (!*root)
                *root = made;
            if (!good)
                return false;
            if (made->type != NODE_TEXT && depth == MOST_TREE_DEPTH)
                return wrong(json, "nested too deeply");
            if (made->type != NODE_TEXT)
                open[depth++] = made;
        }
    } while (depth > 0);
    return true;
}

bool json_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    struct json json = { .text = text, .line = 1, .arena = arena, .error = error };
    *out = NULL;
    pass_blanks(&json);
    if (json.at == text.bytes)
        return wrong(&json, "empty");
    return read_all(&json, out);
}
