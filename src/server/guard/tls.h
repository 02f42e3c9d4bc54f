/* tls.h: the certificate that a server shows, and its key. Private to the room. */
#ifndef BASTIDE_SERVER_TLS_H
#define BASTIDE_SERVER_TLS_H

#include "server/server.h"

#include <gnutls/abstract.h>

struct tls;

enum { TLS_FINGERPRINT = 96 }; /* 32 bytes as AB:CD:... and the terminator */

/* Reads the files that the settings name; with tls_auto those of our own, which are made if they are not there or about
 * to expire. *out is NULL for settings without TLS. Safe for several threads from then on. */
MUST_USE bool tls_open(const struct server_settings *settings, struct tls **out, struct error *error);
void tls_close(struct tls *tls);

/* Reads the files again, for connections that begin from then on. On failure the old certificate stays. */
MUST_USE bool tls_reload(struct tls *tls, struct error *error);

/* SHA-256 of the certificate, as clients show it. */
const char *tls_fingerprint(struct tls *tls, char out[TLS_FINGERPRINT]);

/* The file of the certificate. */
const char *tls_path(const struct tls *tls);

/* What GnuTLS asks for at each handshake; valid until tls_close. */
void tls_present(struct tls *tls, gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key);

#endif
