/* chat.h: a conversation to a prompt, and an answer's text to its parts.
 *
 *   messages, tools, wanted form --> prompt tokens, constraint, stop texts      struct chat
 *   text of the answer           --> reasoning, content, tool calls             struct chat_reader
 *
 * What a model's template does not know (tools, say) it gets through a system message of ours. The text of a special
 * token inside a message stays text. Messages are in the form of OpenAI's chat API, whatever API they came by. */
#ifndef BASTIDE_CHAT_H
#define BASTIDE_CHAT_H

#include "engine/engine.h"

#include <jansson.h>

/* What a model can do in a conversation, as its template shows. */
struct chat_abilities {
    bool template_has_tools; /* else they come through our own system message */
    bool reasons;            /* its answers may begin with reasoning */
    bool reasoning_switch;   /* the template can turn that off */
};

/* The model that a conversation is for, and whose conversation it is; nothing of it is owned. What it points to stays
 * until the conversation is closed. */
struct chat_model {
    const struct gguf *gguf;
    const struct tokenizer *tokenizer;
    const struct template *template; /* NULL: a plain form of ours is used */
    struct shelf *shelf;             /* where forms of answers are kept for the owner; NULL: nowhere */
    const char *owner;               /* NULL without a shelf */
};

struct chat_abilities chat_abilities(const struct chat_model *model);

enum chat_tool_choice {
    CHAT_TOOLS_AUTO,
    CHAT_TOOLS_NONE,     /* the model is told of the tools but may not call one */
    CHAT_TOOLS_REQUIRED, /* the answer begins with a call */
    CHAT_TOOLS_NAMED,    /* with a call of tool_name */
};

enum chat_form {
    CHAT_FORM_TEXT,
    CHAT_FORM_JSON,    /* any JSON object */
    CHAT_FORM_SCHEMA,  /* JSON that the schema allows */
    CHAT_FORM_GRAMMAR, /* a text of a GBNF grammar */
};

enum chat_reasoning {
    CHAT_REASONING_MODEL, /* as the model's template does by itself */
    CHAT_REASONING_ON,
    CHAT_REASONING_OFF,
};

/* What a client asks for; nothing is owned, all of it is only read by chat_open. */
struct chat_request {
    const json_t *messages; /* array of {role: system|developer|user|assistant|tool, content: string, array of
                                         text parts or null, tool_calls, tool_call_id, reasoning_content} */
    const json_t *tools;    /* array of {type: function, function: {name, description, parameters, strict}};
                                         NULL: none */
    enum chat_tool_choice tool_choice;
    const char *tool_name;
    bool one_call; /* at most one call (parallel_tool_calls: false) */
    enum chat_form form;
    const json_t *schema; /* CHAT_FORM_SCHEMA */
    const char *grammar;  /* CHAT_FORM_GRAMMAR */
    enum chat_reasoning reasoning;
    bool goes_on;                     /* the last message is the assistant's and is to be continued */
    bool ends_with_messages;          /* nothing that begins an answer follows them: to look at, not to answer */
    const json_t *template_arguments; /* object of further names for the template; NULL: none */
    int64_t now;                      /* seconds since 1970, for templates that print the date */
};

struct chat;

/* Fails with ERROR_WRONG_USE, naming the field as "messages[2].role: ...", for what is malformed or not supported
 * (an image, a schema's keyword). */
MUST_USE bool chat_open(const struct chat_model *model, const struct chat_request *request, struct chat **out,
                        struct error *error);
void chat_close(struct chat *chat);

const struct tokens *chat_prompt(const struct chat *chat);
struct span chat_prompt_text(const struct chat *chat);

/* Adds to wishes what the conversation's form needs: stop texts, constraint, special tokens shown. What is added lives
 * in chat. The wishes' own stop texts stay. */
MUST_USE bool chat_wish(struct chat *chat, struct answer_wishes *wishes, struct error *error);

/* ---- reading an answer ------------------------------------------------------------------------------------------ */

enum chat_part_kind {
    CHAT_REASONING,
    CHAT_CONTENT,
    CHAT_CALL,           /* a call begins: its index, id and name; text is empty */
    CHAT_CALL_ARGUMENTS, /* text is the next piece of its arguments: in all, one JSON object */
    CHAT_CALL_END,
};

struct chat_part {
    enum chat_part_kind kind;
    struct span text;
    size_t call;      /* index of the call, from 0 */
    const char *id;   /* CHAT_CALL: "call_" and 24 letters and digits that can't be guessed */
    const char *name; /* CHAT_CALL */
};

struct chat_reader;

/* A reader for one answer of this conversation; the conversation stays open meanwhile. */
MUST_USE bool chat_reader_open(const struct chat *chat, struct chat_reader **out, struct error *error);
void chat_reader_close(struct chat_reader *reader);

/* Takes the next text of the answer and calls take for each part that is certain by then; its text lives until take
 * returns. ended: no more will come. What begins like a call and turns out to be none becomes content. */
MUST_USE bool chat_reader_take(struct chat_reader *reader, struct span text, bool ended,
                               bool (*take)(void *context, const struct chat_part *part, struct error *error),
                               void *context, struct error *error);

/* How many calls the answer has so far. */
size_t chat_reader_calls(const struct chat_reader *reader);

#endif
