/* ini.c: INI, Java's properties and .env into a tree. No one standard covers them; what their readers have in common
 * does: a line is a comment (# ; !), a section in brackets, or a key and a value with '=' or ':' between them.
 *   - "export KEY=value", and values in quotes that may go over several lines (.env);
 *   - a '\' at the end joins lines, and "\:" is a colon (java.util.Properties);
 *   - lines further in than their key go on with its value, joined by a line end (Python's configparser).
 * A line that is none of it is no mistake but passed over: what calls itself .conf has many forms. */
#include "audit/tree.h"

#include <ctype.h>
#include <string.h>

enum { MOST_QUOTED_LINES = 200, MOST_KEY_BYTES = 256, MOST_VALUE_BYTES = 64 << 10 };

struct ini {
    struct span text;
    size_t at;   /* the next line begins here */
    size_t line; /* its number, from 1 */
    struct arena *arena;
    struct node *root, *section;
    struct node *entry; /* the last one, while lines further in may belong to it */
};

static bool take_line(struct ini *ini, struct span *line)
{
    if (ini->at >= ini->text.bytes)
        return false;
    const struct span rest = span_from(ini->text, ini->at);
    const unsigned char *end = memchr(rest.data, '\n', rest.bytes);
    *line = span_of(rest.data, end ? (size_t)(end - rest.data) : rest.bytes);
    ini->at += line->bytes + 1;
    ini->line++;
    if (line->bytes > 0 && line->data[line->bytes - 1] == '\r')
        line->bytes--;
    return true;
}

static bool is_comment(struct span line)
{
    return line.bytes > 0 && strchr("#;!", line.data[0]);
}

