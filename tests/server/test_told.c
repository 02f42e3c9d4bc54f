/* Tokens are told when their text is certain, and those of a stop text never. */
#include "engine/vocabulary_maker.h"

#include "server/told.h"

/* Bytes of "é" as byte-level vocabularies write them, and a token that ends an answer. */
static const char *const tokens[] = { "a", "bc", "Ã", "©", "d", "<|end|>" };
static const int types[] = { 1, 1, 1, 1, 1, 3 };
static const char *const merges[] = { "b c" };
enum { A, BC, FIRST_OF_E, REST_OF_E, D, END };

static struct opened open_small(void)
{
    const struct vocabulary vocabulary = { .model = "gpt2",
                                           .tokens = tokens,
                                           .token_count = LENGTH(tokens),
                                           .merges = merges,
                                           .merge_count = LENGTH(merges),
                                           .types = types,
                                           .type_count = LENGTH(types),
                                           .ids = { { "eos_token_id", END } } };
    return vocabulary_open(&vocabulary);
}

static void add(struct told *told, uint32_t token)
{
    const struct likelihood row = { .token = token };
    struct error error = { 0 };
    assert_done(told_add(told, &row, 1, &error), &error);
}

/* Asserts which tokens are told when so many bytes are certain: up to TOKEN_NONE. */
static void assert_told(struct told *told, size_t certain, const uint32_t *expected)
{
    const struct told_token *token;
    for (; *expected != TOKEN_NONE; expected++) {
        token = told_next(told, certain);
        assert_non_null(token);
        assert_int_equal(token->rows[0].token, *expected);
    }
    assert_null(told_next(told, certain));
}

#define TOLD(...) ((const uint32_t[]){ __VA_ARGS__, TOKEN_NONE })

static void a_token_waits_for_its_text(void **state)
{
    (void)state;
    struct opened opened = open_small();
    struct told told;
    told_open(&told, opened.tokenizer, false);
    add(&told, A);
    assert_told(&told, 0, TOLD(TOKEN_NONE));
    add(&told, BC);
    assert_told(&told, 1, TOLD(A));
    assert_told(&told, 2, TOLD(BC)); /* its text has begun */
    add(&told, D);
    assert_told(&told, 3, TOLD(TOKEN_NONE));
    assert_told(&told, SIZE_MAX, TOLD(D));
    told_close(&told);
    opened_close(&opened);
}

static void tokens_of_one_character_are_told_together(void **state)
{
    (void)state;
    struct opened opened = open_small();
    struct told told;
    told_open(&told, opened.tokenizer, false);
    add(&told, A);
    add(&told, FIRST_OF_E);
    assert_told(&told, 1, TOLD(A));
    add(&told, REST_OF_E);
    assert_told(&told, 1, TOLD(TOKEN_NONE));
    assert_told(&told, 3, TOLD(FIRST_OF_E, REST_OF_E));
    told_close(&told);
    opened_close(&opened);
}

static void the_token_that_ends_an_answer_is_not_told(void **state)
{
    (void)state;
    struct opened opened = open_small();
    struct told told;
    told_open(&told, opened.tokenizer, false);
    add(&told, A);
    add(&told, END);
    assert_told(&told, SIZE_MAX, TOLD(A));
    told_close(&told);
    opened_close(&opened);
}

static void many_may_wait(void **state)
{
    (void)state;
    struct opened opened = open_small();
    struct told told;
    told_open(&told, opened.tokenizer, false);
    for (size_t i = 0; i < 1000; i++)
        add(&told, i % 2 ? BC : A);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(told_next(&told, SIZE_MAX)->rows[0].token, i % 2 ? BC : A);
    assert_null(told_next(&told, SIZE_MAX));
    told_close(&told);
    opened_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_waits_for_its_text),
        cmocka_unit_test(tokens_of_one_character_are_told_together),
        cmocka_unit_test(the_token_that_ends_an_answer_is_not_told),
        cmocka_unit_test(many_may_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
