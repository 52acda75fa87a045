#include "sms-gateway/store.h"
#include "001.sql.h"
#include "002.sql.h"
#include "common/file.h"
#include "sms-gateway/store_statements.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The states and kinds stand as numbers; see enum store_state, store_kind and
 * store_batch_state. */
// clang-format off
static const char *const sql[STATEMENTS] = {
	[WAVE_PUT] = "INSERT INTO wave (wave, title, name) VALUES ($1, $2, $3)"
		" ON CONFLICT (wave) DO UPDATE SET title = $2, name = $3",
	[WAVE_HAS] = "SELECT 1 FROM wave WHERE wave = $1",
	[STRATUM_FIND] = "SELECT stratum FROM stratum WHERE wave = $1 AND area = $2 AND plan = $3",
	[STRATUM_ADD] = "INSERT INTO stratum (wave, stratum, area, plan)"
		" SELECT $1, coalesce(max(stratum) + 1, 0), $2, $3 FROM stratum WHERE wave = $1",
	[BATCH_NEXT] = "SELECT coalesce(max(batch) + 1, 1) FROM batch WHERE wave = $1",
	[BATCH_ADD] = "INSERT INTO batch (wave, batch, state) VALUES ($1, $2, 0)",
	[BATCH_STRATUM_ADD] = "INSERT INTO batch_stratum (wave, batch, stratum, frame, drawn)"
		" VALUES ($1, $2, $3, $4, $5)",
	[LEFT_OUT_ADD] = "INSERT INTO left_out (wave, batch, reason, count) VALUES ($1, $2, $3, $4)",
	[CONTACT_NEXT] = "SELECT coalesce(max(contact) + 1, 1) FROM contact WHERE wave = $1",
	[CONTACT_ADD] = "INSERT INTO contact (wave, contact, batch, stratum, person_hash, phone_hash, phone, name,"
		" code, background, language, hold) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)",
	[CONTACT_OF_PERSON] = "SELECT contact FROM contact WHERE wave = $1 AND person_hash = $2",
	[CONTACT_OF_PHONE] = "SELECT contact FROM contact WHERE wave = $1 AND phone_hash = $2"
		" ORDER BY contact LIMIT 1",
	[CONTACT_HOLD] = "UPDATE contact SET hold = 1 WHERE wave = $1 AND contact = $2 AND hold = 0",
	[REFUSAL_HAS] = "SELECT 1 FROM refusal WHERE hash = $1",
	[REFUSAL_ADD] = "INSERT INTO refusal (hash) VALUES ($1) ON CONFLICT (hash) DO NOTHING",
	[BATCH_AFTER] = "SELECT wave, batch FROM batch WHERE state = $1 AND (wave > $2 OR wave = $2 AND batch > $3)"
		" ORDER BY wave, batch LIMIT 1",
	[BATCH_SET] = "UPDATE batch SET state = $3 WHERE wave = $1 AND batch = $2",
	[BATCH_STRATA] = "SELECT b.stratum, s.area, s.plan, b.frame, b.drawn FROM batch_stratum b"
		" JOIN stratum s ON s.wave = b.wave AND s.stratum = b.stratum"
		" WHERE b.wave = $1 AND b.batch = $2 ORDER BY b.stratum",
	[BATCH_LEFT_OUT] = "SELECT reason, count FROM left_out WHERE wave = $1 AND batch = $2 ORDER BY reason",
	[BATCH_CONTACTS] = "SELECT contact, hold, code, background, phone FROM contact"
		" WHERE wave = $1 AND batch = $2 ORDER BY contact",
	[BATCH_PLANNABLE] = "SELECT c.contact, c.hold, c.code, c.background, c.phone FROM contact c"
		" JOIN batch b ON b.wave = c.wave AND b.batch = c.batch"
		" WHERE c.wave = $1 AND c.batch = $2 AND b.state = 1 AND c.hold = 0"
		" AND NOT EXISTS (SELECT 1 FROM message m"
		" WHERE m.wave = c.wave AND m.contact = c.contact AND m.kind = $3)"
		" AND ($3 = 1 OR EXISTS (SELECT 1 FROM message i"
		" WHERE i.wave = c.wave AND i.contact = c.contact AND i.kind = 1 AND i.state IN (2, 3)))"
		" ORDER BY c.contact",
	[MESSAGE_ADD] = "INSERT INTO message (wave, contact, kind, state, tries, not_before, ref)"
		" VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (wave, contact, kind) DO NOTHING",
	[MESSAGE_ANY] = "SELECT 1 FROM message WHERE state = 0 LIMIT 1",
	[MESSAGE_NEXT] = "SELECT m.message, m.contact, m.kind, m.tries, m.ref, c.hold, c.phone, c.code"
		" FROM message m JOIN contact c ON c.wave = m.wave AND c.contact = m.contact"
		" WHERE m.state = 0 AND m.wave = $1 AND m.not_before <= $2"
		" ORDER BY m.not_before, m.message LIMIT 1",
	[MESSAGE_TAKE] = "UPDATE message SET state = 1, tries = tries + 1 WHERE message = $1 AND state = 0",
	[MESSAGE_SETTLE] = "UPDATE message SET state = $2, not_before = $3, tries = tries - $4"
		" WHERE message = $1 AND state = 1",
	[MESSAGE_STOP] = "UPDATE message SET state = 6 WHERE message = $1 AND state = 0",
	[WAVE_STOP] = "UPDATE message SET state = 6 WHERE wave = $1 AND state = 0",
	[RECOVER] = "UPDATE message SET state = 5 WHERE state = 1",
	[REF_HAS] = "SELECT 1 FROM message WHERE ref = $1",
	[REPORT] = "UPDATE message SET state = $2 WHERE ref = $1"
		" AND CASE $2 WHEN 2 THEN state IN (0, 1, 5, 6) WHEN 4 THEN state NOT IN (3, 4) ELSE state <> 3 END",
	[COUNT_WAVES] = "SELECT wave, title, name FROM wave ORDER BY wave",
	[COUNT_CONTACTS] = "SELECT state, sum(size) FROM batch WHERE wave = $1 GROUP BY state",
	[COUNT_MESSAGES] = "SELECT state, count FROM message_count WHERE wave = $1",
};
// clang-format on

