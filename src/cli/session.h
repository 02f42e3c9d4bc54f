/* session.h: a model opened to answer, and the options that every command which answers takes.
 * Private to the room; run and chat use it. */
#ifndef BASTIDE_CLI_SESSION_H
#define BASTIDE_CLI_SESSION_H

#include "cli/cli.h"
#include "cli/loaded.h"
#include "engine/engine.h"

/* Rows for a table of options. */
#define SESSION_OPTIONS \
    { "max-tokens", 'n', "N", "end the answer after N tokens" }, \
        { "temperature", 0, "X", "0: always the likeliest token; higher: more varied (0.8)" }, \
        { "top-k", 0, "N", "choose among the N likeliest tokens; 0: all (40)" }, \
        { "top-p", 0, "X", "choose among the likeliest that make up this share; 1: all (0.95)" }, \
        { "min-p", 0, "X", "drop tokens below this share of the likeliest; 0: none (0.05)" }, \
        { "repeat-penalty", 0, "X", "make recent tokens less likely; 1: off (1)" }, \
        { "presence-penalty", 0, "X", "the same, once for each token; 0: off (0)" }, \
        { "frequency-penalty", 0, "X", "the same, for each time it was used; 0: off (0)" }, \
        { "penalty-window", 0, "N", "how many of the last tokens the penalties look at (64)" }, \
        { "seed", 0, "N", "the same seed gives the same answer (another one each time)" }, \
        { "template", 0, "FILE", "a chat template to use instead of the model's own" }, \
        { "context", 'c', "N", "tokens that the model can look back on (as many as it was made for)" }, \
    { \
        "threads", 't', "N", "threads to compute with (one for each core)" \
    }

enum { PROMPT_BYTES_MOST = 1 << 26 }; /* of a prompt, rendered or read */

/* Reads the options above into wishes, checked; a seed that was not given is drawn. */
MUST_USE bool session_wishes(const struct arguments *arguments, struct answer_wishes *out, struct error *error);

/* Whether text is valid UTF-8; else fails with the offset of the first byte that is not. what: "the prompt", ... */
MUST_USE bool session_check_text(const char *what, struct span text, struct error *error);

/* Zero-initialised is closed. */
struct session {
    struct loaded loaded; /* its quiet is set before opening */
    struct tokenizer *tokenizer;
    struct template *template; /* NULL if the model has none */
    struct transcript transcript;
};

/* Opens the model that name says (NULL: the catalogue's default), by the options above. On failure the session is to be
 * closed as well. */
MUST_USE bool session_open(const char *name, const struct arguments *arguments, struct session *session,
                           struct error *error);
void session_close(struct session *session);

/* Tokens of a conversation (a JSON array of messages), ready for an answer. The session has a template. */
MUST_USE bool session_encode_messages(const struct session *session, const char *messages_json, struct tokens *out,
                                      struct error *error);

/* Tokens of a plain text that the model is to continue. Texts of special tokens become those tokens. */
MUST_USE bool session_encode_plain(const struct session *session, struct span text, struct tokens *out,
                                   struct error *error);

/* What generate needs of this session, stopped by Ctrl-C; the caller adds wishes, text and context. */
struct generation session_generation(const struct session *session);

/* "48 tokens at 120.4 a second (prompt: 41, of which 10 kept, 812.0 a second)". */
const char *session_speeds(const struct generated *generated, char out[160]);

#endif
