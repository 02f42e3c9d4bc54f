/* gguf_maker.h: GGUF files made in memory, good ones and bad ones. A recipe is a good small file; a test spoils a field
 * and says which byte of the made file must be named in the error. */
#ifndef BASTIDE_GGUF_MAKER_H
#define BASTIDE_GGUF_MAKER_H

#include "check.h"
#include "engine/gguf.h"

enum { RECIPE_KEYS = 4, RECIPE_TENSORS = 2, RECIPE_DIMENSIONS = 5 };

struct recipe_key {
    const char *name;
    uint64_t name_bytes; /* as the file says */
    uint32_t type;
    const char *value;
    size_t value_bytes;
};

struct recipe_tensor {
    const char *name;
    uint64_t name_bytes; /* as the file says */
    uint32_t dimensions; /* of shape, those written */
    uint64_t shape[RECIPE_DIMENSIONS];
    uint32_t format;
    uint64_t offset;
};

struct recipe {
    char magic[5];
    uint32_t version;
    uint64_t tensors_said, keys_said;
    struct recipe_key keys[RECIPE_KEYS];
    struct recipe_tensor tensors[RECIPE_TENSORS];
    size_t keys_made, tensors_made;
    size_t alignment; /* to which the head is padded */
    size_t data_bytes;
};

/* What was made, and where its fields lie. */
struct made {
    struct buffer bytes;
    size_t key_at[RECIPE_KEYS], type_at[RECIPE_KEYS], value_at[RECIPE_KEYS];
    size_t tensor_at[RECIPE_TENSORS], dimensions_at[RECIPE_TENSORS], shape_at[RECIPE_TENSORS];
    size_t format_at[RECIPE_TENSORS], offset_at[RECIPE_TENSORS];
    size_t data_at;
};

/* A value out of a literal: VALUE("\x01\x02") without the literal's own terminator. */
#define VALUE(literal) literal, sizeof(literal) - 1

static inline void make_number(struct buffer *out, uint64_t value, size_t bytes)
{
    unsigned char little[8];
    struct error error = { 0 };
    for (size_t i = 0; i < bytes; i++)
        little[i] = (unsigned char)(value >> 8 * i);
    assert_done(buffer_add(out, little, bytes, &error), &error);
}

static inline void make_bytes(struct buffer *out, const void *bytes, size_t count)
{
    struct error error = { 0 };
    assert_done(buffer_add(out, bytes, count, &error), &error);
}

static inline void make_text(struct buffer *out, const char *text)
{
    make_number(out, strlen(text), 8);
    make_bytes(out, text, strlen(text));
}

static inline void make_head(struct buffer *out, uint32_t version, uint64_t tensors, uint64_t keys)
{
    make_bytes(out, "GGUF", 4);
    make_number(out, version, 4);
    make_number(out, tensors, 8);
    make_number(out, keys, 8);
}

static inline struct recipe_key recipe_key(const char *name, uint32_t type, const char *value, size_t bytes)
{
    return (struct recipe_key){ name, strlen(name), type, value, bytes };
}

/* Four keys (text, the alignment, an array of numbers, one of texts) and two tensors: 8 x 2 of F32 in the data's first
 * 64 bytes, 32 of Q8_0 in the 34 after them. */
static inline struct recipe recipe_good(void)
{
    struct recipe recipe = { .magic = "GGUF",
                             .version = 3,
                             .tensors_said = 2,
                             .keys_said = 4,
                             .keys_made = 4,
                             .tensors_made = 2,
                             .alignment = 32,
                             .data_bytes = 98 };
    recipe.keys[0] = recipe_key("general.architecture", GGUF_STRING, VALUE("\5\0\0\0\0\0\0\0llama"));
    recipe.keys[1] = recipe_key("general.alignment", GGUF_U32, VALUE("\40\0\0\0"));
    recipe.keys[2] = recipe_key("numbers", GGUF_ARRAY,
                                VALUE("\2\0\0\0"
                                      "\3\0\0\0\0\0\0\0"
                                      "\1\0\2\0\3\0"));
    recipe.keys[3] = recipe_key("texts", GGUF_ARRAY,
                                VALUE("\10\0\0\0"
                                      "\2\0\0\0\0\0\0\0"
                                      "\3\0\0\0\0\0\0\0abc"
                                      "\0\0\0\0\0\0\0\0"));
    recipe.tensors[0] = (struct recipe_tensor){ "first.weight", 12, 2, { 8, 2, 1, 1, 1 }, 0, 0 };
    recipe.tensors[1] = (struct recipe_tensor){ "second.weight", 13, 1, { 32, 1, 1, 1, 1 }, 8, 64 };
    return recipe;
}

