/* engine.c: the one forward pass, for every architecture and any mix of sequences.
 *
 *   tokens -> rows x [tokens][width]
 *   each layer:  x += attention(norm(x));  x += feed_forward(norm(x))
 *   the rows wanted -> norm -> output layer -> logits
 *
 * Two kinds of steps alternate: products of weights with all rows (linear.c, threads split output rows), and work on
 * each row or head by itself (threads split rows). Nothing that one token computes depends on how the work was split
 * or on which other tokens are in the batch. Source: Vaswani et al. 2017; Touvron et al. 2023. */
#include "engine/linear.h"
#include "engine/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Tokens that follow each other in the batch and belong to one sequence. */
struct run {
    struct sequence *sequence;
    size_t first, count; /* in the batch */
};

/* Queries that one call of the attention kernel answers. */
struct attention_item {
    const struct run *run;
    size_t kv_head;
    size_t first, count; /* among the run's queries of this head: token-major */
};

struct engine {
    const struct model *model;
    struct pool *pool;
    size_t batch;
    struct arena arena; /* all of the scratch below */

    /* rows of the tokens of the batch in hand */
    float *x, *normed;         /* [batch][width] */
    float *q, *k, *v;          /* as the products give them: [batch][heads x head], [batch][kv_heads x head] */
    float *queries, *attended; /* [batch][heads][head padded] */
    float *joined;             /* [batch][heads x head] */
    float *gate, *up;          /* [batch][ffn] */
    float *turns[2];           /* [batch][rope dimensions]: cosines, then sines; for the global and local rope */
    unsigned char *tiles;      /* quantised rows of whatever is multiplied next */

    size_t count;
    const struct batch_token *tokens; /* [count] */
    size_t *positions;                /* [batch] */
    struct run *runs;
    size_t run_count;
    struct attention_item *items;
    size_t item_count;
    size_t *wanted; /* [batch] indices of the tokens that want logits */
    size_t wanted_count;

    float *logits; /* [logits_rows][vocabulary], grows */
    size_t logits_rows;

    const struct layer *layer; /* in hand */
    size_t layer_number;
};

/* ---- opening --------------------------------------------------------------------------------------------------------- */

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
           engine->wanted && engine->runs && engine->items;
}

