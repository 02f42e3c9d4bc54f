/* database.h: SQLite behind the store: one connection, its lock, and statements that say what they bind and give.
 * Private to the room. */
#ifndef BASTIDE_STORE_DATABASE_H
#define BASTIDE_STORE_DATABASE_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>

struct store {
    sqlite3 *database;
    pthread_mutex_t lock; /* one function at a time: SQLite has one writer anyway */
    char *path;
};

/* Begins a transaction under the lock; end keeps it if good is true, and gives back whether it was kept. */
MUST_USE bool store_begin(struct store *store, struct error *error);
MUST_USE bool store_end(struct store *store, bool good, struct error *error);

/* "PATH: SQLite's words". Returns false. */
bool store_error(struct store *store, struct error *error);

/* A value to bind. */
struct value {
    const char *text; /* if not NULL, or kind is 't' */
    double real;
    int64_t integer;
    char kind; /* 't' text (NULL allowed), 'r' real, 'i' integer */
};

static inline struct value value_text(const char *text)
{
    return (struct value){ .kind = 't', .text = text };
}

static inline struct value value_real(double real)
{
    return (struct value){ .kind = 'r', .real = real };
}

static inline struct value value_integer(int64_t integer)
{
    return (struct value){ .kind = 'i', .integer = integer };
}

/* Prepares sql and binds values [count] to its marks; to be finalised with sqlite3_finalize. */
MUST_USE bool statement_open(struct store *store, const char *sql, const struct value *values, size_t count,
                             sqlite3_stmt **out, struct error *error);

/* Steps: *row tells whether there is one. */
MUST_USE bool statement_next(struct store *store, sqlite3_stmt *statement, bool *row, struct error *error);

/* Runs a statement that gives no rows; *changed (may be NULL): how many it changed. */
MUST_USE bool statement_run(struct store *store, const char *sql, const struct value *values, size_t count,
                            int *changed, struct error *error);

/* A column's text, copied; NULL column: "". NULL when memory is short. */
MUST_USE const char *column_text(sqlite3_stmt *statement, int column, struct arena *arena);

#endif
