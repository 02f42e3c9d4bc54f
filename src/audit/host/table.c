/* table.c: what of a machine is read, in this order. */
#include "audit/host/machine.h"

/* clang-format off */
static const struct origin *const rows[] = {
    &origin_package_sources,
    &origin_packages,
    &origin_resolvers,
    &origin_time,
    &origin_certificates,
    &origin_services,
    &origin_containers,
    &origin_accounts,
    &origin_processes,
    &origin_connections, /* last: it may take its time */
};
/* clang-format on */

const struct origin *const *machine_origins(size_t *count)
{
    *count = LENGTH(rows);
    return rows;
}
