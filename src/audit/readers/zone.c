/* zone.c: DNS zone files (RFC 1035, section 5), as servers load them and as dig or a registrar's export writes them:
 * who answers for a zone's names, takes and sends its mail, issues its certificates, and whose machines its names lead
 * to. Mail is collected by owner, since only all of its records together say whose the mailbox is (mail.c). */
#include <ctype.h>
#include <string.h>

#include "audit/hosts.h"
#include "audit/readers/mail.h"
#include "audit/readers/readers.h"

enum {
    MOST_TOKENS = 64,
    MOST_OWNERS = 4096,
    BYTES_OF_TXT = 4096,
};

/* One record: its tokens, of however many lines. */
struct record {
    struct span tokens[MOST_TOKENS];
    bool quoted[MOST_TOKENS];
    size_t count;
    size_t line;
    bool indented; /* begins with a blank: the owner is that of the record before */
};

/* The mail of one owner. */
struct owner {
    const char *name; /* in lower case, without a dot at its end */
    struct mail mail;
    struct owner *next;
};

struct zone {
    struct source *source;
    struct sink *sink;
    size_t at, line;
    char origin[HOST_BYTES];
    char owner[HOST_BYTES]; /* of the record that is read */
    struct owner *owners;
    size_t owner_count;
    size_t records, others; /* lines that are records, and that are none */
};

/* ---- whether it is one ------------------------------------------------------------------------------------------- */

/* A file may have its zone's name, "bakery.fr", and some countries have the endings of programs. */
static bool named_like_zone(const struct source *source)
{
    static const char *const others[] = { "py",  "sh", "rs", "pl", "md", "cc", "so",  "ps",  "ml",
                                          "mm",  "tf", "st", "pm", "sc", "vi", "zip", "mov", "app",
                                          "dev", "ai", "bz", "gz", "la", "as", "do" };
    for (size_t i = 0; i < LENGTH(others); i++)
        if (strcmp(source->extension, others[i]) == 0)
            return strstr(source->path, "zone") && host_public(source->name);
    return host_public(source->name);
}

static bool takes_zone(const struct source *source)
{
    static const char *const extensions[] = { "zone", "db", "dns", "bind", "hosts", "txt", "zonefile", "arpa" };
    for (size_t i = 0; i < LENGTH(extensions); i++)
        if (strcmp(source->extension, extensions[i]) == 0)
            return true;
    if (strncmp(source->name, "db.", 3) == 0 || strncmp(source->name, "zone.", 5) == 0)
        return true;
    return named_like_zone(source);
}

