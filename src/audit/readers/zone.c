/* zone.c: DNS zone files (RFC 1035, section 5): who answers for a zone's names, takes and sends its mail, issues its
 * certificates, and whose machines its names lead to. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/readers.h"

enum { MOST_TOKENS = 64 };

/* One record: its tokens, of however many lines. */
struct record {
    struct span tokens[MOST_TOKENS];
    size_t count;
    size_t line;
};

/* Where the reader is in the file. */
struct zone {
    struct source *source;
    struct sink *sink;
    size_t at, line;
    bool found; /* a record that only zone files have */
};

static bool takes_zone(const struct source *source)
{
    return strcmp(source->extension, "zone") == 0 || strncmp(source->name, "db.", 3) == 0 ||
           strcmp(source->extension, "db") == 0 || strncmp(source->name, "named.", 6) == 0;
}

static void pass_comment(struct zone *zone)
{
    while (zone->at < zone->source->text.bytes && zone->source->text.data[zone->at] != '\n')
        zone->at++;
}

static struct span read_token(struct zone *zone)
{
    const struct span text = zone->source->text;
    const size_t begin = zone->at;
    if (text.data[begin] == '"') {
        zone->at++;
        while (zone->at < text.bytes && text.data[zone->at] != '"' && text.data[zone->at] != '\n')
            zone->at += text.data[zone->at] == '\\' ? 2 : 1;
        zone->at = size_min(zone->at, text.bytes);
        const struct span inside = span_part(text, begin + 1, zone->at - begin - 1);
        zone->at += zone->at < text.bytes && text.data[zone->at] == '"';
        return inside;
    }
    while (zone->at < text.bytes && !isspace(text.data[zone->at]) && !strchr(";()\"", text.data[zone->at]))
        zone->at++;
    if (zone->at == begin)
        zone->at++;
    return span_part(text, begin, zone->at - begin);
}

/* The tokens of the next record; parentheses join lines. False at the end. */
static bool next_record(struct zone *zone, struct record *record)
{
    const struct span text = zone->source->text;
    size_t open = 0;
    *record = (struct record){ .line = zone->line };
    while (zone->at < text.bytes) {
        const unsigned char c = text.data[zone->at];
        if (c == '\n') {
            zone->at++;
            zone->line++;
            if (open == 0 && record->count > 0)
                return true;
            record->line = record->count == 0 ? zone->line : record->line;
        } else if (c == ';') {
            pass_comment(zone);
        } else if (isspace(c)) {
            zone->at++;
        } else if (c == '(' || c == ')') {
            open = c == '(' ? open + 1 : open - (open > 0);
            zone->at++;
        } else {
            const struct span token = read_token(zone);
            if (record->count < MOST_TOKENS)
                record->tokens[record->count++] = token;
        }
    }
    return record->count > 0;
}

/* Which token is the record's type; count if none. */
static size_t type_at(const struct record *record)
{
    static const char *const types[] = { "MX", "NS", "CNAME", "TXT", "SPF", "CAA", "SOA", "A", "AAAA", "SRV" };
    for (size_t i = 0; i < record->count && i < 5; i++)
        for (size_t j = 0; j < LENGTH(types); j++)
            if (span_is_nocase(record->tokens[i], types[j]))
                return i;
    return record->count;
}

static void tell(struct zone *zone, const struct record *record, enum signal signal, size_t token)
{
    if (token < record->count)
        configure(zone->source, zone->sink, signal, record->tokens[token], record->line);
}

/* v=spf1 include:a include:b redirect=c */
static void tell_spf(struct zone *zone, const struct record *record, struct span text)
{
    static const char *const words[] = { "include:", "redirect=", "a:", "mx:", "exists:" };
    size_t at = 0;
    while (at < text.bytes) {
        size_t end = at;
        while (end < text.bytes && text.data[end] != ' ')
            end++;
        struct span word = span_part(text, at, end - at);
        word = word.bytes > 0 && strchr("+-~?", word.data[0]) ? span_from(word, 1) : word;
        for (size_t i = 0; i < LENGTH(words); i++)
            if (span_begins(word, words[i]))
                configure(zone->source, zone->sink, SIGNAL_SPF, span_from(word, strlen(words[i])), record->line);
        at = end + 1;
    }
}

static void tell_record(struct zone *zone, const struct record *record)
{
    const size_t type = type_at(record);
    if (span_is_nocase(record->tokens[0], "$ORIGIN") && record->count > 1)
        own_domain(zone->sink, record->tokens[1]);
    if (type == record->count)
        return;
    zone->found = true;
    const struct span name = record->tokens[type];
    if (span_is_nocase(name, "SOA") && type > 0)
        own_domain(zone->sink, record->tokens[0]);
    else if (span_is_nocase(name, "MX"))
        tell(zone, record, SIGNAL_MX, type + 2);
    else if (span_is_nocase(name, "NS"))
        tell(zone, record, SIGNAL_NS, type + 1);
    else if (span_is_nocase(name, "CNAME"))
        tell(zone, record, SIGNAL_CNAME, type + 1);
    else if (span_is_nocase(name, "CAA"))
        tell(zone, record, SIGNAL_CAA, type + 3);
    else if (span_is_nocase(name, "TXT") && type + 1 < record->count && span_begins(record->tokens[type + 1], "v=spf1"))
        tell_spf(zone, record, record->tokens[type + 1]);
}

static enum reading read_zone(struct source *source, struct sink *sink)
{
    struct zone zone = { .source = source, .sink = sink, .line = 1 };
    struct record record;
    while (next_record(&zone, &record))
        tell_record(&zone, &record);
    return zone.found ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_zone = { .name = "zone", .takes = takes_zone, .read = read_zone };
