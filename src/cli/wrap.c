/* wrap.c: words of an answer go to the next line whole.
 * A word is held back until its end has come, which is a token later, instead of being taken back from the edge: that
 * needs nothing from the terminal but its width, and a wrong guess of a character's width spoils no text. Characters
 * of double width (Chinese, Japanese, emoji) end a word each. Ends of lines that the model wrote, and spaces at the
 * beginning of a line, stay. */
#include "cli/wrap.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

enum { LEAST_COLUMNS = 20, TAB_COLUMNS = 8, CHARACTER_BYTES_MOST = 4 };

/* Columns of the terminal; 0: it is none, or too narrow to end lines between words. Asked each time, as windows change
 * their size. */
static size_t columns_now(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < LEAST_COLUMNS)
        return 0;
    return size.ws_col;
}

static bool end_line(struct wrap *wrap, struct error *error)
{
    wrap->column = wrap->spaces = 0;
    return print(error, "\n");
}

bool wrap_flush(struct wrap *wrap, struct error *error)
{
    const struct span word = span_of(wrap->word, wrap->word_bytes);
    const size_t columns = columns_now();
    if (word.bytes == 0)
        return true;
    const bool fits = wrap->column + wrap->spaces + wrap->word_columns < columns;
    if (columns > 0 && wrap->column > 0 && !fits && !end_line(wrap, error))
        return false;
    const bool done = print(error, "%*s", (int)wrap->spaces, "") && print_strange(word, error);
    wrap->column += wrap->spaces + wrap->word_columns;
    wrap->column = columns > 0 ? wrap->column % columns : 0; /* a word longer than a line is cut by the terminal */
    wrap->spaces = wrap->word_columns = wrap->word_bytes = 0;
    return done;
}

static bool add_character(struct wrap *wrap, struct span character, uint32_t code_point, struct error *error)
{
    const int width = utf8proc_charwidth((utf8proc_int32_t)code_point);
    if (wrap->word_bytes + CHARACTER_BYTES_MOST > sizeof wrap->word && !wrap_flush(wrap, error))
        return false;
    memcpy(wrap->word + wrap->word_bytes, character.data, character.bytes);
    wrap->word_bytes += character.bytes;
    wrap->word_columns += code_point < ' ' ? 1 : (size_t)width; /* controls are shown as pictures */
    return width < 2 || wrap_flush(wrap, error);
}

static bool add_tab(struct wrap *wrap, struct error *error)
{
    if (!wrap_flush(wrap, error) || !print(error, "%*s\t", (int)wrap->spaces, ""))
        return false;
    wrap->column = (wrap->column + wrap->spaces) / TAB_COLUMNS * TAB_COLUMNS + TAB_COLUMNS;
    wrap->spaces = 0;
    return true;
}

static bool add(struct wrap *wrap, struct span character, uint32_t code_point, struct error *error)
{
    if (code_point == '\n')
        return wrap_flush(wrap, error) && end_line(wrap, error);
    if (code_point == '\t')
        return add_tab(wrap, error);
    if (code_point != ' ')
        return add_character(wrap, character, code_point, error);
    if (!wrap_flush(wrap, error))
        return false;
    wrap->spaces++;
    return true;
}

bool wrap_add(struct wrap *wrap, struct span text, struct error *error)
{
    if (columns_now() == 0)
        return wrap_flush(wrap, error) && print_strange(text, error);
    for (size_t i = 0; i < text.bytes;) {
        uint32_t code_point;
        const size_t bytes = utf8_read(text, i, &code_point);
        if (!add(wrap, span_of(text.data + i, bytes), code_point, error))
            return false;
        i += bytes;
    }
    return true;
}
