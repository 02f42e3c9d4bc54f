/* eval.c: bastide eval: token ids in, raw logits or an embedding out; for tests and for other programs. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/loaded.h"

enum {
    BATCH = 64, /* tokens at a time: their logits are held in memory */
    BATCH_MOST = 4096,
    IDS_BYTES_MOST = 64 << 20,
};

static const struct option options[] = {
    { "tokens", 0, "FILE", "a JSON array of token ids; - for standard input" },
    { "logits", 0, "FILE", "write the logits of all positions: raw little-endian float32" },
    { "embd", 0, "FILE", "write one vector: the mean of the final states, of length 1" },
    { "context", 'c', "N", "tokens that the model can look back on" },
    { "batch", 'b', "N", "how many tokens go through at a time (64); the result does not depend on it" },
    { "threads", 't', "N", "threads to compute with (one for each core); neither on this" },
    { 0 },
};

/* One evaluation under way. */
struct evaluation {
    struct loaded loaded;
    struct sequence *sequence;
    struct tokens ids;
    size_t batch;
    struct replacement logits; /* none for an embedding */
    double *sums;              /* [width] of the final states, for an embedding */
};

static bool read_id(const json_t *value, size_t i, struct tokens *out, struct error *error)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) >= TOKEN_NONE)
        return error_set_kind(error, ERROR_WRONG_USE, "--tokens: element %zu is no token id", i);
    return tokens_add(out, (uint32_t)json_integer_value(value), error);
}

static bool read_ids(const char *path, struct tokens *out, struct error *error)
{
    struct buffer text = { .limit = IDS_BYTES_MOST };
    json_error_t problem;
    bool done = file_read(path, &text, error);
    json_t *array = done ? json_loadb(text.bytes, text.length, 0, &problem) : NULL;
    if (done && !json_is_array(array))
        done = error_set_kind(error, ERROR_WRONG_USE, "%s: a JSON array of token ids is expected: %s", path,
                              array ? "this is another value" : problem.text);
    for (size_t i = 0; done && i < json_array_size(array); i++)
        done = read_id(json_array_get(array, i), i, out, error);
    if (done && out->count == 0)
        done = error_set_kind(error, ERROR_WRONG_USE, "%s: no token ids", path);
    json_decref(array);
    buffer_free(&text);
    return done;
}

static bool write_floats(const struct replacement *replacement, const float *numbers, size_t count, struct error *error)
{
    return fwrite(numbers, sizeof *numbers, count, replacement->stream) == count ||
           error_system(error, replacement->path, "write it");
}

static bool run_part(struct evaluation *evaluation, const struct batch_token *tokens, size_t count, struct error *error)
{
    const struct model_facts facts = model_facts(evaluation->loaded.model);
    const float *rows;
    if (evaluation->logits.stream)
        return engine_run(evaluation->loaded.engine, tokens, count, &rows, error) &&
               write_floats(&evaluation->logits, rows, count * facts.vocabulary, error);
    if (!engine_run_states(evaluation->loaded.engine, tokens, count, &rows, error))
        return false;
    for (size_t i = 0; i < count * facts.width; i++)
        evaluation->sums[i % facts.width] += (double)rows[i];
    return true;
}

static bool run_all(struct evaluation *evaluation, struct error *error)
{
    struct batch_token *tokens = calloc(evaluation->batch, sizeof *tokens);
    if (!tokens)
        return error_memory(error, evaluation->batch * sizeof *tokens);
    bool done = true;
    for (size_t first = 0; done && first < evaluation->ids.count; first += evaluation->batch) {
        const size_t count = size_min(evaluation->batch, evaluation->ids.count - first);
        for (size_t i = 0; i < count; i++)
            tokens[i] = (struct batch_token){ evaluation->sequence, evaluation->ids.ids[first + i], true };
        progress_tell(terminal_progress(), "evaluating", first, evaluation->ids.count);
        done = run_part(evaluation, tokens, count, error);
    }
    progress_tell(terminal_progress(), "evaluating", evaluation->ids.count, evaluation->ids.count);
    free(tokens);
    return done;
}

