/* The pool: each item of a job exactly once, whatever its shape; what helpers wrote is seen by the caller; closing
 * never hangs. Runs under ThreadSanitizer too. */
#include "check.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

static struct pool *pool_of(unsigned threads)
{
    struct pool *pool = NULL;
    struct error error = { 0 };
    assert_done(pool_open(threads, &pool, &error), &error);
    assert_int_equal(pool_threads(pool), threads);
    return pool;
}

/* What a job counts: no atomics, so that ThreadSanitizer sees it when two threads take one item. */
struct counts {
    unsigned *of_item;
    unsigned threads;
    atomic_bool strange; /* a thread's number was too high */
};

static void count(void *context, size_t item, unsigned thread)
{
    struct counts *counts = context;
    counts->of_item[item]++;
    if (thread >= counts->threads)
        counts->strange = true;
}

static void expect_each_once(struct pool *pool, size_t items, size_t run)
{
    struct counts counts = { calloc(items + 1, sizeof(unsigned)), pool_threads(pool), false };
    pool_run(pool, items, run, count, &counts);
    for (size_t i = 0; i < items; i++)
        if (counts.of_item[i] != 1)
            fail_msg("%u threads, %zu items by %zu: item %zu ran %u times", counts.threads, items, run, i,
                     counts.of_item[i]);
    assert_int_equal(counts.of_item[items], 0);
    assert_false(counts.strange);
    free(counts.of_item);
}

static void each_item_runs_exactly_once(void **state)
{
    (void)state;
    static const size_t items[] = { 0, 1, 2, 3, 7, 8, 63, 100, 1001 }, runs[] = { 0, 1, 2, 3, 8, 64, 2000, SIZE_MAX };
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct pool *pool = pool_of(threads);
        for (size_t i = 0; i < LENGTH(items); i++)
            for (size_t r = 0; r < LENGTH(runs); r++)
                expect_each_once(pool, items[i], runs[r]);
        pool_close(pool);
    }
}

struct sums {
    size_t values[8];
};

static void add_item(void *context, size_t item, unsigned thread)
{
    (void)thread;
    ((struct sums *)context)->values[item] += item + 1;
}

static void thousands_of_tiny_jobs_lose_nothing(void **state)
{
    (void)state;
    /* More threads than most machines have processors: helpers come late, when the next job has begun. */
    enum { JOBS = 20000 };
    for (unsigned threads = 2; threads <= 16; threads *= 2) {
        struct pool *pool = pool_of(threads);
        struct sums sums = { { 0 } };
        for (size_t job = 0; job < JOBS; job++)
            pool_run(pool, LENGTH(sums.values), 1, add_item, &sums);
        for (size_t i = 0; i < LENGTH(sums.values); i++)
            assert_int_equal(sums.values[i], JOBS * (i + 1));
        pool_close(pool);
    }
}

/* The state of a thread as /proc has it: 'R' running, 'S' asleep. */
static char thread_state(const char *number)
{
    char path[300], line[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", number);
    FILE *file = fopen(path, "r");
    if (!file)
        return 'S'; /* it has ended meanwhile */
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    const char *behind_name = strrchr(line, ')');
    return behind_name && strlen(behind_name) > 2 ? behind_name[2] : '?';
}

static bool others_sleep(void)
{
    DIR *threads = opendir("/proc/self/task");
    bool asleep = threads != NULL;
    for (struct dirent *entry; asleep && (entry = readdir(threads));)
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != (long)getpid())
            asleep = thread_state(entry->d_name) == 'S';
    if (threads)
        closedir(threads);
    return asleep;
}

static void wait_until_others_sleep(void)
{
    const time_t deadline = time(NULL) + 30;
    while (!others_sleep() && time(NULL) < deadline)
        sched_yield();
}

static void helpers_asleep_wake_for_a_job_and_for_the_end(void **state)
{
    (void)state;
    for (unsigned threads = 2; threads <= 5; threads++) {
        struct pool *pool = pool_of(threads);
        for (int i = 0; i < 5; i++) {
            wait_until_others_sleep();
            expect_each_once(pool, 50, 1);
        }
        wait_until_others_sleep();
        pool_close(pool);
    }
}

static void closing_at_once_never_hangs(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        struct pool *pool = pool_of(2 + (unsigned)i % 4);
        if (i % 3 == 0)
            expect_each_once(pool, 10, 1);
        pool_close(pool);
    }
    pool_close(NULL);
}

/* A helper may be late for the last job and see the end in its place. */
static void closing_right_after_a_job_never_hangs(void **state)
{
    (void)state;
    const int rounds = CHECK_IS_WATCHED ? 100 : 1000;
    for (int i = 0; i < rounds; i++) {
        struct pool *pool = pool_of(4);
        wait_until_others_sleep();
        expect_each_once(pool, 8, 1);
        pool_close(pool);
    }
}

/* Every thread meets at a barrier: the job ends only if all helpers take part. */
struct meeting {
    atomic_uint present;
    unsigned wanted;
};

static void meet(void *context, size_t item, unsigned thread)
{
    (void)item, (void)thread;
    struct meeting *meeting = context;
    atomic_fetch_add(&meeting->present, 1);
    while (atomic_load(&meeting->present) < meeting->wanted)
        sched_yield();
}

static void all_threads_take_part(void **state)
{
    (void)state;
    for (unsigned threads = 2; threads <= 8; threads++) {
        struct pool *pool = pool_of(threads);
        for (int i = 0; i < 20; i++) {
            struct meeting meeting = { 0, threads };
            pool_run(pool, threads, 1, meet, &meeting);
            assert_int_equal(meeting.present, threads);
        }
        pool_close(pool);
    }
}

static void as_many_threads_as_cores_unless_told_otherwise(void **state)
{
    (void)state;
    assert_in_range(pool_cores(), 1, 256);
    struct pool *pool = NULL;
    struct error error = { 0 };
    assert_done(pool_open(0, &pool, &error), &error);
    assert_int_equal(pool_threads(pool), pool_cores());
    pool_close(pool);
    pool = NULL;
    assert_false(pool_open(257, &pool, &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_null(pool);
}

/* What each thread lets through, asked while all of them are in one job. */
struct masks {
    struct meeting meeting;
    sigset_t blocked[8];
};

static void look_at_mask(void *context, size_t item, unsigned thread)
{
    struct masks *masks = context;
    pthread_sigmask(SIG_SETMASK, NULL, &masks->blocked[thread]);
    meet(&masks->meeting, item, thread);
}

static void signals_are_left_to_the_caller(void **state)
{
    (void)state;
    struct masks masks = { .meeting.wanted = LENGTH(masks.blocked) };
    struct pool *pool = pool_of(LENGTH(masks.blocked));
    pool_run(pool, LENGTH(masks.blocked), 1, look_at_mask, &masks);
    assert_false(sigismember(&masks.blocked[0], SIGINT));
    for (size_t thread = 1; thread < LENGTH(masks.blocked); thread++) {
        assert_true(sigismember(&masks.blocked[thread], SIGINT));
        assert_true(sigismember(&masks.blocked[thread], SIGTERM));
    }
    pool_close(pool);
}

int main(void)
{
    RUN_TESTS(TEST(each_item_runs_exactly_once), TEST(thousands_of_tiny_jobs_lose_nothing),
              TEST(helpers_asleep_wake_for_a_job_and_for_the_end), TEST(closing_at_once_never_hangs),
              TEST(closing_right_after_a_job_never_hangs), TEST(all_threads_take_part),
              TEST(as_many_threads_as_cores_unless_told_otherwise), TEST(signals_are_left_to_the_caller));
}
