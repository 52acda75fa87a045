#include "sms-gateway/roster_inside.h"
#include <stdlib.h>
#include <string.h>

/* The rows weighed against each other. */

/* Of two rows about one person and area the first is used: the one that reaches the
 * person best. What they say settles the rest, never their places in the file, so that
 * the same rows in another order come to the same. */
static int by_use(const struct roster_entry *a, const struct roster_entry *b)
{
	int order = (int)a->reason - (int)b->reason;
	if (!order)
		order = (int)b->channels - (int)a->channels;
	if (!order)
		order = strcmp(a->phone, b->phone);
	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->unit, b->unit);
	if (!order)
		order = strcmp(a->language, b->language);
	return order ? order : memcmp(a->values, b->values, sizeof a->values);
}

static int by_person(const void *a, const void *b, void *context)
{
	const struct roster *r = context;
	size_t one = *(const size_t *)a;
	size_t other = *(const size_t *)b;
	const struct roster_entry *first = &r->entries[one];
	const struct roster_entry *second = &r->entries[other];
	int order = strcmp(first->person, second->person);
	if (!order)
		order = (int)first->values[r->area] - (int)second->values[r->area];
	if (!order)
		order = by_use(first, second);
	return order ? order : (one > other) - (one < other);
}

static int by_phone(const void *a, const void *b, void *context)
{
	const struct roster *r = context;
	return strcmp(r->entries[*(const size_t *)a].phone,
		r->entries[*(const size_t *)b].phone);
}

/* What is said once of a person, or of the phone, holds for all the person's rows; the
 * first of these counts. */
static const enum reason personal[] = { REASON_PROTECTED, REASON_VALUE_PROTECTED,
	REASON_VALUE_SMS, REASON_CHILD, REASON_SMS_NOT_SAFE };

static enum reason out_for_all(const struct roster *r, const size_t *rows, size_t count)
{
	for (size_t p = 0; p < sizeof personal / sizeof *personal; p++)
		for (size_t i = 0; i < count; i++)
			if ((enum reason)r->entries[rows[i]].reason == personal[p])
				return personal[p];
	return REASON_NONE;
}

/* One person's rows: what keeps the person out, twice the same area, and which area of
 * several. */
static void settle_person(struct roster *r, const size_t *rows, size_t count,
	uint32_t (*chance)(const void *context, const char *person, uint32_t bound),
	const void *context)
{
	enum reason out = out_for_all(r, rows, count);
	bool no_sms = false;
	uint32_t usable = 0;
	const struct roster_entry *last = NULL;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &r->entries[rows[i]];
		no_sms |= (entry->marks & MARK_SMS_NO) != 0;
		if (entry->reason != REASON_NONE)
			continue;
		if (out != REASON_NONE)
			entry->reason = (uint8_t)out;
		else if (last && last->values[r->area] == entry->values[r->area])
			entry->reason = REASON_DUPLICATE;
		else
			last = entry;
		usable += entry->reason == REASON_NONE;
	}
	uint32_t chosen =
		usable > 1 ? chance(context, r->entries[rows[0]].person, usable) : 0;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &r->entries[rows[i]];
		if (entry->reason != REASON_NONE)
			continue;
		if (no_sms) {
			entry->marks |= MARK_SMS_NO;
			entry->channels &= (uint8_t)~FRAME_SMS;
		}
		if (chosen-- != 0)
			entry->reason = REASON_OTHER_AREA;
	}
}

/* All rows count, also those that are not used: their number is still somebody's. */
static void settle_phones(struct roster *r)
{
	size_t *order = mem_alloc((r->count + 1) * sizeof *order);
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++)
		if (*r->entries[i].phone)
			order[count++] = i;
	if (count)
		qsort_r(order, count, sizeof *order, by_phone, r);
	for (size_t from = 0, to; from < count; from = to) {
		const char *first = r->entries[order[from]].person;
		bool shared = false;
		for (to = from + 1;
			to < count && by_phone(&order[from], &order[to], r) == 0; to++)
			shared |= strcmp(r->entries[order[to]].person, first) != 0;
		for (size_t i = from; shared && i < to; i++)
			r->entries[order[i]].marks |= MARK_SHARED;
	}
	free(order);
}

size_t roster_person_end(const struct roster *r, size_t first)
{
	const char *person = r->entries[r->order[first]].person;
	size_t end = first + 1;
	while (end < r->count && *person &&
		strcmp(r->entries[r->order[end]].person, person) == 0)
		end++;
	return end;
}

void roster_settle(struct roster *r,
	uint32_t (*chance)(const void *context, const char *person, uint32_t bound),
	const void *context)
{
	r->order = mem_alloc((r->count + 1) * sizeof *r->order);
	for (size_t i = 0; i < r->count; i++)
		r->order[i] = i;
	if (r->count)
		qsort_r(r->order, r->count, sizeof *r->order, by_person, r);
	for (size_t from = 0, to; from < r->count; from = to) {
		to = roster_person_end(r, from);
		settle_person(r, r->order + from, to - from, chance, context);
	}
	settle_phones(r);
}
