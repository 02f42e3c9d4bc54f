/* terraform.c: Terraform, OpenTofu and Terragrunt: providers and the registry that they come from, resources and data
 * sources by type, backends, modules, and the settings in all of them. In HCL and in JSON, lock files and variables'
 * files too. Source: developer.hashicorp.com/terraform/language, opentofu.org/docs/language,
 * terragrunt.gruntwork.io/docs. */
#include "audit/readers/fetched.h"

#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/values.h"

struct terraform {
    struct source *source;
    struct sink *sink;
    const struct node *root;
    bool tofu;         /* names without a host come from OpenTofu's registry */
    bool aws_is_other; /* an endpoint of somebody else stands in the provider "aws" */
};

static bool takes_terraform(const struct source *source)
{
    static const char *const endings[] = { ".tf",        ".tofu",        ".hcl",     ".tfvars",         ".tf.json",
                                           ".tofu.json", ".tfvars.json", ".tfstack", ".tfcomponent.hcl" };
    const struct span name = span_text(source->name);
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (span_ends(name, endings[i]))
            return !span_ends(name, ".pkr.hcl");
    return false;
}

/* ---- providers and registries ------------------------------------------------------------------------------------ */

static size_t count_slashes(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += text.data[i] == '/';
    return count;
}

static void tell_registry(struct terraform *terraform, struct span host, size_t line)
{
    const bool hashicorp = span_is(host, "registry.terraform.io"), tofu = span_is(host, "registry.opentofu.org");
    if (host.bytes > 0 && !hashicorp && !tofu)
        declare(terraform->source, terraform->sink, SIGNAL_DOMAIN, host, line);
    else
        declare_name(terraform->source, terraform->sink, "registry",
                     span_text(tofu || (terraform->tofu && !hashicorp) ? "opentofu" : "terraform"), line);
}

/* "hashicorp/aws" or "registry.opentofu.org/hashicorp/aws" */
static void tell_provider(struct terraform *terraform, struct span address, size_t line)
{
    const size_t slash = span_find(address, "/");
    const bool has_host = count_slashes(address) == 2;
    if (address.bytes == 0 || span_begins(address, "terraform.io/builtin"))
        return;
    tell_registry(terraform, has_host ? span_part(address, 0, slash) : (struct span){ 0 }, line);
    declare(terraform->source, terraform->sink, SIGNAL_TF_PROVIDER, has_host ? span_from(address, slash + 1) : address,
            line);
}

/* The two names that a provider's short one most often stands for: HashiCorp's own, and the operator's. */
static void tell_short(struct terraform *terraform, struct span name, size_t line)
{
    struct source *source = terraform->source;
    const char *own = arena_format(source->arena, "hashicorp/%.*s", (int)size_min(name.bytes, 80), name.data);
    const char *theirs = arena_format(source->arena, "%.*s/%.*s", (int)size_min(name.bytes, 80), name.data,
                                      (int)size_min(name.bytes, 80), name.data);
    if (own && theirs) {
        declare(source, terraform->sink, SIGNAL_TF_PROVIDER, span_text(own), line);
        declare(source, terraform->sink, SIGNAL_TF_PROVIDER, span_text(theirs), line);
    }
}

/* required_providers { aws = { source = "hashicorp/aws" } }, or, as it was once: aws = "~> 2.0" */
static void tell_required(struct terraform *terraform, const struct node *required)
{
    for (const struct node *entry = required->first; entry; entry = entry->next) {
        const struct node *address = node_get(entry, "source");
        if (address && address->type == NODE_TEXT && !address->raw) {
            tell_provider(terraform, address->text, address->line);
        } else if (entry->type == NODE_TEXT) {
            tell_registry(terraform, (struct span){ 0 }, entry->line);
            tell_short(terraform, entry->key, entry->line);
        }
    }
}

/* ---- settings in bodies ------------------------------------------------------------------------------------------ */

