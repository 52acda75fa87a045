/* The frame of every page that survey-server shows, and what is the same on all of them.
 */
#ifndef SURVEY_PAGE_H
#define SURVEY_PAGE_H

#include "common/buf.h"
#include "common/html.h"

struct page_city {
	const char *name;  /* who asks */
	const char *leave; /* where "Lämna sidan" goes */
};

/* A page for respondents: header with the quick way out, main, footer with the links to
 * what happens with the answers and to the accessibility statement. */
void page_begin(struct buf *b, const struct page_city *city, const char *title);
void page_end(struct buf *b);
/* A page with results: wider, for tables. */
void page_begin_wide(struct buf *b, const char *title);
void page_end_wide(struct buf *b);
/* The value of Content-Security-Policy that permits the style sheets of both kinds and
 * nothing else. */
void page_policy(struct buf *policy);

#endif
