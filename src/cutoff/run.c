/* run.c: one run of a drill: the files that it needs, its world, its relay. */
#include "cutoff/run.h"
#include "cutoff/mounts.h"
#include "cutoff/relay.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a run needs beside the order. */
struct setting {
    const struct cutoff_order *order;
    const struct cut *cut;
    int number;
    struct arena *arena;
    struct world_plan plan;
    const char *folder; /* for its files; removed afterwards */
    struct filter filter;
    struct capture out, err;
    struct world world;
};

/* Programs ask for IPv6 addresses where the machine has one, and shall find the same here. */
static bool machine_has_six(void)
{
    struct ifaddrs *all = NULL;
    bool found = false;
    if (getifaddrs(&all) < 0)
        return false;
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
        struct sockaddr_storage address = { 0 };
        struct endpoint own;
        if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET6)
            continue;
        memcpy(&address, one->ifa_addr, sizeof(struct sockaddr_in6));
        endpoint_from_system(&address, &own);
        found = endpoint_is_elsewhere(&own);
    }
    freeifaddrs(all);
    return found;
}

/* The machine's file, with one other resolver. */
static bool write_resolv(const char *path, struct error *error)
{
    struct buffer text = { .limit = 1 << 16 };
    char line[1024];
    FILE *own = fopen("/etc/resolv.conf", "re");
    bool good = buffer_text(&text, "nameserver " WORLD_RESOLVER "\n", error);
    while (good && own && fgets(line, sizeof line, own))
        if (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0 || strncmp(line, "options", 7) == 0)
            good = buffer_text(&text, line, error);
    if (own)
        fclose(own);
    good = good && file_write_atomic(path, buffer_span(&text), error);
    buffer_free(&text);
    return good;
}

static bool is_inside(const char *path, const char *folder)
{
    const size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/' || length == 1);
}

/* A layer may not lie in the folder that it covers. */
static bool is_free(const struct setting *setting, const char *folder)
{
    for (size_t i = 0; i < setting->plan.fresh_count; i++)
        if (is_inside(folder, setting->plan.fresh[i]))
            return false;
    return access(folder, W_OK) == 0;
}

static bool make_folder(struct setting *setting, struct error *error)
{
    const char *const places[] = { getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm" };
    for (size_t i = 0; i < LENGTH(places); i++) {
        if (!places[i] || !is_free(setting, places[i]))
            continue;
        char *folder = arena_format(setting->arena, "%s/bastide-cutoff-XXXXXX", places[i]);
        setting->folder = folder ? mkdtemp(folder) : NULL;
        if (setting->folder)
            return true;
    }
    return error_set(error, "a drill needs a folder for its own files, outside of those that keep what they have: set "
                            "TMPDIR");
}

/* Folders as the system names them, without links. */
static bool name_fresh(struct setting *setting, struct error *error)
{
    const size_t count = setting->order->fresh_count;
    const char **paths = arena_take(setting->arena, count + 1, sizeof *paths);
    if (!paths)
        return error_memory(error, count * sizeof *paths);
    for (size_t i = 0; i < count; i++) {
        char *real = realpath(setting->order->fresh[i], NULL);
        paths[i] = real ? arena_text(setting->arena, span_text(real)) : NULL;
        free(real);
        if (!paths[i])
            return error_system(error, setting->order->fresh[i], "find the folder");
    }
    setting->plan.fresh = paths;
    setting->plan.fresh_count = count;
    return true;
}

static bool arrange(struct setting *setting, struct error *error)
{
    const struct cutoff_order *order = setting->order;
    struct world_plan *plan = &setting->plan;
    const char *const input = order->input ? order->input : "/dev/null";
    plan->words = order->words;
    plan->six = machine_has_six();
    if (!name_fresh(setting, error) || !make_folder(setting, error))
        return false;
    plan->layers = setting->folder;
    plan->resolv = arena_format(setting->arena, "%s/resolv.conf", setting->folder);
    plan->input = open(input, O_RDONLY | O_CLOEXEC);
    if (!plan->resolv || plan->input < 0)
        return error_system(error, input, "read it");
    return write_resolv(plan->resolv, error) && chmod(plan->resolv, 0644) == 0 &&
           mounts_list_sockets(order->reachable, order->reachable_count, setting->arena, &plan->masked,
                               &plan->masked_count, error);
}

static bool open_captures(struct setting *setting, struct error *error)
{
    char out[16], err[16];
    snprintf(out, sizeof out, "run-%d.out", setting->number);
    snprintf(err, sizeof err, "run-%d.err", setting->number);
    return capture_open(setting->order, out, &setting->out, error) &&
           capture_open(setting->order, err, &setting->err, error);
}

/* Each stream takes three descriptors. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool serve(struct setting *setting, struct cutoff_run *out, struct error *error)
{
    struct relay_end end = { 0 };
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return error_memory(error, sizeof *relay);
    relay->captured_out = &setting->out;
    relay->captured_err = &setting->err;
    const bool good = relay_open(&setting->world, &setting->filter, setting->arena, relay, error) &&
                      relay_run(relay, setting->order->timeout, setting->order->stop, &end, error);
    relay_close(relay);
    *out = (struct cutoff_run){ .cut = setting->cut != NULL,
                                .status = end.status,
                                .timed_out = end.timed_out,
                                .seconds = end.seconds,
                                .tried = relay->tried.rows,
                                .tried_count = relay->tried.count,
                                .more = relay->tried.more };
    free(relay);
    return good;
}

static void clean(struct setting *setting)
{
    world_close(&setting->world);
    filter_close(&setting->filter);
    if (setting->plan.input >= 0)
        close(setting->plan.input);
    if (setting->folder)
        (void)!tree_remove(setting->folder, NULL);
}

bool run_once(const struct cutoff_order *order, const struct cut *cut, int number, struct arena *arena,
              struct cutoff_run *out, struct error *error)
{
    struct setting setting = { .order = order, .cut = cut, .number = number, .arena = arena };
    setting.plan.input = -1;
    setting.world = (struct world){ 0, -1, -1, -1, -1, -1 };
    if (order->begins)
        order->begins(order->context, number, cut != NULL);
    bool good = open_captures(&setting, error) && arrange(&setting, error) &&
                filter_open(order->providers, cut, &setting.filter, error) &&
                world_open(&setting.plan, &setting.world, error);
    raise_limit(); /* not for the command, which has its own by now */
    good = good && serve(&setting, out, error);
    struct error late = { 0 };
    const bool out_kept = capture_close(&setting.out, arena, &out->out, &late);
    const bool err_kept = capture_close(&setting.err, arena, &out->err, &late);
    clean(&setting);
    return good && ((out_kept && err_kept) || error_set(error, "%s", late.text));
}
