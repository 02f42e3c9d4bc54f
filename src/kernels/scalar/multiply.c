/* multiply.c: products of packed weights with activations, in portable C. packing.h draws the weights' layout,
 * kernels.h that of the activations. */
#include "kernels/formats.h"
#include "kernels/packing.h"
#include "kernels/scalar/scalar.h"

#include <math.h>

enum { ROWS = PANEL_ROWS, COLUMNS = GROUP_COLUMNS, HALF = GROUP_COLUMNS / 2 };

static const size_t tiles[] = { 4, 1 };

/* A group of sixteen rows as numbers: value = step x (q - offset) - low, steps by half group. */
struct group {
    unsigned char q[COLUMNS / 4][4 * ROWS]; /* as packing.h's vectors */
    float step[2][ROWS];
    float low[ROWS];
};

static void read_nibbles(const unsigned char *nibbles, struct group *out)
{
    for (size_t i = 0; i < 4; i++)
        for (size_t b = 0; b < VECTOR; b++) {
            out->q[i][b] = nibbles[VECTOR * i + b] & 15;
            out->q[i + 4][b] = nibbles[VECTOR * i + b] >> 4;
        }
}

static void add_plane(const unsigned char *plane, struct group *out)
{
    for (size_t j = 0; j < 8; j++)
        for (size_t b = 0; b < VECTOR; b++)
            out->q[j][b] = (unsigned char)(out->q[j][b] | (plane[b] >> j & 1) << 4);
}

static void add_pairs(const unsigned char *planes, struct group *out)
{
    for (size_t j = 0; j < 8; j++)
        for (size_t b = 0; b < VECTOR; b++) {
            const unsigned char pairs = planes[VECTOR * (j / 4) + b];
            out->q[j][b] = (unsigned char)(out->q[j][b] | (pairs >> 2 * (j % 4) & 3) << 4);
        }
}

static void set_steps(const unsigned char *halves, struct group *out)
{
    for (size_t r = 0; r < ROWS; r++)
        out->step[0][r] = out->step[1][r] = read_f16(halves + 2 * r);
}

static void set_lows(const unsigned char *halves, struct group *out)
{
    for (size_t r = 0; r < ROWS; r++)
        out->low[r] = read_f16(halves + 2 * r);
}

static void read_q4_0(const unsigned char *super, const unsigned char *group, struct group *out)
{
    (void)super;
    set_steps(group, out);
    read_nibbles(group + HALVES, out);
}

static void read_q4_1(const unsigned char *super, const unsigned char *group, struct group *out)
{
    (void)super;
    set_steps(group, out);
    set_lows(group + HALVES, out);
    read_nibbles(group + 2 * HALVES, out);
}

static void read_q5_0(const unsigned char *super, const unsigned char *group, struct group *out)
{
    (void)super;
    set_steps(group, out);
    read_nibbles(group + HALVES + VECTOR, out);
    add_plane(group + HALVES, out);
}

static void read_q5_1(const unsigned char *super, const unsigned char *group, struct group *out)
{
    (void)super;
    set_steps(group, out);
    set_lows(group + HALVES, out);
    read_nibbles(group + 2 * HALVES + VECTOR, out);
    add_plane(group + 2 * HALVES, out);
}

static void read_q8_0(const unsigned char *super, const unsigned char *group, struct group *out)
{
    (void)super;
    set_steps(group, out);
    memcpy(out->q, group + HALVES, sizeof out->q);
}

/* Steps and lows of the K formats with a minimum: d x scale, -dmin x minimum. */
static void set_k_scales(const unsigned char *super, const unsigned char *group, struct group *out)
{
    for (size_t r = 0; r < ROWS; r++) {
        out->step[0][r] = out->step[1][r] = read_f16(super + 2 * r) * (float)group[r];
        out->low[r] = -read_f16(super + HALVES + 2 * r) * (float)group[BYTES + r];
    }
}

static void read_q4_k(const unsigned char *super, const unsigned char *group, struct group *out)
{
    set_k_scales(super, group, out);
    read_nibbles(group + 2 * BYTES, out);
}

static void read_q5_k(const unsigned char *super, const unsigned char *group, struct group *out)
{
    set_k_scales(super, group, out);
    read_nibbles(group + 2 * BYTES + VECTOR, out);
    add_plane(group + 2 * BYTES, out);
}

static void read_q6_k(const unsigned char *super, const unsigned char *group, struct group *out)
{
    for (size_t r = 0; r < ROWS; r++) {
        const float d = read_f16(super + 2 * r);
        out->step[0][r] = d * (float)(int8_t)group[r];
        out->step[1][r] = d * (float)(int8_t)group[BYTES + r];
    }
    read_nibbles(group + 2 * BYTES + 2 * VECTOR, out);
    add_pairs(group + 2 * BYTES, out);
}

