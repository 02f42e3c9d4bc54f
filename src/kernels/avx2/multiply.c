/* multiply.c: products of packed quantised weights with quantised activations, AVX2.
 *
 * vpmaddubsw multiplies unsigned weights with signed activations and adds pairs in 16 bits. As long as they can't
 * overflow, pairs of several vectors are added there and widened to 32 bits together: with 4-bit weights a whole group
 * (8 x 2 x 15 x 127 = 30,480), with 5 bits half of it, with 6 a quarter. 8-bit weights would overflow at once: their
 * sign moves to the activations (|w| <= 128, 2 x 128 x 127 = 32,512).
 * Half a panel (eight rows) by four tokens stays in registers, or the whole panel by one or two.
 * packing.h draws the weights, kernels.h the activations. */
#include "kernels/avx2/avx2.h"
#include "kernels/packing.h"

static const size_t tiles[] = { 6, 4, 2, 1 };

enum { COLUMNS = GROUP_COLUMNS, TILE = 6 };

/* Where group g of a panel begins; *super is where what it shares with others begins. */
INLINE const unsigned char *group_at(enum packing packing, const unsigned char *panel, size_t g,
                                     const unsigned char **super)
{
    const struct layout layout = layouts[packing];
    *super = panel + (layout.head + layout.groups * layout.group) * (g / layout.groups);
    return *super + layout.head + layout.group * (g % layout.groups);
}

