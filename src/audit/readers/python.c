/* python.c: Python's packages: requirements, pyproject.toml (PEP 621, Poetry, PDM, Hatch, uv), Pipfile, setup.py and
 * setup.cfg, conda's environments, and the lockfiles of pip, Poetry, Pipenv, PDM and uv. Source: packaging.python.org,
 * pip.pypa.io/en/stable/reference/requirements-file-format, python-poetry.org/docs, docs.astral.sh/uv. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"

/* ---- requirements ----------------------------------------------------------------------------------------------- */

/* "name>=1; marker", "name @ https://host/x.whl", "git+https://host/x": as PEP 508 and pip have them. */
static void tell_requirement(struct manifest *manifest, struct span text, size_t line)
{
    text = span_trim(text);
    if (text.bytes == 0 || strchr("./~$%{<", text.data[0]) || span_begins(text, "file:"))
        return;
    if (span_find(text, "://") < text.bytes) {
        mention_addresses(manifest->source, manifest->sink, span_part(text, 0, span_find(text, " ;")), line,
                          EVIDENCE_DECLARED);
        if (isalnum(text.data[0]) && span_find(text, "@") < span_find(text, "://"))
            declare_package(manifest->source, manifest->sink, SIGNAL_PYPI, span_part(text, 0, span_find(text, "@")),
                            line);
        return;
    }
    manifest_package(manifest, text, line);
}

static bool names_index(struct span line)
{
    return span_begins(line, "-i ") || span_begins(line, "--index-url") || span_begins(line, "--extra-index-url") ||
           span_begins(line, "-f ") || span_begins(line, "--find-links");
}

/* A line of requirements.txt without its comment. */
static struct span uncommented(struct span line)
{
    line = span_trim(line);
    if (span_begins(line, "#"))
        return span_part(line, 0, 0);
    return span_trim(span_part(line, 0, size_min(span_find(line, " #"), span_find(line, "\t#"))));
}

/* An index instead of PyPI, which then is none of it. */
static bool has_other_index(struct span text)
{
    struct span line;
    for (size_t at = 0; next_line(text, &at, &line);) {
        line = uncommented(line);
        const bool main = span_begins(line, "-i ") || span_begins(line, "--index-url");
        if (main && span_find(line, "pypi.org") == line.bytes && span_find(line, "pypi.python.org") == line.bytes)
            return true;
    }
    return false;
}

static void read_requirements(struct manifest *manifest)
{
    struct span line;
    size_t number = 1;
    bool goes_on = false;
    if (has_other_index(manifest->source->text))
        manifest->registry = NULL;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        line = uncommented(line);
        const bool begins = !goes_on;
        goes_on = span_ends(line, "\\");
        line = span_trim(span_part(line, 0, line.bytes - goes_on));
        if (names_index(line))
            mention_addresses(manifest->source, manifest->sink, line, number, EVIDENCE_DECLARED);
        else if (span_begins(line, "-e ") || span_begins(line, "--editable "))
            tell_requirement(manifest, span_from(line, span_find(line, " ")), number);
        else if (begins && !span_begins(line, "-"))
            tell_requirement(manifest, span_part(line, 0, span_find(line, " --")), number);
    }
}

/* ---- trees ------------------------------------------------------------------------------------------------------ */

static void tell_list(struct manifest *manifest, const struct node *list)
{
    for (const struct node *one = list && list->type == NODE_LIST ? list->first : NULL; one; one = one->next)
        if (one->type == NODE_TEXT)
            tell_requirement(manifest, one->text, one->line);
}

/* Lists of requirements by the names of groups. */
static void tell_groups(struct manifest *manifest, const struct node *groups)
{
    for (const struct node *group = groups ? groups->first : NULL; group; group = group->next)
        tell_list(manifest, group);
}

