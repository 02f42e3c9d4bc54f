/* yaml.c: YAML 1.1 into the common tree: libyaml's events, each document a node of the root's list.
 *
 * An alias shares what its anchor holds, as long as that is small and the file has not asked for too much already: a
 * file of ten lines can ask for a billion nodes ("billion laughs"). Merge keys ("<<") are followed the same way. A
 * scalar or list with a tag of its own (!Ref, !Sub, !reference) is an expression to whoever reads it: raw is set.
 *
 * Source: yaml.org/spec/1.1; the merge key: yaml.org/type/merge.html. */
#include "audit/formats/templated.h"
#include "audit/tree.h"

#include <string.h>
#include <yaml.h>

enum {
    MOST_ALIAS_NODES = 2000,     /* that one alias stands for */
    MOST_ALIASES_NODES = 100000, /* that all of a file do */
    MOST_ANCHORS = 1000,
};

struct anchor {
    struct span name;
    const struct node *node;
};

/* A map or list that is still open. */
struct level {
    struct node *node;
    struct span key;
    size_t key_line;
    bool has_key; /* the key was read, its value comes next */
    bool is_key;  /* it is a key itself: of no use, but its value comes next */
};

struct parser {
    yaml_parser_t yaml;
    struct arena *arena;
    struct error *error;
    struct level levels[MOST_TREE_DEPTH];
    size_t depth;
    struct anchor *anchors;
    size_t anchor_count;
    size_t alias_nodes;
};

static bool out_of_memory(struct parser *parser)
{
    return error_memory(parser->error, sizeof(struct node));
}

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

/* Nodes that node stands for, counted up to most. */
static size_t count_nodes(const struct node *node, size_t most)
{
    size_t count = 1;
    for (const struct node *inner = node->first; inner && count < most; inner = inner->next)
        count += count_nodes(inner, most - count);
    return count;
}

static bool add_anchor(struct parser *parser, const yaml_char_t *name, const struct node *node)
{
    if (!name || parser->anchor_count == MOST_ANCHORS)
        return true;
    if (!parser->anchors)
        parser->anchors = arena_take(parser->arena, MOST_ANCHORS, sizeof *parser->anchors);
    const struct span text = span_text((const char *)name);
    const char *copy = arena_text(parser->arena, text);
    if (!parser->anchors || !copy)
        return out_of_memory(parser);
    parser->anchors[parser->anchor_count++] = (struct anchor){ span_of(copy, text.bytes), node };
    return true;
}

/* The last anchor of that name, if it may be followed once more. An anchor that is still open leads to itself. */
static const struct node *find_anchor(struct parser *parser, const yaml_char_t *name)
{
    const struct node *node = NULL;
    for (size_t i = parser->anchor_count; i > 0 && !node; i--)
        if (span_is(parser->anchors[i - 1].name, (const char *)name))
            node = parser->anchors[i - 1].node;
    for (size_t i = 0; i < parser->depth; i++)
        if (parser->levels[i].node == node)
            return NULL;
    if (!node)
        return NULL;
    const size_t nodes = count_nodes(node, MOST_ALIAS_NODES + 1);
    if (nodes > MOST_ALIAS_NODES || parser->alias_nodes + nodes > MOST_ALIASES_NODES)
        return NULL;
    parser->alias_nodes += nodes;
    return node;
}

/* Adds the entries of a map that "<<" names to the map that names it, after its own. */
static bool merge(struct parser *parser, struct node *map, const struct node *from)
{
    const struct node *last = from->last;
    for (const struct node *entry = from->first; entry; entry = entry == last ? NULL : entry->next) {
        struct node *copy = node_add(parser->arena, map, entry->type, entry->key, entry->line);
        if (!copy)
            return out_of_memory(parser);
        node_become(copy, entry);
    }
    return true;
}

