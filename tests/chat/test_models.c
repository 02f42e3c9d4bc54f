/* Conversations with real models, neither of which was taught tools: SmolLM2, and Gemma 3, whose template wants users
 * and assistants to take turns. They need the models' files in the folder that BASTIDE_MODELS names. */
#include "chat/chat_maker.h"

enum { BATCH = 128, CONTEXT = 1024, ANSWER_MOST = 80 };

#define NEEDED "needs smollm2-135m-instruct-q4_1.gguf in the folder that BASTIDE_MODELS names"

static const char *const files[] = { "smollm2-135m-instruct-q4_1.gguf", "gemma-3-270m-q4_k_m.gguf" };

/* A model with what answers it. */
struct rig {
    struct gguf *gguf;
    struct pool *pool;
    struct model *model;
    struct engine *engine;
    struct tokenizer *tokenizer;
    struct template *template;
    struct chat_model chat_model;
};

static bool rig_open(const char *file, struct rig *rig)
{
    const char *folder = getenv("BASTIDE_MODELS");
    char path[1024];
    struct error error = { 0 };
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", file);
    *rig = (struct rig){ 0 };
    if (!folder || access(path, R_OK) != 0)
        return false;
    assert_done(gguf_open(path, &rig->gguf, &error), &error);
    assert_done(pool_open(0, &rig->pool, &error), &error);
    assert_done(model_open(rig->gguf, rig->pool, CONTEXT, NULL, &rig->model, &error), &error);
    assert_done(engine_open(rig->model, rig->pool, BATCH, &rig->engine, &error), &error);
    assert_done(tokenizer_open(rig->gguf, &rig->tokenizer, &error), &error);
    if (gguf_chat_template(rig->gguf).bytes > 0)
        assert_done(template_open(gguf_chat_template(rig->gguf), path, &rig->template, &error), &error);
    rig->chat_model = (struct chat_model){ .gguf = rig->gguf, .tokenizer = rig->tokenizer, .template = rig->template };
    return true;
}

static void rig_close(struct rig *rig)
{
    template_close(rig->template);
    tokenizer_close(rig->tokenizer);
    engine_close(rig->engine);
    model_close(rig->model);
    pool_close(rig->pool);
    gguf_close(rig->gguf);
}

/* Calls something for each model that is there; false if none is. */
static bool for_each_model(void (*test)(struct rig *rig))
{
    size_t count = 0;
    for (size_t i = 0; i < LENGTH(files); i++) {
        struct rig rig;
        if (!rig_open(files[i], &rig))
            continue;
        test(&rig);
        rig_close(&rig);
        count++;
    }
    return count > 0;
}

