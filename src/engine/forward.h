/* forward.h: a batch under way, between engine.c, which takes it in, and attention.c and forward.c, which compute.
 * Private to the room. */
#ifndef BASTIDE_ENGINE_FORWARD_H
#define BASTIDE_ENGINE_FORWARD_H

#include "engine/linear.h"
#include "engine/model.h"

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
    size_t *run_of;                   /* [batch] number of the token's run */
    struct run *runs;
    size_t run_count;
    struct attention_item *items;
    size_t item_count;

    /* Where there are fewer items than threads could do at once, each stretch of an item is computed by itself. */
    size_t stretches;             /* that each item is cut into; 1: it is not */
    size_t parts_most;            /* room for so many stretches of items */
    float *part_rows;             /* [parts_most][MOST_QUERIES][head padded] */
    struct running *part_running; /* [parts_most][MOST_QUERIES] */

    size_t *wanted; /* [batch] indices of the tokens that want logits */
    size_t wanted_count;

    float *logits; /* [logits_rows][vocabulary], grows */
    size_t logits_rows;

    const struct layer *layer; /* in hand */
    size_t layer_number;
};

/* Work on each token of the batch, spread over the threads. */
void for_each_token(struct engine *engine, void (*work)(void *engine, size_t token, unsigned thread));

/* A row into its place among the quantised rows (of tokens in all), if any of the weights to come wants it so. */
void quantize_row(struct engine *engine, const float *row, size_t columns, size_t tokens, size_t token,
                  const struct matrix *const *weights, size_t count);

/* Products of weights with rows [tokens][columns] and, for formats that want that, their quantised form. */
void multiply_rows(struct engine *engine, const float *rows, size_t tokens, const struct output *outputs, size_t count);

/* Where a block's product goes: into x at once or, if it is normed before, aside into normed. */
struct output block_output(struct engine *engine, const struct matrix *weights, const float *norm);

/* Cuts the batch into what the attention kernel takes at a time. */
void attention_plan(struct engine *engine);

/* From x: norm, queries, keys and values, the cache, attention, output product into block_output's place. */
void attention_run(struct engine *engine);

/* All layers: x [tokens][width] for the batch's tokens. */
void forward_run(struct engine *engine);

/* The wanted rows, normed, to logits; and only the first half of that: they are in normed then. */
void forward_output(struct engine *engine);
void forward_states(struct engine *engine);

#endif
