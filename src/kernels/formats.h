/* formats.h: what the formats' files share. Private to the room. */
#ifndef BASTIDE_KERNELS_FORMATS_H
#define BASTIDE_KERNELS_FORMATS_H

#include "kernels/kernels.h"

#include <string.h>

/* Numbers in files are little endian and not aligned. */
static inline uint16_t read_u16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t read_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* IEEE 754 binary16 to binary32, exact, subnormals and NaN included. */
static inline float f16_to_f32(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, magnitude = half & 0x7FFFu;
    if (magnitude >= 0x7C00) /* infinity, NaN */
        return float_of_bits(sign | 0x7F800000u | (magnitude & 0x3FFu) << 13);
    if (magnitude >= 0x0400) /* normal: the exponent's bias moves from 15 to 127 */
        return float_of_bits(sign | ((magnitude << 13) + (112u << 23)));
    const float subnormal = (float)magnitude * 0x1p-24f;
    return float_of_bits(sign | bits_of_float(subnormal));
}

/* Binary32 to binary16, to the nearest, ties to even; too large becomes infinity. */
static inline uint16_t f32_to_f16(float value)
{
    const uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) /* NaN */
        return (uint16_t)(sign | 0x7E00u);
    if (magnitude >= 0x477FF000u) /* rounds to 65,536 or more */
        return (uint16_t)(sign | 0x7C00u);
    if (magnitude < 0x38800000u) { /* subnormal: adding 0.5 lines its bits up with the last of binary32 */
        const float shifted = float_of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_of_float(shifted) - bits_of_float(0.5f)));
    }
    const uint32_t rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
    return (uint16_t)(sign | (rounded - (112u << 23)) >> 13);
}

static inline float read_f16(const unsigned char *p)
{
    return f16_to_f32(read_u16(p));
}

/* Scale and minimum (6 bits each) of a group (0 to 7) of Q4_K and Q5_K. */
void k_scale(const unsigned char packed[12], unsigned group, unsigned *scale, unsigned *minimum);

/* Value i (0 to 255) of a Q6_K super-block, 0 to 63. */
unsigned q6_k_value(const unsigned char *block, unsigned i);

void f32_dequantize(const unsigned char *blocks, size_t count, float *out);
void f16_dequantize(const unsigned char *blocks, size_t count, float *out);
void bf16_dequantize(const unsigned char *blocks, size_t count, float *out);
void q4_0_dequantize(const unsigned char *blocks, size_t count, float *out);
void q4_1_dequantize(const unsigned char *blocks, size_t count, float *out);
void q5_0_dequantize(const unsigned char *blocks, size_t count, float *out);
void q5_1_dequantize(const unsigned char *blocks, size_t count, float *out);
void q8_0_dequantize(const unsigned char *blocks, size_t count, float *out);
void q4_k_dequantize(const unsigned char *blocks, size_t count, float *out);
void q5_k_dequantize(const unsigned char *blocks, size_t count, float *out);
void q6_k_dequantize(const unsigned char *blocks, size_t count, float *out);

#endif
