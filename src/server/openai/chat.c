/* chat.c: /v1/chat/completions: the request's fields. What its answer looks like is in openai/chunks.c and
 * openai/object.c. */
#include "server/openai/chat.h"

#include "server/openai/tools.h"

#include <string.h>
#include <time.h>

/* A request as it is read. */
struct asked {
    json_t *body, *messages, *tools, *arguments; /* references held */
    struct exchange_wishes wishes;
    struct chat_request chat;
    struct openai_form form;
    bool stream;
};

static void asked_close(struct asked *asked)
{
    json_decref(asked->body);
    json_decref(asked->messages);
    json_decref(asked->tools);
    json_decref(asked->arguments);
}

static bool read_logprobs(struct fields in, struct asked *asked, struct failure *failure)
{
    int64_t tops = 0, probabilities = 0;
    if (!field_bool(in, "logprobs", &asked->form.logprobs, failure) ||
        !field_integer(in, "top_logprobs", 0, TOPS_MOST, &tops, failure) ||
        !field_integer(in, "n_probs", 0, TOPS_MOST, &probabilities, failure))
        return false;
    if (field_given(in, "top_logprobs") && tops > 0 && !asked->form.logprobs)
        return field_wrong(in, "top_logprobs", failure, "logprobs must be true");
    asked->form.logprobs = asked->form.logprobs || probabilities > 0;
    asked->wishes.tells_tokens = asked->form.logprobs;
    asked->wishes.tops = (size_t)(tops > probabilities ? tops : probabilities);
    return true;
}

static bool read_answers(struct fields in, struct asked *asked, struct failure *failure)
{
    int64_t n = 1;
    if (!field_integer(in, "n_cmpl", 1, 16, &n, failure) || !field_integer(in, "n", 1, 16, &n, failure))
        return false;
    asked->wishes.answers = asked->form.answers = (size_t)n;
    return field_bool(in, "stream", &asked->stream, failure) &&
           field_bool(in, "timings_per_token", &asked->form.timings_per_token, failure) &&
           field_bool(in, "verbose", &asked->form.verbose, failure) &&
           openai_read_stream_options(in, &asked->form.include_usage, failure) &&
           openai_read_length(in, &asked->wishes.answer.most_tokens, failure);
}

/* ---- form -------------------------------------------------------------------------------------------------------- */

/* response_format, or llama-server's json_schema or grammar. */
static bool read_form(struct fields in, struct chat_request *chat, struct failure *failure)
{
    const json_t *format = NULL, *schema = NULL;
    if (!field_object(in, "response_format", &format, failure) ||
        !openai_read_form((struct fields){ format, "response_format" }, true, chat, failure) ||
        !field_object(in, "json_schema", &schema, failure) || !field_text(in, "grammar", &chat->grammar, failure))
        return false;
    if (chat->grammar && !chat->grammar[0])
        chat->grammar = NULL;
    if ((chat->form != CHAT_FORM_TEXT) + (schema != NULL) + (chat->grammar != NULL) > 1)
        return field_wrong(in, schema ? "json_schema" : "grammar", failure, "the answer's form is given twice");
    if (schema) {
        chat->form = CHAT_FORM_SCHEMA;
        chat->schema = schema;
    } else if (chat->grammar) {
        chat->form = CHAT_FORM_GRAMMAR;
    }
    return true;
}

/* ---- reasoning --------------------------------------------------------------------------------------------------- */

/* OpenRouter's {effort, enabled}. */
static bool read_reasoning_object(struct fields in, enum chat_reasoning *out, struct failure *failure)
{
    const json_t *reasoning = NULL;
    bool enabled = true;
    if (!field_object(in, "reasoning", &reasoning, failure))
        return false;
    const struct fields inner = { reasoning, "reasoning" };
    if (!openai_read_effort(inner, "effort", out, failure) || !field_bool(inner, "enabled", &enabled, failure))
        return false;
    if (field_given(inner, "enabled"))
        *out = enabled ? CHAT_REASONING_ON : CHAT_REASONING_OFF;
    return true;
}

static bool read_reasoning(struct fields in, struct asked *asked, struct failure *failure)
{
    static const char *const formats[] = { "auto", "deepseek", NULL };
    struct chat_request *chat = &asked->chat;
    size_t format = 0;
    bool thinks = false;
    if (!openai_read_effort(in, "reasoning_effort", &chat->reasoning, failure) ||
        !read_reasoning_object(in, &chat->reasoning, failure) ||
        !field_choice(in, "reasoning_format", formats, &format, failure) ||
        !field_object(in, "chat_template_kwargs", &chat->template_arguments, failure))
        return false;
    const struct fields inner = { chat->template_arguments, "chat_template_kwargs" };
    if (!field_bool(inner, "enable_thinking", &thinks, failure))
        return false;
    if (field_given(inner, "enable_thinking"))
        chat->reasoning = thinks ? CHAT_REASONING_ON : CHAT_REASONING_OFF;
    return true;
}

