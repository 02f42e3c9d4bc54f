/* architecture.c: the table of architectures. A new one is its file, its two lines here, and its golden test. */
#include "engine/architecture.h"

#include <stdio.h>

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

const char *architecture_names(char *out, size_t bytes)
{
    out[0] = '\0';
    for (size_t i = 0, used = 0; i < LENGTH(architectures) && used < bytes; i++)
        used += (size_t)snprintf(out + used, bytes - used, "%s%s", i > 0 ? ", " : "", architectures[i]->name);
    return out;
}
