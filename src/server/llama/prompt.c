/* prompt.c: a prompt of llama-server's API: "text", [12, 34], [12, "text", 34], {"prompt_string": "text"}, or an
 * array of such. An array with a number in it is one prompt. */
#include "server/llama/llama.h"

#include <stdlib.h>

enum { PROMPTS_MOST = 256 };

/* Special tokens are parsed in a prompt, as llama-server does: it is the client's own text, not a message in one. */
static bool add_text(const struct tokenizer *tokenizer, const char *text, struct tokens *out, struct failure *failure)
{
    const struct encoding encoding = { .add_special = out->count == 0, .parse_special = true };
    struct error error = { 0 };
    return tokenizer_encode(tokenizer, span_text(text), encoding, out, &error) || failure_error(failure, &error);
}

static bool add_id(const struct tokenizer *tokenizer, const json_t *value, const char *field, struct tokens *out,
                   struct failure *failure)
{
    int64_t id;
    struct error error = { 0 };
    if (!json_whole(value, &id))
        return failure_field(failure, field, "tokens and texts are wanted");
    if (id < 0 || (uint64_t)id >= tokenizer_vocabulary(tokenizer))
        return failure_field(failure, field, "token %lld: the vocabulary has %zu", (long long)id,
                             tokenizer_vocabulary(tokenizer));
    return tokens_add(out, (uint32_t)id, &error) || failure_error(failure, &error);
}

static bool read_mixed(const json_t *array, const char *field, const struct tokenizer *tokenizer, struct tokens *out,
                       struct failure *failure)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        const bool good = json_is_string(value) ? add_text(tokenizer, json_string_value(value), out, failure)
                                                : add_id(tokenizer, value, field, out, failure);
        if (!good)
            return false;
    }
    return true;
}

static bool read_object(const json_t *object, const char *field, const struct tokenizer *tokenizer, struct tokens *out,
                        struct failure *failure)
{
    const struct fields in = { object, field };
    const char *text = NULL;
    const json_t *data = NULL;
    if (!field_demand(in, "prompt_string", failure) || !field_text(in, "prompt_string", &text, failure))
        return false;
    data = json_object_get(object, "multimodal_data");
    if (data && !json_is_null(data) && !(json_is_array(data) && json_array_size(data) == 0))
        return field_wrong(in, "multimodal_data", failure, "this model takes text only");
    return add_text(tokenizer, text, out, failure);
}

static bool read_one(const json_t *value, const char *field, const struct tokenizer *tokenizer, struct tokens *out,
                     struct failure *failure)
{
    if (json_is_string(value))
        return add_text(tokenizer, json_string_value(value), out, failure);
    if (json_is_array(value) && json_array_size(value) > 0)
        return read_mixed(value, field, tokenizer, out, failure);
    if (json_is_object(value))
        return read_object(value, field, tokenizer, out, failure);
    return failure_field(failure, field, "a text, an array of tokens and texts, or an array of such is wanted");
}

static bool is_several(const json_t *value)
{
    if (!json_is_array(value))
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (json_is_number(json_array_get(value, i)))
            return false;
    return true;
}

bool llama_prompts_read(const json_t *value, const char *field, const struct held_parts *parts,
                        struct llama_prompts *out, struct failure *failure)
{
    out->several = is_several(value);
    const size_t count = out->several ? json_array_size(value) : 1;
    if (count == 0 || count > PROMPTS_MOST)
        return failure_field(failure, field, "%zu prompts: 1 to %d are possible", count, PROMPTS_MOST);
    out->rows = calloc(count, sizeof *out->rows);
    if (!out->rows)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (; out->count < count; out->count++) {
        char place[64];
        if (out->several)
            snprintf(place, sizeof place, "%.32s[%zu]", field, out->count);
        else
            snprintf(place, sizeof place, "%.32s", field);
        const json_t *one = out->several ? json_array_get(value, out->count) : value;
        if (!read_one(one, place, parts->tokenizer, &out->rows[out->count], failure)) {
            out->count++;
            return false;
        }
    }
    return true;
}

void llama_prompts_free(struct llama_prompts *prompts)
{
    for (size_t i = 0; i < prompts->count; i++)
        tokens_free(&prompts->rows[i]);
    free(prompts->rows);
    *prompts = (struct llama_prompts){ 0 };
}
