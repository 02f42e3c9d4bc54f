/* arguments.c: what the user typed, read by a command's table of options. GNU forms: --name VALUE, --name=VALUE,
 * -x VALUE, switches together (-ab), options anywhere, -- ends them. */
#include "cli/arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option help_option = { "help", 'h', NULL, "show this text" };

static const struct option *find_name(const struct command *command, const char *name, size_t length)
{
    if (length == strlen(help_option.name) && strncmp(name, help_option.name, length) == 0)
        return &help_option;
    for (const struct option *option = command->options; option && option->name; option++)
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
    for (const struct option *option = command->options; option && option->name; option++)
        if (option->letter == letter)
            return option;
    return letter == help_option.letter ? &help_option : NULL;
}

static bool wrong(const struct command *command, struct error *error, const char *what, const char *which)
{
    return error_set_kind(error, ERROR_WRONG_USE, "%s: %s: see bastide %s --help", which, what, command->name);
}

static bool no_such_option(const struct command *command, struct error *error, const char *word)
{
    struct guess guess = { 0 };
    for (const struct option *option = command->options; option && option->name; option++)
        if (strncmp(word, "--", 2) == 0)
            guess_try(&guess, word + 2, option->name);
    if (!guess.name)
        return wrong(command, error, "no such option", word);
    return error_set_kind(error, ERROR_WRONG_USE, "%s: no such option: did you mean --%s? See bastide %s --help", word,
                          guess.name, command->name);
}

static bool take_value(struct arguments *arguments, const struct option *option, const char *value, struct error *error)
{
    if (arguments->given_count == LENGTH(arguments->given))
        return wrong(arguments->command, error, "too many options", option->name);
    arguments->given[arguments->given_count++] = (struct given){ option, value };
    return true;
}

/* --name or --name=value; *next is the word after it, set to NULL if it was used. */
static bool take_long(struct arguments *arguments, const char *word, const char **next, struct error *error)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = find_name(arguments->command, name, length);
    if (!option)
        return no_such_option(arguments->command, error, word);
    if (!option->takes)
        return equals ? wrong(arguments->command, error, "takes no value", word)
                      : take_value(arguments, option, "", error);
    if (equals)
        return take_value(arguments, option, equals + 1, error);
    if (!*next)
        return wrong(arguments->command, error, "needs a value", word);
    const char *value = *next;
    *next = NULL;
    return take_value(arguments, option, value, error);
}

/* -x, -xVALUE, -x VALUE or switches together. */
static bool take_letters(struct arguments *arguments, const char *word, const char **next, struct error *error)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct option *option = find_letter(arguments->command, *letter);
        if (!option)
            return no_such_option(arguments->command, error, word);
        if (!option->takes) {
            if (!take_value(arguments, option, "", error))
                return false;
            continue;
        }
        if (letter[1])
            return take_value(arguments, option, letter + 1, error);
        if (!*next)
            return wrong(arguments->command, error, "needs a value", word);
        const char *value = *next;
        *next = NULL;
        return take_value(arguments, option, value, error);
    }
    return true;
}

static bool check_count(const struct arguments *arguments, struct error *error)
{
    const struct command *command = arguments->command;
    if (option_given(arguments, "help"))
        return true;
    if (arguments->word_count < command->least)
        return wrong(command, error, "an argument is missing", command->takes);
    if (command->most >= 0 && arguments->word_count > command->most)
        return wrong(command, error, "one argument too many (a text with spaces needs quotes)",
                     arguments->words[command->most]);
    return true;
}

bool arguments_read(const struct command *command, int count, char **words, struct arguments *out, struct error *error)
{
    *out = (struct arguments){ .command = command, .words = words };
    bool options_end = false;
    for (int i = 0; i < count; i++) {
        char *word = words[i];
        if (options_end || word[0] != '-' || word[1] == '\0') {
            words[out->word_count++] = word; /* never ahead of i */
            continue;
        }
        if (strcmp(word, "--") == 0) {
            options_end = true;
            out->before_end = out->word_count;
            continue;
        }
        const char *next = i + 1 < count ? words[i + 1] : NULL;
        const bool had_next = next != NULL;
        const bool taken = word[1] == '-' ? take_long(out, word, &next, error) : take_letters(out, word, &next, error);
        if (!taken)
            return false;
        i += had_next && !next;
    }
    if (!options_end)
        out->before_end = out->word_count;
    return check_count(out, error);
}

const char *argument(const struct arguments *arguments, int i)
{
    return i < arguments->word_count ? arguments->words[i] : NULL;
}

int argument_count(const struct arguments *arguments)
{
    return arguments->word_count;
}

const char *option_text(const struct arguments *arguments, const char *name, const char *fallback)
{
    for (size_t i = arguments->given_count; i-- > 0;)
        if (strcmp(arguments->given[i].option->name, name) == 0)
            return arguments->given[i].value;
    return fallback;
}

int argument_count_before_end(const struct arguments *arguments)
{
    return arguments->before_end;
}

bool option_given(const struct arguments *arguments, const char *name)
{
    return option_text(arguments, name, NULL) != NULL;
}

const char *option_at(const struct arguments *arguments, const char *name, size_t i)
{
    for (size_t given = 0; given < arguments->given_count; given++)
        if (strcmp(arguments->given[given].option->name, name) == 0 && i-- == 0)
            return arguments->given[given].value;
    return NULL;
}

bool option_integer(const struct arguments *arguments, const char *name, uint64_t low, uint64_t high, uint64_t *out,
                    struct error *error)
{
    const char *text = option_text(arguments, name, NULL);
    if (!text)
        return true;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < low || value > high)
        return error_set_kind(error, ERROR_WRONG_USE, "--%s %s: a whole number from %llu to %llu is wanted", name, text,
                              (unsigned long long)low, (unsigned long long)high);
    *out = value;
    return true;
}

bool option_real(const struct arguments *arguments, const char *name, double low, double high, double *out,
                 struct error *error)
{
    const char *text = option_text(arguments, name, NULL);
    if (!text)
        return true;
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end)
        return error_set_kind(error, ERROR_WRONG_USE, "--%s %s: a number is wanted", name, text);
    if (!(value >= low && value <= high))
        return error_set_kind(error, ERROR_WRONG_USE, "--%s %s: a number from %g to %g is wanted", name, text, low,
                              high);
    *out = value;
    return true;
}