/* name = "^1", name = { git = "https://...", version = "1" }: Poetry and Pipenv. */
static void tell_table_entry(struct manifest *manifest, const struct node *entry)
{
    static const char *const addresses[] = { "git", "url", "hg", "svn", "file" };
    if (key_is(entry, "python"))
        return;
    if (node_get(entry, "path"))
        return;
    for (size_t i = 0; i < LENGTH(addresses); i++) {
        const struct span address = node_text(entry, addresses[i]);
        if (address.bytes == 0)
            continue;
        mention_addresses(manifest->source, manifest->sink, address, entry->line, EVIDENCE_DECLARED);
        declare_package(manifest->source, manifest->sink, SIGNAL_PYPI, entry->key, entry->line);
        return;
    }
    manifest_package(manifest, entry->key, entry->line);
}

static void tell_table(struct manifest *manifest, const struct node *table)
{
    for (const struct node *entry = table && table->type == NODE_MAP ? table->first : NULL; entry; entry = entry->next)
        tell_table_entry(manifest, entry);
}

/* Indexes: [[tool.poetry.source]] and the like. One that is no supplement takes PyPI's place. */
static void tell_sources(struct manifest *manifest, const struct node *sources)
{
    for (const struct node *one = sources ? sources->first : NULL; one; one = one->next) {
        const struct span url = node_text(one, "url"), priority = node_text(one, "priority");
        mention_addresses(manifest->source, manifest->sink, url, node_get(one, "url") ? node_get(one, "url")->line : 1,
                          EVIDENCE_DECLARED);
        const bool replaces = span_is(priority, "primary") || span_is(priority, "default") ||
                              text_is(node_get(one, "default"), "true");
        if (replaces && span_find(url, "pypi.org") == url.bytes)
            manifest->registry = NULL;
    }
}

/* ---- pyproject.toml --------------------------------------------------------------------------------------------- */

static void tell_poetry(struct manifest *manifest, const struct node *poetry)
{
    tell_sources(manifest, node_get(poetry, "source"));
    tell_table(manifest, node_get(poetry, "dependencies"));
    tell_table(manifest, node_get(poetry, "dev-dependencies"));
    const struct node *groups = node_get(poetry, "group");
    for (const struct node *group = groups ? groups->first : NULL; group; group = group->next)
        tell_table(manifest, node_get(group, "dependencies"));
}

static void tell_hatch(struct manifest *manifest, const struct node *hatch)
{
    const struct node *environments = node_get(hatch, "envs");
    for (const struct node *one = environments ? environments->first : NULL; one; one = one->next) {
        tell_list(manifest, node_get(one, "dependencies"));
        tell_list(manifest, node_get(one, "extra-dependencies"));
    }
}

/* What [build-system] asks for comes from PyPI, too, when the project is built. */
static void read_pyproject(struct manifest *manifest, const struct node *root)
{
    tell_sources(manifest, node_at(root, "tool.uv.index"));
    tell_sources(manifest, node_at(root, "tool.pdm.source"));
    tell_poetry(manifest, node_at(root, "tool.poetry"));
    tell_list(manifest, node_at(root, "project.dependencies"));
    tell_groups(manifest, node_at(root, "project.optional-dependencies"));
    tell_groups(manifest, node_get(root, "dependency-groups"));
    tell_list(manifest, node_at(root, "tool.uv.dev-dependencies"));
    tell_groups(manifest, node_at(root, "tool.pdm.dev-dependencies"));
    tell_hatch(manifest, node_at(root, "tool.hatch"));
    tell_list(manifest, node_at(root, "build-system.requires"));
}

/* ---- lockfiles -------------------------------------------------------------------------------------------------- */

/* The value of "key = value" or "\"key\": value" in a line, without quotes; empty if the line has another key. */
static struct span line_address(struct span line, const char *key)
{
    const size_t at = span_find(line, key), address = span_find(line, "://");
    if (at >= address || address == line.bytes)
        return (struct span){ 0 };
    size_t begin = address;
    while (begin > at && (isalnum(line.data[begin - 1]) || strchr("+-", line.data[begin - 1])))
        begin--;
    return span_from(line, begin);
}

/* uv.lock: source = { registry = "https://pypi.org/simple" }, git, url; poetry.lock and pdm.lock: [package.source] url,
 * and PyPI where a package says nothing. */
