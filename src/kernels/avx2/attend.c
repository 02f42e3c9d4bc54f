/* attend.c: what attention does with a page of the KV cache, AVX2; kernels.h draws a page.
 *
 * Scores: a lane is a position, so that each is one chain of multiply-adds over the head's dimensions. Values: a lane
 * is a dimension, one chain over the positions. Only the largest score and the sum of a page's weights run across a
 * register, always in the same order. A query's bits do not depend on which others share its registers. */
#include "kernels/avx2/avx2.h"

#include <math.h>

enum { POSITIONS = PAGE_POSITIONS, REGISTERS = POSITIONS / LANES };

INLINE __m256 load_numbers(const unsigned char *numbers, size_t i, enum cache_type type)
{
    return type == CACHE_F32 ? _mm256_loadu_ps((const float *)(const void *)(numbers + 4 * i))
                             : load_halves(numbers + 2 * i);
}

/* Scores of n queries (at most 3: registers) for the 32 positions of a page. */
INLINE void score_n(const struct attention *attention, size_t first, const unsigned char *keys, const size_t n,
                    enum cache_type type, float scores[][POSITIONS])
{
    __m256 sums[3][REGISTERS];
#pragma GCC unroll 3
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < REGISTERS; j++)
            sums[i][j] = _mm256_setzero_ps();
    for (size_t d = 0; d < attention->size; d++) {
        __m256 q[3];
#pragma GCC unroll 3
        for (size_t i = 0; i < n; i++)
            q[i] = _mm256_set1_ps(attention->query[first + i].q[d]);
#pragma GCC unroll 4
        for (size_t j = 0; j < REGISTERS; j++) {
            const __m256 k = load_numbers(keys, d * POSITIONS + LANES * j, type);
#pragma GCC unroll 3
            for (size_t i = 0; i < n; i++)
                sums[i][j] = _mm256_fmadd_ps(k, q[i], sums[i][j]);
        }
    }
#pragma GCC unroll 3
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < REGISTERS; j++)
            _mm256_storeu_ps(scores[first + i] + LANES * j, sums[i][j]);
}

/* All ones in the lanes whose bit is set. */
INLINE __m256 mask_lanes(uint32_t bits)
{
    const __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i set = _mm256_and_si256(_mm256_set1_epi32((int)(bits & 0xFF)), each);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, each));
}

/* Scores to weights, in place; returns by how much what was found before shrinks. */
static float weigh_page(float scores[POSITIONS], uint32_t mask, struct running *running)
{
    const __m256 none = _mm256_set1_ps(-INFINITY);
    __m256 seen[REGISTERS], most = none;
    for (size_t j = 0; j < REGISTERS; j++) {
        seen[j] = _mm256_blendv_ps(none, _mm256_loadu_ps(scores + LANES * j), mask_lanes(mask >> LANES * j));
        most = _mm256_max_ps(most, seen[j]);
    }
    const float highest = fmaxf(running->most, most_across(most));
    __m256 total = _mm256_setzero_ps();
    for (size_t j = 0; j < REGISTERS; j++) {
        const __m256 weight = exp_8(_mm256_sub_ps(seen[j], _mm256_set1_ps(highest)));
        _mm256_storeu_ps(scores + LANES * j, weight);
        total = _mm256_add_ps(total, weight);
    }
    const float correction = _mm256_cvtss_f32(exp_8(_mm256_set1_ps(running->most - highest)));
    running->total = running->total * correction + add_across(total);
    running->most = highest;
    return correction;
}

/* Adds weights x values of v registers of dimensions from d on, for n queries (n v at most 12: registers). */
INLINE void add_values(const struct attention *attention, size_t first, const unsigned char *values, const size_t n,
                       const size_t v, size_t d, enum cache_type type, float weights[][POSITIONS],
                       const float correction[])
{
    __m256 sums[3][4];
#pragma GCC unroll 3
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++)
            sums[i][j] = _mm256_mul_ps(_mm256_loadu_ps(attention->query[first + i].out + d + LANES * j),
                                       _mm256_set1_ps(correction[first + i]));
    for (size_t p = 0; p < POSITIONS; p++) {
        __m256 weight[3];
#pragma GCC unroll 3
        for (size_t i = 0; i < n; i++)
            weight[i] = _mm256_set1_ps(weights[first + i][p]);
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++) {
            const __m256 row = load_numbers(values, p * attention->size + d + LANES * j, type);
#pragma GCC unroll 3
            for (size_t i = 0; i < n; i++)
                sums[i][j] = _mm256_fmadd_ps(row, weight[i], sums[i][j]);
        }
    }
#pragma GCC unroll 3
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < v; j++)
            _mm256_storeu_ps(attention->query[first + i].out + d + LANES * j, sums[i][j]);
}

INLINE void add_all_values(const struct attention *attention, size_t first, const unsigned char *values, const size_t n,
                           enum cache_type type, float weights[][POSITIONS], const float correction[])
{
    size_t d = 0;
    for (; d + 4 * LANES <= attention->size; d += 4 * LANES)
        add_values(attention, first, values, n, 4, d, type, weights, correction);
    for (; d < attention->size; d += LANES)
        add_values(attention, first, values, n, 1, d, type, weights, correction);
}

/* All queries, three at a time. */
INLINE void score(const struct attention *attention, const unsigned char *keys, enum cache_type type,
                  float scores[][POSITIONS])
{
    size_t i = 0;
    for (; i + 3 <= attention->count; i += 3)
        score_n(attention, i, keys, 3, type, scores);
    if (i + 2 == attention->count)
        score_n(attention, i, keys, 2, type, scores);
    else if (i < attention->count)
        score_n(attention, i, keys, 1, type, scores);
}

INLINE void add(const struct attention *attention, const unsigned char *values, enum cache_type type,
                float weights[][POSITIONS], const float correction[])
{
    size_t i = 0;
    for (; i + 3 <= attention->count; i += 3)
        add_all_values(attention, i, values, 3, type, weights, correction);
    if (i + 2 == attention->count)
        add_all_values(attention, i, values, 2, type, weights, correction);
    else if (i < attention->count)
        add_all_values(attention, i, values, 1, type, weights, correction);
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
    for (size_t d = 0; d < size; d += LANES) {
        uint16_t halves[LANES];
        _mm_storeu_si128((__m128i *)halves, _mm256_cvtps_ph(_mm256_loadu_ps(key + d), _MM_FROUND_TO_NEAREST_INT));
        for (size_t i = 0; i < LANES; i++)
            keys[(d + i) * POSITIONS + position] = halves[i];
        _mm_storeu_si128((__m128i *)(values + position * size + d),
                         _mm256_cvtps_ph(_mm256_loadu_ps(value + d), _MM_FROUND_TO_NEAREST_INT));
    }
}

void avx2_fill_attend(struct kernels *kernels)
{
    kernels->score_page[CACHE_F32] = score_page_f32;
    kernels->score_page[CACHE_F16] = score_page_f16;
    kernels->weigh_page = weigh_page;
    kernels->add_page[CACHE_F32] = add_page_f32;
    kernels->add_page[CACHE_F16] = add_page_f16;
    kernels->store[CACHE_F32] = store_f32;
    kernels->store[CACHE_F16] = store_f16;
}
