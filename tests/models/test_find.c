/* From what a person types to a model's file, and the store as other rooms use it. */
#include "check.h"

#include "models/models.h"

static const char tiny[] = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; /* no tensor, no key; 24 bytes with the last */

struct world {
    char folder[64], source[128];
    struct arena arena;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error error = { 0 };
    if (!world || !folder_temporary(world->folder))
        return -1;
    setenv("BASTIDE_HOME", world->folder, 1);
    snprintf(world->source, sizeof world->source, "file:%s/tiny.gguf", world->folder);
    *state = world;
    return file_write_atomic(world->source + 5, span_of(tiny, sizeof tiny), &error) ? 0 : -1;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    arena_free(&world->arena);
    folder_remove(world->folder);
    free(world);
    return 0;
}

static bool pull(struct world *world, const char *name, const struct progress *progress, struct error *error)
{
    const struct pull_wish wish = { .source = world->source, .name = name, .stall_seconds = 10 };
    struct stored_model model;
    bool was_there;
    return models_pull(&wish, &world->arena, progress, &model, &was_there, error);
}

static void expect_file(struct world *world, const char *name, const char *below)
{
    struct error error = { 0 };
    const char *path = NULL;
    char expected[512];
    snprintf(expected, sizeof expected, "%s/%s", world->folder, below);
    assert_done(models_resolve(name, &world->arena, &path, &error), &error);
    assert_string_equal(path, expected);
}

static void expect_none(struct world *world, const char *name, const char *words)
{
    struct error error = { 0 };
    const char *path = NULL;
    assert_false(models_resolve(name, &world->arena, &path, &error));
    assert_contains(error.text, words);
}

static void a_name_or_its_beginning_gives_the_file(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    assert_done(pull(world, "alpha-1b", NULL, &error), &error);
    expect_file(world, "alpha-1b", "models/alpha-1b/alpha-1b.gguf");
    expect_file(world, "alpha", "models/alpha-1b/alpha-1b.gguf");
    expect_file(world, "alpha-", "models/alpha-1b/alpha-1b.gguf");
    expect_none(world, "alph", "alpha-1b");
    expect_none(world, "", "alpha-1b");
    assert_done(pull(world, "alpha-7b", NULL, &error), &error);
    expect_none(world, "alpha", "alpha-1b or alpha-7b");
    assert_done(pull(world, "alpha", NULL, &error), &error);
    expect_file(world, "alpha", "models/alpha/alpha.gguf");
}

static void no_name_is_the_default_of_the_catalogue(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    const struct catalogue none = { 0 };
    struct catalogue catalogue = none;
    assert_done(models_catalogue(&world->arena, &catalogue, &error), &error);
    expect_none(world, NULL, "bastide model pull");
    expect_none(world, NULL, catalogue.default_name);
    assert_done(pull(world, catalogue.default_name, NULL, &error), &error);
    char below[256];
    snprintf(below, sizeof below, "models/%s/%s.gguf", catalogue.default_name, catalogue.default_name);
    expect_file(world, NULL, below);
}

static void a_path_is_itself_and_no_name(void **state)
{
    struct world *world = *state;
    expect_file(world, world->source + 5, "tiny.gguf");
    expect_none(world, "./nonesuch", "No such file");
    expect_none(world, "nonesuch.gguf", "No such file");
    expect_none(world, world->folder, "not a file");
    expect_none(world, "../models", "No such file");
}

static void a_folder_that_is_named_as_a_model_is_not_taken_for_it(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    char before[4096];
    assert_done(pull(world, "alpha", NULL, &error), &error);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(world->folder), 0);
    assert_int_equal(mkdir("alpha", 0700), 0);
    expect_file(world, "alpha", "models/alpha/alpha.gguf");
    assert_int_equal(chdir(before), 0);
}

static void a_model_whose_file_was_cut_is_refused_with_what_to_do(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    char path[256];
    assert_done(pull(world, "alpha", NULL, &error), &error);
    snprintf(path, sizeof path, "%s/models/alpha/alpha.gguf", world->folder);
    assert_int_equal(truncate(path, 10), 0);
    expect_none(world, "alpha", "bastide model remove alpha");
    assert_int_equal(unlink(path), 0);
    expect_none(world, "alpha", "bastide model remove alpha");
}

static bool say_stop(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return ++*(int *)context < 2;
}

static void a_pull_that_is_told_to_stop_stops_and_registers_nothing(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct stored_models models;
    char large[200000];
    memset(large, 0, sizeof large);
    memcpy(large, tiny, sizeof tiny);
    assert_done(file_write_atomic(world->source + 5, span_of(large, sizeof large), &error), &error);
    int calls = 0;
    const struct progress progress = { say_stop, &calls };
    assert_false(pull(world, "alpha", &progress, &error));
    assert_int_equal(error.kind, ERROR_STOPPED);
    assert_done(models_list(&world->arena, &models, &error), &error);
    assert_int_equal(models.count, 0);
}

#define IN_WORLD(function) cmocka_unit_test_setup_teardown(function, make_world, remove_world)

int main(void)
{
    RUN_TESTS(IN_WORLD(a_name_or_its_beginning_gives_the_file), IN_WORLD(no_name_is_the_default_of_the_catalogue),
              IN_WORLD(a_path_is_itself_and_no_name), IN_WORLD(a_folder_that_is_named_as_a_model_is_not_taken_for_it),
              IN_WORLD(a_model_whose_file_was_cut_is_refused_with_what_to_do),
              IN_WORLD(a_pull_that_is_told_to_stop_stops_and_registers_nothing));
}
