#include "sms-gateway/person.h"
#include "sms-gateway/personid.h"
#include "sms-gateway/phone.h"
#include "sms-gateway/reason.h"
#include <stdlib.h>
#include <string.h>

/* A walk through a wave, for those that match. */
struct looking {
	const struct keyring_wave *keys;
	const uint8_t *invitation;
	const char *wave;
	struct arena *arena;
	struct person_list *list;
	/* One of these, or those who are held when both are NULL. */
	const struct keyring_hash *person;
	const struct keyring_hash *phone;
};

static bool matches(const struct looking *l, const struct store_contact *c)
{
	if (l->person)
		return memcmp(l->person, &c->person, sizeof c->person) == 0;
	if (l->phone)
		return c->has_phone && memcmp(l->phone, &c->phone, sizeof c->phone) == 0;
	return c->hold == STORE_SHARED || c->hold == STORE_VANISHED;
}

static enum err look_at(void *context, const struct store_contact *c)
{
	struct looking *l = context;
	struct person_record r = { .wave = l->wave,
		.contact = c->contact,
		.hash = c->person,
		.channels = c->channels,
		.hold = c->hold,
		.enrolled = c->enrolled,
		.plan = c->plan };
	if (!matches(l, c))
		return OK;
	struct buf opened = { 0 };
	enum err e = keyring_open_details(l->keys, c->contact, c->details.data,
		c->details.len, &opened, &r.details);
	/* Once more from a copy, which lives as long as the record. */
	if (e == OK)
		e = details_unpack(arena_text(l->arena, opened.data, opened.len),
			opened.len, &r.details);
	if (e == OK && c->enrolled) {
		e = keyring_identify(l->keys, l->invitation, c->contact, c->code.data,
			c->code.len, &r.id);
		r.code.data = arena_text(l->arena, c->code.data, c->code.len);
		r.code.len = c->code.len;
	}
	buf_clear(&opened);
	if (e != OK)
		return ERR_CRYPTO;
	r.language = arena_text(l->arena, c->language, strlen(c->language));
	struct person_list *list = l->list;
	list->records =
		arena_more(l->arena, list->records, list->count, sizeof *list->records);
	list->records[list->count++] = r;
	return OK;
}

static enum err take_message(void *context, enum store_kind kind, enum store_state state)
{
	struct person_record *r = context;
	if (r->message_count == sizeof r->messages / sizeof *r->messages)
		return OK;
	r->messages[r->message_count].kind = kind;
	r->messages[r->message_count++].state = state;
	return OK;
}

/* What was sent to those that were found from that place on. */
static enum err read_messages(struct store *s, struct person_list *list, size_t from)
{
	enum err e = OK;
	for (size_t i = from; i < list->count && e == OK; i++)
		e = store_contact_messages(s, list->records[i].wave,
			list->records[i].contact, take_message, &list->records[i]);
	return e;
}

static enum err look_in_wave(struct store *s, struct looking *l, struct why *why)
{
	size_t from = l->list->count;
	enum err e = store_contacts(s, l->wave, look_at, l);
	if (e == OK)
		e = read_messages(s, l->list, from);
	return e == OK ? OK : store_why(s, e, why);
}

/* Those decided of in a wave, for the one that is looked for. */
struct deciding {
	const struct keyring_hash *person;
	struct person_decision decision;
	bool found;
};

static enum err take_decision(
	void *context, const struct keyring_hash *person, enum store_verdict verdict)
{
	struct deciding *d = context;
	if (memcmp(d->person, person, sizeof *person) != 0)
		return OK;
	d->decision.verdict = verdict;
	d->found = true;
	return OK;
}

