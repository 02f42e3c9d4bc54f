/* Slots: seen, saved, restored and erased by their owner only; files that were changed are refused. */
#include "scheduler/rig.h"

struct slots {
    struct rig rig;
    char folder[64];
    struct talk *talk; /* that was answered in slot 1 */
    size_t left;       /* tokens that it left there */
};

static struct slots slots_open(const char *test)
{
    struct slots slots;
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 4;
    settings.slot_folder = folder_temporary(slots.folder);
    slots.rig = rig_open(test, &settings);
    slots.talk = talk_open(&slots.rig, 75, "ann");
    slots.talk->wishes.slot = 1;
    struct result *result = job_hear(job_begin(&slots.rig, &slots.talk->wishes), 1);
    check_result(slots.talk, result);
    slots.left = 75 + result->counts.tokens - 1;
    free(result);
    return slots;
}

static void slots_close(struct slots *slots)
{
    free(slots->talk);
    rig_close(&slots->rig);
    folder_remove(slots->folder);
}

static bool save(struct slots *slots, const char *owner, int slot, const char *name, struct error *error)
{
    size_t tokens = 0;
    uint64_t bytes = 0;
    const bool done = slot_save(slots->rig.scheduler, owner, slot, name, &tokens, &bytes, error);
    assert_true(!done || (tokens == slots->left && bytes > 0));
    return done;
}

static bool restore(struct slots *slots, const char *owner, int slot, const char *name, struct error *error)
{
    size_t tokens = 0;
    uint64_t bytes = 0;
    const bool done = slot_restore(slots->rig.scheduler, owner, slot, name, slots->rig.held, &tokens, &bytes, error);
    assert_true(!done || (tokens == slots->left && bytes > 0));
    return done;
}

/* Asks again; so many tokens of the prompt are known. */
static void ask_again(struct slots *slots, size_t cached)
{
    struct result *result = job_hear(job_begin(&slots->rig, &slots->talk->wishes), 1);
    check_result(slots->talk, result);
    assert_int_equal(result->counts.cached_tokens, cached);
    free(result);
}

static void a_slot_is_saved_erased_and_restored(void **state)
{
    (void)state;
    struct slots slots = slots_open(__func__);
    struct error error = { 0 };
    size_t tokens;
    assert_done(save(&slots, "ann", 1, "talk", &error), &error);
    assert_done(slot_erase(slots.rig.scheduler, "ann", 1, &tokens, &error), &error);
    assert_int_equal(tokens, slots.left);
    assert_int_equal(scheduler_counts(slots.rig.scheduler).cache_bytes, 0);
    assert_done(restore(&slots, "ann", 2, "talk", &error), &error);
    ask_again(&slots, 74);
    assert_done(slot_erase(slots.rig.scheduler, "ann", 1, &tokens, &error), &error);
    ask_again(&slots, 0);
    slots_close(&slots);
}

static void a_saved_slot_outlives_its_model(void **state)
{
    (void)state;
    struct slots slots = slots_open(__func__);
    struct error error = { 0 };
    assert_done(save(&slots, "ann", 1, "talk", &error), &error);
    held_release(slots.rig.held, 0);
    assert_false(save(&slots, "ann", 1, "again", &error)); /* the model took it along */
    assert_done(scheduler_hold(slots.rig.scheduler, slots.rig.path, NULL, &slots.rig.held, &error), &error);
    slots.talk->wishes.held = slots.rig.held;
    assert_done(restore(&slots, "ann", 1, "talk", &error), &error);
    ask_again(&slots, 74);
    slots_close(&slots);
}

