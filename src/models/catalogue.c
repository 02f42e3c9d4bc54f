/* catalogue.c: the models that can be pulled by name. Facts are data: data/models.yaml travels inside the program
 * (scripts/embed), the user's own models.yaml adds to it. Both are read by the same rules, strictly: an unknown key is
 * a misspelt one. YAML 1.1 by libyaml, which bounds the nesting; aliases are not followed into anything deep. */
#include "models/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

extern const unsigned char catalogue_data[];
extern const size_t catalogue_data_bytes;

enum {
    MOST_CATALOGUE_BYTES = 1 << 20,
    MOST_MODELS = 4096,
    MOST_PARTS = 256,
    MOST_DEPTH = 64,
};

/* One YAML file while it is read. */
struct reader {
    const char *path; /* for messages */
    yaml_document_t document;
    struct arena *arena;
    struct error *error;
};

static bool wrong(const struct reader *reader, const yaml_node_t *node, const char *what)
{
    return error_set(reader->error, "%s: line %zu: %s", reader->path, node ? node->start_mark.line + 1 : 1, what);
}

static bool read_text(const struct reader *reader, const yaml_node_t *node, const char **out)
{
    if (!node || node->type != YAML_SCALAR_NODE)
        return wrong(reader, node, "a text is wanted here");
    const struct span text = span_of(node->data.scalar.value, node->data.scalar.length);
    if (memchr(text.data, '\0', text.bytes))
        return wrong(reader, node, "a zero byte in a text");
    *out = arena_text(reader->arena, text);
    return *out || error_memory(reader->error, text.bytes);
}

static bool read_bytes(const struct reader *reader, const yaml_node_t *node, uint64_t *out)
{
    const char *text;
    if (!read_text(reader, node, &text))
        return false;
    char *end;
    const unsigned long long value = strtoull(text, &end, 10);
    if (strlen(text) > 18 || text[0] < '0' || text[0] > '9' || *end)
        return wrong(reader, node, "a number of bytes is wanted here");
    *out = value;
    return true;
}

static bool read_parts(struct reader *reader, const yaml_node_t *node, struct catalogue_model *model)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return wrong(reader, node, "a list of sources is wanted here");
    const yaml_node_item_t *items = node->data.sequence.items.start;
    const size_t count = (size_t)(node->data.sequence.items.top - items);
    if (count == 0 || count > MOST_PARTS)
        return wrong(reader, node, "1 to 256 sources are wanted here");
    const char **parts = arena_take(reader->arena, count, sizeof *parts);
    if (!parts)
        return error_memory(reader->error, count * sizeof *parts);
    for (size_t i = 0; i < count; i++)
        if (!read_text(reader, yaml_document_get_node(&reader->document, items[i]), &parts[i]))
            return false;
    model->parts = parts;
    model->part_count = count;
    return true;
}

/* Where the text of a key goes; NULL if it is no key for a text. */
static const char **text_field(struct catalogue_model *model, const char *key)
{
    const struct {
        const char *key;
        const char **field;
    } fields[] = {
        { "name", &model->name },     { "title", &model->title }, { "licence", &model->licence },
        { "sha256", &model->sha256 }, { "date", &model->date },   { "source", &model->source },
    };
    for (size_t i = 0; i < LENGTH(fields); i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].field;
    return NULL;
}

static bool read_field(struct reader *reader, const yaml_node_t *key, const yaml_node_t *value,
                       struct catalogue_model *model)
{
    const char *name = NULL;
    if (!read_text(reader, key, &name) || !value)
        return false;
    if (strcmp(name, "bytes") == 0)
        return read_bytes(reader, value, &model->bytes);
    if (strcmp(name, "parts") == 0)
        return read_parts(reader, value, model);
    const char **field = text_field(model, name);
    if (!field)
        return wrong(reader, key, "no such key: name, title, licence, bytes, sha256, source, date and parts are known");
    return read_text(reader, value, field);
}

static bool check_model(const struct reader *reader, const yaml_node_t *node, const struct catalogue_model *model)
{
    if (!model->name || !name_valid(model->name))
        return wrong(reader, node, "a name of a-z 0-9 . _ - is missing");
    if (!model->parts)
        return wrong(reader, node, "parts are missing: where the model comes from");
    if (model->sha256 && !sha256_valid(model->sha256))
        return wrong(reader, node, "sha256 has to be 64 digits 0-9 a-f");
    return true;
}

