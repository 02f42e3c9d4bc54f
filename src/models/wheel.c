/* wheel.c: one file out of a wheel, which is a zip archive (PEP 427). Nothing is written under a name from inside the
 * archive: the bytes go to the sink, whose limit ends a zip bomb. libarchive reads it, its size and CRC are checked. */
#include "models/pull.h"

#include <archive.h>
#include <archive_entry.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_MEMBERS = 100000,
    BLOCK_BYTES = 65536,
};

static bool broken(struct archive *archive, const char *path, struct error *error)
{
    const char *reason = archive_error_string(archive);
    return error_set(error, "%s: broken or cut archive: %s", path, reason ? reason : "it cannot be read");
}

static struct archive *open_zip(const char *path, struct error *error)
{
    struct archive *archive = archive_read_new();
    if (!archive) {
        error_memory(error, BLOCK_BYTES);
        return NULL;
    }
    if (archive_read_support_format_zip_seekable(archive) != ARCHIVE_OK ||
        archive_read_open_filename(archive, path, BLOCK_BYTES) != ARCHIVE_OK) {
        broken(archive, path, error);
        archive_read_free(archive);
        return NULL;
    }
    return archive;
}

/* Absolute, or with a part that is "..". No wheel has such names; an archive that does is an attack. */
static bool leads_out(const char *name)
{
    if (name[0] == '/' || strchr(name, '\\'))
        return true;
    for (const char *part = name; *part; part += strcspn(part, "/"), part += *part == '/')
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return true;
    return false;
}

/* Reads headers until a member matches; *entry is NULL when there is no more. */
static bool next_match(struct archive *archive, const char *path, const char *pattern, struct archive_entry **entry,
                       struct error *error)
{
    for (size_t i = 0; i < MOST_MEMBERS; i++) {
        const int result = archive_read_next_header(archive, entry);
        if (result == ARCHIVE_EOF) {
            *entry = NULL;
            return true;
        }
        if (result != ARCHIVE_OK)
            return broken(archive, path, error);
        const char *name = archive_entry_pathname(*entry);
        if (!name || leads_out(name))
            return error_set(error, "%s: refused: a file in it is named to lead out of its folder: %s", path,
                             name ? name : "(no name)");
        if (archive_entry_filetype(*entry) == AE_IFREG && fnmatch(pattern, name, 0) == 0)
            return true;
    }
    return error_set(error, "%s: refused: more than %d files in it", path, MOST_MEMBERS);
}

/* Exactly one member has to match. Its name is for the message. */
static bool check_one(const char *path, const char *pattern, struct error *error)
{
    struct archive *archive = open_zip(path, error);
    if (!archive)
        return false;
    struct archive_entry *entry;
    char first[256] = "", second[256] = "";
    bool read = next_match(archive, path, pattern, &entry, error);
    if (read && entry) {
        snprintf(first, sizeof first, "%s", archive_entry_pathname(entry));
        read = next_match(archive, path, pattern, &entry, error);
        if (read && entry)
            snprintf(second, sizeof second, "%s", archive_entry_pathname(entry));
    }
    while (read && entry) /* the rest of the names is checked, too */
        read = next_match(archive, path, pattern, &entry, error);
    archive_read_free(archive);
    if (!read)
        return false;
    if (!first[0])
        return error_set(error, "%s: no file in it is named %s", path, pattern);
    return !second[0] || error_set(error, "%s: several files in it are named %s (%s, %s): say which, after a '/'", path,
                                   pattern, first, second);
}

static bool copy_member(struct archive *archive, const char *path, struct archive_entry *entry, struct sink *sink,
                        struct error *error)
{
    uint64_t copied = 0;
    for (;;) {
        const void *data;
        size_t bytes;
        la_int64_t offset;
        const int result = archive_read_data_block(archive, &data, &bytes, &offset);
        if (result == ARCHIVE_EOF)
            break;
        if (result != ARCHIVE_OK)
            return broken(archive, path, error);
        if ((uint64_t)offset != copied)
            return error_set(error, "%s: refused: a file with holes", path);
        if (!sink_add(sink, data, bytes, error))
            return false;
        copied += bytes;
    }
    if (!archive_entry_size_is_set(entry) || (uint64_t)archive_entry_size(entry) != copied)
        return error_set(error, "%s: broken archive: a file of %lld bytes has %llu", path,
                         (long long)archive_entry_size(entry), (unsigned long long)copied);
    return true;
}

bool wheel_extract(const char *path, const char *pattern, struct sink *sink, struct error *error)
{
    if (!check_one(path, pattern, error))
        return false;
    struct archive *archive = open_zip(path, error);
    if (!archive)
        return false;
    struct archive_entry *entry;
    bool copied = next_match(archive, path, pattern, &entry, error);
    if (copied && !entry)
        copied = error_set(error, "%s: changed while it was read", path);
    copied = copied && copy_member(archive, path, entry, sink, error);
    archive_read_free(archive);
    return copied;
}
