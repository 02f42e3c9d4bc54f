/* A field is read with its type and range, or refused by its name; a hostile body costs little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "server/fields.h"

static json_t *parsed(const char *text)
{
    json_t *json = NULL;
    struct failure failure = { 0 };
    if (!fields_parse(span_text(text), &json, &failure))
        fail_msg("%s: %s", text, failure.text);
    return json;
}

static void a_body_that_is_no_object_is_refused(void **state)
{
    (void)state;
    const char *const bodies[] = {
        "",
        "[]",
        "1",
        "\"x\"",
        "null",
        "{",
        "{\"a\":1}x",
        "{\"a\":}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":1,\"a\":2}",
        "\xff\xfe{}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":123456789012345678901}",
        "{\"a\":-Infinity}",
    };
    for (size_t i = 0; i < LENGTH(bodies); i++) {
        json_t *json = NULL;
        struct failure failure = { 0 };
        assert_false(fields_parse(span_text(bodies[i]), &json, &failure));
        assert_int_equal(failure.kind, FAILURE_BAD_REQUEST);
        assert_null(json);
    }
}

static void refuse_repeated(const char *before, const char *piece, size_t times, const char *wanted)
{
    struct buffer body = { .limit = 64 << 20 };
    struct error error = { 0 };
    assert_true(buffer_text(&body, before, &error));
    for (size_t i = 0; i < times; i++)
        assert_true(buffer_text(&body, piece, &error));
    json_t *json = NULL;
    struct failure failure = { 0 };
    assert_false(fields_parse(buffer_span(&body), &json, &failure));
    assert_non_null(strstr(failure.text, wanted));
    buffer_free(&body);
}

static void depth_and_count_are_bounded_before_anything_is_made_of_them(void **state)
{
    (void)state;
    refuse_repeated("{\"a\":", "[", 300, "deeper");
    refuse_repeated("", "{\"a\":", 300, "deeper");
    refuse_repeated("{\"a\":[", "[],", 2000000, "more than");
    refuse_repeated("{\"a\":[", "1,", 2000000, "more than");
    json_decref(parsed("{\"a\":\"[[[{{{,,,\\\"[[[\"}"));
}

static void absent_and_null_leave_the_default(void **state)
{
    (void)state;
    json_t *json = parsed("{\"a\":null}");
    const struct fields in[] = { { json, "" }, { NULL, "" } };
    for (size_t i = 0; i < LENGTH(in); i++) {
        struct failure failure;
        bool truth = true;
        int64_t number = 7;
        double real = 0.5;
        const char *text = "x";
        const json_t *inner = json;
        size_t choice = 3;
        assert_true(field_bool(in[i], "a", &truth, &failure) && truth);
        assert_true(field_integer(in[i], "a", 0, 1, &number, &failure) && number == 7);
        assert_true(field_real(in[i], "a", 0, 0, &real, &failure) && real > 0.4);
        assert_true(field_text(in[i], "a", &text, &failure) && *text == 'x');
        assert_true(field_object(in[i], "a", &inner, &failure) && inner == json);
        assert_true(field_array(in[i], "a", &inner, &failure) && inner == json);
        assert_true(field_choice(in[i], "a", (const char *const[]){ "y", NULL }, &choice, &failure) && choice == 3);
        assert_false(field_demand(in[i], "a", &failure));
        assert_string_equal(failure.field, "a");
    }
    json_decref(json);
}

static void a_whole_number_may_be_written_as_a_real(void **state)
{
    (void)state;
    json_t *json = parsed("{\"a\":3.0,\"b\":3.5,\"c\":1e300,\"d\":-1,\"e\":true,\"f\":\"3\",\"g\":9}");
    const struct fields in = { json, "options" };
    struct failure failure;
    int64_t number = 0;
    assert_true(field_integer(in, "a", 0, 8, &number, &failure) && number == 3);
    const char *const wrong[] = { "b", "c", "d", "e", "f", "g" };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        assert_false(field_integer(in, wrong[i], 0, 8, &number, &failure));
        assert_int_equal(failure.kind, FAILURE_BAD_REQUEST);
        assert_memory_equal(failure.field, "options.", 8);
        assert_string_equal(failure.field + 8, wrong[i]);
        assert_int_equal(number, 3);
    }
    json_decref(json);
}

static void other_types_are_refused_by_name(void **state)
{
    (void)state;
    json_t *json = parsed("{\"n\":1,\"s\":\"no\",\"o\":{},\"l\":[]}");
    const struct fields in = { json, "" };
    struct failure failure = { 0 };
    bool truth;
    double real;
    const char *text;
    const json_t *inner;
    size_t choice;
    assert_false(field_bool(in, "n", &truth, &failure));
    assert_false(field_real(in, "s", 0, 1, &real, &failure));
    assert_false(field_real(in, "n", 2, 3, &real, &failure));
    assert_false(field_text(in, "o", &text, &failure));
    assert_false(field_object(in, "l", &inner, &failure));
    assert_false(field_array(in, "o", &inner, &failure));
    assert_string_equal(failure.field, "o");
    assert_false(field_choice(in, "s", (const char *const[]){ "yes", "maybe", "never", NULL }, &choice, &failure));
    assert_string_equal(failure.text, "s: \"no\": yes, maybe or never is wanted");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_is_no_object_is_refused),
        cmocka_unit_test(depth_and_count_are_bounded_before_anything_is_made_of_them),
        cmocka_unit_test(absent_and_null_leave_the_default),
        cmocka_unit_test(a_whole_number_may_be_written_as_a_real),
        cmocka_unit_test(other_types_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
