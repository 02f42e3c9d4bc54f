/* elementwise.c: norms and activations, AVX-512. */
#include "kernels/avx512/avx512.h"

#include <math.h>

/* The lanes that are left when count - i is below sixteen. */
INLINE __mmask16 lanes(size_t left)
{
    return left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
}

static void rms_norm(const float *x, const float *weight, size_t count, float epsilon, bool add, float *out)
{
    __m512 squares = _mm512_setzero_ps();
    for (size_t i = 0; i < count; i += 16) {
        const __m512 v = _mm512_maskz_loadu_ps(lanes(count - i), x + i);
        squares = _mm512_fmadd_ps(v, v, squares);
    }
    const float mean = _mm512_reduce_add_ps(squares) / (float)count;
    const __m512 scale = _mm512_set1_ps(1.0f / sqrtf(mean + epsilon));
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), scale);
        const __m512 w = _mm512_maskz_loadu_ps(mask, weight + i);
        const __m512 before = add ? _mm512_maskz_loadu_ps(mask, out + i) : _mm512_setzero_ps();
        _mm512_mask_storeu_ps(out + i, mask, _mm512_fmadd_ps(v, w, before));
    }
}

/* x / (1 + exp(-y)) */
INLINE __m512 gated(__m512 x, __m512 y)
{
    const __m512 e = exp_16(_mm512_sub_ps(_mm512_setzero_ps(), y));
    return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1.0f), e));
}

static void silu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m512 x = _mm512_maskz_loadu_ps(mask, gate + i);
        _mm512_mask_storeu_ps(out + i, mask, _mm512_mul_ps(gated(x, x), _mm512_maskz_loadu_ps(mask, up + i)));
    }
}

/* Hendrycks and Gimpel 2016, the tanh form: x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))). */
static void gelu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m512 x = _mm512_maskz_loadu_ps(mask, gate + i);
        const __m512 cube = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044715f), _mm512_set1_ps(1.0f));
        const __m512 inner = _mm512_mul_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.59576912160573f)), cube);
        _mm512_mask_storeu_ps(out + i, mask, _mm512_mul_ps(gated(x, inner), _mm512_maskz_loadu_ps(mask, up + i)));
    }
}

void avx512_fill_elementwise(struct kernels *kernels)
{
    kernels->rms_norm = rms_norm;
    kernels->silu_gate = silu_gate;
    kernels->gelu_gate = gelu_gate;
}
