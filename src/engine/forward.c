/* forward.c: the one forward pass, for every architecture and any mix of sequences.
 *
 *   tokens -> rows x [tokens][width]
 *   each layer:  x += attention(norm(x));  x += feed_forward(norm(x))
 *   the rows wanted -> norm -> output layer -> logits
 *
 * Two kinds of steps alternate: products of weights with all rows (linear.c, threads split output rows), and work on
 * each row or head by itself (threads split rows). Nothing that one token computes depends on how the work was split
 * or on which other tokens are in the batch. Source: Vaswani et al. 2017; Touvron et al. 2023. */
#include "engine/forward.h"

#include <math.h>

void for_each_token(struct engine *engine, void (*work)(void *engine, size_t token, unsigned thread))
{
    pool_run(engine->pool, engine->count, size_max(1, engine->count / (pool_threads(engine->pool) * 4)), work, engine);
}

/* A row into its place among the quantised, if any of the weights to come wants it so. */
void quantize_row(struct engine *engine, const float *row, size_t columns, size_t tokens, size_t token,
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

void multiply_rows(struct engine *engine, const float *rows, size_t tokens, const struct output *outputs, size_t count)
{
    const struct rows input = { rows, engine->tiles, tokens };
    linear_run(engine->pool, &engine->model->kernels, &input, outputs, count);
}

/* Where a block's product goes: into x at once, or aside to be normed first. */
struct output block_output(struct engine *engine, const struct matrix *weights, const float *norm)
{
    return (struct output){ weights, norm ? engine->normed : engine->x, engine->model->shape.width, norm == NULL };
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

static void run_feed_forward(struct engine *engine)
{
    const size_t ffn = engine->model->shape.ffn;
    const struct layer *layer = engine->layer;
    for_each_token(engine, finish_attention);
    const struct output halves[] = { { &layer->ffn_gate, engine->gate, ffn, false },
                                     { &layer->ffn_up, engine->up, ffn, false } };
    multiply_rows(engine, engine->normed, engine->count, halves, LENGTH(halves));
    for_each_token(engine, activate);
    const struct output down = block_output(engine, &layer->ffn_down, layer->post_ffw_norm);
    multiply_rows(engine, engine->gate, engine->count, &down, 1);
    if (layer->post_ffw_norm)
        for_each_token(engine, finish_feed_forward);
}

void forward_run(struct engine *engine)
{
    for_each_token(engine, embed_token);
    for (size_t i = 0; i < engine->model->shape.layers; i++) {
        engine->layer = &engine->model->layers[i];
        engine->layer_number = i;
        attention_run(engine);
        run_feed_forward(engine);
    }
}

void forward_states(struct engine *engine)
{
    pool_run(engine->pool, engine->wanted_count, 4, norm_for_output, engine);
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

void forward_output(struct engine *engine)
{
    const struct shape *shape = &engine->model->shape;
    forward_states(engine);
    const struct output output = { &engine->model->output, engine->logits, shape->vocabulary, false };
    multiply_rows(engine, engine->normed, engine->wanted_count, &output, 1);
    if (shape->final_soft_cap > 0)
        pool_run(engine->pool, engine->wanted_count, 1, cap_logits, engine);
}
