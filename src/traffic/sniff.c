/* sniff.c: for whom a connection says that it is. A client may cut its first message into as many TLS records as it
 * likes, so they are put together before they are read. Bytes are the command's: each length is checked. */
#include "traffic/traffic.h"

#include <string.h>

enum {
    MOST_HELLO = 16384, /* bytes of a first message; more is nothing that a server would take */
    RECORD_HEADER = 5,
    RECORD_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    SERVER_NAME = 0, /* both the extension and the kind of name */
};

/* Bytes that are read from the front. */
struct reader {
    struct span rest;
    bool good;
};

static size_t take_number(struct reader *reader, size_t bytes)
{
    size_t value = 0;
    reader->good = reader->good && span_has(reader->rest, 0, bytes);
    for (size_t i = 0; reader->good && i < bytes; i++)
        value = value << 8 | reader->rest.data[i];
    if (reader->good)
        reader->rest = span_of(reader->rest.data + bytes, reader->rest.bytes - bytes);
    return value;
}

static struct span take(struct reader *reader, size_t bytes)
{
    reader->good = reader->good && span_has(reader->rest, 0, bytes);
    if (!reader->good)
        return span_of(NULL, 0);
    const struct span taken = span_of(reader->rest.data, bytes);
    reader->rest = span_of(reader->rest.data + bytes, reader->rest.bytes - bytes);
    return taken;
}

/* What stands behind a length of that many bytes. */
static struct span take_counted(struct reader *reader, size_t bytes)
{
    const size_t count = take_number(reader, bytes);
    return take(reader, count);
}

static enum sniffed keep_name(struct span host, char name[DNS_NAME])
{
    if (host.bytes == 0 || host.bytes >= DNS_NAME)
        return SNIFFED_NOTHING;
    for (size_t i = 0; i < host.bytes; i++) {
        const unsigned char byte = host.data[i];
        name[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte > ' ' && byte < 127 ? byte : '?');
    }
    size_t used = host.bytes;
    while (used > 1 && name[used - 1] == '.')
        used--;
    name[used] = '\0';
    return SNIFFED_NAME;
}

static enum sniffed read_extensions(struct reader extensions, char name[DNS_NAME])
{
    while (extensions.good && extensions.rest.bytes > 0) {
        const size_t kind = take_number(&extensions, 2);
        struct reader body = { take_counted(&extensions, 2), extensions.good };
        if (kind != SERVER_NAME || !extensions.good)
            continue;
        struct reader names = { take_counted(&body, 2), body.good };
        const size_t kind_of_name = take_number(&names, 1);
        const struct span host = take_counted(&names, 2);
        return names.good && kind_of_name == SERVER_NAME ? keep_name(host, name) : SNIFFED_NOTHING;
    }
    return SNIFFED_NOTHING;
}

static enum sniffed read_hello(struct span hello, char name[DNS_NAME])
{
    struct reader reader = { hello, true };
    take(&reader, 2 + 32);    /* version, random */
    take_counted(&reader, 1); /* session */
    take_counted(&reader, 2); /* ciphers */
    take_counted(&reader, 1); /* compression */
    struct reader extensions = { take_counted(&reader, 2), reader.good };
    return read_extensions(extensions, name);
}

/* Puts the records' contents together; false if something else than a handshake stands there. */
static bool gather(struct span first, unsigned char *out, size_t *used)
{
    struct reader records = { first, true };
    *used = 0;
    while (records.rest.bytes >= RECORD_HEADER) {
        const size_t kind = take_number(&records, 1);
        take_number(&records, 2);
        const size_t length = take_number(&records, 2);
        if (kind != RECORD_HANDSHAKE || length == 0)
            return false;
        const struct span part = take(&records, size_min(length, records.rest.bytes));
        const size_t bytes = size_min(part.bytes, MOST_HELLO - *used);
        memcpy(out + *used, part.data, bytes);
        *used += bytes;
    }
    return true;
}

enum sniffed sniff_tls(struct span first, char name[DNS_NAME])
{
    if (first.bytes == 0)
        return SNIFFED_MORE;
    if (first.data[0] != RECORD_HANDSHAKE || (first.bytes > 1 && first.data[1] != 3))
        return SNIFFED_OTHER;
    unsigned char message[MOST_HELLO];
    size_t used;
    if (!gather(first, message, &used))
        return SNIFFED_NOTHING;
    struct reader reader = { span_of(message, used), used >= 4 };
    const size_t kind = take_number(&reader, 1), length = take_number(&reader, 3);
    if (!reader.good)
        return SNIFFED_MORE;
    if (kind != CLIENT_HELLO || length > MOST_HELLO - 4)
        return SNIFFED_NOTHING;
    return used < 4 + length ? SNIFFED_MORE : read_hello(span_of(message + 4, length), name);
}

/* ---- HTTP -------------------------------------------------------------------------------------------------------- */

static void begin_name(struct host_scan *scan)
{
    scan->collecting = true;
    scan->used = 0;
}

/* The end of a name: what follows it can be no part of one. IPv6 addresses in brackets are left with them. */
static bool ends_name(const struct host_scan *scan, char byte)
{
    const bool bracketed = scan->used > 0 && scan->name[0] == '[';
    if (bracketed && byte == ':')
        return scan->name[scan->used - 1] == ']';
    return byte == '\r' || byte == '\n' || byte == ':' || byte == '/' || ((byte == ' ' || byte == '\t') && scan->used);
}

static bool collect(struct host_scan *scan, char byte)
{
    if (ends_name(scan, byte)) {
        while (scan->used > 1 && scan->name[scan->used - 1] == '.')
            scan->used--;
        scan->name[scan->used] = '\0';
        scan->collecting = false;
        return scan->used > 0;
    }
    if (byte == ' ' || byte == '\t')
        return false;
    if (scan->used + 1 < DNS_NAME)
        scan->name[scan->used++] = byte;
    else
        scan->collecting = false;
    return false;
}

/* Whether a name begins after this byte of a line. */
static bool announces(struct host_scan *scan, char byte)
{
    static const char proxied[] = " http://", connect[] = "connect ", host[] = "host:";
    if (scan->column < sizeof scan->begin)
        scan->begin[scan->column] = byte;
    scan->column++;
    if (scan->column == strlen(host) && memcmp(scan->begin, host, strlen(host)) == 0)
        return true;
    if (scan->later)
        return false;
    scan->matched = proxied[scan->matched] == byte ? scan->matched + 1 : byte == ' ';
    const bool absolute = scan->matched == strlen(proxied);
    if (absolute)
        scan->matched = 0;
    return absolute || (scan->column == strlen(connect) && memcmp(scan->begin, connect, strlen(connect)) == 0);
}

bool host_scan(struct host_scan *scan, unsigned char raw)
{
    const char byte = (char)(raw >= 'A' && raw <= 'Z' ? raw - 'A' + 'a' : raw);
    const bool whole = scan->collecting && collect(scan, byte);
    if (byte == '\n') {
        scan->later = true;
        scan->column = 0;
    } else if (!scan->collecting && !whole && announces(scan, byte)) {
        begin_name(scan);
    }
    return whole;
}
