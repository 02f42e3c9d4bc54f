/* middle.h: a prompt for filling in the middle, as /infill and Ollama's suffix ask for it. Private to the room. */
#ifndef BASTIDE_SERVER_MIDDLE_H
#define BASTIDE_SERVER_MIDDLE_H

#include "scheduler/scheduler.h"
#include "server/failure.h"

/* Another file of the project. */
struct middle_file {
    struct span name, text;
};

struct middle {
    struct span prefix, suffix;
    struct span begun; /* how the answer begins */
    const struct middle_file *files;
    size_t file_count;
};

/* Appends the prompt's tokens; FAILURE_NOT_BUILT if the model has no tokens for it. A prefix and a suffix that are too
 * long for the context lose what is far from the gap; files go first. */
MUST_USE bool middle_prompt(const struct held_parts *parts, const struct middle *middle, struct tokens *out,
                            struct failure *failure);

#endif