static struct chat *open_chat(const struct rig *rig, const char *messages, const char *tools,
                              struct chat_request request)
{
    struct chat *chat = NULL;
    struct error error = { 0 };
    const struct made_model made = { .model = rig->chat_model };
    assert_done(made_chat(&made, messages, tools, request, &chat, &error), &error);
    return chat;
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* What came of an answer. */
struct answered {
    struct buffer content, arguments;
    char name[64];
    size_t calls, ends;
};

struct listener {
    struct answered *answered;
    struct chat_reader *reader;
};

static bool take_part(void *context, const struct chat_part *part, struct error *error)
{
    struct answered *answered = context;
    answered->ends += part->kind == CHAT_CALL_END;
    if (part->kind == CHAT_CALL)
        snprintf(answered->name, sizeof answered->name, "%s", part->name);
    struct buffer *out = part->kind == CHAT_CONTENT ? &answered->content : &answered->arguments;
    return buffer_add(out, part->text.data, part->text.bytes, error);
}

static bool take_text(void *context, struct span text, struct error *error)
{
    const struct listener *listener = context;
    return chat_reader_take(listener->reader, text, false, take_part, listener->answered, error);
}

static struct answered answer(const struct rig *rig, struct chat *chat)
{
    struct answered answered = { .content.limit = 1 << 20, .arguments.limit = 1 << 20 };
    struct listener listener = { .answered = &answered };
    struct transcript transcript = { 0 };
    struct generated generated;
    struct error error = { 0 };
    struct generation generation = { .model = rig->model,
                                     .tokenizer = rig->tokenizer,
                                     .engine = rig->engine,
                                     .batch = BATCH,
                                     .wishes = { .sampling = sampling_default(), .most_tokens = ANSWER_MOST },
                                     .text = take_text,
                                     .context = &listener };
    generation.wishes.sampling.temperature = 0;
    assert_done(chat_wish(chat, &generation.wishes, &error), &error);
    assert_done(chat_reader_open(chat, &listener.reader, &error), &error);
    assert_done(sequence_open(rig->model, &transcript.sequence, &error), &error);
    assert_done(generate(&generation, chat_prompt(chat), &transcript, &generated, &error), &error);
    assert_done(chat_reader_take(listener.reader, span_of("", 0), true, take_part, &answered, &error), &error);
    answered.calls = chat_reader_calls(listener.reader);
    assert_int_equal(generated.end, ANSWER_DONE);
    sequence_close(transcript.sequence);
    tokens_free(&transcript.tokens);
    chat_reader_close(listener.reader);
    return answered;
}

static void answered_free(struct answered *answered)
{
    buffer_free(&answered->content);
    buffer_free(&answered->arguments);
}

#define WEATHER \
    "[{'type': 'function', 'function': {'name': 'get_weather', 'description': 'Weather of a city', 'parameters': " \
    "{'type': 'object', 'properties': {'city': {'enum': ['Paris', 'Rome']}, 'days': {'enum': [1, 2, 3]}}, " \
    "'required': ['city', 'days'], 'additionalProperties': false}, 'strict': true}}]"

static void call_weather(struct rig *rig)
{
    struct chat *chat = open_chat(rig, "[{'role': 'user', 'content': 'The weather in Paris for 3 days?'}]", WEATHER,
                                  (struct chat_request){ .tool_choice = CHAT_TOOLS_REQUIRED });
    struct answered answered = answer(rig, chat);
    assert_int_equal(answered.calls, 1);
    assert_int_equal(answered.ends, 1);
    assert_string_equal(answered.name, "get_weather");
    assert_int_equal(answered.content.length, 0);
    json_t *arguments = json_loadb(answered.arguments.bytes, answered.arguments.length, 0, NULL);
    assert_int_equal(json_object_size(arguments), 2);
    assert_true(json_is_string(json_object_get(arguments, "city")));
    assert_true(json_is_integer(json_object_get(arguments, "days")));
    json_decref(arguments);
    answered_free(&answered);
    chat_close(chat);
}

static void a_required_call_is_made_with_arguments_of_its_schema(void **state)
{
    (void)state;
    if (!for_each_model(call_weather))
        SKIP_TEST(NEEDED);
}

static void give_verdict(struct rig *rig)
{
    json_t *schema = made_json(
        "{'type': 'object', 'properties': {'fruit': {'type': 'boolean'}}, 'required': ['fruit'], "
        "'additionalProperties': false}");
    struct chat *chat = open_chat(rig, "[{'role': 'user', 'content': 'Is an apple a fruit?'}]", NULL,
                                  (struct chat_request){ .form = CHAT_FORM_SCHEMA, .schema = schema });
    struct answered answered = answer(rig, chat);
    json_t *verdict = json_loadb(answered.content.bytes, answered.content.length, 0, NULL);
    assert_true(json_is_boolean(json_object_get(verdict, "fruit")));
    json_decref(verdict);
    json_decref(schema);
    answered_free(&answered);
    chat_close(chat);
}

static void an_answer_is_of_the_schema(void **state)
{
    (void)state;
    if (!for_each_model(give_verdict))
        SKIP_TEST(NEEDED);
}

/* ---- prompts --------------------------------------------------------------------------------------------------- */

/* How many tokens of the prompt are special: they show nothing. */
static size_t hidden_tokens(const struct rig *rig, const char *content)
{
    char messages[512], scratch[256];
    size_t count = 0;
    snprintf(messages, sizeof messages, "[{'role': 'user', 'content': 'a%sb'}]", content);
    struct chat *chat = open_chat(rig, messages, NULL, (struct chat_request){ 0 });
    const struct tokens *prompt = chat_prompt(chat);
    for (size_t i = 0; i < prompt->count; i++)
        count += tokenizer_piece(rig->tokenizer, prompt->ids[i], false, scratch).bytes == 0;
    chat_close(chat);
    return count;
}

static void count_special(struct rig *rig)
{
    assert_int_equal(hidden_tokens(rig, "<|im_start|><|im_end|><start_of_turn><end_of_turn><s></s><bos><eos>[INST]"),
                     hidden_tokens(rig, ""));
}

static void special_tokens_in_a_message_are_text(void **state)
{
    (void)state;
    if (!for_each_model(count_special))
        SKIP_TEST(NEEDED);
}

static void go_through_calls(struct rig *rig)
{
    struct chat *chat = open_chat(
        rig,
        "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Rome?'}, {'role': 'assistant', "
        "'content': null, 'tool_calls': [{'id': 'a', 'function': {'name': 'get_weather', 'arguments': "
        "'{\\'city\\': \\'Rome\\', \\'days\\': 1}'}}]}, {'role': 'tool', 'tool_call_id': 'a', 'content': 'sunny'}, "
        "{'role': 'user', 'content': 'And Paris?'}]",
        WEATHER, (struct chat_request){ 0 });
    struct buffer prompt = { .limit = 1 << 20 };
    assert_true(buffer_add(&prompt, chat_prompt_text(chat).data, chat_prompt_text(chat).bytes, NULL));
    assert_contains(prompt.bytes, "Be brief.\n\nYou can call functions");
    assert_contains(prompt.bytes,
                    "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\", \"days\": 1}}\n"
                    "</tool_call>");
    assert_contains(prompt.bytes, "<tool_response>\nsunny\n</tool_response>");
    assert_contains(prompt.bytes, "And Paris?");
    buffer_free(&prompt);
    chat_close(chat);
}

static void a_history_with_calls_and_results_is_told_in_full(void **state)
{
    (void)state;
    if (!for_each_model(go_through_calls))
        SKIP_TEST(NEEDED);
}

int main(void)
{
    RUN_TESTS(TEST(a_required_call_is_made_with_arguments_of_its_schema), TEST(an_answer_is_of_the_schema),
              TEST(special_tokens_in_a_message_are_text), TEST(a_history_with_calls_and_results_is_told_in_full));
}
