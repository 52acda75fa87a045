/* The form's pages, as HTML. Everything that a person has said so far lies in the form
 * itself and nowhere else. */
#ifndef SURVEY_FORM_PAGE_H
#define SURVEY_FORM_PAGE_H

#include "definition.h"
#include "page.h"
#include "wave.h"

enum { FORM_PAGE_NONCE = 16, FORM_PAGE_NONCE_TEXT = 2 * FORM_PAGE_NONCE };

/* One edition of a wave's form, as people of some areas see it. */
struct form_view {
	struct page page;
	const struct texts_all *all; /* what languages are called */
	const struct definition *definition;
	const struct questionnaire *questionnaire; /* the edition */
	enum custody custody;
	unsigned hidden; /* questions that the area does not show */
};

/* What a person has said so far. */
struct form_state {
	uint8_t answers[BALLOT_QUESTIONS];
	bool declined[BALLOT_QUESTIONS]; /* "Jag vill inte svara" */
	enum helped helped;
	char nonce[FORM_PAGE_NONCE_TEXT + 1]; /* goes with the form, so that the same form
						 sent twice is known */
};

/* problem: shown first; NULL when there is none. */

/* Page 0: who asks, why, and what happens with the answers. */
void form_page_first(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem);
/* Page n + 1: the question at place n. */
void form_page_question(struct buf *b, const struct form_view *v, size_t n,
	const struct form_state *s, const char *problem);
/* The page after the questions: the answers, all that is saved, and the way to send it.
 */
void form_page_last(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem);
/* Everything on one page. */
void form_page_whole(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem);

#endif
