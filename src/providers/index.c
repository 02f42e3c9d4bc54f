/* index.c: one hash table over all patterns of all signals. Each look-up asks it for the forms in which a pattern that
 * matches may stand there, the longest first:
 *
 *   a name      the whole of it, then each of its beginnings, as "begins with"
 *   a domain    a.b.c.d, *.b.c.d, a.*.c.d, ..., then b.c.d and so on
 *   an address  its network of each width that there is, the narrowest first
 *
 * so a look-up costs what its value's length allows and not what the register holds. FNV-1a (Fowler, Noll, Vo) can be
 * continued byte by byte, which gives the hash of every beginning in one pass. */
#include "providers/index.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum {
    LONGEST_VALUE = 253, /* of a host, RFC 1035; a name that is longer is compared by its beginning */
    MOST_LABELS = 24,
};

/* How a pattern is compared; part of its key. */
enum form { FORM_WHOLE, FORM_BEGINNING, FORM_DOMAIN, FORM_NETWORK };

struct index_entry {
    const struct service *service; /* NULL: empty */
    struct span key;
    uint64_t hash;
    enum signal signal;
    enum form form;
};

static uint64_t hash_begin(enum signal signal, enum form form)
{
    return (0xcbf29ce484222325u ^ ((uint64_t)signal << 8 | form)) * 0x100000001b3u;
}

static uint64_t hash_more(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * 0x100000001b3u;
}

static bool is_domain(enum signal signal)
{
    return signal == SIGNAL_DOMAIN || signal == SIGNAL_REGISTRY || (signal >= SIGNAL_MX && signal <= SIGNAL_CAA);
}

static bool is_nocase(enum signal signal)
{
    return is_domain(signal) || signal == SIGNAL_NUGET || signal == SIGNAL_ACTION || signal == SIGNAL_TF_PROVIDER;
}

bool index_open(struct index *index, struct arena *arena, size_t patterns, struct error *error)
{
    size_t capacity = 1024;
    while (capacity / 2 < patterns)
        capacity *= 2;
    *index = (struct index){ .capacity = capacity, .arena = arena };
    index->slots = arena_take(arena, capacity, sizeof *index->slots);
    return index->slots || error_memory(error, capacity * sizeof *index->slots);
}

/* The slot of a key, or the empty one where it belongs. */
static struct index_entry *slot_of(const struct index *index, enum signal signal, enum form form, struct span key,
                                   uint64_t hash)
{
    for (size_t i = (size_t)(hash ^ hash >> 32) & (index->capacity - 1);; i = (i + 1) & (index->capacity - 1)) {
        struct index_entry *slot = &index->slots[i];
        if (!slot->service ||
            (slot->hash == hash && slot->signal == signal && slot->form == form && span_equal(slot->key, key)))
            return slot;
    }
}

static uint64_t hash_key(enum signal signal, enum form form, struct span key)
{
    uint64_t hash = hash_begin(signal, form);
    for (size_t i = 0; i < key.bytes; i++)
        hash = hash_more(hash, key.data[i]);
    return hash;
}

static const struct service *look(const struct index *index, enum signal signal, enum form form, struct span key,
                                  uint64_t hash)
{
    return slot_of(index, signal, form, key, hash)->service;
}

static bool put(struct index *index, enum signal signal, enum form form, struct span key, const struct service *service,
                struct error *error)
{
    if (index->count >= index->capacity / 2)
        return error_set(error, "more patterns than room was made for");
    const uint64_t hash = hash_key(signal, form, key);
    struct index_entry *slot = slot_of(index, signal, form, key, hash);
    if (!slot->service) {
        const char *kept = arena_text(index->arena, key);
        if (!kept)
            return error_memory(error, key.bytes);
        *slot = (struct index_entry){ .key = span_of(kept, key.bytes), .hash = hash, .signal = signal, .form = form };
        index->count++;
    }
    slot->service = service;
    return true;
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

/* An address as its bytes, one byte of width in front of them; false if the text is none. */
struct network {
    unsigned char key[17]; /* bits, address */
    size_t bytes;          /* of the address: 4 or 16 */
};

static bool read_address(struct span text, struct network *out)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.bytes == 0 || text.bytes >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.bytes);
    copy[text.bytes] = '\0';
    out->bytes = strchr(copy, ':') ? 16 : 4;
    return inet_pton(out->bytes == 16 ? AF_INET6 : AF_INET, copy, out->key + 1) == 1;
}

