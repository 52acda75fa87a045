#include "sms-gateway/store.h"
#include "001.sql.h"
#include "common/file.h"
#include "sms-gateway/store_statements.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { CLEAR_STEP = 2000 };

/* The states and kinds stand as numbers; see the enums in store.h. */
// clang-format off
#define CONTACT_COLUMNS "c.contact, c.person, c.phone, c.content, c.details, c.language, c.channels, c.hold," \
	" c.stratum, t.plan, c.code"
#define CONTACT_STRATUM " LEFT JOIN stratum t ON t.wave = c.wave AND t.stratum = c.stratum"

static const char *const sql[STATEMENTS] = {
	[WAVE_PUT] = "INSERT INTO wave (wave, title, name) VALUES ($1, $2, $3)"
		" ON CONFLICT (wave) DO UPDATE SET title = $2, name = $3",
	[FRAME] = "SELECT persons, held, draw, draw_size,"
		" EXISTS (SELECT 1 FROM batch b WHERE b.wave = w.wave AND b.state <> 3),"
		" EXISTS (SELECT 1 FROM message_count m WHERE m.wave = w.wave AND m.state BETWEEN 1 AND 5 AND m.count > 0)"
		" FROM wave w WHERE wave = $1",
	[FRAME_COUNT] = "UPDATE wave SET persons = (SELECT count(*) FROM contact c WHERE c.wave = wave.wave),"
		" held = (SELECT count(*) FROM contact c WHERE c.wave = wave.wave AND c.hold IN (1, 2)) WHERE wave = $1",
	[CLEAR_MESSAGES] = "DELETE FROM message WHERE wave = $1",
	[CLEAR_CONTACTS] = "DELETE FROM contact WHERE wave = $1 AND contact <= $2",
	[CLEAR_CODES] = "UPDATE contact SET stratum = NULL, code = NULL WHERE wave = $1 AND code IS NOT NULL",
	[CLEAR_LEFT_OUT] = "DELETE FROM left_out WHERE wave = $1",
	[CLEAR_CELLS] = "DELETE FROM cell WHERE wave = $1",
	[CLEAR_BATCH_STRATA] = "DELETE FROM batch_stratum WHERE wave = $1",
	[CLEAR_STRATA] = "DELETE FROM stratum WHERE wave = $1",
	[CLEAR_BATCHES] = "UPDATE batch SET state = 3 WHERE wave = $1",
	[CLEAR_WAVE] = "UPDATE wave SET persons = 0, held = 0, draw = 0, draw_size = 0 WHERE wave = $1",
	[CONTACT_ADD] = "INSERT INTO contact (wave, contact, person, phone, content, details, language, channels, hold)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	[CONTACTS] = "SELECT " CONTACT_COLUMNS " FROM contact c" CONTACT_STRATUM
		" WHERE c.wave = $1 ORDER BY c.contact",
	[CONTACT_ANY] = "SELECT 1 FROM contact WHERE wave = $1 LIMIT 1",
	[CONTACT_HOLD] = "UPDATE contact SET hold = $3 WHERE wave = $1 AND contact = $2",
	[CONTACT_MESSAGES] = "SELECT kind, state FROM message WHERE wave = $1 AND contact = $2 ORDER BY kind",
	[CONTACT_REMOVE_MESSAGES] = "DELETE FROM message WHERE wave = $1 AND contact = $2",
	[CONTACT_REMOVE] = "DELETE FROM contact WHERE wave = $1 AND contact = $2",
	[LEFT_OUT_ADD] = "INSERT INTO left_out (wave, reason, persons) VALUES ($1, $2, $3)"
		" ON CONFLICT (wave, reason) DO UPDATE SET persons = persons + $3",
	[LEFT_OUT] = "SELECT reason, persons FROM left_out WHERE wave = $1 ORDER BY reason",
	[CELL_ADD] = "INSERT INTO cell (wave, breakdown, key, persons) VALUES ($1, $2, $3, $4)",
	[CELLS] = "SELECT key, persons FROM cell WHERE wave = $1 AND breakdown = $2 ORDER BY key",
	[DECIDE] = "INSERT INTO decision (wave, person, verdict) VALUES ($1, $2, $3)"
		" ON CONFLICT (wave, person) DO UPDATE SET verdict = $3",
	[DECISIONS] = "SELECT person, verdict FROM decision WHERE wave = $1 ORDER BY person",
	[REFUSAL_ANY] = "SELECT 1 FROM refusal LIMIT 1",
	[REFUSAL_HAS] = "SELECT 1 FROM refusal WHERE hash = $1",
	[REFUSAL_ADD] = "INSERT INTO refusal (hash) VALUES ($1) ON CONFLICT (hash) DO NOTHING",
	[STRATUM_ADD] = "INSERT INTO stratum (wave, stratum, area, unit, plan) VALUES ($1, $2, $3, $4, $5)",
	[CONTACT_ENROLL] = "UPDATE contact SET stratum = $3, code = $4 WHERE wave = $1 AND contact = $2",
	[DRAWN] = "UPDATE wave SET draw = $2, draw_size = $3 WHERE wave = $1",
	[BATCH_NEXT] = "SELECT coalesce(max(batch) + 1, 1) FROM batch WHERE wave = $1",
	[BATCH_ADD] = "INSERT INTO batch (wave, batch, state, first, last) VALUES ($1, $2, 0, $3, $4)",
	[BATCH_STRATUM_ADD] = "INSERT INTO batch_stratum (wave, batch, stratum, frame, drawn)"
		" VALUES ($1, $2, $3, $4, $5)",
	[BATCH_AFTER] = "SELECT wave, batch FROM batch WHERE state = $1 AND (wave > $2 OR wave = $2 AND batch > $3)"
		" ORDER BY wave, batch LIMIT 1",
	[BATCH_SET] = "UPDATE batch SET state = $3 WHERE wave = $1 AND batch = $2 AND state <> 3",
	[BATCH_DROP] = "DELETE FROM batch WHERE wave = $1 AND batch = $2 AND state = 3",
	[BATCH_IS_FIRST] = "SELECT 1 WHERE $2 = (SELECT min(batch) FROM batch WHERE wave = $1 AND state <> 3)",
	[BATCH_STRATA] = "SELECT b.stratum, s.area, s.plan, b.frame, b.drawn FROM batch_stratum b"
		" JOIN stratum s ON s.wave = b.wave AND s.stratum = b.stratum"
		" WHERE b.wave = $1 AND b.batch = $2 ORDER BY b.stratum",
	[BATCH_CONTACTS] = "SELECT " CONTACT_COLUMNS " FROM batch b JOIN contact c ON c.wave = b.wave"
		" AND c.contact BETWEEN b.first AND b.last" CONTACT_STRATUM
		" WHERE b.wave = $1 AND b.batch = $2 AND b.state <> 3 AND c.code IS NOT NULL ORDER BY c.contact",
	[BATCH_PLANNABLE] = "SELECT " CONTACT_COLUMNS " FROM batch b JOIN contact c ON c.wave = b.wave"
		" AND c.contact BETWEEN b.first AND b.last" CONTACT_STRATUM
		" WHERE b.wave = $1 AND b.batch = $2 AND b.state = 1 AND c.hold = 0 AND c.channels & 1 AND t.plan = 1"
		" AND NOT EXISTS (SELECT 1 FROM message m"
		" WHERE m.wave = c.wave AND m.contact = c.contact AND m.kind = $3)"
		" AND ($3 = 1 OR EXISTS (SELECT 1 FROM message i"
		" WHERE i.wave = c.wave AND i.contact = c.contact AND i.kind = 1 AND i.state IN (2, 3)))"
		" ORDER BY c.contact",
	[MESSAGE_ADD] = "INSERT INTO message (wave, contact, kind, state, tries, not_before, ref)"
		" VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (wave, contact, kind) DO NOTHING",
	[MESSAGE_ANY] = "SELECT 1 FROM message WHERE state = 0 LIMIT 1",
	[MESSAGE_NEXT] = "SELECT m.message, m.contact, m.kind, m.tries, m.ref, c.hold, c.details, c.code"
		" FROM message m JOIN contact c ON c.wave = m.wave AND c.contact = m.contact"
		" WHERE m.state = 0 AND m.wave = $1 AND m.not_before <= $2"
		" ORDER BY m.not_before, m.message LIMIT 1",
	[MESSAGE_TAKE] = "UPDATE message SET state = 1, tries = tries + 1 WHERE message = $1 AND ref = $2 AND state = 0"
		" AND EXISTS (SELECT 1 FROM contact c WHERE c.wave = message.wave AND c.contact = message.contact"
		" AND c.hold = 0)",
	[MESSAGE_SETTLE] = "UPDATE message SET state = $2, not_before = $3, tries = tries - $4"
		" WHERE message = $1 AND state = 1",
	[MESSAGE_STOP] = "UPDATE message SET state = 6 WHERE message = $1 AND state = 0",
	[WAVE_STOP] = "UPDATE message SET state = 6 WHERE wave = $1 AND state = 0",
	[RECOVER] = "UPDATE message SET state = 5 WHERE state = 1",
	[REF_HAS] = "SELECT 1 FROM message WHERE ref = $1",
	[REPORT] = "UPDATE message SET state = $2 WHERE ref = $1"
		" AND CASE $2 WHEN 2 THEN state IN (0, 1, 5, 6) WHEN 4 THEN state NOT IN (3, 4) ELSE state <> 3 END",
	[ERASE_DECISIONS] = "DELETE FROM decision WHERE wave = $1",
	[ERASE_BATCHES] = "DELETE FROM batch WHERE wave = $1",
	[ERASE_COUNTS] = "DELETE FROM message_count WHERE wave = $1",
	[ERASE_WAVE] = "DELETE FROM wave WHERE wave = $1",
	[ERASURE_ADD] = "INSERT INTO erasure (wave, title, name, counted, day, persons, messages, state)"
		" SELECT wave, title, name, $2, $3, persons, coalesce((SELECT sum(count) FROM message_count m"
		" WHERE m.wave = w.wave AND m.state BETWEEN 1 AND 5), 0), 0 FROM wave w WHERE wave = $1"
		/* An import that began before the count may have come after the erasure. */
		" ON CONFLICT (wave) DO UPDATE SET day = excluded.day, persons = persons + excluded.persons,"
		" messages = messages + excluded.messages, state = 0",
	[ERASURE_DONE] = "UPDATE erasure SET state = 1 WHERE wave = $1",
	[ERASURES] = "SELECT wave, title, name, counted, day, persons, messages, state FROM erasure ORDER BY wave",
	[COUNT_WAVES] = "SELECT wave, title, name, persons, held FROM wave ORDER BY wave",
	[COUNT_BATCHES] = "SELECT b.state, coalesce(sum(s.frame), 0) FROM batch b"
		" LEFT JOIN batch_stratum s ON s.wave = b.wave AND s.batch = b.batch"
		" WHERE b.wave = $1 AND b.state <> 3 GROUP BY b.state",
	[COUNT_MESSAGES] = "SELECT state, count FROM message_count WHERE wave = $1",
};
// clang-format on

