/* form.c: the form that an answer has to have: a JSON Schema or a grammar in a file. It is read before the model, so
 * that what is wrong with it is told at once. */
#include "cli/form.h"

#include "cli/session.h"

enum { FORM_BYTES_MOST = 1 << 22 };

static bool read_file(const char *path, struct buffer *out, struct error *error)
{
    return file_read(path, out, error) && buffer_text(out, "", error) &&
           session_check_text(path, buffer_span(out), error);
}

static bool build(const char *path, bool schema, struct form *form, struct error *error)
{
    struct buffer text = { .limit = FORM_BYTES_MOST };
    bool done = read_file(path, &text, error) && grammar_open(&form->grammar, error);
    if (done) {
        done = schema ? grammar_schema(form->grammar, text.bytes ? text.bytes : "", &form->start, error)
                      : grammar_gbnf(form->grammar, buffer_span(&text), &form->start, error);
        done = done || error_prefix(error, "%s", path);
    }
    buffer_free(&text);
    return done;
}

bool form_read(const struct arguments *arguments, struct form *out, struct error *error)
{
    const char *schema = option_text(arguments, "json-schema", NULL);
    const char *grammar = option_text(arguments, "grammar", NULL);
    if (schema && grammar)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "--json-schema and --grammar: an answer has one form: leave one of them out");
    if (!schema && !grammar)
        return true;
    return build(schema ? schema : grammar, schema != NULL, out, error);
}

bool form_wish(struct form *form, const struct tokenizer *tokenizer, struct answer_wishes *wishes, struct error *error)
{
    if (!form->grammar)
        return true;
    if (!constraint_open(form->grammar, form->start, tokenizer, &form->constraint, error))
        return false;
    wishes->constraint = form->constraint;
    return true;
}

void form_close(struct form *form)
{
    constraint_close(form->constraint);
    grammar_close(form->grammar);
    *form = (struct form){ 0 };
}
