/* allocations.h: all that allocates, counted and made to fail where a test wants it. For tests that are linked with
 * wrapping_all of tests/meson.build, whose --wrap sends each call here; any thread may allocate. */
#ifndef BASTIDE_ALLOCATIONS_H
#define BASTIDE_ALLOCATIONS_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

/* The linker gives the wrapped functions no context, so this is the one place with a global. */
static struct {
    atomic_size_t calls;   /* since fail_at */
    atomic_size_t fail_at; /* the call that fails, from 1; 0: none */
    atomic_size_t failed;
} allocations;

static bool allocation_fails(void)
{
    const bool fails = atomic_fetch_add(&allocations.calls, 1) + 1 == atomic_load(&allocations.fail_at);
    atomic_fetch_add(&allocations.failed, fails);
    if (fails)
        errno = ENOMEM;
    return fails;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *place, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *place, size_t size, int protection, int flags, int file, off_t offset);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *place, size_t size, int protection, int flags, int file, off_t offset)
{
    return allocation_fails() ? MAP_FAILED : __real_mmap(place, size, protection, flags, file, offset);
}

/* Counts from 0 again; the call of that number will fail, none if it is 0. */
static inline void fail_at(size_t call)
{
    atomic_store(&allocations.calls, 0);
    atomic_store(&allocations.failed, 0);
    atomic_store(&allocations.fail_at, call);
}

#endif
