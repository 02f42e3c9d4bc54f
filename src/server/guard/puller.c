/* puller.c: the keeper, its workers, and the server's end of their sockets.
 *
 * Sockets are SOCK_SEQPACKET: a message comes whole or not at all, and an end of file says that the other side died. */
#include "server/guard/puller.h"

#include "models/models.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NAME_BYTES = 128,
    WORKERS_MOST = 8,
    STALL_SECONDS = 60,
    WAIT_MILLISECONDS = 100,
};

#define NEWS_SECONDS 0.1 /* between two messages about one thing */

struct puller {
    int socket; /* to the keeper */
    pid_t keeper;
};

struct pull {
    int socket;
    bool over;
};

/* What a worker tells. The worker talks to the network: the server believes nothing of it but its form. */
struct message {
    enum pull_state state;
    enum error_kind kind;
    uint32_t was_there;
    uint64_t done, total;
    char text[1024];
};

/* ---- a worker --------------------------------------------------------------------------------------------------- */

struct worker {
    int socket;
    double told;
    char what[256];
};

static void tell(int socket, const struct message *message, int flags)
{
    const ssize_t sent = send(socket, message, sizeof *message, MSG_NOSIGNAL | flags);
    (void)sent; /* nobody listens: the next look at the socket ends the work */
}

static bool is_listened_to(int socket)
{
    struct pollfd asked = { .fd = socket, .events = POLLRDHUP };
    return poll(&asked, 1, 0) == 0 || !(asked.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static bool tell_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct worker *worker = context;
    const double now = seconds_now();
    const bool same = strncmp(worker->what, what, sizeof worker->what - 1) == 0;
    if (!same || now - worker->told >= NEWS_SECONDS || (total > 0 && done == total)) {
        struct message message = { .state = PULL_GOING, .done = done, .total = total };
        snprintf(message.text, sizeof message.text, "%s", what);
        snprintf(worker->what, sizeof worker->what, "%s", what);
        worker->told = now;
        tell(worker->socket, &message, MSG_DONTWAIT);
    }
    return is_listened_to(worker->socket);
}

/* The catalogue's own row, so that no source is fetched from but its; "file:..." and "https:..." are no names in it. */
static bool find_row(const char *name, struct arena *arena, const char **out, struct error *error)
{
    struct catalogue catalogue;
    size_t length = strlen(name);
    if (length > 7 && strcasecmp(name + length - 7, ":latest") == 0)
        length -= 7;
    if (!models_catalogue(arena, &catalogue, error))
        return false;
    for (size_t i = 0; i < catalogue.count; i++) {
        *out = catalogue.rows[i].name;
        if (strlen(*out) == length && strncasecmp(*out, name, length) == 0)
            return true;
    }
    return error_set_kind(error, ERROR_NOT_FOUND,
                          "%.100s: not in the catalogue, which is all that a server fetches: see bastide model list",
                          name);
}

static void work(int socket, const char *name)
{
    struct worker worker = { .socket = socket };
    const struct progress progress = { tell_progress, &worker };
    struct message message = { .state = PULL_DONE };
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct pull_wish wish = { .stall_seconds = STALL_SECONDS };
    struct stored_model model;
    bool was_there = false;
    if (find_row(name, &arena, &wish.source, &error) &&
        models_pull(&wish, &arena, &progress, &model, &was_there, &error)) {
        message.was_there = was_there;
        snprintf(message.text, sizeof message.text, "%s", model.name);
    } else {
        message.state = PULL_FAILED;
        message.kind = error.kind;
        snprintf(message.text, sizeof message.text, "%s", error.text);
    }
    tell(socket, &message, 0);
    arena_free(&arena);
}

/* ---- the keeper ------------------------------------------------------------------------------------------------- */

/* A name and the socket to tell of it. False when the server has gone. */
static bool receive(int socket, char name[NAME_BYTES], int *out)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { name, NAME_BYTES - 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    const ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *out = -1;
    if (length <= 0)
        return length < 0 && errno == EINTR;
    name[length] = '\0';
    if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(out, CMSG_DATA(header), sizeof *out);
    return true;
}

static void refuse(int socket, enum error_kind kind, const char *why)
{
    struct message message = { .state = PULL_FAILED, .kind = kind };
    snprintf(message.text, sizeof message.text, "%s", why);
    tell(socket, &message, MSG_DONTWAIT);
}

/* Forks a worker for it. */
static void employ(int socket, const char *name, int keeper_socket, size_t *workers)
{
    const pid_t keeper = getpid();
    if (*workers >= WORKERS_MOST) {
        refuse(socket, ERROR_BUSY, "as many models as can be are being fetched already: try again later");
        return;
    }
    const pid_t worker = fork();
    if (worker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(keeper_socket);
        if (getppid() == keeper)
            work(socket, name);
        _exit(0);
    }
    if (worker < 0)
        refuse(socket, ERROR_COULD_NOT, "no process could be started to fetch it: try again later");
    else
        (*workers)++;
}

static void keep(int socket)
{
    char name[NAME_BYTES];
    size_t workers = 0;
    for (int given; receive(socket, name, &given);) {
        while (workers > 0 && waitpid(-1, NULL, WNOHANG) > 0)
            workers--;
        if (given < 0)
            continue;
        employ(given, name, socket, &workers);
        close(given);
    }
}

/* All that was open before belongs to the server, or to whoever started it and waits for its end. */
static void close_others(int kept)
{
    const struct rlimit none = { 0, 0 };
    syscall(SYS_close_range, 3u, (unsigned)kept - 1, 0u);
    syscall(SYS_close_range, (unsigned)kept + 1, ~0u, 0u);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "bastide-pull");
}

