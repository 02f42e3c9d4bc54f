/* schema.c: JSON Schema to a grammar. */
#include "engine/grammar/grammar.h"

bool grammar_schema(struct grammar *grammar, const char *schema_json, struct rule *out, struct error *error)
{
    struct json_rules json;
    if (!json_rules_make(grammar, &json, error))
        return false;
    *out = json.object;
    return !schema_json || error_set_kind(error, ERROR_WRONG_USE, "schema: not supported yet");
}
