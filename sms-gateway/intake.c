#include "sms-gateway/intake.h"
#include "common/file.h"
#include "sms-gateway/details.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/groups.h"
#include "sms-gateway/stores.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	NOBODY = UINT32_MAX, /* no row of the person is used */
	PROGRESS_ROWS = 1000,
};

/* Everyone in the file, sorted by hash. */
struct person {
	struct keyring_hash hash;
	uint8_t content[STORE_CONTENT];
	struct keyring_hash refusal;
	uint32_t first; /* place in roster_order() of the person's first row */
	uint32_t used;  /* place in the entries; NOBODY */
	uint8_t hold;   /* enum store_hold */
};

/* Who was there before, in the same order. */
struct old {
	struct keyring_hash hash;
	uint8_t content[STORE_CONTENT];
	int64_t contact;
	uint8_t hold;
	uint8_t channels;
	char language[3];
	struct buf details; /* in clear; of those who have vanished */
};

struct decision {
	struct keyring_hash person;
	enum store_verdict verdict;
};

struct intake {
	const struct config *config;
	const struct survey_wave *wave;
	const struct intake_order *order;
	struct arena *arena;
	struct rules rules;
	struct mapping **mappings;
	size_t mapping_count;
	struct valueset *sets;
	struct valueset grounds, measures;
	struct roster_setup setup;
	struct roster *roster;
	struct roster_entry *entries;
	size_t count;
	struct person *persons;
	size_t person_count;
	struct old *olds;
	size_t old_count, old_room;
	struct decision *decisions;
	size_t decision_count;
	struct store *store; /* NULL in a dry run before the first import */
	struct store_frame frame;
	size_t left_out_before[REASON_COUNT];
	bool same_left_out;
	bool nobody;           /* would have emptied a frame */
	const char **vanished; /* numbers of those who stay though they have vanished */
	size_t vanished_count;
	struct keyring_wave keys;
	struct keyring_refusal refusal;
	long **groups; /* of each table */
	struct intake_result result;
};

/* What the folders of the configuration have. */

static const char *in_folder(struct intake *i, const char *folder, const char *name)
{
	return arena_format(i->arena, "%s/%s.ini", folder, name);
}

static enum err read_set(
	struct intake *i, const char *code, struct valueset *ret_set, struct why *why)
{
	if (!*i->config->values)
		return OK;
	const char *file = in_folder(i, i->config->values, code);
	return access(file, F_OK) == 0 ? valueset_read(i->arena, file, ret_set, why) : OK;
}

static enum err read_rules(struct intake *i, struct why *why)
{
	const char *file = NULL;
	if (*i->config->rules)
		file = in_folder(i, i->config->rules, i->wave->wave);
	if (file && access(file, F_OK) != 0)
		file = NULL;
	i->result.own_rules = file != NULL;
	return rules_read(i->arena, file, &i->rules, why);
}

static enum err read_mappings(struct intake *i, struct why *why)
{
	const char **names;
	size_t count = 0;
	const char *wanted = i->order->mapping;
	if (!*i->config->mappings)
		return wanted ? err_why(why, ERR_INPUT,
					"%s: [import] mappings names no folder", wanted)
			      : OK;
	enum err e =
		file_list(i->arena, i->config->mappings, ".ini", &names, &count, why);
	i->mappings = mem_alloc((count + 1) * sizeof *i->mappings);
	for (size_t n = 0; n < count && e == OK; n++) {
		size_t stem = strlen(names[n]) - strlen(".ini");
		if (wanted &&
			(strlen(wanted) != stem || memcmp(wanted, names[n], stem) != 0))
			continue;
		const char *file =
			arena_format(i->arena, "%s/%s", i->config->mappings, names[n]);
		e = mapping_read(file, &i->mappings[i->mapping_count], why);
		i->mapping_count += e == OK;
	}
	if (e == OK && wanted && !i->mapping_count)
		e = err_why(why, ERR_NOT_FOUND, "%s/%s.ini: there is no such mapping",
			i->config->mappings, wanted);
	return e;
}