/* person: as it is hashed in that wave; NULL: not known there. */
static enum err read_decision(struct store *s, const char *wave,
	const struct keyring_hash *person, struct arena *a, struct person_list *list)
{
	struct deciding d = { .person = person, .decision = { .wave = wave } };
	enum err e = person ? store_decisions(s, wave, take_decision, &d) : OK;
	if (e != OK || !d.found)
		return e;
	list->decisions = arena_more(
		a, list->decisions, list->decision_count, sizeof *list->decisions);
	list->decisions[list->decision_count++] = d.decision;
	return OK;
}

struct waves {
	struct arena *arena;
	const char **names;
	size_t count;
};

static enum err take_wave(void *context, const struct store_counts *c)
{
	struct waves *w = context;
	w->names = arena_more(w->arena, w->names, w->count, sizeof *w->names);
	w->names[w->count++] = arena_text(w->arena, c->wave, strlen(c->wave));
	return OK;
}

static enum err read_query(const struct person_query *q, day today,
	struct personid *ret_person, struct phone *ret_phone, struct why *why)
{
	if (q->person)
		return personid_parse(q->person, today, ret_person) == OK
			       ? OK
			       : err_why(why, ERR_INPUT, "--person can't be read");
	enum phone_kind kind = phone_parse(q->phone, ret_phone);
	return kind == PHONE_INVALID || kind == PHONE_MISSING
		       ? err_why(why, ERR_INPUT, "--phone can't be read")
		       : OK;
}

/* What there is of the person in one wave. */
static enum err find_in_wave(struct store *s, struct looking *l, const char *person,
	const char *phone, struct why *why)
{
	struct person_list *list = l->list;
	size_t from = list->count;
	struct keyring_hash hash =
		person ? keyring_person(l->keys, person) : keyring_phone(l->keys, phone);
	*(person ? &l->person : &l->phone) = &hash;
	enum err e = look_in_wave(s, l, why);
	if (e == OK && list->count > from + 1)
		e = err_why(why, ERR_CONFLICT,
			"%zu persons of %s have the number: give --person",
			list->count - from, l->wave);
	if (e != OK)
		return e;
	if (list->count > from)
		l->person = &list->records[from].hash;
	e = read_decision(s, l->wave, l->person, l->arena, list);
	return e == OK ? OK : store_why(s, e, why);
}

enum err person_find(struct store *s, const char *keys, const uint8_t *invitation,
	const struct person_query *q, day today, struct arena *a,
	struct person_list *ret_list, struct why *why)
{
	struct personid person;
	struct phone phone;
	struct waves waves = { .arena = a };
	*ret_list = (struct person_list){ 0 };
	enum err e = read_query(q, today, &person, &phone, why);
	if (e != OK)
		return e;
	e = store_counts(s, take_wave, &waves);
	if (e != OK)
		return store_why(s, e, why);
	for (size_t i = 0; i < waves.count && e == OK; i++) {
		struct keyring_wave k;
		struct looking l = { .keys = &k,
			.invitation = invitation,
			.wave = waves.names[i],
			.arena = a,
			.list = ret_list };
		e = keyring_wave_load(
			keys, store_administration(s), waves.names[i], &k, why);
		if (e != OK)
			return e;
		e = find_in_wave(s, &l, q->person ? person.text : NULL, phone.e164, why);
		secret_wipe(&k, sizeof k);
	}
	return e;
}

enum err person_held(struct store *s, const char *keys, const uint8_t *invitation,
	const char *wave, struct arena *a, struct person_list *ret_list, struct why *why)
{
	struct keyring_wave k;
	struct looking l = { .keys = &k,
		.invitation = invitation,
		.wave = wave,
		.arena = a,
		.list = ret_list };
	*ret_list = (struct person_list){ 0 };
	enum err e = keyring_wave_load(keys, store_administration(s), wave, &k, why);
	if (e != OK)
		return e;
	e = look_in_wave(s, &l, why);
	secret_wipe(&k, sizeof k);
	return e;
}

/* Walks along those who were found, in the order of their numbers. */
struct standing {
	const struct person_record *at, *end;
};

