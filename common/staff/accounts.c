#include "accounts.h"
#include "common/file.h"
#include "common/form.h"
#include "staff/schema/001.sql.h"
#include <stdio.h>
#include <string.h>

enum statement {
	ACCOUNT_FIND,
	ACCOUNT_GET,
	ACCOUNT_LIST,
	ACCOUNT_ADD,
	ACCOUNT_SET,
	ACCOUNT_REMOVE,
	ACCOUNT_FEDERATE,
	ACCOUNT_SUBJECT,
	ACCOUNT_MUST_CHANGE,
	ACCOUNT_DISARM,
	ACCOUNT_ENROL,
	ACCOUNT_SECRETS,
	ACCOUNT_STEP,
	ACCOUNT_PASSWORD,
	ACCOUNT_SIGNED_IN,
	RECOVERY_ADD,
	RECOVERY_SPEND,
	RECOVERY_CLEAR,
	INVITATION_ADD,
	INVITATION_GET,
	INVITATION_BEGIN,
	INVITATION_END,
	INVITATION_CLEAR,
	SESSION_ADD,
	SESSION_GET,
	SESSION_SEEN,
	SESSION_SECOND,
	SESSION_LIST,
	SESSION_END,
	SESSION_CLEAR,
	SESSION_PRUNE,
	STATEMENTS
};

/* clang-format off */
#define ACCOUNT_COLUMNS "a.account, a.name, a.full_name, a.roles, a.administrations, a.areas," \
	" a.subject IS NOT NULL, a.subject IS NOT NULL OR a.password IS NOT NULL, a.must_change, a.made, a.signed_in," \
	" coalesce((SELECT i.until FROM invitation i WHERE i.account = a.account), 0)," \
	" (SELECT count(*) FROM recovery r WHERE r.account = a.account)"
#define SESSION_COLUMNS "s.hash, s.account, s.made, s.seen, s.second, s.agent"
enum { AFTER_ACCOUNT = 13 }; /* the first column after ACCOUNT_COLUMNS */

static const char *const statements[STATEMENTS] = {
	[ACCOUNT_FIND] = "SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.name = $1",
	[ACCOUNT_GET] = "SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.account = $1",
	[ACCOUNT_LIST] = "SELECT " ACCOUNT_COLUMNS " FROM account a ORDER BY a.name",
	[ACCOUNT_ADD] = "INSERT INTO account"
		" (name, full_name, roles, administrations, areas, made, step, must_change, signed_in)"
		" VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0) RETURNING account",
	[ACCOUNT_SET] = "UPDATE account SET full_name = $2, roles = $3, administrations = $4, areas = $5"
		" WHERE account = $1",
	[ACCOUNT_REMOVE] = "DELETE FROM account WHERE account = $1",
	[ACCOUNT_FEDERATE] = "INSERT INTO account"
		" (name, full_name, roles, administrations, areas, made, subject, step, must_change, signed_in)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0)"
		" ON CONFLICT (subject) DO UPDATE SET"
		" name = $1, full_name = $2, roles = $3, administrations = $4, areas = $5 RETURNING account",
	[ACCOUNT_SUBJECT] = "SELECT subject FROM account WHERE account = $1 AND subject IS NOT NULL",
	[ACCOUNT_MUST_CHANGE] = "UPDATE account SET must_change = 1 WHERE account = $1 AND password IS NOT NULL",
	[ACCOUNT_DISARM] = "UPDATE account SET password = NULL, totp = NULL, must_change = 0"
		" WHERE account = $1 AND subject IS NULL",
	[ACCOUNT_ENROL] = "UPDATE account SET password = i.password, totp = i.totp, step = $2"
		" FROM invitation i WHERE i.account = account.account AND i.hash = $1 AND i.password IS NOT NULL",
	[ACCOUNT_SECRETS] = "SELECT password, totp, step FROM account WHERE account = $1 AND password IS NOT NULL",
	[ACCOUNT_STEP] = "UPDATE account SET step = $2 WHERE account = $1 AND step < $2 AND password IS NOT NULL",
	[ACCOUNT_PASSWORD] = "UPDATE account SET password = $2, must_change = 0"
		" WHERE account = $1 AND password IS NOT NULL",
	[ACCOUNT_SIGNED_IN] = "UPDATE account SET signed_in = $2"
		" WHERE account = $1 AND (subject IS NOT NULL OR password IS NOT NULL)",
	[RECOVERY_ADD] = "INSERT INTO recovery (account, hash)"
		" SELECT account, $2 FROM account WHERE account = $1 AND password IS NOT NULL",
	[RECOVERY_SPEND] = "DELETE FROM recovery WHERE account = $1 AND hash = $2",
	[RECOVERY_CLEAR] = "DELETE FROM recovery WHERE account = $1",
	[INVITATION_ADD] = "INSERT INTO invitation (hash, account, until) VALUES ($1, $2, $3)",
	[INVITATION_GET] = "SELECT account, password, totp FROM invitation WHERE hash = $1 AND until > $2",
	[INVITATION_BEGIN] = "UPDATE invitation SET password = $2, totp = $3 WHERE hash = $1",
	[INVITATION_END] = "DELETE FROM invitation WHERE hash = $1 RETURNING account",
	[INVITATION_CLEAR] = "DELETE FROM invitation WHERE account = $1",
	[SESSION_ADD] = "INSERT INTO session (hash, account, made, seen, second, agent)"
		" VALUES ($1, $2, $3, $4, $5, $6)",
	[SESSION_GET] = "SELECT " ACCOUNT_COLUMNS ", " SESSION_COLUMNS
		" FROM session s JOIN account a ON a.account = s.account WHERE s.hash = $1",
	[SESSION_SEEN] = "UPDATE session SET seen = $2 WHERE hash = $1",
	[SESSION_SECOND] = "UPDATE session SET second = $2 WHERE hash = $1",
	[SESSION_LIST] = "SELECT " SESSION_COLUMNS " FROM session s WHERE s.account = $1"
		" ORDER BY s.made DESC, s.hash",
	[SESSION_END] = "DELETE FROM session WHERE account = $1 AND hash = $2",
	[SESSION_CLEAR] = "DELETE FROM session WHERE account = $1 AND ($2 IS NULL OR hash <> $2)",
	[SESSION_PRUNE] = "DELETE FROM session WHERE made < $1 OR seen < $2",
};
/* clang-format on */

