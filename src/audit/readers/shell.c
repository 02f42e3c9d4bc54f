/* shell.c: a shell's script taken apart into commands: quotes, comments, lists, pipelines, substitutions, redirections,
 * here-documents. It follows the grammar of POSIX's shell as far as it must to know which words belong together, and
 * takes what it does not understand as words. Source: POSIX.1-2017, Shell Command Language, 2.3 and 2.10. */
#include "audit/readers/shell.h"

#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"

enum {
    MOST_WORDS = 512,       /* of a command; what follows is left out */
    MOST_WORD = 1 << 16,    /* bytes of a word; likewise */
    MOST_EXPANSION = 1024,  /* bytes of ${...} */
    MOST_SUBSTITUTIONS = 8, /* within each other; deeper ones are passed over */
};

/* Where the next word goes. */
enum redirection { TO_WORDS, TO_TARGET, TO_DELIMITER, TO_NOTHING };

struct shell {
    struct span text;
    size_t at, line;
    struct arena *arena;
    void (*visit)(void *context, const struct shell_command *command);
    void *context;
    size_t nesting; /* 1, and more in substitutions */
    size_t parentheses;
    bool done; /* the substitution's ')' was met */

    struct buffer word;
    bool in_word; /* also an empty one, between quotes */
    size_t word_line;
    enum redirection redirection;
    struct word *words;
    size_t count;
    struct span target, delimiter; /* delimiter: of the here-document that begins at the line's end */
    bool waits_for_document;
};

static unsigned char look(const struct shell *shell, size_t ahead)
{
    return span_has(shell->text, shell->at, ahead + 1) ? shell->text.data[shell->at + ahead] : 0;
}

static bool at_end(const struct shell *shell)
{
    return shell->at >= shell->text.bytes || shell->done;
}

/* ---- words and commands ----------------------------------------------------------------------------------------- */

static void begin_word(struct shell *shell)
{
    if (!shell->in_word)
        shell->word_line = shell->line;
    shell->in_word = true;
}

static void add_bytes(struct shell *shell, const void *bytes, size_t count)
{
    struct error error;
    begin_word(shell);
    if (!buffer_add(&shell->word, bytes, count, &error))
        shell->word.limit = shell->word.length; /* full: the rest of it is left out */
}

/* Takes one byte as a part of the word. */
static void add_here(struct shell *shell)
{
    const unsigned char byte = shell->text.data[shell->at++];
    add_bytes(shell, &byte, 1);
    shell->line += byte == '\n';
}

static void end_word(struct shell *shell)
{
    if (!shell->in_word)
        return;
    const char *copy = arena_text(shell->arena, buffer_span(&shell->word));
    const struct span text = span_of(copy, copy ? shell->word.length : 0);
    if (shell->redirection == TO_TARGET)
        shell->target = text;
    if (shell->redirection == TO_DELIMITER) {
        shell->delimiter = text;
        shell->waits_for_document = true;
    }
    if (shell->redirection == TO_WORDS && shell->count < MOST_WORDS)
        shell->words[shell->count++] = (struct word){ text, shell->word_line };
    shell->word.length = 0;
    shell->in_word = false;
    shell->redirection = TO_WORDS;
}

/* Reads the here-document that begins here. */
static struct span read_document(struct shell *shell)
{
    const size_t begin = shell->at;
    for (size_t end = begin; shell->at < shell->text.bytes; end = shell->at) {
        const unsigned char *rest = shell->text.data + shell->at;
        const unsigned char *feed = memchr(rest, '\n', shell->text.bytes - shell->at);
        const size_t bytes = feed ? (size_t)(feed - rest) : shell->text.bytes - shell->at;
        shell->at += bytes + (feed != NULL);
        shell->line += feed != NULL;
        if (span_equal(span_trim(span_of(rest, bytes)), shell->delimiter))
            return span_part(shell->text, begin, end - begin);
    }
    return span_part(shell->text, begin, shell->text.bytes - begin);
}

static void end_command(struct shell *shell)
{
    end_word(shell);
    struct shell_command command = { .words = shell->words, .count = shell->count, .target = shell->target };
    if (shell->waits_for_document && shell->at > 0 && shell->text.data[shell->at - 1] == '\n') {
        command.document_line = shell->line;
        command.document = read_document(shell);
        shell->waits_for_document = false;
    }
    shell->count = 0;
    shell->target = (struct span){ 0 };
    if (command.count > 0)
        shell->visit(shell->context, &command);
}

