/* adapt.h: messages brought to what a template takes. Private to the room. */
#ifndef BASTIDE_CHAT_ADAPT_H
#define BASTIDE_CHAT_ADAPT_H

#include "chat/habits.h"
#include "chat/messages.h"

/* Changes messages, as messages_read made them, to what the template takes by its habits. Where it knows no tools,
 * these, calls and results become texts of our own form. */
MUST_USE bool adapt_messages(const struct habits *habits, const struct tools *tools, json_t *messages,
                             struct error *error);

/* Ways of writing messages that some templates ask for, to be tried one after the other, from step 0 on, when the
 * template refuses them as they are. */
bool adapt_step_exists(unsigned step);
MUST_USE bool adapt_again(unsigned step, json_t *messages, struct error *error);

#endif
