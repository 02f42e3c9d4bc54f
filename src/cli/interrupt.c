/* interrupt.c: Ctrl-C as a question that work asks between steps. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came; /* a signal handler can reach nothing else */

void interrupt_note(void)
{
    came = 1;
}

static void take_signal(int signal_number)
{
    (void)signal_number;
    interrupt_note();
}

void interrupt_watch(void)
{
    struct sigaction before, action = { .sa_handler = take_signal }; /* no SA_RESTART: a read that waits returns */
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

bool interrupt_came(void)
{
    return came != 0;
}

void interrupt_clear(void)
{
    came = 0;
}
