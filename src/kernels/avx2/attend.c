/* attend.c: attention over pages of the KV cache, AVX2; kernels.h draws a page.
 *
 * Scores: a lane is a position, so that each is one chain of multiply-adds over the head's dimensions. Values: a lane
 * is a dimension, one chain over the positions. Only the largest score and the sum of a page's weights run across a
 * register, always in the same order. A query's bits do not depend on which others share its registers. */
#include "kernels/avx2/avx2.h"

#include <math.h>

enum { POSITIONS = PAGE_POSITIONS, REGISTERS = POSITIONS / LANES };

INLINE size_t number_bytes(enum cache_type type)
{
    return type == CACHE_F32 ? 4 : 2;
}

INLINE __m256 load_numbers(const unsigned char *numbers, size_t i, enum cache_type type)
{
    return type == CACHE_F32 ? _mm256_loadu_ps((const float *)(const void *)(numbers + 4 * i))
                             : load_halves(numbers + 2 * i);
}

/* What a query has found so far. */
struct running {
    float most, total;
};

/* Scores of n queries (at most 3: registers) for the 32 positions of a page. */
INLINE void score_page(const struct attention *attention, size_t first, const unsigned char *keys, const size_t n,
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

/* The positions of a page that a query sees, a bit each. */
static uint32_t visible(const struct query *query, size_t page)
{
    const size_t start = page * POSITIONS;
    if (query->last < start || query->first >= start + POSITIONS)
        return 0;
    const size_t from = query->first > start ? query->first - start : 0;
    const size_t to = size_min(POSITIONS - 1, query->last - start);
    return (uint32_t)((2ull << to) - (1ull << from));
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

INLINE void attend_page(const struct attention *attention, size_t page, const size_t n, enum cache_type type,
                        struct running running[])
{
    const unsigned char *keys = attention->pages[page] + attention->page_offset;
    const unsigned char *values = keys + attention->size * POSITIONS * number_bytes(type);
    float scores[MOST_QUERIES][POSITIONS], correction[MOST_QUERIES];
    score_page(attention, 0, keys, n < 3 ? n : 3, type, scores);
    if (n > 3)
        score_page(attention, 3, keys, n - 3, type, scores);
    for (size_t i = 0; i < n; i++) {
        const uint32_t mask = visible(&attention->query[i], page);
        correction[i] = 1.0f;
        if (mask)
            correction[i] = weigh_page(scores[i], mask, &running[i]);
        else
            memset(scores[i], 0, sizeof scores[i]);
    }
    add_all_values(attention, 0, values, n < 3 ? n : 3, type, scores, correction);
    if (n > 3)
        add_all_values(attention, 3, values, n - 3, type, scores, correction);
}

INLINE void attend_n(const struct attention *attention, const size_t n, enum cache_type type)
{
    struct running running[MOST_QUERIES];
    size_t first = SIZE_MAX, last = 0;
    for (size_t i = 0; i < n; i++) {
        running[i] = (struct running){ -INFINITY, 0 };
        first = size_min(first, attention->query[i].first);
        last = size_max(last, attention->query[i].last);
        memset(attention->query[i].out, 0, attention->size * sizeof(float));
    }
    for (size_t page = first / POSITIONS; page <= last / POSITIONS; page++)
        attend_page(attention, page, n, type, running);
    for (size_t i = 0; i < n; i++) {
        const __m256 share = _mm256_set1_ps(1.0f / running[i].total);
        for (size_t d = 0; d < attention->size; d += LANES) {
            float *out = attention->query[i].out + d;
            _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_loadu_ps(out), share));
        }
    }
}

INLINE void attend(const struct attention *attention, enum cache_type type)
{
    switch (attention->count) {
    case 1:
        attend_n(attention, 1, type);
        return;
    case 2:
        attend_n(attention, 2, type);
        return;
    case 3:
        attend_n(attention, 3, type);
        return;
    case 4:
        attend_n(attention, 4, type);
        return;
    case 5:
        attend_n(attention, 5, type);
        return;
    default:
        attend_n(attention, 6, type);
        return;
    }
}

static void attend_f32(const struct attention *attention)
{
    attend(attention, CACHE_F32);
}

static void attend_f16(const struct attention *attention)
{
    attend(attention, CACHE_F16);
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
    kernels->attend[CACHE_F32] = attend_f32;
    kernels->attend[CACHE_F16] = attend_f16;
    kernels->store[CACHE_F32] = store_f32;
    kernels->store[CACHE_F16] = store_f16;
}
