/* alertmanager.c: who is told of alerts. Source: prometheus.io/docs/alerting/latest/configuration. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

/* "slack_configs" is slack's, unless its address says otherwise: a Mattermost takes the same messages. */
static void tell_receiver(struct source *source, struct sink *sink, const struct node *receiver)
{
    for (const struct node *entry = receiver->first; entry; entry = entry->next) {
        if (!span_ends(entry->key, "_configs"))
            continue;
        const struct node *address = entry->first ? node_get(entry->first, "api_url") : NULL;
        if (address && address->type == NODE_TEXT && span_find(address->text, "://") < address->text.bytes)
            configure(source, sink, SIGNAL_DOMAIN, address->text, address->line);
        else
            declare_name(source, sink, "alertmanager", span_part(entry->key, 0, entry->key.bytes - strlen("_configs")),
                         entry->line);
        tell_settings(source, sink, entry, NULL);
    }
}

static enum reading read_alertmanager(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *document = root ? root->first : NULL;
    const struct node *receivers = node_get(document, "receivers");
    if (!node_get(document, "route") || !receivers || receivers->type != NODE_LIST)
        return READ_NOT_MINE;
    tell_settings(source, sink, node_get(document, "global"), NULL);
    for (const struct node *receiver = receivers->first; receiver; receiver = receiver->next)
        tell_receiver(source, sink, receiver);
    return READ_DONE;
}

const struct reader reader_alertmanager = { .name = "alertmanager", .takes = takes_yaml, .read = read_alertmanager };
