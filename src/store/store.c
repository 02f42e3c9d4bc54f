/* store.c: opens the file of conversations, and runs statements on it.
 *
 * SQLite in WAL mode with a sync at each commit: what was committed survives the machine's fall, and readers do not
 * wait for writers. The file says whose it is (application_id) and in which version (user_version), so that no other
 * program's database is ever written to.
 *
 * Words are found through FTS5 tables that triggers keep; an answer enters when it is no longer being written.
 * Sources: sqlite.org/wal.html, sqlite.org/fts5.html, sqlite.org/pragma.html#pragma_application_id */
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { APPLICATION = 0x42737464, VERSION = 1, BUSY_MILLISECONDS = 10000 }; /* "Bstd" */

static const char schema[] =
    "CREATE TABLE conversations("
    " number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL,"
    " settings TEXT NOT NULL, pinned INTEGER NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);"
    "CREATE INDEX conversations_by_time ON conversations(owner, pinned DESC, updated DESC);"
    "CREATE TABLE messages("
    " number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " conversation INTEGER NOT NULL REFERENCES conversations(number) ON DELETE CASCADE,"
    " parent TEXT, role TEXT NOT NULL, content TEXT NOT NULL, state INTEGER NOT NULL, model TEXT NOT NULL,"
    " figures TEXT NOT NULL, created REAL NOT NULL);"
    "CREATE INDEX messages_by_conversation ON messages(conversation, number);"
    "CREATE VIRTUAL TABLE titles USING fts5(title, content='conversations', content_rowid='number',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3');"
    "CREATE TRIGGER titles_added AFTER INSERT ON conversations BEGIN"
    " INSERT INTO titles(rowid, title) VALUES(new.number, new.title); END;"
    "CREATE TRIGGER titles_removed AFTER DELETE ON conversations BEGIN"
    " INSERT INTO titles(titles, rowid, title) VALUES('delete', old.number, old.title); END;"
    "CREATE TRIGGER titles_changed AFTER UPDATE OF title ON conversations BEGIN"
    " INSERT INTO titles(titles, rowid, title) VALUES('delete', old.number, old.title);"
    " INSERT INTO titles(rowid, title) VALUES(new.number, new.title); END;"
    "CREATE VIRTUAL TABLE words USING fts5(content, content='messages', content_rowid='number',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3');"
    "CREATE TRIGGER words_added AFTER INSERT ON messages WHEN new.state <> 0 BEGIN"
    " INSERT INTO words(rowid, content) VALUES(new.number, new.content); END;"
    "CREATE TRIGGER words_removed AFTER DELETE ON messages WHEN old.state <> 0 BEGIN"
    " INSERT INTO words(words, rowid, content) VALUES('delete', old.number, old.content); END;"
    "CREATE TRIGGER words_left AFTER UPDATE OF content, state ON messages WHEN old.state <> 0 BEGIN"
    " INSERT INTO words(words, rowid, content) VALUES('delete', old.number, old.content); END;"
    "CREATE TRIGGER words_came AFTER UPDATE OF content, state ON messages WHEN new.state <> 0 BEGIN"
    " INSERT INTO words(rowid, content) VALUES(new.number, new.content); END;";

