/* The store of conversations: what it keeps, whom it shows it to, what it refuses to open. */
#include "check.h"

#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static const char *fresh_path(char out[64])
{
    char folder[64];
    assert_non_null(folder_temporary(folder));
    assert_in_range(snprintf(out, 64, "%s/store.db", folder), 1, 63);
    return out;
}

static void remove_folder_of(char *path)
{
    *strrchr(path, '/') = '\0';
    folder_remove(path);
}

static struct store *open_store(const char *path)
{
    struct error error = { 0 };
    struct store *store = NULL;
    assert_done(store_open(path, &store, &error), &error);
    return store;
}

static const char *add_conversation(struct store *store, const char *owner, const char *title, struct arena *arena)
{
    struct error error = { 0 };
    struct stored_conversation conversation;
    assert_done(conversation_add(store, owner, title, arena, &conversation, &error), &error);
    return conversation.id;
}

static const char *add_message(struct store *store, const char *owner, const char *conversation, const char *parent,
                               const char *content, struct arena *arena)
{
    struct error error = { 0 };
    struct stored_message row = { .parent = parent, .role = "user", .content = content, .state = MESSAGE_DONE };
    assert_done(message_add(store, owner, conversation, &row, 1, arena, &error), &error);
    return row.id;
}

static size_t count_found(struct store *store, const char *owner, const char *words)
{
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct stored_conversation *rows;
    size_t count;
    assert_done(conversation_list(store, owner, words, &arena, &rows, &count, &error), &error);
    arena_free(&arena);
    return count;
}

static void what_was_added_is_there_after_opening_again(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "anna", "Élan", &arena);
    const char *first = add_message(store, "anna", id, NULL, "bonjour", &arena);
    const char *second = add_message(store, "anna", id, first, "encore", &arena);
    store_close(store);
    store = open_store(path);
    struct stored_message *rows;
    size_t count;
    assert_done(message_list(store, "anna", id, &arena, &rows, &count, &error), &error);
    assert_int_equal(count, 2);
    assert_null(rows[0].parent);
    assert_string_equal(rows[1].parent, first);
    assert_string_equal(rows[1].id, second);
    assert_string_equal(rows[1].content, "encore");
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void the_file_is_the_owners_alone(void **state)
{
    (void)state;
    char path[64];
    struct stat facts;
    store_close(open_store(fresh_path(path)));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    remove_folder_of(path);
}

