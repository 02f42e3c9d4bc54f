/* state.h: what the files of the scheduler share. Private to the room.
 *
 *   job_open --> STATE_WAITING --place free--> STATE_RUNNING --all answers over, failed, cancelled--> STATE_OVER
 *                queue.c                       plan.c, step.c                                         events remain
 *
 * A running job's first branch reads the prompt, then each branch writes an answer (answers.c), or the states of the
 * prompt become a vector (vectors.c).
 *
 * One lock guards everything here. The scheduler's thread lets go of it while the engine runs a step; jobs that take
 * part are marked in_step until then, and nobody else touches their branches and sequences. */
#ifndef BASTIDE_SCHEDULER_STATE_H
#define BASTIDE_SCHEDULER_STATE_H

#include <pthread.h>

#include "scheduler/scheduler.h"

/* ---- models ------------------------------------------------------------------------------------------------------ */

/* A model that is loaded or loading. */
struct resident {
    struct resident *next;
    char *path;       /* as whoever loaded it named it */
    struct identity { /* of its file: one that was replaced is another model */
        uint64_t device, number, bytes, changed;
    } identity;
    struct held_parts parts;
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct template *template;
    struct shelf *shelf;
    struct model *model;
    struct engine *engine;
    bool loading;
    size_t fixed_bytes;    /* weights and scratch */
    unsigned char key[32]; /* key_model */
    size_t holders;
    double keep_seconds; /* it stays so long after its last use; negative: for ever */
    double last_used;
    double prompt_token_seconds; /* what a token of a prompt costs, as measured; 0: not yet */
    double answers_seconds;      /* what a step without prompts costs, as measured */
    struct tree *trees;          /* of its owners */
};

struct held {
    struct scheduler *scheduler;
    struct resident *resident;
    struct held_parts parts;
};

/* Frees all that was loaded; NULL and the half-loaded are fine. */
void resident_close(struct resident *resident);

/* Unloads a model that nobody holds. */
void resident_unload(struct scheduler *scheduler, struct resident *resident);

/* Unloads models whose time is over; returns when the next one's is, INFINITY if there is none. */
double residents_expire(struct scheduler *scheduler);

struct job;
struct branch;

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Bytes of all models and their pages. */
size_t memory_used(const struct scheduler *scheduler);

/* Bytes that may still be taken, as things are and by the budget. */
size_t memory_free(const struct scheduler *scheduler);

/* Unloads unused models, the least recently used first, then drops what the cache keeps, until so many bytes are free;
 * false if they never will be. */
bool memory_make_room(struct scheduler *scheduler, size_t bytes);

/* Whether what runs and this job, which waits or was put off, will probably fit together. */
bool memory_fits(const struct job *job);

/* Before a step: what its pages may take. Then room for so many more tokens of a branch; false if it has to wait, or
 * failed because there will never be any. */
void room_begin(struct scheduler *scheduler);
bool room_take(struct branch *branch, size_t tokens);

/* ---- events: what a job tells its client ------------------------------------------------------------------------- */

/* An event in the list of those not fetched yet, with what it points to behind it. */
struct event {
    struct event *next;
    struct job_event event;
    struct likelihood told[1 + TOPS_MOST];
    char text[];
};

/* ---- owners: whose jobs they are --------------------------------------------------------------------------------- */

struct jobs {
    struct job *first, *last;
    size_t count;
};

/* Lives while it has jobs, cache or slots. */
struct owner {
    struct owner *next;
    struct jobs waiting; /* in the order in which they came */
    double deficit;      /* tokens that it may still take in this round; below 0: that it took too many */
    double last_start;   /* when a job of it last left the queue */
    size_t uses;         /* jobs, trees and slots that point here */
    char name[];
};

/* The owner of that name, used once more; NULL when memory is short. */
struct owner *owner_use(struct scheduler *scheduler, const char *name);
void owner_leave(struct scheduler *scheduler, struct owner *owner);

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

enum job_state { STATE_WAITING, STATE_RUNNING, STATE_OVER };

/* One of a job's answers, or the reading of a text for its vector. Its text is the prompt and what was chosen so far;
 * its sequence holds less: by one token where an answer is written, by more where a prompt is read. */
