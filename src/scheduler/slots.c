/* slots.c: places as llama-server's clients know them: told, saved, restored, erased. Each owner sees his own only.
 * Files are written and read without the lock; the model is held meanwhile. */
#include "scheduler/state.h"

#include <string.h>

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void describe_running(const struct place *place, int id, struct slot *out)
{
    const struct job *job = place->job;
    out->cached_tokens = job->counts.cached_tokens;
    for (size_t i = 0; i < job->wishes.answers; i++)
        if (job->branches[i].slot == id) {
            out->tokens = job->branches[i].chosen;
            out->goes_on = !job->branches[i].over;
            return;
        }
}

static bool is_own(const struct place *place, const char *owner)
{
    return place->owner && strcmp(place->owner->name, owner ? owner : "") == 0;
}

static bool describe(const struct place *place, int id, const char *owner, struct arena *arena, struct slot *out)
{
    *out = (struct slot){ .id = id, .busy = place->job != NULL };
    if (!is_own(place, owner))
        return true;
    out->own = true;
    out->path = arena_text(arena, span_text(place->path ? place->path : ""));
    out->context = place->context;
    out->prompt_tokens = place->prompt_tokens;
    out->cached_tokens = place->cached_tokens;
    out->tokens = place->answer_tokens;
    if (place->job)
        describe_running(place, id, out);
    return out->path != NULL;
}

bool scheduler_slots(struct scheduler *scheduler, const char *owner, struct arena *arena, struct slot **rows,
                     size_t *count, struct error *error)
{
    *count = scheduler->settings.parallel;
    *rows = arena_take(arena, *count, sizeof **rows);
    bool described = *rows != NULL;
    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < *count && described; i++)
        described = describe(&scheduler->places[i], (int)i, owner, arena, &(*rows)[i]);
    pthread_mutex_unlock(&scheduler->lock);
    return described || error_memory(error, *count * sizeof **rows);
}

/* ---- what all three check ---------------------------------------------------------------------------------------- */

static bool check_name(const struct scheduler *scheduler, const char *name, struct error *error)
{
    enum { NAME_BYTES_MOST = 200 };
    bool good = name[0] != '\0' && name[0] != '.' && strlen(name) <= NAME_BYTES_MOST;
    for (const char *c = name; *c && good; c++)
        good = *c != '/' && (unsigned char)*c >= ' ' && *c != 127;
    if (!scheduler->settings.slot_folder)
        return error_set_kind(error, ERROR_WRONG_USE, "slots are not saved here: no folder is set for them");
    return good || error_set_kind(error, ERROR_WRONG_USE,
                                  "filename: a plain name of at most %d bytes is wanted, without / or a dot in front",
                                  NAME_BYTES_MOST);
}

/* With the lock. */
static struct place *find_place(struct scheduler *scheduler, int slot, struct error *error)
{
    if (slot < 0 || (size_t)slot >= scheduler->settings.parallel) {
        error_set_kind(error, ERROR_WRONG_USE, "slot %d: there are slots 0 to %zu", slot,
                       scheduler->settings.parallel - 1);
        return NULL;
    }
    if (scheduler->places[slot].job) {
        error_set_kind(error, ERROR_WRONG_USE, "slot %d is busy: try again when its answer has ended", slot);
        return NULL;
    }
    return &scheduler->places[slot];
}

static bool check_own(const struct place *place, const char *owner, int slot, struct error *error)
{
    return is_own(place, owner) || error_set_kind(error, ERROR_WRONG_USE, "slot %d holds nothing of yours", slot);
}

static bool saved_open(struct scheduler *scheduler, const char *owner, const char *name, struct arena *arena,
                       struct saved *out, struct error *error)
{
    *out = (struct saved){ .path = arena_format(arena, "%s/%s", scheduler->settings.slot_folder, name) };
    key_owner(owner ? owner : "", out->owner);
    return out->path || error_memory(error, strlen(name));
}

