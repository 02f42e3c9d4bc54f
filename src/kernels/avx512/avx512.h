/* avx512.h: what the AVX-512 kernels share. Private to the folder: only it is compiled with these instructions. */
#ifndef BASTIDE_KERNELS_AVX512_H
#define BASTIDE_KERNELS_AVX512_H

#include "kernels/levels.h"

#include <immintrin.h>
#include <string.h>

/* Loops over registers only work out when they disappear. */
#define INLINE static inline __attribute__((always_inline))

void avx512_fill_multiply(struct kernels *kernels);
void avx512_fill_float(struct kernels *kernels);
void avx512_fill_attend(struct kernels *kernels);
void avx512_fill_elementwise(struct kernels *kernels);

INLINE __m512i load_bytes(const void *p)
{
    return _mm512_loadu_si512(p);
}

/* The same four bytes in each lane. */
INLINE __m512i spread_word(const void *p)
{
    int word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}

INLINE __m512 spread_float(const void *p)
{
    float number;
    memcpy(&number, p, sizeof number);
    return _mm512_set1_ps(number);
}

/* Sixteen float16 to float32. */
INLINE __m512 load_halves(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

/* Sixteen sums of one token to where they belong; the last panel may have fewer rows. */
INLINE void put_rows(const struct product *product, size_t panel, size_t token, __m512 sums)
{
    const size_t row = panel * PANEL_ROWS, rows = product->weights->rows - row;
    const __mmask16 mask = rows >= PANEL_ROWS ? 0xFFFF : (__mmask16)((1u << rows) - 1);
    float *out = product->out + token * product->out_stride + row;
    if (product->add)
        sums = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), sums);
    _mm512_mask_storeu_ps(out, mask, sums);
}

/* exp(x), relative error below 2e-7; 0 for x below -87.3 (and minus infinity), infinity above 88.7.
 * Cody and Waite's reduction to x = n ln 2 + r, then a polynomial of degree 6 in r (Taylor, |r| <= 0.347). */
INLINE __m512 exp_16(__m512 x)
{
    const __m512 lowest = _mm512_set1_ps(-87.33654f);
    const __mmask16 vanishes = _mm512_cmp_ps_mask(x, lowest, _CMP_LT_OQ);
    x = _mm512_min_ps(_mm512_max_ps(x, lowest), _mm512_set1_ps(89.0f));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 y = _mm512_set1_ps(1.0f / 720);
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 120));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 24));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 6));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.5f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    return _mm512_mask_mov_ps(_mm512_scalef_ps(y, n), vanishes, _mm512_setzero_ps());
}

#endif
