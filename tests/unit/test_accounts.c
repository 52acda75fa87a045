#include "common/secret.h"
#include "common/staff/accounts.h"
#include "common/staff/invite.h"
#include "folder_test.h"
#include <sys/mman.h>
#include <sys/wait.h>

enum { NOW = 1800000000, STEPS = 150, CODES = 60 };

/* The tables themselves, behind the store's back. */
enum {
	TABLES,
	COUNT_ACCOUNTS,
	COUNT_RECOVERY,
	COUNT_INVITATIONS,
	COUNT_SESSIONS,
	SHORT_SUBJECT,
	SHORT_TOTP,
	NO_TOTP,
	NO_PASSWORD,
	FEDERATED_PASSWORD,
	SHORT_CODE,
	SHORT_INVITATION,
	HALF_INVITATION,
	SHORT_SESSION,
	STRAY_SESSION,
	RAW
};
/* clang-format off */
static const char *const raw_statements[RAW] = {
	[TABLES] = "SELECT count(*) FROM account, recovery, invitation, session",
	[COUNT_ACCOUNTS] = "SELECT count(*) FROM account",
	[COUNT_RECOVERY] = "SELECT count(*) FROM recovery",
	[COUNT_INVITATIONS] = "SELECT count(*) FROM invitation",
	[COUNT_SESSIONS] = "SELECT count(*) FROM session",
	[SHORT_SUBJECT] = "UPDATE account SET subject = zeroblob(31)",
	[SHORT_TOTP] = "UPDATE account SET password = 'x', totp = zeroblob(47)",
	[NO_TOTP] = "UPDATE account SET password = 'x', totp = NULL",
	[NO_PASSWORD] = "UPDATE account SET password = NULL, totp = zeroblob(48)",
	[FEDERATED_PASSWORD] = "UPDATE account SET subject = zeroblob(32), password = 'x', totp = zeroblob(48)",
	[SHORT_CODE] = "INSERT INTO recovery SELECT account, zeroblob(31) FROM account",
	[SHORT_INVITATION] = "INSERT INTO invitation (hash, account, until) SELECT zeroblob(33), account, 1 FROM account",
	[HALF_INVITATION] = "INSERT INTO invitation SELECT zeroblob(32), account, 1, 'x', NULL FROM account",
	[SHORT_SESSION] = "INSERT INTO session SELECT zeroblob(31), account, 1, 1, 1, '' FROM account",
	[STRAY_SESSION] = "INSERT INTO session VALUES (zeroblob(32), 4711, 1, 1, 1, '')",
};
/* clang-format on */

static struct accounts *accounts;
static struct why why;

static struct accounts *open_accounts(void)
{
	struct accounts *a = NULL;
	if (accounts_open(folder, &a, &why) != OK)
		fail_msg("%s", why.text);
	return a;
}

static int open_store(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	accounts = open_accounts();
	return 0;
}

static int close_store(void **state)
{
	accounts_close(accounts);
	return folder_remove(state);
}

static struct db *open_raw(void)
{
	static const struct db_schema schema = { NULL, 1 };
	auto_(arena) struct arena *a = arena_create();
	struct db *db = NULL;
	if (db_open(folder_path(a, "accounts.db"), &schema, raw_statements, RAW, &db,
		    &why) != OK)
		fail_msg("%s", why.text);
	return db;
}

static int64_t count(size_t statement)
{
	auto_(db) struct db *db = open_raw();
	bool row;
	assert_int_equal(db_next(db, statement, &row), OK);
	assert_true(row);
	int64_t n = db_int(db, statement, 0);
	db_done(db, statement);
	return n;
}

/* A hash that stands for n. */
static const uint8_t *hash(unsigned n)
{
	static uint8_t hashes[8][ACCOUNTS_HASH];
	static unsigned next;
	uint8_t *h = hashes[next++ % 8];
	memset(h, 0x5a, ACCOUNTS_HASH);
	h[0] = (uint8_t)n;
	h[1] = (uint8_t)(n >> 8);
	return h;
}

static struct account account(const char *name)
{
	struct account a = { .roles = 5, .made = NOW, .full = "Åsa Ek" };
	(void)snprintf(a.name, sizeof a.name, "%s", name);
	strcpy(a.administrations, "farsta bromma");
	strcpy(a.areas, "aldreomsorg");
	return a;
}

static int64_t add(const char *name)
{
	struct account a = account(name);
	int64_t id = 0;
	assert_int_equal(accounts_add(accounts, &a, &id), OK);
	assert_true(id > 0);
	return id;
}

typedef uint8_t recovery_codes[][ACCOUNTS_HASH];

static enum err enrol(unsigned n, recovery_codes codes, size_t count)
{
	return accounts_enrol(
		accounts, hash(n), 100, (const uint8_t(*)[ACCOUNTS_HASH])codes, count);
}

static enum err set_recovery(int64_t id, recovery_codes codes, size_t count)
{
	return accounts_recovery(
		accounts, id, (const uint8_t(*)[ACCOUNTS_HASH])codes, count);
}

static const uint8_t totp[ACCOUNTS_TOTP] = { 1, 2, 3, [47] = 48 };

