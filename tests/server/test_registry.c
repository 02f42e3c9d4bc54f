/* How clients' names of models are understood, and what happens to rows when the store changes. */
#include "check.h"

#include "models/models.h"
#include "server/registry.h"

static const char tiny[] = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

struct world {
    char folder[64], file[128], source[160];
    struct arena arena;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error error = { 0 };
    if (!world || !folder_temporary(world->folder))
        return -1;
    setenv("BASTIDE_HOME", world->folder, 1);
    snprintf(world->file, sizeof world->file, "%s/Some-Model.gguf", world->folder);
    snprintf(world->source, sizeof world->source, "file:%s", world->file);
    *state = world;
    return file_write_atomic(world->file, span_of(tiny, sizeof tiny), &error) ? 0 : -1;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    arena_free(&world->arena);
    folder_remove(world->folder);
    free(world);
    return 0;
}

static void pull(struct world *world, const char *name)
{
    const struct pull_wish wish = { .source = world->source, .name = name, .stall_seconds = 10 };
    struct stored_model model;
    struct error error = { 0 };
    bool was_there;
    assert_done(models_pull(&wish, &world->arena, NULL, &model, &was_there, &error), &error);
}

static struct registry *opened(const char *const *names, size_t count, const char *alias, bool any)
{
    struct registry *registry = NULL;
    struct error error = { 0 };
    assert_done(registry_open(names, count, alias, any, &registry, &error), &error);
    return registry;
}

static void expect_found(struct world *world, struct registry *registry, const char *name, const char *id)
{
    struct served_model model = { 0 };
    struct error error = { 0 };
    assert_done(registry_find(registry, name, &world->arena, &model, &error), &error);
    assert_string_equal(model.id, id);
}

static void expect_none(struct world *world, struct registry *registry, const char *name, const char *words)
{
    struct served_model model = { 0 };
    struct error error = { 0 };
    assert_false(registry_find(registry, name, &world->arena, &model, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_contains(error.text, words);
}

static void a_model_is_known_by_id_alias_and_stem_in_any_case(void **state)
{
    struct world *world = *state;
    pull(world, "alpha");
    const char *names[] = { world->file };
    struct registry *registry = opened(names, 1, "gpt-4o", false);
    const char *const said[] = {
        "Some-Model", "some-model", "SOME-MODEL:LATEST", "some-model.gguf", "gpt-4o", "GPT-4o:latest", "", NULL
    };
    for (size_t i = 0; i < LENGTH(said); i++)
        expect_found(world, registry, said[i], "Some-Model");
    expect_found(world, registry, "Alpha:latest", "alpha");
    expect_none(world, registry, "beta", "Some-Model, alpha");
    expect_none(world, registry, ":latest", "not found");
    expect_none(world, registry, "alph", "not found");
    registry_close(registry);
}

static void any_model_means_the_default(void **state)
{
    struct world *world = *state;
    const char *names[] = { world->file };
    struct registry *registry = opened(names, 1, NULL, true);
    expect_found(world, registry, "gpt-4", "Some-Model");
    registry_close(registry);
}

static void an_empty_store_serves_nothing_and_says_so(void **state)
{
    struct world *world = *state;
    struct registry *registry = opened(NULL, 0, NULL, true);
    expect_none(world, registry, NULL, "bastide model pull");
    registry_close(registry);
}

static void a_reload_sees_what_came_and_went(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct served_model before = { 0 };
    pull(world, "alpha");
    const char *names[] = { "alpha" };
    struct registry *registry = opened(names, 1, NULL, false);
    assert_true(registry_find(registry, "alpha", &world->arena, &before, &error));
    assert_true(before.in_store && before.bytes == sizeof tiny && before.sha256[0]);
    pull(world, "beta");
    expect_none(world, registry, "beta", "not found");
    assert_done(models_remove("alpha", &error) && registry_reload(registry, &error), &error);
    expect_found(world, registry, "beta", "beta");
    expect_none(world, registry, "alpha", "beta");
    assert_string_equal(before.id, "alpha");
    registry_close(registry);
}

static void two_files_of_one_name_are_refused(void **state)
{
    struct world *world = *state;
    struct registry *registry = NULL;
    struct error error = { 0 };
    char folder[80], other[128];
    snprintf(folder, sizeof folder, "%s/b", world->folder);
    snprintf(other, sizeof other, "%s/some-model.gguf", folder);
    assert_done(folder_make(folder, &error) && file_write_atomic(other, span_of(tiny, sizeof tiny), &error), &error);
    const char *names[] = { world->file, other };
    assert_false(registry_open(names, 2, NULL, false, &registry, &error));
    assert_contains(error.text, "same name");
    const char *twice[] = { world->file, world->file };
    registry_close(opened(twice, 2, NULL, false));
}

static void a_name_that_leads_nowhere_is_refused_at_the_start(void **state)
{
    struct registry *registry = NULL;
    struct error error = { 0 };
    const char *names[] = { "nothing" };
    (void)state;
    assert_false(registry_open(names, 1, NULL, false, &registry, &error));
    assert_null(registry);
    assert_contains(error.text, "nothing");
}

static void an_id_is_valid_utf8_whatever_the_file_is_called(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    char odd[128];
    snprintf(odd, sizeof odd,
             "%s/a\xff"
             "b.gguf",
             world->folder);
    assert_done(file_write_atomic(odd, span_of(tiny, sizeof tiny), &error), &error);
    const char *names[] = { odd };
    struct registry *registry = opened(names, 1, NULL, false);
    expect_found(world, registry, NULL, "a?b");
    registry_close(registry);
}

#define IN_WORLD(function) cmocka_unit_test_setup_teardown(function, make_world, remove_world)

int main(void)
{
    RUN_TESTS(IN_WORLD(a_model_is_known_by_id_alias_and_stem_in_any_case), IN_WORLD(any_model_means_the_default),
              IN_WORLD(an_empty_store_serves_nothing_and_says_so), IN_WORLD(a_reload_sees_what_came_and_went),
              IN_WORLD(two_files_of_one_name_are_refused), IN_WORLD(a_name_that_leads_nowhere_is_refused_at_the_start),
              IN_WORLD(an_id_is_valid_utf8_whatever_the_file_is_called));
}
