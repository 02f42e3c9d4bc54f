/* installers.c: the programs that install packages by name: which of their words are packages, of which ecosystem, and
 * the registry that they come from. A new one is a row. */
#include "audit/readers/installers.h"

#include <string.h>

#include "audit/readers/names.h"

static const struct installer {
    const char *programs;
    const char *verbs;    /* one of them has to come first; NULL: none is needed */
    const char *registry; /* as in "registry:npm"; NULL: none that counts */
    enum signal signal;   /* what its packages are signs of; SIGNAL_NAME: of the place "apt" */
    const char *valued;   /* options that take a value */
    const char *sources;  /* options whose value is the registry */
    bool first_only;      /* what follows the first package are its arguments */
    bool even_alone;      /* talks to the registry though no package is named: it publishes */
} installers[] = {
    { "npm", "install i add", "npm", SIGNAL_NPM, "--prefix -w --workspace --tag --omit --include --loglevel -C --cache",
      "--registry", false, false },
    { "npm pnpm yarn", "publish", "npm", SIGNALS, "--tag --access --otp", "--registry", false, true },
    { "npx pnpx bunx", NULL, NULL, SIGNAL_NPM, "-c --call", "", true, false },
    { "npm pnpm yarn", "exec dlx", "npm", SIGNAL_NPM, "-c --call", "--registry", true, false },
    { "pnpm yarn bun", "add install i", "npm", SIGNAL_NPM,
      "--filter -F -C --dir --cwd --cache-folder --network-timeout", "--registry", false, false },
    { "pip pip3 pip2", "install download wheel", "pypi", SIGNAL_PYPI,
      "-r --requirement -c --constraint -f --find-links -t --target --prefix --root --python-version --platform "
      "--no-binary --only-binary -e --editable --cache-dir --trusted-host --proxy --timeout --retries -d --dest",
      "-i --index-url --extra-index-url --index --default-index", false, false },
    { "pipx uvx", "install run inject", "pypi", SIGNAL_PYPI, "--python --spec --from", "-i --index-url", true, false },
    { "uv poetry pdm pipenv rye", "add install", "pypi", SIGNAL_PYPI,
      "-r --requirement -c --constraint -e --editable --group -G --python -p --only --with --without -E --extras",
      "-i --index-url --extra-index-url --index --default-index --source", false, false },
    { "twine", "upload", "pypi", SIGNALS, "-u -p -r --repository", "--repository-url", false, true },
    { "poetry", "publish", "pypi", SIGNALS, "-u -p", "-r --repository", false, true },
    { "conda mamba micromamba", "install create", "conda", SIGNALS, "-n --name -p --prefix -c --channel -f --file", "",
      false, false },
    { "gem", "install", "gem", SIGNAL_GEM, "-v --version -i --install-dir -n --bindir -P", "-s --source", false,
      false },
    { "gem", "push", "gem", SIGNALS, "-k --key", "--host", false, true },
    { "bundle", "add", "gem", SIGNAL_GEM, "-v --version --group", "--source", false, false },
    { "composer", "require create-project", "composer", SIGNAL_COMPOSER, "-d --working-dir", "--repository", false,
      false },
    { "cargo", "install add binstall", "cargo", SIGNAL_CARGO,
      "--version --vers --root --features -F --target --git --branch --tag --rev --path -j --jobs",
      "--registry --index", false, false },
    { "cargo", "publish", "cargo", SIGNALS, "-p --package --token", "--registry --index", false, true },
    { "go", "install get", "go", SIGNAL_GO, "-tags -ldflags", "", false, false },
    { "go", "run", "go", SIGNAL_GO, "-tags -ldflags", "", true, false },
    { "dotnet", "install", "nuget", SIGNAL_NUGET, "--version --tool-path --framework -v --verbosity",
      "--add-source -s --source", false, false },
    { "dotnet", "package", "nuget", SIGNAL_NUGET, "--version -v -f --framework", "-s --source", false, false },
    { "nuget", "install", "nuget", SIGNAL_NUGET, "-Version -OutputDirectory", "-Source", false, false },
    { "dart flutter", "add", "pub", SIGNALS, "", "--hosted-url", false, false },
    { "apt-get apt aptitude", "install", NULL, SIGNAL_NAME, "-t --target-release -o", "", false, false },
};

