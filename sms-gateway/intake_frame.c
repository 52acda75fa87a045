#include "sms-gateway/details.h"
#include "sms-gateway/groups.h"
#include "sms-gateway/intake_inside.h"
#include <string.h>

/* Taken out by the coordinator already. */
static bool is_removed(const struct intake *i, const struct old *o)
{
	return o->hold == STORE_OUT && intake_verdict_of(i, &o->hash) == STORE_REMOVE;
}

static uint8_t hold_of_vanished(const struct intake *i, const struct old *o)
{
	return intake_verdict_of(i, &o->hash) == STORE_KEEP ? STORE_FREE : STORE_VANISHED;
}

/* Nobody is told anything yet: the new frame against the old. */
void intake_compare(struct intake *i)
{
	struct intake_result *r = &i->result;
	bool same = i->frame.exists && i->same_left_out;
	for (size_t n = 0; n < i->person_count; n++) {
		const struct person *p = &i->persons[n];
		const struct old *o = intake_find_old(i, &p->hash);
		if (p->used == NOBODY) {
			same &= !o || is_removed(i, o);
			continue;
		}
		bool alike = o && memcmp(o->content, p->content, STORE_CONTENT) == 0;
		r->added += !o;
		r->changed += o && !alike;
		r->unchanged += alike;
		r->held += p->hold != STORE_FREE;
		same &= alike && o->hold == p->hold;
	}
	for (size_t n = 0; n < i->old_count; n++) {
		const struct old *o = &i->olds[n];
		if (intake_find_person(i, &o->hash))
			continue;
		r->vanished++;
		bool stay = intake_stays(i, o);
		uint8_t hold = hold_of_vanished(i, o);
		r->held += stay && hold != STORE_FREE;
		same &= stay ? o->hold == hold : is_removed(i, o);
	}
	r->same = same;
	r->replaced = !same && i->frame.enrolled;
}

static enum err keep_groups(struct intake *i)
{
	enum err e = OK;
	for (size_t t = 0; t < i->wave->table_count; t++) {
		const struct survey_table *table = &i->wave->tables[t];
		auto_(buf) struct buf name = { 0 };
		groups_table_name(i->wave, table, &name);
		for (size_t g = 0; g < groups_count(i->wave, table) && e == OK; g++) {
			auto_(buf) struct buf group = { 0 };
			if (!i->groups[t][g])
				continue;
			groups_name(i->wave, table, g, &group);
			e = store_cell_tx(i->store, i->order->wave, buf_string(&name),
				buf_string(&group), i->groups[t][g]);
		}
	}
	return e;
}

/* Keeping. */

static enum err add_contact(struct intake *i, int64_t contact,
	const struct store_contact *c, const struct buf *details)
{
	struct buf sealed = { 0 };
	struct store_contact whole = *c;
	keyring_seal_details(&i->keys, contact, details, &sealed);
	whole.contact = contact;
	whole.details = (struct store_blob){ sealed.data, sealed.len };
	enum err e = store_contact_add_tx(i->store, i->order->wave, &whole);
	buf_clear(&sealed);
	return e;
}

static enum err add_person(
	struct intake *i, const struct person *p, int64_t contact, struct buf *packed)
{
	const struct roster_entry *entry = intake_entry_of(i, p);
	struct store_contact c = { .person = p->hash,
		.has_phone = *entry->phone != '\0',
		.language = entry->language,
		.channels = entry->channels,
		.hold = (enum store_hold)p->hold };
	memcpy(c.content, p->content, sizeof c.content);
	if (c.has_phone)
		c.phone = keyring_phone(&i->keys, entry->phone);
	packed->len = 0;
	intake_pack(entry, p, packed);
	return add_contact(i, contact, &c, packed);
}

static enum err add_vanished(struct intake *i, const struct old *o, int64_t contact)
{
	struct details d;
	struct store_contact c = { .person = o->hash,
		.language = o->language,
		.channels = o->channels,
		.hold = (enum store_hold)hold_of_vanished(i, o) };
	memcpy(c.content, o->content, sizeof c.content);
	enum err e = details_unpack(o->details.data, o->details.len, &d);
	if (e != OK)
		return e;
	c.has_phone = *d.phone != '\0';
	if (c.has_phone)
		c.phone = keyring_phone(&i->keys, d.phone);
	return add_contact(i, contact, &c, &o->details);
}