/* ---- expansions ------------------------------------------------------------------------------------------------- */

static void run(struct shell *shell);

/* The commands of a part of the text, in a shell of their own; returns where they end. */
static size_t run_inner(struct shell *outer, struct span text, size_t at)
{
    struct shell inner = {
        .text = text,
        .at = at,
        .line = outer->line,
        .arena = outer->arena,
        .visit = outer->visit,
        .context = outer->context,
        .nesting = outer->nesting + 1,
        .word = { .limit = MOST_WORD },
        .words = calloc(MOST_WORDS, sizeof *inner.words),
    };
    if (!inner.words)
        return text.bytes;
    run(&inner);
    end_command(&inner);
    buffer_free(&inner.word);
    free(inner.words);
    outer->line = inner.line;
    return inner.at;
}

/* $(...): its commands, then "$()" in the word. */
static void read_substitution(struct shell *shell)
{
    shell->at += 2;
    if (shell->nesting < MOST_SUBSTITUTIONS)
        shell->at = run_inner(shell, shell->text, shell->at);
    add_bytes(shell, "$()", 3);
}

static void read_backticks(struct shell *shell)
{
    const struct span rest = span_from(shell->text, shell->at + 1);
    const unsigned char *closing = rest.bytes ? memchr(rest.data, '`', rest.bytes) : NULL;
    if (!closing) { /* none of a shell's */
        shell->at++;
        return;
    }
    const size_t end = (size_t)(closing - shell->text.data);
    if (shell->nesting < MOST_SUBSTITUTIONS)
        run_inner(shell, span_part(shell->text, 0, end), shell->at + 1);
    shell->at = end + 1;
    add_bytes(shell, "$()", 3);
}

/* Where the brace that is open before from is closed; the text's end if it is not. */
static size_t closing_brace(struct span text, size_t from)
{
    size_t open = 1;
    for (size_t at = from; at < text.bytes && at - from < MOST_EXPANSION; at++) {
        open += text.data[at] == '{';
        open -= text.data[at] == '}';
        if (open == 0)
            return at;
    }
    return text.bytes;
}

