/* residents.c: the models that are in memory: loaded once for all who hold them. A model is loaded by the thread that
 * first asks for it, with threads of its own, so that answers of other models go on meanwhile. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

void resident_close(struct resident *resident)
{
    if (!resident)
        return;
    engine_close(resident->engine);
    model_close(resident->model);
    template_close(resident->template);
    tokenizer_close(resident->tokenizer);
    gguf_close(resident->gguf);
    free(resident->path);
    free(resident);
}

static bool open_template(struct resident *resident, struct error *error)
{
    const struct span source = gguf_chat_template(resident->gguf);
    return source.bytes == 0 || template_open(source, resident->path, &resident->template, error);
}

static bool load_parts(struct scheduler *scheduler, struct resident *resident, const struct progress *progress,
                       struct error *error)
{
    struct pool *pool;
    if (!gguf_open(resident->path, &resident->gguf, error) ||
        !tokenizer_open(resident->gguf, &resident->tokenizer, error) || !open_template(resident, error) ||
        !pool_open(scheduler->settings.threads, &pool, error))
        return false;
    const bool opened = model_open(resident->gguf, pool, scheduler->settings.context, progress, &resident->model,
                                   error);
    pool_close(pool);
    const size_t batch = scheduler->step.most;
    if (!opened || !engine_open(resident->model, scheduler->pool, batch, &resident->engine, error))
        return false;
    resident->parts = (struct held_parts){
        .path = resident->path,
        .gguf = resident->gguf,
        .model = resident->model,
        .tokenizer = resident->tokenizer,
        .template = resident->template,
    };
    return true;
}

static struct resident *find(struct scheduler *scheduler, const char *path)
{
    struct resident *resident = scheduler->models;
    while (resident && strcmp(resident->path, path) != 0)
        resident = resident->next;
    return resident;
}

static void unlink_resident(struct scheduler *scheduler, struct resident *resident)
{
    struct resident **link = &scheduler->models;
    while (*link != resident)
        link = &(*link)->next;
    *link = resident->next;
}

/* Loads with the lock given up meanwhile. On failure the model is gone and whoever waits for it tries by itself. */
static bool load(struct scheduler *scheduler, const char *path, const struct progress *progress, struct resident **out,
                 struct error *error)
{
    struct resident *resident = calloc(1, sizeof *resident);
    char *copy = strdup(path);
    if (!resident || !copy) {
        free(resident);
        free(copy);
        return error_memory(error, sizeof *resident);
    }
    *resident = (struct resident){ .path = copy, .loading = true, .next = scheduler->models };
    scheduler->models = resident;
    pthread_mutex_unlock(&scheduler->lock);
    const bool loaded = load_parts(scheduler, resident, progress, error);
    pthread_mutex_lock(&scheduler->lock);
    resident->loading = false;
    pthread_cond_broadcast(&scheduler->changed);
    if (!loaded) {
        unlink_resident(scheduler, resident);
        resident_close(resident);
        return false;
    }
    *out = resident;
    return true;
}

static bool find_or_load(struct scheduler *scheduler, const char *path, const struct progress *progress,
                         struct resident **out, struct error *error)
{
    const double patience = 0.1;
    while ((*out = find(scheduler, path)) && (*out)->loading) {
        if (!progress_tell(progress, "loading", 0, 0))
            return error_set_kind(error, ERROR_STOPPED, "stopped while loading");
        condition_wait(&scheduler->changed, &scheduler->lock, seconds_now() + patience);
    }
    return *out || load(scheduler, path, progress, out, error);
}

bool scheduler_hold(struct scheduler *scheduler, const char *path, const struct progress *progress, struct held **out,
                    struct error *error)
{
    const double started = seconds_now();
    char *resolved = realpath(path, NULL);
    if (!resolved)
        return error_system(error, path, "open");
    struct held *held = calloc(1, sizeof *held);
    struct resident *resident = NULL;
    pthread_mutex_lock(&scheduler->lock);
    const bool was_there = (resident = find(scheduler, resolved)) && !resident->loading;
    const bool done = held ? find_or_load(scheduler, resolved, progress, &resident, error)
                           : error_memory(error, sizeof *held);
    if (done) {
        resident->holders++;
        scheduler->references++;
        *held = (struct held){ scheduler, resident, resident->parts };
        held->parts.load_seconds = was_there ? 0 : seconds_now() - started;
        *out = held;
    }
    pthread_mutex_unlock(&scheduler->lock);
    free(resolved);
    if (!done)
        free(held);
    return done;
}

const struct held_parts *held_parts(const struct held *held)
{
    return &held->parts;
}

void held_release(struct held *held, double keep_alive_seconds)
{
    (void)keep_alive_seconds;
    if (!held)
        return;
    struct scheduler *scheduler = held->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    held->resident->holders--;
    free(held);
    scheduler_leave(scheduler);
}

bool scheduler_models(struct scheduler *scheduler, struct arena *arena, struct loaded_model **rows, size_t *count,
                      struct error *error)
{
    size_t models = 0;
    pthread_mutex_lock(&scheduler->lock);
    for (struct resident *resident = scheduler->models; resident; resident = resident->next)
        models++;
    *rows = arena_take(arena, models + 1, sizeof **rows);
    *count = 0;
    for (struct resident *resident = scheduler->models; *rows && resident; resident = resident->next) {
        struct loaded_model *row = &(*rows)[(*count)++];
        *row = (struct loaded_model){ .path = arena_text(arena, span_text(resident->path)),
                                      .expires_in = -1,
                                      .loading = resident->loading,
                                      .in_use = resident->holders > 0 };
        if (!resident->loading) {
            row->bytes = model_facts(resident->model).weight_bytes;
            row->context = model_context(resident->model);
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
    return *rows || error_memory(error, models * sizeof **rows);
}