struct branch {
    struct job *job;
    size_t number;
    int slot;
    bool over;
    bool restores; /* pages of its text come from the cache folder, in the next steps */
    struct answer *answer;
    struct sequence *sequence;
    struct prefix *prefix; /* of its tree: the last page of its sequence that is in there; NULL: it uses no tree */
    struct tokens tokens;  /* chosen so far */
    size_t chosen;         /* the same, but for the step in hand: for who has the lock only */
    enum answer_end end;
    struct buffer text; /* what the last token made certain */
    struct likelihood told[1 + TOPS_MOST];
    size_t told_count;
    double last_seconds; /* when the last token came */
    bool took;           /* the last token; else error tells why not */
    struct error error;
};

struct job {
    struct job *next, *previous; /* in the queue, or among the running */
    uint64_t number;             /* which came, of all */
    struct scheduler *scheduler;
    struct job_wishes wishes;
    struct resident *resident;
    struct owner *owner;
    uint32_t *prompt; /* [wishes.prompt_count] */
    enum job_state state;
    bool in_step, cancelled;
    bool put_off;            /* its pages were taken, for lack of memory */
    struct branch *branches; /* [wishes.answers]; the first reads the prompt, the others begin when it is read */
    size_t going_on;         /* branches */
    struct job_counts counts;
    double opened, started, answering; /* when; answering 0: not yet */

    enum pooling pooling;
    double *sums;  /* [width] of JOB_EMBED: states so far */
    float *vector; /* [width] */

    struct event *first_event, *last_event, *told; /* told: what job_next gave last */
    struct error error;
    bool failed;         /* tell so after all other events */
    pthread_cond_t news; /* an event came, or it left the step */
};

void jobs_add(struct jobs *jobs, struct job *job);
void jobs_remove(struct jobs *jobs, struct job *job);

/* Adds an event; the job fails if memory is short. text and told of the event are copied. */
void job_tell(struct job *job, const struct job_event *event);

/* Ends it: with an error, or as its client wished, every answer that goes on as ANSWER_STOPPED. It is not in a step. */
void job_fail(struct job *job, const struct error *error);
void job_stop(struct job *job);

/* Takes the job out of the running and gives back what it holds, but for its events. */
void job_end(struct job *job);

/* ---- the queue --------------------------------------------------------------------------------------------------- */

/* Moves jobs from the queue to free places, as is fair. */
void queue_admit(struct scheduler *scheduler);

/* Takes a job that waits out of the queue. */
void queue_remove(struct job *job);

/* How many jobs wait. */
size_t queue_length(const struct scheduler *scheduler);

/* A job that started ended: its owner pays for what it took, not for what it was thought to take. */
void queue_settle(struct job *job);

/* ---- keys: who and what a file was written for ------------------------------------------------------------------- */

enum { KEY_BYTES = 32 };

/* Of an owner's name. */
void key_owner(const char *name, unsigned char out[KEY_BYTES]);

/* Of a model: of its file's size, beginning and end, and of how its pages are laid out. */
MUST_USE bool key_model(const struct resident *resident, unsigned char out[KEY_BYTES], struct error *error);

/* ---- spilled pages ----------------------------------------------------------------------------------------------- */

struct spill;

/* Opens the folder, making it if need be. */
MUST_USE bool spill_open(const char *folder, size_t bytes_most, struct spill **out, struct error *error);
void spill_close(struct spill *spill);

/* The key of a page, by the one before it; and of what stands before the first. */
void spill_key(const unsigned char before[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS], unsigned char out[KEY_BYTES]);
void spill_root(const unsigned char owner[KEY_BYTES], const unsigned char model[KEY_BYTES],
                unsigned char out[KEY_BYTES]);

/* Writes a page, if there is room; reads it, if it is there and good; removes it. */
void spill_write(struct spill *spill, const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                 struct span page);
bool spill_has(struct spill *spill, const unsigned char key[KEY_BYTES]);
bool spill_read(struct spill *spill, const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                const struct model *model, struct page **out);
void spill_forget(struct spill *spill, const unsigned char key[KEY_BYTES]);

/* ---- prefixes: the cache of beginnings --------------------------------------------------------------------------- */

