/* table.c: which reader is asked first. Who knows one file by its name stands before who knows a kind of files, and
 * that one before who reads whatever has some ending. */
#include "audit/readers/readers.h"

/* clang-format off */
static const struct reader *const readers[] = {
    &reader_result,
    &reader_bookmarks,
    &reader_mbox,
    &reader_passwords,
    &reader_ansible_requirements,
    &reader_ansible_variables,
    &reader_chart,
    &reader_kustomize,
    &reader_helmfile,
    &reader_values,
    &reader_compose,
    &reader_kubernetes,
    &reader_dockerfile,
    &reader_serverless,
    &reader_pulumi,
    &reader_packer,
    &reader_cloudformation,
    &reader_ansible,
    &reader_alertmanager,
    &reader_prometheus,
    &reader_traefik,
    &reader_nginx,
    &reader_caddy,
    &reader_terraform,
    &reader_npm,
    &reader_python,
    &reader_go,
    &reader_cargo,
    &reader_maven,
    &reader_gradle,
    &reader_composer,
    &reader_nuget,
    &reader_gems,
    &reader_beam,
    &reader_dart,
    &reader_workflows,
    &reader_gitlab,
    &reader_builds,
    &reader_jenkins,
    &reader_makefile,
    &reader_hosting,
    &reader_tools,
    &reader_zone,
    &reader_code,
    &reader_web,
    &reader_script,
    &reader_settings, /* .env, properties, INI */
    &reader_configuration,
};
/* clang-format on */

bool reader_wanted(const struct source *source)
{
    for (size_t i = 0; i < LENGTH(readers); i++)
        if (readers[i]->takes(source))
            return true;
    return false;
}

void readers_read(struct source *source, struct sink *sink)
{
    for (size_t i = 0; i < LENGTH(readers); i++)
        if (readers[i]->takes(source) && readers[i]->read(source, sink) == READ_DONE)
            return;
}
