/* keys_file.h: the file of keys in memory. Private to the room. */
#ifndef BASTIDE_ACCESS_KEYS_FILE_H
#define BASTIDE_ACCESS_KEYS_FILE_H

#include "access/access.h"

enum {
    KEY_HASH = 32, /* SHA-256 */
    LONGEST_KEY_NAME = 64,
    MOST_KEYS = 10000,
};

struct key_row {
    char name[LONGEST_KEY_NAME + 1];
    unsigned char hash[KEY_HASH];
    unsigned scopes;
    struct rate rate;
    int64_t expires;
};

struct key_rows {
    struct key_row *rows; /* in an arena */
    size_t count;
};

/* Reads all keys; none if the file is not there. A file that is not as it was written is refused whole: a key that
 * cannot be read is not one that is not there. */
MUST_USE bool keys_read(const char *path, struct arena *arena, struct key_rows *out, struct error *error);

/* The hash under which a key is kept. */
void key_hash(struct span key, unsigned char out[KEY_HASH]);

#endif
