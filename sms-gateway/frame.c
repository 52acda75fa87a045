#include "sms-gateway/frame.h"

/* The same day some months later, as a number that compares with days. A day that the
 * month does not have (31 February) gives a number between its last day and the first of
 * the month after. */
static day months_after(day d, int months)
{
	int month = d / 100 % 100 - 1 + months;
	return (d / 10000 + month / 12) * 10000 + (month % 12 + 1) * 100 + d % 100;
}

/* The last day belongs to the decision: 1–31 March is a whole month. */
static bool shorter_than(day from, day to, int months)
{
	day whole = months_after(from, months);
	if (to >= whole)
		return false;
	int year = to / 10000;
	int month = to / 100 % 100;
	int dom = to % 100;
	day after =
		day_valid(year, month, dom + 1) ? to + 1 : months_after(to - dom + 1, 1);
	return after < whole;
}

static enum reason check_decision(const struct rules *r, const struct frame_person *p)
{
	if (p->exempt_area)
		return REASON_EXEMPT;
	if (p->exempt_measure)
		return REASON_MEASURE;
	switch (p->ground) {
	case FRAME_GROUND_OTHER:
		return REASON_GROUND;
	case FRAME_GROUND_UNKNOWN:
		return REASON_GROUND_UNKNOWN;
	case FRAME_GROUND_UNTOLD:
	case FRAME_GROUND_COUNTS:
		break;
	}
	if (p->unsafe_area && p->sms != FRAME_YES)
		return REASON_SMS_NOT_SAFE;
	if (p->age != FRAME_AGE_UNKNOWN && p->age < r->adult && p->sms != FRAME_YES)
		return REASON_YOUNG;
	if (r->shortest && p->from && p->to && shorter_than(p->from, p->to, r->shortest))
		return REASON_SHORT;
	return REASON_NONE;
}

/* What holds for the person whatever the decision comes first. */
enum reason frame_check(const struct rules *r, const struct frame_person *p)
{
	if (p->is_protected)
		return REASON_PROTECTED;
	if (p->age != FRAME_AGE_UNKNOWN && p->age < r->youngest)
		return REASON_CHILD;
	return check_decision(r, p);
}

unsigned frame_channels(const struct frame_person *p, enum phone_kind phone)
{
	switch (phone) {
	case PHONE_MOBILE:
		return p->sms == FRAME_NO ? FRAME_CALL : FRAME_SMS | FRAME_CALL;
	case PHONE_LANDLINE:
		return FRAME_CALL;
	case PHONE_FOREIGN:
	case PHONE_PREMIUM:
	case PHONE_INVALID:
	case PHONE_MISSING:
		return 0;
	}
	return 0;
}
