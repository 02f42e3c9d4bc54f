/* commands.c: what the commands of a script depend on: packages that they install, addresses that they fetch, images
 * that they run, clouds that they command. Whatever holds shell commands (scripts, workflows, Dockerfiles, Makefiles)
 * gives them to mention_commands().
 *
 * A command that installs what a manifest lists (npm ci) tells nothing: the manifest does. What is printed, searched
 * for or compared is no dependency. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/installers.h"
#include "audit/readers/shell.h"

enum { MOST_INNER = 4 }; /* sh -c within sh -c */

/* ---- words ------------------------------------------------------------------------------------------------------ */

static bool is_option(struct span word)
{
    return word.bytes > 1 && word.data[0] == '-';
}

static bool is_named(const struct call *call, const char *names)
{
    return word_listed(names, call->program);
}

/* Whether one of the words is that option, alone or with its value. */
static bool has_option(const struct call *call, const char *option)
{
    for (size_t i = 1; i < call->count; i++) {
        const struct span word = call->words[i].text;
        if (span_is(word, option) || (span_begins(word, option) && word.data[strlen(option)] == '='))
            return true;
    }
    return false;
}

static void drop_words(struct call *call, size_t count)
{
    count = size_min(count, call->count);
    call->words += count;
    call->count -= count;
}

/* ---- settings --------------------------------------------------------------------------------------------------- */

/* Splits NAME=value; false if the word is none. */
static bool split_assignment(struct span word, struct span *name, struct span *value)
{
    size_t at = 0;
    while (at < word.bytes && (isalnum(word.data[at]) || word.data[at] == '_'))
        at++;
    if (at == 0 || at >= word.bytes || word.data[at] != '=' || isdigit(word.data[0]))
        return false;
    *name = span_part(word, 0, at);
    *value = span_from(word, at + 1);
    return true;
}

static bool tell_assignment(const struct call *call, const struct word *word)
{
    struct span name, value;
    if (!split_assignment(word->text, &name, &value))
        return false;
    mention_setting(call->source, call->sink, name, value, word->line);
    return true;
}

/* export A=b C=d */
static void tell_exports(struct call *call)
{
    for (size_t i = 1; i < call->count; i++)
        tell_assignment(call, &call->words[i]);
}

/* Text that a command writes into a file: settings, or where packages come from. */
static void tell_written(const struct call *call, struct span text, size_t line, struct span target)
{
    const bool settings = span_find(target, ".env") < target.bytes || span_find(target, "GITHUB_ENV") < target.bytes ||
                          span_find(target, "BASH_ENV") < target.bytes;
    const bool sources = span_find(target, "sources.list") < target.bytes || span_ends(target, ".repo");
    struct span written;
    for (size_t at = 0; next_line(text, &at, &written); line++) {
        written = span_trim(written);
        const struct word word = { written, line };
        if (settings && !span_begins(written, "#"))
            tell_assignment(call, &word);
        if ((sources && !span_begins(written, "#")) || span_begins(written, "deb ") || span_begins(written, "deb-src "))
            mention_addresses(call->source, call->sink, written, line, EVIDENCE_DECLARED);
    }
}

