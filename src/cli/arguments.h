/* arguments.h: how main reads the words of a command. Private to the room; commands use cli.h. */
#ifndef BASTIDE_CLI_ARGUMENTS_H
#define BASTIDE_CLI_ARGUMENTS_H

#include "cli/cli.h"

enum { MOST_OPTIONS_GIVEN = 64 };

struct arguments {
    const struct command *command;
    char **words; /* those that are no options, in order */
    int word_count;
    int before_end; /* of them, those before "--"; all where there is none */
    size_t given_count;
    struct given {
        const struct option *option;
        const char *value; /* "" for a switch */
    } given[MOST_OPTIONS_GIVEN];
};

/* Reads count words after the command's name; moves those that are no options to the front of words. Fails with
 * ERROR_WRONG_USE, naming the word. With --help the number of arguments is not checked. */
MUST_USE bool arguments_read(const struct command *command, int count, char **words, struct arguments *out,
                             struct error *error);

#endif
