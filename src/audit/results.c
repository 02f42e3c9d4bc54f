/* results.c: the table of forms in which a report is written. A new form is its file in results/ and a row here. */
#include "audit/results/form.h"

#include <string.h>

static const struct form forms[] = {
    { "json", result_json },           { "csv", result_csv },     { "html", result_html },
    { "cyclonedx", result_cyclonedx }, { "sarif", result_sarif },
};

const char *const *result_forms(void)
{
    static const char *const names[] = { "json", "csv", "html", "cyclonedx", "sarif", NULL };
    return names;
}

static const struct form *form_named(const char *name)
{
    for (size_t i = 0; i < LENGTH(forms); i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static bool make_headline(struct result *result, struct error *error)
{
    struct buffer text = { .limit = 1 << 10 };
    bool made = summary_headline(&result->summary, &text, error);
    if (made) {
        result->headline = arena_text(&result->arena, buffer_span(&text));
        made = result->headline || error_memory(error, text.length);
    }
    buffer_free(&text);
    return made;
}

bool result_write(const struct report *report, const char *form, FILE *stream, struct error *error)
{
    const struct form *found = form_named(form);
    if (!found)
        return error_set_kind(error, ERROR_WRONG_USE, "--format %s: there is no such form: see bastide audit --help",
                              form);
    struct result result = { .report = report };
    const bool written = summary_make(report, &result.arena, &result.summary, error) && make_headline(&result, error) &&
                         found->write(&result, stream, error);
    arena_free(&result.arena);
    return written && ((fflush(stream) == 0 && !ferror(stream)) || error_system(error, "the result", "write"));
}
