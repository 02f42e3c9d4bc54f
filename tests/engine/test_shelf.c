/* Constraints that are kept: compiled once for an owner, never found by another, bounded, gone with their shelf. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/grammar/constraint.h"

struct world {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct shelf *shelf;
    atomic_size_t builds;
    bool fails;
};

static int open_world(void **state)
{
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct world *world = calloc(1, sizeof *world);
    assert_done(gguf_open(golden_path(&arena, "tokens/smollm2-vocabulary.gguf"), &world->gguf, &error), &error);
    assert_done(tokenizer_open(world->gguf, &world->tokenizer, &error), &error);
    assert_done(shelf_open(&world->shelf, &error), &error);
    arena_free(&arena);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    shelf_close(world->shelf);
    tokenizer_close(world->tokenizer);
    gguf_close(world->gguf);
    free(world);
    return 0;
}

static bool build(void *context, struct grammar *grammar, struct rule *start, struct error *error)
{
    struct world *world = context;
    atomic_fetch_add(&world->builds, 1);
    if (world->fails)
        return error_set_kind(error, ERROR_WRONG_USE, "a keyword that isn't supported");
    return grammar_schema(grammar, "{\"enum\": [\"mayor\", \"baker\"]}", start, error);
}

static struct shelf_wish wish_of(struct world *world, const char *owner, const char *description)
{
    return (struct shelf_wish){
        .tokenizer = world->tokenizer,
        .owner = owner,
        .description = span_text(description),
        .build = build,
        .context = world,
    };
}

static struct shelved *take(struct world *world, const char *owner, const char *description)
{
    const struct shelf_wish wish = wish_of(world, owner, description);
    struct shelved *taken = NULL;
    struct error error = { 0 };
    assert_done(shelf_take(world->shelf, &wish, &taken, &error), &error);
    return taken;
}

static void use(struct world *world, const char *owner, const char *description)
{
    shelf_return(take(world, owner, description));
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static void the_same_wish_twice_compiles_once(void **state)
{
    struct world *world = *state;
    struct shelved *first = take(world, "ann", "roles"), *second = take(world, "ann", "roles");
    assert_ptr_equal(shelved_constraint(first), shelved_constraint(second));
    const struct constraint *constraint = shelved_constraint(first);
    shelf_return(first);
    shelf_return(second);
    struct shelved *third = take(world, "ann", "roles");
    assert_ptr_equal(shelved_constraint(third), constraint);
    shelf_return(third);
    use(world, "ann", "rolls");
    use(world, "ann", "role");
    assert_int_equal(world->builds, 3);
    assert_int_equal(shelf_counts(world->shelf).compiled, 3);
    assert_int_equal(shelf_counts(world->shelf).found, 2);
}

static void what_another_owner_compiled_is_not_found(void **state)
{
    struct world *world = *state;
    struct shelved *ann = take(world, "ann", "roles"), *bob = take(world, "bob", "roles");
    struct shelved *nobody = take(world, "", "roles"), *confusing = take(world, "", "rolesann");
    assert_ptr_not_equal(shelved_constraint(ann), shelved_constraint(bob));
    shelf_return(ann);
    shelf_return(bob);
    shelf_return(nobody);
    shelf_return(confusing);
    assert_int_equal(world->builds, 4);
    assert_int_equal(shelf_counts(world->shelf).found, 0);
}

static void a_wish_that_fails_leaves_nothing_and_may_come_again(void **state)
{
    struct world *world = *state;
    const struct shelf_wish wish = wish_of(world, "ann", "roles");
    struct shelved *taken = NULL;
    struct error error = { 0 };
    world->fails = true;
    assert_false(shelf_take(world->shelf, &wish, &taken, &error));
    assert_null(taken);
    assert_contains(error.text, "keyword");
    assert_int_equal(shelf_counts(world->shelf).kept, 0);
    world->fails = false;
    use(world, "ann", "roles");
    assert_int_equal(world->builds, 2);
}

static void without_a_shelf_a_constraint_serves_once(void **state)
{
    struct world *world = *state;
    const struct shelf_wish wish = wish_of(world, "", "roles");
    struct shelved *taken = NULL;
    struct error error = { 0 };
    for (size_t i = 0; i < 2; i++) {
        assert_done(shelf_take(NULL, &wish, &taken, &error), &error);
        assert_non_null(shelved_constraint(taken));
        shelf_return(taken);
    }
    assert_int_equal(world->builds, 2);
    shelf_return(NULL);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static void the_least_recently_used_goes_first(void **state)
{
    struct world *world = *state;
    char name[16];
    use(world, "ann", "old");
    use(world, "ann", "dear");
    for (size_t i = 0; i < SHELF_OWNER_MOST - 1; i++) {
        snprintf(name, sizeof name, "%zu", i);
        use(world, "ann", name);
        use(world, "ann", "dear");
    }
    const size_t builds = world->builds;
    assert_int_equal(shelf_counts(world->shelf).kept, SHELF_OWNER_MOST);
    use(world, "ann", "dear");
    assert_int_equal(world->builds, builds);
    use(world, "ann", "old");
    assert_int_equal(world->builds, builds + 1);
}

static void an_owner_pushes_out_only_its_own(void **state)
{
    struct world *world = *state;
    char name[16];
    use(world, "bob", "roles");
    for (size_t i = 0; i < 3 * SHELF_MOST; i++) {
        snprintf(name, sizeof name, "%zu", i);
        use(world, "ann", name);
    }
    const size_t builds = world->builds;
    use(world, "bob", "roles");
    assert_int_equal(world->builds, builds);
    assert_int_equal(shelf_counts(world->shelf).kept, SHELF_OWNER_MOST + 1);
}

static void all_together_are_bounded(void **state)
{
    struct world *world = *state;
    char owner[16];
    for (size_t i = 0; i < 2 * SHELF_MOST; i++) {
        snprintf(owner, sizeof owner, "%zu", i);
        use(world, owner, "roles");
        assert_true(shelf_counts(world->shelf).kept <= SHELF_MOST);
    }
    assert_int_equal(shelf_counts(world->shelf).kept, SHELF_MOST);
}

/* The description alone takes a third of what an owner may keep. */
static void bytes_are_bounded(void **state)
{
    struct world *world = *state;
    const size_t bytes = SHELF_OWNER_BYTES_MOST / 3;
    char *description = calloc(1, bytes + 1);
    assert_non_null(description);
    memset(description, 'a', bytes);
    for (char first = 'a'; first < 'e'; first++) {
        description[0] = first;
        use(world, "ann", description);
        assert_true(shelf_counts(world->shelf).bytes <= SHELF_OWNER_BYTES_MOST);
    }
    assert_int_equal(shelf_counts(world->shelf).kept, 2);
    free(description);
}

