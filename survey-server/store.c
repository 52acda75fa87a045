#include "store.h"
#include "001.sql.h"
#include "002.sql.h"
#include "003.sql.h"
#include "common/db.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BITS = 4096, CHUNK_BYTES = CHUNK_BITS / 8, BITS_GONE = 1, BITS_REVOKED = 2 };

enum statement {
	WAVE_ADD,
	DEFINITION_ADD,
	WAVE_BY_NAME,
	WAVE_BY_NUMBER,
	WAVE_LIST,
	DEFINITION_GET,
	WAVE_STATE,
	WAVE_SERIAL,
	WAVE_TAKE,
	WAVE_WITHDRAW,
	WAVE_DESTROYED,
	WAVE_WORDS,
	WAVE_PUBLISH,
	WAVE_COUNT,
	BATCH_ADD,
	BATCH_CONTENT,
	BATCH_IDS,
	STRATUM_ADD,
	STRATUM_LIST,
	LEFT_OUT_ADD,
	LEFT_OUT_SUMS,
	INVITATION_ADD,
	INVITATION_FIND,
	INVITATION_SERIAL,
	WITHDRAW_INVITATION,
	WITHDRAW_STRATA,
	WITHDRAW_LEFT_OUT,
	WITHDRAW_BATCH,
	BITS_ADD,
	BITS_GET,
	BITS_SET,
	BITS_LIST,
	BALLOT_ADD,
	BALLOT_LIST,
	BALLOT_COUNT,
	DECLINE_ADD,
	DECLINE_HAS,
	DECLINE_LIST,
	DISPOSITION_ADD,
	DISPOSITION_CLEAR,
	DISPOSITION_SUMS,
	BURN_BALLOTS,
	BURN_INVITATIONS,
	BURN_BITS,
	BURN_DECLINES,
	BURN_DISPOSITIONS,
	BURN_STRATA,
	BURN_LEFT_OUT,
	BURN_BATCHES,
	RESULT_ADD,
	RESULT_GET,
	STATEMENTS
};

/* clang-format off */
#define WAVE_COLUMNS "wave.number, wave.name, wave.title, wave.opens, wave.closes, wave.custody," \
	" wave.state, wave.public_key, wave.invited - wave.withdrawn, wave.counted"
enum { AFTER_WAVE = 10 }; /* the first column after WAVE_COLUMNS */

