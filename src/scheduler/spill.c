/* spill.c: pages of the tree that memory has no room for, each in a file of the cache folder, named by its key.
 *
 *   key of a page = BLAKE2b(key of the page before it, its tokens); before the first: keys of owner and model
 *
 *   16 bytes  "bastide page 1\n\0"
 *   32        the key
 *   128       32 tokens, little-endian
 *             the page's bytes
 *   32        BLAKE2b of all before
 *
 * So a page is found by all that stood before it, by no other owner, and only with the model that made it. A file that
 * is not what its name says is removed and the page computed again. The folder has a bound; what was not used for
 * longest goes first, after a restart by the files' times. Files of other names are left alone. */
#include "scheduler/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char magic[16] = "bastide page 1\n";

enum {
    BUCKETS = 4096,
    HEAD_BYTES = 16 + KEY_BYTES + 4 * PAGE_TOKENS,
    NAME_BYTES = 2 * KEY_BYTES + 6, /* hexadecimal, ".page" */
    DISK_SHARE = 10,                /* so much of the disk, one in ten, is left free */
};

/* A file that is there. */
struct spilled {
    unsigned char key[KEY_BYTES];
    size_t bytes;
    time_t changed;
    struct spilled *next; /* in its bucket */
    struct spilled *newer, *older;
};

struct spill {
    int folder; /* open, so that nothing outside it is ever touched */
    struct spilled *buckets[BUCKETS];
    struct spilled *newest, *oldest;
    size_t bytes, bytes_most;
};

/* ---- the index --------------------------------------------------------------------------------------------------- */

static struct spilled **bucket_of(struct spill *spill, const unsigned char key[KEY_BYTES])
{
    return &spill->buckets[(key[0] | key[1] << 8) % BUCKETS];
}

static struct spilled *find(struct spill *spill, const unsigned char key[KEY_BYTES])
{
    struct spilled *file = *bucket_of(spill, key);
    while (file && memcmp(file->key, key, KEY_BYTES) != 0)
        file = file->next;
    return file;
}

static void unlink_use(struct spill *spill, struct spilled *file)
{
    *(file->newer ? &file->newer->older : &spill->newest) = file->older;
    *(file->older ? &file->older->newer : &spill->oldest) = file->newer;
}

static void link_newest(struct spill *spill, struct spilled *file)
{
    file->newer = NULL;
    file->older = spill->newest;
    *(spill->newest ? &spill->newest->newer : &spill->oldest) = file;
    spill->newest = file;
}

static bool add_file(struct spill *spill, const unsigned char key[KEY_BYTES], size_t bytes, time_t changed)
{
    struct spilled *file = calloc(1, sizeof *file), **bucket = bucket_of(spill, key);
    if (!file)
        return false;
    *file = (struct spilled){ .bytes = bytes, .changed = changed, .next = *bucket };
    memcpy(file->key, key, KEY_BYTES);
    *bucket = file;
    link_newest(spill, file);
    spill->bytes += bytes;
    return true;
}

static void name_of(const unsigned char key[KEY_BYTES], char out[NAME_BYTES])
{
    sodium_bin2hex(out, NAME_BYTES, key, KEY_BYTES);
    memcpy(out + 2 * KEY_BYTES, ".page", 6);
}

/* The file goes too. */
static void remove_file(struct spill *spill, struct spilled *file)
{
    char name[NAME_BYTES];
    struct spilled **link = bucket_of(spill, file->key);
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    unlink_use(spill, file);
    spill->bytes -= file->bytes;
    name_of(file->key, name);
    unlinkat(spill->folder, name, 0);
    free(file);
}

