/* rig.h: a scheduler with a golden model, and what an answer is when it is generated alone. Header only. */
#ifndef BASTIDE_TEST_SCHEDULER_RIG_H
#define BASTIDE_TEST_SCHEDULER_RIG_H

#include "scheduler/scheduler.h"
#include "scheduler/tiny.h"

enum { PROMPT = 40, ANSWER = 24 };

struct rig {
    struct scheduler *scheduler;
    struct held *held;
    const struct held_parts *parts;
    size_t vocabulary;
    struct random random;
    char folder[64], path[128]; /* of the model */
};

static inline struct scheduler_settings rig_settings(void)
{
    return (struct scheduler_settings){
        .threads = 2, .parallel = 16, .queue = 256, .keep_alive_seconds = -1, .prompt_slice_seconds = 0.05
    };
}

static inline struct rig rig_open(const char *test, const struct scheduler_settings *settings)
{
    struct rig rig = { .random = random_start(test) };
    struct error error = { 0 };
    snprintf(rig.path, sizeof rig.path, "%s/tiny.gguf", folder_temporary(rig.folder));
    tiny_write(rig.path, "llama", TINY_CONTEXT);
    assert_done(scheduler_open(settings, &rig.scheduler, &error), &error);
    assert_done(scheduler_hold(rig.scheduler, rig.path, NULL, &rig.held, &error), &error);
    rig.parts = held_parts(rig.held);
    rig.vocabulary = model_facts(rig.parts->model).vocabulary;
    return rig;
}

static inline void rig_close(struct rig *rig)
{
    held_release(rig->held, NAN);
    scheduler_close(rig->scheduler);
    folder_remove(rig->folder);
}

/* ---- what is wished ---------------------------------------------------------------------------------------------- */

/* A prompt and the answer to it. */
struct talk {
    uint32_t prompt[512];
    size_t count;
    struct job_wishes wishes;
    char text[4 * TINY_CONTEXT]; /* of the answer, generated alone */
    size_t tokens;
    enum answer_end end;
};

static inline void draw_tokens(struct rig *rig, uint32_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tokens[i] = (uint32_t)random_in(&rig->random, 3, rig->vocabulary - 1);
}

/* Greedy, of ANSWER tokens, whatever the model would end it with. */
static inline void talk_wish(struct rig *rig, struct talk *talk, const char *owner)
{
    talk->wishes = (struct job_wishes){
        .held = rig->held,
        .owner = owner,
        .prompt = talk->prompt,
        .prompt_count = talk->count,
        .answers = 1,
        .slot = -1,
        .answer = { .sampling = sampling_default(), .most_tokens = ANSWER, .show_special = true },
    };
    talk->wishes.answer.sampling.temperature = 0;
}

struct heard {
    char *text;
    size_t length;
};

static inline bool hear_text(void *context, struct span text, struct error *error)
{
    struct heard *heard = context;
    (void)error;
    memcpy(heard->text + heard->length, text.data, text.bytes);
    heard->text[heard->length += text.bytes] = '\0';
    return true;
}

/* Generates the talk's answer alone, with an engine of its own. */
static inline void talk_alone(struct rig *rig, struct talk *talk, size_t number)
{
    struct pool *pool = NULL;
    struct engine *engine = NULL;
    struct transcript transcript = { 0 };
    struct generated generated;
    struct error error = { 0 };
    struct heard heard = { talk->text, 0 };
    talk->text[0] = '\0';
    assert_done(pool_open(1, &pool, &error) && engine_open(rig->parts->model, pool, 64, &engine, &error) &&
                    sequence_open(rig->parts->model, &transcript.sequence, &error),
                &error);
    struct generation generation = {
        .model = rig->parts->model,
        .tokenizer = rig->parts->tokenizer,
        .engine = engine,
        .batch = 64,
        .wishes = talk->wishes.answer,
        .text = hear_text,
        .context = &heard,
    };
    generation.wishes.sampling.seed += number;
    const struct tokens prompt = { talk->prompt, talk->count, talk->count };
    assert_done(generate(&generation, &prompt, &transcript, &generated, &error), &error);
    talk->tokens = generated.tokens;
    talk->end = generated.end;
    sequence_close(transcript.sequence);
    tokens_free(&transcript.tokens);
    engine_close(engine);
    pool_close(pool);
}

static inline struct talk *talk_open(struct rig *rig, size_t count, const char *owner)
{
    struct talk *talk = calloc(1, sizeof *talk);
    assert_non_null(talk);
    talk->count = count;
    draw_tokens(rig, talk->prompt, count);
    talk_wish(rig, talk, owner);
    talk_alone(rig, talk, 0);
    return talk;
}

/* ---- what comes -------------------------------------------------------------------------------------------------- */

enum { PATIENCE = 60 };

/* What a job told until it was over. */
struct result {
    char text[16][4 * TINY_CONTEXT];
    size_t length[16];
    enum answer_end end[16];
    size_t ended;
    bool failed, started;
    struct error error;
    struct job_counts counts;
};

static inline struct job *job_begin(struct rig *rig, const struct job_wishes *wishes)
{
    struct job *job = NULL;
    size_t position;
    struct error error = { 0 };
    assert_done(job_open(rig->scheduler, wishes, &job, &position, &error), &error);
    return job;
}

static inline void next_event(struct job *job, struct job_event *event)
{
    job_next(job, PATIENCE, event);
    if (event->kind == JOB_WAITING)
        fail_msg("no event within %d s", PATIENCE);
}

static inline void result_add(struct result *result, const struct job_event *event)
{
    const size_t i = event->answer;
    result->counts = event->counts;
    result->started = result->started || event->kind == JOB_STARTED;
    if (event->kind == JOB_TEXT) {
        memcpy(result->text[i] + result->length[i], event->text.data, event->text.bytes);
        result->text[i][result->length[i] += event->text.bytes] = '\0';
    } else if (event->kind == JOB_ENDED) {
        result->end[i] = event->end;
        result->ended++;
    } else if (event->kind == JOB_FAILED) {
        result->failed = true;
        result->error = *event->error;
    }
}

/* Hears it to its end and closes it. */
static inline struct result *job_hear(struct job *job, size_t answers)
{
    struct result *result = calloc(1, sizeof *result);
    assert_non_null(result);
    while (result->ended < answers && !result->failed) {
        struct job_event event;
        next_event(job, &event);
        result_add(result, &event);
    }
    job_close(job);
    return result;
}

static inline void check_result(const struct talk *talk, const struct result *result)
{
    if (result->failed)
        fail_msg("%s", result->error.text);
    assert_string_equal(result->text[0], talk->text);
    assert_int_equal(result->end[0], talk->end);
    assert_int_equal(result->counts.tokens, talk->tokens);
}

#endif