static const char *const statements[STATEMENTS] = {
	[WAVE_ADD] = "INSERT INTO wave (name, title, opens, closes, custody, state, public_key, invited)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
	[DEFINITION_ADD] = "INSERT INTO definition (wave, document)"
		" SELECT number, $2 FROM wave WHERE name = $1",
	[WAVE_BY_NAME] = "SELECT " WAVE_COLUMNS " FROM wave WHERE name = $1",
	[WAVE_BY_NUMBER] = "SELECT " WAVE_COLUMNS " FROM wave WHERE number = $1",
	[WAVE_LIST] = "SELECT " WAVE_COLUMNS " FROM wave ORDER BY opens, name",
	[DEFINITION_GET] = "SELECT document FROM definition WHERE wave = $1",
	[WAVE_STATE] = "UPDATE wave SET state = $2 WHERE number = $1",
	[WAVE_SERIAL] = "SELECT invited FROM wave WHERE number = $1",
	[WAVE_TAKE] = "UPDATE wave SET invited = invited + $2 WHERE number = $1",
	[WAVE_WITHDRAW] = "UPDATE wave SET withdrawn = withdrawn + $2 WHERE number = $1",
	[WAVE_DESTROYED] = "UPDATE wave SET destroyed_by = $2 WHERE number = $1",
	[WAVE_WORDS] = "SELECT words FROM wave WHERE number = $1",
	[WAVE_PUBLISH] = "UPDATE wave SET state = $2, words = $3 WHERE number = $1",
	[WAVE_COUNT] = "UPDATE wave SET state = $2, counted = $3 WHERE number = $1",
	[BATCH_ADD] = "INSERT INTO batch (wave, name, administration, first, size, content, ids)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	[BATCH_CONTENT] = "SELECT content FROM batch WHERE wave = $1 AND name = $2",
	[BATCH_IDS] = "SELECT first, size, ids FROM batch WHERE wave = $1 AND name = $2",
	[STRATUM_ADD] = "INSERT INTO stratum (wave, batch, stratum, area, plan, frame, drawn)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	[STRATUM_LIST] = "SELECT b.administration, s.stratum, s.area, s.plan, s.frame, s.drawn"
		" FROM stratum s JOIN batch b ON b.wave = s.wave AND b.name = s.batch WHERE s.wave = $1",
	[LEFT_OUT_ADD] = "INSERT INTO left_out (wave, batch, reason, persons) VALUES ($1, $2, $3, $4)",
	[LEFT_OUT_SUMS] = "SELECT reason, SUM(persons) FROM left_out WHERE wave = $1 GROUP BY reason ORDER BY reason",
	[INVITATION_ADD] = "INSERT INTO invitation (wave, id, serial, sealed) VALUES ($1, $2, $3, $4)",
	[INVITATION_FIND] = "SELECT " WAVE_COLUMNS ", i.serial, i.sealed, b.bits"
		/* CROSS JOIN makes SQLite begin with the few waves instead of scanning all invitations. */
		" FROM wave CROSS JOIN invitation i"
		" LEFT JOIN bitmap b ON b.wave = i.wave AND b.kind = $2 AND b.chunk = i.serial / $3"
		" WHERE i.wave = wave.number AND i.id = $1",
	[INVITATION_SERIAL] = "SELECT serial FROM invitation WHERE wave = $1 AND id = $2",
	[WITHDRAW_INVITATION] = "DELETE FROM invitation WHERE wave = $1 AND id = $2",
	[WITHDRAW_STRATA] = "DELETE FROM stratum WHERE wave = $1 AND batch = $2",
	[WITHDRAW_LEFT_OUT] = "DELETE FROM left_out WHERE wave = $1 AND batch = $2",
	[WITHDRAW_BATCH] = "DELETE FROM batch WHERE wave = $1 AND name = $2",
	[BITS_ADD] = "INSERT INTO bitmap (wave, kind, chunk, bits) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (wave, kind, chunk) DO NOTHING",
	[BITS_GET] = "SELECT bits FROM bitmap WHERE wave = $1 AND kind = $2 AND chunk = $3",
	[BITS_SET] = "UPDATE bitmap SET bits = $4 WHERE wave = $1 AND kind = $2 AND chunk = $3",
	[BITS_LIST] = "SELECT bits FROM bitmap WHERE wave = $1 AND kind = $2",
	[BALLOT_ADD] = "INSERT INTO ballot (wave, key, sealed) VALUES ($1, $2, $3)",
	[BALLOT_LIST] = "SELECT sealed FROM ballot WHERE wave = $1",
	[BALLOT_COUNT] = "SELECT COUNT(*) FROM ballot WHERE wave = $1",
	[DECLINE_ADD] = "INSERT INTO decline (wave, id, reason) VALUES ($1, $2, $3)",
	[DECLINE_HAS] = "SELECT 1 FROM decline WHERE wave = $1 AND id = $2",
	[DECLINE_LIST] = "SELECT id FROM decline WHERE wave = $1 AND reason = $2 ORDER BY id",
	[DISPOSITION_ADD] = "INSERT INTO disposition (wave, batch, stratum, code, persons)"
		" VALUES ($1, $2, $3, $4, $5)",
	[DISPOSITION_CLEAR] = "DELETE FROM disposition WHERE wave = $1 AND batch = $2",
	[DISPOSITION_SUMS] = "SELECT code, SUM(persons) FROM disposition WHERE wave = $1 GROUP BY code ORDER BY code",
	[BURN_BALLOTS] = "DELETE FROM ballot WHERE wave = $1",
	[BURN_INVITATIONS] = "DELETE FROM invitation WHERE wave = $1",
	[BURN_BITS] = "DELETE FROM bitmap WHERE wave = $1",
	[BURN_DECLINES] = "DELETE FROM decline WHERE wave = $1",
	[BURN_DISPOSITIONS] = "DELETE FROM disposition WHERE wave = $1",
	[BURN_STRATA] = "DELETE FROM stratum WHERE wave = $1",
	[BURN_LEFT_OUT] = "DELETE FROM left_out WHERE wave = $1",
	[BURN_BATCHES] = "DELETE FROM batch WHERE wave = $1",
	[RESULT_ADD] = "INSERT INTO release (wave, document) VALUES ($1, $2)",
	[RESULT_GET] = "SELECT document FROM release WHERE wave = $1",
};
/* clang-format on */

static const char *const migrations[] = { sql_001, sql_002, sql_003 };
static const struct db_schema schema = { migrations,
	sizeof migrations / sizeof *migrations };

struct store {
	struct db *db;
};

static struct db *db_of(const struct store *s)
{
	return s->db;
}

