/* habits.h: what a model's template does with messages, found by trying. Private to the room. */
#ifndef BASTIDE_CHAT_HABITS_H
#define BASTIDE_CHAT_HABITS_H

#include "chat/chat.h"
#include "chat/families.h"

struct habits {
    bool takes_system;                      /* a system message is in the prompt */
    bool template_tools;                    /* tools, calls and results are in the prompt, in a form that is known */
    const struct call_form *form;           /* of calls: the template's, else our own */
    bool null_beside_calls;                 /* a message with calls has no content, not an empty one */
    bool arguments_as_text;                 /* of calls: JSON in a text, not an object */
    const struct reasoning_form *reasoning; /* NULL: none */
    bool reasoning_switch;                  /* enable_thinking or thinking changes the prompt */
};

/* Renders a few small conversations. Without a template: the plain form, which takes all but knows no tools. */
struct habits habits_find(const struct chat_model *model);

#endif
