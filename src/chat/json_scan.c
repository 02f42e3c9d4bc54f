/* json_scan.c: a recogniser of JSON that takes one byte at a time and remembers a bit for each open bracket, so that a
 * value can be handed on while it comes, and is known to be whole at its last byte. Source: RFC 8259. */
#include "chat/json_scan.h"

#include <string.h>

bool json_is_space(unsigned char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hexadecimal(unsigned char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

static bool in_object(const struct json_scan *scan)
{
    return scan->depth > 0 && (scan->objects[(scan->depth - 1) / 64] >> (scan->depth - 1) % 64 & 1);
}

static enum json_scan_result go_to(struct json_scan *scan, enum json_scan_state state)
{
    scan->state = state;
    return SCAN_GOES_ON;
}

static enum json_scan_result open_bracket(struct json_scan *scan, bool object)
{
    if (scan->depth == JSON_SCAN_DEEPEST)
        return SCAN_WRONG;
    const uint64_t bit = (uint64_t)1 << scan->depth % 64;
    uint64_t *word = &scan->objects[scan->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    scan->depth++;
    return go_to(scan, object ? SCAN_KEY_OR_END : SCAN_VALUE_OR_END);
}

static enum json_scan_result close_bracket(struct json_scan *scan, unsigned char byte)
{
    if (byte != (in_object(scan) ? '}' : ']'))
        return SCAN_WRONG;
    scan->depth--;
    return scan->depth == 0 ? SCAN_DONE : go_to(scan, SCAN_COMMA_OR_END);
}

static enum json_scan_result begin_text(struct json_scan *scan, bool key)
{
    scan->key = key;
    return go_to(scan, SCAN_TEXT);
}

static enum json_scan_result begin_word(struct json_scan *scan, const char *rest)
{
    scan->word = rest;
    return go_to(scan, SCAN_WORD);
}

static enum json_scan_result take_value(struct json_scan *scan, unsigned char byte)
{
    if (byte == '{' || byte == '[')
        return open_bracket(scan, byte == '{');
    if (scan->depth == 0)
        return SCAN_WRONG;
    switch (byte) {
    case '"':
        return begin_text(scan, false);
    case 't':
        return begin_word(scan, "rue");
    case 'f':
        return begin_word(scan, "alse");
    case 'n':
        return begin_word(scan, "ull");
    case '-':
        return go_to(scan, SCAN_MINUS);
    case '0':
        return go_to(scan, SCAN_ZERO);
    default:
        return is_digit(byte) ? go_to(scan, SCAN_DIGITS) : SCAN_WRONG;
    }
}

/* Where white space may stand. */
static enum json_scan_result take_between(struct json_scan *scan, unsigned char byte)
{
    if (json_is_space(byte))
        return SCAN_GOES_ON;
    switch (scan->state) {
    case SCAN_VALUE_OR_END:
        return byte == ']' ? close_bracket(scan, byte) : take_value(scan, byte);
    case SCAN_KEY_OR_END:
        return byte == '}' ? close_bracket(scan, byte) : byte == '"' ? begin_text(scan, true) : SCAN_WRONG;
    case SCAN_KEY:
        return byte == '"' ? begin_text(scan, true) : SCAN_WRONG;
    case SCAN_COLON:
        return byte == ':' ? go_to(scan, SCAN_VALUE) : SCAN_WRONG;
    case SCAN_COMMA_OR_END:
        if (byte == ',')
            return go_to(scan, in_object(scan) ? SCAN_KEY : SCAN_VALUE);
        return close_bracket(scan, byte);
    default:
        return take_value(scan, byte);
    }
}

static enum json_scan_result take_text(struct json_scan *scan, unsigned char byte)
{
    switch (scan->state) {
    case SCAN_ESCAPE:
        scan->digits = 4;
        if (byte == 'u')
            return go_to(scan, SCAN_HEX);
        return byte > 0 && strchr("\"\\/bfnrt", byte) ? go_to(scan, SCAN_TEXT) : SCAN_WRONG;
    case SCAN_HEX:
        if (!is_hexadecimal(byte))
            return SCAN_WRONG;
        return go_to(scan, --scan->digits > 0 ? SCAN_HEX : SCAN_TEXT);
    default:
        if (byte == '"')
            return go_to(scan, scan->key ? SCAN_COLON : SCAN_COMMA_OR_END);
        return byte == '\\' ? go_to(scan, SCAN_ESCAPE) : byte < ' ' ? SCAN_WRONG : SCAN_GOES_ON;
    }
}

static enum json_scan_result take_word(struct json_scan *scan, unsigned char byte)
{
    if (byte != (unsigned char)*scan->word)
        return SCAN_WRONG;
    scan->word++;
    return go_to(scan, *scan->word ? SCAN_WORD : SCAN_COMMA_OR_END);
}

/* What no longer belongs to the number comes after it. */
static enum json_scan_result end_number(struct json_scan *scan, unsigned char byte)
{
    scan->state = SCAN_COMMA_OR_END;
    return take_between(scan, byte);
}

static enum json_scan_result take_number(struct json_scan *scan, unsigned char byte)
{
    const bool digit = is_digit(byte), e = byte == 'e' || byte == 'E';
    switch (scan->state) {
    case SCAN_MINUS:
        return byte == '0' ? go_to(scan, SCAN_ZERO) : digit ? go_to(scan, SCAN_DIGITS) : SCAN_WRONG;
    case SCAN_ZERO:
    case SCAN_DIGITS:
        if (digit && scan->state == SCAN_DIGITS)
            return SCAN_GOES_ON;
        return byte == '.' ? go_to(scan, SCAN_POINT) : e ? go_to(scan, SCAN_E) : end_number(scan, byte);
    case SCAN_POINT:
        return digit ? go_to(scan, SCAN_FRACTION) : SCAN_WRONG;
    case SCAN_FRACTION:
        return digit ? SCAN_GOES_ON : e ? go_to(scan, SCAN_E) : end_number(scan, byte);
    case SCAN_E:
        if (byte == '+' || byte == '-')
            return go_to(scan, SCAN_SIGN);
        return digit ? go_to(scan, SCAN_EXPONENT) : SCAN_WRONG;
    case SCAN_SIGN:
        return digit ? go_to(scan, SCAN_EXPONENT) : SCAN_WRONG;
    default:
        return digit ? SCAN_GOES_ON : end_number(scan, byte);
    }
}

enum json_scan_result json_scan_take(struct json_scan *scan, unsigned char byte)
{
    if (scan->state >= SCAN_MINUS)
        return take_number(scan, byte);
    if (scan->state == SCAN_WORD)
        return take_word(scan, byte);
    return scan->state >= SCAN_TEXT ? take_text(scan, byte) : take_between(scan, byte);
}
