/* stamp.c: whether anything changed since the last audit, without reading a file. */
#include "audit/audit.h"
#include "audit/walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FNV-1a (Fowler, Noll, Vo): quick, and nobody gains from a collision here. */
static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001B3u;
    return hash;
}

static uint64_t mix_file(uint64_t hash, int root, const char *path)
{
    struct stat about;
    hash = mix(hash, path, strlen(path) + 1);
    if (fstatat(root, path, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return hash;
    const int64_t facts[] = { about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec, (int64_t)about.st_ino };
    return mix(hash, facts, sizeof facts);
}

bool audit_stamp(const struct audit_wishes *wishes, const struct progress *progress, uint64_t *out, struct error *error)
{
    struct paths paths = { 0 };
    struct sink sink = { 0 };
    const int root = open(wishes->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_system(error, wishes->path, "open");
    const bool walked = walk_files(root, wishes, progress, &sink, &paths, error);
    *out = mix_file(0xCBF29CE484222325u, root, WAIVERS_FILE);
    for (size_t i = 0; walked && i < paths.count; i++)
        *out = mix_file(*out, root, paths.rows[i]);
    sink_free(&sink);
    paths_free(&paths);
    close(root);
    return walked;
}
