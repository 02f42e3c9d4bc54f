/* configuration.h: options of a command out of a file, in place of those that the line does not give. Private to the
 * room. */
#ifndef BASTIDE_CLI_CONFIGURATION_H
#define BASTIDE_CLI_CONFIGURATION_H

#include "cli/arguments.h"

/* Reads the YAML file at path; one that is not there says nothing. A name is that of an option without its dashes:
 *
 *   models: [smollm2-135m, ./mine.gguf]     # the arguments
 *   port: 8484
 *   keep-alive: 5m
 *   no-page: true                           # a switch
 *   allow-host: [ai.example, box.example]   # one that may be given several times
 *
 * out: what holds, with texts in the arena; line must stay. Fails with ERROR_WRONG_USE, naming file, line and name. */
MUST_USE bool configuration_read(const struct arguments *line, const char *path, struct arena *arena,
                                 struct arguments *out, struct error *error);

#endif
