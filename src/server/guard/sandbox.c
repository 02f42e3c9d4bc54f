/* sandbox.c: the calls of the system that a running server has no use for, refused for good.
 *
 * The list names what is refused, not what is allowed: libraries call more than one thinks, and other things with each
 * version. What matters is that no list of ways out has a gap: a socket that is there stays usable, and everything that
 * makes one, connects one or names an address is refused, with the ways in which such a call could be made without
 * being seen here (io_uring, other calling conventions, other processes, another program).
 * Source: seccomp(2); docs.kernel.org/userspace-api/seccomp_filter.html */
#include "server/guard/sandbox.h"

#include "server/guard/sandbox_files.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What this build's sanitizer needs of what is refused: at the end AddressSanitizer looks for leaks from a child that
 * traces this process; ThreadSanitizer has a thread of its own from the beginning. */
#if defined(__SANITIZE_ADDRESS__)
enum { LOOKS_FOR_LEAKS = 1, HAS_OWN_THREADS = 0 };
#elif defined(__SANITIZE_THREAD__)
enum { LOOKS_FOR_LEAKS = 0, HAS_OWN_THREADS = 1 };
#else
enum { LOOKS_FOR_LEAKS = 0, HAS_OWN_THREADS = 0 };
#endif

/* Refused whatever their arguments. */
static const char *const refused[] = {
    /* the network */
    "socket",
    "connect",
    "bind",
    "listen",
    "sendmmsg",
    /* other programs and processes */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "kill",
    "tkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
    "pidfd_getfd",
    "kcmp",
    "process_madvise",
    "setns",
    "unshare",
    /* ways around a filter, and parts of the kernel where faults were found */
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "userfaultfd",
    "bpf",
    "perf_event_open",
    "keyctl",
    "add_key",
    "request_key",
    "fanotify_init",
    "name_to_handle_at",
    "open_by_handle_at",
    "modify_ldt",
    "personality",
    /* the machine */
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "mount_setattr",
    "swapon",
    "swapoff",
    "reboot",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "clock_adjtime",
    "acct",
    "quotactl",
    "quotactl_fd",
    "iopl",
    "ioperm",
    "syslog",
    "vhangup",
    "mknod",
    "mknodat",
};

/* Nobody calls these by mistake: the process ends. */
static const char *const hostile[] = {
    "process_vm_readv", "process_vm_writev", "kexec_load",    "kexec_file_load",
    "init_module",      "finit_module",      "delete_module",
};

static const char *const tracing[] = { "ptrace" };

static bool refuse_all(scmp_filter_ctx filter, const char *const *names, size_t count, uint32_t action,
                       struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const int number = seccomp_syscall_resolve_name(names[i]);
        if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, action, number, 0) != 0)
            return error_set(error, "sandbox: cannot refuse %s", names[i]);
    }
    return true;
}

/* A call that is refused when the bits of mask in one argument are wanted. */
static bool refuse_bits(scmp_filter_ctx filter, int number, unsigned argument, uint64_t mask, uint64_t wanted)
{
    const struct scmp_arg_cmp bits = { argument, SCMP_CMP_MASKED_EQ, mask, wanted };
    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &bits) == 0;
}

/* sendto is send with an address, and MSG_FASTOPEN connects on the way. Threads are fine, children are not: clone3
 * keeps its flags where no filter sees them, so it is not there, and the C library uses clone. */
static bool refuse_some(scmp_filter_ctx filter, struct error *error)
{
    const struct scmp_arg_cmp addressed = { 4, SCMP_CMP_NE, 0, 0 };
    const bool added = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sendto), 1, &addressed) == 0 &&
                       refuse_bits(filter, SCMP_SYS(sendto), 3, MSG_FASTOPEN, MSG_FASTOPEN) &&
                       refuse_bits(filter, SCMP_SYS(sendmsg), 2, MSG_FASTOPEN, MSG_FASTOPEN) &&
                       refuse_bits(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, TIOCSTI) &&
                       refuse_bits(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, TIOCLINUX) &&
                       (LOOKS_FOR_LEAKS ||
                        (refuse_bits(filter, SCMP_SYS(clone), 0, CLONE_THREAD, 0) &&
                         seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0));
    return added || error_set(error, "sandbox: cannot refuse calls by their arguments");
}

/* A call by another convention than this program's own (x32, 32 bits) has other numbers: the process ends. */
static bool set_attributes(scmp_filter_ctx filter, struct error *error)
{
    return (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
            seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1) == 0 &&
            seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
            seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0) ||
           error_set(error, "sandbox: this system's libseccomp cannot do what it has to");
}

static bool filter_calls(struct error *error)
{
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return error_memory(error, 0);
    bool good = set_attributes(filter, error) &&
                refuse_all(filter, refused, LENGTH(refused), SCMP_ACT_ERRNO(EPERM), error) &&
                refuse_all(filter, hostile, LENGTH(hostile), SCMP_ACT_KILL_PROCESS, error) &&
                (LOOKS_FOR_LEAKS || refuse_all(filter, tracing, LENGTH(tracing), SCMP_ACT_KILL_PROCESS, error)) &&
                refuse_some(filter, error);
    const int loaded = good ? seccomp_load(filter) : 0;
    if (loaded != 0)
        good = error_set(error, "sandbox: the kernel does not take the filter of system calls: %s", strerror(-loaded));
    seccomp_release(filter);
    return good;
}

/* Of root's powers those over files stay, since models may be another user's; a user has none. */
static bool drop_capabilities(struct error *error)
{
    static const uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER;
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
    if (syscall(SYS_capget, &header, data) != 0)
        return error_system(error, "sandbox", "read its capabilities");
    for (size_t i = 0; i < LENGTH(data); i++) {
        const uint32_t permitted = i == 0 ? data[i].permitted & kept : 0;
        data[i] = (struct __user_cap_data_struct){ .effective = permitted, .permitted = permitted };
    }
    return syscall(SYS_capset, &header, data) == 0 || error_system(error, "sandbox", "drop its capabilities");
}

/* Prompts and keys belong in no memory dump, and in no debugger of another program of the same user. */
static bool hide_memory(struct error *error)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return error_system(error, "sandbox", "forbid memory dumps");
    return LOOKS_FOR_LEAKS || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ||
           error_system(error, "sandbox", "hide its memory");
}

static bool check_alone(struct error *error)
{
    size_t threads = 0;
    DIR *folder = opendir("/proc/self/task");
    if (!folder)
        return true; /* without /proc nobody can tell */
    for (const struct dirent *entry; (entry = readdir(folder));)
        threads += entry->d_name[0] != '.';
    closedir(folder);
    return threads == 1 || HAS_OWN_THREADS ||
           error_set(error, "sandbox: %zu threads run already: files would be fenced for one of them only", threads);
}

bool sandbox_enter(const struct sandbox_places *places, char report[SANDBOX_REPORT], struct error *error)
{
    int version;
    if (!check_alone(error) || !hide_memory(error) || !drop_capabilities(error))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_system(error, "sandbox", "give up new privileges");
    if (!sandbox_fence_files(places, &version, error) || !filter_calls(error))
        return false;
    char files[64] = "files are not fenced: this kernel has no Landlock";
    if (version > 0)
        snprintf(files, sizeof files, "files are fenced (Landlock %d)", version);
    snprintf(report, SANDBOX_REPORT, "no connection out, no other program (seccomp); %s%s", files,
             LOOKS_FOR_LEAKS ? "; children and debuggers are allowed: this build looks for leaks with them" : "");
    return true;
}
