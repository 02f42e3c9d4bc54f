/* visit.c: a request from its first line to its response. Nothing here is libmicrohttpd's but the look at headers. */
#include "server/http/visit.h"

#include "server/http/connection.h"
#include "server/guard/gate.h"
#include "server/journal.h"
#include "server/serving.h"
#include "server/usage.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static void draw_id(char out[REQUEST_ID])
{
    if (!letters_draw(out + 4, REQUEST_ID - 5, NULL)) /* an id that says nothing is better than no answer */
        snprintf(out + 4, REQUEST_ID - 4, "%024d", 0);
    memcpy(out, "req_", 4);
}

struct visit *visit_open(const char *uri)
{
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit)
        return NULL;
    visit->began = visit->spoke = seconds_now();
    visit->body.limit = BODY_MOST;
    visit->pending.limit = BODY_MOST;
    visit->response.body.limit = SIZE_MAX / 2;
    visit->uri = arena_text(&visit->arena, span_text(uri));
    draw_id(visit->id);
    visit->request = (struct request){ .id = visit->id,
                                       .method = "?",
                                       .path = "/",
                                       .rest = "",
                                       .owner = "",
                                       .arena = &visit->arena,
                                       .usage = usage_open() };
    route_find("", "/", &visit->request.rest, visit->allowed, &visit->api); /* some form, until the path is known */
    if (visit->uri)
        return visit;
    visit_close(visit);
    return NULL;
}

void visit_end(struct visit *visit)
{
    if (visit->response.has_stream)
        visit->response.stream.close(visit->response.stream.state);
    visit->response.has_stream = false;
}

void visit_note(const struct visit *visit, struct journal *journal)
{
    const struct request *request = &visit->request;
    struct journal_request said = { .id = visit->id,
                                    .api = visit->api->name,
                                    .method = request->method,
                                    .path = request->path,
                                    .key = request->owner,
                                    .status = visit->status,
                                    .seconds = seconds_now() - visit->began };
    usage_read(request->usage, &said.prompt_tokens, &said.answer_tokens);
    journal_request(journal, &said);
}

void visit_close(struct visit *visit)
{
    if (!visit)
        return;
    visit_end(visit);
    buffer_free(&visit->response.body);
    buffer_free(&visit->pending);
    buffer_free(&visit->body);
    usage_release(visit->request.usage);
    arena_free(&visit->arena);
    free(visit);
}

/* ---- what a request says of itself ------------------------------------------------------------------------------- */

const char *request_header(const struct request *request, const char *name)
{
    if (!request->connection || !request->connection->mhd)
        return NULL;
    return MHD_lookup_connection_value(request->connection->mhd, MHD_HEADER_KIND, name);
}

struct name_count {
    const char *name;
    size_t count;
};

static enum MHD_Result count_name(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind, (void)value;
    struct name_count *count = context;
    count->count += strcasecmp(name, count->name) == 0;
    return MHD_YES;
}

size_t request_header_count(const struct request *request, const char *name)
{
    struct name_count count = { .name = name };
    if (request->connection && request->connection->mhd)
        MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, count_name, &count);
    return count.count;
}

static void write_address(const struct sockaddr_storage *address, char out[64])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    out[0] = '\0';
    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, out, 64);
    else if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, out, 64);
}

const char *request_address(const struct request *request, char out[64])
{
    struct sockaddr_storage address = { 0 };
    socklen_t length = sizeof address;
    if (request->connection)
        getsockname(request->connection->socket, (struct sockaddr *)&address, &length);
    write_address(&address, out);
    return out;
}

bool request_left(const struct request *request)
{
    return request->connection && connection_left(request->connection);
}

static int digit_of(char letter)
{
    return letter >= '0' && letter <= '9'   ? letter - '0'
           : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
           : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                            : -1;
}

/* Percent signs decoded into the arena; NULL for one that is not followed by two digits, for a zero byte and for what
 * is no UTF-8. plus: + is a space, as in a query. */
