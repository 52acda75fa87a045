#include "sms-gateway/frame.h"
#include <string.h>

enum { YOUNGEST = 13, ADULT = 18 };

bool frame_area_is_unsafe(const char *area_code)
{
	return strcmp(area_code, "vald-nara-relation") == 0;
}

/* A month after a day: the same day of the next month, as a number that compares with
 * days. A day that the next month does not have (31 January) gives a number between its
 * last day and the first of the month after. */
static day month_after(day d)
{
	int year = d / 10000;
	int month = d / 100 % 100;
	int dom = d % 100;
	return month == 12 ? (year + 1) * 10000 + 100 + dom
			   : year * 10000 + (month + 1) * 100 + dom;
}

/* The last day belongs to the decision: 1–31 March is a whole month. */
static bool shorter_than_a_month(day from, day to)
{
	day next = month_after(from);
	if (to >= next)
		return false;
	int year = to / 10000;
	int month = to / 100 % 100;
	int dom = to % 100;
	day after = day_valid(year, month, dom + 1) ? to + 1
		    : month == 12                   ? (year + 1) * 10000 + 101
				  : year * 10000 + (month + 1) * 100 + 1;
	return after < next;
}

enum reason frame_check(const struct frame_person *p)
{
	if (p->is_protected)
		return REASON_PROTECTED;
	if (p->sms == FRAME_NO)
		return REASON_SMS_NO;
	if (p->age != FRAME_AGE_UNKNOWN && p->age < YOUNGEST)
		return REASON_CHILD;
	if (p->exempt_area)
		return REASON_EXEMPT;
	if (p->unsafe_area && p->sms != FRAME_YES)
		return REASON_SMS_NOT_SAFE;
	if (p->age != FRAME_AGE_UNKNOWN && p->age < ADULT && p->sms != FRAME_YES)
		return REASON_YOUNG;
	if (p->from && p->to && shorter_than_a_month(p->from, p->to))
		return REASON_SHORT;
	return REASON_NONE;
}
