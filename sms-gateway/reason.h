/* What an import says of a row: why it is not used, or what is to be known of it though
 * it is. The codes of reasons travel to survey-server as counts and stand in the quality
 * declaration, so a code never changes its meaning. */
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
	REASON_SMS_NOT_SAFE,
	REASON_CHILD,
	REASON_YOUNG,
	REASON_EXEMPT,
	REASON_MEASURE,
	REASON_GROUND,
	REASON_GROUND_UNKNOWN,
	REASON_SHORT,
	REASON_REFUSED,
	REASON_REMOVED, /* by the coordinator */
	REASON_LATE,    /* new, when the sending has begun */
	/* The person is used, only not by this row. */
	REASON_DUPLICATE,
	REASON_OTHER_AREA,
	REASON_COUNT,
};

/* The code, as survey-server gets it: [a-z-]. */
const char *reason_code(enum reason r);
/* The words for staff, in Swedish. */
const char *reason_words(enum reason r);
/* Whether the reason keeps a person out, and not merely one row of a person who is used.
 */
bool reason_leaves_out(enum reason r);

/* Marks of a row that is used, the sum of bits. */
enum mark {
	MARK_LANDLINE = 1 << 0, /* can only be called */
	MARK_FOREIGN = 1 << 1,  /* neither sent to nor called */
	MARK_PREMIUM = 1 << 2,
	MARK_NO_PHONE = 1 << 3,
	MARK_BAD_PHONE = 1 << 4,
	MARK_SMS_NO = 1 << 5,   /* sms_tillåtet = nej */
	MARK_SHARED = 1 << 6,   /* held: another person has the same number */
	MARK_LANGUAGE = 1 << 7, /* unknown; Swedish is used */
	MARK_PERSON = 1 << 8, /* looks like a personnummer, but date or digit is wrong */
};
enum { MARK_COUNT = 9 };

/* The words of one mark, in Swedish. */
const char *mark_words(enum mark m);

#endif
