/* packages.c: installed packages that are of use with one provider alone: his command line, his agent. Read from the
 * lists of dpkg, apk and pacman. Source: deb-control(5); apk-package(5). */
#include <string.h>

#include "audit/host/machine.h"

enum { LONGEST_NAME = 120 };

static void tell_package(struct source *source, struct sink *sink, struct span name, size_t line)
{
    char value[LONGEST_NAME + 8];
    if (name.bytes == 0 || name.bytes > LONGEST_NAME)
        return;
    snprintf(value, sizeof value, "apt:%.*s", (int)name.bytes, (const char *)name.data);
    mention(source, sink,
            &(struct mention){ .signal = SIGNAL_NAME,
                               .value = span_text(value),
                               .line = line,
                               .evidence = EVIDENCE_CONFIGURED,
                               .note = true });
}

/* Packages that were removed but for their settings stay in the list. */
static void read_dpkg(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0, place = 0;
    struct span name = { 0 };
    for (struct span line, value; next_line(source->text, &at, &line);) {
        number++;
        if (span_begins(line, "Package:") && line_setting(line, "Package", &value)) {
            name = value;
            place = number;
        } else if (span_begins(line, "Status:") && span_ends(line, " installed")) {
            tell_package(source, sink, name, place);
        }
    }
}

static void read_apk(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        if (span_begins(line, "P:"))
            tell_package(source, sink, span_from(line, 2), number);
    }
}

/* "%NAME%", then the name in the next line. */
static void read_pacman(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0;
    bool is_name = false;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        if (is_name)
            tell_package(source, sink, span_trim(line), number);
        is_name = span_is(line, "%NAME%");
    }
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/var/lib/dpkg/status", read_dpkg },
        { "/var/lib/dpkg/status.d/*", read_dpkg }, /* images without a package manager */
        { "/lib/apk/db/installed", read_apk },
        { "/var/lib/pacman/local/*/desc", read_pacman },
    };
    machine_read(machine, places, LENGTH(places));
}

const struct origin origin_packages = { .name = "packages", .read = read_all };
