/* source.c: a file as its readers see it: UTF-8, whatever its encoding; parsed when the first reader asks; its lines.
 * What is no text (a zero byte early on, and no UTF-16), is no regular file or is enormous isn't read. */
#include "audit/source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_BYTES = 32 << 20,       /* a lockfile of a very large project has 5 MB */
    MOST_MAIL_BYTES = 512 << 20, /* years of a person's mail */
    MOST_SMALL_BYTES = 64 << 10,
    LOOKED_AT = 8192,
    LONGEST_EXTENSION = 24,
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool name_of_tests(const char *name, size_t length)
{
    /* clang-format off */
    static const char *const names[] = {
        "test", "tests", "__tests__", "testdata", "test-data", "test_data", "spec", "specs", "fixtures", "fixture",
        "__fixtures__", "__mocks__", "mocks", "mock", "e2e", "cypress", "examples", "example", "samples", "sample",
        "testing", "integration-tests", "functional_tests", "Tests", "Test", "doc", "docs", "demo", "demos",
        "benchmarks", "cassettes", "fuzz", "corpus",
    };
    /* clang-format on */
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

static bool is_test_path(const char *path)
{
    const char *name = path;
    for (size_t length; name[length = strcspn(name, "/")] == '/'; name += length + 1)
        if (name_of_tests(name, length))
            return true;
    return strstr(name, ".test.") || strstr(name, ".spec.") || strstr(name, "_test.") || strstr(name, "_spec.") ||
           strncmp(name, "test_", 5) == 0 || strcmp(name, "conftest.py") == 0 || strcmp(name, "tests.py") == 0;
}

/* "yml" of "secrets.yml.example": a template of settings is read as what it is the template of. NULL if it is none. */
static const char *template_extension(const char *name, const char *dot)
{
    static const char *const endings[] = { "example", "sample", "dist", "template" };
    static const char *const settings[] = { "yml", "yaml", "json", "toml", "ini", "conf", "properties", "php" };
    bool template = false;
    for (size_t i = 0; i < LENGTH(endings) && !template; i++)
        template = strcmp(dot + 1, endings[i]) == 0;
    const struct span stem = span_of(name, (size_t)(dot - name));
    for (size_t i = 0; i < LENGTH(settings) && template; i++) {
        const size_t length = strlen(settings[i]);
        if (stem.bytes > length + 1 && span_ends(stem, settings[i]) && stem.data[stem.bytes - length - 1] == '.')
            return settings[i];
    }
    return NULL;
}

void source_name(struct source *source, const char *path)
{
    const char *slash = strrchr(path, '/');
    source->path = path;
    source->name = slash ? slash + 1 : path;
    const char *dot = strrchr(source->name, '.');
    source->extension = dot && strlen(dot + 1) < LONGEST_EXTENSION ? dot + 1 : "";
    const char *extension = dot ? template_extension(source->name, dot) : NULL;
    if (extension)
        source->extension = extension;
    source->test = is_test_path(path);
}

/* ---- bytes to UTF-8 ---------------------------------------------------------------------------------------------- */

static bool copy_utf16(struct source *source, struct span bytes, bool big)
{
    char *copy = arena_take(source->arena, bytes.bytes / 2 + 1, 3);
    size_t length = 0;
    if (!copy)
        return false;
    for (size_t i = 0; i + 1 < bytes.bytes; i += 2) {
        uint32_t code = big ? (uint32_t)bytes.data[i] << 8 | bytes.data[i + 1]
                            : (uint32_t)bytes.data[i + 1] << 8 | bytes.data[i];
        const uint32_t low = i + 3 >= bytes.bytes ? 0
                             : big                ? (uint32_t)bytes.data[i + 2] << 8 | bytes.data[i + 3]
                                                  : (uint32_t)bytes.data[i + 3] << 8 | bytes.data[i + 2];
        if (code >= 0xD800 && code < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 2;
        } else if (code >= 0xD800 && code < 0xE000) {
            code = UTF8_REPLACEMENT;
        }
        length += utf8_write(code, copy + length);
    }
    source->text = span_of(copy, length);
    return true;
}

/* Latin-1: every byte is a character. */
static bool copy_latin1(struct source *source, struct span bytes)
{
    char *copy = arena_take(source->arena, bytes.bytes, 2);
    size_t length = 0;
    if (!copy)
        return false;
    for (size_t i = 0; i < bytes.bytes; i++)
        length += utf8_write(bytes.data[i], copy + length);
    source->text = span_of(copy, length);
    return true;
}

static bool decode(struct source *source, struct span bytes)
{
    if (span_begins(bytes, "\xFF\xFE"))
        return copy_utf16(source, span_from(bytes, 2), false);
    if (span_begins(bytes, "\xFE\xFF"))
        return copy_utf16(source, span_from(bytes, 2), true);
    source->text = span_begins(bytes, "\xEF\xBB\xBF") ? span_from(bytes, 3) : bytes;
    return utf8_valid_prefix(source->text) == source->text.bytes || copy_latin1(source, source->text);
}

static bool is_binary(struct span bytes)
{
    if (span_begins(bytes, "\xFF\xFE") || span_begins(bytes, "\xFE\xFF"))
        return false;
    return bytes.bytes > 0 && memchr(bytes.data, '\0', size_min(bytes.bytes, LOOKED_AT)) != NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool warn_about(struct source *source, struct sink *sink, const char *what)
{
    source_warn(source, sink, 0, "%s: not read", what);
    return false;
}

static off_t most_bytes(const struct source *source)
{
    return strcmp(source->extension, "mbox") == 0 ? MOST_MAIL_BYTES : MOST_BYTES;
}

static bool read_bytes(struct source *source, int file, struct buffer *bytes, struct sink *sink)
{
    struct stat about;
    struct error error;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
        return warn_about(source, sink, "no regular file");
    if (about.st_size > most_bytes(source))
        return warn_about(source, sink, "larger than 32 MiB (an mbox: 512 MiB)");
    char part[64 << 10];
    ssize_t got;
    while ((got = read(file, part, sizeof part)) > 0) {
        if (bytes->length == 0 && is_binary(span_of(part, (size_t)got)))
            return false;
        if (!buffer_add(bytes, part, (size_t)got, &error))
            return warn_about(source, sink, "no memory for it, or it grows while it is read");
    }
    return got == 0 || warn_about(source, sink, strerror(errno));
}

bool source_take(struct source *source, int file, struct buffer *bytes, struct sink *sink)
{
    bytes->length = 0;
    bytes->limit = (size_t)most_bytes(source);
    const bool good = read_bytes(source, file, bytes, sink);
    close(file);
    if (!good)
        return false;
    return decode(source, buffer_span(bytes)) || warn_about(source, sink, "no memory for it");
}

bool source_read(struct source *source, int root, struct buffer *bytes, struct sink *sink)
{
    const int file = openat(root, source->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return file < 0 ? warn_about(source, sink, strerror(errno)) : source_take(source, file, bytes, sink);
}

/* The text of a small file, in the source's arena. */
static bool read_small(struct source *source, const char *path, struct span *out)
{
    struct stat about;
    char *text = NULL;
    ssize_t got = -1;
    const int file = openat(*source->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return false;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= MOST_SMALL_BYTES)
        text = arena_take(source->arena, MOST_SMALL_BYTES, 1);
    if (text)
        got = read(file, text, MOST_SMALL_BYTES);
    close(file);
    if (got < 0)
        return false;
    *out = span_of(text, (size_t)got);
    return !is_binary(*out);
}

bool source_above(struct source *source, const char *name, struct span *out)
{
    for (size_t length = strlen(source->path); source->root; length--) {
        while (length > 0 && source->path[length - 1] != '/')
            length--;
        const char *path = arena_format(source->arena, "%.*s%s", (int)length, source->path, name);
        if (path && read_small(source, path, out))
            return true;
        if (length == 0)
            break;
    }
    return false;
}

/* ---- what readers ask -------------------------------------------------------------------------------------------- */

bool next_line(struct span text, size_t *at, struct span *line)
{
    if (*at >= text.bytes)
        return false;
    const unsigned char *begin = text.data + *at;
    const unsigned char *end = memchr(begin, '\n', text.bytes - *at);
    size_t length = end ? (size_t)(end - begin) : text.bytes - *at;
    *at += length + (end != NULL);
    length -= length > 0 && begin[length - 1] == '\r';
    *line = span_of(begin, length);
    return true;
}

static bool index_lines(struct source *source)
{
    struct trees *trees = source->trees;
    size_t count = 1, at = 0, row = 0;
    for (size_t i = 0; i < source->text.bytes; i++)
        count += source->text.data[i] == '\n';
    trees->lines = arena_take(source->arena, count, sizeof *trees->lines);
    if (!trees->lines)
        return false;
    struct span line;
    do
        trees->lines[row++] = (uint32_t)at;
    while (row < count && next_line(source->text, &at, &line));
    trees->line_count = row;
    return true;
}

struct span source_line(struct source *source, size_t line)
{
    struct trees *trees = source->trees;
    if ((!trees->lines && !index_lines(source)) || line == 0 || line > trees->line_count)
        return (struct span){ 0 };
    size_t at = trees->lines[line - 1];
    struct span found = { 0 };
    return next_line(source->text, &at, &found) ? found : (struct span){ 0 };
}

const struct node *source_tree(struct source *source, struct sink *sink, enum syntax syntax)
{
    static bool (*const parsers[SYNTAXES])(struct span, struct arena *, struct node **, struct error *) = {
        [SYNTAX_JSON] = json_parse, [SYNTAX_YAML] = yaml_parse, [SYNTAX_HCL] = hcl_parse,
        [SYNTAX_TOML] = toml_parse, [SYNTAX_XML] = xml_parse,   [SYNTAX_INI] = ini_parse,
    };
    struct trees *trees = source->trees;
    if (!trees->parsed[syntax] && parsers[syntax]) {
        struct node *root = NULL;
        struct error error = { 0 };
        trees->parsed[syntax] = true;
        if (!parsers[syntax](source->text, source->arena, &root, &error))
            source_warn(source, sink, 0, "%s", error.text);
        trees->roots[syntax] = root;
    }
    return trees->roots[syntax];
}
