/* certificates.c: who vouches for names. Two questions: who has issued the certificates that servers here show (nginx,
 * Apache, HAProxy, Postfix, Dovecot), and whose word this machine takes: its trusted roots, summed up, and those that
 * somebody has added, since who holds such a key can read what is encrypted to others.
 * Certificates are read by GnuTLS; addresses of OCSP, CRL and issuer in them (RFC 5280, 4.2.2.1) say whose they are. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "audit/host/machine.h"

enum { MOST_CERTIFICATE = 1 << 20, MOST_BUNDLE = 8 << 20, MOST_ROOTS = 4096, MOST_ADDRESSES = 4, LONGEST_NAME = 120 };

/* ---- one certificate --------------------------------------------------------------------------------------------- */

/* A part of a name ("2.5.4.10": the organisation) as it may be shown. */
static void read_name(gnutls_x509_crt_t certificate, bool issuer, const char *oid, char out[LONGEST_NAME])
{
    char raw[LONGEST_NAME] = "";
    size_t bytes = sizeof raw;
    const int got = issuer ? gnutls_x509_crt_get_issuer_dn_by_oid(certificate, oid, 0, 0, raw, &bytes)
                           : gnutls_x509_crt_get_dn_by_oid(certificate, oid, 0, 0, raw, &bytes);
    struct error clean; /* takes out what would act on a terminal */
    error_set(&clean, "%.*s", got == 0 ? (int)sizeof raw - 1 : 0, raw);
    snprintf(out, LONGEST_NAME, "%.119s", clean.text);
}

/* Address i of those that say where more about it is; false behind the last. */
static bool read_address(gnutls_x509_crt_t certificate, unsigned i, int what, gnutls_datum_t *out)
{
    unsigned critical;
    return gnutls_x509_crt_get_authority_info_access(certificate, i, what, out, &critical) == 0;
}

/* The service that has issued it; else NULL, and the first host that it names in host ("" if it names none). */
static const struct service *issuer_of(const struct sink *sink, gnutls_x509_crt_t certificate, char host[HOST_BYTES])
{
    static const int whats[] = { GNUTLS_IA_OCSP_URI, GNUTLS_IA_CAISSUERS_URI };
    const struct service *service = NULL;
    *host = '\0';
    for (size_t what = 0; what < LENGTH(whats); what++)
        for (unsigned i = 0; !service && i < MOST_ADDRESSES; i++) {
            gnutls_datum_t address;
            bool scheme;
            if (!read_address(certificate, i, whats[what], &address))
                continue;
            const struct span text = span_of(address.data, address.size);
            service = sign_service(sink, SIGNAL_CAA, text);
            if (!*host && !host_of(text, host, &scheme))
                *host = '\0';
            gnutls_free(address.data);
        }
    return service;
}

static void tell_certificate(struct source *source, struct sink *sink, gnutls_x509_crt_t certificate, size_t line,
                             const char *path)
{
    char organisation[LONGEST_NAME], host[HOST_BYTES], shown[400];
    const struct service *service = issuer_of(sink, certificate, host);
    read_name(certificate, true, GNUTLS_OID_X520_ORGANIZATION_NAME, organisation);
    snprintf(shown, sizeof shown, "certificate %.200s, issued by %s", path, organisation);
    const struct mention told = { .signal = SIGNAL_DOMAIN,
                                  .value = span_text(host),
                                  .line = line,
                                  .evidence = EVIDENCE_CONFIGURED,
                                  .shown = span_text(shown) };
    if (service)
        mention_service(source, sink, service, &told);
    else if (*host)
        mention(source, sink, &told);
}

/* ---- certificates in use ----------------------------------------------------------------------------------------- */

struct use {
    const char *path; /* of the settings */
    size_t line;
};

/* The first certificate of a file is the server's own. */
static void read_used(struct machine *machine, const char *path, const struct use *use)
{
    gnutls_x509_crt_t certificate;
    struct arena arena = { 0 };
    struct source source = { .arena = &arena };
    if (!machine_bytes(machine, path, MOST_CERTIFICATE) || gnutls_x509_crt_init(&certificate) < 0)
        return;
    const gnutls_datum_t bytes = { (unsigned char *)machine->bytes.bytes, (unsigned)machine->bytes.length };
    machine_source(&source, use->path);
    if (gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_PEM) == 0)
        tell_certificate(&source, &machine->sink, certificate, use->line, path);
    gnutls_x509_crt_deinit(certificate);
    arena_free(&arena);
}

static bool path_of(struct span line, char out[512])
{
    static const char *const keys[] = { "ssl_certificate", "SSLCertificateFile", "smtpd_tls_cert_file", "ssl_cert",
                                        "tls_server_cert" };
    struct span value;
    for (size_t i = 0; i < LENGTH(keys); i++) {
        if (!line_setting(line, keys[i], &value))
            continue;
        while (value.bytes > 0 && strchr("<\"'", value.data[0])) /* Dovecot: "<" reads the file */
            value = span_from(value, 1);
        snprintf(out, 512, "%.*s", (int)size_min(value.bytes, 511), (const char *)value.data);
        out[strcspn(out, ";\"' \t")] = '\0';
        return out[0] == '/';
    }
    return false;
}

/* Settings are read whole before what they name: the machine has one buffer. */
static void read_settings(struct machine *machine, const char *path, void *context)
{
    (void)context;
    if (!machine_bytes(machine, path, MOST_CERTIFICATE))
        return;
    struct arena arena = { 0 };
    const struct span buffer = buffer_span(&machine->bytes);
    const char *copy = arena_text(&arena, buffer);
    const struct span text = span_of(copy, copy ? buffer.bytes : 0);
    struct use use = { .path = path };
    size_t at = 0;
    for (struct span line; next_line(text, &at, &line);) {
        char certificate[512];
        use.line++;
        if (path_of(line_content(line, "#"), certificate))
            read_used(machine, certificate, &use);
    }
    arena_free(&arena);
}

