/* file.c: reading by map, reading whole, and replacing a file without ever leaving half of one. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map_descriptor(int descriptor, const char *path, struct file *out, struct error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return error_system(error, path, "look at it");
    if (!S_ISREG(status.st_mode))
        return error_set(error, "%s: not a regular file", path);
    if (status.st_size == 0) {
        out->bytes = span_of(NULL, 0);
        return true;
    }
    void *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED)
        return error_system(error, path, "map it into memory");
    out->bytes = span_of(memory, (size_t)status.st_size);
    return true;
}

bool file_map(const char *path, struct file *out, struct error *error)
{
    /* O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return error_system(error, path, "open it");
    const bool mapped = map_descriptor(descriptor, path, out, error);
    close(descriptor);
    return mapped;
}

void file_forget(struct span part)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = ((uintptr_t)part.data + page - 1) & ~(uintptr_t)(page - 1);
    const uintptr_t end = ((uintptr_t)part.data + part.bytes) & ~(uintptr_t)(page - 1);
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

void file_close(struct file *file)
{
    if (file->bytes.data)
        munmap((void *)(uintptr_t)file->bytes.data, file->bytes.bytes);
    file->bytes = span_of(NULL, 0);
}

static bool read_descriptor(int descriptor, const char *path, struct buffer *out, struct error *error)
{
    char part[65536];
    for (;;) {
        const ssize_t got = read(descriptor, part, sizeof part);
        if (got == 0)
            return buffer_add(out, "", 0, error);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(error, path, "read it");
        if (!buffer_add(out, part, (size_t)got, error))
            return error_prefix(error, "%s", path);
    }
}

bool file_read(const char *path, struct buffer *out, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return read_descriptor(STDIN_FILENO, "standard input", out, error);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return error_system(error, path, "open it");
    const bool read = read_descriptor(descriptor, path, out, error);
    close(descriptor);
    return read;
}

bool folder_make(const char *path, struct error *error)
{
    struct arena arena = { 0 };
    char *part = arena_text(&arena, span_text(path));
    bool made = part || error_memory(error, strlen(path));
    for (char *slash = part; made && slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        struct stat status;
        if (mkdir(part, 0700) != 0 && (errno != EEXIST || stat(part, &status) != 0 || !S_ISDIR(status.st_mode)))
            made = error_system(error, part, "make this folder");
        if (slash)
            *slash = '/';
    }
    arena_free(&arena);
    return made;
}
