/* Each reason for a refusal has its status, and what lower rooms report keeps its meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "server/failure.h"

static void every_kind_has_a_status(void **state)
{
    (void)state;
    for (int kind = FAILURE_BAD_REQUEST; kind < FAILURE_KINDS; kind++)
        assert_in_range(failure_status((enum failure_kind)kind), 400, 507);
    assert_int_equal(failure_status(FAILURE_KINDS), 500);
}

static void what_lower_rooms_report_keeps_its_meaning(void **state)
{
    (void)state;
    const struct {
        enum error_kind kind;
        const char *text;
        unsigned status;
        const char *field;
    } cases[] = {
        { ERROR_WRONG_USE, "messages[2].role: no such role", 400, "messages[2].role" },
        { ERROR_WRONG_USE, "top_p 3: a number from 0 to 1 is wanted", 400, "" },
        { ERROR_WRONG_USE, "nothing: like a: field", 400, "nothing" },
        { ERROR_WRONG_USE, "", 400, "" },
        { ERROR_BUSY, "the queue is full", 429, "" },
        { ERROR_NOT_FOUND, "model \"x\": no such model", 404, "" },
        { ERROR_STOPPED, "draining", 503, "" },
        { ERROR_NO_ROOM, "needs 5 GB", 507, "" },
        { ERROR_COULD_NOT, "out of memory", 500, "" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error;
        struct failure failure;
        error_set_kind(&error, cases[i].kind, "%s", cases[i].text);
        assert_false(failure_error(&failure, &error));
        assert_int_equal(failure_status(failure.kind), cases[i].status);
        assert_string_equal(failure.text, cases[i].text);
        assert_string_equal(failure.field, cases[i].field);
    }
}

static void a_text_from_outside_is_made_harmless(void **state)
{
    (void)state;
    struct failure failure;
    assert_false(failure_set(&failure, FAILURE_NOT_FOUND, "model \"%s\"", "a\033[2Jb\n\xff"));
    assert_string_equal(failure.text, "model \"a?[2Jb??\"");
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(failure_field(&failure, longer, "wrong"));
    assert_int_equal(strlen(failure.field), sizeof failure.field - 1);
    assert_in_range(strlen(failure.text), 900, sizeof failure.text - 1);
}

static void a_field_is_named_as_the_client_calls_it(void **state)
{
    (void)state;
    const struct {
        const char *text, *field, *renamed;
    } cases[] = {
        { "schema: why", "text.format.schema", "text.format.schema: why" },
        { "schema.a[1]: why", "text.format.schema.a[1]", "text.format.schema.a[1]: why" },
        { "schematic: why", "schematic", "schematic: why" },
        { "schem: why", "schem", "schem: why" },
        { "no field", "", "no field" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error;
        struct failure failure;
        error_set_kind(&error, ERROR_WRONG_USE, "%s", cases[i].text);
        assert_false(failure_error(&failure, &error));
        assert_false(failure_rename(&failure, "schema", "text.format.schema"));
        assert_string_equal(failure.field, cases[i].field);
        assert_string_equal(failure.text, cases[i].renamed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_status),
        cmocka_unit_test(what_lower_rooms_report_keeps_its_meaning),
        cmocka_unit_test(a_text_from_outside_is_made_harmless),
        cmocka_unit_test(a_field_is_named_as_the_client_calls_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
