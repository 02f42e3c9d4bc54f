/* serve_settings.h: the options of bastide serve and what they mean. Private to the room. */
#ifndef BASTIDE_CLI_SERVE_SETTINGS_H
#define BASTIDE_CLI_SERVE_SETTINGS_H

#include "cli/cli.h"
#include "server/server.h"

extern const struct option serve_options[];

/* Options of the line, and for those that it does not give, of config.yaml in the folder of configuration. Texts live
 * in the arena or the arguments. */
MUST_USE bool serve_settings_read(const struct arguments *arguments, struct arena *arena, struct server_settings *out,
                                  struct error *error);

#endif