static const char *const migrations[] = { sql_001 };
static const struct db_schema schema = { migrations,
	sizeof migrations / sizeof *migrations };

struct accounts {
	struct db *db;
};

enum err accounts_open(
	const char *folder, struct accounts **ret_accounts, struct why *why)
{
	struct db *db;
	auto_(free) char *file = file_path(folder, "accounts.db");
	enum err e = db_open(file, &schema, statements, STATEMENTS, &db, why);
	if (e)
		return e;
	*ret_accounts = mem_alloc(sizeof **ret_accounts);
	(*ret_accounts)->db = db;
	return OK;
}

void accounts_close(struct accounts *a)
{
	if (!a)
		return;
	db_close(a->db);
	free(a);
}

const char *accounts_error(const struct accounts *a)
{
	return db_error(a->db);
}

/* What may come in. */

bool accounts_is_name(const char *name)
{
	size_t len = strnlen(name, ACCOUNTS_NAME);
	return len >= 1 && len < ACCOUNTS_NAME && !strchr(".-_@", *name) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_@") == len;
}

bool accounts_scope(const char *text, char out[static ACCOUNTS_SCOPE])
{
	char codes[ACCOUNTS_SCOPE];
	size_t to = 0, len;
	for (;; text += len) {
		text += strspn(text, " ,");
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
		if (len == 0)
			break;
		if (to + (to > 0) + len >= sizeof codes)
			return false;
		if (to)
			codes[to++] = ' ';
		memcpy(codes + to, text, len);
		to += len;
	}
	if (*text)
		return false;
	codes[to] = '\0';
	memcpy(out, codes, to + 1);
	return true;
}

static bool is_scope(const char *codes)
{
	char same[ACCOUNTS_SCOPE];
	return strnlen(codes, ACCOUNTS_SCOPE) < ACCOUNTS_SCOPE &&
	       accounts_scope(codes, same) && strcmp(codes, same) == 0;
}

bool accounts_is_full(const char *full)
{
	size_t len = strnlen(full, ACCOUNTS_FULL);
	if (len == ACCOUNTS_FULL || !form_is_utf8(full, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)full[i] < ' ' || full[i] == 0x7f)
			return false;
	return true;
}

/* Without the name. */
static bool is_right(const struct account *a)
{
	return accounts_is_full(a->full) && is_scope(a->administrations) &&
	       is_scope(a->areas);
}

static bool is_password(const char *hash)
{
	return strnlen(hash, PASSWORD_HASH) < PASSWORD_HASH;
}

/* Running statements. */

