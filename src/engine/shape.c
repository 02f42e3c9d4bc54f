/* shape.c: a model's numbers, from the keys of its file. Every one has a range: nothing that comes later divides by
 * zero or multiplies past the end because a file said so. */
#include "engine/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_LAYERS = 1024, MOST_WIDTH = 1 << 18, MOST_HEADS = 4096, MOST_VOCABULARY = 1 << 24, MOST_CONTEXT = 1 << 28 };

/* "ARCHITECTURE.key" */
static const char *key_name(const struct shape *shape, const char *key, char name[128])
{
    snprintf(name, 128, "%s.%s", shape->architecture->name, key);
    return name;
}

/* A number that must be there if needed. */
static bool read_size(const struct gguf *gguf, const struct shape *shape, const char *key, size_t most, bool needed,
                      size_t *out, struct error *error)
{
    char name[128];
    key_name(shape, key, name);
    if (needed && !gguf_find(gguf, name))
        return error_set(error, "%s: key %s is missing: this is no complete %s model", gguf_path(gguf), name,
                         shape->architecture->name);
    uint64_t value = *out;
    if (!gguf_integer(gguf, name, 1, most, &value, error))
        return false;
    *out = (size_t)value;
    return true;
}

static bool read_double(const struct gguf *gguf, const struct shape *shape, const char *key, double low, double high,
                        double *out, struct error *error)
{
    char name[128];
    return gguf_real(gguf, key_name(shape, key, name), low, high, out, error);
}

/* A number for all layers alike. Files may give an array with one for each; those of models that differ by layer
 * belong to other architectures. */
static bool read_size_of_layers(const struct gguf *gguf, const struct shape *shape, const char *key, size_t most,
                                size_t *out, struct error *error)
{
    char name[128];
    const struct gguf_key *found = gguf_find(gguf, key_name(shape, key, name));
    if (!found || found->type != GGUF_ARRAY)
        return read_size(gguf, shape, key, most, false, out, error);
    if (!gguf_is_integer(found->element) || found->count != shape->layers)
        return error_set(error, "%s: key %s: an array of %zu integers is expected", gguf_path(gguf), name,
                         shape->layers);
    const int64_t first = gguf_element_integer(found, 0);
    for (size_t i = 0; i < found->count; i++)
        if (gguf_element_integer(found, i) != first || first < 1 || first > (int64_t)most)
            return error_set(error, "%s: key %s: layers that differ in it are not supported", gguf_path(gguf), name);
    *out = (size_t)first;
    return true;
}

static bool read_architecture(const struct gguf *gguf, struct shape *shape, struct error *error)
{
    struct span name = { 0 };
    if (!gguf_string(gguf, "general.architecture", &name, error))
        return false;
    if (name.bytes == 0)
        return error_set(error, "%s: key general.architecture is missing: this is no model", gguf_path(gguf));
    char names[512];
    shape->architecture = architecture_find(name);
    return shape->architecture ||
           error_set(error, "%s: architecture %.*s is not supported: supported are %s", gguf_path(gguf),
                     (int)size_min(name.bytes, 64), (const char *)name.data, architecture_names(names, sizeof names));
}

static bool read_sizes(const struct gguf *gguf, struct shape *shape, struct error *error)
{
    if (!read_size(gguf, shape, "block_count", MOST_LAYERS, true, &shape->layers, error) ||
        !read_size(gguf, shape, "embedding_length", MOST_WIDTH, true, &shape->width, error) ||
        !read_size(gguf, shape, "attention.head_count", MOST_HEADS, true, &shape->heads, error) ||
        !read_size(gguf, shape, "context_length", MOST_CONTEXT, true, &shape->context, error) ||
        !read_size_of_layers(gguf, shape, "feed_forward_length", MOST_WIDTH, &shape->ffn, error))
        return false;
    shape->kv_heads = shape->heads;
    shape->head = shape->width / shape->heads;
    size_t value_length = 0;
    if (!read_size_of_layers(gguf, shape, "attention.head_count_kv", MOST_HEADS, &shape->kv_heads, error) ||
        !read_size(gguf, shape, "attention.key_length", MOST_HEAD, false, &shape->head, error) ||
        !read_size(gguf, shape, "attention.value_length", MOST_HEAD, false, &value_length, error))
        return false;
    if (shape->heads % shape->kv_heads != 0)
        return error_set(error, "%s: %zu heads can't share %zu key-value heads evenly", gguf_path(gguf), shape->heads,
                         shape->kv_heads);
    if (shape->head == 0 || shape->head > MOST_HEAD || (value_length != 0 && value_length != shape->head))
        return error_set(error, "%s: heads of %zu keys and %zu values are not supported", gguf_path(gguf), shape->head,
                         value_length);
    if (shape->ffn == 0)
        return error_set(error, "%s: key %s.feed_forward_length is missing", gguf_path(gguf),
                         shape->architecture->name);
    return true;
}

/* Rows of the embedding: what the vocabulary is, whatever the keys say. */
static bool read_vocabulary(const struct gguf *gguf, struct shape *shape, struct error *error)
{
    const struct gguf_tensor *embedding = gguf_tensor_find(gguf, "token_embd.weight");
    if (!embedding)
        return error_set(error, "%s: tensor token_embd.weight is missing: a file with a vocabulary only?",
                         gguf_path(gguf));
    shape->vocabulary = (size_t)embedding->shape[1];
    return (shape->vocabulary >= 1 && shape->vocabulary <= MOST_VOCABULARY) ||
           error_set(error, "%s: tensor token_embd.weight: a vocabulary of 1 to %d is expected, found %zu",
                     gguf_path(gguf), MOST_VOCABULARY, shape->vocabulary);
}

