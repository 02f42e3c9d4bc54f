/* cli.h: what a command is. One file per command; each parses, calls lower rooms, prints. Only main prints errors. */
#ifndef BASTIDE_CLI_H
#define BASTIDE_CLI_H

#include "base/base.h"

/* The program's exit status. */
enum status {
    STATUS_DONE = 0,      /* done */
    STATUS_NO = 1,        /* the answer is no: a check that failed */
    STATUS_WRONG = 2,     /* wrong use */
    STATUS_FAILED = 3,    /* could not; the error says why */
    STATUS_STOPPED = 130, /* the user stopped it with Ctrl-C; what shells say of a program that SIGINT ended */
};

struct option {
    const char *name;  /* "threads" for --threads; a table ends with a row whose name is NULL */
    char letter;       /* 't' for -t; 0 if there is none */
    const char *takes; /* "N" as help shows it; NULL for a switch */
    const char *does;
};

struct arguments;

struct command {
    const char *name;             /* "run", "model pull" */
    const char *takes;            /* "MODEL [PROMPT]" */
    const char *does;             /* one line */
    const char *details;          /* more lines, or NULL */
    const char *examples;         /* lines, each a command that works */
    const struct option *options; /* NULL if it has none but --help */
    int least, most;              /* how many arguments besides options; most -1: any number */
    /* STATUS_WRONG and STATUS_FAILED go with an error. */
    enum status (*run)(const struct arguments *arguments, struct error *error);
};

/* ---- what the user typed -------------------------------------------------------------------------------------- */

/* Argument i besides options; NULL if there are fewer. */
const char *argument(const struct arguments *arguments, int i);
int argument_count(const struct arguments *arguments);

/* How many of them stood before "--"; all if the line had none. */
int argument_count_before_end(const struct arguments *arguments);

/* Whether --name was given. */
bool option_given(const struct arguments *arguments, const char *name);

/* The last value of --name; fallback if it was not given. */
const char *option_text(const struct arguments *arguments, const char *name, const char *fallback);

/* Value i of a --name that may be given several times, in the order of the line; NULL if there are fewer. */
const char *option_at(const struct arguments *arguments, const char *name, size_t i);

/* The value of --name as a number in [low, high]; *out stays as it is if it was not given. */
MUST_USE bool option_integer(const struct arguments *arguments, const char *name, uint64_t low, uint64_t high,
                             uint64_t *out, struct error *error);
MUST_USE bool option_real(const struct arguments *arguments, const char *name, double low, double high, double *out,
                          struct error *error);

/* STATUS_WRONG for ERROR_WRONG_USE, STATUS_STOPPED for ERROR_STOPPED, else STATUS_FAILED. */
enum status status_of(const struct error *error);

/* ---- the terminal --------------------------------------------------------------------------------------------- */

/* Writes to standard output; fails with ERROR_PIPE when nobody reads any more, ERROR_COULD_NOT if the disk is full. */
MUST_USE bool print(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);
MUST_USE bool print_bytes(struct span bytes, struct error *error);
MUST_USE bool print_flush(struct error *error);

/* Text that a stranger wrote, such as a model's answer: on a terminal, control characters (all but line feed and tab)
 * are shown as pictures and not obeyed; elsewhere the bytes go out as they are. Whole characters at each call. */
MUST_USE bool print_strange(struct span text, struct error *error);

/* "bastide: what failed: why: what to do" on standard error. For main, and for commands that go on after an error. */
void show_error(const struct error *error);

/* Whether TERM names a terminal that obeys escape sequences. */
bool terminal_obeys(void);

/* A progress bar with rate and time left on standard error if that is such a terminal, else nothing. */
const struct progress *terminal_progress(void);

/* The same for work that is counted (in tokens, say) and not measured in bytes. */
const struct progress *terminal_counter(void);

/* Takes a bar away whose work was stopped before its end. */
void terminal_end_bar(void);

#endif
