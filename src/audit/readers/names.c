/* names.c: names of packages as manifests and commands write them, and the registries that they come from. */
#include "audit/readers/names.h"

#include <ctype.h>
#include <string.h>

bool word_listed(const char *list, struct span word)
{
    while (list && *list) {
        const size_t length = strcspn(list, " ");
        if (length == word.bytes && memcmp(list, word.data, length) == 0)
            return true;
        list += length + (list[length] == ' ');
    }
    return false;
}

bool source_named(const struct source *source, const char *list)
{
    return word_listed(list, span_text(source->name));
}

/* Up to the first of the bytes, which is looked for from offset on. */
static struct span cut_at(struct span text, const char *bytes, size_t offset)
{
    for (size_t i = offset; i < text.bytes; i++)
        if (text.data[i] && strchr(bytes, text.data[i]))
            return span_part(text, 0, i);
    return text;
}

/* PEP 503: lower case, one '-' for runs of '-', '_' and '.'. */
static struct span normal_python_name(struct arena *arena, struct span name)
{
    char *out = arena_take(arena, name.bytes + 1, 1);
    size_t length = 0;
    for (size_t i = 0; out && i < name.bytes; i++) {
        const bool separator = strchr("-_.", name.data[i]) != NULL;
        if (!separator)
            out[length++] = (char)tolower(name.data[i]);
        else if (length > 0 && out[length - 1] != '-')
            out[length++] = '-';
    }
    return span_of(out, length);
}

static bool is_word(struct span name, const char *also)
{
    for (size_t i = 0; i < name.bytes; i++)
        if (!isalnum(name.data[i]) && !(name.data[i] && strchr(also, name.data[i])))
            return false;
    return name.bytes > 0 && name.bytes <= 214; /* the longest of npm */
}

struct span package_name(struct arena *arena, enum signal signal, struct span text)
{
    const struct span none = { 0 };
    struct span name = span_trim(text);
    if (signal == SIGNAL_PYPI)
        name = normal_python_name(arena, span_trim(cut_at(name, "<>=!~;[( @", 0)));
    else if (signal == SIGNAL_NPM || signal == SIGNAL_GO || signal == SIGNAL_CARGO)
        name = cut_at(name, "@", 1);
    else if (signal == SIGNAL_COMPOSER || signal == SIGNAL_GEM)
        name = cut_at(name, ":=", 0);
    return is_word(name, "-_./@:+~") ? name : none;
}

void declare_package(struct source *source, struct sink *sink, enum signal signal, struct span text, size_t line)
{
    const struct span name = package_name(source->arena, signal, text);
    if (name.bytes > 0)
        declare(source, sink, signal, name, line);
}

void manifest_registry(struct manifest *manifest, size_t line)
{
    char name[64];
    if (manifest->told || !manifest->registry)
        return;
    manifest->told = true;
    snprintf(name, sizeof name, "registry:%s", manifest->registry);
    mention(manifest->source, manifest->sink,
            &(struct mention){ .signal = SIGNAL_NAME, .value = span_text(name), .line = line });
}

void manifest_package(struct manifest *manifest, struct span text, size_t line)
{
    const struct span name = package_name(manifest->source->arena, manifest->signal, text);
    if (name.bytes == 0)
        return;
    manifest_registry(manifest, line);
    if (manifest->signal == SIGNALS)
        return;
    mention(manifest->source, manifest->sink,
            &(struct mention){ .signal = manifest->signal, .value = name, .line = line, .note = manifest->note });
}

void tell_host_once(struct manifest *manifest, struct told_hosts *told, struct span address, size_t line)
{
    const size_t begin = span_find(address, "://") + 3;
    if (begin >= address.bytes)
        return;
    const struct span host = cut_at(span_from(address, begin), "/?#\"' \t,)>", 0);
    for (size_t i = 0; i < told->count; i++)
        if (span_equal(told->hosts[i], host))
            return;
    if (told->count < LENGTH(told->hosts))
        told->hosts[told->count++] = host;
    mention_addresses(manifest->source, manifest->sink, span_part(address, 0, begin + host.bytes), line,
                      EVIDENCE_DECLARED);
}
