/* waivers.c: dependencies that somebody decided to live with, why, and until when.
 *
 *   waivers:
 *     - provider: aws            an id or a name; for who is unknown, the host. One of provider, service, file is
 *       service: aws-s3          needed, and all that are given must fit; * stands for any letters, / among them
 *       file: deploy*
 *       reason: moving in spring
 *       expires: 2027-04-30      the last day on which it holds
 *   notes:                       for people (the page keeps them); read, but of no effect
 *     - {service: aws-s3, note: ask Nadia}
 *
 * The file comes from the folder that is audited, so it may be anybody's: it is small or refused, and a pattern is
 * compared without going back further than to its last star. */
#include "audit/audit.h"
#include "audit/tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MOST_FILE = 1 << 20, MOST_WAIVERS = 1000, MOST_PATTERN = 256 };

enum key { KEY_PROVIDER, KEY_SERVICE, KEY_FILE, KEY_REASON, KEY_EXPIRES, KEY_NOTE, KEYS };

static const char *const key_names[KEYS] = { "provider", "service", "file", "reason", "expires", "note" };

struct waiver {
    const char *values[KEYS]; /* NULL where it says nothing */
    size_t line;
    bool expired;
    size_t covers; /* findings */
};

/* What is at work while a file is read. */
struct waiving {
    struct report *report;
    const char *path;
    struct error *error;
    struct waiver *waivers;
    size_t count;
};

/* ---- patterns ---------------------------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool pattern_fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            again = text;
        } else if (lower(*pattern) == lower(*text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool fits_either(const char *pattern, const char *id, const char *name)
{
    return !pattern || pattern_fits(pattern, id) || pattern_fits(pattern, name);
}

static bool covers(const struct waiver *waiver, const struct finding *finding)
{
    const struct service *service = finding->service;
    const struct provider *provider = service ? service->provider : NULL;
    const char *host = finding->host;
    const char *file = waiver->values[KEY_FILE];
    return fits_either(waiver->values[KEY_PROVIDER], provider ? provider->id : host,
                       provider ? provider->name : host) &&
           fits_either(waiver->values[KEY_SERVICE], service ? service->id : host, service ? service->name : host) &&
           (!file || pattern_fits(file, finding->file));
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool wrong(const struct waiving *waiving, size_t line, const char *what)
{
    return error_set_kind(waiving->error, ERROR_WRONG_USE, "%s: line %zu: %s", waiving->path, line, what);
}

static bool is_date(const char *text)
{
    static const char form[] = "0000-00-00";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    const int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
    return text[10] == '\0' && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static enum key key_of(struct span name)
{
    enum key key = 0;
    while (key < KEYS && !span_is(name, key_names[key]))
        key++;
    return key;
}

static bool read_value(const struct waiving *waiving, const struct node *node, struct waiver *out)
{
    const enum key key = key_of(node->key);
    if (key == KEYS)
        return error_set_kind(waiving->error, ERROR_WRONG_USE,
                              "%s: line %u: %.*s: no such key: provider, service, file, reason and expires are known",
                              waiving->path, node->line, (int)size_min(node->key.bytes, 60), node->key.data);
    if (node->type != NODE_TEXT || node->text.bytes == 0)
        return wrong(waiving, node->line, "a text is wanted");
    if (out->values[key])
        return wrong(waiving, node->line, "this key is there already");
    if (key <= KEY_FILE && node->text.bytes > MOST_PATTERN)
        return wrong(waiving, node->line, "this pattern is too long");
    if (memchr(node->text.data, 0, node->text.bytes))
        return wrong(waiving, node->line, "there is a zero byte in it");
    out->values[key] = arena_text(&waiving->report->arena, node->text);
    return out->values[key] || error_memory(waiving->error, node->text.bytes);
}

static bool read_entry(const struct waiving *waiving, const struct node *entry, struct waiver *out)
{
    *out = (struct waiver){ .line = entry->line };
    if (entry->type != NODE_MAP)
        return wrong(waiving, entry->line, "provider, service or file, reason and expires are wanted");
    for (const struct node *node = entry->first; node; node = node->next)
        if (!read_value(waiving, node, out))
            return false;
    if (!out->values[KEY_PROVIDER] && !out->values[KEY_SERVICE] && !out->values[KEY_FILE])
        return wrong(waiving, entry->line, "it says of nothing that it is waived: provider, service or file is wanted");
    return true;
}

static bool check_waiver(const struct waiving *waiving, struct waiver *waiver)
{
    if (waiver->values[KEY_NOTE])
        return wrong(waiving, waiver->line, "a note belongs below notes:");
    if (!waiver->values[KEY_REASON])
        return wrong(waiving, waiver->line, "a reason is wanted: who decided this, and why?");
    const char *expires = waiver->values[KEY_EXPIRES];
    if (!expires || !is_date(expires))
        return wrong(waiving, waiver->line, "expires: a day such as 2027-04-30 is wanted");
    waiver->expired = strcmp(expires, waiving->report->date) < 0;
    return true;
}

static bool check_note(const struct waiving *waiving, const struct waiver *note)
{
    if (!note->values[KEY_NOTE])
        return wrong(waiving, note->line, "a note is wanted");
    return (!note->values[KEY_REASON] && !note->values[KEY_EXPIRES]) ||
           wrong(waiving, note->line, "a note has no reason and does not expire");
}

static bool read_entries(struct waiving *waiving, const struct node *list, bool notes)
{
    if (list->type != NODE_LIST && !(list->type == NODE_TEXT && list->text.bytes == 0))
        return wrong(waiving, list->line, "a list is wanted");
    for (const struct node *entry = list->first; entry; entry = entry->next) {
        struct waiver one;
        if (waiving->count == MOST_WAIVERS)
            return wrong(waiving, entry->line, "there are more than 1000: use patterns");
        if (!read_entry(waiving, entry, &one) || !(notes ? check_note(waiving, &one) : check_waiver(waiving, &one)))
            return false;
        if (!notes)
            waiving->waivers[waiving->count++] = one;
    }
    return true;
}

static bool read_document(struct waiving *waiving, const struct node *document)
{
    if (document->type == NODE_TEXT && document->text.bytes == 0)
        return true;
    if (document->type != NODE_MAP)
        return wrong(waiving, document->line, "waivers: is wanted");
    for (const struct node *node = document->first; node; node = node->next) {
        const bool notes = key_is(node, "notes");
        if (!notes && !key_is(node, "waivers"))
            return wrong(waiving, node->line, "no such key: waivers and notes are known");
        if (!read_entries(waiving, node, notes))
            return false;
    }
    return true;
}

static bool read_text(struct waiving *waiving, struct span text)
{
    struct arena arena = { 0 };
    struct node *root = NULL;
    bool good = yaml_parse(text, &arena, &root, waiving->error);
    if (!good && waiving->error) {
        error_prefix(waiving->error, "%s", waiving->path);
        waiving->error->kind = ERROR_WRONG_USE;
    }
    for (const struct node *document = good && root ? root->first : NULL; good && document; document = document->next)
        good = read_document(waiving, document);
    arena_free(&arena);
    return good;
}

/* ---- marking ----------------------------------------------------------------------------------------------------- */

