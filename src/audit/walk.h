/* walk.h: which files there are to read. */
#ifndef BASTIDE_AUDIT_WALK_H
#define BASTIDE_AUDIT_WALK_H

#include "audit/sink.h"

/* Paths from the root, sorted as a walk meets them; in the walk's arena. */
struct paths {
    struct arena arena;
    const char **rows;
    size_t count, room;
};

/* Collects all files below the folder root that a reader takes and nothing leaves out. Links are not followed, folders
 * that cannot be opened and what is no file give a warning in the sink. Fails when memory is short or progress asks for
 * a stop. */
MUST_USE bool walk_files(int root, const struct audit_wishes *wishes, const struct progress *progress,
                         struct sink *sink, struct paths *out, struct error *error);
void paths_free(struct paths *paths);

#endif
