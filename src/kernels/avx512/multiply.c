/* multiply.c: products of packed quantised weights with quantised activations, AVX-512 VNNI.
 *
 * A tile is sixteen rows by up to twelve tokens: twelve integer sums and twelve float sums stay in registers, a vector
 * of weights is unpacked once for all twelve, and vpdpbusd takes the token's four columns straight from memory. What
 * remains per group and token is a conversion, a product of the scales and a fused multiply-add.
 * packing.h draws the weights, kernels.h the activations. */
#include "kernels/avx512/avx512.h"
#include "kernels/packing.h"

static const size_t tiles[] = { 12, 8, 4, 2, 1 };

enum { COLUMNS = GROUP_COLUMNS };

/* Where group g of a panel begins; *super is where what it shares with others begins. */
INLINE const unsigned char *group_at(enum packing packing, const unsigned char *panel, size_t g,
                                     const unsigned char **super)
{
    const struct layout layout = layouts[packing];
    *super = panel + (layout.head + layout.groups * layout.group) * (g / layout.groups);
    return *super + layout.head + layout.group * (g % layout.groups);
}

/* Vector j of four nibble vectors. */
INLINE __m512i nibbles(const unsigned char *vectors, size_t j)
{
    const __m512i both = load_bytes(vectors + VECTOR * (j % 4));
    return _mm512_and_si512(j < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
}

/* Bits of a plane moved to bit 4 (and 5) of each byte: shift right by down, left where that is negative. */
INLINE __m512i high_bits(const unsigned char *plane, int down, char mask)
{
    const __m512i bits = load_bytes(plane);
    const __m512i by = _mm512_set1_epi16((short)(down >= 0 ? down : -down));
    const __m512i moved = down >= 0 ? _mm512_srlv_epi16(bits, by) : _mm512_sllv_epi16(bits, by);
    return _mm512_and_si512(moved, _mm512_set1_epi8(mask));
}

/* Vector j of a group: columns 4 j to 4 j + 3 of sixteen rows, unsigned. */
INLINE __m512i weights(enum packing packing, const unsigned char *group, size_t j)
{
    const int bit = (int)j - 4, pair = 2 * (int)(j % 4) - 4;
    switch (packing) {
    case PACK_Q4_0:
        return nibbles(group + HALVES, j);
    case PACK_Q4_1:
        return nibbles(group + 2 * HALVES, j);
    case PACK_Q5_0:
        return _mm512_or_si512(nibbles(group + HALVES + VECTOR, j), high_bits(group + HALVES, bit, 0x10));
    case PACK_Q5_1:
        return _mm512_or_si512(nibbles(group + 2 * HALVES + VECTOR, j), high_bits(group + 2 * HALVES, bit, 0x10));
    case PACK_Q8_0:
        return load_bytes(group + HALVES + VECTOR * j);
    case PACK_Q4_K:
        return nibbles(group + 2 * BYTES, j);
    case PACK_Q5_K:
        return _mm512_or_si512(nibbles(group + 2 * BYTES + VECTOR, j), high_bits(group + 2 * BYTES, bit, 0x10));
    case PACK_Q6_K:
        return _mm512_or_si512(nibbles(group + 2 * BYTES + 2 * VECTOR, j),
                               high_bits(group + 2 * BYTES + VECTOR * (j / 4), pair, 0x30));
    default:
        return _mm512_setzero_si512();
    }
}

INLINE __m512 small_scales(const unsigned char *bytes, bool is_signed)
{
    const __m128i scales = _mm_loadu_si128((const __m128i *)bytes);
    return _mm512_cvtepi32_ps(is_signed ? _mm512_cvtepi8_epi32(scales) : _mm512_cvtepu8_epi32(scales));
}

/* What sixteen rows' integers are multiplied with; half counts for Q6_K alone. */
INLINE __m512 steps(enum packing packing, const unsigned char *super, const unsigned char *group, size_t half)
{
    const __m512 d = load_halves(super);
    switch (packing) {
    case PACK_Q4_K:
    case PACK_Q5_K:
        return _mm512_mul_ps(d, small_scales(group, false));
    case PACK_Q6_K:
        return _mm512_mul_ps(d, small_scales(group + BYTES * half, true));
    default:
        return d;
    }
}

INLINE bool has_minimum(enum packing packing)
{
    return packing == PACK_Q4_1 || packing == PACK_Q5_1 || packing == PACK_Q4_K || packing == PACK_Q5_K;
}

/* What is added for each unit of a token's sum. */
INLINE __m512 minimums(enum packing packing, const unsigned char *super, const unsigned char *group)
{
    const __m512 m = load_halves(super + HALVES);
    if (packing == PACK_Q4_1 || packing == PACK_Q5_1)
        return m;
    return _mm512_mul_ps(_mm512_sub_ps(_mm512_setzero_ps(), m), small_scales(group + BYTES, false));
}

/* Where a token's integer sum starts: -offset x sum of its values. *number: its eighths in the tile. */
INLINE __m512i start(enum packing packing, const unsigned char *number)
{
    const __m512i eighth = spread_word(number);
    switch (packing) {
    case PACK_Q4_0:
        return eighth;
    case PACK_Q5_0:
        return _mm512_slli_epi32(eighth, 1);
    case PACK_Q6_K:
        return _mm512_slli_epi32(eighth, 2);
    case PACK_Q8_0:
        return _mm512_slli_epi32(eighth, 4);
    default:
        return _mm512_setzero_si512();
    }
}

/* Adds the columns of vectors [from, to) of a group: all eight, or for Q6_K four that share a scale. */
INLINE void add_vectors(enum packing packing, const size_t n, const unsigned char *super, const unsigned char *group,
                        const unsigned char *tile, const size_t from, const size_t to, __m512 sums[])
{
    const unsigned char *scale = tile + COLUMNS * n, *eighth = scale + 8 * n, *eighth_low = eighth + 4 * n;
    const __m512 step = steps(packing, super, group, from / 4);
    __m512i dot[MOST_TILE];
#pragma GCC unroll 16
    for (size_t c = 0; c < n; c++) {
        dot[c] = start(packing, (to == 4 ? eighth_low : eighth) + 4 * c);
        if (from == 4)
            dot[c] = _mm512_sub_epi32(dot[c], start(packing, eighth_low + 4 * c));
        __asm__("" : "+v"(dot[c])); /* now, or the compiler keeps half of them in memory */
    }
#pragma GCC unroll 8
    for (size_t j = from; j < to; j++) {
        const __m512i w = weights(packing, group, j);
#pragma GCC unroll 16
        for (size_t c = 0; c < n; c++)
            dot[c] = _mm512_dpbusd_epi32(dot[c], w, spread_word(tile + COLUMNS * c + 4 * j));
    }
#pragma GCC unroll 16
    for (size_t c = 0; c < n; c++)
        sums[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[c]), _mm512_mul_ps(step, spread_float(scale + 4 * c)),
                                  sums[c]);
}