enum err store_open(const char *file, struct store **ret_store, struct why *why)
{
	struct db *db;
	enum err e = db_open(file, &schema, statements, STATEMENTS, &db, why);
	if (e)
		return e;
	*ret_store = mem_alloc(sizeof **ret_store);
	(*ret_store)->db = db;
	return OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	db_close(s->db);
	free(s);
}

enum err store_begin(struct store *s)
{
	return db_begin(db_of(s));
}

enum err store_end(struct store *s, enum err e)
{
	return db_end(db_of(s), e);
}

enum err store_snapshot(struct store *s)
{
	return db_snapshot(db_of(s));
}

void store_release(struct store *s)
{
	db_release(db_of(s));
}

enum err store_checkpoint(struct store *s)
{
	return db_checkpoint(db_of(s));
}

enum err store_rewrite(struct store *s)
{
	return db_rewrite(db_of(s));
}

const char *store_error(const struct store *s)
{
	return db_error(db_of(s));
}

/* One row or none: ERR_NOT_FOUND. The caller ends with db_done(). */
static enum err one(struct db *db, enum statement st)
{
	bool row;
	enum err e = db_next(db, st, &row);
	return e ? e : row ? OK : ERR_NOT_FOUND;
}

/* The number that a one-row, one-column statement gives. */
static enum err number_of(struct db *db, enum statement st, int64_t *ret_number)
{
	enum err e = one(db, st);
	if (e)
		return e;
	*ret_number = db_int(db, st, 0);
	db_done(db, st);
	return OK;
}

/* As bytes: SQLite would copy a text first to end it with a NUL. */
static void copy_text(
	struct db *db, enum statement st, int column, char *out, size_t room)
{
	size_t len;
	const void *text = db_blob(db, st, column, &len);
	len = len < room ? len : room - 1;
	if (len)
		memcpy(out, text, len);
	out[len] = '\0';
}

static void read_wave(struct db *db, enum statement st, struct wave *w)
{
	size_t len;
	*w = (struct wave){ .number = db_int(db, st, 0),
		.opens = (day)db_int(db, st, 3),
		.closes = (day)db_int(db, st, 4),
		.custody = (enum custody)db_int(db, st, 5),
		.state = (enum wave_state)db_int(db, st, 6),
		.invited = db_int(db, st, 8),
		.counted = (day)db_int(db, st, 9) };
	copy_text(db, st, 1, w->name, sizeof w->name);
	copy_text(db, st, 2, w->title, sizeof w->title);
	const void *key = db_blob(db, st, 7, &len);
	if (len == sizeof w->public_key)
		memcpy(w->public_key, key, len);
}

enum err store_wave_add_tx(struct store *s, const struct wave *w, const char *definition)
{
	struct db *db = db_of(s);
	db_set_text(db, WAVE_ADD, 1, w->name);
	db_set_text(db, WAVE_ADD, 2, w->title);
	db_set_int(db, WAVE_ADD, 3, w->opens);
	db_set_int(db, WAVE_ADD, 4, w->closes);
	db_set_int(db, WAVE_ADD, 5, w->custody);
	db_set_int(db, WAVE_ADD, 6, w->state);
	db_set_blob(db, WAVE_ADD, 7, w->public_key, sizeof w->public_key);
	enum err e = db_run(db, WAVE_ADD);
	if (e)
		return e;
	db_set_text(db, DEFINITION_ADD, 1, w->name);
	db_set_text(db, DEFINITION_ADD, 2, definition);
	return db_run(db, DEFINITION_ADD);
}

static enum err wave_by(struct db *db, enum statement st, struct wave *ret_wave)
{
	enum err e = one(db, st);
	if (e)
		return e;
	read_wave(db, st, ret_wave);
	db_done(db, st);
	return OK;
}

enum err store_wave_find(struct store *s, const char *name, struct wave *ret_wave)
{
	db_set_text(db_of(s), WAVE_BY_NAME, 1, name);
	return wave_by(db_of(s), WAVE_BY_NAME, ret_wave);
}

enum err store_wave_get(struct store *s, int64_t number, struct wave *ret_wave)
{
	db_set_int(db_of(s), WAVE_BY_NUMBER, 1, number);
	return wave_by(db_of(s), WAVE_BY_NUMBER, ret_wave);
}

enum err store_waves(struct store *s, struct wave **ret_waves, size_t *ret_count)
{
	struct db *db = db_of(s);
	struct wave *waves = NULL;
	size_t count = 0;
	enum err e;
	bool row;
	while ((e = db_next(db, WAVE_LIST, &row)) == OK && row) {
		waves = mem_resize(waves, count + 1, sizeof *waves);
		read_wave(db, WAVE_LIST, &waves[count++]);
	}
	if (e) {
		free(waves);
		return e;
	}
	*ret_waves = waves;
	*ret_count = count;
	return OK;
}

