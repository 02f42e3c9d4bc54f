/* keys.c: who and what a file of tokens and pages was written for, so that it is read back for no other: BLAKE2b of the
 * owner's name, and of what decides which numbers a model gives: its file (size, beginning, end), the kernels that
 * compute it, the size of its pages. */
#include "scheduler/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)KEY_BYTES == (int)crypto_generichash_BYTES, "a key is what the hash gives");

static void add(crypto_generichash_state *hash, const void *data, size_t bytes)
{
    crypto_generichash_update(hash, data, bytes); /* only fails after final */
}

void key_owner(const char *name, unsigned char out[KEY_BYTES])
{
    static const char purpose[] = "bastide owner";
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, KEY_BYTES);
    add(&hash, purpose, sizeof purpose);
    add(&hash, name, strlen(name));
    crypto_generichash_final(&hash, out, KEY_BYTES);
}

/* The first part holds the keys and the table of tensors. */
static bool add_file(crypto_generichash_state *hash, const char *path, uint64_t file_bytes, struct error *error)
{
    enum { PART = 1 << 20 };
    static const uint64_t part = PART;
    const off_t starts[] = { 0, file_bytes > part ? (off_t)(file_bytes - part) : 0 };
    struct arena arena = { 0 };
    unsigned char *bytes = arena_take(&arena, PART, 1);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    bool read_all = bytes && file >= 0;
    for (size_t i = 0; i < LENGTH(starts) && read_all; i++) {
        const ssize_t count = pread(file, bytes, PART, starts[i]);
        read_all = count >= 0;
        add(hash, bytes, read_all ? (size_t)count : 0);
    }
    if (!read_all)
        error_system(error, path, "read it");
    if (file >= 0)
        close(file);
    arena_free(&arena);
    return read_all;
}

bool key_model(const struct resident *resident, unsigned char out[KEY_BYTES], struct error *error)
{
    const struct model_facts facts = model_facts(resident->model);
    const uint64_t numbers[] = { resident->identity.bytes, model_page_bytes(resident->model), PAGE_TOKENS };
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, KEY_BYTES);
    add(&hash, numbers, sizeof numbers);
    add(&hash, facts.kernels, strlen(facts.kernels));
    if (!add_file(&hash, resident->path, resident->identity.bytes, error))
        return false;
    crypto_generichash_final(&hash, out, KEY_BYTES);
    return true;
}
