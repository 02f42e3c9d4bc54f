/* tokens.c: a list of token ids that grows. */
#include "engine/engine.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

bool tokens_add(struct tokens *tokens, uint32_t id, struct error *error)
{
    if (tokens->count == tokens->capacity) {
        size_t capacity = FIRST_CAPACITY, bytes;
        if (tokens->capacity && !size_multiply(tokens->capacity, 2, &capacity))
            return error_memory(error, SIZE_MAX);
        if (!size_multiply(capacity, sizeof *tokens->ids, &bytes))
            return error_memory(error, SIZE_MAX);
        uint32_t *ids = realloc(tokens->ids, bytes);
        if (!ids)
            return error_memory(error, bytes);
        tokens->ids = ids;
        tokens->capacity = capacity;
    }
    tokens->ids[tokens->count++] = id;
    return true;
}

void tokens_free(struct tokens *tokens)
{
    free(tokens->ids);
    *tokens = (struct tokens){ 0 };
}
