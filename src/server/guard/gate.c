/* gate.c: who may ask for what. Five questions, in this order, each before any work:
 *
 *   Host     421  the name under which we are asked is one of ours. A page from elsewhere whose name was made to point
 *                 at this machine (DNS rebinding, CVE-2024-28224) still asks under its own name.
 *   Origin   403  the page that asks is ours or was allowed. A request without Origin comes from no page, or is one
 *                 that changes nothing; Sec-Fetch-Site tells where a browser's come from.
 *   key      401  there is one, if there are keys or others than this machine can reach us
 *   rate     429
 *   scope    403  the key is good for this route
 *
 * Without keys everyone is the owner "". What changes this machine (SCOPE_ADMIN) is then left to programs on it; who
 * comes through a proxy is not taken for one. */
#include "server/guard/gate.h"

#include "server/guard/authority.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct gate {
    const struct server_settings *settings;
    struct access *access;
    struct arena arena;
    struct authority bound, own, own_short;
    struct authority *hosts; /* [settings->allowed_host_count] */
    struct origin *origins;  /* [settings->allowed_origin_count] */
};

/* ---- what the settings say -------------------------------------------------------------------------------------- */

static bool is_local_only(const struct gate *gate)
{
    return authority_is_loopback(&gate->bound);
}

static bool read_hosts(struct gate *gate, struct error *error)
{
    const struct server_settings *settings = gate->settings;
    gate->hosts = arena_take(&gate->arena, settings->allowed_host_count + 1, sizeof *gate->hosts);
    if (!gate->hosts)
        return error_memory(error, settings->allowed_host_count * sizeof *gate->hosts);
    for (size_t i = 0; i < settings->allowed_host_count; i++)
        if (!authority_parse_host(settings->allowed_hosts[i], &gate->hosts[i]))
            return error_set_kind(error, ERROR_WRONG_USE,
                                  "--allow-host %s: no name of a host: write it without scheme and port, as ai.example",
                                  settings->allowed_hosts[i]);
    return true;
}

static bool read_origins(struct gate *gate, struct error *error)
{
    const struct server_settings *settings = gate->settings;
    gate->origins = arena_take(&gate->arena, settings->allowed_origin_count + 1, sizeof *gate->origins);
    if (!gate->origins)
        return error_memory(error, settings->allowed_origin_count * sizeof *gate->origins);
    for (size_t i = 0; i < settings->allowed_origin_count; i++)
        if (!origin_parse(settings->allowed_origins[i], &gate->origins[i]))
            return error_set_kind(error, ERROR_WRONG_USE,
                                  "--allow-origin %s: no origin of pages: name each one, as https://ai.example",
                                  settings->allowed_origins[i]);
    return true;
}

/* "pc.example.org" is known as "pc" too. A machine without a usable name is asked by others. */
static void read_own_name(struct gate *gate)
{
    char name[AUTHORITY_HOST] = "";
    if (gethostname(name, sizeof name - 1) != 0 || !authority_parse_host(name, &gate->own))
        gate->own = (struct authority){ 0 };
    gate->own_short = gate->own;
    gate->own_short.host[strcspn(gate->own_short.host, ".")] = '\0';
}

static bool check_exposure(const struct gate *gate, struct error *error)
{
    const struct server_settings *settings = gate->settings;
    if (is_local_only(gate) || settings->allow_anonymous || access_has_keys(gate->access))
        return true;
    return error_set_kind(error, ERROR_WRONG_USE,
                          "--host %s: others than this machine could ask without a key: make one with 'bastide key add "
                          "NAME', or allow everyone with --allow-anonymous",
                          settings->host);
}

bool gate_open(const struct server_settings *settings, struct access *access, struct gate **out, struct error *error)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return error_memory(error, sizeof *gate);
    gate->settings = settings;
    gate->access = access;
    if (!authority_parse_host(settings->host, &gate->bound))
        gate->bound = (struct authority){ 0 };
    read_own_name(gate);
    if (!read_hosts(gate, error) || !read_origins(gate, error) || !check_exposure(gate, error)) {
        gate_close(gate);
        return false;
    }
    *out = gate;
    return true;
}

void gate_close(struct gate *gate)
{
    if (!gate)
        return;
    arena_free(&gate->arena);
    free(gate);
}

