/* scheduler.h: many answers at once from the models that are loaded.
 *
 *   struct scheduler  the models, the thread that runs them, the queue
 *   struct held       a model that stays loaded while somebody holds it
 *   struct job        a prompt and the answers (or the vector) that come of it
 *
 * One thread runs everything. A step is one token for each running answer and, bounded in time, some of the prompts
 * that are being read. What a job gets depends on its own wishes alone, to the bit: the engine promises that of a
 * token, and nothing here lets one job's neighbours, place in the queue or share of the cache change its choices.
 *
 * All functions may be called from any thread; a job and a hold have one user at a time. */
#ifndef BASTIDE_SCHEDULER_H
#define BASTIDE_SCHEDULER_H

#include "engine/engine.h"

struct scheduler;

struct scheduler_settings {
    unsigned threads;            /* 0: one for each core */
    size_t parallel;             /* answers at once, of all models */
    size_t queue;                /* jobs that may wait */
    size_t context;              /* tokens of one answer, prompt included; 0: the model's own */
    size_t memory_budget;        /* bytes of all loaded models with their caches; 0: what the machine has available */
    size_t cache_bytes;          /* of prefixes kept after their jobs ended; 0: a share of the budget */
    const char *cache_folder;    /* where prefixes go that the memory has no room for; NULL: nowhere */
    const char *slot_folder;     /* where slot_save writes; NULL: slots are not saved */
    double keep_alive_seconds;   /* an unused model goes after so long; negative: never */
    double prompt_slice_seconds; /* the most time for prompts in one step while answers are running (0.05) */
};

/* Copies the settings. */
MUST_USE bool scheduler_open(const struct scheduler_settings *settings, struct scheduler **out, struct error *error);

/* Takes no new job, lets those that run and wait go on for so many seconds, then fails the rest. */
void scheduler_drain(struct scheduler *scheduler, double seconds);

/* Jobs that go on fail; jobs and holds that are open can, and must, still be closed afterwards. */
void scheduler_close(struct scheduler *scheduler);

/* ---- models ------------------------------------------------------------------------------------------------------ */

struct held;

/* What a held model is made of; valid while it is held. */
struct held_parts {
    const char *path;
    const struct gguf *gguf;
    const struct model *model;
    const struct tokenizer *tokenizer;
    const struct template *template; /* NULL if it has none */
    struct shelf *shelf;             /* of constraints on its vocabulary */
    double load_seconds;             /* that this hold waited for loading; 0 if it was loaded */
};

/* Loads the model at path if it is not loaded, making room by unloading unused ones, and holds it. Waits meanwhile;
 * progress may stop that. Fails with ERROR_NO_ROOM, with the bytes needed and free and what would help, if it can't
 * fit; running answers of other models go on while it loads. */
MUST_USE bool scheduler_hold(struct scheduler *scheduler, const char *path, const struct progress *progress,
                             struct held **out, struct error *error);
const struct held_parts *held_parts(const struct held *held);

/* keep_alive_seconds: how long it stays after this use; NAN: as the settings say; negative: for ever; 0: it goes as
 * soon as nobody holds it. */
void held_release(struct held *held, double keep_alive_seconds);

struct loaded_model {
    const char *path;
    size_t bytes; /* weights and caches */
    size_t context;
    double expires_in; /* seconds until it goes if unused; negative: never */
    bool loading, in_use;
};

/* The models that are loaded or loading; the rows live in the arena. */
MUST_USE bool scheduler_models(struct scheduler *scheduler, struct arena *arena, struct loaded_model **rows,
                               size_t *count, struct error *error);

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

struct job;

enum job_kind {
    JOB_ANSWER,
    JOB_EMBED, /* a vector of the prompt */
};

enum pooling {
    POOLING_MODEL, /* what the model's metadata says, else mean */
    POOLING_MEAN,
    POOLING_LAST,
    POOLING_FIRST,
};

struct job_wishes {
    enum job_kind kind;
    struct held *held;      /* must stay held until job_close */
    const char *owner;      /* whose job it is: its share of the machine, and its part of the cache */
    const uint32_t *prompt; /* [prompt_count], from 1 to the context - 1; copied */
    size_t prompt_count;
    struct answer_wishes answer; /* stop texts and constraint must stay until job_close */
    size_t answers;              /* 1 to 16; answer i draws with seed + i */
    bool tells_tokens;           /* events carry the token and its likelihood */
    size_t tops;                 /* how many likeliest tokens to tell with it, 0 to TOPS_MOST */
    bool tells_prompt;           /* JOB_READING events while the prompt is read */
    bool no_cache;               /* do not use a prefix that is there; nor leave one */
    int slot;                    /* the slot to use, -1: any */
    double most_seconds;         /* of generating; 0: no limit */
    enum pooling pooling;        /* JOB_EMBED */
};

