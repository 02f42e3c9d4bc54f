/* float.c: products of F32, F16 and BF16 weights with float32 activations, AVX2.
 * A lane is a row; each output is one chain of fused multiply-adds over the columns in order. */
#include "kernels/avx2/avx2.h"

/* Eight rows of one column; half says which. */
INLINE __m256 weights(enum packing packing, const unsigned char *panel, size_t half, size_t column)
{
    switch (packing) {
    case PACK_F32:
        return _mm256_loadu_ps((const float *)(const void *)(panel + 64 * column + 32 * half));
    case PACK_F16:
        return load_halves(panel + 32 * column + 16 * half);
    default: { /* BF16: the upper half of a float32 */
        const __m128i halves = _mm_loadu_si128((const __m128i *)(panel + 32 * column + 16 * half));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
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
    __m256 low[4], high[4];
#pragma GCC unroll 4
    for (size_t c = 0; c < n; c++)
        low[c] = high[c] = _mm256_setzero_ps();
    for (size_t k = 0; k < columns; k++) {
        const __m256 w0 = weights(packing, packed, 0, k), w1 = weights(packing, packed, 1, k);
#pragma GCC unroll 4
        for (size_t c = 0; c < n; c++) {
            const __m256 value = _mm256_set1_ps(x[c * columns + k]);
            low[c] = _mm256_fmadd_ps(w0, value, low[c]);
            high[c] = _mm256_fmadd_ps(w1, value, high[c]);
        }
    }
#pragma GCC unroll 4
    for (size_t c = 0; c < n; c++) {
        put_rows(product, panel, 0, token + c, low[c]);
        put_rows(product, panel, 1, token + c, high[c]);
    }
}

INLINE void multiply(enum packing packing, const struct product *product, size_t panel, size_t first, size_t count)
{
    size_t token = first;
    for (; first + count - token >= 4; token += 4)
        multiply_width(packing, 4, product, panel, token);
    for (; token < first + count; token++)
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

void avx2_fill_float(struct kernels *kernels)
{
    kernels->multiply[PACK_F32] = multiply_f32;
    kernels->multiply[PACK_F16] = multiply_f16;
    kernels->multiply[PACK_BF16] = multiply_bf16;
}
