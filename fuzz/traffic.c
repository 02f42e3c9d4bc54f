/* Fuzz target: what goes over a network: packets, questions for names, the beginnings of connections. The
 * first byte says as what the rest is read. */
#include "traffic/traffic.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *context, const struct dns_record *record)
{
    size_t *letters = context;
    *letters += strlen(record->owner) + strlen(record->target);
}

static void read_packet(struct span bytes)
{
    static _Thread_local unsigned char out[PACKET_MOST];
    struct packet packet;
    if (!packet_read(bytes, &packet))
        return;
    (void)packet_reset(&packet, out);
    (void)packet_unreachable(&packet, false, out);
    (void)packet_datagram(&packet.to, &packet.from, packet.payload, out);
}

static void read_names(struct span bytes)
{
    unsigned char out[PACKET_MOST];
    struct dns_question question;
    size_t letters = 0;
    if (dns_read_question(bytes, false, &question))
        (void)dns_answer_empty(bytes, &question, DNS_NO_SUCH_NAME, out);
    dns_each_answer(bytes, note, &letters);
}

static void read_beginning(struct span bytes)
{
    char name[DNS_NAME];
    struct host_scan scan = { 0 };
    (void)sniff_tls(bytes, name);
    for (size_t i = 0; i < bytes.bytes; i++)
        (void)host_scan(&scan, bytes.data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > PACKET_MOST)
        return 0;
    const struct span rest = span_of(data + 1, size - 1);
    if (data[0] == 'p')
        read_packet(rest);
    else if (data[0] == 'n')
        read_names(rest);
    else
        read_beginning(rest);
    return 0;
}
