/* An answer is held to what was asked: calls of the tools that there are, with arguments that their schemas allow,
 * JSON, a schema; at once, or after reasoning. */
#include "chat/chat_maker.h"

#include <math.h>

/* The token that text begins with: a special one if the answer shows these, else a byte. */
static uint32_t first_token(const char *text, bool special, size_t *bytes)
{
    *bytes = 1;
    for (size_t i = 0; special && i < LENGTH(maker_specials); i++)
        if (strncmp(text, maker_specials[i], strlen(maker_specials[i])) == 0) {
            *bytes = strlen(maker_specials[i]);
            return (uint32_t)(MAKER_BYTES + i);
        }
    return (unsigned char)*text;
}

/* Whether the answer takes this token if the model wants no other. */
static bool takes(struct answer *answer, uint32_t wanted)
{
    float logits[MAKER_TOKENS] = { 0 };
    struct buffer out = { .limit = 1 << 20 };
    struct error error = { 0 };
    enum answer_end end;
    uint32_t token;
    logits[wanted] = 10;
    assert_done(answer_take(answer, logits, &token, &out, &end, &error), &error);
    buffer_free(&out);
    return token == wanted;
}

/* How many bytes of text the answer may have; one more if it may end there. */
static size_t allowed(struct chat *chat, const struct tokenizer *tokenizer, const char *text)
{
    struct answer_wishes wishes = { .sampling = sampling_default() };
    struct answer *answer;
    struct error error = { 0 };
    wishes.sampling.temperature = 0;
    wishes.sampling.repeat_penalty = 1;
    assert_done(chat_wish(chat, &wishes, &error), &error);
    assert_done(answer_open(tokenizer, MAKER_TOKENS, &wishes, &answer, &error), &error);
    size_t offset = 0, bytes = 0;
    while (text[offset] && takes(answer, first_token(text + offset, wishes.show_special, &bytes)))
        offset += bytes;
    const bool ends = !text[offset] && takes(answer, MAKER_EOS);
    answer_close(answer);
    return offset + ends;
}

static void check_allowed(const char *template, const char *tools, struct chat_request request,
                          const char *const (*rows)[2], size_t count)
{
    struct made_model made = made_model_open(template);
    struct chat *chat = NULL;
    struct error error = { 0 };
    assert_done(made_chat(&made, MAKER_USER, tools, request, &chat, &error), &error);
    for (size_t i = 0; i < count; i++) {
        const char *text = rows[i][0], *rest = rows[i][1]; /* rest: what may not come; NULL: all may, and the end */
        const size_t wanted = rest ? strlen(text) : strlen(text) + 1;
        char whole[1024];
        snprintf(whole, sizeof whole, "%s%s", text, rest ? rest : "");
        const size_t bytes = allowed(chat, made.opened.tokenizer, whole);
        if (bytes != wanted)
            fail_msg("%s: \"%s\": %zu bytes may come, not %zu", template, whole, bytes, wanted);
    }
    chat_close(chat);
    made_model_close(&made);
}

#define ALLOWS(template, tools, request, ...) \
    do { \
        const char *const rows[][2] = { __VA_ARGS__ }; \
        check_allowed(template, tools, request, rows, LENGTH(rows)); \
    } while (0)

#define NO_WISH ((struct chat_request){ 0 })
#define CALL(name, arguments) "<tool_call>\n{\"name\": \"" name "\", \"arguments\": " arguments "}\n</tool_call>"

