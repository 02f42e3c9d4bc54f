/* configuration.c: options out of a YAML file. Each becomes what the line would have given, so that they are checked in
 * one place; what the line gives stands after them and wins. */
#include "cli/configuration.h"

#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

enum { FILE_MOST = 1 << 20 };

static const char words_name[] = "models";

struct reader {
    const char *path;
    const struct arguments *line;
    struct arena *arena;
    struct arguments *out;
    yaml_document_t document;
    struct error *error;
};

static bool wrong(const struct reader *reader, const yaml_node_t *node, const char *name, const char *what)
{
    return error_set_kind(reader->error, ERROR_WRONG_USE, "%s line %zu: %s: %s", reader->path,
                          node ? node->start_mark.line + 1 : 1, name, what);
}

static const char *text_of(struct reader *reader, const yaml_node_t *node)
{
    if (!node || node->type != YAML_SCALAR_NODE || memchr(node->data.scalar.value, 0, node->data.scalar.length))
        return NULL;
    return arena_text(reader->arena, span_of(node->data.scalar.value, node->data.scalar.length));
}

static const struct option *find_option(const struct reader *reader, const yaml_node_t *node, const char *name)
{
    struct guess guess = { 0 };
    for (const struct option *option = reader->line->command->options; option->name; option++) {
        if (strcmp(option->name, name) == 0)
            return option;
        guess_try(&guess, name, option->name);
    }
    char what[128] = "no such option";
    if (guess.name)
        snprintf(what, sizeof what, "no such option: did you mean %s?", guess.name);
    wrong(reader, node, name, what);
    return NULL;
}

static bool put(struct reader *reader, const yaml_node_t *node, const struct option *option, const char *value)
{
    struct arguments *out = reader->out;
    if (option_given(reader->line, option->name))
        return true;
    if (out->given_count == LENGTH(out->given))
        return wrong(reader, node, option->name, "too many options");
    out->given[out->given_count++] = (struct given){ option, value };
    return true;
}

static bool put_switch(struct reader *reader, const yaml_node_t *node, const struct option *option, const char *value)
{
    if (strcmp(value, "true") == 0)
        return put(reader, node, option, "");
    return strcmp(value, "false") == 0 || wrong(reader, node, option->name, "true or false is wanted");
}

static bool put_value(struct reader *reader, const yaml_node_t *node, const struct option *option)
{
    const char *value = text_of(reader, node);
    if (!value)
        return wrong(reader, node, option->name, "a value is wanted");
    return option->takes ? put(reader, node, option, value) : put_switch(reader, node, option, value);
}

static bool put_list(struct reader *reader, const yaml_node_t *node, const struct option *option)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return put_value(reader, node, option);
    const yaml_node_item_t *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < end; item++)
        if (!put_value(reader, yaml_document_get_node(&reader->document, *item), option))
            return false;
    return true;
}

/* The arguments besides options, unless the line has some. */
static bool put_words(struct reader *reader, const yaml_node_t *node)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return wrong(reader, node, words_name, "a list such as [smollm2-135m] is wanted");
    if (reader->line->word_count > 0)
        return true;
    const yaml_node_item_t *items = node->data.sequence.items.start;
    const size_t count = (size_t)(node->data.sequence.items.top - items);
    char **words = arena_take(reader->arena, count + 1, sizeof *words);
    if (!words)
        return error_memory(reader->error, count * sizeof *words);
    for (size_t i = 0; i < count; i++) {
        const char *word = text_of(reader, yaml_document_get_node(&reader->document, items[i]));
        words[i] = word ? arena_text(reader->arena, span_text(word)) : NULL;
        if (!words[i])
            return wrong(reader, node, words_name, "a list of names is wanted");
    }
    reader->out->words = words;
    reader->out->word_count = (int)count;
    return true;
}

static bool put_pair(struct reader *reader, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
    const char *name = text_of(reader, key);
    if (!name)
        return wrong(reader, key, "?", "the name of an option is wanted");
    if (strcmp(name, words_name) == 0)
        return put_words(reader, value);
    const struct option *option = find_option(reader, key, name);
    return option && put_list(reader, value, option);
}

static bool put_document(struct reader *reader)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0))
        return true; /* nothing but comments */
    if (root->type != YAML_MAPPING_NODE)
        return wrong(reader, root, "the file", "lines such as port: 8484 are wanted");
    const yaml_node_pair_t *end = root->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < end; pair++)
        if (!put_pair(reader, pair))
            return false;
    return true;
}

static bool read_text(struct reader *reader, struct span text)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return error_memory(reader->error, sizeof parser);
    yaml_parser_set_input_string(&parser, text.data, text.bytes);
    bool good = yaml_parser_load(&parser, &reader->document) == 1;
    if (!good)
        error_set_kind(reader->error, ERROR_WRONG_USE, "%s line %zu: %s", reader->path, parser.problem_mark.line + 1,
                       parser.problem ? parser.problem : "no YAML");
    if (good) {
        good = put_document(reader);
        yaml_document_delete(&reader->document);
    }
    yaml_parser_delete(&parser);
    return good;
}

static void put_line(const struct arguments *line, struct arguments *out)
{
    for (size_t i = 0; i < line->given_count && out->given_count < LENGTH(out->given); i++)
        out->given[out->given_count++] = line->given[i];
}

bool configuration_read(const struct arguments *line, const char *path, struct arena *arena, struct arguments *out,
                        struct error *error)
{
    struct buffer text = { .limit = FILE_MOST };
    struct stat there;
    *out = *line;
    if (stat(path, &there) != 0)
        return true;
    out->given_count = 0;
    struct reader reader = { .path = path, .line = line, .arena = arena, .out = out, .error = error };
    const bool read = file_read(path, &text, error) && read_text(&reader, buffer_span(&text));
    buffer_free(&text);
    put_line(line, out);
    return read;
}
