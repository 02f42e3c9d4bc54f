/* readers.h: the readers there are, one line each; their order is in table.c. */
#ifndef BASTIDE_AUDIT_READERS_READERS_H
#define BASTIDE_AUDIT_READERS_READERS_H

#include "audit/reader.h"

extern const struct reader reader_code;
extern const struct reader reader_configuration;
extern const struct reader reader_script;
extern const struct reader reader_settings;
extern const struct reader reader_result;
extern const struct reader reader_bookmarks;
extern const struct reader reader_mbox;
extern const struct reader reader_passwords;
extern const struct reader reader_ansible;
extern const struct reader reader_ansible_requirements;
extern const struct reader reader_ansible_variables;
extern const struct reader reader_chart;
extern const struct reader reader_kustomize;
extern const struct reader reader_helmfile;
extern const struct reader reader_values;
extern const struct reader reader_compose;
extern const struct reader reader_kubernetes;
extern const struct reader reader_dockerfile;
extern const struct reader reader_serverless;
extern const struct reader reader_pulumi;
extern const struct reader reader_packer;
extern const struct reader reader_cloudformation;
extern const struct reader reader_alertmanager;
extern const struct reader reader_prometheus;
extern const struct reader reader_traefik;
extern const struct reader reader_nginx;
extern const struct reader reader_caddy;
extern const struct reader reader_terraform;
extern const struct reader reader_npm;
extern const struct reader reader_python;
extern const struct reader reader_go;
extern const struct reader reader_cargo;
extern const struct reader reader_maven;
extern const struct reader reader_gradle;
extern const struct reader reader_composer;
extern const struct reader reader_nuget;
extern const struct reader reader_gems;
extern const struct reader reader_beam;
extern const struct reader reader_dart;
extern const struct reader reader_workflows;
extern const struct reader reader_gitlab;
extern const struct reader reader_builds;
extern const struct reader reader_jenkins;
extern const struct reader reader_makefile;
extern const struct reader reader_hosting;
extern const struct reader reader_tools;
extern const struct reader reader_web;
extern const struct reader reader_zone;

/* Whether any reader takes files of that name. */
bool reader_wanted(const struct source *source);

/* Has the file read by the first reader that finds it its own. */
void readers_read(struct source *source, struct sink *sink);

#endif
