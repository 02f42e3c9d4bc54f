/* tls_own.h: a certificate of our own, for who has none. Private to the room. */
#ifndef BASTIDE_SERVER_TLS_OWN_H
#define BASTIDE_SERVER_TLS_OWN_H

#include "server/server.h"

/* Makes sure of tls/server.pem (key and certificate, mode 0600) in the folder of configuration, which *path names, and
 * of tls/certificate.pem beside it: the certificate alone, to be given to clients. */
MUST_USE bool tls_own_prepare(const struct server_settings *settings, struct arena *arena, const char **path,
                              struct error *error);

#endif