/* Templates of some models take the effort by its name. */
static bool pass_effort(struct fields in, struct asked *asked, struct failure *failure)
{
    json_t *effort = json_object_get(in.object, "reasoning_effort");
    if (!json_is_string(effort))
        return true;
    asked->arguments = asked->chat.template_arguments ? json_copy((json_t *)asked->chat.template_arguments)
                                                      : json_object();
    if (json_object_set(asked->arguments, "reasoning_effort", effort) != 0)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    asked->chat.template_arguments = asked->arguments;
    return true;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* As at llama-server's, an answer that stands last is gone on with. */
static bool read_messages(struct fields in, struct asked *asked, struct failure *failure)
{
    const json_t *messages = NULL;
    bool prompts = true, goes_on = false;
    if (!field_demand(in, "messages", failure) || !field_array(in, "messages", &messages, failure) ||
        !field_bool(in, "add_generation_prompt", &prompts, failure) ||
        !field_bool(in, "continue_final_message", &goes_on, failure) ||
        !openai_renew_messages(messages, &asked->messages, failure))
        return false;
    if (prompts && goes_on && field_given(in, "add_generation_prompt"))
        return field_wrong(in, "continue_final_message", failure, "add_generation_prompt can't be true too");
    asked->chat.messages = asked->messages;
    const json_t *last = json_array_get(asked->messages, json_array_size(asked->messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    asked->chat.goes_on = role && strcmp(role, "assistant") == 0 &&
                          json_array_size(json_object_get(last, "tool_calls")) == 0;
    const json_t *before = json_array_get(asked->messages, json_array_size(asked->messages) - 2);
    const char *role_before = json_string_value(json_object_get(before, "role"));
    if (asked->chat.goes_on && role_before && strcmp(role_before, "assistant") == 0)
        return field_wrong(in, "messages", failure, "two answers stand last: which is to go on?");
    if (goes_on && !asked->chat.goes_on)
        return field_wrong(in, "continue_final_message", failure, "the last message is no answer");
    return true;
}

/* ---- what changes nothing, and what is not done here ------------------------------------------------------------- */

static bool check_texts(struct fields in, struct failure *failure)
{
    static const char *const names[] = { "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
                                         "service_tier" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        const char *text = NULL;
        if (!field_text(in, names[i], &text, failure))
            return false;
    }
    return true;
}

static bool check_modalities(struct fields in, struct failure *failure)
{
    const json_t *modalities = NULL;
    if (!field_array(in, "modalities", &modalities, failure))
        return false;
    size_t i;
    json_t *word;
    json_array_foreach(modalities, i, word)
    {
        const char *text = json_string_value(word);
        if (!text || strcmp(text, "text") != 0)
            return field_wrong(in, "modalities", failure, "answers are text: only \"text\" is possible");
    }
    return true;
}

static bool check_others(struct fields in, struct failure *failure)
{
    static const char *const verbosities[] = { "medium", NULL };
    const json_t *object = NULL;
    bool store = false;
    size_t verbosity = 0;
    if (!check_texts(in, failure) || !check_modalities(in, failure) ||
        !field_object(in, "metadata", &object, failure) || !field_object(in, "prediction", &object, failure) ||
        !field_choice(in, "verbosity", verbosities, &verbosity, failure) || !field_bool(in, "store", &store, failure))
        return false;
    return !store || field_wrong(in, "store", failure, "answers of this API are not kept: use /v1/responses");
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static bool read_asked(struct asked *asked, const struct request *request, struct failure *failure)
{
    if (!fields_parse(request->body, &asked->body, failure))
        return false;
    const struct fields in = { asked->body, "" };
    asked->wishes = exchange_default();
    asked->wishes.owner = request->owner;
    asked->wishes.chat = &asked->chat;
    asked->chat.now = (int64_t)time(NULL);
    return openai_read_wishes(in, request->arena, &asked->wishes, failure) && read_answers(in, asked, failure) &&
           read_logprobs(in, asked, failure) && read_form(in, &asked->chat, failure) &&
           openai_read_tools(in, &asked->chat, &asked->tools, failure) &&
           openai_read_functions(in, &asked->chat, &asked->tools, &asked->form.legacy, failure) &&
           read_reasoning(in, asked, failure) && pass_effort(in, asked, failure) && check_others(in, failure) &&
           read_messages(in, asked, failure);
}

static bool answer(struct exchange *exchange, const struct asked *asked, const struct request *request,
                   struct response *response, struct failure *failure)
{
    struct openai_form form = asked->form;
    form.progress = asked->wishes.tells_prompt;
    const struct openai_writer writer = asked->stream ? chat_chunks(exchange, &form, request)
                                                      : chat_object(exchange, &form, request);
    if (!writer.state) {
        exchange_close(exchange);
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    }
    return asked->stream ? openai_stream(exchange, &writer, request, response, failure)
                         : openai_write_whole(exchange, &writer, request, response, failure);
}

/* Where the request has the schema of its answer. */
static const char *schema_field(const struct asked *asked)
{
    return json_is_object(json_object_get(asked->body, "json_schema")) ? "json_schema"
                                                                       : "response_format.json_schema.schema";
}

bool openai_chat(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct asked asked = { .body = NULL };
    struct exchange *exchange = NULL;
    const bool done = read_asked(&asked, request, failure) &&
                      (exchange_open(server, &asked.wishes, request, &exchange, failure) ||
                       failure_rename(failure, "schema", schema_field(&asked))) &&
                      answer(exchange, &asked, request, response, failure);
    asked_close(&asked);
    return done;
}
