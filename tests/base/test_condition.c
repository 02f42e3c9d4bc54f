/* A condition with a deadline: it ends when the moment has passed, or before, when somebody wakes it. */
#include "check.h"

#include <math.h>

struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool is_rung;
};

static void open_bell(struct bell *bell)
{
    *bell = (struct bell){ .is_rung = false };
    pthread_mutex_init(&bell->lock, NULL);
    condition_open(&bell->rung);
}

static void close_bell(struct bell *bell)
{
    pthread_cond_destroy(&bell->rung);
    pthread_mutex_destroy(&bell->lock);
}

static void *ring(void *context)
{
    struct bell *bell = context;
    pthread_mutex_lock(&bell->lock);
    bell->is_rung = true;
    pthread_cond_signal(&bell->rung);
    pthread_mutex_unlock(&bell->lock);
    return NULL;
}

static void a_moment_that_passes_ends_the_wait(void **state)
{
    (void)state;
    struct bell bell;
    open_bell(&bell);
    pthread_mutex_lock(&bell.lock);
    const double from = seconds_now();
    while (condition_wait(&bell.rung, &bell.lock, from + 0.02))
        ; /* woken for no reason */
    assert_true(seconds_now() >= from + 0.02);
    assert_false(condition_wait(&bell.rung, &bell.lock, from - 1)); /* has passed already */
    pthread_mutex_unlock(&bell.lock);
    close_bell(&bell);
}

static void who_is_woken_waits_no_longer(void **state)
{
    (void)state;
    const double moments[] = { seconds_now() + 3600, INFINITY };
    for (size_t i = 0; i < LENGTH(moments); i++) {
        struct bell bell;
        pthread_t thread;
        open_bell(&bell);
        pthread_mutex_lock(&bell.lock);
        assert_int_equal(pthread_create(&thread, NULL, ring, &bell), 0);
        while (!bell.is_rung)
            assert_true(condition_wait(&bell.rung, &bell.lock, moments[i]));
        pthread_mutex_unlock(&bell.lock);
        pthread_join(thread, NULL);
        close_bell(&bell);
    }
}

int main(void)
{
    RUN_TESTS(TEST(a_moment_that_passes_ends_the_wait), TEST(who_is_woken_waits_no_longer));
}