/* ---- Host ------------------------------------------------------------------------------------------------------- */

static bool is_host(const struct authority *asked, const struct authority *known)
{
    return known->host[0] && strcmp(asked->host, known->host) == 0;
}

static bool is_ours(const struct gate *gate, const struct request *request, const struct authority *asked)
{
    char text[64];
    struct authority reached;
    if (authority_is_loopback(asked) || authority_ends(asked, ".localhost") || authority_ends(asked, ".local") ||
        authority_ends(asked, ".internal"))
        return true;
    if (is_host(asked, &gate->bound) || is_host(asked, &gate->own) || is_host(asked, &gate->own_short))
        return true;
    for (size_t i = 0; i < gate->settings->allowed_host_count; i++)
        if (is_host(asked, &gate->hosts[i]))
            return true;
    return asked->is_address && authority_parse_host(request_address(request, text), &reached) &&
           is_host(asked, &reached);
}

static bool check_host(const struct gate *gate, const struct request *request, struct authority *out,
                       struct failure *failure)
{
    const char *host = request_header(request, "Host");
    if (!host || request_header_count(request, "Host") != 1)
        return failure_set(failure, FAILURE_HOST, "a request names its host once, in the header Host");
    if (!authority_parse(host, out))
        return failure_set(failure, FAILURE_HOST, "Host: this is no name of a host with a port");
    return is_ours(gate, request, out) ||
           failure_set(failure, FAILURE_HOST,
                       "Host: this server does not answer as %s: use http://localhost or an address of this machine, "
                       "or start the server with --allow-host %s",
                       out->host, out->host);
}

/* ---- Origin ----------------------------------------------------------------------------------------------------- */

static const struct origin *find_allowed(const struct gate *gate, const struct origin *origin)
{
    for (size_t i = 0; i < gate->settings->allowed_origin_count; i++)
        if (origin_equal(&gate->origins[i], origin))
            return &gate->origins[i];
    return NULL;
}

/* Our own page, under the name by which this very request asks. */
static bool is_same_origin(const struct gate *gate, const struct authority *host, const struct origin *origin)
{
    const bool tls = gate->settings->tls_certificate || gate->settings->tls_auto;
    const unsigned port = host->port ? host->port : tls ? 443 : 80;
    return strcmp(origin->scheme, tls ? "https" : "http") == 0 && origin->authority.port == port &&
           strcmp(origin->authority.host, host->host) == 0;
}

/* A browser sends no Origin with what only reads. Following a link to us is fine; our answers as pictures, scripts or
 * the like inside another site's page are not. */
static bool check_site(const struct request *request, struct failure *failure)
{
    const char *site = request_header(request, "Sec-Fetch-Site"), *mode = request_header(request, "Sec-Fetch-Mode");
    if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
        return true;
    const bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    return (reads && mode && strcmp(mode, "navigate") == 0) ||
           failure_set(failure, FAILURE_FORBIDDEN, "a page of another site asks: its origin is not allowed here");
}

static bool check_origin(const struct gate *gate, const struct request *request, const struct authority *host,
                         struct failure *failure)
{
    const char *text = request_header(request, "Origin");
    struct origin origin;
    if (!text)
        return check_site(request, failure);
    if (request_header_count(request, "Origin") == 1 && origin_parse(text, &origin) &&
        (is_same_origin(gate, host, &origin) || find_allowed(gate, &origin)))
        return true;
    return failure_set(failure, FAILURE_FORBIDDEN,
                       "Origin %.200s: pages of this origin may not ask: start the server with --allow-origin %.200s "
                       "if they shall",
                       text, text);
}

/* ---- key, rate and scope ---------------------------------------------------------------------------------------- */

/* The key of "Authorization: Bearer KEY", else of "x-api-key: KEY"; no bytes if there is none. */
static struct span find_key(const struct request *request)
{
    const char *text = request_header(request, "Authorization");
    if (text && strncasecmp(text, "bearer ", 7) == 0)
        text += 7;
    else
        text = request_header(request, "x-api-key");
    if (!text)
        return (struct span){ 0 };
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]))
        length--;
    return span_of(text, length);
}