static void keep_bits(struct network *network, unsigned bits)
{
    network->key[0] = (unsigned char)bits;
    for (size_t i = 0; i < network->bytes; i++) {
        const unsigned before = (unsigned)i * 8;
        const unsigned kept = bits <= before ? 0 : bits - before >= 8 ? 8 : bits - before;
        network->key[1 + i] &= (unsigned char)(0xFF00u >> kept);
    }
}

static bool add_network(struct index *index, struct span pattern, const struct service *service, struct error *error)
{
    const unsigned char *slash = memchr(pattern.data, '/', pattern.bytes);
    struct network network;
    unsigned bits = 0;
    const size_t length = slash ? (size_t)(slash - pattern.data) : pattern.bytes;
    bool fine = slash && read_address(span_of(pattern.data, length), &network);
    for (size_t i = length + 1; fine && i < pattern.bytes; i++) {
        fine = isdigit(pattern.data[i]) && bits < 100;
        bits = bits * 10 + (unsigned)(pattern.data[i] - '0');
    }
    if (!fine || bits == 0 || bits > network.bytes * 8)
        return error_set_kind(error, ERROR_WRONG_USE, "a network such as 203.0.113.0/24 is wanted");
    keep_bits(&network, bits);
    index->widths[network.bytes == 16][bits] = 1;
    return put(index, SIGNAL_NETWORK, FORM_NETWORK, span_of(network.key, 1 + network.bytes), service, error);
}

static const struct service *find_network(const struct index *index, struct span value)
{
    struct network network;
    if (!read_address(value, &network))
        return NULL;
    for (unsigned bits = (unsigned)network.bytes * 8; bits > 0; bits--) {
        if (!index->widths[network.bytes == 16][bits])
            continue;
        keep_bits(&network, bits);
        const struct span key = span_of(network.key, 1 + network.bytes);
        const struct service *found = look(index, SIGNAL_NETWORK, FORM_NETWORK, key,
                                           hash_key(SIGNAL_NETWORK, FORM_NETWORK, key));
        if (found)
            return found;
    }
    return NULL;
}

/* ---- domains ----------------------------------------------------------------------------------------------------- */

/* The host with label number wild replaced by "*" (none if it is beyond). */
static struct span with_wild(struct span host, size_t wild, char out[LONGEST_VALUE + 1])
{
    size_t at = 0, label = 0, bytes = 0;
    while (at < host.bytes) {
        size_t end = at;
        while (end < host.bytes && host.data[end] != '.')
            end++;
        if (label == wild) {
            out[bytes++] = '*';
        } else {
            memcpy(out + bytes, host.data + at, end - at);
            bytes += end - at;
        }
        if (end < host.bytes)
            out[bytes++] = '.';
        at = end + 1;
        label++;
    }
    return span_of(out, bytes);
}

static size_t count_labels(struct span host)
{
    size_t labels = 1;
    for (size_t i = 0; i < host.bytes; i++)
        labels += host.data[i] == '.';
    return labels;
}

static const struct service *find_wild(const struct index *index, enum signal signal, struct span host)
{
    char changed[LONGEST_VALUE + 1];
    const size_t labels = count_labels(host);
    for (size_t wild = labels; wild-- > 0;) {
        const struct span key = with_wild(host, wild, changed);
        const struct service *found = look(index, signal, FORM_DOMAIN, key, hash_key(signal, FORM_DOMAIN, key));
        if (found)
            return found;
    }
    return NULL;
}