/* An active account with the recovery codes n, n + 1 and n + 2. */
static int64_t add_active(const char *name, unsigned n)
{
	int64_t id = add(name);
	uint8_t recovery[3][ACCOUNTS_HASH];
	for (unsigned i = 0; i < 3; i++)
		memcpy(recovery[i], hash(n + i), ACCOUNTS_HASH);
	assert_int_equal(accounts_invite(accounts, id, hash(n), NOW + 10), OK);
	assert_int_equal(
		accounts_invitation_begin(accounts, hash(n), "password", totp), OK);
	assert_int_equal(enrol(n, recovery, 3), OK);
	return id;
}

static struct account get(int64_t id)
{
	struct account a;
	assert_int_equal(accounts_get(accounts, id, &a), OK);
	return a;
}

static struct accounts_session session(int64_t id, unsigned n, int64_t made)
{
	struct accounts_session s = { .account = id,
		.made = made,
		.seen = made + 1,
		.second = made + 2,
		.agent = "Firefox, Linux" };
	memcpy(s.hash, hash(n), ACCOUNTS_HASH);
	return s;
}

static void add_session(int64_t id, unsigned n, int64_t made)
{
	struct accounts_session s = session(id, n, made);
	assert_int_equal(accounts_session_add(accounts, &s, 0, 0), OK);
}

static enum err find_session(unsigned n)
{
	struct accounts_session s;
	struct account a;
	return accounts_session(accounts, hash(n), &s, &a);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const right[] = { "a", "0", "anna", "anna.ek@farsta.se",
		"9-anna_2",
		"abcdefghijklmnopqrstuvwxyz0123456789.-_@abcdefghijklmnopqrstuvwx" };
	static const char *const wrong[] = { "", "-", "-anna", ".anna", "_anna", "@anna",
		"Anna", "anna ek", "anna:ek", "anna/ek", "anna\n", "anna\t", "åsa",
		"abcdefghijklmnopqrstuvwxyz0123456789.-_@abcdefghijklmnopqrstuvwxy" };
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		if (!accounts_is_name(right[i]))
			fail_msg("%s", right[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (accounts_is_name(wrong[i]))
			fail_msg("%s", wrong[i]);
	assert_int_equal(strlen(right[5]), ACCOUNTS_NAME - 1);
}

static void test_scopes(void **state)
{
	(void)state;
	static const char *const right[][2] = { { "", "" }, { " , ", "" },
		{ "farsta", "farsta" }, { "farsta,bromma", "farsta bromma" },
		{ " farsta , bromma ", "farsta bromma" }, { "a-1  2,,-", "a-1 2 -" } };
	static const char *const wrong[] = { "Farsta", "farsta\tbromma", "älvsjö",
		"farsta\n", "farsta;bromma", "farsta Bromma" };
	char text[2 * ACCOUNTS_SCOPE], out[ACCOUNTS_SCOPE];
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_true(accounts_scope(right[i][0], out));
		assert_string_equal(out, right[i][1]);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		strcpy(out, "before");
		if (accounts_scope(wrong[i], out))
			fail_msg("%s", wrong[i]);
		assert_string_equal(out, "before");
	}
	memset(text, 'a', sizeof text);
	text[ACCOUNTS_SCOPE - 1] = '\0';
	assert_true(accounts_scope(text, out));
	assert_string_equal(out, text);
	text[1] = ' ';
	assert_true(accounts_scope(text, out));
	text[ACCOUNTS_SCOPE - 1] = 'a';
	text[ACCOUNTS_SCOPE] = '\0';
	assert_false(accounts_scope(text, out));
	text[1] = 'a';
	assert_false(accounts_scope(text, out));
}

static void test_full_names(void **state)
{
	(void)state;
	char text[ACCOUNTS_FULL + 1];
	assert_true(accounts_is_full(""));
	assert_true(accounts_is_full("Åsa \"Kim\" <Ek>"));
	assert_false(accounts_is_full("Åsa\tEk"));
	assert_false(accounts_is_full("Åsa\nEk"));
	assert_false(accounts_is_full("\x7f"));
	assert_false(accounts_is_full("\xc5sa"));
	memset(text, 'a', sizeof text);
	text[ACCOUNTS_FULL - 1] = '\0';
	assert_true(accounts_is_full(text));
	text[ACCOUNTS_FULL - 1] = 'a';
	text[ACCOUNTS_FULL] = '\0';
	assert_false(accounts_is_full(text));
}

static void test_add_and_find(void **state)
{
	(void)state;
	struct account a;
	int64_t id = add("anna");
	assert_int_equal(accounts_find(accounts, "anna", &a), OK);
	assert_int_equal(a.id, id);
	assert_string_equal(a.name, "anna");
	assert_string_equal(a.full, "Åsa Ek");
	assert_int_equal(a.roles, 5);
	assert_string_equal(a.administrations, "farsta bromma");
	assert_string_equal(a.areas, "aldreomsorg");
	assert_false(a.federated || a.active || a.must_change);
	assert_int_equal(a.made, NOW);
	assert_int_equal(a.signed_in, 0);
	assert_int_equal(a.invited, 0);
	assert_int_equal(a.recovery_left, 0);
	assert_string_equal(get(id).name, "anna");
	memset(&a, 0x77, sizeof a);
	struct account before = a;
	assert_int_equal(accounts_find(accounts, "bo", &a), ERR_NOT_FOUND);
	assert_int_equal(accounts_find(accounts, "ANNA", &a), ERR_NOT_FOUND);
	assert_int_equal(accounts_get(accounts, id + 1, &a), ERR_NOT_FOUND);
	assert_memory_equal(&a, &before, sizeof a);
}

static void test_add_refuses(void **state)
{
	(void)state;
	int64_t id = 77;
	struct account a = account("anna");
	add("anna");
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_CONFLICT);
	assert_int_equal(id, 77);
	a = account("Bo");
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_INPUT);
	/* Too long for its place: there is no NUL in it. */
	a = account("bo");
	memset(a.name, 'b', sizeof a.name);
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_INPUT);
	a = account("bo");
	memset(a.full, 'b', sizeof a.full);
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_INPUT);
	a = account("bo");
	memset(a.administrations, 'b', sizeof a.administrations);
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_INPUT);
	a = account("bo");
	memset(a.areas, 'b', sizeof a.areas);
	assert_int_equal(accounts_add(accounts, &a, &id), ERR_INPUT);
	assert_int_equal(id, 77);
	assert_int_equal(count(COUNT_ACCOUNTS), 1);
	/* What was refused keeps nobody from writing. */
	add("bo");
}

