/* gbnf.c: grammars as llama.cpp writes them. */
#include "engine/grammar/grammar.h"

bool grammar_gbnf(struct grammar *grammar, struct span text, struct rule *out, struct error *error)
{
    (void)grammar, (void)text, (void)out;
    return error_set_kind(error, ERROR_WRONG_USE, "grammar: GBNF is not supported yet");
}
