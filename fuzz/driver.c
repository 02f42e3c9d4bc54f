/* driver.c: runs a fuzz target without libFuzzer, so that the ordinary tests, with any compiler, go through its corpus
 * and a bounded number of mutations of it.
 *
 *   fuzz_TARGET [-v] SEED MUTATIONS PATH...
 *
 * Each file (or file in a folder) runs as it is, and then MUTATIONS times with one to four changes: a bit flipped,
 * bytes overwritten, cut off, inserted, removed, or joined with another file's. The same arguments give the same
 * inputs everywhere. -v names each before it runs: after a crash the last line says which it was. An input that takes
 * ten seconds ends the program by SIGALRM. */
#include "base/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INPUT_MOST_BYTES = 1 << 20, INSERTED_MOST_BYTES = 64, SECONDS_AN_INPUT = 10 };

/* The target; libFuzzer gives it this name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct input {
    char *path;
    struct buffer bytes;
};

struct corpus {
    struct arena arena;
    struct input *inputs;
    size_t count, capacity;
};

struct random {
    uint64_t state;
};

/* SplitMix64: Steele, Lea, Flood 2014. */
static uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* From 0 to below; below >= 1. */
static size_t random_below(struct random *random, size_t below)
{
    return (size_t)(random_next(random) % below);
}

/* ---- the corpus -------------------------------------------------------------------------------------------------- */

static bool add_file(struct corpus *corpus, const char *path, struct error *error)
{
    if (corpus->count == corpus->capacity) {
        const size_t capacity = corpus->capacity ? 2 * corpus->capacity : 64;
        struct input *more = realloc(corpus->inputs, capacity * sizeof *more);
        if (!more)
            return error_memory(error, capacity * sizeof *more);
        corpus->inputs = more;
        corpus->capacity = capacity;
    }
    struct input input = { .path = arena_text(&corpus->arena, span_text(path)),
                           .bytes = { .limit = INPUT_MOST_BYTES } };
    if (!input.path)
        return error_memory(error, strlen(path));
    if (!file_read(path, &input.bytes, error)) {
        buffer_free(&input.bytes);
        return false;
    }
    corpus->inputs[corpus->count++] = input;
    return true;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Sorted, so that the same inputs come on every file system. */
static bool add_folder(struct corpus *corpus, const char *path, struct error *error)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, is_visible, alphasort);
    if (count < 0)
        return error_system(error, path, "list it");
    bool added = true;
    for (int i = 0; i < count; i++) {
        const char *file = arena_format(&corpus->arena, "%s/%s", path, entries[i]->d_name);
        added = added && (file ? add_file(corpus, file, error) : error_memory(error, strlen(path)));
        free(entries[i]);
    }
    free(entries);
    return added;
}

static bool add_path(struct corpus *corpus, const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_system(error, path, "look at it");
    return S_ISDIR(status.st_mode) ? add_folder(corpus, path, error) : add_file(corpus, path, error);
}

static void corpus_free(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        buffer_free(&corpus->inputs[i].bytes);
    free(corpus->inputs);
    arena_free(&corpus->arena);
}

/* ---- mutations --------------------------------------------------------------------------------------------------- */

/* Bytes with room for INPUT_MOST_BYTES. */
struct draft {
    unsigned char *bytes;
    size_t length;
};

static void flip_bit(struct draft *draft, struct random *random)
{
    if (draft->length > 0)
        draft->bytes[random_below(random, draft->length)] ^= (unsigned char)(1u << random_below(random, 8));
}