static void test_longest_texts(void **state)
{
	(void)state;
	struct account a = account("x");
	int64_t id;
	memset(a.name, 'n', sizeof a.name - 1);
	memset(a.full, 'f', sizeof a.full - 1);
	memset(a.administrations, 'a', sizeof a.administrations - 1);
	memset(a.areas, 'r', sizeof a.areas - 1);
	a.roles = 0xffff;
	assert_int_equal(accounts_add(accounts, &a, &id), OK);
	struct account found = get(id);
	assert_string_equal(found.name, a.name);
	assert_string_equal(found.full, a.full);
	assert_string_equal(found.administrations, a.administrations);
	assert_string_equal(found.areas, a.areas);
	assert_int_equal(found.roles, 0xffff);
}

static void test_all(void **state)
{
	(void)state;
	struct account *all = NULL;
	size_t n = 77;
	assert_int_equal(accounts_all(accounts, &all, &n), OK);
	assert_int_equal(n, 0);
	free(all);
	add("cilla");
	add_active("anna", 1);
	add("bo");
	assert_int_equal(accounts_all(accounts, &all, &n), OK);
	assert_int_equal(n, 3);
	assert_string_equal(all[0].name, "anna");
	assert_true(all[0].active);
	assert_int_equal(all[0].recovery_left, 3);
	assert_string_equal(all[1].name, "bo");
	assert_string_equal(all[2].name, "cilla");
	free(all);
}

static void test_set(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add("bo");
	struct account to = { .id = id, .full = "Anna Al", .roles = 2, .made = 1 };
	assert_int_equal(accounts_set(accounts, &to), OK);
	struct account a = get(id);
	assert_string_equal(a.name, "anna");
	assert_string_equal(a.full, "Anna Al");
	assert_int_equal(a.roles, 2);
	assert_string_equal(a.administrations, "");
	assert_string_equal(a.areas, "");
	assert_true(a.active);
	assert_int_equal(a.made, NOW);
	assert_int_equal(get(other).roles, 5);
	static const char *const scopes[] = { "farsta,bromma", " farsta", "farsta ",
		"farsta  bromma", "Farsta" };
	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
		strcpy(to.areas, scopes[i]);
		assert_int_equal(accounts_set(accounts, &to), ERR_INPUT);
	}
	to = (struct account){ .id = other + 1 };
	assert_int_equal(accounts_set(accounts, &to), ERR_NOT_FOUND);
}

static void test_remove(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	int64_t invited = add("cilla");
	add_session(id, 40, NOW);
	add_session(id, 41, NOW);
	add_session(other, 42, NOW);
	assert_int_equal(accounts_invite(accounts, invited, hash(60), NOW + 10), OK);
	assert_int_equal(accounts_remove(accounts, id), OK);
	assert_int_equal(accounts_remove(accounts, invited), OK);
	assert_int_equal(count(COUNT_ACCOUNTS), 1);
	assert_int_equal(count(COUNT_SESSIONS), 1);
	assert_int_equal(count(COUNT_RECOVERY), 3);
	assert_int_equal(count(COUNT_INVITATIONS), 0);
	assert_int_equal(find_session(40), ERR_NOT_FOUND);
	assert_int_equal(find_session(42), OK);
	assert_int_equal(accounts_remove(accounts, id), ERR_NOT_FOUND);
	/* What was begun for one that is gone never ends with another. */
	assert_true(add("anna") > invited);
}

