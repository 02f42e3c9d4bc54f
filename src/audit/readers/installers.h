/* installers.h: one command of a script while its readers look at it, and the programs that install packages. Private
 * to commands.c and installers.c. */
#ifndef BASTIDE_AUDIT_READERS_INSTALLERS_H
#define BASTIDE_AUDIT_READERS_INSTALLERS_H

#include "audit/reader.h"
#include "audit/readers/names.h"
#include "audit/readers/shell.h"

struct call {
    struct source *source;
    struct sink *sink;
    const struct shell_command *command;
    struct span program;      /* its name, without folder */
    const struct word *words; /* words[0] is the program; what stood before it (sudo, A=b) is gone */
    size_t count;
    size_t depth; /* of scripts within scripts */
};

/* Tells the packages that the command installs and the registry that they come from; false if it is no installer. */
bool tell_installed(struct call *call);

#endif
