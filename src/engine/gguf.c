/* gguf.c: opening a GGUF file. Whatever a file says is believed only once it was compared with the bytes that are
 * there, so that nothing behind this door has to ask again.
 *
 *   offset 0   "GGUF" | u32 version (2, 3) | u64 tensors | u64 keys
 *   keys       text name | u32 type | value
 *   tensors    text name | u32 dimensions | u64 shape[dimensions] | u32 format | u64 offset into the data
 *   padding    to general.alignment (32)
 *   data       each tensor at a multiple of the alignment
 *
 *   text: u64 length | bytes          array: u32 element type | u64 count | elements
 *
 * All little endian, nothing aligned before the data. One walk over the head, nothing copied but tensors' names: a
 * vocabulary of 262,144 strings costs no allocation. Sorting finds names used twice and data that overlaps, in
 * n log n even where the file is made to be slow, which a hash is not.
 * Source: github.com/ggml-org/ggml/blob/master/docs/gguf.md */
#include "engine/gguf.h"

#include "kernels/kernels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_LEAST_BYTES = 8 + 1 + 4 + 1,            /* a name of one byte, a value of one */
    TENSOR_LEAST_BYTES = 8 + 1 + 4 + 8 + 4 + 8, /* one dimension */
    /* Many times what any model has; reading as many takes some 20 MB and 0.1 s. */
    KEYS_MOST = 1 << 16,
    TENSORS_MOST = 1 << 17,
    KEY_NAME_MOST = 65535,
    TENSOR_NAME_MOST = 63, /* GGML_MAX_NAME less the terminator */
    ALIGNMENT_DEFAULT = 32,
    ALIGNMENT_LEAST = 8,
    ALIGNMENT_MOST = 1 << 21, /* a huge page */
    SHOWN_BYTES = 80,         /* of a name, in errors */
};

struct gguf {
    struct arena arena;
    struct file file; /* closed if the bytes are somebody else's */
    const char *path;
    struct gguf_key *keys; /* by name */
    size_t key_count;
    struct gguf_tensor *tensors; /* as in the file */
    size_t tensor_count;
    const struct gguf_tensor **by_name;
};

/* ---- reading on, piece by piece ---------------------------------------------------------------------------------- */

struct reader {
    const char *path;
    struct span bytes;
    size_t at;
    struct span within; /* name of the key or tensor that is being read, for errors */
    struct error *error;
};

/* "PATH: byte AT: NAME: ...". Returns false. */
static bool PRINTF_LIKE(3, 4) refuse(const struct reader *reader, size_t at, const char *format, ...)
{
    const struct span name = span_of(reader->within.data, size_min(reader->within.bytes, SHOWN_BYTES));
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(reader->error, "%s: byte %zu: %.*s%s%s", reader->path, at, (int)utf8_complete_prefix(name),
                     name.bytes ? (const char *)name.data : "", name.bytes ? ": " : "", what);
}

static size_t offset_of(const struct reader *reader, const unsigned char *place)
{
    return (size_t)(place - reader->bytes.data);
}

static size_t bytes_left(const struct reader *reader)
{
    return reader->bytes.bytes - reader->at;
}

static bool take(struct reader *reader, uint64_t bytes, const char *what, struct span *out)
{
    if (bytes > bytes_left(reader))
        return refuse(reader, reader->at, "%s takes %" PRIu64 " bytes, the file has %zu left: download it again", what,
                      bytes, bytes_left(reader));
    *out = span_of(reader->bytes.data + reader->at, (size_t)bytes);
    reader->at += (size_t)bytes;
    return true;
}

static uint64_t little_endian(struct span bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes.bytes; i-- > 0;)
        value = value << 8 | bytes.data[i];
    return value;
}

static bool take_u64(struct reader *reader, const char *what, uint64_t *out)
{
    struct span bytes = { 0 };
    if (!take(reader, sizeof *out, what, &bytes))
        return false;
    *out = little_endian(bytes);
    return true;
}

static bool take_u32(struct reader *reader, const char *what, uint32_t *out)
{
    struct span bytes = { 0 };
    if (!take(reader, sizeof *out, what, &bytes))
        return false;
    *out = (uint32_t)little_endian(bytes);
    return true;
}

static bool take_text(struct reader *reader, const char *what, struct span *out)
{
    uint64_t length;
    return take_u64(reader, what, &length) && take(reader, length, what, out);
}

