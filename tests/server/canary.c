/* canary: tries one way out, inside the server's sandbox or outside of it, so that tests of the sandbox can fail.
 *
 *   canary inside|outside FOLDER WAY
 *
 * Prints "through", or "refused: REASON", and ends with status 0 or 1; a way that the kernel answers by killing ends
 * with its signal. What a way needs (a socket, a listening one) is made before the sandbox, as a server has it. */
#include "server/guard/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct world {
    struct sockaddr_in target;
    const char *folder;
    int tcp, udp, listening;
};

static bool ways_socket(const struct world *world)
{
    (void)world;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool ways_unix(const struct world *world)
{
    (void)world;
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

/* Refused by the other side is out, too. */
static bool ways_connect(const struct world *world)
{
    return connect(world->tcp, (const struct sockaddr *)&world->target, sizeof world->target) == 0 ||
           errno == ECONNREFUSED || errno == ENETUNREACH;
}

static bool ways_sendto(const struct world *world)
{
    return sendto(world->udp, "x", 1, 0, (const struct sockaddr *)&world->target, sizeof world->target) == 1 ||
           errno == ENETUNREACH;
}

static bool ways_fastopen(const struct world *world)
{
    return sendto(world->tcp, "x", 1, MSG_FASTOPEN | MSG_DONTWAIT, (const struct sockaddr *)&world->target,
                  sizeof world->target) >= 0 ||
           errno == EINPROGRESS || errno == ECONNREFUSED || errno == ENETUNREACH;
}

static bool ways_sendmsg_fastopen(const struct world *world)
{
    struct iovec part = { (void *)(uintptr_t) "x", 1 };
    struct sockaddr_in target = world->target;
    const struct msghdr message = {
        .msg_name = &target, .msg_namelen = sizeof target, .msg_iov = &part, .msg_iovlen = 1
    };
    return sendmsg(world->tcp, &message, MSG_FASTOPEN | MSG_DONTWAIT) >= 0 || errno == EINPROGRESS ||
           errno == ECONNREFUSED || errno == ENETUNREACH;
}

static bool ways_sendmmsg(const struct world *world)
{
    struct iovec part = { (void *)(uintptr_t) "x", 1 };
    struct sockaddr_in target = world->target;
    struct mmsghdr message = {
        .msg_hdr = { .msg_name = &target, .msg_namelen = sizeof target, .msg_iov = &part, .msg_iovlen = 1 }
    };
    return sendmmsg(world->udp, &message, 1, 0) == 1 || errno == ENETUNREACH;
}

static bool ways_bind(const struct world *world)
{
    const struct sockaddr_in any = { .sin_family = AF_INET };
    return bind(world->tcp, (const struct sockaddr *)&any, sizeof any) == 0;
}

static bool ways_listen(const struct world *world)
{
    return listen(world->tcp, 1) == 0;
}

/* A server for names is asked over a socket. */
static bool ways_getaddrinfo(const struct world *world)
{
    (void)world;
    const struct addrinfo wanted = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    const int failed = getaddrinfo("canary.example", "80", &wanted, &found);
    if (failed == 0)
        freeaddrinfo(found);
    errno = EPERM;
    return failed == 0;
}

static bool ways_io_uring(const struct world *world)
{
    (void)world;
    struct io_uring_params parameters = { 0 };
    return syscall(SYS_io_uring_setup, 1, &parameters) >= 0;
}

static bool ways_execve(const struct world *world)
{
    (void)world;
    char *const words[] = { (char *)(uintptr_t) "true", NULL };
    execve("/bin/true", words, NULL);
    return false;
}

static bool ways_fork(const struct world *world)
{
    (void)world;
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

static bool ways_ptrace(const struct world *world)
{
    (void)world;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool ways_process_vm(const struct world *world)
{
    (void)world;
    char from = 'x', to = 0;
    const struct iovec local = { &to, 1 }, remote = { &from, 1 };
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

static bool ways_kill(const struct world *world)
{
    (void)world;
    return kill(getppid(), 0) == 0;
}

/* The calls of x32 have the same table with a bit set; most kernels are built without. */
static bool ways_x32(const struct world *world)
{
    (void)world;
#if defined(__x86_64__)
    return syscall(0x40000000 | SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0;
#else
    errno = ENOSYS;
    return false;
#endif
}

/* The 32-bit way in, where socket is number 359 and getpid 20. */
static bool ways_32_bit(const struct world *world)
{
    (void)world;
#if defined(__x86_64__)
    long number = 20;
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
    errno = number < 0 ? (int)-number : 0;
    return number > 0;
#else
    errno = ENOSYS;
    return false;
#endif
}

static bool ways_type_into_terminal(const struct world *world)
{
    (void)world;
    return ioctl(0, TIOCSTI, "x") == 0 || errno == ENOTTY;
}

static bool opens(const char *folder, const char *file, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", folder, file);
    const int descriptor = open(path, flags | O_CLOEXEC, 0600);
    return descriptor >= 0 && close(descriptor) == 0;
}

static bool ways_read_outside(const struct world *world)
{
    (void)world;
    return opens("/etc/", "passwd", O_RDONLY);
}

static bool ways_write_outside(const struct world *world)
{
    return opens(world->folder, "/../outside", O_WRONLY | O_CREAT);
}

/* ---- what must go on working ------------------------------------------------------------------------------------- */

static bool ways_write_inside(const struct world *world)
{
    return opens(world->folder, "/inside", O_RDWR | O_CREAT) && opens(world->folder, "/inside", O_RDONLY);
}

static void *end_at_once(void *context)
{
    return context;
}

static bool ways_thread(const struct world *world)
{
    (void)world;
    pthread_t thread;
    return pthread_create(&thread, NULL, end_at_once, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool ways_map(const struct world *world)
{
    (void)world;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

/* Nobody comes, which accept says by another error than that of a call that is refused. */
static bool ways_accept(const struct world *world)
{
    return accept4(world->listening, NULL, NULL, SOCK_NONBLOCK) >= 0 || errno == EAGAIN;
}

static bool ways_pair(const struct world *world)
{
    (void)world;
    int pair[2];
    char byte;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && send(pair[0], "x", 1, 0) == 1 &&
           recv(pair[1], &byte, 1, 0) == 1;
}

static const struct {
    const char *name;
    bool (*go)(const struct world *world);
} ways[] = {
    { "socket", ways_socket },
    { "unix", ways_unix },
    { "connect", ways_connect },
    { "sendto", ways_sendto },
    { "fastopen", ways_fastopen },
    { "sendmsg_fastopen", ways_sendmsg_fastopen },
    { "sendmmsg", ways_sendmmsg },
    { "bind", ways_bind },
    { "listen", ways_listen },
    { "getaddrinfo", ways_getaddrinfo },
    { "io_uring", ways_io_uring },
    { "execve", ways_execve },
    { "fork", ways_fork },
    { "ptrace", ways_ptrace },
    { "process_vm", ways_process_vm },
    { "kill", ways_kill },
    { "x32", ways_x32 },
    { "32_bit", ways_32_bit },
    { "type_into_terminal", ways_type_into_terminal },
    { "read_outside", ways_read_outside },
    { "write_outside", ways_write_outside },
    { "write_inside", ways_write_inside },
    { "thread", ways_thread },
    { "map", ways_map },
    { "accept", ways_accept },
    { "pair", ways_pair },
};

static bool prepare(struct world *world)
{
    const struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    world->target = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(9) };
    world->tcp = socket(AF_INET, SOCK_STREAM, 0);
    world->udp = socket(AF_INET, SOCK_DGRAM, 0);
    world->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return inet_pton(AF_INET, "203.0.113.7", &world->target.sin_addr) == 1 && world->tcp >= 0 && world->udp >= 0 &&
           fcntl(world->tcp, F_SETFL, O_NONBLOCK) == 0 && world->listening >= 0 &&
           bind(world->listening, (const struct sockaddr *)&any, sizeof any) == 0 && listen(world->listening, 1) == 0;
}

static int go(const char *name, const struct world *world)
{
    for (size_t i = 0; i < LENGTH(ways); i++) {
        if (strcmp(ways[i].name, name) != 0)
            continue;
        const bool through = ways[i].go(world) || errno == EINPROGRESS;
        if (through)
            puts("through");
        else
            printf("refused: %s\n", strerror(errno));
        return through ? 0 : 1;
    }
    fprintf(stderr, "canary: %s: no such way\n", name);
    return 2;
}

int main(int count, char **words)
{
    struct world world = { .folder = count > 2 ? words[2] : "." };
    struct error error = { 0 };
    char report[SANDBOX_REPORT];
    if (count != 4 || !prepare(&world))
        return 2;
    static const char *const itself = "/proc/self"; /* looking for leaks reads it */
    const struct sandbox_places places = { &itself, 1, &world.folder, 1 };
    if (strcmp(words[1], "inside") == 0 && !sandbox_enter(&places, report, &error)) {
        fprintf(stderr, "canary: %s\n", error.text);
        return 2;
    }
    return go(words[3], &world);
}