/* A page of a beginning; its parents are the pages before it. */
struct prefix {
    struct tree *tree;
    struct prefix *parent, *children, *sibling, *previous; /* previous: sibling */
    struct prefix *newer, *older;                          /* by last use, of all trees */
    struct page *page;                                     /* NULL: the root */
    size_t pages;                                          /* up to here */
    size_t users;                                          /* branches that go on from here */
    size_t count;                                          /* less than PAGE_TOKENS: it has no children */
    unsigned char key[KEY_BYTES];                          /* of its file, if it is spilled */
    uint32_t tokens[PAGE_TOKENS];
};

/* What one owner's sequences of one model began with. */
struct tree {
    struct tree *next;
    struct resident *resident;
    struct owner *owner;
    struct prefix root;
};

struct prefixes {
    struct prefix *newest, *oldest;
    size_t bytes, bytes_most;
    struct spill *spill; /* NULL: what memory has no room for is gone */
    double read_until;   /* when this step has read enough files */
    bool reads_on;       /* so that it goes on in the next */
};

/* Opens the sequence of a branch that begins to read, in its owner's tree if it may use one. */
MUST_USE bool prefix_begin(struct branch *branch, struct error *error);

/* Appends what the tree knows of the branch's text to its sequence; returns how many tokens. The text's last token is
 * left out, since its logits are not kept. Running out of memory only means that less is appended. */
size_t prefix_adopt(struct branch *branch);

/* Puts the whole pages of the branch's sequence into the tree. */
void prefix_record(struct branch *branch);

/* The same for a branch that ends, with its last page, whole or not; the branch leaves the tree. */
void prefix_leave(struct branch *branch);

/* A branch that forks from another goes on from the same place. */
void prefix_share(struct branch *branch, const struct branch *from);

/* Puts a sequence and its tokens into a tree; takes them out again, where nothing else goes on from them. */
void prefix_put(struct scheduler *scheduler, struct resident *resident, struct owner *owner, struct sequence *sequence,
                const struct tokens *tokens);
void prefix_erase(struct scheduler *scheduler, struct resident *resident, struct owner *owner,
                  const struct tokens *tokens);

/* Drops the page that was not used for longest; false if all are in use. */
bool prefix_evict(struct scheduler *scheduler);

/* Drops a model's trees. No branch uses them any more. */
void prefix_forget(struct scheduler *scheduler, struct resident *resident);

/* ---- places: the slots of running answers ------------------------------------------------------------------------ */

/* One of settings.parallel. */
struct place {
    struct job *job;     /* that it serves; NULL: it is free */
    struct owner *owner; /* of its last job; NULL: it was never used, or forgotten */
    struct resident *resident;
    char *path; /* of its model */
    size_t context, prompt_tokens, cached_tokens, answer_tokens;
    struct tokens tokens;      /* what its last job left */
    struct sequence *sequence; /* of these tokens; NULL: it is gone */
};

/* A job takes as many places as it has answers, but no more than there are. */
bool places_fit(const struct job *job);
bool place_free(const struct scheduler *scheduler, int slot);
void places_take(struct job *job);
void places_leave(struct job *job);

/* What a place remembers: all of it; its sequences of a model; one sequence, false if there is none. */
void place_forget(struct scheduler *scheduler, struct place *place);
void places_forget(struct scheduler *scheduler, const struct resident *resident);
bool places_drop_one(struct scheduler *scheduler);

/* Gives a place that was forgotten an owner and a model. */
void place_name(struct place *place, struct owner *owner, struct resident *resident);

/* ---- files of sequences ------------------------------------------------------------------------------------------ */

/* What a slot's file holds besides pages. */
struct saved {
    const char *path;
    const struct model *model;
    unsigned char owner[KEY_BYTES], model_key[KEY_BYTES];
    struct sequence *sequence;
    struct tokens tokens;
};

/* Writes the file, or reads it: then sequence and tokens are the caller's to free, also when it failed. */
MUST_USE bool saved_write(const struct saved *saved, uint64_t *bytes, struct error *error);
MUST_USE bool saved_read(struct saved *saved, uint64_t *bytes, struct error *error);

/* ---- branches ---------------------------------------------------------------------------------------------------- */

