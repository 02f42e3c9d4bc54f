/* settings.c: one setting NAME = value, whatever file it stands in. Three things may tell: the name (SENTRY_DSN is of
 * use with one provider alone), the hosts in the value, and the word that chooses a driver (FILESYSTEM_DISK=s3).
 *
 * The value has more to say than the name. A host in it that is somebody else's, one's own or in the private network
 * makes the name of no account: OPENAI_BASE_URL=http://localhost:11434 is no OpenAI. The same holds for the other
 * names of such a family in the same file: where S3_ENDPOINT leads to a MinIO, AWS_ACCESS_KEY_ID is MinIO's.
 * Placeholders and empty values lead nowhere: the name counts, since the program is made for that provider. */
#include <ctype.h>
#include <string.h>

#include "audit/hosts.h"
#include "audit/readers/policy.h"
#include "audit/readers/purpose.h"
#include "audit/reader.h"

enum { LONGEST_NAME = 160, LONGEST_WORD = 80, LONGEST_LINE = 1024 };

/* ---- families: protocols that others speak too ------------------------------------------------------------------- */

/* Names that go where the endpoint beside them leads. */
struct family {
    const char *const *names;     /* beginnings of the names, upper case */
    const char *const *endpoints; /* parts of the names of endpoints, upper case */
    const char *home;             /* the host of the one who invented it */
};

static const char *const s3_names[] = { "AWS_ACCESS", "AWS_SECRET",  "AWS_REGION",   "AWS_DEFAULT", "AWS_BUCKET",
                                        "AWS_S3",     "AWS_STORAGE", "AWS_ENDPOINT", "AWS_URL",     "AWS_USE_PATH",
                                        "AWS_UPLOAD", "S3_",         "AWS_KEY",      "AWS_ID",      NULL };
static const char *const s3_endpoints[] = {
    "S3_ENDPOINT", "AWS_ENDPOINT",     "ENDPOINT_URL_S3", "S3_HOSTNAME", "S3_HOST", "S3_URL", "S3_SERVER",
    "S3_API_URL",  "STORAGE_ENDPOINT", "S3_BASE_URL",     "ENDPOINTURL", "S3URL",   NULL
};
static const char *const openai_names[] = { "OPENAI_", NULL };
static const char *const openai_endpoints[] = { "OPENAI_API_BASE",
                                                "OPENAI_BASE_URL",
                                                "OPENAI_API_HOST",
                                                "OPENAI_ENDPOINT",
                                                "OPENAI_API_URL",
                                                "OPENAI_API_ENDPOINT",
                                                NULL };
static const char *const sentry_names[] = { "SENTRY_", NULL };
static const char *const sentry_endpoints[] = { "SENTRY_DSN", "SENTRY_URL", "SENTRY_HOST", NULL };

static const struct family families[] = {
    { s3_names, s3_endpoints, "amazonaws.com" },
    { openai_names, openai_endpoints, "openai.com" },
    { sentry_names, sentry_endpoints, "sentry.io" },
};

enum { FAMILIES_KNOWN = 1u << 31 }; /* in source->elsewhere: they were looked for; bit i: family i leads elsewhere */

