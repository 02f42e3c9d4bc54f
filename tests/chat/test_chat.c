/* A conversation becomes a prompt; an answer's text becomes parts. */
#include "chat/chat.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static void an_empty_conversation_is_refused_by_the_fields_name(void **state)
{
    (void)state;
    struct chat *chat = NULL;
    struct error error = { 0 };
    const struct chat_model model = { 0 };
    json_t *messages = json_array();
    const struct chat_request request = { .messages = messages };
    assert_false(chat_open(&model, &request, &chat, &error));
    assert_null(chat);
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_non_null(strstr(error.text, "messages:"));
    json_decref(messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_conversation_is_refused_by_the_fields_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
