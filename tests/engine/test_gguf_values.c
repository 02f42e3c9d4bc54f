/* Promises of the typed getters: a value comes as it is, or not at all. */
#include "engine/gguf_maker.h"

#include <math.h>

/* A file with one key of each kind, made by hand from numbers in the tests below. */
struct fixture {
    struct buffer bytes;
    uint64_t keys;
    struct gguf *gguf;
    unsigned char *memory;
};

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){ .bytes = { .limit = 1 << 16 } };
    make_head(&fixture->bytes, 3, 0, 0);
}

static void add_key(struct fixture *fixture, const char *name, enum gguf_type type)
{
    make_text(&fixture->bytes, name);
    make_number(&fixture->bytes, type, 4);
    fixture->keys++;
}

static void add_number(struct fixture *fixture, const char *name, enum gguf_type type, uint64_t value)
{
    add_key(fixture, name, type);
    make_number(&fixture->bytes, value, gguf_type_bytes(type));
}

static void add_double(struct fixture *fixture, const char *name, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_number(fixture, name, GGUF_F64, bits);
}

static void add_float(struct fixture *fixture, const char *name, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_number(fixture, name, GGUF_F32, bits);
}

static void add_array(struct fixture *fixture, const char *name, enum gguf_type element, const char *values,
                      size_t bytes, size_t count)
{
    add_key(fixture, name, GGUF_ARRAY);
    make_number(&fixture->bytes, element, 4);
    make_number(&fixture->bytes, count, 8);
    make_bytes(&fixture->bytes, values, bytes);
}

static const struct gguf *open_fixture(struct fixture *fixture)
{
    fixture->bytes.bytes[16] = (char)fixture->keys;
    fixture->gguf = open_good(buffer_span(&fixture->bytes), &fixture->memory);
    return fixture->gguf;
}

static void end(struct fixture *fixture)
{
    gguf_close(fixture->gguf);
    free(fixture->memory);
    buffer_free(&fixture->bytes);
}

static void integers_of_every_type_come_as_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum gguf_type type;
        uint64_t value;
    } numbers[] = {
        { "u8", GGUF_U8, 255 },          { "i8", GGUF_I8, 127 },          { "u16", GGUF_U16, 65535 },
        { "i16", GGUF_I16, 32767 },      { "u32", GGUF_U32, UINT32_MAX }, { "i32", GGUF_I32, INT32_MAX },
        { "u64", GGUF_U64, UINT64_MAX }, { "i64", GGUF_I64, INT64_MAX },
    };
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    for (size_t i = 0; i < LENGTH(numbers); i++)
        add_number(&fixture, numbers[i].name, numbers[i].type, numbers[i].value);
    const struct gguf *gguf = open_fixture(&fixture);
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        uint64_t value = 0;
        double real = 0;
        assert_done(gguf_integer(gguf, numbers[i].name, 0, UINT64_MAX, &value, &error), &error);
        assert_true(value == numbers[i].value);
        assert_done(gguf_real(gguf, numbers[i].name, 0, 2e19, &real, &error), &error);
        assert_true(real == (double)numbers[i].value);
    }
    end(&fixture);
}

static void an_integer_outside_its_range_is_refused_by_name(void **state) /* CVE-2025-49847; too many blocks */
{
    (void)state;
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    add_number(&fixture, "blocks", GGUF_U32, 513);
    add_number(&fixture, "minus", GGUF_I8, 0xFF);
    add_number(&fixture, "least", GGUF_I64, (uint64_t)1 << 63);
    const struct gguf *gguf = open_fixture(&fixture);
    uint64_t value = 7;
    assert_false(gguf_integer(gguf, "blocks", 1, 512, &value, &error));
    assert_string_equal(error.text, "tiny.gguf: key blocks is 513, expected 1 to 512: use another file of this model");
    assert_false(gguf_integer(gguf, "blocks", 514, 600, &value, &error));
    assert_false(gguf_integer(gguf, "minus", 0, UINT64_MAX, &value, &error));
    assert_contains(error.text, "key minus is -1, expected 0 to");
    assert_false(gguf_integer(gguf, "least", 0, UINT64_MAX, &value, &error));
    assert_contains(error.text, "-9223372036854775808");
    assert_int_equal(value, 7);
    assert_done(gguf_integer(gguf, "blocks", 513, 513, &value, &error), &error);
    assert_int_equal(value, 513);
    end(&fixture);
}

