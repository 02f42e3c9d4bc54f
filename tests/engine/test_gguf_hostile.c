/* Promises about files made to hurt: whatever the bytes, opening ends at once (100 ms), takes little memory (64 MiB)
 * and reads nothing that is not there. calloc, from which all of the reader's memory comes, is wrapped by the linker
 * (--wrap=calloc), to count it and to make it fail. */
#include "engine/gguf_maker.h"

#include <dirent.h>

enum { MOST_MEMORY = 64 << 20, MOST_MILLISECONDS = 100 };

/* What the wrapped calloc does; the linker gives it no context, so this is the one place with a global. */
static struct {
    size_t bytes; /* asked for since the last reset */
    size_t calls;
    size_t fail_after; /* calls that succeed before one fails; 0: all succeed */
} allocations;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    size_t bytes = 0;
    if (!size_multiply(count, size, &bytes))
        return NULL;
    allocations.bytes += bytes;
    allocations.calls++;
    return allocations.fail_after && allocations.calls > allocations.fail_after ? NULL : __real_calloc(count, size);
}

static double milliseconds_of_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* The most that one opening took. */
struct cost {
    double milliseconds;
    size_t bytes, accepted, refused;
};

/* Opens and closes; counts. bytes must be in memory of just that size for a sanitizer to see reads past the end. */
static void open_any(struct span bytes, struct cost *cost)
{
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    allocations.bytes = 0;
    const double start = milliseconds_of_cpu();
    const bool opened = gguf_read(bytes, "tiny.gguf", &gguf, &error);
    gguf_close(gguf);
    const double took = milliseconds_of_cpu() - start;
    assert_true(opened == (error.kind == ERROR_NONE));
    assert_true(opened || strncmp(error.text, "tiny.gguf: byte ", 16) == 0);
    cost->milliseconds = took > cost->milliseconds ? took : cost->milliseconds;
    cost->bytes = size_max(cost->bytes, allocations.bytes);
    *(opened ? &cost->accepted : &cost->refused) += 1;
}

static void check_cost(const struct cost *cost)
{
    print_message("%zu accepted, %zu refused, at most %.2f ms and %zu bytes\n", cost->accepted, cost->refused,
                  cost->milliseconds, cost->bytes);
    assert_true(cost->milliseconds < MOST_MILLISECONDS);
    assert_true(cost->bytes < MOST_MEMORY);
}

/* Every truncation, and every byte replaced by each other value (each flip of a bit is among them). */
static void spoil(const struct made *made, struct cost *cost)
{
    const size_t length = made->bytes.length;
    for (size_t kept = 0; kept < length; kept++) {
        unsigned char *cut = malloc(size_max(kept, 1));
        assert_non_null(cut);
        memcpy(cut, made->bytes.bytes, kept);
        open_any(span_of(cut, kept), cost);
        free(cut);
    }
    unsigned char *copy = malloc(length);
    assert_non_null(copy);
    memcpy(copy, made->bytes.bytes, length);
    for (size_t at = 0; at < length; at++) {
        for (unsigned change = 1; change < 256; change++) {
            copy[at] = (unsigned char)made->bytes.bytes[at] ^ (unsigned char)change;
            open_any(span_of(copy, length), cost);
        }
        copy[at] = (unsigned char)made->bytes.bytes[at];
    }
    free(copy);
}

static void a_tiny_file_spoiled_in_any_byte_harms_nobody(void **state)
{
    (void)state;
    struct recipe recipes[] = { recipe_good(), recipe_good(), recipe_good() };
    recipes[0].version = 2;
    recipes[1].keys_said = recipes[1].keys_made = 1; /* no alignment, no arrays */
    recipes[2].tensors[0] = (struct recipe_tensor){ "t", 1, 4, { 2, 2, 2, 2, 1 }, 1, 0 };
    recipes[2].keys[0] = recipe_key("f", GGUF_F64, VALUE("\0\0\0\0\0\0\360\77"));
    recipes[2].keys[2] = recipe_key("bools", GGUF_ARRAY,
                                    VALUE("\7\0\0\0"
                                          "\4\0\0\0\0\0\0\0"
                                          "\1\0\0\1"));
    struct cost cost = { 0 };
    for (size_t i = 0; i < LENGTH(recipes); i++) {
        struct made made = make(&recipes[i]);
        unsigned char *memory;
        gguf_close(open_good(buffer_span(&made.bytes), &memory));
        free(memory);
        spoil(&made, &cost);
        buffer_free(&made.bytes);
    }
    check_cost(&cost);
    assert_true(cost.accepted + cost.refused > 200000);
}

/* ---- many keys and tensors --------------------------------------------------------------------------------------- */

