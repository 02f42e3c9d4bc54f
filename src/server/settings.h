/* settings.h: a copy of what a server was told, which outlives the caller's. Private to the room. */
#ifndef BASTIDE_SERVER_SETTINGS_H
#define BASTIDE_SERVER_SETTINGS_H

#include "server/server.h"

MUST_USE bool settings_copy(const struct server_settings *settings, struct arena *arena, struct server_settings *out,
                            struct error *error);

#endif
