/* workflows.c: workflows and actions of GitHub, and those of Forgejo and Gitea, which have the same form.
 *
 * A GitHub workflow runs at GitHub, and most of what it uses is code that lies there. Forgejo's run on whoever's
 * Forgejo it is, and take actions without an address from Forgejo's own mirror; Gitea's from GitHub.
 * Source: docs.github.com/actions (workflow syntax, metadata syntax), forgejo.org/docs/latest/user/actions. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/pipeline.h"
#include "audit/readers/readers.h"

enum { TOLD_RUNNER, TOLD_CODE_HOST };

static bool is_forgejo(const struct source *source)
{
    return strstr(source->path, ".forgejo/") || strstr(source->path, ".gitea/");
}

/* ---- uses ------------------------------------------------------------------------------------------------------- */

/* Where actions lie that are named without an address. */
static const char *code_host(const struct source *source)
{
    return strstr(source->path, ".forgejo/") ? "data.forgejo.org" : "github.com";
}

static void tell_uses(struct pipeline *pipeline, const struct node *node)
{
    struct span action = node->text;
    if (node->type != NODE_TEXT || span_begins(action, "./") || span_begins(action, "$"))
        return;
    if (span_begins(action, "docker://")) {
        declare_image(pipeline->source, pipeline->sink, action, node->line);
        return;
    }
    const size_t scheme = span_find(action, "://");
    if (scheme < action.bytes) {
        mention_addresses(pipeline->source, pipeline->sink, action, node->line, EVIDENCE_DECLARED);
        action = span_from(action, scheme + 3);
        action = span_from(action, size_min(action.bytes, span_find(action, "/") + 1));
    } else if (!pipeline->told[TOLD_CODE_HOST] && span_find(action, "/") < action.bytes) {
        pipeline->told[TOLD_CODE_HOST] = true;
        declare(pipeline->source, pipeline->sink, SIGNAL_DOMAIN, span_text(code_host(pipeline->source)), node->line);
    }
    action = span_part(action, 0, span_find(action, "@"));
    if (is_forgejo(pipeline->source) && span_begins(action, "actions/"))
        return; /* a copy of GitHub's */
    declare(pipeline->source, pipeline->sink, SIGNAL_ACTION, action, node->line);
}

static void tell_runner(struct pipeline *pipeline, const struct node *node)
{
    if (!pipeline->told[TOLD_RUNNER] && !is_forgejo(pipeline->source))
        declare_name(pipeline->source, pipeline->sink, "ci", span_text("github-actions"), node->line);
    pipeline->told[TOLD_RUNNER] = true;
    if (node->type == NODE_TEXT)
        declare_name(pipeline->source, pipeline->sink, "runner", node->text, node->value_line);
    for (const struct node *label = node->first; label; label = label->next)
        if (label->type == NODE_TEXT)
            declare_name(pipeline->source, pipeline->sink, "runner", label->text, label->line);
}

/* ---- with ------------------------------------------------------------------------------------------------------- */

static bool has_host(struct span image)
{
    const size_t slash = span_find(image, "/"), dot = span_find(image, ".");
    return slash < image.bytes && dot < slash;
}

/* Lines of images that are built: those whose host is named. */
static void tell_built_images(struct pipeline *pipeline, const struct node *node)
{
    struct span line;
    size_t number = node->value_line;
    for (size_t at = 0; next_line(node->text, &at, &line); number++)
        if (has_host(span_trim(line)))
            declare_image(pipeline->source, pipeline->sink, line, number);
}

/* docker/login-action without a registry is Docker Hub's. */
static void tell_login(struct pipeline *pipeline, const struct node *with)
{
    const struct node *uses = node_get(pipeline->step, "uses"), *registry = node_get(with, "registry");
    if (registry)
        declare(pipeline->source, pipeline->sink, SIGNAL_REGISTRY, registry->text, registry->line);
    else if (uses && span_begins(uses->text, "docker/login-action"))
        declare(pipeline->source, pipeline->sink, SIGNAL_REGISTRY, span_text("docker.io"), uses->line);
}

/* What the scripts of an action are is the action's to say: github-script takes JavaScript. */
static bool takes_shell(const struct node *step)
{
    return !span_begins(node_text(step, "uses"), "actions/github-script");
}