/* The text of a one-column statement about a wave. */
static enum err wave_text(
	struct db *db, enum statement st, int64_t wave, struct buf *ret_text)
{
	db_set_int(db, st, 1, wave);
	enum err e = one(db, st);
	if (e)
		return e;
	if (!db_is_null(db, st, 0))
		buf_text(ret_text, db_text(db, st, 0));
	db_done(db, st);
	return OK;
}

enum err store_definition(struct store *s, int64_t wave, struct buf *ret_definition)
{
	return wave_text(db_of(s), DEFINITION_GET, wave, ret_definition);
}

enum err store_wave_words(struct store *s, int64_t wave, struct buf *ret_words)
{
	return wave_text(db_of(s), WAVE_WORDS, wave, ret_words);
}

enum err store_result(struct store *s, int64_t wave, struct buf *ret_document)
{
	return wave_text(db_of(s), RESULT_GET, wave, ret_document);
}

enum err store_wave_state_tx(struct store *s, int64_t wave, enum wave_state state)
{
	db_set_int(db_of(s), WAVE_STATE, 1, wave);
	db_set_int(db_of(s), WAVE_STATE, 2, state);
	return db_run(db_of(s), WAVE_STATE);
}

enum err store_wave_destroyed_tx(struct store *s, int64_t wave, const char *by)
{
	db_set_int(db_of(s), WAVE_DESTROYED, 1, wave);
	db_set_text(db_of(s), WAVE_DESTROYED, 2, by);
	return db_run(db_of(s), WAVE_DESTROYED);
}

enum err store_wave_publish_tx(struct store *s, int64_t wave, const char *words)
{
	db_set_int(db_of(s), WAVE_PUBLISH, 1, wave);
	db_set_int(db_of(s), WAVE_PUBLISH, 2, WAVE_PUBLISHED);
	db_set_text(db_of(s), WAVE_PUBLISH, 3, words);
	return db_run(db_of(s), WAVE_PUBLISH);
}

enum err store_batch_content(
	struct store *s, int64_t wave, const char *name, uint8_t ret_content[static 32])
{
	struct db *db = db_of(s);
	db_set_int(db, BATCH_CONTENT, 1, wave);
	db_set_text(db, BATCH_CONTENT, 2, name);
	enum err e = one(db, BATCH_CONTENT);
	if (e)
		return e;
	size_t len;
	const void *content = db_blob(db, BATCH_CONTENT, 0, &len);
	if (len == 32)
		memcpy(ret_content, content, 32);
	db_done(db, BATCH_CONTENT);
	return len == 32 ? OK : ERR_IO;
}

static enum err bits_add(struct db *db, int64_t wave, int kind, int64_t chunk)
{
	static const uint8_t none[CHUNK_BYTES];
	db_set_int(db, BITS_ADD, 1, wave);
	db_set_int(db, BITS_ADD, 2, kind);
	db_set_int(db, BITS_ADD, 3, chunk);
	db_set_blob(db, BITS_ADD, 4, none, sizeof none);
	return db_run(db, BITS_ADD);
}

static enum err invitations_add(struct db *db, int64_t wave, const struct store_batch *b)
{
	for (size_t i = 0; i < b->size; i++) {
		const struct store_invitation *invitation = &b->invitations[i];
		db_set_int(db, INVITATION_ADD, 1, wave);
		db_set_blob(db, INVITATION_ADD, 2, invitation->id.bytes, INVITATION_ID);
		db_set_int(db, INVITATION_ADD, 3, b->first + (int64_t)i);
		db_set_blob(db, INVITATION_ADD, 4, invitation->sealed, INVITATION_SEALED);
		enum err e = db_run(db, INVITATION_ADD);
		if (e)
			return e;
	}
	int64_t last = b->first + (int64_t)b->size;
	for (int64_t c = b->first / CHUNK_BITS; c * CHUNK_BITS < last; c++) {
		enum err e = bits_add(db, wave, BITS_GONE, c);
		if (e == OK)
			e = bits_add(db, wave, BITS_REVOKED, c);
		if (e)
			return e;
	}
	return OK;
}

