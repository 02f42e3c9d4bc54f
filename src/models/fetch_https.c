/* fetch_https.c: a model from a web server, by libcurl: HTTPS and nothing else, redirects to HTTPS only, certificates
 * always checked. A connection that breaks goes on where it stopped, in this process or the next one:
 *
 *   WORK/part          what came so far
 *   WORK/resume.json   from which address, and the validator the server gave for it (ETag or Last-Modified)
 *
 * The rest is asked for with Range and If-Range (RFC 9110, 13.1.5 and 14.2): a server whose file has changed sends all
 * of it, and what came before is dropped. Without a validator only a known hash lets a pull go on. */
#include "models/pull.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    MOST_ATTEMPTS = 5,
    MOST_REDIRECTS = 10,
    CONNECT_SECONDS = 30,
    LONGEST_VALIDATOR = 256,
    MOST_RESUME_BYTES = 64 * 1024,
    FIRST_PAUSE_MILLISECONDS = 250, /* doubled with each attempt */
};

/* One request. */
struct transfer {
    const struct fetch *fetch;
    struct sink *sink;
    struct error *error;
    const char *url;
    const char *resume_path;
    CURL *curl;
    bool begun;          /* the first byte of the answer is here */
    bool refused;        /* by us: error says why */
    uint64_t asked_from; /* the first byte that was asked for */
    uint64_t range_from; /* the first byte that the server says it sends */
    bool has_range;
    char validator[LONGEST_VALIDATOR]; /* for If-Range */
    char etag[LONGEST_VALIDATOR], modified[LONGEST_VALIDATOR];
    char reason[CURL_ERROR_SIZE];
};

static bool refuse(struct transfer *transfer)
{
    transfer->refused = true;
    return false;
}

/* ---- what the last attempt left ----------------------------------------------------------------------------- */

static void read_resume(struct transfer *transfer)
{
    struct buffer text = { .limit = MOST_RESUME_BYTES };
    transfer->validator[0] = '\0';
    json_t *root = file_read(transfer->resume_path, &text, NULL) ? json_loadb(text.bytes, text.length, 0, NULL) : NULL;
    const char *url = json_string_value(json_object_get(root, "url"));
    const char *validator = json_string_value(json_object_get(root, "validator"));
    if (url && validator && strcmp(url, transfer->url) == 0 && strlen(validator) < LONGEST_VALIDATOR)
        snprintf(transfer->validator, sizeof transfer->validator, "%s", validator);
    json_decref(root);
    buffer_free(&text);
}

/* Before the first byte is written, so that a part never stands beside the facts of another one. A weak ETag is no
 * promise of equal bytes. */
static bool write_resume(struct transfer *transfer)
{
    const bool strong = transfer->etag[0] == '"';
    const char *validator = strong ? transfer->etag : transfer->modified;
    json_t *root = json_pack("{s:s, s:s}", "url", transfer->url, "validator", validator);
    char *text = root ? json_dumps(root, 0) : NULL;
    const bool written = text ? file_write_atomic(transfer->resume_path, span_text(text), transfer->error)
                              : error_set(transfer->error, "%s: the server's ETag or address is not UTF-8 text",
                                          transfer->url);
    if (written)
        snprintf(transfer->validator, sizeof transfer->validator, "%s", validator);
    free(text);
    json_decref(root);
    return written;
}

static bool may_resume(const struct transfer *transfer)
{
    return transfer->validator[0] || transfer->fetch->hash_known;
}

/* ---- the answer --------------------------------------------------------------------------------------------- */

