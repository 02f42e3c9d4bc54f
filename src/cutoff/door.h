/* door.h: what a drill's processes say to each other, over a socket that keeps messages whole and carries descriptors.
 * Private to the room. */
#ifndef BASTIDE_CUTOFF_DOOR_H
#define BASTIDE_CUTOFF_DOOR_H

#include "base/base.h"

enum door_kind {
    DOOR_MAP,      /* from the gate: a user namespace is there, its users are not */
    DOOR_MAPPED,   /* to the gate: they are */
    DOOR_OUTER,    /* from the gate: the device of the outer network, a descriptor */
    DOOR_INNER,    /* from the keeper: the device of the inner one */
    DOOR_LISTEN,   /* to the gate: open this port in the outer network */
    DOOR_LISTENER, /* from the gate: the port, and the descriptor unless that failed */
    DOOR_FAILED,   /* from either: why there is no world */
    DOOR_ENDED,    /* from the keeper: the command's status as wait(2) gives it */
};

struct door_message {
    enum door_kind kind;
    int value;
    char text[512];
};

/* Sends a message, with a descriptor unless that is -1; false when nobody is there any more. */
bool door_send(int door, const struct door_message *message, int descriptor);

/* Takes the next message; *descriptor is -1 if none came with it. False when nobody is there any more. */
bool door_receive(int door, struct door_message *out, int *descriptor);

#endif
