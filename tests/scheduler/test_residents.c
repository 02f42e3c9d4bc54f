/* Models: loaded once, kept for a while, unloaded to make room, refused with what would fit. */
#include <pthread.h>

#include "scheduler/rig.h"

static struct held *hold(struct rig *rig, const char *path)
{
    struct held *held = NULL;
    struct error error = { 0 };
    assert_done(scheduler_hold(rig->scheduler, path, NULL, &held, &error), &error);
    return held;
}

static size_t models_loaded(struct rig *rig)
{
    struct arena arena = { 0 };
    struct loaded_model *rows;
    struct error error = { 0 };
    size_t count;
    assert_done(scheduler_models(rig->scheduler, &arena, &rows, &count, &error), &error);
    arena_free(&arena);
    return count;
}

/* A second file with the same model; other is at least 128. */
static const char *write_other(struct rig *rig, char other[128])
{
    snprintf(other, 128, "%s/other.gguf", rig->folder);
    tiny_write(other, "llama", TINY_CONTEXT);
    return other;
}

/* Bytes that a tiny model needs at least: with a context of 512. */
static size_t tiny_bytes(const struct rig *rig)
{
    struct model_needs needs;
    struct error error = { 0 };
    assert_done(model_needs(rig->parts->gguf, &needs, &error), &error);
    return needs.weight_bytes + needs.scratch_bytes + 512 / PAGE_TOKENS * needs.page_bytes;
}

static void *hold_it(void *context)
{
    struct rig *rig = context;
    struct held *held = hold(rig, rig->path);
    const struct model *model = held_parts(held)->model;
    held_release(held, -1);
    return (void *)(uintptr_t)model;
}

static void one_path_is_loaded_once_for_all(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    pthread_t threads[THREADS];
    held_release(rig.held, 0);
    assert_int_equal(models_loaded(&rig), 0);
    rig.held = NULL;
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, hold_it, &rig);
    void *first = NULL;
    for (size_t i = 0; i < THREADS; i++) {
        void *model;
        pthread_join(threads[i], &model);
        first = first ? first : model;
        assert_ptr_equal(model, first);
    }
    assert_int_equal(models_loaded(&rig), 1);
    rig_close(&rig);
}

static void a_link_to_a_model_is_that_model(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    char link[128];
    snprintf(link, sizeof link, "%s/link.gguf", rig.folder);
    assert_int_equal(symlink(rig.path, link), 0);
    struct held *held = hold(&rig, link);
    assert_ptr_equal(held_parts(held)->model, rig.parts->model);
    assert_int_equal(models_loaded(&rig), 1);
    held_release(held, NAN);
    rig_close(&rig);
}

static void a_file_that_was_replaced_is_another_model(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    tiny_write(rig.path, "llama", TINY_CONTEXT / 2);
    struct held *held = hold(&rig, rig.path);
    assert_ptr_not_equal(held_parts(held)->model, rig.parts->model);
    assert_int_equal(model_context(held_parts(held)->model), TINY_CONTEXT / 2);
    held_release(held, 0);
    rig_close(&rig);
}

static void a_model_goes_when_its_time_is_over(void **state)
{
    (void)state;
    const double soon = 0.05;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct held *second = hold(&rig, rig.path);
    held_release(rig.held, 0); /* the second holds it */
    assert_int_equal(models_loaded(&rig), 1);
    held_release(second, soon);
    const double deadline = seconds_now() + PATIENCE;
    while (models_loaded(&rig) > 0 && seconds_now() < deadline)
        usleep(1000);
    assert_int_equal(models_loaded(&rig), 0);
    rig.held = hold(&rig, rig.path);
    held_release(rig.held, NAN); /* by the settings: for ever */
    assert_int_equal(models_loaded(&rig), 1);
    rig.held = NULL;
    rig_close(&rig);
}

static bool build_a(void *context, struct grammar *grammar, struct rule *start, struct error *error)
{
    (void)context;
    return grammar_literal(grammar, span_text("a"), start, error);
}

/* That its memory is given back is for the sanitizer to say. */
static void what_was_compiled_for_a_model_goes_with_it(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    for (size_t i = 0; i < 2; i++) {
        const struct shelf_wish wish = { held_parts(rig.held)->tokenizer, "ann", span_text("a"), build_a, NULL };
        struct shelved *taken;
        struct error error = { 0 };
        for (size_t again = 0; again < 2; again++) {
            assert_done(shelf_take(held_parts(rig.held)->shelf, &wish, &taken, &error), &error);
            shelf_return(taken);
        }
        assert_int_equal(shelf_counts(held_parts(rig.held)->shelf).compiled, 1);
        held_release(rig.held, 0);
        assert_int_equal(models_loaded(&rig), 0);
        rig.held = hold(&rig, rig.path);
    }
    rig_close(&rig);
}

static void an_unused_model_makes_room_and_a_used_one_does_not(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    settings.memory_budget = tiny_bytes(&rig) * 3 / 2;
    rig_close(&rig);
    rig = rig_open(__func__, &settings);
    char other[128];
    struct held *refused;
    struct error error = { 0 };
    write_other(&rig, other);
    assert_false(scheduler_hold(rig.scheduler, other, NULL, &refused, &error));
    assert_int_equal(error.kind, ERROR_NO_ROOM);
    assert_contains(error.text, "bytes");
    assert_contains(error.text, "free");
    held_release(rig.held, NAN);
    rig.held = hold(&rig, other);
    assert_int_equal(models_loaded(&rig), 1);
    rig_close(&rig);
}

