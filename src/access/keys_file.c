/* keys_file.c: keys.json, read and changed. A change is read, made and written under a lock of its own file, which
 * stays: two programs that change it at once do so one after the other, and readers see the old file or the new one. */
#include "access/keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILE_BYTES = 8 * 1024 * 1024, KEY_RANDOM_BYTES = 32 };

void key_hash(struct span key, unsigned char out[KEY_HASH])
{
    crypto_hash_sha256(out, key.data, key.bytes);
}

bool access_path(struct arena *arena, const char **out, struct error *error)
{
    return folder_configuration("keys.json", arena, out, error);
}

static bool name_valid(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length > 0 && length <= LONGEST_KEY_NAME && name[length] == '\0';
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool broken(const char *path, size_t row, const char *what, struct error *error)
{
    return error_set(error, "%s: key %zu has %s: repair the file, or remove it and add the keys again", path, row + 1,
                     what);
}

static bool read_row(const char *path, size_t i, const json_t *object, struct key_row *out, struct error *error)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *hash = json_string_value(json_object_get(object, "hash"));
    const char *scopes = json_string_value(json_object_get(object, "scopes"));
    const char *rate = json_string_value(json_object_get(object, "rate"));
    const json_t *expires = json_object_get(object, "expires");
    size_t bytes;
    if (!name || !name_valid(name))
        return broken(path, i, "no name", error);
    if (!hash || sodium_hex2bin(out->hash, sizeof out->hash, hash, strlen(hash), NULL, &bytes, NULL) != 0 ||
        bytes != sizeof out->hash)
        return broken(path, i, "no hash", error);
    if (!scopes || !scopes_parse(scopes, &out->scopes, NULL))
        return broken(path, i, "no scopes", error);
    if (!rate || (rate[0] && !rate_parse(rate, &out->rate, NULL)))
        return broken(path, i, "no rate", error);
    if (!json_is_integer(expires) || json_integer_value(expires) < 0)
        return broken(path, i, "no date on which it expires", error);
    out->expires = json_integer_value(expires);
    snprintf(out->name, sizeof out->name, "%s", name);
    return true;
}

static bool read_rows(const char *path, const json_t *root, struct arena *arena, struct key_rows *out,
                      struct error *error)
{
    const size_t count = json_array_size(root);
    if (!json_is_array(root) || count > MOST_KEYS)
        return error_set(error, "%s: no list of keys: repair the file, or remove it and add the keys again", path);
    out->rows = arena_take(arena, count + 1, sizeof *out->rows); /* with room for one more */
    if (!out->rows)
        return error_memory(error, count * sizeof *out->rows);
    for (; out->count < count; out->count++)
        if (!read_row(path, out->count, json_array_get(root, out->count), &out->rows[out->count], error))
            return false;
    return true;
}

/* Who may write to the file decides who comes in. */
static bool check_mode(const char *path, bool *there, struct error *error)
{
    struct stat status;
    *there = stat(path, &status) == 0;
    if (!*there)
        return errno == ENOENT || errno == ENOTDIR || error_system(error, path, "read it");
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return error_set(error, "%s: others may write to it: run chmod 600 on it, and look at what is in it", path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return error_set(error, "%s: it belongs to another user: make it your own, and look at what is in it", path);
    return true;
}

bool keys_read(const char *path, struct arena *arena, struct key_rows *out, struct error *error)
{
    struct buffer text = { .limit = MOST_FILE_BYTES };
    bool there;
    *out = (struct key_rows){ 0 };
    if (sodium_init() < 0)
        return error_set(error, "libsodium does not start");
    if (!check_mode(path, &there, error))
        return false;
    if (there && !file_read(path, &text, error))
        return false;
    json_error_t why = { .text = "" };
    json_t *root = there ? json_loadb(text.bytes ? text.bytes : "", text.length, JSON_REJECT_DUPLICATES, &why)
                         : json_array();
    const bool read = root ? read_rows(path, root, arena, out, error)
                           : error_set(error, "%s: line %d: %s: repair the file, or remove it and add the keys again",
                                       path, why.line, why.text);
    json_decref(root);
    buffer_free(&text);
    return read;
}

bool access_list(const char *path, struct arena *arena, struct access_key **rows, size_t *count, struct error *error)
{
    struct key_rows keys;
    if (!keys_read(path, arena, &keys, error))
        return false;
    *rows = arena_take(arena, keys.count + 1, sizeof **rows);
    if (!*rows)
        return error_memory(error, keys.count * sizeof **rows);
    for (size_t i = 0; i < keys.count; i++) {
        const struct key_row *key = &keys.rows[i];
        (*rows)[i] = (struct access_key){ key->name, key->scopes, key->rate, key->expires };
    }
    *count = keys.count;
    return true;
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static json_t *row_json(const struct key_row *row)
{
    char hash[2 * KEY_HASH + 1], scopes[64], rate[24];
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", row->name, "hash",
                     sodium_bin2hex(hash, sizeof hash, row->hash, sizeof row->hash), "scopes",
                     scopes_text(row->scopes, scopes), "rate", rate_text(row->rate, rate), "expires",
                     (json_int_t)row->expires);
}

static bool write_rows(const char *path, const struct key_rows *keys, struct error *error)
{
    json_t *root = json_array();
    bool made = root != NULL;
    for (size_t i = 0; made && i < keys->count; i++)
        made = json_array_append_new(root, row_json(&keys->rows[i])) == 0;
    char *text = made ? json_dumps(root, JSON_INDENT(2)) : NULL;
    const bool written = text ? file_write_atomic(path, span_text(text), error) : error_memory(error, 0);
    free(text);
    json_decref(root);
    return written;
}

/* Makes the folder, and waits for whoever changes the file now. */
static bool lock_take(const char *path, struct arena *arena, int *out, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_text(arena, span_of(path, (size_t)(slash - path))) : ".";
    const char *lock = arena_format(arena, "%s.lock", path);
    if (!folder || !lock)
        return error_memory(error, strlen(path));
    if (folder[0] && !folder_make(folder, error))
        return false;
    *out = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out < 0)
        return error_system(error, lock, "open it");
    int taken;
    do
        taken = flock(*out, LOCK_EX);
    while (taken != 0 && errno == EINTR);
    if (taken == 0)
        return true;
    error_system(error, lock, "lock it");
    close(*out);
    return false;
}

