/* form.h: the form that an answer has to have, as options name it. Private to the room. */
#ifndef BASTIDE_CLI_FORM_H
#define BASTIDE_CLI_FORM_H

#include "cli/cli.h"
#include "engine/engine.h"

/* Rows for a table of options. */
#define FORM_OPTIONS \
    { "json-schema", 0, "FILE", "answer in JSON that this JSON Schema allows; {} allows any" }, \
    { \
        "grammar", 0, "FILE", "answer with a text of this grammar (GBNF)" \
    }

/* Zero-initialised is none. */
struct form {
    struct grammar *grammar;
    struct rule start;
    struct constraint *constraint;
};

/* Reads the file that an option names. Leaves the form empty if none is given. */
MUST_USE bool form_read(const struct arguments *arguments, struct form *out, struct error *error);

/* Asks for the form in wishes, if there is one. The tokenizer and the form have to outlive the answer. */
MUST_USE bool form_wish(struct form *form, const struct tokenizer *tokenizer, struct answer_wishes *wishes,
                        struct error *error);
void form_close(struct form *form);

#endif
