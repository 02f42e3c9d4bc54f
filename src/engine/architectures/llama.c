/* llama.c: Llama 1 to 3 and the many families that copied it (Mistral, SmolLM, ...). Llama 3's rope_freqs tensor is
 * used wherever a file has it. Source: Touvron et al. 2023, section 2.2; Grattafiori et al. 2024, section 3.2. */
#include "engine/architecture.h"

extern const struct architecture architecture_llama;
const struct architecture architecture_llama = {
    .name = "llama",
    .rope = ROPE_NEIGHBOURS,
    .ffn = FFN_SILU_GATED,
};
