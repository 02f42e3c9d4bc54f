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
    &command_serve,
    &command_model_list,
    &command_model_pull,
    &command_model_verify,
    &command_model_remove,
    &command_key_add,
    &command_key_list,
    &command_key_revoke,
    &command_tokenize,
    &command_template,
    &command_eval,
    &command_perplexity,
    &command_bench,
    &command_audit,
    &command_audit_providers,
    &command_cutoff_list,
    &command_cutoff_show,
    &command_cutoff,
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
    printf("bastide %s: %s\n\nusage: bastide %s%s%s\n", command->name, command->does, command->name,
           command->takes[0] ? " " : "", command->takes);
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

/* Which command the line names, "audit providers" before "audit"; NULL if none. */
static const struct command *find(int count, char **words, int *used)
{
    const struct command *found = NULL;
    *used = 0;
    for (size_t i = 0; i < LENGTH(commands); i++) {
        const int named = name_words(commands[i], count, words);
        if (named > *used) {
            *used = named;
            found = commands[i];
        }
    }
    return found;
}

/* ---- lines that name no command ---------------------------------------------------------------------------------- */

/* The part of a name after "model ", for commands of that group; NULL for others. */
static const char *after_group(const struct command *command, const char *group)
{
    const size_t length = strlen(group);
    const bool inside = length > 0 && strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
    return inside ? command->name + length + 1 : NULL;
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (after_group(commands[i], word))
            return true;
    return false;
}

/* "model: which one" for the first word of several commands alone. */
static void ask_which(const char *group, struct error *error)
{
    struct buffer names = { .limit = 512 };
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (after_group(commands[i], group) && !buffer_format(&names, error, " %s,", commands[i]->name))
            break;
    if (names.length > 0)
        error_set_kind(error, ERROR_WRONG_USE, "%s: which one:%.*s: see bastide --help", group, (int)names.length - 1,
                       names.bytes);
    buffer_free(&names);
}

/* The second word of a group is looked for in that group; else people leave the first word out, too. */
static struct guess guess_command(int count, char **words)
{
    struct guess guess = { 0 };
    const bool grouped = is_group(words[0]);
    for (size_t i = 0; i < LENGTH(commands); i++) {
        const char *name = commands[i]->name, *last = strrchr(name, ' ');
        const size_t edits = guess.name ? guess.edits : SIZE_MAX;
        if (!grouped)
            guess_try(&guess, words[0], name);
        if (grouped ? after_group(commands[i], words[0]) && count > 1 : last != NULL)
            guess_try(&guess, words[grouped], last + 1);
        if (guess.name && guess.edits < edits)
            guess.name = name;
    }
    return guess;
}

static enum status no_command(int count, char **words, struct error *error)
{
    const bool grouped = is_group(words[0]);
    if (grouped && (count == 1 || words[1][0] == '-')) {
        ask_which(words[0], error);
        return STATUS_WRONG;
    }
    const struct guess guess = guess_command(count, words);
    const char *space = grouped ? " " : "", *second = grouped ? words[1] : "";
    if (guess.name)
        error_set_kind(error, ERROR_WRONG_USE, "%s%s%s: no such command: did you mean bastide %s?", words[0], space,
                       second, guess.name);
    else
        error_set_kind(error, ERROR_WRONG_USE, "%s%s%s: no such command: see bastide --help", words[0], space, second);
    return STATUS_WRONG;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* What the line asks for: a command, or one of the few words that stand in its place. */
static enum status answer(int count, char **words, struct error *error)
{
    if (count == 0) {
        show_all(stderr);
        return STATUS_WRONG;
    }
    int used;
    const bool help = strcmp(words[0], "help") == 0;
    const struct command *command = find(count - help, words + help, &used);
    if (command && help) {
        show_help(command);
        return STATUS_DONE;
    }
    if (asks_for_help(words[0]) || (help && count == 1) ||
        (count > 1 && !command && is_group(words[0]) && asks_for_help(words[1]))) {
        show_all(stdout);
        return STATUS_DONE;
    }
    if (strcmp(words[0], "--version") == 0) {
        puts("bastide " BASTIDE_VERSION);
        return STATUS_DONE;
    }
    if (command)
        return run(command, count - used, words + used, error);
    return no_command(count - help, words + help, error);
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
    terminal_end_bar();
    if (error.kind == ERROR_NONE && !print_flush(&error)) /* what was written is not yet what arrived */
        status = status_of(&error);
    if (error.kind != ERROR_NONE && error.kind != ERROR_PIPE)
        show_error(&error);
    return (int)status;
}
