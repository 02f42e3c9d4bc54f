/* chat.c: a conversation to a prompt, and what its form asks of the answer. */
#include "chat/chat.h"

#include <stdlib.h>

#include "chat/prompt.h"

struct chat {
    struct buffer text; /* of the prompt */
    struct tokens prompt;
};

struct chat_abilities chat_abilities(const struct chat_model *model)
{
    (void)model;
    return (struct chat_abilities){ 0 };
}

static bool make_prompt(struct chat *chat, const struct chat_model *model, const struct chat_request *request,
                        struct error *error)
{
    struct buffer quoted = { .limit = PROMPT_BYTES_MOST };
    const bool done = prompt_render(model, request->messages, NULL, request->now, &quoted, error) &&
                      prompt_encode(model->tokenizer, buffer_span(&quoted), &chat->prompt, error) &&
                      tokenizer_unquote(buffer_span(&quoted), &chat->text, error);
    buffer_free(&quoted);
    return done;
}

bool chat_open(const struct chat_model *model, const struct chat_request *request, struct chat **out,
               struct error *error)
{
    if (json_array_size(request->messages) == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "messages: an array with at least one message is needed");
    struct chat *chat = calloc(1, sizeof *chat);
    if (!chat)
        return error_memory(error, sizeof *chat);
    chat->text.limit = PROMPT_BYTES_MOST;
    if (!make_prompt(chat, model, request, error)) {
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
    (void)chat;
    (void)wishes;
    (void)error;
    return true;
}
