/* access.c: keys as a server holds them: looked up by hash, counted against their rate, read again while it runs.
 *
 * A lookup compares the hash of what was shown with every key's, all bytes of all of them, so that its time tells
 * nothing of how near a guess came. */
#include "access/keys_file.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Requests since the first one of this stretch. */
struct tally {
    double since;
    unsigned count;
};

struct access {
    pthread_mutex_t mutex; /* over all below but path */
    char *path;
    struct arena arena; /* of rows and tallies */
    struct key_rows keys;
    struct tally *tallies; /* [keys.count] */
};

/* The keys of a file with their tallies at zero, in access's other fields. */
static bool read_keys(struct access *out, const char *path, struct error *error)
{
    if (!keys_read(path, &out->arena, &out->keys, error))
        return false;
    out->tallies = arena_take(&out->arena, out->keys.count + 1, sizeof *out->tallies);
    return out->tallies || error_memory(error, out->keys.count * sizeof *out->tallies);
}

bool access_open(const char *path, struct access **out, struct error *error)
{
    struct access *access = calloc(1, sizeof *access);
    if (!access)
        return error_memory(error, sizeof *access);
    pthread_mutex_init(&access->mutex, NULL);
    access->path = strdup(path);
    if (!access->path ? !error_memory(error, strlen(path)) : !read_keys(access, path, error)) {
        access_close(access);
        return false;
    }
    *out = access;
    return true;
}

void access_close(struct access *access)
{
    if (!access)
        return;
    pthread_mutex_destroy(&access->mutex);
    arena_free(&access->arena);
    free(access->path);
    free(access);
}

/* The key with that hash; keys.count if none. */
static size_t find_hash(const struct key_rows *keys, const unsigned char hash[KEY_HASH])
{
    size_t found = keys->count;
    for (size_t i = 0; i < keys->count; i++)
        if (sodium_memcmp(keys->rows[i].hash, hash, KEY_HASH) == 0)
            found = i;
    return found;
}

bool access_reload(struct access *access, struct error *error)
{
    struct access fresh = { 0 };
    if (!read_keys(&fresh, access->path, error)) {
        arena_free(&fresh.arena);
        return false;
    }
    pthread_mutex_lock(&access->mutex);
    for (size_t i = 0; i < fresh.keys.count; i++) {
        const size_t old = find_hash(&access->keys, fresh.keys.rows[i].hash);
        if (old < access->keys.count)
            fresh.tallies[i] = access->tallies[old];
    }
    struct arena gone = access->arena;
    access->arena = fresh.arena;
    access->keys = fresh.keys;
    access->tallies = fresh.tallies;
    pthread_mutex_unlock(&access->mutex);
    arena_free(&gone);
    return true;
}

bool access_has_keys(struct access *access)
{
    pthread_mutex_lock(&access->mutex);
    const bool any = access->keys.count > 0;
    pthread_mutex_unlock(&access->mutex);
    return any;
}

/* Whether the key may ask once more; else the seconds until it may. */
static bool count_request(struct rate rate, struct tally *tally, unsigned *retry_after)
{
    if (rate.count == 0)
        return true;
    const double now = seconds_now();
    if (tally->count == 0 || now - tally->since >= rate.seconds)
        *tally = (struct tally){ .since = now };
    if (tally->count < rate.count) {
        tally->count++;
        return true;
    }
    *retry_after = (unsigned)(tally->since + rate.seconds - now) + 1;
    return false;
}

enum access_verdict access_check(struct access *access, struct span key, char name[65], unsigned *scopes,
                                 unsigned *retry_after)
{
    unsigned char hash[KEY_HASH];
    enum access_verdict verdict = ACCESS_UNKNOWN;
    key_hash(key, hash);
    pthread_mutex_lock(&access->mutex);
    const size_t i = find_hash(&access->keys, hash);
    const struct key_row *row = i < access->keys.count ? &access->keys.rows[i] : NULL;
    if (row && (row->expires == 0 || row->expires > (int64_t)time(NULL))) {
        memcpy(name, row->name, sizeof row->name);
        *scopes = row->scopes;
        verdict = count_request(row->rate, &access->tallies[i], retry_after) ? ACCESS_GRANTED : ACCESS_TOO_OFTEN;
    }
    pthread_mutex_unlock(&access->mutex);
    return verdict;
}
