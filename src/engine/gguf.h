/* gguf.h: what a GGUF file holds, for the rest of the engine. Private to the room.
 * All of it was checked by gguf_open; typed getters refuse a key of another type. */
#ifndef BASTIDE_ENGINE_GGUF_H
#define BASTIDE_ENGINE_GGUF_H

#include "engine/engine.h"

/* Numbers as in the file. */
enum gguf_type {
    GGUF_U8 = 0,
    GGUF_I8 = 1,
    GGUF_U16 = 2,
    GGUF_I16 = 3,
    GGUF_U32 = 4,
    GGUF_I32 = 5,
    GGUF_F32 = 6,
    GGUF_BOOL = 7,
    GGUF_STRING = 8,
    GGUF_ARRAY = 9,
    GGUF_U64 = 10,
    GGUF_I64 = 11,
    GGUF_F64 = 12,
};

/* "u32", "string", "array" and so on. */
const char *gguf_type_name(enum gguf_type type);

/* Bytes of one value; 0 for strings and arrays, whose length stands in the file. */
size_t gguf_type_bytes(enum gguf_type type);

/* One key and where its value lies. For an array, type is GGUF_ARRAY, element its elements' type, count how many; for
 * anything else element is the type again and count 1. */
struct gguf_key {
    struct span name;
    enum gguf_type type;
    enum gguf_type element;
    size_t count;
    struct span value; /* the raw bytes: of a string without its length, of an array without type and count */
};

enum { GGUF_DIMENSIONS = 4 };

struct gguf_tensor {
    const char *name;
    uint32_t format;                 /* ggml's type number; kernels/format knows them */
    uint64_t shape[GGUF_DIMENSIONS]; /* innermost first; 1 where the file has fewer */
    struct span data;                /* checked to be as long as shape and format ask */
};

/* gguf_open for bytes that are in memory and stay there; name stands for the path in errors. */
MUST_USE bool gguf_read(struct span bytes, const char *name, struct gguf **out, struct error *error);

const char *gguf_path(const struct gguf *gguf);

/* All keys, ordered by name. */
size_t gguf_key_count(const struct gguf *gguf);
const struct gguf_key *gguf_key_at(const struct gguf *gguf, size_t i);

/* NULL if the file has no such key. */
const struct gguf_key *gguf_find(const struct gguf *gguf, const char *name);

/* Numbers of any integer type; missing: *out stays as it is (its default) and true is returned. Fails if the type is
 * another or the value is outside [low, high], naming file, key, what was expected and found. */
MUST_USE bool gguf_integer(const struct gguf *gguf, const char *name, uint64_t low, uint64_t high, uint64_t *out,
                           struct error *error);
/* The same for floats (f32, f64, or any integer type); NaN and infinities are refused. */
MUST_USE bool gguf_real(const struct gguf *gguf, const char *name, double low, double high, double *out,
                        struct error *error);
MUST_USE bool gguf_boolean(const struct gguf *gguf, const char *name, bool *out, struct error *error);
/* A missing string stays as it is. */
MUST_USE bool gguf_string(const struct gguf *gguf, const char *name, struct span *out, struct error *error);

/* Element i (< key->count) of an array of integers or bools, as a signed number; of floats. The caller has checked
 * key->element with gguf_is_integer or against GGUF_F32. */
bool gguf_is_integer(enum gguf_type type);
int64_t gguf_element_integer(const struct gguf_key *key, size_t i);
float gguf_element_float(const struct gguf_key *key, size_t i);

/* Walks an array of strings: start with *offset = 0; each call gives the next string and moves on. Call it
 * key->count times (gguf_open has walked it once). */
struct span gguf_next_string(const struct gguf_key *key, size_t *offset);

/* All tensors, in the file's order. */
size_t gguf_tensor_count(const struct gguf *gguf);
const struct gguf_tensor *gguf_tensor_at(const struct gguf *gguf, size_t i);
const struct gguf_tensor *gguf_tensor_find(const struct gguf *gguf, const char *name); /* NULL if there is none */

#endif
