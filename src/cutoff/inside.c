/* inside.c: the processes of a world.
 *
 *     gate     makes the user namespace and the outer network, opens ports there when it is told to
 *     keeper   is the first process of its own process namespace, makes the inner network, starts the command, waits;
 *              when it ends, the kernel ends all that the command left running
 *     command
 *
 * Each dies with its parent. All of it happens between fork and exec of a process without threads. */
#include "cutoff/inside.h"
#include "cutoff/confine.h"
#include "cutoff/door.h"
#include "cutoff/links.h"
#include "cutoff/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Addresses for measuring devices (RFC 2544, RFC 5180), which nobody's network should use. */
static const char inner_four[] = "198.18.0.1", inner_six[] = "2001:2::1";

static _Noreturn void give_up(int door, const struct error *error)
{
    struct door_message message = { .kind = DOOR_FAILED };
    memcpy(message.text, error->text, size_min(strlen(error->text), sizeof message.text - 1));
    door_send(door, &message, -1);
    _exit(3);
}

/* The signals that a terminal sends to all are the command's to heed. */
static void ignore_signals(void)
{
    static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGPIPE };
    for (size_t i = 0; i < LENGTH(signals); i++)
        signal(signals[i], SIG_IGN);
}

static void heed_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Only the three standard streams go in: any other descriptor could be a way out. */
static _Noreturn void become_command(const struct world_plan *plan, int door, int out, int err)
{
    char place[4096];
    struct error error = { 0 };
    const bool placed = getcwd(place, sizeof place) && chdir(place) == 0; /* below a layer, if there is one now */
    (void)placed;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!confine(&error))
        give_up(door, &error);
    heed_signals();
    if (dup2(plan->input, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || close_range(3, ~0u, 0) < 0)
        _exit(126);
    execvp(plan->words[0], (char *const *)(uintptr_t)plan->words);
    const bool missing = errno == ENOENT;
    const char *why = strerror(errno);
    const bool said = write(2, plan->words[0], strlen(plan->words[0])) > 0 && write(2, ": ", 2) > 0 &&
                      write(2, why, strlen(why)) > 0 && write(2, "\n", 1) > 0;
    (void)said;
    _exit(missing ? 127 : 126); /* as shells do */
}

/* ---- the keeper -------------------------------------------------------------------------------------------------- */

static bool set_address(const char *device, const char *text, struct error *error)
{
    struct endpoint address;
    return endpoint_read(text, &address) && link_address(device, &address, error) &&
           link_takes_all(device, address.six, error);
}

static bool make_inner(const struct world_plan *plan, int *device, struct error *error)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        return error_set(error, "a network of its own: %s", strerror(errno));
    return link_up("lo", error) && link_make("world", device, error) && set_address("world", inner_four, error) &&
           (!plan->six || set_address("world", inner_six, error)) && mounts_arrange(plan, error);
}

/* Reaps whatever ends, until it is the command. */
static int wait_for(pid_t command)
{
    int status = 0;
    for (;;) {
        const pid_t ended = waitpid(-1, &status, 0);
        if (ended == command)
            return status;
        if (ended < 0 && errno != EINTR)
            return 127 << 8;
    }
}

static _Noreturn void become_keeper(const struct world_plan *plan, int door, int out, int err)
{
    struct error error = { 0 };
    int device = -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0); /* the command may not trace who is stronger than it is */
    if (!make_inner(plan, &device, &error))
        give_up(door, &error);
    const pid_t command = fork();
    if (command == 0)
        become_command(plan, door, out, err);
    if (command < 0) {
        error_system(&error, plan->words[0], "start it");
        give_up(door, &error);
    }
    close(out);
    close(err);
    door_send(door, &(struct door_message){ .kind = DOOR_INNER }, device);
    close(device);
    const int status = wait_for(command);
    door_send(door, &(struct door_message){ .kind = DOOR_ENDED, .value = status }, -1);
    _exit(0);
}

/* ---- the gate ---------------------------------------------------------------------------------------------------- */

static bool make_outer(const struct world_plan *plan, int *device, struct error *error)
{
    struct endpoint four, six;
    if (!endpoint_read(inner_four, &four) || !endpoint_read(inner_six, &six))
        return false;
    return link_up("lo", error) && link_make("world", device, error) && link_takes("world", &four, error) &&
           link_owns_all(false, error) &&
           (!plan->six || (link_takes("world", &six, error) && link_owns_all(true, error)));
}

/* Asks the parent to say which users there are, and waits until that is done. */
static bool enter(int door, struct error *error)
{
    struct door_message answer;
    int none;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return error_set(
            error,
            "this system allows no user namespace (%s): as root, set kernel.unprivileged_userns_clone=1, "
            "user.max_user_namespaces above 0 and, on Ubuntu, "
            "kernel.apparmor_restrict_unprivileged_userns=0 (sysctl -w); in a container, allow unshare; or "
            "run this as root",
            strerror(errno));
    return door_send(door, &(struct door_message){ .kind = DOOR_MAP }, -1) && door_receive(door, &answer, &none) &&
           answer.kind == DOOR_MAPPED;
}

static int open_port(int port)
{
    const int both = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), off = 0, on = 1;
    const int listener = both >= 0 ? both : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct endpoint any = { .six = both >= 0, .port = (uint16_t)port };
    struct sockaddr_storage address;
    const socklen_t length = endpoint_to_system(&any, &address);
    if (both >= 0)
        setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 256) == 0)
        return listener;
    if (listener >= 0)
        close(listener);
    return -1;
}

/* Opens ports until the parent goes. */
static _Noreturn void serve(int door)
{
    struct door_message wish;
    int none;
    while (door_receive(door, &wish, &none)) {
        if (wish.kind != DOOR_LISTEN)
            continue;
        const int listener = open_port(wish.value);
        door_send(door, &(struct door_message){ .kind = DOOR_LISTENER, .value = wish.value }, listener);
        if (listener >= 0)
            close(listener);
    }
    _exit(0);
}

_Noreturn void inside_become_gate(const struct world_plan *plan, int door, int out, int err, pid_t parent)
{
    struct error error = { 0 };
    int device = -1;
    ignore_signals();
    if (!enter(door, &error))
        give_up(door, &error);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(3);
    if (!make_outer(plan, &device, &error))
        give_up(door, &error);
    door_send(door, &(struct door_message){ .kind = DOOR_OUTER }, device);
    close(device);
    const pid_t keeper = unshare(CLONE_NEWPID) == 0 ? fork() : -1;
    if (keeper == 0)
        become_keeper(plan, door, out, err);
    if (keeper < 0) {
        error_system(&error, plan->words[0], "start a process namespace");
        give_up(door, &error);
    }
    close(out);
    close(err);
    serve(door);
}
