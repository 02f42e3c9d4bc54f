/* arena.c: many allocations that end together. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *before;
    size_t used;
    size_t capacity;
    size_t padding; /* keeps the bytes that follow aligned */
};

static struct arena_block *add_block(struct arena *arena, size_t bytes)
{
    const size_t capacity = size_max(bytes, ARENA_BLOCK_BYTES);
    size_t total;
    if (!size_add(capacity, sizeof(struct arena_block), &total))
        return NULL;
    struct arena_block *block = calloc(1, total);
    if (!block)
        return NULL;
    block->capacity = capacity;
    block->before = arena->last;
    arena->last = block;
    return block;
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!size_multiply(count, size, &bytes) || !size_align(size_max(bytes, 1), ARENA_ALIGNMENT, &bytes))
        return NULL;
    struct arena_block *block = arena->last;
    if (!block || block->capacity - block->used < bytes)
        block = add_block(arena, bytes);
    if (!block)
        return NULL;
    void *memory = (char *)(block + 1) + block->used;
    block->used += bytes;
    return memory;
}

char *arena_text(struct arena *arena, struct span text)
{
    size_t bytes;
    if (!size_add(text.bytes, 1, &bytes))
        return NULL;
    char *copy = arena_take(arena, bytes, 1);
    if (copy && text.bytes > 0)
        memcpy(copy, text.data, text.bytes);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1, 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->last) {
        struct arena_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}
