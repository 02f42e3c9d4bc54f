/* mention.c: what readers have in common: references to images, names of variables, and addresses in texts. */
#include "audit/reader.h"

#include <ctype.h>
#include <string.h>

#include "audit/hosts.h"

enum { LONGEST_REFERENCE = 255 };

/* ---- images ------------------------------------------------------------------------------------------------------ */

static bool is_variable(struct span text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (strchr("$%{}<>", text.data[i]))
            return true;
    return false;
}

/* Without "docker://" before it and tag and digest after it. */
static struct span image_name(struct span reference)
{
    reference = span_trim(reference);
    if (span_begins(reference, "docker://") || span_begins(reference, "docker.io://"))
        reference = span_from(reference, span_find(reference, "://") + 3);
    reference.bytes = span_find(reference, "@");
    size_t slash = 0;
    for (size_t i = 0; i < reference.bytes; i++)
        slash = reference.data[i] == '/' && !is_variable(span_part(reference, 0, i)) ? i : slash;
    for (size_t i = slash; i < reference.bytes; i++)
        if (reference.data[i] == ':') {
            reference.bytes = i;
            break;
        }
    return reference;
}

static bool is_image_name(struct span name)
{
    for (size_t i = 0; i < name.bytes; i++)
        if (!isalnum(name.data[i]) && !strchr("._-/:", name.data[i]))
            return false;
    return name.bytes > 0 && name.bytes <= LONGEST_REFERENCE && isalnum(name.data[0]);
}

/* The registry's host, if the reference begins with one. Charts put names behind a "repository" that is a registry. */
static struct span registry_host(const struct sink *sink, struct span name)
{
    if (span_find(name, "/") == name.bytes && span_find(name, ".") < name.bytes &&
        sign_service(sink, SIGNAL_REGISTRY, name))
        return name;

    const unsigned char *slash = memchr(name.data, '/', name.bytes);
    const struct span first = span_of(name.data, slash ? (size_t)(slash - name.data) : 0);
    const bool host = first.bytes > 0 && (memchr(first.data, '.', first.bytes) ||
                                          memchr(first.data, ':', first.bytes) || span_is(first, "localhost"));
    return host ? first : (struct span){ 0 };
}

void declare_registry(struct source *source, struct sink *sink, struct span host, size_t line)
{
    const bool known = sign_service(sink, SIGNAL_REGISTRY, host) != NULL;
    declare(source, sink, known ? SIGNAL_REGISTRY : SIGNAL_DOMAIN, host, line);
}

void declare_image(struct source *source, struct sink *sink, struct span reference, size_t line)
{
    struct span name = image_name(reference);
    if (!is_image_name(name) || span_is(name, "scratch"))
        return;
    const struct span host = registry_host(sink, name);
    declare_registry(source, sink, host.bytes ? host : span_text("docker.io"), line);
    if (host.bytes == name.bytes)
        return;
    if (span_is(host, "docker.io") || span_is(host, "index.docker.io"))
        name = span_from(name, host.bytes + 1);
    if (span_begins(name, "library/"))
        name = span_from(name, strlen("library/"));
    declare(source, sink, SIGNAL_IMAGE, name, line);
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

const char *variable_bare(const char *name)
{
    static const char *const prefixes[] = { "NEXT_PUBLIC_", "NUXT_PUBLIC_",  "EXPO_PUBLIC_", "REACT_APP_", "VUE_APP_",
                                            "VITE_",        "GATSBY_",       "PUBLIC_",      "NUXT_ENV_",  "NUXT_",
                                            "NX_PUBLIC_",   "NEXT_PRIVATE_", "MIX_",         "NG_APP_" };
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return name + strlen(prefixes[i]);
    return name;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool scheme_is_strange(struct span scheme)
{
    static const char *const strange[] = {
        "file",      "data",     "javascript", "urn", "about", "chrome", "chrome-extension", "unix", "jar",
        "classpath", "resource", "vscode",     "app", "tag",   "pkg"
    };
    for (size_t i = 0; i < LENGTH(strange); i++)
        if (span_is_nocase(scheme, strange[i]))
            return true;
    return false;
}

/* Schemes that name a store and not a host: s3://bucket/key. */
static bool names_storage(struct span scheme)
{
    static const char *const stores[] = { "s3", "s3a", "s3n", "gs", "gcs", "azblob", "wasbs", "abfss", "oss", "b2" };
    for (size_t i = 0; i < LENGTH(stores); i++)
        if (span_is_nocase(scheme, stores[i]))
            return true;
    return false;
}

void mention_addresses(struct source *source, struct sink *sink, struct span text, size_t line, enum evidence evidence)
{
    for (size_t at = 0; at < text.bytes;) {
        const size_t colon = at + span_find(span_from(text, at), "://");
        if (colon >= text.bytes)
            return;
        size_t begin = colon;
        while (begin > at && (isalnum(text.data[begin - 1]) || strchr("+-", text.data[begin - 1])))
            begin--;
        const struct span scheme = span_part(text, begin, colon - begin);
        struct mention told = {
            .signal = SIGNAL_DOMAIN, .value = span_from(text, begin), .line = line, .evidence = evidence
        };
        char name[32];
        if (names_storage(scheme)) {
            snprintf(name, sizeof name, "storage:%.*s", (int)scheme.bytes, (const char *)scheme.data);
            told.signal = SIGNAL_NAME;
            told.value = span_text(name);
        }
        if (scheme.bytes > 0 && !scheme_is_strange(scheme))
            mention(source, sink, &told);
        at = colon + 3;
    }
}
