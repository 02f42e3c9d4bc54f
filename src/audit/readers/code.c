/* code.c: programs in the common languages: see ../code/program.h for what counts. */
#include "audit/code/program.h"
#include "audit/readers/readers.h"

#include <string.h>

static bool takes_code(const struct source *source)
{
    const struct language *language = language_of(source->extension);
    return language && strcmp(language->name, "php") != 0 && strcmp(language->name, "shell") != 0;
}

static enum reading read_code(struct source *source, struct sink *sink)
{
    if (!source_is_foreign(source))
        program_read(source, sink, language_of(source->extension), source->text, 1);
    return READ_DONE;
}

const struct reader reader_code = { .name = "code", .takes = takes_code, .read = read_code };