/* Integer sums of half a group: 16 columns of one token. */
static void dot_half(const unsigned char q[4][4 * ROWS], const int8_t *x, int32_t dot[ROWS])
{
    for (size_t j = 0; j < 4; j++)
        for (size_t r = 0; r < ROWS; r++)
            for (size_t t = 0; t < 4; t++)
                dot[r] += (int32_t)q[j][4 * r + t] * x[4 * j + t];
}

/* Where the parts of one token's group lie in a tile. */
struct column {
    const int8_t *values;
    float scale, sum;
    int32_t eighth, eighth_low;
};

static struct column column_at(const unsigned char *group, size_t width, size_t slot)
{
    struct column column = { .values = (const int8_t *)group + COLUMNS * slot };
    const unsigned char *numbers = group + COLUMNS * width + 4 * slot;
    memcpy(&column.scale, numbers, 4);
    memcpy(&column.sum, numbers + 4 * width, 4);
    memcpy(&column.eighth, numbers + 8 * width, 4);
    memcpy(&column.eighth_low, numbers + 12 * width, 4);
    return column;
}

/* Adds one group's part to the sums of one token. eighths: the offset divided by 8. */
static void add_group(const struct group *group, int32_t eighths, const struct column *x, float sums[ROWS])
{
    int32_t low[ROWS], high[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        low[r] = eighths * x->eighth_low;
        high[r] = eighths * (x->eighth - x->eighth_low);
    }
    dot_half(group->q, x->values, low);
    dot_half(group->q + 4, x->values + HALF, high);
    for (size_t r = 0; r < ROWS; r++) {
        sums[r] += ((float)low[r] * group->step[0][r] + (float)high[r] * group->step[1][r]) * x->scale;
        sums[r] += group->low[r] * x->sum;
    }
}

/* Sixteen sums of one token to where they belong; the last panel may have fewer rows. */
static void put_rows(const struct product *product, size_t panel, size_t token, const float sums[ROWS])
{
    const size_t row = panel * ROWS, rows = size_min(ROWS, product->weights->rows - row);
    float *out = product->out + token * product->out_stride + row;
    for (size_t r = 0; r < rows; r++)
        out[r] = product->add ? out[r] + sums[r] : sums[r];
}

typedef void read_group(const unsigned char *super, const unsigned char *group, struct group *out);

static void multiply(const struct product *product, size_t panel, size_t first, size_t count, read_group *read,
                     int32_t eighths)
{
    const struct matrix *weights = product->weights;
    const unsigned char *packed = weights->panels + panel * weights->panel_bytes;
    const struct layout *layout = &layouts[weights->format->packing];
    const size_t groups = weights->columns / COLUMNS;
    for (size_t token = first; token < first + count;) {
        const size_t width = count - (token - first) >= tiles[0] ? tiles[0] : 1;
        const unsigned char *tile = (const unsigned char *)product->input + activations_bytes(token, weights->columns);
        float sums[4][ROWS] = { { 0 } };
        for (size_t g = 0; g < groups; g++) {
            struct group group = { .low = { 0 } };
            const unsigned char *super = packed +
                                         (layout->head + layout->groups * layout->group) * (g / layout->groups);
            read(super, super + layout->head + layout->group * (g % layout->groups), &group);
            for (size_t slot = 0; slot < width; slot++) {
                const struct column x = column_at(tile + g * width * GROUP_BYTES_PER_TOKEN, width, slot);
                add_group(&group, eighths, &x, sums[slot]);
            }
        }
        for (size_t slot = 0; slot < width; slot++)
            put_rows(product, panel, token + slot, sums[slot]);
        token += width;
    }
}

static void multiply_q4_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q4_0, 1);
}

static void multiply_q4_1(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q4_1, 0);
}

static void multiply_q5_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q5_0, 2);
}

static void multiply_q5_1(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q5_1, 0);
}

static void multiply_q8_0(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q8_0, 16);
}

static void multiply_q4_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q4_k, 0);
}

static void multiply_q5_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q5_k, 0);
}

static void multiply_q6_k(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply(product, panel, first, count, read_q6_k, 4);
}

