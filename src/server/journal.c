/* journal.c: the log and the counts of requests.
 *
 *   2026-11-24T13:41:09.123Z req_5yGk... openai POST /v1/chat/completions 200 1.234s 12+34 key=alice
 *   {"time":"...","event":"request","id":"...","api":"openai",...}
 *
 * What clients choose (paths, methods) reaches a terminal or somebody's parser through here: anything but printable
 * ASCII is escaped, so that no line can be forged and no terminal obeys. */
#include "server/journal.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { APIS_MOST = 8, LOWEST_STATUS = 100, STATUSES = 500, LINE_MOST = 16 << 10, TEXT_MOST = 64 << 20, TIME_TEXT = 32 };

struct api_counts {
    const char *api; /* constant text */
    uint64_t statuses[STATUSES];
};

struct journal {
    FILE *log;
    bool json;
    pthread_mutex_t lock; /* of what follows */
    struct api_counts counts[APIS_MOST];
};

bool journal_open(FILE *log, bool json, struct journal **out, struct error *error)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return error_memory(error, sizeof *journal);
    journal->log = log;
    journal->json = json;
    pthread_mutex_init(&journal->lock, NULL);
    *out = journal;
    return true;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* RFC 3339, in UTC. */
static const char *time_text(char out[TIME_TEXT])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    const size_t length = strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, TIME_TEXT - length, ".%03ldZ", now.tv_nsec / 1000000);
    return out;
}

/* One write, so that lines of several threads do not mix. A log that can't be written is no reason to stop serving. */
static void write_line(struct journal *journal, struct buffer *line)
{
    if (buffer_text(line, "\n", NULL) && fwrite(line->bytes, 1, line->length, journal->log) == line->length)
        fflush(journal->log);
    buffer_free(line);
}

static void write_json(struct journal *journal, json_t *object)
{
    struct buffer line = { .limit = TEXT_MOST };
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text && buffer_text(&line, text, NULL))
        write_line(journal, &line);
    buffer_free(&line);
    free(text);
    json_decref(object);
}

/* Printable ASCII without spaces as it is, all else as %XX. */
static bool add_escaped(struct buffer *line, const char *text)
{
    bool added = true;
    for (const char *at = text; added && *at; at++)
        added = *at > ' ' && *at <= '~' ? buffer_add(line, at, 1, NULL)
                                        : buffer_format(line, NULL, "%%%02X", (unsigned char)*at);
    return added;
}

static void write_request(struct journal *journal, const struct journal_request *request)
{
    struct buffer line = { .limit = LINE_MOST };
    char now[TIME_TEXT];
    bool added = buffer_format(&line, NULL, "%s %s %s ", time_text(now), request->id, request->api) &&
                 add_escaped(&line, request->method) && buffer_text(&line, " ", NULL) &&
                 add_escaped(&line, request->path) &&
                 buffer_format(&line, NULL, " %u %.3fs", request->status, request->seconds);
    if (added && request->prompt_tokens > 0)
        added = buffer_format(&line, NULL, " %zu+%zu tokens", request->prompt_tokens, request->answer_tokens);
    if (added && request->key[0])
        added = buffer_text(&line, " key=", NULL) && add_escaped(&line, request->key);
    if (added)
        write_line(journal, &line);
    buffer_free(&line);
}

void journal_count(struct journal *journal, const char *api, unsigned status)
{
    if (status < LOWEST_STATUS || status >= LOWEST_STATUS + STATUSES)
        return;
    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < APIS_MOST; i++) {
        struct api_counts *counts = &journal->counts[i];
        if (counts->api && strcmp(counts->api, api) != 0)
            continue;
        counts->api = api;
        counts->statuses[status - LOWEST_STATUS]++;
        break;
    }
    pthread_mutex_unlock(&journal->lock);
}

void journal_request(struct journal *journal, const struct journal_request *request)
{
    char now[TIME_TEXT];
    if (journal->json)
        write_json(journal, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:I, s:I, s:s}", "time", time_text(now),
                                      "event", "request", "id", request->id, "api", request->api, "method",
                                      request->method, "path", request->path, "status", (int)request->status, "seconds",
                                      request->seconds, "prompt_tokens", (json_int_t)request->prompt_tokens,
                                      "answer_tokens", (json_int_t)request->answer_tokens, "key", request->key));
    else
        write_request(journal, request);
}

void journal_event(struct journal *journal, const char *event, const char *format, ...)
{
    char now[TIME_TEXT];
    struct error said = { 0 }; /* cleans what would act on a terminal */
    char text[sizeof said.text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(&said, "%s", text);
    if (journal->json) {
        write_json(journal, json_pack("{s:s, s:s, s:s}", "time", time_text(now), "event", event, "text", said.text));
        return;
    }
    struct buffer line = { .limit = LINE_MOST };
    if (buffer_format(&line, NULL, "%s %s: %s", time_text(now), event, said.text))
        write_line(journal, &line);
    buffer_free(&line);
}

void journal_prompt(struct journal *journal, const char *id, struct span text)
{
    char now[TIME_TEXT];
    /* NULL for what is no UTF-8. */
    json_t *words = text.bytes ? json_stringn((const char *)text.data, text.bytes) : json_string("");
    if (journal->json) {
        write_json(journal, json_pack("{s:s, s:s, s:s, s:o?}", "time", time_text(now), "event", "prompt", "id", id,
                                      "text", words));
        return;
    }
    struct buffer line = { .limit = TEXT_MOST };
    char *quoted = words ? json_dumps(words, JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
    if (quoted && buffer_format(&line, NULL, "%s %s prompt %s", time_text(now), id, quoted))
        write_line(journal, &line);
    buffer_free(&line);
    free(quoted);
    json_decref(words);
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

bool journal_metrics(struct journal *journal, struct buffer *out, struct error *error)
{
    bool done = buffer_text(out,
                            "# HELP bastide_requests_total Requests that were answered.\n"
                            "# TYPE bastide_requests_total counter\n",
                            error);
    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; done && i < APIS_MOST && journal->counts[i].api; i++)
        for (unsigned status = 0; done && status < STATUSES; status++)
            if (journal->counts[i].statuses[status] > 0)
                done = buffer_format(out, error, "bastide_requests_total{api=\"%s\",status=\"%u\"} %llu\n",
                                     journal->counts[i].api, status + LOWEST_STATUS,
                                     (unsigned long long)journal->counts[i].statuses[status]);
    pthread_mutex_unlock(&journal->lock);
    return done;
}
