/* code.c: any bytes as a program, a page, a style sheet or settings, or, from 128 on, as a manifest, a zone, an export
 * or infrastructure; the first byte says of which kind. Readers come to an end, and what they tell lies in the file. */
#include "audit/readers/readers.h"
#include "audit/sink.h"
#include "audit/source.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char *const names[] = {
    "a.js",         "a.py",         "a.rb",          "a.php",         "a.rs",    "a.cs",   "a.cpp",
    "a.go",         "a.lua",        "a.ex",          "a.pl",          "a.clj",   "a.ps1",  "a.fs",
    "a.tsx",        "a.java",       "a.html",        "a.html.erb",    "a.slim",  "a.haml", "a.pug",
    "a.scss",       "a.vue",        "a.ejs",         "a.astro",       "a.hbs",   ".env",   "a.ini",
    "a.properties", "config/a.yml", "config/a.json", "config/a.toml", "a.swift", "a.kt",
};

static const char *const others[] = {
    "a.zone",
    "a.mbox",
    "a.csv",
    "bookmarks.html",
    "Bookmarks",
    "Dockerfile",
    "compose.yaml",
    "main.tf",
    "package.json",
    "yarn.lock",
    ".npmrc",
    "go.mod",
    "Cargo.toml",
    "requirements.txt",
    "pyproject.toml",
    "setup.py",
    "pom.xml",
    "build.gradle",
    "Gemfile",
    "composer.json",
    "a.csproj",
    "mix.exs",
    "pubspec.yaml",
    "nginx.conf",
    "Caddyfile",
    "playbook.yml",
    "values.yaml",
    "Chart.yaml",
    ".gitlab-ci.yml",
    ".travis.yml",
    "Makefile",
    "Jenkinsfile",
    "app.json",
    "template.yaml",
    "alertmanager.yml",
    ".github/workflows/a.yml",
    ".gitmodules",
    ".pre-commit-config.yaml",
    "netlify.toml",
    "renovate.json",
};

static const char *name_of(uint8_t kind)
{
    return kind < 128 ? names[kind % LENGTH(names)] : others[(kind - 128u) % LENGTH(others)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct providers *providers; /* opened once: reading the register takes longer than reading an input */
    struct error error;
    if (bytes == 0 || (!providers && !providers_open(NULL, &providers, &error)))
        return 0;
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct sink sink = { .providers = providers };
    struct source source = { .arena = &arena, .trees = &trees, .text = span_of(data + 1, bytes - 1) };
    source_name(&source, name_of(data[0]));
    readers_read(&source, &sink);
    size_t lines = 1;
    for (size_t i = 0; i < source.text.bytes; i++)
        lines += source.text.data[i] == '\n';
    for (size_t i = 0; i < sink.finding_count; i++)
        if (sink.findings[i].line == 0 || sink.findings[i].line > lines)
            abort();
    sink_free(&sink);
    arena_free(&arena);
    return 0;
}
