#include "sms-gateway/details.h"
#include "sms-gateway/groups.h"
#include "sms-gateway/intake_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is stored. */

static enum err take_decision(
	void *context, const struct keyring_hash *person, enum store_verdict verdict)
{
	struct intake *i = context;
	i->decisions =
		mem_resize(i->decisions, i->decision_count + 1, sizeof *i->decisions);
	i->decisions[i->decision_count++] = (struct decision){ *person, verdict };
	return OK;
}

int intake_by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct keyring_hash));
}

/* 0: none. */
int intake_verdict_of(const struct intake *i, const struct keyring_hash *person)
{
	const struct decision *d =
		i->decision_count ? bsearch(person, i->decisions, i->decision_count,
					    sizeof *i->decisions, intake_by_hash)
				  : NULL;
	return d ? (int)d->verdict : 0;
}

const struct person *intake_find_person(
	const struct intake *i, const struct keyring_hash *hash)
{
	return i->person_count ? bsearch(hash, i->persons, i->person_count,
					 sizeof *i->persons, intake_by_hash)
			       : NULL;
}

static enum err take_old(void *context, const struct store_contact *c)
{
	struct intake *i = context;
	if (i->old_count == i->old_room)
		i->olds = mem_resize(i->olds,
			i->old_room = i->old_room ? i->old_room * 2 : 1024,
			sizeof *i->olds);
	struct old *o = &i->olds[i->old_count++];
	*o = (struct old){ .hash = c->person,
		.contact = c->contact,
		.hold = (uint8_t)c->hold,
		.channels = (uint8_t)c->channels };
	memcpy(o->content, c->content, sizeof o->content);
	(void)snprintf(o->language, sizeof o->language, "%s", c->language);
	struct details ignored; /* each who needs them unpacks them: few vanish */
	if (intake_find_person(i, &c->person))
		return OK;
	return keyring_open_details(&i->keys, c->contact, c->details.data, c->details.len,
		&o->details, &ignored);
}

enum err intake_read_stored(struct intake *i)
{
	const char *wave = i->order->wave;
	enum err e = store_frame(i->store, wave, &i->frame);
	if (e == OK)
		e = store_decisions(i->store, wave, take_decision, i);
	if (e == OK)
		e = store_contacts(i->store, wave, take_old, i);
	i->result.before = i->old_count > 0;
	i->result.begun = i->frame.begun;
	return e;
}

const struct old *intake_find_old(const struct intake *i, const struct keyring_hash *hash)
{
	return i->old_count ? bsearch(hash, i->olds, i->old_count, sizeof *i->olds,
				      intake_by_hash)
			    : NULL;
}

/* The persons of the file. */

void intake_pack(
	const struct roster_entry *entry, const struct person *p, struct buf *out)
{
	struct details d = {
		.phone = entry->phone, .name = entry->name, .unit = entry->unit
	};
	memcpy(d.values, entry->values, sizeof d.values);
	memcpy(d.refusal, p->refusal.bytes, sizeof d.refusal);
	details_pack(&d, out);
}

static void hash_content(const struct intake *i, struct person *p, struct buf *packed)
{
	const struct roster_entry *entry = &i->entries[p->used];
	packed->len = 0;
	intake_pack(entry, p, packed);
	buf_add(packed, entry->language, sizeof entry->language);
	buf_add(packed, &entry->channels, sizeof entry->channels);
	struct keyring_hash h = keyring_content(&i->keys, packed->data, packed->len);
	memcpy(p->content, h.bytes, sizeof p->content);
}

/* Everyone in the file, with the row that is used; rows of nobody known are passed over.
 */
void intake_list_persons(struct intake *i)
{
	const size_t *order = roster_order(i->roster);
	i->persons = mem_alloc((i->count + 1) * sizeof *i->persons);
	for (size_t from = 0, to; from < i->count; from = to) {
		const char *text = i->entries[order[from]].person;
		struct person p = { .first = (uint32_t)from, .used = NOBODY };
		to = roster_person_end(i->roster, from);
		for (size_t n = from; n < to; n++)
			if (i->entries[order[n]].reason == REASON_NONE)
				p.used = (uint32_t)order[n];
		if (!*text)
			continue;
		p.hash = keyring_person(&i->keys, text);
		i->persons[i->person_count++] = p;
	}
	if (i->person_count)
		qsort(i->persons, i->person_count, sizeof *i->persons, intake_by_hash);
}

struct roster_entry *intake_entry_of(const struct intake *i, const struct person *p)
{
	return p->used == NOBODY ? NULL : &i->entries[p->used];
}

/* No row of the person is used any more, so none can be passed over for another. */
static void leave_out(struct intake *i, struct person *p, enum reason reason)
{
	const size_t *order = roster_order(i->roster);
	size_t end = roster_person_end(i->roster, p->first);
	for (size_t n = p->first; n < end; n++) {
		struct roster_entry *entry = &i->entries[order[n]];
		if (!reason_leaves_out((enum reason)entry->reason))
			entry->reason = (uint8_t)reason;
	}
	p->used = NOBODY;
}

static enum err has_refused(struct intake *i, const struct person *p, bool *ret)
{
	const struct roster_entry *entry = intake_entry_of(i, p);
	*ret = false;
	enum err e = store_is_refused(i->store, &p->refusal, ret);
	if (e != OK || *ret || !*entry->phone)
		return e;
	struct keyring_hash h = keyring_refusal_phone(&i->refusal, entry->phone);
	return store_is_refused(i->store, &h, ret);
}