static const char *unescape(struct arena *arena, struct span text, bool plus)
{
    char *out = arena_take(arena, text.bytes + 1, 1);
    size_t length = 0;
    for (size_t i = 0; out && i < text.bytes; i++) {
        char letter = (char)text.data[i];
        if (letter == '%') {
            if (!span_has(text, i, 3) || digit_of((char)text.data[i + 1]) < 0 || digit_of((char)text.data[i + 2]) < 0)
                return NULL;
            letter = (char)(digit_of((char)text.data[i + 1]) * 16 + digit_of((char)text.data[i + 2]));
            i += 2;
        } else if (plus && letter == '+') {
            letter = ' ';
        }
        if (letter == '\0')
            return NULL;
        out[length++] = letter;
    }
    return out && utf8_valid_prefix(span_of(out, length)) == length ? out : NULL;
}

/* The value in "name=value", or "" in "name"; data NULL if the name is another one. */
static struct span value_of(struct span field, const char *name)
{
    const size_t length = strlen(name);
    if (field.bytes < length || memcmp(field.data, name, length) != 0)
        return (struct span){ 0 };
    if (field.bytes == length)
        return span_text("");
    if (field.data[length] != '=')
        return (struct span){ 0 };
    return span_of(field.data + length + 1, field.bytes - length - 1);
}

const char *request_query(const struct request *request, const char *name)
{
    const char *at = request->connection && request->connection->visit ? request->connection->visit->query : NULL;
    while (at) {
        const char *end = strchr(at, '&');
        const struct span value = value_of(span_of(at, end ? (size_t)(end - at) : strlen(at)), name);
        if (value.data)
            return unescape(request->arena, value, true);
        at = end ? end + 1 : NULL;
    }
    return NULL;
}

/* ---- the way of a request ---------------------------------------------------------------------------------------- */

static bool read_uri(struct visit *visit)
{
    struct request *request = &visit->request;
    const char *question = strchr(visit->uri, '?');
    const size_t length = question ? (size_t)(question - visit->uri) : strlen(visit->uri);
    visit->query = question ? question + 1 : NULL;
    const char *path = unescape(&visit->arena, span_of(visit->uri, length), false);
    if (path && path[0] == '/') {
        request->path = path;
        return true;
    }
    route_find(request->method, visit->uri, &request->rest, visit->allowed, &visit->api);
    return failure_set(&visit->failure, FAILURE_BAD_REQUEST, "the path is no path in UTF-8 with %%XX escapes");
}

static bool find_route(struct visit *visit)
{
    struct request *request = &visit->request;
    visit->route = route_find(request->method, request->path, &request->rest, visit->allowed, &visit->api);
    if (visit->route)
        return true;
    if (visit->allowed[0])
        return failure_set(&visit->failure, FAILURE_METHOD, "%s %s: this path takes %s", request->method, request->path,
                           visit->allowed);
    return failure_set(&visit->failure, FAILURE_NOT_FOUND, "%s: there is nothing here", request->path);
}

static bool check_ready(struct visit *visit, struct server *server)
{
    if (!visit->route || strcmp(visit->route->path, "/health") == 0)
        return true;
    if (atomic_load(&server->draining))
        return failure_set(&visit->failure, FAILURE_UNAVAILABLE, "the server is about to end: try again later");
    if (atomic_load(&server->loading))
        return failure_set(&visit->failure, FAILURE_UNAVAILABLE, "Loading model");
    return true;
}

/* Asks the gate, whose refusal is told before others. A preflight is let through for all paths that have a route. */
static bool pass_gate(struct visit *visit, struct server *server)
{
    struct failure refused = { 0 };
    visit->gate = server->gate;
    if (!gate_check(server->gate, &visit->request, visit->route, &refused)) {
        visit->failure = refused;
        return false;
    }
    visit->preflight = visit->failure.kind == FAILURE_METHOD && gate_is_preflight(&visit->request);
    if (visit->preflight)
        visit->failure = (struct failure){ 0 };
    return visit->failure.kind == FAILURE_NONE;
}

bool visit_begin(struct visit *visit, struct server *server, const char *method)
{
    struct request *request = &visit->request;
    struct MHD_Connection *mhd = request->connection->mhd;
    request->method = arena_text(&visit->arena, span_text(method));
    if (!request->method) {
        request->method = "?";
        return failure_set(&visit->failure, FAILURE_INTERNAL, "out of memory");
    }
    const bool found = read_uri(visit) && head_read(mhd, &visit->head, &visit->failure) && find_route(visit);
    return pass_gate(visit, server) && (!found || check_ready(visit, server)) &&
           head_check_media(mhd, &visit->head, &visit->failure);
}

