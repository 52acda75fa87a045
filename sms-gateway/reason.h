/* Why a row of an import file is not used. The codes travel to survey-server as counts
 * and stand in the quality declaration, so a code never changes its meaning. */
#ifndef SMS_GATEWAY_REASON_H
#define SMS_GATEWAY_REASON_H

#include <stdbool.h>

enum reason {
	REASON_NONE, /* the row is used */
	/* The row can't be read. */
	REASON_COLUMNS,
	REASON_QUOTES,
	REASON_PERSON_MISSING,
	REASON_PERSON_LONG,
	REASON_VALUE_PROTECTED,
	REASON_VALUE_SMS,
	REASON_VALUE_AGE,
	REASON_VALUE_DATE,
	REASON_AREA_MISSING,
	REASON_AREA_UNKNOWN,
	/* The person is outside the frame. */
	REASON_PROTECTED,
	REASON_SMS_NO,
	REASON_SMS_NOT_SAFE,
	REASON_CHILD,
	REASON_EXEMPT,
	REASON_YOUNG,
	REASON_SHORT,
	/* The person can't be reached by SMS. */
	REASON_PHONE_MISSING,
	REASON_PHONE_INVALID,
	REASON_PHONE_LANDLINE,
	REASON_PHONE_FOREIGN,
	REASON_PHONE_PREMIUM,
	REASON_PHONE_SHARED,
	REASON_REFUSED,
	/* The person is used, only not by this row. */
	REASON_DUPLICATE,
	REASON_OTHER_AREA,
	REASON_EXISTS,
	REASON_COUNT,
};

/* The code, as survey-server gets it: [a-z-]. */
const char *reason_code(enum reason r);
/* The words for staff, in Swedish. */
const char *reason_words(enum reason r);
/* Whether the reason keeps a person out, and not merely one row of a person who is used.
 */
bool reason_leaves_out(enum reason r);

#endif
