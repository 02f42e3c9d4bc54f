/* registry.h: the models that clients may name: those on the command line first, then those in the store.
 * Private to the room; safe for several threads. */
#ifndef BASTIDE_SERVER_REGISTRY_H
#define BASTIDE_SERVER_REGISTRY_H

#include "scheduler/scheduler.h"

struct served_model {
    const char *id;    /* the store's name, or the file's stem */
    const char *alias; /* NULL: none */
    const char *path;
    const char *sha256; /* "" where it is not known (a file by path) */
    const char *licence;
    double modified; /* seconds since 1970 */
    uint64_t bytes;
    bool in_store; /* else it was named by its path */
};

struct registry;

/* names: as on the command line, the first is the default; with none, the store's models and the catalogue's default.
 * any_model: a name that is not known means the default. */
MUST_USE bool registry_open(const char *const *names, size_t count, const char *alias, bool any_model,
                            struct registry **out, struct error *error);
void registry_close(struct registry *registry);

/* Reads the store again: after a pull or a removal. */
MUST_USE bool registry_reload(struct registry *registry, struct error *error);

/* All of them, the default first; rows live in the arena. */
MUST_USE bool registry_list(struct registry *registry, struct arena *arena, struct served_model **rows, size_t *count,
                            struct error *error);

/* By id, alias or file stem in any case of letters, ":latest" ignored; NULL or "": the default. Fails with
 * ERROR_NOT_FOUND. */
MUST_USE bool registry_find(struct registry *registry, const char *name, struct arena *arena, struct served_model *out,
                            struct error *error);

#endif
