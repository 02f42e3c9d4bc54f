/* attend.c: what attention does with a page of the KV cache, AVX-512; kernels.h draws a page.
 *
 * Scores: a lane is a position, so that each is one chain of multiply-adds over the head's dimensions. Values: a lane
 * is a dimension, one chain over the positions. Only the largest score and the sum of a page's weights run across a
 * register, always in the same order. A query's bits do not depend on which others share its registers. */
#include "kernels/avx512/avx512.h"

#include <math.h>

enum { POSITIONS = PAGE_POSITIONS, CHUNK = 64 };

INLINE __m512 load_numbers(const unsigned char *numbers, size_t i, enum cache_type type)
{
    return type == CACHE_F32 ? _mm512_loadu_ps(numbers + 4 * i) : load_halves(numbers + 2 * i);
}

/* Scores of n queries for the 32 positions of a page. */
INLINE void score_n(const struct attention *attention, const unsigned char *keys, const size_t n, enum cache_type type,
                    float scores[][POSITIONS])
{
    __m512 low[MOST_QUERIES], high[MOST_QUERIES];
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++)
        low[i] = high[i] = _mm512_setzero_ps();
    for (size_t d = 0; d < attention->size; d++) {
        const __m512 k0 = load_numbers(keys, d * POSITIONS, type), k1 = load_numbers(keys, d * POSITIONS + 16, type);
#pragma GCC unroll 6
        for (size_t i = 0; i < n; i++) {
            const __m512 q = _mm512_set1_ps(attention->query[i].q[d]);
            low[i] = _mm512_fmadd_ps(k0, q, low[i]);
            high[i] = _mm512_fmadd_ps(k1, q, high[i]);
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++) {
        _mm512_storeu_ps(scores[i], low[i]);
        _mm512_storeu_ps(scores[i] + 16, high[i]);
    }
}

/* Scores to weights, in place; returns by how much what was found before shrinks. */
static float weigh_page(float scores[POSITIONS], uint32_t mask, struct running *running)
{
    const __mmask16 low_mask = (__mmask16)mask, high_mask = (__mmask16)(mask >> 16);
    const __m512 none = _mm512_set1_ps(-INFINITY);
    const __m512 low = _mm512_mask_loadu_ps(none, low_mask, scores);
    const __m512 high = _mm512_mask_loadu_ps(none, high_mask, scores + 16);
    const float most = fmaxf(running->most, _mm512_reduce_max_ps(_mm512_max_ps(low, high)));
    const __m512 shift = _mm512_set1_ps(most);
    const __m512 a = _mm512_maskz_mov_ps(low_mask, exp_16(_mm512_sub_ps(low, shift)));
    const __m512 b = _mm512_maskz_mov_ps(high_mask, exp_16(_mm512_sub_ps(high, shift)));
    const float correction = _mm512_cvtss_f32(exp_16(_mm512_set1_ps(running->most - most)));
    _mm512_storeu_ps(scores, a);
    _mm512_storeu_ps(scores + 16, b);
    running->total = running->total * correction + _mm512_reduce_add_ps(_mm512_add_ps(a, b));
    running->most = most;
    return correction;
}

/* Adds weights x values of v registers of dimensions from d on, for n queries. */
INLINE void add_values(const struct attention *attention, const unsigned char *values, const size_t n, const size_t v,
                       size_t d, enum cache_type type, float weights[][POSITIONS], const float correction[])
{
    __m512 sums[MOST_QUERIES][4];
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++)
            sums[i][j] = _mm512_mul_ps(_mm512_loadu_ps(attention->query[i].out + d + 16 * j),
                                       _mm512_set1_ps(correction[i]));
    for (size_t p = 0; p < POSITIONS; p++) {
        __m512 row[4];
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++)
            row[j] = load_numbers(values, p * attention->size + d + 16 * j, type);
#pragma GCC unroll 6
        for (size_t i = 0; i < n; i++) {
            const __m512 weight = _mm512_set1_ps(weights[i][p]);
#pragma GCC unroll 4
            for (size_t j = 0; j < v; j++)
                sums[i][j] = _mm512_fmadd_ps(row[j], weight, sums[i][j]);
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++)
            _mm512_storeu_ps(attention->query[i].out + d + 16 * j, sums[i][j]);
}

