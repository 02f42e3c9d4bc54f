/* beam.c: Elixir's and Erlang's packages: mix.exs and mix.lock. Source: hexdocs.pm/mix/Mix.Tasks.Deps.html. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"
#include "audit/readers/tokens.h"

/* {:name, "~> 1.0"}, {:name, git: "https://..."}, {:name, github: "a/b"}, {:name, path: "../x"} in "defp deps do". */
static void read_mix(struct manifest *manifest)
{
    struct tokens tokens = { .text = manifest->source->text, .comment = "#" };
    struct token token;
    struct span option = { 0 };
    bool deps = false, tuple = false;
    while (next_token(&tokens, &token)) {
        if (token_is_word(&token, "def") || token_is_word(&token, "defp"))
            deps = tuple = false;
        deps |= token_is_word(&token, "deps");
        if (token_is_mark(&token, '{')) {
            tuple = true;
            option = (struct span){ 0 };
        }
        tuple &= !token_is_mark(&token, '}');
        if (token.type == TOKEN_WORD)
            option = token.text;
        if (!deps || !tuple || token.type != TOKEN_STRING)
            continue;
        const bool version = token.text.bytes > 0 && strchr("~><=0123456789", token.text.data[0]);
        if (span_is(option, "github"))
            declare(manifest->source, manifest->sink, SIGNAL_DOMAIN, span_text("github.com"), token.line);
        else if (span_is(option, "git"))
            mention_addresses(manifest->source, manifest->sink, token.text, token.line, EVIDENCE_DECLARED);
        else if (version)
            manifest_registry(manifest, token.line);
    }
}

/* "name": {:hex, :name, "1.0", ...}, "name": {:git, "https://...", ...} */
static void read_lock(struct manifest *manifest)
{
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        const size_t git = span_find(line, "{:git, \"");
        if (span_find(line, "{:hex, ") < line.bytes)
            manifest_registry(manifest, number);
        else if (git < line.bytes)
            tell_host_once(manifest, &told, span_from(line, git + strlen("{:git, \"")), number);
    }
}

static bool takes_beam(const struct source *source)
{
    return source_named(source, "mix.exs mix.lock");
}

static enum reading read_beam(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "hex" };
    if (source_named(source, "mix.lock"))
        read_lock(&manifest);
    else
        read_mix(&manifest);
    return READ_DONE;
}

const struct reader reader_beam = { "beam", takes_beam, read_beam };