/* The mean of the states, of length 1. */
static bool write_embedding(const struct evaluation *evaluation, const char *path, struct error *error)
{
    const size_t width = model_facts(evaluation->loaded.model).width;
    float *vector = calloc(width, sizeof *vector);
    if (!vector)
        return error_memory(error, width * sizeof *vector);
    double squares = 0;
    for (size_t i = 0; i < width; i++)
        squares += evaluation->sums[i] * evaluation->sums[i];
    for (size_t i = 0; i < width; i++)
        vector[i] = (float)(squares > 0 ? evaluation->sums[i] / sqrt(squares) : 0);
    const bool done = file_write_atomic(path, span_of(vector, width * sizeof *vector), error);
    free(vector);
    return done;
}

/* Logits may be long: they are written as they come. */
static bool write_logits(struct evaluation *evaluation, const char *path, struct error *error)
{
    if (!replacement_begin(path, &evaluation->logits, error))
        return false;
    const bool done = run_all(evaluation, error);
    return replacement_end(&evaluation->logits, done, error) && done;
}

static bool open_evaluation(const struct arguments *arguments, struct evaluation *evaluation, struct error *error)
{
    uint64_t batch = BATCH, context = 0;
    size_t threads = 0;
    if (!option_integer(arguments, "batch", 1, BATCH_MOST, &batch, error) ||
        !option_integer(arguments, "context", 1, UINT32_MAX, &context, error) ||
        !loaded_threads(arguments, &threads, error) ||
        !read_ids(option_text(arguments, "tokens", NULL), &evaluation->ids, error))
        return false;
    evaluation->batch = size_min((size_t)batch, evaluation->ids.count);
    if (!loaded_open(argument(arguments, 0), threads, (size_t)context, evaluation->batch, &evaluation->loaded, error) ||
        !sequence_open(evaluation->loaded.model, &evaluation->sequence, error))
        return false;
    evaluation->sums = calloc(model_facts(evaluation->loaded.model).width, sizeof *evaluation->sums);
    return evaluation->sums || error_memory(error, model_facts(evaluation->loaded.model).width);
}

static bool evaluate(const struct arguments *arguments, struct evaluation *evaluation, struct error *error)
{
    if (!open_evaluation(arguments, evaluation, error))
        return false;
    if (option_given(arguments, "logits"))
        return write_logits(evaluation, option_text(arguments, "logits", NULL), error);
    return run_all(evaluation, error) && write_embedding(evaluation, option_text(arguments, "embd", NULL), error);
}

static enum status run(const struct arguments *arguments, struct error *error)
{
    if (!option_given(arguments, "tokens") || option_given(arguments, "logits") == option_given(arguments, "embd")) {
        error_set_kind(error, ERROR_WRONG_USE,
                       "eval: --tokens FILE and one of --logits FILE and --embd FILE are needed");
        return STATUS_WRONG;
    }
    struct evaluation evaluation = { 0 };
    const bool done = evaluate(arguments, &evaluation, error);
    free(evaluation.sums);
    tokens_free(&evaluation.ids);
    sequence_close(evaluation.sequence);
    loaded_close(&evaluation.loaded);
    return done ? STATUS_DONE : status_of(error);
}

const struct command command_eval = {
    .name = "eval",
    .takes = "MODEL --tokens FILE (--logits FILE | --embd FILE)",
    .does = "token ids in, logits or an embedding out",
    .details = "Reads a JSON array of token ids and writes [ids][vocabulary] float32, or [width] for an embedding.\n"
               "The bytes are the same for every batch and number of threads.\n",
    .examples = "  echo '[1, 9690, 198]' >ids.json\n"
                "  bastide eval smollm2-135m --tokens ids.json --logits out.f32\n"
                "  bastide eval model.gguf --tokens ids.json --embd out.f32 --threads 1\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
