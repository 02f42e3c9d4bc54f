/* Hosts: taken out of addresses as they are written in files; what is nobody's is known as such. */
#include "audit/hosts.h"
#include "check.h"

static void the_host_of_an_address_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *address, *host;
    } rows[] = {
        { "https://user:word@API.Stripe.com:443/v1?x=@y", "api.stripe.com" },
        { "//cdn.jsdelivr.net/npm/x", "cdn.jsdelivr.net" },
        { "smtp.sendgrid.net:587", "smtp.sendgrid.net" },
        { "mx.example.fr.", "mx.example.fr" },
        { "https://[2001:db8::1]:80/", "2001:db8::1" },
        { "https://${account}.snowflakecomputing.com/", "snowflakecomputing.com" },
        { "https://eu-${x}.api.shop.io", "api.shop.io" },
        { "*.s3.amazonaws.com", "s3.amazonaws.com" },
        { "mongodb+srv://u:p@c0.ab.mongodb.net,c1.ab.mongodb.net/db", "c0.ab.mongodb.net" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char host[HOST_BYTES];
        bool scheme;
        assert_true(host_of(span_text(rows[i].address), host, &scheme));
        assert_string_equal(host, rows[i].host);
    }
}

static void what_is_no_host_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = { "",
                                        "https://",
                                        "https:///path",
                                        "a b",
                                        ".com",
                                        "x..y",
                                        "https://$HOST/",
                                        "https://{host}",
                                        "https://-x.com",
                                        "<host>" };
    char host[HOST_BYTES], *long_host = NULL;
    bool scheme;
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (host_of(span_text(rows[i]), host, &scheme) && host_public(host))
            fail_msg("%s gave %s", rows[i], host);
    long_host = malloc(70000);
    assert_non_null(long_host);
    memset(long_host, 'a', 70000);
    assert_false(host_of(span_of(long_host, 70000), host, &scheme));
    free(long_host);
}

static void reserved_and_private_names_are_nobody(void **state)
{
    (void)state;
    static const char *const rows[] = { "localhost",       "db",           "redis.local",    "api.internal",
                                        "www.example.com", "mail.example", "10.0.0.1",       "x.svc.cluster.local",
                                        "server.lan",      "a.test",       "1.2.3.4.nip.io", "file.notatld",
                                        "example.org" };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (host_public(rows[i]))
            fail_msg("%s is taken for a public host", rows[i]);
    assert_true(host_public("www.bakery.fr"));
    assert_true(host_placeholder("www.yourdomain.com"));
    assert_true(host_placeholder("api.acme.io"));
    assert_false(host_placeholder("www.bakery.fr"));
}

static void the_registered_part_follows_the_public_suffixes(void **state)
{
    (void)state;
    assert_string_equal(host_registrable("www.shop.bakery.co.uk"), "bakery.co.uk");
    assert_string_equal(host_registrable("bakery.fr"), "bakery.fr");
    assert_null(host_registrable("co.uk"));
}

int main(void)
{
    RUN_TESTS(TEST(the_host_of_an_address_is_found), TEST(what_is_no_host_is_refused),
              TEST(reserved_and_private_names_are_nobody), TEST(the_registered_part_follows_the_public_suffixes));
}
