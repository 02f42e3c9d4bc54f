/* confine.c: which places of the file system a server keeps.
 *
 *   reads    configuration (keys, config.yaml, the catalogue's own entries, TLS), the models of the command line,
 *            certificates, folders that are audited, what the system says of memory and processors, time zones
 *   writes   the store of models (for /api/delete), conversations, what the page keeps of audits, --cache-dir,
 *            --slot-dir
 *
 * Configuration is not written to: whoever gets hold of the server adds no key and no source of models. */
#include "server/guard/confine.h"

#include "server/journal.h"
#include "server/guard/sandbox.h"

#include <libgen.h>
#include <string.h>

enum { PLACES_MOST = 32 };

/* Of the system's own. */
static const char *const system_places[] = {
    "/proc/self",
    "/proc/meminfo",
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/urandom",
    "/dev/null",
    "/etc/localtime",
    "/usr/share/zoneinfo",
};

struct places {
    struct arena *arena;
    const char **reads, **writes;
    size_t read_count, write_count;
};

static void add_read(struct places *places, const char *path)
{
    if (path)
        places->reads[places->read_count++] = path;
}

static bool add_write(struct places *places, const char *path, struct error *error)
{
    if (!path)
        return true;
    places->writes[places->write_count++] = path;
    return folder_make(path, error);
}

/* Folders that are audited are only read; what the page keeps about them is written elsewhere. */
static bool add_audits(struct places *places, const struct server_settings *settings, struct error *error)
{
    const char *kept;
    if (settings->no_page || settings->audit_count == 0)
        return true;
    for (size_t i = 0; i < settings->audit_count; i++)
        add_read(places, settings->audits[i]);
    return folder_data("audits", places->arena, &kept, error) && add_write(places, kept, error);
}

static bool add_own_folders(struct places *places, const struct server_settings *settings, struct error *error)
{
    const char *configuration, *models, *conversations;
    if (!folder_configuration("", places->arena, &configuration, error) ||
        !folder_data("models", places->arena, &models, error) ||
        !folder_data("conversations", places->arena, &conversations, error))
        return false;
    add_read(places, configuration);
    return add_write(places, models, error) && (settings->no_page || add_write(places, conversations, error)) &&
           add_audits(places, settings, error) && add_write(places, settings->scheduler.cache_folder, error) &&
           add_write(places, settings->scheduler.slot_folder, error);
}

/* The folder that a path is in: certificates are renewed by another file under the same name. */
static bool add_folder_of(struct places *places, const char *path, struct error *error)
{
    char *copy = path ? arena_text(places->arena, span_text(path)) : NULL;
    if (path && !copy)
        return error_memory(error, strlen(path));
    add_read(places, copy ? dirname(copy) : NULL);
    return true;
}

static bool add_models(struct places *places, struct registry *registry, size_t others, struct error *error)
{
    struct served_model *models;
    size_t count;
    if (!registry_list(registry, places->arena, &models, &count, error))
        return false;
    places->reads = arena_take(places->arena, count + others + PLACES_MOST, sizeof *places->reads);
    places->writes = arena_take(places->arena, PLACES_MOST, sizeof *places->writes);
    if (!places->reads || !places->writes)
        return error_memory(error, count * sizeof *places->reads);
    for (size_t i = 0; i < count; i++)
        add_read(places, models[i].path);
    for (size_t i = 0; i < LENGTH(system_places); i++)
        add_read(places, system_places[i]);
    return true;
}

static bool enter(struct server *server, struct arena *arena, struct error *error)
{
    const struct server_settings *settings = &server->settings;
    struct places places = { .arena = arena };
    char report[SANDBOX_REPORT];
    if (!add_models(&places, server->registry, settings->audit_count, error) ||
        !add_own_folders(&places, settings, error) || !add_folder_of(&places, settings->tls_certificate, error) ||
        !add_folder_of(&places, settings->tls_key, error))
        return false;
    const struct sandbox_places all = { places.reads, places.read_count, places.writes, places.write_count };
    if (!sandbox_enter(&all, report, error)) {
        error_prefix(error, "the server does not start without its sandbox (--no-sandbox does)");
        return false;
    }
    journal_event(server->journal, "sandbox", "%s", report);
    return true;
}

bool server_confine(struct server *server, struct error *error)
{
    if (server->settings.no_sandbox) {
        journal_event(server->journal, "sandbox", "none, as --no-sandbox asks for");
        return true;
    }
    struct arena arena = { 0 };
    const bool entered = enter(server, &arena, error);
    arena_free(&arena);
    return entered;
}
