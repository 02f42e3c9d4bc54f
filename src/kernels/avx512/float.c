/* float.c: products of F32, F16 and BF16 weights with float32 activations, AVX-512.
 * A lane is a row; each output is one chain of fused multiply-adds over the columns in order. */
#include "kernels/avx512/avx512.h"

/* Sixteen rows of one column. */
INLINE __m512 weights(enum packing packing, const unsigned char *panel, size_t column)
{
    switch (packing) {
    case PACK_F32:
        return _mm512_loadu_ps(panel + 64 * column);
    case PACK_F16:
        return load_halves(panel + 32 * column);
    default: { /* BF16: the upper half of a float32 */
        const __m256i halves = _mm256_loadu_si256((const __m256i *)(panel + 32 * column));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    }
    }
}

/* One panel by n tokens that follow each other. */
INLINE void multiply_width(enum packing packing, const size_t n, const struct product *product, size_t panel,
                           size_t token)
{
    const struct matrix *matrix = product->weights;
    const size_t columns = matrix->columns;
    const unsigned char *packed = matrix->panels + panel * matrix->panel_bytes;
    const float *x = (const float *)product->input + token * columns;
    __m512 sums[8];
#pragma GCC unroll 8
    for (size_t c = 0; c < n; c++)
        sums[c] = _mm512_setzero_ps();
    for (size_t k = 0; k < columns; k++) {
        const __m512 w = weights(packing, packed, k);
#pragma GCC unroll 8
        for (size_t c = 0; c < n; c++)
            sums[c] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[c * columns + k]), sums[c]);
    }
#pragma GCC unroll 8
    for (size_t c = 0; c < n; c++)
        put_rows(product, panel, token + c, sums[c]);
}

INLINE void multiply(enum packing packing, const struct product *product, size_t panel, size_t first, size_t count)
{
    size_t token = first;
    for (; first + count - token >= 8; token += 8)
        multiply_width(packing, 8, product, panel, token);
    for (; first + count - token >= 2; token += 2)
        multiply_width(packing, 2, product, panel, token);
    if (token < first + count)
        multiply_width(packing, 1, product, panel, token);
}

static void multiply_f32(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_F32, product, panel, first, count);
}

static void multiply_f16(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_F16, product, panel, first, count);
}

static void multiply_bf16(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(PACK_BF16, product, panel, first, count);
}

void avx512_fill_float(struct kernels *kernels)
{
    kernels->multiply[PACK_F32] = multiply_f32;
    kernels->multiply[PACK_F16] = multiply_f16;
    kernels->multiply[PACK_BF16] = multiply_bf16;
}
