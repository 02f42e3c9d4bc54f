/* schema.h: JSON Schema to rules. Private to the folder.
 *
 *   schema.c         a schema to a rule: references, alternatives, types
 *   schema_words.c   which keywords there are, and what of
 *   schema_merge.c   two schemas that both have to hold, as one (allOf, keywords beside $ref and anyOf)
 *   schema_apart.c   whether two schemas can hold together (oneOf)
 *   schema_object.c, schema_array.c, schema_string.c, schema_number.c, schema_values.c   a type each
 *
 * The texts of the rule are a part of those that the schema allows, never more: what can't be built exactly becomes
 * less (no \uXXXX in a string with a pattern, say) or is refused. */
#ifndef BASTIDE_ENGINE_SCHEMA_H
#define BASTIDE_ENGINE_SCHEMA_H

#include "engine/grammar/maker.h"

#include <jansson.h>

enum { /* types of JSON, as bits */
       TYPE_NULL = 1,
       TYPE_BOOLEAN = 2,
       TYPE_INTEGER = 4,
       TYPE_NUMBER = 8, /* those that are not written as integers, too */
       TYPE_STRING = 16,
       TYPE_ARRAY = 32,
       TYPE_OBJECT = 64,
       TYPE_ANY = 127,
};

/* A place in the schema: the steps that lead to it. */
struct location {
    const struct location *above; /* NULL at the top */
    const char *name;             /* NULL: index */
    size_t index;
};

struct reference {
    const json_t *target;
    struct rule rule;
};

struct schema {
    struct maker maker;
    const json_t *root;
    struct json_rules json;
    struct pile references; /* struct reference: those whose rules are begun or made */
    size_t depth;           /* schemas in each other */
    size_t effort;          /* what was copied and made so far; bounded */
};

/* Fails with ERROR_WRONG_USE: "/properties/age: pattern: why". keyword may be NULL. */
bool schema_refuse(struct schema *schema, const struct location *location, const char *keyword, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Counts work; false, with an error, if it has become too much. */
MUST_USE bool schema_spend(struct schema *schema, const struct location *location, size_t effort);

/* The rule of a schema (an object or a boolean). */
MUST_USE bool schema_compile(struct schema *schema, const json_t *part, const struct location *location,
                             struct rule *out);

/* What a $ref means; NULL, with an error, if there is no such place. */
const json_t *schema_resolve(struct schema *schema, const json_t *reference, const struct location *location);

/* ---- schema_words.c ---------------------------------------------------------------------------------------------- */

/* False, with an error, for a keyword that is not supported. */
MUST_USE bool schema_check_words(struct schema *schema, const json_t *object, const struct location *location);

/* Whether a keyword says nothing of what is allowed. */
bool word_is_annotation(const char *keyword);

/* The types that a schema can have: by "type", else by the keywords that are there, else any. */
MUST_USE bool schema_types(struct schema *schema, const json_t *object, const struct location *location, unsigned *out);

/* The type of a value. */
unsigned type_of(const json_t *value);

/* A count: the value of a keyword that is a whole number >= 0; *out stays if the keyword is not there. */
MUST_USE bool schema_count(struct schema *schema, const json_t *object, const char *keyword,
                           const struct location *location, size_t *out);

/* ---- schema_merge.c, schema_apart.c ------------------------------------------------------------------------------ */

/* A schema that holds where both do; the caller releases it. */
MUST_USE bool schema_merge(struct schema *schema, const json_t *a, const json_t *b, const struct location *location,
                           json_t **out);

/* A copy of an object without one keyword; NULL, with an error, if memory is short. The caller releases it. */
json_t *schema_without(struct schema *schema, const json_t *object, const char *keyword);

/* Whether it is certain that no value fits both. */
bool schema_apart(struct schema *schema, const json_t *a, const json_t *b, size_t depth);

/* ---- types ------------------------------------------------------------------------------------------------------- */

MUST_USE bool schema_object(struct schema *schema, const json_t *object, const struct location *location,
                            struct rule *out);
MUST_USE bool schema_array(struct schema *schema, const json_t *object, const struct location *location,
                           struct rule *out);
MUST_USE bool schema_string(struct schema *schema, const json_t *object, const struct location *location,
                            struct rule *out);
/* integer: only whole numbers. */
MUST_USE bool schema_number(struct schema *schema, const json_t *object, bool integer, const struct location *location,
                            struct rule *out);
/* enum or const. */
MUST_USE bool schema_values(struct schema *schema, const json_t *object, const struct location *location,
                            struct rule *out);

/* A text as a JSON string; the buffer holds it. */
MUST_USE bool schema_quote(struct schema *schema, const char *text, struct buffer *out);

#endif