/* A proxy on this machine brings requests of others. */
static bool is_forwarded(const struct request *request)
{
    static const char *const marks[] = { "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via" };
    for (size_t i = 0; i < LENGTH(marks); i++)
        if (request_header(request, marks[i]))
            return true;
    return false;
}

static bool admit_anyone(struct request *request, unsigned scope, struct failure *failure)
{
    request->owner = "";
    request->scopes = SCOPE_CHAT | SCOPE_DOCUMENTS;
    if (request->local && !is_forwarded(request))
        request->scopes |= SCOPE_ADMIN;
    return (request->scopes & scope) == scope ||
           failure_set(failure, FAILURE_FORBIDDEN,
                       "without API keys this is for programs on the same machine: make a key with the scope admin");
}

static bool admit_key(struct gate *gate, struct request *request, struct failure *failure)
{
    const struct span key = find_key(request);
    char name[65];
    unsigned retry_after = 0;
    if (key.bytes == 0)
        return failure_set(failure, FAILURE_NO_KEY,
                           "an API key is needed: send it as Authorization: Bearer KEY or x-api-key: KEY");
    const enum access_verdict verdict = access_check(gate->access, key, name, &request->scopes, &retry_after);
    if (verdict == ACCESS_UNKNOWN)
        return failure_set(failure, FAILURE_NO_KEY, "the API key is not known, or has expired");
    request->owner = arena_text(request->arena, span_text(name));
    if (!request->owner) {
        request->owner = "";
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    }
    if (verdict == ACCESS_GRANTED)
        return true;
    failure_set(failure, FAILURE_RATE, "the API key %s asks too often: again in %u s", name, retry_after);
    failure->retry_after = retry_after;
    return false;
}

static bool check_key(struct gate *gate, struct request *request, const struct route *route, struct failure *failure)
{
    const unsigned scope = route ? route->scope : SCOPE_NONE;
    if (route && scope == SCOPE_NONE)
        return true;
    if (!access_has_keys(gate->access) && (is_local_only(gate) || gate->settings->allow_anonymous))
        return admit_anyone(request, scope, failure);
    if (!admit_key(gate, request, failure))
        return false;
    char text[64];
    return (request->scopes & scope) == scope ||
           failure_set(failure, FAILURE_FORBIDDEN, "the API key %s lacks the scope %s", request->owner,
                       scopes_text(scope, text));
}

bool gate_is_preflight(const struct request *request)
{
    return strcmp(request->method, "OPTIONS") == 0 && request_header(request, "Origin") &&
           request_header(request, "Access-Control-Request-Method");
}

bool gate_check(struct gate *gate, struct request *request, const struct route *route, struct failure *failure)
{
    struct authority host;
    request->owner = "";
    request->scopes = SCOPE_NONE;
    return check_host(gate, request, &host, failure) && check_origin(gate, request, &host, failure) &&
           (gate_is_preflight(request) || check_key(gate, request, route, failure));
}

/* ---- what browsers are told ------------------------------------------------------------------------------------- */

static void tell_preflight(const struct request *request, const char *allowed, struct response *response)
{
    response_header(response, "Access-Control-Allow-Methods", allowed);
    response_header(response, "Access-Control-Allow-Headers",
                    request_header(request, "Access-Control-Request-Headers"));
    response_header(response, "Access-Control-Max-Age", "600");
    if (request_header(request, "Access-Control-Request-Private-Network"))
        response_header(response, "Access-Control-Allow-Private-Network", "true");
}

void gate_tell(const struct gate *gate, const struct request *request, const char *allowed, struct response *response)
{
    const char *text = request_header(request, "Origin");
    struct origin origin;
    if (response->status == 401)
        response_header(response, "WWW-Authenticate", "Bearer");
    if (gate->settings->allowed_origin_count > 0)
        response_header(response, "Vary", "Origin"); /* for caches: another origin gets another answer */
    if (!text || request_header_count(request, "Origin") != 1 || !origin_parse(text, &origin) ||
        !find_allowed(gate, &origin))
        return;
    response_header(response, "Access-Control-Allow-Origin", arena_text(request->arena, span_text(text)));
    if (allowed)
        tell_preflight(request, allowed, response);
    else
        response_header(response, "Access-Control-Expose-Headers",
                        "x-request-id, request-id, x-queue-position, retry-after");
}
