/* loaded.h: a model that is ready to compute, for commands that feed it ids. Private to the room. */
#ifndef BASTIDE_CLI_LOADED_H
#define BASTIDE_CLI_LOADED_H

#include "cli/cli.h"
#include "engine/engine.h"

/* Zero-initialised is closed. */
struct loaded {
    bool quiet; /* set before opening: show no progress */
    struct arena arena;
    const char *path;
    struct gguf *gguf;
    struct pool *pool;
    struct model *model;
    struct engine *engine;
};

/* Opens the model that name says (a path, or a name in the store). threads 0: one for each core; context 0: the
 * model's own; batch: the most tokens at a time. On failure it is to be closed as well. */
MUST_USE bool loaded_open(const char *name, size_t threads, size_t context, size_t batch, struct loaded *out,
                          struct error *error);
void loaded_close(struct loaded *loaded);

/* Reads --threads, into *out, which stays as it is if it was not given. */
MUST_USE bool loaded_threads(const struct arguments *arguments, size_t *out, struct error *error);

#endif