static void another_owner_sees_and_takes_nothing(void **state)
{
    (void)state;
    struct slots slots = slots_open(__func__);
    struct arena arena = { 0 };
    struct slot *rows;
    struct error error = { 0 };
    size_t count, tokens;
    assert_done(save(&slots, "ann", 1, "talk", &error), &error);
    assert_false(save(&slots, "bob", 1, "talk", &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_false(restore(&slots, "bob", 2, "talk", &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_false(slot_erase(slots.rig.scheduler, "bob", 1, &tokens, &error));
    assert_done(scheduler_slots(slots.rig.scheduler, "bob", &arena, &rows, &count, &error), &error);
    assert_int_equal(count, 4);
    assert_false(rows[1].own);
    assert_int_equal(rows[1].prompt_tokens + rows[1].tokens + rows[1].context, 0);
    assert_done(scheduler_slots(slots.rig.scheduler, "ann", &arena, &rows, &count, &error), &error);
    assert_true(rows[1].own && !rows[1].busy);
    assert_int_equal(rows[1].prompt_tokens, 75);
    assert_int_equal(rows[1].tokens, slots.left - 75 + 1);
    assert_false(rows[0].own);
    arena_free(&arena);
    slots_close(&slots);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    const char *const names[] = { "", ".", "..", ".hidden", "a/b", "/tmp/x", "../x", "a\nb", "a\x7f" };
    struct slots slots = slots_open(__func__);
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct error error = { 0 };
        assert_false(save(&slots, "ann", 1, names[i], &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
        assert_false(restore(&slots, "ann", 1, names[i], &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
    }
    slots_close(&slots);
}

static void slots_that_are_empty_busy_or_not_there_are_refused(void **state)
{
    (void)state;
    struct slots slots = slots_open(__func__);
    struct error error = { 0 };
    size_t tokens;
    const int none[] = { 0, -1, 4 };
    for (size_t i = 0; i < LENGTH(none); i++) {
        assert_false(save(&slots, "ann", none[i], "talk", &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
    }
    assert_done(save(&slots, "ann", 1, "talk", &error), &error);
    slots.talk->wishes.answer.most_tokens = 0;
    slots.talk->wishes.answer.goes_on_past_end = true;
    struct job *job = job_begin(&slots.rig, &slots.talk->wishes);
    assert_false(restore(&slots, "ann", 1, "talk", &error));
    assert_contains(error.text, "busy");
    assert_false(slot_erase(slots.rig.scheduler, "ann", 1, &tokens, &error));
    job_close(job);
    slots_close(&slots);
}

/* Every change of one byte, every cut, a longer file, a file of another kind. */
static void a_file_that_was_changed_is_refused(void **state)
{
    (void)state;
    struct slots slots = slots_open(__func__);
    struct error error = { 0 };
    struct buffer file = { .limit = 1 << 24 };
    char path[128];
    assert_done(save(&slots, "ann", 1, "talk", &error), &error);
    snprintf(path, sizeof path, "%s/talk", slots.folder);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_done(file_read(path, &file, &error), &error);
    for (size_t i = 0; i < 200; i++) {
        const size_t place = i < 120 ? i : random_in(&slots.rig.random, 0, file.length - 1);
        const char before = file.bytes[place];
        file.bytes[place] = (char)(before ^ 1 << random_in(&slots.rig.random, 0, 7));
        assert_done(file_write_atomic(path, buffer_span(&file), &error), &error);
        if (restore(&slots, "ann", 2, "talk", &error))
            fail_msg("byte %zu was changed", place);
        file.bytes[place] = before;
    }
    for (size_t i = 0; i < 50; i++) {
        const size_t cut = i < 10 ? i : random_in(&slots.rig.random, 0, file.length - 1);
        assert_done(file_write_atomic(path, span_of(file.bytes, cut), &error), &error);
        assert_false(restore(&slots, "ann", 2, "talk", &error));
    }
    assert_done(buffer_add(&file, "x", 1, &error), &error);
    assert_done(file_write_atomic(path, buffer_span(&file), &error), &error);
    assert_false(restore(&slots, "ann", 2, "talk", &error));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(restore(&slots, "ann", 2, "talk", &error));
    buffer_free(&file);
    slots_close(&slots);
}

int main(void)
{
    RUN_TESTS(TEST(a_slot_is_saved_erased_and_restored), TEST(a_saved_slot_outlives_its_model),
              TEST(another_owner_sees_and_takes_nothing), TEST(names_that_lead_elsewhere_are_refused),
              TEST(slots_that_are_empty_busy_or_not_there_are_refused), TEST(a_file_that_was_changed_is_refused));
}