static enum err pass_by(void *context, const struct store_contact *c)
{
	struct standing *x = context;
	if (x->at == x->end || c->contact != x->at->contact)
		return OK;
	x->at += memcmp(&c->person, &x->at->hash, sizeof c->person) == 0 &&
		 c->code.len == x->at->code.len &&
		 (!c->code.len ||
			 memcmp(c->code.data, x->at->code.data, c->code.len) == 0);
	return OK;
}

/* Whether all stand where they were found, with the code that they had: an import numbers
 * persons anew, and a number may be another's by now. */
static enum err stand_tx(struct store *s, const struct person_list *list)
{
	const struct person_record *end = list->records + list->count;
	enum err e = OK;
	for (const struct person_record *r = list->records; r < end && e == OK;) {
		struct standing x = { r, r };
		while (x.end < end && x.end->wave == r->wave)
			x.end++;
		e = store_contacts(s, r->wave, pass_by, &x);
		if (e == OK && x.at != x.end)
			e = ERR_CONFLICT;
		r = x.end;
	}
	return e;
}

static enum err done(struct store *s, enum err e, struct why *why)
{
	return e == OK ? OK
	       : e == ERR_CONFLICT
		       ? err_why(why, e,
				 "%s: the persons were imported or drawn anew meanwhile: "
				 "nothing was done; look again",
				 store_administration(s))
		       : store_why(s, e, why);
}

static enum err decide_tx(
	struct store *s, const struct person_record *r, enum store_verdict verdict)
{
	struct store_frame frame;
	enum err e = store_frame(s, r->wave, &frame);
	if (e == OK)
		e = store_decide_tx(s, r->wave, &r->hash, verdict);
	if (e == OK)
		e = store_contact_hold_tx(s, r->wave, r->contact,
			verdict == STORE_KEEP ? STORE_FREE : STORE_OUT);
	if (e == OK && verdict == STORE_REMOVE && !frame.enrolled)
		e = store_left_out_tx(s, r->wave, reason_code(REASON_REMOVED), 1);
	return e == OK ? store_frame_count_tx(s, r->wave) : e;
}

enum err person_decide(struct store *s, const struct person_list *list,
	enum store_verdict verdict, struct why *why)
{
	enum err e = store_begin(s);
	if (e != OK)
		return store_why(s, e, why);
	e = stand_tx(s, list);
	for (size_t i = 0; i < list->count && e == OK; i++)
		e = decide_tx(s, &list->records[i], verdict);
	return done(s, store_end(s, e), why);
}

static enum err erase_tx(struct store *s, const struct person_record *r)
{
	struct store_frame frame;
	enum err e = store_frame(s, r->wave, &frame);
	if (e == OK)
		e = store_decide_tx(s, r->wave, &r->hash, STORE_REMOVE);
	if (e == OK)
		e = store_contact_remove_tx(s, r->wave, r->contact);
	/* Those who are out already were counted when they were decided of. */
	if (e == OK && !frame.enrolled && r->hold != STORE_OUT)
		e = store_left_out_tx(s, r->wave, reason_code(REASON_REMOVED), 1);
	return e == OK ? store_frame_count_tx(s, r->wave) : e;
}

enum err person_erase(struct store *s, const struct person_list *list, struct why *why)
{
	enum err e = store_begin(s);
	if (e != OK)
		return store_why(s, e, why);
	e = stand_tx(s, list);
	for (size_t i = 0; i < list->count && e == OK; i++)
		e = erase_tx(s, &list->records[i]);
	e = store_end(s, e);
	if (e != OK)
		return done(s, e, why);
	e = store_overwrite(s);
	if (e == ERR_CONFLICT)
		e = err_why(why, e,
			"%s: the rows are deleted, but another program reads the database, so "
			"they are not overwritten on the disk: run it again",
			store_administration(s));
	else if (e != OK)
		e = store_why(s, e, why);
	return e;
}
