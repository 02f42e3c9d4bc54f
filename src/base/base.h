/* base.h: what every room stands on: errors, checked sizes, spans, arenas, buffers, files, threads, progress.
 * It depends on the C library alone and knows nothing of models. Nothing here prints, exits or aborts. */
#ifndef BASTIDE_BASE_H
#define BASTIDE_BASE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- errors -------------------------------------------------------------------------------------------------- */

/* What kind of failure it is decides the program's exit status. */
enum error_kind {
    ERROR_NONE,
    ERROR_COULD_NOT, /* the world was in the way: no file, no memory, bad data; exit status 3 */
    ERROR_WRONG_USE, /* the caller asked for something that makes no sense; exit status 2 */
    ERROR_STOPPED,   /* the user stopped it */
    ERROR_PIPE,      /* nobody reads the output any more */
    ERROR_NOT_FOUND, /* there is no such thing; exit status 3 */
    ERROR_BUSY,      /* too many ask at once: try again later; exit status 3 */
    ERROR_NO_ROOM,   /* it needs more memory than there is; exit status 3 */
};

/* Filled by the function that fails; its caller passes it up. The text reads "what failed: why: what to do". */
struct error {
    enum error_kind kind;
    char text[1024];
};

/* Writes the text, kind ERROR_COULD_NOT; always returns false, so that a failing function can return its call.
 * error may be NULL. A text that is too long is cut at a character's end; what is no UTF-8 or
 * would act on a terminal (control characters, marks of direction) becomes '?'. */
