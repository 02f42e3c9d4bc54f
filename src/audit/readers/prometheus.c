/* prometheus.c: where measurements are written to, and which cloud is asked for targets. What is measured is one's own.
 * Source: prometheus.io/docs/prometheus/latest/configuration. */
#include <string.h>

#include "audit/readers/containers.h"
#include "audit/readers/readers.h"

/* Whose interface is asked for targets, as Terraform's types of the same thing. */
static const struct {
    const char *key, *type;
} discoveries[] = {
    { "ec2_sd_configs", "aws_instance" },
    { "lightsail_sd_configs", "aws_lightsail_instance" },
    { "gce_sd_configs", "google_compute_instance" },
    { "azure_sd_configs", "azurerm_virtual_machine" },
    { "digitalocean_sd_configs", "digitalocean_droplet" },
    { "hetzner_sd_configs", "hcloud_server" },
    { "scaleway_sd_configs", "scaleway_instance_server" },
    { "linode_sd_configs", "linode_instance" },
    { "vultr_sd_configs", "vultr_instance" },
    { "ionos_sd_configs", "ionoscloud_server" },
};

static void tell_scrape(struct source *source, struct sink *sink, const struct node *job)
{
    for (const struct node *entry = job->first; entry; entry = entry->next)
        for (size_t i = 0; i < LENGTH(discoveries); i++)
            if (key_is(entry, discoveries[i].key))
                declare(source, sink, SIGNAL_TERRAFORM, span_text(discoveries[i].type), entry->line);
}

static void tell_remote(struct source *source, struct sink *sink, const struct node *list)
{
    for (const struct node *one = list ? list->first : NULL; one; one = one->next)
        if (node_get(one, "url"))
            configure(source, sink, SIGNAL_DOMAIN, node_text(one, "url"), node_get(one, "url")->line);
}

static enum reading read_prometheus(struct source *source, struct sink *sink)
{
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    const struct node *document = root ? root->first : NULL;
    const struct node *jobs = node_get(document, "scrape_configs");
    if (!jobs && !node_get(document, "remote_write"))
        return READ_NOT_MINE;
    tell_remote(source, sink, node_get(document, "remote_write"));
    tell_remote(source, sink, node_get(document, "remote_read"));
    for (const struct node *job = jobs ? jobs->first : NULL; job; job = job->next)
        tell_scrape(source, sink, job);
    return READ_DONE;
}

const struct reader reader_prometheus = { .name = "prometheus", .takes = takes_yaml, .read = read_prometheus };
