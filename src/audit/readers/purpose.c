/* purpose.c: see purpose.h. Both judgements are tables of words: what programmers call such things, and how addresses
 * of manuals, articles and standards look. A host that has an API's look counts even if nobody knows it; one that has a
 * manual's look doesn't, whoever it belongs to. */
#include "audit/readers/purpose.h"

#include <ctype.h>
#include <string.h>

#include "audit/hosts.h"

enum { MOST_WORDS = 16, LONGEST_WORD = 24, LONGEST_KEY = 200 };

/* ---- words of a key ---------------------------------------------------------------------------------------------- */

struct words {
    char words[MOST_WORDS][LONGEST_WORD];
    size_t count;
};

/* Whether a word begins at i: after what is no letter or digit, at a capital after a small letter ("apiKey"), and at
 * the last capital of several before a small one ("APIKey"). */
static bool word_begins(struct span key, size_t i)
{
    if (i == 0 || !isalnum(key.data[i - 1]))
        return true;
    if (!isupper(key.data[i]))
        return false;
    return islower(key.data[i - 1]) || (i + 1 < key.bytes && islower(key.data[i + 1]) && isupper(key.data[i - 1]));
}

static void split_words(struct span key, struct words *out)
{
    out->count = 0;
    key = key.bytes > LONGEST_KEY ? span_from(key, key.bytes - LONGEST_KEY) : key;
    size_t length = 0;
    for (size_t i = 0; i < key.bytes; i++) {
        if (!isalnum(key.data[i]))
            continue;
        if (word_begins(key, i)) {
            if (out->count == MOST_WORDS)
                return;
            out->count++;
            length = 0;
        }
        char *word = out->words[out->count - 1];
        if (length + 1 < LONGEST_WORD)
            word[length++] = (char)tolower(key.data[i]);
        word[length] = '\0';
    }
}

static bool has_word(const struct words *words, const char *wanted)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->words[i], wanted) == 0)
            return true;
    return false;
}

static bool has_any(const struct words *words, const char *const *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_word(words, wanted[i]))
            return true;
    return false;
}

bool key_has_word(struct span key, const char *word)
{
    struct words words;
    split_words(key, &words);
    return has_word(&words, word);
}

/* For people, or about the program itself. */
static const char *const link_words[] = {
    "docs",        "doc",         "documentation", "help",        "homepage",    "website",    "link",
    "links",       "href",        "terms",         "tos",         "privacy",     "policy",     "legal",
    "license",     "licence",     "blog",          "faq",         "about",       "contact",    "repository",
    "repo",        "bugs",        "issues",        "twitter",     "facebook",    "linkedin",   "youtube",
    "instagram",   "canonical",   "schema",        "xmlns",       "namespace",   "ns",         "agent",
    "useragent",   "referer",     "referrer",      "description", "title",       "label",      "message",
    "msg",         "text",        "example",       "examples",    "sample",      "comment",    "hint",
    "tooltip",     "note",        "notes",         "changelog",   "pricing",     "credit",     "credits",
    "attribution", "author",      "authors",       "copyright",   "reference",   "references", "see",
    "tutorial",    "guide",       "learn",         "info",        "feedback",    "community",  "forum",
    "xsi",         "homepageurl", "placeholder",   "summary",     "readme",      "wiki",       "article",
    "learnmore",   "doctype",     "dtd",           "developer",   "caption",     "subtitle",   "desc",
    "details",     "explanation", "warning",       "error",       "errors",      "deprecated", "maintainer",
    "maintainers", "vcs",         "scm",           "manual",      "upstreamurl", "whitelist",  "allowlist",
    "blacklist",   "blocklist",   "denylist",      "blocked",     "supportlink", "news",       "social",
    "profile",     "vocab",       "uriref",        "generator",   "docurl",      "helpurl",    "docsurl",
    "reddit",      "mastodon",    "telegramlink",  "tagline",     "disallowed",  "blackhole",  "regex",
    "pattern",
};