static enum err prepare(struct intake *i, struct why *why)
{
	enum err e = intake_check_names(i->order->administration, i->order->wave, why);
	if (e == OK)
		e = read_rules(i, why);
	if (e == OK)
		e = read_mappings(i, why);
	i->sets = arena_alloc(i->arena, i->wave->count * sizeof *i->sets);
	i->groups = arena_alloc(i->arena, i->wave->table_count * sizeof *i->groups);
	for (size_t t = 0; t < i->wave->table_count; t++)
		i->groups[t] = arena_alloc(i->arena,
			groups_count(i->wave, &i->wave->tables[t]) * sizeof(long));
	for (size_t n = 0; n < i->wave->count && e == OK; n++)
		e = read_set(i, i->wave->variables[n].code, &i->sets[n], why);
	if (e == OK)
		e = read_set(i, "ground", &i->grounds, why);
	if (e == OK)
		e = read_set(i, "measure", &i->measures, why);
	i->setup = (struct roster_setup){
		.wave = i->wave,
		.administration = i->order->administration,
		.rules = &i->rules,
		.sets = i->sets,
		.grounds = &i->grounds,
		.measures = &i->measures,
		.mappings = i->mappings,
		.mapping_count = i->mapping_count,
		.mapping_named = i->order->mapping != NULL,
		.today = clock_day(clock_now()),
	};
	return e == OK ? roster_create(&i->setup, &i->roster, why) : e;
}

/* The rows. */

struct watched {
	struct rows_reader reader;
	struct intake *intake;
	size_t rows;
};

static void tell(const struct intake *i, unsigned done)
{
	if (i->order->progress)
		i->order->progress(i->order->context, done);
}

static enum err watch_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct watched *w = context;
	return w->reader.header(w->reader.context, names, count, why);
}

static enum err watch_row(void *context, const struct rows_row *row)
{
	struct watched *w = context;
	/* Half of the work is storing. */
	if (++w->rows % PROGRESS_ROWS == 0)
		tell(w->intake, row->done / 2);
	return w->reader.row(w->reader.context, row);
}

static enum err read_file(struct intake *i, const char *data, size_t len, struct why *why)
{
	struct why reason;
	struct watched w = { roster_reader(i->roster), i, 0 };
	struct rows_reader reader = { watch_header, watch_row, &w };
	enum err e = rows_read(data, len, &reader, &i->result.about, &reason);
	if (e != OK)
		return err_why(why, e, "%s: %s", i->order->name, reason.text);
	const struct mapping *m = roster_mapping(i->roster);
	i->result.mapping = m ? mapping_name(m) : NULL;
	i->result.missing = roster_missing(i->roster);
	i->result.unread = roster_unread(i->roster);
	i->entries = roster_entries(i->roster, &i->count);
	i->result.rows = i->count;
	if (i->order->read)
		i->order->read(i->order->context);
	return i->count ? OK
			: err_why(why, ERR_INPUT,
				  "%s: filen har inga rader efter rubrikraden",
				  i->order->name);
}

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

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct keyring_hash));
}

/* 0: none. */
static int verdict_of(const struct intake *i, const struct keyring_hash *person)
{
	const struct decision *d =
		i->decision_count ? bsearch(person, i->decisions, i->decision_count,
					    sizeof *i->decisions, by_hash)
				  : NULL;
	return d ? (int)d->verdict : 0;
}

static const struct person *find_person(
	const struct intake *i, const struct keyring_hash *hash)
{
	return i->person_count ? bsearch(hash, i->persons, i->person_count,
					 sizeof *i->persons, by_hash)
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
	if (find_person(i, &c->person))
		return OK;
	return keyring_open(&i->keys, "details", c->contact, c->details.data,
		c->details.len, &o->details);
}

static enum err read_stored(struct intake *i)
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

