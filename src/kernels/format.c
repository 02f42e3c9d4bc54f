/* format.c: the table of block formats. A new one is its file, its row here, and its test.
 * Source of names, numbers and sizes: ggml.h and ggml-common.h of github.com/ggml-org/ggml. */
#include "kernels/formats.h"

static const struct format formats[] = {
    { "F32", 0, 1, 4, f32_dequantize },
    { "F16", 1, 1, 2, f16_dequantize },
    { "Q4_0", 2, 32, 18, q4_0_dequantize },
    { "Q4_1", 3, 32, 20, q4_1_dequantize },
    { "Q5_0", 6, 32, 22, q5_0_dequantize },
    { "Q5_1", 7, 32, 24, q5_1_dequantize },
    { "Q8_0", 8, 32, 34, q8_0_dequantize },
    { "Q8_1", 9, 32, 36, NULL },
    { "Q2_K", 10, 256, 84, NULL },
    { "Q3_K", 11, 256, 110, NULL },
    { "Q4_K", 12, 256, 144, q4_k_dequantize },
    { "Q5_K", 13, 256, 176, q5_k_dequantize },
    { "Q6_K", 14, 256, 210, q6_k_dequantize },
    { "Q8_K", 15, 256, 292, NULL },
    { "IQ2_XXS", 16, 256, 66, NULL },
    { "IQ2_XS", 17, 256, 74, NULL },
    { "IQ3_XXS", 18, 256, 98, NULL },
    { "IQ1_S", 19, 256, 50, NULL },
    { "IQ4_NL", 20, 32, 18, NULL },
    { "IQ3_S", 21, 256, 110, NULL },
    { "IQ2_S", 22, 256, 82, NULL },
    { "IQ4_XS", 23, 256, 136, NULL },
    { "I8", 24, 1, 1, NULL },
    { "I16", 25, 1, 2, NULL },
    { "I32", 26, 1, 4, NULL },
    { "I64", 27, 1, 8, NULL },
    { "F64", 28, 1, 8, NULL },
    { "IQ1_M", 29, 256, 56, NULL },
    { "BF16", 30, 1, 2, bf16_dequantize },
    { "TQ1_0", 34, 256, 54, NULL },
    { "TQ2_0", 35, 256, 66, NULL },
    { "MXFP4", 39, 32, 17, NULL },
};

const struct format *format_find(uint32_t number)
{
    for (size_t i = 0; i < LENGTH(formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}
