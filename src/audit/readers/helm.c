/* helm.c: charts and what installs them: Chart.yaml and its lock, values, helmfile, Kustomize. Templates are manifests:
 * see kubernetes.c. Source: helm.sh/docs/topics/charts, helmfile.readthedocs.io, kubectl.docs.kubernetes.io. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/terraform.h"
#include "audit/readers/values.h"

/* ---- Chart.yaml -------------------------------------------------------------------------------------------------- */

static bool takes_chart(const struct source *source)
{
    static const char *const names[] = { "Chart.yaml", "Chart.yml", "Chart.lock", "requirements.yaml",
                                         "requirements.lock" };
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strcmp(source->name, names[i]) == 0)
            return true;
    return false;
}

static enum reading read_chart(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *document = root ? root->first : NULL;
    const struct node *dependencies = node_get(document, "dependencies");
    const bool chart = span_begins(span_text(source->name), "Chart");
    for (const struct node *entry = dependencies ? dependencies->first : NULL; entry; entry = entry->next)
        tell_chart_repository(source, sink, node_get(entry, "repository"));
    return chart || dependencies ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_chart = { .name = "chart", .takes = takes_chart, .read = read_chart };

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* "values.yaml", "values-prod.yaml", "prod.values.yaml" */
static bool takes_values(const struct source *source)
{
    const struct span name = span_text(source->name);
    return takes_yaml(source) && (span_begins(name, "values") || span_find(name, ".values.") < name.bytes ||
                                  span_find(name, "-values.") < name.bytes);
}

static enum reading read_values(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    for (const struct node *document = root ? root->first : NULL; document; document = document->next)
        tell_values(source, sink, document);
    return READ_DONE;
}

const struct reader reader_values = { .name = "values", .takes = takes_values, .read = read_values };

/* ---- helmfile ---------------------------------------------------------------------------------------------------- */

static bool takes_helmfile(const struct source *source)
{
    return span_begins(span_text(source->name), "helmfile") || strstr(source->path, "helmfile.d/");
}

static void tell_release(struct source *source, struct sink *sink, const struct node *release)
{
    const struct node *values = node_get(release, "values");
    tell_chart_repository(source, sink, node_get(release, "chart"));
    for (const struct node *one = one_first(values); one; one = one_next(values, one))
        if (one->type == NODE_MAP)
            tell_values(source, sink, one);
}

static enum reading read_helmfile(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    for (const struct node *document = root ? root->first : NULL; document; document = document->next) {
        const struct node *repositories = node_get(document, "repositories"),
                          *releases = node_get(document, "releases");
        for (const struct node *one = repositories ? repositories->first : NULL; one; one = one->next)
            if (node_get(one, "url"))
                declare(source, sink, SIGNAL_DOMAIN, node_text(one, "url"), node_get(one, "url")->line);
        for (const struct node *one = releases ? releases->first : NULL; one; one = one->next)
            tell_release(source, sink, one);
    }
    return READ_DONE;
}

const struct reader reader_helmfile = { .name = "helmfile", .takes = takes_helmfile, .read = read_helmfile };

/* ---- Kustomize --------------------------------------------------------------------------------------------------- */

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
