/* tls_own.c: a self-signed certificate, made on first use and renewed before it expires.
 *
 *   FOLDER OF CONFIGURATION/tls/server.pem        key and certificate in one file, so that they are replaced together
 *   FOLDER OF CONFIGURATION/tls/certificate.pem   for clients that are to trust it
 *
 * It holds for localhost, this machine's name (.local too), the addresses that this machine has now, --host and
 * --allow-host, for 825 days: Apple's systems refuse certificates that are good for longer. A client that was told to
 * trust it goes on trusting it, so it is made anew only when it has to be: new names need the file removed first. */
#include "server/guard/tls_own.h"

#include "server/guard/authority.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_DAYS = 825, RENEW_DAYS = 30, DAY_SECONDS = 86400, MOST_FILE_BYTES = 1 << 20 };

static bool failed(int code, const char *doing, struct error *error)
{
    return error_set(error, "certificate: cannot %s: %s", doing, gnutls_strerror(code));
}

/* ---- for whom --------------------------------------------------------------------------------------------------- */

static int add_name(gnutls_x509_crt_t certificate, const char *name)
{
    struct authority host;
    unsigned char address[16];
    if (!authority_parse_host(name, &host))
        return 0;
    if (!host.is_address)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, host.host,
                                                    (unsigned)strlen(host.host), GNUTLS_FSAN_APPEND);
    const bool v4 = inet_pton(AF_INET, host.host, address) == 1;
    if (!v4 && inet_pton(AF_INET6, host.host, address) != 1)
        return 0;
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, v4 ? 4 : 16,
                                                GNUTLS_FSAN_APPEND);
}

/* Addresses that a link gives itself (fe80::) change, and browsers do not take them. */
static int add_interface(gnutls_x509_crt_t certificate, const struct ifaddrs *interface)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *address = interface->ifa_addr;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    if (!address || (interface->ifa_flags & IFF_LOOPBACK))
        return 0;
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    else if (address->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return text[0] ? add_name(certificate, text) : 0;
}

static int add_interfaces(gnutls_x509_crt_t certificate)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0)
        return 0; /* then it is good for names */
    int code = 0;
    for (const struct ifaddrs *one = all; one && code == 0; one = one->ifa_next)
        code = add_interface(certificate, one);
    freeifaddrs(all);
    return code;
}

static int add_own_name(gnutls_x509_crt_t certificate)
{
    char name[200] = "", local[256];
    if (gethostname(name, sizeof name - 1) != 0 || !name[0] || strcmp(name, "localhost") == 0)
        return 0;
    snprintf(local, sizeof local, "%.*s.local", (int)strcspn(name, "."), name);
    const int code = add_name(certificate, name);
    return code ? code : add_name(certificate, local);
}

static int add_names(gnutls_x509_crt_t certificate, const struct server_settings *settings)
{
    static const char *const loopback[] = { "localhost", "127.0.0.1", "::1" };
    int code = 0;
    for (size_t i = 0; i < LENGTH(loopback) && code == 0; i++)
        code = add_name(certificate, loopback[i]);
    code = code ? code : add_own_name(certificate);
    code = code ? code : add_interfaces(certificate);
    code = code ? code : add_name(certificate, settings->host);
    for (size_t i = 0; i < settings->allowed_host_count && code == 0; i++)
        code = add_name(certificate, settings->allowed_hosts[i]);
    return code;
}

/* ---- making it -------------------------------------------------------------------------------------------------- */

static int describe(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    static const char name[] = "Bastide";
    unsigned char serial[16];
    const time_t now = time(NULL);
    int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of full length */
    if (code == 0)
        code = gnutls_x509_crt_set_version(certificate, 3);
    if (code == 0)
        code = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (code == 0)
        code = gnutls_x509_crt_set_activation_time(certificate, now - DAY_SECONDS); /* other clocks go wrong */
    if (code == 0)
        code = gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)(LIFE_DAYS - 1) * DAY_SECONDS);
    if (code == 0)
        code = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, sizeof name - 1);
    return code == 0 ? gnutls_x509_crt_set_key(certificate, key) : code;
}

