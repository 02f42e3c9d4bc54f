/* purpose.h: what a key's words, and an address by itself, say about what the address is for. Settings, programs and
 * pages are full of addresses that nothing ever talks to: where the manual is, who wrote it, what a page links to. */
#ifndef BASTIDE_AUDIT_READERS_PURPOSE_H
#define BASTIDE_AUDIT_READERS_PURPOSE_H

#include "audit/reader.h"

enum purpose {
    PURPOSE_NONE,     /* a link for people, a namespace, a placeholder: never counts */
    PURPOSE_UNKNOWN,  /* nothing speaks for or against it: counts if the register knows the host */
    PURPOSE_ENDPOINT, /* something is sent there or loaded from there: counts in any case */
    PURPOSE_OWN,      /* where the program itself is reached */
};

/* What a variable, a parameter or a setting of that name holds: "apiBaseUrl", "SMTP_HOST", "docs_url". */
enum purpose purpose_of_key(struct span key);

/* What a literal is that is an address as a whole ("https://host/path", "wss://host", "//host/path"); PURPOSE_NONE also
 * if it is none. Never PURPOSE_OWN. */
enum purpose purpose_of_address(struct span literal);

/* Whether the text as a whole is a host's name, with a port or not, and no version, file or package. */
bool looks_like_host(struct span text);

/* Whether the key has that word: "apiBaseURL" and "API_BASE_URL" have "api", "base", "url". */
bool key_has_word(struct span key, const char *word);

#endif