/* The first row of a bound statement, which db_done() ends. */
static enum err first(struct accounts *a, enum statement q)
{
	bool row;
	enum err e = db_next(a->db, q, &row);
	return e ? e : row ? OK : ERR_NOT_FOUND;
}

/* Runs a bound statement to its end; *ret_number is what its one row says. */
static enum err number_tx(struct accounts *a, enum statement q, int64_t *ret_number)
{
	bool row, found = false;
	int64_t number = 0;
	enum err e;
	while ((e = db_next(a->db, q, &row)) == OK && row) {
		number = db_int(a->db, q, 0);
		found = true;
	}
	if (e)
		return e;
	if (!found)
		return ERR_NOT_FOUND;
	*ret_number = number;
	return OK;
}

/* Runs a bound statement that must change something. */
static enum err change_tx(struct accounts *a, enum statement q)
{
	enum err e = db_run(a->db, q);
	return e ? e : db_changed(a->db) > 0 ? OK : ERR_NOT_FOUND;
}

static enum err begin(struct accounts *a, enum statement q)
{
	enum err e = db_begin(a->db);
	if (e)
		db_done(a->db, q);
	return e;
}

static enum err change(struct accounts *a, enum statement q)
{
	enum err e = begin(a, q);
	return e ? e : db_end(a->db, change_tx(a, q));
}

static enum err change_to_number(
	struct accounts *a, enum statement q, int64_t *ret_number)
{
	int64_t number;
	enum err e = begin(a, q);
	if (e == OK)
		e = db_end(a->db, number_tx(a, q, &number));
	if (e == OK)
		*ret_number = number;
	return e;
}

/* That nothing was there to change is an answer here, and no error. */
static enum err whether(enum err e, bool *ret_changed)
{
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	*ret_changed = e == OK;
	return OK;
}

static void set_hash(struct accounts *a, enum statement q, int parameter,
	const uint8_t hash[static ACCOUNTS_HASH])
{
	db_set_blob(a->db, q, parameter, hash, ACCOUNTS_HASH);
}

static void read_text(
	struct accounts *a, enum statement q, int column, char *out, size_t room)
{
	const char *text = db_text(a->db, q, column);
	(void)snprintf(out, room, "%s", text ? text : "");
}

/* The schema sees to the length: anything else is left as zero. */
static void read_blob(
	struct accounts *a, enum statement q, int column, uint8_t *out, size_t len)
{
	size_t found;
	const void *data = db_blob(a->db, q, column, &found);
	if (found == len)
		memcpy(out, data, len);
}

/* Accounts. */

static void read_account(
	struct accounts *a, enum statement q, struct account *ret_account)
{
	struct account r = {
		.id = db_int(a->db, q, 0),
		.roles = (unsigned)db_int(a->db, q, 3),
		.federated = db_int(a->db, q, 6) != 0,
		.active = db_int(a->db, q, 7) != 0,
		.must_change = db_int(a->db, q, 8) != 0,
		.made = db_int(a->db, q, 9),
		.signed_in = db_int(a->db, q, 10),
		.invited = db_int(a->db, q, 11),
		.recovery_left = (int)db_int(a->db, q, 12),
	};
	read_text(a, q, 1, r.name, sizeof r.name);
	read_text(a, q, 2, r.full, sizeof r.full);
	read_text(a, q, 4, r.administrations, sizeof r.administrations);
	read_text(a, q, 5, r.areas, sizeof r.areas);
	*ret_account = r;
}

static enum err one_account(
	struct accounts *a, enum statement q, struct account *ret_account)
{
	enum err e = first(a, q);
	if (e)
		return e;
	read_account(a, q, ret_account);
	db_done(a->db, q);
	return OK;
}

enum err accounts_find(struct accounts *a, const char *name, struct account *ret_account)
{
	db_set_text(a->db, ACCOUNT_FIND, 1, name);
	return one_account(a, ACCOUNT_FIND, ret_account);
}

enum err accounts_get(struct accounts *a, int64_t id, struct account *ret_account)
{
	db_set_int(a->db, ACCOUNT_GET, 1, id);
	return one_account(a, ACCOUNT_GET, ret_account);
}

enum err accounts_all(
	struct accounts *a, struct account **ret_accounts, size_t *ret_count)
{
	struct account *all = NULL;
	size_t count = 0;
	enum err e;
	bool row;
	while ((e = db_next(a->db, ACCOUNT_LIST, &row)) == OK && row) {
		all = mem_resize(all, count + 1, sizeof *all);
		read_account(a, ACCOUNT_LIST, &all[count++]);
	}
	if (e) {
		free(all);
		return e;
	}
	*ret_accounts = all;
	*ret_count = count;
	return OK;
}

