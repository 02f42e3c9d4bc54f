/* templated.h: texts that become YAML only after a template engine has gone over them. */
#ifndef BASTIDE_AUDIT_TEMPLATED_H
#define BASTIDE_AUDIT_TEMPLATED_H

#include "base/base.h"

/* Stands where a template's value stood. A '$' makes it a variable to all who look at images and hosts, and it is plain
 * text to YAML, within braces too. */
#define TEMPLATED_VALUE "$(template)"

/* Whether there is a "{{" in it. */
bool is_templated(struct span text);

/* The text of a Helm chart (or another that Go's text/template goes over) with as many lines, but without templates:
 * what gives a value becomes TEMPLATED_VALUE, what only steers (if, range, end, a comment) and what stands alone in its
 * lines becomes nothing. An unclosed "{{" ends the text. */
MUST_USE bool templated_plain(struct span text, struct arena *arena, struct span *out, struct error *error);

#endif