const char *message_state_name(enum message_state state)
{
    static const char *const names[] = { "streaming", "done", "stopped", "failed" };
    return names[state];
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

bool store_error(struct store *store, struct error *error)
{
    return error_set(error, "%s: %s: is the disk full, or the file damaged?", store->path,
                     sqlite3_errmsg(store->database));
}

static int bind(sqlite3_stmt *statement, int place, const struct value *value)
{
    if (value->kind == 'r')
        return sqlite3_bind_double(statement, place, value->real);
    if (value->kind == 'i')
        return sqlite3_bind_int64(statement, place, value->integer);
    return sqlite3_bind_text(statement, place, value->text, -1, SQLITE_TRANSIENT);
}

bool statement_open(struct store *store, const char *sql, const struct value *values, size_t count, sqlite3_stmt **out,
                    struct error *error)
{
    *out = NULL;
    int result = sqlite3_prepare_v2(store->database, sql, -1, out, NULL);
    for (size_t i = 0; i < count && result == SQLITE_OK; i++)
        result = bind(*out, (int)i + 1, &values[i]);
    if (result == SQLITE_OK)
        return true;
    store_error(store, error);
    sqlite3_finalize(*out);
    *out = NULL;
    return false;
}

bool statement_next(struct store *store, sqlite3_stmt *statement, bool *row, struct error *error)
{
    const int result = sqlite3_step(statement);
    *row = result == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE || store_error(store, error);
}

bool statement_run(struct store *store, const char *sql, const struct value *values, size_t count, int *changed,
                   struct error *error)
{
    sqlite3_stmt *statement;
    bool row;
    if (!statement_open(store, sql, values, count, &statement, error))
        return false;
    const bool done = statement_next(store, statement, &row, error);
    sqlite3_finalize(statement);
    if (done && changed)
        *changed = sqlite3_changes(store->database);
    return done;
}

const char *column_text(sqlite3_stmt *statement, int column, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return arena_text(arena, span_of(text ? (const char *)text : "", (size_t)sqlite3_column_bytes(statement, column)));
}

bool store_begin(struct store *store, struct error *error)
{
    pthread_mutex_lock(&store->lock);
    if (statement_run(store, "BEGIN IMMEDIATE", NULL, 0, NULL, error))
        return true;
    pthread_mutex_unlock(&store->lock);
    return false;
}

bool store_end(struct store *store, bool good, struct error *error)
{
    const bool kept = good && statement_run(store, "COMMIT", NULL, 0, NULL, error);
    if (!kept)
        (void)!statement_run(store, "ROLLBACK", NULL, 0, NULL, NULL);
    pthread_mutex_unlock(&store->lock);
    return kept;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static bool read_number(struct store *store, const char *sql, int64_t *out, struct error *error)
{
    sqlite3_stmt *statement;
    bool row;
    if (!statement_open(store, sql, NULL, 0, &statement, error))
        return false;
    const bool done = statement_next(store, statement, &row, error);
    *out = done && row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return done;
}

static bool run_script(struct store *store, const char *sql, struct error *error)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK || store_error(store, error);
}

static bool make_tables(struct store *store, struct error *error)
{
    char mark[80];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION, VERSION);
    return run_script(store, schema, error) && run_script(store, mark, error);
}

/* Makes the tables of a file that is new, or sees that the file is ours. In one transaction, as two may start. */
static bool settle_tables(struct store *store, struct error *error)
{
    int64_t application, version, tables;
    if (!read_number(store, "PRAGMA application_id", &application, error) ||
        !read_number(store, "PRAGMA user_version", &version, error) ||
        !read_number(store, "SELECT count(*) FROM sqlite_schema", &tables, error))
        return false;
    if (application == 0 && tables == 0)
        return make_tables(store, error);
    if (application != APPLICATION)
        return error_set(error, "%s: this is another program's database: move it away", store->path);
    if (version != VERSION)
        return error_set(error, "%s: written by a newer Bastide (version %lld of the file): use that one", store->path,
                         (long long)version);
    return true;
}

/* The file is there, ours alone, before SQLite opens it. */
static bool make_file(const char *path, struct error *error)
{
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return error_system(error, path, "open it");
    close(file);
    return true;
}

static bool open_database(struct store *store, struct error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(store->path, &store->database, flags, NULL) != SQLITE_OK)
        return store->database ? store_error(store, error) : error_memory(error, 0);
    sqlite3_busy_timeout(store->database, BUSY_MILLISECONDS);
    sqlite3_extended_result_codes(store->database, 1);
    sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return run_script(store, "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;", error) && store_begin(store, error) &&
           store_end(store, settle_tables(store, error), error) &&
           run_script(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", error);
}

bool store_open(const char *path, struct store **out, struct error *error)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return error_memory(error, sizeof *store);
    pthread_mutex_init(&store->lock, NULL);
    store->path = strdup(path);
    if (!store->path || !make_file(path, error) || !open_database(store, error)) {
        if (!store->path)
            error_memory(error, strlen(path));
        store_close(store);
        return false;
    }
    *out = store;
    return true;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sqlite3_close(store->database);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

bool store_settle(struct store *store, struct error *error)
{
    const struct value values[] = { value_integer(MESSAGE_STOPPED), value_integer(MESSAGE_STREAMING) };
    return store_begin(store, error) &&
           store_end(store,
                     statement_run(store, "UPDATE messages SET state = ? WHERE state = ?", values, 2, NULL, error),
                     error);
}
