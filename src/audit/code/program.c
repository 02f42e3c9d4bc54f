/* program.c: see program.h. It goes through a program's tokens once and keeps only what stands around a text: the name
 * that it is given to (baseUrl = "..."), the calls that it is an argument of (fetch("...")), the tag that it is an
 * attribute of (<img src="...">). From that and from the address itself it judges whether the program talks to it:
 *   - what is logged, thrown or shown to people never counts, nor what looks like a link, a manual or a namespace;
 *   - what the register knows counts otherwise: its domains are those that software talks to;
 *   - what nobody knows counts only where its surroundings say that something is sent there or loaded from there.
 * Names of models count where their key says "model", or where the file uses an AI provider anyway. */
#include "audit/code/program.h"

#include <ctype.h>
#include <string.h>

#include "audit/code/imports.h"
#include "audit/hosts.h"
#include "audit/readers/policy.h"
#include "audit/readers/purpose.h"

enum { MOST_OPEN = 64, MOST_MODELS = 16, LONGEST_ADDRESS = 512, LONGEST_VARIABLE = 80, KEPT = 4, LOOKED_AHEAD = 24 };

/* A bracket that is open, and what it belongs to. */
struct bracket {
    unsigned char mark;
    struct span call, object; /* "fetch"; "logger" and "info" of logger.info( */
    struct span key;          /* that the text in it is given to */
    bool typed;               /* a type may stand between the key and its '=' */
    struct span first;        /* its first argument, if that was a text: env("API_URL", "https://...") */
};

struct model {
    struct span name;
    size_t line;
};

struct program {
    struct source *source;
    struct sink *sink;
    struct lexer lexer;
    struct token before[KEPT];      /* [0] is the last one */
    struct bracket open[MOST_OPEN]; /* [0] is the file itself */
    size_t depth, lost;             /* open brackets; those above MOST_OPEN */
    struct span statement;          /* the first name of the statement */
    struct span tag;                /* of JSX, while its attributes go on */
    struct token link;              /* href of a <link> whose rel is yet to come */
    struct model models[MOST_MODELS];
    size_t model_count;
    bool uses_ai;  /* it talks to an AI provider */
    bool settings; /* within a Python class whose members are variables of the environment */
    struct imports imports;
};

static bool is_mark(const struct token *token, char mark)
{
    return token->type == TOKEN_MARK && token->text.data[0] == (unsigned char)mark;
}

static bool is_name(const struct token *token, const char *name)
{
    return token->type == TOKEN_NAME && span_is(token->text, name);
}

