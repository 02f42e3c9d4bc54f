/* Files: read whole or mapped, refused for what they are not, and replaced without ever leaving half of one. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A folder for each test, and a path in it. */
struct place {
    char folder[64];
    char path[128];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (!place || !folder_temporary(place->folder))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/file", place->folder);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    folder_remove(place->folder);
    free(place);
    return 0;
}

static void expect_content(const char *path, struct span expected)
{
    struct file file = { 0 };
    struct error error = { 0 };
    assert_done(file_map(path, &file, &error), &error);
    assert_true(span_equal(file.bytes, expected));
    file_close(&file);
}

static size_t files_in(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *list = popen(command, "r");
    size_t count = 99;
    assert_int_equal(fscanf(list, "%zu", &count), 1);
    pclose(list);
    return count;
}

static void what_was_written_is_mapped_and_read(void **state)
{
    const struct place *place = *state;
    struct error error = { 0 };
    const struct span bytes = span_of("a\0b\n", 4);
    assert_done(file_write_atomic(place->path, bytes, &error), &error);
    expect_content(place->path, bytes);
    struct buffer buffer = { .limit = 4 };
    assert_done(file_read(place->path, &buffer, &error), &error);
    assert_true(span_equal(buffer_span(&buffer), bytes));
    buffer_free(&buffer);
    assert_int_equal(files_in(place->folder), 1);
}

static void an_empty_file_is_an_empty_span(void **state)
{
    const struct place *place = *state;
    struct error error = { 0 };
    assert_done(file_write_atomic(place->path, span_of(NULL, 0), &error), &error);
    expect_content(place->path, span_of(NULL, 0));
    struct buffer buffer = { .limit = 0 };
    assert_done(file_read(place->path, &buffer, &error), &error);
    assert_string_equal(buffer.bytes, "");
    buffer_free(&buffer);
}

static void only_regular_files_are_mapped(void **state)
{
    const struct place *place = *state;
    char missing[128];
    snprintf(missing, sizeof missing, "%s/none", place->folder);
    assert_int_equal(mkfifo(place->path, 0600), 0); /* nobody writes: opening must not wait */
    const struct {
        const char *path, *says;
    } cases[] = { { place->path, "not a regular file" },
                  { place->folder, "not a regular file" },
                  { "/dev/zero", "not a regular file" },
                  { missing, "No such file" },
                  { "", "No such file" } };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct file file = { 0 };
        struct error error = { 0 };
        assert_false(file_map(cases[i].path, &file, &error));
        assert_contains(error.text, cases[i].says);
        assert_contains(error.text, cases[i].path);
        assert_null(file.bytes.data);
        assert_int_equal(file.bytes.bytes, 0);
        file_close(&file);
    }
}

static void reading_stops_at_the_limit(void **state)
{
    (void)state;
    struct buffer buffer = { .limit = 100000 };
    struct error error = { 0 };
    assert_false(file_read("/dev/zero", &buffer, &error));
    assert_contains(error.text, "/dev/zero");
    assert_contains(error.text, "100000");
    buffer_free(&buffer);
    assert_false(file_read("/", &buffer, &error));
    assert_contains(error.text, "directory");
    buffer_free(&buffer);
}

static void pages_given_back_are_read_again(void **state)
{
    const struct place *place = *state;
    struct error error = { 0 };
    enum { BYTES = 100000 };
    char *bytes = malloc(BYTES);
    memset(bytes, 'a', BYTES);
    assert_done(file_write_atomic(place->path, span_of(bytes, BYTES), &error), &error);
    struct file file = { 0 };
    assert_done(file_map(place->path, &file, &error), &error);
    for (size_t offset = 0; offset < 9000; offset += 1000) {
        file_forget(span_of(file.bytes.data + offset, BYTES - 2 * offset));
        file_forget(span_of(file.bytes.data + offset, 0));
        assert_memory_equal(file.bytes.data, bytes, BYTES);
    }
    file_close(&file);
    free(bytes);
}

/* Replaces the file for ever, by turns with two contents. */
static void write_for_ever(const char *path, struct span a, struct span b)
{
    for (;;) {
        if (!file_write_atomic(path, a, NULL) || !file_write_atomic(path, b, NULL))
            _exit(1);
    }
}

