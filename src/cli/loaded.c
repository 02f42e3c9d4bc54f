/* loaded.c: a model that is ready to compute. */
#include "cli/loaded.h"

#include "models/models.h"

bool loaded_threads(const struct arguments *arguments, size_t *out, struct error *error)
{
    uint64_t threads = *out;
    if (!option_integer(arguments, "threads", 1, 256, &threads, error))
        return false;
    *out = (size_t)threads;
    return true;
}

bool loaded_open(const char *name, size_t threads, size_t context, size_t batch, struct loaded *out,
                 struct error *error)
{
    const struct progress *progress = out->quiet ? NULL : terminal_progress();
    return models_resolve(name, &out->arena, &out->path, error) && gguf_open(out->path, &out->gguf, error) &&
           pool_open((unsigned)threads, &out->pool, error) &&
           model_open(out->gguf, out->pool, context, progress, &out->model, error) &&
           engine_open(out->model, out->pool, batch, &out->engine, error);
}

void loaded_close(struct loaded *loaded)
{
    engine_close(loaded->engine);
    model_close(loaded->model);
    pool_close(loaded->pool);
    gguf_close(loaded->gguf);
    arena_free(&loaded->arena);
    *loaded = (struct loaded){ 0 };
}
