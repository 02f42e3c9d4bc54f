/* tls.c: certificates as GnuTLS takes them, replaced while the server runs.
 *
 * A handshake uses what was current when it began, for a moment that nobody tells the end of, so what was replaced
 * stays until the server ends. A renewal every month is a few kilobytes a year. */
#include "server/guard/tls.h"

#include "server/guard/tls_own.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MOST = 16, MOST_FILE_BYTES = 1 << 20 };

struct pair {
    struct pair *before;
    gnutls_pcert_st chain[CHAIN_MOST];
    unsigned count;
    gnutls_privkey_t key;
    unsigned char hash[32];
};

struct tls {
    struct arena arena;
    const char *certificate, *key; /* files */
    pthread_mutex_t mutex;         /* over current */
    struct pair *current;
};

static bool failed(int code, const char *path, struct error *error)
{
    return error_set(error, "%s: %s: a certificate and its key in PEM are wanted", path, gnutls_strerror(code));
}

static void pair_close(struct pair *pair)
{
    if (!pair)
        return;
    for (unsigned i = 0; i < pair->count; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    gnutls_privkey_deinit(pair->key);
    free(pair);
}

/* A certificate with another's key fails at the first handshake only, when nobody looks. */
static bool check_pair(const struct tls *tls, struct pair *pair, struct error *error)
{
    unsigned char of_key[32], of_certificate[32];
    size_t key_bytes = sizeof of_key, certificate_bytes = sizeof of_certificate, hash_bytes = sizeof pair->hash;
    gnutls_pubkey_t public = NULL;
    int code = gnutls_pubkey_init(&public);
    if (code == 0)
        code = gnutls_pubkey_import_privkey(public, pair->key, 0, 0);
    if (code == 0)
        code = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &key_bytes);
    if (code == 0)
        code = gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_certificate,
                                        &certificate_bytes);
    if (code == 0)
        code = gnutls_fingerprint(GNUTLS_DIG_SHA256, &pair->chain[0].cert, pair->hash, &hash_bytes);
    gnutls_pubkey_deinit(public);
    if (code != 0)
        return failed(code, tls->certificate, error);
    return memcmp(of_key, of_certificate, sizeof of_key) == 0 ||
           error_set(error, "%s: this is not the key of the certificate %s: give the two that belong together",
                     tls->key, tls->certificate);
}

static bool read_chain(const struct tls *tls, struct pair *pair, struct error *error)
{
    struct buffer text = { .limit = MOST_FILE_BYTES };
    if (!file_read(tls->certificate, &text, error))
        return false;
    const gnutls_datum_t bytes = { (unsigned char *)text.bytes, (unsigned)text.length };
    unsigned count = CHAIN_MOST;
    const int code = gnutls_pcert_list_import_x509_raw(pair->chain, &count, &bytes, GNUTLS_X509_FMT_PEM, 0);
    pair->count = code == 0 ? count : 0;
    if (text.bytes)
        gnutls_memset(text.bytes, 0, text.length); /* our own file holds the key, too */
    buffer_free(&text);
    return code == 0 || failed(code, tls->certificate, error);
}

static bool read_key(const struct tls *tls, struct pair *pair, struct error *error)
{
    struct buffer text = { .limit = MOST_FILE_BYTES };
    if (!file_read(tls->key, &text, error))
        return false;
    const gnutls_datum_t bytes = { (unsigned char *)text.bytes, (unsigned)text.length };
    int code = gnutls_privkey_init(&pair->key);
    if (code == 0)
        code = gnutls_privkey_import_x509_raw(pair->key, &bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (text.bytes)
        gnutls_memset(text.bytes, 0, text.length);
    buffer_free(&text);
    return code == 0 || failed(code, tls->key, error);
}

bool tls_reload(struct tls *tls, struct error *error)
{
    struct pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return error_memory(error, sizeof *pair);
    if (!read_chain(tls, pair, error) || !read_key(tls, pair, error) || !check_pair(tls, pair, error)) {
        pair_close(pair);
        return false;
    }
    pthread_mutex_lock(&tls->mutex);
    const bool same = tls->current && memcmp(tls->current->hash, pair->hash, sizeof pair->hash) == 0;
    if (!same) {
        pair->before = tls->current;
        tls->current = pair;
    }
    pthread_mutex_unlock(&tls->mutex);
    if (same)
        pair_close(pair);
    return true;
}

static bool find_files(const struct server_settings *settings, struct tls *tls, struct error *error)
{
    if (settings->tls_auto) {
        const bool there = tls_own_prepare(settings, &tls->arena, &tls->certificate, error);
        tls->key = tls->certificate;
        return there;
    }
    tls->certificate = arena_text(&tls->arena, span_text(settings->tls_certificate));
    tls->key = arena_text(&tls->arena, span_text(settings->tls_key));
    return (tls->certificate && tls->key) || error_memory(error, 0);
}

bool tls_open(const struct server_settings *settings, struct tls **out, struct error *error)
{
    *out = NULL;
    if (!settings->tls_auto && !settings->tls_certificate)
        return true;
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return error_memory(error, sizeof *tls);
    pthread_mutex_init(&tls->mutex, NULL);
    if (!find_files(settings, tls, error) || !tls_reload(tls, error)) {
        tls_close(tls);
        return false;
    }
    *out = tls;
    return true;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    while (tls->current) {
        struct pair *pair = tls->current;
        tls->current = pair->before;
        pair_close(pair);
    }
    pthread_mutex_destroy(&tls->mutex);
    arena_free(&tls->arena);
    free(tls);
}

static struct pair *current(struct tls *tls)
{
    pthread_mutex_lock(&tls->mutex);
    struct pair *pair = tls->current;
    pthread_mutex_unlock(&tls->mutex);
    return pair;
}

const char *tls_fingerprint(struct tls *tls, char out[TLS_FINGERPRINT])
{
    const struct pair *pair = current(tls);
    for (size_t i = 0; i < sizeof pair->hash; i++)
        snprintf(out + 3 * i, TLS_FINGERPRINT - 3 * i, "%02X%s", pair->hash[i], i + 1 < sizeof pair->hash ? ":" : "");
    return out;
}

const char *tls_path(const struct tls *tls)
{
    return tls->certificate;
}

void tls_present(struct tls *tls, gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
    struct pair *pair = current(tls);
    *chain = pair->chain;
    *count = pair->count;
    *key = pair->key;
}