static bool begins_with_any(const char *name, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

static bool has_any_part(const char *name, const char *const *parts)
{
    for (; *parts; parts++)
        if (strstr(name, *parts))
            return true;
    return false;
}

/* "s3.endpoint" and "s3-endpoint" to "S3_ENDPOINT". */
static const char *upper_name(struct span key, char out[LONGEST_NAME])
{
    key = key.bytes >= LONGEST_NAME ? span_from(key, key.bytes - LONGEST_NAME + 1) : key;
    for (size_t i = 0; i < key.bytes; i++)
        out[i] = isalnum(key.data[i]) ? (char)toupper(key.data[i]) : '_';
    out[key.bytes] = '\0';
    return out;
}

/* Without the quotes around it. */
static struct span bare(struct span value)
{
    value = span_trim(value);
    const bool quoted = value.bytes >= 2 && strchr("\"'`", value.data[0]) &&
                        value.data[value.bytes - 1] == value.data[0];
    return quoted ? span_part(value, 1, value.bytes - 2) : value;
}

/* What a value says about where it leads. */
enum direction { LEADS_NOWHERE, LEADS_TO_HOST, LEADS_INSIDE };

static enum direction direction_of(struct span value, char host[HOST_BYTES])
{
    bool scheme;
    if (!host_of(value, host, &scheme))
        return LEADS_NOWHERE;
    if (host_is_address(host) || strcmp(host, "localhost") == 0)
        return scheme || strchr(host, '.') || *host == 'l' ? LEADS_INSIDE : LEADS_NOWHERE;
    if (!scheme && !looks_like_host(value))
        return LEADS_NOWHERE;
    if (strchr(host, '.') && host_placeholder(host))
        return LEADS_NOWHERE;
    if (host_public(host))
        return LEADS_TO_HOST;
    return scheme && !strstr(host, "example") ? LEADS_INSIDE : LEADS_NOWHERE;
}

static bool is_below(const char *host, const char *domain)
{
    const size_t length = strlen(host), tail = strlen(domain);
    return length >= tail && strcmp(host + length - tail, domain) == 0 &&
           (length == tail || host[length - tail - 1] == '.');
}

/* Notes the families whose endpoint stands in this line and leads to somebody else. */
static void look_for_endpoint(struct source *source, struct span line)
{
    char name[LONGEST_NAME], host[HOST_BYTES];
    line = span_trim(line);
    if (line.bytes > LONGEST_LINE || line.bytes == 0 || strchr("#;/", line.data[0]))
        return;
    size_t cut = 0;
    while (cut < line.bytes && line.data[cut] != '=' && line.data[cut] != ':')
        cut++;
    const struct span value = bare(span_from(line, cut + 1));
    upper_name(bare(span_part(line, 0, cut)), name);
    for (unsigned i = 0; i < LENGTH(families); i++)
        if (has_any_part(name, families[i].endpoints) && direction_of(value, host) != LEADS_NOWHERE &&
            !is_below(host, families[i].home))
            source->elsewhere |= 1u << i;
}

/* Whether the setting of that name goes where another setting of this file leads. */
static bool leads_elsewhere(struct source *source, const char *name)
{
    if (!(source->elsewhere & FAMILIES_KNOWN)) {
        source->elsewhere = FAMILIES_KNOWN;
        struct span line;
        for (size_t at = 0; next_line(source->text, &at, &line);)
            look_for_endpoint(source, line);
    }
    for (unsigned i = 0; i < LENGTH(families); i++)
        if ((source->elsewhere >> i & 1) && begins_with_any(name, families[i].names))
            return true;
    return false;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* SENTRY_ENABLED=false */
static bool is_switched_off(struct span value)
{
    static const char *const words[] = { "false", "no", "off", "0", "disabled", "none", "disable", "never" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (span_is_nocase(value, words[i]))
            return true;
    return false;
}

/* "SHOP_STRIPE_SECRET_KEY": what a project puts before the names of others. Only where the name ends as credentials do:
 * else "BACKUP_DAILY_HOUR" would be of whoever is called Daily. Moves *name behind the prefix if that gives one. */
static const struct service *behind_own_prefix(const struct sink *sink, const char **name)
{
    static const char *const endings[] = { "_API_KEY",        "_SECRET_KEY", "_ACCESS_TOKEN", "_CLIENT_SECRET",
                                           "_WEBHOOK_SECRET", "_ACCESS_KEY", "_AUTH_TOKEN",   "_API_TOKEN",
                                           "_LICENSE_KEY",    "_DSN",        "_ACCOUNT_SID",  "_API_SECRET",
                                           "_CLIENT_ID",      "_SITE_KEY" };
    bool credential = false;
    for (size_t i = 0; i < LENGTH(endings) && !credential; i++)
        credential = span_ends(span_text(*name), endings[i]);
    for (const char *rest = strchr(*name, '_'); credential && rest; rest = strchr(rest, '_')) {
        const struct service *service = sign_service(sink, SIGNAL_VARIABLE, span_text(++rest));
        if (service) {
            *name = rest;
            return service;
        }
    }
    return NULL;
}

/* The service that the variable is of; the name's last part counts too ("env.SENTRY_DSN"). */
static const struct service *name_service(const struct sink *sink, struct span key, char name[LONGEST_NAME])
{
    const char *bare_name = variable_bare(upper_name(key, name));
    const struct service *service = sign_service(sink, SIGNAL_VARIABLE, span_text(bare_name));
    size_t last = key.bytes;
    while (last > 0 && key.data[last - 1] != '.')
        last--;
    if (!service && last > 0) {
        bare_name = variable_bare(upper_name(span_from(key, last), name));
        service = sign_service(sink, SIGNAL_VARIABLE, span_text(bare_name));
    }
    if (!service)
        service = behind_own_prefix(sink, &bare_name);
    memmove(name, bare_name, strlen(bare_name) + 1);
    return service;
}

static void mention_name(struct source *source, struct sink *sink, struct span key, struct span value, size_t line)
{
    char name[LONGEST_NAME], host[HOST_BYTES];
    const struct service *service = name_service(sink, key, name);
    if (!service || is_switched_off(value) || leads_elsewhere(source, name))
        return;
    const enum direction direction = direction_of(value, host);
    const struct service *there = direction == LEADS_TO_HOST ? sign_service(sink, SIGNAL_DOMAIN, span_text(host))
                                                             : NULL;
    const bool own = direction == LEADS_TO_HOST && !there && purpose_of_key(key) == PURPOSE_OWN; /* AUTH0_DOMAIN */
    if (direction == LEADS_NOWHERE || there == service || own)
        configure(source, sink, SIGNAL_VARIABLE, span_text(name), line);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Keys that choose a driver by a word, with the place in which the word means something. */
struct driver {
    const char *key; /* how the name ends */
    const char *place;
};

static const struct driver drivers[] = {
    { "FILESYSTEM_DISK", "storage" },  { "FILESYSTEM_DRIVER", "storage" },
    { "FILESYSTEM_CLOUD", "storage" }, { "STORAGE_DRIVER", "storage" },
    { "STORAGE_TYPE", "storage" },     { "STORAGE_PROVIDER", "storage" },
    { "STORAGE_BACKEND", "storage" },  { "STORAGE_SERVICE", "storage" },
    { "FILE_STORAGE", "storage" },     { "UPLOAD_STORAGE", "storage" },
    { "STORAGE", "storage" },          { "MAIL_MAILER", "mailer" },
    { "MAIL_DRIVER", "mailer" },       { "MAIL_SERVICE", "mailer" },
    { "EMAIL_PROVIDER", "mailer" },    { "EMAIL_SERVICE", "mailer" },
    { "EMAIL_TRANSPORT", "mailer" },   { "MAIL_TRANSPORT", "mailer" },
    { "MAIL_PROVIDER", "mailer" },     { "MAILER", "mailer" },
    { "EMAIL_BACKEND", "mailer" },     { "SMTP_SERVICE", "mailer" },
    { "MAILER_DSN", "mailer" },
};

/* "sendgrid+api://KEY@default", "anymail.backends.sendgrid.EmailBackend", "SendGrid": the word in lower case. */
static struct span driver_word(struct span value, char out[LONGEST_WORD])
{
    if (span_begins(value, "anymail.backends."))
        value = span_from(value, strlen("anymail.backends."));
    size_t length = 0;
    for (; length < value.bytes && length < LONGEST_WORD - 1 &&
           (isalnum(value.data[length]) || value.data[length] == '-');
         length++)
        out[length] = (char)tolower(value.data[length]);
    out[length] = '\0';
    return span_of(out, length);
}

static void mention_driver(struct source *source, struct sink *sink, const char *name, struct span value, size_t line)
{
    char word[LONGEST_WORD], sign[LONGEST_WORD + 16];
    const size_t length = strlen(name);
    for (size_t i = 0; i < LENGTH(drivers); i++) {
        const size_t tail = strlen(drivers[i].key);
        const bool ends = length >= tail && strcmp(name + length - tail, drivers[i].key) == 0 &&
                          (length == tail || name[length - tail - 1] == '_');
        if (!ends)
            continue;
        const struct span chosen = driver_word(value, word);
        const bool others = strcmp(drivers[i].place, "storage") == 0 && leads_elsewhere(source, "S3_");
        if (chosen.bytes > 0 && !others) {
            snprintf(sign, sizeof sign, "%s:%s", drivers[i].place, word);
            configure(source, sink, SIGNAL_NAME, span_text(sign), line);
        }
        return;
    }
}

/* "gpt-4o", or several with commas between them. */
static void mention_models(struct source *source, struct sink *sink, struct span key, struct span value, size_t line)
{
    if (!key_has_word(key, "model") && !key_has_word(key, "models") && !key_has_word(key, "llm"))
        return;
    while (value.bytes > 0) {
        const size_t comma = span_find(value, ",");
        const struct span model = bare(span_part(value, 0, comma));
        if (model.bytes > 0 && model.bytes < LONGEST_WORD)
            configure(source, sink, SIGNAL_MODEL, model, line);
        value = span_from(value, comma + 1);
    }
}

/* One host or address. Where the program itself is reached, a known host still says who runs it: x.herokuapp.com. */
static void mention_place(struct source *source, struct sink *sink, enum purpose purpose, struct span value,
                          size_t line)
{
    const bool address = span_find(value, "://") < value.bytes;
    const enum purpose seems = address ? purpose_of_address(value) : PURPOSE_UNKNOWN;
    const struct service *service = address || looks_like_host(value) ? sign_service(sink, SIGNAL_DOMAIN, value) : NULL;
    if (purpose == PURPOSE_OWN && !service)
        own_domain(sink, value);
    const bool counts = service || (purpose != PURPOSE_OWN && address && seems == PURPOSE_ENDPOINT) ||
                        (purpose == PURPOSE_ENDPOINT && (address || looks_like_host(value)));
    if (counts && !(address && seems == PURPOSE_NONE && !service))
        configure(source, sink, SIGNAL_DOMAIN, value, line);
}

static bool separates(unsigned char c)
{
    return isspace(c) || c == ',' || c == ';' || c == '|' || c == '"' || c == '\'' || c == '[' || c == ']';
}

/* Prose that mentions an address is no setting: a value is one place or a list of places. */
static void mention_places(struct source *source, struct sink *sink, enum purpose purpose, struct span value,
                           size_t line)
{
    size_t words = 0, places = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t at = 0; at < value.bytes;) {
            size_t end = at;
            while (end < value.bytes && !separates(value.data[end]))
                end++;
            const struct span word = span_part(value, at, end - at);
            const bool place = span_find(word, "://") < word.bytes || looks_like_host(word);
            words += pass == 0 && word.bytes > 0;
            places += pass == 0 && place;
            if (pass == 1 && place)
                mention_place(source, sink, purpose, word, line);
            at = end + 1;
        }
        if (places == 0 || places * 2 < words)
            return;
    }
}

/* s3://bucket and the like name a store, not a host. */
static bool names_storage(struct span value)
{
    return span_begins(value, "s3://") || span_begins(value, "gs://") || span_begins(value, "s3a://") ||
           span_begins(value, "azblob://") || span_begins(value, "wasbs://") || span_begins(value, "abfss://");
}

void mention_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line)
{
    char name[LONGEST_NAME];
    value = bare(value);
    mention_name(source, sink, key, value, line);
    if (value.bytes == 0 || mention_policy(source, sink, value, line, EVIDENCE_CONFIGURED))
        return;
    mention_driver(source, sink, upper_name(key, name), value, line);
    mention_models(source, sink, key, value, line);
    const enum purpose purpose = purpose_of_key(key);
    if (names_storage(value) && !leads_elsewhere(source, "S3_"))
        mention_addresses(source, sink, value, line, EVIDENCE_CONFIGURED);
    else if (purpose != PURPOSE_NONE)
        mention_places(source, sink, purpose, value, line);
}
