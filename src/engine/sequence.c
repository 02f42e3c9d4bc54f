/* sequence.c: the KV cache of one conversation, in pages of 32 positions for all layers.
 *
 *   sequence A: [page 1][page 2][page 3]        a fork shares pages by counting who holds them;
 *   sequence B: [page 1][page 2][page 4]        who writes into a shared page copies it first
 *
 * kernels.h draws the inside of a page. A page is zeroed when made, so that places not written yet hold numbers. */
#include "engine/model.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Before the page's bytes, which pages[] points to. */
struct page {
    _Alignas(64) atomic_size_t holders;
    atomic_size_t *alive; /* the model's count of pages */
};

_Static_assert((int)PAGE_TOKENS == (int)PAGE_POSITIONS, "a page is one to callers and kernels");

static struct page *page_of(unsigned char *bytes)
{
    return (struct page *)(void *)(bytes - sizeof(struct page));
}

static unsigned char *page_make(const struct model *model, struct error *error)
{
    size_t bytes;
    if (!size_add(sizeof(struct page), model->page_bytes, &bytes) || !size_align(bytes, 64, &bytes)) {
        error_memory(error, SIZE_MAX);
        return NULL;
    }
    struct page *page = aligned_alloc(64, bytes);
    if (!page) {
        error_memory(error, bytes);
        return NULL;
    }
    memset(page, 0, bytes);
    atomic_init(&page->holders, 1);
    page->alive = model->pages_alive;
    atomic_fetch_add(page->alive, 1);
    return (unsigned char *)(page + 1);
}

void page_release(struct page *page)
{
    if (!page || atomic_fetch_sub(&page->holders, 1) != 1)
        return;
    atomic_fetch_sub(page->alive, 1);
    free(page);
}

bool sequence_open(const struct model *model, struct sequence **out, struct error *error)
{
    const size_t pages_most = (model->context + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
    struct sequence *sequence = calloc(1, sizeof *sequence);
    unsigned char **pages = calloc(pages_most, sizeof *pages);
    if (!sequence || !pages) {
        free(sequence);
        free(pages);
        return error_memory(error, pages_most * sizeof *pages);
    }
    *sequence = (struct sequence){ .model = model, .pages = pages, .pages_most = pages_most };
    *out = sequence;
    return true;
}

void sequence_close(struct sequence *sequence)
{
    if (!sequence)
        return;
    for (size_t i = 0; i < sequence->page_count; i++)
        page_release(page_of(sequence->pages[i]));
    free(sequence->pages);
    free(sequence);
}

size_t sequence_length(const struct sequence *sequence)
{
    return sequence->length;
}

size_t sequence_room(const struct sequence *sequence)
{
    return sequence->model->context - sequence->length;
}

bool sequence_cut(struct sequence *sequence, size_t length, struct error *error)
{
    if (length > sequence->length)
        return error_set_kind(error, ERROR_WRONG_USE, "cannot cut a sequence of %zu tokens to %zu", sequence->length,
                              length);
    const size_t pages = (length + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
    while (sequence->page_count > pages)
        page_release(page_of(sequence->pages[--sequence->page_count]));
    sequence->length = length;
    return true;
}

bool sequence_fork(const struct sequence *sequence, struct sequence **out, struct error *error)
{
    if (!sequence_open(sequence->model, out, error))
        return false;
    struct sequence *fork = *out;
    const size_t begun = (sequence->length + PAGE_POSITIONS - 1) / PAGE_POSITIONS; /* more may be reserved */
    for (; fork->page_count < begun; fork->page_count++) {
        unsigned char *page = sequence->pages[fork->page_count];
        atomic_fetch_add(&page_of(page)->holders, 1);
        fork->pages[fork->page_count] = page;
    }
    fork->length = sequence->length;
    return true;
}

/* Where the last page is begun and somebody else holds it too, a copy of our own takes its place. */
static bool own_last_page(struct sequence *sequence, struct error *error)
{
    if (sequence->length % PAGE_POSITIONS == 0)
        return true;
    unsigned char **last = &sequence->pages[sequence->length / PAGE_POSITIONS];
    if (atomic_load(&page_of(*last)->holders) == 1)
        return true;
    unsigned char *copy = page_make(sequence->model, error);
    if (!copy)
        return false;
    memcpy(copy, *last, sequence->model->page_bytes);
    page_release(page_of(*last));
    *last = copy;
    return true;
}

bool sequence_reserve(struct sequence *sequence, size_t count, struct error *error)
{
    if (count > sequence_room(sequence))
        return error_set(error,
                         "the context is full: %zu tokens are there, %zu more are wanted, %zu fit in all: use a "
                         "larger --context or a shorter text",
                         sequence->length, count, sequence->model->context);
    if (!own_last_page(sequence, error))
        return false;
    const size_t before = sequence->page_count;
    const size_t needed = (sequence->length + count + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
    while (sequence->page_count < needed) {
        unsigned char *page = page_make(sequence->model, error);
        if (!page) {
            while (sequence->page_count > before)
                page_release(page_of(sequence->pages[--sequence->page_count]));
            return false;
        }
        sequence->pages[sequence->page_count++] = page;
    }
    return true;
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

struct page *sequence_page(const struct sequence *sequence, size_t number)
{
    struct page *page = page_of(sequence->pages[number]);
    atomic_fetch_add(&page->holders, 1);
    return page;
}

bool sequence_append(struct sequence *sequence, struct page *page, size_t count, struct error *error)
{
    const size_t number = sequence->length / PAGE_POSITIONS;
    if (sequence->length % PAGE_POSITIONS != 0 || count == 0 || count > PAGE_POSITIONS)
        return error_set_kind(error, ERROR_WRONG_USE, "cannot append %zu tokens of a page to a sequence of %zu", count,
                              sequence->length);
    if (count > sequence_room(sequence))
        return error_set(error, "the context is full: %zu tokens are there, %zu more are wanted, %zu fit in all",
                         sequence->length, count, sequence->model->context);
    while (sequence->page_count > number) /* reserved and not used */
        page_release(page_of(sequence->pages[--sequence->page_count]));
    atomic_fetch_add(&page->holders, 1);
    sequence->pages[sequence->page_count++] = (unsigned char *)(page + 1);
    sequence->length += count;
    return true;
}

size_t model_page_bytes(const struct model *model)
{
    return model->page_bytes;
}

struct span page_bytes(const struct model *model, const struct page *page)
{
    return span_of(page + 1, model->page_bytes);
}

bool page_open(const struct model *model, struct span bytes, struct page **out, struct error *error)
{
    if (bytes.bytes != model->page_bytes)
        return error_set(error, "a page of %zu bytes: this model's have %zu", bytes.bytes, model->page_bytes);
    unsigned char *made = page_make(model, error);
    if (!made)
        return false;
    memcpy(made, bytes.data, bytes.bytes);
    *out = page_of(made);
    return true;
}

size_t model_pages(const struct model *model)
{
    return atomic_load(model->pages_alive);
}
