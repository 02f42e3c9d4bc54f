/* chat.c: a conversation to a prompt, and what its form asks of the answer.
 *
 *   messages_read, tools_read     what the client sent, checked
 *   habits_find                   what the template does with messages
 *   adapt_messages                messages as it takes them
 *   prompt_render, prompt_encode  the prompt
 *   language_take                 the texts that the answer may have */
#include "chat/chat.h"

#include <stdlib.h>
#include <string.h>

#include "chat/adapt.h"
#include "chat/inside.h"
#include "chat/language.h"
#include "chat/prompt.h"

/* What is needed only while a conversation is opened. */
struct opening {
    const struct chat_model *model;
    const struct chat_request *request;
    json_t *messages, *names, *last; /* last: the message that is to go on; NULL: none */
};

static void opening_close(struct opening *opening)
{
    json_decref(opening->messages);
    json_decref(opening->names);
    json_decref(opening->last);
}

struct chat_abilities chat_abilities(const struct chat_model *model)
{
    const struct habits habits = habits_find(model);
    return (struct chat_abilities){
        .template_has_tools = habits.template_tools,
        .reasons = habits.reasoning != NULL,
        .reasoning_switch = habits.reasoning_switch,
    };
}

/* ---- what was asked ---------------------------------------------------------------------------------------------- */

static bool check_choice(const struct chat_request *request, const struct tools *tools, struct error *error)
{
    const bool must = request->tool_choice == CHAT_TOOLS_REQUIRED || request->tool_choice == CHAT_TOOLS_NAMED;
    if (must && tools->count == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "tool_choice: a call is required, but there are no tools");
    if (request->tool_choice == CHAT_TOOLS_NAMED &&
        (!request->tool_name || !tools_find(tools, span_text(request->tool_name))))
        return error_set_kind(error, ERROR_WRONG_USE, "tool_choice: there is no tool \"%.130s\"",
                              request->tool_name ? request->tool_name : "");
    return true;
}

/* An answer that goes on can't be held to a form: what was said already may be no beginning of it. */
static bool check_going_on(const struct chat_request *request, const json_t *last, size_t i, struct error *error)
{
    if (!message_has_role(last, "assistant"))
        return error_set_kind(error, ERROR_WRONG_USE,
                              "messages[%zu].role: only an assistant's message can go on, not a \"%s\" one", i,
                              message_role(last));
    if (json_object_get(last, "tool_calls"))
        return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu].tool_calls: a message with calls can't go on", i);
    if (request->form != CHAT_FORM_TEXT || request->tool_choice == CHAT_TOOLS_REQUIRED ||
        request->tool_choice == CHAT_TOOLS_NAMED)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "messages[%zu]: an assistant's message that is to go on can't be held to a form or a "
                              "call: leave it out",
                              i);
    return true;
}

static bool take_last(struct opening *opening, struct error *error)
{
    if (!opening->request->goes_on)
        return true;
    const size_t i = json_array_size(opening->messages) - 1;
    opening->last = json_incref(json_array_get(opening->messages, i));
    json_array_remove(opening->messages, i);
    return check_going_on(opening->request, opening->last, i, error);
}

static bool read_request(struct chat *chat, struct opening *opening, struct error *error)
{
    const struct chat_request *request = opening->request;
    return messages_read(request->messages, &opening->messages, error) &&
           tools_read(request->tools, &chat->tools, error) && check_choice(request, &chat->tools, error) &&
           take_last(opening, error);
}

/* ---- the prompt -------------------------------------------------------------------------------------------------- */

/* What a caller says itself goes before what follows from the wish for reasoning. */
static bool make_names(const struct chat *chat, struct opening *opening, struct error *error)
{
    const enum chat_reasoning wanted = opening->request->reasoning;
    opening->names = json_object();
    if (!opening->names)
        return error_memory(error, 1);
    if (wanted != CHAT_REASONING_MODEL && chat->habits.reasoning_switch) {
        json_object_set_new(opening->names, "enable_thinking", json_boolean(wanted == CHAT_REASONING_ON));
        json_object_set_new(opening->names, "thinking", json_boolean(wanted == CHAT_REASONING_ON));
    }
    const json_t *given = opening->request->template_arguments;
    return !given || json_object_update(opening->names, (json_t *)(uintptr_t)given) == 0 || error_memory(error, 1);
}

/* Whether the answer may have reasoning, and whether the prompt has begun it. */
static void find_reasoning(struct chat *chat, struct span prompt)
{
    chat->reasoning_begun = prompt_begins_reasoning(prompt, chat->habits.reasoning);
    chat->reasoning = prompt_ends_reasoning(prompt, chat->habits.reasoning) ? NULL : chat->habits.reasoning;
}

