/* test_access.c: what API keys promise. */
#include "check.h"

#include "access/access.h"

#include <sys/wait.h>

struct world {
    char folder[64];
    char path[128];
};

static int world_open(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    folder_temporary(world->folder);
    snprintf(world->path, sizeof world->path, "%s/below/keys.json", world->folder);
    *state = world;
    return 0;
}

static int world_close(void **state)
{
    struct world *world = *state;
    folder_remove(world->folder);
    free(world);
    return 0;
}

static const char *path_of(void **state)
{
    return ((struct world *)*state)->path;
}

static void add(void **state, const struct access_key *key, char text[ACCESS_KEY_TEXT])
{
    struct error error = { 0 };
    assert_done(access_add(path_of(state), key, text, &error), &error);
}

static struct access *open_keys(void **state)
{
    struct access *access = NULL;
    struct error error = { 0 };
    assert_done(access_open(path_of(state), &access, &error), &error);
    return access;
}

static enum access_verdict ask(struct access *access, const char *key, char name[65], unsigned *retry_after)
{
    unsigned scopes = 0;
    *retry_after = 0;
    return access_check(access, span_text(key), name, &scopes, retry_after);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_key_opens_and_its_name_and_scopes_are_known(void **state)
{
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned scopes, retry_after = 0;
    add(state, &(struct access_key){ .name = "laptop", .scopes = SCOPE_CHAT | SCOPE_ADMIN }, text);
    assert_int_equal(strlen(text), ACCESS_KEY_TEXT - 1);
    assert_int_equal(strncmp(text, "bst_", 4), 0);
    struct access *access = open_keys(state);
    assert_true(access_has_keys(access));
    assert_int_equal(access_check(access, span_text(text), name, &scopes, &retry_after), ACCESS_GRANTED);
    assert_string_equal(name, "laptop");
    assert_int_equal(scopes, SCOPE_CHAT | SCOPE_ADMIN);
    access_close(access);
}

static void the_file_holds_no_key_and_is_for_its_owner_alone(void **state)
{
    char text[ACCESS_KEY_TEXT];
    struct buffer file = { .limit = 4096 };
    struct error error = { 0 };
    struct stat status;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text);
    assert_done(file_read(path_of(state), &file, &error), &error);
    assert_null(strstr(file.bytes, text + 4));
    assert_int_equal(stat(path_of(state), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    buffer_free(&file);
}

static void what_is_no_key_opens_nothing(void **state)
{
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text);
    struct access *access = open_keys(state);
    for (size_t i = 0; i < strlen(text); i++) {
        char other[ACCESS_KEY_TEXT];
        memcpy(other, text, sizeof other);
        other[i] = other[i] == 'x' ? 'y' : 'x';
        assert_int_equal(ask(access, other, name, &retry_after), ACCESS_UNKNOWN);
        other[i] = '\0'; /* a beginning of the key is no key */
        assert_int_equal(ask(access, other, name, &retry_after), ACCESS_UNKNOWN);
    }
    access_close(access);
}

static void a_key_that_has_expired_opens_nothing_and_still_keeps_the_door_shut(void **state)
{
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT, .expires = time(NULL) - 1 }, text);
    struct access *access = open_keys(state);
    assert_int_equal(ask(access, text, name, &retry_after), ACCESS_UNKNOWN);
    assert_true(access_has_keys(access));
    access_close(access);
}

static void a_rate_refuses_the_next_request_and_says_when(void **state)
{
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT, .rate = { 3, 60 } }, text);
    struct access *access = open_keys(state);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(access, text, name, &retry_after), ACCESS_GRANTED);
    assert_int_equal(ask(access, text, name, &retry_after), ACCESS_TOO_OFTEN);
    assert_in_range(retry_after, 1, 60);
    access_close(access);
}

static void after_its_time_a_rate_counts_anew(void **state)
{
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT, .rate = { 1, 1 } }, text);
    struct access *access = open_keys(state);
    assert_int_equal(ask(access, text, name, &retry_after), ACCESS_GRANTED);
    const double until = seconds_now() + 10;
    while (ask(access, text, name, &retry_after) != ACCESS_GRANTED)
        assert_true(seconds_now() < until);
    access_close(access);
}

static void reading_again_forgets_no_count_and_drops_what_was_revoked(void **state)
{
    char kept[ACCESS_KEY_TEXT], gone[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    struct error error = { 0 };
    add(state, &(struct access_key){ .name = "gone", .scopes = SCOPE_CHAT }, gone);
    add(state, &(struct access_key){ .name = "kept", .scopes = SCOPE_CHAT, .rate = { 1, 3600 } }, kept);
    struct access *access = open_keys(state);
    assert_int_equal(ask(access, kept, name, &retry_after), ACCESS_GRANTED);
    assert_int_equal(ask(access, gone, name, &retry_after), ACCESS_GRANTED);
    assert_done(access_remove(path_of(state), "gone", &error), &error);
    assert_done(access_reload(access, &error), &error);
    assert_int_equal(ask(access, kept, name, &retry_after), ACCESS_TOO_OFTEN);
    assert_int_equal(ask(access, gone, name, &retry_after), ACCESS_UNKNOWN);
    access_close(access);
}

static void a_broken_file_is_refused_and_the_old_keys_stay(void **state)
{
    static const char *const broken[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\":\"a\"}]",
        "[",
        "[{\"name\":\"a\",\"hash\":\"00\",\"scopes\":\"chat\",\"rate\":\"\",\"expires\":0}]",
        ("[{\"name\":\"../a\",\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\","
         "\"scopes\":\"chat\",\"rate\":\"\",\"expires\":0}]"),
    };
    char text[ACCESS_KEY_TEXT], name[65];
    unsigned retry_after;
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text);
    struct access *access = open_keys(state);
    for (size_t i = 0; i < LENGTH(broken); i++) {
        struct error error = { 0 };
        write_file(path_of(state), broken[i], 0600);
        assert_false(access_reload(access, &error));
        assert_contains(error.text, "keys.json");
        assert_int_equal(ask(access, text, name, &retry_after), ACCESS_GRANTED);
    }
    access_close(access);
}

