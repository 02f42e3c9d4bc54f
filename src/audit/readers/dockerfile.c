/* dockerfile.c: Dockerfiles and Containerfiles: the images they begin with and copy from, what is added from elsewhere,
 * what their commands install and fetch. What a container is started with (CMD) is no part of the build, and labels are
 * talk. Source: docs.docker.com/reference/dockerfile. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"

enum { MOST_NAMES = 64, LONGEST_REFERENCE = 512 };

struct named {
    struct span name, value;
};

struct dockerfile {
    struct source *source;
    struct sink *sink;
    size_t at, line; /* of the next line */
    struct named arguments[MOST_NAMES];
    size_t argument_count;
    struct span stages[MOST_NAMES];
    size_t stage_count;
    bool found; /* a FROM */
};

/* An instruction: its word, and what follows, with the lines that it goes on over. */
struct instruction {
    struct span word, rest;
    size_t line;
};

static bool takes_dockerfile(const struct source *source)
{
    static const char *const names[] = { "dockerfile", "containerfile" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        const size_t length = strlen(names[i]);
        if (strncasecmp(source->name, names[i], length) == 0)
            return strchr("._-", source->name[length]) != NULL && strcmp(source->extension, "md") != 0;
        if (strcasecmp(source->extension, names[i]) == 0)
            return true;
    }
    return false;
}

/* ---- instructions ------------------------------------------------------------------------------------------------ */

static struct span take_word(struct span *text)
{
    *text = span_trim(*text);
    size_t bytes = 0;
    while (bytes < text->bytes && !isspace(text->data[bytes]))
        bytes++;
    const struct span word = span_part(*text, 0, bytes);
    *text = span_from(*text, bytes);
    return word;
}

/* The mark that ends a here-document which begins in this line; empty if none does. */
static struct span document_mark(struct span line)
{
    const size_t at = span_find(line, "<<");
    struct span rest = span_from(line, at + 2);
    while (rest.bytes > 0 && strchr("-'\"", rest.data[0]))
        rest = span_from(rest, 1);
    size_t bytes = 0;
    while (bytes < rest.bytes && (isalnum(rest.data[bytes]) || rest.data[bytes] == '_'))
        bytes++;
    return at < line.bytes && bytes > 0 && isalpha(rest.data[0]) ? span_part(rest, 0, bytes) : (struct span){ 0 };
}

static bool take_line(struct dockerfile *file, struct span *line)
{
    file->line++;
    return next_line(file->source->text, &file->at, line);
}

/* Over the lines of a here-document, its last one included. */
static void pass_document(struct dockerfile *file, struct span mark)
{
    struct span line;
    while (take_line(file, &line))
        if (span_equal(span_trim(line), mark))
            return;
}

/* Whether the instruction goes on in the next line. A comment within it, and an empty line, do not end it. */
static bool goes_on(struct span line)
{
    line = span_trim(line);
    return line.bytes > 0 && line.data[line.bytes - 1] == '\\';
}

