/* What a file says of itself, as a server shows it; and the tokens for filling in the middle. */
#include "engine/vocabulary_maker.h"

static const char *const tokens[] = { "a", "b", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>" };
static const char *const merges[] = { "none none" };

static struct vocabulary with(size_t token_count)
{
    return (struct vocabulary){
        .model = "gpt2", .tokens = tokens, .token_count = token_count, .merges = merges, .merge_count = LENGTH(merges)
    };
}

static void a_fact_has_the_type_of_its_key(void **state)
{
    (void)state;
    struct vocabulary vocabulary = with(LENGTH(tokens));
    vocabulary.ids[0].key = "eos_token_id";
    vocabulary.ids[0].value = 1;
    struct opened opened = vocabulary_open(&vocabulary);
    struct gguf_fact fact = { 0 };
    assert_true(gguf_fact_find(opened.gguf, "tokenizer.ggml.model", &fact));
    assert_int_equal(fact.kind, GGUF_FACT_TEXT);
    assert_true(span_equal(fact.text, span_text("gpt2")));
    assert_true(gguf_fact_find(opened.gguf, "tokenizer.ggml.tokens", &fact));
    assert_int_equal(fact.kind, GGUF_FACT_LIST);
    assert_int_equal(fact.integer, LENGTH(tokens));
    assert_true(gguf_fact_find(opened.gguf, "tokenizer.ggml.eos_token_id", &fact));
    assert_int_equal(fact.kind, GGUF_FACT_INTEGER);
    assert_int_equal(fact.integer, 1);
    assert_false(gguf_fact_find(opened.gguf, "tokenizer.ggml.no_such_key", &fact));
    for (size_t i = 1; i < gguf_fact_count(opened.gguf); i++)
        assert_true(gguf_fact(opened.gguf, i).name.bytes > 0);
    opened_close(&opened);
}

static void middle_tokens_are_known_by_their_texts(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = with(LENGTH(tokens));
    struct opened opened = vocabulary_open(&vocabulary);
    struct middle_tokens middle;
    assert_true(tokenizer_middle(opened.tokenizer, opened.gguf, &middle));
    assert_int_equal(middle.prefix, 2);
    assert_int_equal(middle.suffix, 3);
    assert_int_equal(middle.middle, 4);
    assert_int_equal(middle.file, 5);
    assert_int_equal(middle.repository, TOKEN_NONE);
    opened_close(&opened);
}

static void the_files_own_keys_go_first(void **state)
{
    (void)state;
    struct vocabulary vocabulary = with(LENGTH(tokens));
    vocabulary.ids[0].key = "fim_pre_token_id";
    vocabulary.ids[0].value = 1;
    struct opened opened = vocabulary_open(&vocabulary);
    struct middle_tokens middle;
    assert_true(tokenizer_middle(opened.tokenizer, opened.gguf, &middle));
    assert_int_equal(middle.prefix, 1);
    opened_close(&opened);
}

static void a_model_without_one_of_them_has_none(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = with(4);
    struct opened opened = vocabulary_open(&vocabulary);
    struct middle_tokens middle;
    assert_false(tokenizer_middle(opened.tokenizer, opened.gguf, &middle));
    opened_close(&opened);
}

int main(void)
{
    RUN_TESTS(TEST(a_fact_has_the_type_of_its_key), TEST(middle_tokens_are_known_by_their_texts),
              TEST(the_files_own_keys_go_first), TEST(a_model_without_one_of_them_has_none));
}
