/* prompts.h: a text, a list of token ids, or a list of either: what /v1/completions calls prompt and
 * /v1/embeddings input. Private to openai_*.c. */
#ifndef BASTIDE_SERVER_OPENAI_PROMPTS_H
#define BASTIDE_SERVER_OPENAI_PROMPTS_H

#include "server/openai/openai.h"

struct openai_prompt {
    struct span text;     /* of the body, if it is a text */
    struct tokens tokens; /* else */
    bool is_text;
};

struct openai_prompts {
    struct openai_prompt *rows; /* in the arena; tokens are freed by openai_prompts_free */
    size_t count;
};

/* From 1 to most of them. */
MUST_USE bool openai_read_prompts(struct fields in, const char *name, size_t most, struct arena *arena,
                                  struct openai_prompts *out, struct failure *failure);
void openai_prompts_free(struct openai_prompts *prompts);

#endif