static bool write_prompt(struct chat *chat, const struct opening *opening, struct buffer *prompt, struct error *error)
{
    const struct prompt_parts parts = {
        .messages = opening->messages,
        .tools = chat->habits.template_tools ? chat->tools.shown : NULL,
        .names = opening->names,
        .now = opening->request->now,
        .ends_with_messages = opening->request->ends_with_messages,
    };
    if (!prompt_render(opening->model, &parts, prompt, error))
        return false;
    find_reasoning(chat, buffer_span(prompt));
    chat->drops_space = chat->plain && !opening->last;
    if (!opening->last)
        return true;
    if (!prompt_go_on(opening->model, chat->habits.reasoning, opening->last, prompt, &chat->reasoning_begun, error))
        return false;
    if (!chat->reasoning_begun)
        chat->reasoning = NULL;
    return true;
}

static bool make_prompt(struct chat *chat, struct opening *opening, struct error *error)
{
    struct buffer prompt = { .limit = PROMPT_BYTES_MOST };
    const bool done = adapt_messages(&chat->habits, &chat->tools, opening->messages, error) &&
                      make_names(chat, opening, error) && write_prompt(chat, opening, &prompt, error) &&
                      prompt_encode(opening->model->tokenizer, buffer_span(&prompt), &chat->prompt, error) &&
                      tokenizer_unquote(buffer_span(&prompt), &chat->text, error);
    buffer_free(&prompt);
    return done;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

/* Whether the text is a token that answers do not show. */
static bool is_hidden(const struct tokenizer *tokenizer, const char *text)
{
    char scratch[256];
    struct tokens tokens = { 0 };
    const struct encoding encoding = { .parse_special = true };
    const bool one = text && tokenizer_encode(tokenizer, span_text(text), encoding, &tokens, NULL) && tokens.count > 0;
    const bool hidden = one && tokenizer_piece(tokenizer, tokens.ids[0], false, scratch).bytes == 0 &&
                        tokenizer_piece(tokenizer, tokens.ids[0], true, scratch).bytes > 0;
    tokens_free(&tokens);
    return hidden;
}

static bool has_hidden_marks(const struct chat *chat, const struct tokenizer *tokenizer)
{
    const struct call_form *form = chat->habits.form;
    const struct reasoning_form *reasoning = chat->reasoning;
    if (reasoning && (is_hidden(tokenizer, reasoning->opening) || is_hidden(tokenizer, reasoning->closing)))
        return true;
    return chat->reads_calls && !form->bare &&
           (is_hidden(tokenizer, form->section) || is_hidden(tokenizer, form->opening) ||
            is_hidden(tokenizer, form->lead));
}

static bool make_language(struct chat *chat, const struct opening *opening, struct error *error)
{
    const struct tokenizer *tokenizer = opening->model->tokenizer;
    const struct language_parts parts = {
        .form = chat->habits.form,
        .form_is_new = !chat->habits.template_tools,
        .reasoning = chat->reasoning,
        .reasoning_begun = chat->reasoning_begun,
        .tools = &chat->tools,
        .request = opening->request,
    };
    const enum chat_tool_choice choice = opening->request->tool_choice;
    chat->reads_calls = chat->tools.count > 0 && choice != CHAT_TOOLS_NONE;
    chat->only_calls = choice == CHAT_TOOLS_REQUIRED || choice == CHAT_TOOLS_NAMED;
    chat->shows_special = has_hidden_marks(chat, tokenizer);
    return language_take(&parts, opening->model, &chat->language, error);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool open_parts(struct chat *chat, struct opening *opening, struct error *error)
{
    if (!read_request(chat, opening, error))
        return false;
    chat->habits = habits_find(opening->model);
    return make_prompt(chat, opening, error) && make_language(chat, opening, error);
}

bool chat_open(const struct chat_model *model, const struct chat_request *request, struct chat **out,
               struct error *error)
{
    struct opening opening = { .model = model, .request = request };
    struct chat *chat = calloc(1, sizeof *chat);
    if (!chat)
        return error_memory(error, sizeof *chat);
    chat->text.limit = PROMPT_BYTES_MOST;
    chat->plain = !model->template;
    const bool done = open_parts(chat, &opening, error);
    opening_close(&opening);
    if (!done) {
        chat_close(chat);
        return false;
    }
    *out = chat;
    return true;
}

void chat_close(struct chat *chat)
{
    if (!chat)
        return;
    shelf_return(chat->language);
    tools_free(&chat->tools);
    buffer_free(&chat->text);
    tokens_free(&chat->prompt);
    free(chat);
}

const struct tokens *chat_prompt(const struct chat *chat)
{
    return &chat->prompt;
}

struct span chat_prompt_text(const struct chat *chat)
{
    return buffer_span(&chat->text);
}

bool chat_wish(struct chat *chat, struct answer_wishes *wishes, struct error *error)
{
    wishes->constraint = chat->language ? shelved_constraint(chat->language) : wishes->constraint;
    wishes->show_special |= chat->shows_special;
    if (!chat->plain)
        return true;
    if (wishes->stop_count >= STOP_TEXTS_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "stop: at most %d texts are possible with this model",
                              STOP_TEXTS_MOST - 1);
    if (wishes->stop_count > 0)
        memmove(chat->stop_texts, wishes->stop_texts, wishes->stop_count * sizeof *chat->stop_texts);
    chat->stop_texts[wishes->stop_count++] = prompt_plain_stop;
    wishes->stop_texts = chat->stop_texts;
    return true;
}