/* Sixteen rows by n tokens, all groups. */
INLINE void multiply_tile(enum packing packing, const size_t n, const unsigned char *panel, const unsigned char *tile,
                          size_t groups, __m512 sums[])
{
#pragma GCC unroll 16
    for (size_t c = 0; c < n; c++)
        sums[c] = _mm512_setzero_ps();
    for (size_t g = 0; g < groups; g++, tile += GROUP_BYTES_PER_TOKEN * n) {
        const unsigned char *super, *group = group_at(packing, panel, g, &super);
        if (packing == PACK_Q6_K) {
            add_vectors(packing, n, super, group, tile, 0, 4, sums);
            add_vectors(packing, n, super, group, tile, 4, 8, sums);
        } else {
            add_vectors(packing, n, super, group, tile, 0, 8, sums);
        }
        if (has_minimum(packing)) {
            const __m512 minimum = minimums(packing, super, group);
            const unsigned char *sum = tile + COLUMNS * n + 4 * n;
#pragma GCC unroll 16
            for (size_t c = 0; c < n; c++)
                sums[c] = _mm512_fmadd_ps(minimum, spread_float(sum + 4 * c), sums[c]);
        }
    }
}

/* One panel by the tokens of one tile of width n. */
INLINE void multiply_width(enum packing packing, const size_t n, const struct product *product, size_t panel,
                           size_t token)
{
    const struct matrix *matrix = product->weights;
    const unsigned char *tile = (const unsigned char *)product->input + activations_bytes(token, matrix->columns);
    __m512 sums[MOST_TILE];
    multiply_tile(packing, n, matrix->panels + panel * matrix->panel_bytes, tile, matrix->columns / COLUMNS, sums);
#pragma GCC unroll 16
    for (size_t c = 0; c < n; c++)
        put_rows(product, panel, token + c, sums[c]);
}

INLINE void multiply(enum packing packing, const struct product *product, size_t panel, size_t first, size_t count)
{
    size_t token = first;
    for (const size_t end = first + count; token < end;) {
        const size_t left = end - token;
        if (left >= 12) {
            multiply_width(packing, 12, product, panel, token);
            token += 12;
        } else if (left >= 8) {
            multiply_width(packing, 8, product, panel, token);
            token += 8;
        } else if (left >= 4) {
            multiply_width(packing, 4, product, panel, token);
            token += 4;
        } else if (left >= 2) {
            multiply_width(packing, 2, product, panel, token);
            token += 2;
        } else {
            multiply_width(packing, 1, product, panel, token);
            token += 1;
        }
    }
}

static void multiply_q4_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q4_0, product, panel, first, count);
}

