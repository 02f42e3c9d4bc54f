/* embedding.c: POST /embedding: vectors in llama-server's own form, with its choice of norms. */
#include "server/llama/llama.h"
#include "server/vectors.h"
#include "server/wire.h"

#include <math.h>

enum { NORM_NONE = -1, NORM_LARGEST = 0, NORM_LENGTH = 2, NORM_MOST = 32 };

/* Source: llama.cpp's common_embd_normalize: 0 scales the largest value to 32760, as 16 bits hold. */
static void normalise(float *vector, size_t width, int64_t norm)
{
    double sum = 0;
    if (norm == NORM_NONE)
        return;
    for (size_t i = 0; i < width; i++) {
        const double value = fabs((double)vector[i]);
        sum = norm == NORM_LARGEST ? fmax(sum, value) : sum + pow(value, (double)norm);
    }
    const double scale = norm == NORM_LARGEST ? sum / 32760.0 : pow(sum, 1.0 / (double)norm);
    for (size_t i = 0; scale > 0 && i < width; i++)
        vector[i] = (float)((double)vector[i] / scale);
}

static json_t *vector_json(const float *vector, size_t width)
{
    json_t *json = json_array();
    for (size_t i = 0; i < width; i++)
        json_array_append_new(json, json_real((double)vector[i]));
    return json;
}

static json_t *rows_json(const struct vectors *vectors, int64_t norm)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < vectors->count; i++) {
        float *row = vectors->rows + i * vectors->width;
        normalise(row, vectors->width, norm);
        json_array_append_new(
            rows, json_pack("{s:I, s:[o]}", "index", (json_int_t)i, "embedding", vector_json(row, vectors->width)));
    }
    return rows;
}

static bool make(struct server *server, const struct request *request, const json_t *body, struct held *held,
                 struct llama_prompts *prompts, struct response *response, struct failure *failure)
{
    const char *field = json_object_get(body, "content") ? "content" : "input";
    const struct fields in = { body, "" };
    struct vectors vectors = { 0 };
    struct error error = { 0 };
    int64_t norm = NORM_LENGTH;
    if (!field_demand(in, field, failure) ||
        !field_integer(in, "embd_normalize", NORM_NONE, NORM_MOST, &norm, failure) ||
        !llama_prompts_read(json_object_get(body, field), field, held_parts(held), prompts, failure))
        return false;
    for (size_t i = 0; i < prompts->count; i++) {
        const uint32_t bos = tokenizer_bos(held_parts(held)->tokenizer);
        if (prompts->rows[i].count == 0 && !tokens_add(&prompts->rows[i], bos == TOKEN_NONE ? 0 : bos, &error))
            return failure_error(failure, &error);
    }
    const bool done = vectors_make(server, request, held, prompts->rows, prompts->count, POOLING_MODEL, &vectors,
                                   failure) &&
                      (wire_json(&response->body, rows_json(&vectors, norm), &error) || failure_error(failure, &error));
    vectors_free(&vectors);
    return done;
}

bool llama_embedding(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure)
{
    json_t *body;
    struct held *held;
    struct llama_prompts prompts = { 0 };
    if (!llama_begin(server, request, &body, &held, failure))
        return false;
    const bool done = make(server, request, body, held, &prompts, response, failure);
    llama_prompts_free(&prompts);
    held_release(held, exchange_default().keep_alive_seconds);
    json_decref(body);
    return done;
}
