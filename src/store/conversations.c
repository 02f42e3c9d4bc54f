/* conversations.c: conversations of an owner: kept, listed, found by words. */
#include "store/database.h"

#include <string.h>

enum { WORDS_MOST = 16 };

static const char columns[] = "SELECT id, title, settings, pinned, created, updated FROM conversations c";

static bool read_row(sqlite3_stmt *statement, struct arena *arena, struct stored_conversation *out, struct error *error)
{
    *out = (struct stored_conversation){
        .id = column_text(statement, 0, arena),
        .title = column_text(statement, 1, arena),
        .settings = column_text(statement, 2, arena),
        .pinned = sqlite3_column_int(statement, 3) != 0,
        .created_at = sqlite3_column_double(statement, 4),
        .updated_at = sqlite3_column_double(statement, 5),
    };
    return (out->id && out->title && out->settings) || error_memory(error, 0);
}

static bool not_there(struct error *error)
{
    return error_set_kind(error, ERROR_NOT_FOUND, "there is no such conversation");
}

bool conversation_add(struct store *store, const char *owner, const char *title, struct arena *arena,
                      struct stored_conversation *out, struct error *error)
{
    char id[STORE_ID];
    const double now = calendar_now();
    if (!letters_draw(id, STORE_ID - 1, error) || !store_begin(store, error))
        return false;
    const struct value values[] = { value_text(id), value_text(owner), value_text(title), value_real(now),
                                    value_real(now) };
    const bool done = statement_run(store,
                                    "INSERT INTO conversations(id, owner, title, settings, pinned, created, updated)"
                                    " VALUES(?, ?, ?, '', 0, ?, ?)",
                                    values, LENGTH(values), NULL, error);
    if (!store_end(store, done, error))
        return false;
    *out = (struct stored_conversation){
        .id = arena_text(arena, span_text(id)),
        .title = arena_text(arena, span_text(title)),
        .settings = "",
        .created_at = now,
        .updated_at = now,
    };
    return (out->id && out->title) || error_memory(error, strlen(title));
}

bool conversation_read(struct store *store, const char *owner, const char *id, struct arena *arena,
                       struct stored_conversation *out, struct error *error)
{
    char sql[256];
    sqlite3_stmt *statement;
    bool row = false;
    snprintf(sql, sizeof sql, "%s WHERE id = ? AND owner = ?", columns);
    const struct value values[] = { value_text(id), value_text(owner) };
    pthread_mutex_lock(&store->lock);
    bool done = statement_open(store, sql, values, LENGTH(values), &statement, error);
    if (done) {
        done = statement_next(store, statement, &row, error) && (!row || read_row(statement, arena, out, error));
        sqlite3_finalize(statement);
    }
    pthread_mutex_unlock(&store->lock);
    return done && (row || not_there(error));
}

/* ---- finding by words ------------------------------------------------------------------------------------------- */

/* FTS5 splits at spaces and signs; scripts that write without spaces, and words that are all signs, are looked for as
 * they stand. */
static bool splits_well(const char *word)
{
    bool letters = false;
    for (const char *c = word; *c; c++) {
        if ((unsigned char)*c >= 0xE2)
            return false;
        letters = letters || (unsigned char)*c >= 0x80 || (*c >= '0' && *c <= '9') ||
                  ((*c | 32) >= 'a' && (*c | 32) <= 'z');
    }
    return letters;
}

static const char by_beginning[] =
    " AND (number IN (SELECT rowid FROM titles WHERE titles MATCH ?%d)"
    " OR number IN (SELECT m.conversation FROM words JOIN messages m ON m.number = words.rowid WHERE words MATCH ?%d))";
static const char as_it_stands[] =
    " AND (title LIKE ?%d ESCAPE '\\'"
    " OR EXISTS (SELECT 1 FROM messages m WHERE m.conversation = c.number AND m.content LIKE ?%d ESCAPE '\\'))";

/* "word"* for FTS5, %word% for LIKE, with what means something there made plain. */
static const char *pattern_of(const char *word, bool splits, struct arena *arena)
{
    char *out = arena_take(arena, 2 * strlen(word) + 4, 1);
    if (!out)
        return NULL;
    char *end = out;
    *end++ = splits ? '"' : '%';
    for (const char *c = word; *c; c++) {
        if (splits && *c == '"')
            *end++ = '"';
        else if (!splits && strchr("%_\\", *c))
            *end++ = '\\';
        *end++ = *c;
    }
    *end++ = splits ? '"' : '%';
    if (splits)
        *end++ = '*';
    *end = '\0';
    return out;
}

