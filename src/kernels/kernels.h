/* kernels.h: block formats and the arithmetic on them. */
#ifndef BASTIDE_KERNELS_H
#define BASTIDE_KERNELS_H

#include "base/base.h"

/* ---- block formats --------------------------------------------------------------------------------------------------- */

/* A way to store numbers in blocks, as GGUF files have it. */
struct format {
    const char *name;     /* as in GGUF: "Q4_1" */
    uint32_t number;      /* the type number in the file */
    uint32_t block;       /* values in a block */
    uint32_t block_bytes; /* bytes of a block */
    /* count values (a multiple of block) to float32, exactly as ggml does; NULL for a format that is known by name only.
     * blocks need not be aligned. */
    void (*dequantize)(const unsigned char *blocks, size_t count, float *out);
};

/* NULL for a number that stands for no format known here. */
const struct format *format_find(uint32_t number);

#endif
