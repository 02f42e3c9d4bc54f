/* packing.h: how packed weights lie in memory; constants only, no function, for the kernels of every instruction set.
 *
 * A panel is sixteen rows; a group is 32 columns of them. The quantised values of a group are eight vectors of 64
 * bytes: byte 4 r + t of vector j is row r, column 4 j + t, as an unsigned number.
 *
 *   4 bits     four nibble vectors n: vector i is the low halves of n[i], vector i + 4 the high halves
 *   1 bit more one plane of 64 bytes: bit j of byte b is bit 4 of byte b of vector j
 *   2 bits more two planes: bits 2 j, 2 j + 1 of byte b of plane 0 are bits 4 and 5 of vector j, plane 1 those of j + 4
 *   8 bits     the eight vectors themselves, 128 added to each value
 *
 * Before the values come what sixteen rows need: scales d and minimums m as float16 x 16, small integer scales as
 * bytes x 16.
 *
 *   Q4_0   d | 4 bits                          value = (q - 8) d
 *   Q4_1   d | m | 4 bits                      value = q d + m
 *   Q5_0   d | plane | 4 bits                  value = (q - 16) d
 *   Q5_1   d | m | plane | 4 bits              value = q d + m
 *   Q8_0   d | 8 bits                          value = (q - 128) d
 *   Q4_K   d | dmin, then 8 groups of: scale u8 | minimum u8 | 4 bits            value = q d scale - dmin minimum
 *   Q5_K   d | dmin, then 8 groups of: scale u8 | minimum u8 | plane | 4 bits
 *   Q6_K   d, then 8 groups of: scale i8 (columns 0-15) | scale i8 (16-31) | 2 planes | 4 bits
 *                                                                                value = (q - 32) d scale
 *   F32, F16, BF16: for each column the sixteen rows.
 */
#ifndef BASTIDE_KERNELS_PACKING_H
#define BASTIDE_KERNELS_PACKING_H

#include "kernels/kernels.h"

enum {
    VECTOR = 64,
    NIBBLES = 4 * VECTOR,
    HALVES = 32, /* float16 x 16 */
    BYTES = 16,  /* byte x 16 */
};

/* Groups come together that share numbers: groups of them after head bytes. */
struct layout {
    size_t groups, head, group;
};

static const struct layout layouts[PACKINGS] = {
    [PACK_Q4_0] = { 1, 0, HALVES + NIBBLES },
    [PACK_Q4_1] = { 1, 0, 2 * HALVES + NIBBLES },
    [PACK_Q5_0] = { 1, 0, HALVES + VECTOR + NIBBLES },
    [PACK_Q5_1] = { 1, 0, 2 * HALVES + VECTOR + NIBBLES },
    [PACK_Q8_0] = { 1, 0, HALVES + 8 * VECTOR },
    [PACK_Q4_K] = { 8, 2 * HALVES, 2 * BYTES + NIBBLES },
    [PACK_Q5_K] = { 8, 2 * HALVES, 2 * BYTES + VECTOR + NIBBLES },
    [PACK_Q6_K] = { 8, HALVES, 2 * BYTES + 2 * VECTOR + NIBBLES },
};

#endif
