/* sink.c: a model's file while it comes in: written, counted against its limit and hashed in one go, so that nothing
 * is read twice. SHA-256 (FIPS 180-4) by libsodium. */
#include "models/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool sink_open(const char *path, uint64_t limit, const struct progress *progress, struct sink *out, struct error *error)
{
    *out = (struct sink){ .path = path, .limit = limit, .progress = progress, .doing = "fetching" };
    crypto_hash_sha256_init(&out->hash);
    out->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out->descriptor >= 0 || error_system(error, path, "write it");
}

/* Hashes from the descriptor to its end, counting into *bytes. */
static bool hash_rest(int descriptor, const char *path, crypto_hash_sha256_state *hash, const struct progress *progress,
                      uint64_t total, uint64_t *bytes, struct error *error)
{
    unsigned char part[65536];
    for (;;) {
        const ssize_t got = read(descriptor, part, sizeof part);
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(error, path, "read it");
        crypto_hash_sha256_update(hash, part, (size_t)got);
        *bytes += (uint64_t)got;
        if (!progress_tell(progress, "checking", *bytes, total))
            return error_set_kind(error, ERROR_STOPPED, "%s: stopped while it was checked", path);
    }
}

bool sink_resume(struct sink *sink, struct error *error)
{
    struct stat status;
    if (fstat(sink->descriptor, &status) != 0)
        return error_system(error, sink->path, "look at it");
    if (sink->bytes > 0) /* hashed already */
        return true;
    if ((uint64_t)status.st_size > sink->limit)
        return sink_restart(sink, error);
    if (lseek(sink->descriptor, 0, SEEK_SET) != 0)
        return error_system(error, sink->path, "read it");
    return hash_rest(sink->descriptor, sink->path, &sink->hash, sink->progress, (uint64_t)status.st_size, &sink->bytes,
                     error);
}

bool sink_restart(struct sink *sink, struct error *error)
{
    crypto_hash_sha256_init(&sink->hash);
    sink->bytes = 0;
    if (ftruncate(sink->descriptor, 0) != 0 || lseek(sink->descriptor, 0, SEEK_SET) != 0)
        return error_system(error, sink->path, "empty it");
    return true;
}

/* The room it took is given back, or other programs would suffer. */
static bool disk_full(struct sink *sink, struct error *error)
{
    char have[16];
    size_text((size_t)sink->bytes, have);
    const bool emptied = sink_restart(sink, NULL);
    return error_set(error,
                     "%s: the disk is full after %s%s: free space there, or set BASTIDE_HOME to a folder on "
                     "another disk",
                     sink->path, have, emptied ? "; they are removed" : "");
}

static bool write_all(struct sink *sink, const unsigned char *data, size_t bytes, struct error *error)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t wrote = write(sink->descriptor, data + done, bytes - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && (errno == ENOSPC || errno == EDQUOT))
            return disk_full(sink, error);
        if (wrote < 0)
            return error_system(error, sink->path, "write it");
        done += (size_t)wrote;
    }
    return true;
}

/* Error pages and other files are told from models by the first bytes, not after gigabytes. */
static bool check_magic(const struct sink *sink, const unsigned char *data, size_t bytes, struct error *error)
{
    static const char magic[] = { 'G', 'G', 'U', 'F' };
    for (uint64_t at = sink->bytes; at < sizeof magic && at - sink->bytes < bytes; at++)
        if (data[at - sink->bytes] != (unsigned char)magic[at])
            return error_set(error, "not a GGUF file: it does not begin with GGUF: look at the source");
    return true;
}

bool sink_add(struct sink *sink, const void *data, size_t bytes, struct error *error)
{
    if (bytes > sink->limit - sink->bytes)
        return error_set(error,
                         "too large: more than %llu bytes come, which is what was expected or allowed: "
                         "look at the source, or give --max-size",
                         (unsigned long long)sink->limit);
    if (!check_magic(sink, data, bytes, error) || !write_all(sink, data, bytes, error))
        return false;
    crypto_hash_sha256_update(&sink->hash, data, bytes);
    sink->bytes += bytes;
    if (!progress_tell(sink->progress, sink->doing, sink->bytes, sink->total))
        return error_set_kind(error, ERROR_STOPPED, "%s: stopped", sink->path);
    return true;
}

bool sink_finish(struct sink *sink, char sha256[SHA256_TEXT], struct error *error)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash = sink->hash;
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(sha256, SHA256_TEXT, digest, sizeof digest);
    progress_tell(sink->progress, sink->doing, sink->bytes, sink->bytes); /* the end, where no total was known */
    return fsync(sink->descriptor) == 0 || error_system(error, sink->path, "put it on disk");
}

void sink_close(struct sink *sink)
{
    if (sink->descriptor >= 0)
        close(sink->descriptor);
    sink->descriptor = -1;
}

bool sha256_of_file(const char *path, const struct progress *progress, char out[SHA256_TEXT], struct error *error)
{
    struct stat status;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        error_system(error, path, "read it");
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    uint64_t bytes = 0;
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    const bool read = hash_rest(descriptor, path, &hash, progress, (uint64_t)status.st_size, &bytes, error);
    close(descriptor);
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(out, SHA256_TEXT, digest, sizeof digest);
    return read;
}
