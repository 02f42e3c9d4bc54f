/* pull.h: the parts of a pull: where the bytes go, and where they come from. Private to the room.
 * A new kind of source is a file with a function of the type fetch_part and a row in pull.c. */
#ifndef BASTIDE_MODELS_PULL_H
#define BASTIDE_MODELS_PULL_H

#include "models/models.h"

#include <sodium.h>

/* ---- where the bytes go ------------------------------------------------------------------------------------- */

/* A file that is being written and hashed at the same time. */
struct sink {
    int descriptor; /* -1: closed */
    const char *path;
    uint64_t bytes; /* that it holds */
    uint64_t limit; /* that it may hold */
    uint64_t total; /* that it will hold, for the progress; 0: unknown */
    const char *doing;
    const struct progress *progress;
    crypto_hash_sha256_state hash;
};

/* Opens or makes the file; it counts as empty until sink_resume. */
MUST_USE bool sink_open(const char *path, uint64_t limit, const struct progress *progress, struct sink *out,
                        struct error *error);

/* Goes on after what the file holds already, which is hashed. */
MUST_USE bool sink_resume(struct sink *sink, struct error *error);

/* Empties it. */
MUST_USE bool sink_restart(struct sink *sink, struct error *error);

/* Appends. Refuses to pass the limit, and what does not begin as a GGUF file does. A full disk empties the file. */
MUST_USE bool sink_add(struct sink *sink, const void *data, size_t bytes, struct error *error);

/* Puts it on disk and gives the hash. */
MUST_USE bool sink_finish(struct sink *sink, char sha256[SHA256_TEXT], struct error *error);
void sink_close(struct sink *sink);

/* Hashes a whole file. */
MUST_USE bool sha256_of_file(const char *path, const struct progress *progress, char out[SHA256_TEXT],
                             struct error *error);

/* ---- where they come from ----------------------------------------------------------------------------------- */

struct fetch {
    const char *const *parts; /* sources of one kind, with their prefix */
    size_t part_count;
    const char *work; /* a folder of this pull's own, kept when it is interrupted */
    uint64_t bytes;   /* how many are expected; 0: unknown */
    bool hash_known;  /* what comes will be compared with a hash */
    unsigned stall_seconds;
    const struct progress *progress;
};

/* Whether a source is written as it should be; false with an error of wrong use. */
MUST_USE bool https_check(const char *source, struct error *error);
MUST_USE bool file_check(const char *source, struct error *error);
MUST_USE bool pypi_check(const char *source, struct error *error);

MUST_USE bool fetch_file(const struct fetch *fetch, struct sink *sink, struct error *error);
MUST_USE bool fetch_https(const struct fetch *fetch, struct sink *sink, struct error *error);
MUST_USE bool fetch_pypi(const struct fetch *fetch, struct sink *sink, struct error *error);

/* Appends the one member of a zip archive that the pattern (fnmatch, '*' passes '/') names. */
MUST_USE bool wheel_extract(const char *path, const char *pattern, struct sink *sink, struct error *error);

#endif
