/* check.h: what the C tests share: cmocka with the headers it wants, and a few helpers. Header only, so that a test is
 * one file and one row in tests/meson.build. */
#ifndef BASTIDE_CHECK_H
#define BASTIDE_CHECK_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

/* A row of a list of tests, for cmocka_run_group_tests. */
#define TEST(function) cmocka_unit_test(function)

/* Runs the functions named and returns from main with the number that failed. */
#define RUN_TESTS(...) \
    do { \
        const struct CMUnitTest check_tests[] = { __VA_ARGS__ }; \
        return cmocka_run_group_tests_name(__FILE__, check_tests, NULL, NULL); \
    } while (0)

#define assert_contains(text, part) check_contains(text, part, __FILE__, __LINE__)

static inline void check_contains(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" does not contain \"%s\"\n", text ? text : "(null)", part);
    _fail(file, line);
}

/* A call that fills error failed as it should not have: shows why. */
#define assert_done(call, error) check_done(call, error, __FILE__, __LINE__)

static inline void check_done(bool done, const struct error *error, const char *file, int line)
{
    if (done)
        return;
    print_error("%s\n", error->text);
    _fail(file, line);
}

/* Ends the test as skipped; the harness shows the reason. */
#define SKIP_TEST(reason) \
    do { \
        fprintf(stderr, "SKIP %s: %s\n", __func__, reason); \
        skip(); \
    } while (0)

/* Whether a sanitizer is watching, which makes arithmetic ten times slower: tests of many cases then take fewer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CHECK_IS_WATCHED = 1 };
#else
enum { CHECK_IS_WATCHED = 0 };
#endif

/* ---- random data: other data in each run, the same again with the seed that was printed ------------------------- */

struct random {
    uint64_t seed, state;
};

/* BASTIDE_SEED in the environment repeats a run. */
static inline struct random random_start(const char *test)
{
    const char *wanted = getenv("BASTIDE_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t fresh = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)getpid() << 48;
    const uint64_t seed = wanted ? strtoull(wanted, NULL, 10) : fresh;
    fprintf(stderr, "%s: BASTIDE_SEED=%llu\n", test, (unsigned long long)seed);
    return (struct random){ seed, seed };
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* From low to high, both included. */
static inline size_t random_in(struct random *random, size_t low, size_t high)
{
    return low + (size_t)(random_next(random) % (high - low + 1));
}

/* Uniform in [-1, 1). */
static inline float random_float(struct random *random)
{
    return (float)(random_next(random) >> 40) / (float)(1 << 23) - 1.0f;
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

/* A new empty folder, gone after folder_remove; path holds at least 64. */
static inline const char *folder_temporary(char path[64])
{
    snprintf(path, 64, "/tmp/bastide-test-XXXXXX");
    return mkdtemp(path);
}

static inline int check_remove(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static inline void folder_remove(const char *path)
{
    nftw(path, check_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a file of tests/goldens. */
static inline char *golden_path(struct arena *arena, const char *name)
{
    const char *folder = getenv("BASTIDE_GOLDENS");
    return arena_format(arena, "%s/%s", folder ? folder : "tests/goldens", name);
}

#endif
