/* attend.c: what attention does with a page of the KV cache, in portable C; kernels.h draws a page. */
#include "kernels/formats.h"
#include "kernels/scalar/scalar.h"

#include <math.h>

enum { POSITIONS = PAGE_POSITIONS };

static const size_t cache_bytes[CACHE_TYPES] = { [CACHE_F32] = 4, [CACHE_F16] = 2 };

static float read_number(const unsigned char *numbers, size_t i, enum cache_type type)
{
    return type == CACHE_F32 ? float_of_bits(read_u32(numbers + 4 * i)) : read_f16(numbers + 2 * i);
}

static void write_number(unsigned char *numbers, size_t i, enum cache_type type, float value)
{
    if (type == CACHE_F32) {
        memcpy(numbers + 4 * i, &value, 4);
    } else {
        const uint16_t half = f32_to_f16(value);
        memcpy(numbers + 2 * i, &half, 2);
    }
}

static void score_page(const struct attention *attention, const unsigned char *keys, float scores[][POSITIONS],
                       enum cache_type type)
{
    memset(scores, 0, attention->count * sizeof scores[0]);
    for (size_t i = 0; i < attention->count; i++)
        for (size_t d = 0; d < attention->size; d++)
            for (size_t p = 0; p < POSITIONS; p++)
                scores[i][p] += attention->query[i].q[d] * read_number(keys, d * POSITIONS + p, type);
}

static float weigh_page(float scores[POSITIONS], uint32_t mask, struct running *running)
{
    float most = running->most;
    for (size_t p = 0; p < POSITIONS; p++)
        if (mask >> p & 1 && scores[p] > most)
            most = scores[p];
    const float correction = expf(running->most - most);
    running->most = most;
    running->total *= correction;
    for (size_t p = 0; p < POSITIONS; p++) {
        scores[p] = mask >> p & 1 ? expf(scores[p] - most) : 0;
        running->total += scores[p];
    }
    return correction;
}

static void add_page(const struct attention *attention, const unsigned char *values, float weights[][POSITIONS],
                     const float correction[], enum cache_type type)
{
    for (size_t i = 0; i < attention->count; i++) {
        float *out = attention->query[i].out;
        for (size_t d = 0; d < attention->size; d++)
            out[d] *= correction[i];
        for (size_t p = 0; p < POSITIONS; p++)
            for (size_t d = 0; d < attention->size; d++)
                out[d] += weights[i][p] * read_number(values, p * attention->size + d, type);
    }
}

static void score_page_f32(const struct attention *attention, const unsigned char *keys, float scores[][POSITIONS])
{
    score_page(attention, keys, scores, CACHE_F32);
}

static void score_page_f16(const struct attention *attention, const unsigned char *keys, float scores[][POSITIONS])
{
    score_page(attention, keys, scores, CACHE_F16);
}

static void add_page_f32(const struct attention *attention, const unsigned char *values, float weights[][POSITIONS],
                         const float correction[])
{
    add_page(attention, values, weights, correction, CACHE_F32);
}

static void add_page_f16(const struct attention *attention, const unsigned char *values, float weights[][POSITIONS],
                         const float correction[])
{
    add_page(attention, values, weights, correction, CACHE_F16);
}

static void store(unsigned char *head, size_t size, size_t position, const float *key, const float *value,
                  enum cache_type type)
{
    unsigned char *values = head + size * POSITIONS * cache_bytes[type];
    for (size_t d = 0; d < size; d++) {
        write_number(head, d * POSITIONS + position, type, key[d]);
        write_number(values, position * size + d, type, value[d]);
    }
}

static void store_f32(unsigned char *head, size_t size, size_t position, const float *key, const float *value)
{
    store(head, size, position, key, value, CACHE_F32);
}

static void store_f16(unsigned char *head, size_t size, size_t position, const float *key, const float *value)
{
    store(head, size, position, key, value, CACHE_F16);
}

void scalar_fill_attend(struct kernels *kernels)
{
    kernels->score_page[CACHE_F32] = score_page_f32;
    kernels->score_page[CACHE_F16] = score_page_f16;
    kernels->weigh_page = weigh_page;
    kernels->add_page[CACHE_F32] = add_page_f32;
    kernels->add_page[CACHE_F16] = add_page_f16;
    kernels->store[CACHE_F32] = store_f32;
    kernels->store[CACHE_F16] = store_f16;
}
