/* pack.c: from rows as a file has them to panels as the kernels want them; packing.h draws the layout.
 * It runs once per weight at start, so it reads and writes whole words where a format allows. */
#include "kernels/formats.h"
#include "kernels/packing.h"

enum { ROWS = PANEL_ROWS };

static void put_word(unsigned char *vector, size_t row, uint32_t word)
{
    memcpy(vector + 4 * row, &word, sizeof word);
}

static uint32_t get_word(const unsigned char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Nibbles in the file's order (byte i: columns i and i + 16) are in the packed order already, four bytes at a time. */
static void put_nibbles(unsigned char *vectors, size_t row, const unsigned char nibbles[16])
{
    for (size_t i = 0; i < 4; i++)
        put_word(vectors + VECTOR * i, row, get_word(nibbles + 4 * i));
}

/* Bit t + 4 j of the high bits goes to bit j of byte t. */
static void put_plane(unsigned char *plane, size_t row, uint32_t high)
{
    for (size_t t = 0; t < 4; t++) {
        uint32_t bits = high >> t & 0x11111111u;
        bits = (bits | bits >> 3) & 0x03030303u;
        bits = (bits | bits >> 6) & 0x000F000Fu;
        plane[4 * row + t] = (unsigned char)(bits | bits >> 12);
    }
}

static void pack_q4_0(const unsigned char *block, size_t row, unsigned char *group)
{
    memcpy(group + 2 * row, block, 2);
    put_nibbles(group + HALVES, row, block + 2);
}

static void pack_q4_1(const unsigned char *block, size_t row, unsigned char *group)
{
    memcpy(group + 2 * row, block, 2);
    memcpy(group + HALVES + 2 * row, block + 2, 2);
    put_nibbles(group + 2 * HALVES, row, block + 4);
}

static void pack_q5_0(const unsigned char *block, size_t row, unsigned char *group)
{
    memcpy(group + 2 * row, block, 2);
    put_plane(group + HALVES, row, read_u32(block + 2));
    put_nibbles(group + HALVES + VECTOR, row, block + 6);
}

static void pack_q5_1(const unsigned char *block, size_t row, unsigned char *group)
{
    memcpy(group + 2 * row, block, 2);
    memcpy(group + HALVES + 2 * row, block + 2, 2);
    put_plane(group + 2 * HALVES, row, read_u32(block + 4));
    put_nibbles(group + 2 * HALVES + VECTOR, row, block + 8);
}

static void pack_q8_0(const unsigned char *block, size_t row, unsigned char *group)
{
    memcpy(group + 2 * row, block, 2);
    for (size_t j = 0; j < 8; j++)
        put_word(group + HALVES + VECTOR * j, row, get_word(block + 2 + 4 * j) ^ 0x80808080u);
}

/* The nibbles of groups 2 k and 2 k + 1 share bytes: low halves the one, high halves the other. */
static void put_k_nibbles(unsigned char *vectors, size_t row, const unsigned char nibbles[32], bool odd)
{
    for (size_t i = 0; i < 4; i++) {
        const uint32_t first = get_word(nibbles + 4 * i), second = get_word(nibbles + 16 + 4 * i);
        const uint32_t word = odd ? (first >> 4 & 0x0F0F0F0Fu) | (second & 0xF0F0F0F0u)
                                  : (first & 0x0F0F0F0Fu) | (second << 4 & 0xF0F0F0F0u);
        put_word(vectors + VECTOR * i, row, word);
    }
}

/* Group g of those that share a super-block. */
static unsigned char *group_in(enum packing packing, unsigned char *super, unsigned g)
{
    return super + layouts[packing].head + layouts[packing].group * g;
}

static void pack_q4_k(const unsigned char *block, size_t row, unsigned char *super)
{
    memcpy(super + 2 * row, block, 2);
    memcpy(super + HALVES + 2 * row, block + 2, 2);
    for (unsigned g = 0; g < 8; g++) {
        unsigned char *group = group_in(PACK_Q4_K, super, g);
        unsigned scale, minimum;
        k_scale(block + 4, g, &scale, &minimum);
        group[row] = (unsigned char)scale;
        group[BYTES + row] = (unsigned char)minimum;
        put_k_nibbles(group + 2 * BYTES, row, block + 16 + 32 * (g / 2), g & 1);
    }
}

/* Bit g of each of 32 bytes, as one word: column 0 lowest. */
static uint32_t gather_bits(const unsigned char bytes[32], unsigned g)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 32; i++)
        bits |= (uint32_t)(bytes[i] >> g & 1) << i;
    return bits;
}