static void keep_bound(struct spill *spill)
{
    while (spill->bytes > spill->bytes_most)
        remove_file(spill, spill->oldest);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool parse_name(const char *name, unsigned char key[KEY_BYTES])
{
    size_t bytes;
    const char *end;
    return strlen(name) == NAME_BYTES - 1 && strcmp(name + 2 * KEY_BYTES, ".page") == 0 &&
           sodium_hex2bin(key, KEY_BYTES, name, 2 * KEY_BYTES, NULL, &bytes, &end) == 0 && bytes == KEY_BYTES;
}

static int by_time(const void *a, const void *b)
{
    const struct spilled *const *x = a, *const *y = b;
    return ((*x)->changed > (*y)->changed) - ((*x)->changed < (*y)->changed);
}

/* Orders the index as the files were used. */
static bool sort_files(struct spill *spill, size_t count)
{
    struct spilled **files = calloc(count + 1, sizeof(struct spilled *));
    if (!files)
        return false;
    size_t i = 0;
    for (struct spilled *file = spill->newest; file; file = file->older)
        files[i++] = file;
    qsort(files, count, sizeof(struct spilled *), by_time);
    spill->newest = spill->oldest = NULL;
    for (i = 0; i < count; i++)
        link_newest(spill, files[i]);
    free(files);
    return true;
}

static bool scan(struct spill *spill, DIR *folder)
{
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        unsigned char key[KEY_BYTES];
        struct stat status;
        if (!parse_name(entry->d_name, key) || find(spill, key) ||
            fstatat(spill->folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (!add_file(spill, key, (size_t)status.st_size, status.st_mtime))
            return false;
        count++;
    }
    return sort_files(spill, count);
}

static bool open_folder(struct spill *spill, const char *path, struct error *error)
{
    if (!folder_make(path, error))
        return false;
    spill->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = spill->folder >= 0 ? opendir(path) : NULL;
    if (!folder)
        return error_system(error, path, "open this folder");
    const bool scanned = scan(spill, folder);
    closedir(folder);
    return scanned || error_memory(error, sizeof(struct spilled));
}

bool spill_open(const char *folder, size_t bytes_most, struct spill **out, struct error *error)
{
    struct spill *spill = calloc(1, sizeof *spill);
    if (!spill)
        return error_memory(error, sizeof *spill);
    *spill = (struct spill){ .folder = -1, .bytes_most = bytes_most };
    if (!open_folder(spill, folder, error)) {
        spill_close(spill);
        return false;
    }
    keep_bound(spill);
    *out = spill;
    return true;
}

void spill_close(struct spill *spill)
{
    if (!spill)
        return;
    for (struct spilled *file = spill->newest, *older; file; file = older) {
        older = file->older;
        free(file);
    }
    if (spill->folder >= 0)
        close(spill->folder);
    free(spill);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void put_tokens(const uint32_t tokens[PAGE_TOKENS], unsigned char out[4 * PAGE_TOKENS])
{
    for (size_t i = 0; i < PAGE_TOKENS; i++)
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = (unsigned char)(tokens[i] >> 8 * k);
}

void spill_key(const unsigned char before[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS], unsigned char out[KEY_BYTES])
{
    unsigned char bytes[KEY_BYTES + 4 * PAGE_TOKENS];
    memcpy(bytes, before, KEY_BYTES);
    put_tokens(tokens, bytes + KEY_BYTES);
    crypto_generichash(out, KEY_BYTES, bytes, sizeof bytes, NULL, 0);
}

void spill_root(const unsigned char owner[KEY_BYTES], const unsigned char model[KEY_BYTES],
                unsigned char out[KEY_BYTES])
{
    crypto_generichash(out, KEY_BYTES, owner, KEY_BYTES, model, KEY_BYTES);
}

static void make_head(const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                      unsigned char head[HEAD_BYTES])
{
    memcpy(head, magic, sizeof magic);
    memcpy(head + sizeof magic, key, KEY_BYTES);
    put_tokens(tokens, head + sizeof magic + KEY_BYTES);
}

static void make_seal(const unsigned char head[HEAD_BYTES], struct span page, unsigned char out[KEY_BYTES])
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, KEY_BYTES);
    crypto_generichash_update(&hash, head, HEAD_BYTES);
    crypto_generichash_update(&hash, page.data, page.bytes);
    crypto_generichash_final(&hash, out, KEY_BYTES);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool write_part(int file, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    while (bytes > 0) {
        const ssize_t count = write(file, from, bytes);
        if (count < 0 && errno != EINTR)
            return false;
        from += count > 0 ? count : 0;
        bytes -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool disk_has_room(const struct spill *spill, size_t bytes)
{
    struct statvfs disk;
    return fstatvfs(spill->folder, &disk) == 0 && disk.f_bavail > disk.f_blocks / DISK_SHARE + bytes / disk.f_frsize;
}

/* Under another name first: a file of the right name is whole, but for the disk's own faults, which its seal shows. */
static bool write_file(const struct spill *spill, const unsigned char key[KEY_BYTES],
                       const uint32_t tokens[PAGE_TOKENS], struct span page)
{
    unsigned char head[HEAD_BYTES], seal[KEY_BYTES];
    char name[NAME_BYTES], temporary[NAME_BYTES + 1];
    name_of(key, name);
    snprintf(temporary, sizeof temporary, "%s~", name);
    make_head(key, tokens, head);
    make_seal(head, page, seal);
    unlinkat(spill->folder, temporary, 0);
    const int file = openat(spill->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return false;
    bool written = write_part(file, head, sizeof head) && write_part(file, page.data, page.bytes) &&
                   write_part(file, seal, sizeof seal);
    written = close(file) == 0 && written && renameat(spill->folder, temporary, spill->folder, name) == 0;
    if (!written)
        unlinkat(spill->folder, temporary, 0);
    return written;
}

void spill_write(struct spill *spill, const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                 struct span page)
{
    struct spilled *file = find(spill, key);
    const size_t bytes = HEAD_BYTES + page.bytes + KEY_BYTES;
    if (file) {
        unlink_use(spill, file);
        link_newest(spill, file);
    } else if (bytes <= spill->bytes_most && disk_has_room(spill, bytes) && write_file(spill, key, tokens, page)) {
        if (!add_file(spill, key, bytes, 0))
            return; /* found again after a restart */
        keep_bound(spill);
    }
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_whole(const struct spill *spill, const unsigned char key[KEY_BYTES], unsigned char *out, size_t bytes)
{
    char name[NAME_BYTES];
    struct stat status;
    name_of(key, name);
    const int file = openat(spill->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return false;
    bool whole = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == bytes;
    for (size_t done = 0; whole && done < bytes;) {
        const ssize_t count = read(file, out + done, bytes - done);
        whole = count > 0 || (count < 0 && errno == EINTR);
        done += count > 0 ? (size_t)count : 0;
    }
    close(file);
    return whole;
}

static bool read_page(const struct spill *spill, const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                      const struct model *model, struct page **out)
{
    const size_t page = model_page_bytes(model), bytes = HEAD_BYTES + page + KEY_BYTES;
    unsigned char head[HEAD_BYTES], seal[KEY_BYTES], *file = malloc(bytes);
    if (!file)
        return false;
    make_head(key, tokens, head);
    bool good = read_whole(spill, key, file, bytes) && memcmp(file, head, HEAD_BYTES) == 0;
    if (good) {
        make_seal(head, span_of(file + HEAD_BYTES, page), seal);
        good = memcmp(file + HEAD_BYTES + page, seal, KEY_BYTES) == 0 &&
               page_open(model, span_of(file + HEAD_BYTES, page), out, NULL);
    }
    free(file);
    return good;
}

bool spill_has(struct spill *spill, const unsigned char key[KEY_BYTES])
{
    return find(spill, key) != NULL;
}

bool spill_read(struct spill *spill, const unsigned char key[KEY_BYTES], const uint32_t tokens[PAGE_TOKENS],
                const struct model *model, struct page **out)
{
    struct spilled *file = find(spill, key);
    if (!file)
        return false;
    if (!read_page(spill, key, tokens, model, out)) {
        remove_file(spill, file);
        return false;
    }
    unlink_use(spill, file);
    link_newest(spill, file);
    return true;
}

void spill_forget(struct spill *spill, const unsigned char key[KEY_BYTES])
{
    struct spilled *file = find(spill, key);
    if (file)
        remove_file(spill, file);
}
