/* gems.c: Ruby's packages: Gemfile, Gemfile.lock, gemspecs; and CocoaPods' Podfile, which has the same form.
 * Source: bundler.io/man/gemfile.5.html, guides.cocoapods.org/syntax/podfile.html. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"
#include "audit/readers/tokens.h"

/* A statement while it is read: gem "x", "~> 1", git: "https://...". */
struct statement {
    struct span verb;   /* its first word: gem, source, pod */
    struct span option; /* the word before the next string: git, github, path */
    struct span name;   /* its first string */
    size_t line;
    bool elsewhere; /* a folder or a repository of code is named */
};

static void end_statement(struct manifest *manifest, const struct statement *statement)
{
    static const char verbs[] = "gem pod add_dependency add_runtime_dependency add_development_dependency";
    if (word_listed(verbs, statement->verb) && statement->name.bytes > 0 && !statement->elsewhere)
        manifest_package(manifest, statement->name, statement->line);
    else if (span_is(statement->verb, "gem") && statement->name.bytes > 0)
        declare_package(manifest->source, manifest->sink, manifest->signal, statement->name, statement->line);
}

static bool is_usual(struct span address)
{
    return span_find(address, "rubygems.org") < address.bytes || span_find(address, "cocoapods.org") < address.bytes ||
           span_find(address, "CocoaPods/Specs") < address.bytes;
}

/* source "https://rubygems.org": the registry itself, or another in its place. */
static void tell_source(struct manifest *manifest, const struct token *token)
{
    if (is_usual(token->text)) {
        manifest_registry(manifest, token->line);
        return;
    }
    mention_addresses(manifest->source, manifest->sink, token->text, token->line, EVIDENCE_DECLARED);
    if (!manifest->told)
        manifest->registry = NULL;
}

static void read_string(struct manifest *manifest, struct statement *statement, const struct token *token)
{
    const struct span option = statement->option;
    if (span_is(statement->verb, "source"))
        tell_source(manifest, token);
    else if (span_is(option, "github"))
        declare(manifest->source, manifest->sink, SIGNAL_DOMAIN, span_text("github.com"), token->line);
    else if (span_is(option, "git") || span_is(option, "source") || span_is(option, "podspec"))
        mention_addresses(manifest->source, manifest->sink, token->text, token->line, EVIDENCE_DECLARED);
    statement->elsewhere |= word_listed("github git path source podspec gist", option);
    if (statement->name.bytes == 0 && option.bytes == 0)
        statement->name = token->text;
    statement->option = (struct span){ 0 };
}

/* Statements end where a line begins with a word; options may go on in lines of their own ("git: ..."). */
static void read_program(struct manifest *manifest)
{
    static const char verbs[] = "gem pod source group platforms platform target end if unless else ruby gemspec "
                                "git_source path git eval_gemfile spec s gem_spec install_if";
    static const char calls[] = "add_dependency add_runtime_dependency add_development_dependency";
    struct tokens tokens = { .text = manifest->source->text, .comment = "#" };
    struct token token;
    struct statement statement = { 0 };
    while (next_token(&tokens, &token)) {
        if (token.type == TOKEN_STRING) {
            read_string(manifest, &statement, &token);
        } else if (token.type == TOKEN_WORD && token.begins_line && word_listed(verbs, token.text)) {
            end_statement(manifest, &statement);
            statement = (struct statement){ .verb = token.text, .line = token.line };
        } else if (token.type == TOKEN_WORD && word_listed(calls, token.text)) {
            statement.verb = token.text;
        } else if (token.type == TOKEN_WORD) {
            statement.option = token.text;
        }
    }
    end_statement(manifest, &statement);
}

/* GEM, GIT, PATH, each with "  remote: https://..." */
static void read_lock(struct manifest *manifest)
{
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        if (!span_begins(line, "  remote: "))
            continue;
        if (is_usual(line))
            manifest_registry(manifest, number);
        else
            tell_host_once(manifest, &told, span_from(line, strlen("  remote: ")), number);
    }
}

static bool takes_gems(const struct source *source)
{
    return source_named(source, "Gemfile Gemfile.lock gems.rb gems.locked Podfile") ||
           strcmp(source->extension, "gemspec") == 0;
}

static enum reading read_gems(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "gem", .signal = SIGNAL_GEM };
    if (source_named(source, "Podfile")) {
        manifest.registry = "cocoapods";
        manifest.signal = SIGNALS;
    }
    if (source_named(source, "Gemfile.lock gems.locked"))
        read_lock(&manifest);
    else
        read_program(&manifest);
    return READ_DONE;
}

const struct reader reader_gems = { "gems", takes_gems, read_gems };
