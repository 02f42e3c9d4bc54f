/* auditor.c: the audits of the folders that the server was started with. One thread reads them, one after the other, on
 * half of the processors, since answers are made meanwhile. Whether files changed is looked at only while somebody has
 * the page open, and at most a twentieth of the time. */
#include "server/page/auditor.h"

#include "audit/audit.h"
#include "server/page/audit_kept.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STACK_BYTES = 1 << 20, MOST_RESULT = 1 << 29 };
static const double looked_seconds = 15, check_seconds = 3, check_share = 20;

enum state { STATE_WAITING, STATE_READING, STATE_DONE, STATE_FAILED };

struct folder {
    const char *path, *title;
    struct auditor *auditor;
    struct audit_kept kept;
    /* under the auditor's lock */
    enum state state;
    bool wanted; /* to be read (again) */
    char what[32];
    uint64_t done, total;
    struct error error;
    struct report *report;        /* the last one */
    struct warning *own_warnings; /* of the report, without those of waivers */
    size_t own_warning_count;
    char *text; /* the result, as JSON */
    size_t text_bytes;
    json_int_t version;
    double made;
    uint64_t stamp;
    double looked, checked, check_took;
};

struct auditor {
    struct arena arena;
    struct providers *providers;
    struct folder *folders;
    size_t count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running, closing;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool open_folder(struct auditor *auditor, const char *path, struct folder *out, struct error *error)
{
    char whole[PATH_MAX];
    struct stat about;
    if (!realpath(path, whole) || stat(whole, &about) != 0)
        return error_system(error, path, "audit");
    if (!S_ISDIR(about.st_mode) || access(whole, R_OK | X_OK) != 0)
        return error_set_kind(error, ERROR_WRONG_USE, "--audit %s: a folder that can be read is wanted", path);
    out->auditor = auditor;
    out->wanted = true;
    out->path = arena_text(&auditor->arena, span_text(whole));
    if (!out->path)
        return error_memory(error, strlen(whole));
    const char *slash = strrchr(out->path, '/');
    out->title = slash[1] ? slash + 1 : out->path;
    return audit_kept_open(out->path, &auditor->arena, &out->kept, error);
}

bool auditor_open(const char *const *paths, size_t count, struct auditor **out, struct error *error)
{
    *out = NULL;
    if (count == 0)
        return true;
    struct auditor *auditor = calloc(1, sizeof *auditor);
    if (!auditor)
        return error_memory(error, sizeof *auditor);
    pthread_mutex_init(&auditor->lock, NULL);
    condition_open(&auditor->changed);
    auditor->folders = arena_take(&auditor->arena, count, sizeof *auditor->folders);
    bool good = auditor->folders ? providers_open_own(NULL, &auditor->providers, error) : error_memory(error, count);
    while (good && auditor->count < count) {
        struct folder *folder = &auditor->folders[auditor->count];
        good = open_folder(auditor, paths[auditor->count], folder, error);
        auditor->count++;
    }
    if (!good) {
        auditor_close(auditor);
        return false;
    }
    *out = auditor;
    return true;
}

/* ---- a result ---------------------------------------------------------------------------------------------------- */

/* Marks what is waived, by the file in the folder and by the page, as if nothing had been marked before. A file that is
 * wrong counts as a warning. */
static bool apply_waivers(struct folder *folder, struct report *report, struct error *error)
{
    char path[PATH_MAX + sizeof WAIVERS_FILE + 1];
    struct error wrong = { 0 };
    report->warnings = folder->own_warnings;
    report->warning_count = folder->own_warning_count;
    for (size_t i = 0; i < report->finding_count; i++)
        report->findings[i].waived = NULL;
    snprintf(path, sizeof path, "%s/" WAIVERS_FILE, folder->path);
    const bool read = report_waive(report, path, &wrong);
    char *kept = audit_kept_text(&folder->kept);
    const bool good = kept ? report_waive_text(report, "page", span_text(kept), error) : error_memory(error, 0);
    free(kept);
    if (read || !good)
        return good;
    struct warning *all = arena_take(&report->arena, report->warning_count + 1, sizeof *all);
    const char *text = arena_text(&report->arena, span_text(wrong.text));
    if (!all || !text)
        return error_memory(error, 0);
    memcpy(all + 1, report->warnings, report->warning_count * sizeof *all);
    all[0] = (struct warning){ WAIVERS_FILE, text };
    report->warnings = all;
    report->warning_count++;
    return true;
}

static bool write_result(const struct report *report, char **text, size_t *bytes, struct error *error)
{
    FILE *stream = open_memstream(text, bytes);
    if (!stream)
        return error_memory(error, 0);
    const bool written = result_write(report, "json", stream, error);
    return fclose(stream) == 0 && written;
}

/* Takes a report, or the one that is there with other waivers, as what the page shows. Under the lock. */
static bool show_report(struct folder *folder, struct report *report, struct error *error)
{
    char *text = NULL;
    size_t bytes = 0;
    if (report != folder->report) {
        folder->own_warnings = report->warnings;
        folder->own_warning_count = report->warning_count;
    }
    if (!apply_waivers(folder, report, error) || !write_result(report, &text, &bytes, error)) {
        free(text);
        return false;
    }
    if (report != folder->report)
        report_close(folder->report);
    free(folder->text);
    folder->report = report;
    folder->text = text;
    folder->text_bytes = bytes;
    folder->version++;
    folder->made = calendar_now();
    return true;
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

static bool tell_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct folder *folder = context;
    pthread_mutex_lock(&folder->auditor->lock);
    snprintf(folder->what, sizeof folder->what, "%s", what);
    folder->done = done;
    folder->total = total;
    const bool goes_on = !folder->auditor->closing;
    pthread_mutex_unlock(&folder->auditor->lock);
    return goes_on;
}

static bool goes_on(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct folder *folder = context;
    (void)what, (void)done, (void)total;
    pthread_mutex_lock(&folder->auditor->lock);
    const bool closing = folder->auditor->closing;
    pthread_mutex_unlock(&folder->auditor->lock);
    return !closing;
}

static struct audit_wishes wishes_of(const struct folder *folder)
{
    return (struct audit_wishes){ .path = folder->path, .threads = pool_cores() > 1 ? pool_cores() / 2 : 1 };
}

/* Called with the lock, which is given up while files are read. The stamp is of before: what changes meanwhile is then
 * noticed. */
static void audit_folder(struct auditor *auditor, struct folder *folder)
{
    struct report *report = NULL;
    struct error error = { 0 };
    uint64_t stamp = 0;
    const struct audit_wishes wishes = wishes_of(folder);
    const struct progress quiet = { goes_on, folder }, loud = { tell_progress, folder };
    folder->state = STATE_READING;
    folder->wanted = false;
    folder->done = folder->total = 0;
    pthread_mutex_unlock(&auditor->lock);
    const double began = seconds_now();
    const bool stamped = audit_stamp(&wishes, &quiet, &stamp, &error);
    const double took = seconds_now() - began;
    const bool read = stamped && audit_run(&wishes, auditor->providers, &loud, &report, &error);
    pthread_mutex_lock(&auditor->lock);
    folder->stamp = stamp;
    folder->check_took = took;
    folder->checked = seconds_now();
    const bool shown = read && show_report(folder, report, &error);
    if (read && !shown)
        report_close(report);
    folder->state = shown ? STATE_DONE : STATE_FAILED;
    folder->error = error;
}

static bool is_to_be_checked(const struct folder *folder, double now)
{
    return folder->looked > 0 && now - folder->looked < looked_seconds &&
           (folder->state == STATE_DONE || folder->state == STATE_FAILED) &&
           now - folder->checked > check_seconds + check_share * folder->check_took;
}

static void check_folder(struct auditor *auditor, struct folder *folder)
{
    struct error error = { 0 };
    uint64_t stamp = 0;
    const struct audit_wishes wishes = wishes_of(folder);
    const struct progress quiet = { goes_on, folder };
    pthread_mutex_unlock(&auditor->lock);
    const double began = seconds_now();
    const bool stamped = audit_stamp(&wishes, &quiet, &stamp, &error);
    pthread_mutex_lock(&auditor->lock);
    folder->checked = seconds_now();
    folder->check_took = folder->checked - began;
    if (stamped && stamp != folder->stamp)
        folder->wanted = true;
}

static bool work_once(struct auditor *auditor)
{
    for (size_t i = 0; i < auditor->count; i++)
        if (auditor->folders[i].wanted) {
            audit_folder(auditor, &auditor->folders[i]);
            return true;
        }
    for (size_t i = 0; i < auditor->count; i++)
        if (is_to_be_checked(&auditor->folders[i], seconds_now())) {
            check_folder(auditor, &auditor->folders[i]);
            return true;
        }
    return false;
}

static void *work(void *context)
{
    struct auditor *auditor = context;
    pthread_mutex_lock(&auditor->lock);
    while (!auditor->closing)
        if (!work_once(auditor))
            condition_wait(&auditor->changed, &auditor->lock, seconds_now() + 1);
    pthread_mutex_unlock(&auditor->lock);
    return NULL;
}

bool auditor_start(struct auditor *auditor, struct error *error)
{
    if (!auditor)
        return true;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    auditor->running = pthread_create(&auditor->thread, &attributes, work, auditor) == 0;
    pthread_attr_destroy(&attributes);
    return auditor->running || error_set(error, "no thread for audits: too many are running");
}

void auditor_close(struct auditor *auditor)
{
    if (!auditor)
        return;
    pthread_mutex_lock(&auditor->lock);
    auditor->closing = true;
    pthread_cond_broadcast(&auditor->changed);
    pthread_mutex_unlock(&auditor->lock);
    if (auditor->running)
        pthread_join(auditor->thread, NULL);
    for (size_t i = 0; i < auditor->count; i++) {
        report_close(auditor->folders[i].report);
        free(auditor->folders[i].text);
        audit_kept_close(&auditor->folders[i].kept);
    }
    providers_close(auditor->providers);
    pthread_cond_destroy(&auditor->changed);
    pthread_mutex_destroy(&auditor->lock);
    arena_free(&auditor->arena);
    free(auditor);
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

static json_t *folder_json(const struct folder *folder, size_t id)
{
    static const char *const states[] = { "waiting", "reading", "done", "failed" };
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:f, s:I}", "id", (json_int_t)id, "title", folder->title,
                     "path", folder->path, "state", states[folder->state], "what", folder->what, "done",
                     (json_int_t)folder->done, "total", (json_int_t)folder->total, "error",
                     folder->state == STATE_FAILED ? folder->error.text : "", "made", folder->made, "version",
                     folder->version);
}

