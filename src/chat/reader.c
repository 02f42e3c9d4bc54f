/* reader.c: the text of an answer, as it comes, to its parts.
 *
 *   pending   |-- white space --|-- what may become a mark, a call --|    not certain yet
 *             0                                                  seen
 *
 * Text is handed on as soon as nothing that may follow could make it something else. White space waits for what comes
 * behind it, since around calls and reasoning it is dropped; the beginning of a mark waits for the rest of the mark; a
 * call waits for its name, and is content if it has none or an unknown one. Each byte is looked at once, but for those
 * of a mark that did not come to its end (some fifty): whatever a model writes, time is linear and memory is bounded by
 * what it wrote. */
#include "chat/chat.h"

#include <stdlib.h>
#include <string.h>

#include "chat/call_scan.h"
#include "chat/inside.h"

enum { MARKS_MOST = FAMILY_TEXTS_MOST + 4, ID_LETTERS = 24 };

enum state {
    READING_CONTENT,
    READING_REASONING,
    READING_CALL,
    READING_BEHIND_CALL,
};

enum mark_kind { MARK_NOISE, MARK_REASONING, MARK_CALL };

struct mark {
    struct span text;
    enum mark_kind kind;
};

struct chat_reader {
    const struct chat *chat;
    struct mark marks[MARKS_MOST]; /* that may stand in content */
    size_t mark_count;
    enum state state;
    bool drops_space; /* white space that comes next is no content */
    bool begun;       /* something was said or called: what only stands at the beginning is behind */
    struct buffer pending;
    size_t start; /* of pending: what is before it is done with; all offsets count from here */
    size_t seen;
    struct call_scan call;
    bool certain;                    /* the call was told of */
    size_t arguments, arguments_end; /* what is pending of them */
    size_t calls;
};

