/* tiny.h: a golden model with a vocabulary of its own, which the golden files lack: keys spliced in before theirs.
 * Its tokens are <unk>, <s>, </s> and 253 of two letters each. Header only. */
#ifndef BASTIDE_TEST_TINY_H
#define BASTIDE_TEST_TINY_H

#include <math.h>

#include "engine/vocabulary_maker.h"

enum { TINY_VOCABULARY = 256, TINY_CONTEXT = 4096, GGUF_HEAD = 24, GGUF_ALIGNMENT = 32 };

static inline struct buffer tiny_keys(uint64_t *count)
{
    static char texts[TINY_VOCABULARY][8];
    const char *tokens[TINY_VOCABULARY];
    int types[TINY_VOCABULARY];
    float scores[TINY_VOCABULARY];
    for (size_t i = 0; i < TINY_VOCABULARY; i++) {
        snprintf(texts[i], sizeof texts[i], "%c%c", (int)('a' + i / 16), (int)('a' + i % 16));
        tokens[i] = i == 0 ? "<unk>" : i == 1 ? "<s>" : i == 2 ? "</s>" : texts[i];
        types[i] = i == 0 ? 2 : i < 3 ? 3 : 1;
        scores[i] = -(float)i;
    }
    const struct vocabulary vocabulary = {
        .model = "llama",
        .tokens = tokens,
        .token_count = TINY_VOCABULARY,
        .types = types,
        .type_count = TINY_VOCABULARY,
        .scores = scores,
        .score_count = TINY_VOCABULARY,
        .ids = { { "bos_token_id", 1 }, { "eos_token_id", 2 } },
    };
    struct buffer file = vocabulary_file(&vocabulary), keys = { .limit = 1 << 20 };
    memcpy(count, file.bytes + 16, sizeof *count);
    make_bytes(&keys, file.bytes + GGUF_HEAD, file.length - GGUF_HEAD);
    buffer_free(&file);
    return keys;
}

/* A text of such a length that what follows is aligned as it was. */
static inline void align_keys(struct buffer *keys)
{
    make_text(keys, "general.description");
    make_number(keys, GGUF_STRING, 4);
    const size_t used = (keys->length + 8) % GGUF_ALIGNMENT;
    make_number(keys, GGUF_ALIGNMENT - used, 8);
    for (size_t i = used; i < GGUF_ALIGNMENT; i++)
        make_number(keys, ' ', 1);
}

/* Other bytes in place of a key's value of 4 bytes. */
static inline void patch_number(struct buffer *file, const char *key, uint32_t value)
{
    char *found = memmem(file->bytes, file->length, key, strlen(key));
    assert_non_null(found);
    memcpy(found + strlen(key) + 4, &value, sizeof value);
}

/* The golden file names a kind of vocabulary ("none"): under another key, where nobody reads it. */
static inline void hide_key(struct buffer *file, const char *key)
{
    char *found = memmem(file->bytes, file->length, key, strlen(key));
    assert_non_null(found);
    *found = '-';
}

/* Writes the model to path; context is what it was trained for. */
static inline void tiny_write(const char *path, const char *golden, uint32_t context)
{
    const char *goldens = getenv("BASTIDE_GOLDENS");
    char source[1024];
    struct buffer file = { .limit = 1 << 24 }, made = { .limit = 1 << 24 };
    struct error error = { 0 };
    uint64_t count, more;
    snprintf(source, sizeof source, "%s/models/%s.gguf", goldens ? goldens : "tests/goldens", golden);
    assert_done(file_read(source, &file, &error), &error);
    hide_key(&file, "tokenizer.ggml.model");
    struct buffer keys = tiny_keys(&more);
    align_keys(&keys);
    memcpy(&count, file.bytes + 16, sizeof count);
    make_bytes(&made, file.bytes, 16);
    make_number(&made, count + more + 1, 8);
    make_bytes(&made, keys.bytes, keys.length);
    make_bytes(&made, file.bytes + GGUF_HEAD, file.length - GGUF_HEAD);
    patch_number(&made, "llama.context_length", context);
    assert_done(file_write_atomic(path, buffer_span(&made), &error), &error);
    buffer_free(&keys);
    buffer_free(&file);
    buffer_free(&made);
}

#endif