json_t *auditor_list(struct auditor *auditor)
{
    json_t *list = json_array();
    if (!auditor)
        return list;
    pthread_mutex_lock(&auditor->lock);
    for (size_t i = 0; i < auditor->count; i++) {
        auditor->folders[i].looked = seconds_now();
        json_array_append_new(list, folder_json(&auditor->folders[i], i));
    }
    pthread_cond_broadcast(&auditor->changed);
    pthread_mutex_unlock(&auditor->lock);
    return list;
}

static struct folder *find_folder(struct auditor *auditor, size_t id, struct failure *failure)
{
    if (auditor && id < auditor->count)
        return &auditor->folders[id];
    failure_set(failure, FAILURE_NOT_FOUND, "no such folder is audited: start the server with --audit PATH");
    return NULL;
}

bool auditor_result(struct auditor *auditor, size_t id, struct buffer *out, struct failure *failure)
{
    struct error error = { 0 };
    struct folder *folder = find_folder(auditor, id, failure);
    if (!folder)
        return false;
    pthread_mutex_lock(&auditor->lock);
    char *kept = audit_kept_text(&folder->kept);
    const bool there = folder->text != NULL;
    const bool good = !there ||
                      (kept && buffer_text(out, "{\"kept\": ", &error) && buffer_text(out, kept, &error) &&
                       buffer_text(out, ", \"report\": ", &error) &&
                       buffer_add(out, folder->text, folder->text_bytes, &error) && buffer_text(out, "}", &error));
    pthread_mutex_unlock(&auditor->lock);
    free(kept);
    if (!there)
        return failure_set(failure, FAILURE_NOT_FOUND, "this folder was not read yet");
    return good || failure_error(failure, &error);
}

bool auditor_again(struct auditor *auditor, size_t id, struct failure *failure)
{
    struct folder *folder = find_folder(auditor, id, failure);
    if (!folder)
        return false;
    pthread_mutex_lock(&auditor->lock);
    folder->wanted = true;
    pthread_cond_broadcast(&auditor->changed);
    pthread_mutex_unlock(&auditor->lock);
    return true;
}

bool auditor_keep(struct auditor *auditor, size_t id, const char *kind, const json_t *entry, bool keep,
                  struct failure *failure)
{
    struct error error = { 0 };
    struct folder *folder = find_folder(auditor, id, failure);
    if (!folder)
        return false;
    pthread_mutex_lock(&auditor->lock);
    bool done = audit_kept_change(&folder->kept, kind, entry, keep, failure);
    if (done && folder->report)
        done = show_report(folder, folder->report, &error) || failure_error(failure, &error);
    pthread_mutex_unlock(&auditor->lock);
    return done;
}
