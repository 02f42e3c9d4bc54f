/* hosting.c: files by which a platform that hosts recognises a project as its own: Vercel, Netlify, Heroku, Fly,
 * Render, Railway, Cloudflare Workers, Firebase, App Engine, Read the Docs. What they set and run is read, too. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/pipeline.h"
#include "audit/readers/policy.h"
#include "audit/readers/readers.h"

/* ---- what stands under which key --------------------------------------------------------------------------------- */

/* rewrites: what is passed on to another server; redirects only link to it. */
static void tell_rewrites(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next)
        mention_addresses(pipeline->source, pipeline->sink, node_text(one, "destination"), one->line,
                          EVIDENCE_DECLARED);
}

static const struct key_rule vercel[] = {
    { "name alias headers redirects $schema github public", MEANS_NOTHING, NULL },
    { "rewrites routes", MEANS_OWN, tell_rewrites },
    { "env", MEANS_SETTINGS, NULL },
    { "buildCommand devCommand installCommand ignoreCommand", MEANS_COMMANDS, NULL },
};

/* [[redirects]] with status 200 is a proxy; else it links. */
static void tell_netlify_redirects(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next) {
        const struct node *to = node_get(one, "to");
        if (to && text_is(node_get(one, "status"), "200"))
            mention_addresses(pipeline->source, pipeline->sink, to->text, to->line, EVIDENCE_DECLARED);
    }
}

/* [[headers]], of which one may be a content security policy. */
static void tell_netlify_headers(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next) {
        const struct node *values = node_get(one, "values");
        for (const struct node *value = values ? values->first : NULL; value; value = value->next)
            if (value->type == NODE_TEXT)
                mention_policy(pipeline->source, pipeline->sink, span_trim(value->text), value->line,
                               EVIDENCE_CONFIGURED);
    }
}

static void tell_netlify_plugins(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next) {
        const struct node *package = node_get(one, "package");
        if (package)
            declare_package(pipeline->source, pipeline->sink, SIGNAL_NPM, package->text, package->line);
    }
}

static const struct key_rule netlify[] = {
    { "functions publish base", MEANS_NOTHING, NULL },
    { "headers", MEANS_OWN, tell_netlify_headers },
    { "redirects", MEANS_OWN, tell_netlify_redirects },
    { "plugins", MEANS_OWN, tell_netlify_plugins },
    { "command", MEANS_COMMANDS, NULL },
    { "environment", MEANS_SETTINGS, NULL },
};

/* addons: ["heroku-redis:mini"], [{ plan: heroku-redis }]; buildpacks: [{ url: heroku/nodejs }] */
static void tell_heroku_names(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next) {
        const struct span plan = node_text(one, "plan"), url = node_text(one, "url");
        const struct span name = one->type == NODE_TEXT ? one->text : plan.bytes ? plan : url;
        if (span_find(name, "://") < name.bytes)
            mention_addresses(pipeline->source, pipeline->sink, name, one->line, EVIDENCE_DECLARED);
        else
            declare_name(pipeline->source, pipeline->sink, "heroku", span_part(name, 0, span_find(name, ":")),
                         one->line);
    }
}

/* env: {"NAME": "value"} or {"NAME": {"description": ..., "value": ...}}: what people read about it isn't looked at. */
static void tell_heroku_variables(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next)
        mention_setting(pipeline->source, pipeline->sink, one->key,
                        one->type == NODE_TEXT ? one->text : node_text(one, "value"), one->line);
}

static const struct key_rule heroku[] = {
    { "name description keywords website repository logo success_url formation docker", MEANS_NOTHING, NULL },
    { "addons buildpacks", MEANS_OWN, tell_heroku_names },
    { "env", MEANS_OWN, tell_heroku_variables },
    { "config", MEANS_SETTINGS, NULL },
    { "scripts run release command", MEANS_COMMANDS, NULL },
    { "image", MEANS_IMAGES, NULL },
};

static const struct key_rule common[] = {
    { "name description headers redirects rules $schema routes route", MEANS_NOTHING, NULL },
    { "image", MEANS_IMAGES, NULL },
    { "env env_variables envVars vars environment", MEANS_SETTINGS, NULL },
    { "buildCommand startCommand preDeployCommand release_command command entrypoint", MEANS_COMMANDS, NULL },
};