/* Parameters 2 to 5. */
static void set_account(struct accounts *a, enum statement q, const struct account *from)
{
	db_set_text(a->db, q, 2, from->full);
	db_set_int(a->db, q, 3, from->roles);
	db_set_text(a->db, q, 4, from->administrations);
	db_set_text(a->db, q, 5, from->areas);
}

enum err accounts_add(struct accounts *a, const struct account *new, int64_t *ret_id)
{
	if (!accounts_is_name(new->name) || !is_right(new))
		return ERR_INPUT;
	db_set_text(a->db, ACCOUNT_ADD, 1, new->name);
	set_account(a, ACCOUNT_ADD, new);
	db_set_int(a->db, ACCOUNT_ADD, 6, new->made);
	return change_to_number(a, ACCOUNT_ADD, ret_id);
}

enum err accounts_set(struct accounts *a, const struct account *to)
{
	if (!is_right(to))
		return ERR_INPUT;
	db_set_int(a->db, ACCOUNT_SET, 1, to->id);
	set_account(a, ACCOUNT_SET, to);
	return change(a, ACCOUNT_SET);
}

enum err accounts_remove(struct accounts *a, int64_t id)
{
	db_set_int(a->db, ACCOUNT_REMOVE, 1, id);
	return change(a, ACCOUNT_REMOVE);
}

enum err accounts_must_change(struct accounts *a, int64_t id)
{
	db_set_int(a->db, ACCOUNT_MUST_CHANGE, 1, id);
	return change(a, ACCOUNT_MUST_CHANGE);
}

enum err accounts_federate(struct accounts *a,
	const uint8_t subject[static ACCOUNTS_HASH], const struct account *as,
	int64_t *ret_id)
{
	if (!accounts_is_name(as->name) || !is_right(as))
		return ERR_INPUT;
	db_set_text(a->db, ACCOUNT_FEDERATE, 1, as->name);
	set_account(a, ACCOUNT_FEDERATE, as);
	db_set_int(a->db, ACCOUNT_FEDERATE, 6, as->made);
	set_hash(a, ACCOUNT_FEDERATE, 7, subject);
	return change_to_number(a, ACCOUNT_FEDERATE, ret_id);
}

enum err accounts_subject(
	struct accounts *a, int64_t id, uint8_t ret_subject[static ACCOUNTS_HASH])
{
	db_set_int(a->db, ACCOUNT_SUBJECT, 1, id);
	enum err e = first(a, ACCOUNT_SUBJECT);
	if (e)
		return e;
	read_blob(a, ACCOUNT_SUBJECT, 0, ret_subject, ACCOUNTS_HASH);
	db_done(a->db, ACCOUNT_SUBJECT);
	return OK;
}

/* Runs a statement about one account whose only parameter is its number. */
static enum err run_of_tx(struct accounts *a, enum statement q, int64_t id)
{
	db_set_int(a->db, q, 1, id);
	return db_run(a->db, q);
}

static enum err end_sessions_tx(struct accounts *a, int64_t id, const uint8_t *but)
{
	db_set_int(a->db, SESSION_CLEAR, 1, id);
	db_set_blob(a->db, SESSION_CLEAR, 2, but, ACCOUNTS_HASH);
	return db_run(a->db, SESSION_CLEAR);
}

/* Replaces the codes of an active account. */
static enum err recovery_tx(struct accounts *a, int64_t id,
	const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count)
{
	enum err e = run_of_tx(a, RECOVERY_CLEAR, id);
	for (size_t i = 0; e == OK && i < count; i++) {
		db_set_int(a->db, RECOVERY_ADD, 1, id);
		set_hash(a, RECOVERY_ADD, 2, recovery[i]);
		e = change_tx(a, RECOVERY_ADD);
	}
	return e;
}

/* Invitations. */

static enum err invite_tx(struct accounts *a, int64_t id,
	const uint8_t hash[static ACCOUNTS_HASH], int64_t until)
{
	db_set_int(a->db, ACCOUNT_DISARM, 1, id);
	enum err e = change_tx(a, ACCOUNT_DISARM);
	if (e == OK)
		e = run_of_tx(a, RECOVERY_CLEAR, id);
	if (e == OK)
		e = run_of_tx(a, INVITATION_CLEAR, id);
	if (e == OK)
		e = end_sessions_tx(a, id, NULL);
	if (e)
		return e;
	set_hash(a, INVITATION_ADD, 1, hash);
	db_set_int(a->db, INVITATION_ADD, 2, id);
	db_set_int(a->db, INVITATION_ADD, 3, until);
	return db_run(a->db, INVITATION_ADD);
}

