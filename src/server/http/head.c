/* head.c: what the headers of a request allow.
 *
 * libmicrohttpd 0.9.75 takes the first of two Content-Length, lets Transfer-Encoding win over it, knows no encoding but
 * "chunked", and takes a name with a space before the colon for another name. Where a request ends would then be a
 * matter of opinion, and a second request could hide in it. RFC 9112, sections 5.1 and 6.3. */
#include "server/http/head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What was counted so far. */
struct count {
    size_t bytes, lengths, encodings, hosts;
    bool bad_name;
};

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const char c = text[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return bytes > 0;
}

static enum MHD_Result count_one(void *context, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                 const char *value, size_t value_bytes)
{
    (void)kind, (void)value;
    struct count *count = context;
    count->bytes += name_bytes + value_bytes + 4; /* ": " and the line's end */
    count->bad_name = count->bad_name || !is_token(name, name_bytes);
    count->lengths += strcasecmp(name, "Content-Length") == 0;
    count->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    count->hosts += strcasecmp(name, "Host") == 0;
    return MHD_YES;
}

static const char *header(struct MHD_Connection *mhd, const char *name)
{
    return MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name);
}

static bool check_framing(struct MHD_Connection *mhd, const struct count *count, struct failure *failure)
{
    const char *encoding = header(mhd, "Transfer-Encoding");
    if (count->bad_name)
        return failure_set(failure, FAILURE_BAD_REQUEST, "a header's name has characters that no name has");
    if (count->lengths > 1)
        return failure_set(failure, FAILURE_BAD_REQUEST, "Content-Length is there %zu times", count->lengths);
    if (count->encodings > 0 && count->lengths > 0)
        return failure_set(failure, FAILURE_BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other");
    if (count->encodings > 1 || (encoding && strcasecmp(encoding, "chunked") != 0))
        return failure_set(failure, FAILURE_BAD_REQUEST, "Transfer-Encoding can be chunked and nothing else");
    if (count->hosts > 1)
        return failure_set(failure, FAILURE_BAD_REQUEST, "Host is there %zu times", count->hosts);
    return true;
}

bool head_read(struct MHD_Connection *mhd, struct head *out, struct failure *failure)
{
    struct count count = { 0 };
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, count_one, &count);
    const char *length = header(mhd, "Content-Length");
    *out = (struct head){ .has_body = count.encodings > 0 || (length && strspn(length, "0") != strlen(length)) };
    if (!check_framing(mhd, &count, failure))
        return false;
    out->framed = true;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (count.bytes > HEADERS_MOST || (info && info->header_size > HEADERS_MOST))
        return failure_set(failure, FAILURE_HEADERS, "the headers are larger than %d KiB", HEADERS_MOST >> 10);
    if (length && strtoull(length, NULL, 10) > BODY_MOST) /* libmicrohttpd has refused what is no number */
        return failure_set(failure, FAILURE_BODY, "the body is larger than %d MiB", BODY_MOST >> 20);
    return true;
}

/* "application/json", also with parameters behind it. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    const size_t length = sizeof json - 1;
    return type && strncasecmp(type, json, length) == 0 && strchr("; \t", type[length]) != NULL;
}

bool head_check_media(struct MHD_Connection *mhd, const struct head *head, struct failure *failure)
{
    const char *encoding = header(mhd, "Content-Encoding");
    if (!head->has_body)
        return true;
    if (encoding && strcasecmp(encoding, "identity") != 0)
        return failure_set(failure, FAILURE_MEDIA,
                           "Content-Encoding %.40s: bodies are taken as they are: turn compression off", encoding);
    /* A page may send a form to any address without asking first; JSON it may not. */
    if (header(mhd, "Origin") && !is_json(header(mhd, "Content-Type")))
        return failure_set(failure, FAILURE_MEDIA, "from a page, a body has to be application/json");
    return true;
}
