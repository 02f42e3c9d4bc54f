/* messages.c: the messages of a conversation, each with its parent. */
#include "store/database.h"

#include <stdlib.h>

static const char columns[] = "SELECT m.id, m.parent, m.role, m.content, m.state, m.model, m.figures, m.created"
                              " FROM messages m JOIN conversations c ON c.number = m.conversation";

static bool not_there(const char *what, struct error *error)
{
    return error_set_kind(error, ERROR_NOT_FOUND, "there is no such %s", what);
}

static bool read_row(sqlite3_stmt *statement, struct arena *arena, struct stored_message *out, struct error *error)
{
    const bool root = sqlite3_column_type(statement, 1) == SQLITE_NULL;
    *out = (struct stored_message){
        .id = column_text(statement, 0, arena),
        .parent = root ? NULL : column_text(statement, 1, arena),
        .role = column_text(statement, 2, arena),
        .content = column_text(statement, 3, arena),
        .state = (enum message_state)sqlite3_column_int(statement, 4),
        .model = column_text(statement, 5, arena),
        .figures = column_text(statement, 6, arena),
        .created_at = sqlite3_column_double(statement, 7),
    };
    return (out->id && (root || out->parent) && out->role && out->content && out->model && out->figures) ||
           error_memory(error, 0);
}

/* The conversation's number, for one who has begun. */
static bool find_conversation(struct store *store, const char *owner, const char *id, int64_t *number,
                              struct error *error)
{
    sqlite3_stmt *statement;
    bool row = false;
    const struct value values[] = { value_text(id), value_text(owner) };
    if (!statement_open(store, "SELECT number FROM conversations WHERE id = ? AND owner = ?", values, 2, &statement,
                        error))
        return false;
    const bool done = statement_next(store, statement, &row, error);
    *number = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return done && (row || not_there("conversation", error));
}

