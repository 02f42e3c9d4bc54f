/* journal.h: the log, a line for each request and each thing that happens to the server, and the counts of requests.
 * Private to the room; safe for several threads. */
#ifndef BASTIDE_SERVER_JOURNAL_H
#define BASTIDE_SERVER_JOURNAL_H

#include "base/base.h"

struct journal;

/* log stays the caller's. json: a JSON object a line, else words for people. */
MUST_USE bool journal_open(FILE *log, bool json, struct journal **out, struct error *error);
void journal_close(struct journal *journal);

/* What became of a request. No text of anybody's is in it but the path and the name of the key. */
struct journal_request {
    const char *id, *api, *method, *path, *key;
    unsigned status; /* 0: the client left before there was one */
    double seconds;
    size_t prompt_tokens, answer_tokens;
};
void journal_request(struct journal *journal, const struct journal_request *request);

/* Counts an answer when it is given: who has read it finds it counted. */
void journal_count(struct journal *journal, const char *api, unsigned status);

/* Something that happened: event is one word ("start"), text says more. */
void journal_event(struct journal *journal, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

/* What somebody wrote, for --log-prompts. */
void journal_prompt(struct journal *journal, const char *id, struct span text);

/* Rows of bastide_requests_total in Prometheus' form, with their head. */
MUST_USE bool journal_metrics(struct journal *journal, struct buffer *out, struct error *error);

#endif
