/* state.h: what the files of the scheduler share. Private to the room.
 *
 *   jobs.c    a job waits in the queue                    job_open -> STATE_WAITING
 *   step.c    a place is free: its prompt is read            -> STATE_READING
 *             the prompt is read: its branches answer        -> STATE_ANSWERING
 *             all answers are over, it failed, was cancelled -> STATE_OVER
 *   events.c  what it tells its client meanwhile
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
    char *path; /* with links resolved: one model is loaded once */
    struct held_parts parts;
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct template *template;
    struct model *model;
    struct engine *engine;
    bool loading;
    size_t holders;
    double prompt_token_seconds; /* what a token of a prompt costs, as measured; 0: not yet */
    double answers_seconds;      /* what a step without prompts costs, as measured */
};

struct held {
    struct scheduler *scheduler;
    struct resident *resident;
    struct held_parts parts;
};

/* Frees all that was loaded; NULL and the half-loaded are fine. */
void resident_close(struct resident *resident);

/* ---- events: what a job tells its client ------------------------------------------------------------------------- */

/* An event in the list of those not fetched yet, with what it points to behind it. */
struct event {
    struct event *next;
    struct job_event event;
    struct likelihood told[1 + TOPS_MOST];
    char text[];
};

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

enum job_state { STATE_WAITING, STATE_READING, STATE_ANSWERING, STATE_OVER };

/* One of a job's answers. */
struct branch {
    struct job *job;
    size_t number;
    int slot;
    struct answer *answer;
    struct sequence *sequence;
    struct tokens tokens; /* chosen so far */
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
    struct scheduler *scheduler;
    struct job_wishes wishes;
    struct resident *resident;
    char *owner;
    uint32_t *prompt; /* [wishes.prompt_count] */
    enum job_state state;
    bool in_step, cancelled;
    struct sequence *sequence; /* holds what was read of the prompt */
    struct branch *branches;   /* [wishes.answers] */
    size_t going_on;           /* branches */
    struct job_counts counts;
    double opened, started, answering; /* when */

    struct event *first_event, *last_event, *told; /* told: what job_next gave last */
    struct error error;
    bool failed;         /* tell so after all other events */
    pthread_cond_t news; /* an event came, or it left the step */
};

struct jobs {
    struct job *first, *last;
    size_t count;
};

void jobs_add(struct jobs *jobs, struct job *job);
void jobs_remove(struct jobs *jobs, struct job *job);

/* Adds an event; the job fails if memory is short. text and told of the event are copied. */
void job_tell(struct job *job, const struct job_event *event);

/* Ends it: with an error, or as its client wished (error NULL), every answer that goes on as ANSWER_STOPPED. It is not
 * in a step. */
void job_fail(struct job *job, const struct error *error);
void job_stop(struct job *job);

/* Takes the job out of the running and gives back what it holds, but for its events. */
void job_end(struct job *job);

/* ---- branches ---------------------------------------------------------------------------------------------------- */

MUST_USE bool branch_open(struct branch *branch, struct job *job, size_t number, struct error *error);
void branch_close(struct branch *branch);

/* Chooses a token from logits. Called without the lock; failures are noted in the branch. */
void branch_take(struct branch *branch, const float *logits);

/* Tells the client of the token that was taken and, if it was the last, that the answer is over. */
void branch_tell(struct branch *branch);

/* Ends an answer from outside, telling what was held back. */
void branch_stop(struct branch *branch, enum answer_end end);

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* The batch in hand. */
struct step {
    struct resident *resident;
    size_t most; /* room for so many tokens and takers */
    struct batch_token *tokens;
    size_t count, answer_tokens;
    struct taker { /* who takes which row of the logits */
        struct branch *branch;
        size_t row;
    } * takers;
    size_t taker_count, rows;
    const float *logits;
};

MUST_USE bool step_open(struct step *step, size_t parallel, struct error *error);
void step_close(struct step *step);

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
    size_t references; /* the opener, jobs, holds: who leaves last frees it */
    struct resident *models;
    struct jobs waiting, running;
    size_t places_taken;
    struct step step;
    struct scheduler_counts counts;
};

enum { BATCH_TOKENS = 512 };

/* Places that a job takes of settings.parallel. */
size_t job_places(const struct job *job);

/* Moves jobs from the queue to free places. */
void scheduler_admit(struct scheduler *scheduler);

/* Drops a reference, with the lock held, which it releases; frees the scheduler after the last. */
void scheduler_leave(struct scheduler *scheduler);

/* Counts a duration. */
void histogram_add(struct histogram *histogram, double seconds);

/* A condition whose deadlines are times of seconds_now(). */
void condition_open(pthread_cond_t *condition);

/* Waits until woken or until that moment; false when it has passed. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double until);

#endif
