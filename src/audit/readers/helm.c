/* helm.c: charts and what installs them: Chart.yaml and its lock, values, helmfile. Templates are manifests:
 * see kubernetes.c. Source: helm.sh/docs/topics/charts, helmfile.readthedocs.io. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
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