/* A number of things that follow, each at least so many bytes long. */
static bool take_count(struct reader *reader, const char *what, size_t least_bytes, size_t *out)
{
    const size_t at = reader->at;
    uint64_t count;
    if (!take_u64(reader, what, &count))
        return false;
    if (count > bytes_left(reader) / least_bytes)
        return refuse(reader, at, "%" PRIu64 " %s of at least %zu bytes, the file has %zu left: download it again",
                      count, what, least_bytes, bytes_left(reader));
    *out = (size_t)count;
    return true;
}

/* A name of readable text, 1 to most bytes. */
static bool take_name(struct reader *reader, const char *what, size_t most, struct span *out)
{
    const size_t at = reader->at;
    if (!take_text(reader, what, out))
        return false;
    if (out->bytes == 0 || out->bytes > most)
        return refuse(reader, at, "%s has %zu bytes, expected 1 to %zu", what, out->bytes, most);
    size_t good = 0;
    const size_t valid = utf8_valid_prefix(*out);
    while (good < valid && out->data[good] >= 0x20 && out->data[good] != 0x7F)
        good++;
    if (good < out->bytes)
        return refuse(reader, at + sizeof(uint64_t) + good, "%s holds the byte 0x%02x, which is no readable text", what,
                      out->data[good]);
    return true;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static bool take_type(struct reader *reader, const char *what, enum gguf_type *out)
{
    const size_t at = reader->at;
    uint32_t number;
    if (!take_u32(reader, what, &number))
        return false;
    if (number > GGUF_F64)
        return refuse(reader, at, "%s is %" PRIu32 ", expected 0 to %d", what, number, GGUF_F64);
    *out = (enum gguf_type)number;
    return true;
}

static bool check_bools(const struct reader *reader, struct span value)
{
    for (size_t i = 0; i < value.bytes; i++)
        if (value.data[i] > 1)
            return refuse(reader, offset_of(reader, value.data + i), "a bool is %u, expected 0 or 1", value.data[i]);
    return true;
}

/* count values of one type, one after the other. */
static bool take_values(struct reader *reader, enum gguf_type type, size_t count, struct span *out)
{
    size_t bytes;
    if (!size_multiply(count, gguf_type_bytes(type), &bytes))
        return refuse(reader, reader->at, "%zu values are more than memory can hold", count);
    if (!take(reader, bytes, "a value", out))
        return false;
    return type != GGUF_BOOL || check_bools(reader, *out);
}

static bool take_strings(struct reader *reader, size_t count, struct span *out)
{
    const size_t start = reader->at;
    struct span string;
    for (size_t i = 0; i < count; i++)
        if (!take_text(reader, "a string in an array", &string))
            return false;
    *out = span_of(reader->bytes.data + start, reader->at - start);
    return true;
}

static bool take_array(struct reader *reader, struct gguf_key *key)
{
    const size_t at = reader->at;
    if (!take_type(reader, "an array's element type", &key->element))
        return false;
    if (key->element == GGUF_ARRAY)
        return refuse(reader, at, "an array of arrays, expected numbers, bools or strings");
    const bool strings = key->element == GGUF_STRING;
    if (!take_count(reader, "elements", strings ? sizeof(uint64_t) : gguf_type_bytes(key->element), &key->count))
        return false;
    return strings ? take_strings(reader, key->count, &key->value)
                   : take_values(reader, key->element, key->count, &key->value);
}

static bool take_key(struct reader *reader, struct gguf_key *key)
{
    reader->within = span_of(NULL, 0);
    if (!take_name(reader, "a key's name", KEY_NAME_MOST, &key->name))
        return false;
    reader->within = key->name;
    if (!take_type(reader, "its type", &key->type))
        return false;
    key->element = key->type;
    key->count = 1;
    if (key->type == GGUF_ARRAY)
        return take_array(reader, key);
    if (key->type == GGUF_STRING)
        return take_text(reader, "its text", &key->value);
    return take_values(reader, key->type, 1, &key->value);
}

static int compare_spans(struct span a, struct span b)
{
    const int order = memcmp(a.data, b.data, size_min(a.bytes, b.bytes));
    return order ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static int compare_addresses(const void *a, const void *b)
{
    return ((const char *)a > (const char *)b) - ((const char *)a < (const char *)b);
}

/* By name; equal names in the file's order. */
static int compare_keys(const void *a, const void *b)
{
    const struct gguf_key *first = a, *second = b;
    const int order = compare_spans(first->name, second->name);
    return order ? order : compare_addresses(first->name.data, second->name.data);
}

static bool take_keys(struct reader *reader, struct gguf *gguf)
{
    gguf->keys = arena_take(&gguf->arena, gguf->key_count, sizeof *gguf->keys);
    if (!gguf->keys)
        return error_memory(reader->error, gguf->key_count * sizeof *gguf->keys);
    for (size_t i = 0; i < gguf->key_count; i++)
        if (!take_key(reader, &gguf->keys[i]))
            return false;
    qsort(gguf->keys, gguf->key_count, sizeof *gguf->keys, compare_keys);
    for (size_t i = 1; i < gguf->key_count; i++) {
        reader->within = gguf->keys[i].name;
        if (span_equal(gguf->keys[i - 1].name, gguf->keys[i].name))
            return refuse(reader, offset_of(reader, gguf->keys[i].name.data), "a second key of this name");
    }
    reader->within = span_of(NULL, 0);
    return true;
}

/* The specification asks for a multiple of 8; ggml for a power of two. */
static bool find_alignment(struct reader *reader, const struct gguf *gguf, size_t *out)
{
    *out = ALIGNMENT_DEFAULT;
    const struct gguf_key *key = gguf_find(gguf, "general.alignment");
    if (!key)
        return true;
    reader->within = key->name;
    const size_t at = offset_of(reader, key->value.data);
    if (key->type != GGUF_U32)
        return refuse(reader, at, "its type is %s, expected u32", gguf_type_name(key->type));
    *out = (size_t)little_endian(key->value);
    if (*out < ALIGNMENT_LEAST || *out > ALIGNMENT_MOST || (*out & (*out - 1)) != 0)
        return refuse(reader, at, "it is %zu, expected a power of two from %d to %d", *out, ALIGNMENT_LEAST,
                      ALIGNMENT_MOST);
    reader->within = span_of(NULL, 0);
    return true;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* Where in the file a tensor's description says what can be judged only once all are read. */
struct description {
    size_t name_at, offset_at;
};

static bool take_shape(struct reader *reader, uint64_t shape[GGUF_DIMENSIONS], size_t *shape_at)
{
    const size_t at = reader->at;
    uint32_t dimensions;
    if (!take_u32(reader, "the number of its dimensions", &dimensions))
        return false;
    if (dimensions < 1 || dimensions > GGUF_DIMENSIONS)
        return refuse(reader, at, "%" PRIu32 " dimensions, expected 1 to %d", dimensions, GGUF_DIMENSIONS);
    *shape_at = reader->at;
    for (size_t i = 0; i < GGUF_DIMENSIONS; i++) {
        const size_t dimension_at = reader->at;
        shape[i] = 1;
        if (i < dimensions && !take_u64(reader, "a dimension", &shape[i]))
            return false;
        if (shape[i] < 1 || shape[i] > INT64_MAX)
            return refuse(reader, dimension_at, "dimension %zu is %" PRIu64 ", expected 1 to 2^63 - 1", i, shape[i]);
    }
    return true;
}

/* How many bytes the tensor's data take; its shape lies at shape_at. */
static bool measure(const struct reader *reader, const struct gguf_tensor *tensor, const struct format *format,
                    size_t shape_at, size_t *out)
{
    const uint64_t *shape = tensor->shape;
    if (shape[0] % format->block != 0)
        return refuse(reader, shape_at,
                      "rows of %" PRIu64 " values, expected a multiple of %" PRIu32 ", the block of %s", shape[0],
                      format->block, format->name);
    size_t values = shape[0], bytes = 0;
    bool fits = true;
    for (size_t i = 1; i < GGUF_DIMENSIONS && fits; i++)
        fits = size_multiply(values, shape[i], &values);
    if (!fits || !size_multiply(values / format->block, format->block_bytes, &bytes))
        return refuse(reader, shape_at,
                      "%" PRIu64 " x %" PRIu64 " x %" PRIu64 " x %" PRIu64
                      " values of %s are more than memory can hold",
                      shape[0], shape[1], shape[2], shape[3], format->name);
    *out = bytes;
    return true;
}

/* Reads all but where the data lie, which depends on where the last description ends; data.bytes is set. */
static bool take_tensor(struct reader *reader, struct arena *arena, struct gguf_tensor *tensor,
                        struct description *description)
{
    struct span name;
    reader->within = span_of(NULL, 0);
    if (!take_name(reader, "a tensor's name", TENSOR_NAME_MOST, &name))
        return false;
    reader->within = name;
    description->name_at = offset_of(reader, name.data);
    tensor->name = arena_text(arena, name);
    if (!tensor->name)
        return error_memory(reader->error, name.bytes);
    size_t shape_at = 0;
    if (!take_shape(reader, tensor->shape, &shape_at))
        return false;
    const size_t format_at = reader->at;
    if (!take_u32(reader, "its format", &tensor->format))
        return false;
    const struct format *format = format_find(tensor->format);
    if (!format)
        return refuse(reader, format_at,
                      "its format has number %" PRIu32 ", which is unknown here: update Bastide, "
                      "or use a file in another format",
                      tensor->format);
    description->offset_at = reader->at;
    uint64_t offset;
    return measure(reader, tensor, format, shape_at, &tensor->data.bytes) && take_u64(reader, "its offset", &offset);
}

/* Gives a tensor its bytes, those at its offset in data. */
static bool place(struct reader *reader, struct gguf_tensor *tensor, size_t offset_at, struct span data,
                  size_t alignment)
{
    const uint64_t offset = little_endian(span_of(reader->bytes.data + offset_at, sizeof offset));
    reader->within = span_text(tensor->name);
    if (offset % alignment != 0)
        return refuse(reader, offset_at, "its offset is %" PRIu64 ", expected a multiple of %zu", offset, alignment);
    if (offset > data.bytes || !span_has(data, (size_t)offset, tensor->data.bytes))
        return refuse(reader, offset_at,
                      "it needs %zu bytes at %" PRIu64 " of the data, which have %zu: download it again",
                      tensor->data.bytes, offset, data.bytes);
    tensor->data.data = data.data + offset;
    return true;
}

static bool place_all(struct reader *reader, struct gguf *gguf, const struct description *descriptions,
                      size_t alignment)
{
    const size_t padding = (alignment - reader->at % alignment) % alignment;
    const size_t start = reader->at + size_min(padding, bytes_left(reader));
    const struct span data = span_of(reader->bytes.data + start, reader->bytes.bytes - start);
    for (size_t i = 0; i < gguf->tensor_count; i++)
        if (!place(reader, &gguf->tensors[i], descriptions[i].offset_at, data, alignment))
            return false;
    return true;
}

static int compare_places(const void *a, const void *b)
{
    const struct gguf_tensor *const *first = a, *const *second = b;
    const int order = compare_addresses((*first)->data.data, (*second)->data.data);
    return order ? order : compare_addresses(*first, *second);
}

static int compare_names(const void *a, const void *b)
{
    const struct gguf_tensor *const *first = a, *const *second = b;
    const int order = strcmp((*first)->name, (*second)->name);
    return order ? order : compare_addresses(*first, *second);
}

static bool check_overlap(struct reader *reader, struct gguf *gguf, const struct description *descriptions)
{
    qsort(gguf->by_name, gguf->tensor_count, sizeof *gguf->by_name, compare_places);
    for (size_t i = 1; i < gguf->tensor_count; i++) {
        const struct gguf_tensor *before = gguf->by_name[i - 1], *tensor = gguf->by_name[i];
        reader->within = span_text(tensor->name);
        if (before->data.bytes > (size_t)(tensor->data.data - before->data.data))
            return refuse(reader, descriptions[tensor - gguf->tensors].offset_at,
                          "its data begin at byte %zu, inside those of %s", offset_of(reader, tensor->data.data),
                          before->name);
    }
    return true;
}

/* Leaves by_name sorted. */
static bool check_names(struct reader *reader, struct gguf *gguf, const struct description *descriptions)
{
    qsort(gguf->by_name, gguf->tensor_count, sizeof *gguf->by_name, compare_names);
    for (size_t i = 1; i < gguf->tensor_count; i++) {
        const struct gguf_tensor *tensor = gguf->by_name[i];
        reader->within = span_text(tensor->name);
        if (strcmp(gguf->by_name[i - 1]->name, tensor->name) == 0)
            return refuse(reader, descriptions[tensor - gguf->tensors].name_at, "a second tensor of this name");
    }
    return true;
}

static bool take_tensors(struct reader *reader, struct gguf *gguf)
{
    const size_t count = gguf->tensor_count;
    struct description *descriptions = arena_take(&gguf->arena, count, sizeof *descriptions);
    gguf->tensors = arena_take(&gguf->arena, count, sizeof *gguf->tensors);
    gguf->by_name = arena_take(&gguf->arena, count, sizeof *gguf->by_name);
    if (!descriptions || !gguf->tensors || !gguf->by_name)
        return error_memory(reader->error, count * sizeof *gguf->tensors);
    size_t alignment;
    if (!find_alignment(reader, gguf, &alignment))
        return false;
    for (size_t i = 0; i < count; i++) {
        gguf->by_name[i] = &gguf->tensors[i];
        if (!take_tensor(reader, &gguf->arena, &gguf->tensors[i], &descriptions[i]))
            return false;
    }
    return place_all(reader, gguf, descriptions, alignment) && check_overlap(reader, gguf, descriptions) &&
           check_names(reader, gguf, descriptions);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static bool take_version(struct reader *reader)
{
    struct span magic = { 0 };
    if (!take(reader, 4, "the magic number \"GGUF\"", &magic))
        return false;
    if (memcmp(magic.data, "GGUF", magic.bytes) != 0)
        return refuse(reader, 0, "it begins with %02x %02x %02x %02x, expected \"GGUF\": this is no GGUF file",
                      magic.data[0], magic.data[1], magic.data[2], magic.data[3]);
    const size_t at = reader->at;
    uint32_t version;
    if (!take_u32(reader, "the version", &version))
        return false;
    if (version == 2 || version == 3)
        return true;
    if (version == 1)
        return refuse(reader, at, "version 1, expected 2 or 3: convert the model again, or download a newer file");
    if (version != 0 && (version & 0xFFFF) == 0)
        return refuse(reader, at,
                      "version 0x%08" PRIx32 ", expected 2 or 3: a big-endian file, which Bastide does not "
                      "read: use the little-endian one",
                      version);
    return refuse(reader, at, "version %" PRIu32 ", expected 2 or 3: update Bastide, or use another file", version);
}

static bool read_all(struct reader *reader, struct gguf *gguf)
{
    const size_t tensors_at = 8, keys_at = 16;
    if (!take_version(reader) || !take_count(reader, "tensors", TENSOR_LEAST_BYTES, &gguf->tensor_count) ||
        !take_count(reader, "keys", KEY_LEAST_BYTES, &gguf->key_count))
        return false;
    if (gguf->tensor_count > TENSORS_MOST)
        return refuse(reader, tensors_at, "%zu tensors, expected at most %d", gguf->tensor_count, TENSORS_MOST);
    if (gguf->key_count > KEYS_MOST)
        return refuse(reader, keys_at, "%zu keys, expected at most %d", gguf->key_count, KEYS_MOST);
    return take_keys(reader, gguf) && take_tensors(reader, gguf);
}

static bool read_into(struct gguf *gguf, struct span bytes, const char *name, struct error *error)
{
    gguf->path = arena_text(&gguf->arena, span_text(name));
    if (!gguf->path)
        return error_memory(error, strlen(name));
    struct reader reader = { .path = gguf->path, .bytes = bytes, .error = error };
    return read_all(&reader, gguf);
}

bool gguf_read(struct span bytes, const char *name, struct gguf **out, struct error *error)
{
    struct gguf *gguf = calloc(1, sizeof *gguf);
    if (!gguf)
        return error_memory(error, sizeof *gguf);
    if (!read_into(gguf, bytes, name, error)) {
        gguf_close(gguf);
        return false;
    }
    *out = gguf;
    return true;
}

bool gguf_open(const char *path, struct gguf **out, struct error *error)
{
    struct gguf *gguf = calloc(1, sizeof *gguf);
    if (!gguf)
        return error_memory(error, sizeof *gguf);
    if (!file_map(path, &gguf->file, error) || !read_into(gguf, gguf->file.bytes, path, error)) {
        gguf_close(gguf);
        return false;
    }
    *out = gguf;
    return true;
}

void gguf_close(struct gguf *gguf)
{
    if (!gguf)
        return;
    file_close(&gguf->file);
    arena_free(&gguf->arena);
    free(gguf);
}

const char *gguf_path(const struct gguf *gguf)
{
    return gguf->path;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

size_t gguf_key_count(const struct gguf *gguf)
{
    return gguf->key_count;
}

const struct gguf_key *gguf_key_at(const struct gguf *gguf, size_t i)
{
    return &gguf->keys[i];
}

static int compare_with_key(const void *name, const void *key)
{
    return compare_spans(*(const struct span *)name, ((const struct gguf_key *)key)->name);
}

const struct gguf_key *gguf_find(const struct gguf *gguf, const char *name)
{
    const struct span wanted = span_text(name);
    return bsearch(&wanted, gguf->keys, gguf->key_count, sizeof *gguf->keys, compare_with_key);
}

size_t gguf_tensor_count(const struct gguf *gguf)
{
    return gguf->tensor_count;
}

const struct gguf_tensor *gguf_tensor_at(const struct gguf *gguf, size_t i)
{
    return &gguf->tensors[i];
}

static int compare_with_tensor(const void *name, const void *tensor)
{
    return strcmp(name, (*(const struct gguf_tensor *const *)tensor)->name);
}

const struct gguf_tensor *gguf_tensor_find(const struct gguf *gguf, const char *name)
{
    const struct gguf_tensor *const *found = bsearch(name, gguf->by_name, gguf->tensor_count, sizeof *gguf->by_name,
                                                     compare_with_tensor);
    return found ? *found : NULL;
}
