/* containers.c: images, environments, flags and values: what is the same wherever containers are described. */
#include "audit/readers/containers.h"

#include <ctype.h>
#include <string.h>

#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

bool takes_yaml(const struct source *source)
{
    return strcmp(source->extension, "yaml") == 0 || strcmp(source->extension, "yml") == 0;
}

enum { LONGEST_REFERENCE = 512 };

/* ---- images ------------------------------------------------------------------------------------------------------ */

/* Copies the variable that begins at text to out, or its default; returns how many bytes of text it took. */
static size_t copy_variable(struct span text, char **out)
{
    size_t open = 0, end = 1;
    for (; end < text.bytes; end++) {
        open += text.data[end] == '{';
        open -= text.data[end] == '}';
        if (open == 0)
            break;
    }
    const struct span whole = span_part(text, 0, end + 1);
    size_t name = 2;
    while (name < whole.bytes && (isalnum(whole.data[name]) || whole.data[name] == '_'))
        name++;
    const bool colon = name + 1 < whole.bytes && whole.data[name] == ':';
    const bool chosen = name + colon < whole.bytes && strchr("-=", whole.data[name + colon]);
    const size_t from = chosen ? name + colon + 1 : 0, bytes = chosen ? whole.bytes - from - 1 : whole.bytes;
    memcpy(*out, whole.data + from, bytes);
    *out += bytes;
    return whole.bytes;
}

struct span with_defaults(struct source *source, struct span text)
{
    if (text.bytes > LONGEST_REFERENCE || span_find(text, "${") == text.bytes)
        return text;
    char *copy = arena_take(source->arena, text.bytes + 1, 1), *end = copy;
    for (size_t i = 0; copy && i < text.bytes;) {
        const struct span rest = span_from(text, i);
        if (span_begins(rest, "${") && span_find(rest, "}") < rest.bytes)
            i += copy_variable(rest, &end);
        else
            *end++ = (char)text.data[i++];
    }
    if (!copy)
        return text;
    const struct span done = span_of(copy, (size_t)(end - copy));
    return span_equal(done, text) || span_find(done, ":-") == done.bytes ? done : with_defaults(source, done);
}

static bool is_word(struct span text)
{
    return span_is(text, "true") || span_is(text, "false") || span_is(text, "null") || span_is(text, "~");
}

void tell_image(struct source *source, struct sink *sink, const struct node *node)
{
    if (!node || node->type != NODE_TEXT || (node->raw && !node->quoted) || is_word(node->text))
        return;
    const struct span image = with_defaults(source, node->text);
    if (span_find(image, " ") == image.bytes && span_find(image, "://") == image.bytes)
        declare_image(source, sink, image, node->line);
}

/* ---- flags ------------------------------------------------------------------------------------------------------- */

static bool ends_nocase(struct span text, const char *end)
{
    const size_t bytes = strlen(end);
    return text.bytes >= bytes && span_is_nocase(span_from(text, text.bytes - bytes), end);
}

void tell_acme_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line)
{
    if (ends_nocase(key, "dnschallenge.provider") || ends_nocase(key, "dnschallenge_provider"))
        declare_name(source, sink, "lego", value, line);
    else if (ends_nocase(key, "acme.caserver") || ends_nocase(key, "acme_caserver"))
        configure(source, sink, SIGNAL_DOMAIN, value, line);
    else
        tell_setting(source, sink, key, value, line);
}

static struct span without_dashes(struct span flag)
{
    while (flag.bytes > 0 && flag.data[0] == '-')
        flag = span_from(flag, 1);
    return flag;
}

/* Traefik gets its certificates from Let's Encrypt, unless a flag names another server. */
static void tell_default_authority(struct source *source, struct sink *sink, const struct node *words)
{
    const struct node *first = NULL;
    for (const struct node *word = one_first(words); word; word = one_next(words, word)) {
        if (word->type != NODE_TEXT || !span_begins(without_dashes(word->text), "certificatesresolvers."))
            continue;
        if (span_find(word->text, ".caserver=") < word->text.bytes)
            return;
        first = first ? first : word;
    }
    if (first)
        configure(source, sink, SIGNAL_DOMAIN, span_text("acme-v02.api.letsencrypt.org"), first->line);
}

void tell_flags(struct source *source, struct sink *sink, const struct node *words)
{
    tell_default_authority(source, sink, words);
    for (const struct node *word = one_first(words); word; word = one_next(words, word)) {
        const struct node *next = words->type == NODE_LIST ? word->next : NULL;
        if (word->type != NODE_TEXT || !span_begins(word->text, "-") || span_find(word->text, "\n") < word->text.bytes)
            continue;
        const struct span flag = without_dashes(word->text);
        const size_t cut = span_find(flag, "=");
        if (cut < flag.bytes)
            tell_acme_setting(source, sink, span_part(flag, 0, cut), span_from(flag, cut + 1), word->line);
        else if (next && next->type == NODE_TEXT && !span_begins(next->text, "-"))
            tell_acme_setting(source, sink, flag, next->text, next->line);
    }
}

void tell_dns_controller(struct source *source, struct sink *sink, const struct node *provider)
{
    static const struct {
        const char *name, *lego;
    } names[] = { { "aws", "route53" }, { "google", "gcloud" }, { "oci", "oraclecloud" }, { "scaleway", "scaleway" } };
    struct span name = provider && provider->type == NODE_TEXT ? provider->text : (struct span){ 0 };
    const size_t line = provider ? provider->line : 0;
    if (span_begins(name, "--provider="))
        name = span_from(name, strlen("--provider="));
    for (size_t i = 0; i < LENGTH(names); i++)
        if (span_is(name, names[i].name))
            name = span_text(names[i].lego);
    if (name.bytes > 0)
        declare_name(source, sink, "lego", name, line);
}

