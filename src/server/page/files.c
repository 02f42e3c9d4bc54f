/* files.c: the page's static files, out of the program itself.
 *
 *   /page/HASH/NAME   kept by browsers for ever: another content has another hash
 *   / and /c/ID       asked for again each time; "304" while the tag is the same
 *
 * The page's policy lets it load nothing that is not of this origin, run no script that is not one of these files, and
 * make no markup from text (trusted types): a model's answer can contain what it likes. */
#include "server/page/files.h"
#include "server/serving.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                             "font-src 'self'; manifest-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
                             "trusted-types 'none'";
static const char forever[] = "public, max-age=31536000, immutable";

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct page_file *)file)->path);
}

static const struct page_file *find_file(const char *path)
{
    return bsearch(path, page_files, page_files_count, sizeof page_files[0], compare_path);
}

/* Whether a list such as "gzip;q=0.5, br" names the word, and not with q=0. Source: RFC 9110, section 12.4.2. */
static bool list_has(const char *list, const char *word)
{
    const size_t length = strlen(word);
    while (list && *list) {
        list += strspn(list, " ,\t");
        const size_t item = strcspn(list, ",");
        const bool named = strncasecmp(list, word, length) == 0 && strchr(" ;,-\t", list[length]);
        const char *quality = named ? memmem(list, item, "q=", 2) : NULL;
        if (named)
            return !quality || strtod(quality + 2, NULL) > 0;
        list += item;
    }
    return false;
}

/* The first language in a browser's list that we speak; English if there is none. */
static const char *language_of(const struct request *request)
{
    const char *wanted = request_query(request, "lang");
    if (wanted && (strcmp(wanted, "fr") == 0 || strcmp(wanted, "en") == 0))
        return strcmp(wanted, "fr") == 0 ? "/fr" : "/en";
    for (const char *list = request_header(request, "Accept-Language"); list && *list;) {
        list += strspn(list, " ,\t");
        if (strncasecmp(list, "fr", 2) == 0 || strncasecmp(list, "en", 2) == 0)
            return strncasecmp(list, "fr", 2) == 0 ? "/fr" : "/en";
        list += strcspn(list, ",");
    }
    return "/en";
}

static void send_file(const struct page_file *file, const char *caching, const struct request *request,
                      struct response *response)
{
    const char *known = request_header(request, "If-None-Match");
    const bool packed = list_has(request_header(request, "Accept-Encoding"), "gzip");
    response->content_type = file->type;
    response_header(response, "Content-Security-Policy", policy);
    response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    response_header(response, "Referrer-Policy", "no-referrer");
    response_header(response, "Cache-Control", caching);
    response_header(response, "ETag", file->tag);
    response_header(response, "Vary", "Accept-Encoding, Accept-Language, Accept");
    if (known && strstr(known, file->tag)) {
        response->status = 304;
        return;
    }
    if (packed)
        response_header(response, "Content-Encoding", "gzip");
    response->fixed = packed ? file->packed : file->raw;
}

bool page_index(const struct request *request, struct response *response)
{
    send_file(find_file(language_of(request)), "no-cache", request, response);
    return true;
}

/* Programs that look for an Ollama server ask here too, and a browser names text/html in what it accepts. */
bool page_root(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    (void)failure;
    if (!server->settings.no_page && list_has(request_header(request, "Accept"), "text/html"))
        return page_index(request, response);
    response->content_type = "text/plain; charset=utf-8";
    response_header(response, "Vary", "Accept");
    response->fixed = span_text("Ollama is running");
    return true;
}

bool page_conversation(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    if (server->settings.no_page)
        return failure_set(failure, FAILURE_NOT_FOUND, "there is no page here: the server was started with --no-page");
    return page_index(request, response);
}

bool page_file(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    const struct page_file *file = server->settings.no_page ? NULL : find_file(request->path);
    if (!file)
        return failure_set(failure, FAILURE_NOT_FOUND, "the page has no file %s", request->path);
    send_file(file, forever, request, response);
    return true;
}
