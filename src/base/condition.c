/* condition.c: conditions with a deadline, by the clock that no change of the calendar moves. */
#include "base/base.h"

#include <time.h>

void condition_open(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double until)
{
    const double longest = 1e9, last = seconds_now() + longest;
    const double moment = until < last ? until : last;
    const time_t whole = (time_t)moment;
    const struct timespec deadline = { whole, (long)((moment - (double)whole) * 1e9) };
    return pthread_cond_timedwait(condition, lock, &deadline) == 0;
}