static inline void make_key(struct made *made, size_t i, const struct recipe_key *key)
{
    made->key_at[i] = made->bytes.length;
    make_number(&made->bytes, key->name_bytes, 8);
    make_bytes(&made->bytes, key->name, strlen(key->name));
    made->type_at[i] = made->bytes.length;
    make_number(&made->bytes, key->type, 4);
    made->value_at[i] = made->bytes.length;
    make_bytes(&made->bytes, key->value, key->value_bytes);
}

static inline void make_tensor(struct made *made, size_t i, const struct recipe_tensor *tensor)
{
    made->tensor_at[i] = made->bytes.length;
    make_number(&made->bytes, tensor->name_bytes, 8);
    make_bytes(&made->bytes, tensor->name, strlen(tensor->name));
    made->dimensions_at[i] = made->bytes.length;
    make_number(&made->bytes, tensor->dimensions, 4);
    made->shape_at[i] = made->bytes.length;
    for (size_t k = 0; k < tensor->dimensions && k < RECIPE_DIMENSIONS; k++)
        make_number(&made->bytes, tensor->shape[k], 8);
    made->format_at[i] = made->bytes.length;
    make_number(&made->bytes, tensor->format, 4);
    made->offset_at[i] = made->bytes.length;
    make_number(&made->bytes, tensor->offset, 8);
}

static inline struct made make(const struct recipe *recipe)
{
    struct made made = { .bytes = { .limit = 1 << 20 } };
    make_bytes(&made.bytes, recipe->magic, 4);
    make_number(&made.bytes, recipe->version, 4);
    make_number(&made.bytes, recipe->tensors_said, 8);
    make_number(&made.bytes, recipe->keys_said, 8);
    for (size_t i = 0; i < recipe->keys_made; i++)
        make_key(&made, i, &recipe->keys[i]);
    for (size_t i = 0; i < recipe->tensors_made; i++)
        make_tensor(&made, i, &recipe->tensors[i]);
    while (recipe->tensors_made > 0 && made.bytes.length % recipe->alignment != 0)
        make_number(&made.bytes, 0, 1);
    made.data_at = made.bytes.length;
    for (size_t i = 0; i < recipe->data_bytes; i++)
        make_number(&made.bytes, i, 1);
    return made;
}

/* Opens bytes that must be good, from memory of just their size, which the caller frees after gguf_close. */
static inline struct gguf *open_good(struct span bytes, unsigned char **memory)
{
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    *memory = malloc(size_max(bytes.bytes, 1));
    assert_non_null(*memory);
    memcpy(*memory, bytes.data, bytes.bytes);
    assert_done(gguf_read(span_of(*memory, bytes.bytes), "tiny.gguf", &gguf, &error), &error);
    assert_non_null(gguf);
    return gguf;
}

/* Opens bytes that must be refused at byte at, for a reason whose words are given. */
static inline void check_refused(struct span bytes, size_t at, const char *reason)
{
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    char place[64];
    unsigned char *memory = malloc(size_max(bytes.bytes, 1));
    assert_non_null(memory);
    if (bytes.bytes > 0)
        memcpy(memory, bytes.data, bytes.bytes);
    assert_false(gguf_read(span_of(memory, bytes.bytes), "tiny.gguf", &gguf, &error));
    free(memory);
    assert_null(gguf);
    snprintf(place, sizeof place, "tiny.gguf: byte %zu: ", at);
    assert_contains(error.text, place);
    assert_contains(error.text, reason);
    assert_int_equal(error.kind, ERROR_COULD_NOT);
}

/* The same, and frees what was made. */
static inline void refused(struct made *made, size_t at, const char *reason)
{
    check_refused(buffer_span(&made->bytes), at, reason);
    buffer_free(&made->bytes);
}

#endif
