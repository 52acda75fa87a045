/* Who is in the frame, and how the person may be reached. Pure.
 */
#ifndef SMS_GATEWAY_FRAME_H
#define SMS_GATEWAY_FRAME_H

#include "common/clock.h"
#include "sms-gateway/phone.h"
#include "sms-gateway/reason.h"
#include "sms-gateway/rules.h"

enum frame_answer {
	FRAME_NOT_SAID,
	FRAME_NO,
	FRAME_YES,
};

enum frame_ground {
	FRAME_GROUND_UNTOLD, /* the file has no such column, or any ground counts */
	FRAME_GROUND_COUNTS,
	FRAME_GROUND_OTHER,   /* a known one that does not count */
	FRAME_GROUND_UNKNOWN, /* empty, or no word of the set */
};

enum { FRAME_AGE_UNKNOWN = -1 };

struct frame_person {
	bool is_protected; /* skyddade personuppgifter */
	bool unsafe_area;  /* others may read the phone */
	bool exempt_area;  /* the wave asks nobody there */
	bool exempt_measure;
	enum frame_ground ground;
	enum frame_answer sms; /* sms_tillåtet */
	int age;               /* full years, FRAME_AGE_UNKNOWN when not known */
	day from;              /* the decision's days, 0 when not known */
	day to;
};

/* REASON_NONE when the person is in the frame, else the first rule that keeps the person
 * out. */
enum reason frame_check(const struct rules *r, const struct frame_person *p);

/* How a person of the frame may be reached: the sum of bits; 0: only by letter. Stored,
 * so the numbers never change. */
enum {
	FRAME_SMS = 1 << 0,  /* a Swedish mobile number, and sms_tillåtet is not no */
	FRAME_CALL = 1 << 1, /* a Swedish mobile or landline number */
};
unsigned frame_channels(const struct frame_person *p, enum phone_kind phone);

#endif