static const char *const endpoint_words[] = {
    "url",       "uri",        "endpoint", "endpoints", "host",    "hosts",     "hostname",   "server",  "servers",
    "api",       "base",       "baseurl",  "addr",      "address", "dsn",       "webhook",    "hook",    "gateway",
    "broker",    "brokers",    "proxy",    "cdn",       "issuer",  "authority", "connection", "jdbc",    "registry",
    "relay",     "smtp",       "src",      "script",    "action",  "upstream",  "remote",     "baseuri", "endpointurl",
    "apiurl",    "hosturl",    "rpc",      "websocket", "socket",  "ws",        "imap",       "ldap",    "bootstrap",
    "collector", "ingest",     "tracker",  "tokenurl",  "authurl", "userinfo",  "jwks",       "mirror",  "index",
    "service",   "node",       "target",   "tiles",     "tile",    "urls",      "stun",       "turn",    "dns",
    "resolver",  "nameserver", "ntp",      "avatar",    "oembed",  "download",  "feed",       "fetch",
};

/* Whole keys, their words joined by '_'; also with more words before them ("MY_APP_URL"). */
static bool is_own_key(const struct words *words)
{
    static const char *const own[] = {
        "domain",
        "site_url",
        "app_url",
        "app_domain",
        "app_host",
        "root_url",
        "public_url",
        "frontend_url",
        "front_end_url",
        "backend_url",
        "website_url",
        "server_name",
        "virtual_host",
        "letsencrypt_host",
        "allowed_hosts",
        "alternate_domains",
        "trusted_origins",
        "trusted_hosts",
        "nextauth_url",
        "webapp_url",
        "self_url",
        "external_url",
        "external_host",
        "instance_url",
        "cookie_domain",
        "session_domain",
        "local_domain",
        "web_domain",
        "discourse_hostname",
        "web_url",
        "public_host",
        "public_domain",
        "site_domain",
        "base_domain",
        "root_domain",
        "server_url",
        "application_url",
        "application_host",
        "default_host",
        "public_hostname",
        "external_hostname",
        "external_domain",
        "site_host",
        "webhook_host",
        "cors_origins",
        "cors_origin",
        "allowed_origins",
        "redirect_uri",
        "redirect_url",
        "callback_url",
        "return_url",
        "success_url",
        "cancel_url",
        "logout_url",
        "cname",
        "app_base_url",
        "site_base_url",
        "public_base_url",
        "host_url",
        "callback_uri",
        "sending_domain",
        "email_domain",
        "mail_domain",
        "main_domain",
        "primary_domain",
        "default_url_options",
        "web_app_url",
        "dashboard_url",
        "console_url",
        "server_domain",
        "own_url",
    };
    char joined[MOST_WORDS * LONGEST_WORD] = "";
    size_t length = 0;
    const size_t first = words->count > 4 ? words->count - 4 : 0;
    for (size_t i = first; i < words->count; i++)
        length += (size_t)snprintf(joined + length, sizeof joined - length, "_%s", words->words[i]);
    for (size_t i = 0; i < LENGTH(own); i++) {
        const size_t tail = strlen(own[i]);
        if (length > tail && strcmp(joined + length - tail, own[i]) == 0 && joined[length - tail - 1] == '_')
            return true;
    }
    return false;
}

enum purpose purpose_of_key(struct span key)
{
    struct words words;
    split_words(key, &words);
    if (has_any(&words, link_words, LENGTH(link_words)))
        return PURPOSE_NONE;
    if (is_own_key(&words))
        return PURPOSE_OWN;
    return has_any(&words, endpoint_words, LENGTH(endpoint_words)) ? PURPOSE_ENDPOINT : PURPOSE_UNKNOWN;
}

/* ---- addresses by their looks ------------------------------------------------------------------------------------ */

/* A literal that is an address, in parts; path begins with '/' or is empty. */
struct address {
    char host[HOST_BYTES];
    bool web; /* its scheme is http or https, or none at all */
    struct span path;
    bool fragment; /* "#section": addresses of APIs never have one */
};

static bool is_address_byte(unsigned char c)
{
    return c > ' ' && c < 0x7F && !strchr("\"<>`^|\\", c);
}

static bool is_one_word(struct span text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (!is_address_byte(text.data[i]))
            return false;
    return text.bytes > 0;
}

