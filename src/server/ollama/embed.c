/* embed.c: POST /api/embed: vectors of length 1 for one text or several; POST /api/embeddings, its elder: the
 * vector of one prompt as the model gives it. */
#include "server/ollama/ollama.h"
#include "server/vectors.h"
#include "server/wire.h"

#include <stdlib.h>

enum { INPUTS_MOST = 2048 };

struct embedding {
    struct ollama_wishes wishes;
    struct held *held;
    struct served_model model;
    struct tokens *prompts; /* [count] */
    size_t count, tokens;
    struct vectors vectors;
    bool truncate;
    size_t dimensions; /* 0: all */
    double began;
};

/* ---- input ------------------------------------------------------------------------------------------------------- */

/* A text that is too long loses its end, as Ollama does unless truncate is false. */
static bool add_text(struct embedding *embedding, const char *text, struct failure *failure)
{
    const struct held_parts *parts = held_parts(embedding->held);
    const struct encoding encoding = { .add_special = true };
    struct tokens *out = &embedding->prompts[embedding->count++];
    struct error error = { 0 };
    if (!tokenizer_encode(parts->tokenizer, span_text(text), encoding, out, &error))
        return failure_error(failure, &error);
    const uint32_t bos = tokenizer_bos(parts->tokenizer), eos = tokenizer_eos(parts->tokenizer);
    if (out->count == 0 && !tokens_add(out, bos == TOKEN_NONE ? eos : bos, &error))
        return failure_error(failure, &error);
    if (embedding->truncate)
        out->count = size_min(out->count, model_context(parts->model) - 1);
    embedding->tokens += out->count;
    return true;
}

static bool add_texts(struct embedding *embedding, const json_t *input, const char *field, struct failure *failure)
{
    const size_t count = json_is_array(input) ? json_array_size(input) : 1;
    if (count > INPUTS_MOST)
        return failure_field(failure, field, "%zu texts: at most %d", count, INPUTS_MOST);
    embedding->prompts = calloc(size_max(count, 1), sizeof *embedding->prompts);
    if (!embedding->prompts)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_is_array(input) ? json_array_get(input, i) : input;
        if (!json_is_string(text))
            return failure_field(failure, field, "a text or an array of texts is wanted");
        if (!add_text(embedding, json_string_value(text), failure))
            return false;
    }
    return true;
}

static bool read_wishes(struct embedding *embedding, const struct request *request, const json_t *body,
                        struct failure *failure)
{
    const struct fields in = { body, "" };
    int64_t dimensions = 0;
    embedding->truncate = true;
    embedding->began = seconds_now();
    if (!ollama_wishes_read(body, request, &embedding->wishes, failure) ||
        !field_bool(in, "truncate", &embedding->truncate, failure) ||
        !field_integer(in, "dimensions", 1, INT32_MAX, &dimensions, failure))
        return false;
    embedding->dimensions = (size_t)dimensions;
    return true;
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static json_t *vector_json(const float *vector, size_t width)
{
    json_t *json = json_array();
    for (size_t i = 0; i < width; i++)
        json_array_append_new(json, json_real((double)vector[i]));
    return json;
}

static json_t *embed_json(struct embedding *embedding)
{
    const struct vectors *vectors = &embedding->vectors;
    const size_t width = embedding->dimensions ? size_min(embedding->dimensions, vectors->width) : vectors->width;
    json_t *rows = json_array();
    for (size_t i = 0; i < vectors->count; i++) {
        float *row = vectors->rows + i * vectors->width;
        vector_normalise(row, width);
        json_array_append_new(rows, vector_json(row, width));
    }
    const char *name = embedding->wishes.model[0] ? embedding->wishes.model : embedding->model.id;
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "model", name, "embeddings", rows, "total_duration",
                     ollama_duration(seconds_now() - embedding->began), "load_duration",
                     ollama_duration(held_parts(embedding->held)->load_seconds), "prompt_eval_count",
                     wire_count(embedding->tokens));
}

static json_t *embeddings_json(struct embedding *embedding)
{
    const struct vectors *vectors = &embedding->vectors;
    const bool any = vectors->count > 0;
    return json_pack("{s:o}", "embedding", any ? vector_json(vectors->rows, vectors->width) : json_array());
}

static void embedding_close(struct embedding *embedding)
{
    for (size_t i = 0; i < embedding->count; i++)
        tokens_free(&embedding->prompts[i]);
    free(embedding->prompts);
    vectors_free(&embedding->vectors);
    if (embedding->held)
        held_release(embedding->held, embedding->wishes.exchange.keep_alive_seconds);
}

static bool make(struct embedding *embedding, struct server *server, const struct request *request, const json_t *body,
                 const char *field, struct failure *failure)
{
    const json_t *input = json_object_get(body, field);
    if (!read_wishes(embedding, request, body, failure) ||
        !exchange_hold(server, request, embedding->wishes.model, &embedding->held, &embedding->model, failure))
        return false;
    if (!input || json_is_null(input)) /* as with no messages: the model was loaded */
        return true;
    return add_texts(embedding, input, field, failure) &&
           (embedding->count == 0 || vectors_make(server, request, embedding->held, embedding->prompts,
                                                  embedding->count, POOLING_MODEL, &embedding->vectors, failure));
}

static bool embed(struct server *server, const struct request *request, const char *field,
                  json_t *(*tell)(struct embedding *), struct response *response, struct failure *failure)
{
    struct embedding embedding = { 0 };
    struct error error = { 0 };
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    bool done = make(&embedding, server, request, body, field, failure);
    done = done && (wire_json(&response->body, tell(&embedding), &error) || failure_error(failure, &error));
    embedding_close(&embedding);
    json_decref(body);
    return done;
}

bool ollama_embed(struct server *server, const struct request *request, struct response *response,
                  struct failure *failure)
{
    return embed(server, request, "input", embed_json, response, failure);
}

bool ollama_embeddings(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    return embed(server, request, "prompt", embeddings_json, response, failure);
}
