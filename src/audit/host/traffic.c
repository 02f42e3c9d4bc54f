/* traffic.c: a capture's report. */
#include <string.h>
#include <sys/stat.h>

#include "audit/gather.h"
#include "audit/host/capture.h"
#include "audit/host/heard.h"
#include "audit/host/machine.h"
#include "audit/host/traffic.h"
#include "audit/source.h"

static void take(void *context, struct span ip, size_t number, double moment)
{
    heard_packet(context, ip, number, moment);
}

bool traffic_is_capture(const char *path)
{
    unsigned char first[32];
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    FILE *file = fopen(path, "rbe");
    const size_t bytes = file ? fread(first, 1, sizeof first, file) : 0;
    if (file)
        fclose(file);
    return capture_begins(span_of(first, bytes));
}

static bool hear(struct span bytes, const struct progress *progress, struct source *source, struct sink *sink,
                 struct error *error)
{
    struct heard heard;
    struct error broken = { 0 };
    if (!heard_open(&heard, error))
        return false;
    const struct capture_visitor visitor = { take, &heard, progress };
    const bool whole = capture_read(bytes, &visitor, &broken);
    if (!whole && broken.kind != ERROR_STOPPED)
        source_warn(source, sink, 0, "%s", broken.text);
    heard_tell(&heard, source, sink);
    heard_close(&heard);
    return broken.kind != ERROR_STOPPED || error_set_kind(error, ERROR_STOPPED, "stopped");
}

bool traffic_run(const char *path, const struct providers *providers, const struct progress *progress,
                 struct report **out, struct error *error)
{
    struct file file = { 0 };
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct source source = { .arena = &arena, .trees = &trees };
    struct sink sink = { .providers = providers };
    const struct sink *sinks = &sink;
    const char *slash = strrchr(path, '/');
    if (!file_map(path, &file, error))
        return false;
    machine_source(&source, slash ? slash + 1 : path);
    bool good = hear(file.bytes, progress, &source, &sink, error);
    const struct gathered from = { &sinks, 1, 1, file.bytes.bytes };
    good = good && report_make(&from, providers, source.name, out, error);
    sink_free(&sink);
    arena_free(&arena);
    file_close(&file);
    return good;
}