/* Adds a clause for each word to sql, and its pattern to values behind the owner. */
static bool add_words(const char *words, struct arena *arena, struct buffer *sql, struct value *values, size_t *count,
                      struct error *error)
{
    char *rest = arena_text(arena, span_text(words)), *place;
    if (!rest)
        return error_memory(error, strlen(words));
    for (char *word = strtok_r(rest, " \t\r\n", &place); word && *count <= WORDS_MOST;
         word = strtok_r(NULL, " \t\r\n", &place)) {
        const bool splits = splits_well(word);
        const char *pattern = pattern_of(word, splits, arena);
        if (!pattern)
            return error_memory(error, strlen(word));
        values[(*count)++] = value_text(pattern);
        const int mark = (int)*count;
        const bool added = splits ? buffer_format(sql, error, by_beginning, mark, mark)
                                  : buffer_format(sql, error, as_it_stands, mark, mark);
        if (!added)
            return false;
    }
    return true;
}

/* ---- listing ---------------------------------------------------------------------------------------------------- */

static bool read_rows(struct store *store, sqlite3_stmt *statement, struct arena *arena,
                      struct stored_conversation **rows, size_t *count, struct error *error)
{
    size_t room = 0;
    bool row;
    *rows = NULL;
    *count = 0;
    while (statement_next(store, statement, &row, error)) {
        if (!row)
            return true;
        if (*count == room) {
            room = room ? 2 * room : 64;
            struct stored_conversation *more = arena_take(arena, room, sizeof *more);
            if (!more)
                return error_memory(error, room * sizeof *more);
            if (*count > 0)
                memcpy(more, *rows, *count * sizeof *more);
            *rows = more;
        }
        if (!read_row(statement, arena, &(*rows)[(*count)++], error))
            return false;
    }
    return false;
}

bool conversation_list(struct store *store, const char *owner, const char *words, struct arena *arena,
                       struct stored_conversation **rows, size_t *count, struct error *error)
{
    struct buffer sql = { .limit = 1 << 16 };
    struct value values[WORDS_MOST + 1] = { value_text(owner) };
    size_t value_count = 1;
    sqlite3_stmt *statement = NULL;
    bool done = buffer_format(&sql, error, "%s WHERE owner = ?1", columns) &&
                add_words(words ? words : "", arena, &sql, values, &value_count, error) &&
                buffer_text(&sql, " ORDER BY pinned DESC, updated DESC, number DESC", error);
    if (done) {
        pthread_mutex_lock(&store->lock);
        done = statement_open(store, sql.bytes, values, value_count, &statement, error) &&
               read_rows(store, statement, arena, rows, count, error);
        sqlite3_finalize(statement);
        pthread_mutex_unlock(&store->lock);
    }
    buffer_free(&sql);
    return done;
}

/* ---- changing --------------------------------------------------------------------------------------------------- */

static bool change_one(struct store *store, const char *sql, const struct value *values, size_t count,
                       struct error *error)
{
    int changed = 0;
    if (!store_begin(store, error))
        return false;
    const bool done = statement_run(store, sql, values, count, &changed, error) && (changed > 0 || not_there(error));
    return store_end(store, done, error);
}

bool conversation_change(struct store *store, const char *owner, const char *id, const char *title,
                         const char *settings, int pinned, struct error *error)
{
    const struct value values[] = { value_text(title), value_text(settings), value_integer(pinned), value_text(id),
                                    value_text(owner) };
    return change_one(store,
                      "UPDATE conversations SET title = coalesce(?1, title), settings = coalesce(?2, settings),"
                      " pinned = CASE WHEN ?3 < 0 THEN pinned ELSE ?3 END WHERE id = ?4 AND owner = ?5",
                      values, LENGTH(values), error);
}

bool conversation_remove(struct store *store, const char *owner, const char *id, struct error *error)
{
    const struct value values[] = { value_text(id), value_text(owner) };
    return change_one(store, "DELETE FROM conversations WHERE id = ?1 AND owner = ?2", values, LENGTH(values), error);
}
