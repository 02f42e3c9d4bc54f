/* mail.c: who keeps a zone's mail. Its MX says so, unless that is a gateway which passes mail on, or unknown (a machine
 * of one's own, say): then what else the zone shows is weighed. A service that may send in the zone's name (SPF) is a
 * sender, and never the mailbox for that.
 *
 *   MX              autodiscover, DKIM, SPF, proofs           told
 *   a mailbox       whatever                                  that mailbox; others in SPF as senders
 *   a gateway       of mailbox M                              the gateway, and M
 *   unknown         of mailbox M                              M, and the unknown host
 *   unknown         of none                                   the unknown host */
#include "audit/readers/mail.h"

#include <string.h>

#include "audit/sink.h"

void mail_add(struct mail *mail, enum signal signal, struct span value, size_t line)
{
    if (mail->count < MOST_MAIL_SIGNS)
        mail->signs[mail->count++] = (struct mail_sign){ signal, value, line };
}

static bool is_category(const struct service *service, const char *category)
{
    return service && strcmp(service->category->id, category) == 0;
}

/* How much a sign says about the mailbox: a client is led to it by autodiscover, it signs by DKIM; SPF may be left from
 * elsewhere, and a proof of ownership ("txt:") may be for any service of the provider. */
static unsigned weight_of(const struct mail_sign *sign)
{
    if (sign->signal == SIGNAL_NAME)
        return span_begins(sign->value, "dkim:") ? 4 : 1;
    return sign->signal == SIGNAL_SPF ? 3 : 4;
}

/* The first sign of a mailbox in the MX records; NULL if none of them is a mailbox. */
static const struct mail_sign *mailbox_by_mx(const struct sink *sink, const struct mail *mail)
{
    for (size_t i = 0; i < mail->count; i++)
        if (mail->signs[i].signal == SIGNAL_MX &&
            is_category(sign_of(sink, SIGNAL_MX, mail->signs[i].value), "mailbox"))
            return &mail->signs[i];
    return NULL;
}

static unsigned votes_for(const struct sink *sink, const struct mail *mail, const struct provider *provider)
{
    unsigned votes = 0;
    for (size_t i = 0; i < mail->count; i++) {
        const struct service *service = sign_of(sink, mail->signs[i].signal, mail->signs[i].value);
        if (mail->signs[i].signal != SIGNAL_MX && is_category(service, "mailbox") && service->provider == provider)
            votes += weight_of(&mail->signs[i]);
    }
    return votes;
}

/* The sign of the mailbox for which most of the others speak; of several, the first in the file. */
static const struct mail_sign *mailbox_by_others(const struct sink *sink, const struct mail *mail)
{
    const struct mail_sign *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < mail->count; i++) {
        const struct service *service = sign_of(sink, mail->signs[i].signal, mail->signs[i].value);
        if (mail->signs[i].signal == SIGNAL_MX || !is_category(service, "mailbox"))
            continue;
        const unsigned votes = votes_for(sink, mail, service->provider);
        if (votes > most) {
            most = votes;
            best = &mail->signs[i];
        }
    }
    return best;
}

/* The service by which a provider of mailboxes sends for who has his mailbox elsewhere; NULL if the register
 * has none. */
static const struct service *service_sending(const struct sink *sink, const struct service *mailbox)
{
    size_t count;
    const struct service *const *services = services_all(sink->providers, &count);
    for (size_t i = 0; i < count; i++)
        if (services[i]->provider == mailbox->provider && is_category(services[i], "mail-sending"))
            return services[i];
    return NULL;
}

static bool has_mx(const struct mail *mail)
{
    for (size_t i = 0; i < mail->count; i++)
        if (mail->signs[i].signal == SIGNAL_MX)
            return true;
    return false;
}

static void tell_service(struct source *source, struct sink *sink, const struct service *service, size_t line)
{
    mention_service(source, sink, service, &(struct mention){ .line = line, .evidence = EVIDENCE_CONFIGURED });
}

/* Whoever is no mailbox, or another one than the zone's: a gateway, a sender, somebody unknown. */
static void tell_other(struct source *source, struct sink *sink, const struct mail_sign *sign,
                       const struct provider *mailbox)
{
    const struct service *service = sign_of(sink, sign->signal, sign->value);
    if (sign->signal == SIGNAL_MX || (service && !is_category(service, "mailbox"))) {
        if (!is_category(service, "mailbox") || service->provider != mailbox)
            configure(source, sink, sign->signal, sign->value, sign->line);
        return;
    }
    const struct service *sender = service && service->provider != mailbox ? service_sending(sink, service) : NULL;
    if (sign->signal == SIGNAL_SPF && sender)
        tell_service(source, sink, sender, sign->line);
    else if (sign->signal == SIGNAL_SPF && !service)
        configure(source, sink, sign->signal, sign->value, sign->line);
}

void mail_tell(struct source *source, struct sink *sink, const struct mail *mail)
{
    const struct mail_sign *mailbox = mailbox_by_mx(sink, mail);
    if (!mailbox && has_mx(mail)) /* who takes no mail has no mailbox */
        mailbox = mailbox_by_others(sink, mail);
    const struct service *service = mailbox ? sign_of(sink, mailbox->signal, mailbox->value) : NULL;
    if (service)
        tell_service(source, sink, service, mailbox->line);
    for (size_t i = 0; i < mail->count; i++)
        tell_other(source, sink, &mail->signs[i], service ? service->provider : NULL);
}
