/* saved.c: a sequence in a file.
 *
 *   16 bytes  "bastide slot 1\n\0"          8  tokens
 *   32        the owner's key               8  bytes of a page
 *   32        the model's key
 *   4 x tokens, then the pages that hold them, then 32 bytes: BLAKE2b of all before
 *
 * Numbers are little-endian. Whoever can write to the folder can write any file: sizes are compared with the model's
 * and the file's before anything is taken, and a file that was changed gives an error. Pages with wrong numbers that
 * are sealed rightly give wrong answers to their owner, no more. */
#include "scheduler/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[16] = "bastide slot 1\n";

enum { HEAD_BYTES = 16 + 2 * KEY_BYTES + 16 };

/* A stream with the hash of what went through it. */
struct sealed {
    FILE *stream;
    const char *path;
    crypto_generichash_state hash;
    uint64_t bytes;
};

static void seal_begin(struct sealed *sealed, FILE *stream, const char *path)
{
    sealed->stream = stream;
    sealed->path = path;
    sealed->bytes = 0;
    crypto_generichash_init(&sealed->hash, NULL, 0, KEY_BYTES);
}

static bool seal_write(struct sealed *sealed, const void *data, size_t bytes, struct error *error)
{
    crypto_generichash_update(&sealed->hash, data, bytes);
    sealed->bytes += bytes;
    return fwrite(data, 1, bytes, sealed->stream) == bytes || error_system(error, sealed->path, "write it");
}

static bool seal_read(struct sealed *sealed, void *data, size_t bytes, struct error *error)
{
    if (fread(data, 1, bytes, sealed->stream) != bytes)
        return error_set(error, "%s: cannot read it: it is cut: save the slot again", sealed->path);
    crypto_generichash_update(&sealed->hash, data, bytes);
    sealed->bytes += bytes;
    return true;
}

static void put_number(unsigned char *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get_number(const unsigned char *in, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = bytes; i-- > 0;)
        number = number << 8 | in[i];
    return number;
}

static void make_head(const struct saved *saved, uint64_t tokens, unsigned char head[HEAD_BYTES])
{
    memcpy(head, magic, sizeof magic);
    memcpy(head + 16, saved->owner, KEY_BYTES);
    memcpy(head + 16 + KEY_BYTES, saved->model_key, KEY_BYTES);
    put_number(head + 16 + 2 * KEY_BYTES, tokens, 8);
    put_number(head + 24 + 2 * KEY_BYTES, model_page_bytes(saved->model), 8);
}