static bool read_model(struct reader *reader, const yaml_node_t *node, struct catalogue_model *model)
{
    if (!node || node->type != YAML_MAPPING_NODE)
        return wrong(reader, node, "a model is a mapping with name, parts and so on");
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    *model = (struct catalogue_model){ .title = "", .licence = "", .date = "", .source = "" };
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++)
        if (!read_field(reader, yaml_document_get_node(&reader->document, pair->key),
                        yaml_document_get_node(&reader->document, pair->value), model))
            return false;
    return check_model(reader, node, model);
}

/* A model with the same name takes the place of the one that is there. */
static bool put_model(const struct reader *reader, const yaml_node_t *node, const struct catalogue_model *model,
                      struct catalogue_model *rows, size_t *count)
{
    size_t row = 0;
    while (row < *count && strcmp(rows[row].name, model->name) != 0)
        row++;
    if (row == MOST_MODELS)
        return wrong(reader, node, "more than 4096 models");
    rows[row] = *model;
    *count += row == *count;
    return true;
}

static bool read_models(struct reader *reader, const yaml_node_t *node, struct catalogue_model *rows, size_t *count)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return wrong(reader, node, "models has to be a list");
    const yaml_node_item_t *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < end; item++) {
        const yaml_node_t *element = yaml_document_get_node(&reader->document, *item);
        struct catalogue_model model;
        if (!read_model(reader, element, &model) || !put_model(reader, element, &model, rows, count))
            return false;
    }
    return true;
}

static bool read_root(struct reader *reader, struct catalogue_model *rows, struct catalogue *out)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root)
        return true; /* an empty file adds nothing */
    if (root->type != YAML_MAPPING_NODE)
        return wrong(reader, root, "default: and models: are wanted here");
    const yaml_node_pair_t *end = root->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
        const char *name = NULL;
        if (!read_text(reader, key, &name) || !value)
            return false;
        const bool is_default = strcmp(name, "default") == 0;
        if (!is_default && strcmp(name, "models") != 0)
            return wrong(reader, key, "no such key: default and models are known");
        if (!(is_default ? read_text(reader, value, &out->default_name)
                         : read_models(reader, value, rows, &out->count)))
            return false;
    }
    return true;
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

static bool read_yaml(const char *path, struct span text, struct arena *arena, struct catalogue_model *rows,
                      struct catalogue *out, struct error *error)
{
    struct reader reader = { .path = path, .arena = arena, .error = error };
    yaml_parser_t parser;
    if (!check_depth(path, text, error))
        return false;
    if (!yaml_parser_initialize(&parser))
        return error_memory(error, sizeof parser);
    yaml_parser_set_input_string(&parser, text.data, text.bytes);
    bool good = yaml_parser_load(&parser, &reader.document) == 1;
    if (!good)
        error_set(error, "%s: line %zu: %s: not YAML", path, parser.problem_mark.line + 1,
                  parser.problem ? parser.problem : "cannot be read");
    if (good) {
        good = read_root(&reader, rows, out);
        yaml_document_delete(&reader.document);
    }
    yaml_parser_delete(&parser);
    return good;
}

static bool read_own(struct arena *arena, struct catalogue_model *rows, struct catalogue *out, struct error *error)
{
    const char *path;
    if (!folder_configuration("models.yaml", arena, &path, error))
        return false;
    if (access(path, F_OK) != 0)
        return true;
    struct buffer text = { .limit = MOST_CATALOGUE_BYTES };
    const bool good = file_read(path, &text, error) && read_yaml(path, buffer_span(&text), arena, rows, out, error);
    buffer_free(&text);
    return good;
}

static bool check_default(const struct catalogue *catalogue, struct error *error)
{
    for (size_t i = 0; catalogue->default_name && i < catalogue->count; i++)
        if (strcmp(catalogue->rows[i].name, catalogue->default_name) == 0)
            return true;
    return !catalogue->default_name ||
           error_set(error, "models.yaml: default: %s is not among the models: correct it", catalogue->default_name);
}

bool models_catalogue(struct arena *arena, struct catalogue *out, struct error *error)
{
    *out = (struct catalogue){ 0 };
    struct catalogue_model *rows = arena_take(arena, MOST_MODELS, sizeof *rows);
    if (!rows)
        return error_memory(error, MOST_MODELS * sizeof *rows);
    out->rows = rows;
    return read_yaml("data/models.yaml", span_of(catalogue_data, catalogue_data_bytes), arena, rows, out, error) &&
           read_own(arena, rows, out, error) && check_default(out, error);
}
