/* verify.c: is a model still the one that was pulled? */
#include "models/pull.h"
#include "models/store.h"

#include <string.h>
#include <unistd.h>

bool models_verify(const struct stored_model *model, const struct progress *progress, char found[SHA256_TEXT],
                   bool *same, struct error *error)
{
    found[0] = '\0';
    *same = false;
    if (access(model->path, F_OK) != 0)
        return true; /* the answer is no */
    if (!sha256_of_file(model->path, progress, found, error))
        return false;
    *same = strcmp(found, model->sha256) == 0;
    return true;
}