static void test_invitation(void **state)
{
	(void)state;
	int64_t id = add("anna"), other = add("bo");
	struct accounts_invitation i;
	assert_int_equal(accounts_invite(accounts, id, hash(1), NOW + 10), OK);
	assert_int_equal(accounts_invite(accounts, other, hash(2), NOW + 10), OK);
	assert_int_equal(get(id).invited, NOW + 10);
	assert_int_equal(accounts_invitation(accounts, hash(1), NOW + 9, &i), OK);
	assert_int_equal(i.account, id);
	assert_false(i.begun);
	memset(&i, 0x77, sizeof i);
	struct accounts_invitation before = i;
	assert_int_equal(
		accounts_invitation(accounts, hash(1), NOW + 10, &i), ERR_NOT_FOUND);
	assert_int_equal(accounts_invitation(accounts, hash(3), NOW, &i), ERR_NOT_FOUND);
	assert_memory_equal(&i, &before, sizeof i);
	/* A new one ends the one before; the other's stays. */
	assert_int_equal(accounts_invite(accounts, id, hash(4), NOW + 20), OK);
	assert_int_equal(accounts_invitation(accounts, hash(1), NOW, &i), ERR_NOT_FOUND);
	assert_int_equal(accounts_invitation(accounts, hash(4), NOW, &i), OK);
	assert_int_equal(accounts_invitation(accounts, hash(2), NOW, &i), OK);
	assert_int_equal(
		accounts_invite(accounts, other + 1, hash(5), NOW + 10), ERR_NOT_FOUND);
	/* A token that another account has changes nothing. */
	assert_int_equal(accounts_invite(accounts, id, hash(2), NOW + 30), ERR_CONFLICT);
	assert_int_equal(accounts_invitation(accounts, hash(4), NOW, &i), OK);
}

static void test_enrol(void **state)
{
	(void)state;
	int64_t id = add("anna");
	uint8_t recovery[2][ACCOUNTS_HASH];
	struct accounts_invitation i;
	struct accounts_secrets s;
	memcpy(recovery[0], hash(10), ACCOUNTS_HASH);
	memcpy(recovery[1], hash(11), ACCOUNTS_HASH);
	assert_int_equal(accounts_invite(accounts, id, hash(1), NOW + 10), OK);
	assert_int_equal(enrol(1, recovery, 2), ERR_NOT_FOUND);
	assert_int_equal(enrol(1, NULL, 0), ERR_NOT_FOUND);
	assert_int_equal(
		accounts_invitation_begin(accounts, hash(1), "chosen first", totp), OK);
	assert_int_equal(
		accounts_invitation_begin(accounts, hash(1), "chosen", totp), OK);
	assert_int_equal(accounts_invitation(accounts, hash(1), NOW, &i), OK);
	assert_true(i.begun);
	assert_string_equal(i.password, "chosen");
	assert_memory_equal(i.totp, totp, sizeof totp);
	/* Not in force yet. */
	assert_false(get(id).active);
	assert_int_equal(accounts_secrets(accounts, id, &s), ERR_NOT_FOUND);
	assert_int_equal(enrol(1, recovery, 2), OK);
	struct account a = get(id);
	assert_true(a.active);
	assert_int_equal(a.invited, 0);
	assert_int_equal(a.recovery_left, 2);
	assert_int_equal(accounts_secrets(accounts, id, &s), OK);
	assert_string_equal(s.password, "chosen");
	assert_memory_equal(s.totp, totp, sizeof totp);
	assert_int_equal(s.step, 100);
	assert_int_equal(enrol(1, recovery, 2), ERR_NOT_FOUND);
	assert_int_equal(accounts_invitation_begin(accounts, hash(1), "chosen", totp),
		ERR_NOT_FOUND);
	assert_int_equal(accounts_invitation(accounts, hash(1), NOW, &i), ERR_NOT_FOUND);
}

/* An enrolment that fails half-way leaves all as it was. */
static void test_enrol_is_one_piece(void **state)
{
	(void)state;
	int64_t id = add("anna");
	uint8_t twice[2][ACCOUNTS_HASH];
	struct accounts_invitation i;
	memcpy(twice[0], hash(10), ACCOUNTS_HASH);
	memcpy(twice[1], hash(10), ACCOUNTS_HASH);
	assert_int_equal(accounts_invite(accounts, id, hash(1), NOW + 10), OK);
	assert_int_equal(
		accounts_invitation_begin(accounts, hash(1), "chosen", totp), OK);
	assert_int_equal(enrol(1, twice, 2), ERR_CONFLICT);
	assert_false(get(id).active);
	assert_int_equal(get(id).recovery_left, 0);
	assert_int_equal(accounts_invitation(accounts, hash(1), NOW, &i), OK);
	assert_true(i.begun);
	assert_int_equal(enrol(1, twice, 1), OK);
}

static void test_invite_takes_all_away(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	struct accounts_secrets s;
	bool spent;
	add_session(id, 40, NOW);
	add_session(other, 41, NOW);
	assert_int_equal(accounts_must_change(accounts, id), OK);
	assert_int_equal(accounts_invite(accounts, id, hash(60), NOW + 10), OK);
	struct account a = get(id);
	assert_false(a.active || a.must_change);
	assert_int_equal(a.invited, NOW + 10);
	assert_int_equal(a.recovery_left, 0);
	assert_int_equal(a.roles, 5);
	assert_int_equal(find_session(40), ERR_NOT_FOUND);
	assert_int_equal(accounts_secrets(accounts, id, &s), ERR_NOT_FOUND);
	assert_int_equal(accounts_spend_recovery(accounts, id, hash(1), &spent), OK);
	assert_false(spent);
	assert_int_equal(accounts_spend_step(accounts, id, 1000, &spent), OK);
	assert_false(spent);
	/* What was on its way to an account that is being reset comes too late. */
	struct accounts_session late = session(id, 42, NOW);
	assert_int_equal(accounts_session_add(accounts, &late, 0, 0), ERR_NOT_FOUND);
	assert_int_equal(accounts_password(accounts, id, "late", NULL), ERR_NOT_FOUND);
	assert_int_equal(set_recovery(id, &late.hash, 1), ERR_NOT_FOUND);
	assert_int_equal(accounts_must_change(accounts, id), ERR_NOT_FOUND);
	/* Only this account. */
	assert_int_equal(find_session(41), OK);
	assert_true(get(other).active);
	assert_int_equal(get(other).recovery_left, 3);
}

