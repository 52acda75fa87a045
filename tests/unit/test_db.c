#include "common/buf.h"
#include "common/clock.h"
#include "common/db.h"
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { INCREMENTS = 1000, BLOBS = 400, BLOB = 600, HELD_MS = 400 };

/* clang-format off */
static const char *const migrations[] = {
	"CREATE TABLE item (key INTEGER PRIMARY KEY, text TEXT, data BLOB)",
	"ALTER TABLE item ADD COLUMN more TEXT",
};
static const struct db_schema schema = { migrations, 2 };

enum { PUT, GET, COUNT, SET, ERASE, ALL };
static const char *const statements[] = {
	/* Parameters in another order than their numbers: they are bound by name. */
	[PUT]   = "INSERT INTO item (data, text, key) VALUES ($3, $2, $1)",
	[GET]   = "SELECT key, text, data FROM item WHERE key = $1",
	[COUNT] = "SELECT count(*) FROM item",
	[SET]   = "UPDATE item SET text = $2 WHERE key = $1",
	[ERASE] = "DELETE FROM item",
	[ALL]   = "SELECT key FROM item ORDER BY key",
};
/* clang-format on */
enum { STATEMENTS = sizeof statements / sizeof *statements };

static char folder[64];
static char file[80];
static struct why why;

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test-db-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/x.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "x.db", "x.db-wal", "x.db-shm", "x.db-lock",
		"filler" };
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[96];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct db *open_db(void)
{
	struct db *db = NULL;
	assert_int_equal(db_open(file, &schema, statements, STATEMENTS, &db, &why), OK);
	return db;
}

static enum err put(struct db *db, int64_t key, const char *text, size_t len)
{
	db_set_int(db, PUT, 1, key);
	db_set_text(db, PUT, 2, text);
	db_set_blob(db, PUT, 3, text, len);
	return db_run(db, PUT);
}

static int64_t count(struct db *db)
{
	bool row;
	assert_int_equal(db_next(db, COUNT, &row), OK);
	assert_true(row);
	int64_t n = db_int(db, COUNT, 0);
	db_done(db, COUNT);
	return n;
}

static void put_one(struct db *db, int64_t key, const char *text)
{
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, key, text, strlen(text)), OK);
	assert_int_equal(db_commit(db), OK);
}

static off_t size_of(const char *ending)
{
	char path[96];
	struct stat st;
	snprintf(path, sizeof path, "%s%s", file, ending);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_transactions(void **state)
{
	(void)state;
	auto_(db) struct db *db = open_db();
	put_one(db, 1, "kept");
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, 2, "dropped", 7), OK);
	assert_int_equal(count(db), 2);
	db_rollback(db);
	assert_int_equal(count(db), 1);
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, 2, "dropped", 7), OK);
	assert_int_equal(db_end(db, ERR_INPUT), ERR_INPUT);
	assert_int_equal(count(db), 1);
	/* A failed statement spoils nothing else in its transaction. */
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, 3, "three", 5), OK);
	assert_int_equal(put(db, 1, "again", 5), ERR_CONFLICT);
	assert_int_equal(db_end(db, OK), OK);
	assert_int_equal(count(db), 2);
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(db_run(db, ERASE), OK);
	assert_int_equal(db_changed(db), 2);
	db_rollback(db);
	/* A statement that is still running does not keep a rollback from happening. */
	bool row;
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, 4, "four", 4), OK);
	assert_int_equal(db_next(db, ALL, &row), OK);
	assert_true(row);
	db_rollback(db);
	assert_int_equal(count(db), 2);
}

static void test_values(void **state)
{
	(void)state;
	auto_(db) struct db *db = open_db();
	size_t len = 99;
	bool row;
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(put(db, INT64_MIN, "å\0ä", 5), OK);
	db_set_int(db, PUT, 1, 7);
	db_set_null(db, PUT, 2);
	db_set_blob(db, PUT, 3, NULL, 0);
	assert_int_equal(db_run(db, PUT), OK);
	assert_int_equal(db_commit(db), OK);
	db_set_int(db, GET, 1, INT64_MIN);
	assert_int_equal(db_next(db, GET, &row), OK);
	assert_true(row);
	assert_true(db_int(db, GET, 0) == INT64_MIN);
	assert_string_equal(db_text(db, GET, 1), "å");
	assert_memory_equal(db_blob(db, GET, 2, &len), "å\0ä", 5);
	assert_int_equal(len, 5);
	db_done(db, GET);
	db_set_int(db, GET, 1, 7);
	assert_int_equal(db_next(db, GET, &row), OK);
	assert_true(row);
	assert_null(db_text(db, GET, 1));
	assert_true(db_is_null(db, GET, 2));
	assert_false(db_is_null(db, GET, 0));
	assert_int_equal(db_next(db, GET, &row), OK);
	assert_false(row);
	/* Parameters are forgotten with the last row: NULL matches nothing. */
	assert_int_equal(db_next(db, GET, &row), OK);
	assert_false(row);
}

