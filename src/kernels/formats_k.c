/* formats_k.c: super-blocks of 256 values, in groups with small integer scales under one float16 scale.
 *
 *   Q4_K  d f16 | dmin f16 | 12 bytes: 8 scales and 8 minimums of 6 bits | 128 bytes of nibbles
 *         value = q (d scale) - dmin minimum, groups of 32
 *   Q5_K  d | dmin | 12 bytes | 32 bytes: high bits | 128 bytes of nibbles
 *   Q6_K  128 bytes: low nibbles | 64 bytes: high pairs of bits | 16 int8 scales | d f16
 *         value = (q - 32) (d scale), groups of 16
 *
 * Source: ggml-common.h and ggml-quants.c of github.com/ggml-org/ggml. */
#include "kernels/formats.h"

enum { SUPER_BLOCK = 256 };

void k_scale(const unsigned char packed[12], unsigned group, unsigned *scale, unsigned *minimum)
{
    if (group < 4) {
        *scale = packed[group] & 63u;
        *minimum = packed[group + 4] & 63u;
        return;
    }
    *scale = (packed[group + 4] & 15u) | (unsigned)(packed[group - 4] >> 6) << 4;
    *minimum = (unsigned)(packed[group + 4] >> 4) | (unsigned)(packed[group] >> 6) << 4;
}

void q4_k_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= SUPER_BLOCK, blocks += 144) {
        const float d = read_f16(blocks), dmin = read_f16(blocks + 2);
        for (unsigned group = 0; group < 8; group++, out += 32) {
            unsigned scale, minimum;
            k_scale(blocks + 4, group, &scale, &minimum);
            const float step = d * (float)scale, low = dmin * (float)minimum;
            const unsigned char *nibbles = blocks + 16 + 32 * (group / 2);
            for (size_t i = 0; i < 32; i++)
                out[i] = step * (float)(nibbles[i] >> 4 * (group & 1) & 15) - low;
        }
    }
}

void q5_k_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= SUPER_BLOCK, blocks += 176) {
        const float d = read_f16(blocks), dmin = read_f16(blocks + 2);
        for (unsigned group = 0; group < 8; group++, out += 32) {
            unsigned scale, minimum;
            k_scale(blocks + 4, group, &scale, &minimum);
            const float step = d * (float)scale, low = dmin * (float)minimum;
            const unsigned char *high = blocks + 16, *nibbles = blocks + 48 + 32 * (group / 2);
            for (size_t i = 0; i < 32; i++) {
                const int q = (nibbles[i] >> 4 * (group & 1) & 15) | (high[i] >> group & 1) << 4;
                out[i] = step * (float)q - low;
            }
        }
    }
}

unsigned q6_k_value(const unsigned char *block, unsigned i)
{
    const unsigned half = i / 128, quarter = i % 128 / 32, at = i % 32;
    const unsigned low = block[64 * half + 32 * (quarter & 1) + at] >> 4 * (quarter >> 1) & 15u;
    const unsigned high = block[128 + 32 * half + at] >> 2 * quarter & 3u;
    return low | high << 4;
}

void q6_k_dequantize(const unsigned char *blocks, size_t count, float *out)
{
    for (; count > 0; count -= SUPER_BLOCK, blocks += 210, out += SUPER_BLOCK) {
        const float d = read_f16(blocks + 208);
        for (unsigned i = 0; i < SUPER_BLOCK; i++) {
            const float step = d * (float)(int8_t)blocks[192 + i / 16];
            out[i] = step * (float)((int)q6_k_value(blocks, i) - 32);
        }
    }
}