enum err store_batch_add_tx(
	struct store *s, int64_t wave, const struct store_batch *batch)
{
	struct db *db = db_of(s);
	struct store_batch b = *batch;
	db_set_int(db, WAVE_SERIAL, 1, wave);
	enum err e = number_of(db, WAVE_SERIAL, &b.first);
	if (e)
		return e;
	uint8_t *ids = mem_alloc(b.size * INVITATION_ID);
	for (size_t i = 0; i < b.size; i++)
		memcpy(ids + i * INVITATION_ID, b.invitations[i].id.bytes, INVITATION_ID);
	db_set_int(db, BATCH_ADD, 1, wave);
	db_set_text(db, BATCH_ADD, 2, b.name);
	db_set_int(db, BATCH_ADD, 3, b.administration);
	db_set_int(db, BATCH_ADD, 4, b.first);
	db_set_int(db, BATCH_ADD, 5, (int64_t)b.size);
	db_set_blob(db, BATCH_ADD, 6, b.content, 32);
	db_set_blob(db, BATCH_ADD, 7, ids, b.size * INVITATION_ID);
	free(ids);
	e = db_run(db, BATCH_ADD);
	if (e)
		return e;
	db_set_int(db, WAVE_TAKE, 1, wave);
	db_set_int(db, WAVE_TAKE, 2, (int64_t)b.size);
	e = db_run(db, WAVE_TAKE);
	return e ? e : invitations_add(db, wave, &b);
}

enum err store_stratum_add_tx(
	struct store *s, int64_t wave, const char *batch, const struct stratum *stratum)
{
	struct db *db = db_of(s);
	db_set_int(db, STRATUM_ADD, 1, wave);
	db_set_text(db, STRATUM_ADD, 2, batch);
	db_set_int(db, STRATUM_ADD, 3, stratum->stratum);
	db_set_int(db, STRATUM_ADD, 4, stratum->area);
	db_set_int(db, STRATUM_ADD, 5, stratum->plan);
	db_set_int(db, STRATUM_ADD, 6, stratum->frame);
	db_set_int(db, STRATUM_ADD, 7, stratum->drawn);
	return db_run(db, STRATUM_ADD);
}

enum err store_left_out_add_tx(struct store *s, int64_t wave, const char *batch,
	const char *reason, int64_t persons)
{
	struct db *db = db_of(s);
	db_set_int(db, LEFT_OUT_ADD, 1, wave);
	db_set_text(db, LEFT_OUT_ADD, 2, batch);
	db_set_text(db, LEFT_OUT_ADD, 3, reason);
	db_set_int(db, LEFT_OUT_ADD, 4, persons);
	return db_run(db, LEFT_OUT_ADD);
}

enum err store_disposition_add_tx(struct store *s, int64_t wave, const char *batch,
	uint16_t stratum, int code, int64_t persons)
{
	struct db *db = db_of(s);
	db_set_int(db, DISPOSITION_ADD, 1, wave);
	db_set_text(db, DISPOSITION_ADD, 2, batch);
	db_set_int(db, DISPOSITION_ADD, 3, stratum);
	db_set_int(db, DISPOSITION_ADD, 4, code);
	db_set_int(db, DISPOSITION_ADD, 5, persons);
	return db_run(db, DISPOSITION_ADD);
}

enum err store_disposition_clear_tx(
	struct store *s, int64_t wave, const char *batch, bool *ret_any)
{
	struct db *db = db_of(s);
	db_set_int(db, DISPOSITION_CLEAR, 1, wave);
	db_set_text(db, DISPOSITION_CLEAR, 2, batch);
	enum err e = db_run(db, DISPOSITION_CLEAR);
	*ret_any = e == OK && db_changed(db) > 0;
	return e;
}

/* Reads the chunk of a bitmap that holds the serial. ERR_IO when it is missing or
 * damaged. */
static enum err bits_get(struct db *db, int64_t wave, int kind, int64_t serial,
	uint8_t ret_bits[static CHUNK_BYTES])
{
	db_set_int(db, BITS_GET, 1, wave);
	db_set_int(db, BITS_GET, 2, kind);
	db_set_int(db, BITS_GET, 3, serial / CHUNK_BITS);
	enum err e = one(db, BITS_GET);
	if (e)
		return e == ERR_NOT_FOUND ? ERR_IO : e;
	size_t len;
	const void *bits = db_blob(db, BITS_GET, 0, &len);
	if (len == CHUNK_BYTES)
		memcpy(ret_bits, bits, CHUNK_BYTES);
	db_done(db, BITS_GET);
	return len == CHUNK_BYTES ? OK : ERR_IO;
}

static bool bit_is_set(const uint8_t *bits, int64_t serial)
{
	return bits[serial % CHUNK_BITS / 8] >> (serial % 8) & 1;
}