static void a_model_may_answer_or_call(void **state)
{
    (void)state;
    ALLOWS("qwen25", MAKER_TOOLS, NO_WISH, { "Hello <b> {", NULL }, { "", NULL }, { CALL("stop", "{}"), NULL },
           { "I look.\n" CALL("get_weather", "{\"city\": \"Rome\"}"), NULL },
           { CALL("stop", "{}") "\n" CALL("stop", "{\"a\": [1]}"), NULL }, { "<tool_call>\n{\"name\": \"", "fly" },
           { "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {", "}" },
           { "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": ", "3" },
           { CALL("stop", "{}"), " and" });
}

static void one_call_is_one(void **state)
{
    (void)state;
    const struct chat_request one = { .one_call = true };
    ALLOWS("qwen25", MAKER_TOOLS, one, { CALL("stop", "{}"), NULL }, { CALL("stop", "{}"), "\n" });
}

static void a_required_call_begins_the_answer(void **state)
{
    (void)state;
    const struct chat_request required = { .tool_choice = CHAT_TOOLS_REQUIRED };
    const struct chat_request named = { .tool_choice = CHAT_TOOLS_NAMED, .tool_name = "stop" };
    ALLOWS("chatml", MAKER_TOOLS, required, { "", "I" }, { CALL("stop", "{}"), NULL },
           { CALL("get_weather", "{\"city\":\"Rome\",\"days\":3}"), NULL }, { CALL("stop", "{}"), "\n" });
    ALLOWS("qwen25", MAKER_TOOLS, required, { "", "I" }, { CALL("stop", "{}") "\n", " I" },
           { CALL("stop", "{}") "\n" CALL("stop", "{}"), NULL });
    ALLOWS("chatml", MAKER_TOOLS, named, { "<tool_call>\n{\"name\": \"", "get" }, { CALL("stop", "{}"), NULL });
}

static void no_call_comes_where_none_is_wanted(void **state)
{
    (void)state;
    const struct chat_request none = { .tool_choice = CHAT_TOOLS_NONE };
    ALLOWS("qwen25", MAKER_TOOLS, none, { "Hello <tool", NULL }, { "Hello <tool_call", ">" });
}

static void forms_hold_from_the_first_token(void **state)
{
    (void)state;
    json_t *schema = made_json("{'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n'], "
                               "'additionalProperties': false}");
    const struct chat_request json = { .form = CHAT_FORM_JSON };
    const struct chat_request shaped = { .form = CHAT_FORM_SCHEMA, .schema = schema };
    ALLOWS("chatml", NULL, json, { "{\"a\": [1, {}]}", NULL }, { "", "[" }, { "", "Sure" });
    ALLOWS("chatml", NULL, shaped, { "{\"n\": 12}", NULL }, { "{\"n\": ", "x" }, { "{", "}" });
    ALLOWS("chatml", MAKER_TOOLS, shaped, { "{\"n\": 12}", NULL }, { CALL("stop", "{}"), NULL }, { "", "S" });
    ALLOWS(NULL, NULL, json, { "{}", NULL }, { "", "S" });
    json_decref(schema);
}

static void reasoning_may_come_before_a_form(void **state)
{
    (void)state;
    const struct chat_request json = { .form = CHAT_FORM_JSON }, required = { .tool_choice = CHAT_TOOLS_REQUIRED };
    const struct chat_request off = { .form = CHAT_FORM_JSON, .reasoning = CHAT_REASONING_OFF };
    ALLOWS("qwen3", NULL, json, { "{\"a\": 1}", NULL }, { "<think>\nSo {.\n</think>\n\n{\"a\": 1}", NULL },
           { "<think></think>", "x" }, { "<", "b" });
    ALLOWS("qwen3", MAKER_TOOLS, required, { "<think>\nSo.\n</think>\n\n" CALL("stop", "{}"), NULL },
           { "<think>\nSo.\n</think>\n\n", "I" });
    ALLOWS("qwen3", NULL, off, { "{\"a\": 1}", NULL }, { "", "<think>" });
    ALLOWS("deepseek", NULL, json, { "So.\n</think>\n\n{}", NULL }, { "So.\n</think>\n\n", "x" });
}

static void families_are_held_to_their_own_calls(void **state)
{
    (void)state;
    const struct chat_request required = { .tool_choice = CHAT_TOOLS_REQUIRED };
    ALLOWS("mistral3", MAKER_TOOLS, NO_WISH, { "Hello", NULL },
           { "[TOOL_CALLS][{\"name\": \"stop\", \"arguments\": {}}, {\"name\": \"stop\", \"arguments\": {}}]", NULL },
           { "[TOOL_CALLS][{\"name\": \"", "fly" });
    ALLOWS("mistral3", MAKER_TOOLS, required, { "[TOOL_CALLS][{\"name\": \"stop\", \"arguments\": {}}]", NULL },
           { "", "Hello" });
    ALLOWS("llama31", MAKER_TOOLS, NO_WISH, { "Hello {", NULL }, { "", NULL }, { "日本", NULL },
           { "{\"name\": \"stop\", \"parameters\": {}}", NULL }, { "{\"", "a" });
    ALLOWS("llama31", MAKER_TOOLS, ((struct chat_request){ .tool_choice = CHAT_TOOLS_NONE }), { "Hello {", NULL },
           { "", "{" });
    ALLOWS("gpt_oss", MAKER_TOOLS, required,
           { "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.stop "
             "<|constrain|>json<|message|>{}",
             NULL },
           { "<|channel|>commentary to=functions.", "fly" }, { "<|channel|>", "final" });
}

/* Tools that did not ask to be held to a schema which is not supported may have any arguments. */
static void an_unsupported_schema_binds_only_where_it_is_strict(void **state)
{
    (void)state;
    const struct chat_request required = { .tool_choice = CHAT_TOOLS_REQUIRED };
    ALLOWS("chatml", "[{'function': {'name': 'f', 'parameters': {'type': 'object', 'not': {}}}}]", required,
           { CALL("f", "{\"a\": 1}"), NULL }, { "<tool_call>\n{\"name\": \"f\", \"arguments\": ", "3" });
}

/* ---- keeping what was compiled ----------------------------------------------------------------------------------- */

#define TOOL_F(parameters) "[{'function': {'name': 'f', 'strict': true, 'parameters': " parameters "}}]"

/* Conversations that differ in what the answer may be, each by one thing. */
static void open_all(const struct made_model *made)
{
    json_t *empty = made_json("{}"), *object = made_json("{'type': 'object'}");
    const struct {
        const char *tools;
        struct chat_request request;
    } rows[] = {
        { NULL, { .form = CHAT_FORM_JSON } },
        { NULL, { .form = CHAT_FORM_SCHEMA, .schema = empty } },
        { NULL, { .form = CHAT_FORM_SCHEMA, .schema = object } },
        { NULL, { .form = CHAT_FORM_GRAMMAR, .grammar = "root ::= [a]" } },
        { NULL, { .form = CHAT_FORM_GRAMMAR, .grammar = "root ::= [b]" } },
        { MAKER_TOOLS, { .form = CHAT_FORM_TEXT } },
        { MAKER_TOOLS, { .form = CHAT_FORM_JSON } },
        { MAKER_TOOLS, { .one_call = true } },
        { MAKER_TOOLS, { .tool_choice = CHAT_TOOLS_NONE } },
        { MAKER_TOOLS, { .tool_choice = CHAT_TOOLS_REQUIRED } },
        { MAKER_TOOLS, { .tool_choice = CHAT_TOOLS_NAMED, .tool_name = "stop" } },
        { MAKER_TOOLS, { .tool_choice = CHAT_TOOLS_NAMED, .tool_name = "get_weather" } },
        { TOOL_F("{'type': 'object', 'properties': {'a': {}, 'b': {}}}"), { .form = CHAT_FORM_TEXT } },
        { TOOL_F("{'type': 'object', 'properties': {'b': {}, 'a': {}}}"), { .form = CHAT_FORM_TEXT } },
        { TOOL_F("null"), { .form = CHAT_FORM_TEXT } },
        { "[{'function': {'name': 'f'}}]", { .form = CHAT_FORM_TEXT } },
        { "[{'function': {'name': 'g'}}]", { .form = CHAT_FORM_TEXT } },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct chat *chat = NULL;
        struct error error = { 0 };
        assert_done(made_chat(made, MAKER_USER, rows[i].tools, rows[i].request, &chat, &error), &error);
        chat_close(chat);
        assert_int_equal(shelf_counts(made->model.shelf).kept, size_min(i + 1, SHELF_OWNER_MOST));
    }
    json_decref(empty);
    json_decref(object);
}

static void what_an_answer_may_be_is_compiled_once_for_an_owner(void **state)
{
    (void)state;
    enum { LANGUAGES = 17 };
    struct made_model made = made_model_open("chatml");
    struct chat *chat = NULL;
    struct error error = { 0 };
    const struct chat_request json = { .form = CHAT_FORM_JSON };
    assert_done(shelf_open(&made.model.shelf, &error), &error);
    made.model.owner = "ann";
    open_all(&made);
    assert_int_equal(shelf_counts(made.model.shelf).compiled, LANGUAGES);
    for (size_t i = 0; i < 3; i++) {
        made.model.owner = i < 2 ? "bob" : "carl";
        assert_done(made_chat(&made, MAKER_USER, NULL, json, &chat, &error), &error);
        chat_close(chat);
    }
    assert_int_equal(shelf_counts(made.model.shelf).compiled, LANGUAGES + 2);
    assert_int_equal(shelf_counts(made.model.shelf).found, 1);
    shelf_close(made.model.shelf);
    made_model_close(&made);
}

/* Two prompts, one of which has begun the reasoning: what may come differs. */
static void reasoning_that_has_begun_is_another_language(void **state)
{
    (void)state;
    struct made_model made = made_model_open("qwen3");
    struct error error = { 0 };
    assert_done(shelf_open(&made.model.shelf, &error), &error);
    for (int reasoning = CHAT_REASONING_MODEL; reasoning <= CHAT_REASONING_OFF; reasoning++) {
        const struct chat_request request = { .form = CHAT_FORM_JSON, .reasoning = (enum chat_reasoning)reasoning };
        struct chat *chat = NULL;
        assert_done(made_chat(&made, MAKER_USER, NULL, request, &chat, &error), &error);
        chat_close(chat);
    }
    assert_int_equal(shelf_counts(made.model.shelf).compiled, 2);
    assert_int_equal(shelf_counts(made.model.shelf).found, 1);
    shelf_close(made.model.shelf);
    made_model_close(&made);
}

int main(void)
{
    RUN_TESTS(TEST(a_model_may_answer_or_call), TEST(one_call_is_one), TEST(a_required_call_begins_the_answer),
              TEST(no_call_comes_where_none_is_wanted), TEST(forms_hold_from_the_first_token),
              TEST(reasoning_may_come_before_a_form), TEST(families_are_held_to_their_own_calls),
              TEST(an_unsupported_schema_binds_only_where_it_is_strict),
              TEST(what_an_answer_may_be_is_compiled_once_for_an_owner),
              TEST(reasoning_that_has_begun_is_another_language));
}
