/* passwords.c: a password manager's export, CSV (RFC 4180) with a heading: Bitwarden, 1Password, KeePass, LastPass,
 * Chromium, Firefox, Proton Pass, Dashlane. Only the column with addresses is looked at; nothing else of a row is kept,
 * not even for a moment. */
#include <string.h>

#include "audit/readers/accounts.h"
#include "audit/readers/readers.h"

enum { MOST_COLUMNS = 64 };

struct table {
    struct span text;
    size_t at, line;
};

static bool takes_passwords(const struct source *source)
{
    return strcmp(source->extension, "csv") == 0;
}

/* The next field, without its quotes; *last if it ends a row. False at the end of the text. */
static bool next_field(struct table *table, struct span *field, bool *last)
{
    const struct span text = table->text;
    if (table->at >= text.bytes)
        return false;
    const bool quoted = text.data[table->at] == '"';
    const size_t begin = table->at += quoted;
    while (table->at < text.bytes) {
        const unsigned char c = text.data[table->at];
        const bool doubled = quoted && c == '"' && table->at + 1 < text.bytes && text.data[table->at + 1] == '"';
        if (quoted ? c == '"' && !doubled : c == ',' || c == '\n')
            break;
        table->line += c == '\n';
        table->at += doubled ? 2 : 1;
    }
    *field = span_trim(span_part(text, begin, table->at - begin));
    while (table->at < text.bytes && text.data[table->at] != ',' && text.data[table->at] != '\n')
        table->at++;
    *last = table->at >= text.bytes || text.data[table->at] == '\n';
    table->line += table->at < text.bytes && *last;
    table->at++;
    return true;
}

static bool is_one_of(struct span name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_is_nocase(name, names[i]))
            return true;
    return false;
}

/* Which column of the heading has addresses; false if this is no export of passwords. */
static bool find_column(struct table *table, size_t *column)
{
    static const char *const addresses[] = { "url",       "urls",   "login_uri", "uri",     "web site",   "website",
                                             "login url", "origin", "hostname",  "address", "web address" };
    static const char *const secrets[] = { "password", "login_password", "mot de passe", "passwort", "otpauth" };
    struct span field;
    bool last = false, address = false, secret = false;
    for (size_t i = 0; !last && i < MOST_COLUMNS && next_field(table, &field, &last); i++) {
        if (!address && is_one_of(field, addresses, LENGTH(addresses))) {
            address = true;
            *column = i;
        }
        secret |= is_one_of(field, secrets, LENGTH(secrets));
    }
    return last && address && secret;
}

/* Bitwarden writes several addresses into one field. */
static void tell_addresses(struct accounts *accounts, struct span field, size_t line)
{
    while (field.bytes > 0) {
        const size_t comma = span_find(field, ",");
        account_tell(accounts, span_trim(span_part(field, 0, comma)), line, EVIDENCE_OBSERVED);
        field = span_from(field, comma + 1);
    }
}

static enum reading read_passwords(struct source *source, struct sink *sink)
{
    struct table table = { .text = source->text, .line = 1 };
    struct accounts accounts = { .source = source, .sink = sink };
    size_t column = 0;
    if (!find_column(&table, &column))
        return READ_NOT_MINE;
    struct span field;
    bool last;
    size_t row_line = table.line;
    for (size_t i = 0; next_field(&table, &field, &last); i = last ? 0 : i + 1) {
        if (i == column)
            tell_addresses(&accounts, field, row_line);
        row_line = last ? table.line : row_line;
    }
    return READ_DONE;
}

const struct reader reader_passwords = { .name = "passwords", .takes = takes_passwords, .read = read_passwords };
