/* Other programs: run by their words alone, watched without waiting, and never left behind. */
#include "check.h"

#include <errno.h>
#include <signal.h>

static struct timespec pause_time = { .tv_nsec = 5 * 1000 * 1000 };

static int wait_for_end(struct process *process)
{
    int status = -1;
    for (int i = 0; i < 4000; i++) {
        if (process_ended(process, &status))
            return status;
        nanosleep(&pause_time, NULL);
    }
    process_stop(process);
    fail_msg("it did not end");
    return -1;
}

/* Runs words and returns its status; what it wrote is added to out. */
static int run(const char *const *words, const char *const *settings, struct buffer *out)
{
    char folder[64], log[128];
    struct process process = { 0 };
    struct error error = { 0 };
    assert_non_null(folder_temporary(folder));
    snprintf(log, sizeof log, "%s/log", folder);
    assert_done(process_start(words, settings, log, &process, &error), &error);
    const int status = wait_for_end(&process);
    assert_done(file_read(log, out, &error), &error);
    folder_remove(folder);
    return status;
}

static void words_reach_the_program_as_they_are(void **state)
{
    (void)state;
    struct buffer out = { .limit = 4096 };
    const char *const words[] = { "printf", "%s|", "$(id)", "a b", "; exit 1", "", NULL };
    assert_int_equal(run(words, NULL, &out), 0);
    assert_string_equal(out.bytes, "$(id)|a b|; exit 1||");
    buffer_free(&out);
}

static void settings_replace_variables_and_others_stay(void **state)
{
    (void)state;
    struct buffer out = { .limit = 4096 };
    setenv("CHECK_OLD", "old", 1);
    setenv("CHECK_KEPT", "kept", 1);
    const char *const words[] = { "sh", "-c", "echo $CHECK_OLD $CHECK_KEPT; read line || echo nothing; echo e >&2",
                                  NULL };
    const char *const settings[] = { "CHECK_OLD=new", NULL };
    assert_int_equal(run(words, settings, &out), 0);
    assert_string_equal(out.bytes, "new kept\nnothing\ne\n");
    buffer_free(&out);
}

static void the_status_tells_how_it_ended(void **state)
{
    (void)state;
    struct buffer out = { .limit = 4096 };
    assert_int_equal(run((const char *const[]){ "sh", "-c", "exit 7", NULL }, NULL, &out), 7);
    assert_int_equal(run((const char *const[]){ "sh", "-c", "kill -9 $$", NULL }, NULL, &out), 128 + 9);
    assert_int_equal(run((const char *const[]){ "no-such-program-at-all", NULL }, NULL, &out), 127);
    buffer_free(&out);
}

static void a_program_that_is_stopped_is_gone(void **state)
{
    (void)state;
    struct process process = { 0 };
    struct error error = { 0 };
    int status;
    assert_done(process_start((const char *const[]){ "sleep", "600", NULL }, NULL, "/dev/null", &process, &error),
                &error);
    const int id = process.id;
    assert_false(process_ended(&process, &status));
    process_stop(&process);
    assert_int_equal(kill(id, 0), -1);
    assert_int_equal(errno, ESRCH);
    process_stop(&process);
}

int main(void)
{
    RUN_TESTS(TEST(words_reach_the_program_as_they_are), TEST(settings_replace_variables_and_others_stay),
              TEST(the_status_tells_how_it_ended), TEST(a_program_that_is_stopped_is_gone));
}