static void read_lock(struct manifest *manifest, bool silent_is_pypi)
{
    static const char *const keys[] = { "registry = ", "git = ", "url = " };
    struct told_hosts told = { 0 };
    struct span line;
    size_t number = 1;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        const bool file = span_find(line, "{ url = \"https://files.pythonhosted.org") < line.bytes;
        if (silent_is_pypi && span_begins(line, "[[package]]"))
            manifest_registry(manifest, number);
        for (size_t i = 0; i < LENGTH(keys) && !file; i++) {
            const struct span address = line_address(line, keys[i]);
            if (span_begins(address, "https://pypi.org/"))
                manifest_registry(manifest, number);
            else if (address.bytes > 0)
                tell_host_once(manifest, &told, address, number);
        }
    }
}

/* Pipfile.lock: "_meta": { "sources": [ { "url": ... } ] } */
static void read_pipfile_lock(struct manifest *manifest)
{
    const struct node *root = source_tree(manifest->source, manifest->sink, SYNTAX_JSON);
    const struct node *sources = node_at(root, "_meta.sources");
    for (const struct node *one = sources ? sources->first : NULL; one; one = one->next) {
        const struct node *url = node_get(one, "url");
        if (url && span_begins(url->text, "https://pypi.org/"))
            manifest_registry(manifest, url->line);
        else if (url)
            mention_addresses(manifest->source, manifest->sink, url->text, url->line, EVIDENCE_DECLARED);
    }
}

/* ---- setup.py, setup.cfg ---------------------------------------------------------------------------------------- */

static bool is_list_of_requirements(struct span name)
{
    static const char *const names[] = { "install_requires", "tests_require", "setup_requires", "extras_require" };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (span_ends(name, names[i]))
            return true;
    return false;
}

/* The offset after a Python string that begins at offset; *text is what it holds. */
static size_t read_string(struct span text, size_t offset, struct span *out)
{
    const unsigned char quote = text.data[offset];
    size_t end = offset + 1;
    while (end < text.bytes && text.data[end] != quote && text.data[end] != '\n')
        end += text.data[end] == '\\' ? 2 : 1;
    end = size_min(end, text.bytes);
    *out = span_part(text, offset + 1, end - offset - 1);
    return size_min(end + 1, text.bytes);
}

/* install_requires=[ "a", "b>=1" ]: the strings up to the bracket that closes the list. Keys of a dictionary are names
 * of extras. */
static size_t read_call_list(struct manifest *manifest, size_t offset, size_t *line)
{
    const struct span text = manifest->source->text;
    size_t open = 0;
    while (offset < text.bytes) {
        const unsigned char byte = text.data[offset];
        struct span string;
        if (byte == '\'' || byte == '"') {
            offset = read_string(text, offset, &string);
            const struct span rest = span_trim(span_part(text, offset, size_min(text.bytes - offset, 8)));
            if (!span_begins(rest, ":"))
                tell_requirement(manifest, string, *line);
            continue;
        }
        if (byte == '#')
            while (offset + 1 < text.bytes && text.data[offset + 1] != '\n')
                offset++;
        *line += byte == '\n';
        open += byte == '[' || byte == '{' || byte == '(';
        if (byte == ']' || byte == '}' || byte == ')')
            open -= open > 0;
        offset++;
        if (open == 0 && strchr("]}),\n", byte))
            return offset;
    }
    return offset;
}

static void read_setup_py(struct manifest *manifest)
{
    const struct span text = manifest->source->text;
    size_t line = 1, begin = 0;
    for (size_t at = 0; at < text.bytes;) {
        const unsigned char byte = text.data[at];
        if (byte == '#')
            while (at < text.bytes && text.data[at] != '\n')
                at++;
        else if (isalnum(byte) || byte == '_') {
            begin = at;
            while (at < text.bytes && (isalnum(text.data[at]) || text.data[at] == '_'))
                at++;
            const struct span name = span_part(text, begin, at - begin);
            while (at < text.bytes && text.data[at] == ' ')
                at++;
            if (is_list_of_requirements(name) && at + 1 < text.bytes && text.data[at] == '=' &&
                text.data[at + 1] != '=')
                at = read_call_list(manifest, at + 1, &line);
        } else {
            line += byte == '\n';
            at++;
        }
    }
}

