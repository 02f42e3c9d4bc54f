/* avx512.c: AVX-512 with VNNI: sixteen rows a register, four multiply-adds a lane and instruction. */
#include "kernels/avx512/avx512.h"

void avx512_fill(struct kernels *kernels)
{
    avx512_fill_multiply(kernels);
    avx512_fill_float(kernels);
    avx512_fill_attend(kernels);
    avx512_fill_elementwise(kernels);
}