/* ---- annotations ------------------------------------------------------------------------------------------------- */

void tell_annotations(struct source *source, struct sink *sink, const struct node *annotations)
{
    for (const struct node *entry = annotations ? annotations->first : NULL; entry; entry = entry->next) {
        declare_name(source, sink, "kubernetes", entry->key, entry->line);
        if (key_is(entry, "kubernetes.io/ingress.class") && entry->type == NODE_TEXT)
            declare_name(source, sink, "kubernetes", entry->text, entry->line);
    }
}

/* ---- values of charts -------------------------------------------------------------------------------------------- */

void tell_chart_repository(struct source *source, struct sink *sink, const struct node *repository)
{
    const bool text = repository && repository->type == NODE_TEXT;
    if (text && !span_begins(repository->text, "file:") && span_find(repository->text, "://") < repository->text.bytes)
        (void)tell_fetched(source, sink, repository->text, repository->line);
}

/* {registry: R, repository: r, tag: t}; false if the map describes no image. */
static bool tell_image_map(struct source *source, struct sink *sink, const struct node *map)
{
    const struct node *repository = node_get(map, "repository") ? node_get(map, "repository") : node_get(map, "name");
    const struct node *registry = node_get(map, "registry");
    const bool image = key_is(map, "image") || span_ends(map->key, "Image") || span_ends(map->key, "_image") ||
                       node_get(map, "tag") || node_get(map, "pullPolicy") || registry;
    if (!image || !repository || repository->type != NODE_TEXT || repository->text.bytes == 0 || repository->raw)
        return false;
    if (span_find(repository->text, "://") < repository->text.bytes)
        return false;
    const struct span host = registry && registry->type == NODE_TEXT ? registry->text : (struct span){ 0 };
    const char *whole = arena_format(source->arena, "%.*s%s%.*s", (int)host.bytes, (const char *)host.data,
                                     host.bytes ? "/" : "", (int)repository->text.bytes, repository->text.data);
    if (whole)
        declare_image(source, sink, span_text(whole), host.bytes ? registry->line : repository->line);
    return true;
}

static bool is_environment(struct span key)
{
    static const char *const keys[] = { "env",     "extraEnv",  "extraEnvVars",        "environment",
                                        "envVars", "extraEnvs", "environmentVariables" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (span_is(key, keys[i]))
            return true;
    return false;
}

/* What is not the chart's to depend on: what people read, selectors, the names of one's own hosts. */
static bool is_passed_over(const struct node *node)
{
    static const char *const keys[] = {
        "labels",      "podLabels",    "nodeSelector", "affinity",  "tolerations",
        "extraLabels", "commonLabels", "matchLabels",  "resources", "podSecurityContext"
    };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (key_is(node, keys[i]))
            return true;
    return false;
}

static void tell_value_text(struct source *source, struct sink *sink, const struct node *node, struct span parent)
{
    if (key_is(node, "image") || key_is(node, "imageName"))
        tell_image(source, sink, node);
    else if (key_is(node, "imageRegistry"))
        tell_registry_host(source, sink, node->text, node->line);
    else if (key_is(node, "ingressClassName") || key_is(node, "className") || key_is(node, "provisioner"))
        declare_name(source, sink, "kubernetes", node->text, node->line);
    else if (key_is(node, "repository") || key_is(node, "repoURL"))
        tell_chart_repository(source, sink, node);
    else
        tell_value(source, sink, key_join(source, parent, node->key), node);
}

/* Hosts of an ingress are one's own. */
static void tell_hosts(struct sink *sink, const struct node *node)
{
    for (const struct node *host = one_first(node); host; host = one_next(node, host)) {
        if (host->type == NODE_TEXT)
            own_domain(sink, host->text);
        const struct span name = host->type == NODE_MAP ? node_text(host, "host") : (struct span){ 0 };
        const struct span named = host->type == NODE_MAP ? node_text(host, "name") : (struct span){ 0 };
        if (name.bytes + named.bytes > 0)
            own_domain(sink, name.bytes ? name : named);
    }
}

static void tell_values_map(struct source *source, struct sink *sink, const struct node *map, struct span parent,
                            bool ingress)
{
    const struct span own = map->key.bytes ? map->key : parent;
    const bool image = map->type == NODE_MAP && tell_image_map(source, sink, map);
    if (key_is(map, "external-dns") || key_is(map, "externalDns") || key_is(map, "external_dns"))
        tell_dns_controller(source, sink,
                            node_at(map, "provider.name") ? node_at(map, "provider.name") : node_get(map, "provider"));
    ingress |= span_find(own, "ngress") < own.bytes;
    for (const struct node *inner = map->first; inner; inner = inner->next) {
        if (is_passed_over(inner) || (image && (key_is(inner, "repository") || key_is(inner, "registry"))))
            continue;
        if (span_ends(inner->key, "nnotations") && inner->type == NODE_MAP)
            tell_annotations(source, sink, inner);
        else if (is_environment(inner->key) && inner->type != NODE_TEXT)
            tell_environment(source, sink, inner);
        else if (ingress &&
                 (key_is(inner, "host") || key_is(inner, "hosts") || key_is(inner, "hostname") || key_is(inner, "tls")))
            tell_hosts(sink, inner);
        else if (inner->type == NODE_TEXT)
            tell_value_text(source, sink, inner, own);
        else
            tell_values_map(source, sink, inner, own, ingress);
    }
}

void tell_values(struct source *source, struct sink *sink, const struct node *values)
{
    if (values)
        tell_values_map(source, sink, values, (struct span){ 0 }, false);
}
