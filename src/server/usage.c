/* usage.c: tokens that a request cost. */
#include "server/usage.h"

#include <stdatomic.h>
#include <stdlib.h>

struct usage {
    atomic_size_t holders, prompt, answer;
};

struct usage *usage_open(void)
{
    struct usage *usage = calloc(1, sizeof *usage);
    if (usage)
        atomic_init(&usage->holders, 1);
    return usage;
}

struct usage *usage_hold(struct usage *usage)
{
    if (usage)
        atomic_fetch_add(&usage->holders, 1);
    return usage;
}

void usage_release(struct usage *usage)
{
    if (usage && atomic_fetch_sub(&usage->holders, 1) == 1)
        free(usage);
}

void usage_add(struct usage *usage, size_t prompt, size_t answer)
{
    if (!usage)
        return;
    atomic_fetch_add(&usage->prompt, prompt);
    atomic_fetch_add(&usage->answer, answer);
}

void usage_read(struct usage *usage, size_t *prompt, size_t *answer)
{
    *prompt = usage ? atomic_load(&usage->prompt) : 0;
    *answer = usage ? atomic_load(&usage->answer) : 0;
}
