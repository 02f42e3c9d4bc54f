/* slots.c: the places of running answers, as llama-server's clients know them. */
#include "scheduler/state.h"

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