/* Vector j of four nibble vectors; vectors points to the half's part of the first. */
INLINE __m256i nibbles(const unsigned char *vectors, size_t j)
{
    const __m256i both = load_bytes(vectors + VECTOR * (j % 4));
    return _mm256_and_si256(j < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
}

/* Bits of a plane moved to bit 4 (and 5) of each byte: shift right by down, left where that is negative. */
INLINE __m256i high_bits(const unsigned char *plane, int down, char mask)
{
    const __m256i bits = load_bytes(plane);
    const __m256i moved = down >= 0 ? _mm256_srli_epi16(bits, down) : _mm256_slli_epi16(bits, -down);
    return _mm256_and_si256(moved, _mm256_set1_epi8(mask));
}

/* Vector j of a group: columns 4 j to 4 j + 3 of eight rows. Unsigned, but for Q8_0. */
INLINE __m256i weights(enum packing packing, const unsigned char *group, size_t half, size_t j)
{
    const int bit = (int)j - 4, pair = 2 * (int)(j % 4) - 4;
    group += VECTOR / 2 * half;
    switch (packing) {
    case PACK_Q4_0:
        return nibbles(group + HALVES, j);
    case PACK_Q4_1:
        return nibbles(group + 2 * HALVES, j);
    case PACK_Q5_0:
        return _mm256_or_si256(nibbles(group + HALVES + VECTOR, j), high_bits(group + HALVES, bit, 0x10));
    case PACK_Q5_1:
        return _mm256_or_si256(nibbles(group + 2 * HALVES + VECTOR, j), high_bits(group + 2 * HALVES, bit, 0x10));
    case PACK_Q8_0:
        return _mm256_xor_si256(load_bytes(group + HALVES + VECTOR * j), _mm256_set1_epi8((char)0x80));
    case PACK_Q4_K:
        return nibbles(group + 2 * BYTES, j);
    case PACK_Q5_K:
        return _mm256_or_si256(nibbles(group + 2 * BYTES + VECTOR, j), high_bits(group + 2 * BYTES, bit, 0x10));
    case PACK_Q6_K:
        return _mm256_or_si256(nibbles(group + 2 * BYTES + 2 * VECTOR, j),
                               high_bits(group + 2 * BYTES + VECTOR * (j / 4), pair, 0x30));
    default:
        return _mm256_setzero_si256();
    }
}

/* How many vectors' pairs fit into 16 bits together. */
INLINE size_t vectors_together(enum packing packing)
{
    switch (packing) {
    case PACK_Q8_0:
        return 1;
    case PACK_Q6_K:
        return 2;
    case PACK_Q5_0:
    case PACK_Q5_1:
    case PACK_Q5_K:
        return 4;
    default:
        return 8;
    }
}

INLINE __m256i multiply_pairs(enum packing packing, __m256i w, __m256i x)
{
    if (packing == PACK_Q8_0)
        return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_maddubs_epi16(w, x);
}

INLINE __m256 small_scales(const unsigned char *bytes, bool is_signed)
{
    const __m128i scales = _mm_loadl_epi64((const __m128i *)bytes);
    return _mm256_cvtepi32_ps(is_signed ? _mm256_cvtepi8_epi32(scales) : _mm256_cvtepu8_epi32(scales));
}

/* What eight rows' integers are multiplied with; part (which sixteen columns) counts for Q6_K alone. */
INLINE __m256 steps(enum packing packing, const unsigned char *super, const unsigned char *group, size_t half,
                    size_t part)
{
    const __m256 d = load_halves(super + HALVES / 2 * half);
    switch (packing) {
    case PACK_Q4_K:
    case PACK_Q5_K:
        return _mm256_mul_ps(d, small_scales(group + LANES * half, false));
    case PACK_Q6_K:
        return _mm256_mul_ps(d, small_scales(group + BYTES * part + LANES * half, true));
    default:
        return d;
    }
}

INLINE bool has_minimum(enum packing packing)
{
    return packing == PACK_Q4_1 || packing == PACK_Q5_1 || packing == PACK_Q4_K || packing == PACK_Q5_K;
}

/* What is added for each unit of a token's sum. */
INLINE __m256 minimums(enum packing packing, const unsigned char *super, const unsigned char *group, size_t half)
{
    const __m256 m = load_halves(super + HALVES + HALVES / 2 * half);
    if (packing == PACK_Q4_1 || packing == PACK_Q5_1)
        return m;
    return _mm256_mul_ps(_mm256_sub_ps(_mm256_setzero_ps(), m), small_scales(group + BYTES + LANES * half, false));
}

/* Where a token's integer sum starts: -offset x sum of its values. number: its eighths in the tile. */
INLINE __m256i start(enum packing packing, const unsigned char *number)
{
    const __m256i eighth = spread_word(number);
    switch (packing) {
    case PACK_Q4_0:
        return eighth;
    case PACK_Q5_0:
        return _mm256_slli_epi32(eighth, 1);
    case PACK_Q6_K:
        return _mm256_slli_epi32(eighth, 2);
    default:
        return _mm256_setzero_si256();
    }
}

/* A sum that is to be there now, in its register: left to themselves, compilers first make all products of a group and
 * keep them in memory, to add them later in another order. */
INLINE __m256i settled(__m256i sum)
{
    __asm__("" : "+x"(sum));
    return sum;
}

/* Adds one group's part to n tokens' sums of eight rows. */
INLINE void add_group(enum packing packing, const size_t n, const unsigned char *super, const unsigned char *group,
                      size_t half, const unsigned char *tile, __m256 sums[])
{
    const bool in_parts = packing == PACK_Q6_K;
    const size_t together = vectors_together(packing), vectors = in_parts ? 4 : 8;
    const unsigned char *scale = tile + COLUMNS * n, *sum = scale + 4 * n, *eighth = sum + 4 * n;
#pragma GCC unroll 2
    for (size_t part = 0; part < 8 / vectors; part++) {
        const __m256 step = steps(packing, super, group, half, part);
        __m256i dot[TILE];
#pragma GCC unroll 6
        for (size_t c = 0; c < n; c++) {
            dot[c] = start(packing, eighth + 4 * c + (in_parts ? 4 * n : 0));
            if (in_parts && part == 1)
                dot[c] = _mm256_sub_epi32(start(packing, eighth + 4 * c), dot[c]);
        }
#pragma GCC unroll 8
        for (size_t first = 0; first < vectors; first += together) {
            __m256i pairs[TILE];
#pragma GCC unroll 8
            for (size_t j = vectors * part + first; j < vectors * part + first + together; j++) {
                const __m256i w = weights(packing, group, half, j);
#pragma GCC unroll 6
                for (size_t c = 0; c < n; c++) {
                    const __m256i product = multiply_pairs(packing, w, spread_word(tile + COLUMNS * c + 4 * j));
                    pairs[c] = j == vectors * part + first ? product : settled(_mm256_add_epi16(pairs[c], product));
                }
            }
#pragma GCC unroll 6
            for (size_t c = 0; c < n; c++)
                dot[c] = _mm256_add_epi32(dot[c], _mm256_madd_epi16(pairs[c], _mm256_set1_epi16(1)));
        }
#pragma GCC unroll 6
        for (size_t c = 0; c < n; c++)
            sums[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[c]), _mm256_mul_ps(step, spread_float(scale + 4 * c)),
                                      sums[c]);
    }
    if (has_minimum(packing)) {
        const __m256 minimum = minimums(packing, super, group, half);
#pragma GCC unroll 6
        for (size_t c = 0; c < n; c++)
            sums[c] = _mm256_fmadd_ps(minimum, spread_float(sum + 4 * c), sums[c]);
    }
}

/* One panel by the tokens of one tile of width n, halves [from, to) of the panel at a time. */
INLINE void multiply_halves(enum packing packing, const size_t n, const struct product *product, size_t panel,
                            size_t token, const size_t from, const size_t to)
{
    const struct matrix *matrix = product->weights;
    const unsigned char *packed = matrix->panels + panel * matrix->panel_bytes;
    const unsigned char *tile = (const unsigned char *)product->input + activations_bytes(token, matrix->columns);
    __m256 sums[2][TILE];
    for (size_t half = from; half < to; half++)
        for (size_t c = 0; c < n; c++)
            sums[half][c] = _mm256_setzero_ps();
    for (size_t g = 0; g < matrix->columns / COLUMNS; g++, tile += GROUP_BYTES_PER_TOKEN * n) {
        const unsigned char *super, *group = group_at(packing, packed, g, &super);
#pragma GCC unroll 2
        for (size_t half = from; half < to; half++)
            add_group(packing, n, super, group, half, tile, sums[half]);
    }
    for (size_t half = from; half < to; half++)
        for (size_t c = 0; c < n; c++)
            put_rows(product, panel, half, token + c, sums[half][c]);
}

