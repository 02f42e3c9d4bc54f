/* call_scan.h: one call as it comes, byte by byte, from behind its opening. Private to the room. */
#ifndef BASTIDE_CHAT_CALL_SCAN_H
#define BASTIDE_CHAT_CALL_SCAN_H

#include "chat/families.h"
#include "chat/json_scan.h"
#include "chat/messages.h"

enum call_scan_place {
    CALL_AT_LIST,      /* before the bracket of a list */
    CALL_AT_OBJECT,    /* before the object */
    CALL_IN_OBJECT,    /* with name and arguments */
    CALL_AT_NAME,      /* where the name stands by itself */
    CALL_IN_BETWEEN,   /* after it */
    CALL_IN_ARGUMENTS, /* after that */
};

struct call_scan {
    const struct call_form *form;
    enum call_scan_place place;
    struct json_scan json;
    char key[32], name[TOOL_NAME_MOST + 1]; /* as they stand in the text, without escapes */
    size_t key_bytes, name_bytes;           /* one more than fits: it was too long */
    enum { CALL_OTHER_VALUE, CALL_NAME_VALUE, CALL_ARGUMENTS_VALUE } value; /* of the object, that comes */
    bool named, had_arguments;
    size_t between; /* bytes between name and arguments */
};

/* What a byte is. */
enum call_scan_result {
    CALL_GOES_ON,
    CALL_ARGUMENT, /* a part of the arguments */
    CALL_NAMED,    /* the name is whole; where it stands by itself the byte is to be given again */
    CALL_DONE,     /* the last byte of the call's object; of its arguments, where these stand by themselves */
    CALL_WRONG,    /* it is no call */
};

/* again: a further object of a list or after another one, whose opening came already. */
struct call_scan call_scan_begin(const struct call_form *form, bool again);
enum call_scan_result call_scan_take(struct call_scan *scan, unsigned char byte);

#endif
