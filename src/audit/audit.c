/* audit.c: from a path to a report: walk, read on all cores, put together what the threads found, sort. */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/gather.h"
#include "audit/host/traffic.h"
#include "audit/readers/readers.h"
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
    struct source source = { .arena = &arena, .trees = &trees, .root = &audit->root };
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

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* The folder's own name, whatever way led to it. */
static const char *title_of(const char *path, char whole[PATH_MAX])
{
    const char *named = realpath(path, whole) ? whole : path;
    const char *slash = strrchr(named, '/');
    return slash && slash[1] ? slash + 1 : named;
}

static bool put_together(struct audit *audit, const struct audit_wishes *wishes, const struct providers *providers,
                         struct report **out, struct error *error)
{
    char whole[PATH_MAX];
    struct gathered from = { .count = audit->threads };
    const struct sink **sinks = calloc(audit->threads, sizeof *sinks);
    if (!sinks)
        return error_memory(error, audit->threads * sizeof *sinks);
    for (unsigned i = 0; i < audit->threads; i++) {
        sinks[i] = &audit->workers[i].sink;
        from.files += audit->workers[i].files;
        from.bytes += audit->workers[i].read;
    }
    from.sinks = sinks;
    const bool made = report_make(&from, providers, title_of(wishes->path, whole), out, error);
    free(sinks);
    return made;
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
    if (traffic_is_capture(wishes->path))
        return traffic_run(wishes->path, providers, progress, out, error);
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
