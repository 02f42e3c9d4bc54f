/* walk.c: the files of a folder, in a fixed order. What is generated or somebody else's copy isn't entered
 * (node_modules, .git); what .gitignore leaves out isn't read. The folders on the way are kept in an array, so that
 * depth is bounded by it and not by the stack. */
#include "audit/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/ignore.h"
#include "audit/readers/readers.h"
#include "audit/source.h"

enum {
    MOST_DEPTH = 128,
    MOST_FILES = 1 << 21,
    MOST_IGNORE_BYTES = 8 << 20,
};

struct walk {
    int root;
    const struct audit_wishes *wishes;
    const struct progress *progress;
    struct sink *sink;
    struct paths *paths;
    struct error *error;
    uint64_t seen;
};

/* A folder on the way: its entries, sorted, and the rules that hold in it. */
struct folder {
    const char *path; /* "" for the root */
    char **names;
    size_t count, at;
    struct ignore rules;
    const struct ignore *ignore;
    struct buffer ignore_text;
};

void paths_free(struct paths *paths)
{
    arena_free(&paths->arena);
    free(paths->rows);
    *paths = (struct paths){ 0 };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->names[i]);
    free(folder->names);
    buffer_free(&folder->ignore_text);
}

static bool add_name(struct folder *folder, size_t *room, const char *name)
{
    if (folder->count == *room) {
        const size_t wanted = *room ? *room * 2 : 32;
        char **grown = realloc(folder->names, wanted * sizeof *grown);
        if (!grown)
            return false;
        folder->names = grown;
        *room = wanted;
    }
    folder->names[folder->count] = strdup(name);
    return folder->names[folder->count] && ++folder->count;
}

static bool list_names(struct folder *folder, DIR *listing)
{
    size_t room = 0;
    for (struct dirent *entry; (entry = readdir(listing));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !add_name(folder, &room, entry->d_name))
            return false;
    if (folder->count > 1)
        qsort(folder->names, folder->count, sizeof *folder->names, by_name);
    return true;
}

