/* machine.c: see machine.h. Paths are opened by openat2 (Linux 5.6) with RESOLVE_IN_ROOT, so that absolute links of a
 * mounted disk lead where they would on the machine itself. */
#include "audit/host/machine.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/source.h"

enum { MOST_ENTRIES = 1 << 16, MOST_PARTS = 16 };

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void note_denied(struct machine *machine, const char *path)
{
    if (machine->denied++ == 0)
        snprintf(machine->first_denied, sizeof machine->first_denied, "%s", path);
}

int machine_open(struct machine *machine, const char *path, int flags)
{
    const struct open_how how = { .flags = (unsigned)flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                  .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    const long opened = syscall(SYS_openat2, machine->root, path, &how, sizeof how);
    if (opened >= 0)
        return (int)opened;
    if (errno == ENOSYS || (errno == EPERM && geteuid() == 0)) { /* an older system, or a filter of system calls */
        const int plain = openat(machine->root, path + (*path == '/'), (int)how.flags | O_NOFOLLOW);
        if (plain >= 0)
            return plain;
    }
    if (errno == EACCES || errno == EPERM)
        note_denied(machine, path);
    return -1;
}

/* ---- patterns ---------------------------------------------------------------------------------------------------- */

struct entries {
    char **names;
    size_t count, room;
};

static bool add_entry(struct entries *entries, const char *name)
{
    if (entries->count == entries->room) {
        const size_t room = entries->room ? entries->room * 2 : 32;
        char **grown = room <= MOST_ENTRIES ? realloc(entries->names, room * sizeof *grown) : NULL;
        if (!grown)
            return false;
        entries->names = grown;
        entries->room = room;
    }
    entries->names[entries->count] = strdup(name);
    return entries->names[entries->count] && ++entries->count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder that match, sorted; hidden ones only where the pattern begins with a dot. */
static void list_folder(struct machine *machine, const char *folder, const char *pattern, struct entries *out)
{
    const int opened = machine_open(machine, *folder ? folder : "/", O_DIRECTORY);
    DIR *entries = opened >= 0 ? fdopendir(opened) : NULL;
    if (!entries && opened >= 0)
        close(opened);
    for (const struct dirent *entry; entries && (entry = readdir(entries));)
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0 && !add_entry(out, entry->d_name))
            break;
    if (entries)
        closedir(entries);
    if (out->count > 1)
        qsort(out->names, out->count, sizeof *out->names, by_name);
}

struct search {
    struct machine *machine;
    void (*visit)(struct machine *machine, const char *path, void *context);
    void *context;
};

/* Goes on from the folder along the rest of the pattern ("/etc", "apt/x*.list"); so deep as the pattern has parts. */
static void search(const struct search *order, const char *folder, const char *rest)
{
    char part[NAME_MAX + 1], path[PATH_MAX];
    rest += *rest == '/';
    const size_t length = strcspn(rest, "/*");
    const size_t whole = strcspn(rest, "/");
    if (whole > NAME_MAX || !*rest)
        return;
    snprintf(part, sizeof part, "%.*s", (int)whole, rest);
    struct entries found = { 0 };
    if (length < whole)
        list_folder(order->machine, folder, part, &found);
    else
        add_entry(&found, part);
    for (size_t i = 0; i < found.count; i++) {
        const int written = snprintf(path, sizeof path, "%s/%s", folder, found.names[i]);
        if (written > 0 && (size_t)written < sizeof path && !order->machine->stopped) {
            if (rest[whole])
                search(order, path, rest + whole);
            else
                order->visit(order->machine, path, order->context);
        }
        free(found.names[i]);
    }
    free(found.names);
}

void machine_each(struct machine *machine, const char *pattern,
                  void (*visit)(struct machine *machine, const char *path, void *context), void *context)
{
    const struct search order = { machine, visit, context };
    if (*pattern != '~') {
        search(&order, "", pattern);
        return;
    }
    for (const char *const *home = machine->home; *home; home++)
        search(&order, *home, pattern + 1);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void read_file(struct machine *machine, const char *path, void *context)
{
    const struct place *place = context;
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct source source = { .arena = &arena, .trees = &trees };
    const int file = machine_open(machine, path, 0);
    source_name(&source, path);
    source.test = false; /* a folder "test" of a machine that is used is none of tests */
    if (file >= 0 && source_take(&source, file, &machine->bytes, &machine->sink)) {
        place->read(&source, &machine->sink);
        machine->files++;
        machine->read += machine->bytes.length;
    }
    arena_free(&arena);
}

void machine_read(struct machine *machine, const struct place *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        machine_each(machine, places[i].pattern, read_file, (void *)(uintptr_t)&places[i]);
}

bool machine_bytes(struct machine *machine, const char *path, size_t bytes)
{
    char part[16 << 10];
    const int file = machine_open(machine, path, 0);
    ssize_t got = -1;
    machine->bytes.length = 0;
    machine->bytes.limit = bytes;
    while (file >= 0 && (got = read(file, part, size_min(sizeof part, bytes - machine->bytes.length))) > 0)
        if (!buffer_add(&machine->bytes, part, (size_t)got, NULL))
            break;
    if (file >= 0)
        close(file);
    return file >= 0 && got >= 0;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

void machine_source(struct source *source, const char *path)
{
    source_name(source, path);
    source->test = false;
}

void machine_tell(struct machine *machine, const char *path, size_t line, enum evidence evidence, enum signal signal,
                  const char *value, const char *shown)
{
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct source source = { .arena = &arena, .trees = &trees };
    machine_source(&source, path);
    mention(&source, &machine->sink,
            &(struct mention){ .signal = signal,
                               .value = span_text(value),
                               .line = line,
                               .evidence = evidence,
                               .shown = span_text(shown) });
    arena_free(&arena);
}

void tell_unknown_address(struct source *source, struct sink *sink, struct span address, size_t line)
{
    char text[INET6_ADDRSTRLEN];
    if (address.bytes >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", (int)address.bytes, (const char *)address.data);
    sink_unknown(source, sink, &(struct mention){ .line = line, .evidence = EVIDENCE_CONFIGURED }, text);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

struct span line_content(struct span line, const char *comments)
{
    line = span_trim(line);
    return line.bytes > 0 && strchr(comments, line.data[0]) ? (struct span){ 0 } : line;
}

bool line_setting(struct span line, const char *key, struct span *value)
{
    const size_t length = strlen(key);
    if (line.bytes <= length || !span_is_nocase(span_part(line, 0, length), key))
        return false;
    const struct span rest = span_from(line, length);
    *value = span_trim(rest);
    if (value->bytes > 0 && (value->data[0] == '=' || value->data[0] == ':'))
        *value = span_trim(span_from(*value, 1));
    else if (!isspace(rest.data[0]))
        return false;
    return value->bytes > 0;
}

bool next_word(struct span *text, struct span *word)
{
    static const char blanks[] = " \t,;";
    size_t begin = 0;
    while (begin < text->bytes && memchr(blanks, text->data[begin], sizeof blanks - 1))
        begin++;
    size_t end = begin;
    while (end < text->bytes && !memchr(blanks, text->data[end], sizeof blanks - 1))
        end++;
    *word = span_part(*text, begin, end - begin);
    *text = span_from(*text, end);
    return word->bytes > 0;
}

/* Networks of nobody on the internet: private, shared, loopback, link-local, for documentation and tests, of many
 * receivers. Source: IANA's registry of special-purpose addresses (RFC 6890). */
static bool is_special(const unsigned char address[4])
{
    static const struct {
        unsigned char address[4], mask[4];
    } rows[] = {
        { { 0 }, { 255 } },
        { { 10 }, { 255 } },
        { { 127 }, { 255 } },
        { { 100, 64 }, { 255, 192 } },
        { { 169, 254 }, { 255, 255 } },
        { { 172, 16 }, { 255, 240 } },
        { { 192, 168 }, { 255, 255 } },
        { { 192, 0, 0 }, { 255, 255, 255 } },
        { { 192, 0, 2 }, { 255, 255, 255 } },
        { { 198, 18 }, { 255, 254 } },
        { { 198, 51, 100 }, { 255, 255, 255 } },
        { { 203, 0, 113 }, { 255, 255, 255 } },
        { { 224 }, { 224 } },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        unsigned differ = 0;
        for (size_t j = 0; j < 4; j++)
            differ |= (address[j] & rows[i].mask[j]) ^ rows[i].address[j];
        if (differ == 0)
            return true;
    }
    return false;
}

bool address_is_public(struct span address)
{
    static const unsigned char documentation[] = { 0x20, 0x01, 0x0D, 0xB8 };
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    if (address.bytes >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)address.bytes, (const char *)address.data);
    if (inet_pton(AF_INET, text, bytes) == 1)
        return !is_special(bytes);
    return inet_pton(AF_INET6, text, bytes) == 1 && (bytes[0] & 0xE0) == 0x20 && /* global unicast: RFC 4291 */
           memcmp(bytes, documentation, sizeof documentation) != 0;
}