static void test_link(void **state)
{
	(void)state;
	int64_t id = add("anna");
	auto_(buf) struct buf link = { 0 }, again = { 0 };
	static const char front[] = "https://enkat.example/staff/welcome/";
	struct accounts_invitation i;
	uint8_t found[ACCOUNTS_HASH], bytes[33];
	size_t len;
	assert_int_equal(
		invite_make(accounts, "https://enkat.example", id, NOW, &link), OK);
	assert_memory_equal(link.data, front, sizeof front - 1);
	const char *token = link.data + sizeof front - 1;
	assert_int_equal(strlen(token), 43);
	assert_true(secret_unbase64url(token, 43, bytes, &len));
	assert_int_equal(len, 32);
	secret_sha256(token, 43, found);
	assert_int_equal(get(id).invited, NOW + 7 * 24 * 3600);
	assert_int_equal(accounts_invitation(accounts, found, NOW, &i), OK);
	assert_int_equal(i.account, id);
	assert_int_equal(
		invite_make(accounts, "https://enkat.example", id, NOW, &again), OK);
	assert_string_not_equal(link.data, again.data);
	assert_int_equal(accounts_invitation(accounts, found, NOW, &i), ERR_NOT_FOUND);
	buf_clear(&again);
	assert_int_equal(
		invite_make(accounts, "https://enkat.example", id + 1, NOW, &again),
		ERR_NOT_FOUND);
	assert_int_equal(again.len, 0);
}

static bool spend(int64_t id, int64_t step)
{
	bool spent;
	assert_int_equal(accounts_spend_step(accounts, id, step, &spent), OK);
	return spent;
}

static void test_steps(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	struct accounts_secrets s;
	/* The one shown at enrolment was used with it. */
	assert_false(spend(id, 100));
	assert_false(spend(id, 99));
	assert_true(spend(id, 101));
	assert_false(spend(id, 101));
	assert_true(spend(id, 103));
	assert_false(spend(id, 102));
	assert_false(spend(id, INT64_MIN));
	assert_int_equal(accounts_secrets(accounts, id, &s), OK);
	assert_int_equal(s.step, 103);
	assert_true(spend(other, 101));
	assert_false(spend(other + 1, 101));
	assert_false(spend(add("cilla"), 101));
}

static bool spend_recovery(int64_t id, unsigned n)
{
	bool spent;
	assert_int_equal(accounts_spend_recovery(accounts, id, hash(n), &spent), OK);
	return spent;
}

static void test_recovery(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	uint8_t new[2][ACCOUNTS_HASH];
	assert_true(spend_recovery(id, 2));
	assert_false(spend_recovery(id, 2));
	assert_int_equal(get(id).recovery_left, 2);
	/* Another's. */
	assert_false(spend_recovery(id, 20));
	assert_int_equal(get(other).recovery_left, 3);
	memcpy(new[0], hash(70), ACCOUNTS_HASH);
	memcpy(new[1], hash(71), ACCOUNTS_HASH);
	assert_int_equal(set_recovery(id, new, 2), OK);
	assert_int_equal(get(id).recovery_left, 2);
	assert_false(spend_recovery(id, 1));
	assert_true(spend_recovery(id, 70));
	/* Two accounts may have the same code. */
	assert_int_equal(set_recovery(other, new, 2), OK);
	assert_true(spend_recovery(other, 70));
	assert_int_equal(set_recovery(id, NULL, 0), OK);
	assert_int_equal(get(id).recovery_left, 0);
	assert_int_equal(set_recovery(other + 1, new, 2), ERR_NOT_FOUND);
	assert_int_equal(count(COUNT_RECOVERY), 1);
}

static void test_password(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	struct accounts_secrets s;
	add_session(id, 40, NOW);
	add_session(id, 41, NOW);
	add_session(other, 42, NOW);
	assert_int_equal(accounts_must_change(accounts, id), OK);
	assert_true(get(id).must_change);
	assert_false(get(other).must_change);
	assert_int_equal(accounts_password(accounts, id, "second", hash(41)), OK);
	assert_false(get(id).must_change);
	assert_int_equal(accounts_secrets(accounts, id, &s), OK);
	assert_string_equal(s.password, "second");
	assert_int_equal(s.step, 100);
	assert_int_equal(find_session(40), ERR_NOT_FOUND);
	assert_int_equal(find_session(41), OK);
	assert_int_equal(accounts_password(accounts, id, "third", NULL), OK);
	assert_int_equal(find_session(41), ERR_NOT_FOUND);
	assert_int_equal(find_session(42), OK);
	assert_int_equal(accounts_secrets(accounts, other, &s), OK);
	assert_string_equal(s.password, "password");
	assert_int_equal(
		accounts_password(accounts, other + 1, "x", NULL), ERR_NOT_FOUND);
	assert_int_equal(
		accounts_password(accounts, add("cilla"), "x", NULL), ERR_NOT_FOUND);
	assert_int_equal(accounts_must_change(accounts, other + 1), ERR_NOT_FOUND);
}

