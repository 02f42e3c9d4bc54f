/* embeddings.c: /v1/embeddings and /v1/rerank: texts to vectors, and how near they are to each other.
 *
 * Without a model for reranking, documents are ranked by the cosine of their vectors with the query's; the answer says
 * so: "method": "cosine". Asked with texts, as Hugging Face's text-embeddings-inference is, it is a bare list. */
#include "server/openai/prompts.h"
#include "server/vectors.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MOST = 2048 };

/* Texts that become vectors, and what is made of them. */
struct embedding {
    json_t *body;
    struct openai_prompts inputs;
    struct served_model model;
    struct held *held;
    struct tokens *prompts; /* [inputs.count] in the arena */
    struct vectors vectors;
    size_t tokens;
};

static void embedding_close(struct embedding *embedding)
{
    json_decref(embedding->body);
    openai_prompts_free(&embedding->inputs);
    for (size_t i = 0; embedding->prompts && i < embedding->inputs.count; i++)
        tokens_free(&embedding->prompts[i]);
    if (embedding->held)
        held_release(embedding->held, NAN);
    vectors_free(&embedding->vectors);
}

static bool encode_input(struct embedding *embedding, size_t i, struct failure *failure)
{
    const struct tokenizer *tokenizer = held_parts(embedding->held)->tokenizer;
    const struct openai_prompt *input = &embedding->inputs.rows[i];
    struct tokens *prompt = &embedding->prompts[i];
    struct error error = { 0 };
    if (input->is_text && input->text.bytes == 0)
        return failure_field(failure, "input", "text %zu is empty", i);
    for (size_t j = 0; j < input->tokens.count; j++) {
        if (input->tokens.ids[j] >= tokenizer_vocabulary(tokenizer))
            return failure_field(failure, "input", "token %u: the vocabulary has %zu", input->tokens.ids[j],
                                 tokenizer_vocabulary(tokenizer));
        if (!tokens_add(prompt, input->tokens.ids[j], &error))
            return failure_error(failure, &error);
    }
    if (input->is_text &&
        !tokenizer_encode(tokenizer, input->text, (struct encoding){ .add_special = true }, prompt, &error))
        return failure_error(failure, &error);
    embedding->tokens += prompt->count;
    return prompt->count > 0 || failure_field(failure, "input", "text %zu is empty", i);
}

static bool make_vectors(struct embedding *embedding, struct server *server, const struct request *request,
                         const char *model, struct failure *failure)
{
    const size_t count = embedding->inputs.count;
    embedding->prompts = arena_take(request->arena, count, sizeof *embedding->prompts);
    if (!embedding->prompts)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: ask for fewer vectors at once");
    if (!exchange_hold(server, request, model, &embedding->held, &embedding->model, failure))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!encode_input(embedding, i, failure))
            return false;
    if (!vectors_make(server, request, embedding->held, embedding->prompts, count, POOLING_MODEL, &embedding->vectors,
                      failure))
        return false;
    for (size_t i = 0; i < count; i++)
        vector_normalise(embedding->vectors.rows + i * embedding->vectors.width, embedding->vectors.width);
    return true;
}

static json_t *usage_json(const struct embedding *embedding)
{
    return json_pack("{s:I, s:I}", "prompt_tokens", (json_int_t)embedding->tokens, "total_tokens",
                     (json_int_t)embedding->tokens);
}

/* ---- embeddings -------------------------------------------------------------------------------------------------- */

static json_t *numbers_json(const float *row, size_t width)
{
    json_t *numbers = json_array();
    for (size_t i = 0; i < width; i++)
        json_array_append_new(numbers, json_real((double)row[i]));
    return numbers;
}

/* Little-endian float32. */
static json_t *base64_json(const float *row, size_t width)
{
    const size_t bytes = width * sizeof *row, room = sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(room);
    if (!text)
        return NULL;
    sodium_bin2base64(text, room, (const unsigned char *)row, bytes, sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string(text);
    free(text);
    return json;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "base64 of floats is little-endian");

static json_t *embeddings_json(const struct embedding *embedding, bool base64)
{
    json_t *data = json_array();
    const struct vectors *vectors = &embedding->vectors;
    for (size_t i = 0; i < vectors->count; i++) {
        const float *row = vectors->rows + i * vectors->width;
        json_t *numbers = base64 ? base64_json(row, vectors->width) : numbers_json(row, vectors->width);
        json_array_append_new(
            data, json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)i, "embedding", numbers));
    }
    return json_pack("{s:s, s:o, s:s, s:o}", "object", "list", "data", data, "model", embedding->model.id, "usage",
                     usage_json(embedding));
}

/* A vector of a model that was not trained for it cannot be cut short. */
static bool check_dimensions(const struct embedding *embedding, int64_t dimensions, struct failure *failure)
{
    const size_t width = embedding->vectors.width;
    return dimensions == 0 || (size_t)dimensions == width ||
           failure_field(failure, "dimensions", "%lld: vectors of this model have %zu, and cannot be cut",
                         (long long)dimensions, width);
}

bool openai_embeddings(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    static const char *const encodings[] = { "float", "base64", NULL };
    struct embedding embedding = { .body = NULL };
    const char *model = NULL, *user = NULL;
    size_t encoding = 0;
    int64_t dimensions = 0;
    bool done = fields_parse(request->body, &embedding.body, failure);
    const struct fields in = { embedding.body, "" };
    done = done && field_text(in, "model", &model, failure) && field_text(in, "user", &user, failure) &&
           field_choice(in, "encoding_format", encodings, &encoding, failure) &&
           field_integer(in, "dimensions", 1, INT32_MAX, &dimensions, failure) && field_demand(in, "input", failure) &&
           openai_read_prompts(in, "input", INPUTS_MOST, request->arena, &embedding.inputs, failure) &&
           make_vectors(&embedding, server, request, model, failure) &&
           check_dimensions(&embedding, dimensions, failure) &&
           response_json(response, embeddings_json(&embedding, encoding == 1), failure);
    embedding_close(&embedding);
    return done;
}

