/* sink.c: a sign becomes a finding: whose it is, says the register; what it looks like, the file's line. */
#include "audit/sink.h"

#include <stdlib.h>
#include <string.h>

#include "audit/hosts.h"
#include "audit/redact.h"
#include "audit/source.h"

enum {
    MOST_FINDINGS = 1 << 18, /* of one thread */
    MOST_WARNINGS = 1 << 14,
    MOST_OWN = 1 << 14,
};

/* Makes room for one more row of size bytes; false when memory is short or there are most already. */
static bool make_room(struct sink *sink, void **rows, size_t count, size_t *room, size_t size, size_t most)
{
    if (count < *room)
        return true;
    const size_t wanted = *room ? *room * 2 : 64;
    void *grown = count < most ? realloc(*rows, wanted * size) : NULL;
    if (!grown) {
        sink->full = true;
        return false;
    }
    *rows = grown;
    *room = wanted;
    return true;
}

void sink_free(struct sink *sink)
{
    arena_free(&sink->arena);
    free(sink->findings);
    free(sink->warnings);
    free(sink->own);
    *sink = (struct sink){ 0 };
}

static const char *copy_text(struct sink *sink, struct span text)
{
    const char *copy = arena_text(&sink->arena, text);
    sink->full |= !copy;
    return copy;
}

/* The path in the sink's arena, once for each file. */
static const char *file_of(struct sink *sink, const char *path)
{
    if (!sink->file || strcmp(sink->file, path) != 0)
        sink->file = copy_text(sink, span_text(path));
    return sink->file;
}

void sink_warn(struct sink *sink, const char *file, const char *text)
{
    const char *path = file_of(sink, file), *copy = copy_text(sink, span_text(text));
    if (path && copy &&
        make_room(sink, (void **)&sink->warnings, sink->warning_count, &sink->warning_room, sizeof *sink->warnings,
                  MOST_WARNINGS))
        sink->warnings[sink->warning_count++] = (struct warning){ path, copy };
}

void source_warn(struct source *source, struct sink *sink, size_t line, const char *format, ...)
{
    char what[400], text[440];
    va_list values;
    va_start(values, format);
    vsnprintf(what, sizeof what, format, values);
    va_end(values);
    if (line > 0)
        snprintf(text, sizeof text, "line %zu: %s", line, what);
    struct error clean; /* takes out what would act on a terminal */
    error_set(&clean, "%s", line > 0 ? text : what);
    sink_warn(sink, source->path, clean.text);
}

/* Where it lies in the file: libyaml takes a lone CR, NEL and others for ends of lines, so that what it says may lie
 * behind the last line. Of what is no text (a packet of a capture), the reader alone knows. */
static size_t line_of(struct source *source, const struct mention *mention)
{
    if (source->text.bytes == 0)
        return size_max(1, mention->line);
    source_line(source, 1); /* so that lines are counted */
    return size_max(1, size_min(mention->line, source->trees->line_count));
}

static void add_finding(struct source *source, struct sink *sink, const struct mention *mention,
                        const struct service *service, const char *host)
{
    char shown[TEXT_BYTES];
    const size_t line = line_of(source, mention);
    redact(mention->shown.bytes ? mention->shown : source_line(source, line), shown);
    const char *path = file_of(sink, source->path), *text = copy_text(sink, span_text(shown));
    const char *unknown = host ? copy_text(sink, span_text(host)) : NULL;
    if (!path || !text || (host && !unknown) ||
        !make_room(sink, (void **)&sink->findings, sink->finding_count, &sink->finding_room, sizeof *sink->findings,
                   MOST_FINDINGS))
        return;
    const enum level level = service ? service->category->level : LEVEL_WARNING;
    sink->findings[sink->finding_count++] = (struct finding){
        .service = service,
        .host = unknown,
        .file = path,
        .line = line,
        .text = text,
        .evidence = mention->evidence,
        .level = mention->note || source->test ? LEVEL_NOTE : level,
    };
}