/* What is to happen to the keys that were read. */
struct change {
    bool (*make)(const struct change *change, struct key_rows *keys, struct error *error);
    const char *name;
    const struct key_row *added;
};

static bool change_file(const char *path, const struct change *change, struct error *error)
{
    struct arena arena = { 0 };
    struct key_rows keys;
    int lock = -1;
    bool changed = lock_take(path, &arena, &lock, error);
    if (changed) {
        changed = keys_read(path, &arena, &keys, error) && change->make(change, &keys, error) &&
                  write_rows(path, &keys, error);
        close(lock);
    }
    arena_free(&arena);
    return changed;
}

static size_t find_name(const struct key_rows *keys, const char *name)
{
    size_t i = 0;
    while (i < keys->count && strcmp(keys->rows[i].name, name) != 0)
        i++;
    return i;
}

static bool make_added(const struct change *change, struct key_rows *keys, struct error *error)
{
    if (find_name(keys, change->name) < keys->count)
        return error_set(error, "%s: there is a key of that name: revoke it first, or choose another name",
                         change->name);
    if (keys->count == MOST_KEYS)
        return error_set(error, "there are %zu keys already: revoke some", keys->count);
    keys->rows[keys->count++] = *change->added;
    return true;
}

static bool make_removed(const struct change *change, struct key_rows *keys, struct error *error)
{
    const size_t i = find_name(keys, change->name);
    if (i == keys->count)
        return error_set_kind(error, ERROR_NOT_FOUND, "%.64s: there is no key of that name: see bastide key list",
                              change->name);
    keys->count--;
    memmove(&keys->rows[i], &keys->rows[i + 1], (keys->count - i) * sizeof *keys->rows);
    return true;
}

bool access_add(const char *path, const struct access_key *key, char out[ACCESS_KEY_TEXT], struct error *error)
{
    _Static_assert(sodium_base64_ENCODED_LEN(KEY_RANDOM_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING) + 4 ==
                       ACCESS_KEY_TEXT,
                   "a key with its terminator fills its room");
    unsigned char random[KEY_RANDOM_BYTES];
    struct key_row row = { .scopes = key->scopes, .rate = key->rate, .expires = key->expires };
    if (!name_valid(key->name))
        return error_set_kind(error, ERROR_WRONG_USE,
                              "%.64s: no name for a key: take letters, digits, - and _, at most %d", key->name,
                              LONGEST_KEY_NAME);
    if (sodium_init() < 0)
        return error_set(error, "libsodium does not start");
    randombytes_buf(random, sizeof random);
    memcpy(out, "bst_", 4);
    sodium_bin2base64(out + 4, ACCESS_KEY_TEXT - 4, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
    key_hash(span_text(out), row.hash);
    snprintf(row.name, sizeof row.name, "%s", key->name);
    const struct change change = { .make = make_added, .name = key->name, .added = &row };
    if (change_file(path, &change, error))
        return true;
    sodium_memzero(out, ACCESS_KEY_TEXT);
    return false;
}

bool access_remove(const char *path, const char *name, struct error *error)
{
    const struct change change = { .make = make_removed, .name = name };
    return change_file(path, &change, error);
}