static const struct service *find_domain(const struct index *index, enum signal signal, struct span host)
{
    while (host.bytes > 0 && host.data[host.bytes - 1] == '.')
        host.bytes--;
    if (count_labels(host) > MOST_LABELS)
        return NULL;
    while (host.bytes > 0) {
        const struct service *found = look(index, signal, FORM_DOMAIN, host, hash_key(signal, FORM_DOMAIN, host));
        if (!found)
            found = find_wild(index, signal, host);
        const unsigned char *dot = memchr(host.data, '.', host.bytes);
        if (found || !dot)
            return found;
        const size_t passed = (size_t)(dot - host.data) + 1;
        host = span_of(host.data + passed, host.bytes - passed);
    }
    return NULL;
}

static bool add_domain(struct index *index, enum signal signal, struct span pattern, const struct service *service,
                       struct error *error)
{
    size_t stars = 0;
    bool fine = pattern.bytes <= LONGEST_VALUE && memchr(pattern.data, '.', pattern.bytes);
    for (size_t i = 0; i < pattern.bytes && fine; i++) {
        const unsigned char c = pattern.data[i];
        stars += c == '*';
        fine = isalnum(c) || c == '.' || c == '-' || c == '_' ||
               (c == '*' && (i == 0 || pattern.data[i - 1] == '.') && i + 1 < pattern.bytes &&
                pattern.data[i + 1] == '.');
    }
    if (!fine || stars > 1)
        return error_set_kind(error, ERROR_WRONG_USE, "a domain is wanted, in which one label may be *");
    return put(index, signal, FORM_DOMAIN, pattern, service, error);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const struct service *find_name(const struct index *index, enum signal signal, struct span value)
{
    uint64_t beginnings[LONGEST_VALUE + 1];
    beginnings[0] = hash_begin(signal, FORM_BEGINNING);
    for (size_t i = 0; i < value.bytes; i++)
        beginnings[i + 1] = hash_more(beginnings[i], value.data[i]);
    const struct service *found = look(index, signal, FORM_WHOLE, value, hash_key(signal, FORM_WHOLE, value));
    for (size_t bytes = value.bytes; !found && bytes > 0; bytes--)
        found = look(index, signal, FORM_BEGINNING, span_of(value.data, bytes), beginnings[bytes]);
    return found;
}

static bool add_name(struct index *index, enum signal signal, struct span pattern, const struct service *service,
                     struct error *error)
{
    const bool beginning = pattern.data[pattern.bytes - 1] == '*';
    const struct span key = span_of(pattern.data, pattern.bytes - beginning);
    if (key.bytes < 1u + beginning || key.bytes > LONGEST_VALUE || memchr(key.data, '*', key.bytes))
        return error_set_kind(error, ERROR_WRONG_USE, "a name is wanted, of which only the end may be *");
    return put(index, signal, beginning ? FORM_BEGINNING : FORM_WHOLE, key, service, error);
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

/* In lower case where case does not count; cut to what is compared. */
static struct span folded(enum signal signal, struct span value, char out[LONGEST_VALUE + 1])
{
    const size_t bytes = size_min(value.bytes, LONGEST_VALUE);
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(is_nocase(signal) ? tolower(value.data[i]) : value.data[i]);
    return span_of(out, bytes);
}

bool index_add(struct index *index, enum signal signal, const char *pattern, const struct service *service,
               struct error *error)
{
    char copy[LONGEST_VALUE + 1];
    const struct span whole = span_text(pattern);
    if (whole.bytes == 0 || whole.bytes > LONGEST_VALUE)
        return error_set_kind(error, ERROR_WRONG_USE, "a pattern of 1 to %d bytes is wanted", LONGEST_VALUE);
    const struct span key = folded(signal, whole, copy);
    if (signal == SIGNAL_NETWORK)
        return add_network(index, key, service, error);
    if (is_domain(signal))
        return add_domain(index, signal, key, service, error);
    return add_name(index, signal, key, service, error);
}

const struct service *index_find(const struct index *index, enum signal signal, struct span value)
{
    char copy[LONGEST_VALUE + 1];
    if (value.bytes == 0 || (is_domain(signal) && value.bytes > LONGEST_VALUE))
        return NULL;
    const struct span key = folded(signal, value, copy);
    if (signal == SIGNAL_NETWORK)
        return find_network(index, key);
    if (is_domain(signal))
        return find_domain(index, signal, key);
    return find_name(index, signal, key);
}
