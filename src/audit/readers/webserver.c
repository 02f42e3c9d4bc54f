/* webserver.c: nginx and Caddy: where requests are passed on to, whom names are asked of, who issues certificates. What
 * is answered there is one's own; where visitors are sent on to is a link. Source: nginx.org/en/docs/dirindex.html,
 * caddyserver.com/docs/caddyfile. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "audit/readers/readers.h"

enum { MOST_WORDS = 16 };

/* One directive: its words, the line of the first. */
struct directive {
    struct span words[MOST_WORDS];
    size_t count;
    size_t line;
    unsigned char end; /* ';', '{', '}', or '\n' */
};

struct webserver {
    struct source *source;
    struct sink *sink;
    size_t at, line;
    bool lines_end; /* Caddy: a line's end ends a directive */
};

static struct span take_word(struct webserver *server)
{
    const struct span text = server->source->text;
    const size_t begin = server->at;
    const unsigned char quote = strchr("\"'`", text.data[begin]) ? text.data[begin] : 0;
    if (quote) {
        server->at++;
        while (server->at < text.bytes && text.data[server->at] != quote) {
            server->line += text.data[server->at] == '\n';
            server->at += text.data[server->at] == '\\' && server->at + 1 < text.bytes ? 2 : 1;
        }
        const size_t end = size_min(server->at, text.bytes);
        server->at = size_min(end + 1, text.bytes);
        return span_part(text, begin + 1, end - begin - 1);
    }
    while (server->at < text.bytes && !isspace(text.data[server->at])) {
        const unsigned char c = text.data[server->at];
        const bool variable = c == '{' && server->at > begin; /* "${x}", Caddy's "{env.X}" */
        if (!server->lines_end && (c == ';' || c == '}' || (c == '{' && !variable)))
            break;
        server->at++;
    }
    server->at += server->at == begin;
    return span_part(text, begin, server->at - begin);
}

static void skip_comment(struct webserver *server)
{
    while (server->at < server->source->text.bytes && server->source->text.data[server->at] != '\n')
        server->at++;
}

/* Whether the byte ends a directive. Caddy's braces stand alone. */
static bool ends(const struct webserver *server, unsigned char c)
{
    const size_t next = server->at + 1;
    const bool alone = next >= server->source->text.bytes || isspace(server->source->text.data[next]);
    if (c == '{' || c == '}')
        return !server->lines_end || alone;
    return server->lines_end ? c == '\n' : c == ';';
}

static bool next_directive(struct webserver *server, struct directive *out)
{
    const struct span text = server->source->text;
    *out = (struct directive){ .line = server->line };
    while (server->at < text.bytes) {
        const unsigned char c = text.data[server->at];
        if (c == '#') {
            skip_comment(server);
        } else if (ends(server, c)) {
            server->at++;
            server->line += c == '\n';
            out->end = c;
            return true;
        } else if (isspace(c) || (c == '\\' && server->lines_end)) {
            server->at++;
            server->line += c == '\n';
        } else {
            out->line = out->count == 0 ? server->line : out->line;
            const struct span word = take_word(server);
            if (out->count < MOST_WORDS)
                out->words[out->count++] = word;
        }
    }
    return out->count > 0;
}

static bool first_is(const struct directive *directive, const char *word)
{
    return directive->count > 1 && span_is(directive->words[0], word);
}

/* ---- nginx ------------------------------------------------------------------------------------------------------- */

static bool takes_nginx(const struct source *source)
{
    static const char *const extensions[] = { "conf", "nginx", "template", "tmpl", "tpl", "j2", "erb", "vhost", "inc" };
    for (size_t i = 0; i < LENGTH(extensions); i++)
        if (strcmp(source->extension, extensions[i]) == 0)
            return true;
    return strstr(source->path, "sites-available/") || strstr(source->path, "sites-enabled/") ||
           strncmp(source->name, "nginx", 5) == 0;
}

static bool is_nginx(struct span text)
{
    static const char *const words[] = { "proxy_pass ", "server_name ", "fastcgi_pass ", "uwsgi_pass ", "grpc_pass " };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (span_find(text, words[i]) < text.bytes)
            return true;
    return false;
}

static bool passes_on(struct span word)
{
    return span_is(word, "proxy_pass") || span_is(word, "grpc_pass") || span_is(word, "fastcgi_pass") ||
           span_is(word, "uwsgi_pass") || span_is(word, "scgi_pass");
}

