/* scalar.c: portable C, right on every processor and the measure for the others. */
#include "kernels/scalar/scalar.h"

void scalar_fill(struct kernels *kernels)
{
    scalar_fill_multiply(kernels);
    scalar_fill_attend(kernels);
    scalar_fill_elementwise(kernels);
}
