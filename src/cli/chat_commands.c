/* chat_commands.c: what can be typed in a conversation besides messages. A new command is a function and a row. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/chat.h"

struct chat_command {
    const char *name;
    const char *takes;
    const char *does;
    bool (*run)(struct chat *chat, const char *rest, struct error *error);
};

static bool set_system(struct chat *chat, const char *rest, struct error *error)
{
    const char *system = messages_system(&chat->messages);
    if (rest[0] == '\0') {
        const char *shown = system ? system : "(none)";
        return print_strange(span_text(shown), error) && print(error, "\n");
    }
    const struct span text = strcmp(rest, "none") == 0 ? span_of("", 0) : span_text(rest);
    if (!session_check_text("/system", text, error) || !messages_set_system(&chat->messages, text, error))
        return false;
    chat_tell(chat, "(The model is told so from the next message on.)");
    return true;
}

static bool need_file(const char *command, const char *rest, struct error *error)
{
    if (rest[0] == '\0')
        return error_set_kind(error, ERROR_WRONG_USE, "%s: which file? %s FILE", command, command);
    return strcmp(rest, "-") != 0 || error_set_kind(error, ERROR_WRONG_USE, "%s -: a file is wanted", command);
}

static bool save(struct chat *chat, const char *rest, struct error *error)
{
    if (!need_file("/save", rest, error) || !messages_save(&chat->messages, rest, error))
        return false;
    chat_tell(chat, "(saved, exchanges: %zu)", messages_exchanges(&chat->messages));
    return true;
}

static bool load(struct chat *chat, const char *rest, struct error *error)
{
    if (!need_file("/load", rest, error) || !messages_load(&chat->messages, rest, error))
        return false;
    chat_tell(chat, "(loaded, exchanges: %zu)", messages_exchanges(&chat->messages));
    chat->answer_wanted = messages_wait(&chat->messages);
    return true;
}

static bool reset(struct chat *chat, const char *rest, struct error *error)
{
    (void)rest, (void)error;
    messages_reset(&chat->messages);
    chat_tell(chat, "(A new conversation%s.)", messages_system(&chat->messages) ? " with the same system message" : "");
    return true;
}

static bool regenerate(struct chat *chat, const char *rest, struct error *error)
{
    (void)rest;
    if (messages_exchanges(&chat->messages) == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "/regenerate: there is no answer yet: type a message");
    if (!messages_wait(&chat->messages))
        messages_drop_last(&chat->messages);
    chat->answer_wanted = true;
    return true;
}

static bool stats(struct chat *chat, const char *rest, struct error *error)
{
    (void)rest;
    const struct model_facts facts = model_facts(chat->session.loaded.model);
    char speeds[160], weights[16];
    if (!print_strange(span_text(facts.name[0] ? facts.name : chat->session.loaded.path), error) ||
        !print(error, ": %s, %zu million parameters in %s, kernels %s\ncontext: %zu of %zu tokens, exchanges: %zu\n",
               facts.architecture, facts.parameters / 1000000, size_text(facts.weight_bytes, weights), facts.kernels,
               chat->session.transcript.tokens.count, model_context(chat->session.loaded.model),
               messages_exchanges(&chat->messages)))
        return false;
    return chat->last.tokens == 0 || print(error, "last answer: %s\n", session_speeds(&chat->last, speeds));
}

static bool leave(struct chat *chat, const char *rest, struct error *error)
{
    (void)rest, (void)error;
    chat->leaves = true;
    return true;
}

/* ---- /set ----------------------------------------------------------------------------------------------------- */

/* A setting points to its value in one of the types that there are; the others are NULL. */
struct setting {
    const char *name;
    float *real;
    uint32_t *small;
    uint64_t *large;
    size_t *size;
};

enum { SETTINGS = 10 };

static void settings_of(struct answer_wishes *wishes, struct setting out[SETTINGS])
{
    struct sampling *sampling = &wishes->sampling;
    const struct setting settings[SETTINGS] = {
        { .name = "temperature", .real = &sampling->temperature },
        { .name = "top_k", .small = &sampling->top_k },
        { .name = "top_p", .real = &sampling->top_p },
        { .name = "min_p", .real = &sampling->min_p },
        { .name = "repeat_penalty", .real = &sampling->repeat_penalty },
        { .name = "presence_penalty", .real = &sampling->presence_penalty },
        { .name = "frequency_penalty", .real = &sampling->frequency_penalty },
        { .name = "penalty_window", .small = &sampling->penalty_window },
        { .name = "seed", .large = &sampling->seed },
        { .name = "max_tokens", .size = &wishes->most_tokens },
    };
    memcpy(out, settings, sizeof settings);
}

static bool print_setting(const struct setting *setting, struct error *error)
{
    if (setting->real)
        return print(error, "  %-18s %g\n", setting->name, (double)*setting->real);
    const uint64_t value = setting->small ? *setting->small : setting->large ? *setting->large : *setting->size;
    return print(error, "  %-18s %llu%s\n", setting->name, (unsigned long long)value,
                 setting->size && value == 0 ? " (as many as fit)" : "");
}