MUST_USE bool branch_open(struct branch *branch, struct job *job, size_t number, struct error *error);
void branch_close(struct branch *branch);

/* A token of its text. */
uint32_t branch_token(const struct branch *branch, size_t i);

/* How many tokens of its text its sequence lacks; all while it has none. */
size_t branch_lack(const struct branch *branch);

/* Whether it writes an answer, token by token, rather than to read. */
bool branch_writes(const struct branch *branch);

/* Chooses a token from logits. Called without the lock; failures are noted in the branch. */
void branch_take(struct branch *branch, const float *logits);

/* Tells the client of the token that was taken and, if it was the last, that the answer is over. */
void branch_tell(struct branch *branch);

/* Ends an answer from outside, telling what was held back. */
void branch_stop(struct branch *branch, enum answer_end end);

/* The likelihood of a token that was chosen, and of the likeliest ones; returns how many were written. */
size_t likelihood_tell(const float *logits, size_t vocabulary, uint32_t token, size_t tops,
                       struct likelihood out[1 + TOPS_MOST]);

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

MUST_USE bool vector_open(struct job *job, struct error *error);

/* Forgets what was added. */
void vector_begin(struct job *job);

/* Whether the vector is made of this token's state. */
bool vector_wants(const struct job *job, size_t position);

/* Adds the next states [count][width] that it wants. */
void vector_add(struct job *job, const float *states, size_t count);

/* Tells the client of the vector, when all of the text is read. */
void vector_tell(struct job *job);

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* What one call of the engine is to run. */
struct batch {
    struct batch_token *tokens;
    size_t count, rows; /* rows: tokens that want a result */
};

struct step {
    struct resident *resident;
    size_t most;          /* room for so many tokens, takers, pieces */
    struct batch answers; /* and their prompts */
    size_t written;       /* tokens of answers, which come first */
    struct taker {        /* who takes which row of the logits */
        struct branch *branch;
        size_t row;
    } * takers;
    size_t taker_count;
    struct batch texts; /* that become vectors */
    struct piece {      /* of one text: how many rows are its */
        struct job *job;
        size_t rows;
    } * pieces;
    size_t piece_count;
    struct branch **readers; /* in the order in which they go on */
    size_t reader_count;
    size_t room, taken; /* bytes that pages of this step may still take, and will have taken */
    const float *logits;
    struct error error;
};

MUST_USE bool step_open(struct step *step, size_t parallel, struct error *error);
void step_close(struct step *step);

/* Finds the branches of the step's model that read, each with the pages that the tree has for it. */
void readers_find(struct scheduler *scheduler);

/* Whether another reads the same and will have it in the tree. */
bool reader_waits(const struct step *step, const struct branch *branch);

/* Fills the step with what a model has to run; false if there is nothing. */
bool step_plan(struct scheduler *scheduler, struct resident *resident);

/* One step of each model that has something to run; false if none has. Called and returns with the lock held, which it
 * gives up in between. */
bool step_run(struct scheduler *scheduler);

/* ---- the scheduler ----------------------------------------------------------------------------------------------- */

struct scheduler {
    struct scheduler_settings settings;
    struct arena arena;
    struct pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t work;    /* there is something to run, or it ends */
    pthread_cond_t changed; /* a model was loaded, unloaded or released; a job ended */
    pthread_t thread;
    bool has_thread, ending, draining;
    bool failing;      /* no step begins: all jobs are being ended */
    size_t references; /* the opener, jobs, holds: who leaves last frees it */
    struct resident *models;
    struct owner *owners; /* whose turn it is stands first */
    struct job *chosen;   /* the next to start, as soon as it fits */
    struct jobs running;
    uint64_t jobs_opened; /* so far */
    struct place *places; /* [settings.parallel] */
    size_t places_taken;
    struct prefixes prefixes;
    struct step step;
    struct scheduler_counts counts;
};

enum { BATCH_TOKENS = 512, ANSWERS_MOST = 16, ANSWER_GUESS = 256 /* tokens, where nobody knows */ };

/* Drops a reference, with the lock held, which it releases; frees the scheduler after the last. */
void scheduler_leave(struct scheduler *scheduler);

/* Counts a duration. */
void histogram_add(struct histogram *histogram, double seconds);

#endif
