/* names.h: names of packages as manifests and commands write them, and the registries that they come from. Private to
 * the readers. */
#ifndef BASTIDE_AUDIT_READERS_NAMES_H
#define BASTIDE_AUDIT_READERS_NAMES_H

#include "audit/reader.h"

/* Whether the word is one of the list, whose words stand apart by single blanks. */
bool word_listed(const char *list, struct span word);

/* Whether the file's name is one of the list. */
bool source_named(const struct source *source, const char *list);

/* The name alone, as the register has it: "@sentry/node" of "@sentry/node@^7", "sentry-sdk" of "Sentry_SDK[flask]>=1".
 * Lives in the arena; empty if there is none. */
struct span package_name(struct arena *arena, enum signal signal, struct span text);

/* Declares a package with that name as its ecosystem's sign. */
void declare_package(struct source *source, struct sink *sink, enum signal signal, struct span text, size_t line);

/* What a manifest says of its packages, told once: the registry at the first of them that comes from there. */
struct manifest {
    struct source *source;
    struct sink *sink;
    const char *registry; /* "npm"; NULL: another one, which is told by its address */
    enum signal signal;   /* of its packages; SIGNALS: their names are no signs */
    bool told;            /* the registry */
    bool note;            /* lockfile beside a manifest, test: packages are notes */
};

/* A package that the manifest's owner depends on, from the registry. */
void manifest_package(struct manifest *manifest, struct span name, size_t line);

/* The registry alone: there is a package that comes from it. */
void manifest_registry(struct manifest *manifest, size_t line);

/* Hosts that were told already, for files that name the same one a thousand times. */
struct told_hosts {
    struct span hosts[32];
    size_t count;
};

/* Tells an address ("https://host/path", "git+ssh://git@host/x") unless its host was told before. */
void tell_host_once(struct manifest *manifest, struct told_hosts *told, struct span address, size_t line);

#endif
