/* auditor.h: the audits of the folders that the server was started with: made in the background, again when asked or
 * when files have changed, each with the waivers and notes that the page keeps. Private to the room.
 *
 *   waiting --> reading --> done <--> reading again        a folder keeps its last result while it is read
 *                  '------> failed                         what failed is tried again when asked or changed
 */
#ifndef BASTIDE_SERVER_PAGE_AUDITOR_H
#define BASTIDE_SERVER_PAGE_AUDITOR_H

#include "server/failure.h"

#include <jansson.h>

struct auditor;

/* Looks whether the folders are there, and reads the register: before the sandbox. *out is NULL without folders. */
MUST_USE bool auditor_open(const char *const *paths, size_t count, struct auditor **out, struct error *error);

/* Begins with the first audit, in a thread of its own. */
MUST_USE bool auditor_start(struct auditor *auditor, struct error *error);

/* Stops what is being read. Takes NULL. */
void auditor_close(struct auditor *auditor);

/* All that follow are safe for several threads, and take a NULL auditor for one without folders. */

/* [{"id", "title", "path", "state", "what", "done", "total", "error", "made", "version"}]: version counts the results,
 * 0 while there is none. Who asks looks: for a while files are compared with what was read. NULL when memory is
 * short. */
json_t *auditor_list(struct auditor *auditor);

/* Appends {"kept": {"waivers", "notes"}, "report": the result as JSON}. */
MUST_USE bool auditor_result(struct auditor *auditor, size_t folder, struct buffer *out, struct failure *failure);

/* Audits the folder again. */
MUST_USE bool auditor_again(struct auditor *auditor, size_t folder, struct failure *failure);

/* Keeps an entry of a kind ("waivers", "notes"), or lets go of the one that is equal; on the disk before it returns. */
MUST_USE bool auditor_keep(struct auditor *auditor, size_t folder, const char *kind, const json_t *entry, bool keep,
                           struct failure *failure);

#endif
