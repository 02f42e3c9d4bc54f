/* elementwise.c: norms and activations, in portable C. */
#include "kernels/scalar/scalar.h"

#include <math.h>

/* Sums of squares in double: the rest of the row depends on this one number. */
static void rms_norm(const float *x, const float *weight, size_t count, float epsilon, bool add, float *out)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)x[i] * (double)x[i];
    const float scale = 1.0f / sqrtf((float)(squares / (double)count) + epsilon);
    for (size_t i = 0; i < count; i++) {
        const float normed = x[i] * scale * weight[i];
        out[i] = add ? out[i] + normed : normed;
    }
}

static void silu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

/* Hendrycks and Gimpel 2016, the tanh form: x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))). */
static void gelu_gate(const float *gate, const float *up, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        const float x = gate[i];
        const float inner = 2 * 0.79788456080286535588f * x * (1.0f + 0.044715f * x * x);
        out[i] = x / (1.0f + expf(-inner)) * up[i];
    }
}

void scalar_fill_elementwise(struct kernels *kernels)
{
    kernels->rms_norm = rms_norm;
    kernels->silu_gate = silu_gate;
    kernels->gelu_gate = gelu_gate;
}
