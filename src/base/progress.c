/* progress.c: how lower rooms tell a person what they are at, without knowing what a terminal is. */
#include "base/base.h"

bool progress_tell(const struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
    return !progress || !progress->update || progress->update(progress->context, what, done, total);
}
