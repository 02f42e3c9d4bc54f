/* rig.h: a golden model, ready to run, and what its logits are when a conversation runs alone, one token at a time:
 * the reference that every other way of running must meet to the bit. Header only. */
#ifndef BASTIDE_TEST_RIG_H
#define BASTIDE_TEST_RIG_H

#include "check.h"

#include "engine/model.h"

enum { RIG_BATCH = 100, RIG_CONTEXT = 130 };

struct rig {
    struct gguf *gguf;
    struct pool *pool;
    struct model *model;
    struct engine *engine;
    size_t vocabulary;
    struct random random;
};

/* The level is asked for as users do it. */
static inline bool rig_try(const char *name, const char *level, unsigned threads, struct rig *out, struct error *error)
{
    *out = (struct rig){ 0 };
    const char *goldens = getenv("BASTIDE_GOLDENS");
    char path[1024];
    snprintf(path, sizeof path, "%s/models/%s.gguf", goldens ? goldens : "tests/goldens", name);
    setenv("BASTIDE_CPU", level, 1);
    return gguf_open(path, &out->gguf, error) && pool_open(threads, &out->pool, error) &&
           model_open(out->gguf, out->pool, RIG_CONTEXT, NULL, &out->model, error) &&
           engine_open(out->model, out->pool, RIG_BATCH, &out->engine, error);
}

static inline void rig_close(struct rig *rig)
{
    engine_close(rig->engine);
    model_close(rig->model);
    pool_close(rig->pool);
    gguf_close(rig->gguf);
}

static inline struct rig rig_open(const char *name, const char *level, unsigned threads)
{
    struct rig rig;
    struct error error = { 0 };
    assert_done(rig_try(name, level, threads, &rig, &error), &error);
    rig.vocabulary = model_facts(rig.model).vocabulary;
    return rig;
}

static inline struct sequence *rig_sequence(const struct rig *rig)
{
    struct sequence *sequence;
    struct error error = { 0 };
    assert_done(sequence_open(rig->model, &sequence, &error), &error);
    return sequence;
}

static inline struct sequence *rig_fork(const struct sequence *sequence)
{
    struct sequence *fork;
    struct error error = { 0 };
    assert_done(sequence_fork(sequence, &fork, &error), &error);
    return fork;
}

/* ---- what is expected -------------------------------------------------------------------------------------------- */

/* A conversation and the logits after each of its tokens. */
struct talk {
    uint32_t ids[RIG_CONTEXT];
    size_t count;
    float *logits; /* [count][vocabulary] */
};

/* Random ids after the first kept of another (or none), and their logits from a run alone, token by token. */
static inline struct talk talk_after(struct rig *rig, const struct talk *other, size_t kept, size_t count)
{
    struct talk talk = { .count = count };
    struct sequence *sequence = rig_sequence(rig);
    assert_true(count <= RIG_CONTEXT);
    talk.logits = calloc(count, rig->vocabulary * sizeof(float));
    assert_non_null(talk.logits);
    for (size_t i = 0; i < count; i++) {
        talk.ids[i] = i < kept ? other->ids[i] : (uint32_t)random_in(&rig->random, 0, rig->vocabulary - 1);
        const struct batch_token token = { sequence, talk.ids[i], true };
        const float *logits;
        struct error error = { 0 };
        assert_done(engine_run(rig->engine, &token, 1, &logits, &error), &error);
        memcpy(talk.logits + i * rig->vocabulary, logits, rig->vocabulary * sizeof *logits);
    }
    sequence_close(sequence);
    return talk;
}

static inline struct talk talk_open(struct rig *rig, size_t count)
{
    return talk_after(rig, NULL, 0, count);
}

static inline void talk_close(struct talk *talk)
{
    free(talk->logits);
}

static inline void check_row(const struct rig *rig, const struct talk *talk, size_t position, const float *logits)
{
    if (memcmp(talk->logits + position * rig->vocabulary, logits, rig->vocabulary * sizeof *logits) == 0)
        return;
    fail_msg("%s, %u threads, BASTIDE_SEED=%llu: the logits at position %zu are not those of a run alone",
             model_facts(rig->model).kernels, pool_threads(rig->pool), (unsigned long long)rig->random.seed, position);
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

/* A batch in the making, and where each row of logits belongs. */
struct mix {
    struct batch_token tokens[RIG_BATCH];
    struct expected {
        const struct talk *talk;
        size_t position;
    } rows[RIG_BATCH];
    size_t count, row_count;
};

/* The talk's next count tokens after those in sequence and after those of it in the mix. */
static inline void mix_add(struct mix *mix, struct sequence *sequence, const struct talk *talk, size_t position,
                           bool wants_logits)
{
    assert_true(mix->count < RIG_BATCH && position < talk->count);
    mix->tokens[mix->count++] = (struct batch_token){ sequence, talk->ids[position], wants_logits };
    if (wants_logits)
        mix->rows[mix->row_count++] = (struct expected){ talk, position };
}

static inline void mix_run(struct rig *rig, struct mix *mix)
{
    const float *logits = NULL;
    struct error error = { 0 };
    assert_done(engine_run(rig->engine, mix->tokens, mix->count, &logits, &error), &error);
    for (size_t i = 0; i < mix->row_count; i++)
        check_row(rig, mix->rows[i].talk, mix->rows[i].position, logits + i * rig->vocabulary);
    *mix = (struct mix){ 0 };
}

/* Runs count more tokens of a talk in one batch and checks all of their logits. */
static inline void run_more(struct rig *rig, struct sequence *sequence, const struct talk *talk, size_t count)
{
    struct mix mix = { 0 };
    for (size_t i = 0, position = sequence_length(sequence); i < count; i++)
        mix_add(&mix, sequence, talk, position + i, true);
    if (count > 0)
        mix_run(rig, &mix);
}

#endif