/* Float weights: a column is sixteen numbers of the format. */
static void multiply_float(const struct product *product, size_t panel, size_t first, size_t count,
                           void (*read)(const unsigned char *values, size_t count, float *out), size_t bytes)
{
    const struct matrix *weights = product->weights;
    const unsigned char *packed = weights->panels + panel * weights->panel_bytes;
    for (size_t token = first; token < first + count; token++) {
        const float *x = (const float *)product->input + token * weights->columns;
        float sums[ROWS] = { 0 };
        for (size_t k = 0; k < weights->columns; k++) {
            float w[ROWS];
            read(packed + k * ROWS * bytes, ROWS, w);
            for (size_t r = 0; r < ROWS; r++)
                sums[r] += w[r] * x[k];
        }
        put_rows(product, panel, token, sums);
    }
}

static void multiply_f32(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply_float(product, panel, first, count, f32_dequantize, 4);
}

static void multiply_f16(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply_float(product, panel, first, count, f16_dequantize, 2);
}

static void multiply_bf16(const struct product *product, size_t panel, size_t first, size_t count)
{
    multiply_float(product, panel, first, count, bf16_dequantize, 2);
}

/* What a token's group has besides its values, into its slot. Sums wrap: rows with NaN in them add up to anything. */
static void put_numbers(unsigned char *numbers, size_t width, size_t slot, float scale, uint32_t sum, uint32_t low_sum)
{
    const float scaled = scale * (float)(int32_t)sum;
    const uint32_t eighth = 0u - 8u * sum, eighth_low = 0u - 8u * low_sum;
    memcpy(numbers + 4 * slot, &scale, 4);
    memcpy(numbers + 4 * (width + slot), &scaled, 4);
    memcpy(numbers + 4 * (2 * width + slot), &eighth, 4);
    memcpy(numbers + 4 * (3 * width + slot), &eighth_low, 4);
}

/* To the nearest, ties to even, as the vector instructions round; NaN to 0. */
static int8_t round_to_int8(float x)
{
    return x >= -127.0f && x <= 127.0f ? (int8_t)lrintf(x) : (int8_t)(x > 0 ? 127 : x < 0 ? -127 : 0);
}

static void quantize(const float *x, size_t columns, unsigned char *tile, size_t width, size_t slot)
{
    for (size_t k = 0; k < columns; k += COLUMNS, tile += GROUP_BYTES_PER_TOKEN * width) {
        float largest = 0;
        for (size_t i = 0; i < COLUMNS; i++)
            largest = fabsf(x[k + i]) > largest ? fabsf(x[k + i]) : largest;
        const float scale = largest / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0;
        int8_t *values = (int8_t *)tile + COLUMNS * slot;
        int32_t sum = 0, low = 0;
        for (size_t i = 0; i < COLUMNS; i++) {
            values[i] = round_to_int8(x[k + i] * inverse);
            sum += values[i];
            low += i < HALF ? values[i] : 0;
        }
        put_numbers(tile + COLUMNS * width, width, slot, scale, (uint32_t)sum, (uint32_t)low);
    }
}

static int32_t multiply_add_many(size_t count)
{
    uint32_t sums[16] = { 0 };
    for (size_t i = 0; i < count / 16; i++)
        for (size_t j = 0; j < 16; j++)
            sums[j] += (uint32_t)(i & 127) * (uint32_t)(j + 1);
    uint32_t sum = 0;
    for (size_t j = 0; j < 16; j++)
        sum ^= sums[j];
    return (int32_t)sum;
}

static uint64_t read_many(const unsigned char *memory, size_t bytes)
{
    uint64_t sums[4] = { 0 };
    for (size_t i = 0; i < bytes; i += sizeof sums)
        for (size_t j = 0; j < 4; j++) {
            uint64_t word;
            memcpy(&word, memory + i + 8 * j, sizeof word);
            sums[j] ^= word;
        }
    return sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
}

void scalar_fill_multiply(struct kernels *kernels)
{
    kernels->tiles = tiles;
    kernels->quantize = quantize;
    kernels->multiply[PACK_F32] = multiply_f32;
    kernels->multiply[PACK_F16] = multiply_f16;
    kernels->multiply[PACK_BF16] = multiply_bf16;
    kernels->multiply[PACK_Q4_0] = multiply_q4_0;
    kernels->multiply[PACK_Q4_1] = multiply_q4_1;
    kernels->multiply[PACK_Q5_0] = multiply_q5_0;
    kernels->multiply[PACK_Q5_1] = multiply_q5_1;
    kernels->multiply[PACK_Q8_0] = multiply_q8_0;
    kernels->multiply[PACK_Q4_K] = multiply_q4_k;
    kernels->multiply[PACK_Q5_K] = multiply_q5_k;
    kernels->multiply[PACK_Q6_K] = multiply_q6_k;
    kernels->read_many = read_many;
    kernels->multiply_add_many = multiply_add_many;
}