static const struct old *find_old(const struct intake *i, const struct keyring_hash *hash)
{
	return i->old_count
		       ? bsearch(hash, i->olds, i->old_count, sizeof *i->olds, by_hash)
		       : NULL;
}

/* The persons of the file. */

static void pack(
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
	p->refusal = keyring_refusal_person(&i->refusal, entry->person);
	pack(entry, p, packed);
	buf_add(packed, entry->language, sizeof entry->language);
	buf_add(packed, &entry->channels, sizeof entry->channels);
	struct keyring_hash h = keyring_content(&i->keys, packed->data, packed->len);
	memcpy(p->content, h.bytes, sizeof p->content);
}

/* Everyone in the file, with the row that is used; rows of nobody known are passed over.
 */
static void list_persons(struct intake *i)
{
	const size_t *order = roster_order(i->roster);
	i->persons = mem_alloc((i->count + 1) * sizeof *i->persons);
	for (size_t from = 0, to; from < i->count; from = to) {
		const char *text = i->entries[order[from]].person;
		struct person p = { .first = (uint32_t)from, .used = NOBODY };
		for (to = from; to < i->count; to++) {
			const struct roster_entry *entry = &i->entries[order[to]];
			if (to > from && (!*text || strcmp(entry->person, text) != 0))
				break;
			if (entry->reason == REASON_NONE)
				p.used = (uint32_t)order[to];
		}
		if (!*text)
			continue;
		p.hash = keyring_person(&i->keys, text);
		i->persons[i->person_count++] = p;
	}
	if (i->person_count)
		qsort(i->persons, i->person_count, sizeof *i->persons, by_hash);
}

static struct roster_entry *entry_of(const struct intake *i, const struct person *p)
{
	return p->used == NOBODY ? NULL : &i->entries[p->used];
}

/* No row of the person is used any more, so none can be passed over for another. */
static void leave_out(struct intake *i, struct person *p, enum reason reason)
{
	const size_t *order = roster_order(i->roster);
	const char *text = entry_of(i, p)->person;
	for (size_t n = p->first; n < i->count; n++) {
		struct roster_entry *entry = &i->entries[order[n]];
		if (strcmp(entry->person, text) != 0)
			break;
		if (!reason_leaves_out((enum reason)entry->reason))
			entry->reason = (uint8_t)reason;
	}
	p->used = NOBODY;
}

static enum err has_refused(struct intake *i, const struct roster_entry *entry, bool *ret)
{
	struct keyring_hash h = keyring_refusal_person(&i->refusal, entry->person);
	*ret = false;
	enum err e = store_is_refused(i->store, &h, ret);
	if (e != OK || *ret || !*entry->phone)
		return e;
	h = keyring_refusal_phone(&i->refusal, entry->phone);
	return store_is_refused(i->store, &h, ret);
}

/* Someone of the old frame who is in the new one though the file does not have the
 * person. */
