/* store.h: names, folders, locks and manifests of the store. Private to the room. */
#ifndef BASTIDE_MODELS_STORE_H
#define BASTIDE_MODELS_STORE_H

#include "models/models.h"

/* ---- names: they become folders, so nothing in them may lead elsewhere -------------------------------------- */

enum { LONGEST_NAME = 64 };

/* [a-z0-9][a-z0-9._-]{0,63} */
bool name_valid(const char *name);
MUST_USE bool name_check(const char *name, struct error *error);

/* A valid name out of the last part of a path or address: "Some Model.Q4.gguf?x=1" gives "some-model.q4". */
MUST_USE bool name_from(const char *source, struct arena *arena, const char **out, struct error *error);

/* Whether name starts with text and a "-", "." or "_" stands there: "smollm2" begins "smollm2-135m". */
bool name_begins(const char *name, const char *text);

bool sha256_valid(const char *text); /* 64 lowercase hexadecimal digits */

/* ---- places ------------------------------------------------------------------------------------------------- */

struct place {
    const char *store; /* the folder of all models */
    const char *model; /* STORE/NAME */
    const char *file;  /* STORE/NAME/NAME.gguf */
    const char *pull;  /* STORE/.pull */
    const char *work;  /* STORE/.pull/NAME */
    const char *ready; /* STORE/.pull/NAME/ready: the model's folder before it is moved */
    const char *lock;  /* STORE/.pull/NAME~lock; '~' is in no name */
    const char *gone;  /* STORE/.pull/NAME~gone: what is being removed */
};

/* Where things of a valid name are; makes nothing. */
MUST_USE bool place_of(const char *name, struct arena *arena, struct place *out, struct error *error);

/* ---- one process at a time works on a name ------------------------------------------------------------------ */

struct lock {
    int descriptor; /* -1: not held */
    const char *path;
};

/* Makes the folders that it needs and waits for its turn, telling progress; a stop there ends the wait. */
MUST_USE bool lock_take(const struct place *place, const struct progress *progress, struct lock *out,
                        struct error *error);

/* *taken tells whether it was free; does not wait. */
MUST_USE bool lock_try(const char *path, struct lock *out, bool *taken, struct error *error);
void lock_release(struct lock *lock);

/* ---- manifests ---------------------------------------------------------------------------------------------- */

/* Whether the model is there, and what its manifest says. A manifest that can't be read is an error. */
MUST_USE bool manifest_read(const struct place *place, const char *name, struct arena *arena, struct stored_model *out,
                            bool *there, struct error *error);

/* Writes model's manifest into folder. */
MUST_USE bool manifest_write(const char *folder, const struct stored_model *model, struct error *error);

/* Makes place.ready the model, by one rename, and removes the rest of place.work; a damaged model in its place goes.
 * The lock is held. */
MUST_USE bool store_register(const struct place *place, struct error *error);

/* Removes the model, and what a pull left of it. The lock is held. */
MUST_USE bool store_clear(const struct place *place, struct error *error);

/* Removes what pulls that were interrupted long ago left, for all names that nobody works on. */
void store_sweep(const struct place *place);

#endif
