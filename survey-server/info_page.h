/* The respondents' pages around the form: they are the same for everyone who reads one
 * language in one variant, so each is made once. */
#ifndef SURVEY_INFO_PAGE_H
#define SURVEY_INFO_PAGE_H

#include "page.h"

enum info {
	INFO_START,       /* where a code can be typed */
	INFO_START_WRONG, /* the code was none */
	INFO_THANKS,
	INFO_DECLINED,
	INFO_GONE,   /* one and the same for a used, closed, not yet open and unknown code
		      */
	INFO_BROKEN, /* the form did not arrive in one piece */
	INFO_LATER,  /* the answer could not be stored just now */
	INFO_MISSING,       /* no such page */
	INFO_PRIVACY,       /* what happens with the answers: GDPR, articles 13 and 14 */
	INFO_ACCESSIBILITY, /* the statement of lagen (2018:1937), as Digg prescribes it
			     */
	INFO_COUNT
};

void info_page(struct buf *b, const struct page *p, enum info which);

#endif