static struct bracket *inner(struct program *program)
{
    return &program->open[program->depth];
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static const char *const speaking_words[] = {
    "log",        "logger",    "console",  "error",      "warn",     "warning",  "info",     "debug",     "print",
    "println",    "printf",    "puts",     "raise",      "throw",    "panic",    "fatal",    "exception", "assert",
    "expect",     "alert",     "toast",    "notify",     "echo",     "fail",     "abort",    "die",       "help",
    "describe",   "test",      "trace",    "should",     "eprintln", "usage",    "link",     "cite",      "deprecate",
    "deprecated", "translate", "i18n",     "gettext",    "fprintf",  "message",  "msg",      "flash",     "tooltip",
    "markdown",   "doc",       "desc",     "startswith", "equals",   "contains", "includes", "indexof",   "match",
    "equal",      "begins",    "prefix",   "regex",      "regexp",   "mock",     "stub",     "nock",      "anchor",
    "schema",     "xmlns",     "namespace"
};

static const char *const talking_words[] = {
    "fetch",     "get",         "post",    "put",           "request",    "axios",      "open",    "connect",
    "websocket", "eventsource", "http",    "https",         "uri",        "url",        "client",  "curl",
    "download",  "load",        "import",  "importscripts", "register",   "ajax",       "send",    "webhook",
    "require",   "script",      "style",   "stylesheet",    "iframe",     "parse",      "urlopen", "urlretrieve",
    "wget",      "got",         "ky",      "beacon",        "javascript", "newrequest", "dial",    "endpoint",
    "baseurl",   "path",        "getjson", "graphql",
};

static bool any_word(struct span name, const char *const *words, size_t count)
{
    for (size_t i = 0; name.bytes > 0 && i < count; i++)
        if (key_has_word(name, words[i]))
            return true;
    return false;
}

static bool speaks(struct span name)
{
    return any_word(name, speaking_words, LENGTH(speaking_words)) || span_is_nocase(name, "startsWith") ||
           span_is_nocase(name, "indexOf");
}

/* Whether the text is said to somebody: in a call of a log, an error, a comparison. */
static bool is_said(const struct program *program)
{
    for (size_t i = 0; i <= program->depth; i++)
        if (speaks(program->open[i].call) || speaks(program->open[i].object))
            return true;
    static const char *const words[] = { "raise",  "throw",  "puts",  "print",   "echo", "fail", "die",  "warn",
                                         "assert", "expect", "panic", "link_to", "p",    "say",  "abort" };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (span_is_nocase(program->statement, words[i]))
            return true;
    const struct token *last = &program->before[0], *other = &program->before[1];
    const struct span rest = span_trim(span_part(program->lexer.text, program->lexer.at, LOOKED_AHEAD));
    return (is_mark(last, '=') && (is_mark(other, '=') || is_mark(other, '!'))) || /* a == "...", "..." in a */
           span_begins(rest, "in ") || span_begins(rest, "not in ") || span_begins(rest, "==");
}

static bool is_talked(const struct program *program)
{
    const struct bracket *bracket = &program->open[program->depth];
    return any_word(bracket->call, talking_words, LENGTH(talking_words)) ||
           (program->depth == 0 && any_word(program->statement, talking_words, LENGTH(talking_words))) ||
           (bracket->mark == '[' && program->depth > 0 &&
            any_word(program->open[program->depth - 1].call, talking_words, LENGTH(talking_words)));
}

/* The name that a text is given to, from the innermost bracket that has one; in a list, the list's. */
static struct span key_of(const struct program *program)
{
    const struct bracket *bracket = &program->open[program->depth];
    if (bracket->key.bytes > 0)
        return bracket->key;
    if (bracket->first.bytes > 0)
        return bracket->first;
    const bool list = bracket->mark == '[' || (bracket->mark == '(' && bracket->call.bytes == 0);
    return list && program->depth > 0 ? program->open[program->depth - 1].key : (struct span){ 0 };
}

/* Keys whose value is talked to, whatever it looks like; "url" and "uri" alone are links as often. */
static bool is_strong_key(struct span key)
{
    static const char *const words[] = { "endpoint",  "endpoints", "api",      "host",   "hostname", "server",
                                         "webhook",   "base",      "baseurl",  "dsn",    "gateway",  "rpc",
                                         "ws",        "issuer",    "cdn",      "src",    "script",   "authority",
                                         "proxy",     "broker",    "upstream", "apiurl", "baseuri",  "tracker",
                                         "collector", "ingest",    "jwks",     "smtp" };
    return any_word(key, words, LENGTH(words));
}

static bool name_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '.' || c == '-' || c == '/';
}

/* The length of a hole that begins here: "${...}", "#{...}", "{...}", "<...>", "%s", "%(...)s"; 0 if none does. */
static size_t hole_length(struct span text)
{
    const size_t brace = text.data[0] == '{' || text.data[0] == '<'        ? 0
                         : strchr("$#%\\", text.data[0]) && text.bytes > 1 ? 1
                                                                           : text.bytes;
    if (brace >= text.bytes)
        return 0;
    const unsigned char open = text.data[brace];
    if (text.data[0] == '%' && strchr("sdv@", open))
        return 2;
    if (text.data[0] == '$' && (isalpha(open) || open == '_')) {
        size_t end = 1;
        while (end < text.bytes && name_byte(text.data[end]) && !strchr("./-", text.data[end]))
            end++;
        return end;
    }
    const char *close = open == '{' ? "}" : open == '(' ? ")" : open == '<' && brace == 0 ? ">" : NULL;
    const size_t end = close ? span_find(text, close) : text.bytes;
    return end == text.bytes ? 0 : end + 1 + (text.data[0] == '%' && end + 1 < text.bytes);
}

