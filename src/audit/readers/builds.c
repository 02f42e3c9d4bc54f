/* builds.c: the files of further services that build: CircleCI, Travis CI, Azure Pipelines, Bitbucket, Cloud Build,
 * Buildkite, AppVeyor, Semaphore, and of Drone and Woodpecker, which run on whoever's machine it is. Each is a row: how
 * its file is called, whose it is, and what stands under which key. Source: the reference that each has of its file. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/pipeline.h"
#include "audit/readers/readers.h"

static void tell_names_of(struct pipeline *pipeline, const struct node *node, const char *place)
{
    for (const struct node *one = node->first; one; one = one->next)
        declare_name(pipeline->source, pipeline->sink, place, one->key.bytes ? one->key : one->text, one->line);
}

/* ---- CircleCI --------------------------------------------------------------------------------------------------- */

/* orbs: { aws: circleci/aws-cli@4.0 }; an orb that is written here is a map. */
static void tell_orbs(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *orb = node->first; orb; orb = orb->next)
        if (orb->type == NODE_TEXT)
            declare_name(pipeline->source, pipeline->sink, "orb", span_part(orb->text, 0, span_find(orb->text, "@")),
                         orb->line);
}

/* run: "commands", run: { command: ... } */
static const struct key_rule circleci[] = {
    { "name description when unless filters requires parameters machine macos context", MEANS_NOTHING, NULL },
    { "orbs", MEANS_OWN, tell_orbs },
    { "image", MEANS_IMAGES, NULL },
    { "run command", MEANS_COMMANDS, NULL },
    { "environment", MEANS_SETTINGS, NULL },
};

/* ---- Travis CI -------------------------------------------------------------------------------------------------- */

static void tell_travis_deploy(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next)
        if (one->type == NODE_MAP)
            tell_travis_deploy(pipeline, one);
        else if (key_is(one, "provider"))
            declare_name(pipeline->source, pipeline->sink, "travis", one->text, one->line);
}

static void tell_travis_addons(struct pipeline *pipeline, const struct node *node)
{
    tell_names_of(pipeline, node, "travis");
}

static const struct key_rule travis[] = {
    { "name if branches notifications email cache", MEANS_NOTHING, NULL },
    { "deploy", MEANS_OWN, tell_travis_deploy },
    { "addons", MEANS_OWN, tell_travis_addons },
    { "script install before_install before_script after_script after_success after_failure before_deploy after_deploy "
      "before_cache",
      MEANS_COMMANDS, NULL },
    { "env", MEANS_SETTINGS, NULL },
};

/* ---- Azure Pipelines -------------------------------------------------------------------------------------------- */

static const struct key_rule azure[] = {
    { "displayName name condition trigger pr pool dependsOn", MEANS_NOTHING, NULL },
    { "script bash pwsh powershell inlineScript", MEANS_COMMANDS, NULL },
    { "container image", MEANS_IMAGES, NULL },
    { "env variables", MEANS_SETTINGS, NULL },
};

/* ---- Bitbucket -------------------------------------------------------------------------------------------------- */

static const struct key_rule bitbucket[] = {
    { "name caches artifacts deployment trigger size", MEANS_NOTHING, NULL },
    { "image", MEANS_IMAGES, NULL },
    { "script after-script", MEANS_COMMANDS, NULL },
    { "variables", MEANS_SETTINGS, NULL },
};

/* ---- Cloud Build ------------------------------------------------------------------------------------------------ */

/* args: what looks like a script, as of "bash -c". */
static void tell_arguments(struct pipeline *pipeline, const struct node *node)
{
    for (const struct node *one = node->first; one; one = one->next)
        if (one->type == NODE_TEXT && span_find(one->text, " ") < one->text.bytes)
            pipeline_tell(pipeline, one, MEANS_COMMANDS);
}

