/* avx2.c: AVX2 with FMA and F16C: eight rows a register. */
#include "kernels/avx2/avx2.h"

void avx2_fill(struct kernels *kernels)
{
    avx2_fill_multiply(kernels);
    avx2_fill_float(kernels);
    avx2_fill_attend(kernels);
    avx2_fill_elementwise(kernels);
}
