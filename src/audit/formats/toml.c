/* toml.c: TOML 1.0 as a tree. Debian has no parser of it that tells lines.
 *
 *   [a.b]            map "a" > map "b"; a second header of that name goes on with the same map
 *   [[a]]            list "a" > a map for each header
 *   a.b = 1          map "a" > text "b"
 *   { x = 1 }        a map, [1, 2] a list; numbers, dates and truth are texts without quotes
 *
 * Looser than the specification where files in the wild are (line ends in inline tables, keys that repeat), for it is
 * read to see what stands there, not to judge it. Source: https://toml.io/en/v1.0.0 */
#include "audit/tree.h"

#include <string.h>

/* A table is searched for a key this far, then its last entry is tried: a file of a million tables is read in the time
 * that its length needs. What is not found is made once more; keys may repeat. */
enum { MOST_LOOKED_AT = 256 };

struct toml {
    struct span text;
    size_t at;
    size_t line;
    struct arena *arena;
    struct error *error;
};

static bool fail(struct toml *toml, const char *what)
{
    return error_set(toml->error, "line %zu: %s: the file is read up to there", toml->line, what);
}

static bool fail_memory(struct toml *toml)
{
    return error_memory(toml->error, sizeof(struct node));
}

/* ---- characters ------------------------------------------------------------------------------------------------- */

/* The byte at the place read, 0 at the end. */
static unsigned char here(const struct toml *toml)
{
    return toml->at < toml->text.bytes ? toml->text.data[toml->at] : 0;
}

static bool at_end(const struct toml *toml)
{
    return toml->at >= toml->text.bytes;
}

static bool at_text(const struct toml *toml, const char *text)
{
    const size_t bytes = strlen(text);
    return span_has(toml->text, toml->at, bytes) && memcmp(toml->text.data + toml->at, text, bytes) == 0;
}

/* Goes on by one byte and counts lines. */
static void step(struct toml *toml)
{
    if (here(toml) == '\n')
        toml->line++;
    toml->at++;
}

static bool take(struct toml *toml, char wanted)
{
    if (at_end(toml) || here(toml) != (unsigned char)wanted)
        return false;
    step(toml);
    return true;
}

static void skip_blanks(struct toml *toml)
{
    while (here(toml) == ' ' || here(toml) == '\t')
        toml->at++;
}

static void skip_comment(struct toml *toml)
{
    if (here(toml) != '#')
        return;
    while (!at_end(toml) && here(toml) != '\n')
        toml->at++;
}

/* Blanks, line ends and comments, where they mean nothing: between keys, inside lists. */
static void skip_space(struct toml *toml)
{
    for (;;) {
        skip_blanks(toml);
        skip_comment(toml);
        if (here(toml) != '\n' && here(toml) != '\r')
            return;
        step(toml);
    }
}

static bool end_line(struct toml *toml)
{
    skip_blanks(toml);
    skip_comment(toml);
    take(toml, '\r');
    return at_end(toml) || take(toml, '\n') || fail(toml, "something stands after the value");
}

/* ---- strings ---------------------------------------------------------------------------------------------------- */

static bool hex_value(unsigned char byte, uint32_t *value)
{
    if (byte >= '0' && byte <= '9')
        *value = *value * 16 + (uint32_t)(byte - '0');
    else if (byte >= 'a' && byte <= 'f')
        *value = *value * 16 + (uint32_t)(byte - 'a' + 10);
    else if (byte >= 'A' && byte <= 'F')
        *value = *value * 16 + (uint32_t)(byte - 'A' + 10);
    else
        return false;
    return true;
}

/* The character of the digits at offset, written to out; returns how many bytes it takes there. */
static size_t write_code_point(struct span raw, size_t offset, size_t digits, char *out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++)
        if (!span_has(raw, offset + i, 1) || !hex_value(raw.data[offset + i], &value))
            return 0;
    const bool valid = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
    return utf8_write(valid ? value : UTF8_REPLACEMENT, out);
}

/* Skips the blanks after a line's backslash at its end; the offset of what comes next, or the same if none is there. */
static size_t skip_folded(struct span raw, size_t offset)
{
    size_t next = offset;
    bool line_ended = false;
    while (next < raw.bytes && strchr(" \t\r\n", raw.data[next]) && raw.data[next]) {
        line_ended |= raw.data[next] == '\n';
        next++;
    }
    return line_ended ? next : offset;
}

/* Unescapes what follows a backslash at offset; writes it at *out and returns the offset after it. An escape that TOML
 * does not have stays as it is. */
