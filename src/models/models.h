/* models.h: the models on this machine: which there are, where they lie, how they come and go.
 *
 *   $XDG_DATA_HOME/bastide/models/          ($BASTIDE_HOME/models)
 *     smollm2-135m/                         a model is a folder, so that one rename adds or removes it whole
 *       smollm2-135m.gguf
 *       manifest.json                       name, file, bytes, sha256, source, date, licence
 *     .pull/smollm2-135m/                   what a pull has so far
 *     .pull/smollm2-135m~lock               who works on that name holds it
 *
 * A process that is killed at any moment leaves the folder of a model whole, or not there. Folders are 0700, files
 * 0600. Everything that functions give out lives in the caller's arena. */
#ifndef BASTIDE_MODELS_H
#define BASTIDE_MODELS_H

#include "base/base.h"

enum { SHA256_TEXT = 65 }; /* 64 hexadecimal digits and the terminator */

/* ---- what is here ------------------------------------------------------------------------------------------- */

struct stored_model {
    const char *name;
    const char *path;   /* of the GGUF file */
    const char *source; /* where it came from: "pypi:...", "https:...", "file:..." */
    const char *sha256;
    const char *licence; /* "" if unknown */
    const char *date;    /* when it was pulled, "2026-11-24T10:12:00Z" */
    uint64_t bytes;
    bool whole; /* the file is there and has that many bytes */
};

struct stored_models {
    const struct stored_model *rows; /* sorted by name */
    size_t count;
};

MUST_USE bool models_list(struct arena *arena, struct stored_models *out, struct error *error);

/* The model with that name, or with the only name that begins so ("smollm2", "smollm2-"). Fails with a text that says
 * which there are. NULL is the catalogue's default. */
MUST_USE bool models_find(const char *name, struct arena *arena, struct stored_model *out, struct error *error);

/* Where the file of a model lies: name is a path to a file, or what models_find takes. */
MUST_USE bool models_resolve(const char *name, struct arena *arena, const char **path, struct error *error);

/* ---- what could be here ------------------------------------------------------------------------------------- */

struct catalogue_model {
    const char *name;
    const char *title;
    const char *licence;
    const char *sha256;
    const char *source; /* where these facts are from */
    const char *date;   /* when they were checked */
    uint64_t bytes;
    const char *const *parts; /* sources; their contents one after the other are the file */
    size_t part_count;
};

struct catalogue {
    const struct catalogue_model *rows;
    size_t count;
    const char *default_name; /* NULL if it has none */
};

/* data/models.yaml as it was when this program was built, with the user's own entries (models.yaml in the folder of
 * configuration) added or, where names are equal, in their place. */
MUST_USE bool models_catalogue(struct arena *arena, struct catalogue *out, struct error *error);

/* ---- coming and going --------------------------------------------------------------------------------------- */

struct pull_wish {
    const char *source;  /* a name of the catalogue, "file:PATH", "https://...", "pypi:PACKAGE[==VERSION][/MEMBER]" */
    const char *name;    /* under which it is registered; NULL: from the source */
    const char *sha256;  /* what the file must have; NULL: what the catalogue says, or anything */
    const char *licence; /* NULL: what the catalogue says */
    uint64_t most_bytes; /* the largest file; 0: what the disk has room for */
    unsigned stall_seconds; /* give up when no byte came for so long */
};

/* Fetches a model, checks length, hash and that it is a GGUF file, and registers it. What is there already stays as it
 * is and *was_there is set. Waits while another process works on the same name. Nothing leaves the machine but to the
 * source. A pull that was interrupted goes on where it stopped, if the source can. */
MUST_USE bool models_pull(const struct pull_wish *wish, struct arena *arena, const struct progress *progress,
                          struct stored_model *out, bool *was_there, struct error *error);

/* Hashes the file of a model. *same is false if it is gone, cut or changed; found then says what is there: its hash,
 * or "" without a file. */
MUST_USE bool models_verify(const struct stored_model *model, const struct progress *progress, char found[SHA256_TEXT],
                            bool *same, struct error *error);

/* Removes a model, or what an interrupted pull of that name left. Takes the whole name. */
MUST_USE bool models_remove(const char *name, struct error *error);

#endif
