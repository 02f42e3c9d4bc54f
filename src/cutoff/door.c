/* door.c: messages between a drill's processes. Source: unix(7), SCM_RIGHTS. */
#include "cutoff/door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor, aligned as the system wants it. */
union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool door_send(int door, const struct door_message *message, int descriptor)
{
    struct iovec part = { .iov_base = (void *)(uintptr_t)message, .iov_len = sizeof *message };
    struct msghdr envelope = { .msg_iov = &part, .msg_iovlen = 1 };
    union control control = { 0 };
    if (descriptor >= 0) {
        envelope.msg_control = &control;
        envelope.msg_controllen = sizeof control;
        control.head =
            (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.head), &descriptor, sizeof descriptor);
    }
    ssize_t sent;
    do {
        sent = sendmsg(door, &envelope, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof *message;
}

bool door_receive(int door, struct door_message *out, int *descriptor)
{
    struct iovec part = { .iov_base = out, .iov_len = sizeof *out };
    union control control = { 0 };
    struct msghdr envelope = { .msg_iov = &part, .msg_iovlen = 1 };
    envelope.msg_control = &control;
    envelope.msg_controllen = sizeof control;
    ssize_t received;
    do {
        received = recvmsg(door, &envelope, MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    *descriptor = -1;
    const struct cmsghdr *head = received > 0 ? CMSG_FIRSTHDR(&envelope) : NULL;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(head), sizeof *descriptor);
    out->text[sizeof out->text - 1] = '\0';
    return received == (ssize_t)sizeof *out;
}