static bool is_host_signal(enum signal signal)
{
    return signal == SIGNAL_DOMAIN || (signal >= SIGNAL_MX && signal <= SIGNAL_CAA);
}

/* Whose the host is, by its name or its address. */
static const struct service *host_service(const struct sink *sink, enum signal signal, const char *host, bool scheme)
{
    const struct span name = span_text(host);
    if (host_is_address(host)) /* without a scheme it may be a version as well */
        return scheme ? providers_find(sink->providers, SIGNAL_NETWORK, name) : NULL;
    const struct service *service = providers_find(sink->providers, signal, name);
    return service || signal == SIGNAL_DOMAIN ? service : providers_find(sink->providers, SIGNAL_DOMAIN, name);
}

const struct service *sign_service(const struct sink *sink, enum signal signal, struct span value)
{
    char host[HOST_BYTES];
    bool scheme;
    if (!is_host_signal(signal))
        return providers_find(sink->providers, signal, value);
    return host_of(value, host, &scheme) ? host_service(sink, signal, host, scheme) : NULL;
}

static void mention_host(struct source *source, struct sink *sink, const struct mention *mention)
{
    char host[HOST_BYTES];
    bool scheme;
    if (!host_of(mention->value, host, &scheme))
        return;
    const struct service *service = host_service(sink, mention->signal, host, scheme);
    if (service) {
        add_finding(source, sink, mention, service, NULL);
        return;
    }
    const char *registrable = host_public(host) && !host_placeholder(host) ? host_registrable(host) : NULL;
    if (registrable)
        add_finding(source, sink, mention, NULL, registrable);
}

void mention(struct source *source, struct sink *sink, const struct mention *mention)
{
    struct mention trimmed = *mention;
    trimmed.value = span_trim(mention->value);
    if (is_host_signal(mention->signal)) {
        mention_host(source, sink, &trimmed);
        return;
    }
    const struct service *service = providers_find(sink->providers, mention->signal, trimmed.value);
    if (service)
        add_finding(source, sink, &trimmed, service, NULL);
}

const struct service *sign_of(const struct sink *sink, enum signal signal, struct span value)
{
    const struct service *service = providers_find(sink->providers, signal, span_trim(value));
    const bool is_host = signal > SIGNAL_DOMAIN && is_host_signal(signal);
    return service || !is_host ? service : providers_find(sink->providers, SIGNAL_DOMAIN, span_trim(value));
}

void mention_service(struct source *source, struct sink *sink, const struct service *service,
                     const struct mention *mention)
{
    add_finding(source, sink, mention, service, NULL);
}

void declare(struct source *source, struct sink *sink, enum signal signal, struct span value, size_t line)
{
    mention(source, sink, &(struct mention){ .signal = signal, .value = value, .line = line });
}

void configure(struct source *source, struct sink *sink, enum signal signal, struct span value, size_t line)
{
    mention(source, sink,
            &(struct mention){ .signal = signal, .value = value, .line = line, .evidence = EVIDENCE_CONFIGURED });
}

void declare_name(struct source *source, struct sink *sink, const char *place, struct span name, size_t line)
{
    char value[256];
    if (name.bytes == 0 || name.bytes > 200)
        return;
    snprintf(value, sizeof value, "%s:%.*s", place, (int)name.bytes, (const char *)name.data);
    declare(source, sink, SIGNAL_NAME, span_text(value), line);
}

void sink_unknown(struct source *source, struct sink *sink, const struct mention *mention, const char *host)
{
    add_finding(source, sink, mention, NULL, host);
}

void own_domain(struct sink *sink, struct span domain)
{
    char host[HOST_BYTES];
    bool scheme;
    const char *registrable = host_of(domain, host, &scheme) ? host_registrable(host) : NULL;
    if (!registrable ||
        !make_room(sink, (void **)&sink->own, sink->own_count, &sink->own_room, sizeof *sink->own, MOST_OWN))
        return;
    sink->own[sink->own_count] = copy_text(sink, span_text(registrable));
    sink->own_count += sink->own[sink->own_count] != NULL;
}