/* The folder's own .gitignore, if it has one. */
static bool read_rules(struct walk *walk, struct folder *folder, int handle)
{
    const int file = openat(handle, ".gitignore", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat about;
    if (file < 0)
        return true;
    folder->ignore_text.limit = MOST_IGNORE_BYTES;
    char part[16 << 10];
    ssize_t got = 0;
    bool good = fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    while (good && (got = read(file, part, sizeof part)) > 0)
        good = buffer_add(&folder->ignore_text, part, (size_t)got, NULL);
    close(file);
    if (!good)
        sink_warn(walk->sink, folder->path, ".gitignore is no file, or larger than 8 MiB: its end is left out");
    const size_t base = folder->path[0] ? strlen(folder->path) + 1 : 0;
    if (!ignore_read(buffer_span(&folder->ignore_text), base, folder->ignore, &walk->paths->arena, &folder->rules,
                     walk->error))
        return false;
    if (folder->rules.cut)
        sink_warn(walk->sink, folder->path, ".gitignore: only the first 2000 rules with signs are kept");
    folder->ignore = &folder->rules;
    return true;
}

static bool folder_open(struct walk *walk, const char *path, const struct ignore *ignore, struct folder *out,
                        bool *opened)
{
    *out = (struct folder){ .path = path, .ignore = ignore };
    const int handle = openat(walk->root, path[0] ? path : ".",
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *listing = handle >= 0 ? fdopendir(handle) : NULL;
    *opened = listing != NULL;
    if (!listing) {
        char text[128];
        snprintf(text, sizeof text, "this folder cannot be read: %s", strerror(errno));
        sink_warn(walk->sink, path[0] ? path : ".", text);
        if (handle >= 0)
            close(handle);
        return true;
    }
    const bool good = list_names(out, listing) || error_memory(walk->error, 0);
    const bool ruled = good && (walk->wishes->ignored_too || read_rules(walk, out, dirfd(listing)));
    closedir(listing);
    if (!ruled)
        folder_free(out);
    return ruled;
}

static bool keep_path(struct walk *walk, const char *path)
{
    struct paths *paths = walk->paths;
    if (paths->count == paths->room) {
        const size_t wanted = paths->room ? paths->room * 2 : 1024;
        const char **grown = realloc(paths->rows, wanted * sizeof *grown);
        if (!grown)
            return error_memory(walk->error, wanted * sizeof *grown);
        paths->rows = grown;
        paths->room = wanted;
    }
    paths->rows[paths->count++] = path;
    return true;
}

/* Folders that hold others' copies or what was made of the rest. */
static bool never_entered(const char *name)
{
    static const char *const names[] = { ".git",        ".hg",           ".svn",
                                         ".bzr",        "node_modules",  "bower_components",
                                         "__pycache__", ".terraform",    ".terragrunt-cache",
                                         ".venv",       "site-packages", ".tox",
                                         ".yarn",       ".pnpm-store",   ".next",
                                         ".nuxt",       ".svelte-kit",   ".gradle",
                                         ".idea",       ".vscode",       ".cache",
                                         "third_party", "thirdparty",    "vendor",
                                         "Pods",        "Carthage",      "DerivedData",
                                         "coverage" };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool link_leads_out(const struct walk *walk, const char *path)
{
    char root[64], there[64], target[4096], base[4096];
    const int handle = openat(walk->root, path, O_PATH | O_CLOEXEC);
    if (handle < 0)
        return true; /* nowhere, or in a circle */
    snprintf(there, sizeof there, "/proc/self/fd/%d", handle);
    snprintf(root, sizeof root, "/proc/self/fd/%d", walk->root);
    const ssize_t length = readlink(there, target, sizeof target - 1);
    const ssize_t base_length = readlink(root, base, sizeof base - 1);
    close(handle);
    return length < base_length || base_length <= 0 || memcmp(target, base, (size_t)base_length) != 0 ||
           (length > base_length && target[base_length] != '/' && base[base_length - 1] != '/');
}

static bool visit_file(struct walk *walk, const char *path, mode_t mode)
{
    struct source source = { 0 };
    source_name(&source, path);
    if (S_ISLNK(mode)) {
        if (link_leads_out(walk, path))
            sink_warn(walk->sink, path, "a link that leads out of this folder, or nowhere: not followed");
        return true;
    }
    if (!S_ISREG(mode)) {
        sink_warn(walk->sink, path, "no regular file: not read");
        return true;
    }
    if (walk->paths->count == MOST_FILES)
        return error_set(walk->error, "more than %d files: audit its parts one by one", MOST_FILES);
    return !reader_wanted(&source) || keep_path(walk, path);
}

/* The next entry of a folder; *enter is its path if it is a folder to be entered. */
static bool visit_entry(struct walk *walk, struct folder *folder, const char **enter)
{
    const char *name = folder->names[folder->at++];
    *enter = NULL;
    char *path = arena_format(&walk->paths->arena, "%s%s%s", folder->path, folder->path[0] ? "/" : "", name);
    struct stat about;
    if (!path)
        return error_memory(walk->error, strlen(name));
    if (strcmp(path, WAIVERS_FILE) == 0)
        return true; /* what it speaks of stands elsewhere */
    if (fstatat(walk->root, path, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        sink_warn(walk->sink, path, strerror(errno));
        return true;
    }
    const bool is_folder = S_ISDIR(about.st_mode);
    if ((is_folder && never_entered(name)) || ignore_matches(folder->ignore, path, is_folder))
        return true;
    if (is_folder)
        *enter = path;
    if (++walk->seen % 512 == 0 && !progress_tell(walk->progress, "finding files", walk->seen, 0))
        return error_set_kind(walk->error, ERROR_STOPPED, "stopped");
    return is_folder || visit_file(walk, path, about.st_mode);
}

static bool walk_down(struct walk *walk, struct folder *folders, size_t *depth)
{
    while (*depth > 0) {
        struct folder *folder = &folders[*depth - 1];
        const char *enter = NULL;
        if (folder->at == folder->count) {
            folder_free(folder);
            --*depth;
            continue;
        }
        if (!visit_entry(walk, folder, &enter))
            return false;
        if (enter && *depth == MOST_DEPTH) {
            sink_warn(walk->sink, enter, "folders in folders beyond 128: not entered");
            continue;
        }
        bool opened;
        if (enter && !folder_open(walk, enter, folder->ignore, &folders[*depth], &opened))
            return false;
        *depth += enter && opened;
    }
    return true;
}

bool walk_files(int root, const struct audit_wishes *wishes, const struct progress *progress, struct sink *sink,
                struct paths *out, struct error *error)
{
    struct walk walk = {
        .root = root, .wishes = wishes, .progress = progress, .sink = sink, .paths = out, .error = error
    };
    struct folder *folders = calloc(MOST_DEPTH, sizeof *folders);
    if (!folders)
        return error_memory(error, MOST_DEPTH * sizeof *folders);
    size_t depth = 0;
    bool opened = false, good = folder_open(&walk, "", NULL, &folders[0], &opened);
    depth = good && opened;
    good = good && walk_down(&walk, folders, &depth);
    while (depth > 0)
        folder_free(&folders[--depth]);
    free(folders);
    return good;
}
