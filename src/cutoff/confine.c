/* confine.c: what a command may no longer do. A network namespace holds IP, packets and UNIX sockets; other families
 * reach past it (vsock to the host of a virtual machine, for one), so only those that it holds are left.
 * Source: capabilities(7), seccomp(2), vsock(7), address_families(7). */
#include "cutoff/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What root keeps: all about files and users, so that package managers work; nothing about mounts and networks. */
static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,  CAP_FSETID,
                            CAP_KILL,  CAP_SETGID,       CAP_SETUID,          CAP_SETFCAP, CAP_NET_BIND_SERVICE,
                            CAP_MKNOD, CAP_SYS_CHROOT };

static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG };

static bool is_kept(int capability)
{
    for (size_t i = 0; i < LENGTH(kept); i++)
        if (kept[i] == capability)
            return true;
    return false;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2] = { 0 };
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        if (!is_kept(capability) && prctl(PR_CAPBSET_DROP, capability) < 0)
            return false;
    for (size_t i = 0; i < LENGTH(kept); i++)
        sets[0].permitted |= 1u << kept[i];
    sets[0].effective = sets[0].permitted;
    sets[1] = (struct __user_cap_data_struct){ 0 }; /* CAP_SETFCAP is 31: none of the second set is kept */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &header, sets) == 0;
}

static bool is_held(int family)
{
    for (size_t i = 0; i < LENGTH(families); i++)
        if (families[i] == family)
            return true;
    return false;
}

/* The kernel looks at the lower half of the argument alone, so the filter must too. */
static int refuse_family(scmp_filter_ctx filter, int call, int family)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), call, 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, (scmp_datum_t)family));
}

static int fill_filter(scmp_filter_ctx filter)
{
    enum { FAMILIES = 64 }; /* more than there are: the kernel knows 46 */
    static const int calls[] = { SCMP_SYS(io_uring_setup), SCMP_SYS(request_key) };
    int failure = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    for (size_t i = 0; failure == 0 && i < LENGTH(calls); i++)
        failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), calls[i], 0);
    for (int family = 0; failure == 0 && family < FAMILIES; family++)
        if (!is_held(family))
            failure = refuse_family(filter, SCMP_SYS(socket), family);
    return failure ? failure : seccomp_load(filter);
}

bool confine(struct error *error)
{
    if (!drop_capabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set(error, "a world of its own: cannot give up privileges: %s", strerror(errno));
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const int failure = filter ? fill_filter(filter) : -ENOMEM;
    seccomp_release(filter);
    return failure == 0 || error_set(error, "a world of its own: cannot filter system calls: %s", strerror(-failure));
}
