/* linear.h: products of weights with a batch's rows, spread over the threads. Private to the room. */
#ifndef BASTIDE_ENGINE_LINEAR_H
#define BASTIDE_ENGINE_LINEAR_H

#include "kernels/kernels.h"

/* The rows that products read: as float32, and quantised where a format wants that. */
struct rows {
    const float *floats;        /* [tokens][columns] */
    const unsigned char *tiles; /* quantised: kernels.h */
    size_t tokens;
};

/* One product of several that share their input. */
struct output {
    const struct matrix *weights;
    float *out;
    size_t stride; /* floats from one token to the next */
    bool add;
};

enum { MOST_OUTPUTS = 3 };

/* Runs all outputs in one pass of the pool. Threads split rows and tokens, never sums. */
void linear_run(struct pool *pool, const struct kernels *kernels, const struct rows *rows, const struct output *outputs,
                size_t count);

#endif
