/* document.c: see document.h. YAML 1.1 by libyaml. */
#include "providers/document.h"

#include <string.h>

enum { MOST_DEPTH = 16 };

bool document_wrong(const struct document *document, const yaml_node_t *node, const char *format, ...)
{
    char what[512];
    va_list values;
    va_start(values, format);
    vsnprintf(what, sizeof what, format, values);
    va_end(values);
    return error_set(document->error, "%s: line %zu: %s", document->path, node ? node->start_mark.line + 1 : 1, what);
}

/* libyaml takes time with the square of the depth of brackets. Those in texts are counted too, which does no harm. */
static bool check_depth(const char *path, struct span text, struct error *error)
{
    size_t depth = 0;
    for (size_t i = 0, line = 1; i < text.bytes; i++) {
        const unsigned char c = text.data[i];
        line += c == '\n';
        depth += c == '[' || c == '{';
        depth -= depth > 0 && (c == ']' || c == '}');
        if (depth > MOST_DEPTH)
            return error_set(error, "%s: line %zu: nested too deeply", path, line);
    }
    return true;
}

bool document_open(const char *path, struct span text, struct arena *arena, struct document *out, struct error *error)
{
    *out = (struct document){ .path = path, .arena = arena, .error = error };
    yaml_parser_t parser;
    if (!check_depth(path, text, error))
        return false;
    if (!yaml_parser_initialize(&parser))
        return error_memory(error, sizeof parser);
    yaml_parser_set_input_string(&parser, text.data, text.bytes);
    const bool good = yaml_parser_load(&parser, &out->yaml) == 1;
    if (!good)
        error_set(error, "%s: line %zu: %s: not YAML", path, parser.problem_mark.line + 1,
                  parser.problem ? parser.problem : "cannot be read");
    yaml_parser_delete(&parser);
    return good;
}

void document_close(struct document *document)
{
    yaml_document_delete(&document->yaml);
}

static const yaml_node_t *node_of(const struct document *document, int number)
{
    return yaml_document_get_node((yaml_document_t *)&document->yaml, number);
}

bool document_text(const struct document *document, const yaml_node_t *node, const char **out)
{
    if (!node || node->type != YAML_SCALAR_NODE)
        return document_wrong(document, node, "a text is wanted here");
    const struct span text = span_of(node->data.scalar.value, node->data.scalar.length);
    if (memchr(text.data, '\0', text.bytes))
        return document_wrong(document, node, "a zero byte in a text");
    *out = arena_text(document->arena, text);
    return *out || error_memory(document->error, text.bytes);
}

bool document_texts(const struct document *document, const yaml_node_t *node, const char *const **out, size_t *count)
{
    const bool list = node && node->type == YAML_SEQUENCE_NODE;
    const yaml_node_item_t *items = list ? node->data.sequence.items.start : NULL;
    *count = list ? (size_t)(node->data.sequence.items.top - items) : 1;
    const char **texts = arena_take(document->arena, *count + 1, sizeof *texts);
    if (!texts)
        return error_memory(document->error, *count * sizeof *texts);
    for (size_t i = 0; i < *count; i++)
        if (!document_text(document, list ? node_of(document, items[i]) : node, &texts[i]))
            return false;
    *out = texts;
    return true;
}

bool document_each(const struct document *document, const yaml_node_t *node,
                   bool (*each)(void *context, const yaml_node_t *element), void *context)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return document_wrong(document, node, "a list is wanted here");
    const yaml_node_item_t *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < end; item++)
        if (!each(context, node_of(document, *item)))
            return false;
    return true;
}

bool document_keys(const struct document *document, const yaml_node_t *node,
                   bool (*each)(void *context, const yaml_node_t *key, const char *name, const yaml_node_t *value),
                   void *context)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return document_wrong(document, node, "keys with values are wanted here");
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *key = node_of(document, pair->key);
        const char *name = NULL;
        if (!document_text(document, key, &name) || !each(context, key, name, node_of(document, pair->value)))
            return false;
    }
    return true;
}

const yaml_node_t *document_get(const struct document *document, const yaml_node_t *node, const char *key)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return NULL;
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *name = node_of(document, pair->key);
        if (name && name->type == YAML_SCALAR_NODE && strcmp((const char *)name->data.scalar.value, key) == 0)
            return node_of(document, pair->value);
    }
    return NULL;
}
