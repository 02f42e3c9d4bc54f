/* kept.c: answers of /v1/responses, kept for a while: a list, the last used first. There are at most some hundreds. */
#include "server/openai/kept.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const double seconds_most = 24 * 3600;

struct row {
    struct row *next;
    char *owner, *id;
    struct buffer text;
    double since;
};

struct kept {
    pthread_mutex_t lock;
    struct row *first;
};

bool kept_open(struct kept **out, struct error *error)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (!kept)
        return error_memory(error, sizeof *kept);
    pthread_mutex_init(&kept->lock, NULL);
    *out = kept;
    return true;
}

static void row_free(struct row *row)
{
    if (!row)
        return;
    buffer_free(&row->text);
    free(row->owner);
    free(row->id);
    free(row);
}

void kept_close(struct kept *kept)
{
    if (!kept)
        return;
    while (kept->first) {
        struct row *row = kept->first;
        kept->first = row->next;
        row_free(row);
    }
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

/* What is too old, and of the rest what no longer fits, last used first. */
static void drop_surplus(struct kept *kept, const char *owner)
{
    size_t own = 0, own_bytes = 0, bytes = 0;
    const double oldest = seconds_now() - seconds_most;
    for (struct row **at = &kept->first; *at;) {
        struct row *row = *at;
        const bool is_own = strcmp(row->owner, owner) == 0;
        own += is_own;
        own_bytes += is_own ? row->text.length : 0;
        bytes += row->text.length;
        const bool surplus = is_own && (own > KEPT_OF_OWNER_MOST || own_bytes > KEPT_OWNER_BYTES_MOST);
        if (row->since >= oldest && !surplus && bytes <= KEPT_BYTES_MOST) {
            at = &row->next;
            continue;
        }
        *at = row->next;
        row_free(row);
    }
}

static bool row_make(const char *owner, const char *id, struct span text, struct row **out, struct error *error)
{
    struct row *row = calloc(1, sizeof *row);
    if (!row)
        return error_memory(error, sizeof *row);
    *row = (struct row){ .owner = strdup(owner), .id = strdup(id), .text.limit = KEPT_OWNER_BYTES_MOST };
    row->since = seconds_now();
    if (!row->owner || !row->id || !buffer_add(&row->text, text.data, text.bytes, error)) {
        row_free(row);
        return error_memory(error, text.bytes);
    }
    *out = row;
    return true;
}

bool kept_add(struct kept *kept, const char *owner, const char *id, struct span text, struct error *error)
{
    struct row *row = NULL;
    if (text.bytes > KEPT_OWNER_BYTES_MOST)
        return true;
    if (!row_make(owner, id, text, &row, error))
        return false;
    pthread_mutex_lock(&kept->lock);
    row->next = kept->first;
    kept->first = row;
    drop_surplus(kept, owner);
    pthread_mutex_unlock(&kept->lock);
    return true;
}

/* Takes it out of the list; NULL if it is not there. The lock is held. */
static struct row *take_row(struct kept *kept, const char *owner, const char *id)
{
    drop_surplus(kept, owner);
    for (struct row **at = &kept->first; *at; at = &(*at)->next)
        if (strcmp((*at)->id, id) == 0 && strcmp((*at)->owner, owner) == 0) {
            struct row *row = *at;
            *at = row->next;
            return row;
        }
    return NULL;
}

static bool not_found(const char *id, struct error *error)
{
    return error_set_kind(error, ERROR_NOT_FOUND, "response \"%.64s\" is not kept here: it may have been too long ago",
                          id);
}

bool kept_read(struct kept *kept, const char *owner, const char *id, struct buffer *out, struct error *error)
{
    pthread_mutex_lock(&kept->lock);
    struct row *row = take_row(kept, owner, id);
    bool done = row && buffer_add(out, row->text.bytes, row->text.length, error);
    if (row) {
        row->next = kept->first; /* it was used last */
        kept->first = row;
    }
    pthread_mutex_unlock(&kept->lock);
    return row ? done : not_found(id, error);
}

bool kept_remove(struct kept *kept, const char *owner, const char *id, struct error *error)
{
    pthread_mutex_lock(&kept->lock);
    struct row *row = take_row(kept, owner, id);
    pthread_mutex_unlock(&kept->lock);
    const bool found = row != NULL;
    row_free(row);
    return found || not_found(id, error);
}
