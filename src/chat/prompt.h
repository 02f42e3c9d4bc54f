/* prompt.h: messages to the text and the tokens of a prompt. Private to the room. */
#ifndef BASTIDE_CHAT_PROMPT_H
#define BASTIDE_CHAT_PROMPT_H

#include "chat/chat.h"

enum { PROMPT_BYTES_MOST = 64 << 20 };

/* Appends the prompt that model makes of messages (and tools, NULL: none), ready for the assistant's answer. What the
 * messages hold is quoted in it. */
MUST_USE bool prompt_render(const struct chat_model *model, const json_t *messages, const json_t *tools, int64_t now,
                            struct buffer *out, struct error *error);

/* Appends the tokens of a prompt that is quoted, with the beginning of text that the model was trained with where it
 * is lacking. */
MUST_USE bool prompt_encode(const struct tokenizer *tokenizer, struct span prompt, struct tokens *out,
                            struct error *error);

#endif
