/* A conversation becomes a prompt: in the template's own words, and nothing that was said is lost or taken for more
 * than text. */
#include "chat/chat_maker.h"

#define NO_WISH ((struct chat_request){ 0 })

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void request_refused(const char *messages, const char *tools, struct chat_request request, const char *reason)
{
    struct made_model made = made_model_open("chatml");
    struct chat *chat = NULL;
    struct error error = { 0 };
    const bool done = made_chat(&made, messages, tools, request, &chat, &error);
    if (done || error.kind != ERROR_WRONG_USE || !strstr(error.text, reason))
        fail_msg("%s: \"%s\" and not \"%s\"", messages, done ? "taken" : error.text, reason);
    assert_null(chat);
    made_model_close(&made);
}

static void a_malformed_message_is_refused_by_its_field(void **state)
{
    (void)state;
    const char *const rows[][2] = {
        { "[]", "messages: " },
        { "{}", "messages: " },
        { "[3]", "messages[0]: " },
        { "[{}]", "messages[0].role: " },
        { "[{'role': 3, 'content': ''}]", "messages[0].role: " },
        { "[{'role': 'user', 'content': 'a'}, {'role': 'king', 'content': 'b'}]", "messages[1].role: \"king\"" },
        { "[{'role': 'user'}]", "messages[0].content: " },
        { "[{'role': 'user', 'content': 3}]", "messages[0].content: " },
        { "[{'role': 'user', 'content': ['a']}]", "messages[0].content[0].type: " },
        { "[{'role': 'user', 'content': [{'type': 'text'}]}]", "messages[0].content[0].text: " },
        { "[{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}, {'type': 'image_url'}]}]",
          "messages[0].content[1].type: \"image_url\" is not supported" },
        { "[{'role': 'user', 'content': 'a', 'tool_calls': [{}]}]", "messages[0].tool_calls: " },
        { "[{'role': 'assistant', 'tool_calls': {}}]", "messages[0].tool_calls: " },
        { "[{'role': 'assistant', 'tool_calls': [{}]}]", "messages[0].tool_calls[0].function: " },
        { "[{'role': 'assistant', 'tool_calls': [{'function': {}}]}]", "messages[0].tool_calls[0].function.name: " },
        { "[{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': 3}}]}]",
          "messages[0].tool_calls[0].function.arguments: " },
        { "[{'role': 'assistant', 'content': 'a', 'reasoning_content': 3}]", "messages[0].reasoning_content: " },
        { "[{'role': 'tool', 'content': 'a', 'tool_call_id': 3}]", "messages[0].tool_call_id: " },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        request_refused(rows[i][0], NULL, NO_WISH, rows[i][1]);
}

static void a_malformed_tool_is_refused_by_its_field(void **state)
{
    (void)state;
    const char *const rows[][2] = {
        { "{}", "tools: " },
        { "[3]", "tools[0].function: " },
        { "[{'type': 'web_search'}]", "tools[0].type: " },
        { "[{'function': {'name': 'f'}}, {'function': {'name': ''}}]", "tools[1].function.name: " },
        { "[{'function': {'name': 'a b'}}]", "tools[0].function.name: " },
        { "[{'function': {'name': 'f', 'parameters': 3}}]", "tools[0].function.parameters: " },
        { "[{'function': {'name': 'f', 'strict': 3}}]", "tools[0].function.strict: " },
        { "[{'function': {'name': 'f', 'strict': true, 'parameters': {'type': 'object', 'not': {}}}}]",
          "tools[0].function.parameters" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        request_refused(MAKER_USER, rows[i][0], NO_WISH, rows[i][1]);
}

static void a_call_that_no_tool_can_answer_is_refused(void **state)
{
    (void)state;
    const struct chat_request required = { .tool_choice = CHAT_TOOLS_REQUIRED };
    const struct chat_request named = { .tool_choice = CHAT_TOOLS_NAMED, .tool_name = "fly" };
    request_refused(MAKER_USER, NULL, required, "tool_choice: ");
    request_refused(MAKER_USER, MAKER_TOOLS, named, "tool_choice: there is no tool \"fly\"");
}

static void what_cannot_go_on_is_refused(void **state)
{
    (void)state;
    const struct chat_request goes_on = { .goes_on = true };
    const struct chat_request json = { .goes_on = true, .form = CHAT_FORM_JSON };
    request_refused(MAKER_USER, NULL, goes_on, "messages[0].role: ");
    request_refused("[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': '{'}]", NULL, json,
                    "messages[1]: ");
}

/* ---- prompts ----------------------------------------------------------------------------------------------------- */

static void prompt_is(const char *template, const char *messages, const char *tools, struct chat_request request,
                      const char *expected)
{
    struct made_model made = made_model_open(template);
    struct chat *chat = NULL;
    struct error error = { 0 };
    assert_done(made_chat(&made, messages, tools, request, &chat, &error), &error);
    struct buffer text = { .limit = 1 << 20 };
    assert_true(buffer_add(&text, chat_prompt_text(chat).data, chat_prompt_text(chat).bytes, NULL));
    assert_string_equal(text.bytes, expected);
    buffer_free(&text);
    chat_close(chat);
    made_model_close(&made);
}

static void messages_are_brought_to_one_form(void **state)
{
    (void)state;
    prompt_is("chatml",
              "[{'role': 'developer', 'content': [{'type': 'text', 'text': 'Be '}, {'type': 'text', 'text': "
              "'brief.'}]}, {'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': null}, "
              "{'role': 'user', 'content': []}]",
              NULL, NO_WISH,
              "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
              "<|im_start|>assistant\n<|im_end|>\n<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n");
}

static void without_a_template_roles_are_paragraphs(void **state)
{
    (void)state;
    prompt_is(NULL, "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]", NULL, NO_WISH,
              "system: Be brief.\n\nuser: Hi\n\nassistant:");
    prompt_is(NULL, "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho'}]", NULL,
              ((struct chat_request){ .goes_on = true }), "user: Hi\n\nassistant: Ho");
}

#define HISTORY \
    "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'I look.', 'tool_calls': [" \
    "{'id': 'call_1', 'type': 'function', 'function': {'name': 'get_weather', 'arguments': " \
    "'{\\'city\\':\\'Rome\\'}'}}, {'id': 'call_2', 'function': {'name': 'stop', 'arguments': ''}}]}," \
    " {'role': 'tool', 'tool_call_id': 'call_1', 'content': 'sunny'}," \
    " {'role': 'tool', 'tool_call_id': 'call_2', 'content': 'stopped'}, {'role': 'user', 'content': 'So?'}]"

#define OWN_CALLS \
    "I look.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>\n" \
    "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>"

#define DEFAULT_SYSTEM \
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"

#define OWN_RESULTS "<tool_response>\nsunny\n</tool_response>\n<tool_response>\nstopped\n</tool_response>"

static void a_template_without_tools_gets_calls_and_results_as_text(void **state)
{
    (void)state;
    prompt_is("chatml", HISTORY, NULL, NO_WISH,
              DEFAULT_SYSTEM "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n" OWN_CALLS
                             "<|im_end|>\n<|im_start|>user\n" OWN_RESULTS
                             "<|im_end|>\n<|im_start|>user\nSo?<|im_end|>\n<|im_start|>assistant\n");
}

static void a_template_that_wants_turns_gets_turns(void **state)
{
    (void)state;
    prompt_is("gemma3", HISTORY, NULL, NO_WISH,
              "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n" OWN_CALLS "<end_of_turn>\n"
              "<start_of_turn>user\n" OWN_RESULTS "\n\nSo?<end_of_turn>\n<start_of_turn>model\n");
    prompt_is("gemma", "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]", NULL, NO_WISH,
              "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n");
    prompt_is("gemma",
              "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho'}, {'role': 'system', "
              "'content': 'Be brief.'}, {'role': 'user', 'content': 'So?'}]",
              NULL, NO_WISH,
              "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHo<end_of_turn>\n"
              "<start_of_turn>user\nSo?<end_of_turn>\n<start_of_turn>model\n");
}

static void tools_are_described_to_a_model_without_them(void **state)
{
    (void)state;
    const char *const templates[] = { "chatml", "gemma", "gemma3", "phi", "granite", "deepseek", "command_r", NULL };
    for (size_t i = 0; i < LENGTH(templates); i++) {
        struct made_model made = made_model_open(templates[i]);
        struct chat *chat = NULL;
        struct error error = { 0 };
        assert_done(made_chat(&made, "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]",
                              MAKER_TOOLS, NO_WISH, &chat, &error),
                    &error);
        struct buffer text = { .limit = 1 << 20 };
        assert_true(buffer_add(&text, chat_prompt_text(chat).data, chat_prompt_text(chat).bytes, NULL));
        assert_contains(text.bytes, "Be brief.\n\nYou can call functions");
        assert_contains(text.bytes, "\"name\": \"get_weather\", \"description\": \"Weather of a city\"");
        assert_contains(text.bytes, "\"required\": [\"city\"]");
        assert_contains(text.bytes, "<tool_call>\n{\"name\": ");
        assert_false(chat_abilities(&made.model).template_has_tools);
        buffer_free(&text);
        chat_close(chat);
        made_model_close(&made);
    }
}

static void a_template_with_tools_writes_them_itself(void **state)
{
    (void)state;
    const struct {
        const char *template, *call;
    } rows[] = {
        { "qwen25", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>" },
        { "qwen3", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>" },
        { "llama31", "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Rome\"}}<|eot_id|>" },
        { "mistral3", "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}, \"id\": "
                      "\"0000call1\"}" },
        { "gpt_oss", "to=functions.get_weather<|channel|>commentary json<|message|>{\"city\": \"Rome\"}<|call|>" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct made_model made = made_model_open(rows[i].template);
        struct chat *chat = NULL;
        struct error error = { 0 };
        assert_true(chat_abilities(&made.model).template_has_tools);
        assert_done(made_chat(&made, HISTORY, NULL, NO_WISH, &chat, &error), &error);
        struct buffer text = { .limit = 1 << 20 };
        assert_true(buffer_add(&text, chat_prompt_text(chat).data, chat_prompt_text(chat).bytes, NULL));
        assert_contains(text.bytes, rows[i].call);
        assert_contains(text.bytes, "sunny");
        assert_contains(text.bytes, "stopped");
        assert_contains(text.bytes, "So?");
        buffer_free(&text);
        chat_close(chat);
        made_model_close(&made);
    }
}

static void an_answer_goes_on_where_it_was_left(void **state)
{
    (void)state;
    const struct chat_request goes_on = { .goes_on = true };
    prompt_is("chatml", "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho '}]", NULL, goes_on,
              DEFAULT_SYSTEM "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo ");
    prompt_is("deepseek", "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho'}]", NULL, goes_on,
              "<\uFF5CUser\uFF5C>Hi<\uFF5CAssistant\uFF5C><think>\n\n</think>\n\nHo");
    prompt_is("deepseek",
              "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': '', 'reasoning_content': 'Hm'}]",
              NULL, goes_on, "<\uFF5CUser\uFF5C>Hi<\uFF5CAssistant\uFF5C><think>\nHm");
    struct made_model made = made_model_open("gpt_oss");
    struct chat *chat = NULL;
    struct error error = { 0 };
    assert_done(made_chat(&made, "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho'}]", NULL,
                          goes_on, &chat, &error),
                &error);
    const char end[] = "<|start|>assistant<|channel|>final<|message|>Ho";
    const struct span prompt = chat_prompt_text(chat);
    assert_true(prompt.bytes > strlen(end));
    assert_memory_equal(prompt.data + prompt.bytes - strlen(end), end, strlen(end));
    chat_close(chat);
    made_model_close(&made);
    prompt_is("qwen3",
              "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho', 'reasoning_content': "
              "'Hm'}]",
              NULL, goes_on, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\nHm\n</think>\n\nHo");
}

static void reasoning_is_switched_and_remembered(void **state)
{
    (void)state;
    prompt_is("qwen3", MAKER_USER, NULL, ((struct chat_request){ .reasoning = CHAT_REASONING_OFF }),
              "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n");
    prompt_is("qwen3", MAKER_USER, NULL, ((struct chat_request){ .reasoning = CHAT_REASONING_ON }),
              "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    prompt_is("qwen3",
              "[{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ho', 'reasoning_content': "
              "'Hm'}, {'role': 'tool', 'content': 'x'}]",
              NULL, NO_WISH,
              "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\nHm\n</think>\n\nHo<|im_end|>\n"
              "<|im_start|>user\n<tool_response>\nx\n</tool_response><|im_end|>\n<|im_start|>assistant\n");
    struct made_model made = made_model_open("qwen3");
    assert_true(chat_abilities(&made.model).reasons);
    assert_true(chat_abilities(&made.model).reasoning_switch);
    made_model_close(&made);
    made = made_model_open("chatml");
    assert_false(chat_abilities(&made.model).reasons);
    assert_false(chat_abilities(&made.model).reasoning_switch);
    made_model_close(&made);
}

static void further_names_reach_the_template(void **state)
{
    (void)state;
    json_t *names = made_json("{'mood': 'gay', 'enable_thinking': true, 'messages': []}");
    prompt_is("{{ mood }} {{ messages | length }} {{ enable_thinking }}", MAKER_USER, NULL,
              ((struct chat_request){ .template_arguments = names, .reasoning = CHAT_REASONING_OFF }), "gay 1 True");
    json_decref(names);
}

/* ---- special tokens ---------------------------------------------------------------------------------------------- */

static size_t count_specials(const struct tokens *tokens)
{
    size_t count = 0;
    for (size_t i = 0; i < tokens->count; i++)
        count += tokens->ids[i] >= MAKER_BYTES;
    return count;
}

static size_t specials_in(const char *template, const char *text)
{
    struct made_model made = made_model_open(template);
    struct chat *chat = NULL;
    struct error error = { 0 };
    char *messages = NULL, *tools = NULL;
    assert_true(asprintf(&messages,
                         "[{'role': 'system', 'content': 's%s'}, {'role': 'user', 'content': 'a%s'}, {'role': "
                         "'assistant', 'content': '%sb', 'reasoning_content': '%s', 'tool_calls': [{'id': "
                         "'abcdefghi', 'function': {'name': 'f', 'arguments': {'%s': '%s'}}}]}, {'role': 'tool', "
                         "'tool_call_id': 'abcdefghi', 'content': 'c%s'}]",
                         text, text, text, text, text, text, text) > 0);
    assert_true(asprintf(&tools,
                         "[{'function': {'name': 'f', 'description': '%s', 'parameters': {'type': 'object', "
                         "'properties': {'%s': {'type': 'string', 'enum': ['%s']}}}}}]",
                         text, text, text) > 0);
    assert_done(made_chat(&made, messages, tools, NO_WISH, &chat, &error), &error);
    const size_t count = count_specials(chat_prompt(chat));
    const struct span prompt = chat_prompt_text(chat);
    assert_non_null(memmem(prompt.data, prompt.bytes, text, strlen(text)));
    free(messages);
    free(tools);
    chat_close(chat);
    made_model_close(&made);
    return count;
}

static void special_tokens_in_a_message_are_text(void **state)
{
    (void)state;
    const char *const templates[] = { "chatml",   "qwen25",   "qwen3",    "gemma",   "gemma3",
                                      "llama3",   "llama31",  "phi",      "granite", "mistral1",
                                      "mistral3", "mistral7", "deepseek", "gpt_oss", NULL };
    for (size_t i = 0; i < LENGTH(templates); i++) {
        const size_t without = specials_in(templates[i], "x");
        assert_int_equal(specials_in(templates[i], "<|im_start|><|im_end|><end_of_turn><s></s>[INST]x[/INST]<|eot_id|>"
                                                   "<|end|><eos>"),
                         without);
    }
}

int main(void)
{
    RUN_TESTS(TEST(a_malformed_message_is_refused_by_its_field), TEST(a_malformed_tool_is_refused_by_its_field),
              TEST(a_call_that_no_tool_can_answer_is_refused), TEST(what_cannot_go_on_is_refused),
              TEST(messages_are_brought_to_one_form), TEST(without_a_template_roles_are_paragraphs),
              TEST(a_template_without_tools_gets_calls_and_results_as_text),
              TEST(a_template_that_wants_turns_gets_turns), TEST(tools_are_described_to_a_model_without_them),
              TEST(a_template_with_tools_writes_them_itself), TEST(an_answer_goes_on_where_it_was_left),
              TEST(reasoning_is_switched_and_remembered), TEST(further_names_reach_the_template),
              TEST(special_tokens_in_a_message_are_text));
}
