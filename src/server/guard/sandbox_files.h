/* sandbox_files.h: the part of the sandbox that fences files. Private to the room. */
#ifndef BASTIDE_SERVER_SANDBOX_FILES_H
#define BASTIDE_SERVER_SANDBOX_FILES_H

#include "server/guard/sandbox.h"

/* *version is Landlock's, or 0 where the kernel has none and nothing was done. */
MUST_USE bool sandbox_fence_files(const struct sandbox_places *places, int *version, struct error *error);

#endif