/* Two pieces with a line end, or nothing, between them. */
static bool join(struct arena *arena, struct span *text, struct span more, bool line_end)
{
    const size_t gap = line_end && text->bytes > 0;
    char *joined = arena_take(arena, text->bytes + more.bytes + gap + 1, 1);
    if (!joined)
        return false;
    if (text->bytes)
        memcpy(joined, text->data, text->bytes);
    if (gap)
        joined[text->bytes] = '\n';
    if (more.bytes)
        memcpy(joined + text->bytes + gap, more.data, more.bytes);
    *text = span_of(joined, text->bytes + gap + more.bytes);
    return true;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static size_t closing_quote(struct span text, unsigned char quote, size_t from)
{
    for (size_t i = from; i < text.bytes; i++)
        if (text.data[i] == '\\' && quote == '"')
            i++;
        else if (text.data[i] == quote)
            return i;
    return text.bytes;
}

/* A value in quotes, on this line or on those below. False if its end isn't there: then it is no quoted value. */
static bool read_quoted(struct ini *ini, struct span value, struct node *entry)
{
    const unsigned char quote = value.data[0];
    size_t end = closing_quote(value, quote, 1);
    if (end == value.bytes) { /* the lines below, which follow it in the text */
        const size_t begin = (size_t)(value.data - ini->text.data);
        const struct span below = span_part(ini->text, begin, MOST_VALUE_BYTES);
        end = closing_quote(below, quote, 1);
        size_t lines = 0;
        for (size_t i = 0; i < end && i < below.bytes && lines <= MOST_QUOTED_LINES; i++)
            lines += below.data[i] == '\n';
        if (end == below.bytes || lines > MOST_QUOTED_LINES)
            return false;
        value = below;
        struct span passed;
        for (; lines > 0; lines--)
            if (!take_line(ini, &passed))
                break;
    }
    entry->text = span_part(value, 1, end - 1);
    entry->quoted = true;
    return true;
}

/* Cuts off " # comment". */
static struct span without_comment(struct span value)
{
    for (size_t i = 0; i + 1 < value.bytes; i++)
        if (isblank(value.data[i]) && (value.data[i + 1] == '#' || value.data[i + 1] == ';'))
            return span_trim(span_part(value, 0, i));
    return value;
}

/* "https\://host" to "https://host". */
static bool unescape(struct arena *arena, struct span *value)
{
    if (span_find(*value, "\\:") == value->bytes && span_find(*value, "\\=") == value->bytes)
        return true;
    char *plain = arena_take(arena, value->bytes + 1, 1);
    if (!plain)
        return false;
    size_t length = 0;
    for (size_t i = 0; i < value->bytes; i++) {
        const bool escaped = value->data[i] == '\\' && i + 1 < value->bytes && strchr(":=", value->data[i + 1]);
        plain[length++] = (char)value->data[i + escaped];
        i += escaped;
    }
    *value = span_of(plain, length);
    return true;
}

static bool goes_on(struct span value)
{
    size_t slashes = 0;
    while (slashes < value.bytes && value.data[value.bytes - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* A plain value, with the lines that a '\' at their end joins to it. They are gathered first and copied once. */
static bool read_plain(struct ini *ini, struct span value, struct node *entry)
{
    if (!goes_on(value)) {
        entry->text = without_comment(value);
        return unescape(ini->arena, &entry->text);
    }
    const size_t room = ini->text.bytes - (size_t)(value.data - ini->text.data);
    size_t bytes = value.bytes - 1, ahead = ini->at;
    struct ini look = *ini; /* how long it will be */
    struct span line = value;
    while (goes_on(line) && take_line(&look, &line)) {
        line = span_trim(line);
        bytes += line.bytes;
        ahead = look.at;
    }
    char *joined = arena_take(ini->arena, size_min(bytes, room) + 1, 1);
    if (!joined)
        return false;
    memcpy(joined, value.data, value.bytes - 1);
    size_t length = value.bytes - 1;
    while (ini->at < ahead && take_line(ini, &line)) {
        line = span_trim(line);
        const size_t taken = line.bytes - goes_on(line);
        memcpy(joined + length, line.data, taken);
        length += taken;
    }
    entry->text = span_of(joined, length);
    return unescape(ini->arena, &entry->text);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool read_section(struct ini *ini, struct span line)
{
    const struct span name = span_trim(span_part(line, 1, span_find(line, "]") - 1));
    ini->section = node_add(ini->arena, ini->root, NODE_MAP, name, ini->line);
    ini->entry = NULL;
    return ini->section != NULL;
}

static bool is_key_byte(unsigned char c)
{
    return isalnum(c) || c >= 0x80 || strchr("_.-/@*$%[]()+,\"'", c);
}

/* Where the key ends; 0 if the line begins with none. Blanks stand in keys of INI ("Default Gateway"). */
static size_t key_end(struct span line)
{
    size_t end = 0;
    while (end < line.bytes && (is_key_byte(line.data[end]) || (isblank(line.data[end]) && end > 0)))
        end++;
    const bool separated = end < line.bytes && (line.data[end] == '=' || line.data[end] == ':');
    return separated && end <= MOST_KEY_BYTES ? end : 0;
}

/* False when memory is short. */
static bool read_entry(struct ini *ini, struct span line)
{
    if (span_begins(line, "export "))
        line = span_trim(span_from(line, strlen("export ")));
    const size_t end = key_end(line);
    ini->entry = NULL;
    if (end == 0)
        return true;
    struct span key = span_trim(span_part(line, 0, end)), value = span_trim(span_from(line, end + 1));
    if (value.bytes > 0 && value.data[0] == '=') /* "a := b", "a == b" */
        value = span_trim(span_from(value, 1));
    ini->entry = node_add(ini->arena, ini->section, NODE_TEXT, key, ini->line);
    if (!ini->entry)
        return false;
    if (value.bytes == 0 || is_comment(value))
        return true;
    if ((value.data[0] == '"' || value.data[0] == '\'') && read_quoted(ini, value, ini->entry))
        return true;
    return read_plain(ini, value, ini->entry);
}

/* A line further in, without a key of its own, belongs to the entry above. Only so many: each copies what is there. */
static bool belongs_above(const struct ini *ini, struct span line)
{
    return ini->entry && !ini->entry->quoted && line.bytes > 0 && isblank(line.data[0]) &&
           ini->entry->text.bytes + line.bytes < MOST_VALUE_BYTES && key_end(span_trim(line)) == 0 &&
           ini->line - ini->entry->line < MOST_QUOTED_LINES;
}

bool ini_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    struct ini ini = { .text = text, .arena = arena };
    ini.root = node_add(arena, NULL, NODE_MAP, (struct span){ 0 }, 1);
    ini.section = ini.root;
    *out = ini.root;
    bool good = ini.root != NULL;
    for (struct span line; good && take_line(&ini, &line);) {
        const struct span bare = span_trim(line);
        if (bare.bytes == 0 || is_comment(bare))
            continue;
        if (bare.data[0] == '[' && span_find(bare, "]") < bare.bytes && key_end(bare) == 0)
            good = read_section(&ini, bare);
        else if (belongs_above(&ini, line))
            good = join(arena, &ini.entry->text, without_comment(bare), true);
        else
            good = read_entry(&ini, bare);
    }
    return good || error_memory(error, sizeof *ini.root);
}
