/* machine.h: a machine that is read: its files below a root, what they say told to a sink.
 *
 * A source of facts is one file in this folder, one row in table.c, one test. Most are a table of places: patterns of
 * paths, each with the function that reads such a file. The root may be a mounted disk that somebody else has filled:
 * links never lead out of it, what is no regular file is not read as one, each file and folder has its bound. */
#ifndef BASTIDE_AUDIT_MACHINE_H
#define BASTIDE_AUDIT_MACHINE_H

#include <dirent.h>

#include "audit/hosts.h"
#include "audit/sink.h"

struct machine {
    int root; /* the folder, open */
    struct sink sink;
    const struct progress *progress;
    struct buffer bytes;  /* of the file that is read */
    struct arena homes;   /* what home[] points to */
    const char *home[64]; /* of people and root, NULL-terminated */
    uint64_t files, read;
    size_t denied; /* files and folders that this user may not read */
    char first_denied[256];
    unsigned seconds; /* how long sockets are watched; 0: looked at once */
    bool stopped;     /* progress asked for it */
};

/* Files of a kind: each component of the path may have '*'; "~" at the beginning stands for each home. */
struct place {
    const char *pattern;
    void (*read)(struct source *source, struct sink *sink);
};

struct origin {
    const char *name; /* what is read, for progress: "resolvers" */
    void (*read)(struct machine *machine);
};

/* The origins there are, in the order in which they are read. */
const struct origin *const *machine_origins(size_t *count);

/* Reads all files of all places, in the order of their names. */
void machine_read(struct machine *machine, const struct place *places, size_t count);

/* Calls visit with the path of each file, folder or link of that pattern. */
void machine_each(struct machine *machine, const char *pattern,
                  void (*visit)(struct machine *machine, const char *path, void *context), void *context);

/* Opens what is at that path of the machine, links followed below its root; -1 if it is not there, or may not be read:
 * that is counted. flags as for open. */
int machine_open(struct machine *machine, const char *path, int flags);

/* Reads the file into the machine's buffer, at most bytes of it; false if it can't be read. For what is no text. */
bool machine_bytes(struct machine *machine, const char *path, size_t bytes);

/* A source without text, for facts that stand in no line: mentions have to say what is shown. */
void machine_source(struct source *source, const char *path);

/* Tells a sign that was configured, or observed, at a place without lines. */
void machine_tell(struct machine *machine, const char *path, size_t line, enum evidence evidence, enum signal signal,
                  const char *value, const char *shown);

/* The value of "KEY = value" or "KEY value" in a line, if that is its key, in letters of either case; else false. */
bool line_setting(struct span line, const char *key, struct span *value);

/* Takes the next word off a text: what is between blanks, commas and semicolons. False if there is none. */
bool next_word(struct span *text, struct span *word);

/* The line without blanks around it; empty if it is a comment of that kind ("#;"). */
struct span line_content(struct span line, const char *comments);

/* Whether it is an address that may belong to another organisation: not private, loopback, link-local, multicast. */
bool address_is_public(struct span address);

/* A finding for an address of which nobody in the register is the operator: unknown is never good. */
void tell_unknown_address(struct source *source, struct sink *sink, struct span address, size_t line);

extern const struct origin origin_resolvers;
extern const struct origin origin_time;
extern const struct origin origin_package_sources;
extern const struct origin origin_packages;
extern const struct origin origin_certificates;
extern const struct origin origin_services;
extern const struct origin origin_containers;
extern const struct origin origin_accounts;
extern const struct origin origin_processes;
extern const struct origin origin_connections;

#endif
