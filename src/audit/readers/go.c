/* go.c: go.mod and go.sum. Modules come through the proxy, whatever host their paths name: that host is no finding by
 * itself. Source: go.dev/ref/mod. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* "require a/b v1 // indirect" and lines of "require ( ... )"; only transitive ones have the remark. */
static void tell_requirement(struct manifest *manifest, struct span line, size_t number)
{
    const bool transitive = span_find(line, "// indirect") < line.bytes;
    const struct span path = span_part(line, 0, span_find(line, " "));
    if (path.bytes == 0 || span_begins(path, "//"))
        return;
    manifest_registry(manifest, number);
    if (!transitive)
        manifest_package(manifest, path, number);
}

static bool opens(struct span line, const char *word)
{
    return span_begins(line, word) && span_ends(line, "(");
}

static void read_go_mod(struct manifest *manifest)
{
    struct span line;
    size_t number = 1;
    bool required = false, listed = false;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        line = span_trim(line);
        if (listed && span_begins(line, ")")) {
            listed = false;
        } else if (opens(line, "require") || opens(line, "tool")) {
            listed = required = true;
        } else if (span_ends(line, "(")) {
            listed = true;
            required = false;
        } else if (listed && required) {
            tell_requirement(manifest, line, number);
        } else if (!listed && span_begins(line, "require ")) {
            tell_requirement(manifest, span_trim(span_from(line, strlen("require "))), number);
        }
    }
}

static bool takes_go(const struct source *source)
{
    return source_named(source, "go.mod go.sum");
}

static enum reading read_go(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "go", .signal = SIGNAL_GO };
    if (strstr(source->path, "vendor/"))
        return READ_DONE;
    if (source_named(source, "go.mod"))
        read_go_mod(&manifest);
    else if (span_trim(source->text).bytes > 0)
        manifest_registry(&manifest, 1);
    return READ_DONE;
}

const struct reader reader_go = { "go", takes_go, read_go };