static void saved_close(struct saved *saved)
{
    sequence_close(saved->sequence);
    tokens_free(&saved->tokens);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static bool copy_tokens(const struct tokens *from, struct tokens *to, struct error *error)
{
    bool copied = true;
    for (size_t i = 0; i < from->count && copied; i++)
        copied = tokens_add(to, from->ids[i], error);
    return copied;
}

/* With the lock: shares what the place holds, and holds its model. */
static bool take_place(struct scheduler *scheduler, const char *owner, int slot, struct saved *saved,
                       struct resident **out, struct error *error)
{
    const struct place *place = find_place(scheduler, slot, error);
    if (!place || !check_own(place, owner, slot, error))
        return false;
    if (!place->sequence)
        return error_set_kind(error, ERROR_WRONG_USE, "slot %d is empty", slot);
    if (!sequence_fork(place->sequence, &saved->sequence, error) || !copy_tokens(&place->tokens, &saved->tokens, error))
        return false;
    saved->model = place->resident->model;
    memcpy(saved->model_key, place->resident->key, KEY_BYTES);
    place->resident->holders++;
    *out = place->resident;
    return true;
}

static bool save_place(struct scheduler *scheduler, const char *owner, int slot, struct saved *saved, uint64_t *bytes,
                       struct error *error)
{
    struct resident *resident = NULL;
    pthread_mutex_lock(&scheduler->lock);
    const bool taken = take_place(scheduler, owner, slot, saved, &resident, error);
    pthread_mutex_unlock(&scheduler->lock);
    if (!taken)
        return false;
    const bool written = saved_write(saved, bytes, error);
    pthread_mutex_lock(&scheduler->lock);
    sequence_close(saved->sequence);
    saved->sequence = NULL;
    resident->holders--;
    pthread_cond_signal(&scheduler->work); /* its time may be over */
    pthread_mutex_unlock(&scheduler->lock);
    return written;
}

bool slot_save(struct scheduler *scheduler, const char *owner, int slot, const char *name, size_t *tokens,
               uint64_t *bytes, struct error *error)
{
    struct arena arena = { 0 };
    struct saved saved = { 0 };
    const bool done = check_name(scheduler, name, error) && saved_open(scheduler, owner, name, &arena, &saved, error) &&
                      save_place(scheduler, owner, slot, &saved, bytes, error);
    *tokens = saved.tokens.count;
    saved_close(&saved);
    arena_free(&arena);
    return done;
}

/* ---- restoring --------------------------------------------------------------------------------------------------- */

/* With the lock: the place becomes what was saved, and the tree knows it. */
static bool give_place(struct scheduler *scheduler, const char *owner, int slot, struct resident *resident,
                       struct saved *saved, struct error *error)
{
    struct place *place = find_place(scheduler, slot, error);
    struct owner *user = place ? owner_use(scheduler, owner ? owner : "") : NULL;
    if (!place || !user)
        return place ? error_memory(error, sizeof *user) : false;
    place_forget(scheduler, place);
    place_name(place, user, resident);
    prefix_put(scheduler, resident, user, saved->sequence, &saved->tokens);
    owner_leave(scheduler, user); /* the place is another use */
    place->prompt_tokens = saved->tokens.count;
    place->sequence = saved->sequence;
    place->tokens = saved->tokens;
    saved->sequence = NULL;
    saved->tokens = (struct tokens){ 0 };
    return true;
}

static bool restore_place(struct scheduler *scheduler, const char *owner, int slot, struct held *held,
                          struct saved *saved, size_t *tokens, uint64_t *bytes, struct error *error)
{
    saved->model = held->resident->model;
    memcpy(saved->model_key, held->resident->key, KEY_BYTES);
    if (!saved_read(saved, bytes, error))
        return false;
    *tokens = saved->tokens.count;
    pthread_mutex_lock(&scheduler->lock);
    const bool given = give_place(scheduler, owner, slot, held->resident, saved, error);
    pthread_mutex_unlock(&scheduler->lock);
    return given;
}

bool slot_restore(struct scheduler *scheduler, const char *owner, int slot, const char *name, struct held *held,
                  size_t *tokens, uint64_t *bytes, struct error *error)
{
    struct arena arena = { 0 };
    struct saved saved = { 0 };
    const bool done = check_name(scheduler, name, error) && saved_open(scheduler, owner, name, &arena, &saved, error) &&
                      restore_place(scheduler, owner, slot, held, &saved, tokens, bytes, error);
    saved_close(&saved);
    arena_free(&arena);
    return done;
}

/* ---- erasing ----------------------------------------------------------------------------------------------------- */

bool slot_erase(struct scheduler *scheduler, const char *owner, int slot, size_t *tokens, struct error *error)
{
    pthread_mutex_lock(&scheduler->lock);
    struct place *place = find_place(scheduler, slot, error);
    const bool done = place && check_own(place, owner, slot, error);
    if (done) {
        *tokens = place->tokens.count;
        sequence_close(place->sequence);
        place->sequence = NULL;
        if (place->resident)
            prefix_erase(scheduler, place->resident, place->owner, &place->tokens);
        place_forget(scheduler, place);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return done;
}