static bool is_name(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* The default of NAME:-default, NAME-default, NAME:=default; the whole, braces included, if it has none. */
static struct span expansion_text(struct span text, size_t begin, size_t end)
{
    size_t at = begin + 2;
    while (at < end && is_name(text.data[at]))
        at++;
    const size_t name_end = at;
    at += at < end && text.data[at] == ':';
    const bool chosen = at < end && name_end > begin + 2 && (text.data[at] == '-' || text.data[at] == '=');
    if (!chosen || at + 1 >= end)
        return span_part(text, begin, end + 1 - begin);
    struct span value = span_part(text, at + 1, end - at - 1);
    if (value.bytes >= 2 && value.data[0] == '"' && value.data[value.bytes - 1] == '"')
        value = span_part(value, 1, value.bytes - 2);
    return value;
}

/* ${...}, also ${{ ... }} of workflows. */
static void read_braces(struct shell *shell)
{
    const size_t end = closing_brace(shell->text, shell->at + 2);
    if (end >= shell->text.bytes) {
        add_here(shell);
        return;
    }
    const struct span text = expansion_text(shell->text, shell->at, end);
    add_bytes(shell, text.data, text.bytes);
    for (; shell->at <= end; shell->at++)
        shell->line += shell->text.data[shell->at] == '\n';
}

static void read_expansion(struct shell *shell)
{
    if (look(shell, 0) == '`')
        read_backticks(shell);
    else if (look(shell, 1) == '(' && look(shell, 2) != '(')
        read_substitution(shell);
    else if (look(shell, 1) == '{')
        read_braces(shell);
    else
        add_here(shell);
}

/* ---- quotes ----------------------------------------------------------------------------------------------------- */

/* Goes past the closing quote, which may be missing. */
static void close_quote(struct shell *shell)
{
    shell->at += shell->at < shell->text.bytes;
}

static void read_single_quotes(struct shell *shell)
{
    begin_word(shell);
    shell->at++;
    while (!at_end(shell) && look(shell, 0) != '\'')
        add_here(shell);
    close_quote(shell);
}

static bool skip_line_end(struct shell *shell, size_t ahead)
{
    const size_t more = look(shell, ahead) == '\r' ? 1 : 0;
    if (look(shell, ahead + more) != '\n')
        return false;
    shell->at += ahead + more + 1;
    shell->line++;
    return true;
}

static void read_escaped(struct shell *shell)
{
    if (skip_line_end(shell, 1))
        return;
    shell->at++;
    if (!at_end(shell))
        add_here(shell);
}

static void read_double_quotes(struct shell *shell)
{
    begin_word(shell);
    shell->at++;
    while (!at_end(shell) && look(shell, 0) != '"') {
        const unsigned char byte = look(shell, 0);
        if (byte == '\\')
            read_escaped(shell);
        else if (byte == '$' || byte == '`')
            read_expansion(shell);
        else
            add_here(shell);
    }
    close_quote(shell);
}

/* ---- operators -------------------------------------------------------------------------------------------------- */

/* A number before '<' or '>' names a descriptor. */
static void drop_descriptor(struct shell *shell)
{
    for (size_t i = 0; i < shell->word.length; i++)
        if (shell->word.bytes[i] < '0' || shell->word.bytes[i] > '9') {
            end_word(shell);
            return;
        }
    shell->word.length = 0;
    shell->in_word = false;
}

static void read_redirection(struct shell *shell)
{
    drop_descriptor(shell);
    const bool out = look(shell, 0) == '>', here = look(shell, 0) == '<' && look(shell, 1) == '<';
    const bool here_text = here && look(shell, 2) == '<';
    shell->at++;
    while (look(shell, 0) == '>' || look(shell, 0) == '<' || look(shell, 0) == '&' || look(shell, 0) == '|' ||
           (here && look(shell, 0) == '-'))
        shell->at++;
    if (look(shell, 0) == '(') /* <(...): its commands are run, as are those of $(...) */
        return;
    shell->redirection = here_text ? TO_NOTHING : here ? TO_DELIMITER : out ? TO_TARGET : TO_NOTHING;
}

static void close_parenthesis(struct shell *shell)
{
    shell->at++;
    if (shell->parentheses > 0) {
        shell->parentheses--;
        end_command(shell);
    } else if (shell->nesting > 1) {
        shell->done = true;
    } else { /* a pattern of case */
        end_word(shell);
        shell->count = 0;
    }
}

static void read_operator(struct shell *shell, unsigned char byte)
{
    if (byte == '>' || byte == '<' || (byte == '&' && look(shell, 1) == '>')) {
        read_redirection(shell);
    } else if (byte == ')') {
        close_parenthesis(shell);
    } else if (byte == '(') {
        shell->at++;
        shell->parentheses++;
        end_command(shell);
    } else {
        shell->at++;
        shell->line += byte == '\n';
        end_command(shell);
    }
}

static void skip_comment(struct shell *shell)
{
    while (!at_end(shell) && look(shell, 0) != '\n')
        shell->at++;
}

static void read_one(struct shell *shell)
{
    const unsigned char byte = look(shell, 0);
    if (byte == ' ' || byte == '\t' || byte == '\r') {
        end_word(shell);
        shell->at++;
    } else if (byte == '#' && !shell->in_word) {
        skip_comment(shell);
    } else if (byte == '\\') {
        read_escaped(shell);
    } else if (byte == '\'') {
        read_single_quotes(shell);
    } else if (byte == '"') {
        read_double_quotes(shell);
    } else if (byte == '`' && skip_line_end(shell, 1)) { /* PowerShell's line goes on */
        end_word(shell);
    } else if (byte == '$' || byte == '`') {
        read_expansion(shell);
    } else if (byte && strchr("\n;&|()<>", byte)) {
        read_operator(shell, byte);
    } else {
        add_here(shell);
    }
}

static void run(struct shell *shell)
{
    while (!at_end(shell))
        read_one(shell);
}

void shell_each(struct arena *arena, struct span script, size_t line,
                void (*visit)(void *context, const struct shell_command *command), void *context)
{
    struct shell start = { .line = line, .arena = arena, .visit = visit, .context = context };
    run_inner(&start, script, 0);
}