static const char hole_word[] = "hole-in-host";

bool address_fill(struct span literal, char *out, size_t room, struct span *filled)
{
    size_t length = 0;
    for (size_t at = 0; at < literal.bytes;) {
        const size_t hole = hole_length(span_from(literal, at));
        const bool slash = span_begins(span_from(literal, at), "\\/");
        const struct span piece = hole ? span_text(hole_word) : span_part(literal, at + slash, 1);
        if (length + piece.bytes >= room)
            return false;
        memcpy(out + length, piece.data, piece.bytes);
        length += piece.bytes;
        at += hole ? hole : 1u + slash;
    }
    out[length] = '\0';
    *filled = span_of(out, length);
    char host[HOST_BYTES];
    bool scheme;
    if (!host_of(*filled, host, &scheme))
        return false;
    const char *registrable = host_registrable(host);
    return registrable ? !strstr(registrable, hole_word) : host_is_address(host) || !strstr(host, hole_word);
}

/* A list of what may be talked to says nothing about what is. */
static bool is_allowed(struct span key)
{
    static const char *const words[] = { "allowed", "allow", "trusted", "cors", "permitted", "supported" };
    return any_word(key, words, LENGTH(words));
}

/* "url" alone, given to a host's front page: a project's home, and nothing that is talked to. */
static bool is_page(struct span key, enum purpose looks, struct span address)
{
    static const char *const words[] = { "url", "uri", "site", "link", "web", "page" };
    const size_t slash = span_find(span_from(address, span_find(address, "//") + 2), "/");
    const bool front = address.bytes <= span_find(address, "//") + 2 + slash + 1;
    for (size_t i = 0; looks == PURPOSE_UNKNOWN && front && i < LENGTH(words); i++)
        if (span_is_nocase(key, words[i]))
            return true;
    return false;
}

static void use_address(struct program *program, struct span address, size_t line)
{
    const struct span key = key_of(program);
    const enum purpose looks = purpose_of_address(address);
    const enum purpose called = key.bytes > 0 ? purpose_of_key(key) : PURPOSE_UNKNOWN;
    if (looks == PURPOSE_NONE || called == PURPOSE_NONE || is_said(program))
        return;
    if (is_page(key, looks, address) || is_allowed(key))
        return;
    const bool strong = is_strong_key(key);
    const bool talked = is_talked(program) || strong || (called == PURPOSE_ENDPOINT && looks == PURPOSE_ENDPOINT);
    const struct service *service = sign_service(program->sink, SIGNAL_DOMAIN, address);
    program->uses_ai |= service && strcmp(service->category->id, "ai") == 0;
    if (service || (called != PURPOSE_OWN && talked && (strong || looks == PURPOSE_ENDPOINT)))
        declare(program->source, program->sink, SIGNAL_DOMAIN, address, line);
}

/* images: { domains: ["res.cloudinary.com"] }, the hosts whose images Next.js loads.
 * Source: nextjs.org/docs/app/api-reference/components/image. */
static bool loads_images(const struct program *program)
{
    return span_is(key_of(program), "domains") && program->depth >= 2 &&
           span_is(program->open[program->depth - 2].key, "images");
}

/* "api.stripe.com": only where a key says that it is a host, or it can be nothing else. */
static void use_host(struct program *program, struct span host, size_t line)
{
    const struct span key = key_of(program);
    const enum purpose called = key.bytes > 0 ? purpose_of_key(key) : PURPOSE_UNKNOWN;
    if ((called == PURPOSE_ENDPOINT || loads_images(program)) && !is_said(program) &&
        sign_service(program->sink, SIGNAL_DOMAIN, host))
        declare(program->source, program->sink, SIGNAL_DOMAIN, host, line);
}

/* ---- variables and models ---------------------------------------------------------------------------------------- */

static bool is_variable(struct span name)
{
    bool letter = false;
    for (size_t i = 0; i < name.bytes; i++) {
        if (!isupper(name.data[i]) && !isdigit(name.data[i]) && name.data[i] != '_')
            return false;
        letter |= isupper(name.data[i]) != 0;
    }
    return letter && name.bytes >= 4 && name.bytes < LONGEST_VARIABLE;
}