/* What this version cannot do, named, rather than wrong answers. */
static bool refuse_unsupported(const struct gguf *gguf, const struct shape *shape, struct error *error)
{
    char name[128];
    uint64_t experts = 0;
    if (!gguf_integer(gguf, key_name(shape, "expert_count", name), 0, UINT32_MAX, &experts, error))
        return false;
    if (experts > 0)
        return error_set(error, "%s: mixtures of experts are not supported (%s = %llu)", gguf_path(gguf), name,
                         (unsigned long long)experts);
    struct span scaling = span_text("none");
    if (!gguf_string(gguf, key_name(shape, "rope.scaling.type", name), &scaling, error))
        return false;
    return span_equal(scaling, span_text("none")) || span_equal(scaling, span_text("linear")) ||
           error_set(error, "%s: rope scaling %.*s is not supported: none and linear are", gguf_path(gguf),
                     (int)size_min(scaling.bytes, 32), (const char *)scaling.data);
}

static bool read_rope(const struct gguf *gguf, struct shape *shape, struct error *error)
{
    shape->rope_dimensions = shape->head;
    shape->rope_base = 10000.0;
    shape->local_rope_base = shape->architecture->local_rope_base;
    shape->rope_factor = 1.0;
    struct span scaling = span_text("linear"); /* a bare factor means linear */
    char name[128];
    if (!read_size(gguf, shape, "rope.dimension_count", MOST_HEAD, false, &shape->rope_dimensions, error) ||
        !read_double(gguf, shape, "rope.freq_base", 1.0, 1e12, &shape->rope_base, error) ||
        !read_double(gguf, shape, "rope.freq_base_swa", 1.0, 1e12, &shape->local_rope_base, error) ||
        !read_double(gguf, shape, "rope.scale_linear", 1e-6, 1e6, &shape->rope_factor, error) ||
        !read_double(gguf, shape, "rope.scaling.factor", 1e-6, 1e6, &shape->rope_factor, error) ||
        !gguf_string(gguf, key_name(shape, "rope.scaling.type", name), &scaling, error))
        return false;
    if (span_equal(scaling, span_text("none")))
        shape->rope_factor = 1.0;
    return (shape->rope_dimensions <= shape->head && shape->rope_dimensions % 2 == 0) ||
           error_set(error, "%s: rope of %zu dimensions in heads of %zu: an even number, at most the head, is expected",
                     gguf_path(gguf), shape->rope_dimensions, shape->head);
}

static bool read_scales(const struct gguf *gguf, struct shape *shape, struct error *error)
{
    const struct architecture *architecture = shape->architecture;
    double epsilon = 1e-5, soft_cap = 0;
    if (!read_double(gguf, shape, "attention.layer_norm_rms_epsilon", 0, 1, &epsilon, error) ||
        !read_double(gguf, shape, "final_logit_softcapping", 0, 1e6, &soft_cap, error))
        return false;
    const bool by_width = shape->layers == architecture->layers_scaled_by_width;
    const double scaled = by_width ? (double)shape->width / (double)shape->heads : (double)shape->head;
    shape->norm_epsilon = (float)epsilon;
    shape->final_soft_cap = (float)soft_cap;
    shape->attention_scale = (float)(1.0 / sqrt(scaled));
    shape->embedding_scale = architecture->scale_embedding ? sqrtf((float)shape->width) : 1.0f;
    return true;
}

/* The pattern of windows: every so manieth layer is global (a scalar key or the architecture's own number), or an
 * array that says of each layer whether it is local. */
static bool read_windows(const struct gguf *gguf, struct shape *shape, bool *is_local, struct error *error)
{
    if (shape->architecture->global_every == 0)
        return true;
    char name[128];
    if (!read_size(gguf, shape, "attention.sliding_window", MOST_CONTEXT, false, &shape->window, error))
        return false;
    if (shape->window == 0)
        return true;
    const struct gguf_key *pattern = gguf_find(gguf, key_name(shape, "attention.sliding_window_pattern", name));
    if (pattern && pattern->type == GGUF_ARRAY) {
        if (pattern->element != GGUF_BOOL && !gguf_is_integer(pattern->element))
            return error_set(error, "%s: key %s: an array of booleans is expected", gguf_path(gguf), name);
        if (pattern->count != shape->layers)
            return error_set(error, "%s: key %s: %zu values are expected, one a layer, found %zu", gguf_path(gguf),
                             name, shape->layers, pattern->count);
        for (size_t i = 0; i < shape->layers; i++)
            is_local[i] = gguf_element_integer(pattern, i) != 0;
        return true;
    }
    uint64_t every = shape->architecture->global_every;
    if (!gguf_integer(gguf, name, 1, MOST_LAYERS, &every, error))
        return false;
    for (size_t i = 0; i < shape->layers; i++)
        is_local[i] = (i + 1) % every != 0;
    return true;
}

bool shape_read(const struct gguf *gguf, struct arena *arena, struct shape *out, bool **is_local, struct error *error)
{
    *out = (struct shape){ 0 };
    if (!read_architecture(gguf, out, error) || !read_sizes(gguf, out, error) || !read_vocabulary(gguf, out, error) ||
        !refuse_unsupported(gguf, out, error) || !read_rope(gguf, out, error) || !read_scales(gguf, out, error))
        return false;
    *is_local = arena_take(arena, out->layers, sizeof **is_local);
    return *is_local ? read_windows(gguf, out, *is_local, error) : error_memory(error, out->layers);
}
