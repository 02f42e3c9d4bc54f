/* model.h: a model in memory, for the rest of the engine. Private to the room. Read-only once open. */
#ifndef BASTIDE_ENGINE_MODEL_H
#define BASTIDE_ENGINE_MODEL_H

#include "engine/architecture.h"
#include "engine/engine.h"
#include "engine/gguf.h"
#include "kernels/kernels.h"

#include <stdatomic.h>

/* How far each pair of a head's values turns from one position to the next. */
struct rope {
    size_t dimensions;   /* of a head that turn; the rest stays */
    const double *angle; /* [dimensions / 2] radians a position */
};

/* The numbers that the file's keys give; checked ranges. */
struct shape {
    const struct architecture *architecture;
    size_t layers, width, ffn, vocabulary;
    size_t heads, kv_heads, head; /* head: values of one */
    size_t context;               /* trained for */
    float norm_epsilon;
    float attention_scale; /* of q x k */
    float embedding_scale; /* 1 if embeddings are not scaled */
    float final_soft_cap;  /* 0: none */
    size_t rope_dimensions;
    double rope_base, local_rope_base, rope_factor;
    size_t window; /* of local layers; 0: there are none */
};

/* Reads and checks them. is_local (of the arena, [layers]) says which layers have a window. */
MUST_USE bool shape_read(const struct gguf *gguf, struct arena *arena, struct shape *out, bool **is_local,
                         struct error *error);

struct layer {
    struct matrix attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, ffn_down;
    /* float32 vectors; NULL where the architecture or the file has none */
    const float *attn_norm, *post_attention_norm, *attn_q_norm, *attn_k_norm, *ffn_norm, *post_ffw_norm;
    const float *attn_q_bias, *attn_k_bias, *attn_v_bias, *attn_output_bias;
    size_t window; /* a position sees so many, itself included; 0: all before it */
    const struct rope *rope;
};

struct model {
    struct shape shape;
    struct kernels kernels;
    struct arena arena; /* vectors, layers, ropes */
    struct layer *layers;
    struct rope ropes[2]; /* global, local */
    const float *output_norm;
    struct matrix output;
    const struct gguf_tensor *embedding; /* rows are read from the file */
    unsigned char *weights;              /* all packed matrices */
    size_t weights_bytes;
    size_t parameters;
    const char *name;
    size_t context; /* of its sequences */
    enum cache_type cache;
    size_t head_padded;         /* a head's values in the cache */
    size_t page_bytes;          /* of a page of the KV cache, all layers */
    atomic_size_t *pages_alive; /* how many there are */
};

/* Bytes from a page's start to a layer's and head's keys. */
size_t model_page_offset(const struct model *model, size_t layer, size_t kv_head);

/* ---- sequences --------------------------------------------------------------------------------------------------- */

struct sequence {
    const struct model *model;
    size_t length;
    size_t page_count;
    unsigned char **pages; /* [page_count] of at most pages_most */
    size_t pages_most;
};

/* Makes pages for count more tokens, and owns the one that they begin in. Fails with the sequence as before. */
MUST_USE bool sequence_reserve(struct sequence *sequence, size_t count, struct error *error);

#endif
