/* world.c: a world from outside: started, given its users, ended. Source: user_namespaces(7). */
#include "cutoff/world.h"
#include "cutoff/door.h"
#include "cutoff/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_file(pid_t process, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0)
        close(file);
    return written;
}

/* Every user that this process knows, as itself. */
static bool map_all(pid_t process, const char *name)
{
    char path[64], line[256], text[1024] = "";
    snprintf(path, sizeof path, "/proc/self/%s", name);
    FILE *own = fopen(path, "re");
    size_t used = 0;
    while (own && fgets(line, sizeof line, own)) {
        unsigned first, outside, count;
        if (sscanf(line, "%u %u %u", &first, &outside, &count) == 3 && used + 64 < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", first, first, count);
    }
    if (own)
        fclose(own);
    return used > 0 && write_file(process, name, text);
}

static bool map_one(pid_t process, const char *name, unsigned id)
{
    char text[64];
    snprintf(text, sizeof text, "%u %u 1\n", id, id);
    return write_file(process, name, text);
}

/* Root is all users in the command's world as it is outside; anyone else is only themselves. */
static bool map_users(pid_t process)
{
    if (geteuid() == 0 && map_all(process, "gid_map") && map_all(process, "uid_map"))
        return true;
    return write_file(process, "setgroups", "deny") && map_one(process, "gid_map", getegid()) &&
           map_one(process, "uid_map", geteuid());
}

/* One message of a world that comes up; *done: the last of them. */
static bool take_message(struct world *world, bool *done, struct error *error)
{
    struct door_message message;
    int descriptor;
    if (!door_receive(world->door, &message, &descriptor))
        return error_set(error, "a world of its own: it ended while it was made");
    *done = message.kind == DOOR_INNER;
    if (message.kind == DOOR_FAILED)
        return error_set(error, "%s", message.text);
    if (message.kind == DOOR_OUTER)
        world->outer = descriptor;
    else if (message.kind == DOOR_INNER)
        world->inner = descriptor;
    if (message.kind != DOOR_MAP)
        return true;
    if (!map_users(world->gate))
        return error_set(error, "a world of its own: cannot name its users: %s", strerror(errno));
    return door_send(world->door, &(struct door_message){ .kind = DOOR_MAPPED }, -1);
}

/* Both ends of what the two sides share. */
struct ends {
    int door[2], out[2], err[2];
};

static void close_pair(const int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static bool make_ends(struct ends *ends, struct error *error)
{
    *ends = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->door) == 0 && pipe2(ends->out, O_CLOEXEC) == 0 &&
        pipe2(ends->err, O_CLOEXEC) == 0)
        return true;
    error_system(error, "a world of its own", "make pipes");
    close_pair(ends->door);
    close_pair(ends->out);
    close_pair(ends->err);
    return false;
}

static bool start(const struct world_plan *plan, struct world *out, struct error *error)
{
    struct ends ends;
    if (!make_ends(&ends, error))
        return false;
    const pid_t parent = getpid();
    const pid_t gate = fork();
    if (gate == 0) {
        close(ends.door[0]);
        close(ends.out[0]);
        close(ends.err[0]);
        inside_become_gate(plan, ends.door[1], ends.out[1], ends.err[1], parent);
    }
    close(ends.door[1]);
    close(ends.out[1]);
    close(ends.err[1]);
    *out = (struct world){ .gate = gate, ends.door[0], -1, -1, ends.out[0], ends.err[0] };
    return gate > 0 || error_system(error, plan->words[0], "start a process");
}

bool world_open(const struct world_plan *plan, struct world *out, struct error *error)
{
    *out = (struct world){ 0, -1, -1, -1, -1, -1 };
    bool done = false, good = start(plan, out, error);
    while (good && !done)
        good = take_message(out, &done, error);
    if (!good)
        world_close(out);
    return good;
}

void world_close(struct world *world)
{
    if (world->gate > 0) {
        kill(world->gate, SIGKILL);
        while (waitpid(world->gate, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    const int descriptors[] = { world->door, world->inner, world->outer, world->out, world->err };
    for (size_t i = 0; i < LENGTH(descriptors); i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    *world = (struct world){ 0, -1, -1, -1, -1, -1 };
}