static void a_missing_key_leaves_the_default(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    const struct gguf *gguf = open_fixture(&fixture);
    uint64_t integer = 5;
    double real = 0.5;
    bool boolean = true;
    struct span string = span_text("default");
    assert_true(gguf_integer(gguf, "k", 100, 200, &integer, &error) && integer == 5);
    assert_true(gguf_real(gguf, "k", 100, 200, &real, &error) && real == 0.5);
    assert_true(gguf_boolean(gguf, "k", &boolean, &error) && boolean);
    assert_true(gguf_string(gguf, "k", &string, &error) && span_equal(string, span_text("default")));
    assert_int_equal(gguf_chat_template(gguf).bytes, 0);
    end(&fixture);
}

static void a_key_of_another_type_is_refused_with_both_types(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    add_key(&fixture, "text", GGUF_STRING);
    make_text(&fixture.bytes, "12");
    add_number(&fixture, "u8", GGUF_U8, 1);
    add_number(&fixture, "bool", GGUF_BOOL, 1);
    add_float(&fixture, "f32", 1.0f);
    add_array(&fixture, "array", GGUF_U8, VALUE("\1"), 1);
    const struct gguf *gguf = open_fixture(&fixture);
    uint64_t integer = 0;
    double real = 0;
    bool boolean = false;
    struct span string = { 0 };
    static const char *const no_integers[] = { "text", "bool", "f32", "array" };
    for (size_t i = 0; i < LENGTH(no_integers); i++) {
        assert_false(gguf_integer(gguf, no_integers[i], 0, 100, &integer, &error));
        assert_contains(error.text, "expected an integer");
    }
    static const char *const no_reals[] = { "text", "bool", "array" };
    for (size_t i = 0; i < LENGTH(no_reals); i++)
        assert_false(gguf_real(gguf, no_reals[i], 0, 100, &real, &error));
    static const char *const no_bools[] = { "text", "u8", "f32", "array" };
    for (size_t i = 0; i < LENGTH(no_bools); i++)
        assert_false(gguf_boolean(gguf, no_bools[i], &boolean, &error));
    static const char *const no_strings[] = { "u8", "bool", "f32", "array" };
    for (size_t i = 0; i < LENGTH(no_strings); i++)
        assert_false(gguf_string(gguf, no_strings[i], &string, &error));
    assert_contains(error.text, "tiny.gguf: key array is of type array, expected a string");
    assert_true(integer == 0 && real == 0 && !boolean && string.bytes == 0);
    end(&fixture);
}

static void real_numbers_are_finite_and_in_their_range(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    add_float(&fixture, "epsilon", 1e-5f);
    add_double(&fixture, "base", 1e6);
    add_number(&fixture, "minus", GGUF_I16, 0xFFFE);
    add_float(&fixture, "nan", NAN);
    add_double(&fixture, "infinite", -INFINITY);
    const struct gguf *gguf = open_fixture(&fixture);
    double value = 0;
    assert_true(gguf_real(gguf, "epsilon", 0, 1, &value, &error) && value == (double)1e-5f);
    assert_true(gguf_real(gguf, "base", 0, 1e9, &value, &error) && value == 1e6);
    assert_true(gguf_real(gguf, "minus", -2, 0, &value, &error) && value == -2);
    assert_false(gguf_real(gguf, "epsilon", 0.1, 1, &value, &error));
    assert_contains(error.text, "key epsilon is 1e-05, expected 0.1 to 1");
    assert_false(gguf_real(gguf, "nan", -INFINITY, INFINITY, &value, &error));
    assert_false(gguf_real(gguf, "infinite", -INFINITY, INFINITY, &value, &error));
    assert_true(value == -2);
    end(&fixture);
}

