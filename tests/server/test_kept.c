/* Answers that are kept are their owner's alone, and bounded in number and bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "server/openai/kept.h"

static struct kept *opened(void)
{
    struct kept *kept = NULL;
    struct error error = { 0 };
    assert_true(kept_open(&kept, &error));
    return kept;
}

static void add(struct kept *kept, const char *owner, int number, struct span text)
{
    char id[32];
    struct error error = { 0 };
    snprintf(id, sizeof id, "resp_%d", number);
    assert_true(kept_add(kept, owner, id, text, &error));
}

static bool has(struct kept *kept, const char *owner, int number)
{
    char id[32];
    struct error error = { 0 };
    struct buffer text = { .limit = SIZE_MAX / 2 };
    snprintf(id, sizeof id, "resp_%d", number);
    const bool found = kept_read(kept, owner, id, &text, &error);
    assert_true(found || error.kind == ERROR_NOT_FOUND);
    buffer_free(&text);
    return found;
}

static void another_owner_finds_nothing_and_removes_nothing(void **state)
{
    (void)state;
    struct kept *kept = opened();
    struct error error = { 0 };
    add(kept, "ann", 1, span_text("text"));
    assert_false(has(kept, "bob", 1));
    assert_false(has(kept, "", 1));
    assert_false(kept_remove(kept, "bob", "resp_1", &error));
    assert_true(has(kept, "ann", 1));
    assert_true(kept_remove(kept, "ann", "resp_1", &error));
    assert_false(has(kept, "ann", 1));
    kept_close(kept);
}

static void what_was_used_last_stays(void **state)
{
    (void)state;
    struct kept *kept = opened();
    for (int i = 0; i < KEPT_OF_OWNER_MOST; i++)
        add(kept, "ann", i, span_text("text"));
    add(kept, "bob", 1000, span_text("text"));
    assert_true(has(kept, "ann", 0));
    add(kept, "ann", 999, span_text("text"));
    assert_true(has(kept, "ann", 0));
    assert_true(has(kept, "ann", 999));
    assert_false(has(kept, "ann", 1));
    assert_true(has(kept, "bob", 1000));
    kept_close(kept);
}

static void bytes_are_bounded_for_each_owner_and_for_all(void **state)
{
    (void)state;
    struct kept *kept = opened();
    const size_t large = KEPT_OWNER_BYTES_MOST / 2;
    char *text = calloc(1, KEPT_OWNER_BYTES_MOST + 1);
    assert_non_null(text);
    for (int i = 0; i < 3; i++)
        add(kept, "ann", i, span_of(text, large));
    assert_false(has(kept, "ann", 0));
    assert_true(has(kept, "ann", 1));
    add(kept, "ann", 9, span_of(text, KEPT_OWNER_BYTES_MOST + 1));
    assert_false(has(kept, "ann", 9));
    assert_true(has(kept, "ann", 2));
    for (int i = 0; i < KEPT_BYTES_MOST / (int)large; i++) {
        char owner[16];
        snprintf(owner, sizeof owner, "owner%d", i);
        add(kept, owner, 0, span_of(text, large));
    }
    assert_false(has(kept, "ann", 2));
    free(text);
    kept_close(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_owner_finds_nothing_and_removes_nothing),
        cmocka_unit_test(what_was_used_last_stays),
        cmocka_unit_test(bytes_are_bounded_for_each_owner_and_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