static bool merge_all(struct parser *parser, struct node *map)
{
    const struct node *last = map->last;
    for (struct node *entry = map->first; entry; entry = entry == last ? NULL : entry->next) {
        if (!key_is(entry, "<<"))
            continue;
        if (entry->type == NODE_MAP && !merge(parser, map, entry))
            return false;
        for (const struct node *item = entry->type == NODE_LIST ? entry->first : NULL; item; item = item->next)
            if (item->type == NODE_MAP && !merge(parser, map, item))
                return false;
        entry->type = NODE_TEXT; /* or each merge of a merge would double what it holds */
        entry->first = entry->last = NULL;
    }
    return true;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* A node for what the event begins, at its place in what is open; NULL when memory is short. */
static struct node *place(struct parser *parser, const yaml_event_t *event, enum node_type type)
{
    struct level *level = &parser->levels[parser->depth - 1];
    const bool entry = level->node->type == NODE_MAP;
    const size_t line = line_of(event);
    struct node *node = node_add(parser->arena, level->node, type, entry ? level->key : (struct span){ 0 },
                                 entry && level->has_key ? level->key_line : line);
    if (node)
        node->value_line = (uint32_t)line;
    level->key = (struct span){ 0 };
    level->has_key = false;
    return node;
}

static bool wants_key(const struct parser *parser)
{
    const struct level *level = &parser->levels[parser->depth - 1];
    return level->node->type == NODE_MAP && !level->has_key;
}

/* Whether a tag makes of a value something else than it says: "!Ref", but not "!!str" or "tag:yaml.org,2002:str". */
static bool is_expression(const yaml_char_t *tag)
{
    return tag && tag[0] == '!' && tag[1] != '\0';
}

static bool take_scalar(struct parser *parser, const yaml_event_t *event)
{
    struct level *level = &parser->levels[parser->depth - 1];
    const struct span value = span_of(event->data.scalar.value, event->data.scalar.length);
    const char *copy = arena_text(parser->arena, value);
    if (!copy)
        return out_of_memory(parser);
    if (wants_key(parser)) {
        level->key = span_of(copy, value.bytes);
        level->key_line = line_of(event);
        level->has_key = true;
        return true;
    }
    struct node *node = place(parser, event, NODE_TEXT);
    if (!node)
        return out_of_memory(parser);
    const yaml_scalar_style_t style = event->data.scalar.style;
    node->text = span_of(copy, value.bytes);
    node->quoted = style != YAML_PLAIN_SCALAR_STYLE;
    node->raw = is_expression(event->data.scalar.tag);
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        node->value_line++;
    return add_anchor(parser, event->data.scalar.anchor, node);
}

static bool take_alias(struct parser *parser, const yaml_event_t *event)
{
    struct level *level = &parser->levels[parser->depth - 1];
    const struct node *target = find_anchor(parser, event->data.alias.anchor);
    if (wants_key(parser)) {
        level->key = target && target->type == NODE_TEXT ? target->text : (struct span){ 0 };
        level->key_line = line_of(event);
        level->has_key = true;
        return true;
    }
    struct node *node = place(parser, event, NODE_TEXT);
    if (!node)
        return out_of_memory(parser);
    if (target)
        node_become(node, target);
    return true;
}

static bool open_level(struct parser *parser, const yaml_event_t *event, enum node_type type)
{
    const bool map = type == NODE_MAP;
    const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    if (parser->depth == MOST_TREE_DEPTH)
        return error_set(parser->error, "line %zu: nested too deep", line_of(event));
    const bool is_key = wants_key(parser);
    struct node *node = place(parser, event, type);
    if (!node)
        return out_of_memory(parser);
    node->raw = is_expression(tag);
    parser->levels[parser->depth++] = (struct level){ .node = node, .is_key = is_key };
    return add_anchor(parser, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, node);
}

static bool close_level(struct parser *parser)
{
    const struct level closed = parser->levels[--parser->depth];
    struct level *level = &parser->levels[parser->depth - 1];
    if (closed.is_key) {
        level->has_key = true;
        level->key_line = closed.node->line;
    }
    return closed.node->type != NODE_MAP || merge_all(parser, closed.node);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static bool take_event(struct parser *parser, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(parser, event);
    case YAML_ALIAS_EVENT:
        return take_alias(parser, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(parser, event, NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return open_level(parser, event, NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(parser);
    default:
        return true;
    }
}

static bool tell_mistake(struct parser *parser)
{
    const yaml_parser_t *yaml = &parser->yaml;
    if (yaml->error == YAML_MEMORY_ERROR)
        return out_of_memory(parser);
    return error_set(parser->error, "line %zu: %s", yaml->problem_mark.line + 1,
                     yaml->problem ? yaml->problem : "no YAML");
}

static bool take_events(struct parser *parser)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser->yaml, &event))
            return tell_mistake(parser);
        more = event.type != YAML_STREAM_END_EVENT;
        const bool taken = take_event(parser, &event);
        yaml_event_delete(&event);
        if (!taken)
            return false;
    }
    return true;
}

/* How many bytes at offset YAML 1.1 takes for a line's end where nobody else does: a lone CR, NEL, LS, PS. */
static size_t odd_break(struct span text, size_t offset)
{
    static const char *const breaks[] = { "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9" };
    const struct span rest = span_from(text, offset);
    if (rest.data[0] == '\r')
        return rest.bytes > 1 && rest.data[1] == '\n' ? 0 : 1;
    for (size_t i = 0; i < LENGTH(breaks) && rest.data[0] >= 0xC2; i++)
        if (span_begins(rest, breaks[i]))
            return strlen(breaks[i]);
    return 0;
}

/* The text with blanks in place of odd breaks: its lines are then those that an editor counts. */
static bool plain_lines(struct span text, struct arena *arena, struct span *out, struct error *error)
{
    char *copy = NULL;
    *out = text;
    for (size_t i = 0, bytes; i < text.bytes; i += size_max(bytes, 1)) {
        bytes = odd_break(text, i);
        if (bytes > 0 && !copy && !(copy = arena_text(arena, text)))
            return error_memory(error, text.bytes);
        if (bytes > 0)
            memset(copy + i, ' ', bytes);
    }
    if (copy)
        *out = span_of(copy, text.bytes);
    return true;
}

static bool parse(struct span text, struct arena *arena, struct node *root, struct error *error)
{
    struct parser parser = { .arena = arena, .error = error, .depth = 1, .levels[0].node = root };
    if (!yaml_parser_initialize(&parser.yaml))
        return out_of_memory(&parser);
    yaml_parser_set_encoding(&parser.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser.yaml, text.data, text.bytes);
    const bool parsed = take_events(&parser);
    yaml_parser_delete(&parser.yaml);
    return parsed;
}

/* Most templates of a chart are no YAML, but "{{ name }}" in a playbook or a workflow stands in a string: only what
 * can't be read as it is is read without its templates. */
bool yaml_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    struct span plain;
    if (!(*out = node_add(arena, NULL, NODE_LIST, (struct span){ 0 }, 1)))
        return error_memory(error, sizeof **out);
    if (!plain_lines(text, arena, &text, error))
        return false;
    if (parse(text, arena, *out, error))
        return true;
    if (!is_templated(text))
        return false;
    *(*out) = (struct node){ .type = NODE_LIST, .line = 1, .value_line = 1 };
    return templated_plain(text, arena, &plain, error) && parse(plain, arena, *out, error);
}
