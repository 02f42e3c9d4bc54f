/* What an answer within a constraint says is of the language, whatever the model would rather say; and an answer that
 * ended is whole. The model here is random: each row of logits is noise. */
#include "check.h"

#include <jansson.h>
#include <math.h>

#include "engine/engine.h"

struct world {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct grammar *grammar;
    struct constraint *constraint;
    float *logits;
    size_t vocabulary;
    struct random random;
};

static int open_world(void **state)
{
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct world *world = calloc(1, sizeof *world);
    world->random = random_start("constraint");
    assert_done(gguf_open(golden_path(&arena, "tokens/smollm2-vocabulary.gguf"), &world->gguf, &error), &error);
    assert_done(tokenizer_open(world->gguf, &world->tokenizer, &error), &error);
    assert_done(grammar_open(&world->grammar, &error), &error);
    world->vocabulary = tokenizer_vocabulary(world->tokenizer);
    world->logits = calloc(world->vocabulary, sizeof *world->logits);
    arena_free(&arena);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    constraint_close(world->constraint);
    grammar_close(world->grammar);
    tokenizer_close(world->tokenizer);
    gguf_close(world->gguf);
    free(world->logits);
    free(world);
    return 0;
}

static void open_constraint(struct world *world, struct rule start)
{
    struct error error = { 0 };
    assert_done(constraint_open(world->grammar, start, world->tokenizer, &world->constraint, &error), &error);
}

static void make_noise(struct world *world)
{
    for (size_t i = 0; i < world->vocabulary; i++)
        world->logits[i] = 8 * random_float(&world->random);
}

/* One answer of the random model, at most so many tokens; returns how it ended. */
static enum answer_end answer_of(struct world *world, struct answer_wishes wishes, size_t most, struct buffer *out)
{
    struct error error = { 0 };
    struct answer *answer;
    enum answer_end end = ANSWER_GOES_ON;
    wishes.constraint = world->constraint;
    assert_done(answer_open(world->tokenizer, world->vocabulary, &wishes, &answer, &error), &error);
    for (size_t i = 0; i < most && end == ANSWER_GOES_ON; i++) {
        uint32_t token;
        make_noise(world);
        assert_done(answer_take(answer, world->logits, &token, out, &end, &error), &error);
    }
    answer_close(answer);
    return end;
}

static void any_object_is_json_when_it_ends(void **state)
{
    struct world *world = *state;
    struct rule start;
    struct error error = { 0 };
    size_t ended = 0;
    assert_done(grammar_schema(world->grammar, NULL, &start, &error), &error);
    open_constraint(world, start);
    for (int round = 0; round < 40; round++) {
        struct answer_wishes wishes = { .sampling = sampling_default() };
        struct buffer out = { .limit = 1 << 20 };
        wishes.sampling.temperature = round % 2 ? 1.0f : 0.0f;
        wishes.sampling.seed = random_next(&world->random);
        if (answer_of(world, wishes, 300, &out) == ANSWER_DONE) {
            json_error_t cause;
            json_t *json = json_loadb(out.bytes, out.length, 0, &cause);
            if (!json_is_object(json))
                fail_msg("%s in %s", cause.text, out.bytes);
            json_decref(json);
            ended++;
        }
        buffer_free(&out);
    }
    assert_true(ended > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_object_is_json_when_it_ends, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