static bool split_address(struct span literal, struct address *out)
{
    bool scheme;
    if (!is_one_word(literal) || !host_of(literal, out->host, &scheme) || !scheme)
        return false;
    out->web = span_begins(literal, "http") || span_begins(literal, "//");
    struct span rest = span_from(literal, span_find(literal, "//") + 2);
    size_t host = 0;
    while (host < rest.bytes && !strchr("/?#", rest.data[host]))
        host++;
    rest = span_from(rest, host);
    const size_t hash = span_find(rest, "#");
    out->fragment = hash + 1 < rest.bytes && rest.data[hash + 1] != '/';
    out->path = span_part(rest, 0, hash);
    return true;
}

static bool host_begins(const char *host, const char *const *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(labels[i]);
        if (strncmp(host, labels[i], length) == 0 && host[length] == '.')
            return true;
    }
    return false;
}

static bool host_below(const char *host, const char *const *domains, size_t count)
{
    const size_t length = strlen(host);
    for (size_t i = 0; i < count; i++) {
        const size_t tail = strlen(domains[i]);
        if (length >= tail && strcmp(host + length - tail, domains[i]) == 0 &&
            (length == tail || host[length - tail - 1] == '.'))
            return true;
    }
    return false;
}

/* Hosts whose first label says that people read there. */
static const char *const reading_labels[] = {
    "docs",       "doc",     "documentation", "help",    "support", "blog",      "wiki",     "developer",
    "developers", "learn",   "community",     "forum",   "forums",  "status",    "en",       "news",
    "man",        "manual",  "guide",         "guides",  "discuss", "tutorials", "about",    "legal",
    "handbook",   "academy", "meta",          "bugs",    "issues",  "changelog", "trac",     "tools",
    "schema",     "schemas", "xmlns",         "console", "kb",      "knowledge", "feedback",
};

/* Domains of articles, standards, licences, people and code that one looks at. */
static const char *const reading_domains[] = {
    "w3.org",
    "schema.org",
    "json-schema.org",
    "xmlsoap.org",
    "purl.org",
    "ogp.me",
    "opensource.org",
    "creativecommons.org",
    "spdx.org",
    "ietf.org",
    "rfc-editor.org",
    "iana.org",
    "unicode.org",
    "wikipedia.org",
    "wikimedia.org",
    "stackoverflow.com",
    "stackexchange.com",
    "medium.com",
    "twitter.com",
    "x.com",
    "linkedin.com",
    "mozilla.org",
    "caniuse.com",
    "mdn.io",
    "gnu.org",
    "apache.org",
    "ecma-international.org",
    "dublincore.org",
    "openid.net",
    "goo.gl",
    "bit.ly",
    "aka.ms",
    "git.io",
    "t.co",
    "youtu.be",
    "t.me",
    "discord.gg",
    "instagram.com",
    "reddit.com",
    "news.ycombinator.com",
    "microformats.org",
    "xmlpull.org",
    "springframework.org",
    "jcp.org",
    "java.sun.com",
    "xml.org",
    "jsonapi.org",
    "whatwg.org",
    "tc39.es",
    "oasis-open.org",
    "openxmlformats.org",
    "sqlite.org",
    "php.net",
    "python.org",
    "ruby-lang.org",
    "golang.org",
    "go.dev",
    "rust-lang.org",
    "reactjs.org",
    "react.dev",
    "nextjs.org",
    "vuejs.org",
    "angular.io",
    "nodejs.org",
    "djangoproject.com",
    "rubyonrails.org",
    "hl7.org",
    "loinc.org",
    "snomed.info",
    "xmlns.com",
    "semver.org",
    "keepachangelog.com",
    "fsf.org",
    "owasp.org",
    "nist.gov",
    "mitre.org",
    "activitystrea.ms",
    "joinmastodon.org",
    "joinpeertube.org",
    "webfinger.net",
    "spec.matrix.org",
    "martinfowler.com",
    "cve.org",
    "omg.org",
    "opengis.net",
    "google.com",
    "facebook.com",
    "youtube.com",
    "apple.com",
    "microsoft.com",
    "amazon.com",
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "npmjs.com",
    "npmjs.org",
    "pypi.org",
    "crates.io",
    "packagist.org",
    "rubygems.org",
    "docs.rs",
    "pkg.go.dev",
    "readthedocs.io",
    "readthedocs.org",
    "github.io",
    "gitbook.io",
    "codepen.io",
    "jsfiddle.net",
    "notion.so",
    "loom.com",
    "figma.com",
    "dev.to",
    "hackernoon.com",
    "quora.com",
    "tiktok.com",
    "pinterest.com",
    "whatsapp.com",
    "wa.me",
    "telegram.org",
    "producthunt.com",
    "crunchbase.com",
};