static const char *const migrations[] = { sql_001, sql_002 };
static const struct db_schema schema = { migrations,
	sizeof migrations / sizeof *migrations };

static char *file_of(const char *state, const char *administration)
{
	struct buf name = { 0 };
	buf_format(&name, "%s.db", administration);
	char *file = file_path(state, buf_string(&name));
	buf_clear(&name);
	return file;
}

bool store_exists(const char *state, const char *administration)
{
	auto_(free) void *file = file_of(state, administration);
	return access(file, F_OK) == 0;
}

enum err store_open(const char *state, const char *administration,
	struct store **ret_store, struct why *why)
{
	struct db *db;
	auto_(free) void *file = file_of(state, administration);
	enum err e = db_open(file, &schema, sql, STATEMENTS, &db, why);
	if (e != OK)
		return e;
	struct store *s = mem_alloc(sizeof *s);
	*s = (struct store){ db, mem_text(administration) };
	*ret_store = s;
	return OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	db_close(s->db);
	free(s->administration);
	free(s);
}

const char *store_administration(const struct store *s)
{
	return s->administration;
}

const char *store_error(const struct store *s)
{
	return db_error(s->db);
}

enum err store_begin(struct store *s)
{
	return db_begin(s->db);
}

enum err store_end(struct store *s, enum err e)
{
	return db_end(s->db, e);
}

int64_t store_version(struct store *s)
{
	return db_version(s->db);
}

enum err store_checkpoint(struct store *s)
{
	return db_checkpoint(s->db);
}

/* Runs a bound statement that gives one number or nothing. */
static enum err one(
	struct store *s, enum store_statement q, int64_t *ret_value, bool *ret_found)
{
	bool row;
	enum err e = db_next(s->db, q, &row);
	if (e != OK) {
		db_done(s->db, q);
		return e;
	}
	if (row) {
		*ret_value = db_int(s->db, q, 0);
		db_done(s->db, q);
	}
	*ret_found = row;
	return OK;
}

