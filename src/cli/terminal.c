/* terminal.c: writing to the user: output whose failures are noticed, and progress bars. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool check_output(bool good, struct error *error)
{
    return good || error_system(error, "standard output", "write");
}

bool print(struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int wrote = vprintf(format, arguments);
    va_end(arguments);
    return check_output(wrote >= 0, error);
}

bool print_bytes(struct span bytes, struct error *error)
{
    return check_output(bytes.bytes == 0 || fwrite(bytes.data, 1, bytes.bytes, stdout) == bytes.bytes, error);
}

bool print_flush(struct error *error)
{
    return check_output(fflush(stdout) == 0 && !ferror(stdout), error); /* a write before this may have failed */
}

/* What the bar needs to remember; the one progress of a program that has one terminal. */
struct bar {
    const char *what;  /* NULL: no work */
    bool counts;       /* not bytes */
    uint64_t begun_at; /* what was done when it began: work may go on where it stopped */
    double started;
    double shown; /* 0: it is not on the screen */
};

static struct bar *the_bar(void)
{
    static struct bar bar; /* the terminal is global itself */
    return &bar;
}

static void end_bar(struct bar *bar)
{
    if (bar->shown > 0)
        fprintf(stderr, "\r\033[K");
    *bar = (struct bar){ 0 };
}

void terminal_end_bar(void)
{
    end_bar(the_bar());
}

void show_error(const struct error *error)
{
    end_bar(the_bar());
    fprintf(stderr, "bastide: %s\n", error->text);
}

/* What is shown for a character: itself, or for a control of ASCII its picture (U+2400 and on), for one of Latin 1,
 * which a terminal may obey as well, U+FFFD. */
static uint32_t harmless(uint32_t code_point)
{
    if (code_point == '\n' || code_point == '\t')
        return code_point;
    if (code_point < 0x20)
        return 0x2400 + code_point;
    return code_point == 0x7F ? 0x2421 : code_point > 0x7F && code_point < 0xA0 ? UTF8_REPLACEMENT : code_point;
}

bool print_strange(struct span text, struct error *error)
{
    if (!isatty(STDOUT_FILENO))
        return print_bytes(text, error);
    for (size_t i = 0; i < text.bytes;) {
        uint32_t code_point;
        i += utf8_read(text, i, &code_point);
        char shown[4];
        const size_t bytes = utf8_write(harmless(code_point), shown);
        if (!print_bytes(span_of(shown, bytes), error))
            return false;
    }
    return true;
}

static const char *amount_text(const struct bar *bar, uint64_t amount, char out[24])
{
    if (!bar->counts)
        return size_text((size_t)amount, out);
    snprintf(out, 24, "%llu", (unsigned long long)amount);
    return out;
}

/* What a bar says; cut where a line of the terminal ends, as a longer one would leave its beginning behind. */
static bool write_bar(const struct bar *bar, uint64_t done, uint64_t total, double now, struct buffer *out)
{
    enum { WIDTH = 20 };
    char have[24], all[24], rate[24];
    const double elapsed = now - bar->started;
    const double per_second = elapsed > 0.2 && done > bar->begun_at ? (double)(done - bar->begun_at) / elapsed : 0;
    const int filled = total ? (int)((double)WIDTH * (double)done / (double)total) : 0;
    return buffer_format(out, NULL, "%s ", bar->what) &&
           (!total || buffer_format(out, NULL, "[%.*s%*s] %3d%% ", filled, "####################", WIDTH - filled, "",
                                    (int)(100.0 * (double)done / (double)total))) &&
           buffer_format(out, NULL, "%s", amount_text(bar, done, have)) &&
           (!total || buffer_format(out, NULL, " of %s", amount_text(bar, total, all))) &&
           (per_second <= 0 || buffer_format(out, NULL, ", %s/s", amount_text(bar, (uint64_t)per_second, rate))) &&
           (per_second <= 0 || total <= done ||
            buffer_format(out, NULL, ", %.0f s left", (double)(total - done) / per_second));
}

static void draw_bar(const struct bar *bar, uint64_t done, uint64_t total, double now)
{
    enum { MOST_BYTES = 256, USUAL_COLUMNS = 80 };
    struct buffer text = { .limit = MOST_BYTES };
    struct winsize size = { 0 };
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        size.ws_col = USUAL_COLUMNS;
    if (write_bar(bar, done, total, now, &text))
        fprintf(stderr, "\r\033[K%.*s", size.ws_col - 1, text.bytes);
    buffer_free(&text);
}

/* Draws at most ten times a second, and nothing at all for work that takes less than a third of a second. */
static bool update_bar(bool counts, const char *what, uint64_t done, uint64_t total)
{
    struct bar *bar = the_bar();
    const double now = seconds_now();
    if (!bar->what || strcmp(bar->what, what) != 0) {
        end_bar(bar);
        *bar = (struct bar){ .what = what, .counts = counts, .begun_at = done, .started = now };
    }
    if (total && done >= total) {
        end_bar(bar);
    } else if (now - bar->started > 0.3 && now - bar->shown > 0.1) {
        draw_bar(bar, done, total, now);
        bar->shown = now;
    }
    return true;
}

static bool update_bytes(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)context;
    return update_bar(false, what, done, total);
}

static bool update_count(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)context;
    return update_bar(true, what, done, total);
}

bool terminal_obeys(void)
{
    const char *kind = getenv("TERM");
    return kind && kind[0] && strcmp(kind, "dumb") != 0;
}

static bool has_bar(void)
{
    return isatty(STDERR_FILENO) && terminal_obeys();
}

const struct progress *terminal_progress(void)
{
    static const struct progress progress = { .update = update_bytes };
    return has_bar() ? &progress : NULL;
}

const struct progress *terminal_counter(void)
{
    static const struct progress progress = { .update = update_count };
    return has_bar() ? &progress : NULL;
}
