/* kustomize.c: what Kustomize fetches, the images that it puts in place of others, what it generates. Source:
 * kubectl.docs.kubernetes.io/references/kustomize/kustomization. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

static bool takes_kustomize(const struct source *source)
{
    return strcmp(source->name, "kustomization.yaml") == 0 || strcmp(source->name, "kustomization.yml") == 0 ||
           strcmp(source->name, "Kustomization") == 0;
}

static void tell_remote(struct source *source, struct sink *sink, const struct node *list)
{
    for (const struct node *entry = list && list->type == NODE_LIST ? list->first : NULL; entry; entry = entry->next)
        if (entry->type == NODE_TEXT)
            tell_fetched(source, sink, entry->text, entry->line);
}

static void tell_generators(struct source *source, struct sink *sink, const struct node *generators)
{
    for (const struct node *one = generators ? generators->first : NULL; one; one = one->next)
        tell_environment(source, sink, node_get(one, "literals"));
}

static void tell_kustomization(struct source *source, struct sink *sink, const struct node *document)
{
    static const char *const lists[] = { "resources", "bases", "components", "crds", "patchesStrategicMerge" };
    for (size_t i = 0; i < LENGTH(lists); i++)
        tell_remote(source, sink, node_get(document, lists[i]));
    const struct node *images = node_get(document, "images"), *charts = node_get(document, "helmCharts");
    for (const struct node *one = images ? images->first : NULL; one; one = one->next)
        tell_image(source, sink, node_get(one, "newName") ? node_get(one, "newName") : node_get(one, "name"));
    for (const struct node *one = charts ? charts->first : NULL; one; one = one->next) {
        tell_chart_repository(source, sink, node_get(one, "repo"));
        tell_values(source, sink, node_get(one, "valuesInline"));
    }
    tell_generators(source, sink, node_get(document, "configMapGenerator"));
    tell_generators(source, sink, node_get(document, "secretGenerator"));
    tell_annotations(source, sink, node_get(document, "commonAnnotations"));
}

static enum reading read_kustomize(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    for (const struct node *document = root ? root->first : NULL; document; document = document->next)
        tell_kustomization(source, sink, document);
    return READ_DONE;
}

const struct reader reader_kustomize = { .name = "kustomize", .takes = takes_kustomize, .read = read_kustomize };
