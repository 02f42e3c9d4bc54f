/* sandbox_files.c: Landlock: this process opens what lies below the places that it was left, and nothing else.
 *
 * Each kernel knows the rights of its version and those before; what a version adds is asked for where it is there. The
 * header of Debian 12 is older than many kernels, so the numbers of later versions stand here.
 * Source: docs.kernel.org/userspace-api/landlock.html */
#include "server/guard/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct landlock_ruleset_attr as of version 6. */
struct rules {
    uint64_t files, ports, scopes;
};

enum {
    FILES_FIRST = (1 << 13) - 1, /* version 1: all but those below */
    FILES_REFER = 1 << 13,       /* version 2: rename and link across folders */
    FILES_TRUNCATE = 1 << 14,    /* version 3 */
    FILES_DEVICE = 1 << 15,      /* version 5: ioctl of devices */
    PORTS = 1 << 0 | 1 << 1,     /* version 4: bind and connect with TCP */
    SCOPES = 1 << 0 | 1 << 1,    /* version 6: sockets without a file and signals, to outside */
    READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    WRITING = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | FILES_REFER |
              FILES_TRUNCATE,
    OF_A_FILE = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                FILES_TRUNCATE | FILES_DEVICE,
};

static struct rules rules_of(int version)
{
    const unsigned files = FILES_FIRST | (version >= 2 ? FILES_REFER : 0u) | (version >= 3 ? FILES_TRUNCATE : 0u) |
                           (version >= 5 ? FILES_DEVICE : 0u);
    return (struct rules){ files, version >= 4 ? PORTS : 0, version >= 6 ? SCOPES : 0 };
}

/* A kernel knows as many of the fields as its version has. */
static size_t rules_bytes(int version)
{
    return version >= 6 ? sizeof(struct rules) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static bool allow(int ruleset, const struct rules *rules, const char *path, unsigned rights, struct error *error)
{
    struct stat status;
    const int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES || error_system(error, path, "allow it");
    const bool folder = fstat(place, &status) == 0 && S_ISDIR(status.st_mode);
    const struct landlock_path_beneath_attr attribute = {
        .allowed_access = rights & rules->files & (folder ? ~0u : (unsigned)OF_A_FILE),
        .parent_fd = place,
    };
    const bool added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attribute, 0) == 0 ||
                       error_system(error, path, "allow it in the sandbox");
    close(place);
    return added;
}

static bool allow_all(int ruleset, const struct rules *rules, const struct sandbox_places *places, struct error *error)
{
    for (size_t i = 0; i < places->read_count; i++)
        if (!allow(ruleset, rules, places->reads[i], READING, error))
            return false;
    for (size_t i = 0; i < places->write_count; i++)
        if (!allow(ruleset, rules, places->writes[i], WRITING, error))
            return false;
    return true;
}

bool sandbox_fence_files(const struct sandbox_places *places, int *version, struct error *error)
{
    const long known = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *version = known > 0 ? (int)known : 0;
    if (*version == 0) /* no such call, turned off, or kept from us by a container */
        return true;
    const struct rules rules = rules_of(*version);
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, rules_bytes(*version), 0);
    if (ruleset < 0)
        return error_system(error, "sandbox", "make its rules for files");
    const bool fenced = allow_all(ruleset, &rules, places, error) &&
                        (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ||
                         error_system(error, "sandbox", "fence files"));
    close(ruleset);
    return fenced;
}