/* ---- the server's end ------------------------------------------------------------------------------------------- */

bool puller_open(struct puller **out, struct error *error)
{
    int pair[2];
    struct puller *puller = calloc(1, sizeof *puller);
    if (!puller)
        return error_memory(error, sizeof *puller);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(puller);
        return error_system(error, "process for fetching models", "make its socket");
    }
    puller->keeper = fork();
    if (puller->keeper == 0) {
        close(pair[0]);
        close_others(pair[1]);
        keep(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    puller->socket = pair[0];
    if (puller->keeper < 0) {
        puller_close(puller);
        return error_system(error, "process for fetching models", "start it");
    }
    *out = puller;
    return true;
}

void puller_close(struct puller *puller)
{
    if (!puller)
        return;
    close(puller->socket);
    if (puller->keeper > 0)
        waitpid(puller->keeper, NULL, 0); /* it ends at once; its workers are killed with it */
    free(puller);
}

/* Hands the keeper a name and one end of a new pair of sockets. */
static bool hand_over(const struct puller *puller, const char *name, int given)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec part = { (void *)(uintptr_t)name, strlen(name) };
    const struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), &given, sizeof given);
    return sendmsg(puller->socket, &message, MSG_NOSIGNAL) >= 0;
}

static bool start(const struct puller *puller, const char *name, struct pull *pull, struct error *error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return error_system(error, name, "make a socket to fetch it");
    pull->socket = pair[0];
    const bool handed = hand_over(puller, name, pair[1]);
    close(pair[1]);
    return handed || error_set(error,
                               "%s: the process that fetches models has ended: start the server again, or use "
                               "bastide model pull",
                               name);
}

bool puller_start(struct puller *puller, const char *name, struct pull **out, struct error *error)
{
    struct arena arena = { 0 };
    const char *row;
    struct pull *pull = calloc(1, sizeof *pull);
    if (!pull)
        return error_memory(error, sizeof *pull);
    pull->socket = -1;
    const bool started = find_row(name, &arena, &row, error) && start(puller, row, pull, error);
    arena_free(&arena);
    if (started)
        *out = pull;
    else
        puller_end(pull);
    return started;
}

/* Copies a worker's text, whatever it is, through an error, which makes it harmless. */
static void take_message(struct message *message, struct pull_news *out)
{
    message->text[sizeof message->text - 1] = '\0';
    *out = (struct pull_news){ .done = message->done, .total = message->total, .was_there = message->was_there != 0 };
    out->state = message->state == PULL_GOING || message->state == PULL_DONE ? message->state : PULL_FAILED;
    error_set_kind(&out->error,
                   message->kind > ERROR_NONE && message->kind <= ERROR_NO_ROOM ? message->kind : ERROR_COULD_NOT, "%s",
                   message->text);
    snprintf(out->what, sizeof out->what, "%.*s", (int)sizeof out->what - 1, out->error.text);
    if (out->state != PULL_FAILED)
        out->error = (struct error){ 0 };
}

void puller_next(struct pull *pull, struct pull_news *out)
{
    struct message message;
    struct pollfd asked = { .fd = pull->socket, .events = POLLIN };
    *out = (struct pull_news){ .state = PULL_WAITING };
    if (pull->over || poll(&asked, 1, WAIT_MILLISECONDS) <= 0)
        return;
    if (recv(pull->socket, &message, sizeof message, 0) == (ssize_t)sizeof message) {
        take_message(&message, out);
    } else {
        out->state = PULL_FAILED;
        error_set(&out->error, "the process that fetched the model has ended without a word: try again");
    }
    pull->over = out->state != PULL_GOING;
}

void puller_end(struct pull *pull)
{
    if (!pull)
        return;
    if (pull->socket >= 0)
        close(pull->socket);
    free(pull);
}
