/* inside.h: what is in a conversation. Private to the room. */
#ifndef BASTIDE_CHAT_INSIDE_H
#define BASTIDE_CHAT_INSIDE_H

#include "chat/habits.h"
#include "chat/messages.h"

struct chat {
    struct buffer text; /* of the prompt */
    struct tokens prompt;
    struct tools tools;
    struct habits habits;
    bool reads_calls;                       /* calls are to be found in the answer */
    bool only_calls;                        /* and nothing else, but for reasoning */
    const struct reasoning_form *reasoning; /* NULL: the answer has none */
    bool reasoning_begun;                   /* the prompt ends inside it */
    bool shows_special;                     /* marks of calls or reasoning are special tokens */
    struct shelved *language;               /* NULL: any text will do */
    const char *stop_texts[STOP_TEXTS_MOST];
    bool plain;       /* there is no template */
    bool drops_space; /* white space that begins the answer is no part of it */
};

#endif