enum err accounts_invite(struct accounts *a, int64_t id,
	const uint8_t hash[static ACCOUNTS_HASH], int64_t until)
{
	enum err e = db_begin(a->db);
	return e ? e : db_end(a->db, invite_tx(a, id, hash, until));
}

enum err accounts_invitation(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	int64_t now, struct accounts_invitation *ret_invitation)
{
	enum statement q = INVITATION_GET;
	set_hash(a, q, 1, hash);
	db_set_int(a->db, q, 2, now);
	enum err e = first(a, q);
	if (e)
		return e;
	struct accounts_invitation r = {
		.account = db_int(a->db, q, 0),
		.begun = !db_is_null(a->db, q, 1),
	};
	read_text(a, q, 1, r.password, sizeof r.password);
	read_blob(a, q, 2, r.totp, sizeof r.totp);
	db_done(a->db, q);
	*ret_invitation = r;
	return OK;
}

enum err accounts_invitation_begin(struct accounts *a,
	const uint8_t hash[static ACCOUNTS_HASH], const char *password,
	const uint8_t totp[static ACCOUNTS_TOTP])
{
	if (!is_password(password))
		return ERR_INPUT;
	set_hash(a, INVITATION_BEGIN, 1, hash);
	db_set_text(a->db, INVITATION_BEGIN, 2, password);
	db_set_blob(a->db, INVITATION_BEGIN, 3, totp, ACCOUNTS_TOTP);
	return change(a, INVITATION_BEGIN);
}

static enum err enrol_tx(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	int64_t step, const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count)
{
	int64_t id = 0;
	set_hash(a, ACCOUNT_ENROL, 1, hash);
	db_set_int(a->db, ACCOUNT_ENROL, 2, step);
	enum err e = change_tx(a, ACCOUNT_ENROL);
	if (e)
		return e;
	set_hash(a, INVITATION_END, 1, hash);
	e = number_tx(a, INVITATION_END, &id);
	return e ? e : recovery_tx(a, id, recovery, count);
}

enum err accounts_enrol(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	int64_t step, const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count)
{
	enum err e = db_begin(a->db);
	return e ? e : db_end(a->db, enrol_tx(a, hash, step, recovery, count));
}

/* Signing in. */

enum err accounts_secrets(
	struct accounts *a, int64_t id, struct accounts_secrets *ret_secrets)
{
	db_set_int(a->db, ACCOUNT_SECRETS, 1, id);
	enum err e = first(a, ACCOUNT_SECRETS);
	if (e)
		return e;
	struct accounts_secrets r = { .step = db_int(a->db, ACCOUNT_SECRETS, 2) };
	read_text(a, ACCOUNT_SECRETS, 0, r.password, sizeof r.password);
	read_blob(a, ACCOUNT_SECRETS, 1, r.totp, sizeof r.totp);
	db_done(a->db, ACCOUNT_SECRETS);
	*ret_secrets = r;
	return OK;
}

enum err accounts_spend_step(
	struct accounts *a, int64_t id, int64_t step, bool *ret_spent)
{
	db_set_int(a->db, ACCOUNT_STEP, 1, id);
	db_set_int(a->db, ACCOUNT_STEP, 2, step);
	return whether(change(a, ACCOUNT_STEP), ret_spent);
}

enum err accounts_spend_recovery(struct accounts *a, int64_t id,
	const uint8_t hash[static ACCOUNTS_HASH], bool *ret_spent)
{
	db_set_int(a->db, RECOVERY_SPEND, 1, id);
	set_hash(a, RECOVERY_SPEND, 2, hash);
	return whether(change(a, RECOVERY_SPEND), ret_spent);
}

enum err accounts_recovery(struct accounts *a, int64_t id,
	const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count)
{
	enum err e = db_begin(a->db);
	return e ? e : db_end(a->db, recovery_tx(a, id, recovery, count));
}

static enum err password_tx(
	struct accounts *a, int64_t id, const char *password, const uint8_t *but)
{
	db_set_int(a->db, ACCOUNT_PASSWORD, 1, id);
	db_set_text(a->db, ACCOUNT_PASSWORD, 2, password);
	enum err e = change_tx(a, ACCOUNT_PASSWORD);
	return e ? e : end_sessions_tx(a, id, but);
}