INLINE void multiply(enum packing packing, const struct product *product, size_t panel, size_t first, size_t count)
{
    size_t token = first;
    for (; first + count - token >= 6; token += 6) {
        multiply_halves(packing, 6, product, panel, token, 0, 1);
        multiply_halves(packing, 6, product, panel, token, 1, 2);
    }
    for (; first + count - token >= 4; token += 4) {
        multiply_halves(packing, 4, product, panel, token, 0, 1);
        multiply_halves(packing, 4, product, panel, token, 1, 2);
    }
    for (; first + count - token >= 2; token += 2)
        multiply_halves(packing, 2, product, panel, token, 0, 2);
    if (token < first + count)
        multiply_halves(packing, 1, product, panel, token, 0, 2);
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

/* Eight numbers to int32, rounded to the nearest. */
INLINE __m256i scaled(const float *x, float inverse)
{
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), _mm256_set1_ps(inverse)));
}

/* Sixteen int32 to int8, in order. */
INLINE void put_bytes(unsigned char *out, __m256i a, __m256i b)
{
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8);
    const __m128i low = _mm256_castsi256_si128(words), high = _mm256_extracti128_si256(words, 1);
    _mm_storeu_si128((__m128i *)out, _mm_packs_epi16(low, high));
}

INLINE uint32_t add_words(__m256i x)
{
    __m128i y = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    y = _mm_add_epi32(y, _mm_shuffle_epi32(y, 0x4E));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(y, _mm_shuffle_epi32(y, 0xB1)));
}

INLINE float largest_of_32(const float *x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 most = _mm256_setzero_ps();
    for (size_t i = 0; i < COLUMNS; i += LANES)
        most = _mm256_max_ps(most, _mm256_andnot_ps(sign, _mm256_loadu_ps(x + i)));
    return most_across(most);
}

static void quantize(const float *x, size_t columns, unsigned char *tile, size_t width, size_t slot)
{
    for (size_t k = 0; k < columns; k += COLUMNS, tile += GROUP_BYTES_PER_TOKEN * width) {
        const float scale = largest_of_32(x + k) / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0;
        const __m256i a = scaled(x + k, inverse), b = scaled(x + k + 8, inverse);
        const __m256i c = scaled(x + k + 16, inverse), d = scaled(x + k + 24, inverse);
        unsigned char *values = tile + COLUMNS * slot;
        put_bytes(values, a, b);
        put_bytes(values + 16, c, d);
        const uint32_t low_sum = add_words(_mm256_add_epi32(a, b));
        const uint32_t sum = low_sum + add_words(_mm256_add_epi32(c, d));
        put_numbers(tile + COLUMNS * width, width, slot, scale, sum, low_sum);
    }
}

/* Eight independent sums: enough to hide the instructions' latency. */
static int32_t multiply_add_many(size_t count)
{
    __m256i sums[8], w = _mm256_set1_epi8(3), x = _mm256_set1_epi8(5);
    __asm__("" : "+x"(w), "+x"(x)); /* or the compiler would multiply once */
#pragma GCC unroll 8
    for (size_t c = 0; c < 8; c++)
        sums[c] = _mm256_set1_epi16((short)c);
    for (size_t i = 0; i < count / (8 * 32); i++) {
#pragma GCC unroll 8
        for (size_t c = 0; c < 8; c++)
            sums[c] = _mm256_add_epi16(sums[c], _mm256_maddubs_epi16(w, x));
        __asm__("" : "+x"(w));
    }
    __m256i sum = sums[0];
#pragma GCC unroll 8
    for (size_t c = 1; c < 8; c++)
        sum = _mm256_xor_si256(sum, sums[c]);
    return (int32_t)add_words(sum);
}

static uint64_t read_many(const unsigned char *memory, size_t bytes)
{
    __m256i sums[8];
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; j++)
        sums[j] = _mm256_setzero_si256();
    for (size_t i = 0; i < bytes; i += 256)
#pragma GCC unroll 8
        for (size_t j = 0; j < 8; j++)
            sums[j] = _mm256_xor_si256(sums[j], load_bytes(memory + i + 32 * j));
#pragma GCC unroll 8
    for (size_t j = 1; j < 8; j++)
        sums[0] = _mm256_xor_si256(sums[0], sums[j]);
    return add_words(sums[0]);
}

void avx2_fill_multiply(struct kernels *kernels)
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
