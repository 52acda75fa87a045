/* A database, without saying which. All SQL of a store stands in one table of statements,
 * prepared at open, so that a typo stops the daemon and not a respondent. Parameters are
 * $1, $2, …; columns count from 0.
 *
 * Every write and every checkpoint, from any thread or process, is behind one lock file:
 * SQLite 3.40.1 can corrupt a WAL that is reset while another connection writes
 * (https://sqlite.org/wal.html#walresetbug, fixed in 3.51.3). A struct db belongs to one
 * thread at a time. */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include "err.h"
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

/* Migration n takes the schema from version n−1 to n; never changed once released. */
struct db_schema {
	const char *const *migrations;
	int count;
};

/* Opens the file, made when missing (mode 0600), applies missing migrations under the
 * lock, prepares the statements. ERR_CONFLICT when the file's schema is newer than the
 * program's. */
enum err db_open(const char *file, const struct db_schema *schema,
	const char *const *statements, size_t statement_count, struct db **ret_db,
	struct why *why);
/* Never checkpoints. NULL is fine. */
void db_close(struct db *db);
MEM_AUTO(db, struct db *, db_close)

/* A write transaction: takes the lock, waiting for it, and begins. Every db_begin() that
 * returned OK is ended by db_commit() or db_rollback(). */
enum err db_begin(struct db *db);
/* On disk when it returns OK. Otherwise everything was rolled back: ERR_FULL or ERR_IO. A
 * log that has grown is copied back into the database on the way. */
enum err db_commit(struct db *db);
void db_rollback(struct db *db);
/* Ends a transaction by what it came to: commits when e is OK, else rolls back. Returns
 * e, or the commit's. */
enum err db_end(struct db *db, enum err e);
/* A read that sees one moment, however many statements it takes. */
enum err db_snapshot(struct db *db);
void db_release(struct db *db);

/* Parameters, by number; texts and blobs are copied. NULL data binds NULL. */
void db_set_int(struct db *db, size_t statement, int parameter, int64_t value);
void db_set_text(struct db *db, size_t statement, int parameter, const char *text);
void db_set_blob(
	struct db *db, size_t statement, int parameter, const void *data, size_t len);
void db_set_null(struct db *db, size_t statement, int parameter);

/* Runs to the next row; *ret_row false after the last, and the statement is then reset.
 */
enum err db_next(struct db *db, size_t statement, bool *ret_row);
/* Resets a statement before its last row, and forgets its parameters. */
void db_done(struct db *db, size_t statement);
/* Runs a statement that gives no rows, and resets it. */
enum err db_run(struct db *db, size_t statement);
/* How many rows the last db_run() changed. */
int64_t db_changed(const struct db *db);

/* Columns of the current row, valid until the next step. NULL text for NULL. */
int64_t db_int(struct db *db, size_t statement, int column);
const char *db_text(struct db *db, size_t statement, int column);
const void *db_blob(struct db *db, size_t statement, int column, size_t *ret_len);
bool db_is_null(struct db *db, size_t statement, int column);

/* Empties the write-ahead log into the database and truncates it to nothing, under the
 * lock. ERR_CONFLICT while a reader stands in the way: try again. */
enum err db_checkpoint(struct db *db);
/* Rewrites the whole file from its live rows, so that nothing deleted stays in slack
 * space. */
enum err db_rewrite(struct db *db);
/* A number that changes whenever another connection has committed. */
int64_t db_version(struct db *db);
/* The engine's word for what last went wrong, in English. Never contains values. */
const char *db_error(const struct db *db);

#endif
