/* ansible.c: playbooks, tasks, variables and requirements: modules by name, and for those that fetch something, from
 * where. What a task's keys are is a list (the keywords); the one key that is none of them is its module. Source:
 * docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"
#include "audit/readers/fetched.h"
#include "audit/readers/values.h"

struct ansible {
    struct source *source;
    struct sink *sink;
    bool found; /* what only Ansible's files have */
};

static bool is_keyword(const struct node *node)
{
    static const char *const words[] = {
        "action",
        "any_errors_fatal",
        "args",
        "async",
        "become",
        "become_exe",
        "become_flags",
        "become_method",
        "become_user",
        "changed_when",
        "check_mode",
        "collections",
        "connection",
        "debugger",
        "delay",
        "delegate_facts",
        "delegate_to",
        "diff",
        "environment",
        "failed_when",
        "fact_path",
        "force_handlers",
        "gather_facts",
        "gather_subset",
        "gather_timeout",
        "handlers",
        "hosts",
        "ignore_errors",
        "ignore_unreachable",
        "listen",
        "local_action",
        "loop",
        "loop_control",
        "max_fail_percentage",
        "module_defaults",
        "name",
        "no_log",
        "notify",
        "order",
        "poll",
        "port",
        "post_tasks",
        "pre_tasks",
        "register",
        "remote_user",
        "retries",
        "roles",
        "run_once",
        "serial",
        "strategy",
        "tags",
        "tasks",
        "throttle",
        "timeout",
        "until",
        "user",
        "vars",
        "vars_files",
        "vars_prompt",
        "when",
        "block",
        "rescue",
        "always",
        "with_items",
        "with_dict",
        "with_fileglob",
        "with_first_found",
        "with_together",
        "with_nested",
        "with_subelements",
        "with_sequence",
        "with_lines",
        "with_list",
        "with_indexed_items",
    };
    for (size_t i = 0; i < LENGTH(words); i++)
        if (key_is(node, words[i]))
            return true;
    return false;
}

