/* scalar.h: the portable kernels, in four files. Private to the folder. */
#ifndef BASTIDE_KERNELS_SCALAR_H
#define BASTIDE_KERNELS_SCALAR_H

#include "kernels/levels.h"

void scalar_fill_multiply(struct kernels *kernels);
void scalar_fill_attend(struct kernels *kernels);
void scalar_fill_elementwise(struct kernels *kernels);

#endif
