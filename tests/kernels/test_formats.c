/* Promises of the block formats, against ggml's own values of 16 rows that its quantizers made: gaussian, outliers,
 * zeros, subnormal scales, one sign, constants, large (tests/goldens/quants). */
#include "check.h"
#include "kernels/kernels.h"

#include <math.h>

enum { VALUES = 16 * 512 };

static struct buffer golden(const char *folder_and_name)
{
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct buffer bytes = { .limit = 1 << 20 };
    const char *path = golden_path(&arena, folder_and_name);
    assert_non_null(path);
    assert_done(file_read(path, &bytes, &error), &error);
    arena_free(&arena);
    return bytes;
}

/* A product of scales taken in another order may differ in the last bit. */
static void check_value(const char *format, size_t i, float expected, float actual)
{
    if (memcmp(&expected, &actual, sizeof actual) == 0 || fabsf(actual - expected) <= 1e-6f * fabsf(expected))
        return;
    fail_msg("%s, value %zu: %.9g, expected %.9g", format, i, (double)actual, (double)expected);
}

/* Out of the stored blocks, put at an odd address, and into memory with a guard behind it. */
static void check_format(const char *name, uint32_t number, const char *blocks_name, const char *values_name)
{
    const struct format *format = format_find(number);
    assert_non_null(format);
    assert_string_equal(format->name, name);
    struct buffer blocks = golden(blocks_name), values = golden(values_name);
    assert_int_equal(values.length, VALUES * sizeof(float));
    assert_int_equal(blocks.length, VALUES / format->block * format->block_bytes);

    unsigned char *odd = malloc(blocks.length + 1);
    float *actual = malloc((VALUES + 1) * sizeof *actual), expected;
    assert_non_null(odd);
    assert_non_null(actual);
    memcpy(odd + 1, blocks.bytes, blocks.length);
    actual[VALUES] = 12345.0f;
    format->dequantize(odd + 1, VALUES, actual);
    for (size_t i = 0; i < VALUES; i++) {
        memcpy(&expected, values.bytes + i * sizeof expected, sizeof expected);
        check_value(name, i, expected, actual[i]);
    }
    assert_true(actual[VALUES] == 12345.0f);
    free(actual);
    free(odd);
    buffer_free(&blocks);
    buffer_free(&values);
}

static void every_format_gives_the_values_that_ggml_gives(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t number;
    } formats[] = {
        { "F16", 1 },  { "BF16", 30 }, { "Q8_0", 8 },  { "Q4_0", 2 },  { "Q4_1", 3 },
        { "Q5_0", 6 }, { "Q5_1", 7 },  { "Q4_K", 12 }, { "Q5_K", 13 }, { "Q6_K", 14 },
    };
    for (size_t i = 0; i < LENGTH(formats); i++) {
        char blocks[64], values[64];
        snprintf(blocks, sizeof blocks, "quants/%s.bin", formats[i].name);
        snprintf(values, sizeof values, "quants/%s.f32", formats[i].name);
        check_format(formats[i].name, formats[i].number, blocks, values);
    }
}

static void f32_is_itself(void **state)
{
    (void)state;
    check_format("F32", 0, "quants/source.f32", "quants/source.f32");
}

static void one_block_is_enough_to_dequantize(void **state)
{
    (void)state;
    static const uint32_t numbers[] = { 0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 30 };
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        const struct format *format = format_find(numbers[i]);
        unsigned char *block = calloc(1, format->block_bytes);
        float *actual = malloc(format->block * sizeof *actual);
        assert_non_null(block);
        assert_non_null(actual);
        format->dequantize(block, format->block, actual);
        for (size_t k = 0; k < format->block; k++)
            assert_true(actual[k] == 0.0f);
        free(actual);
        free(block);
    }
}

static void a_number_that_no_format_has_is_unknown(void **state)
{
    (void)state;
    static const uint32_t numbers[] = { 4, 5, 31, 32, 33, 36, 37, 38, 1000, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(numbers); i++)
        assert_null(format_find(numbers[i]));
}

int main(void)
{
    RUN_TESTS(TEST(every_format_gives_the_values_that_ggml_gives), TEST(f32_is_itself),
              TEST(one_block_is_enough_to_dequantize), TEST(a_number_that_no_format_has_is_unknown));
}
