/* Questions and answers for names are read within their bounds, whatever a stranger wrote. */
#include "check.h"
#include "traffic/traffic.h"

/* "Www.Example.com", A, as a query with the id 0x1234. */
static const unsigned char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                     "\3Www\7Example\3com\0\x00\x01\x00\x01";

/* Its answer: www.example.com is another name of a.cdn.example.net, whose address is 192.0.2.7. */
static const unsigned char reply[] = "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"
                                     "\3www\7example\3com\0\x00\x01\x00\x01"
                                     "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x13\1a\3cdn\7example\3net\0"
                                     "\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07";

static struct span bytes_of(const unsigned char *bytes, size_t with_terminator)
{
    return span_of(bytes, with_terminator - 1);
}

struct seen {
    size_t count;
    struct dns_record records[4];
};

static void note(void *context, const struct dns_record *record)
{
    struct seen *seen = context;
    if (seen->count < LENGTH(seen->records))
        seen->records[seen->count] = *record;
    seen->count++;
}

static void a_question_is_read_in_small_letters(void **state)
{
    (void)state;
    struct dns_question question;
    assert_true(dns_read_question(bytes_of(query, sizeof query), false, &question));
    assert_string_equal(question.name, "www.example.com");
    assert_int_equal(question.type, DNS_TYPE_A);
    assert_int_equal(question.end, sizeof query - 1);
    assert_false(dns_read_question(bytes_of(query, sizeof query), true, &question));
}

static void aliases_and_addresses_are_found(void **state)
{
    (void)state;
    struct seen seen = { 0 };
    dns_each_answer(bytes_of(reply, sizeof reply), note, &seen);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.records[0].owner, "www.example.com");
    assert_string_equal(seen.records[0].target, "a.cdn.example.net");
    assert_string_equal(seen.records[1].owner, "a.cdn.example.net");
    assert_memory_equal(seen.records[1].address.address, "\xc0\x00\x02\x07", 4);
}

static void an_answer_without_records_repeats_the_question(void **state)
{
    (void)state;
    struct dns_question question, again;
    unsigned char out[sizeof query];
    const struct span span = bytes_of(query, sizeof query);
    assert_true(dns_read_question(span, false, &question));
    const size_t bytes = dns_answer_empty(span, &question, DNS_NO_SUCH_NAME, out);
    assert_true(dns_read_question(span_of(out, bytes), true, &again));
    assert_string_equal(again.name, question.name);
    assert_int_equal(dns_id(span_of(out, bytes)), 0x1234);
    assert_int_equal(out[3] & 15, DNS_NO_SUCH_NAME);
}

static void names_that_point_at_themselves_or_ahead_end(void **state)
{
    (void)state;
    struct dns_question question;
    const unsigned char loop[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01";
    const unsigned char ahead[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x10\x00\x01\x01"
                                  "a\0\0\0\0";
    assert_false(dns_read_question(bytes_of(loop, sizeof loop), false, &question));
    assert_false(dns_read_question(bytes_of(ahead, sizeof ahead), false, &question));
}

static void what_would_not_show_in_a_name_does_not_pass_for_another(void **state)
{
    (void)state;
    struct dns_question question;
    const unsigned char dotted[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                   "\4a.b\n\3com\0\x00\x01\x00\x01";
    assert_true(dns_read_question(bytes_of(dotted, sizeof dotted), false, &question));
    assert_string_equal(question.name, "a?b?.com");
}

static void every_cut_and_every_flipped_bit_is_survived(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < sizeof reply; bytes++) {
        struct seen seen = { 0 };
        unsigned char *cut = malloc(bytes + 1);
        memcpy(cut, reply, bytes);
        dns_each_answer(span_of(cut, bytes), note, &seen);
        assert_true(seen.count <= 2);
        free(cut);
    }
    for (size_t bit = 0; bit < (sizeof reply - 1) * 8; bit++) {
        struct seen seen = { 0 };
        unsigned char flipped[sizeof reply];
        memcpy(flipped, reply, sizeof reply);
        flipped[bit / 8] = (unsigned char)(flipped[bit / 8] ^ 1u << bit % 8);
        dns_each_answer(span_of(flipped, sizeof reply - 1), note, &seen);
        assert_true(seen.count <= 2);
    }
}

int main(void)
{
    RUN_TESTS(TEST(a_question_is_read_in_small_letters), TEST(aliases_and_addresses_are_found),
              TEST(an_answer_without_records_repeats_the_question), TEST(names_that_point_at_themselves_or_ahead_end),
              TEST(what_would_not_show_in_a_name_does_not_pass_for_another),
              TEST(every_cut_and_every_flipped_bit_is_survived));
}
