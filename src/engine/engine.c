/* engine.c: a batch of tokens of any sequences: scratch for it, positions, pages of the cache, and what a failure
 * leaves behind: the sequences as they were. The computing is in forward.c and attention.c. */
#include "engine/forward.h"

#include <stdlib.h>

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool take_floats(struct engine *engine, size_t per_token, float **out)
{
    *out = arena_take(&engine->arena, engine->batch, per_token * sizeof(float));
    return *out != NULL;
}

static bool take_scratch(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    const size_t q = shape->heads * shape->head, kv = shape->kv_heads * shape->head;
    const size_t padded = shape->heads * engine->model->head_padded;
    const size_t widest = size_max(size_max(shape->width, q), shape->ffn);
    const size_t items = engine->batch * shape->heads; /* at worst one query each */
    engine->tiles = arena_take(&engine->arena, activations_bytes(engine->batch, widest + GROUP_COLUMNS), 1);
    engine->positions = arena_take(&engine->arena, engine->batch, sizeof *engine->positions);
    engine->run_of = arena_take(&engine->arena, engine->batch, sizeof *engine->run_of);
    engine->wanted = arena_take(&engine->arena, engine->batch, sizeof *engine->wanted);
    engine->runs = arena_take(&engine->arena, engine->batch, sizeof *engine->runs);
    engine->items = arena_take(&engine->arena, items, sizeof *engine->items);
    return take_floats(engine, shape->width, &engine->x) && take_floats(engine, shape->width, &engine->normed) &&
           take_floats(engine, q, &engine->q) && take_floats(engine, kv, &engine->k) &&
           take_floats(engine, kv, &engine->v) && take_floats(engine, padded, &engine->queries) &&
           take_floats(engine, padded, &engine->attended) && take_floats(engine, q, &engine->joined) &&
           take_floats(engine, shape->ffn, &engine->gate) && take_floats(engine, shape->ffn, &engine->up) &&
           take_floats(engine, shape->rope_dimensions, &engine->turns[0]) &&
           take_floats(engine, shape->rope_dimensions, &engine->turns[1]) && engine->tiles && engine->positions &&
           engine->run_of && engine->wanted && engine->runs && engine->items;
}

/* Room to compute stretches of a long context apart: for a few items for each thread, within bounds. */
static bool take_parts(struct engine *engine)
{
    enum { ITEMS_PER_THREAD = 2, BYTES_MOST = 32 << 20 };
    const size_t row = MOST_QUERIES * engine->model->head_padded * sizeof(float);
    const size_t wanted = ITEMS_PER_THREAD * pool_threads(engine->pool) * stretches_of(engine->model->context);
    engine->parts_most = size_min(wanted, BYTES_MOST / row);
    engine->part_rows = arena_take(&engine->arena, engine->parts_most, row);
    engine->part_running = arena_take(&engine->arena, engine->parts_most * MOST_QUERIES, sizeof *engine->part_running);
    return engine->part_rows && engine->part_running;
}

bool engine_open(const struct model *model, struct pool *pool, size_t batch, struct engine **out, struct error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return error_memory(error, sizeof *engine);
    *engine = (struct engine){ .model = model, .pool = pool, .batch = size_max(batch, 1) };
    if (!take_scratch(engine) || !take_parts(engine)) {
        engine_close(engine);
        return error_set(error, "out of memory: scratch for %zu tokens at a time: use a smaller --batch", batch);
    }
    *out = engine;
    return true;
}

void engine_close(struct engine *engine)
{
    if (!engine)
        return;
    free(engine->logits);
    arena_free(&engine->arena);
    free(engine);
}

/* ---- a batch ----------------------------------------------------------------------------------------------------- */

