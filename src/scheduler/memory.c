/* memory.c: all models and what they cache stay below the budget. Weights and scratch are counted as they are loaded,
 * pages of the cache as the engine makes them, each once however many share it. */
#include "scheduler/state.h"

static size_t bytes_of(const struct resident *resident)
{
    const size_t pages = resident->loading ? 0 : model_pages(resident->model) * model_page_bytes(resident->model);
    return resident->fixed_bytes + pages;
}

size_t memory_used(const struct scheduler *scheduler)
{
    size_t bytes = 0;
    for (const struct resident *resident = scheduler->models; resident; resident = resident->next)
        bytes += bytes_of(resident);
    return bytes;
}

size_t memory_free(const struct scheduler *scheduler)
{
    const size_t used = memory_used(scheduler), budget = scheduler->settings.memory_budget;
    return size_min(used < budget ? budget - used : 0, memory_available());
}

/* The unused model that was used before all others. */
static struct resident *find_unused(const struct scheduler *scheduler)
{
    struct resident *oldest = NULL;
    for (struct resident *resident = scheduler->models; resident; resident = resident->next)
        if (resident->holders == 0 && !resident->loading && (!oldest || resident->last_used < oldest->last_used))
            oldest = resident;
    return oldest;
}

bool memory_make_room(struct scheduler *scheduler, size_t bytes)
{
    while (memory_free(scheduler) < bytes) {
        struct resident *unused = find_unused(scheduler);
        if (unused)
            resident_unload(scheduler, unused);
        else if (!prefix_evict(scheduler) && !places_drop_one(scheduler))
            return false;
    }
    return true;
}