/* ---- trusted roots ----------------------------------------------------------------------------------------------- */

struct tally {
    char name[LONGEST_NAME];
    size_t count;
};

struct tallies {
    struct tally *rows; /* MOST_ROOTS */
    size_t count;
};

static void count_name(struct tallies *tallies, const char *name)
{
    size_t row = 0;
    while (row < tallies->count && strcmp(tallies->rows[row].name, name) != 0)
        row++;
    if (row == MOST_ROOTS)
        return;
    if (row == tallies->count)
        snprintf(tallies->rows[tallies->count++].name, LONGEST_NAME, "%s", name);
    tallies->rows[row].count++;
}

static int by_count(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

/* "trusts 142 roots of 53 organisations in 21 countries (US 50, ES 9, ...)" */
static void tell_roots(struct machine *machine, const char *path, size_t roots, size_t organisations,
                       struct tallies *countries)
{
    enum { SHOWN = 8 };
    struct buffer text = { .limit = 1024 };
    qsort(countries->rows, countries->count, sizeof *countries->rows, by_count);
    bool good = buffer_format(&text, NULL, "trusts %zu roots of %zu organisations in %zu countries (", roots,
                              organisations, countries->count);
    for (size_t i = 0; good && i < countries->count && i < SHOWN; i++)
        good = buffer_format(&text, NULL, "%s%.2s %zu", i ? ", " : "", countries->rows[i].name,
                             countries->rows[i].count);
    good = good && buffer_format(&text, NULL, "%s): each of them may vouch for any name",
                                 countries->count > SHOWN ? ", ..." : "");
    if (good)
        sink_warn(&machine->sink, path, text.bytes);
    buffer_free(&text);
}

static void sum_roots(struct machine *machine, const char *path, gnutls_x509_crt_t *roots, size_t count)
{
    struct tallies organisations = { calloc(MOST_ROOTS, sizeof *organisations.rows), 0 };
    struct tallies countries = { calloc(MOST_ROOTS, sizeof *countries.rows), 0 };
    for (size_t i = 0; organisations.rows && countries.rows && i < count; i++) {
        char name[LONGEST_NAME];
        read_name(roots[i], false, GNUTLS_OID_X520_ORGANIZATION_NAME, name);
        count_name(&organisations, name);
        read_name(roots[i], false, GNUTLS_OID_X520_COUNTRY_NAME, name);
        if (*name)
            count_name(&countries, name);
    }
    if (organisations.rows && countries.rows && count > 0)
        tell_roots(machine, path, count, organisations.count, &countries);
    free(organisations.rows);
    free(countries.rows);
}

static void read_roots(struct machine *machine, const char *path, void *context)
{
    bool *done = context; /* systems have one bundle under several names */
    gnutls_x509_crt_t *roots = NULL;
    unsigned count = 0;
    if (*done || !machine_bytes(machine, path, MOST_BUNDLE))
        return;
    const gnutls_datum_t bytes = { (unsigned char *)machine->bytes.bytes, (unsigned)machine->bytes.length };
    if (gnutls_x509_crt_list_import2(&roots, &count, &bytes, GNUTLS_X509_FMT_PEM, 0) < 0)
        return;
    sum_roots(machine, path, roots, count);
    *done = count > 0;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(roots[i]);
    gnutls_free(roots);
}

/* A root that somebody has added to those of the distribution. */
static void read_added(struct machine *machine, const char *path, void *context)
{
    (void)context;
    char organisation[LONGEST_NAME], name[LONGEST_NAME], text[400];
    gnutls_x509_crt_t certificate;
    if (!machine_bytes(machine, path, MOST_CERTIFICATE) || gnutls_x509_crt_init(&certificate) < 0)
        return;
    const gnutls_datum_t bytes = { (unsigned char *)machine->bytes.bytes, (unsigned)machine->bytes.length };
    if (gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_PEM) == 0) {
        read_name(certificate, false, GNUTLS_OID_X520_ORGANIZATION_NAME, organisation);
        read_name(certificate, false, GNUTLS_OID_X520_COMMON_NAME, name);
        snprintf(text, sizeof text,
                 "a root that was added here (%s%s%s): who holds its key can read and change what this "
                 "machine encrypts",
                 name, *organisation ? ", " : "", organisation);
        sink_warn(&machine->sink, path, text);
    }
    gnutls_x509_crt_deinit(certificate);
}

static void read_all(struct machine *machine)
{
    static const char *const settings[] = { "/etc/nginx/nginx.conf",      "/etc/nginx/conf.d/*.conf",
                                            "/etc/nginx/sites-enabled/*", "/etc/apache2/sites-enabled/*",
                                            "/etc/httpd/conf.d/*.conf",   "/etc/postfix/main.cf",
                                            "/etc/dovecot/dovecot.conf",  "/etc/dovecot/conf.d/*.conf" };
    static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };
    static const char *const added[] = { "/usr/local/share/ca-certificates/*.crt",
                                         "/etc/pki/ca-trust/source/anchors/*" };
    bool done = false;
    for (size_t i = 0; i < LENGTH(settings); i++)
        machine_each(machine, settings[i], read_settings, NULL);
    for (size_t i = 0; i < LENGTH(bundles); i++)
        machine_each(machine, bundles[i], read_roots, &done);
    for (size_t i = 0; i < LENGTH(added); i++)
        machine_each(machine, added[i], read_added, NULL);
}

const struct origin origin_certificates = { .name = "certificates", .read = read_all };