static void test_long_passwords(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1);
	struct accounts_secrets s;
	char text[PASSWORD_HASH + 1];
	memset(text, 'p', sizeof text);
	text[PASSWORD_HASH] = '\0';
	assert_int_equal(accounts_password(accounts, id, text, NULL), ERR_INPUT);
	assert_int_equal(accounts_invite(accounts, add("bo"), hash(60), NOW + 10), OK);
	assert_int_equal(
		accounts_invitation_begin(accounts, hash(60), text, totp), ERR_INPUT);
	text[PASSWORD_HASH - 1] = '\0';
	assert_int_equal(accounts_password(accounts, id, text, NULL), OK);
	assert_int_equal(accounts_secrets(accounts, id, &s), OK);
	assert_string_equal(s.password, text);
}

static void test_federate(void **state)
{
	(void)state;
	struct account as = account("anna@farsta.se");
	struct accounts_secrets secrets;
	int64_t id = 0, again = 0, local = add("bo");
	assert_int_equal(accounts_federate(accounts, hash(1), &as, &id), OK);
	struct account a = get(id);
	assert_true(a.federated && a.active);
	assert_string_equal(a.administrations, "farsta bromma");
	assert_int_equal(a.made, NOW);
	/* The same person, with another name and other roles. */
	as = (struct account){ .name = "anna", .roles = 8, .made = NOW + 5 };
	assert_int_equal(accounts_federate(accounts, hash(1), &as, &again), OK);
	assert_int_equal(again, id);
	a = get(id);
	assert_string_equal(a.name, "anna");
	assert_string_equal(a.full, "");
	assert_int_equal(a.roles, 8);
	assert_string_equal(a.administrations, "");
	assert_string_equal(a.areas, "");
	assert_int_equal(a.made, NOW);
	/* And once more with nothing new. */
	assert_int_equal(accounts_federate(accounts, hash(1), &as, &again), OK);
	assert_int_equal(again, id);
	/* A name that is another's. */
	again = 77;
	assert_int_equal(accounts_federate(accounts, hash(2), &as, &again), ERR_CONFLICT);
	strcpy(as.name, "bo");
	assert_int_equal(accounts_federate(accounts, hash(1), &as, &again), ERR_CONFLICT);
	assert_int_equal(accounts_federate(accounts, hash(2), &as, &again), ERR_CONFLICT);
	assert_false(get(local).federated);
	strcpy(as.name, "Bo Ek");
	assert_int_equal(accounts_federate(accounts, hash(2), &as, &again), ERR_INPUT);
	as = account("cilla");
	memset(as.areas, 'a', sizeof as.areas);
	assert_int_equal(accounts_federate(accounts, hash(2), &as, &again), ERR_INPUT);
	assert_int_equal(again, 77);
	assert_string_equal(get(id).name, "anna");
	uint8_t subject[ACCOUNTS_HASH];
	assert_int_equal(accounts_subject(accounts, id, subject), OK);
	assert_memory_equal(subject, hash(1), ACCOUNTS_HASH);
	assert_int_equal(accounts_subject(accounts, local, subject), ERR_NOT_FOUND);
	assert_int_equal(accounts_subject(accounts, 4711, subject), ERR_NOT_FOUND);
	/* It never gets a password here. */
	assert_int_equal(accounts_secrets(accounts, id, &secrets), ERR_NOT_FOUND);
	assert_int_equal(
		accounts_invite(accounts, id, hash(60), NOW + 10), ERR_NOT_FOUND);
	assert_int_equal(accounts_password(accounts, id, "x", NULL), ERR_NOT_FOUND);
	assert_int_equal(accounts_must_change(accounts, id), ERR_NOT_FOUND);
	assert_false(spend(id, 1000));
	add_session(id, 40, NOW);
	assert_int_equal(find_session(40), OK);
}

static void test_session(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1);
	struct accounts_session s, made = session(id, 40, NOW);
	struct account a, to = { .id = id, .roles = 2 };
	assert_int_equal(accounts_session_add(accounts, &made, 0, 0), OK);
	assert_int_equal(accounts_session(accounts, hash(40), &s, &a), OK);
	assert_memory_equal(s.hash, made.hash, ACCOUNTS_HASH);
	assert_int_equal(s.account, id);
	assert_int_equal(s.made, NOW);
	assert_int_equal(s.seen, NOW + 1);
	assert_int_equal(s.second, NOW + 2);
	assert_string_equal(s.agent, "Firefox, Linux");
	assert_int_equal(a.id, id);
	assert_string_equal(a.name, "anna");
	assert_true(a.active);
	assert_int_equal(a.signed_in, NOW);
	assert_int_equal(a.recovery_left, 3);
	assert_int_equal(accounts_session_seen(accounts, hash(40), NOW + 50), OK);
	assert_int_equal(accounts_session_second(accounts, hash(40), NOW + 60), OK);
	/* Another role counts from the next page on. */
	assert_int_equal(accounts_set(accounts, &to), OK);
	assert_int_equal(accounts_session(accounts, hash(40), &s, &a), OK);
	assert_int_equal(s.made, NOW);
	assert_int_equal(s.seen, NOW + 50);
	assert_int_equal(s.second, NOW + 60);
	assert_int_equal(a.roles, 2);
	memset(&s, 0x77, sizeof s);
	memset(&a, 0x77, sizeof a);
	struct accounts_session s_before = s;
	struct account a_before = a;
	assert_int_equal(accounts_session(accounts, hash(41), &s, &a), ERR_NOT_FOUND);
	assert_memory_equal(&s, &s_before, sizeof s);
	assert_memory_equal(&a, &a_before, sizeof a);
	assert_int_equal(accounts_session_seen(accounts, hash(41), NOW), ERR_NOT_FOUND);
	assert_int_equal(accounts_session_second(accounts, hash(41), NOW), ERR_NOT_FOUND);
}

