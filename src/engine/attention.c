/* attention.c: the attention half of a layer: what a token asks of the tokens before it in its sequence.
 *
 *   x -> norm -> queries, keys, values -> rope; keys and values into the cache
 *     -> for each head: softmax(queries x keys) x values -> joined -> output product
 *
 * All keys of the batch are in the cache before any query is answered; a query sees only positions up to its own.
 * Source: Vaswani et al. 2017, section 3.2; rope: Su et al. 2021; shared heads: Ainslie et al. 2023. */
#include "engine/forward.h"

#include <string.h>

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
    unsigned char *page = engine->runs[engine->run_of[token]].sequence->pages[position / PAGE_POSITIONS];
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

/* What the kernel needs to answer the queries of an item. */
static struct attention attention_of(const struct engine *engine, const struct attention_item *work)
{
    const struct model *model = engine->model;
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
    return attention;
}

static void attend_item(void *context, size_t item, unsigned thread)
{
    (void)thread;
    const struct engine *engine = context;
    const struct attention attention = attention_of(engine, &engine->items[item]);
    attend(&engine->model->kernels, engine->model->cache, &attention);
}

static void attend_part(void *context, size_t part, unsigned thread)
{
    (void)thread;
    const struct engine *engine = context;
    struct attention attention = attention_of(engine, &engine->items[part / engine->stretches]);
    for (size_t i = 0; i < attention.count; i++)
        attention.query[i].out = engine->part_rows + (part * MOST_QUERIES + i) * attention.size;
    attend_stretch(&engine->model->kernels, engine->model->cache, &attention, part % engine->stretches,
                   engine->part_running + part * MOST_QUERIES);
}

static void merge_parts(void *context, size_t item, unsigned thread)
{
    (void)thread;
    const struct engine *engine = context;
    const struct attention attention = attention_of(engine, &engine->items[item]);
    for (size_t i = 0; i < attention.count; i++) {
        struct running running;
        float *out = attention.query[i].out;
        attend_begin(attention.size, &running, out);
        for (size_t stretch = 0; stretch < engine->stretches; stretch++) {
            const size_t row = (item * engine->stretches + stretch) * MOST_QUERIES + i;
            attend_merge(attention.size, &running, out, &engine->part_running[row],
                         engine->part_rows + row * attention.size);
        }
        attend_end(attention.size, &running, out);
    }
}

static void attend_all(struct engine *engine)
{
    if (engine->stretches == 1) {
        pool_run(engine->pool, engine->item_count, 1, attend_item, engine);
        return;
    }
    pool_run(engine->pool, engine->item_count * engine->stretches, 1, attend_part, engine);
    pool_run(engine->pool, engine->item_count, 4, merge_parts, engine);
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

void attention_plan(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    const size_t group = shape->heads / shape->kv_heads;
    engine->item_count = 0;
    for (const struct run *run = engine->runs; run < engine->runs + engine->run_count; run++)
        for (size_t kv_head = 0; kv_head < shape->kv_heads; kv_head++)
            for (size_t first = 0; first < run->count * group; first += MOST_QUERIES)
                engine->items[engine->item_count++] =
                    (struct attention_item){ run, kv_head, first, size_min(MOST_QUERIES, run->count * group - first) };
    size_t longest = 0;
    for (size_t i = 0; i < engine->count; i++)
        longest = size_max(longest, engine->positions[i] + 1);
    const size_t stretches = stretches_of(longest);
    const bool few = engine->item_count < 2 * pool_threads(engine->pool);
    engine->stretches = few && engine->item_count * stretches <= engine->parts_most ? stretches : 1;
}

void attention_run(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    const struct layer *layer = engine->layer;
    const size_t q = shape->heads * shape->head, kv = shape->kv_heads * shape->head;
    for_each_token(engine, norm_for_attention);
    const struct output projections[] = { { &layer->attn_q, engine->q, q, false },
                                          { &layer->attn_k, engine->k, kv, false },
                                          { &layer->attn_v, engine->v, kv, false } };
    multiply_rows(engine, engine->normed, engine->count, projections, LENGTH(projections));
    for_each_token(engine, place_heads);
    attend_all(engine);
    for_each_token(engine, join_heads);
    const struct output output = block_output(engine, &layer->attn_output, layer->post_attention_norm);
    multiply_rows(engine, engine->joined, engine->count, &output, 1);
}
