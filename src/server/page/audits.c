/* audits.c: the page's room Dependencies: which folders are audited, what was found, what is waived.
 *
 *   GET  audits          {"folders": [...]}, with progress
 *   GET  audits/N        {"kept", "report"}
 *   POST audits/N        reads the folder again
 *   POST audits/N/kept   {"do": "add" | "remove", "kind": "waivers" | "notes", "entry": {...}} */
#include "server/fields.h"
#include "server/page/auditor.h"
#include "server/page/page.h"
#include "server/serving.h"
#include "server/wire.h"

#include <stdlib.h>
#include <string.h>

/* "3", "3/kept": the number, and what stands after its slash. */
static bool split(const struct request *request, size_t *folder, const char **tail, struct failure *failure)
{
    const size_t digits = strspn(request->rest, "0123456789");
    *tail = request->rest + digits;
    *folder = digits && digits < 6 ? strtoul(request->rest, NULL, 10) : SIZE_MAX;
    if (**tail == '/')
        ++*tail;
    else if (**tail)
        *folder = SIZE_MAX;
    return *folder != SIZE_MAX || failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
}

bool page_audits(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    (void)request;
    json_t *list = auditor_list(server->auditor);
    return response_json(response, list ? json_pack("{s:o}", "folders", list) : NULL, failure);
}

bool page_audit(struct server *server, const struct request *request, struct response *response,
                struct failure *failure)
{
    size_t folder;
    const char *tail;
    response->body.limit = WIRE_MOST;
    if (!split(request, &folder, &tail, failure))
        return false;
    if (tail[0])
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    return auditor_result(server->auditor, folder, &response->body, failure);
}

static bool keep(struct server *server, const struct request *request, size_t folder, struct failure *failure)
{
    static const char *const doings[] = { "add", "remove", NULL }, *const kinds[] = { "waivers", "notes", NULL };
    size_t doing = 0, kind = 0;
    const json_t *entry = NULL;
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    const struct fields in = { body, "" };
    const bool done = field_demand(in, "do", failure) && field_choice(in, "do", doings, &doing, failure) &&
                      field_demand(in, "kind", failure) && field_choice(in, "kind", kinds, &kind, failure) &&
                      field_demand(in, "entry", failure) && field_object(in, "entry", &entry, failure) &&
                      auditor_keep(server->auditor, folder, kinds[kind], entry, doing == 0, failure);
    json_decref(body);
    return done;
}

bool page_audit_change(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    size_t folder;
    const char *tail;
    if (!split(request, &folder, &tail, failure))
        return false;
    if (strcmp(tail, "kept") == 0) {
        response->status = 204;
        return keep(server, request, folder, failure);
    }
    if (tail[0])
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    response->status = 202;
    return auditor_again(server->auditor, folder, failure) && page_audits(server, request, response, failure);
}
