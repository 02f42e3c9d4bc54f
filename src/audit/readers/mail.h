/* mail.h: who keeps a zone's mail. */
#ifndef BASTIDE_AUDIT_READERS_MAIL_H
#define BASTIDE_AUDIT_READERS_MAIL_H

#include "audit/reader.h"

enum { MOST_MAIL_SIGNS = 64 };

/* A sign of who takes or sends a zone's mail, in the order of the file. */
struct mail_sign {
    enum signal signal; /* SIGNAL_MX, _SPF, _DKIM, _AUTODISCOVER; SIGNAL_NAME for "dkim:SELECTOR" and "txt:BEGINNING" */
    struct span value;
    size_t line;
};

struct mail {
    struct mail_sign signs[MOST_MAIL_SIGNS];
    size_t count;
};

void mail_add(struct mail *mail, enum signal signal, struct span value, size_t line);

/* Tells the mailbox, the gateway before it, and who else may send. */
void mail_tell(struct source *source, struct sink *sink, const struct mail *mail);

#endif
