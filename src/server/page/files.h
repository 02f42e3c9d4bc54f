/* files.h: the page's files, as scripts/embed_web put them into the program. Private to the room. */
#ifndef BASTIDE_SERVER_PAGE_FILES_H
#define BASTIDE_SERVER_PAGE_FILES_H

#include "server/request.h"

struct page_file {
    const char *path; /* as it is served; "/en" and "/fr" are the page itself in that language */
    const char *type, *tag;
    struct span raw, packed; /* packed: gzip */
};

extern const struct page_file page_files[]; /* [page_files_count] sorted by path */
extern const size_t page_files_count;

/* The page itself, in the language of ?lang= or else of Accept-Language; for GET / where Accept names text/html. */
bool page_index(const struct request *request, struct response *response);

/* GET /: the page for browsers, "Ollama is running" for all others. */
bool page_root(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);

/* The routes of the files, and of the page at the address of a conversation. */
bool page_file(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);
bool page_conversation(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure);

#endif