/* Puts a number where lengths and counts break first: at an end of a type's range, or just beside it. */
static void overwrite(struct draft *draft, struct random *random)
{
    const size_t width = (size_t)1 << random_below(random, 4);
    if (draft->length < width)
        return;
    const uint64_t edge = random_below(random, 2) ? (uint64_t)1 << random_below(random, 64) : 0;
    const uint64_t value = edge + random_below(random, 5) - 2;
    unsigned char *at = draft->bytes + random_below(random, draft->length - width + 1);
    for (size_t i = 0; i < width; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static void cut(struct draft *draft, struct random *random)
{
    draft->length = random_below(random, draft->length + 1);
}

/* Opens a gap of bytes at a place; false if there is no room. */
static bool open_gap(struct draft *draft, size_t at, size_t bytes)
{
    if (bytes > INPUT_MOST_BYTES - draft->length)
        return false;
    memmove(draft->bytes + at + bytes, draft->bytes + at, draft->length - at);
    draft->length += bytes;
    return true;
}

static void insert(struct draft *draft, struct random *random)
{
    const size_t at = random_below(random, draft->length + 1), bytes = 1 + random_below(random, INSERTED_MOST_BYTES);
    if (!open_gap(draft, at, bytes))
        return;
    const bool same = random_below(random, 2);
    const unsigned char first = (unsigned char)random_next(random);
    for (size_t i = 0; i < bytes; i++)
        draft->bytes[at + i] = same ? first : (unsigned char)random_next(random);
}

static void erase(struct draft *draft, struct random *random)
{
    const size_t at = random_below(random, draft->length + 1);
    const size_t bytes = random_below(random, size_min(draft->length - at, INSERTED_MOST_BYTES) + 1);
    memmove(draft->bytes + at, draft->bytes + at + bytes, draft->length - at - bytes);
    draft->length -= bytes;
}

/* Part of another input, in the middle of this one. */
static void splice(struct draft *draft, const struct corpus *corpus, struct random *random)
{
    const struct span other = buffer_span(&corpus->inputs[random_below(random, corpus->count)].bytes);
    const size_t from = random_below(random, other.bytes + 1), bytes = random_below(random, other.bytes - from + 1);
    const size_t at = random_below(random, draft->length + 1);
    if (bytes > 0 && open_gap(draft, at, bytes))
        memcpy(draft->bytes + at, other.data + from, bytes);
}

static void mutate(struct draft *draft, const struct corpus *corpus, struct random *random)
{
    static void (*const changes[])(struct draft *, struct random *) = { flip_bit, overwrite, cut, insert, erase };
    for (size_t left = 1 + random_below(random, 4); left > 0; left--) {
        const size_t change = random_below(random, LENGTH(changes) + 1);
        if (change < LENGTH(changes))
            changes[change](draft, random);
        else
            splice(draft, corpus, random);
    }
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* In memory of just that size: a sanitizer then sees the first byte read past the end. */
static bool run_input(const void *data, size_t bytes, struct error *error)
{
    uint8_t *copy = malloc(size_max(bytes, 1));
    if (!copy)
        return error_memory(error, bytes);
    if (bytes > 0)
        memcpy(copy, data, bytes);
    alarm(SECONDS_AN_INPUT);
    LLVMFuzzerTestOneInput(copy, bytes);
    alarm(0);
    free(copy);
    return true;
}

static bool run_mutations(const struct corpus *corpus, const struct input *input, uint64_t seed, size_t mutations,
                          bool verbose, struct error *error)
{
    struct random random = { .state = seed };
    struct draft draft = { .bytes = malloc(INPUT_MOST_BYTES) };
    bool done = draft.bytes || error_memory(error, INPUT_MOST_BYTES);
    for (size_t i = 0; i < mutations && done; i++) {
        draft.length = input->bytes.length;
        if (draft.length > 0)
            memcpy(draft.bytes, input->bytes.bytes, draft.length);
        mutate(&draft, corpus, &random);
        if (verbose)
            fprintf(stderr, "%s, mutation %zu, %zu bytes\n", input->path, i, draft.length);
        done = run_input(draft.bytes, draft.length, error);
    }
    free(draft.bytes);
    return done;
}

static bool run_corpus(const struct corpus *corpus, uint64_t seed, size_t mutations, bool verbose, struct error *error)
{
    for (size_t i = 0; i < corpus->count; i++) {
        const struct input *input = &corpus->inputs[i];
        if (verbose)
            fprintf(stderr, "%s\n", input->path);
        if (!run_input(input->bytes.bytes, input->bytes.length, error) ||
            !run_mutations(corpus, input, seed + i, mutations, verbose, error))
            return false;
    }
    printf("%zu inputs, %zu mutations of each\n", corpus->count, mutations);
    return true;
}

int main(int count, char **arguments)
{
    const bool verbose = count > 1 && strcmp(arguments[1], "-v") == 0;
    char **rest = arguments + 1 + verbose;
    if (count < 4 + verbose) {
        fprintf(stderr, "usage: %s [-v] SEED MUTATIONS PATH...\n", arguments[0]);
        return 2;
    }
    struct corpus corpus = { 0 };
    struct error error = { 0 };
    bool done = true;
    for (char **path = rest + 2; *path && done; path++)
        done = add_path(&corpus, *path, &error);
    done = done && run_corpus(&corpus, strtoull(rest[0], NULL, 10), strtoull(rest[1], NULL, 10), verbose, &error);
    if (!done)
        fprintf(stderr, "%s\n", error.text);
    corpus_free(&corpus);
    return done ? 0 : 3;
}
