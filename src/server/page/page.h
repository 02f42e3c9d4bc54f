/* page.h: the functions behind the page's own API, under /api/bastide/v1/. Private to the room. */
#ifndef BASTIDE_SERVER_PAGE_H
#define BASTIDE_SERVER_PAGE_H

#include "server/request.h"

/* page/conversations.c */
bool page_list(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);
bool page_read(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);
bool page_add(struct server *server, const struct request *request, struct response *response, struct failure *failure);
bool page_change(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool page_remove(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);

/* page/export.c: one conversation, or all of them, as Markdown or JSON. */
bool page_export_one(struct server *server, const struct request *request, const char *id, struct response *response,
                     struct failure *failure);
bool page_export_all(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure);

/* page/ask.c: a message, and the answer to it that begins. */
bool page_ask(struct server *server, const struct request *request, struct response *response, struct failure *failure);

/* page/stream.c: the answer as it grows; and its stop. */
bool page_follow(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool page_stop(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);

/* page/status.c: which models there are, and what this machine has room for. */
bool page_status(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);

/* page/audits.c: the room Dependencies. */
bool page_audits(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool page_audit(struct server *server, const struct request *request, struct response *response,
                struct failure *failure);
bool page_audit_change(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure);

#endif