static bool next_instruction(struct dockerfile *file, struct instruction *out)
{
    struct span line;
    do
        if (!take_line(file, &line))
            return false;
    while (span_trim(line).bytes == 0 || span_trim(line).data[0] == '#');
    out->line = file->line - 1;
    struct span rest = line;
    out->word = take_word(&rest);
    const unsigned char *begin = rest.data;
    const bool documents = span_is_nocase(out->word, "RUN") || span_is_nocase(out->word, "COPY");
    const struct span mark = documents ? document_mark(line) : (struct span){ 0 };
    bool more = goes_on(line);
    size_t end = (size_t)(line.data + line.bytes - file->source->text.data);
    while (more && take_line(file, &line)) {
        const struct span inner = span_trim(line);
        more = goes_on(line) || inner.bytes == 0 || inner.data[0] == '#';
        end = (size_t)(line.data + line.bytes - file->source->text.data);
    }
    if (mark.bytes > 0) {
        pass_document(file, mark);
        end = file->at;
    }
    out->rest = span_of(begin, end - (size_t)(begin - file->source->text.data));
    return true;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

static bool is_name_byte(unsigned char c)
{
    return isalnum(c) || c == '_';
}

static const struct named *find_argument(const struct dockerfile *file, struct span name)
{
    for (size_t i = file->argument_count; i > 0; i--)
        if (span_equal(file->arguments[i - 1].name, name))
            return &file->arguments[i - 1];
    return NULL;
}

/* The text with $NAME and ${NAME} replaced by what ARG and ENV said; unknown ones stay. */
static struct span with_arguments(struct dockerfile *file, struct span text)
{
    struct buffer out = { .limit = LONGEST_REFERENCE };
    struct error error;
    text = with_defaults(file->source, text);
    for (size_t i = 0; i < text.bytes;) {
        const bool brace = text.data[i] == '$' && i + 1 < text.bytes && text.data[i + 1] == '{';
        size_t end = i + 1 + brace;
        while (text.data[i] == '$' && end < text.bytes && is_name_byte(text.data[end]))
            end++;
        const struct named *argument = find_argument(file, span_part(text, i + 1 + brace, end - i - 1 - brace));
        const bool known = text.data[i] == '$' && argument && (!brace || (end < text.bytes && text.data[end] == '}'));
        const struct span part = known ? argument->value : span_part(text, i, 1);
        if (part.bytes > 0 && !buffer_add(&out, part.data, part.bytes, &error))
            break;
        i = known ? end + brace : i + 1;
    }
    const char *copy = out.length ? arena_text(file->source->arena, buffer_span(&out)) : NULL;
    const struct span done = copy ? span_of(copy, out.length) : text;
    buffer_free(&out);
    return done;
}

static struct span unquoted(struct span value)
{
    const bool quoted = value.bytes >= 2 && strchr("\"'", value.data[0]) &&
                        value.data[value.bytes - 1] == value.data[0];
    return quoted ? span_part(value, 1, value.bytes - 2) : value;
}

static void set_argument(struct dockerfile *file, struct span name, struct span value)
{
    if (file->argument_count < MOST_NAMES)
        file->arguments[file->argument_count++] = (struct named){ name, with_arguments(file, value) };
}

static size_t lines_before(struct span text, const unsigned char *place)
{
    size_t lines = 0;
    for (const unsigned char *at = text.data; at < place; at++)
        lines += *at == '\n';
    return lines;
}

/* "A=b C=\"d e\"" of ENV and ARG, over several lines. */
static void tell_assignments(struct dockerfile *file, const struct instruction *instruction)
{
    struct span rest = instruction->rest;
    for (struct span word = take_word(&rest); word.bytes > 0; word = take_word(&rest)) {
        const size_t cut = span_find(word, "=");
        if (cut == word.bytes || cut == 0)
            continue;
        struct span value = span_from(word, cut + 1);
        const unsigned char quote = value.bytes > 0 && strchr("\"'", value.data[0]) ? value.data[0] : 0;
        if (quote && (value.bytes == 1 || value.data[value.bytes - 1] != quote)) { /* blanks within quotes */
            const unsigned char *end = memchr(rest.data, quote, rest.bytes);
            const size_t more = end ? (size_t)(end - rest.data) + 1 : rest.bytes;
            value.bytes += more;
            rest = span_from(rest, more);
        }
        const size_t line = instruction->line + lines_before(instruction->rest, word.data);
        set_argument(file, span_part(word, 0, cut), unquoted(value));
        mention_setting(file->source, file->sink, span_part(word, 0, cut), unquoted(value), line);
    }
}

/* ENV NAME value */
static void tell_environment_line(struct dockerfile *file, const struct instruction *instruction)
{
    struct span rest = instruction->rest;
    const struct span name = take_word(&rest);
    if (span_find(name, "=") < name.bytes) {
        tell_assignments(file, instruction);
        return;
    }
    set_argument(file, name, unquoted(span_trim(rest)));
    mention_setting(file->source, file->sink, name, unquoted(span_trim(rest)), instruction->line);
}

/* ---- what the instructions tell ---------------------------------------------------------------------------------- */

static bool is_stage(const struct dockerfile *file, struct span name)
{
    for (size_t i = 0; i < file->stage_count; i++)
        if (name.bytes == file->stages[i].bytes &&
            strncasecmp((const char *)name.data, (const char *)file->stages[i].data, name.bytes) == 0)
            return true;
    return false;
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (!isdigit(text.data[i]))
            return false;
    return true;
}

static void tell_reference(struct dockerfile *file, struct span reference, size_t line)
{
    reference = with_arguments(file, unquoted(reference));
    if (!is_number(reference) && !is_stage(file, reference))
        declare_image(file->source, file->sink, reference, line);
}

/* Takes "--name=value" from the front; false if there is none. */
static bool take_flag(struct span *rest, struct span *flag)
{
    struct span ahead = *rest;
    *flag = take_word(&ahead);
    if (!span_begins(*flag, "--"))
        return false;
    *rest = ahead;
    return true;
}

static void tell_from(struct dockerfile *file, const struct instruction *instruction)
{
    struct span rest = instruction->rest, flag;
    while (take_flag(&rest, &flag))
        ;
    const struct span reference = take_word(&rest), as = take_word(&rest), stage = take_word(&rest);
    file->found = true;
    tell_reference(file, reference, instruction->line);
    if (span_is_nocase(as, "AS") && file->stage_count < MOST_NAMES)
        file->stages[file->stage_count++] = stage;
}

/* COPY <<EOF /install.sh: a script that the image is built, or begins, with. */
static void tell_document(struct dockerfile *file, const struct instruction *instruction)
{
    const size_t end = span_find(instruction->rest, "\n");
    const struct span script = span_from(instruction->rest, size_min(end + 1, instruction->rest.bytes));
    const struct span first = span_part(script, 0, span_find(script, "\n"));
    if (document_mark(span_part(instruction->rest, 0, end)).bytes > 0 && span_begins(first, "#!") &&
        span_find(first, "sh") < first.bytes)
        mention_commands(file->source, file->sink, script, instruction->line + 1);
}

/* COPY --from=image, and ADD of addresses. */
static void tell_copy(struct dockerfile *file, const struct instruction *instruction)
{
    struct span rest = instruction->rest, flag;
    while (take_flag(&rest, &flag))
        if (span_begins(flag, "--from="))
            tell_reference(file, span_from(flag, strlen("--from=")), instruction->line);
    tell_document(file, instruction);
    if (!span_is_nocase(instruction->word, "ADD"))
        return;
    for (struct span word = take_word(&rest); word.bytes > 0; word = take_word(&rest)) {
        const struct span address = with_arguments(file, unquoted(word));
        const bool remote = span_find(address, "://") < address.bytes || span_begins(address, "git@");
        if (remote)
            tell_fetched(file->source, file->sink, address,
                         instruction->line + lines_before(instruction->rest, word.data));
    }
}

/* RUN --mount=type=bind,from=image ... */
static void tell_mount(struct dockerfile *file, struct span flag, size_t line)
{
    const size_t from = span_find(flag, "from=");
    struct span image = span_from(flag, from + strlen("from="));
    image.bytes = span_find(image, ",");
    if (span_begins(flag, "--mount=") && from < flag.bytes)
        tell_reference(file, image, line);
}

/* RUN ["a", "b"] as a line. */
static struct span join_words(struct dockerfile *file, struct span list)
{
    char *copy = arena_text(file->source->arena, list);
    for (size_t i = 0; copy && i < list.bytes; i++)
        if (strchr("[],\"", copy[i]))
            copy[i] = ' ';
    return copy ? span_of(copy, list.bytes) : list;
}

static void tell_run(struct dockerfile *file, const struct instruction *instruction)
{
    struct span rest = instruction->rest, flag;
    while (take_flag(&rest, &flag))
        tell_mount(file, flag, instruction->line);
    const size_t line = instruction->line + lines_before(instruction->rest, rest.data);
    const struct span mark = document_mark(span_part(rest, 0, span_find(rest, "\n")));
    const struct span first = span_trim(rest);
    if (span_begins(first, "<<") && mark.bytes > 0) /* the document is the script */
        mention_commands(file->source, file->sink, span_from(rest, span_find(rest, "\n") + 1),
                         line + (span_find(rest, "\n") < rest.bytes));
    else
        mention_commands(file->source, file->sink, span_begins(first, "[") ? join_words(file, rest) : rest, line);
}

static const struct {
    const char *word;
    void (*tell)(struct dockerfile *file, const struct instruction *instruction);
} instructions[] = {
    { "FROM", tell_from }, { "ARG", tell_assignments }, { "ENV", tell_environment_line },
    { "COPY", tell_copy }, { "ADD", tell_copy },        { "RUN", tell_run },
};

static enum reading read_dockerfile(struct source *source, struct sink *sink)
{
    struct dockerfile file = { .source = source, .sink = sink, .line = 1 };
    struct instruction instruction;
    while (next_instruction(&file, &instruction))
        for (size_t i = 0; i < LENGTH(instructions); i++)
            if (span_is_nocase(instruction.word, instructions[i].word))
                instructions[i].tell(&file, &instruction);
    return file.found ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_dockerfile = { .name = "dockerfile", .takes = takes_dockerfile, .read = read_dockerfile };
