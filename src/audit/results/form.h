/* form.h: what a form of result is. One file each in results/, one row in results.c. Private to the room. */
#ifndef BASTIDE_AUDIT_RESULTS_FORM_H
#define BASTIDE_AUDIT_RESULTS_FORM_H

#include "audit/audit.h"

#include <jansson.h>

/* What is written: a report and what it means. Texts that are made for it live in the arena. */
struct result {
    const struct report *report;
    struct summary summary;
    const char *headline;
    struct arena arena;
};

struct form {
    const char *name;
    /* Writes to stream and need not look whether that worked: result_write does. Fails if memory is short. */
    bool (*write)(struct result *result, FILE *stream, struct error *error);
};

bool result_json(struct result *result, FILE *stream, struct error *error);
bool result_csv(struct result *result, FILE *stream, struct error *error);
bool result_html(struct result *result, FILE *stream, struct error *error);
bool result_cyclonedx(struct result *result, FILE *stream, struct error *error);
bool result_sarif(struct result *result, FILE *stream, struct error *error);

/* Text for people: UTF-8, with a replacement for each byte that is none and for each character that is not shown as
 * what it is (controls, marks of direction). NULL when memory is short. */
const char *text_clean(struct arena *arena, const char *text);

/* Text for JSON: UTF-8, else as it is; JSON's null for NULL. NULL when memory is short. */
json_t *text_json(const char *text);

/* An array of texts. NULL when memory is short. */
json_t *texts_json(const char *const *texts, size_t count);

/* Writes value as one line and lets go of it; before: what stands in front of it. Fails if value is NULL. */
MUST_USE bool put_json(FILE *stream, const char *before, json_t *value, struct error *error);

#endif