static size_t pages_for(size_t tokens)
{
    return (tokens + PAGE_TOKENS - 1) / PAGE_TOKENS;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool write_page(struct sealed *sealed, const struct saved *saved, size_t number, struct error *error)
{
    struct page *page = sequence_page(saved->sequence, number);
    const struct span bytes = page_bytes(saved->model, page);
    const bool written = seal_write(sealed, bytes.data, bytes.bytes, error);
    page_release(page);
    return written;
}

static bool write_all(struct sealed *sealed, const struct saved *saved, struct error *error)
{
    unsigned char head[HEAD_BYTES], id[4], seal[KEY_BYTES];
    make_head(saved, saved->tokens.count, head);
    bool written = seal_write(sealed, head, sizeof head, error);
    for (size_t i = 0; i < saved->tokens.count && written; i++) {
        put_number(id, saved->tokens.ids[i], sizeof id);
        written = seal_write(sealed, id, sizeof id, error);
    }
    for (size_t i = 0; i < pages_for(saved->tokens.count) && written; i++)
        written = write_page(sealed, saved, i, error);
    crypto_generichash_state hash = sealed->hash;
    crypto_generichash_final(&hash, seal, sizeof seal);
    return written && seal_write(sealed, seal, sizeof seal, error);
}

bool saved_write(const struct saved *saved, uint64_t *bytes, struct error *error)
{
    struct replacement file;
    struct sealed sealed;
    if (!replacement_begin(saved->path, &file, error))
        return false;
    seal_begin(&sealed, file.stream, saved->path);
    const bool written = write_all(&sealed, saved, error);
    *bytes = sealed.bytes;
    return replacement_end(&file, written, written ? error : NULL) && written;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool check_head(const struct saved *saved, const unsigned char head[HEAD_BYTES], struct error *error)
{
    unsigned char expected[HEAD_BYTES];
    make_head(saved, get_number(head + 16 + 2 * KEY_BYTES, 8), expected);
    if (memcmp(head, expected, sizeof magic) != 0)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: this is no saved slot of this version", saved->path);
    if (memcmp(head + 16, expected + 16, KEY_BYTES) != 0)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: nothing of yours was saved under this name", saved->path);
    return memcmp(head, expected, sizeof expected) == 0 ||
           error_set_kind(error, ERROR_WRONG_USE, "%s: it was saved with another model", saved->path);
}

/* The file must be exactly as long as its tokens need. */
static bool check_size(const struct saved *saved, FILE *stream, uint64_t tokens, struct error *error)
{
    struct stat status;
    if (tokens == 0 || tokens > model_context(saved->model))
        return error_set_kind(error, ERROR_WRONG_USE, "%s: %llu tokens: the context here has room for 1 to %zu",
                              saved->path, (unsigned long long)tokens, model_context(saved->model));
    const uint64_t expected = HEAD_BYTES + tokens * sizeof(uint32_t) +
                              pages_for((size_t)tokens) * (uint64_t)model_page_bytes(saved->model) + KEY_BYTES;
    if (fstat(fileno(stream), &status) != 0)
        return error_system(error, saved->path, "read it");
    return (uint64_t)status.st_size == expected ||
           error_set(error, "%s: it has %llu bytes, expected %llu: save the slot again", saved->path,
                     (unsigned long long)status.st_size, (unsigned long long)expected);
}

static bool read_tokens(struct sealed *sealed, struct saved *saved, size_t count, struct error *error)
{
    const size_t vocabulary = model_facts(saved->model).vocabulary;
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[4];
        if (!seal_read(sealed, bytes, sizeof bytes, error))
            return false;
        const uint32_t id = (uint32_t)get_number(bytes, sizeof bytes);
        if (id >= vocabulary)
            return error_set(error, "%s: token %zu: id %u is not below the vocabulary's %zu", saved->path, i, id,
                             vocabulary);
        if (!tokens_add(&saved->tokens, id, error))
            return false;
    }
    return true;
}

static bool read_pages(struct sealed *sealed, struct saved *saved, unsigned char *bytes, struct error *error)
{
    const size_t page_size = model_page_bytes(saved->model), count = saved->tokens.count;
    for (size_t first = 0; first < count; first += PAGE_TOKENS) {
        struct page *page;
        if (!seal_read(sealed, bytes, page_size, error) ||
            !page_open(saved->model, span_of(bytes, page_size), &page, error))
            return false;
        const bool appended = sequence_append(saved->sequence, page, size_min(PAGE_TOKENS, count - first), error);
        page_release(page);
        if (!appended)
            return false;
    }
    return true;
}

static bool check_seal(const struct sealed *sealed, struct error *error)
{
    unsigned char expected[KEY_BYTES], there[KEY_BYTES];
    crypto_generichash_state hash = sealed->hash;
    crypto_generichash_final(&hash, expected, sizeof expected);
    return (fread(there, 1, sizeof there, sealed->stream) == sizeof there &&
            memcmp(there, expected, sizeof there) == 0) ||
           error_set(error, "%s: it was changed or damaged: save the slot again", sealed->path);
}

static bool read_all(struct sealed *sealed, struct saved *saved, struct error *error)
{
    unsigned char head[HEAD_BYTES];
    if (!seal_read(sealed, head, sizeof head, error) || !check_head(saved, head, error))
        return false;
    const uint64_t tokens = get_number(head + 16 + 2 * KEY_BYTES, 8);
    unsigned char *bytes = malloc(model_page_bytes(saved->model));
    if (!bytes)
        return error_memory(error, model_page_bytes(saved->model));
    const bool done = check_size(saved, sealed->stream, tokens, error) &&
                      read_tokens(sealed, saved, (size_t)tokens, error) &&
                      sequence_open(saved->model, &saved->sequence, error) && read_pages(sealed, saved, bytes, error) &&
                      check_seal(sealed, error);
    free(bytes);
    return done;
}

/* A pipe, a device or a link of somebody else's is no file of ours. */
static FILE *open_regular(const char *path, struct error *error)
{
    struct stat status;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    FILE *stream = file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(file, "rb") : NULL;
    if (stream)
        return stream;
    if (file < 0 && errno == ENOENT)
        error_set_kind(error, ERROR_WRONG_USE, "%s: nothing of yours was saved under this name", path);
    else
        error_set_kind(error, ERROR_WRONG_USE, "%s: this is no saved slot", path);
    if (file >= 0)
        close(file);
    return NULL;
}

bool saved_read(struct saved *saved, uint64_t *bytes, struct error *error)
{
    struct sealed sealed;
    FILE *stream = open_regular(saved->path, error);
    if (!stream)
        return false;
    seal_begin(&sealed, stream, saved->path);
    const bool done = read_all(&sealed, saved, error);
    *bytes = sealed.bytes + KEY_BYTES;
    fclose(stream);
    return done;
}