static void what_is_anothers_is_not_there(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct stored_conversation conversation;
    struct stored_message message, *rows, row = { .role = "user", .content = "x" };
    size_t count;
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "anna", "secret plans", &arena);
    const char *said = add_message(store, "anna", id, NULL, "the secret", &arena);
    const char *own = add_conversation(store, "bert", "mine", &arena);
    assert_int_equal(count_found(store, "bert", "secret"), 0);
    assert_int_equal(count_found(store, "bert", NULL), 1);
    assert_false(conversation_read(store, "bert", id, &arena, &conversation, &error));
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
    assert_false(message_list(store, "bert", id, &arena, &rows, &count, &error));
    assert_false(message_read(store, "bert", said, &arena, &message, &error));
    assert_false(message_add(store, "bert", id, &row, 1, &arena, &error));
    assert_false(message_change(store, "bert", said, "no", MESSAGE_DONE, NULL, &error));
    assert_false(conversation_change(store, "bert", id, "no", NULL, 1, &error));
    assert_false(conversation_remove(store, "bert", id, &error));
    row.parent = said; /* a parent out of another's conversation */
    assert_false(message_add(store, "bert", own, &row, 1, &arena, &error));
    assert_true(conversation_read(store, "anna", id, &arena, &conversation, &error));
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void each_word_must_be_found_somewhere_in_the_conversation(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "a", "Voyage d'été", &arena);
    const char *said = add_message(store, "a", id, NULL, "Une forteresse, 100% \"sûre\" 東京 C++ a_b", &arena);
    const struct {
        const char *words;
        size_t found;
    } rows[] = {
        { "voyage", 1 },
        { "ETE", 1 },
        { "forte", 1 },
        { "voyage sure", 1 },
        { "voyage absent", 0 },
        { "teresse", 0 },
        { "100%", 1 },
        { "%", 1 },
        { "_", 1 },
        { "東", 1 },
        { "京都", 0 },
        { "++", 1 },
        { "\"sûre\"", 1 },
        { "OR", 0 },
        { "NEAR(", 0 },
        { "title:voyage", 0 },
        { "  ", 1 },
        { "'; DROP TABLE", 0 },
        { "*", 0 },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (count_found(store, "a", rows[i].words) != rows[i].found)
            fail_msg("\"%s\": found %zu times", rows[i].words, count_found(store, "a", rows[i].words));
    assert_done(message_change(store, "a", said, "autre chose", MESSAGE_DONE, NULL, &error), &error);
    assert_int_equal(count_found(store, "a", "forteresse"), 0);
    assert_int_equal(count_found(store, "a", "chose"), 1);
    assert_done(conversation_change(store, "a", id, "Nouveau", NULL, -1, &error), &error);
    assert_int_equal(count_found(store, "a", "voyage"), 0);
    assert_done(conversation_remove(store, "a", id, &error), &error);
    assert_int_equal(count_found(store, "a", "chose"), 0);
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void an_answer_is_found_when_it_is_written(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "a", "t", &arena);
    struct stored_message rows[] = {
        { .role = "user", .content = "question", .state = MESSAGE_DONE },
        { .parent = "#0", .role = "assistant", .content = "", .state = MESSAGE_STREAMING, .model = "m" },
    };
    assert_done(message_add(store, "a", id, rows, 2, &arena, &error), &error);
    assert_string_equal(rows[1].parent, rows[0].id);
    assert_done(message_change(store, "a", rows[1].id, "half an ans", MESSAGE_STREAMING, NULL, &error), &error);
    assert_int_equal(count_found(store, "a", "half"), 0);
    assert_done(message_change(store, "a", rows[1].id, "half an answer", MESSAGE_DONE, "{}", &error), &error);
    assert_int_equal(count_found(store, "a", "answer"), 1);
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void answers_that_nobody_writes_any_more_are_stopped(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "a", "t", &arena);
    struct stored_message row = { .role = "assistant", .content = "so far", .state = MESSAGE_STREAMING }, read;
    assert_done(message_add(store, "a", id, &row, 1, &arena, &error), &error);
    store_close(store);
    store = open_store(path);
    assert_done(store_settle(store, &error), &error);
    assert_done(message_read(store, "a", row.id, &arena, &read, &error), &error);
    assert_int_equal(read.state, MESSAGE_STOPPED);
    assert_string_equal(read.content, "so far");
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void pinned_ones_come_first_then_the_latest(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *old = add_conversation(store, "a", "old", &arena);
    add_conversation(store, "a", "middle", &arena);
    const char *pinned = add_conversation(store, "a", "pinned", &arena);
    assert_done(conversation_change(store, "a", pinned, NULL, NULL, 1, &error), &error);
    add_message(store, "a", old, NULL, "again", &arena);
    struct stored_conversation *rows;
    size_t count;
    assert_done(conversation_list(store, "a", "", &arena, &rows, &count, &error), &error);
    assert_int_equal(count, 3);
    assert_string_equal(rows[0].title, "pinned");
    assert_string_equal(rows[1].title, "old");
    assert_string_equal(rows[2].title, "middle");
    store_close(store);
    arena_free(&arena);
    remove_folder_of(path);
}

static void write_file(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(bytes, file);
    fclose(file);
}

static void a_file_that_is_no_store_is_left_alone(void **state)
{
    (void)state;
    char path[64], bytes[64] = "";
    struct error error = { 0 };
    struct store *store = NULL;
    write_file(fresh_path(path), "my shopping list, which is no database");
    assert_false(store_open(path, &store, &error));
    assert_contains(error.text, path);
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(bytes, sizeof bytes, file));
    fclose(file);
    assert_string_equal(bytes, "my shopping list, which is no database");
    remove_folder_of(path);
}

/* A child adds messages and tells of each through a pipe once it is in; it is killed at a random moment. Whatever it
 * told of must be there. */
static void what_was_told_survives_a_kill(void **state)
{
    (void)state;
    char path[64];
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct store *store = open_store(fresh_path(path));
    const char *id = add_conversation(store, "a", "t", &arena);
    store_close(store);
    const int rounds = CHECK_IS_WATCHED ? 5 : 40;
    size_t told = 0;
    srandom(7);
    for (int i = 0; i < rounds; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) {
            store = open_store(path);
            for (;;) {
                add_message(store, "a", id, NULL, "one more", &arena);
                if (write(ends[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        close(ends[1]);
        usleep((useconds_t)(random() % 30000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        char byte;
        while (read(ends[0], &byte, 1) == 1)
            told++;
        close(ends[0]);
        store = open_store(path);
        struct stored_message *rows;
        size_t count;
        assert_done(message_list(store, "a", id, &arena, &rows, &count, &error), &error);
        assert_in_range(count, told, told + (size_t)i + 1); /* each child may have kept one that it could not tell */
        store_close(store);
    }
    arena_free(&arena);
    remove_folder_of(path);
}

int main(void)
{
    RUN_TESTS(TEST(what_was_added_is_there_after_opening_again), TEST(the_file_is_the_owners_alone),
              TEST(what_is_anothers_is_not_there), TEST(each_word_must_be_found_somewhere_in_the_conversation),
              TEST(an_answer_is_found_when_it_is_written), TEST(answers_that_nobody_writes_any_more_are_stopped),
              TEST(pinned_ones_come_first_then_the_latest), TEST(a_file_that_is_no_store_is_left_alone),
              TEST(what_was_told_survives_a_kill));
}