/* Sets the serial's bit; *ret_was tells whether it was set before. */
static enum err bit_set(
	struct db *db, int64_t wave, int kind, int64_t serial, bool *ret_was)
{
	uint8_t bits[CHUNK_BYTES];
	enum err e = bits_get(db, wave, kind, serial, bits);
	if (e)
		return e;
	*ret_was = bit_is_set(bits, serial);
	if (*ret_was)
		return OK;
	bits[serial % CHUNK_BITS / 8] |= (uint8_t)(1 << serial % 8);
	db_set_int(db, BITS_SET, 1, wave);
	db_set_int(db, BITS_SET, 2, kind);
	db_set_int(db, BITS_SET, 3, serial / CHUNK_BITS);
	db_set_blob(db, BITS_SET, 4, bits, sizeof bits);
	return db_run(db, BITS_SET);
}

/* The batch's serials and ids; the ids until db_done() of BATCH_IDS, which is the
 * caller's however this ends. */
static enum err batch_ids(struct db *db, int64_t wave, const char *name,
	int64_t *ret_first, int64_t *ret_size, const uint8_t **ret_ids)
{
	size_t len;
	db_set_int(db, BATCH_IDS, 1, wave);
	db_set_text(db, BATCH_IDS, 2, name);
	enum err e = one(db, BATCH_IDS);
	if (e)
		return e;
	*ret_first = db_int(db, BATCH_IDS, 0);
	*ret_size = db_int(db, BATCH_IDS, 1);
	*ret_ids = db_blob(db, BATCH_IDS, 2, &len);
	return len == (size_t)*ret_size * INVITATION_ID ? OK : ERR_IO;
}

enum err store_batch_open(
	struct store *s, int64_t wave, const char *name, struct buf *ret_ids)
{
	struct db *db = db_of(s);
	uint8_t bits[CHUNK_BYTES];
	int64_t first = 0, size = 0, chunk = -1;
	const uint8_t *ids = NULL;
	enum err e = batch_ids(db, wave, name, &first, &size, &ids);
	for (int64_t i = 0; e == OK && i < size; i++) {
		int64_t serial = first + i;
		if (serial / CHUNK_BITS != chunk) {
			chunk = serial / CHUNK_BITS;
			e = bits_get(db, wave, BITS_GONE, serial, bits);
		}
		if (e == OK && !bit_is_set(bits, serial))
			buf_add(ret_ids, ids + i * INVITATION_ID, INVITATION_ID);
	}
	db_done(db, BATCH_IDS);
	return e;
}

enum err store_invitation_find(
	struct store *s, const struct invitation_id *id, struct store_found *ret_found)
{
	struct db *db = db_of(s);
	db_set_blob(db, INVITATION_FIND, 1, id->bytes, sizeof id->bytes);
	db_set_int(db, INVITATION_FIND, 2, BITS_GONE);
	db_set_int(db, INVITATION_FIND, 3, CHUNK_BITS);
	enum err e = one(db, INVITATION_FIND);
	if (e)
		return e;
	size_t len, bits_len;
	read_wave(db, INVITATION_FIND, &ret_found->wave);
	ret_found->serial = db_int(db, INVITATION_FIND, AFTER_WAVE);
	const void *sealed = db_blob(db, INVITATION_FIND, AFTER_WAVE + 1, &len);
	if (len == INVITATION_SEALED)
		memcpy(ret_found->sealed, sealed, len);
	const uint8_t *bits = db_blob(db, INVITATION_FIND, AFTER_WAVE + 2, &bits_len);
	if (bits_len == CHUNK_BYTES)
		ret_found->gone = bit_is_set(bits, ret_found->serial);
	db_done(db, INVITATION_FIND);
	return len == INVITATION_SEALED && bits_len == CHUNK_BYTES ? OK : ERR_IO;
}

enum err store_spend_tx(struct store *s, int64_t wave, int64_t serial,
	const uint8_t sealed[static BALLOT_SEALED], enum spend *ret_spend)
{
	struct db *db = db_of(s);
	bool was;
	enum err e = bit_set(db, wave, BITS_GONE, serial, &was);
	if (e)
		return e;
	*ret_spend = was ? SPEND_USED : SPEND_OK;
	if (was)
		return OK;
	uint8_t key[16];
	secret_random(key, sizeof key);
	db_set_int(db, BALLOT_ADD, 1, wave);
	db_set_blob(db, BALLOT_ADD, 2, key, sizeof key);
	db_set_blob(db, BALLOT_ADD, 3, sealed, BALLOT_SEALED);
	return db_run(db, BALLOT_ADD);
}

