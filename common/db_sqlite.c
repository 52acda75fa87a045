#include "db.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	PARAMETERS = 24,
	BUSY_MS = 10000, /* other connections hold SQLite's own locks for moments only */
	CHECKPOINT_MS =
		100, /* how long a checkpoint waits for readers, with the lock held */
	LOG_PAGES = 4000, /* the log's size from which a commit also copies it back */
};

struct statement {
	sqlite3_stmt *stmt;
	int place[PARAMETERS + 1]; /* of $1, $2, …: to SQLite they are names */
};

struct db {
	sqlite3 *handle;
	int lock; /* file descriptor of the lock file */
	int log_pages;
	size_t count;
	struct statement *statements;
	sqlite3_stmt *begin, *commit, *rollback, *read, *version;
};

/* A full disk, a quota or a limit on the size of files: each ends when somebody makes
 * room. */
static bool no_room(int reason)
{
	return reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
}

static enum err error_of(const struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	default:
		return no_room(sqlite3_system_errno(db->handle)) ? ERR_FULL : ERR_IO;
	}
}

static bool lock_take(const struct db *db)
{
	int rc;
	do
		rc = flock(db->lock, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

static void lock_give(const struct db *db)
{
	(void)flock(db->lock, LOCK_UN);
}

static int step_once(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);
	(void)sqlite3_reset(s);
	return rc;
}

static int remember_log(void *context, sqlite3 *handle, const char *name, int pages)
{
	struct db *db = context;
	(void)handle;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

static void configure(void)
{
	/* One thread a connection, and no counting of memory that nobody reads. */
	(void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err prepare(
	struct db *db, const char *sql, sqlite3_stmt **ret_stmt, struct why *why)
{
	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt,
		    NULL) == SQLITE_OK)
		return OK;
	return err_why(
		why, ERR_IO, "database: %s in: %s", sqlite3_errmsg(db->handle), sql);
}

static enum err run_text(struct db *db, const char *sql, struct why *why)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return OK;
	return err_why(why, error_of(db, rc), "database: %s", sqlite3_errmsg(db->handle));
}

static enum err migrate(struct db *db, const struct db_schema *schema, struct why *why)
{
	sqlite3_stmt *s;
	enum err e = prepare(db, "PRAGMA user_version", &s, why);
	if (e)
		return e;
	int version = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : -1;
	(void)sqlite3_finalize(s);
	if (version > schema->count)
		return err_why(why, ERR_CONFLICT,
			"the database was made by a newer program (schema %d, this one knows %d)",
			version, schema->count);
	for (int n = version; n < schema->count; n++) {
		char set[64];
		(void)snprintf(
			set, sizeof set, "PRAGMA user_version = %d; COMMIT", n + 1);
		if ((e = run_text(db, "BEGIN IMMEDIATE", why)))
			return e;
		if ((e = run_text(db, schema->migrations[n], why)) ||
			(e = run_text(db, set, why))) {
			(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
			return e;
		}
	}
	return OK;
}

static enum err prepare_all(
	struct db *db, const char *const *texts, size_t count, struct why *why)
{
	const struct {
		const char *sql;
		sqlite3_stmt **stmt;
	} own[] = {
		{ "BEGIN IMMEDIATE", &db->begin },
		{ "COMMIT", &db->commit },
		{ "ROLLBACK", &db->rollback },
		{ "BEGIN", &db->read },
		{ "PRAGMA data_version", &db->version },
	};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		enum err e = prepare(db, own[i].sql, own[i].stmt, why);
		if (e)
			return e;
	}
	db->statements = mem_alloc(count * sizeof *db->statements);
	db->count = count;
	for (size_t i = 0; i < count; i++) {
		struct statement *s = &db->statements[i];
		enum err e = prepare(db, texts[i], &s->stmt, why);
		if (e)
			return e;
		for (int p = 1; p <= PARAMETERS; p++) {
			char name[8];
			(void)snprintf(name, sizeof name, "$%d", p);
			s->place[p] = sqlite3_bind_parameter_index(s->stmt, name);
		}
	}
	return OK;
}

static enum err open_locked(
	struct db *db, const char *file, const struct db_schema *schema, struct why *why)
{
	static const char settings[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
		"PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;"
		"PRAGMA cache_size = -3072;";
	int rc = sqlite3_open_v2(file, &db->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_EXRESCODE,
		NULL);
	if (rc != SQLITE_OK)
		return err_why(why, ERR_IO, "database: %s", sqlite3_errstr(rc));
	(void)sqlite3_busy_timeout(db->handle, BUSY_MS);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	enum err e = run_text(db, settings, why);
	/* Set after the journal mode, which installs a hook of its own that would
	 * checkpoint. */
	(void)sqlite3_wal_hook(db->handle, remember_log, db);
	return e ? e : migrate(db, schema, why);
}

static int open_private(const char *file)
{
	return open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Made here, not by SQLite, so that nobody else can read it for a moment. One that is
 * there is not opened: closing it again would give up the locks that this process's other
 * connections have on it, and whoever looks into it with another program would then take
 * the log away under them. https://www.sqlite.org/howtocorrupt.html, 2.2 */
static bool make_private(const char *file)
{
	int made = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (made < 0)
		return errno == EEXIST;
	close(made);
	return true;
}

enum err db_open(const char *file, const struct db_schema *schema,
	const char *const *statements, size_t statement_count, struct db **ret_db,
	struct why *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, configure);
	struct db *db = mem_alloc(sizeof *db);
	struct why reason = { "" };
	enum err e = ERR_IO;
	char lock_file[4096];
	(void)snprintf(lock_file, sizeof lock_file, "%s-lock", file);
	db->lock = open_private(lock_file);
	if (db->lock < 0 || !make_private(file)) {
		e = err_why(&reason, no_room(errno) ? ERR_FULL : ERR_IO, "%s",
			strerror(errno));
		goto fail;
	}
	e = file_sync_folder(file, &reason);
	if (e)
		goto fail;
	if (!lock_take(db)) {
		e = err_why(&reason, ERR_IO, "its lock file: %s", strerror(errno));
		goto fail;
	}
	e = open_locked(db, file, schema, &reason);
	if (e == OK)
		e = prepare_all(db, statements, statement_count, &reason);
	lock_give(db);
	if (e)
		goto fail;
	*ret_db = db;
	return OK;
fail:
	db_close(db);
	return err_why(why, e, "%s: %s", file, reason.text);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->count; i++)
		(void)sqlite3_finalize(db->statements[i].stmt);
	(void)sqlite3_finalize(db->begin);
	(void)sqlite3_finalize(db->commit);
	(void)sqlite3_finalize(db->rollback);
	(void)sqlite3_finalize(db->read);
	(void)sqlite3_finalize(db->version);
	/* Closing the last connection may touch the log, so it is a write. */
	bool locked = db->lock >= 0 && db->handle && lock_take(db);
	(void)sqlite3_close(db->handle);
	if (locked)
		lock_give(db);
	if (db->lock >= 0)
		close(db->lock);
	free(db->statements);
	free(db);
}

enum err db_begin(struct db *db)
{
	if (!lock_take(db))
		return ERR_IO;
	int rc = step_once(db->begin);
	if (rc == SQLITE_DONE)
		return OK;
	enum err e = error_of(db, rc);
	lock_give(db);
	return e;
}

enum err db_commit(struct db *db)
{
	int rc = step_once(db->commit);
	if (rc != SQLITE_DONE) {
		enum err e = error_of(db, rc);
		db_rollback(db);
		return e == OK ? ERR_IO : e;
	}
	if (db->log_pages > LOG_PAGES) {
		db->log_pages = 0;
		(void)sqlite3_wal_checkpoint_v2(
			db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
	lock_give(db);
	return OK;
}

void db_rollback(struct db *db)
{
	for (size_t i = 0; i < db->count; i++)
		if (sqlite3_stmt_busy(db->statements[i].stmt))
			(void)sqlite3_reset(db->statements[i].stmt);
	if (!sqlite3_get_autocommit(db->handle))
		(void)step_once(db->rollback);
	lock_give(db);
}

enum err db_end(struct db *db, enum err e)
{
	if (e == OK)
		return db_commit(db);
	db_rollback(db);
	return e;
}

enum err db_snapshot(struct db *db)
{
	int rc = step_once(db->read);
	return rc == SQLITE_DONE ? OK : error_of(db, rc);
}

void db_release(struct db *db)
{
	(void)step_once(db->commit);
}

static int place(const struct db *db, size_t statement, int parameter)
{
	return db->statements[statement].place[parameter];
}

void db_set_int(struct db *db, size_t statement, int parameter, int64_t value)
{
	(void)sqlite3_bind_int64(
		db->statements[statement].stmt, place(db, statement, parameter), value);
}

void db_set_text(struct db *db, size_t statement, int parameter, const char *text)
{
	(void)sqlite3_bind_text(db->statements[statement].stmt,
		place(db, statement, parameter), text, -1, SQLITE_TRANSIENT);
}

void db_set_blob(
	struct db *db, size_t statement, int parameter, const void *data, size_t len)
{
	(void)sqlite3_bind_blob64(db->statements[statement].stmt,
		place(db, statement, parameter), data, len, SQLITE_TRANSIENT);
}

void db_set_null(struct db *db, size_t statement, int parameter)
{
	(void)sqlite3_bind_null(
		db->statements[statement].stmt, place(db, statement, parameter));
}

enum err db_next(struct db *db, size_t statement, bool *ret_row)
{
	sqlite3_stmt *s = db->statements[statement].stmt;
	int rc = sqlite3_step(s);
	*ret_row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		return OK;
	enum err e = error_of(db, rc);
	db_done(db, statement);
	return e;
}

void db_done(struct db *db, size_t statement)
{
	sqlite3_stmt *s = db->statements[statement].stmt;
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
}

enum err db_run(struct db *db, size_t statement)
{
	bool row;
	enum err e = db_next(db, statement, &row);
	if (row)
		db_done(db, statement);
	return e;
}

int64_t db_changed(const struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int64_t db_int(struct db *db, size_t statement, int column)
{
	return sqlite3_column_int64(db->statements[statement].stmt, column);
}

const char *db_text(struct db *db, size_t statement, int column)
{
	return (const char *)sqlite3_column_text(db->statements[statement].stmt, column);
}

const void *db_blob(struct db *db, size_t statement, int column, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(db->statements[statement].stmt, column);
	*ret_len = (size_t)sqlite3_column_bytes(db->statements[statement].stmt, column);
	return data;
}

bool db_is_null(struct db *db, size_t statement, int column)
{
	return sqlite3_column_type(db->statements[statement].stmt, column) == SQLITE_NULL;
}

static enum err checkpoint(struct db *db, int mode)
{
	if (!lock_take(db))
		return ERR_IO;
	(void)sqlite3_busy_timeout(db->handle, CHECKPOINT_MS);
	int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL);
	(void)sqlite3_busy_timeout(db->handle, BUSY_MS);
	enum err e = rc == SQLITE_OK ? OK : error_of(db, rc);
	lock_give(db);
	return e;
}

enum err db_checkpoint(struct db *db)
{
	return checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
}

enum err db_rewrite(struct db *db)
{
	if (!lock_take(db))
		return ERR_IO;
	int rc = sqlite3_exec(db->handle, "VACUUM", NULL, NULL, NULL);
	enum err e = error_of(db, rc);
	lock_give(db);
	return e;
}

int64_t db_version(struct db *db)
{
	int64_t version = sqlite3_step(db->version) == SQLITE_ROW
				  ? sqlite3_column_int64(db->version, 0)
				  : -1;
	(void)sqlite3_reset(db->version);
	return version;
}

const char *db_error(const struct db *db)
{
	return sqlite3_errmsg(db->handle);
}
