/* ignore.h: what .gitignore leaves out (gitignore(5)). */
#ifndef BASTIDE_AUDIT_IGNORE_H
#define BASTIDE_AUDIT_IGNORE_H

#include "base/base.h"

struct ignore_rule;

/* The rules of one file, which hold in its folder and below. */
struct ignore {
    const struct ignore *above; /* of the folders above; asked where these rules say nothing */
    size_t base;                /* how many bytes of a path come before the folder's own names */
    struct ignore_rule *fixed;  /* without signs such as '*': sorted, found by bisection */
    size_t fixed_count;
    struct ignore_rule *general; /* in the order of the file */
    size_t general_count;
    bool cut; /* there were more rules with signs than are kept */
};

/* Reads the text of a file, which has to live as long as the rules; these lie in the arena. */
MUST_USE bool ignore_read(struct span text, size_t base, const struct ignore *above, struct arena *arena,
                          struct ignore *out, struct error *error);

/* Whether a path (from the audit's root) is left out. The folders above it are not asked: who walks doesn't enter
 * them. */
bool ignore_matches(const struct ignore *ignore, const char *path, bool folder);

#endif
