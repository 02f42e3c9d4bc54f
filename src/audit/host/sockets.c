/* sockets.c: see sockets.h. Containers have networks of their own: /proc/PID/net shows that of a process. */
#include "audit/host/sockets.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1 << 16, MOST_TABLE = 16 << 20, MOST_NETWORKS = 64, STATE_LISTEN = 10 };

/* ---- one line ---------------------------------------------------------------------------------------------------- */

static bool hex_word(struct span text, size_t offset, uint32_t *out)
{
    char digits[9];
    char *end;
    if (!span_has(text, offset, 8))
        return false;
    memcpy(digits, text.data + offset, 8);
    digits[8] = '\0';
    *out = (uint32_t)strtoul(digits, &end, 16);
    return end == digits + 8;
}

/* "0100007F:1F90": words in the processor's order, as they lie in memory. */
static bool read_end(struct span text, struct endpoint *out)
{
    const size_t colon = span_find(text, ":");
    *out = (struct endpoint){ .six = colon == 32 };
    if ((colon != 8 && colon != 32) || text.bytes != colon + 5)
        return false;
    for (size_t i = 0; i < colon / 8; i++) {
        uint32_t word;
        if (!hex_word(text, i * 8, &word))
            return false;
        memcpy(out->address + i * 4, &word, 4);
    }
    char port[5] = "";
    memcpy(port, text.data + colon + 1, 4);
    out->port = (uint16_t)strtoul(port, NULL, 16);
    return true;
}

/* "::ffff:203.0.113.7" is an address of IPv4. */
static void unmap(struct endpoint *end)
{
    static const unsigned char prefix[12] = { [10] = 0xFF, [11] = 0xFF };
    if (!end->six || memcmp(end->address, prefix, sizeof prefix) != 0)
        return;
    memmove(end->address, end->address + 12, 4);
    end->six = false;
}

bool socket_line(struct span line, struct connection *out)
{
    enum { SLOT, LOCAL, REMOTE, STATE, INODE = 9, WORDS };
    struct span words[WORDS];
    for (size_t i = 0; i < WORDS; i++)
        if (!next_word(&line, &words[i]))
            return false;
    *out = (struct connection){ 0 };
    if (!read_end(words[LOCAL], &out->local) || !read_end(words[REMOTE], &out->remote))
        return false;
    char number[24];
    snprintf(number, sizeof number, "%.*s", (int)size_min(words[INODE].bytes, 20), (const char *)words[INODE].data);
    out->inode = strtoull(number, NULL, 10);
    snprintf(number, sizeof number, "%.*s", (int)size_min(words[STATE].bytes, 4), (const char *)words[STATE].data);
    out->listens = strtoul(number, NULL, 16) == STATE_LISTEN;
    unmap(&out->local);
    unmap(&out->remote);
    return true;
}