enum err store_has(struct store *s, enum store_statement q, bool *ret_has)
{
	int64_t ignored;
	return one(s, q, &ignored, ret_has);
}

static enum err number(struct store *s, enum store_statement q, int64_t *ret_value)
{
	bool found;
	int64_t value = 0;
	enum err e = one(s, q, &value, &found);
	if (e == OK)
		*ret_value = value;
	return e;
}

void store_set_wave(
	struct store *s, enum store_statement q, const char *wave, int64_t number)
{
	db_set_text(s->db, q, 1, wave);
	db_set_int(s->db, q, 2, number);
}

enum err store_wave_put_tx(
	struct store *s, const char *wave, const char *title, const char *name)
{
	db_set_text(s->db, WAVE_PUT, 1, wave);
	db_set_text(s->db, WAVE_PUT, 2, title);
	db_set_text(s->db, WAVE_PUT, 3, name);
	return db_run(s->db, WAVE_PUT);
}

enum err store_has_wave(struct store *s, const char *wave, bool *ret_has)
{
	db_set_text(s->db, WAVE_HAS, 1, wave);
	return store_has(s, WAVE_HAS, ret_has);
}

static void set_stratum(struct store *s, enum store_statement q, const char *wave,
	const char *area, enum plan plan)
{
	db_set_text(s->db, q, 1, wave);
	db_set_text(s->db, q, 2, area);
	db_set_int(s->db, q, 3, plan);
}

enum err store_stratum_tx(struct store *s, const char *wave, const char *area,
	enum plan plan, unsigned *ret_stratum)
{
	int64_t stratum = 0;
	bool found;
	set_stratum(s, STRATUM_FIND, wave, area, plan);
	enum err e = one(s, STRATUM_FIND, &stratum, &found);
	if (e == OK && !found) {
		set_stratum(s, STRATUM_ADD, wave, area, plan);
		e = db_run(s->db, STRATUM_ADD);
		if (e == OK) {
			set_stratum(s, STRATUM_FIND, wave, area, plan);
			e = one(s, STRATUM_FIND, &stratum, &found);
		}
	}
	if (e == OK)
		*ret_stratum = (unsigned)stratum;
	return e;
}

