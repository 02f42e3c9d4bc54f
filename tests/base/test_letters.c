/* Letters at random: as many as wanted, out of the alphabet, each as likely as the others, never the same twice. */
#include "check.h"

#include <ctype.h>

static void as_many_letters_and_digits_as_wanted(void **state)
{
    (void)state;
    struct error error = { 0 };
    const size_t counts[] = { 0, 1, 22, 24, 63, 64, 65, 1000 };
    for (size_t i = 0; i < LENGTH(counts); i++) {
        char text[1002];
        memset(text, '#', sizeof text);
        assert_done(letters_draw(text, counts[i], &error), &error);
        assert_int_equal(strlen(text), counts[i]);
        assert_int_equal(text[counts[i] + 1], '#');
        for (size_t k = 0; k < counts[i]; k++)
            assert_true(isalnum((unsigned char)text[k]));
    }
}

static void each_is_as_likely_as_the_others(void **state)
{
    (void)state;
    enum { DRAWN = 62000, EACH = DRAWN / 62 };
    struct error error = { 0 };
    static char text[DRAWN + 1];
    size_t counts[256] = { 0 }, kinds = 0;
    assert_done(letters_draw(text, DRAWN, &error), &error);
    for (size_t i = 0; i < DRAWN; i++)
        counts[(unsigned char)text[i]]++;
    for (size_t i = 0; i < 256; i++) {
        kinds += counts[i] > 0;
        if (counts[i] > 0)
            assert_in_range(counts[i], EACH - 250, EACH + 250); /* eight times the deviation that chance has */
    }
    assert_int_equal(kinds, 62);
}

static void two_draws_differ(void **state)
{
    (void)state;
    struct error error = { 0 };
    char a[23], b[23];
    assert_done(letters_draw(a, 22, &error) && letters_draw(b, 22, &error), &error);
    assert_string_not_equal(a, b);
}

int main(void)
{
    RUN_TESTS(TEST(as_many_letters_and_digits_as_wanted), TEST(each_is_as_likely_as_the_others),
              TEST(two_draws_differ));
}