void sockets_free(struct connections *connections)
{
    free(connections->rows);
    *connections = (struct connections){ 0 };
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static void add_row(struct connections *connections, const struct connection *row)
{
    if (connections->count == connections->room) {
        const size_t room = connections->room ? connections->room * 2 : 256;
        struct connection *grown = room <= MOST_CONNECTIONS ? realloc(connections->rows, room * sizeof *grown) : NULL;
        if (!grown)
            return;
        connections->rows = grown;
        connections->room = room;
    }
    connections->rows[connections->count++] = *row;
}

static bool came_in(const struct connections *all, size_t begin, const struct connection *row)
{
    for (size_t i = begin; i < all->count; i++)
        if (all->rows[i].listens && all->rows[i].local.port == row->local.port &&
            all->rows[i].protocol == row->protocol)
            return true;
    return false;
}

/* Another machine's end, that this one has turned to. A datagram socket without an end of its own is open to all. */
static bool is_outgoing(const struct connections *all, size_t begin, const struct connection *row)
{
    char text[ENDPOINT_TEXT];
    return !row->listens && row->inode > 0 && !came_in(all, begin, row) &&
           address_is_public(span_text(endpoint_text(&row->remote, text)));
}

static void keep_outgoing(struct connections *all, size_t begin)
{
    struct connections kept = { 0 };
    for (size_t i = begin; i < all->count; i++)
        if (is_outgoing(all, begin, &all->rows[i]))
            add_row(&kept, &all->rows[i]);
    if (kept.count > 0)
        memcpy(all->rows + begin, kept.rows, kept.count * sizeof *kept.rows);
    all->count = begin + kept.count;
    sockets_free(&kept);
}

/* The tables of one network: folder is "/proc/net" or "/proc/PID/net". */
static void read_network(struct machine *machine, const char *folder, struct connections *out)
{
    static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6" };
    const size_t begin = out->count;
    for (size_t i = 0; i < LENGTH(tables); i++) {
        char path[64];
        struct connection row;
        size_t at = 0;
        snprintf(path, sizeof path, "%s/%s", folder, tables[i]);
        if (!machine_bytes(machine, path, MOST_TABLE))
            continue;
        for (struct span line; next_line(buffer_span(&machine->bytes), &at, &line);)
            if (socket_line(line, &row)) {
                row.listens |= i >= 2 && row.remote.port == 0;
                row.protocol = i < 2 ? "tcp" : "udp";
                add_row(out, &row);
            }
    }
    keep_outgoing(out, begin);
}

/* ---- whose they are ---------------------------------------------------------------------------------------------- */

struct networks {
    struct connections *out;
    char seen[MOST_NETWORKS][32];
    size_t count;
};

static bool is_new(struct networks *networks, const char *name)
{
    for (size_t i = 0; i < networks->count; i++)
        if (strcmp(networks->seen[i], name) == 0)
            return false;
    if (networks->count == MOST_NETWORKS)
        return false;
    snprintf(networks->seen[networks->count++], sizeof networks->seen[0], "%s", name);
    return true;
}

/* What a link in /proc leads to: "net:[4026531840]", "socket:[12345]". */
static bool read_link(int folder, const char *name, char out[32])
{
    const ssize_t bytes = readlinkat(folder, name, out, 31);
    out[bytes > 0 ? bytes : 0] = '\0';
    return bytes > 0;
}

static void read_networks(struct machine *machine, const char *pid, void *context)
{
    char path[64], name[32];
    struct networks *networks = context;
    snprintf(path, sizeof path, "/proc/%s/ns", pid);
    const int folder = machine_open(machine, path, O_DIRECTORY);
    const bool named = folder >= 0 && read_link(folder, "net", name);
    if (folder >= 0)
        close(folder);
    snprintf(path, sizeof path, "/proc/%s/net", pid);
    if (named && is_new(networks, name))
        read_network(machine, path, networks->out);
}

static void name_owner(struct machine *machine, struct connections *out, const char *pid, uint64_t inode, char *file)
{
    for (size_t i = 0; i < out->count; i++) {
        if (out->rows[i].inode != inode || out->rows[i].file[0])
            continue;
        if (!*file)
            process_file(machine, pid, file);
        memcpy(out->rows[i].file, file, PROCESS_FILE);
    }
}

static void read_descriptors(struct machine *machine, const char *pid, void *context)
{
    char path[64], link[32], file[PROCESS_FILE] = "";
    uint64_t inode;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    const int opened = machine_open(machine, path, O_DIRECTORY);
    DIR *entries = opened >= 0 ? fdopendir(opened) : NULL;
    if (!entries && opened >= 0)
        close(opened);
    for (const struct dirent *entry; entries && (entry = readdir(entries));)
        if (read_link(dirfd(entries), entry->d_name, link) && sscanf(link, "socket:[%" SCNu64 "]", &inode) == 1)
            name_owner(machine, context, pid, inode, file);
    if (entries)
        closedir(entries);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

void sockets_read(struct machine *machine, struct connections *out)
{
    struct networks networks = { .out = out };
    out->count = 0;
    process_each(machine, read_networks, &networks);
    if (networks.count == 0) /* a system that hides others' processes */
        read_network(machine, "/proc/net", out);
    if (out->count > 0)
        process_each(machine, read_descriptors, out);
    for (size_t i = 0; i < out->count; i++)
        if (!out->rows[i].file[0])
            snprintf(out->rows[i].file, PROCESS_FILE, "process/unknown");
}
