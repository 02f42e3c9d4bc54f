/* json_scan.h: JSON as it comes, byte by byte. Private to the room. */
#ifndef BASTIDE_CHAT_JSON_SCAN_H
#define BASTIDE_CHAT_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

enum { JSON_SCAN_DEEPEST = 256 };

enum json_scan_state {
    SCAN_VALUE, /* wanted; zero-initialised begins here */
    SCAN_VALUE_OR_END,
    SCAN_KEY,
    SCAN_KEY_OR_END,
    SCAN_COLON,
    SCAN_COMMA_OR_END,
    SCAN_TEXT,
    SCAN_ESCAPE,
    SCAN_HEX,
    SCAN_WORD,
    SCAN_MINUS,
    SCAN_ZERO,
    SCAN_DIGITS,
    SCAN_POINT,
    SCAN_FRACTION,
    SCAN_E,
    SCAN_SIGN,
    SCAN_EXPONENT,
};

/* One array or object. Zero-initialised is before its beginning. */
struct json_scan {
    enum json_scan_state state;
    unsigned depth;                           /* of brackets that are open */
    bool key;                                 /* the text is a key */
    unsigned digits;                          /* of an escape, still to come */
    const char *word;                         /* what is still to come of true, false, null */
    uint64_t objects[JSON_SCAN_DEEPEST / 64]; /* a bit for each open bracket: it is an object's */
};

enum json_scan_result { SCAN_GOES_ON, SCAN_DONE, SCAN_WRONG };

/* Takes a byte. SCAN_DONE: it closes the whole. SCAN_WRONG: what came is the beginning of no JSON that begins with a
 * bracket, or is nested deeper than JSON_SCAN_DEEPEST; nothing more may be taken. Bytes of texts are not looked at for
 * being UTF-8. */
enum json_scan_result json_scan_take(struct json_scan *scan, unsigned char byte);

/* Whether the byte is white space of JSON. */
bool json_is_space(unsigned char byte);

#endif
