/* gemma3.c: Gemma 3. Files hold 1 + w for its norms. The window's pattern and the local rope base are usually not in
 * the file; the 27B size scales attention by width / heads. Source: Gemma Team 2025, section 2. */
#include "engine/architecture.h"

extern const struct architecture architecture_gemma3;
const struct architecture architecture_gemma3 = {
    .name = "gemma3",
    .rope = ROPE_HALVES,
    .ffn = FFN_GELU_GATED,
    .norms = NORM_AFTER_ATTENTION | NORM_AFTER_FFN | NORM_QUERY_AND_KEY,
    .scale_embedding = true,
    .global_every = 6,
    .local_rope_base = 10000.0,
    .layers_scaled_by_width = 62,
};
