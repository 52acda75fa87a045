/* The pages that a respondent sees, as HTML. Words: du, short sentences, nothing that
 * could frighten. */
#ifndef SURVEY_FORM_PAGE_H
#define SURVEY_FORM_PAGE_H

#include "page.h"
#include "questionnaire.h"
#include "wave.h"

enum { FORM_PAGE_NONCE = 16 };

/* The form with the answers so far. problem: shown first, NULL when there is none. The
 * nonce goes along with the form, so that the same form sent twice is known. */
void form_page_form(struct buf *b, const struct page_city *city, const struct wave *wave,
	const struct questionnaire *q, const uint8_t *answers, const char *problem,
	const uint8_t nonce[static FORM_PAGE_NONCE]);
/* Where a code can be typed. */
void form_page_start(struct buf *b, const struct page_city *city, const char *problem);
void form_page_thanks(struct buf *b, const struct page_city *city);
void form_page_declined(struct buf *b, const struct page_city *city);
/* One and the same for a used, closed, not yet open and unknown code. */
void form_page_gone(struct buf *b, const struct page_city *city);
/* The form did not arrive in one piece. */
void form_page_broken(struct buf *b, const struct page_city *city);
/* The answer could not be stored just now. */
void form_page_later(struct buf *b, const struct page_city *city);
void form_page_missing(struct buf *b, const struct page_city *city);
/* What happens with the answers; server_key: some wave keeps its private key on the
 * server. */
void form_page_about(struct buf *b, const struct page_city *city, bool server_key);
void form_page_accessibility(struct buf *b, const struct page_city *city);

#endif
