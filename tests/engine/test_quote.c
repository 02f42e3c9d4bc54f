/* Text that is to stay text: no token that is special comes from it, and the template that hands it on notices
 * nothing. */
#include "engine/vocabulary_maker.h"

enum { N = 1, CONTROL = 3, USER = 4 };

static const char *const merges[] = { "a b" };
static const char *const tokens[] = {
    "a", "b", "c", "<", "|", ">", "x", "ab", "<|x|>", "<x>", "<x>a", "b<", "!", "!c"
};
static const int types[] = { N, N, N, N, N, N, N, N, CONTROL, CONTROL, USER, USER, CONTROL, CONTROL };

enum { X = 8 };

static struct opened open_small(void)
{
    const struct vocabulary vocabulary = { .model = "gpt2",
                                           .tokens = tokens,
                                           .token_count = LENGTH(tokens),
                                           .merges = merges,
                                           .merge_count = LENGTH(merges),
                                           .types = types,
                                           .type_count = LENGTH(types) };
    return vocabulary_open(&vocabulary);
}

static struct tokens encode(const struct opened *opened, struct span text, struct encoding encoding)
{
    struct tokens out = { 0 };
    struct error error = { 0 };
    assert_done(tokenizer_encode(opened->tokenizer, text, encoding, &out, &error), &error);
    return out;
}

static struct buffer quote(const struct opened *opened, struct span text)
{
    struct buffer out = { .limit = 1 << 20 };
    struct error error = { 0 };
    assert_done(tokenizer_quote(opened->tokenizer, text, &out, &error), &error);
    return out;
}

static struct span random_text(struct random *random, char out[200])
{
    static const char *const parts[] = { "a",     "b",   "c", "!",      "<",      "|",      ">",           "x",
                                         "<|x|>", "<x>", "é", "\uFDD0", "\uFDD1", "\uFDD2", "\uFDD0\uFDD1" };
    size_t length = 0;
    for (size_t i = random_in(random, 0, 20); i > 0; i--) {
        const char *part = parts[random_in(random, 0, LENGTH(parts) - 1)];
        memcpy(out + length, part, strlen(part));
        length += strlen(part);
    }
    return span_of(out, length);
}

static void quoted_text_is_encoded_as_plain_text(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct opened opened = open_small();
    for (int round = 0; round < 3000; round++) {
        char text[200];
        const struct span content = random_text(&random, text);
        struct buffer prompt = { .limit = 1 << 20 }, quoted = quote(&opened, content);
        assert_true(buffer_text(&prompt, "<|x|>", NULL));
        assert_true(content.bytes == 0 || buffer_add(&prompt, quoted.bytes, quoted.length, NULL));
        assert_true(buffer_text(&prompt, "<|x|>", NULL));
        struct tokens plain = encode(&opened, content, (struct encoding){ 0 });
        struct tokens marked = encode(&opened, buffer_span(&prompt),
                                      (struct encoding){ .parse_special = true, .quoted = true });
        if (!content.bytes || content.data[content.bytes - 1] != 'b') { /* "b<" would take the template's "<" */
            assert_int_equal(marked.count, plain.count + 2);
            assert_int_equal(marked.ids[0], X);
            assert_true(plain.count == 0 || memcmp(marked.ids + 1, plain.ids, plain.count * sizeof *plain.ids) == 0);
            assert_int_equal(marked.ids[plain.count + 1], X);
        }
        tokens_free(&plain);
        tokens_free(&marked);
        buffer_free(&prompt);
        buffer_free(&quoted);
    }
    opened_close(&opened);
}

static void taking_marks_out_gives_the_text_back(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct opened opened = open_small();
    for (int round = 0; round < 3000; round++) {
        char text[200];
        const struct span content = random_text(&random, text);
        struct buffer quoted = quote(&opened, content), back = { .limit = 1 << 20 };
        assert_true(tokenizer_unquote(buffer_span(&quoted), &back, NULL));
        assert_true(span_equal(content, buffer_span(&back)));
        buffer_free(&quoted);
        buffer_free(&back);
    }
    opened_close(&opened);
}

static void what_is_no_special_token_stays_as_it_is(void **state)
{
    (void)state;
    struct opened opened = open_small();
    const struct span text = span_text("a <x b< |x|> 日本");
    struct buffer quoted = quote(&opened, text);
    assert_true(span_equal(text, buffer_span(&quoted)));
    buffer_free(&quoted);
    opened_close(&opened);
}

static void a_template_hands_quotes_on_and_still_finds_ordinary_texts(void **state)
{
    (void)state;
    static const char source[] = "{% for m in messages %}<|x|>{{ m.content | trim }}{{ 'b' in m.content }}"
                                 "{{ m.content | tojson }}{{ tools[0]['<|x|>'] }}{% endfor %}{{ extra }}";
    struct opened opened = open_small();
    struct template *template = NULL;
    struct error error = { 0 };
    struct buffer out = { .limit = 1 << 20 }, plain = { .limit = 1 << 20 };
    assert_done(template_open(span_text(source), "t", &template, &error), &error);
    const struct conversation conversation = {
        .messages_json = "[{\"content\": \" a<|x|>b \"}]",
        .tools_json = "[{\"k\": 1}]",
        .names_json = "{\"extra\": \"<x>\", \"messages\": 3}",
        .quotes = opened.tokenizer,
    };
    assert_done(template_render(template, &conversation, &out, &error), &error);
    assert_string_equal(out.bytes, "<|x|>a<\uFDD0\uFDD1|x|>bTrue\" a<\uFDD0\uFDD1|x|>b \"<\uFDD0\uFDD1x>");
    assert_true(tokenizer_unquote(buffer_span(&out), &plain, NULL));
    assert_string_equal(plain.bytes, "<|x|>a<|x|>bTrue\" a<|x|>b \"<x>");
    buffer_free(&out);
    buffer_free(&plain);
    template_close(template);
    opened_close(&opened);
}

int main(void)
{
    RUN_TESTS(TEST(quoted_text_is_encoded_as_plain_text), TEST(taking_marks_out_gives_the_text_back),
              TEST(what_is_no_special_token_stays_as_it_is),
              TEST(a_template_hands_quotes_on_and_still_finds_ordinary_texts));
}
