/* Buffers: they grow up to their cap and not past it, and what did not fit leaves them as they were. */
#include "check.h"

static void what_was_added_is_there_and_terminated(void **state)
{
    (void)state;
    struct buffer buffer = { .limit = 1 << 20 };
    struct error error = { 0 };
    for (int i = 0; i < 10000; i++)
        assert_done(buffer_add(&buffer, "0123456789", 10, &error), &error);
    assert_int_equal(buffer.length, 100000);
    assert_int_equal(strlen(buffer.bytes), 100000);
    for (size_t i = 0; i < buffer.length; i++)
        assert_int_equal(buffer.bytes[i], '0' + (int)(i % 10));
    buffer_free(&buffer);
    assert_null(buffer_span(&buffer).data);
}

static void the_cap_is_reached_exactly_and_never_passed(void **state)
{
    (void)state;
    static const size_t limits[] = { 0, 1, 5, 63, 64, 65, 127, 128, 1000 };
    for (size_t i = 0; i < LENGTH(limits); i++) {
        struct buffer buffer = { .limit = limits[i] };
        struct error error = { 0 };
        for (size_t have = 0; have < limits[i]; have++)
            assert_done(buffer_add(&buffer, "x", 1, &error), &error);
        assert_true(buffer.capacity <= size_max(limits[i] + 1, 64));
        assert_false(buffer_add(&buffer, "y", 1, &error));
        assert_false(buffer_text(&buffer, "y", &error));
        assert_false(buffer_format(&buffer, &error, "%d", 7));
        assert_contains(error.text, "limit");
        assert_int_equal(buffer.length, limits[i]);
        assert_null(buffer.bytes ? memchr(buffer.bytes, 'y', buffer.length) : NULL);
        assert_done(buffer_add(&buffer, NULL, 0, &error), &error);
        assert_int_equal(strlen(buffer.bytes), limits[i]);
        buffer_free(&buffer);
    }
}

static void a_length_that_wraps_is_refused(void **state)
{
    (void)state;
    struct buffer buffer = { .limit = SIZE_MAX };
    struct error error = { 0 };
    assert_false(buffer_add(&buffer, "x", SIZE_MAX, &error));
    assert_done(buffer_add(&buffer, "abc", 3, &error), &error);
    assert_false(buffer_add(&buffer, "x", SIZE_MAX, &error));
    assert_false(buffer_add(&buffer, "x", SIZE_MAX - 2, &error));
    assert_string_equal(buffer.bytes, "abc");
    buffer_free(&buffer);
}

static void formats_go_behind_what_is_there(void **state)
{
    (void)state;
    struct buffer buffer = { .limit = 1000 };
    struct error error = { 0 };
    assert_done(buffer_text(&buffer, "a", &error), &error);
    assert_done(buffer_format(&buffer, &error, "%s%03d", "b", 5), &error);
    assert_done(buffer_format(&buffer, &error, "%0500d", 1), &error);
    assert_int_equal(buffer.length, 505);
    assert_memory_equal(buffer.bytes, "ab005000", 8);
    buffer_free(&buffer);
}

int main(void)
{
    RUN_TESTS(TEST(what_was_added_is_there_and_terminated), TEST(the_cap_is_reached_exactly_and_never_passed),
              TEST(a_length_that_wraps_is_refused), TEST(formats_go_behind_what_is_there));
}
