/* avx2.h: what the AVX2 kernels share. Private to the folder: only it is compiled with these instructions. */
#ifndef BASTIDE_KERNELS_AVX2_H
#define BASTIDE_KERNELS_AVX2_H

#include "kernels/levels.h"

#include <immintrin.h>
#include <string.h>

/* Loops over registers only work out when they disappear. */
#define INLINE static inline __attribute__((always_inline))

void avx2_fill_multiply(struct kernels *kernels);
void avx2_fill_float(struct kernels *kernels);
void avx2_fill_attend(struct kernels *kernels);
void avx2_fill_elementwise(struct kernels *kernels);

enum { LANES = 8 };

INLINE __m256i load_bytes(const void *p)
{
    return _mm256_loadu_si256(p);
}

/* The same four bytes in each lane. */
INLINE __m256i spread_word(const void *p)
{
    int word;
    memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
}

INLINE __m256 spread_float(const void *p)
{
    float number;
    memcpy(&number, p, sizeof number);
    return _mm256_set1_ps(number);
}

/* Eight float16 to float32. */
INLINE __m256 load_halves(const void *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}

/* Eight sums of one token to where they belong; half says which eight rows of the panel. */
INLINE void put_rows(const struct product *product, size_t panel, size_t half, size_t token, __m256 sums)
{
    const size_t row = panel * PANEL_ROWS + half * LANES;
    float *out = product->out + token * product->out_stride + row;
    if (row + LANES <= product->weights->rows) {
        _mm256_storeu_ps(out, product->add ? _mm256_add_ps(_mm256_loadu_ps(out), sums) : sums);
        return;
    }
    float rows[LANES];
    _mm256_storeu_ps(rows, sums);
    for (size_t r = 0; row + r < product->weights->rows; r++)
        out[r] = product->add ? out[r] + rows[r] : rows[r];
}

/* The sum and the largest of eight lanes, always in the same order. */
INLINE float add_across(__m256 x)
{
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

INLINE float most_across(__m256 x)
{
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

/* exp(x), relative error below 2e-7; 0 for x below -87.3 (and minus infinity), about 1.7e38 above 88.
 * Cody and Waite's reduction to x = n ln 2 + r, then a polynomial of degree 6 in r (Taylor, |r| <= 0.347). */
INLINE __m256 exp_8(__m256 x)
{
    const __m256 lowest = _mm256_set1_ps(-87.33654f);
    const __m256 stays = _mm256_cmp_ps(x, lowest, _CMP_NLT_UQ);
    x = _mm256_min_ps(_mm256_max_ps(x, lowest), _mm256_set1_ps(88.0f));
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 y = _mm256_set1_ps(1.0f / 720);
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f / 120));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f / 24));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f / 6));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(0.5f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f));
    y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(1.0f));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_and_ps(_mm256_mul_ps(y, _mm256_castsi256_ps(power)), stays);
}

#endif
