/* services.c: what the machine starts by itself: systemd's units that somebody has set up or switched on, and cron's
 * tables and scripts. Units that lie in packages and are not switched on start nothing.
 * Sources: systemd.service(5), systemd.exec(5), crontab(5). */
#include <ctype.h>
#include <string.h>

#include "audit/host/machine.h"

/* A unit whose name is that of an agent's package ("amazon-ssm-agent.service"): it runs. */
static void tell_agent(struct source *source, struct sink *sink)
{
    char value[160];
    const size_t length = strcspn(source->name, ".@");
    if (length == 0 || length > 120)
        return;
    snprintf(value, sizeof value, "apt:%.*s", (int)length, source->name);
    configure(source, sink, SIGNAL_NAME, span_text(value), 1);
}

/* "Environment=A=b "C=d e"": one word after the other. */
static void tell_environment(struct source *source, struct sink *sink, struct span words, size_t line)
{
    for (struct span word; next_word(&words, &word);) {
        while (word.bytes > 0 && (word.data[0] == '"' || word.data[0] == '\''))
            word = span_from(word, 1);
        const size_t equals = span_find(word, "=");
        if (equals < word.bytes)
            mention_setting(source, sink, span_part(word, 0, equals), span_from(word, equals + 1), line);
    }
}

/* "ExecStart=-/usr/bin/x --to https://y": the marks before a command are systemd's. */
static void tell_command(struct source *source, struct sink *sink, struct span command, size_t line)
{
    while (command.bytes > 0 && strchr("-@:+!", command.data[0]))
        command = span_from(command, 1);
    mention_commands(source, sink, command, line);
    mention_addresses(source, sink, command, line, EVIDENCE_CONFIGURED);
}

static void read_unit(struct source *source, struct sink *sink)
{
    static const char *const commands[] = { "ExecStart",  "ExecStartPre", "ExecStartPost",
                                            "ExecReload", "ExecStop",     "ExecCondition" };
    size_t at = 0, number = 0;
    tell_agent(source, sink);
    for (struct span line, value; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#;");
        if (line_setting(line, "Environment", &value))
            tell_environment(source, sink, value, number);
        for (size_t i = 0; i < LENGTH(commands); i++)
            if (line_setting(line, commands[i], &value))
                tell_command(source, sink, value, number);
    }
}

/* Behind the five times (or "@daily"), and behind the user where the table has one. */
static struct span cron_command(struct span line, bool has_user)
{
    const size_t words = (line.data[0] == '@' ? 1 : 5) + (size_t)has_user;
    for (size_t i = 0; i < words && line.bytes > 0; i++) {
        size_t end = 0;
        while (end < line.bytes && !isspace(line.data[end]))
            end++;
        line = span_trim(span_from(line, end));
    }
    return line;
}

static bool is_time(struct span line)
{
    return isdigit(line.data[0]) || line.data[0] == '*' || line.data[0] == '@';
}

static void read_table(struct source *source, struct sink *sink, bool has_user)
{
    size_t at = 0, number = 0;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#");
        const size_t equals = span_find(line, "=");
        if (line.bytes > 0 && is_time(line))
            tell_command(source, sink, cron_command(line, has_user), number);
        else if (equals < line.bytes)
            mention_setting(source, sink, span_trim(span_part(line, 0, equals)), span_from(line, equals + 1), number);
    }
}

static void read_system_table(struct source *source, struct sink *sink)
{
    read_table(source, sink, true);
}

static void read_user_table(struct source *source, struct sink *sink)
{
    read_table(source, sink, false);
}

static void read_script(struct source *source, struct sink *sink)
{
    if (span_begins(source->text, "#!") && span_find(span_part(source->text, 0, 64), "sh\n") < 64)
        mention_commands(source, sink, source->text, 1);
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/etc/systemd/system/*.service", read_unit },
        { "/etc/systemd/system/*.d/*.conf", read_unit },
        { "/etc/systemd/system/*.wants/*.service", read_unit },
        { "~/.config/systemd/user/*.service", read_unit },
        { "/etc/crontab", read_system_table },
        { "/etc/cron.d/*", read_system_table },
        { "/var/spool/cron/crontabs/*", read_user_table },
        { "/var/spool/cron/*", read_user_table },
        { "/etc/cron.hourly/*", read_script },
        { "/etc/cron.daily/*", read_script },
        { "/etc/cron.weekly/*", read_script },
        { "/etc/cron.monthly/*", read_script },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_services = { .name = "services", .read = read_all };
