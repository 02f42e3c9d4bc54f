/* mounts.c: what the command sees of the machine's files.
 *
 * A network namespace does not hold sockets that are files: a command could ask a daemon of the machine (a resolver, a
 * container engine) to speak for it. So what the kernel lists as bound, and every socket file below the folders where
 * services put them, has /dev/null mounted over it. */
#include "cutoff/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char resolv[] = "/etc/resolv.conf";

enum {
    MOST_SOCKETS = 4096,
    MOST_ENTRIES = 100000, /* looked at below one folder */
    MOST_DEPTH = 8,
};

/* ---- which ------------------------------------------------------------------------------------------------------ */

struct list {
    struct arena *arena;
    const char *const *kept;
    size_t kept_count;
    const char **paths;
    size_t count;
    size_t entries; /* looked at */
};

static bool is_kept(const struct list *list, const char *path)
{
    struct stat a, b;
    for (size_t i = 0; i < list->kept_count; i++)
        if (strcmp(list->kept[i], path) == 0 ||
            (stat(list->kept[i], &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev))
            return true;
    return false;
}

static void add_socket(struct list *list, const char *path)
{
    struct stat facts;
    if (list->count == MOST_SOCKETS || lstat(path, &facts) < 0 || !S_ISSOCK(facts.st_mode) || is_kept(list, path))
        return;
    const char *copy = arena_text(list->arena, span_text(path));
    if (copy)
        list->paths[list->count++] = copy;
}

static void walk(struct list *list, const char *folder, int depth)
{
    DIR *stream = depth < MOST_DEPTH ? opendir(folder) : NULL;
    for (struct dirent *entry; stream && list->entries < MOST_ENTRIES && (entry = readdir(stream));) {
        char path[4096];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        list->entries++;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || length >= (int)sizeof path)
            continue;
        if (entry->d_type == DT_SOCK || entry->d_type == DT_UNKNOWN)
            add_socket(list, path);
        if (entry->d_type == DT_DIR)
            walk(list, path, depth + 1);
    }
    if (stream)
        closedir(stream);
}

/* The path is what follows the seventh column. */
static void add_listed(struct list *list, FILE *listing)
{
    char line[4096];
    while (fgets(line, sizeof line, listing)) {
        line[strcspn(line, "\n")] = '\0';
        const char *path = strchr(line, '/');
        if (path && path > line && path[-1] == ' ')
            add_socket(list, path);
    }
}

/* A single file that was mounted from elsewhere, such as a container engine's socket; and others' XDG_RUNTIME_DIR. */
static void add_mounted(struct list *list, FILE *mounts)
{
    char line[4096];
    while (fgets(line, sizeof line, mounts)) {
        const char *path = strchr(line, '/'); /* its root in the file system; the second is where it is */
        path = path ? strchr(path, ' ') : NULL;
        if (!path)
            continue;
        char *end = strchr(path + 1, ' ');
        if (end)
            *end = '\0';
        add_socket(list, path + 1);
    }
}

static void each_line_of(struct list *list, const char *path, void (*add)(struct list *list, FILE *lines))
{
    FILE *lines = fopen(path, "re");
    if (lines) {
        add(list, lines);
        fclose(lines);
    }
}

bool mounts_list_sockets(const char *const *kept, size_t kept_count, struct arena *arena, const char *const **out,
                         size_t *count, struct error *error)
{
    struct list list = { .arena = arena, .kept = kept, .kept_count = kept_count };
    list.paths = arena_take(arena, MOST_SOCKETS, sizeof *list.paths);
    if (!list.paths)
        return error_memory(error, MOST_SOCKETS * sizeof *list.paths);
    const char *folders[] = { "/run", "/tmp", "/var/lib", getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR") };
    each_line_of(&list, "/proc/net/unix", add_listed);
    each_line_of(&list, "/proc/self/mountinfo", add_mounted);
    for (size_t i = 0; i < LENGTH(folders); i++) {
        list.entries = 0;
        if (folders[i] && folders[i][0] == '/')
            walk(&list, folders[i], 0);
    }
    *out = list.paths;
    *count = list.count;
    return list.count < MOST_SOCKETS ||
           error_set(error, "more than %d socket files: they cannot all be masked", MOST_SOCKETS);
}

/* ---- how --------------------------------------------------------------------------------------------------------- */

static bool failed(struct error *error, const char *path, const char *doing)
{
    return error_set(error, "a world of its own: %s: cannot %s: %s", path, doing, strerror(errno));
}

/* A listed socket may be gone by now, or be listed twice, or lie where only others may look. */
static bool mask(const char *path, struct error *error)
{
    struct stat facts;
    if (lstat(path, &facts) < 0 || !S_ISSOCK(facts.st_mode))
        return true;
    return mount("/dev/null", path, NULL, MS_BIND, NULL) == 0 || errno == ENOENT || errno == EACCES ||
           failed(error, path, "mask the socket");
}

/* What is written goes to a folder of the drill; the folder itself stays as it is. */
static bool cover(const char *folder, const char *layers, size_t number, struct error *error)
{
    char upper[4096], work[4096], options[3 * 4096];
    snprintf(upper, sizeof upper, "%s/%zu-upper", layers, number);
    snprintf(work, sizeof work, "%s/%zu-work", layers, number);
    if (strpbrk(folder, ",:\\") || strpbrk(layers, ",:\\"))
        return error_set_kind(error, ERROR_WRONG_USE,
                              "%s: a folder with a comma, colon or backslash in its name cannot "
                              "be kept as it is",
                              folder);
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,userxattr", folder, upper, work);
    if (mkdir(upper, 0700) < 0 || mkdir(work, 0700) < 0)
        return failed(error, layers, "make folders in it");
    return mount("overlay", folder, "overlay", 0, options) == 0 || failed(error, folder, "lay a layer over the folder");
}

bool mounts_arrange(const struct world_plan *plan, struct error *error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed(error, "/", "keep mounts to itself");
    for (size_t i = 0; i < plan->fresh_count; i++)
        if (!cover(plan->fresh[i], plan->layers, i, error))
            return false;
    for (size_t i = 0; i < plan->masked_count; i++)
        if (!mask(plan->masked[i], error))
            return false;
    if (mount(plan->resolv, resolv, NULL, MS_BIND, NULL) < 0)
        return failed(error, resolv, "put another in its place");
    /* A container may hide parts of its /proc and then forbids a second one: the old one shows other processes'
     * numbers, but opens no way to them. */
    (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return true;
}
