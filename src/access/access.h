/* access.h: API keys: who may do what, how often, until when.
 *
 *   $BASTIDE_HOME/keys.json ($XDG_CONFIG_HOME/bastide/keys.json), mode 0600
 *     [{ "name", "hash", "scopes", "rate", "expires" }]
 *   keys.json.lock          held while one process changes it, so that two changes at once both land
 *
 * A key is "bst_" and 43 letters (256 bits at random); only its hash is kept. A key has that many bits of its own, so a
 * plain SHA-256 cannot be searched. The name is the owner of what is made with the key: who revokes a key and adds
 * another under the same name has changed the lock, not the tenant. */
#ifndef BASTIDE_ACCESS_H
#define BASTIDE_ACCESS_H

#include "base/base.h"

enum scope {
    SCOPE_NONE = 0,
    SCOPE_CHAT = 1 << 0,      /* models, generation, tokenizing, embeddings, the page's API */
    SCOPE_DOCUMENTS = 1 << 1, /* for later */
    SCOPE_ADMIN = 1 << 2,     /* pull, delete, /metrics, /slots */
};

/* "chat,admin" to bits and back. */
MUST_USE bool scopes_parse(const char *text, unsigned *out, struct error *error);
const char *scopes_text(unsigned scopes, char out[64]);

/* So many requests in so many seconds; a count of 0 is no limit. */
struct rate {
    unsigned count, seconds;
};

struct access_key {
    const char *name;
    unsigned scopes;
    struct rate rate;
    int64_t expires; /* seconds since 1970; 0: never */
};

enum { ACCESS_KEY_TEXT = 48 };

/* Where keys are kept; makes nothing. */
MUST_USE bool access_path(struct arena *arena, const char **out, struct error *error);

/* Makes a key and writes its text to out, which is shown once and kept nowhere. Fails if the name is there or is no
 * name (letters, digits, - and _, at most 64). */
MUST_USE bool access_add(const char *path, const struct access_key *key, char out[ACCESS_KEY_TEXT],
                         struct error *error);
/* Fails with ERROR_NOT_FOUND if there is no such key. */
MUST_USE bool access_remove(const char *path, const char *name, struct error *error);

/* All keys in the order in which they were made; rows live in the arena. */
MUST_USE bool access_list(const char *path, struct arena *arena, struct access_key **rows, size_t *count,
                          struct error *error);

/* "60/min", "1/s", "1000/h", "5000/d", and back ("" for no limit). */
MUST_USE bool rate_parse(const char *text, struct rate *out, struct error *error);
const char *rate_text(struct rate rate, char out[24]);

/* "30d", "12h", "90m", "1h30m", "1.5s", "250ms", "300" (seconds) to seconds, at most a hundred years. */
MUST_USE bool span_of_time_parse(const char *text, double *seconds, struct error *error);

/* ---- checking keys: what a server holds ------------------------------------------------------------------------- */

struct access;

/* Reads the file; a file that is not there holds no keys. One that others may write to is refused. Safe for several
 * threads from then on. */
MUST_USE bool access_open(const char *path, struct access **out, struct error *error);
void access_close(struct access *access);

/* Reads it again; keys that stay keep their count of requests. On failure the old ones stay. */
MUST_USE bool access_reload(struct access *access, struct error *error);

/* Whether a key must be shown. Keys that have expired count: no door opens because a day has passed. */
bool access_has_keys(struct access *access);

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_UNKNOWN, /* no such key, or expired */
    ACCESS_TOO_OFTEN,
};

/* Looks a key up, in time that does not depend on its text, and counts the request. name and scopes are set if it is
 * known; retry_after: seconds until it may ask again. A limit counts requests from the first one on: after its time
 * the count begins anew. */
enum access_verdict access_check(struct access *access, struct span key, char name[65], unsigned *scopes,
                                 unsigned *retry_after);

#endif
