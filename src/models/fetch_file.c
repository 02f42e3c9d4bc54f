/* fetch_file.c: a model that lies on this machine already: file:PATH or file:///PATH (RFC 8089). It is copied, so that
 * nobody changes it under us. */
#include "models/pull.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What follows "file:" or "file://" or "file://localhost". */
static const char *after_host(const char *source)
{
    const char *rest = source + strlen("file:");
    if (strncmp(rest, "//", 2) != 0)
        return rest;
    return rest + (strncmp(rest, "//localhost/", 12) == 0 ? strlen("//localhost") : strlen("//"));
}

bool file_check(const char *source, struct error *error)
{
    const bool is_url = strncmp(source, "file://", 7) == 0;
    return !is_url || after_host(source)[0] == '/' ||
           error_set_kind(error, ERROR_WRONG_USE, "%s: a file on another host: write file:PATH or file:///PATH",
                          source);
}

/* file:///a%20b is a URL, whose escapes are undone; file:a%20b and file:/a%20b are paths as they are. */
static bool path_of(const char *source, struct arena *arena, const char **out, struct error *error)
{
    const char *rest = after_host(source);
    if (strncmp(source, "file://", 7) != 0) {
        *out = rest;
        return true;
    }
    int length = 0;
    char *decoded = curl_easy_unescape(NULL, rest, 0, &length);
    *out = decoded ? arena_text(arena, span_of(decoded, (size_t)length)) : NULL;
    curl_free(decoded);
    return *out || error_memory(error, strlen(rest));
}

static bool copy(int descriptor, const char *path, struct sink *sink, struct error *error)
{
    unsigned char part[65536];
    for (;;) {
        const ssize_t got = read(descriptor, part, sizeof part);
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(error, path, "read it");
        if (!sink_add(sink, part, (size_t)got, error))
            return error->kind == ERROR_STOPPED ? false : error_prefix(error, "%s", path);
    }
}

static bool copy_path(const char *path, struct sink *sink, struct error *error)
{
    struct stat status;
    /* O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return error_system(error, path, "open it");
    bool copied = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (!copied)
        error_set(error, "%s: not a file: give the path of a GGUF file", path);
    sink->total = copied ? (uint64_t)status.st_size : 0;
    copied = copied && copy(descriptor, path, sink, error);
    close(descriptor);
    return copied;
}

bool fetch_file(const struct fetch *fetch, struct sink *sink, struct error *error)
{
    struct arena arena = { 0 };
    const char *path = NULL;
    sink->doing = "copying";
    const bool copied = sink_restart(sink, error) && path_of(fetch->parts[0], &arena, &path, error) &&
                        copy_path(path, sink, error);
    arena_free(&arena);
    return copied;
}
