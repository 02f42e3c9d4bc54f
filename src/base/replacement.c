/* replacement.c: files that are whole or not there: written beside their place, synced, then renamed into it.
 *
 *   replacement_begin  PATH.abc123 is made          killed here: PATH is as it was, PATH.abc123 stays
 *   ...          written to
 *   replacement_end    synced, renamed to PATH      afterwards, and only then, PATH is the new one
 *
 * A device or a pipe cannot be replaced, and must not be: root would put a file in the place of /dev/null. */
#include "base/base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A rename is on disk only once its folder is. */
static void sync_folder_of(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    const int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

/* Opens what cannot be replaced. */
static bool begin_in_place(const char *path, struct replacement *out, struct error *error)
{
    out->stream = fopen(path, "we");
    return out->stream || error_system(error, path, "write it");
}

/* target: path, with links followed, so that they go on pointing to the file. */
static bool begin_beside(const char *path, const char *target, struct replacement *out, struct error *error)
{
    char *temporary = arena_format(&out->arena, "%s.XXXXXX", target);
    out->target = arena_text(&out->arena, span_text(target));
    if (!temporary || !out->target)
        return error_memory(error, strlen(target));
    const int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0)
        return error_system(error, path, "write beside it");
    out->temporary = temporary;
    out->stream = fdopen(descriptor, "w");
    if (out->stream)
        return true;
    close(descriptor);
    return error_system(error, path, "write it");
}

/* Frees and forgets; a temporary file that is still there goes. */
static void clear(struct replacement *replacement)
{
    if (replacement->stream)
        fclose(replacement->stream);
    if (replacement->temporary)
        unlink(replacement->temporary);
    arena_free(&replacement->arena);
    *replacement = (struct replacement){ 0 };
}

bool replacement_begin(const char *path, struct replacement *out, struct error *error)
{
    *out = (struct replacement){ 0 };
    struct stat status;
    const bool there = stat(path, &status) == 0;
    out->path = arena_text(&out->arena, span_text(path));
    char *target = there ? realpath(path, NULL) : NULL;
    bool begun = out->path || error_memory(error, strlen(path));
    if (begun)
        begun = there && !S_ISREG(status.st_mode) ? begin_in_place(path, out, error)
                                                  : begin_beside(path, target ? target : path, out, error);
    free(target);
    if (!begun)
        clear(out);
    return begun;
}

static bool sync_stream(struct replacement *replacement)
{
    return fflush(replacement->stream) == 0 && (!replacement->temporary || fsync(fileno(replacement->stream)) == 0);
}

bool replacement_end(struct replacement *replacement, bool keep, struct error *error)
{
    bool done = true;
    if (keep && replacement->stream)
        done = sync_stream(replacement) || error_system(error, replacement->path, "write it");
    if (keep && done && replacement->temporary) {
        done = rename(replacement->temporary, replacement->target) == 0 ||
               error_system(error, replacement->path, "replace it");
        if (done) {
            sync_folder_of(replacement->target);
            replacement->temporary = NULL;
        }
    }
    clear(replacement);
    return done;
}

bool file_write_atomic(const char *path, struct span bytes, struct error *error)
{
    struct replacement replacement;
    if (!replacement_begin(path, &replacement, error))
        return false;
    const bool written = bytes.bytes == 0 || fwrite(bytes.data, bytes.bytes, 1, replacement.stream) == 1 ||
                         error_system(error, path, "write it");
    return replacement_end(&replacement, written, error) && written;
}