static void a_file_that_others_may_write_to_is_refused(void **state)
{
    char text[ACCESS_KEY_TEXT];
    struct access *access = NULL;
    struct error error = { 0 };
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text);
    assert_int_equal(chmod(path_of(state), 0620), 0);
    assert_false(access_open(path_of(state), &access, &error));
    assert_contains(error.text, "chmod 600");
}

static void keys_that_are_added_at_once_are_all_there(void **state)
{
    enum { PROCESSES = 8, EACH = 5 };
    for (int p = 0; p < PROCESSES; p++)
        if (fork() == 0) {
            bool good = true;
            for (int i = 0; good && i < EACH; i++) {
                char name[32], text[ACCESS_KEY_TEXT];
                snprintf(name, sizeof name, "key-%d-%d", p, i);
                good = access_add(path_of(state), &(struct access_key){ .name = name, .scopes = SCOPE_CHAT }, text,
                                  NULL);
            }
            _exit(!good);
        }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct arena arena = { 0 };
    struct access_key *rows;
    size_t count;
    struct error error = { 0 };
    assert_done(access_list(path_of(state), &arena, &rows, &count, &error), &error);
    assert_int_equal(count, PROCESSES * EACH);
    arena_free(&arena);
}

static void a_name_is_taken_once_and_is_a_name(void **state)
{
    static const char *const wrong[] = {
        "", "a b", "a/b", "é", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
    char text[ACCESS_KEY_TEXT];
    struct error error = { 0 };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_false(
            access_add(path_of(state), &(struct access_key){ .name = wrong[i], .scopes = SCOPE_CHAT }, text, &error));
    add(state, &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text);
    assert_false(access_add(path_of(state), &(struct access_key){ .name = "a", .scopes = SCOPE_CHAT }, text, &error));
    assert_int_equal(text[0], '\0');
    assert_false(access_remove(path_of(state), "b", &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
}

static void rates_and_spans_of_time_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds; /* -1: refused */
    } spans[] = { { "30d", 30 * 86400 },
                  { "12h", 43200 },
                  { "90m", 5400 },
                  { "1h30m", 5400 },
                  { "1.5s", 1.5 },
                  { "250ms", 0.25 },
                  { "300", 300 },
                  { "0s", 0 },
                  { "", -1 },
                  { "-1s", -1 },
                  { "1", 1 },
                  { "1y", -1 },
                  { "1.h", -1 },
                  { "h", -1 },
                  { "1h ", -1 },
                  { "1e9", -1 },
                  { "99999999999d", -1 },
                  { "40000d", -1 } };
    for (size_t i = 0; i < LENGTH(spans); i++) {
        double seconds = -1;
        assert_int_equal(span_of_time_parse(spans[i].text, &seconds, NULL), spans[i].seconds >= 0);
        assert_true(seconds == spans[i].seconds);
    }
    static const char *const rates[] = { "60/min", "1/s", "1000/h", "5000/d" };
    static const char *const no_rates[] = { "", "0/min", "60", "/min", "60/", "-1/s", "1/y", "9999999/s", "60/min " };
    struct rate rate;
    char text[24];
    for (size_t i = 0; i < LENGTH(rates); i++) {
        assert_true(rate_parse(rates[i], &rate, NULL));
        assert_string_equal(rate_text(rate, text), rates[i]);
    }
    for (size_t i = 0; i < LENGTH(no_rates); i++)
        assert_false(rate_parse(no_rates[i], &rate, NULL));
}

static void scopes_are_read_and_shown(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", ",", "chat,", ",chat", "Chat", "chat admin", "chat,root" };
    unsigned scopes = 0;
    char text[64];
    assert_true(scopes_parse("admin,chat", &scopes, NULL));
    assert_string_equal(scopes_text(scopes, text), "chat,admin");
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_false(scopes_parse(wrong[i], &scopes, NULL));
}

#define IN_A_WORLD(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    RUN_TESTS(IN_A_WORLD(a_key_opens_and_its_name_and_scopes_are_known),
              IN_A_WORLD(the_file_holds_no_key_and_is_for_its_owner_alone), IN_A_WORLD(what_is_no_key_opens_nothing),
              IN_A_WORLD(a_key_that_has_expired_opens_nothing_and_still_keeps_the_door_shut),
              IN_A_WORLD(a_rate_refuses_the_next_request_and_says_when), IN_A_WORLD(after_its_time_a_rate_counts_anew),
              IN_A_WORLD(reading_again_forgets_no_count_and_drops_what_was_revoked),
              IN_A_WORLD(a_broken_file_is_refused_and_the_old_keys_stay),
              IN_A_WORLD(a_file_that_others_may_write_to_is_refused),
              IN_A_WORLD(keys_that_are_added_at_once_are_all_there), IN_A_WORLD(a_name_is_taken_once_and_is_a_name),
              TEST(rates_and_spans_of_time_are_read_as_people_write_them), TEST(scopes_are_read_and_shown));
}