static void strings_and_bools_come_as_they_are(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error = { 0 };
    begin(&fixture);
    add_key(&fixture, "general.name", GGUF_STRING);
    make_text(&fixture.bytes, "Tiny");
    add_key(&fixture, "tokenizer.chat_template", GGUF_STRING);
    make_text(&fixture.bytes, "{{ messages }}");
    add_number(&fixture, "yes", GGUF_BOOL, 1);
    add_number(&fixture, "no", GGUF_BOOL, 0);
    const struct gguf *gguf = open_fixture(&fixture);
    struct span string;
    bool yes = false, no = true;
    assert_done(gguf_string(gguf, "general.name", &string, &error), &error);
    assert_true(span_equal(string, span_text("Tiny")));
    assert_true(span_equal(gguf_chat_template(gguf), span_text("{{ messages }}")));
    assert_true(gguf_boolean(gguf, "yes", &yes, &error) && yes);
    assert_true(gguf_boolean(gguf, "no", &no, &error) && !no);
    end(&fixture);
}

static void elements_of_arrays_come_one_by_one(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    add_array(&fixture, "i8", GGUF_I8, VALUE("\377\1"), 2);
    add_array(&fixture, "u16", GGUF_U16, VALUE("\377\377\1\2"), 2);
    add_array(&fixture, "i32", GGUF_I32, VALUE("\376\377\377\377\0\0\0\200"), 2);
    add_array(&fixture, "i64", GGUF_I64, VALUE("\0\0\0\0\0\0\0\200"), 1);
    add_array(&fixture, "bool", GGUF_BOOL, VALUE("\0\1"), 2);
    add_array(&fixture, "f32", GGUF_F32, VALUE("\0\0\0\0\0\0\300\277"), 2);
    add_array(&fixture, "texts", GGUF_STRING,
              VALUE("\1\0\0\0\0\0\0\0a"
                    "\0\0\0\0\0\0\0\0"
                    "\2\0\0\0\0\0\0\0bc"),
              3);
    add_array(&fixture, "none", GGUF_U64, VALUE(""), 0);
    const struct gguf *gguf = open_fixture(&fixture);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "i8"), 0), -1);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "i8"), 1), 1);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "u16"), 0), 65535);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "u16"), 1), 513);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "i32"), 0), -2);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "i32"), 1), INT32_MIN);
    assert_true(gguf_element_integer(gguf_find(gguf, "i64"), 0) == INT64_MIN);
    assert_int_equal(gguf_element_integer(gguf_find(gguf, "bool"), 1), 1);
    assert_true(gguf_element_float(gguf_find(gguf, "f32"), 1) == -1.5f);

    const struct gguf_key *texts = gguf_find(gguf, "texts"), *none = gguf_find(gguf, "none");
    size_t offset = 0;
    assert_int_equal(texts->count, 3);
    assert_true(span_equal(gguf_next_string(texts, &offset), span_text("a")));
    assert_true(span_equal(gguf_next_string(texts, &offset), span_text("")));
    assert_true(span_equal(gguf_next_string(texts, &offset), span_text("bc")));
    assert_int_equal(offset, texts->value.bytes);
    assert_true(none->type == GGUF_ARRAY && none->element == GGUF_U64 && none->count == 0);
    end(&fixture);
}

static void keys_are_listed_by_name(void **state)
{
    (void)state;
    static const char *const names[] = { "b", "a.b", "aa", "a", "ab" };
    static const char *const sorted[] = { "a", "a.b", "aa", "ab", "b" };
    struct fixture fixture;
    begin(&fixture);
    for (size_t i = 0; i < LENGTH(names); i++)
        add_number(&fixture, names[i], GGUF_U8, i);
    const struct gguf *gguf = open_fixture(&fixture);
    assert_int_equal(gguf_key_count(gguf), LENGTH(names));
    for (size_t i = 0; i < LENGTH(names); i++) {
        assert_true(span_equal(gguf_key_at(gguf, i)->name, span_text(sorted[i])));
        assert_int_equal(gguf_element_integer(gguf_find(gguf, names[i]), 0), i);
    }
    end(&fixture);
}

int main(void)
{
    RUN_TESTS(TEST(integers_of_every_type_come_as_they_are), TEST(an_integer_outside_its_range_is_refused_by_name),
              TEST(a_missing_key_leaves_the_default), TEST(a_key_of_another_type_is_refused_with_both_types),
              TEST(real_numbers_are_finite_and_in_their_range), TEST(strings_and_bools_come_as_they_are),
              TEST(elements_of_arrays_come_one_by_one), TEST(keys_are_listed_by_name));
}