static void test_session_refuses(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	struct accounts_session s = session(id, 40, NOW);
	add_session(id, 40, NOW);
	s.account = other;
	assert_int_equal(accounts_session_add(accounts, &s, 0, 0), ERR_CONFLICT);
	assert_int_equal(get(other).signed_in, 0);
	s = session(other + 1, 41, NOW);
	assert_int_equal(accounts_session_add(accounts, &s, 0, 0), ERR_NOT_FOUND);
	s = session(add("cilla"), 41, NOW);
	assert_int_equal(accounts_session_add(accounts, &s, 0, 0), ERR_NOT_FOUND);
	s = session(id, 41, NOW);
	memset(s.agent, 'a', sizeof s.agent);
	assert_int_equal(accounts_session_add(accounts, &s, 0, 0), ERR_INPUT);
	assert_int_equal(count(COUNT_SESSIONS), 1);
}

static void test_session_add_prunes(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	add_session(id, 40, NOW - 101);
	add_session(other, 41, NOW - 100);
	assert_int_equal(accounts_session_seen(accounts, hash(40), NOW), OK);
	assert_int_equal(accounts_session_seen(accounts, hash(41), NOW - 10), OK);
	add_session(other, 42, NOW - 50);
	assert_int_equal(accounts_session_seen(accounts, hash(42), NOW - 11), OK);
	struct accounts_session s = session(id, 43, NOW);
	assert_int_equal(accounts_session_add(accounts, &s, NOW - 100, NOW - 10), OK);
	assert_int_equal(find_session(40), ERR_NOT_FOUND);
	assert_int_equal(find_session(41), OK);
	assert_int_equal(find_session(42), ERR_NOT_FOUND);
	assert_int_equal(find_session(43), OK);
}

static void test_sessions(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1), other = add_active("bo", 20);
	struct accounts_session *all;
	size_t n;
	bool ended;
	add_session(id, 40, NOW);
	add_session(other, 41, NOW + 1);
	add_session(id, 42, NOW + 2);
	assert_int_equal(accounts_sessions(accounts, id, &all, &n), OK);
	assert_int_equal(n, 2);
	assert_memory_equal(all[0].hash, hash(42), ACCOUNTS_HASH);
	assert_memory_equal(all[1].hash, hash(40), ACCOUNTS_HASH);
	assert_int_equal(all[1].account, id);
	assert_int_equal(all[1].second, NOW + 2);
	assert_string_equal(all[1].agent, "Firefox, Linux");
	free(all);
	/* Another's can't be ended. */
	assert_int_equal(accounts_session_end(accounts, id, hash(41), &ended), OK);
	assert_false(ended);
	assert_int_equal(find_session(41), OK);
	assert_int_equal(accounts_session_end(accounts, id, hash(40), &ended), OK);
	assert_true(ended);
	assert_int_equal(accounts_session_end(accounts, id, hash(40), &ended), OK);
	assert_false(ended);
	assert_int_equal(accounts_sessions(accounts, id, &all, &n), OK);
	assert_int_equal(n, 1);
	free(all);
	assert_int_equal(accounts_sessions(accounts, other + 1, &all, &n), OK);
	assert_int_equal(n, 0);
	free(all);
}

/* A page waits for nobody who writes: here it would wait for ever. */
static void test_reading_writes_nothing(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1);
	add_session(id, 40, NOW);
	auto_(db) struct db *other = open_raw();
	int64_t version = db_version(other);
	struct account a;
	struct accounts_secrets s;
	assert_int_equal(db_begin(other), OK);
	assert_int_equal(find_session(40), OK);
	assert_int_equal(accounts_find(accounts, "anna", &a), OK);
	assert_int_equal(accounts_secrets(accounts, id, &s), OK);
	db_rollback(other);
	assert_int_equal(db_version(other), version);
}

