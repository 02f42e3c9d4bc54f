/* readers.c: which branches read in a step, and in which order.
 *
 * What has least left to read goes first: a short question does not wait for a long document. What a job has waited
 * counts as read at half speed, so that a long one takes at most twice as long as alone, whatever comes meanwhile.
 * Of several that begin alike, one reads; the others wait for its pages, which are in the tree as soon as they are
 * full. An answer whose pages were taken away (memory.c) reads its prompt and itself again. */
#include "scheduler/state.h"

/* Tokens that a branch has left to read, less what it has waited for. */
static double priority(const struct branch *branch, double now)
{
    const double each = branch->job->resident->prompt_token_seconds, share = 0.5;
    const double waited = each > 0 ? share * (now - branch->job->started) / each : 0;
    return (double)branch_lack(branch) - waited;
}

/* Takes what the tree has of its text. */
static bool begin_reading(struct branch *branch)
{
    struct job *job = branch->job;
    struct error error;
    if (!branch->sequence && !prefix_begin(branch, &error)) {
        job_fail(job, &error);
        return false;
    }
    const size_t adopted = prefix_adopt(branch);
    if (job->answering > 0)
        return true; /* its prompt was counted before */
    job->counts.cached_tokens += adopted;
    job->counts.read_tokens += adopted;
    job->scheduler->counts.cached_tokens += adopted;
    return true;
}

/* The first branch reads for all until the prompt is read. */
static bool may_read(const struct branch *branch)
{
    return !branch->over && !branch->job->put_off && !branch_writes(branch) &&
           (branch->number == 0 || branch->job->answering > 0);
}

/* Among equals, who came first stays first. */
static void add_reader(struct step *step, struct branch *branch, double now)
{
    const double here = priority(branch, now);
    size_t place = step->reader_count++;
    for (; place > 0 && priority(step->readers[place - 1], now) > here; place--)
        step->readers[place] = step->readers[place - 1];
    step->readers[place] = branch;
}

void readers_find(struct scheduler *scheduler)
{
    struct step *step = &scheduler->step;
    const double now = seconds_now();
    const double read_seconds = 0.02; /* for files of the cache folder, in one step */
    step->reader_count = 0;
    scheduler->prefixes.read_until = now + read_seconds;
    scheduler->prefixes.reads_on = false;
    for (struct job *job = scheduler->running.first, *next; job; job = next) {
        next = job->next;
        job->put_off = job->put_off && !memory_fits(job);
        for (size_t i = 0; i < job->wishes.answers && job->resident == step->resident; i++) {
            struct branch *branch = &job->branches[i];
            if (job->state == STATE_RUNNING && may_read(branch) && begin_reading(branch))
                add_reader(step, branch, now);
        }
    }
}

static size_t common_beginning(const struct job *a, const struct job *b)
{
    const size_t most = size_min(a->wishes.prompt_count, b->wishes.prompt_count);
    size_t common = 0;
    while (common < most && a->prompt[common] == b->prompt[common])
        common++;
    return common;
}

/* Whether one reads what the other is about to read: at least a page more, which will then be in the tree. */
static bool reads_for(const struct branch *reader, const struct branch *branch)
{
    const struct job *first = reader->job, *second = branch->job;
    if (!reader->prefix || !branch->prefix || !reader->sequence || !branch->sequence || first == second ||
        first->owner != second->owner)
        return false;
    const size_t ahead = sequence_length(reader->sequence), held = sequence_length(branch->sequence);
    if (ahead < held || (ahead == held && first->number > second->number))
        return false;
    return common_beginning(first, second) / PAGE_TOKENS * PAGE_TOKENS > ahead;
}

bool reader_waits(const struct step *step, const struct branch *branch)
{
    for (size_t i = 0; i < step->reader_count; i++)
        if (reads_for(step->readers[i], branch))
            return true;
    return false;
}
