#include "sms-gateway/store_statements.h"

enum err store_stratum_add_tx(struct store *s, const char *wave, unsigned stratum,
	const char *area, const char *unit, enum plan plan)
{
	store_set_wave(s, STRATUM_ADD, wave, stratum);
	db_set_text(s->db, STRATUM_ADD, 3, area);
	db_set_text(s->db, STRATUM_ADD, 4, unit);
	db_set_int(s->db, STRATUM_ADD, 5, plan);
	return db_run(s->db, STRATUM_ADD);
}

enum err store_contact_enroll_tx(struct store *s, const char *wave, int64_t contact,
	unsigned stratum, struct store_blob code)
{
	store_set_wave(s, CONTACT_ENROLL, wave, contact);
	db_set_int(s->db, CONTACT_ENROLL, 3, stratum);
	db_set_blob(s->db, CONTACT_ENROLL, 4, code.data, code.len);
	return db_run(s->db, CONTACT_ENROLL);
}

enum err store_unenroll_tx(struct store *s, const char *wave)
{
	static const enum store_statement all[] = { CLEAR_MESSAGES, CLEAR_CODES,
		CLEAR_BATCH_STRATA, CLEAR_STRATA, CLEAR_BATCHES };
	return store_run_each(s, ROWS(all), wave);
}

enum err store_drawn_tx(
	struct store *s, const char *wave, enum store_draw draw, long size)
{
	store_set_wave(s, DRAWN, wave, draw);
	db_set_int(s->db, DRAWN, 3, size);
	return db_run(s->db, DRAWN);
}

static enum err next_batch(struct store *s, const char *wave, int64_t *ret_batch)
{
	bool row;
	db_set_text(s->db, BATCH_NEXT, 1, wave);
	enum err e = db_next(s->db, BATCH_NEXT, &row);
	if (e == OK)
		*ret_batch = row ? db_int(s->db, BATCH_NEXT, 0) : 1;
	db_done(s->db, BATCH_NEXT);
	return e;
}

enum err store_batch_add_tx(struct store *s, const char *wave, int64_t first,
	int64_t last, int64_t *ret_batch)
{
	int64_t batch;
	enum err e = next_batch(s, wave, &batch);
	if (e != OK)
		return e;
	store_set_wave(s, BATCH_ADD, wave, batch);
	db_set_int(s->db, BATCH_ADD, 3, first);
	db_set_int(s->db, BATCH_ADD, 4, last);
	e = db_run(s->db, BATCH_ADD);
	if (e == OK)
		*ret_batch = batch;
	return e;
}

enum err store_batch_stratum_tx(struct store *s, const char *wave, int64_t batch,
	unsigned stratum, long frame, long drawn)
{
	store_set_wave(s, BATCH_STRATUM_ADD, wave, batch);
	db_set_int(s->db, BATCH_STRATUM_ADD, 3, stratum);
	db_set_int(s->db, BATCH_STRATUM_ADD, 4, frame);
	db_set_int(s->db, BATCH_STRATUM_ADD, 5, drawn);
	return db_run(s->db, BATCH_STRATUM_ADD);
}

enum err store_batch_after(struct store *s, enum store_batch_state state,
	const char *wave, int64_t batch, char **ret_wave, int64_t *ret_batch)
{
	bool row;
	db_set_int(s->db, BATCH_AFTER, 1, state);
	db_set_text(s->db, BATCH_AFTER, 2, wave);
	db_set_int(s->db, BATCH_AFTER, 3, batch);
	enum err e = db_next(s->db, BATCH_AFTER, &row);
	if (e == OK && row) {
		*ret_wave = mem_text(db_text(s->db, BATCH_AFTER, 0));
		*ret_batch = db_int(s->db, BATCH_AFTER, 1);
	} else if (e == OK) {
		*ret_batch = 0;
	}
	db_done(s->db, BATCH_AFTER);
	return e;
}

enum err store_batch_set_tx(
	struct store *s, const char *wave, int64_t batch, enum store_batch_state state)
{
	store_set_wave(s, BATCH_SET, wave, batch);
	db_set_int(s->db, BATCH_SET, 3, state);
	return db_run(s->db, BATCH_SET);
}

enum err store_batch_drop_tx(struct store *s, const char *wave, int64_t batch)
{
	store_set_wave(s, BATCH_DROP, wave, batch);
	return db_run(s->db, BATCH_DROP);
}

enum err store_batch_is_first(
	struct store *s, const char *wave, int64_t batch, bool *ret_first)
{
	store_set_wave(s, BATCH_IS_FIRST, wave, batch);
	return store_has(s, BATCH_IS_FIRST, ret_first);
}

enum err store_batch_strata(struct store *s, const char *wave, int64_t batch,
	store_each_stratum *each, void *context)
{
	enum err e = OK;
	store_set_wave(s, BATCH_STRATA, wave, batch);
	while (store_step(s, BATCH_STRATA, &e))
		e = each(context, (unsigned)db_int(s->db, BATCH_STRATA, 0),
			db_text(s->db, BATCH_STRATA, 1),
			(enum plan)db_int(s->db, BATCH_STRATA, 2),
			(long)db_int(s->db, BATCH_STRATA, 3),
			(long)db_int(s->db, BATCH_STRATA, 4));
	return e;
}

enum err store_batch_contacts(struct store *s, const char *wave, int64_t batch,
	store_each_contact *each, void *context)
{
	store_set_wave(s, BATCH_CONTACTS, wave, batch);
	return store_walk_contacts(s, BATCH_CONTACTS, each, context);
}

enum err store_batch_plannable(struct store *s, const char *wave, int64_t batch,
	enum store_kind kind, store_each_contact *each, void *context)
{
	store_set_wave(s, BATCH_PLANNABLE, wave, batch);
	db_set_int(s->db, BATCH_PLANNABLE, 3, kind);
	return store_walk_contacts(s, BATCH_PLANNABLE, each, context);
}
