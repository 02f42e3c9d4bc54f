/* kubernetes.c: manifests, those of charts' templates among them: images, environments, annotations, classes, issuers
 * of certificates, stores of secrets, sources of Argo CD and Flux, settings. What a kind says beyond its containers is
 * a row of a table. Source: kubernetes.io/docs/reference/kubernetes-api, cert-manager.io/docs/reference/api-docs,
 * external-secrets.io/latest/api/spec, argo-cd.readthedocs.io, fluxcd.io/flux/components. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

struct manifest {
    struct source *source;
    struct sink *sink;
    const struct node *document;
};

/* ---- what every kind may hold ------------------------------------------------------------------------------------ */

static bool is_container_list(const struct node *node)
{
    static const char *const keys[] = { "containers", "initContainers",  "ephemeralContainers",
                                        "sidecars",   "extraContainers", "extraInitContainers" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (key_is(node, keys[i]))
            return node->type == NODE_LIST;
    return false;
}

/* "--provider=ovh" of external-dns. */
static void tell_dns_flags(struct manifest *manifest, const struct node *container)
{
    const struct span image = node_text(container, "image");
    const struct node *words = node_get(container, "args");
    if (span_find(image, "external-dns") == image.bytes)
        return;
    for (const struct node *word = one_first(words); word; word = one_next(words, word))
        if (word->type == NODE_TEXT && span_begins(word->text, "--provider="))
            tell_dns_controller(manifest->source, manifest->sink, word);
}

static void tell_containers(struct manifest *manifest, const struct node *list)
{
    for (const struct node *container = list->first; container; container = container->next) {
        if (container->type != NODE_MAP)
            continue;
        tell_image(manifest->source, manifest->sink, node_get(container, "image"));
        tell_environment(manifest->source, manifest->sink, node_get(container, "env"));
        tell_flags(manifest->source, manifest->sink, node_get(container, "args"));
        tell_dns_flags(manifest, container);
        tell_flags(manifest->source, manifest->sink, node_get(container, "command"));
    }
}

/* "image: host/name:tag" of somebody's own kinds. A machine's image has neither. */
static bool is_image(const struct node *node)
{
    return (key_is(node, "image") || key_is(node, "imageName")) && node->type == NODE_TEXT &&
           (span_find(node->text, "/") < node->text.bytes || span_find(node->text, ":") < node->text.bytes);
}

static void tell_anywhere(struct manifest *manifest, const struct node *node)
{
    for (const struct node *inner = node->first; inner; inner = inner->next) {
        if (is_container_list(inner))
            tell_containers(manifest, inner);
        else if (key_is(inner, "annotations") && inner->type == NODE_MAP)
            tell_annotations(manifest->source, manifest->sink, inner);
        else if (is_image(inner))
            tell_image(manifest->source, manifest->sink, inner);
        else if (inner->type != NODE_TEXT && !key_is(inner, "labels"))
            tell_anywhere(manifest, inner);
    }
}

static void tell_name_at(struct manifest *manifest, const char *path)
{
    const struct node *node = node_at(manifest->document, path);
    if (node && node->type == NODE_TEXT)
        declare_name(manifest->source, manifest->sink, "kubernetes", node->text, node->line);
}

static void tell_domain(struct manifest *manifest, const struct node *node)
{
    if (node && node->type == NODE_TEXT)
        declare(manifest->source, manifest->sink, SIGNAL_DOMAIN, node->text, node->line);
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

static void tell_ingress(struct manifest *manifest)
{
    const struct node *rules = node_at(manifest->document, "spec.rules");
    tell_name_at(manifest, "spec.ingressClassName");
    for (const struct node *rule = rules ? rules->first : NULL; rule; rule = rule->next)
        own_domain(manifest->sink, node_text(rule, "host"));
}

static void tell_ingress_class(struct manifest *manifest)
{
    tell_name_at(manifest, "spec.controller");
}

static void tell_storage_class(struct manifest *manifest)
{
    tell_name_at(manifest, "provisioner");
    tell_name_at(manifest, "driver");
    tell_name_at(manifest, "spec.csi.driver");
}

static void tell_service(struct manifest *manifest)
{
    tell_domain(manifest, node_at(manifest->document, "spec.externalName"));
    tell_name_at(manifest, "spec.loadBalancerClass");
}

/* dns01: { route53: { ... } }; a webhook's group says whose it is. */
static void tell_solver(struct manifest *manifest, const struct node *dns)
{
    for (const struct node *entry = dns && dns->type == NODE_MAP ? dns->first : NULL; entry; entry = entry->next) {
        const struct node *group = key_is(entry, "webhook") ? node_get(entry, "groupName") : NULL;
        const struct node *solver = key_is(entry, "webhook") ? node_get(entry, "solverName") : NULL;
        if (group && group->type == NODE_TEXT)
            declare_name(manifest->source, manifest->sink, "issuer", group->text, group->line);
        if (solver && solver->type == NODE_TEXT)
            declare_name(manifest->source, manifest->sink, "lego", solver->text, solver->line);
        if (!group && !key_is(entry, "cnameStrategy"))
            declare_name(manifest->source, manifest->sink, "issuer", entry->key, entry->line);
    }
}

static void tell_issuer(struct manifest *manifest)
{
    const struct node *solvers = node_at(manifest->document, "spec.acme.solvers");
    tell_domain(manifest, node_at(manifest->document, "spec.acme.server"));
    tell_domain(manifest, node_at(manifest->document, "spec.vault.server"));
    tell_domain(manifest, node_at(manifest->document, "spec.venafi.tpp.url"));
    for (const struct node *solver = solvers ? solvers->first : NULL; solver; solver = solver->next)
        tell_solver(manifest, node_get(solver, "dns01"));
}

/* A kind of store, and a type of Terraform's that is the same service. */
static const struct {
    const char *store, *type;
} stores[] = {
    { "gcpsm", "google_secret_manager_secret" },
    { "azurekv", "azurerm_key_vault" },
    { "ibm", "ibm_sm_secret_group" },
    { "oracle", "oci_vault_secret" },
    { "alibaba", "alicloud_kms_secret" },
    { "scaleway", "scaleway_secret" },
    { "yandexlockbox", "yandex_lockbox_secret" },
    { "doppler", "doppler_secret" },
    { "onepassword", "onepassword_item" },
    { "onepasswordSDK", "onepassword_item" },
    { "akeyless", "akeyless_static_secret" },
    { "infisical", "infisical_secret" },
    { "bitwardensecretsmanager", "bitwarden_secret" },
    { "gitlab", "gitlab_project_variable" },
    { "github", "github_actions_secret" },
};

static void tell_secret_store(struct manifest *manifest)
{
    const struct node *provider = node_at(manifest->document, "spec.provider");
    for (const struct node *entry = provider ? provider->first : NULL; entry; entry = entry->next) {
        const char *type = NULL;
        for (size_t i = 0; i < LENGTH(stores); i++)
            type = key_is(entry, stores[i].store) ? stores[i].type : type;
        if (key_is(entry, "aws"))
            type = text_is(node_get(entry, "service"), "ParameterStore") ? "aws_ssm_parameter"
                                                                         : "aws_secretsmanager_secret";
        if (type)
            declare(manifest->source, manifest->sink, SIGNAL_TERRAFORM, span_text(type), entry->line);
    }
    tell_settings(manifest->source, manifest->sink, provider, NULL);
}

static void tell_config_map(struct manifest *manifest)
{
    tell_settings(manifest->source, manifest->sink, node_get(manifest->document, "data"), NULL);
}

static void tell_secret(struct manifest *manifest)
{
    const struct node *data = node_get(manifest->document, "data");
    tell_settings(manifest->source, manifest->sink, node_get(manifest->document, "stringData"), NULL);
    for (const struct node *entry = data ? data->first : NULL; entry; entry = entry->next)
        mention_setting(manifest->source, manifest->sink, entry->key, span_text("${}"), entry->line);
}

static bool holds_values(const struct node *node)
{
    return key_is(node, "values") || key_is(node, "valuesObject") || key_is(node, "valuesContent");
}

/* "https://host/x", or a registry that holds charts: "host/charts". */
static void tell_repository(struct manifest *manifest, const struct node *node)
{
    const size_t slash = span_find(node->text, "/");
    if (!tell_fetched(manifest->source, manifest->sink, node->text, node->line) && !node->raw &&
        span_find(span_part(node->text, 0, slash), ".") < slash)
        tell_registry_host(manifest->source, manifest->sink, node->text, node->line);
}

/* repoURL of Argo CD, url of Flux: wherever they stand. */
static void tell_sources_below(struct manifest *manifest, const struct node *node)
{
    for (const struct node *inner = node ? node->first : NULL; inner; inner = inner->next) {
        const bool address = key_is(inner, "repoURL") || key_is(inner, "url");
        if (inner->type == NODE_TEXT && address)
            tell_repository(manifest, inner);
        else if (inner->type != NODE_TEXT && !holds_values(inner))
            tell_sources_below(manifest, inner);
    }
}

/* Values of a chart that is installed: a map, or a text in YAML. */
static void tell_chart_values(struct manifest *manifest, const struct node *node)
{
    for (const struct node *inner = node ? node->first : NULL; inner; inner = inner->next) {
        const bool values = holds_values(inner);
        const struct node *tree = values && inner->type == NODE_TEXT ? tree_within(manifest->source, inner, yaml_parse)
                                                                     : NULL;
        if (values && inner->type == NODE_MAP)
            tell_values(manifest->source, manifest->sink, inner);
        else if (tree && tree->first)
            tell_values(manifest->source, manifest->sink, tree->first);
        else if (inner->type != NODE_TEXT)
            tell_chart_values(manifest, inner);
    }
}

static void tell_delivery(struct manifest *manifest)
{
    const struct node *spec = node_get(manifest->document, "spec");
    tell_sources_below(manifest, spec);
    tell_chart_values(manifest, spec);
    const struct node *repository = node_get(spec, "repo");
    if (repository)
        tell_chart_repository(manifest->source, manifest->sink, repository); /* k3s' HelmChart */
}

static void tell_bucket(struct manifest *manifest)
{
    tell_domain(manifest, node_at(manifest->document, "spec.endpoint"));
}

/* Velero's place of backups: another's endpoint makes an S3 that other's. */
static void tell_backup_location(struct manifest *manifest)
{
    static const struct {
        const char *provider, *storage;
    } rows[] = { { "aws", "s3" },           { "velero.io/aws", "s3" }, { "gcp", "gs" },
                 { "velero.io/gcp", "gs" }, { "azure", "azblob" },     { "velero.io/azure", "azblob" } };
    const struct node *provider = node_at(manifest->document, "spec.provider");
    const struct node *endpoint = node_at(manifest->document, "spec.config.s3Url");
    tell_domain(manifest, endpoint);
    for (size_t i = 0; i < LENGTH(rows) && !endpoint; i++)
        if (text_is(provider, rows[i].provider))
            declare_name(manifest->source, manifest->sink, "storage", span_text(rows[i].storage), provider->line);
}

/* Flux' Provider of notifications. */
static void tell_notification(struct manifest *manifest)
{
    const struct node *type = node_at(manifest->document, "spec.type");
    if (type && type->type == NODE_TEXT)
        declare_name(manifest->source, manifest->sink, "alertmanager", type->text, type->line);
    tell_domain(manifest, node_at(manifest->document, "spec.address"));
}

/* "slackConfigs" to "slack". */
static void tell_alertmanager_config(struct manifest *manifest)
{
    const struct node *receivers = node_at(manifest->document, "spec.receivers");
    for (const struct node *receiver = receivers ? receivers->first : NULL; receiver; receiver = receiver->next)
        for (const struct node *entry = receiver->first; entry; entry = entry->next)
            if (span_ends(entry->key, "Configs"))
                declare_name(manifest->source, manifest->sink, "alertmanager",
                             span_part(entry->key, 0, entry->key.bytes - strlen("Configs")), entry->line);
    tell_settings(manifest->source, manifest->sink, receivers, NULL);
}

static void tell_nothing(struct manifest *manifest)
{
    (void)manifest;
}

static const struct {
    const char *kind;
    void (*tell)(struct manifest *manifest);
} kinds[] = {
    { "Ingress", tell_ingress },
    { "IngressClass", tell_ingress_class },
    { "StorageClass", tell_storage_class },
    { "VolumeSnapshotClass", tell_storage_class },
    { "PersistentVolume", tell_storage_class },
    { "CSIDriver", tell_nothing },
    { "Service", tell_service },
    { "Issuer", tell_issuer },
    { "ClusterIssuer", tell_issuer },
    { "SecretStore", tell_secret_store },
    { "ClusterSecretStore", tell_secret_store },
    { "ConfigMap", tell_config_map },
    { "Secret", tell_secret },
    { "Application", tell_delivery },
    { "ApplicationSet", tell_delivery },
    { "AppProject", tell_nothing },
    { "GitRepository", tell_delivery },
    { "HelmRepository", tell_delivery },
    { "OCIRepository", tell_delivery },
    { "HelmRelease", tell_delivery },
    { "HelmChart", tell_delivery },
    { "HelmChartConfig", tell_delivery },
    { "Bucket", tell_bucket },
    { "BackupStorageLocation", tell_backup_location },
    { "Provider", tell_notification },
    { "AlertmanagerConfig", tell_alertmanager_config },
    { "CustomResourceDefinition", NULL },
    { "ClusterRole", NULL },
    { "Role", NULL },
    { "ClusterRoleBinding", NULL },
    { "RoleBinding", NULL },
    { "PrometheusRule", NULL },
    { "ConstraintTemplate", NULL },
    { "ServiceAccount", tell_nothing },
    { "Deployment", tell_nothing },
    { "StatefulSet", tell_nothing },
    { "DaemonSet", tell_nothing },
    { "Job", tell_nothing },
    { "CronJob", tell_nothing },
    { "Pod", tell_nothing },
    { "ReplicaSet", tell_nothing },
    { "NetworkPolicy", NULL },
};

/* Somebody's own kind: its spec holds settings. */
static void tell_custom(struct manifest *manifest)
{
    const struct span version = node_text(manifest->document, "apiVersion");
    const size_t slash = span_find(version, "/");
    const struct span group = span_part(version, 0, slash);
    if (slash == version.bytes || span_find(group, ".") == group.bytes || span_ends(group, ".k8s.io"))
        return;
    declare_name(manifest->source, manifest->sink, "kubernetes", group,
                 node_get(manifest->document, "apiVersion")->line);
    tell_settings(manifest->source, manifest->sink, node_get(manifest->document, "spec"), NULL);
}

static void tell_document(struct manifest *manifest)
{
    const struct node *kind = node_get(manifest->document, "kind");
    size_t row = 0;
    while (row < LENGTH(kinds) && !text_is(kind, kinds[row].kind))
        row++;
    if (row < LENGTH(kinds) && !kinds[row].tell)
        return;
    tell_anywhere(manifest, manifest->document);
    if (row < LENGTH(kinds))
        kinds[row].tell(manifest);
    else
        tell_custom(manifest);
}

static bool is_manifest(const struct node *document)
{
    const struct node *kind = node_get(document, "kind"), *version = node_get(document, "apiVersion");
    return kind && version && kind->type == NODE_TEXT && version->type == NODE_TEXT;
}

static bool tell_manifest(struct source *source, struct sink *sink, const struct node *document)
{
    struct manifest manifest = { .source = source, .sink = sink, .document = document };
    if (!is_manifest(document))
        return false;
    const struct node *items = span_ends(node_text(document, "kind"), "List") ? node_get(document, "items") : NULL;
    if (!items)
        tell_document(&manifest);
    for (const struct node *item = items ? items->first : NULL; item; item = item->next) {
        manifest.document = item;
        if (is_manifest(item))
            tell_document(&manifest);
    }
    return true;
}

static enum reading read_kubernetes(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    bool found = false;
    for (const struct node *document = root ? root->first : NULL; document; document = document->next)
        found |= tell_manifest(source, sink, document);
    return found ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_kubernetes = { .name = "kubernetes", .takes = takes_yaml, .read = read_kubernetes };
