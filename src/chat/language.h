/* language.h: the texts that an answer may have, as a grammar. Private to the room. */
#ifndef BASTIDE_CHAT_LANGUAGE_H
#define BASTIDE_CHAT_LANGUAGE_H

#include "chat/habits.h"
#include "chat/messages.h"

struct language_parts {
    const struct call_form *form;
    bool form_is_new;                       /* to the model: it was told of it just now */
    const struct reasoning_form *reasoning; /* NULL: the answer has none */
    bool reasoning_begun;                   /* the prompt ends inside it */
    const struct tools *tools;
    const struct chat_request *request;
};

/* The constraint that holds an answer to what was asked: tools and their arguments, JSON, a schema, a grammar; from the
 * model's shelf, to be given back there. *out NULL: any text will do. Fails with ERROR_WRONG_USE, naming the
 * schema, where one is not supported that must be kept. */
MUST_USE bool language_take(const struct language_parts *parts, const struct chat_model *model, struct shelved **out,
                            struct error *error);

#endif