static int sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    int code = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (code == 0)
        code = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (code == 0)
        code = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    return code == 0 ? gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) : code;
}

static int make_pair(const struct server_settings *settings, gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    const unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    int code = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0);
    if (code == 0)
        code = describe(certificate, key);
    if (code == 0)
        code = add_names(certificate, settings);
    return code == 0 ? sign(certificate, key) : code;
}

static bool export_pair(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, struct buffer *out,
                        struct error *error)
{
    gnutls_datum_t text = { 0 }, secret = { 0 };
    int code = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &secret);
    if (code == 0)
        code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text);
    const bool exported = code == 0 ? buffer_add(out, secret.data, secret.size, error) &&
                                          buffer_add(out, text.data, text.size, error)
                                    : failed(code, "write it down", error);
    if (secret.data)
        gnutls_memset(secret.data, 0, secret.size);
    gnutls_free(secret.data);
    gnutls_free(text.data);
    return exported;
}

static bool make(const struct server_settings *settings, const char *path, struct error *error)
{
    gnutls_x509_crt_t certificate = NULL;
    gnutls_x509_privkey_t key = NULL;
    struct buffer text = { .limit = MOST_FILE_BYTES };
    int code = gnutls_x509_crt_init(&certificate);
    if (code == 0)
        code = gnutls_x509_privkey_init(&key);
    if (code == 0)
        code = make_pair(settings, certificate, key);
    const bool made = code == 0 ? export_pair(certificate, key, &text, error) &&
                                      file_write_atomic(path, buffer_span(&text), error)
                                : failed(code, "make one", error);
    if (text.bytes)
        gnutls_memset(text.bytes, 0, text.length);
    buffer_free(&text);
    gnutls_x509_privkey_deinit(key);
    gnutls_x509_crt_deinit(certificate);
    return made;
}

/* ---- whether there is one ---------------------------------------------------------------------------------------- */

/* Whether the text holds a certificate that is good for a while, which is exported to out. */
static bool is_usable(const struct buffer *text, struct buffer *out)
{
    gnutls_x509_crt_t certificate;
    const gnutls_datum_t bytes = { (unsigned char *)text->bytes, (unsigned)text->length };
    gnutls_datum_t alone = { 0 };
    if (gnutls_x509_crt_init(&certificate) != 0)
        return false;
    const bool usable = text->length > 0 && gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_PEM) == 0 &&
                        gnutls_x509_crt_get_expiration_time(certificate) >
                            time(NULL) + (time_t)RENEW_DAYS * DAY_SECONDS &&
                        gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &alone) == 0 &&
                        buffer_add(out, alone.data, alone.size, NULL);
    gnutls_free(alone.data);
    gnutls_x509_crt_deinit(certificate);
    return usable;
}

/* The certificate alone in out; false if there is none that can be used. */
static bool read_own(const char *path, struct buffer *out, struct error *error)
{
    struct buffer text = { .limit = MOST_FILE_BYTES };
    const bool usable = file_read(path, &text, error) &&
                        (is_usable(&text, out) ||
                         error_set(error, "%s: no certificate that can be used: remove the file", path));
    if (text.bytes)
        gnutls_memset(text.bytes, 0, text.length);
    buffer_free(&text);
    return usable;
}

bool tls_own_prepare(const struct server_settings *settings, struct arena *arena, const char **path,
                     struct error *error)
{
    const char *folder, *alone;
    struct buffer certificate = { .limit = MOST_FILE_BYTES };
    if (!folder_configuration("tls", arena, &folder, error) || !folder_make(folder, error) ||
        !folder_configuration("tls/server.pem", arena, path, error) ||
        !folder_configuration("tls/certificate.pem", arena, &alone, error))
        return false;
    bool good = read_own(*path, &certificate, NULL) ||
                (make(settings, *path, error) && read_own(*path, &certificate, error));
    good = good && file_write_atomic(alone, buffer_span(&certificate), error);
    buffer_free(&certificate);
    return good;
}