static void a_context_that_can_not_fit_is_refused_with_one_that_would(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    settings.context = TINY_CONTEXT;
    struct scheduler *small;
    struct held *held;
    struct error error = { 0 };
    struct model_needs needs;
    assert_done(model_needs(rig.parts->gguf, &needs, &error), &error);
    const size_t whole = needs.weight_bytes + needs.scratch_bytes + TINY_CONTEXT / PAGE_TOKENS * needs.page_bytes;
    settings.memory_budget = whole - needs.page_bytes;
    assert_done(scheduler_open(&settings, &small, &error), &error);
    assert_false(scheduler_hold(small, rig.path, NULL, &held, &error));
    assert_int_equal(error.kind, ERROR_NO_ROOM);
    assert_contains(error.text, "--context 4064");
    scheduler_close(small);
    settings.context = 4064;
    assert_done(scheduler_open(&settings, &small, &error), &error);
    assert_done(scheduler_hold(small, rig.path, NULL, &held, &error), &error);
    assert_int_equal(model_context(held_parts(held)->model), 4064);
    held_release(held, 0);
    scheduler_close(small);
    rig_close(&rig);
}

/* ---- while others run -------------------------------------------------------------------------------------------- */

/* Lets a model load only when a running answer has gone on meanwhile. */
struct beside {
    struct job *job;
    size_t texts;
};

static bool answer_goes_on(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct beside *beside = context;
    (void)what;
    (void)done;
    (void)total;
    for (size_t i = 0; i < 3 && beside->texts < 1000; i++) {
        struct job_event event;
        next_event(beside->job, &event);
        beside->texts += event.kind == JOB_TEXT;
    }
    return true;
}

static bool no_more(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)context;
    (void)what;
    (void)done;
    (void)total;
    return false;
}

static void answers_go_on_while_another_model_loads(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    char other[128];
    struct held *held;
    struct error error = { 0 };
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    struct beside beside = { job_begin(&rig, &talk->wishes), 0 };
    const struct progress progress = { answer_goes_on, &beside };
    assert_done(scheduler_hold(rig.scheduler, write_other(&rig, other), &progress, &held, &error), &error);
    assert_true(beside.texts > 0);
    assert_true(held_parts(held)->load_seconds > 0);
    job_close(beside.job);
    held_release(held, 0);
    free(talk);
    rig_close(&rig);
}

/* Closes the scheduler in the middle of loading: what was loaded still goes when it is released. */
static bool close_once(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct scheduler **scheduler = context;
    (void)what;
    (void)done;
    (void)total;
    scheduler_close(*scheduler);
    *scheduler = NULL;
    return true;
}

static void a_scheduler_may_close_while_a_model_loads(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct scheduler *other, *open;
    struct held *held = NULL;
    struct error error = { 0 };
    assert_done(scheduler_open(&settings, &other, &error), &error);
    open = other;
    const struct progress progress = { close_once, &open };
    if (scheduler_hold(other, rig.path, &progress, &held, &error))
        held_release(held, NAN);
    assert_null(open);
    rig_close(&rig);
}

static void loading_stops_when_asked(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    char other[128];
    struct held *held;
    struct error error = { 0 };
    const struct progress progress = { no_more, NULL };
    assert_false(scheduler_hold(rig.scheduler, write_other(&rig, other), &progress, &held, &error));
    assert_int_equal(error.kind, ERROR_STOPPED);
    assert_int_equal(models_loaded(&rig), 1);
    rig_close(&rig);
}

static void a_file_that_is_no_model_is_refused(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    char other[128];
    struct held *held;
    struct error error = { 0 };
    snprintf(other, sizeof other, "%s/none.gguf", rig.folder);
    assert_false(scheduler_hold(rig.scheduler, other, NULL, &held, &error));
    assert_contains(error.text, "none.gguf");
    assert_done(file_write_atomic(other, span_text("GGUF? no"), &error), &error);
    assert_false(scheduler_hold(rig.scheduler, other, NULL, &held, &error));
    assert_contains(error.text, "none.gguf");
    assert_int_equal(models_loaded(&rig), 1);
    rig_close(&rig);
}

int main(void)
{
    RUN_TESTS(TEST(one_path_is_loaded_once_for_all), TEST(a_link_to_a_model_is_that_model),
              TEST(a_file_that_was_replaced_is_another_model), TEST(a_model_goes_when_its_time_is_over),
              TEST(what_was_compiled_for_a_model_goes_with_it),
              TEST(an_unused_model_makes_room_and_a_used_one_does_not),
              TEST(a_context_that_can_not_fit_is_refused_with_one_that_would),
              TEST(answers_go_on_while_another_model_loads), TEST(a_scheduler_may_close_while_a_model_loads),
              TEST(loading_stops_when_asked), TEST(a_file_that_is_no_model_is_refused));
}
