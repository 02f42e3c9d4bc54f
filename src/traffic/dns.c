/* dns.c: questions and answers of the domain name system. Messages come from the command and from the network: every
 * offset is compared with the message's length, a name follows at most 64 pointers, each to an earlier place. */
#include "traffic/traffic.h"

#include <string.h>

enum {
    HEADER = 12,
    MOST_RECORDS = 512,
    MOST_POINTERS = 64,
    FLAG_ANSWER = 0x80, /* QR, in the third byte */
    FLAG_CUT = 0x02,    /* TC */
};

static unsigned get16(struct span message, size_t offset)
{
    return (unsigned)message.data[offset] << 8 | message.data[offset + 1];
}

/* What may not stand in a name that people read, a dot inside of a label among it, becomes '?'. */
static char shown(unsigned char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    return byte > ' ' && byte < 127 && byte != '.' ? (char)byte : '?';
}

static bool add_label(struct span message, size_t offset, size_t length, char *name, size_t *used)
{
    if (!span_has(message, offset, length) || *used + length + 2 > DNS_NAME)
        return false;
    if (*used > 0)
        name[(*used)++] = '.';
    for (size_t i = 0; i < length; i++)
        name[(*used)++] = shown(message.data[offset + i]);
    return true;
}

/* Reads the name at *offset and moves *offset behind it. */
static bool read_name(struct span message, size_t *offset, char name[DNS_NAME])
{
    size_t at = *offset, used = 0, pointers = 0;
    while (span_has(message, at, 1)) {
        const size_t length = message.data[at];
        if (length == 0) {
            name[used] = '\0';
            *offset = pointers ? *offset : at + 1;
            return true;
        }
        if (length < 64) {
            if (!add_label(message, at + 1, length, name, &used))
                return false;
            at += 1 + length;
            continue;
        }
        if (length < 192 || !span_has(message, at, 2) || pointers == MOST_POINTERS)
            return false;
        const size_t to = get16(message, at) & 0x3fff;
        if (to >= at)
            return false;
        *offset = pointers++ ? *offset : at + 2;
        at = to;
    }
    return false;
}

bool dns_read_question(struct span message, bool answer, struct dns_question *out)
{
    if (message.bytes < HEADER || get16(message, 4) != 1)
        return false;
    const bool is_answer = (message.data[2] & FLAG_ANSWER) != 0;
    const bool is_standard = (message.data[2] & 0x78) == 0;
    out->end = HEADER;
    if (is_answer != answer || !is_standard || !read_name(message, &out->end, out->name) ||
        !span_has(message, out->end, 4))
        return false;
    out->type = (uint16_t)get16(message, out->end);
    out->end += 4;
    return true;
}

/* What is in the record of length bytes at offset. */
static bool read_data(struct span message, size_t offset, size_t length, struct dns_record *record)
{
    record->address = (struct endpoint){ .six = record->type == DNS_TYPE_AAAA };
    record->target[0] = '\0';
    if (record->type == DNS_TYPE_CNAME)
        return read_name(message, &offset, record->target);
    if (length != endpoint_bytes(&record->address))
        return false;
    memcpy(record->address.address, message.data + offset, length);
    return true;
}

/* Reads the record at *offset and moves *offset behind it; *wanted: it is of a kind that matters. */
static bool read_record(struct span message, size_t *offset, struct dns_record *record, bool *wanted)
{
    enum { FIXED = 10 }; /* type, class, time to live, length */
    if (!read_name(message, offset, record->owner) || !span_has(message, *offset, FIXED))
        return false;
    const size_t length = get16(message, *offset + 8), data = *offset + FIXED;
    if (!span_has(message, data, length))
        return false;
    record->type = (uint16_t)get16(message, *offset);
    *offset = data + length;
    *wanted = record->type == DNS_TYPE_A || record->type == DNS_TYPE_AAAA || record->type == DNS_TYPE_CNAME;
    return !*wanted || read_data(message, data, length, record);
}

void dns_each_answer(struct span message, void (*found)(void *context, const struct dns_record *record), void *context)
{
    struct dns_question question;
    if (!dns_read_question(message, true, &question))
        return;
    const size_t records = size_min(get16(message, 6), MOST_RECORDS);
    size_t offset = question.end;
    for (size_t i = 0; i < records; i++) {
        struct dns_record record;
        bool wanted;
        if (!read_record(message, &offset, &record, &wanted))
            return;
        if (wanted)
            found(context, &record);
    }
}

size_t dns_answer_empty(struct span query, const struct dns_question *question, unsigned status, unsigned char *out)
{
    memcpy(out, query.data, question->end);
    out[2] = (unsigned char)(FLAG_ANSWER | (query.data[2] & 1)); /* recursion was wanted */
    out[3] = (unsigned char)(0x80 | (status & 15));              /* and is done here */
    memset(out + 6, 0, 6);                                       /* no records */
    return question->end;
}

uint16_t dns_id(struct span message)
{
    return message.bytes < 2 ? 0 : (uint16_t)get16(message, 0);
}

void dns_set_id(unsigned char *message, uint16_t id)
{
    message[0] = (unsigned char)(id >> 8);
    message[1] = (unsigned char)id;
}

bool dns_is_cut(struct span message)
{
    return message.bytes > 2 && (message.data[2] & FLAG_CUT);
}