static void multiply_q4_1(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q4_1, product, panel, first, count);
}

static void multiply_q5_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q5_0, product, panel, first, count);
}

static void multiply_q5_1(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q5_1, product, panel, first, count);
}

static void multiply_q8_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q8_0, product, panel, first, count);
}

static void multiply_q4_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q4_K, product, panel, first, count);
}

static void multiply_q5_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q5_K, product, panel, first, count);
}

static void multiply_q6_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_Q6_K, product, panel, first, count);
}

/* What a token's group has besides its values, into its slot. Sums wrap: rows with NaN in them add up to anything. */
static void put_numbers(unsigned char *numbers, size_t width, size_t slot, float scale, uint32_t sum, uint32_t low_sum)
{
    const float scaled = scale * (float)(int32_t)sum;
    const uint32_t eighth = 0u - 8u * sum, eighth_low = 0u - 8u * low_sum;
    memcpy(numbers + 4 * slot, &scale, 4);
    memcpy(numbers + 4 * (width + slot), &scaled, 4);
    memcpy(numbers + 4 * (2 * width + slot), &eighth, 4);
    memcpy(numbers + 4 * (3 * width + slot), &eighth_low, 4);
}

/* What is no number rounds to the lowest integer, whose sums would overflow: it becomes the lowest byte. */
INLINE __m512i rounded(__m512 x, float inverse)
{
    return _mm512_max_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse))), _mm512_set1_epi32(-128));
}

static void quantize(const float *x, size_t columns, unsigned char *tile, size_t width, size_t slot)
{
    for (size_t k = 0; k < columns; k += COLUMNS, tile += GROUP_BYTES_PER_TOKEN * width) {
        const __m512 low = _mm512_loadu_ps(x + k), high = _mm512_loadu_ps(x + k + 16);
        const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
        const float scale = largest / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0;
        const __m512i a = rounded(low, inverse), b = rounded(high, inverse);
        unsigned char *values = tile + COLUMNS * slot;
        _mm_storeu_si128((__m128i *)values, _mm512_cvtsepi32_epi8(a));
        _mm_storeu_si128((__m128i *)(values + 16), _mm512_cvtsepi32_epi8(b));
        const uint32_t low_sum = (uint32_t)_mm512_reduce_add_epi32(a);
        const uint32_t sum = low_sum + (uint32_t)_mm512_reduce_add_epi32(b);
        put_numbers(tile + COLUMNS * width, width, slot, scale, sum, low_sum);
    }
}

/* Twelve independent sums: enough to hide the instruction's latency. */
static int32_t multiply_add_many(size_t count)
{
    __m512i sums[12], w = _mm512_set1_epi8(3), x = _mm512_set1_epi8(5);
#pragma GCC unroll 12
    for (size_t c = 0; c < 12; c++)
        sums[c] = _mm512_set1_epi32((int)c);
    for (size_t i = 0; i < count / (12 * 64); i++)
#pragma GCC unroll 12
        for (size_t c = 0; c < 12; c++)
            sums[c] = _mm512_dpbusd_epi32(sums[c], w, x);
    __m512i sum = sums[0];
#pragma GCC unroll 12
    for (size_t c = 1; c < 12; c++)
        sum = _mm512_xor_si512(sum, sums[c]);
    return _mm512_reduce_add_epi32(sum);
}

static uint64_t read_many(const unsigned char *memory, size_t bytes)
{
    __m512i sums[8];
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++)
        sums[j] = _mm512_setzero_si512();
    for (size_t i = 0; i < bytes; i += 512)
#pragma GCC unroll 8
        for (size_t j = 0; j < 8; j++)
            sums[j] = _mm512_xor_si512(sums[j], load_bytes(memory + i + 64 * j));
#pragma GCC unroll 8
    for (size_t j = 1; j < 8; j++)
        sums[0] = _mm512_xor_si512(sums[0], sums[j]);
    return (uint64_t)_mm512_reduce_add_epi64(sums[0]);
}

void avx512_fill_multiply(struct kernels *kernels)
{
    kernels->tiles = tiles;
    kernels->quantize = quantize;
    kernels->multiply[PACK_Q4_0] = multiply_q4_0;
    kernels->multiply[PACK_Q4_1] = multiply_q4_1;
    kernels->multiply[PACK_Q5_0] = multiply_q5_0;
    kernels->multiply[PACK_Q5_1] = multiply_q5_1;
    kernels->multiply[PACK_Q8_0] = multiply_q8_0;
    kernels->multiply[PACK_Q4_K] = multiply_q4_k;
    kernels->multiply[PACK_Q5_K] = multiply_q5_k;
    kernels->multiply[PACK_Q6_K] = multiply_q6_k;
    kernels->read_many = read_many;
    kernels->multiply_add_many = multiply_add_many;
}
