/* What is held of persons, in words: a register extract (GDPR, article 15) as a page to
 * print and as JSON, and the list of those who wait for a decision. */
#ifndef SMS_GATEWAY_PERSON_REPORT_H
#define SMS_GATEWAY_PERSON_REPORT_H

#include "common/buf.h"
#include "sms-gateway/person.h"

struct person_extract {
	const char *administration; /* its code */
	const struct survey_waves *waves;
	const struct person_list *list;
	bool refused; /* is among those who are never to be contacted */
	day today;
};

/* A whole page in Swedish, for print. */
void person_report_html(const struct person_extract *x, struct buf *out);
/* {"administration", "day", "refused", "waves": [{"wave", "title", "name", "phone",
 * "language", "unit", "background": {VARIABLE: VALUE}, "reach", "plan", "hold",
 * "messages": [{"kind", "state"}]}], "decisions": [{"wave", "decision"}]} */
void person_report_json(const struct person_extract *x, struct buf *out);

/* Why somebody is held, in Swedish; "" for STORE_FREE. */
const char *person_hold_words(enum store_hold h);
const char *person_state_words(enum store_state s);

#endif
