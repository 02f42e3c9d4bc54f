/* Arenas: zeroed, aligned memory that does not overlap; a size that does not fit is refused. */
#include "check.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct arena arena = { 0 };
    unsigned char *pieces[500];
    size_t sizes[500];
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        sizes[i] = random_in(&random, 0, random_in(&random, 0, 9) ? 300 : 200000);
        pieces[i] = arena_take(&arena, sizes[i], 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)(i & 0xFF), sizes[i]);
    }
    for (size_t i = 0; i < LENGTH(pieces); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(pieces[i][j], i & 0xFF);
    arena_free(&arena);
    assert_null(arena.last);
}

static void a_size_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    assert_null(arena_take(&arena, SIZE_MAX, 2));
    assert_null(arena_take(&arena, (size_t)1 << 33, (size_t)1 << 33));
    assert_null(arena_take(&arena, SIZE_MAX, 1));
    assert_null(arena_take(&arena, SIZE_MAX - 15, 1));
    assert_null(arena_text(&arena, span_of("", SIZE_MAX)));
    assert_non_null(arena_take(&arena, 16, 1)); /* and it goes on */
    arena_free(&arena);
}

static void texts_are_copied_with_a_terminator(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    assert_string_equal(arena_text(&arena, span_of("abcdef", 3)), "abc");
    assert_string_equal(arena_text(&arena, span_of(NULL, 0)), "");
    assert_string_equal(arena_format(&arena, "%s-%d", "layer", 12), "layer-12");
    char *long_text = arena_format(&arena, "%0100000d", 7);
    assert_int_equal(strlen(long_text), 100000);
    arena_free(&arena);
}

static void freeing_twice_or_nothing_is_fine(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    arena_free(&arena);
    assert_non_null(arena_take(&arena, 1, 1));
    arena_free(&arena);
    arena_free(&arena);
}

int main(void)
{
    RUN_TESTS(TEST(pieces_are_zeroed_aligned_and_apart), TEST(a_size_that_does_not_fit_is_refused),
              TEST(texts_are_copied_with_a_terminator), TEST(freeing_twice_or_nothing_is_fine));
}