static bool check_tokens(const struct engine *engine, const struct batch_token *tokens, size_t count,
                         struct error *error)
{
    if (count == 0 || count > engine->batch)
        return error_set_kind(error, ERROR_WRONG_USE, "a batch of %zu tokens: 1 to %zu are expected", count,
                              engine->batch);
    for (size_t i = 0; i < count; i++)
        if (tokens[i].token >= engine->model->shape.vocabulary)
            return error_set_kind(error, ERROR_WRONG_USE, "token %zu: id %u is not below the vocabulary's %zu", i,
                                  tokens[i].token, engine->model->shape.vocabulary);
    return true;
}

/* Tokens of one sequence that follow each other become a run; each takes the next position. A sequence may come back
 * later in the batch: its length counts only when all has succeeded, so its earlier runs are counted here. */
static void split_runs(struct engine *engine)
{
    engine->run_count = engine->wanted_count = 0;
    for (size_t i = 0; i < engine->count; i++) {
        struct sequence *sequence = engine->tokens[i].sequence;
        if (i == 0 || sequence != engine->tokens[i - 1].sequence)
            engine->runs[engine->run_count++] = (struct run){ sequence, i, 0 };
        struct run *run = &engine->runs[engine->run_count - 1];
        size_t before = 0;
        for (const struct run *earlier = engine->runs; earlier < run; earlier++)
            before += earlier->sequence == sequence ? earlier->count : 0;
        engine->positions[i] = sequence->length + before + run->count++;
        engine->run_of[i] = engine->run_count - 1;
        if (engine->tokens[i].wants_logits)
            engine->wanted[engine->wanted_count++] = i;
    }
}

/* Pages for all tokens; reserving is idempotent, so a failure in the middle leaves nothing that harms. */
static bool reserve_pages(struct engine *engine, struct error *error)
{
    for (size_t i = 0; i < engine->run_count; i++) {
        const struct run *run = &engine->runs[i];
        const size_t last = engine->positions[run->first + run->count - 1];
        if (!sequence_reserve(run->sequence, last + 1 - run->sequence->length, error))
            return false;
    }
    return true;
}

/* Rows of a large vocabulary are large: a system that grants any size kills who uses it. */
static bool reserve_logits(struct engine *engine, struct error *error)
{
    const size_t rows = engine->wanted_count;
    size_t bytes;
    if (rows <= engine->logits_rows)
        return true;
    if (!size_multiply(rows, engine->model->shape.vocabulary * sizeof(float), &bytes))
        return error_memory(error, SIZE_MAX);
    if (bytes > memory_available())
        return error_set(error, "not enough memory for the logits of %zu tokens at a time: use a smaller --batch",
                         rows);
    free(engine->logits);
    engine->logits_rows = 0;
    engine->logits = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!engine->logits)
        return error_memory(error, bytes);
    engine->logits_rows = rows;
    return true;
}

/* All that may fail. */
static bool begin_batch(struct engine *engine, const struct batch_token *tokens, size_t count, struct error *error)
{
    if (!check_tokens(engine, tokens, count, error))
        return false;
    engine->tokens = tokens;
    engine->count = count;
    split_runs(engine);
    return reserve_pages(engine, error);
}

/* All but the output layer. */
static void run_batch(struct engine *engine)
{
    attention_plan(engine);
    forward_run(engine);
    for (size_t i = 0; i < engine->run_count; i++)
        engine->runs[i].sequence->length += engine->runs[i].count;
}

bool engine_run(struct engine *engine, const struct batch_token *tokens, size_t count, const float **logits,
                struct error *error)
{
    if (!begin_batch(engine, tokens, count, error) || !reserve_logits(engine, error))
        return false;
    run_batch(engine);
    if (engine->wanted_count > 0)
        forward_output(engine);
    *logits = engine->logits;
    return true;
}

bool engine_run_states(struct engine *engine, const struct batch_token *tokens, size_t count, const float **states,
                       struct error *error)
{
    if (!begin_batch(engine, tokens, count, error))
        return false;
    run_batch(engine);
    forward_states(engine);
    *states = engine->normed;
    return true;
}