static const char *const migrations[] = { sql_001 };
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
	*s = (struct store){ db, mem_text(administration), mem_text(file), -1 };
	*ret_store = s;
	return OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	db_close(s->db);
	free(s->administration);
	free(s->file);
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

const char *store_reason(const struct store *s, enum err e)
{
	return e == ERR_CRYPTO
		       ? "the wave's key file does not open what is stored; bring back "
			 "the right one"
		       : store_error(s);
}

enum err store_why(const struct store *s, enum err e, struct why *why)
{
	return err_why(why, e, "%s: %s", store_administration(s), store_reason(s, e));
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

enum err store_snapshot(struct store *s)
{
	return db_snapshot(s->db);
}

void store_release(struct store *s)
{
	db_release(s->db);
}

/* The file is opened each time: locks belong to open files, and so to threads. */
enum err store_registering_begin(struct store *s)
{
	auto_(buf) struct buf name = { 0 };
	buf_format(&name, "%s-registering", s->file);
	int lock = open(buf_string(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return ERR_IO;
	int rc;
	do
		rc = flock(lock, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	if (rc != 0) {
		(void)close(lock);
		return ERR_IO;
	}
	s->registering = lock;
	return OK;
}

void store_registering_end(struct store *s)
{
	(void)close(s->registering);
	s->registering = -1;
}

enum err store_checkpoint(struct store *s)
{
	return db_checkpoint(s->db);
}

enum err store_rewrite(struct store *s)
{
	return db_rewrite(s->db);
}

/* The common ground. */

enum err store_has(struct store *s, enum store_statement q, bool *ret_has)
{
	bool row;
	enum err e = db_next(s->db, q, &row);
	if (e != OK || row)
		db_done(s->db, q);
	if (e == OK)
		*ret_has = row;
	return e;
}

void store_set_wave(
	struct store *s, enum store_statement q, const char *wave, int64_t number)
{
	db_set_text(s->db, q, 1, wave);
	db_set_int(s->db, q, 2, number);
}

enum err store_run_each(struct store *s, const enum store_statement *statements,
	size_t count, const char *wave)
{
	enum err e = OK;
	for (size_t i = 0; i < count && e == OK; i++) {
		db_set_text(s->db, statements[i], 1, wave);
		e = db_run(s->db, statements[i]);
	}
	return e;
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

/* The column's bytes, when there are as many as there should be. */
static void copy_column(
	struct store *s, enum store_statement q, int n, void *out, size_t len)
{
	struct store_blob b = store_column(s, q, n);
	if (b.len == len)
		memcpy(out, b.data, len);
}

static void read_contact(struct store *s, enum store_statement q, struct store_contact *c)
{
	*c = (struct store_contact){
		.contact = db_int(s->db, q, 0),
		.has_phone = !db_is_null(s->db, q, 2),
		.details = store_column(s, q, 4),
		.language = db_text(s->db, q, 5),
		.channels = (unsigned)db_int(s->db, q, 6),
		.hold = (enum store_hold)db_int(s->db, q, 7),
		.enrolled = !db_is_null(s->db, q, 10),
		.stratum = (unsigned)db_int(s->db, q, 8),
		.plan = (enum plan)db_int(s->db, q, 9),
		.code = store_column(s, q, 10),
	};
	copy_column(s, q, 1, c->person.bytes, sizeof c->person.bytes);
	copy_column(s, q, 2, c->phone.bytes, sizeof c->phone.bytes);
	copy_column(s, q, 3, c->content, sizeof c->content);
}

enum err store_walk_contacts(
	struct store *s, enum store_statement q, store_each_contact *each, void *context)
{
	enum err e = OK;
	struct store_contact c;
	while (store_step(s, q, &e)) {
		read_contact(s, q, &c);
		e = each(context, &c);
	}
	return e;
}

/* The frame. */

enum err store_wave_put_tx(
	struct store *s, const char *wave, const char *title, const char *name)
{
	db_set_text(s->db, WAVE_PUT, 1, wave);
	db_set_text(s->db, WAVE_PUT, 2, title);
	db_set_text(s->db, WAVE_PUT, 3, name);
	return db_run(s->db, WAVE_PUT);
}

enum err store_frame(struct store *s, const char *wave, struct store_frame *ret_frame)
{
	bool row;
	db_set_text(s->db, FRAME, 1, wave);
	enum err e = db_next(s->db, FRAME, &row);
	if (e == OK)
		*ret_frame = (struct store_frame){ .exists = row };
	if (e == OK && row) {
		ret_frame->persons = (long)db_int(s->db, FRAME, 0);
		ret_frame->held = (long)db_int(s->db, FRAME, 1);
		ret_frame->draw = (enum store_draw)db_int(s->db, FRAME, 2);
		ret_frame->draw_size = (long)db_int(s->db, FRAME, 3);
		ret_frame->enrolled = db_int(s->db, FRAME, 4) != 0;
		ret_frame->begun = db_int(s->db, FRAME, 5) != 0;
	}
	db_done(s->db, FRAME);
	return e;
}

/* Some at a time: what a statement may have to take back is kept in memory. */
static enum err clear_contacts(struct store *s, const char *wave)
{
	int64_t up_to = 0;
	enum err e = OK;
	bool any = true;
	while (e == OK && any) {
		up_to += CLEAR_STEP;
		store_set_wave(s, CLEAR_CONTACTS, wave, up_to);
		e = db_run(s->db, CLEAR_CONTACTS);
		db_set_text(s->db, CONTACT_ANY, 1, wave);
		if (e == OK)
			e = store_has(s, CONTACT_ANY, &any);
	}
	return e;
}

enum err store_frame_clear_tx(struct store *s, const char *wave)
{
	static const enum store_statement messages[] = { CLEAR_MESSAGES };
	static const enum store_statement all[] = { CLEAR_LEFT_OUT, CLEAR_CELLS,
		CLEAR_BATCH_STRATA, CLEAR_STRATA, CLEAR_BATCHES, CLEAR_WAVE };
	enum err e = store_run_each(s, ROWS(messages), wave);
	if (e == OK)
		e = clear_contacts(s, wave);
	return e == OK ? store_run_each(s, ROWS(all), wave) : e;
}

enum err store_frame_count_tx(struct store *s, const char *wave)
{
	db_set_text(s->db, FRAME_COUNT, 1, wave);
	return db_run(s->db, FRAME_COUNT);
}

enum err store_contact_add_tx(
	struct store *s, const char *wave, const struct store_contact *c)
{
	store_set_wave(s, CONTACT_ADD, wave, c->contact);
	db_set_blob(s->db, CONTACT_ADD, 3, c->person.bytes, KEYRING_HASH);
	db_set_blob(s->db, CONTACT_ADD, 4, c->has_phone ? c->phone.bytes : NULL,
		KEYRING_HASH);
	db_set_blob(s->db, CONTACT_ADD, 5, c->content, STORE_CONTENT);
	db_set_blob(s->db, CONTACT_ADD, 6, c->details.data, c->details.len);
	db_set_text(s->db, CONTACT_ADD, 7, c->language);
	db_set_int(s->db, CONTACT_ADD, 8, c->channels);
	db_set_int(s->db, CONTACT_ADD, 9, c->hold);
	return db_run(s->db, CONTACT_ADD);
}

enum err store_contacts(
	struct store *s, const char *wave, store_each_contact *each, void *context)
{
	db_set_text(s->db, CONTACTS, 1, wave);
	return store_walk_contacts(s, CONTACTS, each, context);
}

enum err store_contact_hold_tx(
	struct store *s, const char *wave, int64_t contact, enum store_hold hold)
{
	store_set_wave(s, CONTACT_HOLD, wave, contact);
	db_set_int(s->db, CONTACT_HOLD, 3, hold);
	return db_run(s->db, CONTACT_HOLD);
}

enum err store_contact_messages(struct store *s, const char *wave, int64_t contact,
	store_each_message *each, void *context)
{
	enum err e = OK;
	store_set_wave(s, CONTACT_MESSAGES, wave, contact);
	while (store_step(s, CONTACT_MESSAGES, &e))
		e = each(context, (enum store_kind)db_int(s->db, CONTACT_MESSAGES, 0),
			(enum store_state)db_int(s->db, CONTACT_MESSAGES, 1));
	return e;
}

enum err store_contact_remove_tx(struct store *s, const char *wave, int64_t contact)
{
	store_set_wave(s, CONTACT_REMOVE_MESSAGES, wave, contact);
	enum err e = db_run(s->db, CONTACT_REMOVE_MESSAGES);
	if (e != OK)
		return e;
	store_set_wave(s, CONTACT_REMOVE, wave, contact);
	return db_run(s->db, CONTACT_REMOVE);
}

static enum err walk_counts(
	struct store *s, enum store_statement q, store_each_count *each, void *context)
{
	enum err e = OK;
	while (store_step(s, q, &e))
		e = each(context, db_text(s->db, q, 0), (long)db_int(s->db, q, 1));
	return e;
}

enum err store_left_out_tx(
	struct store *s, const char *wave, const char *reason, long persons)
{
	db_set_text(s->db, LEFT_OUT_ADD, 1, wave);
	db_set_text(s->db, LEFT_OUT_ADD, 2, reason);
	db_set_int(s->db, LEFT_OUT_ADD, 3, persons);
	return db_run(s->db, LEFT_OUT_ADD);
}

enum err store_left_out(
	struct store *s, const char *wave, store_each_count *each, void *context)
{
	db_set_text(s->db, LEFT_OUT, 1, wave);
	return walk_counts(s, LEFT_OUT, each, context);
}

enum err store_cell_tx(struct store *s, const char *wave, const char *breakdown,
	const char *key, long persons)
{
	db_set_text(s->db, CELL_ADD, 1, wave);
	db_set_text(s->db, CELL_ADD, 2, breakdown);
	db_set_text(s->db, CELL_ADD, 3, key);
	db_set_int(s->db, CELL_ADD, 4, persons);
	return db_run(s->db, CELL_ADD);
}

enum err store_cells(struct store *s, const char *wave, const char *breakdown,
	store_each_count *each, void *context)
{
	db_set_text(s->db, CELLS, 1, wave);
	db_set_text(s->db, CELLS, 2, breakdown);
	return walk_counts(s, CELLS, each, context);
}

/* Decisions and refusals. */

enum err store_decide_tx(struct store *s, const char *wave,
	const struct keyring_hash *person, enum store_verdict verdict)
{
	db_set_text(s->db, DECIDE, 1, wave);
	db_set_blob(s->db, DECIDE, 2, person->bytes, KEYRING_HASH);
	db_set_int(s->db, DECIDE, 3, verdict);
	return db_run(s->db, DECIDE);
}

enum err store_decisions(
	struct store *s, const char *wave, store_each_decision *each, void *context)
{
	enum err e = OK;
	struct keyring_hash person = { { 0 } };
	db_set_text(s->db, DECISIONS, 1, wave);
	while (store_step(s, DECISIONS, &e)) {
		copy_column(s, DECISIONS, 0, person.bytes, sizeof person.bytes);
		e = each(context, &person,
			(enum store_verdict)db_int(s->db, DECISIONS, 1));
	}
	return e;
}

enum err store_any_refusal(struct store *s, bool *ret_any)
{
	return store_has(s, REFUSAL_ANY, ret_any);
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
