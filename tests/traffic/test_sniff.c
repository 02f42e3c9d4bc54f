/* The server's name is found in what a client sends, however that is cut; and in nothing else. */
#include "check.h"
#include "traffic/traffic.h"

/* The hosts that are found in a text of HTTP, each with a space after it. */
static const char *hosts_in(const char *text, char out[512])
{
    struct host_scan scan = { 0 };
    size_t used = 0;
    out[0] = '\0';
    for (; *text; text++)
        if (host_scan(&scan, (unsigned char)*text))
            used += (size_t)snprintf(out + used, 512 - used, "%s ", scan.name);
    return out;
}

static void hosts_of_all_requests_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hosts;
    } rows[] = {
        { "GET / HTTP/1.1\r\nHost: A.example\r\n\r\n", "a.example " },
        { "GET / HTTP/1.1\r\nhOsT:a.example:8080\r\n\r\nGET / HTTP/1.1\nHOST:\t b.example. \n\n",
          "a.example b.example " },
        { "CONNECT c.example:443 HTTP/1.1\r\n\r\n", "c.example " },
        { "GET http://d.example/path HTTP/1.1\r\nHost: e.example\r\n\r\n", "d.example e.example " },
        { "GET http://d.example HTTP/1.0\r\n\r\n", "d.example " },
        { "CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n", "[2001:db8::1] " },
        { "EHLO host: x\r\nX-Host: no.example\r\nHost:\r\n", "" },
        { "GET / HTTP/1.1\r\nReferer: http://no.example/\r\n\r\n", "" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char found[512];
        assert_string_equal(hosts_in(rows[i].text, found), rows[i].hosts);
    }
}

static void a_host_longer_than_any_name_is_none(void **state)
{
    (void)state;
    char text[2000] = "GET / HTTP/1.1\r\nHost: ", found[512];
    memset(text + strlen(text), 'a', 1000);
    memcpy(text + strlen(text), "\r\n", 3);
    assert_string_equal(hosts_in(text, found), "");
}

/* A first message with that name, in one record; returns its length. RFC 8446 section 4.1.2. */
static size_t hello(const char *name, unsigned char *out)
{
    const size_t length = strlen(name), extension = length + 5, extensions = 4 + extension + 4,
                 body = 41 + 2 + extensions;
    unsigned char *at = out;
    const unsigned char head[] = { 22, 3, 1, 0, (unsigned char)(body + 4), 1, 0, 0, (unsigned char)body, 3, 3 };
    memcpy(at, head, sizeof head);
    memset(at + sizeof head, 7, 32);
    at += sizeof head + 32;
    const unsigned char middle[] = { 0,
                                     0,
                                     2,
                                     0x13,
                                     1,
                                     1,
                                     0,
                                     0,
                                     (unsigned char)extensions,
                                     0,
                                     23,
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     (unsigned char)extension,
                                     0,
                                     (unsigned char)(extension - 2),
                                     0,
                                     0,
                                     (unsigned char)length };
    memcpy(at, middle, sizeof middle);
    memcpy(at + sizeof middle, name, length);
    return (size_t)(at - out) + sizeof middle + length;
}

static void a_name_of_tls_is_found_once_all_of_it_is_there(void **state)
{
    (void)state;
    unsigned char bytes[256];
    char name[DNS_NAME];
    const size_t length = hello("API.example.com.", bytes);
    for (size_t part = 0; part < length; part++)
        assert_int_equal(sniff_tls(span_of(bytes, part), name), SNIFFED_MORE);
    assert_int_equal(sniff_tls(span_of(bytes, length), name), SNIFFED_NAME);
    assert_string_equal(name, "api.example.com");
}

static void records_of_a_byte_each_are_put_together(void **state)
{
    (void)state;
    unsigned char bytes[256], pieces[6 * 256];
    char name[DNS_NAME];
    const size_t length = hello("api.example.com", bytes);
    size_t used = 0;
    for (size_t i = 5; i < length; i++) {
        const unsigned char record[] = { 22, 3, 3, 0, 1, bytes[i] };
        memcpy(pieces + used, record, sizeof record);
        used += sizeof record;
    }
    assert_int_equal(sniff_tls(span_of(pieces, used - 1), name), SNIFFED_MORE);
    assert_int_equal(sniff_tls(span_of(pieces, used), name), SNIFFED_NAME);
    assert_string_equal(name, "api.example.com");
}

static void what_is_no_tls_is_told_at_once(void **state)
{
    (void)state;
    char name[DNS_NAME];
    assert_int_equal(sniff_tls(span_text("G"), name), SNIFFED_OTHER);
    assert_int_equal(sniff_tls(span_text("SSH-2.0-x\r\n"), name), SNIFFED_OTHER);
    assert_int_equal(sniff_tls(span_text("\x16\x04"), name), SNIFFED_OTHER);
    assert_int_equal(sniff_tls(span_text("\x16\x03\x01\x01\x01\x02\x01\x01\x01"), name), SNIFFED_NOTHING);
}

static void every_flipped_bit_is_survived(void **state)
{
    (void)state;
    unsigned char bytes[256], flipped[256];
    char name[DNS_NAME];
    const size_t length = hello("api.example.com", bytes);
    for (size_t bit = 0; bit < length * 8; bit++) {
        memcpy(flipped, bytes, length);
        flipped[bit / 8] = (unsigned char)(flipped[bit / 8] ^ 1u << bit % 8);
        if (sniff_tls(span_of(flipped, length), name) == SNIFFED_NAME)
            assert_true(strlen(name) < DNS_NAME);
    }
}

int main(void)
{
    RUN_TESTS(TEST(hosts_of_all_requests_are_found), TEST(a_host_longer_than_any_name_is_none),
              TEST(a_name_of_tls_is_found_once_all_of_it_is_there), TEST(records_of_a_byte_each_are_put_together),
              TEST(what_is_no_tls_is_told_at_once), TEST(every_flipped_bit_is_survived));
}