/* Words between a program and its verb: dotnet tool install, yarn global add. */
static const char between[] = "tool global package pip pub";

static bool is_option(struct span word)
{
    return word.bytes > 1 && word.data[0] == '-';
}

/* The place of the verb, 0 if the command has none of the installer's. */
static size_t verb_at(const struct call *call, const struct installer *row)
{
    for (size_t i = 1; i < call->count; i++) {
        const struct span word = call->words[i].text;
        if (is_option(word)) {
            i += word_listed(row->valued, word);
            continue;
        }
        if (word_listed(row->verbs, word))
            return i;
        if (!word_listed(between, word))
            return 0;
    }
    return 0;
}

/* Where the packages come from, as far as options say. */
struct origin {
    bool another; /* not the public registry */
    bool local;   /* a folder, an archive, a repository of code */
};

static void read_source(struct call *call, struct span value, struct origin *origin, bool added, size_t line)
{
    mention_addresses(call->source, call->sink, value, line, EVIDENCE_DECLARED);
    origin->another |= !added;
}

/* Options that say where packages come from; the offset of the option's last word. */
static size_t read_option(struct call *call, const struct installer *row, size_t at, struct origin *origin)
{
    const struct span word = call->words[at].text;
    const size_t equals = span_find(word, "=");
    const struct span name = span_part(word, 0, equals);
    const bool added = span_begins(name, "--extra-") || span_begins(name, "--add-");
    origin->local |= span_is(name, "--no-index") || span_is(name, "--git") || span_is(name, "--path");
    if (span_is(name, "--git") && at + 1 < call->count)
        mention_addresses(call->source, call->sink, call->words[at + 1].text, call->words[at + 1].line,
                          EVIDENCE_DECLARED);
    if (word_listed(row->sources, name) && equals < word.bytes)
        read_source(call, span_from(word, equals + 1), origin, added, call->words[at].line);
    if (equals < word.bytes)
        return at;
    if (word_listed(row->sources, name) && at + 1 < call->count) {
        read_source(call, call->words[at + 1].text, origin, added, call->words[at + 1].line);
        return at + 1;
    }
    return at + word_listed(row->valued, name);
}

/* A folder, a file, a variable: no name of a package. */
static bool is_elsewhere(struct span word)
{
    static const char *const endings[] = { ".whl", ".tgz",   ".tar.gz", ".deb",  ".gem",
                                           ".go",  ".nupkg", ".crate",  ".conda" };
    if (word.bytes == 0 || strchr("./~$\"'+:", word.data[0]) || span_find(word, "$") == 0)
        return true;
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (span_ends(word, endings[i]))
            return true;
    return false;
}

static void tell_package(struct call *call, const struct installer *row, const struct word *word)
{
    if (row->signal == SIGNALS)
        return;
    if (row->signal == SIGNAL_NAME)
        declare_name(call->source, call->sink, "apt", span_part(word->text, 0, span_find(word->text, "=")), word->line);
    else
        declare_package(call->source, call->sink, row->signal, word->text, word->line);
}

static void tell_words(struct call *call, const struct installer *row, size_t from)
{
    struct origin origin = { 0 };
    size_t named = 0, line = call->words[0].line;
    for (size_t i = from; i < call->count; i++) {
        const struct word *word = &call->words[i];
        if (is_option(word->text)) {
            i = read_option(call, row, i, &origin);
            continue;
        }
        if (span_find(word->text, "://") < word->text.bytes) {
            mention_addresses(call->source, call->sink, word->text, word->line, EVIDENCE_DECLARED);
        } else if (!is_elsewhere(word->text)) {
            tell_package(call, row, word);
            line = named++ ? line : word->line;
        }
        if (row->first_only)
            break;
    }
    if (row->registry && (named || row->even_alone) && !origin.another && !origin.local)
        declare_name(call->source, call->sink, "registry", span_text(row->registry), line);
}

bool tell_installed(struct call *call)
{
    for (size_t i = 0; i < LENGTH(installers); i++) {
        const struct installer *row = &installers[i];
        if (!word_listed(row->programs, call->program))
            continue;
        const size_t verb = row->verbs ? verb_at(call, row) : 0;
        if (row->verbs && verb == 0)
            continue;
        tell_words(call, row, verb + 1);
        return true;
    }
    return false;
}
