/* fields.h: the fields of a request's JSON, each with its type and range.
 *
 * A field that is absent or null leaves *out as it is; one of a wrong type or range is a failure that names it. object
 * may be NULL (nothing is there). path names the object in messages: "" or "options". Private to the room. */
#ifndef BASTIDE_SERVER_FIELDS_H
#define BASTIDE_SERVER_FIELDS_H

#include "server/failure.h"

#include <jansson.h>

/* The body as a JSON object; the caller decrefs it. Depth and size are bounded; a number that is no finite double and a
 * name that occurs twice are refused. */
MUST_USE bool fields_parse(struct span body, json_t **out, struct failure *failure);

struct fields {
    const json_t *object;
    const char *path;
};

MUST_USE bool field_bool(struct fields in, const char *name, bool *out, struct failure *failure);
MUST_USE bool field_integer(struct fields in, const char *name, int64_t low, int64_t high, int64_t *out,
                            struct failure *failure); /* 3.0 is an integer */
MUST_USE bool field_real(struct fields in, const char *name, double low, double high, double *out,
                         struct failure *failure);
MUST_USE bool field_text(struct fields in, const char *name, const char **out, struct failure *failure);
MUST_USE bool field_object(struct fields in, const char *name, const json_t **out, struct failure *failure);
MUST_USE bool field_array(struct fields in, const char *name, const json_t **out, struct failure *failure);

/* One of words (NULL-terminated): its index. */
MUST_USE bool field_choice(struct fields in, const char *name, const char *const *words, size_t *out,
                           struct failure *failure);

/* A failure if it is not there. */
MUST_USE bool field_demand(struct fields in, const char *name, struct failure *failure);

/* Whether it is there and not null. */
bool field_given(struct fields in, const char *name);

/* 400 for a field of this object: "options.seed: text". Returns false. */
bool field_wrong(struct fields in, const char *name, struct failure *failure, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The value of a number without a fraction (3, 3.0); false if it is none. */
MUST_USE bool json_whole(const json_t *value, int64_t *out);

#endif
