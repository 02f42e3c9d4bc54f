/* process.c: other programs, run without a shell, so that no name or path can become a command.
 * A child dies with its parent (PR_SET_PDEATHSIG), so that a killed download leaves nothing running. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* "NAME=value" and "NAME=other" set the same variable. */
static bool same_variable(const char *a, const char *b)
{
    const size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

static bool is_replaced(const char *variable, const char *const *settings)
{
    for (; settings && *settings; settings++)
        if (same_variable(*settings, variable))
            return true;
    return false;
}

/* Our environment, with settings in the place of variables of the same names. */
static char **environment_with(const char *const *settings, struct arena *arena)
{
    size_t count = 1, used = 0;
    for (char **variable = environ; *variable; variable++)
        count++;
    for (const char *const *setting = settings; setting && *setting; setting++)
        count++;
    char **all = arena_take(arena, count, sizeof *all);
    if (!all)
        return NULL;
    for (char **variable = environ; *variable; variable++)
        if (!is_replaced(*variable, settings))
            all[used++] = *variable;
    for (const char *const *setting = settings; setting && *setting; setting++)
        all[used++] = (char *)(uintptr_t)*setting; /* exec takes char * and does not write */
    return all;
}

/* In the child: only calls that are safe after fork. */
static _Noreturn void become(const char *const *words, char **environment, int input, int output, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    const bool orphan = getppid() != parent; /* it died before prctl */
    if (!orphan && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2)
        execvpe(words[0], (char *const *)(uintptr_t)words, environment);
    _exit(127);
}

static bool start(const char *const *words, char **environment, int input, int output, struct process *out,
                  struct error *error)
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0)
        become(words, environment, input, output, parent);
    if (child < 0)
        return error_system(error, words[0], "start it");
    out->id = child;
    return true;
}

bool process_start(const char *const *words, const char *const *settings, const char *log, struct process *out,
                   struct error *error)
{
    struct arena arena = { 0 };
    char **environment = environment_with(settings, &arena);
    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool started = environment || error_memory(error, sizeof *environment);
    started = started && ((input >= 0 && output >= 0) || error_system(error, log, "write it"));
    started = started && start(words, environment, input, output, out, error);
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    arena_free(&arena);
    return started;
}

static int status_from(int raw)
{
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

bool process_ended(struct process *process, int *status)
{
    int raw = 0;
    const pid_t ended = process->id > 0 ? waitpid(process->id, &raw, WNOHANG) : -1;
    if (ended == 0 || (ended < 0 && errno == EINTR && process->id > 0))
        return false;
    *status = ended > 0 ? status_from(raw) : 127;
    process->id = 0;
    return true;
}

void process_stop(struct process *process)
{
    if (process->id <= 0)
        return;
    kill(process->id, SIGKILL);
    while (waitpid(process->id, NULL, 0) < 0 && errno == EINTR)
        ;
    process->id = 0;
}
