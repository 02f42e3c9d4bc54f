/* main.c: finds the command, reads its words, runs it, prints its error. */
#include "cli/arguments.h"
#include "cli/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct command *const commands[] = {
    &command_chat,
    &command_run,
    &command_model_list,
    &command_model_pull,
    &command_model_verify,
    &command_model_remove,
    &command_tokenize,
    &command_template,
    &command_eval,
    &command_perplexity,
    &command_bench,
};
/* clang-format on */

static void show_all(FILE *out)
{
    fputs("bastide " BASTIDE_VERSION ": AI that runs on your own machine\n\nusage: bastide COMMAND [ARGUMENTS]\n\n",
          out);
    for (size_t i = 0; i < LENGTH(commands); i++)
        fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->does);
    fputs("\nbastide COMMAND --help shows a command's options and examples.\n"
          "Exit status: 0 done, 1 the answer is no, 2 wrong use, 3 could not, 130 stopped.\n",
          out);
}

static void show_option(const struct option *option)
{
    char name[64], letter[8] = "    ";
    snprintf(name, sizeof name, "--%s%s%s", option->name, option->takes ? " " : "", option->takes ? option->takes : "");
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    printf("  %s%-24s %s\n", letter, name, option->does);
}

static void show_help(const struct command *command)
{
    printf("bastide %s: %s\n\nusage: bastide %s %s\n", command->name, command->does, command->name, command->takes);
    if (command->details)
        printf("\n%s", command->details);
    if (command->options)
        printf("\noptions:\n");
    for (const struct option *option = command->options; option && option->name; option++)
        show_option(option);
    printf("\nexamples:\n%s", command->examples);
    printf("\nExit status: 0 done, 1 the answer is no, 2 wrong use, 3 could not, 130 stopped.\n");
}

/* How many words of the line are the command's name; 0 if it is not this command. */
static int name_words(const struct command *command, int count, char **words)
{
    const char *rest = command->name;
    for (int i = 0; i < count; i++) {
        const size_t length = strlen(words[i]);
        if (strncmp(rest, words[i], length) != 0)
            return 0;
        rest += length;
        if (*rest == '\0')
            return i + 1;
        if (*rest++ != ' ')
            return 0;
    }
    return 0;
}

enum status status_of(const struct error *error)
{
    return error->kind == ERROR_WRONG_USE ? STATUS_WRONG
           : error->kind == ERROR_STOPPED ? STATUS_STOPPED
                                          : STATUS_FAILED;
}

static enum status run(const struct command *command, int count, char **words, struct error *error)
{
    struct arguments arguments;
    if (!arguments_read(command, count, words, &arguments, error))
        return status_of(error);
    if (option_given(&arguments, "help")) {
        show_help(command);
        return STATUS_DONE;
    }
    return command->run(&arguments, error);
}

/* Which command the line names; NULL if none. */
static const struct command *find(int count, char **words, int *used)
{
    for (size_t i = 0; i < LENGTH(commands); i++) {
        *used = name_words(commands[i], count, words);
        if (*used > 0)
            return commands[i];
    }
    return NULL;
}

/* What the line asks for: a command, or one of the few words that stand in its place. */
static enum status answer(int count, char **words, struct error *error)
{
    if (count == 0) {
        show_all(stderr);
        return STATUS_WRONG;
    }
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0 || strcmp(words[0], "help") == 0) {
        show_all(stdout);
        return STATUS_DONE;
    }
    if (strcmp(words[0], "--version") == 0) {
        puts("bastide " BASTIDE_VERSION);
        return STATUS_DONE;
    }
    int used;
    const struct command *command = find(count, words, &used);
    if (command)
        return run(command, count - used, words + used, error);
    error_set_kind(error, ERROR_WRONG_USE, "%s: no such command: see bastide --help", words[0]);
    return STATUS_WRONG;
}

/* A standard stream that the caller closed would be the next file that is opened, and output would go into that.
 * Opened the wrong way round, its use still fails as that of a closed one does. */
static void fill_closed_streams(void)
{
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0)
            open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

int main(int count, char **words)
{
    fill_closed_streams();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error like others, so that files are closed properly */
    struct error error = { 0 };
    enum status status = answer(count > 0 ? count - 1 : 0, words + 1, &error);
    if (error.kind == ERROR_NONE && !print_flush(&error)) /* what was written is not yet what arrived */
        status = status_of(&error);
    if (error.kind != ERROR_NONE && error.kind != ERROR_PIPE)
        show_error(&error);
    return (int)status;
}
