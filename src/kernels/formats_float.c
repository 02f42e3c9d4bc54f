/* formats_float.c: F32, F16, BF16: no blocks, only numbers. */
#include "kernels/formats.h"

void f32_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = float_of_bits(read_u32(blocks + 4 * i));
}

void f16_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = read_f16(blocks + 2 * i);
}

/* BF16 is the upper half of F32. */
void bf16_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = float_of_bits((uint32_t)read_u16(blocks + 2 * i) << 16);
}
