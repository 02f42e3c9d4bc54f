/* audit.c: from a path to a report: walk, read on all cores, put together what the threads found, sort. */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/readers/readers.h"
#include "audit/sink.h"
#include "audit/source.h"
#include "audit/walk.h"

/* What a thread has for itself. */
struct worker {
    struct sink sink;
    struct buffer bytes;
    uint64_t files, read;
};

struct audit {
    int root;
    struct paths paths;
    struct worker *workers;
    unsigned threads;
    const struct progress *progress;
    atomic_size_t done;
    atomic_bool stopped;
};

const char *evidence_name(enum evidence evidence)
{
    static const char *const names[] = { "declared", "configured", "observed" };
    return names[evidence];
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void read_file(void *context, size_t item, unsigned thread)
{
    struct audit *audit = context;
    struct worker *worker = &audit->workers[thread];
    if (atomic_load(&audit->stopped))
        return;
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct source source = { .arena = &arena, .trees = &trees };
    source_name(&source, audit->paths.rows[item]);
    worker->bytes.length = 0;
    if (source_read(&source, audit->root, &worker->bytes, &worker->sink)) {
        readers_read(&source, &worker->sink);
        worker->files++;
        worker->read += worker->bytes.length;
    }
    arena_free(&arena);
    const size_t done = atomic_fetch_add(&audit->done, 1) + 1;
    if (thread == 0 && !progress_tell(audit->progress, "reading", done, audit->paths.count))
        atomic_store(&audit->stopped, true);
}

static bool read_all(struct audit *audit, struct error *error)
{
    struct pool *pool = NULL;
    if (!pool_open(audit->threads, &pool, error))
        return false;
    pool_run(pool, audit->paths.count, 8, read_file, audit);
    pool_close(pool);
    if (atomic_load(&audit->stopped))
        return error_set_kind(error, ERROR_STOPPED, "stopped");
    return true;
}

/* ---- putting together -------------------------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b)
{
    return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static const char *service_id(const struct finding *finding)
{
    return finding->service ? finding->service->id : NULL;
}

static const char *provider_id(const struct finding *finding)
{
    return finding->service ? finding->service->provider->id : NULL;
}

/* By place, then by whom, then the stronger first, so that the first of equals is the one to keep. */
static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    if (order == 0 && x->line != y->line)
        return x->line < y->line ? -1 : 1;
    order = order ? order : compare_texts(provider_id(x), provider_id(y));
    order = order ? order : compare_texts(service_id(x), service_id(y));
    order = order ? order : compare_texts(x->host, y->host);
    if (order == 0)
        order = (int)y->level - (int)x->level;
    return order ? order : (int)y->evidence - (int)x->evidence;
}

static bool same_place(const struct finding *a, const struct finding *b)
{
    return a->line == b->line && a->service == b->service && compare_texts(a->host, b->host) == 0 &&
           strcmp(a->file, b->file) == 0;
}

static int by_file(const void *a, const void *b)
{
    const struct warning *x = a, *y = b;
    const int order = strcmp(x->file, y->file);
    return order ? order : strcmp(x->text, y->text);
}

static bool is_own(const struct audit *audit, const char *host)
{
    for (unsigned i = 0; i < audit->threads; i++)
        for (size_t j = 0; j < audit->workers[i].sink.own_count; j++)
            if (strcmp(audit->workers[i].sink.own[j], host) == 0)
                return true;
    return false;
}

/* Takes texts over into the report: the threads' arenas go away. */
static bool adopt(struct report *report, const struct finding *from, struct error *error)
{
    struct finding *to = &report->findings[report->finding_count];
    *to = *from;
    const bool same_file = report->finding_count > 0 && strcmp(to[-1].file, from->file) == 0;
    to->file = same_file ? to[-1].file : arena_text(&report->arena, span_text(from->file));
    to->text = arena_text(&report->arena, span_text(from->text));
    to->host = from->host ? arena_text(&report->arena, span_text(from->host)) : NULL;
    report->finding_count++;
    return (to->file && to->text && (to->host || !from->host)) || error_memory(error, 0);
}

static bool gather_findings(const struct audit *audit, struct report *report, struct error *error)
{
    size_t count = 0;
    for (unsigned i = 0; i < audit->threads; i++)
        count += audit->workers[i].sink.finding_count;
    struct finding *all = calloc(count + 1, sizeof *all);
    report->findings = arena_take(&report->arena, count + 1, sizeof *report->findings);
    bool good = (all && report->findings) || error_memory(error, count * sizeof *all);
    size_t row = 0;
    for (unsigned i = 0; good && i < audit->threads; i++) {
        const struct sink *sink = &audit->workers[i].sink;
        if (sink->finding_count > 0)
            memcpy(all + row, sink->findings, sink->finding_count * sizeof *all);
        row += sink->finding_count;
    }
    if (good && row > 1)
        qsort(all, row, sizeof *all, by_place);
    for (size_t i = 0; good && i < row; i++)
        if (!(i > 0 && same_place(&all[i], &all[i - 1])) && !(all[i].host && is_own(audit, all[i].host)))
            good = adopt(report, &all[i], error);
    free(all);
    return good;
}

