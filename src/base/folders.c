/* folders.c: where a user's files are, and whole folders at once.
 * Places follow the XDG Base Directory Specification 0.8; BASTIDE_HOME puts everything in one folder instead, which
 * is how a test, a second user or an external disk gets a world of its own. */
#include "base/base.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A relative path in these variables is to be ignored (the specification says so). */
static const char *absolute_setting(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

static bool put(struct arena *arena, const char **out, struct error *error, const char *top, const char *middle,
                const char *below)
{
    *out = arena_format(arena, "%s%s/%s", top, middle, below);
    return *out || error_memory(error, strlen(top) + strlen(middle) + strlen(below));
}

static bool find_place(const char *setting, const char *in_home, const char *below, struct arena *arena,
                       const char **out, struct error *error)
{
    const char *all = getenv("BASTIDE_HOME");
    if (all && all[0])
        return put(arena, out, error, all, "", below);
    const char *top = absolute_setting(setting);
    if (top)
        return put(arena, out, error, top, "/bastide", below);
    const char *home = absolute_setting("HOME");
    if (home)
        return put(arena, out, error, home, in_home, below);
    return error_set(error, "no place for files: HOME is not set: set BASTIDE_HOME to a folder");
}

bool folder_data(const char *below, struct arena *arena, const char **out, struct error *error)
{
    return find_place("XDG_DATA_HOME", "/.local/share/bastide", below, arena, out, error);
}

bool folder_configuration(const char *below, struct arena *arena, const char **out, struct error *error)
{
    return find_place("XDG_CONFIG_HOME", "/.config/bastide", below, arena, out, error);
}

/* Walks without following links, so that nothing outside is touched. */
static FTS *walk(const char *path)
{
    char copy[4096];
    if (strlen(path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(copy, path, strlen(path) + 1);
    char *paths[] = { copy, NULL };
    return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

uint64_t tree_bytes(const char *path)
{
    FTS *tree = walk(path);
    if (!tree)
        return 0;
    uint64_t bytes = 0;
    for (const FTSENT *entry; (entry = fts_read(tree));)
        bytes += entry->fts_info == FTS_F ? (uint64_t)entry->fts_statp->st_size : 0;
    fts_close(tree);
    return bytes;
}

/* What is gone already is fine: two processes may clean the same place. */
static bool remove_entry(const FTSENT *entry)
{
    if (entry->fts_info == FTS_D)
        return true; /* comes again as FTS_DP, when it is empty */
    const int done = entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath);
    return done == 0 || errno == ENOENT;
}

bool tree_remove(const char *path, struct error *error)
{
    FTS *tree = walk(path);
    if (!tree)
        return error_system(error, path, "remove it");
    bool removed = true;
    for (const FTSENT *entry; removed && (entry = fts_read(tree));)
        removed = remove_entry(entry) || error_system(error, entry->fts_path, "remove it");
    fts_close(tree);
    return removed;
}