static void test_two_connections(void **state)
{
	(void)state;
	auto_(accounts) struct accounts *other = open_accounts();
	int64_t id = add_active("anna", 1);
	struct account a, new = account("anna");
	bool spent;
	assert_int_equal(accounts_get(other, id, &a), OK);
	assert_true(a.active);
	assert_int_equal(accounts_add(other, &new, &id), ERR_CONFLICT);
	assert_true(spend(id, 200));
	assert_int_equal(accounts_spend_step(other, id, 200, &spent), OK);
	assert_false(spent);
	assert_int_equal(accounts_spend_recovery(other, id, hash(1), &spent), OK);
	assert_true(spent);
	assert_false(spend_recovery(id, 1));
	add_session(id, 40, NOW);
	assert_int_equal(accounts_invite(other, id, hash(60), NOW + 10), OK);
	assert_int_equal(find_session(40), ERR_NOT_FOUND);
	assert_int_equal(accounts_remove(other, id), OK);
	assert_int_equal(accounts_get(accounts, id, &a), ERR_NOT_FOUND);
}

struct wins {
	int steps[STEPS];
	int codes[CODES];
};

static int spend_all(int64_t id, struct wins *w)
{
	auto_(accounts) struct accounts *a = NULL;
	bool spent;
	if (accounts_open(folder, &a, &why) != OK)
		return 1;
	for (int i = 0; i < STEPS; i++) {
		if (accounts_spend_step(a, id, 1000 + i, &spent) != OK)
			return 2;
		if (spent)
			__atomic_add_fetch(&w->steps[i], 1, __ATOMIC_SEQ_CST);
	}
	for (unsigned i = 0; i < CODES; i++) {
		if (accounts_spend_recovery(a, id, hash(1000 + i), &spent) != OK)
			return 3;
		if (spent)
			__atomic_add_fetch(&w->codes[i], 1, __ATOMIC_SEQ_CST);
	}
	return 0;
}

/* Two who show the same code at the same time: one of them gets in. */
static void test_two_processes(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1);
	uint8_t codes[CODES][ACCOUNTS_HASH];
	pid_t children[2];
	int status;
	for (unsigned i = 0; i < CODES; i++)
		memcpy(codes[i], hash(1000 + i), ACCOUNTS_HASH);
	assert_int_equal(set_recovery(id, codes, CODES), OK);
	struct wins *w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(w, MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(spend_all(id, w));
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	for (int i = 0; i < STEPS; i++)
		assert_in_range(w->steps[i], 0, 1);
	assert_int_equal(w->steps[STEPS - 1], 1);
	for (int i = 0; i < CODES; i++)
		assert_int_equal(w->codes[i], 1);
	assert_int_equal(munmap(w, sizeof *w), 0);
}

static void test_schema_refuses(void **state)
{
	(void)state;
	int64_t id = add("anna");
	auto_(db) struct db *db = open_raw();
	assert_int_equal(db_begin(db), OK);
	size_t st = SHORT_SUBJECT;
	while (st < RAW && db_run(db, st) == ERR_CONFLICT)
		st++;
	db_rollback(db);
	if (st < RAW)
		fail_msg("%s", raw_statements[st]);
	assert_false(get(id).active);
}

static void test_open_again(void **state)
{
	(void)state;
	int64_t id = add_active("anna", 1);
	accounts_close(accounts);
	accounts = open_accounts();
	assert_true(get(id).active);
	assert_non_null(accounts_error(accounts));
	accounts_close(NULL);
	struct accounts *none = NULL;
	assert_int_equal(accounts_open("/no/such/folder", &none, &why), ERR_IO);
	assert_non_null(strstr(why.text, "/no/such/folder/accounts.db"));
	assert_null(none);
}

/* A file of a later program is left alone. */
static void test_version(void **state)
{
	(void)state;
	static const char *const later[] = { NULL, "CREATE TABLE later (a)" };
	const struct db_schema none = { NULL, 0 }, second = { later, 2 };
	auto_(arena) struct arena *a = arena_create();
	const char *file = folder_path(a, "accounts.db");
	struct accounts *refused = NULL;
	struct db *db = NULL;
	assert_int_equal(count(TABLES), 0);
	assert_int_equal(db_open(file, &none, NULL, 0, &db, &why), ERR_CONFLICT);
	assert_non_null(strstr(why.text, "schema 1, this one knows 0"));
	assert_int_equal(db_open(file, &second, NULL, 0, &db, &why), OK);
	db_close(db);
	assert_int_equal(accounts_open(folder, &refused, &why), ERR_CONFLICT);
	assert_null(refused);
	assert_non_null(strstr(why.text, "newer program"));
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_full_names),
		STORE_TEST(test_add_and_find),
		STORE_TEST(test_add_refuses),
		STORE_TEST(test_longest_texts),
		STORE_TEST(test_all),
		STORE_TEST(test_set),
		STORE_TEST(test_remove),
		STORE_TEST(test_invitation),
		STORE_TEST(test_enrol),
		STORE_TEST(test_enrol_is_one_piece),
		STORE_TEST(test_invite_takes_all_away),
		STORE_TEST(test_link),
		STORE_TEST(test_steps),
		STORE_TEST(test_recovery),
		STORE_TEST(test_password),
		STORE_TEST(test_long_passwords),
		STORE_TEST(test_federate),
		STORE_TEST(test_session),
		STORE_TEST(test_session_refuses),
		STORE_TEST(test_session_add_prunes),
		STORE_TEST(test_sessions),
		STORE_TEST(test_reading_writes_nothing),
		STORE_TEST(test_two_connections),
		STORE_TEST(test_two_processes),
		STORE_TEST(test_schema_refuses),
		STORE_TEST(test_open_again),
		STORE_TEST(test_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
