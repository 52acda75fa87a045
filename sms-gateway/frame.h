/* Who is in the frame: the rules that keep a person out whatever the number says. Pure.
 */
#ifndef SMS_GATEWAY_FRAME_H
#define SMS_GATEWAY_FRAME_H

#include "common/clock.h"
#include "sms-gateway/reason.h"

enum frame_answer {
	FRAME_NOT_SAID,
	FRAME_NO,
	FRAME_YES,
};

enum { FRAME_AGE_UNKNOWN = -1 };

struct frame_person {
	bool is_protected;     /* skyddade personuppgifter */
	bool unsafe_area;      /* våld i nära relation: others may read the phone */
	bool exempt_area;      /* the wave asks nobody there */
	enum frame_answer sms; /* sms_tillåtet */
	int age;               /* full years, FRAME_AGE_UNKNOWN when not known */
	day from;              /* the decision's days, 0 when not known */
	day to;
};

/* The code of the area in which nothing is sent unless the unit has said that the number
 * is safe. */
bool frame_area_is_unsafe(const char *area_code);
/* REASON_NONE when the person is in the frame, else the first rule that keeps the person
 * out. */
enum reason frame_check(const struct frame_person *p);

#endif
