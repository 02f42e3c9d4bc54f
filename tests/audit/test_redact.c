/* What a report shows of a line: the evidence, and nothing that opens a door. */
#include "audit/redact.h"
#include "check.h"

static void secrets_are_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *line, *secret;
    } rows[] = {
        { "STRIPE_KEY=sk_live_51Hx8Kq2eZvKYlo2C", "51Hx8Kq2" },
        { "url: postgres://app:hunter2pass@db.neon.tech/x", "hunter2pass" },
        { "SENTRY_DSN=https://0123456789abcdef@o1.ingest.sentry.io/4", "0123456789abcdef" },
        { "token: \"ghp_abcdefghijklmnopqrstuvwxyz012345\"", "ghp_abcd" },
        { "AWS_SECRET_ACCESS_KEY = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "wJalrX" },
        { "password: correcthorse", "correcthorse" },
        { "https://hooks.slack.com/services/T0/B0/a1B2c3D4e5F6g7H8i9J0k1L2", "a1B2c3D4" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char shown[TEXT_BYTES];
        redact(span_text(rows[i].line), shown);
        if (strstr(shown, rows[i].secret))
            fail_msg("shown: %s", shown);
    }
}

static void evidence_stays(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "uses: actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3",
        "FROM ghcr.io/owner/image@sha256:8f4b7f84864484a7bf31766abe9204da3cbe65b38f4b7f84864484a7bf31766a",
        "resource \"aws_s3_bucket\" \"bakery_documents_2026\" {",
        "POSTHOG_HOST=https://eu.i.posthog.com",
        "GPG_KEY_SERVERS=keyserver.ubuntu.com",
        "  key    = \"state/terraform.tfstate\"",
        "import { S3Client } from \"@aws-sdk/client-s3\";",
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char shown[TEXT_BYTES];
        redact(span_text(rows[i]), shown);
        assert_string_equal(shown, rows[i] + strspn(rows[i], " "));
    }
}

static void a_line_is_cut_at_a_character_and_obeys_no_terminal(void **state)
{
    (void)state;
    char line[600], shown[TEXT_BYTES];
    for (size_t i = 0; i < 298; i++)
        memcpy(line + 2 * i, "é", 2);
    redact(span_of(line, 596), shown);
    assert_int_equal(utf8_valid_prefix(span_text(shown)), strlen(shown));
    assert_true(strlen(shown) < TEXT_BYTES);
    redact(span_text("a\x1b[31mb\x9b"), shown);
    assert_null(strchr(shown, '\x1b'));
}

int main(void)
{
    RUN_TESTS(TEST(secrets_are_hidden), TEST(evidence_stays), TEST(a_line_is_cut_at_a_character_and_obeys_no_terminal));
}