bool visit_ends_early(const struct visit *visit)
{
    return visit->failure.kind != FAILURE_NONE && (visit->head.has_body || !visit->head.framed);
}

bool visit_take(struct visit *visit, const char *data, size_t bytes)
{
    if (buffer_add(&visit->body, data, bytes, NULL))
        return true;
    buffer_free(&visit->body);
    return failure_set(&visit->failure, FAILURE_BODY, "the body is larger than %d MiB", BODY_MOST >> 20);
}

/* In the API's form, or in no form at all when memory is short. */
static void tell_failure(struct visit *visit)
{
    struct response *response = &visit->response;
    const struct failure *failure = &visit->failure;
    if (response->has_stream) {
        response->stream.close(response->stream.state);
        response->has_stream = false;
    }
    buffer_free(&response->body);
    response->fixed = (struct span){ 0 };
    response->content_type = "application/json";
    response->status = visit->api->status ? visit->api->status(failure) : failure_status(failure->kind);
    if (!visit->api->tell_failure(failure, &visit->request, &response->body, NULL))
        buffer_free(&response->body);
    if (failure->retry_after > 0)
        response_header(response, "Retry-After", arena_format(&visit->arena, "%u", failure->retry_after));
    if (failure->kind == FAILURE_METHOD)
        response_header(response, "Allow", visit->allowed);
}

/* The page's API has nothing to work on where the server was started without the page. */
static bool run_route(struct visit *visit, struct server *server)
{
    if (visit->route->api == &page_api && visit->route->scope != SCOPE_NONE && !server->store)
        return failure_set(&visit->failure, FAILURE_NOT_FOUND, "there is no page: the server was started without it");
    return visit->route->run(server, &visit->request, &visit->response, &visit->failure);
}

void visit_run(struct visit *visit, struct server *server)
{
    visit->request.body = buffer_span(&visit->body);
    visit->response.status = 200;
    visit->response.content_type = "application/json";
    if (visit->preflight)
        visit->response.status = 204;
    else if (visit->failure.kind != FAILURE_NONE || !run_route(visit, server))
        tell_failure(visit);
    gate_tell(visit->gate, &visit->request, visit->preflight ? visit->allowed : NULL, &visit->response);
}

size_t visit_headers(const struct visit *visit, struct visit_header out[VISIT_HEADERS])
{
    const struct response *response = &visit->response;
    size_t count = 0;
    out[count++] = (struct visit_header){ "Server", "bastide/" BASTIDE_VERSION };
    out[count++] = (struct visit_header){ "x-request-id", visit->id };
    out[count++] = (struct visit_header){ "request-id", visit->id };
    out[count++] = (struct visit_header){ "X-Content-Type-Options", "nosniff" };
    if (response->content_type)
        out[count++] = (struct visit_header){ "Content-Type", response->content_type };
    if (response->has_stream) {
        out[count++] = (struct visit_header){ "Cache-Control", "no-store" };
        out[count++] = (struct visit_header){ "X-Accel-Buffering", "no" };
    }
    for (size_t i = 0; i < response->header_count; i++)
        out[count++] = (struct visit_header){ response->headers[i].name, response->headers[i].value };
    return count;
}

bool visit_refusal(struct visit *visit, struct buffer *out, struct error *error)
{
    struct visit_header headers[VISIT_HEADERS];
    tell_failure(visit);
    if (visit->gate)
        gate_tell(visit->gate, &visit->request, NULL, &visit->response);
    const struct response *response = &visit->response;
    if (!buffer_format(out, error, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n", response->status,
                       MHD_get_reason_phrase_for(response->status), response->body.length))
        return false;
    const size_t count = visit_headers(visit, headers);
    for (size_t i = 0; i < count; i++)
        if (!buffer_format(out, error, "%s: %s\r\n", headers[i].name, headers[i].value))
            return false;
    visit->status = response->status;
    return buffer_text(out, "\r\n", error) && buffer_add(out, response->body.bytes, response->body.length, error);
}

void response_header(struct response *response, const char *name, const char *value)
{
    if (!value || response->header_count == RESPONSE_HEADERS_MOST)
        return;
    for (const char *letter = value; *letter; letter++)
        if (*letter < ' ' || *letter > '~')
            return;
    response->headers[response->header_count].name = name;
    response->headers[response->header_count++].value = value;
}
