/* vectors.h: texts to vectors: what all APIs' embeddings share. Private to the room. */
#ifndef BASTIDE_SERVER_VECTORS_H
#define BASTIDE_SERVER_VECTORS_H

#include "scheduler/scheduler.h"
#include "server/request.h"

struct vectors {
    float *rows; /* [count][width], as the model gives them: not normalised */
    size_t count, width;
};

/* A vector for each prompt [count], several of them at once. Each must have 1 to context - 1 tokens, else it fails with
 * FAILURE_TOO_LONG. Ends early when the client has gone. */
MUST_USE bool vectors_make(struct server *server, const struct request *request, struct held *held,
                           const struct tokens *prompts, size_t count, enum pooling pooling, struct vectors *out,
                           struct failure *failure);
void vectors_free(struct vectors *vectors);

/* Makes its length 1; a vector of length 0 stays. */
void vector_normalise(float *vector, size_t width);

#endif