static long status_of_answer(const struct transfer *transfer)
{
    long status = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* What the answer has announced to send; 0 if it has not. */
static uint64_t announced_bytes(const struct transfer *transfer)
{
    curl_off_t length = -1;
    curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length > 0 ? (uint64_t)length : 0;
}

static bool check_announced(struct transfer *transfer)
{
    const uint64_t length = announced_bytes(transfer), room = transfer->sink->limit - transfer->sink->bytes;
    if (length > room)
        return error_set(transfer->error,
                         "%s: too large: the server announces %llu bytes, where %llu are expected or "
                         "have room: look at the address, or give --max-size",
                         transfer->url, (unsigned long long)(transfer->sink->bytes + length),
                         (unsigned long long)transfer->sink->limit);
    transfer->sink->total = length ? transfer->sink->bytes + length : transfer->fetch->bytes;
    return true;
}

/* 200: the whole file. 206: the rest, if that is what was asked for. */
static bool begin_answer(struct transfer *transfer)
{
    const long status = status_of_answer(transfer);
    transfer->begun = true;
    if (status == 206) {
        if (!transfer->has_range || transfer->asked_from == 0 || transfer->range_from != transfer->asked_from)
            return error_set(transfer->error, "%s: the server sends another part than was asked for: try again later",
                             transfer->url);
        return check_announced(transfer);
    }
    return sink_restart(transfer->sink, transfer->error) && write_resume(transfer) && check_announced(transfer);
}

/* The value of a header line if it is that header; trimmed. */
static bool header_value(struct span line, const char *name, char *out, size_t capacity)
{
    const size_t length = strlen(name);
    if (line.bytes <= length || strncasecmp((const char *)line.data, name, length) != 0)
        return false;
    size_t start = length, end = line.bytes;
    while (start < end && strchr(" \t", line.data[start]))
        start++;
    while (end > start && strchr(" \t\r\n", line.data[end - 1]))
        end--;
    if (end - start >= capacity)
        return false;
    memcpy(out, line.data + start, end - start);
    out[end - start] = '\0';
    return true;
}

/* "bytes 500-999/1000" */
static bool read_range(const char *text, uint64_t *from)
{
    if (strncmp(text, "bytes ", 6) != 0 || text[6] < '0' || text[6] > '9')
        return false;
    char *end;
    *from = strtoull(text + 6, &end, 10);
    return *end == '-';
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const struct span line = span_of(data, size * count);
    char value[LONGEST_VALIDATOR];
    if (line.bytes > 5 && strncmp(data, "HTTP/", 5) == 0) { /* a new answer, after a redirect */
        transfer->etag[0] = transfer->modified[0] = '\0';
        transfer->has_range = false;
    }
    if (header_value(line, "etag:", value, sizeof value))
        snprintf(transfer->etag, sizeof transfer->etag, "%s", value);
    else if (header_value(line, "last-modified:", value, sizeof value))
        snprintf(transfer->modified, sizeof transfer->modified, "%s", value);
    else if (header_value(line, "content-range:", value, sizeof value))
        transfer->has_range = read_range(value, &transfer->range_from);
    return line.bytes;
}

/* The text of an error page is no model. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t bytes = size * count;
    const long status = status_of_answer(transfer);
    if (status != 200 && status != 206)
        return 0;
    if (!transfer->begun && !begin_answer(transfer))
        return refuse(transfer);
    if (!sink_add(transfer->sink, data, bytes, transfer->error))
        return refuse(transfer);
    return bytes;
}

/* Lets the user stop while nothing comes. */
static int on_time(void *context, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    struct transfer *transfer = context;
    (void)total, (void)done, (void)up_total, (void)up;
    if (progress_tell(transfer->fetch->progress, transfer->sink->doing, transfer->sink->bytes, transfer->sink->total))
        return 0;
    error_set_kind(transfer->error, ERROR_STOPPED, "%s: stopped", transfer->url);
    refuse(transfer);
    return 1;
}

/* ---- the request -------------------------------------------------------------------------------------------- */

/* Authorities that the user trusts besides the system's, as the curl program reads them. */
static void trust(CURL *curl)
{
    const char *bundle = getenv("CURL_CA_BUNDLE"), *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");
    if (bundle && bundle[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
    else if (file && file[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, file);
    if (folder && folder[0])
        curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
}

static void set_limits(CURL *curl, const struct fetch *fetch)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)fetch->stall_seconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "bastide/" BASTIDE_VERSION);
    trust(curl);
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *curl = transfer->curl;
    curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_time);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->reason);
}

/* Asks for the rest if there is a beginning that can be gone on from; *headers is for the caller to free. */
static void ask_for_rest(struct transfer *transfer, struct curl_slist **headers)
{
    char range[32], condition[LONGEST_VALIDATOR + 16];
    transfer->asked_from = may_resume(transfer) ? transfer->sink->bytes : 0;
    if (transfer->asked_from == 0)
        return;
    snprintf(range, sizeof range, "%llu-", (unsigned long long)transfer->asked_from);
    curl_easy_setopt(transfer->curl, CURLOPT_RANGE, range);
    if (!transfer->validator[0])
        return;
    snprintf(condition, sizeof condition, "If-Range: %s", transfer->validator);
    *headers = curl_slist_append(NULL, condition);
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, *headers);
}

static CURLcode perform(struct transfer *transfer)
{
    struct curl_slist *headers = NULL;
    transfer->begun = transfer->refused = transfer->has_range = false;
    transfer->reason[0] = '\0';
    curl_easy_reset(transfer->curl);
    set_limits(transfer->curl, transfer->fetch);
    set_callbacks(transfer);
    ask_for_rest(transfer, &headers);
    const CURLcode code = curl_easy_perform(transfer->curl);
    curl_slist_free_all(headers);
    return code;
}