static size_t unescape_one(struct span raw, size_t offset, char **out)
{
    static const char letters[] = "btnfre\"\\", meant[] = "\b\t\n\f\r\033\"\\";
    const unsigned char letter = raw.data[offset];
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found) {
        *(*out)++ = meant[found - letters];
        return offset + 1;
    }
    const size_t digits = letter == 'u' ? 4 : letter == 'U' ? 8 : letter == 'x' ? 2 : 0;
    const size_t written = digits ? write_code_point(raw, offset + 1, digits, *out) : 0;
    *out += written;
    if (written)
        return offset + 1 + digits;
    const size_t folded = skip_folded(raw, offset);
    if (folded == offset)
        *(*out)++ = '\\';
    return folded;
}

/* What stands between quotes, without escapes; shares the text where there are none. An unescaped text is never longer
 * than its source. */
static bool unescape(struct toml *toml, struct span raw, struct span *out)
{
    *out = raw;
    if (!memchr(raw.data, '\\', raw.bytes))
        return true;
    char *bytes = arena_take(toml->arena, raw.bytes + 1, 1);
    if (!bytes)
        return error_memory(toml->error, raw.bytes);
    char *end = bytes;
    for (size_t i = 0; i < raw.bytes;) {
        if (raw.data[i] == '\\' && i + 1 < raw.bytes)
            i = unescape_one(raw, i + 1, &end);
        else
            *end++ = (char)raw.data[i++];
    }
    *out = span_of(bytes, (size_t)(end - bytes));
    return true;
}

/* """...""" or '''...''': up to two quotes may stand before the closing three. */
static bool read_long_string(struct toml *toml, unsigned char quote, struct span *out)
{
    const char *closing = quote == '"' ? "\"\"\"" : "'''";
    toml->at += 3;
    take(toml, '\r');
    take(toml, '\n');
    const size_t begin = toml->at;
    while (!at_text(toml, closing)) {
        if (at_end(toml))
            return fail(toml, "a text has no closing quotes");
        if (quote == '"' && here(toml) == '\\')
            step(toml);
        step(toml);
    }
    for (int more = 0; more < 2 && span_has(toml->text, toml->at, 4) && toml->text.data[toml->at + 3] == quote; more++)
        toml->at++;
    const struct span raw = span_part(toml->text, begin, toml->at - begin);
    toml->at += 3;
    *out = raw;
    return quote == '\'' || unescape(toml, raw, out);
}

