/* chat.h: a conversation under way, between chat.c, which talks, and chat_commands.c, which obeys.
 * Private to the room. */
#ifndef BASTIDE_CLI_CHAT_H
#define BASTIDE_CLI_CHAT_H

#include "cli/lines.h"
#include "cli/messages.h"
#include "cli/session.h"

struct chat {
    struct session session;
    struct answer_wishes wishes;
    struct messages messages;
    struct lines *lines;
    bool person;              /* somebody sits at a terminal; else lines come from a file or pipe */
    const char *dim, *bright; /* begin and end of what is said beside the conversation; empty without colour */
    bool leaves;              /* /exit */
    bool answer_wanted;       /* the last message is to be answered (anew) */
    bool line_failed;         /* a line could not be done */
    struct generated last;    /* the last answer's figures; no tokens: there is none */
};

/* Obeys a line that begins with a slash; name and rest as the user typed them. */
MUST_USE bool chat_obey(struct chat *chat, const char *line, struct error *error);

/* Tells something beside the conversation: dimly on a terminal, on standard error elsewhere. */
void chat_tell(const struct chat *chat, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
