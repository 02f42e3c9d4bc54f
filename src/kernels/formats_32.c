/* formats_32.c: blocks of 32 values that share one scale d, and in the _1 formats one minimum m.
 *
 *   Q4_0  d f16 | 16 bytes of nibbles                    value = (q - 8) d
 *   Q4_1  d f16 | m f16 | 16 bytes of nibbles            value = q d + m
 *   Q5_0  d f16 | 32 high bits | 16 bytes of nibbles     value = (q - 16) d
 *   Q5_1  d f16 | m f16 | 32 high bits | nibbles         value = q d + m
 *   Q8_0  d f16 | 32 int8                                value = q d
 *
 * Byte i of the nibbles holds value i in its low half and value i + 16 in its high half.
 * Source: ggml-common.h and ggml-quants.c of github.com/ggml-org/ggml. */
#include "kernels/formats.h"

enum { BLOCK = 32 };

void q4_0_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= BLOCK, blocks += 18, out += BLOCK) {
        const float d = read_f16(blocks);
        for (size_t i = 0; i < 16; i++) {
            out[i] = (float)((blocks[2 + i] & 15) - 8) * d;
            out[i + 16] = (float)((blocks[2 + i] >> 4) - 8) * d;
        }
    }
}

void q4_1_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= BLOCK, blocks += 20, out += BLOCK) {
        const float d = read_f16(blocks), m = read_f16(blocks + 2);
        for (size_t i = 0; i < 16; i++) {
            out[i] = (float)(blocks[4 + i] & 15) * d + m;
            out[i + 16] = (float)(blocks[4 + i] >> 4) * d + m;
        }
    }
}

void q5_0_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= BLOCK, blocks += 22, out += BLOCK) {
        const float d = read_f16(blocks);
        const uint32_t high = read_u32(blocks + 2);
        for (uint32_t i = 0; i < 16; i++) {
            const int low = (int)((blocks[6 + i] & 15u) | (high >> i & 1u) << 4);
            const int up = (int)(blocks[6 + i] >> 4 | (high >> (i + 16) & 1u) << 4);
            out[i] = (float)(low - 16) * d;
            out[i + 16] = (float)(up - 16) * d;
        }
    }
}

void q5_1_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= BLOCK, blocks += 24, out += BLOCK) {
        const float d = read_f16(blocks), m = read_f16(blocks + 2);
        const uint32_t high = read_u32(blocks + 4);
        for (uint32_t i = 0; i < 16; i++) {
            const int low = (int)((blocks[8 + i] & 15u) | (high >> i & 1u) << 4);
            const int up = (int)(blocks[8 + i] >> 4 | (high >> (i + 16) & 1u) << 4);
            out[i] = (float)low * d + m;
            out[i + 16] = (float)up * d + m;
        }
    }
}

void q8_0_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= BLOCK, blocks += 34, out += BLOCK) {
        const float d = read_f16(blocks);
        for (size_t i = 0; i < BLOCK; i++)
            out[i] = (float)(int8_t)blocks[2 + i] * d;
    }
}
