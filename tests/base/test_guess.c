/* Names typed wrong: the one that was meant is found, and nothing is made up where none is like it. */
#include "check.h"

static const char *const names[] = { "chat", "run", "tokenize", "template", "perplexity", "smollm2-135m" };

static const char *guessed(const char *typed)
{
    struct guess guess = { 0 };
    for (size_t i = 0; i < LENGTH(names); i++)
        guess_try(&guess, typed, names[i]);
    return guess.name;
}

static void a_slip_of_the_fingers_is_understood(void **state)
{
    (void)state;
    assert_string_equal(guessed("chta"), "chat");            /* swapped */
    assert_string_equal(guessed("tokennize"), "tokenize");   /* one more */
    assert_string_equal(guessed("perlexity"), "perplexity"); /* one less */
    assert_string_equal(guessed("remplate"), "template");    /* another */
    assert_string_equal(guessed("rnu"), "run");
}

static void the_beginning_of_a_name_is_enough(void **state)
{
    (void)state;
    assert_string_equal(guessed("smolm2"), "smollm2-135m");
    assert_string_equal(guessed("perp"), "perplexity");
}

static void the_nearest_wins_and_not_the_first(void **state)
{
    (void)state;
    struct guess guess = { 0 };
    guess_try(&guess, "verifi", "verity");
    guess_try(&guess, "verifi", "verify");
    guess_try(&guess, "verifi", "vanity");
    assert_string_equal(guess.name, "verify");
    assert_int_equal(guess.edits, 1);
}

static void nothing_is_guessed_where_nothing_is_alike(void **state)
{
    (void)state;
    char long_word[4096];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_null(guessed(""));
    assert_null(guessed("x"));
    assert_null(guessed("dance"));
    assert_null(guessed("\xff\xfe"));
    assert_null(guessed(long_word));
}

int main(void)
{
    RUN_TESTS(TEST(a_slip_of_the_fingers_is_understood), TEST(the_beginning_of_a_name_is_enough),
              TEST(the_nearest_wins_and_not_the_first), TEST(nothing_is_guessed_where_nothing_is_alike));
}
