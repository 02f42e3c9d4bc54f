/* routes.c: the page's own API: its routes, and how it tells of a failure. */
#include "server/page/files.h"
#include "server/page/page.h"
#include "server/wire.h"

/* {"error": {"code", "field", "message"}} */
static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    (void)request;
    return wire_json(out,
                     json_pack("{s:{s:i, s:s, s:s}}", "error", "code", (int)failure_status(failure->kind), "field",
                               failure->field, "message", failure->text),
                     error);
}

const struct api page_api = { .name = "page", .tell_failure = tell_failure };

/* clang-format off */
const struct route page_routes[] = {
    { "GET",    "/",                               SCOPE_NONE, &page_api, page_root },
    { "GET",    "/c/*",                            SCOPE_NONE, &page_api, page_conversation },
    { "GET",    "/dependencies",                   SCOPE_NONE, &page_api, page_conversation },
    { "GET",    "/page/*",                         SCOPE_NONE, &page_api, page_file },
    { "GET",    "/api/bastide/v1/status",          SCOPE_CHAT, &page_api, page_status },
    { "GET",    "/api/bastide/v1/export",          SCOPE_CHAT, &page_api, page_export_all },
    { "GET",    "/api/bastide/v1/conversations",   SCOPE_CHAT, &page_api, page_list },
    { "POST",   "/api/bastide/v1/conversations",   SCOPE_CHAT, &page_api, page_add },
    { "GET",    "/api/bastide/v1/conversations/*", SCOPE_CHAT, &page_api, page_read },
    { "PATCH",  "/api/bastide/v1/conversations/*", SCOPE_CHAT, &page_api, page_change },
    { "DELETE", "/api/bastide/v1/conversations/*", SCOPE_CHAT, &page_api, page_remove },
    { "POST",   "/api/bastide/v1/conversations/*", SCOPE_CHAT, &page_api, page_ask },
    { "GET",    "/api/bastide/v1/messages/*",      SCOPE_CHAT, &page_api, page_follow },
    { "POST",   "/api/bastide/v1/messages/*",      SCOPE_CHAT, &page_api, page_stop },
    { "GET",    "/api/bastide/v1/audits",          SCOPE_ADMIN, &page_api, page_audits },
    { "GET",    "/api/bastide/v1/audits/*",        SCOPE_ADMIN, &page_api, page_audit },
    { "POST",   "/api/bastide/v1/audits/*",        SCOPE_ADMIN, &page_api, page_audit_change },
    { .method = NULL },
};
/* clang-format on */
