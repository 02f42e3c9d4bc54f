/* gguf.c: any bytes as a GGUF file. What opens is read through to its last value and byte of data, by every getter:
 * what gguf_open accepts, nobody behind it may stumble over. */
#include "engine/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Reads every byte, so that a sanitizer sees those that are not there; volatile, or the compiler would leave it out. */
static void touch(struct span span)
{
    const volatile unsigned char *bytes = span.data;
    for (size_t i = 0; i < span.bytes; i++)
        (void)bytes[i];
}

static void touch_array(const struct gguf_key *key)
{
    volatile double seen = 0;
    for (size_t i = 0, offset = 0; i < key->count; i++) {
        if (key->element == GGUF_STRING)
            touch(gguf_next_string(key, &offset));
        else if (key->element == GGUF_F32)
            seen = (double)gguf_element_float(key, i);
        else if (gguf_is_integer(key->element) || key->element == GGUF_BOOL)
            seen = (double)gguf_element_integer(key, i);
    }
    (void)seen;
}

/* By each getter, the wrong ones too: what a getter gives is in the range that was asked for. */
static void get(const struct gguf *gguf, const char *name)
{
    struct error error = { 0 };
    uint64_t integer = 1;
    double real = 0;
    bool boolean = false;
    struct span string = { 0 };
    if (gguf_integer(gguf, name, 1, UINT32_MAX, &integer, &error) && (integer < 1 || integer > UINT32_MAX))
        __builtin_trap();
    if (gguf_real(gguf, name, -1e9, 1e9, &real, &error) && !(real >= -1e9 && real <= 1e9))
        __builtin_trap();
    if (gguf_boolean(gguf, name, &boolean, &error) && gguf_string(gguf, name, &string, &error))
        __builtin_trap(); /* it cannot be both */
    touch(string);
}

static void touch_key(const struct gguf *gguf, struct arena *arena, const struct gguf_key *key)
{
    touch(key->name);
    touch(key->value);
    if (key->type == GGUF_ARRAY)
        touch_array(key);
    const char *name = arena_text(arena, key->name);
    if (name && gguf_find(gguf, name) != key)
        __builtin_trap();
    if (name)
        get(gguf, name);
}

static void touch_all(const struct gguf *gguf)
{
    struct arena arena = { 0 };
    for (size_t i = 0; i < gguf_key_count(gguf); i++)
        touch_key(gguf, &arena, gguf_key_at(gguf, i));
    for (size_t i = 0; i < gguf_tensor_count(gguf); i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(gguf, i);
        touch(tensor->data);
        if (gguf_tensor_find(gguf, tensor->name) != tensor)
            __builtin_trap();
    }
    touch(gguf_chat_template(gguf));
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    if (gguf_read(span_of(data, bytes), "input", &gguf, &error))
        touch_all(gguf);
    else if (error.kind == ERROR_NONE || gguf)
        __builtin_trap();
    gguf_close(gguf);
    return 0;
}