static bool read_string(struct toml *toml, struct span *out)
{
    const unsigned char quote = here(toml);
    if (at_text(toml, "\"\"\"") || at_text(toml, "'''"))
        return read_long_string(toml, quote, out);
    const size_t begin = ++toml->at;
    while (here(toml) != quote) {
        if (at_end(toml) || here(toml) == '\n')
            return fail(toml, "a text has no closing quote");
        if (quote == '"' && here(toml) == '\\')
            toml->at++;
        step(toml);
    }
    const struct span raw = span_part(toml->text, begin, toml->at - begin);
    toml->at++;
    *out = raw;
    return quote == '\'' || unescape(toml, raw, out);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static bool is_bare(unsigned char byte)
{
    return byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static bool read_key_part(struct toml *toml, struct span *out)
{
    skip_blanks(toml);
    if (here(toml) == '"' || here(toml) == '\'')
        return read_string(toml, out);
    const size_t begin = toml->at;
    while (is_bare(here(toml)))
        toml->at++;
    *out = span_part(toml->text, begin, toml->at - begin);
    return toml->at > begin || fail(toml, "a key is missing");
}

/* The entry of a table with that key: one of the first, or the last one. */
static struct node *find_entry(const struct node *table, struct span key)
{
    if (table->last && span_equal(table->last->key, key))
        return table->last;
    struct node *entry = table->first;
    for (int i = 0; entry && i < MOST_LOOKED_AT; i++, entry = entry->next)
        if (span_equal(entry->key, key))
            return entry;
    return NULL;
}

/* The table with that key below another, made if need be. A list of tables stands for its last one. */
static struct node *enter_table(struct toml *toml, struct node *table, struct span key)
{
    struct node *entry = find_entry(table, key);
    if (entry && entry->type == NODE_LIST && entry->last && entry->last->type == NODE_MAP)
        entry = entry->last;
    if (entry && entry->type == NODE_MAP)
        return entry;
    entry = node_add(toml->arena, table, NODE_MAP, key, toml->line);
    if (!entry)
        fail_memory(toml);
    return entry;
}

/* Reads a key with its dots: enters the tables of all parts but the last, whose name it gives out. */
static bool read_key(struct toml *toml, struct node **table, struct span *last, size_t *depth)
{
    for (;;) {
        if (!read_key_part(toml, last))
            return false;
        skip_blanks(toml);
        if (!take(toml, '.'))
            return true;
        if (++*depth >= MOST_TREE_DEPTH)
            return fail(toml, "tables are nested too deep");
        *table = enter_table(toml, *table, *last);
        if (!*table)
            return false;
    }
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool read_value(struct toml *toml, struct node *parent, struct span key, size_t line, size_t depth);

static bool read_pair(struct toml *toml, struct node *table, size_t depth)
{
    struct span key;
    if (!read_key(toml, &table, &key, &depth))
        return false;
    const size_t line = toml->line;
    if (!take(toml, '='))
        return fail(toml, "'=' is missing after a key");
    skip_blanks(toml);
    return read_value(toml, table, key, line, depth);
}

/* Numbers, dates, true, false: up to what ends a value. */
static bool read_bare_value(struct toml *toml, struct span *out)
{
    const size_t begin = toml->at;
    while (!at_end(toml) && !strchr(",]}#\r\n=", here(toml)))
        toml->at++;
    *out = span_trim(span_part(toml->text, begin, toml->at - begin));
    return out->bytes > 0 || fail(toml, "a value is missing");
}

static bool read_text(struct toml *toml, struct node *parent, struct span key, size_t line)
{
    struct node *node = node_add(toml->arena, parent, NODE_TEXT, key, line);
    if (!node)
        return fail_memory(toml);
    node->value_line = (uint32_t)toml->line;
    node->quoted = here(toml) == '"' || here(toml) == '\'';
    return node->quoted ? read_string(toml, &node->text) : read_bare_value(toml, &node->text);
}

static bool read_items(struct toml *toml, struct node *container, size_t depth)
{
    const char closing = container->type == NODE_LIST ? ']' : '}';
    toml->at++;
    for (;;) {
        skip_space(toml);
        if (take(toml, closing))
            return true;
        const bool read = container->type == NODE_LIST
                              ? read_value(toml, container, span_of(NULL, 0), toml->line, depth)
                              : read_pair(toml, container, depth);
        if (!read)
            return false;
        skip_space(toml);
        if (!take(toml, ',') && here(toml) != (unsigned char)closing)
            return fail(toml, "',' or a closing bracket is missing");
    }
}

static bool read_value(struct toml *toml, struct node *parent, struct span key, size_t line, size_t depth)
{
    const unsigned char first = here(toml);
    if (first != '[' && first != '{')
        return read_text(toml, parent, key, line);
    if (depth + 1 >= MOST_TREE_DEPTH)
        return fail(toml, "values are nested too deep");
    struct node *container = node_add(toml->arena, parent, first == '[' ? NODE_LIST : NODE_MAP, key, line);
    if (!container)
        return fail_memory(toml);
    container->value_line = (uint32_t)toml->line;
    return read_items(toml, container, depth + 1);
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

/* [[key]]: one more table in the list of that key, which is made if need be. */
static struct node *add_table_to_list(struct toml *toml, struct node *table, struct span key)
{
    struct node *list = find_entry(table, key);
    if (!list || list->type != NODE_LIST)
        list = node_add(toml->arena, table, NODE_LIST, key, toml->line);
    struct node *added = list ? node_add(toml->arena, list, NODE_MAP, span_of(NULL, 0), toml->line) : NULL;
    if (!added)
        fail_memory(toml);
    return added;
}

/* [a.b] or [[a.b]]: the table that the following pairs belong to. */
static bool read_header(struct toml *toml, struct node *root, struct node **table, size_t *depth)
{
    toml->at++;
    const bool listed = take(toml, '[');
    struct span key;
    *table = root;
    *depth = listed ? 2 : 1;
    if (!read_key(toml, table, &key, depth))
        return false;
    *table = listed ? add_table_to_list(toml, *table, key) : enter_table(toml, *table, key);
    if (!*table)
        return false;
    if (!take(toml, ']') || (listed && !take(toml, ']')))
        return fail(toml, "']' is missing after a table's name");
    return end_line(toml);
}

bool toml_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    struct toml toml = { .text = text, .line = 1, .arena = arena, .error = error };
    *out = node_add(arena, NULL, NODE_MAP, span_of(NULL, 0), 1);
    if (!*out)
        return fail_memory(&toml);
    struct node *table = *out;
    size_t depth = 0;
    for (;;) {
        skip_space(&toml);
        if (at_end(&toml))
            return true;
        const bool read = here(&toml) == '[' ? read_header(&toml, *out, &table, &depth)
                                             : read_pair(&toml, table, depth) && end_line(&toml);
        if (!read)
            return false;
    }
}
