/* markup.h: how the page of a report is written: markup of ours, texts of others always escaped.
 * Private to the room. */
#ifndef BASTIDE_AUDIT_RESULTS_MARKUP_H
#define BASTIDE_AUDIT_RESULTS_MARKUP_H

#include "audit/results/form.h"

/* A page in the making. */
struct page {
    FILE *stream;
    struct result *result;
    bool failed; /* memory was short; what is written from then on makes no sense */
};

/* The texts of a call of put, so that the compiler sees that they are texts. */
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__ })

/* Writes markup, with each {} replaced by the next text, cleaned and escaped; NULL is an empty text. */
void put(struct page *page, const char *markup, const char *const *texts);

/* Markup without texts. */
void put_plain(struct page *page, const char *markup);

/* "1 234"; valid until the page is done. */
const char *number(struct page *page, size_t value);

/* "1 provider", "3 providers": singular gets an s. */
const char *counted(struct page *page, size_t count, const char *singular);

/* printf for texts that are put. */
const char *text(struct page *page, const char *format, ...) PRINTF_LIKE(2, 3);

/* The first characters of a text, with an ellipsis if there are more. */
const char *shortened(struct page *page, const char *text, size_t characters);

/* "critical", with a mark that is seen without colours. */
void put_level(struct page *page, enum level level);

/* ---- sections: a file each --------------------------------------------------------------------------------------- */

void put_cuts(struct page *page);          /* html_cuts.c: if one goes */
void put_graph(struct page *page);         /* html_graph.c: services, owners, laws */
void put_concentration(struct page *page); /* html_shares.c */
void put_plan(struct page *page);          /* html_plan.c */
void put_register(struct page *page);      /* html_register.c: all of them, and the unknown */
void put_rest(struct page *page);          /* html_rest.c: waivers, warnings, how to read it */

#endif