static void mark(struct waiving *waiving)
{
    struct report *report = waiving->report;
    for (size_t i = 0; i < report->finding_count; i++)
        for (size_t k = 0; k < waiving->count; k++) {
            struct waiver *waiver = &waiving->waivers[k];
            if (!covers(waiver, &report->findings[i]))
                continue;
            waiver->covers++;
            if (!waiver->expired && !report->findings[i].waived)
                report->findings[i].waived = waiver->values[KEY_REASON];
        }
}

/* Adds a warning for each waiver that does nothing, before those that are there. */
static bool tell(struct waiving *waiving)
{
    struct report *report = waiving->report;
    const char *slash = strrchr(waiving->path, '/');
    const char *name = arena_text(&report->arena, span_text(slash ? slash + 1 : waiving->path));
    struct warning *all = arena_take(&report->arena, waiving->count + report->warning_count + 1, sizeof *all);
    if (!all || !name)
        return error_memory(waiving->error, waiving->count * sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < waiving->count; i++) {
        const struct waiver *waiver = &waiving->waivers[i];
        if (!waiver->expired && waiver->covers)
            continue;
        const char *text = waiver->expired
                               ? arena_format(&report->arena, "line %zu: this waiver expired on %s: decide again",
                                              waiver->line, waiver->values[KEY_EXPIRES])
                               : arena_format(&report->arena, "line %zu: this waiver covers nothing: remove it",
                                              waiver->line);
        if (!text)
            return error_memory(waiving->error, 0);
        all[count++] = (struct warning){ name, text };
    }
    for (size_t i = 0; i < report->warning_count; i++)
        all[count + i] = report->warnings[i];
    report->warnings = all;
    report->warning_count += count;
    return true;
}

static bool waive(struct waiving *waiving, struct span text)
{
    waiving->waivers = calloc(MOST_WAIVERS, sizeof *waiving->waivers);
    if (!waiving->waivers)
        return error_memory(waiving->error, MOST_WAIVERS * sizeof *waiving->waivers);
    bool good = read_text(waiving, text);
    if (good) {
        mark(waiving);
        good = tell(waiving);
    }
    free(waiving->waivers);
    return good;
}

bool report_waive_text(struct report *report, const char *named, struct span text, struct error *error)
{
    struct waiving waiving = { .report = report, .path = named, .error = error };
    return waive(&waiving, text);
}

bool report_waive(struct report *report, const char *path, struct error *error)
{
    struct stat about;
    struct buffer text = { .limit = MOST_FILE };
    if (lstat(path, &about) != 0)
        return true;
    if (!S_ISREG(about.st_mode) || about.st_size > MOST_FILE)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: no file of at most 1 MiB: waivers are not read", path);
    const bool good = file_read(path, &text, error) && report_waive_text(report, path, buffer_span(&text), error);
    buffer_free(&text);
    return good;
}