bool engine_open(const struct model *model, struct pool *pool, size_t batch, struct engine **out, struct error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return error_memory(error, sizeof *engine);
    *engine = (struct engine){ .model = model, .pool = pool, .batch = size_max(batch, 1) };
    if (!take_scratch(engine)) {
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

/* ---- work on one row --------------------------------------------------------------------------------------------------- */

static void for_each_token(struct engine *engine, void (*work)(void *engine, size_t token, unsigned thread))
{
    pool_run(engine->pool, engine->count, size_max(1, engine->count / (pool_threads(engine->pool) * 4)), work, engine);
}

/* A row into its place among the quantised, if any of the weights to come wants it so. */
static void quantize_row(struct engine *engine, const float *row, size_t columns, size_t tokens, size_t token,
                         const struct matrix *const *weights, size_t count)
{
    const struct kernels *kernels = &engine->model->kernels;
    bool wanted = false;
    for (size_t i = 0; i < count; i++)
        wanted = wanted || packing_is_quantized(weights[i]->format->packing);
    if (!wanted)
        return;
    const struct tile tile = kernels_tile(kernels, tokens, token);
    kernels->quantize(row, columns, engine->tiles + activations_bytes(tile.first, columns), tile.width,
                      token - tile.first);
}

static void embed_token(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct model *model = engine->model;
    const struct format *format = format_find(model->embedding->format);
    const size_t width = model->shape.width, row_bytes = width / format->block * format->block_bytes;
    float *x = engine->x + token * width;
    format->dequantize(model->embedding->data.data + engine->tokens[token].token * row_bytes, width, x);
    if (model->shape.embedding_scale != 1.0f)
        for (size_t i = 0; i < width; i++)
            x[i] *= model->shape.embedding_scale;
    for (size_t r = 0; r < LENGTH(model->ropes); r++) {
        const struct rope *rope = &model->ropes[r];
        float *cosines = engine->turns[r] + token * rope->dimensions, *sines = cosines + rope->dimensions / 2;
        for (size_t i = 0; i < rope->dimensions / 2; i++) {
            const double angle = (double)engine->positions[token] * rope->angle[i];
            cosines[i] = (float)cos(angle);
            sines[i] = (float)sin(angle);
        }
    }
}

static void norm_for_attention(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct layer *layer = engine->layer;
    const struct shape *shape = &engine->model->shape;
    float *normed = engine->normed + token * shape->width;
    engine->model->kernels.rms_norm(engine->x + token * shape->width, layer->attn_norm, shape->width,
                                    shape->norm_epsilon, false, normed);
    const struct matrix *next[] = { &layer->attn_q, &layer->attn_k, &layer->attn_v };
    quantize_row(engine, normed, shape->width, engine->count, token, next, LENGTH(next));
}

/* Su et al. 2021, equation 34. */
static void turn(enum rope_pairs pairs, size_t dimensions, const float *cosines, float *head)
{
    const size_t half = dimensions / 2;
    const float *sines = cosines + half;
    for (size_t i = 0; i < half; i++) {
        const size_t a = pairs == ROPE_HALVES ? i : 2 * i, b = pairs == ROPE_HALVES ? i + half : 2 * i + 1;
        const float x = head[a], y = head[b];
        head[a] = x * cosines[i] - y * sines[i];
        head[b] = x * sines[i] + y * cosines[i];
    }
}

/* One head of a query or key: bias, norm, rope; out is padded with zeros. */
static void finish_head(const struct engine *engine, size_t token, const float *head, const float *bias,
                        const float *norm, bool rotate, float *out)
{
    const struct model *model = engine->model;
    const size_t size = model->shape.head;
    memcpy(out, head, size * sizeof *out);
    memset(out + size, 0, (model->head_padded - size) * sizeof *out);
    if (bias)
        for (size_t i = 0; i < size; i++)
            out[i] += bias[i];
    if (norm)
        model->kernels.rms_norm(out, norm, size, model->shape.norm_epsilon, false, out);
    const struct rope *rope = engine->layer->rope;
    if (rotate)
        turn(model->shape.architecture->rope, rope->dimensions,
             engine->turns[rope - model->ropes] + token * rope->dimensions, out);
}

static const struct run *run_of(const struct engine *engine, size_t token)
{
    const struct run *run = engine->runs;
    while (token >= run->first + run->count)
        run++;
    return run;
}

/* Queries to where attention reads them, keys and values into the cache. */
static void place_heads(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct model *model = engine->model;
    const struct shape *shape = &model->shape;
    const struct layer *layer = engine->layer;
    const size_t size = shape->head, padded = model->head_padded, position = engine->positions[token];
    for (size_t h = 0; h < shape->heads; h++) {
        float *query = engine->queries + (token * shape->heads + h) * padded;
        finish_head(engine, token, engine->q + (token * shape->heads + h) * size,
                    layer->attn_q_bias ? layer->attn_q_bias + h * size : NULL, layer->attn_q_norm, true, query);
        for (size_t i = 0; i < size; i++)
            query[i] *= shape->attention_scale;
    }
    unsigned char *page = run_of(engine, token)->sequence->pages[position / PAGE_POSITIONS];
    for (size_t h = 0; h < shape->kv_heads; h++) {
        const size_t at = (token * shape->kv_heads + h) * size;
        float key[MOST_HEAD], value[MOST_HEAD];
        finish_head(engine, token, engine->k + at, layer->attn_k_bias ? layer->attn_k_bias + h * size : NULL,
                    layer->attn_k_norm, true, key);
        finish_head(engine, token, engine->v + at, layer->attn_v_bias ? layer->attn_v_bias + h * size : NULL, NULL,
                    false, value);
        model->kernels.store[model->cache](page + model_page_offset(model, engine->layer_number, h), padded,
                                           position % PAGE_POSITIONS, key, value);
    }
}

static void attend_item(void *context, size_t item, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct model *model = engine->model;
    const struct attention_item *work = &engine->items[item];
    const size_t padded = model->head_padded, heads = model->shape.heads, group = heads / model->shape.kv_heads;
    struct attention attention = {
        .size = padded,
        .page_offset = model_page_offset(model, engine->layer_number, work->kv_head),
        .pages = work->run->sequence->pages,
        .count = work->count,
    };
    for (size_t i = 0; i < work->count; i++) {
        const size_t token = work->run->first + (work->first + i) / group;
        const size_t head = work->kv_head * group + (work->first + i) % group;
        const size_t last = engine->positions[token], window = engine->layer->window;
        attention.query[i] = (struct query){
            .q = engine->queries + (token * heads + head) * padded,
            .out = engine->attended + (token * heads + head) * padded,
            .first = window && last + 1 > window ? last + 1 - window : 0,
            .last = last,
        };
    }
    model->kernels.attend[model->cache](&attention);
}

/* The heads' results side by side, without padding. */
static void join_heads(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct model *model = engine->model;
    const size_t heads = model->shape.heads, size = model->shape.head, padded = model->head_padded;
    float *joined = engine->joined + token * heads * size;
    for (size_t h = 0; h < heads; h++)
        memcpy(joined + h * size, engine->attended + (token * heads + h) * padded, size * sizeof *joined);
    const struct matrix *next[] = { &engine->layer->attn_output };
    quantize_row(engine, joined, heads * size, engine->count, token, next, 1);
}

/* What a block gives (in normed) is normed, where the architecture wants that, and added to x. */
static void add_normed(struct engine *engine, size_t token, const float *norm)
{
    const struct shape *shape = &engine->model->shape;
    engine->model->kernels.rms_norm(engine->normed + token * shape->width, norm, shape->width, shape->norm_epsilon,
                                    true, engine->x + token * shape->width);
}

static void finish_attention(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct layer *layer = engine->layer;
    const struct shape *shape = &engine->model->shape;
    float *x = engine->x + token * shape->width, *normed = engine->normed + token * shape->width;
    float *block = layer->post_attention_norm ? normed : x;
    if (layer->attn_output_bias)
        for (size_t i = 0; i < shape->width; i++)
            block[i] += layer->attn_output_bias[i];
    if (layer->post_attention_norm)
        add_normed(engine, token, layer->post_attention_norm);
    engine->model->kernels.rms_norm(x, layer->ffn_norm, shape->width, shape->norm_epsilon, false, normed);
    const struct matrix *next[] = { &layer->ffn_gate, &layer->ffn_up };
    quantize_row(engine, normed, shape->width, engine->count, token, next, LENGTH(next));
}

static void activate(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct shape *shape = &engine->model->shape;
    const struct kernels *kernels = &engine->model->kernels;
    float *gate = engine->gate + token * shape->ffn, *up = engine->up + token * shape->ffn;
    (shape->architecture->ffn == FFN_SILU_GATED ? kernels->silu_gate : kernels->gelu_gate)(gate, up, shape->ffn, gate);
    const struct matrix *next[] = { &engine->layer->ffn_down };
    quantize_row(engine, gate, shape->ffn, engine->count, token, next, 1);
}

static void finish_feed_forward(void *context, size_t token, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    add_normed(engine, token, engine->layer->post_ffw_norm);
}

/* Rows that want logits move together, normed. */
static void norm_for_output(void *context, size_t i, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const struct shape *shape = &engine->model->shape;
    float *normed = engine->normed + i * shape->width;
    engine->model->kernels.rms_norm(engine->x + engine->wanted[i] * shape->width, engine->model->output_norm,
                                    shape->width, shape->norm_epsilon, false, normed);
    const struct matrix *next[] = { &engine->model->output };
    quantize_row(engine, normed, shape->width, engine->wanted_count, i, next, 1);
}

/* ---- the pass -------------------------------------------------------------------------------------------------------- */

static void multiply(struct engine *engine, const float *rows, size_t tokens, const struct output *outputs,
                     size_t count)
{
    const struct rows input = { rows, engine->tiles, tokens };
    linear_run(engine->pool, &engine->model->kernels, &input, outputs, count);
}

/* Where a block's product goes: into x at once, or aside to be normed first. */
static struct output residual(struct engine *engine, const struct matrix *weights, const float *norm)
{
    return (struct output){ weights, norm ? engine->normed : engine->x, engine->model->shape.width, norm == NULL };
}

static void run_attention(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    const struct layer *layer = engine->layer;
    const size_t q = shape->heads * shape->head, kv = shape->kv_heads * shape->head;
    for_each_token(engine, norm_for_attention);
    const struct output projections[] = { { &layer->attn_q, engine->q, q, false },
                                          { &layer->attn_k, engine->k, kv, false },
                                          { &layer->attn_v, engine->v, kv, false } };
    multiply(engine, engine->normed, engine->count, projections, LENGTH(projections));
    for_each_token(engine, place_heads);
    pool_run(engine->pool, engine->item_count, 1, attend_item, engine);
    for_each_token(engine, join_heads);
    const struct output output = residual(engine, &layer->attn_output, layer->post_attention_norm);
    multiply(engine, engine->joined, engine->count, &output, 1);
}

static void run_feed_forward(struct engine *engine)
{
    const size_t ffn = engine->model->shape.ffn;
    const struct layer *layer = engine->layer;
    for_each_token(engine, finish_attention);
    const struct output halves[] = { { &layer->ffn_gate, engine->gate, ffn, false },
                                     { &layer->ffn_up, engine->up, ffn, false } };
    multiply(engine, engine->normed, engine->count, halves, LENGTH(halves));
    for_each_token(engine, activate);
    const struct output down = residual(engine, &layer->ffn_down, layer->post_ffw_norm);
    multiply(engine, engine->gate, engine->count, &down, 1);
    if (layer->post_ffw_norm)
        for_each_token(engine, finish_feed_forward);
}

static void run_layers(struct engine *engine)
{
    for_each_token(engine, embed_token);
    for (size_t i = 0; i < engine->model->shape.layers; i++) {
        engine->layer = &engine->model->layers[i];
        engine->layer_number = i;
        run_attention(engine);
        run_feed_forward(engine);
    }
}

static void cap_logits(void *context, size_t row, unsigned thread)
{
    (void)thread;
    struct engine *engine = context;
    const float cap = engine->model->shape.final_soft_cap;
    float *logits = engine->logits + row * engine->model->shape.vocabulary;
    for (size_t i = 0; i < engine->model->shape.vocabulary; i++)
        logits[i] = cap * tanhf(logits[i] / cap);
}

static void run_output(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    pool_run(engine->pool, engine->wanted_count, 4, norm_for_output, engine);
    const struct output output = { &engine->model->output, engine->logits, shape->vocabulary, false };
    multiply(engine, engine->normed, engine->wanted_count, &output, 1);
    if (shape->final_soft_cap > 0)
        pool_run(engine->pool, engine->wanted_count, 1, cap_logits, engine);
}

/* ---- a batch --------------------------------------------------------------------------------------------------------- */

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
        if (engine->tokens[i].wants_logits)
            engine->wanted[engine->wanted_count++] = i;
    }
}

