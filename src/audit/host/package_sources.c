/* package_sources.c: where the machine's programs come from, and its fixes with them: apt, dnf and zypper, apk, pacman,
 * Flatpak, Snap; the registries that pip and npm are set to.
 * Sources: sources.list(5) (one-line and deb822 form), dnf.conf(5), apk-repositories(5), pacman.conf(5). */
#include <string.h>

#include "audit/host/machine.h"

/* Each address in lines that begin with one of these keys; all lines where keys is NULL. */
static void read_addresses(struct source *source, struct sink *sink, const char *const *keys)
{
    size_t at = 0, number = 0;
    for (struct span line, value; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#;");
        if (!keys)
            mention_addresses(source, sink, line, number, EVIDENCE_CONFIGURED);
        for (const char *const *key = keys; key && *key; key++)
            if (line_setting(line, *key, &value))
                mention_addresses(source, sink, value, number, EVIDENCE_CONFIGURED);
    }
}

/* "deb [arch=amd64 signed-by=...] https://host/path suite component" */
static void read_list(struct source *source, struct sink *sink)
{
    read_addresses(source, sink, (const char *const[]){ "deb", "deb-src", NULL });
}

/* A paragraph of a deb822 file: Enabled may stand anywhere in it. */
static bool is_disabled(struct span paragraph)
{
    size_t at = 0;
    for (struct span line, value; next_line(paragraph, &at, &line);)
        if (line_setting(line_content(line, "#"), "Enabled", &value))
            return span_is_nocase(value, "no") || span_is_nocase(value, "false") || span_is(value, "0");
    return false;
}

/* From the line at offset to the next that is empty. */
static struct span paragraph_at(struct span text, size_t offset)
{
    size_t at = offset;
    for (struct span line; next_line(text, &at, &line);)
        if (span_trim(line).bytes == 0)
            break;
    return span_part(text, offset, at - offset);
}

/* "URIs:" may go on in lines that begin with a blank. */
static void read_deb822(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0, end = 0;
    bool disabled = false, addresses = false;
    for (struct span line; at < source->text.bytes;) {
        if (at >= end) {
            const struct span paragraph = paragraph_at(source->text, at);
            end = at + paragraph.bytes;
            disabled = is_disabled(paragraph);
        }
        next_line(source->text, &at, &line);
        number++;
        const bool goes_on = line.bytes > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
        addresses = goes_on ? addresses : span_is_nocase(span_part(line, 0, size_min(line.bytes, 5)), "URIs:");
        if (addresses && !disabled && line_content(line, "#").bytes > 0)
            mention_addresses(source, sink, line, number, EVIDENCE_CONFIGURED);
    }
}

/* Sections of dnf and zypper; enabled=0 leaves one out. */
static void read_repo(struct source *source, struct sink *sink)
{
    static const char *const keys[] = { "baseurl", "mirrorlist", "metalink" };
    const struct node *root = source_tree(source, sink, SYNTAX_INI);
    for (const struct node *section = root ? root->first : NULL; section; section = section->next) {
        if (section->type != NODE_MAP || span_is(node_text(section, "enabled"), "0"))
            continue;
        for (size_t i = 0; i < LENGTH(keys); i++) {
            const struct node *address = node_get(section, keys[i]);
            if (address && address->type == NODE_TEXT)
                mention_addresses(source, sink, address->text, address->line, EVIDENCE_CONFIGURED);
        }
    }
}

static void read_plain(struct source *source, struct sink *sink)
{
    read_addresses(source, sink, NULL);
}

static void read_pacman(struct source *source, struct sink *sink)
{
    read_addresses(source, sink, (const char *const[]){ "Server", NULL });
}

static void read_flatpak(struct source *source, struct sink *sink)
{
    read_addresses(source, sink, (const char *const[]){ "url", NULL });
}

static void read_pip(struct source *source, struct sink *sink)
{
    read_addresses(source, sink, (const char *const[]){ "index-url", "extra-index-url", "find-links", NULL });
}

/* "registry=..." and "@scope:registry=..."; lines with tokens are no addresses of one's own choice. */
static void read_npmrc(struct source *source, struct sink *sink)
{
    size_t at = 0, number = 0;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        line = line_content(line, "#;");
        const size_t equals = span_find(line, "=");
        if (equals < line.bytes && span_ends(span_trim(span_part(line, 0, equals)), "registry"))
            mention_addresses(source, sink, span_from(line, equals), number, EVIDENCE_CONFIGURED);
    }
}

static void tell_snap(struct machine *machine, const char *path, void *context)
{
    char shown[300];
    bool *told = context;
    const char *slash = strrchr(path, '/');
    snprintf(shown, sizeof shown, "snap %s", slash + 1);
    if (!*told)
        machine_tell(machine, path, 1, EVIDENCE_CONFIGURED, SIGNAL_DOMAIN, "api.snapcraft.io", shown);
    *told = true;
}

static void read_all(struct machine *machine)
{
    static const struct place places[] = {
        { "/etc/apt/sources.list", read_list },
        { "/etc/apt/sources.list.d/*.list", read_list },
        { "/etc/apt/sources.list.d/*.sources", read_deb822 },
        { "/etc/yum.repos.d/*.repo", read_repo },
        { "/etc/zypp/repos.d/*.repo", read_repo },
        { "/etc/apk/repositories", read_plain },
        { "/etc/pacman.conf", read_pacman },
        { "/etc/pacman.d/mirrorlist", read_pacman },
        { "/var/lib/flatpak/repo/config", read_flatpak },
        { "~/.local/share/flatpak/repo/config", read_flatpak },
        { "/etc/pip.conf", read_pip },
        { "~/.pip/pip.conf", read_pip },
        { "~/.config/pip/pip.conf", read_pip },
        { "/etc/npmrc", read_npmrc },
        { "/usr/etc/npmrc", read_npmrc },
        { "~/.npmrc", read_npmrc },
    };
    bool told = false;
    machine_read(machine, places, LENGTH(places));
    machine_each(machine, "/var/lib/snapd/snaps/*.snap", tell_snap, &told);
}

const struct origin origin_package_sources = { .name = "origins of packages", .read = read_all };