/* setup.cfg: lines below "install_requires =", and all of [options.extras_require]. */
static void read_setup_cfg(struct manifest *manifest)
{
    struct span line;
    size_t number = 1;
    bool extras = false, wanted = false;
    for (size_t at = 0; next_line(manifest->source->text, &at, &line); number++) {
        const bool indented = line.bytes > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
        const struct span text = uncommented(line);
        if (span_begins(line, "[")) {
            extras = span_is(text, "[options.extras_require]");
            wanted = false;
        } else if (indented && wanted) {
            tell_requirement(manifest, text, number);
        } else if (text.bytes > 0) {
            const size_t equals = span_find(text, "=");
            wanted = extras || is_list_of_requirements(span_trim(span_part(text, 0, equals)));
            if (wanted && equals < text.bytes)
                tell_requirement(manifest, span_from(text, equals + 1), number);
        }
    }
}

/* ---- conda ------------------------------------------------------------------------------------------------------ */

/* environment.yml: conda's packages, and pip's in a map "pip". */
static enum reading read_conda(struct manifest *manifest)
{
    const struct node *documents = source_tree(manifest->source, manifest->sink, SYNTAX_YAML);
    const struct node *list = node_get(documents ? documents->first : NULL, "dependencies");
    struct manifest conda = *manifest;
    conda.registry = "conda";
    if (!list || list->type != NODE_LIST)
        return READ_NOT_MINE;
    for (const struct node *one = list->first; one; one = one->next)
        if (one->type == NODE_TEXT)
            manifest_package(&conda, span_part(one->text, 0, span_find(one->text, "=")), one->line);
        else
            tell_list(manifest, node_get(one, "pip"));
    return READ_DONE;
}

/* ---- the reader ------------------------------------------------------------------------------------------------- */

static bool is_requirements(const struct source *source)
{
    if (strcmp(source->extension, "txt") != 0 && strcmp(source->extension, "in") != 0)
        return false;
    return strstr(source->name, "requirements") || strstr(source->name, "constraints") ||
           strstr(source->path, "requirements/");
}

static bool takes_python(const struct source *source)
{
    return is_requirements(source) || source_named(source, "setup.py setup.cfg pyproject.toml Pipfile Pipfile.lock "
                                                           "poetry.lock uv.lock pdm.lock environment.yml "
                                                           "environment.yaml conda.yml conda.yaml");
}

static void read_toml(struct manifest *manifest)
{
    const struct node *root = source_tree(manifest->source, manifest->sink, SYNTAX_TOML);
    if (source_named(manifest->source, "pyproject.toml")) {
        read_pyproject(manifest, root);
        return;
    }
    tell_sources(manifest, node_get(root, "source"));
    tell_table(manifest, node_get(root, "packages"));
    tell_table(manifest, node_get(root, "dev-packages"));
}

static enum reading read_python(struct source *source, struct sink *sink)
{
    struct manifest manifest = { .source = source, .sink = sink, .registry = "pypi", .signal = SIGNAL_PYPI };
    if (is_requirements(source))
        read_requirements(&manifest);
    else if (source_named(source, "setup.py"))
        read_setup_py(&manifest);
    else if (source_named(source, "setup.cfg"))
        read_setup_cfg(&manifest);
    else if (source_named(source, "uv.lock poetry.lock pdm.lock"))
        read_lock(&manifest, !source_named(source, "uv.lock"));
    else if (source_named(source, "Pipfile.lock"))
        read_pipfile_lock(&manifest);
    else if (source_named(source, "pyproject.toml Pipfile"))
        read_toml(&manifest);
    else
        return read_conda(&manifest);
    return READ_DONE;
}

const struct reader reader_python = { "python", takes_python, read_python };