/* ---- rerank ------------------------------------------------------------------------------------------------------ */

struct ranked {
    size_t index;
    double score;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* Documents are inputs 1 and up; the query is input 0. */
static struct ranked *rank(const struct embedding *embedding, struct arena *arena)
{
    const struct vectors *vectors = &embedding->vectors;
    struct ranked *ranked = arena_take(arena, vectors->count, sizeof *ranked);
    for (size_t i = 1; ranked && i < vectors->count; i++) {
        double dot = 0;
        for (size_t j = 0; j < vectors->width; j++)
            dot += (double)vectors->rows[j] * (double)vectors->rows[i * vectors->width + j];
        ranked[i - 1] = (struct ranked){ i - 1, dot };
    }
    if (ranked)
        qsort(ranked, vectors->count - 1, sizeof *ranked, compare_ranked);
    return ranked;
}

static bool read_document(const json_t *value, size_t i, struct openai_prompt *out, struct failure *failure)
{
    const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
    char name[48];
    snprintf(name, sizeof name, "documents[%zu]", i);
    if (!json_is_string(text))
        return failure_field(failure, name, "a string, or an object with text, is wanted");
    if (json_string_length(text) == 0)
        return failure_field(failure, name, "is empty");
    *out = (struct openai_prompt){ .is_text = true,
                                   .text = span_of(json_string_value(text), json_string_length(text)) };
    return true;
}

static bool read_documents(struct fields in, const char *name, struct arena *arena, struct openai_prompts *out,
                           struct failure *failure)
{
    const json_t *documents = NULL;
    const char *query = NULL;
    if (!field_demand(in, "query", failure) || !field_text(in, "query", &query, failure) ||
        !field_demand(in, name, failure) || !field_array(in, name, &documents, failure))
        return false;
    const size_t count = json_array_size(documents);
    if (query[0] == '\0')
        return field_wrong(in, "query", failure, "is empty");
    if (count == 0 || count >= INPUTS_MOST)
        return field_wrong(in, name, failure, "%zu of them: from 1 to %d are possible", count, INPUTS_MOST - 1);
    out->rows = arena_take(arena, count + 1, sizeof *out->rows);
    if (!out->rows)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: ask for fewer documents at once");
    out->count = count + 1;
    out->rows[0] = (struct openai_prompt){ .is_text = true, .text = span_text(query) };
    for (size_t i = 0; i < count; i++)
        if (!read_document(json_array_get(documents, i), i, &out->rows[i + 1], failure))
            return false;
    return true;
}

struct ranking_form {
    bool bare;      /* a list, as text-embeddings-inference gives it */
    bool documents; /* the documents' texts too */
    size_t top;
};

static bool read_ranking_form(struct fields in, struct ranking_form *form, struct failure *failure)
{
    int64_t top = INT32_MAX;
    bool raw = false;
    form->bare = field_given(in, "texts") && !field_given(in, "documents");
    if (!field_integer(in, "top_n", 1, INT32_MAX, &top, failure) || !field_bool(in, "raw_scores", &raw, failure) ||
        !field_bool(in, "return_documents", &form->documents, failure) ||
        !field_bool(in, "return_text", &form->documents, failure))
        return false;
    form->top = (size_t)top;
    return true;
}

static json_t *results_json(const struct embedding *embedding, const struct ranking_form *form,
                            const struct ranked *ranked)
{
    json_t *results = json_array();
    for (size_t i = 0; i < size_min(form->top, embedding->inputs.count - 1); i++) {
        json_t *row = json_pack("{s:I, s:f}", "index", (json_int_t)ranked[i].index,
                                form->bare ? "score" : "relevance_score", ranked[i].score);
        json_t *text = form->documents ? wire_text(embedding->inputs.rows[ranked[i].index + 1].text) : NULL;
        if (form->documents && form->bare)
            json_object_set_new(row, "text", text);
        else if (form->documents)
            json_object_set_new(row, "document", json_pack("{s:o}", "text", text));
        json_array_append_new(results, row);
    }
    return results;
}

static bool write_ranking(const struct embedding *embedding, const struct ranking_form *form,
                          const struct request *request, struct response *response, struct failure *failure)
{
    const struct ranked *ranked = rank(embedding, request->arena);
    if (!ranked)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: ask for fewer documents at once");
    json_t *results = results_json(embedding, form, ranked);
    response_header(response, "x-rerank-method", "cosine");
    if (form->bare)
        return response_json(response, results, failure);
    return response_json(response,
                         json_pack("{s:s, s:s, s:s, s:o, s:o}", "model", embedding->model.id, "object", "list",
                                   "method", "cosine", "usage", usage_json(embedding), "results", results),
                         failure);
}

bool openai_rerank(struct server *server, const struct request *request, struct response *response,
                   struct failure *failure)
{
    struct embedding embedding = { .body = NULL };
    struct ranking_form form = { 0 };
    const char *model = NULL;
    bool done = fields_parse(request->body, &embedding.body, failure);
    const struct fields in = { embedding.body, "" };
    done = done && field_text(in, "model", &model, failure) && read_ranking_form(in, &form, failure) &&
           read_documents(in, form.bare ? "texts" : "documents", request->arena, &embedding.inputs, failure) &&
           make_vectors(&embedding, server, request, model, failure) &&
           write_ranking(&embedding, &form, request, response, failure);
    embedding_close(&embedding);
    return done;
}
