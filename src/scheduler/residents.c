/* residents.c: the models that are in memory: loaded once for all who hold them, unloaded some time after their last
 * use or when room is needed.
 *
 *   scheduler_hold --> loading --> held by some --last held_release--> unused --keep-alive over, room needed--> gone
 *
 * A model is loaded by the thread that first asks for it, with threads of its own, so that answers of other models go
 * on meanwhile; what it will take is counted from the beginning. */
#include "scheduler/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void resident_close(struct resident *resident)
{
    if (!resident)
        return;
    engine_close(resident->engine);
    model_close(resident->model);
    shelf_close(resident->shelf);
    template_close(resident->template);
    tokenizer_close(resident->tokenizer);
    gguf_close(resident->gguf);
    free(resident->path);
    free(resident);
}

static void unlink_resident(struct scheduler *scheduler, struct resident *resident)
{
    struct resident **link = &scheduler->models;
    while (*link != resident)
        link = &(*link)->next;
    *link = resident->next;
}

void resident_unload(struct scheduler *scheduler, struct resident *resident)
{
    places_forget(scheduler, resident);
    prefix_forget(scheduler, resident);
    unlink_resident(scheduler, resident);
    resident_close(resident);
    pthread_cond_broadcast(&scheduler->changed);
}

/* ---- keep-alive -------------------------------------------------------------------------------------------------- */

static double expiry(const struct resident *resident)
{
    const bool stays = resident->loading || resident->holders > 0 || resident->keep_seconds < 0;
    return stays ? INFINITY : resident->last_used + resident->keep_seconds;
}

