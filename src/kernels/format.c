/* format.c: the table of block formats. A new one is its file, its row here, and its test.
 * Source of names, numbers and sizes: ggml.h and ggml-common.h of github.com/ggml-org/ggml. */
#include "kernels/formats.h"

static const struct format formats[] = {
    { "F32", 0, 1, 4, f32_dequantize, PACK_F32 },
    { "F16", 1, 1, 2, f16_dequantize, PACK_F16 },
    { "Q4_0", 2, 32, 18, q4_0_dequantize, PACK_Q4_0 },
    { "Q4_1", 3, 32, 20, q4_1_dequantize, PACK_Q4_1 },
    { "Q5_0", 6, 32, 22, q5_0_dequantize, PACK_Q5_0 },
    { "Q5_1", 7, 32, 24, q5_1_dequantize, PACK_Q5_1 },
    { "Q8_0", 8, 32, 34, q8_0_dequantize, PACK_Q8_0 },
    { "Q8_1", 9, 32, 36, NULL, PACK_NONE },
    { "Q2_K", 10, 256, 84, NULL, PACK_NONE },
    { "Q3_K", 11, 256, 110, NULL, PACK_NONE },
    { "Q4_K", 12, 256, 144, q4_k_dequantize, PACK_Q4_K },
    { "Q5_K", 13, 256, 176, q5_k_dequantize, PACK_Q5_K },
    { "Q6_K", 14, 256, 210, q6_k_dequantize, PACK_Q6_K },
    { "Q8_K", 15, 256, 292, NULL, PACK_NONE },
    { "IQ2_XXS", 16, 256, 66, NULL, PACK_NONE },
    { "IQ2_XS", 17, 256, 74, NULL, PACK_NONE },
    { "IQ3_XXS", 18, 256, 98, NULL, PACK_NONE },
    { "IQ1_S", 19, 256, 50, NULL, PACK_NONE },
    { "IQ4_NL", 20, 32, 18, NULL, PACK_NONE },
    { "IQ3_S", 21, 256, 110, NULL, PACK_NONE },
    { "IQ2_S", 22, 256, 82, NULL, PACK_NONE },
    { "IQ4_XS", 23, 256, 136, NULL, PACK_NONE },
    { "I8", 24, 1, 1, NULL, PACK_NONE },
    { "I16", 25, 1, 2, NULL, PACK_NONE },
    { "I32", 26, 1, 4, NULL, PACK_NONE },
    { "I64", 27, 1, 8, NULL, PACK_NONE },
    { "F64", 28, 1, 8, NULL, PACK_NONE },
    { "IQ1_M", 29, 256, 56, NULL, PACK_NONE },
    { "BF16", 30, 1, 2, bf16_dequantize, PACK_BF16 },
    { "TQ1_0", 34, 256, 54, NULL, PACK_NONE },
    { "TQ2_0", 35, 256, 66, NULL, PACK_NONE },
    { "MXFP4", 39, 32, 17, NULL, PACK_NONE },
};

const struct format *format_find(uint32_t number)
{
    for (size_t i = 0; i < LENGTH(formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}
