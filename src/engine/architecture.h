/* architecture.h: what one family of models does differently from another, as data. Private to the room.
 * The forward pass (forward.c) is one for all; what a new family needs and this cannot say becomes a field whose zero
 * means "no", never a question about its name. */
#ifndef BASTIDE_ENGINE_ARCHITECTURE_H
#define BASTIDE_ENGINE_ARCHITECTURE_H

#include "base/base.h"

/* Which values rope rotates together. */
enum rope_pairs {
    ROPE_NEIGHBOURS, /* 2 i and 2 i + 1 */
    ROPE_HALVES,     /* i and i + half */
};

enum feed_forward {
    FFN_SILU_GATED,
    FFN_GELU_GATED, /* tanh form */
};

enum norms { /* besides those before attention, before the feed-forward and before the output */
             NORM_AFTER_ATTENTION = 1,
             NORM_AFTER_FFN = 2,
             NORM_QUERY_AND_KEY = 4, /* by head, before rope */
};

struct architecture {
    const char *name; /* general.architecture */
    enum rope_pairs rope;
    enum feed_forward ffn;
    unsigned norms;
    bool scale_embedding;            /* by the square root of the width */
    uint32_t global_every;           /* every so manieth layer sees all, the others a window; 0: all layers see all */
    double local_rope_base;          /* of layers with a window, where the file does not say */
    uint32_t layers_scaled_by_width; /* a model of so many layers scales attention by width / heads */
};

/* NULL for a name that is not known. */
const struct architecture *architecture_find(struct span name);

/* "llama, gemma3": what there is, for messages. Returns out, which holds bytes. */
const char *architecture_names(char *out, size_t bytes);

#endif