static bool stays(const struct intake *i, const struct old *o)
{
	return !find_person(i, &o->hash) && verdict_of(i, &o->hash) != STORE_REMOVE;
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
		if (!stays(i, o))
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
static enum err weigh(struct intake *i)
{
	bool any = false;
	enum err e = i->store ? store_any_refusal(i->store, &any) : OK;
	if (e == OK)
		e = list_vanished(i);
	struct buf packed = { 0 };
	for (size_t n = 0; n < i->person_count && e == OK; n++) {
		struct person *p = &i->persons[n];
		struct roster_entry *entry = entry_of(i, p);
		bool refused = false;
		int verdict = verdict_of(i, &p->hash);
		if (!entry)
			continue;
		if (any)
			e = has_refused(i, entry, &refused);
		/* Who was removed is out of the frame already, whatever else is known. */
		if (verdict == STORE_REMOVE)
			leave_out(i, p, REASON_REMOVED);
		else if (refused)
			leave_out(i, p, REASON_REFUSED);
		else if (i->frame.begun && !find_old(i, &p->hash))
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
		const struct roster_entry *first = &i->entries[order[from]];
		bool out = true;
		for (to = from; to < i->count; to++) {
			const struct roster_entry *entry = &i->entries[order[to]];
			if (to > from && (!*first->person || strcmp(entry->person,
								     first->person) != 0))
				break;
			out &= reason_leaves_out((enum reason)entry->reason);
		}
		i->result.left_out[first->reason] += out;
	}
}

static void count_rows(struct intake *i)
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

static enum err read_left_out(struct intake *i)
{
	enum err e = i->store ? store_left_out(i->store, i->order->wave, take_left_out, i)
			      : OK;
	/* Counted when the coordinator decided, whatever the file then says. */
	i->left_out_before[REASON_REMOVED] = i->result.left_out[REASON_REMOVED];
	i->same_left_out = memcmp(i->left_out_before, i->result.left_out,
				   sizeof i->left_out_before) == 0;
	return e;
}

/* Taken out by the coordinator already. */
static bool is_removed(const struct intake *i, const struct old *o)
{
	return o->hold == STORE_OUT && verdict_of(i, &o->hash) == STORE_REMOVE;
}

static uint8_t hold_of_vanished(const struct intake *i, const struct old *o)
{
	return verdict_of(i, &o->hash) == STORE_KEEP ? STORE_FREE : STORE_VANISHED;
}

/* Nobody is told anything yet: the new frame against the old. */
static void compare(struct intake *i)
{
	struct intake_result *r = &i->result;
	bool same = i->frame.exists && i->same_left_out;
	for (size_t n = 0; n < i->person_count; n++) {
		const struct person *p = &i->persons[n];
		const struct old *o = find_old(i, &p->hash);
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
		if (find_person(i, &o->hash))
			continue;
		r->vanished++;
		bool stay = stays(i, o);
		uint8_t hold = hold_of_vanished(i, o);
		r->held += stay && hold != STORE_FREE;
		same &= stay ? o->hold == hold : is_removed(i, o);
	}
	r->same = same;
	r->replaced = !same && i->frame.enrolled;
}

/* How many there are in each group. */

static void add_to_groups(struct intake *i, const uint16_t *values)
{
	for (size_t t = 0; t < i->wave->table_count; t++)
		i->groups[t][groups_of(i->wave, &i->wave->tables[t], values)]++;
}

static enum err count_groups(struct intake *i)
{
	enum err e = OK;
	for (size_t n = 0; n < i->person_count; n++)
		if (i->persons[n].used != NOBODY)
			add_to_groups(i, i->entries[i->persons[n].used].values);
	for (size_t n = 0; n < i->old_count && e == OK; n++) {
		const struct old *o = &i->olds[n];
		struct details d;
		if (!stays(i, o))
			continue;
		e = details_unpack(o->details.data, o->details.len, &d);
		if (e == OK)
			add_to_groups(i, d.values);
	}
	return e;
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
			groups_name(i->wave, table, g, &group);
			if (i->groups[t][g])
				e = store_cell_tx(i->store, i->order->wave,
					buf_string(&name), buf_string(&group),
					i->groups[t][g]);
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
	keyring_seal(&i->keys, "details", contact, details->data, details->len, &sealed);
	whole.contact = contact;
	whole.details = (struct store_blob){ sealed.data, sealed.len };
	enum err e = store_contact_add_tx(i->store, i->order->wave, &whole);
	buf_clear(&sealed);
	return e;
}

static enum err add_person(
	struct intake *i, const struct person *p, int64_t contact, struct buf *packed)
{
	const struct roster_entry *entry = entry_of(i, p);
	struct store_contact c = { .person = p->hash,
		.has_phone = *entry->phone != '\0',
		.language = entry->language,
		.channels = entry->channels,
		.hold = (enum store_hold)p->hold };
	memcpy(c.content, p->content, sizeof c.content);
	if (c.has_phone)
		c.phone = keyring_phone(&i->keys, entry->phone);
	packed->len = 0;
	pack(entry, p, packed);
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
			     (p < i->person_count && by_hash(person, old) <= 0);
		if (first && person->used != NOBODY)
			e = add_person(i, person, contact++, &packed);
		else if (!first && stays(i, old))
			e = add_vanished(i, old, contact++);
		p += first;
		o += !first;
		if ((p + o) % PROGRESS_ROWS == 0)
			tell(i, (unsigned)(500 +
					   500 * (p + o) /
						   (i->person_count + i->old_count)));
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
static enum err replace(struct intake *i)
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
	const char *text = i->entries[order[p->first]].person;
	for (size_t n = p->first; n < i->count; n++) {
		const struct roster_entry *entry = &i->entries[order[n]];
		if (strcmp(entry->person, text) != 0)
			break;
		if (stops((enum reason)entry->reason) ||
			(entry->marks & MARK_SMS_NO && o->channels & FRAME_SMS))
			return true;
	}
	return false;
}

/* The sending has begun: what the file now says of someone in the frame. */
static enum store_hold hold_now(const struct intake *i, const struct old *o)
{
	const struct person *p = find_person(i, &o->hash);
	int verdict = verdict_of(i, &o->hash);
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

static enum err hold_some(struct intake *i)
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

/* Against what is stored, under the lock; in a dry run without store or lock. */
static enum err settle(struct intake *i)
{
	enum err e = i->store ? read_stored(i) : OK;
	if (e == OK)
		e = weigh(i);
	if (e != OK)
		return e;
	count_rows(i);
	e = count_groups(i);
	if (e == OK && i->frame.begun)
		return hold_some(i);
	if (e == OK)
		e = read_left_out(i);
	if (e != OK)
		return e;
	compare(i);
	if (i->result.same || i->order->dry_run)
		return OK;
	i->nobody = !i->result.reasons[REASON_NONE] && i->old_count;
	return i->nobody ? ERR_INPUT : replace(i);
}

static const char *name_of_administration(const struct intake *i)
{
	const struct survey_variable *v =
		&i->wave->variables[survey_variable_find(i->wave, "administration")];
	return v->values[survey_value_find(v, i->order->administration)].name;
}

static uint32_t chance(const void *context, const char *person, uint32_t bound)
{
	return keyring_chance(context, person, bound);
}

static void weigh_rows(struct intake *i)
{
	roster_settle(i->roster, chance, &i->keys);
	list_persons(i);
}

static enum err nothing_stored(struct intake *i, enum err e, struct why *why)
{
	if (i->nobody)
		return err_why(why, e,
			"%s: ingen rad går att använda; det som lästes in förut är kvar. "
			"En provkörning (--dry-run) visar varför",
			i->order->name);
	return err_why(why, e, "nothing was stored: %s",
		e == ERR_CRYPTO
			? "the wave's key file does not open what is stored; bring back the "
			  "right one"
		: i->store ? store_error(i->store)
			   : err_text(e));
}

/* A key that is lost must not be made anew while something rests on it: nobody would be
 * known again, and those who have refused would be asked once more. */
static enum err load_keys(struct intake *i, struct why *why)
{
	const char *keys = i->config->keys;
	const char *administration = i->order->administration;
	bool refusals = false;
	enum err e = store_any_refusal(i->store, &refusals);
	if (e == OK)
		e = store_frame(i->store, i->order->wave, &i->frame);
	if (e != OK)
		return nothing_stored(i, e, why);
	e = keyring_wave_load(keys, administration, i->order->wave, &i->keys, why);
	if (e == ERR_NOT_FOUND && !i->frame.persons) {
		keyring_wave_random(&i->keys);
		e = OK;
	}
	if (e != OK)
		return e;
	e = keyring_refusal_load(keys, administration, &i->refusal, why);
	return e == ERR_NOT_FOUND && !refusals && !i->frame.persons ? OK : e;
}

static enum err ensure_keys(struct intake *i, struct why *why)
{
	const char *keys = i->config->keys;
	const char *administration = i->order->administration;
	enum err e = load_keys(i, why);
	if (e == OK)
		e = keyring_wave_ensure(
			keys, administration, i->order->wave, &i->keys, why);
	if (e == OK)
		e = keyring_refusal_ensure(keys, administration, &i->refusal, why);
	return e;
}

/* All or nothing; the keys are made under the same lock, so that two imports never make
 * two. */
static enum err keep(struct intake *i, struct why *why)
{
	enum err e = i->order->note ? i->order->note(i->order->context, why) : OK;
	if (e == OK)
		e = store_open(
			i->config->state, i->order->administration, &i->store, why);
	if (e != OK)
		return e;
	e = store_begin(i->store);
	if (e != OK)
		return nothing_stored(i, e, why);
	e = ensure_keys(i, why);
	if (e != OK)
		return store_end(i->store, e);
	weigh_rows(i);
	e = store_wave_put_tx(
		i->store, i->order->wave, i->wave->title, name_of_administration(i));
	if (e == OK)
		e = settle(i);
	e = store_end(i->store, e);
	if (e != OK)
		return nothing_stored(i, e, why);
	/* A reader in the way is no fault: the gateway's own commits copy the rest. */
	(void)store_checkpoint(i->store);
	return OK;
}

/* What an import would find. */
static enum err look(struct intake *i, struct why *why)
{
	const char *administration = i->order->administration;
	enum err e = OK;
	if (store_exists(i->config->state, administration))
		e = store_open(i->config->state, administration, &i->store, why);
	else
		keyring_wave_random(&i->keys);
	if (e == OK && i->store)
		e = load_keys(i, why);
	if (e != OK)
		return e;
	weigh_rows(i);
	e = settle(i);
	return e == OK ? OK : nothing_stored(i, e, why);
}

enum err intake_check_names(const char *administration, const char *wave, struct why *why)
{
	if (!stores_name_is_right(administration))
		return err_why(why, ERR_INPUT,
			"%s: not the short name of an administration (a-z, 0-9 and -)",
			administration);
	/* KEYS/ADMINISTRATION.refusal.key is something else. */
	if (!stores_name_is_right(wave) || strcmp(wave, "refusal") == 0)
		return err_why(why, ERR_INPUT,
			"%s: not the name of a wave (a-z, 0-9 and -)", wave);
	return OK;
}

enum err intake_run(const struct config *c, const struct survey_wave *wave,
	const struct intake_order *order, const char *data, size_t len,
	struct intake **ret_intake, struct why *why)
{
	struct intake *i = mem_alloc(sizeof *i);
	i->config = c;
	i->wave = wave;
	i->order = order;
	i->arena = arena_create();
	enum err e = prepare(i, why);
	if (e == OK)
		e = read_file(i, data, len, why);
	if (e == OK)
		e = order->dry_run ? look(i, why) : keep(i, why);
	if (e != OK) {
		intake_destroy(i);
		return e;
	}
	*ret_intake = i;
	return OK;
}

void intake_destroy(struct intake *i)
{
	if (!i)
		return;
	store_close(i->store);
	roster_destroy(i->roster);
	for (size_t n = 0; n < i->old_count; n++)
		buf_clear(&i->olds[n].details);
	for (size_t n = 0; n < i->mapping_count; n++)
		mapping_destroy(i->mappings[n]);
	free(i->mappings);
	free(i->persons);
	free(i->olds);
	free(i->decisions);
	free(i->vanished);
	arena_destroy(i->arena);
	secret_wipe(i, sizeof *i);
	free(i);
}

const struct intake_result *intake_result(const struct intake *i)
{
	return &i->result;
}

const struct roster_entry *intake_entries(const struct intake *i, size_t *ret_count)
{
	*ret_count = i->count;
	return i->entries;
}

const long *intake_groups(const struct intake *i, size_t table)
{
	return i->groups[table];
}