static bool print_settings(const struct setting settings[SETTINGS], struct error *error)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!print_setting(&settings[i], error))
            return false;
    return true;
}

/* top-k is top_k, as the option is called. */
static bool same_name(const char *name, const char *typed, size_t length)
{
    if (strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (typed[i] != name[i] && !(typed[i] == '-' && name[i] == '_'))
            return false;
    return true;
}

static const struct setting *find_setting(const struct setting settings[SETTINGS], const char *typed, size_t length)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (same_name(settings[i].name, typed, length))
            return &settings[i];
    return NULL;
}

static bool parse_real(const char *text, float *out)
{
    char *end;
    const float value = strtof(text, &end);
    if (end == text || *end)
        return false;
    *out = value;
    return true;
}

static bool parse_whole(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value > most)
        return false;
    *out = value;
    return true;
}

static bool parse_setting(const struct setting *setting, const char *text)
{
    if (setting->real)
        return parse_real(text, setting->real);
    uint64_t value;
    if (!parse_whole(text, setting->small ? UINT32_MAX : setting->size ? SIZE_MAX : UINT64_MAX, &value))
        return false;
    if (setting->small)
        *setting->small = (uint32_t)value;
    else if (setting->large)
        *setting->large = value;
    else
        *setting->size = (size_t)value;
    return true;
}

static bool set(struct chat *chat, const char *rest, struct error *error)
{
    struct answer_wishes changed = chat->wishes;
    struct setting settings[SETTINGS];
    settings_of(&changed, settings);
    if (rest[0] == '\0')
        return print_settings(settings, error);
    const size_t length = strcspn(rest, " \t=");
    const struct setting *setting = find_setting(settings, rest, length);
    if (!setting)
        return error_set_kind(error, ERROR_WRONG_USE, "/set: there is no \"%.*s\": /set shows the settings",
                              (int)size_min(length, 40), rest);
    const char *value = rest + length + strspn(rest + length, " \t=");
    if (value[0] != '\0' && !parse_setting(setting, value))
        return error_set_kind(error, ERROR_WRONG_USE, "/set %s: \"%.40s\" is no %s", setting->name, value,
                              setting->real ? "number" : "whole, positive number");
    if (!sampling_check(&changed.sampling, error))
        return error_prefix(error, "/set");
    chat->wishes = changed;
    return print_setting(setting, error);
}

static bool help(struct chat *chat, const char *rest, struct error *error);

/* ---- the table ------------------------------------------------------------------------------------------------ */

static const struct chat_command commands[] = {
    { "/help", "", "show this", help },
    { "/system", "[TEXT|none]", "show or change what the model is told before all", set_system },
    { "/save", "FILE", "write the conversation to a file, as JSON messages", save },
    { "/load", "FILE", "go on with the conversation in a file", load },
    { "/reset", "", "forget the conversation, keep the system message", reset },
    { "/regenerate", "", "answer the last message again (also /retry)", regenerate },
    { "/set", "[NAME VALUE]", "show or change temperature and the other settings", set },
    { "/stats", "", "tell about model, context and speed", stats },
    { "/exit", "", "leave (also /quit, /bye, Ctrl-D)", leave },
};

static bool help(struct chat *chat, const char *rest, struct error *error)
{
    (void)chat, (void)rest;
    for (size_t i = 0; i < LENGTH(commands); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s %s", commands[i].name, commands[i].takes);
        if (!print(error, "  %-22s %s\n", name, commands[i].does))
            return false;
    }
    return print(error, "A backslash at the end of a line, or \"\"\" around several, make a longer message.\n"
                        "Ctrl-C stops an answer.\nA message that begins with a slash: put a space before it.\n");
}

static const struct {
    const char *name, *means;
} other_names[] = {
    { "/retry", "/regenerate" }, { "/quit", "/exit" }, { "/bye", "/exit" }, { "/clear", "/reset" }, { "/?", "/help" },
};

static const struct chat_command *find(const char *name, size_t length)
{
    for (size_t i = 0; i < LENGTH(other_names); i++)
        if (strlen(other_names[i].name) == length && strncmp(other_names[i].name, name, length) == 0)
            return find(other_names[i].means, strlen(other_names[i].means));
    for (size_t i = 0; i < LENGTH(commands); i++)
        if (strlen(commands[i].name) == length && strncmp(commands[i].name, name, length) == 0)
            return &commands[i];
    return NULL;
}

bool chat_obey(struct chat *chat, const char *line, struct error *error)
{
    const size_t length = strcspn(line, " \t\n");
    const struct chat_command *command = find(line, length);
    if (!command)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "%.*s: no such command: /help shows what there is; to send it as a "
                              "message put a space before it",
                              (int)size_min(length, 60), line);
    return command->run(chat, line + length + strspn(line + length, " \t\n"), error) && print_flush(error);
}
