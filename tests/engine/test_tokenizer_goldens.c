/* Ids as llama.cpp gives them, on 140 texts for SmolLM2 (its vocabulary is among the goldens) and Gemma (whose
 * vocabulary is too large for that: the model itself must be in the folder that BASTIDE_MODELS names). */
#include "check.h"
#include "engine/engine.h"

#include <jansson.h>

struct golden {
    struct arena arena;
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    json_t *root;
};

static struct golden golden_open(const char *model, const char *texts)
{
    struct golden golden = { 0 };
    struct error error = { 0 };
    json_error_t wrong;
    assert_done(gguf_open(model, &golden.gguf, &error), &error);
    assert_done(tokenizer_open(golden.gguf, &golden.tokenizer, &error), &error);
    golden.root = json_load_file(golden_path(&golden.arena, texts), JSON_ALLOW_NUL, &wrong);
    if (!golden.root)
        print_error("%s: %s\n", texts, wrong.text);
    assert_non_null(golden.root);
    return golden;
}

static void golden_close(struct golden *golden)
{
    json_decref(golden->root);
    tokenizer_close(golden->tokenizer);
    gguf_close(golden->gguf);
    arena_free(&golden->arena);
}

static struct span text_of(struct arena *arena, const json_t *entry)
{
    const json_t *text = json_object_get(entry, "text");
    if (text)
        return span_of(json_string_value(text), json_string_length(text));
    const char *hex = json_string_value(json_object_get(entry, "hex"));
    const size_t bytes = strlen(hex) / 2;
    unsigned char *data = arena_take(arena, bytes + 1, 1);
    for (size_t i = 0; i < bytes; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        data[i] = (unsigned char)value;
    }
    return span_of(data, bytes);
}

static bool same(const struct tokens *found, const json_t *expected)
{
    bool equal = found->count == json_array_size(expected);
    for (size_t i = 0; equal && i < found->count; i++)
        equal = json_integer_value(json_array_get(expected, i)) == found->ids[i];
    return equal;
}

static void check_encoding(const struct golden *golden, const json_t *entry, struct span text, struct encoding encoding,
                           const char *key)
{
    struct tokens found = { 0 };
    struct error error = { 0 };
    const json_t *expected = json_object_get(entry, key);
    if (!expected)
        expected = json_object_get(entry, "ids");
    assert_done(tokenizer_encode(golden->tokenizer, text, encoding, &found, &error), &error);
    if (!json_is_true(json_object_get(entry, "lenient")) && !same(&found, expected)) {
        print_error("%s of \"%.*s\" differ\n", key, (int)text.bytes, (const char *)text.data);
        fail();
    }
    tokens_free(&found);
}

/* Both models neither add a space nor lose one: what is shown is what was read, invalid bytes as U+FFFD. */
static void check_text_comes_back(const struct golden *golden, const json_t *entry, struct span text)
{
    struct tokens found = { 0 };
    struct error error = { 0 };
    struct buffer shown = { .limit = 1 << 20 };
    struct decoder decoder = { .tokenizer = golden->tokenizer, .special = true };
    assert_done(tokenizer_encode(golden->tokenizer, text, (struct encoding){ .parse_special = true }, &found, &error),
                &error);
    for (size_t i = 0; i < found.count; i++)
        assert_done(decoder_add(&decoder, found.ids[i], &shown, &error), &error);
    assert_done(decoder_end(&decoder, &shown, &error), &error);
    assert_int_equal(utf8_valid_prefix(buffer_span(&shown)), shown.length);
    const bool has_visible_space = text.bytes > 0 && memmem(text.data, text.bytes, "\u2581", strlen("\u2581"));
    if (!json_is_true(json_object_get(entry, "lenient")) && !has_visible_space &&
        !span_equal(buffer_span(&shown), text))
        assert_string_equal(shown.bytes, json_string_value(json_object_get(entry, "text")));
    buffer_free(&shown);
    tokens_free(&found);
}

static void check_model(const char *model, const char *texts)
{
    struct golden golden = golden_open(model, texts);
    size_t i;
    json_t *entry;
    const json_t *entries = json_object_get(golden.root, "texts");
    assert_true(json_array_size(entries) > 100);
    json_array_foreach(entries, i, entry)
    {
        const struct span text = text_of(&golden.arena, entry);
        check_encoding(&golden, entry, text, (struct encoding){ 0 }, "ids");
        check_encoding(&golden, entry, text, (struct encoding){ .parse_special = true }, "ids_parse_special");
        check_encoding(&golden, entry, text, (struct encoding){ .add_special = true }, "ids_with_special");
        check_text_comes_back(&golden, entry, text);
    }
    golden_close(&golden);
}

static void smollm2_has_the_ids_of_llama_cpp(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    check_model(golden_path(&arena, "tokens/smollm2-vocabulary.gguf"), "tokens/smollm2.json");
    arena_free(&arena);
}

static void gemma_has_the_ids_of_llama_cpp(void **state)
{
    (void)state;
    const char *folder = getenv("BASTIDE_MODELS");
    struct arena arena = { 0 };
    const char *model = arena_format(&arena, "%s/gemma-3-270m-q4_k_m.gguf", folder ? folder : ".");
    if (!folder || access(model, R_OK) != 0) {
        arena_free(&arena);
        SKIP_TEST("needs gemma-3-270m-q4_k_m.gguf in the folder that BASTIDE_MODELS names");
    }
    check_model(model, "tokens/gemma.json");
    arena_free(&arena);
}

int main(void)
{
    RUN_TESTS(TEST(smollm2_has_the_ids_of_llama_cpp), TEST(gemma_has_the_ids_of_llama_cpp));
}