/* Tensors of one value each, named by number after the prefix. */
static struct buffer many_tensors(size_t count, const char *prefix)
{
    struct buffer bytes = { .limit = 64 << 20 };
    char name[64];
    make_head(&bytes, 3, count, 0);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%zu", prefix, i);
        make_text(&bytes, name);
        make_number(&bytes, 1, 4);
        make_number(&bytes, 1, 8);
        make_number(&bytes, 0, 4);
        make_number(&bytes, (count - 1 - i) * 32, 8);
    }
    for (size_t i = bytes.length % 32 ? 32 - bytes.length % 32 : 0; i > 0; i--)
        make_number(&bytes, 0, 1);
    for (size_t i = 0; i < count; i++)
        make_bytes(&bytes, (char[32]){ 0 }, 32);
    return bytes;
}

static void a_hundred_thousand_tensors_open_and_are_found(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct buffer bytes = many_tensors(COUNT, "a.name.whose.beginning.is.shared.by.all.");
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    const double start = milliseconds_of_cpu();
    allocations.bytes = 0;
    assert_done(gguf_read(buffer_span(&bytes), "many.gguf", &gguf, &error), &error);
    for (size_t i = 0; i < COUNT; i++)
        assert_ptr_equal(gguf_tensor_find(gguf, gguf_tensor_at(gguf, i)->name), gguf_tensor_at(gguf, i));
    print_message("%.1f ms, %zu bytes\n", milliseconds_of_cpu() - start, allocations.bytes);
    assert_true(milliseconds_of_cpu() - start < 1000); /* quadratic would be minutes */
    assert_true(allocations.bytes < MOST_MEMORY);
    gguf_close(gguf);
    buffer_free(&bytes);
}

static void as_many_keys_as_are_allowed_with_long_names_open(void **state)
{
    (void)state;
    enum { COUNT = 65536 };
    struct buffer bytes = { .limit = 64 << 20 };
    char name[256];
    make_head(&bytes, 3, 0, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%0240zu", i * 40503 % COUNT); /* odd: each number once, in no order */
        make_text(&bytes, name);
        make_number(&bytes, GGUF_BOOL, 4);
        make_number(&bytes, 1, 1);
    }
    struct cost cost = { 0 };
    open_any(buffer_span(&bytes), &cost);
    print_message("%.1f ms, %zu bytes\n", cost.milliseconds, cost.bytes);
    assert_int_equal(cost.accepted, 1);
    assert_true(cost.milliseconds < 1000);
    assert_true(cost.bytes < MOST_MEMORY);
    buffer_free(&bytes);
}

/* ---- memory that is short ---------------------------------------------------------------------------------------- */

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct buffer bytes = many_tensors(2000, "t"); /* names for more than one block of the arena */
    bool opened = false;
    size_t failures = 0;
    for (size_t after = 1; !opened; after++) {
        struct gguf *gguf = NULL;
        struct error error = { 0 };
        allocations.calls = 0;
        allocations.fail_after = after;
        opened = gguf_read(buffer_span(&bytes), "tiny.gguf", &gguf, &error);
        allocations.fail_after = 0;
        if (!opened) {
            assert_null(gguf);
            assert_contains(error.text, "out of memory");
            failures++;
        }
        gguf_close(gguf);
    }
    assert_true(failures >= 3);
    buffer_free(&bytes);
}

/* ---- real files -------------------------------------------------------------------------------------------------- */

static int is_gguf(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".gguf") == 0;
}

/* Opens all of a folder's GGUF files, returns how many. */
static int open_folder(const char *folder)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, is_gguf, alphasort);
    for (int i = 0; i < count; i++) {
        struct gguf *gguf = NULL;
        struct error error = { 0 };
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        allocations.bytes = 0;
        const double start = milliseconds_of_cpu();
        assert_done(gguf_open(path, &gguf, &error), &error);
        print_message("%s: %.2f ms, %zu bytes, %zu tensors\n", entries[i]->d_name, milliseconds_of_cpu() - start,
                      allocations.bytes, gguf_tensor_count(gguf));
        assert_non_null(gguf_find(gguf, "general.architecture"));
        assert_true(gguf_tensor_count(gguf) > 0);
        assert_true(milliseconds_of_cpu() - start < MOST_MILLISECONDS);
        assert_true(allocations.bytes < 1 << 20); /* a vocabulary costs nothing */
        gguf_close(gguf);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count;
}

static void the_tiny_models_open(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    const char *folder = golden_path(&arena, "models");
    const int opened = open_folder(folder);
    arena_free(&arena);
    if (opened <= 0)
        SKIP_TEST("no models in tests/goldens/models");
}

static void real_models_open_at_once(void **state)
{
    (void)state;
    const char *folder = getenv("BASTIDE_MODELS");
    if (!folder || open_folder(folder) <= 0)
        SKIP_TEST("no models: set BASTIDE_MODELS to a folder with some");
}

int main(void)
{
    RUN_TESTS(TEST(a_tiny_file_spoiled_in_any_byte_harms_nobody), TEST(a_hundred_thousand_tensors_open_and_are_found),
              TEST(as_many_keys_as_are_allowed_with_long_names_open), TEST(each_allocation_may_fail),
              TEST(the_tiny_models_open), TEST(real_models_open_at_once));
}
