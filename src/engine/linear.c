/* linear.c: which thread multiplies which rows with which tokens.
 *
 * Work is cut into panels of sixteen rows by blocks of tokens; a block's quantised activations stay in a core's second
 * cache while panel after panel passes by. Items of one block follow each other. */
#include "engine/linear.h"

enum {
    BLOCK_BYTES = 320 * 1024, /* of activations in a block: a third of the second cache is left to the weights */
    RUNS_PER_THREAD = 6,      /* how finely work is handed out: others may use the machine too */
};

struct linear {
    const struct kernels *kernels;
    struct product products[MOST_OUTPUTS];
    size_t first_panel[MOST_OUTPUTS + 1]; /* of each product among all panels */
    size_t count;
    size_t tokens, block;
};

static void multiply_item(void *context, size_t item, unsigned thread)
{
    (void)thread;
    const struct linear *linear = context;
    const size_t panels = linear->first_panel[linear->count];
    const size_t panel = item % panels, first = item / panels * linear->block;
    const size_t tokens = size_min(linear->block, linear->tokens - first);
    size_t i = 0;
    while (panel >= linear->first_panel[i + 1])
        i++;
    const struct product *product = &linear->products[i];
    linear->kernels->multiply[product->weights->format->packing](product, panel - linear->first_panel[i], first,
                                                                 tokens);
}

/* As many whole tiles as fit into BLOCK_BYTES, at least one. */
static size_t block_tokens(const struct kernels *kernels, size_t columns)
{
    const size_t tile = kernels->tiles[0], bytes = activations_bytes(tile, columns);
    return bytes == 0 ? tile : size_max(1, BLOCK_BYTES / bytes) * tile;
}

void linear_run(struct pool *pool, const struct kernels *kernels, const struct rows *rows, const struct output *outputs,
                size_t count)
{
    struct linear linear = { .kernels = kernels, .count = count, .tokens = rows->tokens };
    for (size_t i = 0; i < count; i++) {
        const struct matrix *weights = outputs[i].weights;
        const bool quantized = packing_is_quantized(weights->format->packing);
        linear.products[i] = (struct product){ weights, quantized ? (const void *)rows->tiles : rows->floats,
                                               outputs[i].out, outputs[i].stride, outputs[i].add };
        linear.first_panel[i + 1] = linear.first_panel[i] + matrix_panels(weights);
    }
    linear.block = block_tokens(kernels, outputs[0].weights->columns);
    const size_t blocks = (rows->tokens + linear.block - 1) / linear.block;
    const size_t items = blocks * linear.first_panel[count];
    pool_run(pool, items, size_max(1, items / (pool_threads(pool) * RUNS_PER_THREAD)), multiply_item, &linear);
}