static void tell_echo(struct call *call)
{
    for (size_t i = 1; i < call->count; i++)
        tell_written(call, call->words[i].text, call->words[i].line, call->command->target);
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

static bool is_scheme(struct span text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (!isalnum(text.data[i]) && text.data[i] != '+' && text.data[i] != '-')
            return false;
    return text.bytes > 0;
}

/* Whether the word is an address, not a text that holds one. */
static bool is_address(struct span word)
{
    const size_t colon = span_find(word, "://");
    return colon < word.bytes && is_scheme(span_part(word, 0, colon)) && span_find(word, " ") == word.bytes &&
           span_find(word, "\n") == word.bytes;
}

/* git@host:path: the host, else empty. */
static struct span scp_host(struct span word)
{
    const size_t at = span_find(word, "@"), colon = span_find(word, ":");
    if (at >= colon || colon == word.bytes || span_find(span_part(word, 0, at), "/") < at)
        return (struct span){ 0 };
    return span_part(word, at + 1, colon - at - 1);
}

static void tell_address(const struct call *call, struct span word, size_t line)
{
    if (span_begins(word, "oci://"))
        declare_image(call->source, call->sink, span_from(word, strlen("oci://")), line);
    else if (span_begins(word, "docker://"))
        declare_image(call->source, call->sink, word, line);
    else
        mention_addresses(call->source, call->sink, word, line, EVIDENCE_DECLARED);
}

/* Every word that is an address, also behind "--option=". */
static void tell_addresses(struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        struct span word = call->words[i].text;
        const size_t equals = span_find(word, "=");
        if (is_option(word) && equals < word.bytes)
            word = span_from(word, equals + 1);
        if (is_address(word))
            tell_address(call, word, call->words[i].line);
    }
}

/* curl, wget: what is fetched needs no scheme; what is sent is not fetched. */
static void tell_fetch(struct call *call)
{
    static const char *const valued = "-H --header -A --user-agent -e --referer -d --data --data-raw --data-binary "
                                      "--data-urlencode --json -F --form -o --output -O -u --user -b --cookie -c -w "
                                      "--write-out -T -m --max-time --retry --retry-delay --connect-timeout -P "
                                      "--directory-prefix -t -X --request --cacert --cert --key -K --resolve "
                                      "--post-data --retry-max-time -OutFile -Method -Headers -Body -ContentType";
    const bool wget_output = is_named(call, "wget"); /* its -O has a value, curl's has none */
    for (size_t i = 1; i < call->count; i++) {
        const struct span word = call->words[i].text;
        if (is_option(word) && word_listed(valued, word) && (!span_is(word, "-O") || wget_output))
            i++;
        else if (is_address(word))
            tell_address(call, word, call->words[i].line);
        else if (!is_option(word) && span_find(word, ".") < word.bytes && span_find(word, "/") != 0 &&
                 span_find(word, " ") == word.bytes)
            declare(call->source, call->sink, SIGNAL_DOMAIN, word, call->words[i].line);
    }
}

/* gpg --keyserver keyserver.ubuntu.com */
static void tell_keyserver(struct call *call)
{
    for (size_t i = 1; i + 1 < call->count; i++)
        if (span_is(call->words[i].text, "--keyserver"))
            declare(call->source, call->sink, SIGNAL_DOMAIN, call->words[i + 1].text, call->words[i + 1].line);
    tell_addresses(call);
}

static void tell_git(struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        const struct span host = scp_host(call->words[i].text);
        if (word_listed("commit tag config", call->words[i].text))
            return;
        if (host.bytes > 0)
            declare(call->source, call->sink, SIGNAL_DOMAIN, host, call->words[i].line);
    }
    tell_addresses(call);
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

/* Whether an option of docker run or pull is a switch, so that the next word is not its value. */
static bool is_switch(struct span option)
{
    static const char *const switches =
        "--detach --interactive --tty --rm --privileged --init --read-only --no-healthcheck --oom-kill-disable "
        "--publish-all --sig-proxy --disable-content-trust --quiet --tls --all-tags --all --replace --tls-verify";
    if (span_find(option, "=") < option.bytes)
        return true;
    if (span_begins(option, "--"))
        return word_listed(switches, option);
    for (size_t i = 1; i < option.bytes; i++)
        if (!strchr("ditqPa", option.data[i]))
            return i + 1 < option.bytes; /* -p80:80 has its value with it, -p has not */
    return true;
}

/* The first word from on that is neither an option nor the value of one; count if there is none. */
static size_t operand_at(const struct call *call, size_t from)
{
    for (size_t i = from; i < call->count; i++) {
        if (!is_option(call->words[i].text))
            return i;
        i += !is_switch(call->words[i].text);
    }
    return call->count;
}

