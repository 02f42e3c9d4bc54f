/* architecture.c: the table of architectures. A new one is its file, its two rows here, and its golden test. */
#include "engine/architecture.h"

extern const struct architecture architecture_llama, architecture_gemma3;

static const struct architecture *const architectures[] = {
    &architecture_llama,
    &architecture_gemma3,
};

const struct architecture *architecture_find(struct span name)
{
    for (size_t i = 0; i < LENGTH(architectures); i++)
        if (span_equal(name, span_text(architectures[i]->name)))
            return architectures[i];
    return NULL;
}

const char *architecture_names(void)
{
    return "llama, gemma3";
}
