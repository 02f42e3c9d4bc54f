/* Packets of any length and content are read within their bounds, and answered so that a kernel takes the answer. */
#include "check.h"
#include "traffic/traffic.h"

#include <arpa/inet.h>

static struct endpoint endpoint(const char *text, uint16_t port)
{
    struct endpoint out;
    assert_true(endpoint_read(text, &out));
    out.port = port;
    return out;
}

/* RFC 1071: over what is right, the sum is all ones. */
static unsigned sum(const unsigned char *bytes, size_t count, unsigned long start)
{
    for (size_t i = 0; i < count; i++)
        start += i % 2 ? bytes[i] : (unsigned long)bytes[i] << 8;
    while (start >> 16)
        start = (start & 0xffff) + (start >> 16);
    return (unsigned)start;
}

/* A datagram of three bytes from 192.0.2.1:1000 to 192.0.2.2:2000, written by hand after RFC 791 and 768. */
static const unsigned char by_hand[] = { 0x45, 0, 0, 31, 0, 0,    0, 0,    64, 17, 0xf6, 0xca, 192, 0,   2,  1,
                                         192,  0, 2, 2,  3, 0xe8, 7, 0xd0, 0,  11, 0x00, 0x00, 'a', 'b', 'c' };

static void a_datagram_is_written_as_the_rfcs_say(void **state)
{
    (void)state;
    unsigned char out[PACKET_MOST];
    const struct endpoint from = endpoint("192.0.2.1", 1000), to = endpoint("192.0.2.2", 2000);
    assert_int_equal(packet_datagram(&from, &to, span_text("abc"), out), sizeof by_hand);
    assert_memory_equal(out, by_hand, 26); /* all but UDP's sum */
    assert_int_equal(sum(out, 20, 0), 0xffff);
    assert_int_equal(sum(out + 12, sizeof by_hand - 12, 17 + 11), 0xffff);
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    unsigned char out[PACKET_MOST];
    struct packet packet;
    const struct endpoint from = endpoint("2001:db8::1", 1), to = endpoint("2001:db8::2", 65535);
    const size_t bytes = packet_datagram(&from, &to, span_text("hello"), out);
    assert_true(packet_read(span_of(out, bytes), &packet));
    assert_true(endpoint_same(&packet.from, &from) && endpoint_same(&packet.to, &to));
    assert_true(span_equal(packet.payload, span_text("hello")));
    assert_int_equal(sum(out + 8, bytes - 8, 17 + bytes - 40), 0xffff);
}

static void a_reset_acknowledges_the_syn(void **state)
{
    (void)state;
    unsigned char syn[40] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
    const unsigned char segment[20] = { 3, 0xe8, 0, 80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x50, TCP_SYN };
    unsigned char out[PACKET_MOST];
    struct packet packet, answer;
    memcpy(syn + 20, segment, sizeof segment);
    assert_true(packet_read(span_of(syn, sizeof syn), &packet));
    assert_int_equal(packet.flags, TCP_SYN);
    assert_true(packet_read(span_of(out, packet_reset(&packet, out)), &answer));
    assert_int_equal(answer.flags, TCP_RST | TCP_ACK);
    assert_true(endpoint_same(&answer.to, &packet.from) && endpoint_same(&answer.from, &packet.to));
    assert_memory_equal(out + 20 + 8, "\0\0\0\0", 4); /* 0xffffffff + 1 */
    assert_int_equal(sum(out + 12, 28, 6 + 20), 0xffff);
}

static void no_cut_or_fragmented_packet_is_read(void **state)
{
    (void)state;
    struct packet packet;
    unsigned char fragment[sizeof by_hand];
    for (size_t bytes = 0; bytes < sizeof by_hand; bytes++) {
        unsigned char *cut = malloc(bytes + 1); /* so that a sanitizer sees a read past the end */
        memcpy(cut, by_hand, bytes);
        assert_false(packet_read(span_of(cut, bytes), &packet));
        free(cut);
    }
    memcpy(fragment, by_hand, sizeof fragment);
    fragment[6] = 0x20;
    assert_false(packet_read(span_of(fragment, sizeof fragment), &packet));
}

static void addresses_of_this_machine_are_not_elsewhere(void **state)
{
    (void)state;
    const char *const here[] = { "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1",
                                 "::",        "ff02::1", "fe80::1",   "::ffff:127.0.0.1" };
    for (size_t i = 0; i < LENGTH(here); i++) {
        const struct endpoint address = endpoint(here[i], 0);
        assert_false(endpoint_is_elsewhere(&address));
    }
    const struct endpoint four = endpoint("10.1.2.3", 0), six = endpoint("2001:db8::1", 0);
    assert_true(endpoint_is_elsewhere(&four) && endpoint_is_elsewhere(&six));
}

int main(void)
{
    RUN_TESTS(TEST(a_datagram_is_written_as_the_rfcs_say), TEST(what_was_written_is_read_again),
              TEST(a_reset_acknowledges_the_syn), TEST(no_cut_or_fragmented_packet_is_read),
              TEST(addresses_of_this_machine_are_not_elsewhere));
}