bool error_set(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same with a kind of the caller's choice. */
bool error_set_kind(struct error *error, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* "out of memory: N bytes wanted ...". Returns false. */
bool error_memory(struct error *error, size_t bytes);

/* "PATH: cannot DO: the system's reason" from errno. Returns false. */
bool error_system(struct error *error, const char *path, const char *doing);

/* Puts "prefix: " before the text that is there. Returns false. */
bool error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- checked sizes: all arithmetic on numbers from outside goes through these --------------------------------- */

/* True and *out = a + b (a * b) if that fits in size_t; else false and *out is untouched. */
MUST_USE bool size_add(size_t a, size_t b, size_t *out);
MUST_USE bool size_multiply(size_t a, size_t b, size_t *out);

/* size_add(value, alignment - 1) rounded down to a multiple of alignment, a power of two. */
MUST_USE bool size_align(size_t value, size_t alignment, size_t *out);

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- spans: bytes that somebody else owns ---------------------------------------------------------------------- */

struct span {
    const unsigned char *data;
    size_t bytes;
};

static inline struct span span_of(const void *data, size_t bytes)
{
    return (struct span){ data, bytes };
}

/* The bytes of a C string, without its terminator. */
struct span span_text(const char *text);

/* Whether bytes at offset lie inside; cannot overflow. */
static inline bool span_has(struct span span, size_t offset, size_t bytes)
{
    return offset <= span.bytes && bytes <= span.bytes - offset;
}

bool span_equal(struct span a, struct span b);

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------ */

#define UTF8_REPLACEMENT 0xFFFDu

/* Reads one character at offset (< text.bytes), returns how many bytes it took (1 to 4) and writes the code point.
 * A byte that begins no valid character (overlong, surrogate, above U+10FFFF, cut) gives UTF8_REPLACEMENT and 1.
 * Source: RFC 3629. */
size_t utf8_read(struct span text, size_t offset, uint32_t *code_point);

/* Writes a code point (at most U+10FFFF) as 1 to 4 bytes; returns how many. */
size_t utf8_write(uint32_t code_point, char out[4]);

/* Offset of the first byte that is not valid UTF-8, or text.bytes if all is. */
size_t utf8_valid_prefix(struct span text);

/* How many bytes at the start are whole characters or plainly invalid; the rest may be the beginning of a character
 * whose end has not come yet (0 to 3 bytes). A stream prints this much and keeps the rest. */
size_t utf8_complete_prefix(struct span text);

/* ---- names typed wrong ------------------------------------------------------------------------------------------ */

/* The best of the names tried; name is NULL until one is like what was typed. */
struct guess {
    const char *name;
    size_t edits; /* letters that would have to be typed otherwise */
};

/* Takes a name as the guess if it, or its beginning, is nearer to what was typed than the guess so far, and at most
 * one letter in three differs. */
void guess_try(struct guess *guess, const char *typed, const char *name);

/* ---- names that can't be guessed --------------------------------------------------------------------------------- */

/* Writes count letters and digits at random (5.95 bits each), all equally likely, and a terminator. */
MUST_USE bool letters_draw(char *out, size_t count, struct error *error);

/* ---- arenas: many allocations, one lifetime -------------------------------------------------------------------- */

struct arena_block;

/* Zero-initialised is empty. Memory from it lives until arena_free. Not for several threads at once. */
struct arena {
    struct arena_block *last;
};

/* count * size zeroed bytes, aligned for any type; NULL when memory is short or the product overflows. */
MUST_USE void *arena_take(struct arena *arena, size_t count, size_t size);

/* A copy with a terminator after it. NULL when memory is short. */
MUST_USE char *arena_text(struct arena *arena, struct span text);

/* printf into the arena. NULL when memory is short. */
MUST_USE char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

void arena_free(struct arena *arena);

/* ---- buffers: bytes that grow, up to a cap --------------------------------------------------------------------- */

/* Made with its cap: struct buffer b = { .limit = 1 << 20 }. Always terminated by a zero byte once something was
 * added, so that bytes can be read as a C string. */
struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
    size_t limit; /* the most bytes it may hold */
};

/* Fails, leaving the buffer as it was, when the cap would be passed or memory is short. */
MUST_USE bool buffer_add(struct buffer *buffer, const void *data, size_t bytes, struct error *error);
MUST_USE bool buffer_text(struct buffer *buffer, const char *text, struct error *error);
MUST_USE bool buffer_format(struct buffer *buffer, struct error *error, const char *format, ...) PRINTF_LIKE(3, 4);
struct span buffer_span(const struct buffer *buffer);
void buffer_free(struct buffer *buffer);

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* A file mapped read-only. Zero-initialised is closed. */
struct file {
    struct span bytes;
};

/* Maps a regular file. Fails for folders, devices and pipes; an empty file gives an empty span. */
MUST_USE bool file_map(const char *path, struct file *out, struct error *error);

/* Gives the pages back to the system; they are read again when touched. Lowers the memory that the process holds. */
void file_forget(struct span part);

void file_close(struct file *file);

/* Appends the whole of a file (or of standard input for "-") to the buffer, whose limit bounds it. */
MUST_USE bool file_read(const char *path, struct buffer *out, struct error *error);

/* A file in the making. Zero-initialised is none. */
struct replacement {
    FILE *stream;          /* to write to */
    const char *path;      /* as the caller named it */
    const char *target;    /* where links lead: what is replaced */
    const char *temporary; /* beside target until the end; NULL where path itself is written to */
    struct arena arena;
};

/* Begins a file of mode 0600 beside path; path stays as it is until replacement_end. What is there and is no regular
 * file (a device, a pipe) is written to as it is. */
MUST_USE bool replacement_begin(const char *path, struct replacement *out, struct error *error);

/* keep: syncs it and renames it over path. Else, and when that fails, what was written goes away. Frees it in any
 * case. */
MUST_USE bool replacement_end(struct replacement *replacement, bool keep, struct error *error);

/* The same in one call: afterwards there is the old file or the new one, never a part. */
MUST_USE bool file_write_atomic(const char *path, struct span bytes, struct error *error);

/* Makes the folder and the folders above it (mode 0700). Fine if they exist. */
MUST_USE bool folder_make(const char *path, struct error *error);

/* Removes the folder with all that is in it, or the file; links are removed, not followed. Fine if it is not there. */
MUST_USE bool tree_remove(const char *path, struct error *error);

/* Bytes of all files below path; 0 if there is nothing. */
uint64_t tree_bytes(const char *path);

/* The path of below in the user's data folder: $BASTIDE_HOME/below, else $XDG_DATA_HOME/bastide/below, else
 * ~/.local/share/bastide/below. Makes nothing. */
MUST_USE bool folder_data(const char *below, struct arena *arena, const char **out, struct error *error);

/* The same for configuration: $BASTIDE_HOME/below, $XDG_CONFIG_HOME/bastide/below, ~/.config/bastide/below. */
MUST_USE bool folder_configuration(const char *below, struct arena *arena, const char **out, struct error *error);

/* ---- other programs ---------------------------------------------------------------------------------------------- */

/* A program that was started. Zero-initialised is none. */
struct process {
    int id;
};

/* Starts words[0], looked up in PATH, with words (NULL-terminated) as its arguments. settings ("NAME=value",
 * NULL-terminated, may be NULL) change its environment. It reads nothing and writes to the file log (mode 0600, made
 * empty). It is killed when this process ends. A program that does not exist ends with status 127. */
MUST_USE bool process_start(const char *const *words, const char *const *settings, const char *log, struct process *out,
                            struct error *error);

/* Whether it has ended; *status is then its exit status, or 128 and the signal that killed it. Does not wait. */
bool process_ended(struct process *process, int *status);

/* Kills it, if it runs. */
void process_stop(struct process *process);

/* ---- memory of the machine -------------------------------------------------------------------------------------- */

/* Bytes that this process may still take: the least of what the system has available, what its control group leaves
 * and, where the environment sets BASTIDE_MEMORY (such as 512M), that. */
size_t memory_available(void);

/* Fails, with ERROR_WRONG_USE, if BASTIDE_MEMORY is set to what is no size: memory_available takes no notice of it. */
MUST_USE bool memory_check_setting(struct error *error);

/* "1.5G", "200M", "64k", "123" to bytes (powers of 1024). */
MUST_USE bool size_parse(const char *text, size_t *out);

/* Bytes for people: "98 MB", "1.2 GB" (powers of 1000); out holds at least 16. */
const char *size_text(size_t bytes, char out[16]);

/* ---- threads ---------------------------------------------------------------------------------------------------- */

struct pool;

/* Physical cores that this process may use, which its control group may limit further; at least 1. */
unsigned pool_cores(void);

/* Starts threads - 1 helpers (the caller is the other one). threads from 1 to 256; 0 means pool_cores().
 * Helpers wait for work by spinning for a few microseconds, then asleep. */
MUST_USE bool pool_open(unsigned threads, struct pool **out, struct error *error);

/* Calls work(context, item, thread) for each item in [0, items), each exactly once, in any order and on any thread
 * (thread < pool_threads), and returns when all are done. Items are handed out in runs of at most run
 * (at least 1).
 * One caller at a time; not from inside work. */
void pool_run(struct pool *pool, size_t items, size_t run, void (*work)(void *context, size_t item, unsigned thread),
              void *context);

unsigned pool_threads(const struct pool *pool);
void pool_close(struct pool *pool);

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* Seconds since some moment in the past; never goes back, whatever happens to the calendar. */
double seconds_now(void);

/* Seconds since 1970, as the calendar says. */
double calendar_now(void);

/* Makes a condition whose deadlines are times of seconds_now(); pthread_cond_destroy ends it. */
void condition_open(pthread_cond_t *condition);

/* Waits until woken or until that moment, with the lock given up meanwhile; false when the moment has passed. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double until);

/* ---- progress of long work --------------------------------------------------------------------------------------- */

/* How lower rooms tell what they are at; NULL where nobody listens. update returns false to ask for a stop. */
struct progress {
    bool (*update)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
};

/* Calls update if there is one; true means go on. total 0: unknown. */
bool progress_tell(const struct progress *progress, const char *what, uint64_t done, uint64_t total);

#endif
