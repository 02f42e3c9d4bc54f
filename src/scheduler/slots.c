/* slots.c: the places of running answers, as llama-server's clients know them: each remembers its last job. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ------------------------------------------------------------------------------------------------------ */

static size_t places_of(const struct job *job)
{
    return size_min(job->wishes.answers, job->scheduler->settings.parallel);
}

bool place_free(const struct scheduler *scheduler, int slot)
{
    return !scheduler->places[slot].job;
}

bool places_fit(const struct job *job)
{
    const struct scheduler *scheduler = job->scheduler;
    const int slot = job->wishes.slot;
    return scheduler->places_taken + places_of(job) <= scheduler->settings.parallel &&
           (slot < 0 || place_free(scheduler, slot));
}

/* The place that was wished for, else the first free one from there on. */
static size_t find_free(const struct scheduler *scheduler, size_t from)
{
    while (scheduler->places[from % scheduler->settings.parallel].job)
        from++;
    return from % scheduler->settings.parallel;
}

static void take_place(struct job *job, size_t i)
{
    struct place *place = &job->scheduler->places[i];
    owner_leave(job->scheduler, place->owner);
    job->owner->uses++;
    *place = (struct place){
        .job = job,
        .owner = job->owner,
        .path = job->resident->path,
        .context = model_context(job->resident->model),
        .prompt_tokens = job->wishes.prompt_count,
    };
}

void places_take(struct job *job)
{
    struct scheduler *scheduler = job->scheduler;
    const size_t count = places_of(job);
    size_t place = job->wishes.slot < 0 ? 0 : (size_t)job->wishes.slot;
    for (size_t i = 0; i < job->wishes.answers; i++) {
        if (i < count) {
            place = find_free(scheduler, place);
            take_place(job, place);
        }
        job->branches[i].slot = i < count ? (int)place : job->branches[i % count].slot;
    }
    scheduler->places_taken += count;
}

void places_leave(struct job *job)
{
    struct scheduler *scheduler = job->scheduler;
    scheduler->places_taken -= places_of(job);
    for (size_t i = 0; i < scheduler->settings.parallel; i++)
        if (scheduler->places[i].job == job)
            scheduler->places[i].job = NULL;
}

bool scheduler_slots(struct scheduler *scheduler, const char *owner, struct arena *arena, struct slot **rows,
                     size_t *count, struct error *error)
{
    (void)owner;
    *count = scheduler->settings.parallel;
    *rows = arena_take(arena, *count, sizeof **rows);
    for (size_t i = 0; *rows && i < *count; i++)
        (*rows)[i] = (struct slot){ .id = (int)i };
    return *rows || error_memory(error, *count * sizeof **rows);
}

bool slot_save(struct scheduler *scheduler, const char *owner, int slot, const char *name, size_t *tokens,
               uint64_t *bytes, struct error *error)
{
    (void)scheduler, (void)owner, (void)slot, (void)name, (void)tokens, (void)bytes;
    return error_set_kind(error, ERROR_WRONG_USE, "slots are not saved yet");
}

bool slot_restore(struct scheduler *scheduler, const char *owner, int slot, const char *name, struct held *held,
                  size_t *tokens, uint64_t *bytes, struct error *error)
{
    (void)scheduler, (void)owner, (void)slot, (void)name, (void)held, (void)tokens, (void)bytes;
    return error_set_kind(error, ERROR_WRONG_USE, "slots are not saved yet");
}

bool slot_erase(struct scheduler *scheduler, const char *owner, int slot, size_t *tokens, struct error *error)
{
    (void)scheduler, (void)owner, (void)slot, (void)tokens;
    return error_set_kind(error, ERROR_WRONG_USE, "slots are not saved yet");
}