INLINE void add_all(const struct attention *attention, const unsigned char *values, const size_t n,
                    enum cache_type type, float weights[][POSITIONS], const float correction[])
{
    size_t d = 0;
    for (; d + CHUNK <= attention->size; d += CHUNK)
        add_values(attention, values, n, 4, d, type, weights, correction);
    for (; d < attention->size; d += 16)
        add_values(attention, values, n, 1, d, type, weights, correction);
}

INLINE void score(const struct attention *attention, const unsigned char *keys, enum cache_type type,
                  float scores[][POSITIONS])
{
    switch (attention->count) {
    case 1:
        score_n(attention, keys, 1, type, scores);
        return;
    case 2:
        score_n(attention, keys, 2, type, scores);
        return;
    case 3:
        score_n(attention, keys, 3, type, scores);
        return;
    case 4:
        score_n(attention, keys, 4, type, scores);
        return;
    case 5:
        score_n(attention, keys, 5, type, scores);
        return;
    default:
        score_n(attention, keys, 6, type, scores);
        return;
    }
}

INLINE void add(const struct attention *attention, const unsigned char *values, enum cache_type type,
                float weights[][POSITIONS], const float correction[])
{
    switch (attention->count) {
    case 1:
        add_all(attention, values, 1, type, weights, correction);
        return;
    case 2:
        add_all(attention, values, 2, type, weights, correction);
        return;
    case 3:
        add_all(attention, values, 3, type, weights, correction);
        return;
    case 4:
        add_all(attention, values, 4, type, weights, correction);
        return;
    case 5:
        add_all(attention, values, 5, type, weights, correction);
        return;
    default:
        add_all(attention, values, 6, type, weights, correction);
        return;
    }
}

static void score_page_f32(const struct attention *attention, const unsigned char *keys, float scores[][POSITIONS])
{
    score(attention, keys, CACHE_F32, scores);
}

static void score_page_f16(const struct attention *attention, const unsigned char *keys, float scores[][POSITIONS])
{
    score(attention, keys, CACHE_F16, scores);
}

static void add_page_f32(const struct attention *attention, const unsigned char *values, float weights[][POSITIONS],
                         const float correction[])
{
    add(attention, values, CACHE_F32, weights, correction);
}

static void add_page_f16(const struct attention *attention, const unsigned char *values, float weights[][POSITIONS],
                         const float correction[])
{
    add(attention, values, CACHE_F16, weights, correction);
}

static void store_f32(unsigned char *head, size_t size, size_t position, const float *key, const float *value)
{
    float *keys = (float *)(void *)head, *values = keys + size * POSITIONS;
    for (size_t d = 0; d < size; d++)
        keys[d * POSITIONS + position] = key[d];
    memcpy(values + position * size, value, size * sizeof *value);
}

static void store_f16(unsigned char *head, size_t size, size_t position, const float *key, const float *value)
{
    uint16_t *keys = (uint16_t *)(void *)head, *values = keys + size * POSITIONS;
    for (size_t d = 0; d < size; d += 16) {
        uint16_t halves[16];
        _mm256_storeu_si256((__m256i *)halves, _mm512_cvtps_ph(_mm512_loadu_ps(key + d), _MM_FROUND_TO_NEAREST_INT));
        for (size_t i = 0; i < 16; i++)
            keys[(d + i) * POSITIONS + position] = halves[i];
        _mm256_storeu_si256((__m256i *)(values + position * size + d),
                            _mm512_cvtps_ph(_mm512_loadu_ps(value + d), _MM_FROUND_TO_NEAREST_INT));
    }
}

void avx512_fill_attend(struct kernels *kernels)
{
    kernels->score_page[CACHE_F32] = score_page_f32;
    kernels->score_page[CACHE_F16] = score_page_f16;
    kernels->weigh_page = weigh_page;
    kernels->add_page[CACHE_F32] = add_page_f32;
    kernels->add_page[CACHE_F16] = add_page_f16;
    kernels->store[CACHE_F32] = store_f32;
    kernels->store[CACHE_F16] = store_f16;
}