static bool count_messages(struct store *store, int64_t conversation, size_t *count, struct error *error)
{
    sqlite3_stmt *statement;
    bool row = false;
    const struct value values[] = { value_integer(conversation) };
    if (!statement_open(store, "SELECT count(*) FROM messages WHERE conversation = ?", values, 1, &statement, error))
        return false;
    const bool done = statement_next(store, statement, &row, error);
    *count = row ? (size_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return done;
}

static bool read_rows(struct store *store, int64_t conversation, struct arena *arena, struct stored_message *rows,
                      size_t count, struct error *error)
{
    char sql[512];
    sqlite3_stmt *statement;
    bool row = true;
    const struct value values[] = { value_integer(conversation) };
    snprintf(sql, sizeof sql, "%s WHERE m.conversation = ? ORDER BY m.number", columns);
    if (!statement_open(store, sql, values, 1, &statement, error))
        return false;
    bool done = true;
    for (size_t i = 0; i < count && row && done; i++)
        done = statement_next(store, statement, &row, error) && (!row || read_row(statement, arena, &rows[i], error));
    sqlite3_finalize(statement);
    return done;
}

bool message_list(struct store *store, const char *owner, const char *conversation, struct arena *arena,
                  struct stored_message **rows, size_t *count, struct error *error)
{
    int64_t number;
    if (!store_begin(store, error))
        return false;
    bool done = find_conversation(store, owner, conversation, &number, error) &&
                count_messages(store, number, count, error);
    if (done) {
        *rows = arena_take(arena, size_max(*count, 1), sizeof **rows);
        done = *rows ? read_rows(store, number, arena, *rows, *count, error)
                     : error_memory(error, *count * sizeof **rows);
    }
    return store_end(store, done, error);
}

bool message_read(struct store *store, const char *owner, const char *id, struct arena *arena,
                  struct stored_message *out, struct error *error)
{
    char sql[512];
    sqlite3_stmt *statement;
    bool row = false;
    snprintf(sql, sizeof sql, "%s WHERE m.id = ? AND c.owner = ?", columns);
    const struct value values[] = { value_text(id), value_text(owner) };
    pthread_mutex_lock(&store->lock);
    bool done = statement_open(store, sql, values, 2, &statement, error);
    if (done) {
        done = statement_next(store, statement, &row, error) && (!row || read_row(statement, arena, out, error));
        sqlite3_finalize(statement);
    }
    pthread_mutex_unlock(&store->lock);
    return done && (row || not_there("message", error));
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

static bool check_parent(struct store *store, int64_t conversation, const char *parent, struct error *error)
{
    sqlite3_stmt *statement;
    bool row = false;
    const struct value values[] = { value_text(parent), value_integer(conversation) };
    if (!statement_open(store, "SELECT 1 FROM messages WHERE id = ? AND conversation = ?", values, 2, &statement,
                        error))
        return false;
    const bool done = statement_next(store, statement, &row, error);
    sqlite3_finalize(statement);
    return done && (row || not_there("parent message", error));
}

static bool add_one(struct store *store, int64_t conversation, struct stored_message *row, struct arena *arena,
                    struct error *error)
{
    char id[STORE_ID];
    if (row->created_at == 0)
        row->created_at = calendar_now();
    if (!letters_draw(id, STORE_ID - 1, error) ||
        (row->parent && !check_parent(store, conversation, row->parent, error)))
        return false;
    row->id = arena_text(arena, span_text(id));
    const struct value values[] = {
        value_text(id),
        value_integer(conversation),
        value_text(row->parent),
        value_text(row->role),
        value_text(row->content),
        value_integer(row->state),
        value_text(row->model ? row->model : ""),
        value_text(row->figures ? row->figures : ""),
        value_real(row->created_at),
    };
    return row->id ? statement_run(store,
                                   "INSERT INTO messages(id, conversation, parent, role, content, state, model,"
                                   " figures, created) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                   values, LENGTH(values), NULL, error)
                   : error_memory(error, sizeof id);
}

/* "#N" becomes the id that row N was given. */
static bool find_row(struct stored_message *rows, size_t row, struct error *error)
{
    const char *parent = rows[row].parent;
    if (!parent || parent[0] != '#')
        return true;
    char *end;
    const unsigned long long wanted = strtoull(parent + 1, &end, 10);
    if (*end != '\0' || wanted >= row)
        return not_there("parent message", error);
    rows[row].parent = rows[wanted].id;
    return true;
}

static bool touch(struct store *store, int64_t conversation, struct error *error)
{
    const struct value values[] = { value_real(calendar_now()), value_integer(conversation) };
    return statement_run(store, "UPDATE conversations SET updated = ? WHERE number = ?", values, 2, NULL, error);
}

bool message_add(struct store *store, const char *owner, const char *conversation, struct stored_message *rows,
                 size_t count, struct arena *arena, struct error *error)
{
    int64_t number;
    if (!store_begin(store, error))
        return false;
    bool done = find_conversation(store, owner, conversation, &number, error);
    for (size_t i = 0; i < count && done; i++)
        done = find_row(rows, i, error) && add_one(store, number, &rows[i], arena, error);
    done = done && touch(store, number, error);
    return store_end(store, done, error);
}

bool message_change(struct store *store, const char *owner, const char *id, const char *content,
                    enum message_state state, const char *figures, struct error *error)
{
    int changed = 0;
    const struct value values[] = { value_text(content), value_integer(state), value_text(figures), value_text(id),
                                    value_text(owner) };
    if (!store_begin(store, error))
        return false;
    const bool done = statement_run(store,
                                    "UPDATE messages SET content = ?1, state = ?2, figures = coalesce(?3, figures)"
                                    " WHERE id = ?4 AND conversation IN"
                                    " (SELECT number FROM conversations WHERE owner = ?5)",
                                    values, LENGTH(values), &changed, error) &&
                      (changed > 0 || not_there("message", error));
    return store_end(store, done, error);
}