static void tell_resolvers(struct webserver *server, const struct directive *directive)
{
    for (size_t i = 1; i < directive->count; i++) {
        const struct span word = directive->words[i];
        configure(server->source, server->sink, SIGNAL_NETWORK, word, directive->line);
        if (!isdigit(word.data[0]) && span_find(word, "=") == word.bytes)
            configure(server->source, server->sink, SIGNAL_DOMAIN, word, directive->line);
    }
}

/* "syslog:server=logs.host:1234" of access_log and error_log. */
static void tell_log(struct webserver *server, const struct directive *directive)
{
    struct span target = directive->words[1];
    if (!span_begins(target, "syslog:server="))
        return;
    target = span_from(target, strlen("syslog:server="));
    target.bytes = span_find(target, ",");
    configure(server->source, server->sink, SIGNAL_DOMAIN, target, directive->line);
}

static void tell_nginx(struct webserver *server, const struct directive *directive, bool upstream)
{
    const struct span word = directive->count > 1 ? directive->words[directive->count > 2 ? 2 : 1] : (struct span){ 0 };
    if (directive->count < 2)
        return;
    if (passes_on(directive->words[0]) || (upstream && first_is(directive, "server")))
        configure(server->source, server->sink, SIGNAL_DOMAIN, directive->words[1], directive->line);
    else if (first_is(directive, "resolver"))
        tell_resolvers(server, directive);
    else if (first_is(directive, "access_log") || first_is(directive, "error_log"))
        tell_log(server, directive);
    else if (first_is(directive, "set") && span_find(word, "://") < word.bytes)
        configure(server->source, server->sink, SIGNAL_DOMAIN, word, directive->line);
    for (size_t i = 1; i < directive->count && span_is(directive->words[0], "server_name"); i++)
        own_domain(server->sink, directive->words[i]);
}

static enum reading read_nginx(struct source *source, struct sink *sink)
{
    struct webserver server = { .source = source, .sink = sink, .line = 1 };
    struct directive directive;
    bool upstream = false;
    if (!is_nginx(source->text))
        return READ_NOT_MINE;
    while (next_directive(&server, &directive)) {
        tell_nginx(&server, &directive, upstream);
        if (directive.end == '{')
            upstream = first_is(&directive, "upstream");
        else if (directive.end == '}')
            upstream = false;
    }
    return READ_DONE;
}

const struct reader reader_nginx = { .name = "nginx", .takes = takes_nginx, .read = read_nginx };

/* ---- Caddy ------------------------------------------------------------------------------------------------------- */

static bool takes_caddy(const struct source *source)
{
    return strncmp(source->name, "Caddyfile", 9) == 0 || strcmp(source->extension, "caddyfile") == 0 ||
           strcmp(source->extension, "caddy") == 0;
}

/* "shop.bakery.fr, www.bakery.fr {" */
static void tell_site(struct webserver *server, const struct directive *directive)
{
    for (size_t i = 0; i < directive->count; i++) {
        struct span address = directive->words[i];
        address.bytes = span_find(address, ",");
        if (address.bytes > 0 && address.data[0] != '(')
            own_domain(server->sink, address);
    }
}

static void tell_caddy(struct webserver *server, const struct directive *directive)
{
    static const char *const proxies[] = { "reverse_proxy", "forward_auth", "php_fastcgi", "to" };
    for (size_t i = 0; i < LENGTH(proxies); i++)
        for (size_t j = 1; first_is(directive, proxies[i]) && j < directive->count; j++)
            if (directive->words[j].bytes > 0 && !strchr("/*@", directive->words[j].data[0]))
                configure(server->source, server->sink, SIGNAL_DOMAIN, directive->words[j], directive->line);
    if (first_is(directive, "dns") || first_is(directive, "acme_dns"))
        declare_name(server->source, server->sink, "lego", directive->words[1], directive->line);
    else if (first_is(directive, "acme_ca") || first_is(directive, "ca") || first_is(directive, "dir"))
        configure(server->source, server->sink, SIGNAL_DOMAIN, directive->words[1], directive->line);
    else if (first_is(directive, "resolvers"))
        configure(server->source, server->sink, SIGNAL_NETWORK, directive->words[1], directive->line);
}

static enum reading read_caddy(struct source *source, struct sink *sink)
{
    struct webserver server = { .source = source, .sink = sink, .line = 1, .lines_end = true };
    struct directive directive;
    size_t depth = 0;
    while (next_directive(&server, &directive)) {
        if (depth == 0 && directive.end == '{')
            tell_site(&server, &directive);
        else
            tell_caddy(&server, &directive);
        depth += directive.end == '{';
        depth -= directive.end == '}' && depth > 0;
    }
    return READ_DONE;
}

const struct reader reader_caddy = { .name = "caddy", .takes = takes_caddy, .read = read_caddy };
