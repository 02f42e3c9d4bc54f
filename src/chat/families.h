/* families.h: how families of models write calls and reasoning. Private to the room. */
#ifndef BASTIDE_CHAT_FAMILIES_H
#define BASTIDE_CHAT_FAMILIES_H

#include "base/base.h"

enum { FAMILY_TEXTS_MOST = 6 };

/* One way of writing calls. Texts are "" or NULL where a family has nothing there.
 *
 *   as objects   section [opening gap {"NAME_KEY": "f", "ARGUMENTS_KEY": {...}} gap closing]... section_end
 *   in a list    section opening [{...}, {...}] closing section_end
 *   by name      section [opening f between {...} closing]... section_end */
struct call_form {
    const char *name;
    const char *signs[2]; /* what a prompt has in which a call of PROBE_TOOL was written: all of them */
    const char *section, *section_end;
    const char *opening, *gap, *closing;
    const char *name_key, *arguments_key; /* NULL: by name */
    const char *between;                  /* name and arguments */
    const char *lead;                     /* what an answer that begins with a call has before its opening */
    bool list;
    bool bare;                            /* an answer that begins with an object is a call, too */
    bool single;                          /* one call in an answer */
    const char *noise[FAMILY_TEXTS_MOST]; /* what else may stand around calls and content, and is no part of them */
};

/* One way of writing reasoning. */
struct reasoning_form {
    const char *opening, *closing;
    const char *next;    /* what stands between the closing and a call or an answer, besides ends of lines */
    const char *content; /* what stands before an answer that is no call */
    bool anywhere;       /* not only at the beginning */
};

#define PROBE_TOOL "get_probe"

/* Our own: for templates that know no tools. */
extern const struct call_form call_form_own;

/* The form of the calls in a prompt; NULL if it is none that is known. */
const struct call_form *call_form_in(struct span prompt);

/* All forms of reasoning: i from 0; NULL at the end. */
const struct reasoning_form *reasoning_form_at(size_t i);

#endif
