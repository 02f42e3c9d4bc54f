/* resolvers.c: who is asked for names: resolv.conf, systemd-resolved, NetworkManager, networkd, netplan, ifupdown,
 * dnsmasq, unbound, dhclient. Whoever resolves names sees each service that the machine talks to.
 * Sources: resolv.conf(5), resolved.conf(5), systemd.network(5), nm-settings-nmcli(5), dnsmasq(8), unbound.conf(5). */
#include <string.h>

#include "audit/host/machine.h"

/* One server, in whatever form: "1.1.1.1", "1.1.1.1:53", "[2606:4700:4700::1111]:853#cloudflare-dns.com",
 * "1.1.1.1@853#name", "https://dns.google/dns-query". The name that stands beside an address says whose it is, too. */
static void tell_server(struct source *source, struct sink *sink, struct span server, size_t line)
{
    const size_t hash = span_find(server, "#");
    struct span address = span_part(server, 0, hash);
    if (span_find(server, "://") < server.bytes) {
        configure(source, sink, SIGNAL_DOMAIN, server, line);
        return;
    }
    address.bytes = size_min(size_min(address.bytes, span_find(address, "@")), span_find(address, "%"));
    if (span_begins(address, "[")) {
        address = span_from(address, 1);
        address.bytes = span_find(address, "]");
    } else if (span_find(address, ".") < address.bytes) {
        address.bytes = size_min(address.bytes, span_find(address, ":"));
    }
    if (providers_find(sink->providers, SIGNAL_NETWORK, address))
        configure(source, sink, SIGNAL_NETWORK, address, line);
    else if (hash < server.bytes)
        configure(source, sink, SIGNAL_DOMAIN, span_from(server, hash + 1), line);
    else if (address_is_public(address))
        tell_unknown_address(source, sink, address, line);
}

static void tell_servers(struct source *source, struct sink *sink, struct span servers, size_t line)
{
    struct span server;
    while (next_word(&servers, &server))
        tell_server(source, sink, server, line);
}

/* Lines that begin with one of these and go on with servers. */
static void read_lines(struct source *source, struct sink *sink, const char *const *keys)
{
    size_t at = 0, number = 0;
    for (struct span line, value; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#;");
        for (const char *const *key = keys; *key; key++)
            if (line_setting(line, *key, &value))
                tell_servers(source, sink, value, number);
    }
}

static void read_resolv(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "nameserver", NULL });
}

static void read_systemd(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "DNS", "FallbackDNS", NULL });
}

static void read_network_manager(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "dns", "servers", NULL });
}

static void read_interfaces(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "dns-nameservers", "dns-nameserver", NULL });
}

static void read_dhclient(struct source *source, struct sink *sink)
{
    read_lines(source, sink,
               (const char *const[]){ "prepend domain-name-servers", "supersede domain-name-servers",
                                      "append domain-name-servers", NULL });
}

static void read_unbound(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "forward-addr", "forward-host", NULL });
}

/* "server=/lan/10.0.0.1" and "server=1.1.1.1#53": the part behind the last slash, without its port. */
static void read_dnsmasq(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0;
    for (struct span line, value; next_line(source->text, &at, &line);) {
        number++;
        if (!line_setting(line_content(line, "#"), "server", &value))
            continue;
        const unsigned char *slash = memrchr(value.data, '/', value.bytes);
        value = slash ? span_from(value, (size_t)(slash - value.data) + 1) : value;
        value.bytes = span_find(value, "#");
        tell_server(source, sink, value, number);
    }
}

struct telling {
    struct source *source;
    struct sink *sink;
};

static void visit_netplan(void *context, const struct node *node, struct span key)
{
    const struct telling *telling = context;
    if (span_is(key, "addresses"))
        tell_server(telling->source, telling->sink, node->text, node->line);
}

static void walk_netplan(const struct node *node, struct telling *telling)
{
    for (const struct node *entry = node->type == NODE_TEXT ? NULL : node->first; entry; entry = entry->next)
        if (key_is(entry, "nameservers"))
            node_walk(entry, NULL, visit_netplan, telling);
        else
            walk_netplan(entry, telling); /* as deep as a tree may be */
}

static void read_netplan(struct source *source, struct sink *sink)
{
    struct telling telling = { source, sink };
    const struct node *root = source_tree(source, sink, SYNTAX_YAML);
    if (root)
        walk_netplan(root, &telling);
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/etc/resolv.conf", read_resolv },
        { "/run/systemd/resolve/resolv.conf", read_resolv }, /* where resolv.conf names the stub alone */
        { "/etc/resolvconf/resolv.conf.d/*", read_resolv },
        { "/etc/systemd/resolved.conf", read_systemd },
        { "/etc/systemd/resolved.conf.d/*.conf", read_systemd },
        { "/etc/systemd/network/*.network", read_systemd },
        { "/etc/NetworkManager/NetworkManager.conf", read_network_manager },
        { "/etc/NetworkManager/conf.d/*.conf", read_network_manager },
        { "/etc/NetworkManager/system-connections/*", read_network_manager },
        { "/etc/netplan/*.yaml", read_netplan },
        { "/etc/network/interfaces", read_interfaces },
        { "/etc/network/interfaces.d/*", read_interfaces },
        { "/etc/dhcp/dhclient.conf", read_dhclient },
        { "/etc/dnsmasq.conf", read_dnsmasq },
        { "/etc/dnsmasq.d/*", read_dnsmasq },
        { "/etc/unbound/unbound.conf", read_unbound },
        { "/etc/unbound/unbound.conf.d/*.conf", read_unbound },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_resolvers = { .name = "resolvers", .read = read_all };
