#include "sms-gateway/store_statements.h"
#include <stdio.h>
#include <string.h>

enum err store_message_add_tx(struct store *s, const char *wave, int64_t contact,
	enum store_kind kind, const uint8_t ref[static STORE_REF], bool *ret_added)
{
	store_set_wave(s, MESSAGE_ADD, wave, contact);
	db_set_int(s->db, MESSAGE_ADD, 3, kind);
	db_set_blob(s->db, MESSAGE_ADD, 4, ref, STORE_REF);
	enum err e = db_run(s->db, MESSAGE_ADD);
	if (e == OK)
		*ret_added = db_changed(s->db) > 0;
	return e;
}

enum err store_any_queued(struct store *s, bool *ret_any)
{
	return store_has(s, MESSAGE_ANY, ret_any);
}

static void read_message(struct store *s, struct store_message *m)
{
	*m = (struct store_message){
		.message = db_int(s->db, MESSAGE_NEXT, 0),
		.contact = db_int(s->db, MESSAGE_NEXT, 1),
		.kind = (enum store_kind)db_int(s->db, MESSAGE_NEXT, 2),
		.tries = (unsigned)db_int(s->db, MESSAGE_NEXT, 3),
		.hold = db_int(s->db, MESSAGE_NEXT, 5) != 0,
	};
	struct store_blob ref = store_column(s, MESSAGE_NEXT, 4);
	if (ref.len == sizeof m->ref)
		memcpy(m->ref, ref.data, sizeof m->ref);
	struct store_blob details = store_column(s, MESSAGE_NEXT, 6);
	buf_add(&m->details, details.data, details.len);
	struct store_blob code = store_column(s, MESSAGE_NEXT, 7);
	buf_add(&m->code, code.data, code.len);
}

enum err store_message_next(struct store *s, const char *wave, int64_t now,
	struct store_message *ret_message, bool *ret_found)
{
	bool row;
	store_set_wave(s, MESSAGE_NEXT, wave, now);
	enum err e = db_next(s->db, MESSAGE_NEXT, &row);
	if (e == OK && row)
		read_message(s, ret_message);
	db_done(s->db, MESSAGE_NEXT);
	if (e == OK)
		*ret_found = row;
	return e;
}

void store_message_clear(struct store_message *m)
{
	buf_clear(&m->details);
	buf_clear(&m->code);
}

enum err store_message_take_tx(
	struct store *s, const struct store_message *m, bool *ret_taken)
{
	db_set_int(s->db, MESSAGE_TAKE, 1, m->message);
	/* The number may be another message's by now. */
	db_set_blob(s->db, MESSAGE_TAKE, 2, m->ref, STORE_REF);
	enum err e = db_run(s->db, MESSAGE_TAKE);
	if (e == OK)
		*ret_taken = db_changed(s->db) > 0;
	return e;
}

enum err store_message_settle_tx(struct store *s, int64_t message, enum store_state state,
	int64_t not_before, bool give_back)
{
	db_set_int(s->db, MESSAGE_SETTLE, 1, message);
	db_set_int(s->db, MESSAGE_SETTLE, 2, state);
	db_set_int(s->db, MESSAGE_SETTLE, 3, not_before);
	db_set_int(s->db, MESSAGE_SETTLE, 4, give_back);
	return db_run(s->db, MESSAGE_SETTLE);
}

enum err store_message_stop_tx(struct store *s, int64_t message)
{
	db_set_int(s->db, MESSAGE_STOP, 1, message);
	return db_run(s->db, MESSAGE_STOP);
}

enum err store_wave_stop_tx(struct store *s, const char *wave, int64_t *ret_stopped)
{
	db_set_text(s->db, WAVE_STOP, 1, wave);
	enum err e = db_run(s->db, WAVE_STOP);
	if (e == OK)
		*ret_stopped = db_changed(s->db);
	return e;
}

enum err store_recover_tx(struct store *s, int64_t *ret_unknown)
{
	enum err e = db_run(s->db, RECOVER);
	if (e == OK)
		*ret_unknown = db_changed(s->db);
	return e;
}

enum err store_has_ref(
	struct store *s, const uint8_t ref[static STORE_REF], bool *ret_found)
{
	db_set_blob(s->db, REF_HAS, 1, ref, STORE_REF);
	return store_has(s, REF_HAS, ret_found);
}

enum err store_report_tx(
	struct store *s, const uint8_t ref[static STORE_REF], enum store_state state)
{
	db_set_blob(s->db, REPORT, 1, ref, STORE_REF);
	db_set_int(s->db, REPORT, 2, state);
	return db_run(s->db, REPORT);
}

static enum err count_batches(struct store *s, struct store_counts *c)
{
	enum err e = OK;
	db_set_text(s->db, COUNT_BATCHES, 1, c->wave);
	while (store_step(s, COUNT_BATCHES, &e)) {
		int64_t state = db_int(s->db, COUNT_BATCHES, 0);
		long count = (long)db_int(s->db, COUNT_BATCHES, 1);
		c->enrolled = true;
		if (state != STORE_BATCH_REGISTERED)
			c->unregistered += count;
		if (state == STORE_BATCH_REFUSED)
			c->refused += count;
	}
	return e;
}

static enum err count_messages(struct store *s, struct store_counts *c)
{
	enum err e = OK;
	db_set_text(s->db, COUNT_MESSAGES, 1, c->wave);
	while (store_step(s, COUNT_MESSAGES, &e)) {
		int64_t state = db_int(s->db, COUNT_MESSAGES, 0);
		if (state >= 0 && state <= STORE_STOPPED)
			c->states[state] = (long)db_int(s->db, COUNT_MESSAGES, 1);
	}
	return e;
}

enum err store_counts(struct store *s, store_each_counts *each, void *context)
{
	enum err e = OK;
	while (store_step(s, COUNT_WAVES, &e)) {
		struct store_counts c = {
			.contacts = (long)db_int(s->db, COUNT_WAVES, 3),
			.held = (long)db_int(s->db, COUNT_WAVES, 4),
		};
		(void)snprintf(
			c.wave, sizeof c.wave, "%s", db_text(s->db, COUNT_WAVES, 0));
		(void)snprintf(
			c.title, sizeof c.title, "%s", db_text(s->db, COUNT_WAVES, 1));
		(void)snprintf(
			c.name, sizeof c.name, "%s", db_text(s->db, COUNT_WAVES, 2));
		e = count_batches(s, &c);
		if (e == OK)
			e = count_messages(s, &c);
		if (e == OK)
			e = each(context, &c);
	}
	return e;
}