enum err store_batch_add_tx(struct store *s, const char *wave, int64_t *ret_batch)
{
	int64_t batch;
	db_set_text(s->db, BATCH_NEXT, 1, wave);
	enum err e = number(s, BATCH_NEXT, &batch);
	if (e != OK)
		return e;
	store_set_wave(s, BATCH_ADD, wave, batch);
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

enum err store_left_out_tx(
	struct store *s, const char *wave, int64_t batch, const char *reason, long count)
{
	store_set_wave(s, LEFT_OUT_ADD, wave, batch);
	db_set_text(s->db, LEFT_OUT_ADD, 3, reason);
	db_set_int(s->db, LEFT_OUT_ADD, 4, count);
	return db_run(s->db, LEFT_OUT_ADD);
}

enum err store_contact_next(struct store *s, const char *wave, int64_t *ret_contact)
{
	db_set_text(s->db, CONTACT_NEXT, 1, wave);
	return number(s, CONTACT_NEXT, ret_contact);
}

static void set_blob(
	struct store *s, enum store_statement q, int parameter, struct store_blob b)
{
	db_set_blob(s->db, q, parameter, b.data, b.len);
}

enum err store_contact_add_tx(
	struct store *s, const char *wave, const struct store_contact *c)
{
	db_set_text(s->db, CONTACT_ADD, 1, wave);
	db_set_int(s->db, CONTACT_ADD, 2, c->contact);
	db_set_int(s->db, CONTACT_ADD, 3, c->batch);
	db_set_int(s->db, CONTACT_ADD, 4, c->stratum);
	db_set_blob(s->db, CONTACT_ADD, 5, c->person.bytes, KEYRING_HASH);
	db_set_blob(s->db, CONTACT_ADD, 6, c->phone_hash.bytes, KEYRING_HASH);
	set_blob(s, CONTACT_ADD, 7, c->phone);
	set_blob(s, CONTACT_ADD, 8, c->name);
	set_blob(s, CONTACT_ADD, 9, c->code);
	set_blob(s, CONTACT_ADD, 10, c->background);
	db_set_text(s->db, CONTACT_ADD, 11, c->language);
	return db_run(s->db, CONTACT_ADD);
}

static enum err contact_of(struct store *s, enum store_statement q, const char *wave,
	const struct keyring_hash *hash, int64_t *ret_contact)
{
	db_set_text(s->db, q, 1, wave);
	db_set_blob(s->db, q, 2, hash->bytes, KEYRING_HASH);
	return number(s, q, ret_contact);
}

enum err store_contact_of_person(struct store *s, const char *wave,
	const struct keyring_hash *hash, int64_t *ret_contact)
{
	return contact_of(s, CONTACT_OF_PERSON, wave, hash, ret_contact);
}

enum err store_contact_of_phone(struct store *s, const char *wave,
	const struct keyring_hash *hash, int64_t *ret_contact)
{
	return contact_of(s, CONTACT_OF_PHONE, wave, hash, ret_contact);
}

enum err store_contact_hold_tx(
	struct store *s, const char *wave, int64_t contact, bool *ret_changed)
{
	store_set_wave(s, CONTACT_HOLD, wave, contact);
	enum err e = db_run(s->db, CONTACT_HOLD);
	if (e == OK)
		*ret_changed = db_changed(s->db) > 0;
	return e;
}

enum err store_is_refused(
	struct store *s, const struct keyring_hash *hash, bool *ret_refused)
{
	db_set_blob(s->db, REFUSAL_HAS, 1, hash->bytes, KEYRING_HASH);
	return store_has(s, REFUSAL_HAS, ret_refused);
}

enum err store_refuse_tx(struct store *s, const struct keyring_hash *hash)
{
	db_set_blob(s->db, REFUSAL_ADD, 1, hash->bytes, KEYRING_HASH);
	return db_run(s->db, REFUSAL_ADD);
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

bool store_step(struct store *s, enum store_statement q, enum err *e)
{
	bool row = false;
	if (*e == OK)
		*e = db_next(s->db, q, &row);
	if (*e != OK || !row)
		db_done(s->db, q);
	return *e == OK && row;
}

struct store_blob store_column(struct store *s, enum store_statement q, int n)
{
	struct store_blob b;
	b.data = db_blob(s->db, q, n, &b.len);
	return b;
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

enum err store_batch_left_out(struct store *s, const char *wave, int64_t batch,
	store_each_left_out *each, void *context)
{
	enum err e = OK;
	store_set_wave(s, BATCH_LEFT_OUT, wave, batch);
	while (store_step(s, BATCH_LEFT_OUT, &e))
		e = each(context, db_text(s->db, BATCH_LEFT_OUT, 0),
			(long)db_int(s->db, BATCH_LEFT_OUT, 1));
	return e;
}

static enum err walk_contacts(
	struct store *s, enum store_statement q, store_each_contact *each, void *context)
{
	enum err e = OK;
	while (store_step(s, q, &e))
		e = each(context, db_int(s->db, q, 0), db_int(s->db, q, 1) != 0,
			store_column(s, q, 2), store_column(s, q, 3),
			store_column(s, q, 4));
	return e;
}

enum err store_batch_contacts(struct store *s, const char *wave, int64_t batch,
	store_each_contact *each, void *context)
{
	store_set_wave(s, BATCH_CONTACTS, wave, batch);
	return walk_contacts(s, BATCH_CONTACTS, each, context);
}

enum err store_batch_plannable(struct store *s, const char *wave, int64_t batch,
	enum store_kind kind, store_each_contact *each, void *context)
{
	store_set_wave(s, BATCH_PLANNABLE, wave, batch);
	db_set_int(s->db, BATCH_PLANNABLE, 3, kind);
	return walk_contacts(s, BATCH_PLANNABLE, each, context);
}