/* Parts of paths of what people read. */
static const char *const reading_paths[] = {
    "/docs/",      "/doc/",     "/documentation", "/blog",     "/help/",     "/wiki",         "/guide",
    "/faq",        "/terms",    "/privacy",       "/legal",    "/license",   "/licence",      "/about",
    "/support/",   "/article",  "/issues/",       "/issues?",  "/pull/",     "/tutorial",     "/learn/",
    "/changelog",  "/pricing",  "/questions/",    "/blob/",    "/tree/",     "/commit/",      "/manual/",
    "/reference/", "/ns/",      "/xmlns/",        "/schema/",  "/schemas/",  "/spec/",        "/specs/",
    "/rfc",        "/signup",   "/sign-up",       "/sign_up",  "/contact",   "/apps/details", "/app/id",
    "/extension/", "/watch?v=", "/settings/",     "/features", "/community", "/discussions",
};

static const char *const reading_ends[] = { ".html", ".htm", ".md",  ".pdf",        ".dtd",
                                            ".xsd",  ".txt", ".rst", ".schema.json" };

/* The parts of those domains that programs talk to all the same. */
static const char *const talking_hosts[] = {
    "api.github.com",
    "raw.githubusercontent.com",
    "uploads.github.com",
    "objects.githubusercontent.com",
    "registry.npmjs.org",
    "graph.facebook.com",
    "connect.facebook.net",
    "accounts.google.com",
    "maps.google.com",
    "login.microsoft.com",
    "graph.microsoft.com",
    "api.twitter.com",
    "api.x.com",
    "platform.twitter.com",
    "appleid.apple.com",
    "api.linkedin.com",
    "api.telegram.org",
    "proxy.golang.org",
    "sum.golang.org",
    "files.pythonhosted.org",
    "index.crates.io",
    "static.crates.io",
    "itunes.apple.com",
    "buy.itunes.apple.com",
    "sandbox.itunes.apple.com",
    "repo.packagist.org",
    "push.apple.com",
    "api.push.apple.com",
    "platform.linkedin.com",
    "assets.pinterest.com",
    "api.notion.com",
    "oauth.reddit.com",
    "api.instagram.com",
    "graph.instagram.com",
    "api.figma.com",
    "calendar.google.com",
    "speech.microsoft.com",
    "api.search.brave.com",
    "repo.maven.apache.org",
    "codeload.github.com",
    "api.bitbucket.org",
    "translate.google.com",
    "caldav.icloud.com",
    "clients2.google.com",
    "sheets.google.com",
    "mail.google.com",
    "www.googleapis.com",
};

/* The same by path: log-in and downloads of GitHub, videos that are embedded. */
static const char *const talking_paths[] = {
    "/login/oauth",
    "/oauth",
    "/releases/download/",
    "/releases/latest/download/",
    "/embed/",
    "/recaptcha/",
    "/api/",
    "/archive/",
    "/iframe_api",
    "/maps/embed",
    "/maps/api",
    "/graphql",
    "/v1/",
    "/v2/",
    "/simple",
    "/js/",
    "/ccm/",
    "/pagead/",
    "/tr?",
    "/sharer",
    "/generate_204",
    ".git",
    "/s2/favicons",
    "/accounts/",
    "/api.js",
};

