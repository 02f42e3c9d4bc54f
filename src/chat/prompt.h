/* prompt.h: messages to the text and the tokens of a prompt. Private to the room. */
#ifndef BASTIDE_CHAT_PROMPT_H
#define BASTIDE_CHAT_PROMPT_H

#include "chat/habits.h"

enum { PROMPT_BYTES_MOST = 64 << 20 };

/* What a prompt is made of. */
struct prompt_parts {
    json_t *messages;    /* as adapt_messages left them; changed further if the template refuses them */
    const json_t *tools; /* for the template; NULL: none */
    const json_t *names; /* further names for the template; NULL: none */
    int64_t now;
    bool ends_with_messages; /* nothing that begins an answer follows */
};

/* Appends the prompt, ready for the assistant's answer. What the messages hold is quoted in it. Fails with
 * ERROR_WRONG_USE if the template refuses the messages. */
MUST_USE bool prompt_render(const struct chat_model *model, const struct prompt_parts *parts, struct buffer *out,
                            struct error *error);

/* Appends the beginning of the answer, quoted: what the assistant's message (as messages_read made it) says already.
 * *in_reasoning: it goes on with reasoning. */
MUST_USE bool prompt_go_on(const struct chat_model *model, const struct reasoning_form *reasoning,
                           const json_t *message, struct buffer *out, bool *in_reasoning, struct error *error);

/* Whether the prompt ends with the beginning of reasoning, or with its end; false if form is NULL. */
bool prompt_begins_reasoning(struct span prompt, const struct reasoning_form *form);
bool prompt_ends_reasoning(struct span prompt, const struct reasoning_form *form);

/* Appends the tokens of a prompt that is quoted, with the beginning of text that the model was trained with where it
 * is lacking. */
MUST_USE bool prompt_encode(const struct tokenizer *tokenizer, struct span prompt, struct tokens *out,
                            struct error *error);

/* What ends an answer in the plain form, which has no token for it. */
extern const char prompt_plain_stop[];

#endif
