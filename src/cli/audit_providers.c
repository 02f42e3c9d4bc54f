/* audit_providers.c: bastide audit providers: the register of providers, browsed. */
#include "cli/cli.h"
#include "providers/providers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct option options[] = {
    { "category", 'c', "ID", "only services of that category, such as object-storage" },
    { "country", 0, "CODE", "only providers whose ultimate parent sits there, such as US" },
    { "providers", 0, "FILE", "entries of your own for the register" },
    { "json", 0, NULL, "all that is known, as JSON" },
    { 0 },
};

/* What is shown. */
struct selection {
    const struct providers *providers;
    const struct arguments *arguments;
    const char *category; /* NULL: any */
    const char *country;
};

static bool contains_nocase(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

/* Whether a word of the line names this provider: its id, or a part of its name or its owner's. */
static bool is_named(const struct selection *selection, const struct provider *provider)
{
    for (int i = 0; i < argument_count(selection->arguments); i++) {
        const char *word = argument(selection->arguments, i);
        if (strcasecmp(word, provider->id) == 0 || contains_nocase(provider->name, word) ||
            contains_nocase(provider->owner, word))
            return true;
    }
    return argument_count(selection->arguments) == 0;
}

static bool is_shown(const struct selection *selection, const struct service *service)
{
    return (!selection->category || strcmp(selection->category, service->category->id) == 0) &&
           (!selection->country || strcasecmp(selection->country, service->provider->country) == 0) &&
           is_named(selection, service->provider);
}

static size_t count_shown(const struct selection *selection, const struct provider *provider)
{
    size_t count, shown = 0;
    const struct service *const *services = services_all(selection->providers, &count);
    for (size_t i = 0; i < count; i++)
        shown += services[i]->provider == provider && is_shown(selection, services[i]);
    return shown;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static bool print_laws(const struct provider *provider, struct error *error)
{
    for (size_t i = 0; i < provider->law_count; i++)
        if (!print(error, "%s%s", i ? ", " : "", provider->laws[i]))
            return false;
    return print(error, "\n");
}

static bool print_patterns(const struct selection *selection, const struct service *service, struct error *error)
{
    enum { SHOWN = 6 };
    for (int signal = 0; signal < SIGNALS; signal++) {
        size_t count;
        const char *const *patterns = service_patterns(selection->providers, service, (enum signal)signal, &count);
        if (count > 0 && !print(error, "      %s:", signal_key((enum signal)signal)))
            return false;
        for (size_t i = 0; i < count && i < SHOWN; i++)
            if (!print(error, " %s", patterns[i]))
                return false;
        if (count > SHOWN && !print(error, " and %zu more", count - SHOWN))
            return false;
        if (count > 0 && !print(error, "\n"))
            return false;
    }
    return true;
}

static bool print_service(const struct selection *selection, const struct service *service, struct error *error)
{
    if (!print(error, "\n  %s (%s): %s, %s\n", service->name, service->id, service->category->title,
               level_name(service->category->level)) ||
        !print(error, "      when it is gone: %s\n", service->category->cut) ||
        !print_patterns(selection, service, error))
        return false;
    for (size_t i = 0; i < service->alternative_count; i++)
        if (!print(error, "      instead: %s (%s)\n", service->alternatives[i].name, service->alternatives[i].effort))
            return false;
    return true;
}

static bool print_whole(const struct selection *selection, const struct provider *provider, struct error *error)
{
    size_t count;
    const struct service *const *services = services_all(selection->providers, &count);
    if (!print(error, "%s (%s)\n  contract with %s\n  owned by %s, %s\n  reached by ", provider->name, provider->id,
               provider->entity, provider->owner, provider->country) ||
        !print_laws(provider, error) || !print(error, "  source %s, %s\n", provider->source, provider->date))
        return false;
    for (size_t i = 0; i < count; i++)
        if (services[i]->provider == provider && is_shown(selection, services[i]) &&
            !print_service(selection, services[i], error))
            return false;
    return print(error, "\n");
}

static bool print_row(const struct provider *provider, size_t services, struct error *error)
{
    return print(error, "%-28.28s %-30.30s %-34.34s %-3s %zu\n", provider->id, provider->name, provider->owner,
                 provider->country, services);
}

static bool print_all(const struct selection *selection, struct error *error)
{
    size_t count, shown = 0, shown_services = 0;
    const struct provider *const *providers = providers_all(selection->providers, &count);
    const bool whole = argument_count(selection->arguments) > 0;
    if (!whole && !print(error, "%-28s %-30s %-34s %-3s %s\n", "ID", "PROVIDER", "OWNED BY", "IN", "SERVICES"))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t services = count_shown(selection, providers[i]);
        if (services == 0)
            continue;
        shown++;
        shown_services += services;
        if (!(whole ? print_whole(selection, providers[i], error) : print_row(providers[i], services, error)))
            return false;
    }
    return whole || print(error, "\n%zu providers, %zu services. bastide audit providers ID shows one of them.\n",
                          shown, shown_services);
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(texts[i]));
    return array;
}