/* Read the Docs: commands of jobs, packages of apt. */
static const struct key_rule readthedocs[] = {
    { "python sphinx mkdocs formats conda search", MEANS_NOTHING, NULL },
    { "commands pre_build post_build pre_install post_install pre_create_environment post_create_environment "
      "post_checkout",
      MEANS_COMMANDS, NULL },
};

/* ---- the platforms ----------------------------------------------------------------------------------------------- */

/* app.json is Expo's, too. */
static bool is_heroku_app(const struct node *root)
{
    static const char *const keys[] = { "addons", "buildpacks", "formation", "stack", "success_url", "environments" };
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (node_get(root, keys[i]))
            return !node_get(root, "expo");
    return false;
}

static bool is_app_engine(const struct node *root)
{
    return node_get(root, "runtime") && !node_get(root, "name");
}

static const struct platform {
    const char *names;
    const char *hosting; /* in the place "hosting" */
    enum syntax syntax;
    const struct key_rule *rules;
    size_t count;
    bool (*is_its)(const struct node *root); /* NULL: the name is enough */
} platforms[] = {
    { "vercel.json now.json", "vercel", SYNTAX_JSON, vercel, LENGTH(vercel), NULL },
    { "netlify.toml", "netlify", SYNTAX_TOML, netlify, LENGTH(netlify), NULL },
    { "app.json", "heroku", SYNTAX_JSON, heroku, LENGTH(heroku), is_heroku_app },
    { "heroku.yml", "heroku", SYNTAX_YAML, heroku, LENGTH(heroku), NULL },
    { "fly.toml", "fly", SYNTAX_TOML, common, LENGTH(common), NULL },
    { "render.yaml", "render", SYNTAX_YAML, common, LENGTH(common), NULL },
    { "railway.json", "railway", SYNTAX_JSON, common, LENGTH(common), NULL },
    { "railway.toml", "railway", SYNTAX_TOML, common, LENGTH(common), NULL },
    { "wrangler.toml", "cloudflare-workers", SYNTAX_TOML, common, LENGTH(common), NULL },
    { "wrangler.json wrangler.jsonc", "cloudflare-workers", SYNTAX_JSON, common, LENGTH(common), NULL },
    { "firebase.json .firebaserc", "firebase", SYNTAX_JSON, common, LENGTH(common), NULL },
    { "app.yaml", "app-engine", SYNTAX_YAML, common, LENGTH(common), is_app_engine },
    { ".readthedocs.yaml .readthedocs.yml readthedocs.yml", "readthedocs", SYNTAX_YAML, readthedocs,
      LENGTH(readthedocs), NULL },
};

static const struct platform *platform_of(const struct source *source)
{
    for (size_t i = 0; i < LENGTH(platforms); i++)
        if (source_named(source, platforms[i].names))
            return &platforms[i];
    return NULL;
}

static bool takes_hosting(const struct source *source)
{
    return platform_of(source) || source_named(source, "Procfile");
}

/* "web: command" in each line. Others than Heroku run such files, too. */
static void read_procfile(struct source *source, struct sink *sink)
{
    struct span line;
    size_t number = 1;
    mention(source, sink,
            &(struct mention){ .signal = SIGNAL_NAME, .value = span_text("hosting:heroku"), .line = 1, .note = true });
    for (size_t at = 0; next_line(source->text, &at, &line); number++) {
        const size_t colon = span_find(line, ":");
        if (colon < line.bytes && !span_begins(line, "#"))
            mention_commands(source, sink, span_from(line, colon + 1), number);
    }
}

static enum reading read_hosting(struct source *source, struct sink *sink)
{
    const struct platform *platform = platform_of(source);
    if (!platform) {
        read_procfile(source, sink);
        return READ_DONE;
    }
    const struct node *root = platform->syntax == SYNTAX_YAML ? first_document(source, sink)
                                                              : source_tree(source, sink, platform->syntax);
    if (platform->is_its && !platform->is_its(root))
        return READ_NOT_MINE;
    struct pipeline pipeline = {
        .source = source, .sink = sink, .rules = platform->rules, .rule_count = platform->count
    };
    declare_name(source, sink, "hosting", span_text(platform->hosting), root && root->first ? root->first->line : 1);
    pipeline_walk(&pipeline, root);
    return READ_DONE;
}

const struct reader reader_hosting = { "hosting", takes_hosting, read_hosting };
