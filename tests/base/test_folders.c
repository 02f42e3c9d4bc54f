/* Where a user's files are, and folders removed whole, without touching what is outside. */
#include "check.h"

static void expect_places(const char *data, const char *configuration)
{
    struct arena arena = { 0 };
    struct error error = { 0 };
    const char *path = NULL;
    assert_done(folder_data("models", &arena, &path, &error), &error);
    assert_string_equal(path, data);
    assert_done(folder_configuration("config.yaml", &arena, &path, &error), &error);
    assert_string_equal(path, configuration);
    arena_free(&arena);
}

static void set(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void places_follow_xdg_unless_bastide_home_is_set(void **state)
{
    (void)state;
    set("HOME", "/home/me");
    set("XDG_DATA_HOME", NULL);
    set("XDG_CONFIG_HOME", "");
    set("BASTIDE_HOME", NULL);
    expect_places("/home/me/.local/share/bastide/models", "/home/me/.config/bastide/config.yaml");
    set("XDG_DATA_HOME", "/data");
    set("XDG_CONFIG_HOME", "/config");
    expect_places("/data/bastide/models", "/config/bastide/config.yaml");
    set("XDG_DATA_HOME", "relative");
    expect_places("/home/me/.local/share/bastide/models", "/config/bastide/config.yaml");
    set("BASTIDE_HOME", "");
    expect_places("/home/me/.local/share/bastide/models", "/config/bastide/config.yaml");
    set("BASTIDE_HOME", "here");
    expect_places("here/models", "here/config.yaml");
}

static void without_any_home_the_error_says_what_to_set(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct error error = { 0 };
    const char *path;
    set("BASTIDE_HOME", NULL);
    set("XDG_DATA_HOME", NULL);
    set("HOME", NULL);
    assert_false(folder_data("models", &arena, &path, &error));
    assert_contains(error.text, "BASTIDE_HOME");
    arena_free(&arena);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    struct error error = { 0 };
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_done(file_write_atomic(path, span_text(text), &error), &error);
}

static void a_tree_is_counted_and_removed_with_all_in_it_and_no_link_is_followed(void **state)
{
    (void)state;
    char outside[64], inside[64], path[256];
    struct error error = { 0 };
    assert_non_null(folder_temporary(outside));
    assert_non_null(folder_temporary(inside));
    write_file(outside, "kept", "12345");
    snprintf(path, sizeof path, "%s/a/b/c", inside);
    assert_done(folder_make(path, &error), &error);
    write_file(path, "file", "1234567");
    write_file(inside, "other", "123");
    snprintf(path, sizeof path, "%s/a/link", inside);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(tree_bytes(inside), 10);
    assert_done(tree_remove(inside, &error), &error);
    assert_int_equal(access(inside, F_OK), -1);
    assert_int_equal(tree_bytes(outside), 5);
    folder_remove(outside);
}

static void removing_what_is_not_there_is_fine(void **state)
{
    (void)state;
    struct error error = { 0 };
    assert_done(tree_remove("/nonesuch/at/all", &error), &error);
    assert_int_equal(tree_bytes("/nonesuch/at/all"), 0);
}

int main(void)
{
    RUN_TESTS(TEST(places_follow_xdg_unless_bastide_home_is_set), TEST(without_any_home_the_error_says_what_to_set),
              TEST(a_tree_is_counted_and_removed_with_all_in_it_and_no_link_is_followed),
              TEST(removing_what_is_not_there_is_fine));
}