/* ---- what became of it -------------------------------------------------------------------------------------- */

enum outcome { COMPLETE, TRY_AGAIN, GIVE_UP };

static const char *advice(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return "the server could not prove who it is; an authority of your own is named by SSL_CERT_FILE";
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "the server sends us on to an address that is not https, which is refused";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return "is the address right and the network reachable?";
    default:
        return "what came is kept; the same command goes on from there";
    }
}

static bool is_temporary(CURLcode code)
{
    static const CURLcode codes[] = { CURLE_PARTIAL_FILE,    CURLE_RECV_ERROR, CURLE_SEND_ERROR,  CURLE_GOT_NOTHING,
                                      CURLE_COULDNT_CONNECT, CURLE_HTTP2,      CURLE_HTTP2_STREAM };
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

static enum outcome judge_status(struct transfer *transfer, long status)
{
    if (status == 416 && transfer->asked_from > 0) { /* it has no such rest: begin anew */
        transfer->validator[0] = '\0';
        return sink_restart(transfer->sink, transfer->error) ? TRY_AGAIN : GIVE_UP;
    }
    error_set(transfer->error, "%s: the server answers %ld%s", transfer->url, status,
              status == 404                    ? ": there is no such file: look at the address"
              : status == 401 || status == 403 ? ": it does not give this file to everybody"
                                               : ": try again later");
    return status == 429 || status >= 500 ? TRY_AGAIN : GIVE_UP;
}

static enum outcome judge(struct transfer *transfer, CURLcode code, uint64_t before)
{
    if (transfer->refused)
        return GIVE_UP;
    const long status = status_of_answer(transfer);
    if (status >= 400)
        return judge_status(transfer, status);
    if (code == CURLE_OK && (status == 200 || status == 206))
        return transfer->begun || begin_answer(transfer) ? COMPLETE : GIVE_UP; /* an empty file has no first byte */
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
        return judge_status(transfer, status);
    error_set(transfer->error, "%s: %s: %s", transfer->url,
              transfer->reason[0] ? transfer->reason : curl_easy_strerror(code), advice(code));
    const bool stalled = code == CURLE_OPERATION_TIMEDOUT;
    return is_temporary(code) || (stalled && transfer->sink->bytes > before) ? TRY_AGAIN : GIVE_UP;
}

static void pause_before(int attempt)
{
    const long milliseconds = (long)FIRST_PAUSE_MILLISECONDS << attempt;
    const struct timespec pause = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
    nanosleep(&pause, NULL);
}

static bool transfer_all(struct transfer *transfer)
{
    for (int attempt = 0;; attempt++) {
        const uint64_t before = transfer->sink->bytes;
        const CURLcode code = perform(transfer);
        const enum outcome outcome = judge(transfer, code, before);
        if (outcome == COMPLETE)
            return true;
        if (outcome == GIVE_UP || attempt + 1 == MOST_ATTEMPTS)
            return false;
        pause_before(attempt);
    }
}

/* A password in an address would end up in the manifest, and in the list of processes. */
bool https_check(const char *url, struct error *error)
{
    CURLU *parts = curl_url();
    char *user = NULL;
    const bool valid = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;
    const bool has_user = valid && curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK;
    curl_free(user);
    curl_url_cleanup(parts);
    if (!valid)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: not an address", url);
    return !has_user || error_set_kind(error, ERROR_WRONG_USE,
                                       "an address with a user or password in it is refused, "
                                       "as it would be written into the model's manifest");
}

bool fetch_https(const struct fetch *fetch, struct sink *sink, struct error *error)
{
    struct arena arena = { 0 };
    struct transfer transfer = { .fetch = fetch, .sink = sink, .error = error, .url = fetch->parts[0] };
    transfer.resume_path = arena_format(&arena, "%s/resume.json", fetch->work);
    sink->doing = "downloading";
    bool good = transfer.resume_path || error_memory(error, strlen(fetch->work));
    if (good && (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(transfer.curl = curl_easy_init())))
        good = error_set(error, "%s: libcurl could not be started: is memory short?", transfer.url);
    if (good)
        read_resume(&transfer);
    good = good && (may_resume(&transfer) ? sink_resume(sink, error) : sink_restart(sink, error)) &&
           transfer_all(&transfer);
    curl_easy_cleanup(transfer.curl);
    arena_free(&arena);
    return good;
}