/* "db.bakery.fr", "bakery.fr.zone": the zone's name in the file's. */
static void origin_of_name(const char *name, char out[HOST_BYTES])
{
    char copy[HOST_BYTES];
    bool scheme;
    snprintf(copy, sizeof copy, "%s", strncmp(name, "db.", 3) == 0 ? name + 3 : name);
    static const char *const endings[] = { ".zone", ".db", ".txt", ".dns", ".bind", ".hosts", ".zonefile" };
    for (size_t i = 0; i < LENGTH(endings); i++) {
        const size_t length = strlen(copy), ending = strlen(endings[i]);
        if (length > ending && strcmp(copy + length - ending, endings[i]) == 0)
            copy[length - ending] = '\0';
    }
    if (!host_of(span_text(copy), out, &scheme) || !host_public(out))
        out[0] = '\0';
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void pass_comment(struct zone *zone)
{
    while (zone->at < zone->source->text.bytes && zone->source->text.data[zone->at] != '\n')
        zone->at++;
}

static struct span read_quoted(struct zone *zone)
{
    const struct span text = zone->source->text;
    const size_t begin = ++zone->at;
    while (zone->at < text.bytes && text.data[zone->at] != '"' && text.data[zone->at] != '\n')
        zone->at += text.data[zone->at] == '\\' ? 2 : 1;
    zone->at = size_min(zone->at, text.bytes);
    const struct span inside = span_part(text, begin, zone->at - begin);
    zone->at += zone->at < text.bytes && text.data[zone->at] == '"';
    return inside;
}

static struct span read_token(struct zone *zone)
{
    const struct span text = zone->source->text;
    const size_t begin = zone->at;
    while (zone->at < text.bytes && !isspace(text.data[zone->at]) && !memchr(";()\"", text.data[zone->at], 4))
        zone->at++;
    return span_part(text, begin, zone->at - begin);
}

static void add_token(struct record *record, struct span token, bool quoted)
{
    if (record->count == MOST_TOKENS)
        return;
    record->quoted[record->count] = quoted;
    record->tokens[record->count++] = token;
}

/* One sign of the file; true if it ended a record. */
static bool read_sign(struct zone *zone, struct record *record, size_t *open)
{
    const unsigned char c = zone->source->text.data[zone->at];
    if (c == '\n') {
        zone->at++;
        zone->line++;
        if (*open == 0 && record->count > 0)
            return true;
        record->indented = record->count == 0 ? false : record->indented;
    } else if (c == ';') {
        pass_comment(zone);
    } else if (isspace(c)) {
        record->indented |= record->count == 0;
        zone->at++;
    } else if (c == '(' || c == ')') {
        *open = c == '(' ? *open + 1 : *open - (*open > 0);
        zone->at++;
    } else {
        record->line = record->count == 0 ? zone->line : record->line;
        add_token(record, c == '"' ? read_quoted(zone) : read_token(zone), c == '"');
    }
    return false;
}

/* The tokens of the next record; parentheses join lines. False at the end. */
static bool next_record(struct zone *zone, struct record *record)
{
    size_t open = 0;
    *record = (struct record){ 0 };
    while (zone->at < zone->source->text.bytes)
        if (read_sign(zone, record, &open))
            return true;
    return record->count > 0;
}

static bool is_number(struct span token)
{
    for (size_t i = 0; i < token.bytes; i++)
        if (!isdigit(token.data[i]) && !(i > 0 && i + 1 == token.bytes && strchr("smhdwSMHDW", token.data[i])))
            return false;
    return token.bytes > 0;
}

static bool is_type(struct span token)
{
    static const char *const types[] = { "MX",    "NS",    "CNAME", "TXT",  "SPF",   "CAA",   "SOA",  "A",     "AAAA",
                                         "SRV",   "PTR",   "ALIAS", "DS",   "TLSA",  "HTTPS", "SVCB", "DNAME", "DNSKEY",
                                         "NAPTR", "SSHFP", "RRSIG", "NSEC", "ANAME", "HINFO", "LOC" };
    for (size_t i = 0; i < LENGTH(types); i++)
        if (span_is_nocase(token, types[i]))
            return true;
    return false;
}

/* Which token is the record's type: nothing but an owner, a time and a class stand before it. Count if it is none. */
static size_t type_at(const struct record *record)
{
    for (size_t i = record->indented ? 0 : 1; i < record->count && i < 4; i++) {
        const struct span token = record->tokens[i];
        if (is_type(token))
            return i + 1 < record->count ? i : record->count;
        if (!is_number(token) && !span_is_nocase(token, "IN"))
            return record->count;
    }
    return record->count;
}

/* A name as it is meant: absolute, or below the origin. */
static void absolute(const struct zone *zone, struct span name, char out[HOST_BYTES])
{
    char host[HOST_BYTES];
    bool scheme;
    const bool dotted = name.bytes > 0 && name.data[name.bytes - 1] == '.';
    out[0] = '\0';
    if (span_is(name, "@")) {
        memcpy(out, zone->origin, HOST_BYTES);
    } else if (host_of(name, host, &scheme)) {
        const size_t length = strlen(host), origin = strlen(zone->origin);
        const bool whole = dotted || !zone->origin[0] ||
                           (length >= origin && strcmp(host + length - origin, zone->origin) == 0);
        memcpy(out, host, length + 1);
        if (!whole && length + origin + 2 <= HOST_BYTES) {
            out[length] = '.';
            memcpy(out + length + 1, zone->origin, origin + 1);
        }
    }
}

/* ---- mail -------------------------------------------------------------------------------------------------------- */

/* The mail of that owner, made if it is new; NULL when memory is short or there are too many. */
static struct mail *mail_of(struct zone *zone, const char *name)
{
    for (struct owner *owner = zone->owners; owner; owner = owner->next)
        if (strcmp(owner->name, name) == 0)
            return &owner->mail;
    struct owner *owner = zone->owner_count < MOST_OWNERS ? arena_take(zone->source->arena, 1, sizeof *owner) : NULL;
    if (!owner || !(owner->name = arena_text(zone->source->arena, span_text(name))))
        return NULL;
    owner->next = zone->owners;
    zone->owners = owner;
    zone->owner_count++;
    return &owner->mail;
}

static void add_mail(struct zone *zone, const char *owner, enum signal signal, struct span value, size_t line)
{
    struct mail *mail = mail_of(zone, owner);
    if (mail && value.bytes > 0 && !span_is(value, "."))
        mail_add(mail, signal, value, line);
}

/* "PLACE:NAME" as a sign, of which the value lives as long as the source. */
static void add_name_sign(struct zone *zone, const char *owner, const char *place, struct span name, size_t line)
{
    const char *value = arena_format(zone->source->arena, "%s:%.*s", place, (int)size_min(name.bytes, 100),
                                     (const char *)name.data);
    if (value)
        add_mail(zone, owner, SIGNAL_NAME, span_text(value), line);
}

/* v=spf1 include:a include:b redirect=c */
static void read_spf(struct zone *zone, const char *owner, struct span text, size_t line)
{
    static const char *const words[] = { "include:", "redirect=", "a:", "mx:" };
    for (size_t at = 0; at < text.bytes;) {
        size_t end = at;
        while (end < text.bytes && text.data[end] != ' ')
            end++;
        struct span word = span_part(text, at, end - at);
        word = word.bytes > 0 && strchr("+-~?", word.data[0]) ? span_from(word, 1) : word;
        for (size_t i = 0; i < LENGTH(words); i++)
            if (span_begins(word, words[i]) && span_find(word, "%") == word.bytes)
                add_mail(zone, owner, SIGNAL_SPF, span_from(word, strlen(words[i])), line);
        at = end + 1;
    }
}

/* The texts of a TXT record as one. */
static struct span joined(struct zone *zone, const struct record *record, size_t first)
{
    struct buffer text = { .limit = BYTES_OF_TXT };
    for (size_t i = first; i < record->count; i++) {
        const bool apart = i > first && !record->quoted[i];
        if ((apart && !buffer_text(&text, " ", NULL)) ||
            !buffer_add(&text, record->tokens[i].data, record->tokens[i].bytes, NULL))
            break;
    }
    const char *kept = text.length ? arena_text(zone->source->arena, buffer_span(&text)) : NULL;
    const size_t bytes = text.length;
    buffer_free(&text);
    return kept ? span_of(kept, bytes) : (struct span){ 0 };
}

/* The owner for whom "selector._domainkey.owner" or "autodiscover.owner" stands; NULL if it is no such name. */
static const char *owner_behind(const char *name, const char *middle)
{
    const char *found = strstr(name, middle);
    return found ? found + strlen(middle) : NULL;
}

static void read_txt(struct zone *zone, const struct record *record, size_t first)
{
    const struct span text = joined(zone, record, first);
    const char *signed_for = owner_behind(zone->owner, "._domainkey.");
    if (span_begins(text, "v=spf1"))
        read_spf(zone, zone->owner, text, record->line);
    else if (signed_for)
        add_name_sign(zone, signed_for, "dkim", span_part(span_text(zone->owner), 0, strcspn(zone->owner, ".")),
                      record->line);
    else if (span_find(text, "=") < text.bytes)
        add_name_sign(zone, zone->owner, "txt", span_part(text, 0, span_find(text, "=")), record->line);
}

static void read_cname(struct zone *zone, const struct record *record, struct span target)
{
    const char *signed_for = owner_behind(zone->owner, "._domainkey.");
    if (signed_for)
        add_mail(zone, signed_for, SIGNAL_DKIM, target, record->line);
    else if (strncmp(zone->owner, "autodiscover.", 13) == 0)
        add_mail(zone, zone->owner + 13, SIGNAL_AUTODISCOVER, target, record->line);
    else if (zone->owner[0] != '_') /* proofs of ownership, for certificates say */
        configure(zone->source, zone->sink, SIGNAL_CNAME, target, record->line);
}

/* ---- all records ------------------------------------------------------------------------------------------------- */

static void tell(struct zone *zone, const struct record *record, enum signal signal, size_t token)
{
    if (token < record->count)
        configure(zone->source, zone->sink, signal, record->tokens[token], record->line);
}

static void read_data(struct zone *zone, const struct record *record, struct span type, size_t first)
{
    if (span_is_nocase(type, "SOA"))
        own_domain(zone->sink, span_text(zone->owner));
    else if (span_is_nocase(type, "MX") && first + 1 < record->count)
        add_mail(zone, zone->owner, SIGNAL_MX, record->tokens[first + 1], record->line);
    else if (span_is_nocase(type, "NS"))
        tell(zone, record, SIGNAL_NS, first);
    else if (span_is_nocase(type, "CAA") &&
             !span_is_nocase(record->tokens[first + 1 < record->count ? first + 1 : 0], "iodef"))
        tell(zone, record, SIGNAL_CAA, first + 2);
    else if (span_is_nocase(type, "A") || span_is_nocase(type, "AAAA"))
        tell(zone, record, SIGNAL_NETWORK, first);
    else if (span_is_nocase(type, "TXT") || span_is_nocase(type, "SPF"))
        read_txt(zone, record, first);
    else if (span_is_nocase(type, "CNAME") || span_is_nocase(type, "ALIAS") || span_is_nocase(type, "ANAME"))
        read_cname(zone, record, record->tokens[first]);
    else if (span_is_nocase(type, "SRV") && strncmp(zone->owner, "_autodiscover._tcp.", 19) == 0 &&
             first + 3 < record->count)
        add_mail(zone, zone->owner + 19, SIGNAL_AUTODISCOVER, record->tokens[first + 3], record->line);
    else if (span_is_nocase(type, "SRV"))
        tell(zone, record, SIGNAL_CNAME, first + 3);
}

static void read_record(struct zone *zone, const struct record *record)
{
    const size_t type = type_at(record);
    const bool directive = record->tokens[0].bytes > 0 && record->tokens[0].data[0] == '$';
    if (span_is_nocase(record->tokens[0], "$ORIGIN") && record->count > 1) {
        char origin[HOST_BYTES];
        absolute(zone, record->tokens[1], origin);
        memcpy(zone->origin, origin, sizeof origin);
        own_domain(zone->sink, span_text(zone->origin));
    }
    zone->records += type < record->count;
    zone->others += type == record->count && !directive;
    if (type == record->count)
        return;
    if (!record->indented)
        absolute(zone, record->tokens[0], zone->owner);
    read_data(zone, record, record->tokens[type], type + 1);
}

/* Whether the beginning looks like a zone: that costs less than to read a text to its end for nothing. */
static bool looks_like_zone(const struct source *source)
{
    struct source beginning = *source;
    beginning.text.bytes = size_min(beginning.text.bytes, 16384);
    struct zone zone = { .source = &beginning, .line = 1 };
    struct record record;
    size_t records = 0, others = 0;
    while (records + others < 40 && next_record(&zone, &record)) {
        const bool is_record = type_at(&record) < record.count;
        records += is_record;
        others += !is_record && record.tokens[0].data[0] != '$';
    }
    return records > 0 && others * 4 <= records;
}

static enum reading read_zone(struct source *source, struct sink *sink)
{
    struct zone zone = { .source = source, .sink = sink, .line = 1 };
    struct record record;
    if (!looks_like_zone(source))
        return READ_NOT_MINE;
    origin_of_name(source->name, zone.origin);
    memcpy(zone.owner, zone.origin, sizeof zone.owner);
    own_domain(sink, span_text(zone.origin));
    while (next_record(&zone, &record))
        read_record(&zone, &record);
    for (const struct owner *owner = zone.owners; owner; owner = owner->next) {
        own_domain(sink, span_text(owner->name));
        mail_tell(source, sink, &owner->mail);
    }
    return READ_DONE;
}

const struct reader reader_zone = { .name = "zone", .takes = takes_zone, .read = read_zone };
