/* cutoff.h: a drill: what of a command still works in a world where some providers are gone. It runs twice, once with
 * them refused and once with all as it is; what it tried to reach is seen both times.
 *
 * A command runs in namespaces of its own (world.h), without any privilege where the system allows user namespaces. All
 * that it sends ends at a relay in this process, which answers its questions for names, refuses what is cut and carries
 * the rest. What this proves and what it doesn't: docs/cutoff.md. */
#ifndef BASTIDE_CUTOFF_CUTOFF_H
#define BASTIDE_CUTOFF_CUTOFF_H

#include "base/base.h"
#include "providers/providers.h"

/* ---- what is refused --------------------------------------------------------------------------------------------- */

enum cut_kind {
    CUT_THESE,      /* what was named */
    CUT_ALL_BUT,    /* all but what was named, what nobody knows too */
    CUT_EVERYTHING, /* all that is not this machine */
};

struct cut;

/* names: ids or names of providers or services, domains (with all below them), addresses and networks in CIDR,
 * "owner:NAME" for all of an owner, "country:XX" for all whose owner sits there. Fails with ERROR_WRONG_USE, and a
 * guess, for a name that nobody knows. providers must outlive it; cut_close accepts NULL. */
MUST_USE bool cut_open(const struct providers *providers, enum cut_kind kind, const char *const *names, size_t count,
                       struct cut **out, struct error *error);
void cut_close(struct cut *cut);

/* ---- a drill ----------------------------------------------------------------------------------------------------- */

struct cutoff_order {
    const char *const *words; /* the command and its arguments, NULL-terminated */
    const struct providers *providers;
    const struct cut *cut;
    const char *const *cut_names; /* as the user wrote them, for the record */
    size_t cut_count;
    enum cut_kind kind;
    double timeout;               /* seconds that each run may take */
    const char *const *reachable; /* socket files of this machine that stay */
    size_t reachable_count;
    const char *const *fresh; /* folders that keep what they have: what a run writes there is thrown away */
    size_t fresh_count;
    const char *input;  /* a file to read as standard input; NULL: nothing */
    const char *keep;   /* a folder for all that the runs write (run-1.out, ...); NULL: only its end is kept */
    bool (*stop)(void); /* asked often: whether the user wants to stop */
    /* What the command writes, as it comes; the runs' beginnings, as lines of ours. */
    void (*said)(void *context, struct span text);
    void (*begins)(void *context, int run, bool cut);
    void *context;
};

/* One thing that was tried. */
struct cutoff_tried {
    const char *name;              /* "" where only an address is known */
    const char *address;           /* "" where it went no further than the question for the name */
    uint16_t port;                 /* 0 where there is none */
    const char *protocol;          /* "dns", "tcp", "udp", "icmp", ... */
    const struct service *service; /* NULL: nobody in the register knows it */
    bool allowed;
    const char *why; /* it was refused: "cut", ...; or that nobody was there, though it was not; else "" */
    uint64_t count;
};

enum { CUTOFF_TAIL = 4000 /* bytes kept of the end of what a run writes */ };

/* What was written to a stream. */
struct cutoff_stream {
    uint64_t bytes;
    uint64_t exact; /* a hash of all of it */
    uint64_t words; /* a hash of its words alone, see judge.h */
    char *tail;     /* its last lines */
};

struct cutoff_run {
    bool cut;
    int status; /* exit status; 128 and the signal that killed it */
    bool timed_out;
    double seconds;
    struct cutoff_tried *tried; /* sorted */
    size_t tried_count;
    bool more; /* was tried than fits */
    struct cutoff_stream out, err;
};

enum cutoff_verdict {
    CUTOFF_SURVIVES, /* same status, and what it wrote is the same, or nothing that it tried was refused */
    CUTOFF_DEGRADES, /* same status, but it wrote something else or took much longer */
    CUTOFF_STOPS,    /* another status, or killed because its time was over */
    CUTOFF_UNCLEAR,  /* it fails even as it is */
};

/* "survives", ... */
const char *cutoff_verdict_name(enum cutoff_verdict verdict);

struct cutoff_result {
    struct cutoff_run runs[2]; /* the one with the cut is the first */
    enum cutoff_verdict verdict;
    const char *reasons[8];
    size_t reason_count;
};

/* Runs the drill; what it gives out lives in the arena. Fails where the system has no room for such a world (the error
 * says what to do), and with ERROR_STOPPED when stop said so. */
MUST_USE bool cutoff_drill(const struct cutoff_order *order, struct arena *arena, struct cutoff_result *out,
                           struct error *error);

/* ---- the record -------------------------------------------------------------------------------------------------- */

/* The result as text in the form "bastide-cutoff-1". */
MUST_USE bool cutoff_text(const struct cutoff_order *order, const struct cutoff_result *result, struct arena *arena,
                          const char **out, struct error *error);

/* Keeps such a text in the data folder, drills/ID.json (mode 0600); *id is what `cutoff show` takes. */
MUST_USE bool cutoff_keep(const char *text, struct arena *arena, const char **id, struct error *error);

/* The ids of all drills that were kept, the latest last. */
MUST_USE bool cutoff_list(struct arena *arena, const char *const **out, size_t *count, struct error *error);

/* The text of a drill; ERROR_NOT_FOUND if there is none with that id. */
MUST_USE bool cutoff_load(const char *id, struct arena *arena, const char **out, struct error *error);

#endif