static void pack_q5_k(const unsigned char *block, size_t row, unsigned char *super)
{
    memcpy(super + 2 * row, block, 2);
    memcpy(super + HALVES + 2 * row, block + 2, 2);
    for (unsigned g = 0; g < 8; g++) {
        unsigned char *group = group_in(PACK_Q5_K, super, g);
        unsigned scale, minimum;
        k_scale(block + 4, g, &scale, &minimum);
        group[row] = (unsigned char)scale;
        group[BYTES + row] = (unsigned char)minimum;
        put_plane(group + 2 * BYTES, row, gather_bits(block + 16, g));
        put_k_nibbles(group + 2 * BYTES + VECTOR, row, block + 48 + 32 * (g / 2), g & 1);
    }
}

/* Columns 4 i + t of a plane's half: pairs of bits, four words of them, to bits 2 i and 2 i + 1 of byte t. */
static uint32_t gather_pairs(const unsigned char pairs[16], unsigned shift)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < 4; i++)
        word |= (get_word(pairs + 4 * i) >> shift & 0x03030303u) << 2 * i;
    return word;
}

/* A quarter (32 columns) of half a Q6_K super-block: its nibbles are the low or high halves of 32 bytes. */
static void pack_q6_k(const unsigned char *block, size_t row, unsigned char *super)
{
    memcpy(super + 2 * row, block + 208, 2);
    for (unsigned g = 0; g < 8; g++) {
        unsigned char *group = group_in(PACK_Q6_K, super, g);
        const unsigned half = g / 4, quarter = g % 4;
        const unsigned char *low = block + 64 * half + 32 * (quarter & 1), *high = block + 128 + 32 * half;
        group[row] = block[192 + 2 * g];
        group[BYTES + row] = block[192 + 2 * g + 1];
        put_word(group + 2 * BYTES, row, gather_pairs(high, 2 * quarter));
        put_word(group + 2 * BYTES + VECTOR, row, gather_pairs(high + 16, 2 * quarter));
        put_k_nibbles(group + 2 * BYTES + 2 * VECTOR, row, low, quarter >> 1);
    }
}

static void pack_f32(const unsigned char *value, size_t row, unsigned char *column)
{
    memcpy(column + 4 * row, value, 4);
}

static void pack_16(const unsigned char *value, size_t row, unsigned char *column)
{
    memcpy(column + 2 * row, value, 2);
}

/* Puts one block of one row among the sixteen. */
typedef void pack_block(const unsigned char *block, size_t row, unsigned char *out);

static pack_block *const packers[PACKINGS] = {
    [PACK_F32] = pack_f32,   [PACK_F16] = pack_16,    [PACK_BF16] = pack_16,   [PACK_Q4_0] = pack_q4_0,
    [PACK_Q4_1] = pack_q4_1, [PACK_Q5_0] = pack_q5_0, [PACK_Q5_1] = pack_q5_1, [PACK_Q8_0] = pack_q8_0,
    [PACK_Q4_K] = pack_q4_k, [PACK_Q5_K] = pack_q5_k, [PACK_Q6_K] = pack_q6_k,
};

bool packing_is_quantized(enum packing packing)
{
    return layouts[packing].groups > 0;
}

/* Bytes of a block of sixteen rows. */
static size_t block_bytes(const struct format *format)
{
    const struct layout *layout = &layouts[format->packing];
    return layout->groups > 0 ? layout->head + layout->groups * layout->group : ROWS * format->block_bytes;
}

size_t panel_bytes(const struct format *format, size_t columns)
{
    return columns / format->block * block_bytes(format);
}

void panel_pack(const struct format *format, const unsigned char *rows, size_t count, size_t columns,
                unsigned char *panel)
{
    const size_t blocks = columns / format->block, bytes = block_bytes(format);
    pack_block *pack = packers[format->packing];
    if (count < ROWS)
        memset(panel, 0, blocks * bytes);
    for (size_t row = 0; row < count; row++, rows += blocks * format->block_bytes)
        for (size_t b = 0; b < blocks; b++)
            pack(rows + b * format->block_bytes, row, panel + b * bytes);
}