static enum err revoke(struct db *db, int64_t wave, int64_t serial, enum spend *ret_spend)
{
	bool was;
	enum err e = bit_set(db, wave, BITS_GONE, serial, &was);
	if (e)
		return e;
	*ret_spend = was ? SPEND_USED : SPEND_OK;
	return was ? OK : bit_set(db, wave, BITS_REVOKED, serial, &was);
}

enum err store_decline_tx(struct store *s, int64_t wave, int64_t serial,
	const struct invitation_id *id, enum decline reason, enum spend *ret_spend)
{
	struct db *db = db_of(s);
	enum err e = revoke(db, wave, serial, ret_spend);
	if (e || *ret_spend != SPEND_OK)
		return e;
	db_set_int(db, DECLINE_ADD, 1, wave);
	db_set_blob(db, DECLINE_ADD, 2, id->bytes, sizeof id->bytes);
	db_set_int(db, DECLINE_ADD, 3, reason);
	return db_run(db, DECLINE_ADD);
}

enum err store_revoke_tx(struct store *s, int64_t wave, const struct invitation_id *id,
	enum spend *ret_spend)
{
	struct db *db = db_of(s);
	int64_t serial;
	db_set_int(db, INVITATION_SERIAL, 1, wave);
	db_set_blob(db, INVITATION_SERIAL, 2, id->bytes, sizeof id->bytes);
	enum err e = number_of(db, INVITATION_SERIAL, &serial);
	return e ? e : revoke(db, wave, serial, ret_spend);
}

/* Revokes an invitation that is withdrawn. ERR_CONFLICT when its link has reached
 * somebody: it is spent, or was declined. One that was merely revoked is fine. */
static enum err withdraw(struct db *db, int64_t wave, int64_t serial,
	const uint8_t id[static INVITATION_ID])
{
	enum spend spend;
	bool revoked = false;
	enum err e = revoke(db, wave, serial, &spend);
	if (e || spend == SPEND_OK)
		return e;
	e = bit_set(db, wave, BITS_REVOKED, serial, &revoked);
	if (e)
		return e;
	db_set_int(db, DECLINE_HAS, 1, wave);
	db_set_blob(db, DECLINE_HAS, 2, id, INVITATION_ID);
	e = revoked ? one(db, DECLINE_HAS) : OK;
	db_done(db, DECLINE_HAS);
	return e == ERR_NOT_FOUND ? OK : e ? e : ERR_CONFLICT;
}

/* Revokes the batch's serials and deletes its invitations. */
static enum err invitations_withdraw(
	struct db *db, int64_t wave, const char *name, int64_t *ret_size)
{
	int64_t first = 0, size = 0;
	const uint8_t *ids = NULL;
	enum err e = batch_ids(db, wave, name, &first, &size, &ids);
	for (int64_t i = 0; e == OK && i < size; i++) {
		e = withdraw(db, wave, first + i, ids + i * INVITATION_ID);
		if (e)
			break;
		db_set_int(db, WITHDRAW_INVITATION, 1, wave);
		db_set_blob(db, WITHDRAW_INVITATION, 2, ids + i * INVITATION_ID,
			INVITATION_ID);
		e = db_run(db, WITHDRAW_INVITATION);
	}
	db_done(db, BATCH_IDS);
	*ret_size = size;
	return e;
}

enum err store_batch_withdraw_tx(
	struct store *s, int64_t wave, const char *name, int64_t *ret_withdrawn)
{
	struct db *db = db_of(s);
	int64_t size;
	enum err e = invitations_withdraw(db, wave, name, &size);
	for (int st = WITHDRAW_STRATA; e == OK && st <= WITHDRAW_BATCH; st++) {
		db_set_int(db, (size_t)st, 1, wave);
		db_set_text(db, (size_t)st, 2, name);
		e = db_run(db, (size_t)st);
	}
	if (e)
		return e;
	db_set_int(db, WAVE_WITHDRAW, 1, wave);
	db_set_int(db, WAVE_WITHDRAW, 2, size);
	e = db_run(db, WAVE_WITHDRAW);
	if (e == OK)
		*ret_withdrawn = size;
	return e;
}

enum err store_declined(
	struct store *s, int64_t wave, enum decline reason, struct buf *ret_ids)
{
	struct db *db = db_of(s);
	enum err e;
	bool row;
	db_set_int(db, DECLINE_LIST, 1, wave);
	db_set_int(db, DECLINE_LIST, 2, reason);
	while ((e = db_next(db, DECLINE_LIST, &row)) == OK && row) {
		size_t len;
		const void *id = db_blob(db, DECLINE_LIST, 0, &len);
		buf_add(ret_ids, id, len);
	}
	return e;
}

