/* refused.c: what libmicrohttpd refuses by itself, in our words.
 *
 * What is no request (a first line without a version, a length that is no number, a chunk without a size) the library
 * answers with a page of HTML, without asking anybody, and sometimes twice. Version 0.9.75 says so in its log first, in
 * the connection's thread: there we answer, with our headers, and close our side, so that its page goes nowhere. A
 * message that we don't know, or whose connection can't be told, leaves the answer to the library. */
#include "server/http/refused.h"

#include "server/journal.h"

#include <string.h>

static const char announcement[] = "Error processing request (HTTP response code is %u";

static const struct refusal {
    unsigned status; /* of the library */
    enum failure_kind kind;
    const char *text;
} refusals[] = {
    { 400, FAILURE_BAD_REQUEST, "this is no request: its first line, a header or a length is malformed" },
    { 413, FAILURE_BODY, "the body is too large" },
    { 414, FAILURE_HEADERS, "the headers are too large" },
    { 431, FAILURE_HEADERS, "the headers are too large" },
    { 505, FAILURE_BAD_REQUEST, "the version of HTTP has to be 1.1 or 1.0" },
};

static const struct refusal *find_refusal(const char *message, va_list values)
{
    if (strncmp(message, announcement, sizeof announcement - 1) != 0)
        return NULL;
    const unsigned status = va_arg(values, unsigned);
    for (size_t i = 0; i < LENGTH(refusals); i++)
        if (refusals[i].status == status)
            return &refusals[i];
    return NULL;
}

/* Nothing was answered yet, nor refused. */
static bool is_open(const struct connection *connection)
{
    return connection->state == CONNECTION_IDLE || connection->state == CONNECTION_HEAD ||
           connection->state == CONNECTION_BODY;
}

/* With the lock. Without a first line there is no visit yet, and nobody will end this one but we. */
static bool answer(struct connection *connection, struct journal *journal, const struct refusal *refusal)
{
    const bool has_line = connection->visit != NULL;
    if (!has_line)
        connection->visit = visit_open("");
    if (!connection->visit)
        return false;
    failure_set(&connection->visit->failure, refusal->kind, "%s", refusal->text);
    connection_refuse(connection);
    if (!has_line) {
        journal_count(journal, connection->visit->api->name, connection->visit->status);
        visit_note(connection->visit, journal);
        visit_close(connection->visit);
        connection->visit = NULL;
    }
    connection_silence(connection);
    return true;
}

void refused_by_library(struct connections *connections, struct journal *journal, const char *message, va_list values)
{
    const struct refusal *refusal = find_refusal(message, values);
    struct connection *connection = refusal ? connection_of_thread(connections) : NULL;
    if (!connection)
        return;
    pthread_mutex_lock(&connection->lock);
    const bool answered = is_open(connection) && answer(connection, journal, refusal);
    pthread_mutex_unlock(&connection->lock);
    if (answered)
        connection_linger(connection);
}
