/* elementwise.c: norms and activations, AVX2. Rows that are no multiple of eight end one number at a time. */
#include "kernels/avx2/avx2.h"

#include <math.h>

/* Up to eight numbers, zero after them. */
INLINE __m256 load_some(const float *x, size_t count)
{
    if (count >= LANES)
        return _mm256_loadu_ps(x);
    float numbers[LANES] = { 0 };
    memcpy(numbers, x, count * sizeof *x);
    return _mm256_loadu_ps(numbers);
}

INLINE void store_some(float *out, size_t count, __m256 x)
{
    if (count >= LANES) {
        _mm256_storeu_ps(out, x);
        return;
    }
    float numbers[LANES];
    _mm256_storeu_ps(numbers, x);
    memcpy(out, numbers, count * sizeof *out);
}

static void rms_norm(const float *x, const float *weight, size_t count, float epsilon, bool add, float *out)
{
    __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        const __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + LANES);
        even = _mm256_fmadd_ps(a, a, even);
        odd = _mm256_fmadd_ps(b, b, odd);
    }
    for (; i < count; i += LANES) {
        const __m256 a = load_some(x + i, count - i);
        even = _mm256_fmadd_ps(a, a, even);
    }
    const float mean = add_across(_mm256_add_ps(even, odd)) / (float)count;
    const __m256 scale = _mm256_set1_ps(1.0f / sqrtf(mean + epsilon));
    for (i = 0; i < count; i += LANES) {
        const __m256 v = _mm256_mul_ps(load_some(x + i, count - i), scale);
        const __m256 before = add ? load_some(out + i, count - i) : _mm256_setzero_ps();
        store_some(out + i, count - i, _mm256_fmadd_ps(v, load_some(weight + i, count - i), before));
    }
}

/* x / (1 + exp(-y)) */
INLINE __m256 gated(__m256 x, __m256 y)
{
    const __m256 e = exp_8(_mm256_sub_ps(_mm256_setzero_ps(), y));
    return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

static void silu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i += LANES) {
        const __m256 x = load_some(gate + i, count - i);
        store_some(out + i, count - i, _mm256_mul_ps(gated(x, x), load_some(up + i, count - i)));
    }
}

/* Hendrycks and Gimpel 2016, the tanh form: x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))). */
static void gelu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i += LANES) {
        const __m256 x = load_some(gate + i, count - i);
        const __m256 cube = _mm256_fmadd_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(0.044715f), _mm256_set1_ps(1.0f));
        const __m256 inner = _mm256_mul_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.59576912160573f)), cube);
        store_some(out + i, count - i, _mm256_mul_ps(gated(x, inner), load_some(up + i, count - i)));
    }
}

void avx2_fill_elementwise(struct kernels *kernels)
{
    kernels->rms_norm = rms_norm;
    kernels->silu_gate = silu_gate;
    kernels->gelu_gate = gelu_gate;
}
