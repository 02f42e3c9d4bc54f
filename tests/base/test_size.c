/* Sizes from outside: sums and products that do not fit are refused, and texts such as "1.5G" are read exactly. */
#include "check.h"

static void a_sum_that_wraps_is_refused_and_leaves_the_result(void **state)
{
    (void)state;
    size_t out = 7;
    assert_false(size_add(SIZE_MAX, 1, &out));
    assert_false(size_add(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1, &out));
    assert_int_equal(out, 7);
    assert_true(size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
}

static void a_product_that_wraps_is_refused_and_leaves_the_result(void **state)
{
    (void)state;
    size_t out = 7;
    assert_false(size_multiply(SIZE_MAX, 2, &out));
    assert_false(size_multiply((size_t)1 << 32, (size_t)1 << 32, &out));
    assert_int_equal(out, 7);
    assert_true(size_multiply(SIZE_MAX, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_true(size_multiply(SIZE_MAX, 0, &out));
    assert_true(out == 0);
}

static void aligning_goes_up_to_the_next_multiple_or_fails(void **state)
{
    (void)state;
    static const struct {
        size_t value, alignment, expected;
    } cases[] = { { 0, 32, 0 },   { 1, 32, 32 }, { 32, 32, 32 },
                  { 33, 32, 64 }, { 5, 1, 5 },   { SIZE_MAX - 31, 32, SIZE_MAX - 31 } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t out = 7;
        assert_true(size_align(cases[i].value, cases[i].alignment, &out));
        assert_true(out == cases[i].expected);
    }
    size_t out = 7;
    assert_false(size_align(SIZE_MAX - 30, 32, &out));
    assert_int_equal(out, 7);
}

static void texts_of_sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t expected;
    } cases[] = { { "0", 0 },
                  { "123", 123 },
                  { "64k", 65536 },
                  { "64K", 65536 },
                  { "200M", 209715200 },
                  { "1.5G", 1610612736 },
                  { "0.5k", 512 },
                  { "2G", 2147483648u },
                  { "8GiB", (size_t)8 << 30 },
                  { "1.5MiB", 1572864 },
                  { "3KiB", 3072 },
                  { "1TiB", (size_t)1 << 40 } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t out = 7;
        assert_true(size_parse(cases[i].text, &out));
        assert_int_equal(out, cases[i].expected);
    }
}

static void texts_that_are_no_sizes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "",     " 1",   "-1",  "+1",       "k",    "1 k",  "1kk", "1kB", "1T",
                                         "0x10", "1e30", "nan", "infinity", "1e3M", "1.5.", ".5",  "1m",  "1\n" };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        size_t out = 7;
        if (size_parse(texts[i], &out))
            fail_msg("\"%s\" was read as %zu", texts[i], out);
        assert_int_equal(out, 7);
    }
}

static void sizes_are_shown_with_two_or_three_digits(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        const char *expected;
    } cases[] = { { 0, "0 B" },         { 999, "999 B" },      { 1000, "1.0 kB" },
                  { 9949, "9.9 kB" },   { 9950, "10 kB" },     { 999499, "999 kB" },
                  { 999500, "1.0 MB" }, { 98362432, "98 MB" }, { 1234567890, "1.2 GB" },
                  { SIZE_MAX, "18 EB" } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char text[16];
        assert_string_equal(size_text(cases[i].bytes, text), cases[i].expected);
    }
}

int main(void)
{
    RUN_TESTS(TEST(a_sum_that_wraps_is_refused_and_leaves_the_result),
              TEST(a_product_that_wraps_is_refused_and_leaves_the_result),
              TEST(aligning_goes_up_to_the_next_multiple_or_fails), TEST(texts_of_sizes_are_read),
              TEST(texts_that_are_no_sizes_are_refused), TEST(sizes_are_shown_with_two_or_three_digits));
}
