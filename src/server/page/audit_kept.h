/* audit_kept.h: the waivers and notes of one folder that were made on the page: {"waivers": [...], "notes": [...]},
 * which docs/audit-ci.md explains. A file of JSON, which is YAML as well, so that the audit's own reader checks it.
 * Private to the room. */
#ifndef BASTIDE_SERVER_PAGE_AUDIT_KEPT_H
#define BASTIDE_SERVER_PAGE_AUDIT_KEPT_H

#include "server/failure.h"

#include <jansson.h>

struct audit_kept {
    const char *path; /* of the file */
    json_t *entries;
};

/* Reads the file for the audit of folder, if there is one. Texts live in the arena. */
MUST_USE bool audit_kept_open(const char *folder, struct arena *arena, struct audit_kept *out, struct error *error);
void audit_kept_close(struct audit_kept *kept);

/* Adds an entry, or removes the one that is equal, and writes the file. On failure all is as before. */
MUST_USE bool audit_kept_change(struct audit_kept *kept, const char *kind, const json_t *entry, bool add,
                                struct failure *failure);

/* What is there as a text; the caller frees it. NULL when memory is short. */
char *audit_kept_text(const struct audit_kept *kept);

#endif
