/* values.c: see values.h. What a setting tells is decided in one place, mention_setting; here is only found what the
 * settings are. */
#include "audit/readers/values.h"

#include <ctype.h>
#include <string.h>

#include "audit/readers/purpose.h"

enum { LONGEST_KEY = 80 };

struct span value_of(const struct node *node)
{
    if (!node || node->type != NODE_TEXT)
        return (struct span){ 0 };
    return node->raw && !node->quoted ? span_text("${}") : node->text;
}

const struct node *one_first(const struct node *node)
{
    return node && node->type == NODE_LIST ? node->first : node;
}

const struct node *one_next(const struct node *node, const struct node *one)
{
    return node->type == NODE_LIST ? one->next : NULL;
}

struct span key_join(struct source *source, struct span parent, struct span key)
{
    if (parent.bytes == 0 || key.bytes == 0 || parent.bytes > LONGEST_KEY || key.bytes > LONGEST_KEY)
        return key.bytes ? key : parent;
    const char *joined = arena_format(source->arena, "%.*s.%.*s", (int)parent.bytes, (const char *)parent.data,
                                      (int)key.bytes, (const char *)key.data);
    return joined ? span_text(joined) : key;
}

/* ---- names that tell nothing ------------------------------------------------------------------------------------- */

static bool is_upper_name(struct span key)
{
    for (size_t i = 0; i < key.bytes; i++)
        if (islower(key.data[i]))
            return false;
    return true;
}

static bool names_credential(struct span key)
{
    static const char *const words[] = { "dsn", "token", "webhook", "apikey" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (key_has_word(key, words[i]))
            return true;
    return key_has_word(key, "key") && (key_has_word(key, "api") || key_has_word(key, "access") ||
                                        key_has_word(key, "secret") || key_has_word(key, "license"));
}

/* The same words behind another, where no pattern of variables begins. */
static struct span without_name(struct source *source, struct span key)
{
    char *other = arena_format(source->arena, "its_%.*s", (int)size_min(key.bytes, 2 * LONGEST_KEY), key.data);
    for (char *at = other; at && *at; at++)
        *at = *at == '.' ? '_' : *at;
    return other ? span_text(other) : key;
}

void tell_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line)
{
    const bool tells = key.bytes == 0 || is_upper_name(key) || names_credential(key);
    mention_setting(source, sink, tells ? key : without_name(source, key), value, line);
}

/* ---- files within files ------------------------------------------------------------------------------------------ */

static bool is_comment(struct span line)
{
    return span_begins(line, "#") || span_begins(line, "//") || span_begins(line, ";") || span_begins(line, "--") ||
           span_begins(line, "<!--") || span_begins(line, "/*") || span_begins(line, "*");
}

static bool is_key_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_.-\"'", c);
}

/* "NAME=value", "name: value", "directive value;" */
static void tell_line(struct source *source, struct sink *sink, struct span text, size_t line)
{
    static const char *const before[] = { "export ", "- ", "set " };
    for (size_t i = 0; i < LENGTH(before); i++)
        text = span_begins(text, before[i]) ? span_trim(span_from(text, strlen(before[i]))) : text;
    size_t key = 0;
    while (key < text.bytes && text.data[key] && is_key_byte(text.data[key]))
        key++;
    struct span value = span_trim(span_from(text, key));
    const bool packages = span_is(span_part(text, 0, key), "packages"); /* Debian has one named docker.io */
    if (key == 0 || key > LONGEST_KEY || value.bytes == 0 || packages)
        return;
    if (value.data[0] == '=' || value.data[0] == ':')
        value = span_trim(span_from(value, 1));
    if (span_begins(value, "//"))
        return; /* the key was a scheme */
    while (value.bytes > 0 && strchr(";,", value.data[value.bytes - 1]))
        value.bytes--;
    tell_setting(source, sink, span_part(text, 0, key), value, line);
}

void tell_lines(struct source *source, struct sink *sink, struct span text, size_t line)
{
    struct span one;
    for (size_t at = 0; next_line(text, &at, &one); line++) {
        one = span_trim(one);
        if (!is_comment(one))
            tell_line(source, sink, one, line);
    }
}

static void shift_lines(struct node *node, uint32_t lines)
{
    node->line += lines;
    node->value_line += lines;
    for (struct node *inner = node->first; inner; inner = inner->next)
        shift_lines(inner, lines);
}

const struct node *tree_within(struct source *source, const struct node *node,
                               bool (*parse)(struct span, struct arena *, struct node **, struct error *))
{
    struct node *root = NULL;
    struct error error;
    if (!parse(node->text, source->arena, &root, &error) || !root)
        return NULL;
    shift_lines(root, node->value_line - 1);
    return root;
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

void tell_value(struct source *source, struct sink *sink, struct span key, const struct node *node)
{
    const struct span value = value_of(node);
    if (memchr(value.data ? value.data : (const unsigned char *)"", '\n', span_trim(value).bytes))
        tell_lines(source, sink, value, node->value_line);
    else
        tell_setting(source, sink, key, value, node->line);
}

static void tell_below(struct source *source, struct sink *sink, const struct node *node, struct span parent,
                       bool (*skip)(const struct node *node))
{
    const struct span own = node->key.bytes ? node->key : parent;
    for (const struct node *inner = node->first; inner; inner = inner->next) {
        if (skip && skip(inner))
            continue;
        if (inner->type == NODE_TEXT)
            tell_value(source, sink, key_join(source, own, inner->key), inner);
        else
            tell_below(source, sink, inner, own, skip);
    }
}

void tell_settings(struct source *source, struct sink *sink, const struct node *node,
                   bool (*skip)(const struct node *node))
{
    if (node && node->type == NODE_TEXT)
        tell_value(source, sink, node->key, node);
    else if (node)
        tell_below(source, sink, node, (struct span){ 0 }, skip);
}

/* "NAME=value", or "NAME" alone where its value is somebody else's to give. */
static void tell_assignment(struct source *source, struct sink *sink, const struct node *node)
{
    const size_t cut = span_find(node->text, "=");
    const struct span value = cut < node->text.bytes ? span_from(node->text, cut + 1) : span_text("${}");
    mention_setting(source, sink, span_part(node->text, 0, cut), value, node->line);
}

/* {name: NAME, value: V}, with capitals in CloudFormation and ECS. */
static void tell_named(struct source *source, struct sink *sink, const struct node *node)
{
    const struct node *name = node_get(node, "name") ? node_get(node, "name") : node_get(node, "Name");
    const struct node *value = node_get(node, "value") ? node_get(node, "value") : node_get(node, "Value");
    const bool elsewhere = node_get(node, "valueFrom") || node_get(node, "ValueFrom");
    if (!name || name->type != NODE_TEXT)
        return;
    if (value && value->type == NODE_TEXT)
        mention_setting(source, sink, name->text, value_of(value), value->line);
    else if (value || elsewhere)
        mention_setting(source, sink, name->text, span_text("${}"), name->line);
}

void tell_environment(struct source *source, struct sink *sink, const struct node *node)
{
    for (const struct node *inner = node ? node->first : NULL; inner; inner = inner->next) {
        if (node->type == NODE_MAP && inner->type == NODE_TEXT)
            tell_value(source, sink, inner->key, inner);
        else if (node->type == NODE_MAP)
            mention_setting(source, sink, inner->key, span_text("${}"), inner->line);
        else if (inner->type == NODE_TEXT)
            tell_assignment(source, sink, inner);
        else if (inner->type == NODE_MAP)
            tell_named(source, sink, inner);
        else
            tell_environment(source, sink, inner);
    }
}