static bool is_environment(struct span name)
{
    static const char *const words[] = { "env", "environ", "getenv", "environment", "secrets", "var", "lookupenv" };
    return any_word(name, words, LENGTH(words)) || span_is_nocase(name, "GlobalConfig");
}

static void tell_variable(struct program *program, struct span name, size_t line)
{
    char upper[LONGEST_VARIABLE];
    if (name.bytes >= sizeof upper)
        return;
    for (size_t i = 0; i < name.bytes; i++)
        upper[i] = (char)toupper(name.data[i]);
    upper[name.bytes] = '\0';
    declare(program->source, program->sink, SIGNAL_VARIABLE, span_text(variable_bare(upper)), line);
}

/* env("X"), os.environ["X"], ENV.fetch("X"), System.getenv("X") */
static void use_variable(struct program *program, struct span name, size_t line)
{
    const struct bracket *bracket = inner(program);
    if (is_variable(name) && (is_environment(bracket->call) || is_environment(bracket->object)))
        tell_variable(program, name, line);
}

/* process.env.X, import.meta.env.X, env.X */
static bool is_member(const struct program *program, const struct token *name)
{
    return is_mark(&program->before[0], '.') && program->before[1].type == TOKEN_NAME &&
           span_is_nocase(program->before[1].text, "env") && is_variable(name->text);
}

/* The value that follows "name:"; empty if none does. */
static struct span value_ahead(const struct program *program)
{
    const struct span rest = span_trim(span_part(program->lexer.text, program->lexer.at, LOOKED_AHEAD));
    return span_begins(rest, ":") ? span_trim(span_from(rest, 1)) : (struct span){ 0 };
}

/* createEnv({ server: { X: z.string() } }), or an object with such members: settings that are checked as the program
 * begins. Sources: env.t3.gg, github.com/af/envalid, zod.dev. */
static bool is_checked(const struct program *program, const struct token *name)
{
    const struct span value = value_ahead(program);
    const bool begins = name->first || is_mark(&program->before[0], '{') || is_mark(&program->before[0], ',');
    if (!begins || !(program->lexer.language->features & LEXER_JSX) || value.bytes == 0 || !is_variable(name->text))
        return false;
    for (size_t i = 0; i <= program->depth; i++)
        if (span_is(program->open[i].call, "createEnv") || span_is(program->open[i].call, "cleanEnv"))
            return true;
    return span_begins(value, "z.") || span_begins(value, "z\n") || span_begins(value, "Joi.") ||
           span_find(value, "(z.") < span_find(value, ",");
}

/* class Settings(BaseSettings): x: str; the variable is X. Source: docs.pydantic.dev, "Settings Management". */
static bool is_setting(const struct program *program, const struct token *name)
{
    return program->settings && program->depth == 0 && name->first && value_ahead(program).bytes > 0;
}

static void note_settings(struct program *program, const struct token *name)
{
    if (name->first && span_is(name->text, "class"))
        program->settings = false;
    else if (span_is(name->text, "BaseSettings") && inner(program)->mark == '(' && span_is(program->statement, "class"))
        program->settings = true;
}

static void use_variable_name(struct program *program, const struct token *name)
{
    note_settings(program, name);
    if (is_member(program, name) || is_checked(program, name) || is_setting(program, name))
        tell_variable(program, name->text, name->line);
}

static bool is_model_name(struct span text)
{
    bool sign = false;
    for (size_t i = 0; i < text.bytes; i++) {
        if (!name_byte(text.data[i]) && text.data[i] != ':' && text.data[i] != '@')
            return false;
        sign |= isdigit(text.data[i]) || text.data[i] == '-';
    }
    return sign && text.bytes >= 3 && text.bytes <= 64;
}