/* Persons and those who have vanished, in the order of their hashes. */
static enum err add_contacts(struct intake *i)
{
	enum err e = OK;
	int64_t contact = 1;
	struct buf packed = { 0 };
	size_t p = 0;
	size_t o = 0;
	while (e == OK && (p < i->person_count || o < i->old_count)) {
		const struct person *person = &i->persons[p];
		const struct old *old = &i->olds[o];
		bool first = o == i->old_count ||
			     (p < i->person_count && intake_by_hash(person, old) <= 0);
		if (first && person->used != NOBODY)
			e = add_person(i, person, contact++, &packed);
		else if (!first && intake_stays(i, old))
			e = add_vanished(i, old, contact++);
		p += first;
		o += !first;
		if ((p + o) % INTAKE_PROGRESS == 0)
			intake_tell(i, (unsigned)(500 + 500 * (p + o) /
								(i->person_count +
									i->old_count)));
	}
	buf_clear(&packed);
	return e;
}

static enum err add_left_out(struct intake *i)
{
	enum err e = OK;
	for (int r = 0; r < REASON_COUNT && e == OK; r++)
		if (i->result.left_out[r])
			e = store_left_out_tx(i->store, i->order->wave,
				reason_code((enum reason)r), (long)i->result.left_out[r]);
	return e;
}

/* The new frame instead of the old. */
enum err intake_replace(struct intake *i)
{
	const char *wave = i->order->wave;
	enum err e = store_frame_clear_tx(i->store, wave);
	if (e == OK)
		e = add_contacts(i);
	if (e == OK)
		e = add_left_out(i);
	if (e == OK)
		e = keep_groups(i);
	return e == OK ? store_frame_count_tx(i->store, wave) : e;
}

/* What a row says that must stop what is already planned for the person. */
static bool stops(enum reason r)
{
	return r == REASON_PROTECTED || r == REASON_VALUE_PROTECTED ||
	       r == REASON_VALUE_SMS || r == REASON_SMS_NOT_SAFE || r == REASON_CHILD ||
	       r == REASON_YOUNG || r == REASON_REFUSED || r == REASON_REMOVED;
}

/* Any row of the person's; a no to SMS is news where one could have been sent. */
static bool is_stopped(
	const struct intake *i, const struct person *p, const struct old *o)
{
	const size_t *order = roster_order(i->roster);
	size_t end = roster_person_end(i->roster, p->first);
	for (size_t n = p->first; n < end; n++) {
		const struct roster_entry *entry = &i->entries[order[n]];
		if (stops((enum reason)entry->reason) ||
			(entry->marks & MARK_SMS_NO && o->channels & FRAME_SMS))
			return true;
	}
	return false;
}

/* The sending has begun: what the file now says of someone in the frame. */
static enum store_hold hold_now(const struct intake *i, const struct old *o)
{
	const struct person *p = intake_find_person(i, &o->hash);
	int verdict = intake_verdict_of(i, &o->hash);
	if (o->hold == STORE_OUT || verdict == STORE_REMOVE || (p && is_stopped(i, p, o)))
		return STORE_OUT;
	/* The number that is stored stays somebody else's too. */
	if (!p && o->hold == STORE_SHARED && verdict != STORE_KEEP)
		return STORE_SHARED;
	if (!p)
		return verdict == STORE_KEEP ? STORE_FREE : STORE_VANISHED;
	if (p->hold != STORE_FREE)
		return (enum store_hold)p->hold;
	return o->hold == STORE_VANISHED || verdict == STORE_KEEP
		       ? STORE_FREE
		       : (enum store_hold)o->hold;
}

enum err intake_hold_some(struct intake *i)
{
	enum err e = OK;
	struct intake_result *r = &i->result;
	r->same = true;
	for (size_t n = 0; n < i->old_count && e == OK; n++) {
		const struct old *o = &i->olds[n];
		enum store_hold hold = hold_now(i, o);
		r->vanished += hold == STORE_VANISHED;
		r->held += hold == STORE_SHARED || hold == STORE_VANISHED;
		if (hold == (enum store_hold)o->hold)
			continue;
		r->same = false;
		r->stopped += hold == STORE_OUT;
		if (!i->order->dry_run)
			e = store_contact_hold_tx(
				i->store, i->order->wave, o->contact, hold);
	}
	r->unchanged = i->old_count;
	if (e == OK && !r->same && !i->order->dry_run)
		e = store_frame_count_tx(i->store, i->order->wave);
	return e;
}
