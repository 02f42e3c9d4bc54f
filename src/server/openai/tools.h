/* tools.h: tools, their choice, and the form of an answer, as OpenAI's APIs say them. Private to openai_*.c. */
#ifndef BASTIDE_SERVER_OPENAI_TOOLS_H
#define BASTIDE_SERVER_OPENAI_TOOLS_H

#include "server/openai/openai.h"

enum { TOOLS_MOST = 128 };

/* tools, tool_choice and parallel_tool_calls of the chat API. *tools owns the array that chat then points to; it may be
 * made anew (allowed_tools leaves fewer). */
MUST_USE bool openai_read_tools(struct fields in, struct chat_request *chat, json_t **tools, struct failure *failure);

/* functions and function_call, from before there were tools. *legacy: there are functions. */
MUST_USE bool openai_read_functions(struct fields in, struct chat_request *chat, json_t **tools, bool *legacy,
                                    struct failure *failure);

/* {type: text | json_object | json_schema}, which is in itself. nested: the schema lies in json_schema, as chat has it,
 * not beside type, as responses have it. */
MUST_USE bool openai_read_form(struct fields in, bool nested, struct chat_request *chat, struct failure *failure);

/* Messages with function_call and role function, in today's form; a new reference. */
MUST_USE bool openai_renew_messages(const json_t *messages, json_t **out, struct failure *failure);

/* "none", "minimal", ... "xhigh" to whether the model is to reason. field: for messages. */
MUST_USE bool openai_read_effort(struct fields in, const char *name, enum chat_reasoning *out, struct failure *failure);

#endif
