/* The cache folder: what memory has no room for comes back from there, after a restart too, and only as it was. */
#include <dirent.h>

#include "scheduler/rig.h"

struct spills {
    struct rig rig;
    char folder[64];
    struct scheduler_settings settings;
};

/* A cache in memory of a few pages. */
static struct spills spills_open(const char *test)
{
    struct spills spills = { .settings = rig_settings() };
    spills.settings.cache_folder = folder_temporary(spills.folder);
    spills.settings.cache_bytes = 100000;
    spills.rig = rig_open(test, &spills.settings);
    return spills;
}

static void spills_close(struct spills *spills)
{
    rig_close(&spills->rig);
    folder_remove(spills->folder);
}

/* The answer is right; returns how many tokens of its prompt were not computed. */
static size_t ask(struct rig *rig, const struct talk *talk)
{
    struct result *result = job_hear(job_begin(rig, &talk->wishes), 1);
    check_result(talk, result);
    const size_t cached = result->counts.cached_tokens;
    free(result);
    return cached;
}

/* Other prompts, until the memory holds nothing of those before. */
static void ask_others(struct rig *rig)
{
    for (size_t i = 0; i < 4; i++) {
        struct talk *other = talk_open(rig, 150, "other");
        ask(rig, other);
        free(other);
    }
}

/* Closes all and opens it again with the same folders. */
static void restart(struct spills *spills, struct talk *talk)
{
    struct error error = { 0 };
    held_release(spills->rig.held, NAN);
    scheduler_close(spills->rig.scheduler);
    spills->settings.cache_folder = spills->folder; /* it has moved since */
    assert_done(scheduler_open(&spills->settings, &spills->rig.scheduler, &error), &error);
    assert_done(scheduler_hold(spills->rig.scheduler, spills->rig.path, NULL, &spills->rig.held, &error), &error);
    spills->rig.parts = held_parts(spills->rig.held);
    talk->wishes.held = spills->rig.held;
}

static void what_was_dropped_comes_back_as_it_was(void **state)
{
    (void)state;
    struct spills spills = spills_open(__func__);
    struct talk *talk = talk_open(&spills.rig, 150, "ann");
    assert_int_equal(ask(&spills.rig, talk), 0);
    ask_others(&spills.rig);
    assert_true(scheduler_counts(spills.rig.scheduler).cache_bytes <= spills.settings.cache_bytes);
    assert_int_equal(ask(&spills.rig, talk), 128); /* whole pages */
    free(talk);
    spills_close(&spills);
}

static void a_restart_finds_it_again(void **state)
{
    (void)state;
    struct spills spills = spills_open(__func__);
    struct talk *talk = talk_open(&spills.rig, 150, "ann");
    assert_int_equal(ask(&spills.rig, talk), 0);
    restart(&spills, talk);
    assert_int_equal(ask(&spills.rig, talk), 128);
    free(talk);
    spills_close(&spills);
}

static void another_owner_finds_nothing(void **state)
{
    (void)state;
    struct spills spills = spills_open(__func__);
    struct talk *talk = talk_open(&spills.rig, 150, "ann");
    assert_int_equal(ask(&spills.rig, talk), 0);
    restart(&spills, talk);
    talk->wishes.owner = "bob";
    assert_int_equal(ask(&spills.rig, talk), 0);
    free(talk);
    spills_close(&spills);
}

static void another_model_finds_nothing(void **state)
{
    (void)state;
    struct spills spills = spills_open(__func__);
    struct talk *talk = talk_open(&spills.rig, 150, "ann");
    assert_int_equal(ask(&spills.rig, talk), 0);
    tiny_write(spills.rig.path, "llama", TINY_CONTEXT / 2); /* another file, if only in its head */
    restart(&spills, talk);
    assert_int_equal(ask(&spills.rig, talk), 0);
    free(talk);
    spills_close(&spills);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Calls each with the path of every file in the folder; returns how many there are. */
static size_t each_file(const struct spills *spills, void (*each)(struct random *random, const char *path),
                        struct random *random)
{
    DIR *folder = opendir(spills->folder);
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", spills->folder, entry->d_name);
        each(random, path);
        count++;
    }
    closedir(folder);
    return count;
}

static void check_mode(struct random *random, const char *path)
{
    struct stat status;
    (void)random;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void change_byte(struct random *random, const char *path)
{
    struct buffer file = { .limit = 1 << 24 };
    struct error error = { 0 };
    assert_done(file_read(path, &file, &error), &error);
    file.bytes[random_in(random, 0, file.length - 1)] ^= (char)(1 << random_in(random, 0, 7));
    assert_done(file_write_atomic(path, buffer_span(&file), &error), &error);
    buffer_free(&file);
}

static void cut(struct random *random, const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, (off_t)random_in(random, 0, (size_t)status.st_size - 1)), 0);
}

static void replace_by_pipe(struct random *random, const char *path)
{
    (void)random;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void replace_by_folder(struct random *random, const char *path)
{
    (void)random;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_it(struct random *random, const char *path)
{
    (void)random;
    assert_int_equal(unlink(path), 0);
}

static void files_that_were_changed_are_not_used(void **state)
{
    (void)state;
    void (*const harms[])(struct random *, const char *) = { change_byte, cut, replace_by_pipe, replace_by_folder,
                                                             remove_it };
    for (size_t i = 0; i < LENGTH(harms); i++) {
        struct spills spills = spills_open(__func__);
        struct talk *talk = talk_open(&spills.rig, 150, "ann");
        ask(&spills.rig, talk);
        ask_others(&spills.rig);
        assert_true(each_file(&spills, check_mode, &spills.rig.random) > 4);
        each_file(&spills, harms[i], &spills.rig.random);
        assert_int_equal(ask(&spills.rig, talk), 0);
        restart(&spills, talk);
        ask(&spills.rig, talk);
        free(talk);
        spills_close(&spills);
    }
}

static void the_folder_keeps_its_bound_and_what_is_not_ours(void **state)
{
    (void)state;
    struct spills spills = spills_open(__func__);
    struct error error = { 0 };
    char foreign[128];
    struct stat status;
    snprintf(foreign, sizeof foreign, "%s/letter.txt", spills.folder);
    assert_done(file_write_atomic(foreign, span_text("dear"), &error), &error);
    for (size_t i = 0; i < 10; i++)
        ask_others(&spills.rig);
    assert_in_range(tree_bytes(spills.folder), spills.settings.cache_bytes, 8 * spills.settings.cache_bytes + 4);
    assert_int_equal(stat(foreign, &status), 0);
    spills_close(&spills);
}

int main(void)
{
    RUN_TESTS(TEST(what_was_dropped_comes_back_as_it_was), TEST(a_restart_finds_it_again),
              TEST(another_owner_finds_nothing), TEST(another_model_finds_nothing),
              TEST(files_that_were_changed_are_not_used), TEST(the_folder_keeps_its_bound_and_what_is_not_ours));
}