/* Someone of the old frame who is in the new one though the file does not have the
 * person. */
bool intake_stays(const struct intake *i, const struct old *o)
{
	return !intake_find_person(i, &o->hash) &&
	       intake_verdict_of(i, &o->hash) != STORE_REMOVE;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Their numbers are still theirs. */
static enum err list_vanished(struct intake *i)
{
	struct details d;
	for (size_t n = 0; n < i->old_count; n++) {
		const struct old *o = &i->olds[n];
		if (!intake_stays(i, o))
			continue;
		if (details_unpack(o->details.data, o->details.len, &d) != OK)
			return ERR_CRYPTO;
		if (!*d.phone)
			continue;
		i->vanished = mem_resize(
			i->vanished, i->vanished_count + 1, sizeof *i->vanished);
		i->vanished[i->vanished_count++] = d.phone;
	}
	if (i->vanished_count)
		qsort(i->vanished, i->vanished_count, sizeof *i->vanished, by_text);
	return OK;
}

static bool is_shared(const struct intake *i, const struct roster_entry *entry)
{
	const char *phone = entry->phone;
	return entry->marks & MARK_SHARED ||
	       (*phone && i->vanished_count &&
		       bsearch(&phone, i->vanished, i->vanished_count,
			       sizeof *i->vanished, by_text));
}

/* What the stored refusals and decisions say of those whom the rules let in. */
enum err intake_weigh(struct intake *i)
{
	bool any = false;
	enum err e = i->store ? store_any_refusal(i->store, &any) : OK;
	if (e == OK)
		e = list_vanished(i);
	struct buf packed = { 0 };
	for (size_t n = 0; n < i->person_count && e == OK; n++) {
		struct person *p = &i->persons[n];
		struct roster_entry *entry = intake_entry_of(i, p);
		bool refused = false;
		int verdict = intake_verdict_of(i, &p->hash);
		if (!entry)
			continue;
		p->refusal = keyring_refusal_person(&i->refusal, entry->person);
		if (any)
			e = has_refused(i, p, &refused);
		/* Who was removed is out of the frame already, whatever else is known. */
		if (verdict == STORE_REMOVE)
			leave_out(i, p, REASON_REMOVED);
		else if (refused)
			leave_out(i, p, REASON_REFUSED);
		else if (i->frame.begun && !intake_find_old(i, &p->hash))
			leave_out(i, p, REASON_LATE);
		if (p->used == NOBODY)
			continue;
		if (is_shared(i, entry)) {
			entry->marks |= MARK_SHARED;
			p->hold = verdict == STORE_KEEP ? STORE_FREE : STORE_SHARED;
		}
		hash_content(i, p, &packed);
	}
	buf_clear(&packed);
	return e;
}

/* Counts. */

static void count_left_out(struct intake *i)
{
	const size_t *order = roster_order(i->roster);
	for (size_t from = 0, to; from < i->count; from = to) {
		bool out = true;
		to = roster_person_end(i->roster, from);
		for (size_t n = from; n < to; n++)
			out &= reason_leaves_out(
				(enum reason)i->entries[order[n]].reason);
		i->result.left_out[i->entries[order[from]].reason] += out;
	}
}

void intake_count_rows(struct intake *i)
{
	struct intake_result *r = &i->result;
	for (size_t n = 0; n < i->count; n++) {
		const struct roster_entry *entry = &i->entries[n];
		r->reasons[entry->reason]++;
		if (entry->reason != REASON_NONE)
			continue;
		for (unsigned m = 0; m < MARK_COUNT; m++)
			r->marks[m] += entry->marks >> m & 1;
		if (entry->channels & FRAME_SMS)
			r->sms++;
		else if (entry->channels & FRAME_CALL)
			r->call++;
		else
			r->neither++;
	}
	count_left_out(i);
}

static enum err take_left_out(void *context, const char *reason, long persons)
{
	struct intake *i = context;
	for (int r = 0; r < REASON_COUNT; r++)
		if (strcmp(reason_code((enum reason)r), reason) == 0)
			i->left_out_before[r] = (size_t)persons;
	return OK;
}

enum err intake_read_left_out(struct intake *i)
{
	enum err e = i->store ? store_left_out(i->store, i->order->wave, take_left_out, i)
			      : OK;
	/* Counted when the coordinator decided, whatever the file then says. */
	i->left_out_before[REASON_REMOVED] = i->result.left_out[REASON_REMOVED];
	i->same_left_out = memcmp(i->left_out_before, i->result.left_out,
				   sizeof i->left_out_before) == 0;
	return e;
}

/* How many there are in each group. */

static void add_to_groups(struct intake *i, const uint16_t *values)
{
	for (size_t t = 0; t < i->wave->table_count; t++)
		i->groups[t][groups_of(i->wave, &i->wave->tables[t], values)]++;
}

enum err intake_count_groups(struct intake *i)
{
	enum err e = OK;
	for (size_t n = 0; n < i->person_count; n++)
		if (i->persons[n].used != NOBODY)
			add_to_groups(i, i->entries[i->persons[n].used].values);
	for (size_t n = 0; n < i->old_count && e == OK; n++) {
		const struct old *o = &i->olds[n];
		struct details d;
		if (!intake_stays(i, o))
			continue;
		e = details_unpack(o->details.data, o->details.len, &d);
		if (e == OK)
			add_to_groups(i, d.values);
	}
	return e;
}