static void killed_while_writing_leaves_the_old_or_the_new(void **state)
{
    const struct place *place = *state;
    struct random random = random_start(__func__);
    enum { BYTES = 300000 };
    char *a = malloc(BYTES), *b = malloc(BYTES);
    memset(a, 'a', BYTES);
    memset(b, 'b', BYTES);
    struct error error = { 0 };
    assert_done(file_write_atomic(place->path, span_of(a, BYTES), &error), &error);
    for (int i = 0; i < 50; i++) {
        const pid_t child = fork();
        if (child == 0)
            write_for_ever(place->path, span_of(a, BYTES), span_of(b, BYTES / 2));
        usleep((useconds_t)random_in(&random, 0, 10000)); /* any moment is a good one */
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct file file = { 0 };
        assert_done(file_map(place->path, &file, &error), &error);
        assert_true(span_equal(file.bytes, span_of(a, BYTES)) || span_equal(file.bytes, span_of(b, BYTES / 2)));
        file_close(&file);
    }
    free(a);
    free(b);
}

/* A write that fails half way: the old content stays and nothing lies about. */
static void expect_refusal(const struct place *place, const char *path, const char *says)
{
    static char big[1 << 20];
    struct error error = { 0 };
    assert_false(file_write_atomic(path, span_of(big, sizeof big), &error));
    assert_contains(error.text, path);
    assert_contains(error.text, says);
    expect_content(path, span_text("old"));
    (void)place;
}

static void a_file_that_grows_too_large_leaves_the_old_one(void **state)
{
    const struct place *place = *state;
    struct error error = { 0 };
    assert_done(file_write_atomic(place->path, span_text("old"), &error), &error);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = { 65536, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_refusal(place, place->path, "File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(files_in(place->folder), 1);
}

/* Mounts a small disk in memory on the folder, for this process alone. */
static bool mount_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=256k") == 0;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    const struct place *place = *state;
    if (!mount_small_disk(place->folder))
        SKIP_TEST("may not mount a small disk here; run as root");
    struct error error = { 0 };
    assert_done(file_write_atomic(place->path, span_text("old"), &error), &error);
    expect_refusal(place, place->path, "No space left");
    assert_int_equal(files_in(place->folder), 1);
    assert_int_equal(umount(place->folder), 0);
}

static void writing_into_no_folder_fails_with_its_reason(void **state)
{
    const struct place *place = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/none/file", place->folder);
    struct error error = { 0 };
    assert_false(file_write_atomic(path, span_text("x"), &error));
    assert_contains(error.text, "No such file");
    assert_false(file_write_atomic("", span_text("x"), &error));
    assert_false(file_write_atomic(place->folder, span_text("x"), &error));
    assert_contains(error.text, "cannot write it: Is a directory");
}

static void folders_are_made_with_those_above_them(void **state)
{
    const struct place *place = *state;
    static const char *const tails[] = { "/a/b/c", "/a/b/c", "/a//b/d/", "/./e/../e/f", "" };
    for (size_t i = 0; i < LENGTH(tails); i++) {
        char path[128];
        struct error error = { 0 };
        struct stat status;
        snprintf(path, sizeof path, "%s%s", place->folder, tails[i]);
        assert_done(folder_make(path, &error), &error);
        assert_int_equal(stat(path, &status), 0);
        assert_true(S_ISDIR(status.st_mode));
        assert_int_equal(status.st_mode & 0777, 0700);
    }
}

static void a_file_in_the_way_of_a_folder_is_named(void **state)
{
    const struct place *place = *state;
    struct error error = { 0 };
    assert_done(file_write_atomic(place->path, span_text("x"), &error), &error);
    char path[160];
    snprintf(path, sizeof path, "%s/below", place->path);
    assert_false(folder_make(path, &error));
    assert_contains(error.text, place->path);
    assert_false(folder_make(place->path, &error));
    assert_contains(error.text, "File exists");
    assert_false(folder_make("", &error));
}

#define IN_PLACE(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
    /* The last one gives this process a view of the disks of its own. */
    RUN_TESTS(IN_PLACE(what_was_written_is_mapped_and_read), IN_PLACE(an_empty_file_is_an_empty_span),
              IN_PLACE(only_regular_files_are_mapped), IN_PLACE(reading_stops_at_the_limit),
              IN_PLACE(pages_given_back_are_read_again), IN_PLACE(killed_while_writing_leaves_the_old_or_the_new),
              IN_PLACE(a_file_that_grows_too_large_leaves_the_old_one),
              IN_PLACE(writing_into_no_folder_fails_with_its_reason), IN_PLACE(folders_are_made_with_those_above_them),
              IN_PLACE(a_file_in_the_way_of_a_folder_is_named), IN_PLACE(a_full_disk_leaves_the_old_file));
}
