/* lines.c: what a person types, one message at a time.
 * Editing is libedit's. It knows no bracketed paste (a terminal's ESC [ 200 ~ text ESC [ 201 ~), so that is a function
 * bound to its first mark, which puts everything up to the second into the line without obeying it. */
#include "cli/lines.h"

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/interrupt.h"

enum {
    HISTORY_LENGTH = 1000,
    HISTORY_BYTES_MOST = 1 << 24, /* a file that is longer is not ours */
    PASTE_MOST = 1 << 20,         /* characters */
};

#define BLOCK_MARK "\"\"\""
#define PASTE_BEGINS L"\033[200~"
#define PASTE_ENDS L"\033[201~"
#define PASTES_ON "\033[?2004h"
#define PASTES_OFF "\033[?2004l"

/* Around what takes no room on the line, for libedit. */
#define HIDDEN "\001"

struct lines {
    EditLine *editor; /* NULL without editing */
    History *history;
    struct arena arena;
    const char *history_path, *history_new; /* the file, and the one beside it that is written first */
    const char *first_prompt, *next_prompt;
    bool continues; /* the line belongs to a message that has begun */
};

/* ---- history -------------------------------------------------------------------------------------------------- */

static void load_history(struct lines *lines)
{
    HistEvent event;
    struct stat file;
    if (stat(lines->history_path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size <= HISTORY_BYTES_MOST)
        history(lines->history, &event, H_LOAD, lines->history_path);
}

/* A person's own words: readable by nobody else (libedit sees to that), and replaced whole. One that can't be written
 * is no reason to stop talking. */
static void save_history(const struct lines *lines)
{
    HistEvent event;
    if (!lines->history_path)
        return;
    if (history(lines->history, &event, H_SAVE, lines->history_new) < 0 ||
        rename(lines->history_new, lines->history_path) != 0)
        unlink(lines->history_new);
}

static bool open_history(struct lines *lines, const char *path, struct error *error)
{
    HistEvent event;
    lines->history = history_init();
    if (!lines->history)
        return error_memory(error, 1);
    history(lines->history, &event, H_SETSIZE, HISTORY_LENGTH);
    history(lines->history, &event, H_SETUNIQUE, 1);
    if (!path)
        return true;
    lines->history_path = arena_format(&lines->arena, "%s", path);
    lines->history_new = arena_format(&lines->arena, "%s.%ld", path, (long)getpid());
    if (!lines->history_path || !lines->history_new)
        return error_memory(error, strlen(path));
    load_history(lines);
    return true;
}

static void remember(struct lines *lines, const struct buffer *message)
{
    HistEvent event;
    if (!lines->history || message->length == 0 || memchr(message->bytes, '\0', message->length))
        return;
    history(lines->history, &event, H_ENTER, message->bytes);
    save_history(lines);
}

/* ---- the editor ----------------------------------------------------------------------------------------------- */

static char *prompt_of(EditLine *editor)
{
    struct lines *lines = NULL;
    el_get(editor, EL_CLIENTDATA, &lines);
    return (char *)(uintptr_t)(lines->continues ? lines->next_prompt : lines->first_prompt);
}

/* Reads up to the mark that ends a paste and returns how many characters came before it; 0 if they are more than most:
 * what is too long is dropped whole, for a rest would be obeyed as if it were typed. */
static size_t read_paste(EditLine *editor, wchar_t *out, size_t most)
{
    const size_t mark = wcslen(PASTE_ENDS);
    size_t count = 0, matched = 0;
    wchar_t c;
    while (matched < mark && el_wgetc(editor, &c) == 1) {
        matched = c == PASTE_ENDS[matched] ? matched + 1 : c == PASTE_ENDS[0] ? 1 : 0;
        if (count < most)
            out[count] = c == L'\r' ? L'\n' : c; /* what terminals send for a line end */
        count++;
    }
    count -= matched;
    return count + mark <= most ? count : 0;
}

static unsigned char take_paste(EditLine *editor, int key)
{
    (void)key;
    wchar_t *text = calloc(PASTE_MOST + 1, sizeof *text);
    if (!text)
        return CC_ERROR;
    text[read_paste(editor, text, PASTE_MOST)] = L'\0';
    const int put = el_winsertstr(editor, text);
    free(text);
    return put == 0 ? CC_REFRESH : CC_ERROR;
}

/* Makes the terminal ready, before the prompt invites to type. While a line is edited Ctrl-C and Ctrl-Z are keys and no
 * signals: a signal throws away what was typed before it, so that the rest of a paste would be let loose as if it were
 * typed; and libedit would not notice that the program was stopped and goes on. */
static void prepare_terminal(EditLine *editor)
{
    struct termios terminal;
    el_set(editor, EL_PREP_TERM, 1);
    if (tcgetattr(STDIN_FILENO, &terminal) == 0) {
        terminal.c_cc[VINTR] = terminal.c_cc[VSUSP] = _POSIX_VDISABLE;
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    }
    fputs(PASTES_ON, stdout);
    fflush(stdout);
}

static void restore_terminal(EditLine *editor)
{
    fputs(PASTES_OFF, stdout);
    fflush(stdout);
    el_set(editor, EL_PREP_TERM, 0);
}

static unsigned char take_interrupt_key(EditLine *editor, int key)
{
    (void)editor, (void)key;
    interrupt_note();
    return CC_EOF;
}

static unsigned char take_suspend_key(EditLine *editor, int key)
{
    (void)key;
    restore_terminal(editor);
    raise(SIGTSTP); /* returns when the program goes on */
    prepare_terminal(editor);
    return CC_REDISPLAY;
}

/* UTF-8 whatever the environment says: it is what terminals speak and models expect. */
static void choose_characters(void)
{
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static bool open_editor(struct lines *lines, struct error *error)
{
    choose_characters();
    lines->editor = el_init("bastide", stdin, stdout, stderr);
    if (!lines->editor)
        return error_set(error, "the terminal: line editing can't start: is TERM set?");
    el_set(lines->editor, EL_CLIENTDATA, lines);
    el_set(lines->editor, EL_PROMPT_ESC, prompt_of, HIDDEN[0]);
    el_set(lines->editor, EL_EDITOR, "emacs");
    el_set(lines->editor, EL_HIST, history, lines->history);
    el_set(lines->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_wset(lines->editor, EL_ADDFN, L"bastide-interrupt", L"throw the line away", take_interrupt_key);
    el_wset(lines->editor, EL_BIND, L"^C", L"bastide-interrupt", NULL);
    el_wset(lines->editor, EL_ADDFN, L"bastide-suspend", L"let the shell have the terminal", take_suspend_key);
    el_wset(lines->editor, EL_BIND, L"^Z", L"bastide-suspend", NULL);
    el_wset(lines->editor, EL_ADDFN, L"bastide-paste", L"take what was pasted as text", take_paste);
    el_wset(lines->editor, EL_BIND, PASTE_BEGINS, L"bastide-paste", NULL);
    return true;
}

bool lines_open(bool editing, const char *history_path, bool colour, struct lines **out, struct error *error)
{
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return error_memory(error, sizeof *lines);
    lines->first_prompt = colour ? HIDDEN "\033[1m" HIDDEN ">>> " HIDDEN "\033[0m" HIDDEN : ">>> ";
    lines->next_prompt = colour ? HIDDEN "\033[2m" HIDDEN "... " HIDDEN "\033[0m" HIDDEN : "... ";
    if (editing && (!open_history(lines, history_path, error) || !open_editor(lines, error))) {
        lines_close(lines);
        return false;
    }
    *out = lines;
    return true;
}

void lines_close(struct lines *lines)
{
    if (!lines)
        return;
    if (lines->editor)
        el_end(lines->editor);
    if (lines->history)
        history_end(lines->history);
    arena_free(&lines->arena);
    free(lines);
}

/* ---- one line ------------------------------------------------------------------------------------------------- */

static enum line_event read_edited(struct lines *lines, struct buffer *out, struct error *error)
{
    int count = 0;
    prepare_terminal(lines->editor);
    const char *line = el_gets(lines->editor, &count);
    restore_terminal(lines->editor);
    if (interrupt_came())
        return LINE_INTERRUPTED;
    if (!line || count <= 0)
        return LINE_END;
    return buffer_add(out, line, (size_t)count, error) ? LINE_MESSAGE : LINE_FAILED;
}

/* A line of a file or pipe, its end included if it has one. */
static enum line_event read_plain(struct buffer *out, struct error *error)
{
    char part[4096];
    size_t count = 0;
    int c = 0;
    const size_t before = out->length;
    while (c != '\n' && (c = getc(stdin)) != EOF) {
        part[count++] = (char)c;
        if (count < sizeof part && c != '\n')
            continue;
        if (!buffer_add(out, part, count, error))
            return LINE_FAILED;
        count = 0;
    }
    if (!buffer_add(out, part, count, error))
        return LINE_FAILED;
    if (interrupt_came())
        return LINE_INTERRUPTED;
    if (ferror(stdin) && !error_system(error, "standard input", "read it"))
        return LINE_FAILED;
    return out->length > before ? LINE_MESSAGE : LINE_END;
}

static void cut_end_of_line(struct buffer *text)
{
    for (int i = 0; i < 2 && text->length > 0; i++)
        if (text->bytes[text->length - 1] == (i == 0 ? '\n' : '\r'))
            text->bytes[--text->length] = '\0';
}

static enum line_event read_line(struct lines *lines, struct buffer *out, struct error *error)
{
    const enum line_event event = lines->editor ? read_edited(lines, out, error) : read_plain(out, error);
    if (event == LINE_MESSAGE)
        cut_end_of_line(out);
    return event;
}

/* ---- one message ---------------------------------------------------------------------------------------------- */

static bool ends_with(const struct buffer *text, size_t from, const char *end)
{
    const size_t length = strlen(end);
    return text->length >= from + length && memcmp(text->bytes + text->length - length, end, length) == 0;
}

/* Adds lines until the text ends as done says; an end of the input ends it as well. */
static enum line_event read_on(struct lines *lines, struct buffer *out, bool (*done)(struct buffer *text),
                               struct error *error)
{
    lines->continues = true;
    enum line_event event = LINE_MESSAGE;
    while (event == LINE_MESSAGE && !done(out)) {
        if (!buffer_text(out, "\n", error))
            return LINE_FAILED;
        event = read_line(lines, out, error);
    }
    lines->continues = false;
    return event == LINE_END ? LINE_MESSAGE : event;
}

/* A backslash at the end is taken away, and more is wanted. */
static bool line_done(struct buffer *text)
{
    if (!ends_with(text, 0, "\\"))
        return true;
    text->bytes[--text->length] = '\0';
    return false;
}

/* The text begins with the mark; is there another one at its end? */
static bool block_done(struct buffer *text)
{
    return ends_with(text, strlen(BLOCK_MARK), BLOCK_MARK);
}

/* Takes the marks away, with the line ends next to them. */
static void open_block(struct buffer *text)
{
    size_t first = strlen(BLOCK_MARK), last = text->length;
    if (ends_with(text, first, BLOCK_MARK))
        last -= strlen(BLOCK_MARK);
    first += first < last && text->bytes[first] == '\n';
    last -= last > first && text->bytes[last - 1] == '\n';
    memmove(text->bytes, text->bytes + first, last - first);
    text->length = last - first;
    text->bytes[text->length] = '\0';
}

enum line_event lines_read(struct lines *lines, struct buffer *out, struct error *error)
{
    out->length = 0;
    enum line_event event = read_line(lines, out, error);
    if (event != LINE_MESSAGE)
        return event;
    const bool block = strncmp(out->bytes, BLOCK_MARK, strlen(BLOCK_MARK)) == 0;
    event = read_on(lines, out, block ? block_done : line_done, error);
    if (event == LINE_MESSAGE)
        remember(lines, out);
    if (event == LINE_MESSAGE && block)
        open_block(out);
    return event;
}