static const char *const talking_labels[] = {
    "api",     "cdn",      "static",   "assets",    "ws",       "wss",       "auth",      "oauth",   "login",
    "hooks",   "hook",     "gateway",  "s3",        "graphql",  "ingest",    "collector", "collect", "events",
    "event",   "track",    "tracking", "analytics", "js",       "sdk",       "rpc",       "mainnet", "smtp",
    "imap",    "mqtt",     "stun",     "turn",      "registry", "downloads", "download",  "files",   "storage",
    "push",    "relay",    "proxy",    "tiles",     "tile",     "geo",       "graph",     "rest",    "app-api",
    "webhook", "webhooks", "id",       "sso",       "accounts", "embed",     "player",    "fonts",   "font",
    "img",     "images",   "media",    "data",      "stats",    "metrics",   "logs",      "log",     "eu",
    "us",      "widget",   "client",   "plugin",    "plugins",  "packages",  "repo",      "apt",     "pkgs",
    "dl",      "mirror",   "mirrors",  "update",    "updates",  "get",       "telemetry", "feeds",   "oembed",
    "avatars", "api2",     "sandbox",
};

static const char *const talking_ends[] = { ".js",  ".css", ".json", ".woff2",  ".woff", ".mjs", ".png", ".svg",
                                            ".jpg", ".git", ".wasm", ".tar.gz", ".zip",  ".tgz", ".deb", ".sh" };

static bool path_has(struct span path, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_find(path, parts[i]) < path.bytes)
            return true;
    return false;
}

static bool path_ends(struct span path, const char *const *ends, size_t count)
{
    path.bytes = span_find(path, "?");
    for (size_t i = 0; i < count; i++)
        if (span_ends(path, ends[i]))
            return true;
    return false;
}

/* "/api/", "/v1", "/v2beta/", "/graphql", "/rpc", "/webhook", "/token" */
static bool path_of_api(struct span path)
{
    static const char *const parts[] = { "/api",    "/graphql", "/rpc",     "/webhook",      "/hooks/",    "/oauth",
                                         "/token",  "/rest/",   "/collect", "/track",        "/upload",    "/ingest",
                                         "/query?", "/search?", "/jwks",    "/.well-known/", "/services/", "/ws" };
    if (path_has(path, parts, LENGTH(parts)))
        return true;
    for (size_t i = 0; i + 2 < path.bytes; i++)
        if (path.data[i] == '/' && path.data[i + 1] == 'v' && isdigit(path.data[i + 2]))
            return true;
    return false;
}

/* A scope of OAuth is named like an address and is none. */
static bool is_scope(const struct address *address)
{
    return strcmp(address->host, "www.googleapis.com") == 0 && span_begins(address->path, "/auth/");
}

static bool is_talked_to(const struct address *address)
{
    return host_below(address->host, talking_hosts, LENGTH(talking_hosts)) ||
           path_has(address->path, talking_paths, LENGTH(talking_paths));
}

enum purpose purpose_of_address(struct span literal)
{
    struct address address;
    if (!split_address(literal, &address))
        return PURPOSE_NONE;
    if (!address.web)
        return PURPOSE_ENDPOINT; /* wss, postgres, amqps: nobody reads there */
    static const char *const manuals[] = {
        "/docs/", "/doc/", "/documentation", "/blog", "/wiki", "/terms", "/privacy"
    };
    if (address.fragment || is_scope(&address) || host_begins(address.host, reading_labels, LENGTH(reading_labels)) ||
        path_ends(address.path, reading_ends, LENGTH(reading_ends)) ||
        path_has(address.path, manuals, LENGTH(manuals)) ||
        (path_has(address.path, reading_paths, LENGTH(reading_paths)) && !path_of_api(address.path)))
        return PURPOSE_NONE;
    if (host_below(address.host, reading_domains, LENGTH(reading_domains)) && !is_talked_to(&address))
        return PURPOSE_NONE;
    const bool talks = host_begins(address.host, talking_labels, LENGTH(talking_labels)) ||
                       path_ends(address.path, talking_ends, LENGTH(talking_ends)) || path_of_api(address.path);
    return talks ? PURPOSE_ENDPOINT : PURPOSE_UNKNOWN;
}

bool looks_like_host(struct span text)
{
    char host[HOST_BYTES];
    bool scheme;
    if (!is_one_word(text) || memchr(text.data, '/', text.bytes) || memchr(text.data, '@', text.bytes) ||
        memchr(text.data, '_', text.bytes) || !host_of(text, host, &scheme) || scheme)
        return false;
    const char *dot = strrchr(host, '.');
    return dot && !isdigit((unsigned char)dot[1]) && host_public(host) && host_registrable(host);
}
