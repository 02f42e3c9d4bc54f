/* pipeline.c: walks what says how something is built: a table of keys says what stands under each. */
#include "audit/readers/pipeline.h"

#include <string.h>

#include "audit/readers/names.h"

static void tell_images(struct pipeline *pipeline, const struct node *node)
{
    if (node->type == NODE_TEXT)
        declare_image(pipeline->source, pipeline->sink, node->text, node->value_line);
    if (node->type == NODE_LIST)
        for (const struct node *one = node->first; one; one = one->next)
            tell_images(pipeline, one);
    if (node->type == NODE_MAP && node_get(node, "name"))
        tell_images(pipeline, node_get(node, "name"));
    else if (node->type == NODE_MAP && node_get(node, "image"))
        tell_images(pipeline, node_get(node, "image"));
}

static void tell_commands(struct pipeline *pipeline, const struct node *node)
{
    if (node->type == NODE_TEXT)
        mention_commands(pipeline->source, pipeline->sink, node->text, node->value_line);
    if (node->type == NODE_LIST)
        for (const struct node *one = node->first; one; one = one->next)
            tell_commands(pipeline, one);
    if (node->type == NODE_MAP)
        pipeline_walk(pipeline, node);
}

/* "A=b", perhaps in quotes, as lists of settings have it. */
static void tell_assignment(struct pipeline *pipeline, const struct node *node)
{
    const size_t equals = span_find(node->text, "=");
    if (equals < node->text.bytes)
        mention_setting(pipeline->source, pipeline->sink, span_part(node->text, 0, equals),
                        span_from(node->text, equals + 1), node->line);
}

static void tell_settings(struct pipeline *pipeline, const struct node *node)
{
    const struct node *name = node_get(node, "name") ? node_get(node, "name") : node_get(node, "key");
    const struct node *value = node_get(node, "value");
    if (name && value && value->type == NODE_TEXT) {
        mention_setting(pipeline->source, pipeline->sink, name->text, value->text, value->line);
        return;
    }
    for (const struct node *one = node->first; one; one = one->next) {
        if (one->type == NODE_TEXT && one->key.bytes > 0)
            mention_setting(pipeline->source, pipeline->sink, one->key, one->text, one->line);
        else if (one->type == NODE_TEXT)
            tell_assignment(pipeline, one);
        else if (node_get(one, "from_secret"))
            configure(pipeline->source, pipeline->sink, SIGNAL_VARIABLE, one->key, one->line);
        else if (node_get(one, "value") && !node_get(one, "name") && !node_get(one, "key"))
            mention_setting(pipeline->source, pipeline->sink, one->key, node_text(one, "value"), one->line);
        else
            tell_settings(pipeline, one);
    }
}

static void tell_addresses(void *context, const struct node *node, struct span key)
{
    const struct pipeline *pipeline = context;
    (void)key;
    mention_addresses(pipeline->source, pipeline->sink, node->text, node->line, EVIDENCE_DECLARED);
}

void pipeline_tell(struct pipeline *pipeline, const struct node *node, enum meaning meaning)
{
    if (meaning == MEANS_IMAGES)
        tell_images(pipeline, node);
    else if (meaning == MEANS_COMMANDS)
        tell_commands(pipeline, node);
    else if (meaning == MEANS_SETTINGS)
        tell_settings(pipeline, node);
    else if (meaning == MEANS_ADDRESSES)
        node_walk(node, NULL, tell_addresses, pipeline);
}

static const struct key_rule *find_rule(const struct pipeline *pipeline, struct span key)
{
    for (size_t i = 0; i < pipeline->rule_count; i++)
        if (key.bytes > 0 && word_listed(pipeline->rules[i].keys, key))
            return &pipeline->rules[i];
    return NULL;
}

void pipeline_walk(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *child = node ? node->first : NULL; child; child = child->next) {
        const struct key_rule *rule = find_rule(pipeline, child->key);
        if (node->type == NODE_MAP)
            pipeline->step = node;
        if (!rule)
            pipeline_walk(pipeline, child); /* the parser bounds the depth */
        else if (rule->meaning == MEANS_OWN)
            rule->tell(pipeline, child);
        else
            pipeline_tell(pipeline, child, rule->meaning);
    }
}

const struct node *first_document(struct source *source, struct sink *sink)
{
    const struct node *documents = source_tree(source, sink, SYNTAX_YAML);
    const struct node *first = documents ? documents->first : NULL;
    return first && first->type == NODE_MAP ? first : NULL;
}