static json_t *service_json(const struct selection *selection, const struct service *service)
{
    json_t *ways = json_array(), *signals = json_object();
    for (size_t i = 0; i < service->alternative_count; i++)
        json_array_append_new(ways,
                              json_pack("{s:s, s:s, s:b}", "name", service->alternatives[i].name, "effort",
                                        service->alternatives[i].effort, "own", (int)service->alternatives[i].own));
    for (int signal = 0; signal < SIGNALS; signal++) {
        size_t count;
        const char *const *patterns = service_patterns(selection->providers, service, (enum signal)signal, &count);
        if (count > 0)
            json_object_set_new(signals, signal_key((enum signal)signal), texts_json(patterns, count));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", service->id, "name", service->name, "category",
                     service->category->id, "level", level_name(service->category->level), "alternatives", ways,
                     "signals", signals);
}

static json_t *provider_json(const struct selection *selection, const struct provider *provider)
{
    size_t count;
    const struct service *const *all = services_all(selection->providers, &count);
    json_t *services = json_array();
    for (size_t i = 0; i < count; i++)
        if (all[i]->provider == provider && is_shown(selection, all[i]))
            json_array_append_new(services, service_json(selection, all[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o}", "id", provider->id, "name", provider->name,
                     "entity", provider->entity, "owner", provider->owner, "country", provider->country, "laws",
                     texts_json(provider->laws, provider->law_count), "source", provider->source, "date",
                     provider->date, "services", services);
}

static bool print_json(const struct selection *selection, struct error *error)
{
    size_t count;
    const struct provider *const *providers = providers_all(selection->providers, &count);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        if (count_shown(selection, providers[i]) > 0)
            json_array_append_new(array, provider_json(selection, providers[i]));
    char *text = json_dumps(array, JSON_INDENT(2));
    const bool printed = text ? print(error, "%s\n", text) : error_memory(error, 0);
    free(text);
    json_decref(array);
    return printed;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static bool check_names(const struct selection *selection, struct error *error)
{
    size_t count;
    const struct provider *const *providers = providers_all(selection->providers, &count);
    if (selection->category && !category_named(selection->providers, selection->category))
        return error_set_kind(error, ERROR_WRONG_USE, "--category %s: there is no such category", selection->category);
    for (size_t i = 0; i < count; i++)
        if (count_shown(selection, providers[i]) > 0)
            return true;
    struct guess guess = { 0 };
    for (size_t i = 0; i < count && argument_count(selection->arguments) > 0; i++)
        guess_try(&guess, argument(selection->arguments, 0), providers[i]->id);
    return error_set_kind(error, ERROR_NOT_FOUND, "the register has no such provider%s%s", guess.name ? ": is it " : "",
                          guess.name ? guess.name : "");
}

static enum status run_providers(const struct arguments *arguments, struct error *error)
{
    struct providers *providers = NULL;
    if (!providers_open_own(option_text(arguments, "providers", NULL), &providers, error))
        return status_of(error);
    const struct selection selection = { .providers = providers,
                                         .arguments = arguments,
                                         .category = option_text(arguments, "category", NULL),
                                         .country = option_text(arguments, "country", NULL) };
    const bool good = check_names(&selection, error) &&
                      (option_given(arguments, "json") ? print_json(&selection, error) : print_all(&selection, error));
    providers_close(providers);
    return good ? STATUS_DONE : status_of(error);
}

const struct command command_audit_providers = {
    .name = "audit providers",
    .takes = "[NAME...]",
    .does = "browse the register: owners, laws, signs, alternatives",
    .details = "Without NAME a table of all; with an id, or a part of a name or an owner, all that is known of them.\n"
               "A folder called providers is audited by its path: bastide audit ./providers\n",
    .examples = "  bastide audit providers\n"
                "  bastide audit providers aws\n"
                "  bastide audit providers --country FR --category mailbox\n"
                "  bastide audit providers --json\n",
    .options = options,
    .least = 0,
    .most = -1,
    .run = run_providers,
};
