/* time.c: whose clocks the machine follows: chrony, ntpd and ntpsec, openntpd, timesyncd, networkd.
 * Sources: chrony.conf(5), ntp.conf(5), ntpd.conf(5), timesyncd.conf(5). */
#include "audit/host/machine.h"

static void read_lines(struct source *source, struct sink *sink, const char *const *keys, bool many)
{
    size_t at = 0, number = 0;
    for (struct span line, value, word; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#;!%");
        for (const char *const *key = keys; *key; key++)
            for (bool go_on = line_setting(line, *key, &value); go_on && next_word(&value, &word); go_on = many)
                configure(source, sink, SIGNAL_DOMAIN, word, number);
    }
}

/* The first word is the server, the others are options. */
static void read_daemon(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "server", "servers", "pool", "peer", NULL }, false);
}

static void read_systemd(struct source *source, struct sink *sink)
{
    read_lines(source, sink, (const char *const[]){ "NTP", "FallbackNTP", NULL }, true);
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/etc/chrony.conf", read_daemon },
        { "/etc/chrony/chrony.conf", read_daemon },
        { "/etc/chrony/conf.d/*.conf", read_daemon },
        { "/etc/chrony/sources.d/*.sources", read_daemon },
        { "/etc/ntp.conf", read_daemon },
        { "/etc/ntpsec/ntp.conf", read_daemon },
        { "/etc/ntpsec/ntp.d/*.conf", read_daemon },
        { "/etc/openntpd/ntpd.conf", read_daemon },
        { "/etc/systemd/timesyncd.conf", read_systemd },
        { "/etc/systemd/timesyncd.conf.d/*.conf", read_systemd },
        { "/etc/systemd/network/*.network", read_systemd },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_time = { .name = "time servers", .read = read_all };