/* What people read, or what is no setting of a service. */
static bool is_talk(const struct node *node)
{
    static const char *const keys[] = { "description",  "error_message", "tags",       "labels",    "annotations",
                                        "tags_all",     "comment",       "validation", "lifecycle", "depends_on",
                                        "display_name", "documentation", "message",    "condition", "default_tags" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (key_is(node, keys[i]))
            return true;
    return false;
}

static bool is_image_key(struct span key)
{
    return span_is(key, "image") || span_is(key, "image_uri") || span_is(key, "docker_image_name") ||
           span_is(key, "container_image");
}

/* Where "image" is a container's, and not a virtual machine's. */
static bool holds_containers(struct span key)
{
    static const char *const keys[] = { "container",       "containers",     "init_container",  "init_containers",
                                        "container_group", "initContainers", "job_template",    "container_definitions",
                                        "template",        "services",       "docker_container" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (span_is(key, keys[i]))
            return true;
    return span_begins(key, "docker_") || span_begins(key, "kubernetes_");
}

/* A here-document: a script, a list of containers in JSON, or the lines of some configuration. */
static void tell_document(struct terraform *terraform, const struct node *node, struct span key);

/* Whether a reference begins with a registry's host: no machine's image does. */
static bool names_registry(struct span image)
{
    const size_t slash = span_find(image, "/"), colon = span_find(image, "://");
    return slash < image.bytes && colon == image.bytes && span_find(span_part(image, 0, slash), ".") < slash;
}

/* "curl -sfL https://get.k3s.io | sh -": what a machine runs when it begins, as one line. */
static bool is_fetching(struct span value)
{
    return span_find(value, "://") < value.bytes && (span_begins(value, "curl ") || span_begins(value, "wget "));
}

static void tell_text(struct terraform *terraform, const struct node *node, struct span key, bool containers)
{
    const struct span value = value_of(node);
    const bool several = span_find(value, "\n") < value.bytes;
    if (several)
        tell_document(terraform, node, key);
    else if (is_fetching(value))
        mention_commands(terraform->source, terraform->sink, value, node->line);
    else if ((containers && is_image_key(key)) || (span_ends(key, "image") && names_registry(value)))
        declare_image(terraform->source, terraform->sink, value, node->line);
    else
        tell_setting(terraform->source, terraform->sink, key, value, node->line);
}

/* env { name = "A" value = "b" }, or with a value from elsewhere; false if the map is no such thing. */
static bool tell_named(struct terraform *terraform, const struct node *map)
{
    const struct node *name = node_get(map, "name"), *value = node_get(map, "value");
    const bool elsewhere = node_get(map, "value_from") || node_get(map, "valueFrom");
    if (!name || name->type != NODE_TEXT || !(elsewhere || (value && value->type == NODE_TEXT)))
        return false;
    mention_setting(terraform->source, terraform->sink, name->text, elsewhere ? span_text("${}") : value_of(value),
                    elsewhere ? name->line : value->line);
    return true;
}

/* All texts below a body; containers: one of the maps above holds containers. */
static void tell_body(struct terraform *terraform, const struct node *node, struct span parent, bool containers)
{
    const struct span own = node->key.bytes ? node->key : parent;
    containers |= holds_containers(own);
    if (!span_is(own, "tag") && tell_named(terraform, node))
        return;
    for (const struct node *inner = node->first; inner; inner = inner->next) {
        if (is_talk(inner))
            continue;
        if (inner->type == NODE_TEXT)
            tell_text(terraform, inner, inner->key.bytes ? inner->key : own, containers);
        else
            tell_body(terraform, inner, own, containers);
    }
}

/* cloud-init's commands, each a text or a list of words. Source: cloudinit.readthedocs.io/en/latest/reference. */
static bool tell_cloud_config(struct terraform *terraform, const struct node *node)
{
    static const char *const keys[] = { "runcmd", "bootcmd" };
    const struct node *tree = tree_within(terraform->source, node, yaml_parse);
    const struct node *document = tree ? tree->first : NULL;
    for (size_t i = 0; i < LENGTH(keys) && document; i++) {
        const struct node *commands = node_get(document, keys[i]);
        for (const struct node *one = commands ? commands->first : NULL; one; one = one->next)
            if (one->type == NODE_TEXT)
                mention_commands(terraform->source, terraform->sink, one->text, one->value_line);
    }
    if (node_get(document, "apt"))
        tell_settings(terraform->source, terraform->sink, node_get(document, "apt"), NULL);
    return document != NULL;
}

static void tell_document(struct terraform *terraform, const struct node *node, struct span key)
{
    const struct span text = span_trim(node->text);
    if (span_begins(text, "#!")) {
        mention_commands(terraform->source, terraform->sink, node->text, node->value_line);
        return;
    }
    if (span_begins(text, "#cloud-config") && tell_cloud_config(terraform, node))
        return;
    const bool json = span_begins(text, "[") || span_begins(text, "{");
    const struct node *tree = json ? tree_within(terraform->source, node, json_parse) : NULL;
    if (tree)
        tell_body(terraform, tree, key, false);
    else
        tell_lines(terraform->source, terraform->sink, node->text, node->value_line);
}

/* ---- backends ---------------------------------------------------------------------------------------------------- */

/* The address that a backend's or provider's body has for the service itself; NULL if there is none. */
static const struct node *find_endpoint(const struct node *body)
{
    static const char *const keys[] = { "endpoint", "endpoints.s3", "endpoints", "endpoint.s3", "address",
                                        "hostname", "s3_endpoint",  "conn_str",  "endpoints.0" };
    for (size_t i = 0; i < LENGTH(keys); i++) {
        const struct node *found = node_at(body, keys[i]);
        while (found && found->type != NODE_TEXT && found->first)
            found = found->first;
        if (found && found->type == NODE_TEXT && !span_is(found->text, "null"))
            return found;
    }
    return NULL;
}

static void tell_endpoint(struct terraform *terraform, const struct node *endpoint)
{
    if (endpoint && !endpoint->raw)
        declare(terraform->source, terraform->sink, SIGNAL_DOMAIN, endpoint->text, endpoint->line);
}

/* backend "s3" { endpoint = "https://s3.fr-par.scw.cloud" }: whose endpoint it is, that one keeps the state. */
static void tell_backend(struct terraform *terraform, struct span name, const struct node *body, size_t line)
{
    const struct node *endpoint = find_endpoint(body);
    if (!endpoint)
        declare_name(terraform->source, terraform->sink, "backend", name, line);
    else
        tell_endpoint(terraform, endpoint);
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

/* "tfr:///terraform-aws-modules/vpc/aws?version=1", "tfr://registry.opentofu.org/a/b/c" */
static struct span without_tfr(struct span address, bool *has_host)
{
    *has_host = false;
    if (!span_begins(address, "tfr://"))
        return address;
    address = span_from(address, strlen("tfr://"));
    address.bytes = span_find(address, "?");
    *has_host = !span_begins(address, "/");
    return *has_host ? address : span_from(address, 1);
}

/* "terraform-aws-modules/vpc/aws//modules/endpoints", with a host before it or not. */
static void tell_registry_module(struct terraform *terraform, struct span address, bool has_host, size_t line)
{
    address.bytes = span_find(address, "//");
    const size_t slashes = count_slashes(address), slash = span_find(address, "/");
    has_host |= slashes == 3;
    if (slashes < 2 || slashes > 3)
        return;
    tell_registry(terraform, has_host ? span_part(address, 0, slash) : (struct span){ 0 }, line);
    size_t last = address.bytes;
    while (last > 0 && address.data[last - 1] != '/')
        last--;
    tell_short(terraform, span_from(address, last), line);
}

static void tell_source(struct terraform *terraform, const struct node *body)
{
    const struct node *node = node_get(body, "source");
    bool has_host;
    if (!node || node->type != NODE_TEXT || (node->raw && !node->quoted))
        return;
    const struct span address = without_tfr(node->text, &has_host);
    if (address.bytes != node->text.bytes || !tell_fetched(terraform->source, terraform->sink, address, node->line))
        tell_registry_module(terraform, address, has_host, node->line);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static void tell_root(struct terraform *terraform, const struct node *root);

static void tell_terraform(struct terraform *terraform, const struct node *block)
{
    tell_source(terraform, block); /* Terragrunt's */
    for (const struct node *entry = block->first; entry; entry = entry->next) {
        if (key_is(entry, "required_providers"))
            for (const struct node *required = one_first(entry); required; required = one_next(entry, required))
                tell_required(terraform, required);
        if (key_is(entry, "backend"))
            for (const struct node *backend = one_first(entry); backend; backend = one_next(entry, backend))
                if (backend->type == NODE_MAP && backend->first)
                    tell_backend(terraform, backend->first->key, backend->first, backend->line);
        if (key_is(entry, "cloud"))
            tell_backend(terraform, span_text("cloud"), entry, entry->line);
    }
}

/* Values of a chart, in HCL or as YAML in a text. */
static void tell_chart_values(struct terraform *terraform, const struct node *node)
{
    const bool several = node->type == NODE_TEXT && span_find(node->text, "\n") < node->text.bytes;
    const struct node *tree = several ? tree_within(terraform->source, node, yaml_parse) : NULL;
    if (tree && tree->first)
        tell_values(terraform->source, terraform->sink, tree->first);
    if (node->type == NODE_MAP)
        tell_values(terraform->source, terraform->sink, node);
    for (const struct node *inner = node->type == NODE_LIST ? node->first : NULL; inner; inner = inner->next)
        tell_chart_values(terraform, inner);
}

/* Attributes of some resources that say more than a setting does. */
static void tell_special(struct terraform *terraform, struct span type, const struct node *body)
{
    const struct node *name = node_get(body, "name"), *backend = node_get(body, "backend");
    if (span_is(type, "docker_image") && name && name->type == NODE_TEXT)
        declare_image(terraform->source, terraform->sink, name->text, name->line);
    if (span_is(type, "helm_release")) {
        tell_chart_repository(terraform->source, terraform->sink, node_get(body, "repository"));
        tell_chart_repository(terraform->source, terraform->sink, node_get(body, "chart"));
        if (node_get(body, "values"))
            tell_chart_values(terraform, node_get(body, "values"));
    }
    if (span_is(type, "terraform_remote_state") && backend && backend->type == NODE_TEXT && !backend->raw)
        tell_backend(terraform, backend->text, node_get(body, "config"), backend->line);
}

/* resource "aws_s3_bucket" "b" { ... }; data the same. */
static void tell_resource(struct terraform *terraform, const struct node *block)
{
    for (const struct node *type = block->type == NODE_MAP ? block->first : NULL; type; type = type->next) {
        if (!(terraform->aws_is_other && span_begins(type->key, "aws_")))
            declare(terraform->source, terraform->sink, SIGNAL_TERRAFORM, type->key, type->line);
        tell_body(terraform, type, (struct span){ 0 }, false);
        for (const struct node *named = type->first; named; named = named->next)
            for (const struct node *body = one_first(named); body; body = one_next(named, body))
                tell_special(terraform, type->key, body);
    }
}

/* The address that required_providers gives for a provider's short name in this file. */
static struct span required_source(const struct terraform *terraform, struct span name)
{
    for (const struct node *block = terraform->root->first; block; block = block->next) {
        const struct node *required = key_is(block, "terraform") ? node_get(block, "required_providers") : NULL;
        for (const struct node *entry = required ? required->first : NULL; entry; entry = entry->next)
            if (span_equal(entry->key, name))
                return node_text(entry, "source");
    }
    return (struct span){ 0 };
}

static void tell_provider_block(struct terraform *terraform, const struct node *block)
{
    for (const struct node *provider = block->type == NODE_MAP ? block->first : NULL; provider;
         provider = provider->next) {
        const struct span address = required_source(terraform, provider->key);
        if (span_find(provider->key, "/") < provider->key.bytes) /* a lock file's */
            tell_provider(terraform, provider->key, provider->line);
        else if (span_is(provider->key, "aws") && terraform->aws_is_other)
            tell_endpoint(terraform, find_endpoint(provider));
        else if (address.bytes > 0)
            declare(terraform->source, terraform->sink, SIGNAL_TF_PROVIDER, address, provider->line);
        else
            tell_short(terraform, provider->key, provider->line);
        tell_body(terraform, provider, (struct span){ 0 }, false);
    }
}

static void tell_module(struct terraform *terraform, const struct node *block)
{
    for (const struct node *module = block->type == NODE_MAP ? block->first : NULL; module; module = module->next) {
        for (const struct node *body = one_first(module); body; body = one_next(module, body))
            tell_source(terraform, body);
        tell_body(terraform, module, (struct span){ 0 }, false);
    }
}

static void tell_variable(struct terraform *terraform, const struct node *block)
{
    for (const struct node *variable = block->type == NODE_MAP ? block->first : NULL; variable;
         variable = variable->next) {
        const struct node *value = node_get(variable, "default");
        if (value && value->type == NODE_TEXT)
            tell_text(terraform, value, variable->key, false);
        else if (value)
            tell_body(terraform, value, variable->key, false);
    }
}

/* Terragrunt: remote_state { backend = "s3" config = { ... } } */
static void tell_remote_state(struct terraform *terraform, const struct node *block)
{
    const struct node *backend = node_get(block, "backend");
    if (backend && backend->type == NODE_TEXT && !backend->raw)
        tell_backend(terraform, backend->text, node_get(block, "config"), backend->line);
}

/* Terragrunt: generate "x" { contents = <<EOF ... EOF }, which is Terraform itself. */
static void tell_generated(struct terraform *terraform, const struct node *block)
{
    for (const struct node *file = block->type == NODE_MAP ? block->first : NULL; file; file = file->next) {
        const struct node *contents = node_get(file, "contents");
        const struct node *tree = contents && contents->type == NODE_TEXT
                                      ? tree_within(terraform->source, contents, hcl_parse)
                                      : NULL;
        if (tree)
            tell_root(terraform, tree);
    }
}

static void tell_locals(struct terraform *terraform, const struct node *block)
{
    tell_body(terraform, block, (struct span){ 0 }, false);
}

static void tell_nothing(struct terraform *terraform, const struct node *block)
{
    (void)terraform;
    (void)block;
}

static const struct {
    const char *name;
    void (*tell)(struct terraform *terraform, const struct node *block);
} blocks[] = {
    { "terraform", tell_terraform }, { "resource", tell_resource },       { "data", tell_resource },
    { "ephemeral", tell_resource },  { "provider", tell_provider_block }, { "module", tell_module },
    { "variable", tell_variable },   { "locals", tell_locals },           { "remote_state", tell_remote_state },
    { "generate", tell_generated },  { "output", tell_nothing },          { "moved", tell_nothing },
    { "import", tell_nothing },      { "removed", tell_nothing },         { "check", tell_nothing },
    { "include", tell_nothing },     { "dependency", tell_nothing },      { "//", tell_nothing },
};

/* What is no block of Terraform is a setting: terraform.tfvars, Terragrunt's inputs, files of other tools. */
static void tell_entry(struct terraform *terraform, const struct node *entry)
{
    for (size_t i = 0; i < LENGTH(blocks); i++)
        if (key_is(entry, blocks[i].name)) {
            for (const struct node *block = one_first(entry); block; block = one_next(entry, block))
                blocks[i].tell(terraform, block);
            return;
        }
    if (entry->type == NODE_TEXT)
        tell_text(terraform, entry, entry->key, false);
    else
        tell_body(terraform, entry, (struct span){ 0 }, false);
}

static void tell_root(struct terraform *terraform, const struct node *root)
{
    for (const struct node *entry = root->type == NODE_MAP ? root->first : NULL; entry; entry = entry->next)
        tell_entry(terraform, entry);
}

/* provider "aws" { endpoints { s3 = "http://localhost:4566" } } */
static bool points_aws_elsewhere(const struct node *root)
{
    for (const struct node *entry = root->first; entry; entry = entry->next) {
        const struct node *aws = key_is(entry, "provider") ? node_get(entry, "aws") : NULL;
        const struct node *endpoint = aws ? find_endpoint(aws) : NULL;
        if (endpoint && span_find(endpoint->text, "amazonaws.com") == endpoint->text.bytes)
            return true;
    }
    return false;
}

static enum reading read_terraform(struct source *source, struct sink *sink)
{
    const bool json = span_ends(span_text(source->name), ".json");
    const struct node *root = source_tree(source, sink, json ? SYNTAX_JSON : SYNTAX_HCL);
    struct terraform terraform = { .source = source, .sink = sink, .root = root };
    if (!root)
        return READ_DONE;
    const struct span name = span_text(source->name);
    terraform.tofu = span_ends(name, ".tofu") || span_ends(name, ".tofu.json");
    terraform.aws_is_other = points_aws_elsewhere(root);
    tell_root(&terraform, root);
    return READ_DONE;
}

const struct reader reader_terraform = { .name = "terraform", .takes = takes_terraform, .read = read_terraform };