static void what_is_in_use_stays(void **state)
{
    struct world *world = *state;
    struct shelved *taken[2 * SHELF_OWNER_MOST];
    char name[16];
    for (size_t i = 0; i < LENGTH(taken); i++) {
        snprintf(name, sizeof name, "%zu", i);
        taken[i] = take(world, "ann", name);
    }
    assert_int_equal(shelf_counts(world->shelf).kept, LENGTH(taken));
    for (size_t i = 0; i < LENGTH(taken); i++) {
        struct place place = { 0 };
        bool allowed;
        place_begin(&place, shelved_constraint(taken[i]));
        assert_true(place_allows(&place, span_text("\"mayor"), &allowed, NULL));
        assert_true(allowed);
        place_end(&place);
        shelf_return(taken[i]);
    }
    assert_int_equal(shelf_counts(world->shelf).kept, SHELF_OWNER_MOST);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, TAKES = 40 };

static void *take_one(void *context)
{
    return take(context, "ann", "roles");
}

static void all_who_want_the_same_at_once_get_one(void **state)
{
    struct world *world = *state;
    pthread_t threads[THREADS];
    struct shelved *taken[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_one, world), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], (void **)&taken[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        shelf_return(taken[i]);
    assert_int_equal(world->builds, 1);
    assert_int_equal(shelf_counts(world->shelf).found, THREADS - 1);
}

static void *take_many(void *context)
{
    struct world *world = context;
    struct random random = random_start("take_many");
    char owner[16], name[16];
    for (size_t i = 0; i < TAKES; i++) {
        snprintf(owner, sizeof owner, "%zu", random_in(&random, 0, 3));
        snprintf(name, sizeof name, "%zu", random_in(&random, 0, SHELF_OWNER_MOST + 1));
        use(world, owner, name);
    }
    return NULL;
}

static void threads_may_take_and_give_back_at_once(void **state)
{
    struct world *world = *state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, world), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    const struct shelf_counts counts = shelf_counts(world->shelf);
    assert_int_equal(counts.compiled + counts.found, THREADS * TAKES);
    assert_int_equal(counts.compiled, world->builds);
    assert_true(counts.kept <= 4 * SHELF_OWNER_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_wish_twice_compiles_once, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_another_owner_compiled_is_not_found, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_wish_that_fails_leaves_nothing_and_may_come_again, open_world, close_world),
        cmocka_unit_test_setup_teardown(without_a_shelf_a_constraint_serves_once, open_world, close_world),
        cmocka_unit_test_setup_teardown(the_least_recently_used_goes_first, open_world, close_world),
        cmocka_unit_test_setup_teardown(an_owner_pushes_out_only_its_own, open_world, close_world),
        cmocka_unit_test_setup_teardown(all_together_are_bounded, open_world, close_world),
        cmocka_unit_test_setup_teardown(bytes_are_bounded, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_is_in_use_stays, open_world, close_world),
        cmocka_unit_test_setup_teardown(all_who_want_the_same_at_once_get_one, open_world, close_world),
        cmocka_unit_test_setup_teardown(threads_may_take_and_give_back_at_once, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