static void tell_login(struct call *call, size_t from)
{
    for (size_t i = from; i < call->count; i++) {
        const struct span word = call->words[i].text;
        if (word_listed("-u -p --username --password", word))
            i++;
        else if (!is_option(word)) {
            declare(call->source, call->sink, SIGNAL_REGISTRY, word, call->words[i].line);
            return;
        }
    }
    declare(call->source, call->sink, SIGNAL_REGISTRY, span_text("docker.io"), call->words[0].line);
}

static void tell_docker(struct call *call)
{
    size_t verb = operand_at(call, 1);
    if (verb < call->count && word_listed("image container", call->words[verb].text))
        verb = operand_at(call, verb + 1);
    if (verb >= call->count)
        return;
    if (span_is(call->words[verb].text, "login")) {
        tell_login(call, verb + 1);
        return;
    }
    const size_t image = operand_at(call, verb + 1);
    if (word_listed("run pull create push", call->words[verb].text) && image < call->count)
        declare_image(call->source, call->sink, call->words[image].text, call->words[image].line);
}

/* --image X of kubectl and gcloud */
static void tell_image_option(struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        const struct span word = call->words[i].text;
        if (span_begins(word, "--image="))
            declare_image(call->source, call->sink, span_from(word, strlen("--image=")), call->words[i].line);
        else if (span_is(word, "--image") && i + 1 < call->count)
            declare_image(call->source, call->sink, call->words[i + 1].text, call->words[i + 1].line);
    }
    tell_addresses(call);
}

/* ---- programs of providers -------------------------------------------------------------------------------------- */

/* Tells "aws s3 cp" as a name in the place "command": the program and the two words that follow; the register knows
 * whose program it is. A program pointed at somebody else's endpoint is not its maker's. */
