/* links.c: addresses and routes of a network namespace, by rtnetlink. */
#include "cutoff/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MTU = 32768 }; /* few, long packets: nothing is lost between a namespace and its relay */

/* One message to the kernel. */
struct request {
    struct nlmsghdr head;
    union {
        struct ifaddrmsg address;
        struct rtmsg route;
    } body;
    char attributes[256];
};

static void add_attribute(struct request *request, unsigned short type, const void *data, size_t bytes)
{
    struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(bytes), .rta_type = type };
    char *end = (char *)request + NLMSG_ALIGN(request->head.nlmsg_len);
    memcpy(end, &attribute, sizeof attribute);
    memcpy(end + sizeof attribute, data, bytes);
    request->head.nlmsg_len = (unsigned)(NLMSG_ALIGN(request->head.nlmsg_len) + RTA_ALIGN(attribute.rta_len));
}

/* Sends it and waits for the kernel's word, which is an error's number or 0. */
static int exchange(int socket, const struct request *request)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[1024];
    } answer;
    if (send(socket, request, request->head.nlmsg_len, 0) < 0)
        return errno;
    const ssize_t received = recv(socket, &answer, sizeof answer, 0);
    if (received < (ssize_t)(sizeof answer.head + sizeof answer.error) || answer.head.nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -answer.error.error;
}

static bool ask(const struct request *request, const char *what, struct error *error)
{
    const int socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const int failure = socket_fd < 0 ? errno : exchange(socket_fd, request);
    if (socket_fd >= 0)
        close(socket_fd);
    return failure == 0 || error_set(error, "a network of its own: %s: %s", what, strerror(failure));
}

static struct request request_of(unsigned short type, size_t body)
{
    return (struct request){ .head = { .nlmsg_len = (unsigned)NLMSG_LENGTH(body),
                                       .nlmsg_type = type,
                                       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                                       .nlmsg_seq = 1 } };
}

static unsigned char family_of(bool six)
{
    return six ? AF_INET6 : AF_INET;
}

static bool change_flags(int control, struct ifreq *wish)
{
    if (ioctl(control, SIOCGIFFLAGS, wish) < 0)
        return false;
    wish->ifr_flags = (short)(wish->ifr_flags | IFF_UP);
    return ioctl(control, SIOCSIFFLAGS, wish) == 0;
}

bool link_up(const char *name, struct error *error)
{
    struct ifreq wish = { 0 };
    memcpy(wish.ifr_name, name, size_min(strlen(name), sizeof wish.ifr_name - 1));
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool up = control >= 0 && change_flags(control, &wish);
    if (!up)
        error_system(error, name, "bring the device up");
    if (control >= 0)
        close(control);
    return up;
}

static bool set_mtu(const char *name)
{
    struct ifreq wish = { .ifr_mtu = MTU };
    memcpy(wish.ifr_name, name, size_min(strlen(name), sizeof wish.ifr_name - 1));
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool set = control >= 0 && ioctl(control, SIOCSIFMTU, &wish) == 0;
    if (control >= 0)
        close(control);
    return set;
}

bool link_make(const char *name, int *out, struct error *error)
{
    static const char node[] = "/dev/net/tun";
    struct ifreq wish = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    memcpy(wish.ifr_name, name, size_min(strlen(name), sizeof wish.ifr_name - 1));
    const int device = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0)
        return error_set(
            error,
            "%s: cannot open it: %s: as root, modprobe tun and chmod 0666 %s, as most systems have it (each "
            "user reaches only networks of their own by it); in a container, pass the device",
            node, strerror(errno), node);
    if (ioctl(device, TUNSETIFF, &wish) < 0 || !set_mtu(name)) {
        error_set(error, "%s: cannot make a device: %s: the system keeps new user namespaces from setting up a network",
                  node, strerror(errno));
        close(device);
        return false;
    }
    *out = device;
    return link_up(name, error);
}

bool link_address(const char *name, const struct endpoint *address, struct error *error)
{
    struct request request = request_of(RTM_NEWADDR, sizeof request.body.address);
    request.body.address = (struct ifaddrmsg){
        .ifa_family = family_of(address->six),
        .ifa_prefixlen = (unsigned char)(endpoint_bytes(address) * 8),
        .ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT, /* nobody else could have it: use it at once */
        .ifa_index = if_nametoindex(name),
    };
    add_attribute(&request, IFA_LOCAL, address->address, endpoint_bytes(address));
    add_attribute(&request, IFA_ADDRESS, address->address, endpoint_bytes(address));
    return ask(&request, "its address", error);
}

/* A route in the main table; to: NULL for all that no other route takes. */
static bool add_route(const char *name, bool six, const struct endpoint *to, unsigned char type, struct error *error)
{
    struct request request = request_of(RTM_NEWROUTE, sizeof request.body.route);
    const unsigned index = if_nametoindex(name);
    request.body.route = (struct rtmsg){
        .rtm_family = family_of(six),
        .rtm_dst_len = (unsigned char)(to ? endpoint_bytes(to) * 8 : 0),
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = type == RTN_LOCAL ? RT_SCOPE_HOST
                     : six             ? RT_SCOPE_UNIVERSE
                                       : RT_SCOPE_LINK,
        .rtm_type = type,
    };
    if (to)
        add_attribute(&request, RTA_DST, to->address, endpoint_bytes(to));
    add_attribute(&request, RTA_OIF, &index, sizeof index);
    return ask(&request, "its routes", error);
}

bool link_takes_all(const char *name, bool six, struct error *error)
{
    return add_route(name, six, NULL, RTN_UNICAST, error);
}

bool link_takes(const char *name, const struct endpoint *address, struct error *error)
{
    return add_route(name, address->six, address, RTN_UNICAST, error);
}

bool link_owns_all(bool six, struct error *error)
{
    return add_route("lo", six, NULL, RTN_LOCAL, error);
}