/* "copy" of "ansible.builtin.copy". */
static struct span last_part(struct span module)
{
    size_t begin = module.bytes;
    while (begin > 0 && module.data[begin - 1] != '.')
        begin--;
    return span_from(module, begin);
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

/* What a module's parameter holds. */
enum parameter { PARAMETER_ADDRESS, PARAMETER_FETCHED, PARAMETER_IMAGE, PARAMETER_SOURCES };

static const struct {
    const char *module, *parameter;
    enum parameter kind;
} parameters[] = {
    { "get_url", "url", PARAMETER_ADDRESS },
    { "uri", "url", PARAMETER_ADDRESS },
    { "unarchive", "src", PARAMETER_ADDRESS },
    { "apt_key", "url", PARAMETER_ADDRESS },
    { "rpm_key", "key", PARAMETER_ADDRESS },
    { "apt", "deb", PARAMETER_ADDRESS },
    { "yum", "name", PARAMETER_ADDRESS },
    { "dnf", "name", PARAMETER_ADDRESS },
    { "package", "name", PARAMETER_ADDRESS },
    { "yum_repository", "baseurl", PARAMETER_ADDRESS },
    { "yum_repository", "gpgkey", PARAMETER_ADDRESS },
    { "deb822_repository", "uris", PARAMETER_ADDRESS },
    { "deb822_repository", "signed_by", PARAMETER_ADDRESS },
    { "apt_repository", "repo", PARAMETER_SOURCES },
    { "helm_repository", "repo_url", PARAMETER_ADDRESS },
    { "helm", "chart_repo_url", PARAMETER_ADDRESS },
    { "slack", "domain", PARAMETER_ADDRESS },
    { "git", "repo", PARAMETER_FETCHED },
    { "subversion", "repo", PARAMETER_FETCHED },
    { "docker_container", "image", PARAMETER_IMAGE },
    { "docker_image", "name", PARAMETER_IMAGE },
    { "docker_image_pull", "name", PARAMETER_IMAGE },
    { "docker_swarm_service", "image", PARAMETER_IMAGE },
    { "podman_container", "image", PARAMETER_IMAGE },
    { "podman_image", "name", PARAMETER_IMAGE },
};

/* Modules that install from a language's registry. */
static const struct {
    const char *module, *registry;
} registries[] = { { "pip", "pypi" }, { "npm", "npm" }, { "gem", "gem" }, { "composer", "composer" } };

static void tell_parameter(struct ansible *ansible, const struct node *node, enum parameter kind)
{
    struct source *source = ansible->source;
    for (const struct node *one = one_first(node); one; one = one_next(node, one)) {
        if (one->type != NODE_TEXT)
            continue;
        if (kind == PARAMETER_IMAGE)
            tell_image(source, ansible->sink, one);
        else if (kind == PARAMETER_FETCHED)
            tell_fetched(source, ansible->sink, one->text, one->line);
        else if (kind == PARAMETER_SOURCES)
            mention_addresses(source, ansible->sink, one->text, one->line, EVIDENCE_DECLARED);
        else if (span_find(one->text, "://") < one->text.bytes)
            declare(source, ansible->sink, SIGNAL_DOMAIN, one->text, one->line);
    }
}

/* "url=https://x dest=/y", as modules' parameters were once written. */
static void tell_inline(struct ansible *ansible, const struct node *module, const char *parameter)
{
    const size_t length = strlen(parameter);
    const size_t at = span_find(module->text, parameter);
    if (at < module->text.bytes && span_has(module->text, at + length, 1) && module->text.data[at + length] == '=')
        mention_addresses(ansible->source, ansible->sink, span_from(module->text, at + length + 1), module->line,
                          EVIDENCE_DECLARED);
}

static bool runs_commands(struct span name)
{
    return span_is(name, "shell") || span_is(name, "command") || span_is(name, "raw");
}

static void tell_module(struct ansible *ansible, const struct node *module)
{
    const struct span name = last_part(module->key);
    declare_name(ansible->source, ansible->sink, "ansible", module->key, module->line);
    for (size_t i = 0; i < LENGTH(parameters); i++) {
        if (!span_is(name, parameters[i].module))
            continue;
        if (module->type == NODE_TEXT)
            tell_inline(ansible, module, parameters[i].parameter);
        else if (node_get(module, parameters[i].parameter))
            tell_parameter(ansible, node_get(module, parameters[i].parameter), parameters[i].kind);
    }
    for (size_t i = 0; i < LENGTH(registries); i++)
        if (span_is(name, registries[i].module) && !node_get(module, "requirements"))
            declare_name(ansible->source, ansible->sink, "registry", span_text(registries[i].registry), module->line);
    const struct node *command = module->type == NODE_TEXT ? module : node_get(module, "cmd");
    if (runs_commands(name) && command && command->type == NODE_TEXT)
        mention_commands(ansible->source, ansible->sink, command->text, command->value_line);
}

/* ---- tasks and plays --------------------------------------------------------------------------------------------- */

static void tell_tasks(struct ansible *ansible, const struct node *tasks);

static bool is_module_name(struct span key)
{
    for (size_t i = 0; i < key.bytes; i++) {
        const unsigned char c = key.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
            return false;
    }
    return key.bytes > 0;
}

static void tell_task(struct ansible *ansible, const struct node *task)
{
    static const char *const lists[] = { "block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers" };
    for (size_t i = 0; i < LENGTH(lists); i++)
        tell_tasks(ansible, node_get(task, lists[i]));
    tell_environment(ansible->source, ansible->sink, node_get(task, "environment"));
    if (node_get(task, "vars") && node_get(task, "vars")->type == NODE_MAP)
        tell_settings(ansible->source, ansible->sink, node_get(task, "vars"), NULL);
    for (const struct node *entry = task->first; entry; entry = entry->next)
        if (!is_keyword(entry) && is_module_name(entry->key))
            tell_module(ansible, entry);
}

static void tell_tasks(struct ansible *ansible, const struct node *tasks)
{
    for (const struct node *task = tasks && tasks->type == NODE_LIST ? tasks->first : NULL; task; task = task->next)
        if (task->type == NODE_MAP)
            tell_task(ansible, task);
}

/* Whether a list holds plays or tasks: by what only they have. */
static bool is_play_list(const struct node *list)
{
    static const char *const signs[] = { "hosts",      "tasks",         "block",           "when",
                                         "become",     "register",      "notify",          "delegate_to",
                                         "with_items", "include_tasks", "import_playbook", "changed_when",
                                         "listen",     "import_tasks" };
    for (const struct node *entry = list->first; entry; entry = entry->next)
        for (const struct node *inner = entry->type == NODE_MAP ? entry->first : NULL; inner; inner = inner->next) {
            for (size_t i = 0; i < LENGTH(signs); i++)
                if (key_is(inner, signs[i]))
                    return true;
            if (span_begins(inner->key, "ansible.") || span_begins(inner->key, "community."))
                return true;
        }
    return false;
}

static bool lies_in(const struct source *source, const char *folder)
{
    const size_t length = strlen(folder);
    for (const char *at = source->path; (at = strstr(at, folder)); at++)
        if ((at == source->path || at[-1] == '/') && at[length] == '/')
            return true;
    return false;
}

static enum reading read_ansible(struct source *source, struct sink *sink)
{
    struct ansible ansible = { .source = source, .sink = sink };
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const bool tasks = lies_in(source, "tasks") || lies_in(source, "handlers");
    for (const struct node *document = root ? root->first : NULL; document; document = document->next) {
        if (document->type != NODE_LIST || !document->first || document->first->type != NODE_MAP)
            continue;
        if (!is_play_list(document) && !(tasks && node_get(document->first, "name")))
            continue;
        ansible.found = true;
        tell_tasks(&ansible, document);
    }
    return ansible.found ? READ_DONE : READ_NOT_MINE;
}

const struct reader reader_ansible = { .name = "ansible", .takes = takes_yaml, .read = read_ansible };

/* ---- variables --------------------------------------------------------------------------------------------------- */

static bool takes_variables(const struct source *source)
{
    return takes_yaml(source) &&
           (lies_in(source, "group_vars") || lies_in(source, "host_vars") ||
            (lies_in(source, "roles") && (lies_in(source, "defaults") || lies_in(source, "vars"))));
}

/* "shop_image: ghcr.io/a/b:1" */
static bool is_image_variable(const struct node *node)
{
    return node->type == NODE_TEXT && (span_ends(node->key, "image") || span_ends(node->key, "_container")) &&
           span_find(node->text, "/") < node->text.bytes && span_find(node->text, "{{") != 0;
}

static enum reading read_variables(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    for (const struct node *document = root ? root->first : NULL; document; document = document->next) {
        tell_settings(source, sink, document, is_image_variable);
        for (const struct node *entry = document->first; entry; entry = entry->next)
            if (is_image_variable(entry))
                tell_image(source, sink, entry);
    }
    return READ_DONE;
}

const struct reader reader_ansible_variables = { .name = "ansible variables",
                                                 .takes = takes_variables,
                                                 .read = read_variables };

/* ---- requirements ------------------------------------------------------------------------------------------------ */

static bool takes_requirements(const struct source *source)
{
    return strcmp(source->name, "requirements.yml") == 0 || strcmp(source->name, "requirements.yaml") == 0 ||
           strcmp(source->name, "galaxy.yml") == 0;
}

/* A role or collection: of an address, of another server, or of Galaxy. */
static void tell_requirement(struct source *source, struct sink *sink, const struct node *one)
{
    static const char *const keys[] = { "source", "src", "name" };
    const struct node *address = one->type == NODE_TEXT ? one : NULL;
    for (size_t i = 0; i < LENGTH(keys) && !address; i++)
        address = node_get(one, keys[i]);
    if (!address || address->type != NODE_TEXT)
        return;
    if (!tell_fetched(source, sink, address->text, address->line))
        declare(source, sink, SIGNAL_DOMAIN, span_text("galaxy.ansible.com"), address->line);
    const struct span name = one->type == NODE_TEXT ? one->text : node_text(one, "name");
    declare_name(source, sink, "ansible", name, one->line);
    const char *any = name.bytes ? arena_format(source->arena, "%.*s.", (int)size_min(name.bytes, 100), name.data)
                                 : NULL;
    if (any)
        declare_name(source, sink, "ansible", span_text(any), one->line);
}

static enum reading read_requirements(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML), *document = root ? root->first : NULL;
    const struct node *roles = document && document->type == NODE_LIST ? document : node_get(document, "roles");
    const struct node *collections = node_get(document, "collections");
    if (!roles && !collections)
        return READ_NOT_MINE;
    for (const struct node *one = roles ? roles->first : NULL; one; one = one->next)
        tell_requirement(source, sink, one);
    for (const struct node *one = collections ? collections->first : NULL; one; one = one->next)
        tell_requirement(source, sink, one);
    return READ_DONE;
}

const struct reader reader_ansible_requirements = { .name = "ansible requirements",
                                                    .takes = takes_requirements,
                                                    .read = read_requirements };
