/* call_scan.c: one call as it comes: where its name and its arguments are, in whatever order they stand.
 *
 * Names are kept as they stand in the text: those of tools need no escapes. Members of the object besides name and
 * arguments (an id, a type) are passed over. */
#include "chat/call_scan.h"

#include <string.h>

enum { BETWEEN_MOST = 64 }; /* bytes between a name and its arguments: a few marks */

struct call_scan call_scan_begin(const struct call_form *form, bool again)
{
    struct call_scan scan = { .form = form, .place = CALL_AT_NAME };
    if (form->name_key)
        scan.place = form->list && !again ? CALL_AT_LIST : CALL_AT_OBJECT;
    return scan;
}

/* ---- an object with name and arguments --------------------------------------------------------------------------- */

static bool key_is(const struct call_scan *scan, const char *key)
{
    return key && strlen(key) == scan->key_bytes && memcmp(key, scan->key, scan->key_bytes) == 0;
}

/* Some models mix up the two words for arguments. */
static bool key_is_arguments(const struct call_scan *scan)
{
    return key_is(scan, scan->form->arguments_key) || key_is(scan, "arguments") || key_is(scan, "parameters");
}

static void keep(char *out, size_t room, size_t *bytes, unsigned char byte)
{
    if (*bytes < room)
        out[*bytes] = (char)byte;
    *bytes += *bytes <= room;
}

/* The first byte of a member's value. */
static enum call_scan_result begin_value(struct call_scan *scan, unsigned char byte)
{
    scan->value = CALL_OTHER_VALUE;
    if (key_is(scan, scan->form->name_key)) {
        scan->value = CALL_NAME_VALUE;
        return byte == '"' && !scan->named ? CALL_GOES_ON : CALL_WRONG;
    }
    if (!key_is_arguments(scan))
        return CALL_GOES_ON;
    scan->value = CALL_ARGUMENTS_VALUE;
    return byte == '{' && !scan->had_arguments ? CALL_ARGUMENT : CALL_WRONG;
}

/* A byte inside the object's own keys and values, at depth 1, or the last of them. */
static enum call_scan_result in_member(struct call_scan *scan, enum json_scan_state before, unsigned char byte)
{
    const enum json_scan_state now = scan->json.state;
    const bool in_text = before == SCAN_TEXT && now == SCAN_TEXT;
    if (now == SCAN_TEXT && scan->json.key && !in_text)
        scan->key_bytes = 0;
    if (in_text && scan->json.key)
        keep(scan->key, sizeof scan->key, &scan->key_bytes, byte);
    if (before == SCAN_VALUE && !json_is_space(byte))
        return begin_value(scan, byte);
    if (scan->value != CALL_NAME_VALUE || scan->named)
        return CALL_GOES_ON;
    if (in_text && !scan->json.key)
        keep(scan->name, TOOL_NAME_MOST, &scan->name_bytes, byte);
    else if (before == SCAN_TEXT && now == SCAN_COMMA_OR_END)
        scan->named = true;
    else if (now == SCAN_ESCAPE)
        return CALL_WRONG;
    return scan->named ? scan->name_bytes <= TOOL_NAME_MOST ? CALL_NAMED : CALL_WRONG : CALL_GOES_ON;
}

static enum call_scan_result in_object(struct call_scan *scan, unsigned char byte)
{
    const enum json_scan_state before = scan->json.state;
    const unsigned depth = scan->json.depth;
    const enum json_scan_result result = json_scan_take(&scan->json, byte);
    if (result == SCAN_WRONG)
        return CALL_WRONG;
    if (result == SCAN_DONE)
        return scan->named ? CALL_DONE : CALL_WRONG;
    if (depth > 1) {
        const bool inside = scan->value == CALL_ARGUMENTS_VALUE;
        scan->had_arguments |= inside && scan->json.depth == 1;
        return inside ? CALL_ARGUMENT : CALL_GOES_ON;
    }
    return depth == 0 ? CALL_GOES_ON : in_member(scan, before, byte);
}

/* ---- a name by itself -------------------------------------------------------------------------------------------- */

static bool is_of_name(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '-' || byte == '.';
}

static enum call_scan_result in_name(struct call_scan *scan, unsigned char byte)
{
    if (is_of_name(byte)) {
        keep(scan->name, TOOL_NAME_MOST, &scan->name_bytes, byte);
        return CALL_GOES_ON;
    }
    if (scan->name_bytes == 0 || scan->name_bytes > TOOL_NAME_MOST)
        return CALL_WRONG;
    scan->named = true;
    scan->place = CALL_IN_BETWEEN;
    return CALL_NAMED;
}

static enum call_scan_result in_arguments(struct call_scan *scan, unsigned char byte)
{
    const enum json_scan_result result = json_scan_take(&scan->json, byte);
    scan->had_arguments = true;
    return result == SCAN_WRONG ? CALL_WRONG : result == SCAN_DONE ? CALL_DONE : CALL_ARGUMENT;
}

static enum call_scan_result in_between(struct call_scan *scan, unsigned char byte)
{
    if (byte != '{')
        return ++scan->between > BETWEEN_MOST ? CALL_WRONG : CALL_GOES_ON;
    scan->place = CALL_IN_ARGUMENTS;
    return in_arguments(scan, byte);
}

/* Leads to what the bracket opens. */
static enum call_scan_result at_bracket(struct call_scan *scan, unsigned char byte)
{
    const bool list = scan->place == CALL_AT_LIST;
    if (json_is_space(byte))
        return CALL_GOES_ON;
    if (byte != (list ? '[' : '{'))
        return CALL_WRONG;
    scan->place = list ? CALL_AT_OBJECT : CALL_IN_OBJECT;
    return list ? CALL_GOES_ON : in_object(scan, byte);
}

enum call_scan_result call_scan_take(struct call_scan *scan, unsigned char byte)
{
    switch (scan->place) {
    case CALL_AT_LIST:
    case CALL_AT_OBJECT:
        return at_bracket(scan, byte);
    case CALL_IN_OBJECT:
        return in_object(scan, byte);
    case CALL_AT_NAME:
        return in_name(scan, byte);
    case CALL_IN_BETWEEN:
        return in_between(scan, byte);
    default:
        return in_arguments(scan, byte);
    }
}
