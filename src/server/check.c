/* check.c: what is wrong with a server's settings, found without serving: bastide serve --check. */
#include "server/guard/gate.h"
#include "server/http/http.h"
#include "server/registry.h"
#include "server/settings.h"
#include "server/guard/tls.h"

#include <sys/stat.h>
#include <unistd.h>

/* Each looks at one thing. */
typedef bool check_function(const struct server_settings *settings, struct arena *arena, struct error *error);

static bool check_keys(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    struct access *access = NULL;
    struct gate *gate = NULL;
    const char *path;
    const bool good = access_path(arena, &path, error) && access_open(path, &access, error) &&
                      gate_open(settings, access, &gate, error);
    gate_close(gate);
    access_close(access);
    return good;
}

static bool check_address(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    (void)arena;
    return http_probe(settings, error);
}

static bool check_certificate(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    (void)arena;
    struct tls *tls = NULL;
    const bool good = tls_open(settings, &tls, error);
    tls_close(tls);
    return good;
}

static bool check_models(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    struct registry *registry = NULL;
    struct served_model *rows;
    size_t count, bytes = 0;
    const size_t budget = settings->scheduler.memory_budget;
    bool good = registry_open(settings->models, settings->model_count, settings->alias, settings->any_model, &registry,
                              error) &&
                registry_list(registry, arena, &rows, &count, error);
    for (size_t i = 0; good && i < size_min(count, settings->model_count); i++)
        good = size_add(bytes, rows[i].bytes, &bytes);
    char needed[16], there[16];
    if (good && budget > 0 && bytes > budget)
        good = error_set(error, "--memory-budget: the models' files alone take %s of %s: give it more, or name fewer",
                         size_text(bytes, needed), size_text(budget, there));
    registry_close(registry);
    return good;
}

static bool check_folder(const char *option, const char *folder, struct error *error)
{
    struct stat there;
    if (!folder)
        return true;
    if (stat(folder, &there) != 0)
        return folder_make(folder, error) || error_prefix(error, "--%s", option);
    if (!S_ISDIR(there.st_mode) || access(folder, W_OK | X_OK) != 0)
        return error_set(error, "--%s %s: this is no folder that can be written to", option, folder);
    return true;
}

static bool check_cache(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    (void)arena;
    return check_folder("cache-dir", settings->scheduler.cache_folder, error);
}

static bool check_slots(const struct server_settings *settings, struct arena *arena, struct error *error)
{
    (void)arena;
    return check_folder("slot-dir", settings->scheduler.slot_folder, error);
}

bool server_check(const struct server_settings *settings, struct buffer *out, struct error *error)
{
    static check_function *const checks[] = { check_keys,   check_address, check_certificate,
                                              check_models, check_cache,   check_slots };
    bool good = true;
    for (size_t i = 0; i < LENGTH(checks); i++) {
        struct arena arena = { 0 };
        struct error problem = { 0 };
        const bool passed = checks[i](settings, &arena, &problem);
        arena_free(&arena);
        good = good && passed;
        if (!passed && !buffer_format(out, error, "%s\n", problem.text))
            return false;
    }
    return good;
}
