/* gguf_values.c: the values of keys as C types. A file may give a number any type and any value, so whoever wants one
 * says which range makes sense, and gets an error that names the key for all else (CVE-2025-49847 was a value that was
 * trusted after parsing). */
#include "engine/gguf.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned char bytes;
    bool is_integer, is_signed;
} types[] = {
    [GGUF_U8] = { "u8", 1, true, false },          [GGUF_I8] = { "i8", 1, true, true },
    [GGUF_U16] = { "u16", 2, true, false },        [GGUF_I16] = { "i16", 2, true, true },
    [GGUF_U32] = { "u32", 4, true, false },        [GGUF_I32] = { "i32", 4, true, true },
    [GGUF_F32] = { "f32", 4, false, true },        [GGUF_BOOL] = { "bool", 1, false, false },
    [GGUF_STRING] = { "string", 0, false, false }, [GGUF_ARRAY] = { "array", 0, false, false },
    [GGUF_U64] = { "u64", 8, true, false },        [GGUF_I64] = { "i64", 8, true, true },
    [GGUF_F64] = { "f64", 8, false, true },
};

const char *gguf_type_name(enum gguf_type type)
{
    return types[type].name;
}

size_t gguf_type_bytes(enum gguf_type type)
{
    return types[type].bytes;
}

bool gguf_is_integer(enum gguf_type type)
{
    return types[type].is_integer;
}

/* The bits of element i, in the low end. */
static uint64_t element_bits(const struct gguf_key *key, size_t i)
{
    const size_t bytes = types[key->element].bytes;
    uint64_t bits = 0;
    for (size_t k = bytes; k-- > 0;)
        bits = bits << 8 | key->value.data[i * bytes + k];
    return bits;
}

int64_t gguf_element_integer(const struct gguf_key *key, size_t i)
{
    const uint64_t bits = element_bits(key, i);
    switch (key->element) {
    case GGUF_I8:
        return (int8_t)bits;
    case GGUF_I16:
        return (int16_t)bits;
    case GGUF_I32:
        return (int32_t)bits;
    default:
        return (int64_t)bits;
    }
}

float gguf_element_float(const struct gguf_key *key, size_t i)
{
    const uint32_t bits = (uint32_t)element_bits(key, i);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of(const struct gguf_key *key)
{
    if (key->type == GGUF_F32)
        return (double)gguf_element_float(key, 0);
    const uint64_t bits = element_bits(key, 0);
    if (key->type == GGUF_U64)
        return (double)bits;
    if (gguf_is_integer(key->type))
        return (double)gguf_element_integer(key, 0);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool wrong_type(const struct gguf *gguf, const struct gguf_key *key, const char *expected, struct error *error)
{
    return error_set(error, "%s: key %.*s is of type %s, expected %s: use another file of this model", gguf_path(gguf),
                     (int)key->name.bytes, (const char *)key->name.data, gguf_type_name(key->type), expected);
}

static bool is_negative(const struct gguf_key *key)
{
    return types[key->type].is_signed && gguf_element_integer(key, 0) < 0;
}

bool gguf_integer(const struct gguf *gguf, const char *name, uint64_t low, uint64_t high, uint64_t *out,
                  struct error *error)
{
    const struct gguf_key *key = gguf_find(gguf, name);
    if (!key)
        return true;
    if (!gguf_is_integer(key->type))
        return wrong_type(gguf, key, "an integer", error);
    const uint64_t value = (uint64_t)gguf_element_integer(key, 0);
    if (is_negative(key))
        return error_set(
            error, "%s: key %s is %" PRId64 ", expected %" PRIu64 " to %" PRIu64 ": use another file of this model",
            gguf_path(gguf), name, (int64_t)value, low, high);
    if (value < low || value > high)
        return error_set(
            error, "%s: key %s is %" PRIu64 ", expected %" PRIu64 " to %" PRIu64 ": use another file of this model",
            gguf_path(gguf), name, value, low, high);
    *out = value;
    return true;
}

bool gguf_real(const struct gguf *gguf, const char *name, double low, double high, double *out, struct error *error)
{
    const struct gguf_key *key = gguf_find(gguf, name);
    if (!key)
        return true;
    if (!gguf_is_integer(key->type) && key->type != GGUF_F32 && key->type != GGUF_F64)
        return wrong_type(gguf, key, "a number", error);
    const double value = double_of(key);
    if (!isfinite(value) || value < low || value > high)
        return error_set(error, "%s: key %s is %g, expected %g to %g: use another file of this model", gguf_path(gguf),
                         name, value, low, high);
    *out = value;
    return true;
}

bool gguf_boolean(const struct gguf *gguf, const char *name, bool *out, struct error *error)
{
    const struct gguf_key *key = gguf_find(gguf, name);
    if (!key)
        return true;
    if (key->type != GGUF_BOOL)
        return wrong_type(gguf, key, "a bool", error);
    *out = key->value.data[0] != 0;
    return true;
}

bool gguf_string(const struct gguf *gguf, const char *name, struct span *out, struct error *error)
{
    const struct gguf_key *key = gguf_find(gguf, name);
    if (!key)
        return true;
    if (key->type != GGUF_STRING)
        return wrong_type(gguf, key, "a string", error);
    *out = key->value;
    return true;
}

struct span gguf_chat_template(const struct gguf *gguf)
{
    const struct gguf_key *key = gguf_find(gguf, "tokenizer.chat_template");
    return key && key->type == GGUF_STRING ? key->value : span_of(NULL, 0);
}

unsigned gguf_pooling(const struct gguf *gguf)
{
    enum { KINDS = 4 };
    char name[128];
    struct span architecture = { 0 };
    uint64_t pooling = 0;
    if (!gguf_string(gguf, "general.architecture", &architecture, NULL) || architecture.bytes > 64)
        return 0;
    snprintf(name, sizeof name, "%.*s.pooling_type", (int)architecture.bytes, (const char *)architecture.data);
    return gguf_integer(gguf, name, 0, KINDS, &pooling, NULL) ? (unsigned)pooling : 0;
}

struct span gguf_next_string(const struct gguf_key *key, size_t *offset)
{
    uint64_t bytes = 0;
    for (size_t k = sizeof bytes; k-- > 0;)
        bytes = bytes << 8 | key->value.data[*offset + k];
    const struct span string = span_of(key->value.data + *offset + sizeof bytes, (size_t)bytes);
    *offset += sizeof bytes + string.bytes;
    return string;
}