static void tell_with(struct pipeline *pipeline, const struct node *node)
{
    static const char scripts[] = "script run command install-command pre-command cmd inlineScript args";
    if (node->type != NODE_MAP)
        return;
    tell_login(pipeline, node);
    for (const struct node *entry = node->first; entry; entry = entry->next) {
        if (entry->type != NODE_TEXT || key_is(entry, "registry"))
            continue;
        if (word_listed("images tags image", entry->key))
            tell_built_images(pipeline, entry);
        else if (word_listed(scripts, entry->key) && takes_shell(pipeline->step))
            pipeline_tell(pipeline, entry, MEANS_COMMANDS);
        else if (!word_listed("script name message title body description text labels path key comment", entry->key))
            mention_setting(pipeline->source, pipeline->sink, entry->key, entry->text, entry->value_line);
    }
}

/* ---- secrets ---------------------------------------------------------------------------------------------------- */

static bool is_name(unsigned char byte)
{
    return byte == '_' || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

/* Tells each NAME that follows the word in a line. */
static void tell_names_after(const struct pipeline *pipeline, struct span text, const char *word, size_t line)
{
    for (size_t found = span_find(text, word); found < text.bytes;) {
        const size_t begin = found + strlen(word);
        size_t end = begin;
        while (end < text.bytes && is_name(text.data[end]))
            end++;
        configure(pipeline->source, pipeline->sink, SIGNAL_VARIABLE, span_part(text, begin, end - begin), line);
        found = end + span_find(span_from(text, end), word);
    }
}

/* ${{ secrets.NAME }} and ${{ vars.NAME }}, wherever they stand outside of comments. */
static void tell_secrets(void *context, const struct node *node, struct span key)
{
    size_t line = node->value_line;
    struct span text;
    (void)key;
    if (span_find(node->text, "${{") == node->text.bytes)
        return;
    for (size_t at = 0; next_line(node->text, &at, &text); line++) {
        tell_names_after(context, text, "secrets.", line);
        tell_names_after(context, text, "vars.", line);
    }
}

/* ---- the reader ------------------------------------------------------------------------------------------------- */

static const struct key_rule rules[] = {
    { "name description if permissions concurrency outputs defaults", MEANS_NOTHING, NULL },
    { "uses", MEANS_OWN, tell_uses },
    { "run", MEANS_COMMANDS, NULL },
    { "image container", MEANS_IMAGES, NULL },
    { "env", MEANS_SETTINGS, NULL },
    { "with", MEANS_OWN, tell_with },
    { "runs-on", MEANS_OWN, tell_runner },
};

static bool is_action(const struct source *source)
{
    return source_named(source, "action.yml action.yaml");
}

static bool takes_workflows(const struct source *source)
{
    if (is_action(source))
        return true;
    const bool yaml = word_listed("yml yaml", span_text(source->extension));
    return yaml && (strstr(source->path, ".github/workflows/") || strstr(source->path, ".forgejo/workflows/") ||
                    strstr(source->path, ".gitea/workflows/"));
}

/* The names of jobs are anybody's: "image" is a job there, not an image. */
static void walk_jobs(struct pipeline *pipeline, const struct node *root)
{
    const struct node *jobs = node_get(root, "jobs"), *runs = node_get(root, "runs");
    if (node_get(root, "env"))
        pipeline_tell(pipeline, node_get(root, "env"), MEANS_SETTINGS);
    for (const struct node *job = jobs ? jobs->first : NULL; job; job = job->next)
        pipeline_walk(pipeline, job);
    pipeline_walk(pipeline, runs);
}

static enum reading read_workflows(struct source *source, struct sink *sink)
{
    struct pipeline pipeline = { .source = source, .sink = sink, .rules = rules, .rule_count = LENGTH(rules) };
    const struct node *root = first_document(source, sink);
    const struct node *jobs = node_get(root, "jobs");
    if (!root)
        return READ_DONE;
    if (is_action(source) && !node_get(root, "runs"))
        return READ_NOT_MINE;
    walk_jobs(&pipeline, root);
    if (jobs && !pipeline.told[TOLD_RUNNER]) /* reusable workflows alone */
        tell_runner(&pipeline, &(struct node){ .line = jobs->line, .type = NODE_MAP });
    node_walk(root, NULL, tell_secrets, &pipeline);
    return READ_DONE;
}

const struct reader reader_workflows = { "workflows", takes_workflows, read_workflows };
