/* containers.h: what compose, Kubernetes and charts have in common. Private to the readers. */
#ifndef BASTIDE_AUDIT_READERS_CONTAINERS_H
#define BASTIDE_AUDIT_READERS_CONTAINERS_H

#include "audit/reader.h"

/* Whether its name is that of a YAML file. */
bool takes_yaml(const struct source *source);

/* "${NAME:-default}" and "${NAME-default}" with their defaults in place; what has none stays. */
struct span with_defaults(struct source *source, struct span text);

/* An image at a node, with defaults in place; raw values and texts that are no image are left out. */
void tell_image(struct source *source, struct sink *sink, const struct node *node);

/* Words of a command line: what "--name=value" and "--name value" set, Traefik's resolvers of certificates among it. */
void tell_flags(struct source *source, struct sink *sink, const struct node *words);

/* The DNS provider that external-dns is told to use, by its own names: "aws", or the flag "--provider=aws". */
void tell_dns_controller(struct source *source, struct sink *sink, const struct node *provider);

/* Annotations: their keys say whose controllers they are for. */
void tell_annotations(struct source *source, struct sink *sink, const struct node *annotations);

/* The values of a chart: images as {registry, repository, tag}, environments, annotations, settings. */
void tell_values(struct source *source, struct sink *sink, const struct node *values);

/* Where a chart comes from: "https://charts.host/x", "oci://host/x"; "@alias" and files are nobody's. */
void tell_chart_repository(struct source *source, struct sink *sink, const struct node *repository);

/* A certificates' resolver: the ACME server, and the DNS provider of its challenge, by Traefik's keys. */
void tell_acme_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line);

/* The resources of a template of CloudFormation; false if there are none. */
bool tell_cloudformation(struct source *source, struct sink *sink, const struct node *template);

#endif