enum { TOPS_MOST = 20 };

/* A token and the logarithm of its probability as the model gave it, before sampling settings. */
struct likelihood {
    uint32_t token;
    float log_probability;
};

enum job_event_kind {
    JOB_WAITING, /* nothing came in the time given */
    JOB_STARTED, /* it left the queue */
    JOB_READING, /* progress of the prompt: counts so far */
    JOB_TEXT,    /* text of an answer, may be empty where tells_tokens is set */
    JOB_ENDED,   /* an answer is over */
    JOB_VECTOR,  /* of JOB_EMBED, which is over */
    JOB_FAILED,  /* the job is over: error */
};

struct job_counts {
    size_t prompt_tokens; /* in the whole prompt */
    size_t cached_tokens; /* of these, how many were not computed again */
    size_t read_tokens;   /* of the prompt, held so far */
    size_t tokens;        /* chosen for this answer, with the one that ended it */
    double queue_seconds, prompt_seconds, seconds;
};

struct job_event {
    enum job_event_kind kind;
    size_t answer;                 /* which of the answers */
    struct span text;              /* JOB_TEXT: whole characters that are certain; owned by the job until job_next */
    const struct likelihood *told; /* JOB_TEXT with tells_tokens: [0] the token chosen, then tops likeliest ones */
    size_t told_count;
    enum answer_end end;   /* JOB_ENDED */
    const char *stop_text; /* JOB_ENDED by a stop text: which one */
    const float *vector;   /* [width], not normalised; owned by the job */
    size_t width;
    struct job_counts counts; /* from JOB_STARTED on */
    int slot;
    const struct error *error; /* JOB_FAILED */
};

/* Puts a job into the queue. queue_position: its place there (1: the next to start), 0 if it started at once. Fails
 * with ERROR_BUSY if the queue is full, ERROR_STOPPED while draining, ERROR_WRONG_USE for wishes that can't be met. */
MUST_USE bool job_open(struct scheduler *scheduler, const struct job_wishes *wishes, struct job **out,
                       size_t *queue_position, struct error *error);

/* The next event, waiting for at most so many seconds (JOB_WAITING if none came). After the last JOB_ENDED, or
 * JOB_FAILED or JOB_VECTOR, there are no more. */
void job_next(struct job *job, double seconds, struct job_event *out);

/* Ends its work within one step; its answers end with ANSWER_STOPPED. */
void job_cancel(struct job *job);

/* Cancels it if it goes on. */
void job_close(struct job *job);

/* ---- slots: the places of running answers, as llama-server's clients know them ----------------------------------- */

struct slot {
    int id;
    bool busy;
    bool own;         /* its last job was of this owner; all that follows is zero if not */
    const char *path; /* of its model; NULL if it was never used */
    size_t context, prompt_tokens, cached_tokens, tokens;
    bool goes_on;
};

/* As owner sees them; rows [parallel] in the arena. */
MUST_USE bool scheduler_slots(struct scheduler *scheduler, const char *owner, struct arena *arena, struct slot **rows,
                              size_t *count, struct error *error);

/* Writes what the slot's last job of this owner left (tokens and KV cache) to a file below slot_folder, reads it back
 * (for jobs of this owner and that slot's model), or forgets it. name: a plain file name. Fails with ERROR_WRONG_USE
 * for a bad name, a slot that is another owner's, empty or busy, a file of another model. */
MUST_USE bool slot_save(struct scheduler *scheduler, const char *owner, int slot, const char *name, size_t *tokens,
                        uint64_t *bytes, struct error *error);
MUST_USE bool slot_restore(struct scheduler *scheduler, const char *owner, int slot, const char *name,
                           struct held *held, size_t *tokens, uint64_t *bytes, struct error *error);
MUST_USE bool slot_erase(struct scheduler *scheduler, const char *owner, int slot, size_t *tokens, struct error *error);

/* ---- what it did so far ------------------------------------------------------------------------------------------ */

/* Bounds are upper limits in seconds; counts[i] is what fell below bounds[i] and above bounds[i - 1], the last what lay
 * above all. */
enum { HISTOGRAM_BOUNDS = 14 };
extern const double histogram_bounds[HISTOGRAM_BOUNDS];
struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    double sum;
};

struct scheduler_counts {
    uint64_t prompt_tokens; /* computed */
    uint64_t cached_tokens; /* not computed again */
    uint64_t generated_tokens;
    uint64_t steps;   /* of the engine */
    uint64_t longest; /* tokens of the longest answer, prompt included */
    double prompt_seconds, generation_seconds;
    size_t running, waiting; /* jobs now */
    size_t cache_bytes;
    struct histogram first_token, between_tokens;
};
struct scheduler_counts scheduler_counts(struct scheduler *scheduler);

#endif