/* Where parts go while chat_reader_take runs. */
struct taker {
    bool (*take)(void *context, const struct chat_part *part, struct error *error);
    void *context;
    bool ended;
    struct error *error;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void add_mark(struct chat_reader *reader, const char *text, enum mark_kind kind)
{
    if (text && *text && reader->mark_count < MARKS_MOST)
        reader->marks[reader->mark_count++] = (struct mark){ span_text(text), kind };
}

static void find_marks(struct chat_reader *reader)
{
    const struct chat *chat = reader->chat;
    const struct call_form *form = chat->habits.form;
    const bool noisy = chat->reads_calls || (chat->reasoning && chat->reasoning->content);
    if (chat->reasoning)
        add_mark(reader, chat->reasoning->opening, MARK_REASONING);
    if (chat->reads_calls)
        add_mark(reader, form->opening, MARK_CALL);
    for (size_t i = 0; i < FAMILY_TEXTS_MOST && noisy; i++)
        add_mark(reader, form->noise[i], MARK_NOISE);
    if (chat->reasoning)
        add_mark(reader, chat->reasoning->content, MARK_NOISE);
}

bool chat_reader_open(const struct chat *chat, struct chat_reader **out, struct error *error)
{
    struct chat_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return error_memory(error, sizeof *reader);
    reader->chat = chat;
    reader->pending.limit = SIZE_MAX / 2;
    if (chat->reasoning_begun)
        reader->state = READING_REASONING;
    reader->drops_space = chat->reasoning_begun || chat->drops_space;
    find_marks(reader);
    *out = reader;
    return true;
}

void chat_reader_close(struct chat_reader *reader)
{
    if (!reader)
        return;
    buffer_free(&reader->pending);
    free(reader);
}

size_t chat_reader_calls(const struct chat_reader *reader)
{
    return reader->calls;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static unsigned char byte_at(const struct chat_reader *reader, size_t offset)
{
    return (unsigned char)reader->pending.bytes[reader->start + offset];
}

static size_t left(const struct chat_reader *reader)
{
    return reader->pending.length - reader->start;
}

/* Pending bytes as a part. */
static bool give(struct chat_reader *reader, enum chat_part_kind kind, size_t from, size_t to,
                 const struct taker *taker)
{
    const struct chat_part part = {
        .kind = kind,
        .text = span_of(reader->pending.bytes + reader->start + from, to - from),
        .call = reader->calls ? reader->calls - 1 : 0,
    };
    return from == to || taker->take(taker->context, &part, taker->error);
}

/* Is done with the first bytes of what is pending. */
static void drop(struct chat_reader *reader, size_t bytes)
{
    reader->start += bytes;
    reader->seen -= size_min(bytes, reader->seen);
}

/* Puts what is left of it at its beginning. */
static void forget(struct chat_reader *reader)
{
    struct buffer *pending = &reader->pending;
    if (reader->start == 0)
        return;
    pending->length -= reader->start;
    memmove(pending->bytes, pending->bytes + reader->start, pending->length);
    reader->start = 0;
}

/* Hands the first bytes on; white space before them is dropped, if it is to be. */
static bool give_text(struct chat_reader *reader, enum chat_part_kind kind, size_t bytes, const struct taker *taker)
{
    size_t from = 0;
    while (reader->drops_space && from < bytes && json_is_space(byte_at(reader, from)))
        from++;
    if (from < bytes)
        reader->drops_space = false;
    reader->begun |= kind == CHAT_CONTENT && from < bytes;
    const bool done = give(reader, kind, from, bytes, taker);
    drop(reader, bytes);
    return done;
}

static bool give_call(struct chat_reader *reader, const struct tool *tool, const struct taker *taker)
{
    char id[5 + ID_LETTERS + 1] = "call_";
    if (!letters_draw(id + 5, ID_LETTERS, taker->error))
        return false;
    const struct chat_part part = { .kind = CHAT_CALL, .call = reader->calls++, .id = id, .name = tool->name };
    reader->certain = reader->begun = true;
    return taker->take(taker->context, &part, taker->error);
}

static bool give_end(struct chat_reader *reader, const struct taker *taker)
{
    const struct chat_part empty = { .kind = CHAT_CALL_ARGUMENTS, .text = span_text("{}"), .call = reader->calls - 1 };
    const struct chat_part end = { .kind = CHAT_CALL_END, .call = reader->calls - 1 };
    return (reader->call.had_arguments || taker->take(taker->context, &empty, taker->error)) &&
           taker->take(taker->context, &end, taker->error);
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

enum match { MATCH_NOT, MATCH_PERHAPS, MATCH_WHOLE };

/* Whether text stands at offset of what is pending, perhaps: what is there is its beginning. */
static enum match match_at(const struct chat_reader *reader, size_t offset, struct span text)
{
    const size_t there = size_min(left(reader) - offset, text.bytes);
    if (memcmp(reader->pending.bytes + reader->start + offset, text.data, there) != 0)
        return MATCH_NOT;
    return there == text.bytes ? MATCH_WHOLE : MATCH_PERHAPS;
}

static bool may_stand(const struct chat_reader *reader, const struct mark *mark)
{
    return mark->kind != MARK_REASONING || !reader->begun || reader->chat->reasoning->anywhere;
}

/* The mark at offset, the best match of all. */
static enum match find_mark(const struct chat_reader *reader, size_t offset, const struct mark **out)
{
    enum match best = MATCH_NOT;
    for (size_t i = 0; i < reader->mark_count; i++) {
        const struct mark *mark = &reader->marks[i];
        const enum match match = may_stand(reader, mark) ? match_at(reader, offset, mark->text) : MATCH_NOT;
        if (match > best) {
            best = match;
            *out = mark;
        }
    }
    return best;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Each of these works on what is pending, from seen on. *more tells whether another state goes on at once. */

static void begin_call(struct chat_reader *reader, bool again)
{
    reader->state = READING_CALL;
    reader->certain = false;
    reader->arguments = reader->arguments_end = 0;
    reader->call = call_scan_begin(reader->chat->habits.form, again);
}

static bool may_begin_bare(const struct chat_reader *reader)
{
    return reader->chat->reads_calls && reader->chat->habits.form->bare && !reader->begun;
}

/* Whether there is anything but content to look out for. */
static bool looks_out(const struct chat_reader *reader)
{
    bool some = may_begin_bare(reader);
    for (size_t i = 0; i < reader->mark_count; i++)
        some |= may_stand(reader, &reader->marks[i]);
    return some;
}

/* What stands at offset. *mark NULL: the object of a bare call. */
static enum match find_beginning(const struct chat_reader *reader, size_t offset, const struct mark **mark)
{
    *mark = NULL;
    if (byte_at(reader, offset) == '{' && may_begin_bare(reader))
        return MATCH_WHOLE;
    return find_mark(reader, offset, mark);
}

/* Passes over content, up to a mark or what may become one; *said is where the last of it ends that is certain. */
static enum match pass_content(struct chat_reader *reader, size_t *said, const struct mark **mark)
{
    *said = 0;
    if (!looks_out(reader))
        *said = reader->seen = left(reader);
    for (; reader->seen < left(reader); reader->seen++) {
        if (json_is_space(byte_at(reader, reader->seen)))
            continue;
        const enum match match = find_beginning(reader, reader->seen, mark);
        if (match != MATCH_NOT)
            return match;
        *said = reader->seen + 1;
        reader->begun = true;
    }
    return MATCH_NOT;
}

/* The mark stands at seen; what is before it is white space. */
static void take_mark(struct chat_reader *reader, const struct mark *mark)
{
    if (!mark || mark->kind == MARK_CALL) {
        reader->seen += mark ? mark->text.bytes : 0; /* all of it waits for the name */
        begin_call(reader, !mark);
        return;
    }
    drop(reader, reader->seen + mark->text.bytes);
    reader->drops_space = true;
    if (mark->kind == MARK_REASONING)
        reader->state = READING_REASONING;
}

/* Hands on what the end of the answer leaves without a mark or a name. Where a call had to come, or one came just
 * before, it is a call that was cut off before anything of it was certain: nothing. */
static bool give_rest(struct chat_reader *reader, const struct taker *taker)
{
    const bool cut = reader->chat->only_calls || (reader->calls > 0 && reader->drops_space);
    if (!cut)
        return give_text(reader, CHAT_CONTENT, left(reader), taker);
    drop(reader, left(reader));
    return true;
}

static bool read_content(struct chat_reader *reader, const struct taker *taker, bool *more)
{
    const struct mark *mark = NULL;
    size_t said;
    *more = pass_content(reader, &said, &mark) == MATCH_WHOLE;
    if (!give_text(reader, CHAT_CONTENT, said, taker))
        return false;
    if (taker->ended && !*more)
        return give_rest(reader, taker);
    if (*more)
        take_mark(reader, mark);
    return true;
}

static bool read_reasoning(struct chat_reader *reader, const struct taker *taker, bool *more)
{
    const struct span closing = span_text(reader->chat->reasoning->closing);
    enum match match = MATCH_NOT;
    size_t said = 0;
    for (; reader->seen < left(reader) && match == MATCH_NOT; reader->seen += match == MATCH_NOT) {
        if (json_is_space(byte_at(reader, reader->seen)))
            continue;
        match = match_at(reader, reader->seen, closing);
        said = match == MATCH_NOT ? reader->seen + 1 : said;
    }
    if (taker->ended && match == MATCH_PERHAPS)
        said = left(reader);
    if (!give_text(reader, CHAT_REASONING, said, taker))
        return false;
    *more = match == MATCH_WHOLE;
    if (*more) {
        drop(reader, reader->seen + closing.bytes);
        reader->state = READING_CONTENT;
        reader->drops_space = true;
    }
    return true;
}

/* Hands on what came of the arguments, once the call is certain. What was read is done with then. */
static bool settle_call(struct chat_reader *reader, const struct taker *taker)
{
    if (!reader->certain)
        return true;
    const bool done = give(reader, CHAT_CALL_ARGUMENTS, reader->arguments, reader->arguments_end, taker);
    reader->arguments = reader->arguments_end = 0;
    drop(reader, reader->seen);
    return done;
}

/* What was no call is content; of one that was told of, what comes behind the fault. */
static bool give_up_call(struct chat_reader *reader, const struct taker *taker)
{
    reader->state = READING_CONTENT;
    return reader->certain ? settle_call(reader, taker) : give_text(reader, CHAT_CONTENT, reader->seen, taker);
}

static bool end_call(struct chat_reader *reader, const struct taker *taker)
{
    reader->state = READING_BEHIND_CALL;
    return settle_call(reader, taker) && give_end(reader, taker);
}

static bool name_call(struct chat_reader *reader, const struct taker *taker)
{
    const struct tool *tool = tools_find(&reader->chat->tools, span_of(reader->call.name, reader->call.name_bytes));
    return tool ? give_call(reader, tool, taker) : give_up_call(reader, taker);
}

static void keep_argument(struct chat_reader *reader, enum call_scan_result result)
{
    if (result != CALL_ARGUMENT && !(result == CALL_DONE && reader->call.place == CALL_IN_ARGUMENTS))
        return;
    if (reader->arguments_end == 0)
        reader->arguments = reader->seen;
    reader->arguments_end = reader->seen + 1;
}

/* A byte of the call. */
static bool step_call(struct chat_reader *reader, const struct taker *taker)
{
    const enum call_scan_result result = call_scan_take(&reader->call, byte_at(reader, reader->seen));
    keep_argument(reader, result);
    if (result == CALL_WRONG)
        return give_up_call(reader, taker);
    reader->seen += result != CALL_NAMED || reader->call.form->name_key;
    if (result == CALL_NAMED)
        return name_call(reader, taker);
    return result != CALL_DONE || end_call(reader, taker);
}

static bool read_call(struct chat_reader *reader, const struct taker *taker, bool *more)
{
    while (reader->state == READING_CALL && reader->seen < left(reader))
        if (!step_call(reader, taker))
            return false;
    *more = reader->state != READING_CALL;
    if (*more)
        return true;
    if (taker->ended && !reader->certain)
        return give_rest(reader, taker);
    return settle_call(reader, taker);
}

/* The closing without white space before it, which is passed over anyway. */
static struct span bare_closing(const struct call_form *form)
{
    const char *closing = form->closing ? form->closing : "";
    while (json_is_space((unsigned char)*closing))
        closing++;
    return span_text(closing);
}

static bool stands_between_calls(const struct call_form *form, unsigned char byte)
{
    return json_is_space(byte) || (form->list && (byte == ',' || byte == ']'));
}

static void read_behind_call(struct chat_reader *reader, const struct taker *taker, bool *more)
{
    const struct call_form *form = reader->chat->habits.form;
    const struct span closing = bare_closing(form);
    size_t i = 0;
    while (i < left(reader) && stands_between_calls(form, byte_at(reader, i)))
        i++;
    drop(reader, i);
    reader->seen = 0;
    reader->drops_space = true;
    *more = left(reader) > 0;
    if (!*more)
        return;
    const enum match match = closing.bytes > 0 ? match_at(reader, 0, closing) : MATCH_NOT;
    if (match == MATCH_PERHAPS) { /* the closing, if it was not cut off */
        drop(reader, taker->ended ? left(reader) : 0);
        *more = false;
        return;
    }
    if (match == MATCH_NOT && byte_at(reader, 0) == '{' && form->name_key && !form->single) {
        begin_call(reader, true);
        return;
    }
    reader->state = READING_CONTENT;
    drop(reader, match == MATCH_WHOLE ? closing.bytes : 0);
}

static bool read_some(struct chat_reader *reader, const struct taker *taker, bool *more)
{
    switch (reader->state) {
    case READING_CONTENT:
        return read_content(reader, taker, more);
    case READING_REASONING:
        return read_reasoning(reader, taker, more);
    case READING_CALL:
        return read_call(reader, taker, more);
    default:
        read_behind_call(reader, taker, more);
        return true;
    }
}

bool chat_reader_take(struct chat_reader *reader, struct span text, bool ended,
                      bool (*take)(void *context, const struct chat_part *part, struct error *error), void *context,
                      struct error *error)
{
    const struct taker taker = { take, context, ended, error };
    forget(reader);
    if (text.bytes > 0 && !buffer_add(&reader->pending, text.data, text.bytes, error))
        return false;
    bool more = true;
    while (more)
        if (!read_some(reader, &taker, &more))
            return false;
    return true;
}