static bool gather_warnings(const struct audit *audit, struct report *report, struct error *error)
{
    size_t count = 0;
    bool full = false;
    for (unsigned i = 0; i < audit->threads; i++) {
        count += audit->workers[i].sink.warning_count;
        full |= audit->workers[i].sink.full;
    }
    report->warnings = arena_take(&report->arena, count + 1, sizeof *report->warnings);
    if (!report->warnings)
        return error_memory(error, count * sizeof *report->warnings);
    for (unsigned i = 0; i < audit->threads; i++)
        for (size_t j = 0; j < audit->workers[i].sink.warning_count; j++) {
            struct warning *to = &report->warnings[report->warning_count++];
            to->file = arena_text(&report->arena, span_text(audit->workers[i].sink.warnings[j].file));
            to->text = arena_text(&report->arena, span_text(audit->workers[i].sink.warnings[j].text));
            if (!to->file || !to->text)
                return error_memory(error, 0);
        }
    if (count > 1)
        qsort(report->warnings, count, sizeof *report->warnings, by_file);
    if (full)
        report->warnings[report->warning_count++] =
            (struct warning){ ".", "memory was short, or there was too much to keep: findings are missing" };
    return true;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Today, or the day of SOURCE_DATE_EPOCH (reproducible-builds.org). */
static const char *date_of(struct arena *arena)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    const time_t moment = fixed ? (time_t)strtoll(fixed, NULL, 10) : (time_t)calendar_now();
    struct tm parts;
    char text[16] = "";
    if (gmtime_r(&moment, &parts))
        strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return arena_text(arena, span_text(text));
}

static const char *title_of(struct arena *arena, const char *path)
{
    char whole[4096];
    if (!realpath(path, whole))
        snprintf(whole, sizeof whole, "%s", path);
    const char *slash = strrchr(whole, '/');
    return arena_text(arena, span_text(slash && slash[1] ? slash + 1 : whole));
}

static bool put_together(struct audit *audit, const struct audit_wishes *wishes, const struct providers *providers,
                         struct report **out, struct error *error)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return error_memory(error, sizeof *report);
    report->providers = providers;
    report->date = date_of(&report->arena);
    report->title = title_of(&report->arena, wishes->path);
    for (unsigned i = 0; i < audit->threads; i++) {
        report->files += audit->workers[i].files;
        report->bytes += audit->workers[i].read;
    }
    if (!report->date || !report->title || !gather_findings(audit, report, error) ||
        !gather_warnings(audit, report, error)) {
        report_close(report);
        return error && error->kind ? false : error_memory(error, 0);
    }
    *out = report;
    return true;
}

/* Opens the folder, or, for a file, the folder that it lies in: then that file is all that is read. */
static bool open_root(struct audit *audit, const char *path, const char **file, struct error *error)
{
    struct stat about;
    *file = NULL;
    if (stat(path, &about) != 0)
        return error_system(error, path, "open");
    if (S_ISDIR(about.st_mode)) {
        audit->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return audit->root >= 0 || error_system(error, path, "open");
    }
    const char *slash = strrchr(path, '/');
    *file = arena_text(&audit->paths.arena, span_text(slash ? slash + 1 : path));
    const char *folder = arena_text(&audit->paths.arena,
                                    slash ? span_of(path, (size_t)(slash - path) + 1) : span_text("."));
    if (!*file || !folder)
        return error_memory(error, strlen(path));
    audit->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return audit->root >= 0 || error_system(error, folder, "open");
}

static bool find_files(struct audit *audit, const struct audit_wishes *wishes, const char *file, struct error *error)
{
    if (!file)
        return walk_files(audit->root, wishes, audit->progress, &audit->workers[0].sink, &audit->paths, error);
    audit->paths.rows = calloc(1, sizeof *audit->paths.rows);
    if (!audit->paths.rows)
        return error_memory(error, sizeof *audit->paths.rows);
    audit->paths.rows[audit->paths.count++] = file;
    return true;
}

bool audit_run(const struct audit_wishes *wishes, const struct providers *providers, const struct progress *progress,
               struct report **out, struct error *error)
{
    struct audit audit = { .root = -1, .progress = progress };
    audit.threads = wishes->threads ? wishes->threads : pool_cores();
    audit.workers = calloc(audit.threads, sizeof *audit.workers);
    const char *file;
    bool good = audit.workers || error_memory(error, audit.threads * sizeof *audit.workers);
    for (unsigned i = 0; good && i < audit.threads; i++)
        audit.workers[i].sink.providers = providers;
    good = good && open_root(&audit, wishes->path, &file, error) && find_files(&audit, wishes, file, error) &&
           read_all(&audit, error) && put_together(&audit, wishes, providers, out, error);
    for (unsigned i = 0; audit.workers && i < audit.threads; i++) {
        sink_free(&audit.workers[i].sink);
        buffer_free(&audit.workers[i].bytes);
    }
    free(audit.workers);
    paths_free(&audit.paths);
    if (audit.root >= 0)
        close(audit.root);
    return good;
}

void report_close(struct report *report)
{
    if (!report)
        return;
    arena_free(&report->arena);
    free(report);
}