static void split_attention(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    const size_t group = shape->heads / shape->kv_heads;
    engine->item_count = 0;
    for (const struct run *run = engine->runs; run < engine->runs + engine->run_count; run++)
        for (size_t kv_head = 0; kv_head < shape->kv_heads; kv_head++)
            for (size_t first = 0; first < run->count * group; first += MOST_QUERIES)
                engine->items[engine->item_count++] =
                    (struct attention_item){ run, kv_head, first, size_min(MOST_QUERIES, run->count * group - first) };
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

static bool reserve_logits(struct engine *engine, size_t rows, struct error *error)
{
    size_t bytes;
    if (rows <= engine->logits_rows)
        return true;
    if (!size_multiply(rows, engine->model->shape.vocabulary * sizeof(float), &bytes))
        return error_memory(error, SIZE_MAX);
    free(engine->logits);
    engine->logits_rows = 0;
    engine->logits = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!engine->logits)
        return error_memory(error, bytes);
    engine->logits_rows = rows;
    return true;
}

/* All but the output layer. */
static bool run_batch(struct engine *engine, const struct batch_token *tokens, size_t count, struct error *error)
{
    if (!check_tokens(engine, tokens, count, error))
        return false;
    engine->tokens = tokens;
    engine->count = count;
    split_runs(engine);
    if (!reserve_pages(engine, error) || !reserve_logits(engine, engine->wanted_count, error))
        return false;
    split_attention(engine);
    run_layers(engine);
    for (size_t i = 0; i < engine->run_count; i++)
        engine->runs[i].sequence->length += engine->runs[i].count;
    return true;
}

bool engine_run(struct engine *engine, const struct batch_token *tokens, size_t count, const float **logits,
                struct error *error)
{
    if (!run_batch(engine, tokens, count, error))
        return false;
    if (engine->wanted_count > 0)
        run_output(engine);
    *logits = engine->logits;
    return true;
}

bool engine_run_states(struct engine *engine, const struct batch_token *tokens, size_t count, const float **states,
                       struct error *error)
{
    if (!run_batch(engine, tokens, count, error))
        return false;
    pool_run(engine->pool, engine->wanted_count, 4, norm_for_output, engine);
    *states = engine->normed;
    return true;
}
