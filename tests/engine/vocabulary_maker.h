/* vocabulary_maker.h: small tokenizers, made in memory as GGUF files. A test fills in a struct vocabulary; what it
 * leaves out is not in the file. */
#ifndef BASTIDE_VOCABULARY_MAKER_H
#define BASTIDE_VOCABULARY_MAKER_H

#include "engine/gguf_maker.h"

enum { IDS_MOST = 4, FLAGS_MOST = 4 };

struct vocabulary {
    const char *model, *pre;
    const char *const *tokens; /* [token_count] */
    size_t token_count;
    const int *types; /* [type_count] */
    size_t type_count;
    const float *scores; /* [score_count] */
    size_t score_count;
    const char *const *merges; /* [merge_count] */
    size_t merge_count;
    struct {
        const char *key; /* after "tokenizer.ggml." */
        uint32_t value;
    } ids[IDS_MOST], flags[FLAGS_MOST];
};

/* A file's keys, and how many there are. */
struct keys {
    struct buffer bytes;
    uint64_t count;
};

static inline void add_key(struct keys *keys, const char *name, uint32_t type)
{
    char full[64];
    snprintf(full, sizeof full, "tokenizer.ggml.%s", name);
    make_text(&keys->bytes, full);
    make_number(&keys->bytes, type, 4);
    keys->count++;
}

static inline void add_array(struct keys *keys, const char *name, uint32_t element, size_t count)
{
    add_key(keys, name, GGUF_ARRAY);
    make_number(&keys->bytes, element, 4);
    make_number(&keys->bytes, count, 8);
}

static inline void add_text(struct keys *keys, const char *name, const char *text)
{
    if (!text)
        return;
    add_key(keys, name, GGUF_STRING);
    make_text(&keys->bytes, text);
}

static inline void add_texts(struct keys *keys, const char *name, const char *const *texts, size_t count)
{
    if (!texts)
        return;
    add_array(keys, name, GGUF_STRING, count);
    for (size_t i = 0; i < count; i++)
        make_text(&keys->bytes, texts[i]);
}

static inline void add_numbers(struct keys *keys, const struct vocabulary *vocabulary)
{
    if (vocabulary->types)
        add_array(keys, "token_type", GGUF_I32, vocabulary->type_count);
    for (size_t i = 0; vocabulary->types && i < vocabulary->type_count; i++)
        make_number(&keys->bytes, (uint32_t)vocabulary->types[i], 4);
    if (vocabulary->scores)
        add_array(keys, "scores", GGUF_F32, vocabulary->score_count);
    for (size_t i = 0; vocabulary->scores && i < vocabulary->score_count; i++) {
        uint32_t bits;
        memcpy(&bits, &vocabulary->scores[i], sizeof bits);
        make_number(&keys->bytes, bits, 4);
    }
}

static inline void add_settings(struct keys *keys, const struct vocabulary *vocabulary)
{
    for (size_t i = 0; i < IDS_MOST && vocabulary->ids[i].key; i++) {
        add_key(keys, vocabulary->ids[i].key, GGUF_U32);
        make_number(&keys->bytes, vocabulary->ids[i].value, 4);
    }
    for (size_t i = 0; i < FLAGS_MOST && vocabulary->flags[i].key; i++) {
        add_key(keys, vocabulary->flags[i].key, GGUF_BOOL);
        make_number(&keys->bytes, vocabulary->flags[i].value, 1);
    }
}

static inline struct buffer vocabulary_file(const struct vocabulary *vocabulary)
{
    struct keys keys = { .bytes = { .limit = 1 << 24 } };
    add_text(&keys, "model", vocabulary->model);
    add_text(&keys, "pre", vocabulary->pre);
    add_texts(&keys, "tokens", vocabulary->tokens, vocabulary->token_count);
    add_texts(&keys, "merges", vocabulary->merges, vocabulary->merge_count);
    add_numbers(&keys, vocabulary);
    add_settings(&keys, vocabulary);
    struct buffer file = { .limit = 1 << 24 };
    make_head(&file, 3, 0, keys.count);
    if (keys.bytes.length > 0)
        make_bytes(&file, keys.bytes.bytes, keys.bytes.length);
    buffer_free(&keys.bytes);
    return file;
}

/* A tokenizer with all that it stands on. */
struct opened {
    struct buffer file;
    struct gguf *gguf;
    struct tokenizer *tokenizer;
};

static inline struct opened vocabulary_open(const struct vocabulary *vocabulary)
{
    struct opened opened = { .file = vocabulary_file(vocabulary) };
    struct error error = { 0 };
    assert_done(gguf_read(buffer_span(&opened.file), "tiny.gguf", &opened.gguf, &error), &error);
    assert_done(tokenizer_open(opened.gguf, &opened.tokenizer, &error), &error);
    return opened;
}

static inline void opened_close(struct opened *opened)
{
    tokenizer_close(opened->tokenizer);
    gguf_close(opened->gguf);
    buffer_free(&opened->file);
}

/* The vocabulary must be refused for a reason whose words are given. */
static inline void vocabulary_refused(const struct vocabulary *vocabulary, const char *reason)
{
    struct opened opened = { .file = vocabulary_file(vocabulary) };
    struct error error = { 0 };
    assert_done(gguf_read(buffer_span(&opened.file), "tiny.gguf", &opened.gguf, &error), &error);
    assert_false(tokenizer_open(opened.gguf, &opened.tokenizer, &error));
    assert_null(opened.tokenizer);
    assert_contains(error.text, "tiny.gguf");
    assert_contains(error.text, reason);
    opened_close(&opened);
}

/* The text encodes to the ids given, a list that ends with TOKEN_NONE. */
static inline void check_ids(const struct opened *opened, struct span text, struct encoding encoding,
                             const uint32_t *expected, const char *file, int line)
{
    struct tokens tokens = { 0 };
    struct error error = { 0 };
    size_t i = 0;
    assert_done(tokenizer_encode(opened->tokenizer, text, encoding, &tokens, &error), &error);
    while (i < tokens.count && tokens.ids[i] == expected[i])
        i++;
    if (i != tokens.count || expected[i] != TOKEN_NONE) {
        print_error("\"%.*s\": %zu tokens, number %zu is %u, expected %u\n", (int)text.bytes,
                    text.data ? (const char *)text.data : "", tokens.count, i,
                    i < tokens.count ? tokens.ids[i] : TOKEN_NONE, expected[i]);
        tokens_free(&tokens);
        _fail(file, line);
    }
    tokens_free(&tokens);
}

/* assert_ids(&opened, "text", (struct encoding){ 0 }, 1, 2, 3) */
#define assert_ids(opened, text, encoding, ...) \
    check_ids(opened, span_text(text), encoding, (const uint32_t[]){ __VA_ARGS__, TOKEN_NONE }, __FILE__, __LINE__)

#define PLAIN ((struct encoding){ 0 })
#define PARSED ((struct encoding){ .parse_special = true })
#define FULL ((struct encoding){ .add_special = true, .parse_special = true })

#endif