static const struct key_rule cloud_build[] = {
    { "id waitFor tags timeout options artifacts dir", MEANS_NOTHING, NULL },
    { "name images", MEANS_IMAGES, NULL },
    { "script", MEANS_COMMANDS, NULL },
    { "args", MEANS_OWN, tell_arguments },
    { "env substitutions", MEANS_SETTINGS, NULL },
};

/* ---- Drone, Woodpecker, Buildkite, AppVeyor, Semaphore ---------------------------------------------------------- */

static const struct key_rule containers[] = {
    { "name when depends_on trigger labels clone", MEANS_NOTHING, NULL },
    { "image", MEANS_IMAGES, NULL },
    { "commands", MEANS_COMMANDS, NULL },
    { "environment settings", MEANS_SETTINGS, NULL },
};

static const struct key_rule scripts[] = {
    { "name label title key if branches agents agent blocks_name when notify notifications", MEANS_NOTHING, NULL },
    { "command commands install before_build build_script test_script after_build deploy_script on_success ps cmd sh",
      MEANS_COMMANDS, NULL },
    { "env environment env_vars", MEANS_SETTINGS, NULL },
};

/* ---- the reader ------------------------------------------------------------------------------------------------- */

static const struct build {
    const char *names;  /* of files */
    const char *folder; /* or a part of the path */
    const char *shape;  /* a key that the file has to have; NULL: any will do */
    const char *ci;     /* in the place "ci"; NULL: it runs on whoever's machine it is */
    const struct key_rule *rules;
    size_t count;
} builds[] = {
    { "", ".circleci/", NULL, "circleci", circleci, LENGTH(circleci) },
    { ".travis.yml", NULL, NULL, "travis", travis, LENGTH(travis) },
    { "azure-pipelines.yml azure-pipelines.yaml", ".azure-pipelines/", NULL, "azure-pipelines", azure, LENGTH(azure) },
    { "bitbucket-pipelines.yml", NULL, NULL, "bitbucket", bitbucket, LENGTH(bitbucket) },
    { "cloudbuild.yaml cloudbuild.yml", NULL, "steps", "cloud-build", cloud_build, LENGTH(cloud_build) },
    { ".drone.yml .drone.yaml .woodpecker.yml .woodpecker.yaml", ".woodpecker/", NULL, NULL, containers,
      LENGTH(containers) },
    { "", ".buildkite/", "steps", "buildkite", scripts, LENGTH(scripts) },
    { "appveyor.yml .appveyor.yml", NULL, NULL, "appveyor", scripts, LENGTH(scripts) },
    { "", ".semaphore/", NULL, "semaphore", scripts, LENGTH(scripts) },
    { "codeship-steps.yml codeship-services.yml", NULL, NULL, "codeship", scripts, LENGTH(scripts) },
};

static const struct build *build_of(const struct source *source)
{
    if (!word_listed("yml yaml", span_text(source->extension)))
        return NULL;
    for (size_t i = 0; i < LENGTH(builds); i++)
        if (source_named(source, builds[i].names) || (builds[i].folder && strstr(source->path, builds[i].folder)))
            return &builds[i];
    return NULL;
}

static bool takes_builds(const struct source *source)
{
    return build_of(source) != NULL;
}

static enum reading read_builds(struct source *source, struct sink *sink)
{
    const struct build *build = build_of(source);
    struct pipeline pipeline = { .source = source, .sink = sink, .rules = build->rules, .rule_count = build->count };
    const struct node *documents = source_tree(source, sink, SYNTAX_YAML);
    if (build->shape && !node_get(documents ? documents->first : NULL, build->shape))
        return READ_NOT_MINE;
    if (build->ci && documents && documents->first)
        declare_name(source, sink, "ci", span_text(build->ci), documents->first->line);
    for (const struct node *one = documents ? documents->first : NULL; one; one = one->next)
        pipeline_walk(&pipeline, one);
    return READ_DONE;
}

const struct reader reader_builds = { "builds", takes_builds, read_builds };