static void use_model(struct program *program, struct span text, size_t line)
{
    if (!is_model_name(text) || !sign_service(program->sink, SIGNAL_MODEL, text) || is_said(program))
        return;
    const struct span key = key_of(program);
    if (key_has_word(key, "model") || key_has_word(key, "models"))
        declare(program->source, program->sink, SIGNAL_MODEL, text, line);
    else if (program->model_count < MOST_MODELS)
        program->models[program->model_count++] = (struct model){ text, line };
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* An attribute of a tag: <a href> links; <link href> depends on its rel; all others load. True if it was one. */
static bool is_link_attribute(struct program *program, const struct token *text)
{
    const struct span key = inner(program)->key;
    if (!span_is(program->tag, "link") || !is_mark(&program->before[0], '='))
        return false;
    if (span_is(key, "href"))
        program->link = *text;
    static const char *const loading[] = { "stylesheet",    "preconnect",    "dns-prefetch",
                                           "preload",       "icon",          "prefetch",
                                           "modulepreload", "shortcut icon", "apple-touch-icon",
                                           "manifest" };
    for (size_t i = 0; span_is(key, "rel") && i < LENGTH(loading); i++)
        if (span_is(text->text, loading[i]))
            program->statement = span_text("load");
    return true;
}

/* At the end of a tag: what its <link> loads. */
static void end_tag(struct program *program)
{
    char room[LONGEST_ADDRESS];
    struct span address;
    if (program->link.text.bytes > 0 && span_is(program->statement, "load") &&
        address_fill(program->link.text, room, sizeof room, &address))
        declare(program->source, program->sink, SIGNAL_DOMAIN, address, program->link.line);
    program->link.text.bytes = 0;
    program->tag.bytes = 0;
}

/* "*.algolia.net" of a policy as "algolia.net". */
static struct span without_star(struct span host)
{
    return span_begins(host, "*.") ? span_from(host, 2) : host;
}

/* A text of several lines or words may be a page or a script in which addresses stand; those are not looked for: what
 * a program only writes down (a template, a message) is somebody else's to read. */
static void use_text(struct program *program, const struct token *token)
{
    char room[LONGEST_ADDRESS];
    struct span address, text = span_trim(token->text);
    if (text.bytes == 0 || program->source->test ||
        mention_policy(program->source, program->sink, text, token->line, EVIDENCE_DECLARED))
        return;
    if (text.bytes >= LONGEST_ADDRESS || is_link_attribute(program, token))
        return;
    use_variable(program, text, token->line);
    if (span_is(inner(program)->call, "WithImage") && is_mark(&program->before[0], '('))
        declare_image(program->source, program->sink, text, token->line); /* containers of .NET Aspire */
    else if (span_find(text, "://") < text.bytes || span_begins(text, "//") ||
             span_find(text, ":\\/\\/") < text.bytes) {
        if (address_fill(text, room, sizeof room, &address))
            use_address(program, address, token->line);
    } else if (looks_like_host(without_star(text))) {
        use_host(program, without_star(text), token->line);
    } else {
        use_model(program, text, token->line);
    }
}

/* ---- around the texts -------------------------------------------------------------------------------------------- */

static void open_bracket(struct program *program, unsigned char mark)
{
    struct bracket bracket = { .mark = mark };
    const struct token *last = &program->before[0];
    if (mark != '{' && last->type == TOKEN_NAME) {
        bracket.call = last->text;
        if (is_mark(&program->before[1], '.') && program->before[2].type == TOKEN_NAME)
            bracket.object = program->before[2].text;
    }
    if (program->depth + 1 < MOST_OPEN)
        program->open[++program->depth] = bracket;
    else
        program->lost++;
}

static void close_bracket(struct program *program)
{
    if (program->lost > 0)
        program->lost--;
    else if (program->depth > 0)
        program->depth--;
}

/* "key:", "key =", "key =>", "key :=". A type between keeps the first: "const url: string = ". */
static void note_key(struct program *program, unsigned char mark)
{
    const struct token *last = &program->before[0];
    struct bracket *bracket = inner(program);
    if (last->type != TOKEN_NAME && last->type != TOKEN_TEXT)
        return;
    const bool type = mark == '=' && bracket->key.bytes > 0 && bracket->typed && last->type == TOKEN_NAME;
    if (!type)
        bracket->key = last->text;
    bracket->typed = mark == ':';
}

static void end_statement(struct program *program)
{
    inner(program)->key.bytes = 0;
    inner(program)->first.bytes = 0;
    program->statement.bytes = 0;
}

static void use_mark(struct program *program, const struct token *token)
{
    const unsigned char mark = token->text.data[0];
    const struct token *last = &program->before[0];
    if (mark == '(' || mark == '[' || mark == '{')
        open_bracket(program, mark);
    else if (mark == ')' || mark == ']' || mark == '}')
        close_bracket(program);
    else if (mark == '=' || mark == ':')
        note_key(program, mark);
    else if (mark == ';')
        end_statement(program);
    else if (mark == ',') {
        inner(program)->key.bytes = 0;
        if (last->type == TOKEN_TEXT && is_variable(last->text))
            inner(program)->first = last->text;
    } else if (mark == '>' && program->tag.bytes > 0 && !is_mark(last, '='))
        end_tag(program);
}

/* Whether a line goes on with what the one above began. */
static bool continues(const struct program *program, const struct token *token)
{
    const struct token *last = &program->before[0];
    return (last->type == TOKEN_MARK && strchr("=:+.,|&?\\<", last->text.data[0])) ||
           (token->type == TOKEN_MARK && strchr(".|&?+", token->text.data[0]));
}

static void begin_line(struct program *program, const struct token *token)
{
    if (program->tag.bytes > 0 || continues(program, token))
        return;
    inner(program)->key.bytes = 0;
    if (program->depth == 0)
        program->open[0].first.bytes = 0;
    if (inner(program)->mark != '(')
        program->statement = token->type == TOKEN_NAME ? token->text : (struct span){ 0 };
}

static void use_name(struct program *program, const struct token *token)
{
    const struct token *last = &program->before[0], *other = &program->before[1];
    const bool jsx = (program->lexer.language->features & LEXER_JSX) && is_mark(last, '<') && token->glued;
    if (jsx && !(other->type == TOKEN_NAME && last->glued)) {
        program->tag = token->text;
        program->statement.bytes = 0;
    }
    if (strcmp(program->lexer.language->name, "clojure") == 0 && (is_mark(last, '(') || is_mark(last, '/'))) {
        inner(program)->object = inner(program)->call; /* (http/get "...") */
        inner(program)->call = token->text;
    }
    if (!program->source->test)
        use_variable_name(program, token);
    if (is_mark(last, '.') && span_ends(token->text, "_src")) /* policy.img_src :self, "host", of Rails */
        inner(program)->first = token->text;
    if (is_name(other, "define") || (is_mark(other, '@') && last->type == TOKEN_NAME))
        inner(program)->key = last->text;
}

static void use_token(struct program *program, const struct token *token)
{
    if (token->first)
        begin_line(program, token);
    imports_token(&program->imports, token);
    if (token->type == TOKEN_TEXT) {
        const bool defined = is_name(&program->before[1], "define") || is_mark(&program->before[1], '@');
        if (defined && program->before[0].type == TOKEN_NAME)
            inner(program)->key = program->before[0].text; /* #define API_URL "...", @api_url "..." */
        use_text(program, token);
    } else if (token->type == TOKEN_NAME) {
        use_name(program, token);
    } else {
        use_mark(program, token);
    }
    memmove(program->before + 1, program->before, (KEPT - 1) * sizeof *program->before);
    program->before[0] = *token;
}

static void tell_models(struct program *program)
{
    for (size_t i = 0; (program->imports.ai || program->uses_ai) && i < program->model_count; i++)
        declare(program->source, program->sink, SIGNAL_MODEL, program->models[i].name, program->models[i].line);
}

void program_read(struct source *source, struct sink *sink, const struct language *language, struct span text,
                  size_t line)
{
    struct program program = { .source = source, .sink = sink };
    imports_open(&program.imports, source, sink, language);
    code_open(&program.lexer, language, text, line);
    for (struct token token; (token = code_next(&program.lexer)).type != TOKEN_END;)
        use_token(&program, &token);
    imports_end(&program.imports);
    tell_models(&program);
}
