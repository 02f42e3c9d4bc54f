/* places.c: settings.parallel places for running answers; each remembers what its last one left: the tokens and, where
 * slots can be saved, the sequence, whose pages it only shares. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

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
           (slot < 0 || place_free(scheduler, slot)) && memory_fits(job);
}

/* The place that was wished for, else the first free one from there on. */
static size_t find_free(const struct scheduler *scheduler, size_t from)
{
    while (scheduler->places[from % scheduler->settings.parallel].job)
        from++;
    return from % scheduler->settings.parallel;
}

void place_forget(struct scheduler *scheduler, struct place *place)
{
    sequence_close(place->sequence);
    tokens_free(&place->tokens);
    free(place->path);
    owner_leave(scheduler, place->owner);
    *place = (struct place){ .job = place->job };
}

void place_name(struct place *place, struct owner *owner, struct resident *resident)
{
    owner->uses++;
    place->owner = owner;
    place->resident = resident;
    place->path = strdup(resident->path); /* without memory it has no name, which nobody relies on */
    place->context = model_context(resident->model);
}

static void take_place(struct job *job, size_t i)
{
    struct place *place = &job->scheduler->places[i];
    place_forget(job->scheduler, place);
    place_name(place, job->owner, job->resident);
    place->job = job;
    place->prompt_tokens = job->wishes.prompt_count;
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

/* What the branch leaves stays for slot_save and slot_erase. */
static void keep(struct place *place, struct branch *branch)
{
    const struct job *job = branch->job;
    const size_t length = branch->sequence ? sequence_length(branch->sequence) : 0;
    bool kept = !job->wishes.no_cache && job->wishes.kind == JOB_ANSWER;
    for (size_t i = 0; i < length && kept; i++)
        kept = tokens_add(&place->tokens, branch_token(branch, i), NULL);
    if (!kept)
        tokens_free(&place->tokens);
    if (!kept || !job->scheduler->settings.slot_folder)
        return;
    place->sequence = branch->sequence;
    branch->sequence = NULL;
}

void places_leave(struct job *job)
{
    struct scheduler *scheduler = job->scheduler;
    scheduler->places_taken -= places_of(job);
    for (size_t i = 0; i < places_of(job); i++) {
        struct branch *branch = &job->branches[i];
        struct place *place = &scheduler->places[branch->slot];
        place->cached_tokens = job->counts.cached_tokens;
        place->answer_tokens = branch->tokens.count;
        prefix_leave(branch);
        keep(place, branch);
        place->job = NULL;
    }
}

void places_forget(struct scheduler *scheduler, const struct resident *resident)
{
    for (size_t i = 0; i < scheduler->settings.parallel; i++)
        if (scheduler->places[i].resident == resident) {
            sequence_close(scheduler->places[i].sequence);
            scheduler->places[i].sequence = NULL;
            scheduler->places[i].resident = NULL;
        }
}

bool places_drop_one(struct scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->settings.parallel; i++)
        if (scheduler->places[i].sequence) {
            sequence_close(scheduler->places[i].sequence);
            scheduler->places[i].sequence = NULL;
            return true;
        }
    return false;
}