static void test_files_are_private(void **state)
{
	(void)state;
	static const char *const endings[] = { "", "-wal", "-shm", "-lock" };
	mode_t before = umask(0);
	auto_(db) struct db *db = open_db();
	put_one(db, 1, "x");
	umask(before);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		char path[96];
		struct stat st;
		snprintf(path, sizeof path, "%s%s", file, endings[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void test_open_again(void **state)
{
	(void)state;
	struct db *db = open_db();
	put_one(db, 1, "stays");
	db_close(db);
	db = open_db();
	assert_int_equal(count(db), 1);
	db_close(db);
	db_close(NULL);
}

static void test_typo_in_sql_stops(void **state)
{
	(void)state;
	static const char *const typos[] = { "SELECT key FROM item",
		"SELECT key FORM item" };
	struct db *db = NULL;
	assert_int_equal(db_open(file, &schema, typos, 2, &db, &why), ERR_IO);
	assert_null(db);
	assert_non_null(strstr(why.text, file));
	assert_non_null(strstr(why.text, "SELECT key FORM item"));
	static const char *const columns[] = { "SELECT kye FROM item" };
	assert_int_equal(db_open(file, &schema, columns, 1, &db, &why), ERR_IO);
	assert_non_null(strstr(why.text, "kye"));
	db_close(open_db());
}

static void test_newer_schema(void **state)
{
	(void)state;
	const struct db_schema older = { migrations, 1 };
	struct db *db = NULL;
	db_close(open_db());
	assert_int_equal(db_open(file, &older, statements, 1, &db, &why), ERR_CONFLICT);
	assert_null(db);
	assert_non_null(strstr(why.text, "newer program (schema 2, this one knows 1)"));
	db_close(open_db());
}

static void test_migrations(void **state)
{
	(void)state;
	static const char *const broken[] = {
		"CREATE TABLE item (key INTEGER, text TEXT)",
		"CREATE TABLE half (a); CREATE TABLE item (b)"
	};
	static const char *const mended[] = {
		"CREATE TABLE item (key INTEGER, text TEXT)", "CREATE TABLE half (a)"
	};
	static const char *const queries[] = { "SELECT count(*) FROM half" };
	const struct db_schema first = { broken, 1 }, second = { broken, 2 },
			       third = { mended, 2 };
	struct db *db = NULL;
	assert_int_equal(db_open(file, &first, NULL, 0, &db, &why), OK);
	db_close(db);
	db = NULL;
	assert_int_equal(db_open(file, &second, NULL, 0, &db, &why), ERR_IO);
	assert_null(db);
	/* Nothing of the failed step is left. */
	assert_int_equal(db_open(file, &third, queries, 1, &db, &why), OK);
	db_close(db);
}

static void test_no_such_folder(void **state)
{
	(void)state;
	struct db *db = NULL;
	assert_int_equal(db_open("/no/such/folder/x.db", &schema, statements, STATEMENTS,
				 &db, &why),
		ERR_IO);
	assert_null(db);
	assert_non_null(strstr(why.text, "/no/such/folder/x.db: No such file"));
}

static void test_snapshot_sees_one_moment(void **state)
{
	(void)state;
	auto_(db) struct db *writer = open_db();
	auto_(db) struct db *reader = open_db();
	put_one(writer, 1, "before");
	int64_t version = db_version(reader);
	assert_int_equal(db_version(reader), version);
	assert_int_equal(db_snapshot(reader), OK);
	assert_int_equal(count(reader), 1);
	put_one(writer, 2, "after");
	assert_int_equal(count(reader), 1);
	db_release(reader);
	assert_int_equal(count(reader), 2);
	assert_int_not_equal(db_version(reader), version);
}

static void test_checkpoint(void **state)
{
	(void)state;
	auto_(db) struct db *writer = open_db();
	auto_(db) struct db *reader = open_db();
	put_one(writer, 1, "one");
	assert_int_equal(db_snapshot(reader), OK);
	assert_int_equal(count(reader), 1);
	put_one(writer, 2, "two");
	assert_int_equal(db_checkpoint(writer), ERR_CONFLICT);
	assert_true(size_of("-wal") > 0);
	/* The lock was given back. */
	put_one(writer, 3, "three");
	assert_int_equal(count(reader), 1);
	db_release(reader);
	assert_int_equal(db_checkpoint(writer), OK);
	assert_int_equal(size_of("-wal"), 0);
	assert_int_equal(count(reader), 3);
}

/* How often the bytes stand in the file, 0 when there is none. */
static size_t occurrences(const char *ending, const void *bytes, size_t len)
{
	char path[96], part[8192];
	auto_(buf) struct buf all = { 0 };
	size_t n, found = 0;
	snprintf(path, sizeof path, "%s%s", file, ending);
	FILE *in = fopen(path, "r");
	if (!in)
		return 0;
	while ((n = fread(part, 1, sizeof part, in)) > 0)
		buf_add(&all, part, n);
	fclose(in);
	for (size_t at = 0; at + len <= all.len; at++)
		found += memcmp(all.data + at, bytes, len) == 0;
	return found;
}

static void test_deleted_is_gone(void **state)
{
	(void)state;
	static const char mark[] = "\xde\xad marked ballot \xbe\xef";
	char blob[BLOB];
	auto_(db) struct db *db = open_db();
	memset(blob, 'b', sizeof blob);
	memcpy(blob + 100, mark, sizeof mark);
	assert_int_equal(db_begin(db), OK);
	for (int i = 0; i < BLOBS; i++) {
		/* Scattered keys split pages, which leave copies behind. */
		db_set_int(db, PUT, 1, i * 7919 % BLOBS);
		db_set_null(db, PUT, 2);
		db_set_blob(db, PUT, 3, blob, sizeof blob);
		assert_int_equal(db_run(db, PUT), OK);
	}
	assert_int_equal(db_commit(db), OK);
	assert_true(occurrences("-wal", mark, sizeof mark) > 0);
	assert_int_equal(db_checkpoint(db), OK);
	assert_true(occurrences("", mark, sizeof mark) >= BLOBS);
	assert_int_equal(db_begin(db), OK);
	assert_int_equal(db_run(db, ERASE), OK);
	assert_int_equal(db_commit(db), OK);
	assert_int_equal(db_rewrite(db), OK);
	assert_int_equal(db_checkpoint(db), OK);
	assert_int_equal(occurrences("", mark, sizeof mark), 0);
	assert_int_equal(occurrences("-wal", mark, sizeof mark), 0);
	assert_int_equal(occurrences("-shm", mark, sizeof mark), 0);
	assert_true(size_of("") < (off_t)BLOBS * BLOB / 4);
}

/* Deleting alone overwrites too, so that nothing depends on the rewriting being reached.
 */
static void test_deleted_is_overwritten(void **state)
{
	(void)state;
	static const char mark[] = "\xde\xad marked answer \xbe\xef";
	auto_(db) struct db *db = open_db();
	put_one(db, 1, mark);
	put_one(db, 2, "stays");
	assert_int_equal(db_checkpoint(db), OK);
	assert_true(occurrences("", mark, sizeof mark - 1) > 0);
	assert_int_equal(db_begin(db), OK);
	db_set_int(db, SET, 1, 1);
	db_set_text(db, SET, 2, "other");
	assert_int_equal(db_run(db, SET), OK);
	assert_int_equal(db_run(db, ERASE), OK);
	assert_int_equal(db_commit(db), OK);
	assert_int_equal(db_checkpoint(db), OK);
	assert_int_equal(occurrences("", mark, sizeof mark - 1), 0);
}

/* Runs in a process of its own, as the daemon and a command do. */
static pid_t in_child(int (*run)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(run());
	return child;
}

static void assert_exits(pid_t child, int expected)
{
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static bool increment(struct db *db)
{
	char text[16];
	bool row;
	if (db_begin(db) != OK)
		return false;
	db_set_int(db, GET, 1, 1);
	if (db_next(db, GET, &row) != OK || !row)
		return false;
	snprintf(text, sizeof text, "%d", atoi(db_text(db, GET, 1)) + 1);
	db_done(db, GET);
	db_set_int(db, SET, 1, 1);
	db_set_text(db, SET, 2, text);
	return db_run(db, SET) == OK && db_commit(db) == OK;
}

static int increment_often(void)
{
	struct db *db;
	if (db_open(file, &schema, statements, STATEMENTS, &db, &why) != OK)
		return 2;
	for (int i = 0; i < INCREMENTS; i++)
		if (!increment(db) || (i % 100 == 0 && db_checkpoint(db) != OK))
			return 1;
	db_close(db);
	return 0;
}

static void test_two_processes_lose_nothing(void **state)
{
	(void)state;
	struct db *db = open_db();
	put_one(db, 1, "0");
	db_close(db);
	pid_t first = in_child(increment_often), second = in_child(increment_often);
	assert_exits(first, 0);
	assert_exits(second, 0);
	db = open_db();
	bool row;
	db_set_int(db, GET, 1, 1);
	assert_int_equal(db_next(db, GET, &row), OK);
	assert_int_equal(atoi(db_text(db, GET, 1)), 2 * INCREMENTS);
	db_close(db);
}

static int ready[2];

static int hold(void)
{
	struct db *db;
	if (db_open(file, &schema, statements, STATEMENTS, &db, &why) != OK ||
		db_begin(db) != OK || put(db, 2, "held", 4) != OK)
		return 1;
	if (write(ready[1], "x", 1) != 1)
		return 2;
	usleep(HELD_MS * 1000);
	return db_commit(db) == OK ? 0 : 3;
}

/* The log is never reset while another process writes: the checkpoint waits for the lock,
 * longer than it would for SQLite's own. */
static void test_checkpoint_waits_for_a_writer(void **state)
{
	(void)state;
	char byte;
	auto_(db) struct db *db = open_db();
	put_one(db, 1, "one");
	assert_int_equal(pipe(ready), 0);
	pid_t child = in_child(hold);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	int64_t began = clock_ticks();
	assert_int_equal(db_checkpoint(db), OK);
	assert_true(clock_ticks() - began >= HELD_MS / 2);
	assert_int_equal(size_of("-wal"), 0);
	assert_exits(child, 0);
	assert_int_equal(count(db), 2);
	close(ready[0]);
}

/* A writer that is killed leaves neither a lock nor half a transaction. */
static void test_killed_writer(void **state)
{
	(void)state;
	char byte;
	auto_(db) struct db *db = open_db();
	assert_int_equal(pipe(ready), 0);
	pid_t child = in_child(hold);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(count(db), 0);
	put_one(db, 2, "mine");
	close(ready[0]);
}

/* A small file system that only this process sees. Not everywhere allowed: then a limit
 * on the size of files is as good. */
static bool mount_small(void)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", folder, "tmpfs", 0, "size=512k") == 0;
}

static bool limit_files(rlim_t bytes)
{
	struct rlimit limit;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return false;
	limit.rlim_cur = bytes;
	return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* Puts blobs in one transaction until it fails. */
static enum err fill(struct db *db)
{
	char blob[4000];
	enum err e = OK;
	memset(blob, 'f', sizeof blob);
	if (db_begin(db) != OK)
		return ERR_IO;
	for (int i = 0; e == OK && i < 1000; i++) {
		db_set_int(db, PUT, 1, 100 + i);
		db_set_text(db, PUT, 2, "filler");
		db_set_blob(db, PUT, 3, blob, sizeof blob);
		e = db_run(db, PUT);
	}
	if (e == OK)
		return db_commit(db);
	db_rollback(db);
	return e;
}

/* In a child: the mount and the limit end with it. Each step's exit status is its own. */
static int run_out_of_room(bool mounted)
{
	struct db *db;
	char filler[96];
	snprintf(filler, sizeof filler, "%s/filler", folder);
	int fd = open(filler, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || (mounted && posix_fallocate(fd, 0, 200 * 1024) != 0))
		return 2;
	close(fd);
	if (db_open(file, &schema, statements, STATEMENTS, &db, &why) != OK)
		return 3;
	if (db_begin(db) != OK || put(db, 1, "kept", 4) != OK || db_commit(db) != OK)
		return 4;
	if (!mounted && !limit_files(200 * 1024))
		return 5;
	if (fill(db) != ERR_FULL || fill(db) != ERR_FULL)
		return 6;
	if (count(db) != 1)
		return 7;
	if (unlink(filler) != 0 || (!mounted && !limit_files(RLIM_INFINITY)))
		return 8;
	/* Room again: it works again, without being opened anew. */
	if (db_begin(db) != OK || put(db, 2, "later", 5) != OK || db_commit(db) != OK)
		return 9;
	if (count(db) != 2 || db_checkpoint(db) != OK)
		return 10;
	db_close(db);
	return 0;
}

static int full_file_system(void)
{
	return mount_small() ? run_out_of_room(true) : run_out_of_room(false);
}

static int largest_file(void)
{
	return run_out_of_room(false);
}

static void test_full_disk(void **state)
{
	(void)state;
	assert_exits(in_child(full_file_system), 0);
}

static void test_largest_file(void **state)
{
	(void)state;
	assert_exits(in_child(largest_file), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_transactions),
		TEST(test_values),
		TEST(test_files_are_private),
		TEST(test_open_again),
		TEST(test_typo_in_sql_stops),
		TEST(test_newer_schema),
		TEST(test_migrations),
		TEST(test_no_such_folder),
		TEST(test_snapshot_sees_one_moment),
		TEST(test_checkpoint),
		TEST(test_deleted_is_gone),
		TEST(test_deleted_is_overwritten),
		TEST(test_two_processes_lose_nothing),
		TEST(test_checkpoint_waits_for_a_writer),
		TEST(test_killed_writer),
		TEST(test_full_disk),
		TEST(test_largest_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