static void tell_program(struct call *call)
{
    char name[128];
    size_t told = 0, length = 0;
    if (has_option(call, "--endpoint-url") || has_option(call, "--endpoint"))
        return;
    for (size_t i = 0; i < call->count && told < 3; i++) {
        const struct span word = i == 0 ? call->program : call->words[i].text;
        if (is_option(word) || word.bytes > 40)
            continue;
        if (i > 0 && word_listed("version help completion", word))
            return;
        length += (size_t)snprintf(name + length, sizeof name - length, "%s%.*s", told ? " " : "", (int)word.bytes,
                                   (const char *)word.data);
        told++;
    }
    declare_name(call->source, call->sink, "command", span_of(name, length), call->words[0].line);
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

static void tell_nothing(struct call *call)
{
    (void)call;
}

/* Programs that do not just take addresses as arguments. */
static const struct {
    const char *names;
    void (*tell)(struct call *call);
} programs[] = {
    { "echo printf", tell_echo },
    { "export declare typeset local readonly setenv", tell_exports },
    { "curl wget http https aria2c iwr Invoke-WebRequest Invoke-RestMethod", tell_fetch },
    { "git", tell_git },
    { "gpg gpg2 apt-key", tell_keyserver },
    { "docker podman nerdctl buildah", tell_docker },
    { "kubectl gcloud oc", tell_image_option },
    { "[ [[ test grep egrep fgrep rg sed awk gawk perl log log_info info warn warning error die fail fatal msg message "
      "usage say print puts notice success expect assert assert_contains for case select return exit function trap : "
      "alias jq yq read set tr cut sort uniq head tail command_exists which type hash man open xdg-open cosign",
      tell_nothing },
};

static void tell_call(struct call *call)
{
    for (size_t i = 0; i < LENGTH(programs); i++)
        if (is_named(call, programs[i].names)) {
            programs[i].tell(call);
            return;
        }
    if (!tell_installed(call))
        tell_addresses(call);
}

/* Words before a command's name: what they take themselves. */
static const struct {
    const char *name;
    const char *valued; /* options that take a value */
    int operands;       /* that come before the command */
} wrappers[] = {
    { "sudo", "-u -g -h -p -C", 0 },
    { "doas", "-u", 0 },
    { "env", "-u -C", 0 },
    { "nice", "-n", 0 },
    { "ionice", "-c -n", 0 },
    { "timeout", "-s -k --signal --kill-after", 1 },
    { "xargs", "-n -I -P -L -d -s -a", 0 },
    { "retry", "", 0 },
    { "su-exec", "", 1 },
    { "gosu", "", 1 },
};

static bool drop_wrapper(struct call *call)
{
    static const char *const plain = "if then else elif do while until ! { } time exec nohup builtin eval command";
    if (word_listed(plain, call->words[0].text)) {
        drop_words(call, 1);
        return true;
    }
    for (size_t i = 0; i < LENGTH(wrappers); i++) {
        if (!span_is(call->words[0].text, wrappers[i].name))
            continue;
        drop_words(call, 1);
        while (call->count > 0 && is_option(call->words[0].text))
            drop_words(call, word_listed(wrappers[i].valued, call->words[0].text) ? 2 : 1);
        drop_words(call, (size_t)wrappers[i].operands);
        return true;
    }
    return false;
}

/* bundle exec x, poetry run x: the command is x. python -m pip: it is pip. */
static bool drop_runner(struct call *call)
{
    static const struct {
        const char *names, *verb;
    } runners[] = {
        { "bundle", "exec" },
        { "poetry uv pipenv pdm hatch rye", "run" },
        { "python python3 py", "-m" },
        { "mise asdf", "exec" },
    };
    for (size_t i = 0; i < LENGTH(runners); i++)
        if (call->count > 2 && word_listed(runners[i].names, call->words[0].text) &&
            span_is(call->words[1].text, runners[i].verb)) {
            drop_words(call, 2);
            return true;
        }
    return false;
}

static void tell_script(struct call *call, struct span text, size_t line);

/* sh -c 'script'; ssh host <<END: the commands inside. */
static bool tell_inner(struct call *call)
{
    if (!is_named(call, "sh bash zsh dash ash ksh ssh pwsh powershell"))
        return false;
    if (call->command->document.bytes > 0)
        tell_script(call, call->command->document, call->command->document_line);
    for (size_t i = 1; i + 1 < call->count; i++) {
        const struct span word = call->words[i].text;
        if (is_option(word) && !span_begins(word, "--") && word.data[word.bytes - 1] == 'c')
            tell_script(call, call->words[i + 1].text, call->words[i + 1].line);
    }
    return true;
}

/* Tells and drops what stands before the program's name. */
static void drop_prefix(struct call *call)
{
    while (call->count > 0) {
        if (tell_assignment(call, &call->words[0]))
            drop_words(call, 1);
        else if (!drop_wrapper(call) && !drop_runner(call))
            return;
    }
}

/* Without its folder and ending. */
static struct span program_name(struct span word)
{
    size_t begin = word.bytes;
    while (begin > 0 && word.data[begin - 1] != '/')
        begin--;
    const struct span name = span_from(word, begin);
    return span_ends(name, ".exe") ? span_part(name, 0, name.bytes - strlen(".exe")) : name;
}

static void tell_command(void *context, const struct shell_command *command)
{
    struct call call = *(const struct call *)context;
    call.command = command;
    call.words = command->words;
    call.count = command->count;
    if (command->document.bytes > 0)
        tell_written(&call, command->document, command->document_line, command->target);
    drop_prefix(&call);
    if (call.count == 0 || is_option(call.words[0].text))
        return;
    call.program = program_name(call.words[0].text);
    tell_program(&call);
    if (!tell_inner(&call))
        tell_call(&call);
}

static void tell_script(struct call *call, struct span text, size_t line)
{
    struct call inner = { .source = call->source, .sink = call->sink, .depth = call->depth + 1 };
    if (inner.depth <= MOST_INNER)
        shell_each(call->source->arena, text, line, tell_command, &inner);
}

void mention_commands(struct source *source, struct sink *sink, struct span script, size_t line)
{
    struct call start = { .source = source, .sink = sink };
    tell_script(&start, script, line);
}
