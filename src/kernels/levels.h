/* levels.h: each instruction set fills in what it does better. Private to the room. */
#ifndef BASTIDE_KERNELS_LEVELS_H
#define BASTIDE_KERNELS_LEVELS_H

#include "kernels/kernels.h"

void scalar_fill(struct kernels *kernels); /* all of them, in portable C */
void avx2_fill(struct kernels *kernels);   /* AVX2 with FMA and F16C */
void avx512_fill(struct kernels *kernels); /* AVX-512 F, BW, DQ, VL with VNNI */

#endif
