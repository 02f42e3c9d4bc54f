/* tree.c: making trees, finding things in them, and spans read as texts. */
#include "audit/tree.h"

#include <ctype.h>
#include <string.h>

struct node *node_add(struct arena *arena, struct node *parent, enum node_type type, struct span key, size_t line)
{
    struct node *node = arena_take(arena, 1, sizeof *node);
    if (!node)
        return NULL;
    *node = (struct node){ .key = key, .type = type, .line = (uint32_t)line, .value_line = (uint32_t)line };
    if (parent && parent->last)
        parent->last->next = node;
    else if (parent)
        parent->first = node;
    if (parent)
        parent->last = node;
    return node;
}

void node_become(struct node *node, const struct node *other)
{
    node->type = other->type;
    node->text = other->text;
    node->raw = other->raw;
    node->quoted = other->quoted;
    node->value_line = other->value_line;
    node->first = other->first;
    node->last = other->last;
}

bool key_is(const struct node *node, const char *key)
{
    return node && span_is(node->key, key);
}

bool text_is(const struct node *node, const char *text)
{
    return node && node->type == NODE_TEXT && span_is(node->text, text);
}

static const struct node *find_key(const struct node *node, struct span key)
{
    if (!node || node->type != NODE_MAP)
        return NULL;
    for (const struct node *entry = node->first; entry; entry = entry->next)
        if (span_equal(entry->key, key))
            return entry;
    return NULL;
}

const struct node *node_get(const struct node *node, const char *key)
{
    return find_key(node, span_text(key));
}

const struct node *node_at(const struct node *node, const char *path)
{
    while (node && *path) {
        const size_t length = strcspn(path, ".");
        node = find_key(node, span_of(path, length));
        path += length + (path[length] == '.');
    }
    return node;
}

struct span node_text(const struct node *node, const char *key)
{
    const struct node *found = node_get(node, key);
    return found && found->type == NODE_TEXT ? found->text : (struct span){ 0 };
}

void node_walk(const struct node *node, bool (*skip)(const struct node *node),
               void (*visit)(void *context, const struct node *node, struct span key), void *context)
{
    /* The way back up is kept here and not on the stack of calls; parsers bound the depth. */
    struct {
        const struct node *node;
        struct span key;
    } open[MOST_TREE_DEPTH + 2];
    size_t depth = 0;
    struct span key = node ? node->key : (struct span){ 0 };
    const struct node *top = node;
    while (node) {
        const bool skipped = skip && skip(node);
        if (!skipped && node->type == NODE_TEXT)
            visit(context, node, key);
        if (!skipped && node->first && depth < LENGTH(open)) {
            open[depth].node = node;
            open[depth++].key = key;
            node = node->first;
            key = node->key.bytes ? node->key : key;
            continue;
        }
        while (node != top && !node->next && depth > 0)
            node = open[--depth].node;
        if (node == top)
            return;
        node = node->next;
        key = node && node->key.bytes ? node->key : depth > 0 ? open[depth - 1].key : key;
    }
}

bool span_is(struct span span, const char *text)
{
    return span_equal(span, span_text(text));
}

bool span_is_nocase(struct span span, const char *text)
{
    return strlen(text) == span.bytes && strncasecmp((const char *)span.data, text, span.bytes) == 0;
}

bool span_begins(struct span span, const char *text)
{
    const size_t bytes = strlen(text);
    return bytes <= span.bytes && memcmp(span.data, text, bytes) == 0;
}

bool span_ends(struct span span, const char *text)
{
    const size_t bytes = strlen(text);
    return bytes <= span.bytes && memcmp(span.data + span.bytes - bytes, text, bytes) == 0;
}

size_t span_find(struct span span, const char *text)
{
    const size_t bytes = strlen(text);
    const unsigned char *found = span.bytes ? memmem(span.data, span.bytes, text, bytes) : NULL;
    return found ? (size_t)(found - span.data) : span.bytes;
}

struct span span_part(struct span span, size_t offset, size_t bytes)
{
    offset = size_min(offset, span.bytes);
    return span_of(span.data + offset, size_min(bytes, span.bytes - offset));
}

struct span span_from(struct span span, size_t offset)
{
    return span_part(span, offset, span.bytes);
}

struct span span_trim(struct span span)
{
    while (span.bytes > 0 && isspace(span.data[0]))
        span = span_from(span, 1);
    while (span.bytes > 0 && isspace(span.data[span.bytes - 1]))
        span.bytes--;
    return span;
}
