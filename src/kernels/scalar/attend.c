/* attend.c: attention over pages of the KV cache, in portable C; kernels.h draws a page.
 * Each query walks its pages in order and merges them by the online softmax (Milakov and Gimelshein 2018), so that its
 * bits depend on nothing but the positions that it sees. */
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

static void attend_one(const struct attention *attention, const struct query *query, enum cache_type type)
{
    const size_t size = attention->size;
    float most = -INFINITY, total = 0;
    memset(query->out, 0, size * sizeof *query->out);
    for (size_t page = query->first / POSITIONS; page <= query->last / POSITIONS; page++) {
        const unsigned char *keys = attention->pages[page] + attention->page_offset;
        const unsigned char *values = keys + size * POSITIONS * cache_bytes[type];
        const size_t from = page * POSITIONS > query->first ? 0 : query->first % POSITIONS;
        const size_t to = size_min(POSITIONS, query->last + 1 - page * POSITIONS);
        float weight[POSITIONS], page_most = most;
        for (size_t p = from; p < to; p++) {
            weight[p] = 0;
            for (size_t d = 0; d < size; d++)
                weight[p] += query->q[d] * read_number(keys, d * POSITIONS + p, type);
            page_most = weight[p] > page_most ? weight[p] : page_most;
        }
        const float correction = expf(most - page_most);
        most = page_most;
        total *= correction;
        for (size_t d = 0; d < size; d++)
            query->out[d] *= correction;
        for (size_t p = from; p < to; p++) {
            const float share = expf(weight[p] - most);
            total += share;
            for (size_t d = 0; d < size; d++)
                query->out[d] += share * read_number(values, p * size + d, type);
        }
    }
    for (size_t d = 0; d < size; d++)
        query->out[d] /= total;
}

static void attend_f32(const struct attention *attention)
{
    for (size_t i = 0; i < attention->count; i++)
        attend_one(attention, &attention->query[i], CACHE_F32);
}

static void attend_f16(const struct attention *attention)
{
    for (size_t i = 0; i < attention->count; i++)
        attend_one(attention, &attention->query[i], CACHE_F16);
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
    kernels->attend[CACHE_F32] = attend_f32;
    kernels->attend[CACHE_F16] = attend_f16;
    kernels->store[CACHE_F32] = store_f32;
    kernels->store[CACHE_F16] = store_f16;
}
