/* gitlab.c: GitLab's pipelines. Source: docs.gitlab.com/ci/yaml.
 *
 * The file runs on whatever GitLab the repository lies at, gitlab.com or one's own. So it makes gitlab.com a provider
 * only where it names it, by an address or by the tags of its runners; else it is no more than a note. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/pipeline.h"
#include "audit/readers/readers.h"

enum { TOLD_SERVICE };

static void tell_service(struct pipeline *pipeline, size_t line, bool note)
{
    if (!pipeline->told[TOLD_SERVICE])
        mention(
            pipeline->source, pipeline->sink,
            &(struct mention){ .signal = SIGNAL_NAME, .value = span_text("ci:gitlab-ci"), .line = line, .note = note });
    pipeline->told[TOLD_SERVICE] = true;
}

/* tags: [saas-linux-small-amd64]: runners of gitlab.com */
static void tell_tags(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *tag = node->first; tag; tag = tag->next)
        if (span_begins(tag->text, "saas-") || span_begins(tag->text, "gitlab-org"))
            tell_service(pipeline, tag->line, false);
}

/* "component: host/path@version", "remote: https://..."; "project", "local" and "template" are of the same GitLab. */
static void tell_component(struct pipeline *pipeline, const struct node *node)
{
    if (node->type == NODE_TEXT && !span_begins(node->text, "$"))
        declare(pipeline->source, pipeline->sink, SIGNAL_DOMAIN, node->text, node->line);
}

/* include: "https://..." or a list of such, or maps. */
static void tell_include(struct pipeline *pipeline, const struct node *node)
{
    if (node->type == NODE_TEXT) {
        mention_addresses(pipeline->source, pipeline->sink, node->text, node->line, EVIDENCE_DECLARED);
        return;
    }
    for (const struct node *one = node->first; one; one = one->next) {
        if (one->type == NODE_TEXT && one->key.bytes == 0)
            mention_addresses(pipeline->source, pipeline->sink, one->text, one->line, EVIDENCE_DECLARED);
        else if (key_is(one, "remote"))
            mention_addresses(pipeline->source, pipeline->sink, one->text, one->line, EVIDENCE_DECLARED);
        else if (key_is(one, "component"))
            tell_component(pipeline, one);
        else if (one->type == NODE_MAP && one->key.bytes == 0)
            tell_include(pipeline, one);
    }
}

/* image: macos-15-xcode-16 is a machine's of gitlab.com, no container's. */
static void tell_image(struct pipeline *pipeline, const struct node *node)
{
    if (node->type == NODE_TEXT && span_begins(node->text, "macos-"))
        tell_service(pipeline, node->line, false);
    else
        pipeline_tell(pipeline, node, MEANS_IMAGES);
}

static const struct key_rule rules[] = {
    { "name description rules only except needs dependencies artifacts cache coverage environment release workflow "
      "id_tokens stages stage extends",
      MEANS_NOTHING, NULL },
    { "image", MEANS_OWN, tell_image },
    { "services", MEANS_IMAGES, NULL },
    { "script before_script after_script pre_get_sources_script", MEANS_COMMANDS, NULL },
    { "variables", MEANS_SETTINGS, NULL },
    { "include", MEANS_OWN, tell_include },
    { "tags", MEANS_OWN, tell_tags },
};

static bool takes_gitlab(const struct source *source)
{
    return source_named(source, ".gitlab-ci.yml .gitlab-ci.yaml") || strstr(source->path, ".gitlab/ci/") ||
           strstr(source->name, ".gitlab-ci.yml");
}

static enum reading read_gitlab(struct source *source, struct sink *sink)
{
    struct pipeline pipeline = { .source = source, .sink = sink, .rules = rules, .rule_count = LENGTH(rules) };
    if (!word_listed("yml yaml", span_text(source->extension)))
        return READ_NOT_MINE;
    const struct node *documents = source_tree(source, sink, SYNTAX_YAML);
    for (const struct node *one = documents ? documents->first : NULL; one; one = one->next)
        pipeline_walk(&pipeline, one);
    if (documents && documents->first && source_named(source, ".gitlab-ci.yml .gitlab-ci.yaml"))
        tell_service(&pipeline, documents->first->line, true);
    return READ_DONE;
}

const struct reader reader_gitlab = { "gitlab", takes_gitlab, read_gitlab };
