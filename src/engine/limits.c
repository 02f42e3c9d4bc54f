/* limits.c: what this machine can do at best, measured now and with as many threads: bytes a second from memory, and
 * multiply-adds of 8-bit numbers a second. A generated token reads every weight once; a prompt's token multiplies with
 * every weight once. */
#include <stdlib.h>
#include <string.h>

#include "engine/model.h"

enum {
    READ_BYTES = 80 << 20, /* at least: more than the caches hold */
    PASSES = 5,
    PART_BYTES = 1 << 20,
    MULTIPLY_ADDS = 1 << 26, /* an item's */
};

/* Written by all threads, so that the compiler can't leave out the work. */
struct work {
    const struct kernels *kernels;
    const unsigned char *memory;
    uint64_t results[256]; /* by thread */
};

static void read_part(void *context, size_t item, unsigned thread)
{
    struct work *work = context;
    work->results[thread] ^= work->kernels->read_many(work->memory + item * PART_BYTES, PART_BYTES);
}

static void multiply_part(void *context, size_t item, unsigned thread)
{
    (void)item;
    struct work *work = context;
    work->results[thread] ^= (uint64_t)work->kernels->multiply_add_many(MULTIPLY_ADDS);
}

/* The best of some passes, in units a second. */
static double best_rate(struct pool *pool, size_t items, double units,
                        void (*part)(void *context, size_t item, unsigned thread), struct work *work)
{
    double best = 0;
    for (size_t pass = 0; pass < PASSES; pass++) {
        const double start = seconds_now();
        pool_run(pool, items, 1, part, work);
        const double rate = units / (seconds_now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* What is read: the model's own weights, or something larger where caches might hold them. */
static unsigned char *take_memory(const struct model *model, struct span *out, struct error *error)
{
    if (model->weights_bytes >= READ_BYTES) {
        *out = span_of(model->weights, model->weights_bytes);
        return NULL;
    }
    unsigned char *memory = aligned_alloc(64, READ_BYTES);
    if (memory)
        memset(memory, 1, READ_BYTES);
    else
        error_memory(error, READ_BYTES);
    *out = span_of(memory, READ_BYTES);
    return memory;
}

bool machine_measure(const struct model *model, struct pool *pool, struct machine *out, struct error *error)
{
    struct span memory;
    unsigned char *own = take_memory(model, &memory, error);
    if (!memory.data)
        return false;
    struct work work = { .kernels = &model->kernels, .memory = memory.data };
    const size_t parts = memory.bytes / PART_BYTES, items = (size_t)pool_threads(pool) * 8;
    out->memory_bytes_per_second = best_rate(pool, parts, (double)(parts * PART_BYTES), read_part, &work);
    out->multiply_adds_per_second = best_rate(pool, items, (double)items * MULTIPLY_ADDS, multiply_part, &work);
    free(own);
    return true;
}