double residents_expire(struct scheduler *scheduler)
{
    const double now = seconds_now();
    double next_expiry = INFINITY;
    for (struct resident *resident = scheduler->models, *next; resident; resident = next) {
        const double here = expiry(resident);
        next = resident->next;
        if (here <= now)
            resident_unload(scheduler, resident);
        else
            next_expiry = fmin(next_expiry, here);
    }
    return next_expiry;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static bool open_template(struct resident *resident, struct error *error)
{
    const struct span source = gguf_chat_template(resident->gguf);
    return source.bytes == 0 || template_open(source, resident->path, &resident->template, error);
}

static size_t pages_bytes(const struct model_needs *needs, size_t tokens)
{
    return (tokens + PAGE_TOKENS - 1) / PAGE_TOKENS * needs->page_bytes;
}

/* In bytes and in words people read. */
static const char *bytes_text(size_t bytes, char out[64])
{
    char words[16];
    snprintf(out, 64, "%zu bytes (%s)", bytes, size_text(bytes, words));
    return out;
}

/* What would fit: a smaller context of this model, or a smaller model. */
static bool refuse(const struct scheduler *scheduler, const struct resident *resident, const struct model_needs *needs,
                   size_t context, struct error *error)
{
    enum { USEFUL_CONTEXT = 512 };
    const size_t free = memory_free(scheduler), fixed = needs->weight_bytes + needs->scratch_bytes;
    const size_t fits = free > fixed ? (free - fixed) / needs->page_bytes * PAGE_TOKENS : 0;
    char needed[64], there[64], most[16];
    bytes_text(fixed + pages_bytes(needs, context), needed);
    bytes_text(free, there);
    if (fits >= USEFUL_CONTEXT && fits < context)
        return error_set_kind(error, ERROR_NO_ROOM,
                              "%s: no room: %s needed for a context of %zu tokens, %s free: a context of %zu would fit "
                              "(--context %zu)",
                              resident->path, needed, context, there, fits, fits);
    return error_set_kind(error, ERROR_NO_ROOM,
                          "%s: no room: %s needed for a context of %zu tokens, %s free: models in use leave no more; a "
                          "model of at most %s would fit, or raise --memory-budget",
                          resident->path, needed, context, there, size_text(free - free / 4, most));
}

/* Settles the context and takes the room, with the lock. */
static bool reserve(struct scheduler *scheduler, struct resident *resident, size_t *context, struct error *error)
{
    enum { LEAST_CONTEXT = 512 };
    struct model_needs needs;
    if (!model_needs(resident->gguf, &needs, error))
        return false;
    const size_t wanted = scheduler->settings.context, fixed = needs.weight_bytes + needs.scratch_bytes;
    const size_t least = size_min(wanted ? wanted : LEAST_CONTEXT, needs.context);
    pthread_mutex_lock(&scheduler->lock);
    const bool fits = memory_make_room(scheduler, fixed + pages_bytes(&needs, least)) ||
                      refuse(scheduler, resident, &needs, least, error);
    if (fits) {
        const size_t most = (memory_free(scheduler) - fixed) / needs.page_bytes * PAGE_TOKENS;
        *context = wanted ? least : size_min(needs.context, most);
        resident->fixed_bytes = fixed;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return fits;
}

/* One thread while answers are running, else all. */
static unsigned threads_to_load(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    const bool running = scheduler->running.count > 0;
    pthread_mutex_unlock(&scheduler->lock);
    return running ? 1 : scheduler->settings.threads;
}

static bool open_model(struct scheduler *scheduler, struct resident *resident, size_t context,
                       const struct progress *progress, struct error *error)
{
    struct pool *pool;
    if (!pool_open(threads_to_load(scheduler), &pool, error))
        return false;
    const bool opened = model_open(resident->gguf, pool, context, progress, &resident->model, error);
    pool_close(pool);
    return opened && engine_open(resident->model, scheduler->pool, scheduler->step.most, &resident->engine, error);
}

static bool load_parts(struct scheduler *scheduler, struct resident *resident, const struct progress *progress,
                       struct error *error)
{
    size_t context;
    if (!gguf_open(resident->path, &resident->gguf, error) ||
        !tokenizer_open(resident->gguf, &resident->tokenizer, error) || !open_template(resident, error) ||
        !shelf_open(&resident->shelf, error) || !reserve(scheduler, resident, &context, error) ||
        !open_model(scheduler, resident, context, progress, error) || !key_model(resident, resident->key, error))
        return false;
    resident->parts = (struct held_parts){
        .path = resident->path,
        .gguf = resident->gguf,
        .model = resident->model,
        .tokenizer = resident->tokenizer,
        .template = resident->template,
        .shelf = resident->shelf,
    };
    return true;
}

static struct resident *add_resident(struct scheduler *scheduler, const char *path, const struct identity *identity,
                                     struct error *error)
{
    struct resident *resident = calloc(1, sizeof *resident);
    char *copy = strdup(path);
    if (!resident || !copy) {
        free(resident);
        free(copy);
        error_memory(error, sizeof *resident);
        return NULL;
    }
    *resident = (struct resident){ .path = copy,
                                   .identity = *identity,
                                   .loading = true,
                                   .next = scheduler->models,
                                   .keep_seconds = scheduler->settings.keep_alive_seconds };
    scheduler->models = resident;
    return resident;
}

/* With the lock given up meanwhile. On failure the model is gone, and whoever waits for it tries by itself. */
static bool load(struct scheduler *scheduler, const char *path, const struct identity *identity,
                 const struct progress *progress, struct resident **out, struct error *error)
{
    struct resident *resident = add_resident(scheduler, path, identity, error);
    if (!resident)
        return false;
    pthread_mutex_unlock(&scheduler->lock);
    const bool loaded = load_parts(scheduler, resident, progress, error);
    pthread_mutex_lock(&scheduler->lock);
    resident->loading = false;
    pthread_cond_broadcast(&scheduler->changed);
    if (loaded) {
        *out = resident;
        return true;
    }
    unlink_resident(scheduler, resident);
    resident_close(resident);
    return false;
}

/* ---- holding ----------------------------------------------------------------------------------------------------- */

static struct resident *find(struct scheduler *scheduler, const struct identity *identity)
{
    struct resident *resident = scheduler->models;
    while (resident && memcmp(&resident->identity, identity, sizeof *identity) != 0)
        resident = resident->next;
    return resident;
}

static bool identify(const char *path, struct identity *out, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_system(error, path, "open it");
    *out = (struct identity){
        .device = status.st_dev,
        .number = status.st_ino,
        .bytes = (uint64_t)status.st_size,
        .changed = (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec,
    };
    return true;
}

static bool find_or_load(struct scheduler *scheduler, const char *path, const struct identity *identity,
                         const struct progress *progress, struct resident **out, struct error *error)
{
    const double patience = 0.1;
    while ((*out = find(scheduler, identity)) && (*out)->loading) {
        if (!progress_tell(progress, "loading", 0, 0))
            return error_set_kind(error, ERROR_STOPPED, "stopped while loading");
        condition_wait(&scheduler->changed, &scheduler->lock, seconds_now() + patience);
    }
    return *out || load(scheduler, path, identity, progress, out, error);
}

static bool hold(struct scheduler *scheduler, const char *path, const struct identity *identity,
                 const struct progress *progress, struct held *held, struct error *error)
{
    const double started = seconds_now();
    struct resident *resident = find(scheduler, identity);
    const bool was_there = resident && !resident->loading;
    if (scheduler->ending)
        return error_set_kind(error, ERROR_STOPPED, "no model is loaded any more: the server is stopping");
    if (!find_or_load(scheduler, path, identity, progress, &resident, error))
        return false;
    resident->holders++;
    *held = (struct held){ scheduler, resident, resident->parts };
    held->parts.load_seconds = was_there ? 0 : seconds_now() - started;
    return true;
}

bool scheduler_hold(struct scheduler *scheduler, const char *path, const struct progress *progress, struct held **out,
                    struct error *error)
{
    struct identity identity;
    if (!identify(path, &identity, error))
        return false;
    struct held *held = calloc(1, sizeof *held);
    if (!held)
        return error_memory(error, sizeof *held);
    pthread_mutex_lock(&scheduler->lock);
    scheduler->references++; /* also while it loads */
    if (hold(scheduler, path, &identity, progress, held, error)) {
        *out = held;
        pthread_mutex_unlock(&scheduler->lock);
        return true;
    }
    scheduler_leave(scheduler);
    free(held);
    return false;
}

const struct held_parts *held_parts(const struct held *held)
{
    return &held->parts;
}

void held_release(struct held *held, double keep_alive_seconds)
{
    if (!held)
        return;
    struct scheduler *scheduler = held->scheduler;
    struct resident *resident = held->resident;
    pthread_mutex_lock(&scheduler->lock);
    resident->holders--;
    resident->last_used = seconds_now();
    resident->keep_seconds = isnan(keep_alive_seconds) ? scheduler->settings.keep_alive_seconds : keep_alive_seconds;
    residents_expire(scheduler);
    pthread_cond_signal(&scheduler->work); /* to wait for the new expiry */
    free(held);
    scheduler_leave(scheduler);
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static bool describe(const struct resident *resident, struct arena *arena, struct loaded_model *out)
{
    const double end = expiry(resident), now = seconds_now();
    *out = (struct loaded_model){ .path = arena_text(arena, span_text(resident->path)),
                                  .bytes = resident->fixed_bytes,
                                  .expires_in = resident->keep_seconds,
                                  .loading = resident->loading,
                                  .in_use = resident->holders > 0 };
    if (isfinite(end))
        out->expires_in = fmax(end - now, 0);
    if (!resident->loading) {
        out->bytes += model_pages(resident->model) * model_page_bytes(resident->model);
        out->context = model_context(resident->model);
    }
    return out->path != NULL;
}

bool scheduler_models(struct scheduler *scheduler, struct arena *arena, struct loaded_model **rows, size_t *count,
                      struct error *error)
{
    size_t models = 0;
    pthread_mutex_lock(&scheduler->lock);
    for (const struct resident *resident = scheduler->models; resident; resident = resident->next)
        models++;
    *rows = arena_take(arena, models + 1, sizeof **rows);
    bool described = *rows != NULL;
    *count = 0;
    for (const struct resident *resident = scheduler->models; described && resident; resident = resident->next)
        described = describe(resident, arena, &(*rows)[(*count)++]);
    pthread_mutex_unlock(&scheduler->lock);
    return described || error_memory(error, models * sizeof **rows);
}
