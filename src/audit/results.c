/* results.c: the table of forms. */
#include "audit/results.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *name;
    bool (*write)(const struct report *report, FILE *stream, struct error *error);
} forms[] = {
    { "json", result_json },
};
/* clang-format on */

const char *const *result_forms(void)
{
    static const char *const names[] = { "json", NULL };
    return names;
}

bool result_write(const struct report *report, const char *form, FILE *stream, struct error *error)
{
    for (size_t i = 0; i < LENGTH(forms); i++)
        if (strcmp(forms[i].name, form) == 0)
            return forms[i].write(report, stream, error) &&
                   (fflush(stream) == 0 || error_system(error, "result", "write"));
    return error_set_kind(error, ERROR_WRONG_USE, "%s: no such form: see bastide audit --help", form);
}