enum err store_ballots(
	struct store *s, int64_t wave, store_ballot_each *each, void *context)
{
	struct db *db = db_of(s);
	enum err e;
	bool row;
	db_set_int(db, BALLOT_LIST, 1, wave);
	while ((e = db_next(db, BALLOT_LIST, &row)) == OK && row) {
		static const uint8_t damaged[BALLOT_SEALED];
		size_t len;
		const uint8_t *sealed = db_blob(db, BALLOT_LIST, 0, &len);
		e = each(context, len == BALLOT_SEALED ? sealed : damaged);
		if (e) {
			db_done(db, BALLOT_LIST);
			return e;
		}
	}
	return e;
}

enum err store_ballot_count(struct store *s, int64_t wave, int64_t *ret_count)
{
	db_set_int(db_of(s), BALLOT_COUNT, 1, wave);
	return number_of(db_of(s), BALLOT_COUNT, ret_count);
}

static enum err bits_count(struct db *db, int64_t wave, int kind, int64_t *ret_count)
{
	enum err e;
	bool row;
	int64_t count = 0;
	db_set_int(db, BITS_LIST, 1, wave);
	db_set_int(db, BITS_LIST, 2, kind);
	while ((e = db_next(db, BITS_LIST, &row)) == OK && row) {
		size_t len;
		const uint8_t *bits = db_blob(db, BITS_LIST, 0, &len);
		for (size_t i = 0; i < len; i++)
			count += __builtin_popcount(bits[i]);
	}
	*ret_count = count;
	return e;
}

enum err store_spent_count(struct store *s, int64_t wave, int64_t *ret_count)
{
	int64_t gone, revoked;
	enum err e = bits_count(db_of(s), wave, BITS_GONE, &gone);
	if (e == OK)
		e = bits_count(db_of(s), wave, BITS_REVOKED, &revoked);
	if (e == OK)
		*ret_count = gone - revoked;
	return e;
}

enum err store_strata(
	struct store *s, int64_t wave, struct stratum **ret_strata, size_t *ret_count)
{
	struct db *db = db_of(s);
	struct stratum *strata = NULL;
	size_t count = 0;
	enum err e;
	bool row;
	db_set_int(db, STRATUM_LIST, 1, wave);
	while ((e = db_next(db, STRATUM_LIST, &row)) == OK && row) {
		strata = mem_resize(strata, count + 1, sizeof *strata);
		strata[count++] = (struct stratum){
			.administration = (uint16_t)db_int(db, STRATUM_LIST, 0),
			.stratum = (uint16_t)db_int(db, STRATUM_LIST, 1),
			.area = (uint16_t)db_int(db, STRATUM_LIST, 2),
			.plan = (enum plan)db_int(db, STRATUM_LIST, 3),
			.frame = db_int(db, STRATUM_LIST, 4),
			.drawn = db_int(db, STRATUM_LIST, 5),
		};
	}
	if (e) {
		free(strata);
		return e;
	}
	*ret_strata = strata;
	*ret_count = count;
	return OK;
}

static enum err sums(struct db *db, enum statement st, int64_t wave, store_sum_each *each,
	void *context)
{
	enum err e;
	bool row;
	db_set_int(db, st, 1, wave);
	while ((e = db_next(db, st, &row)) == OK && row) {
		e = each(context, db_text(db, st, 0), db_int(db, st, 1));
		if (e) {
			db_done(db, st);
			return e;
		}
	}
	return e;
}

enum err store_left_out(
	struct store *s, int64_t wave, store_sum_each *each, void *context)
{
	return sums(db_of(s), LEFT_OUT_SUMS, wave, each, context);
}

enum err store_disposition_sums(
	struct store *s, int64_t wave, store_sum_each *each, void *context)
{
	return sums(db_of(s), DISPOSITION_SUMS, wave, each, context);
}

enum err store_burn_tx(struct store *s, int64_t wave, const char *document, day today)
{
	struct db *db = db_of(s);
	db_set_int(db, RESULT_ADD, 1, wave);
	db_set_text(db, RESULT_ADD, 2, document);
	enum err e = db_run(db, RESULT_ADD);
	for (int st = BURN_BALLOTS; e == OK && st <= BURN_BATCHES; st++) {
		db_set_int(db, (size_t)st, 1, wave);
		e = db_run(db, (size_t)st);
	}
	if (e)
		return e;
	db_set_int(db, WAVE_COUNT, 1, wave);
	db_set_int(db, WAVE_COUNT, 2, WAVE_BURNING);
	db_set_int(db, WAVE_COUNT, 3, today);
	return db_run(db, WAVE_COUNT);
}