enum err accounts_password(
	struct accounts *a, int64_t id, const char *password, const uint8_t *but)
{
	if (!is_password(password))
		return ERR_INPUT;
	enum err e = db_begin(a->db);
	return e ? e : db_end(a->db, password_tx(a, id, password, but));
}

/* Sessions. */

static void read_session(struct accounts *a, enum statement q, int column,
	struct accounts_session *ret_session)
{
	struct accounts_session r = {
		.account = db_int(a->db, q, column + 1),
		.made = db_int(a->db, q, column + 2),
		.seen = db_int(a->db, q, column + 3),
		.second = db_int(a->db, q, column + 4),
	};
	read_blob(a, q, column, r.hash, sizeof r.hash);
	read_text(a, q, column + 5, r.agent, sizeof r.agent);
	*ret_session = r;
}

static enum err session_add_tx(struct accounts *a, const struct accounts_session *s,
	int64_t oldest, int64_t idle)
{
	struct db *db = a->db;
	db_set_int(db, SESSION_PRUNE, 1, oldest);
	db_set_int(db, SESSION_PRUNE, 2, idle);
	enum err e = db_run(db, SESSION_PRUNE);
	if (e)
		return e;
	db_set_int(db, ACCOUNT_SIGNED_IN, 1, s->account);
	db_set_int(db, ACCOUNT_SIGNED_IN, 2, s->made);
	e = change_tx(a, ACCOUNT_SIGNED_IN);
	if (e)
		return e;
	set_hash(a, SESSION_ADD, 1, s->hash);
	db_set_int(db, SESSION_ADD, 2, s->account);
	db_set_int(db, SESSION_ADD, 3, s->made);
	db_set_int(db, SESSION_ADD, 4, s->seen);
	db_set_int(db, SESSION_ADD, 5, s->second);
	db_set_text(db, SESSION_ADD, 6, s->agent);
	return db_run(db, SESSION_ADD);
}

enum err accounts_session_add(struct accounts *a, const struct accounts_session *s,
	int64_t oldest, int64_t idle)
{
	if (strnlen(s->agent, ACCOUNTS_AGENT) == ACCOUNTS_AGENT)
		return ERR_INPUT;
	enum err e = db_begin(a->db);
	if (e == OK)
		e = db_end(a->db, session_add_tx(a, s, oldest, idle));
	/* So that what was deleted does not lie about in the log. A reader in the way is
	 * no matter: the next sign-in comes. */
	if (e == OK)
		(void)db_checkpoint(a->db);
	return e;
}

enum err accounts_session(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	struct accounts_session *ret_session, struct account *ret_account)
{
	set_hash(a, SESSION_GET, 1, hash);
	enum err e = first(a, SESSION_GET);
	if (e)
		return e;
	read_account(a, SESSION_GET, ret_account);
	read_session(a, SESSION_GET, AFTER_ACCOUNT, ret_session);
	db_done(a->db, SESSION_GET);
	return OK;
}

static enum err touch(struct accounts *a, enum statement q,
	const uint8_t hash[static ACCOUNTS_HASH], int64_t now)
{
	set_hash(a, q, 1, hash);
	db_set_int(a->db, q, 2, now);
	return change(a, q);
}

enum err accounts_session_seen(
	struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH], int64_t now)
{
	return touch(a, SESSION_SEEN, hash, now);
}

enum err accounts_session_second(
	struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH], int64_t now)
{
	return touch(a, SESSION_SECOND, hash, now);
}

enum err accounts_sessions(struct accounts *a, int64_t account,
	struct accounts_session **ret_sessions, size_t *ret_count)
{
	struct accounts_session *all = NULL;
	size_t count = 0;
	enum err e;
	bool row;
	db_set_int(a->db, SESSION_LIST, 1, account);
	while ((e = db_next(a->db, SESSION_LIST, &row)) == OK && row) {
		all = mem_resize(all, count + 1, sizeof *all);
		read_session(a, SESSION_LIST, 0, &all[count++]);
	}
	if (e) {
		free(all);
		return e;
	}
	*ret_sessions = all;
	*ret_count = count;
	return OK;
}

enum err accounts_session_end(struct accounts *a, int64_t account,
	const uint8_t hash[static ACCOUNTS_HASH], bool *ret_ended)
{
	db_set_int(a->db, SESSION_END, 1, account);
	set_hash(a, SESSION_END, 2, hash);
	return whether(change(a, SESSION_END), ret_ended);
}
