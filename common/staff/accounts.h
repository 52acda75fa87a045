/* The staff's accounts and sessions: a database of its own, FOLDER/accounts.db, and all
 * SQL about it. Nothing here knows passwords, tokens or codes: it is given hashes and
 * sealed secrets. Every function that changes something is one transaction, on disk when
 * it returns OK. What does not fit or is not well-formed is ERR_INPUT. A struct accounts
 * belongs to one thread; several processes may have one. */
#ifndef COMMON_STAFF_ACCOUNTS_H
#define COMMON_STAFF_ACCOUNTS_H

#include "common/db.h"
#include "password.h"

enum {
	ACCOUNTS_NAME = 65, /* bytes with the NUL, as all of these */
	ACCOUNTS_FULL = 129,
	ACCOUNTS_SCOPE = 1025,
	ACCOUNTS_HASH = 32,
	ACCOUNTS_TOTP = 48, /* a sealed secret: nonce, 20 bytes, tag */
	ACCOUNTS_AGENT = 65,
};

struct account {
	int64_t id;               /* never used again for another */
	char name[ACCOUNTS_NAME]; /* a–z 0–9 . - _ @ */
	char full[ACCOUNTS_FULL]; /* "Anna Ek" */
	unsigned roles;           /* a bit each: see staff.h */
	/* Codes with spaces between; "" is all there are. */
	char administrations[ACCOUNTS_SCOPE];
	char areas[ACCOUNTS_SCOPE];
	bool federated; /* signs in through the identity provider; has no password here */
	bool active;    /* has a password and a second factor, or is federated */
	bool must_change; /* the password, before anything else */
	int64_t made;
	int64_t signed_in; /* last; 0: never */
	int64_t invited; /* until when the invitation may be used, also one that is over;
			    0: none */
	int recovery_left; /* unused recovery codes */
};

struct accounts;
/* The folder must be there. */
enum err accounts_open(
	const char *folder, struct accounts **ret_accounts, struct why *why);
void accounts_close(struct accounts *a); /* NULL is fine */
MEM_AUTO(accounts, struct accounts *, accounts_close)
const char *accounts_error(const struct accounts *a);

/* Whether the text can be a name: 1 to 64 of a–z 0–9 . - _ @, the first a letter or
 * digit. */
bool accounts_is_name(const char *name);
/* The same for a full name: UTF-8 without control characters, or nothing. */
bool accounts_is_full(const char *full);
/* Brings administrations or areas as people write them, codes of a–z 0–9 - with spaces or
 * commas between, to the form they have in a struct account. false when it can't. */
bool accounts_scope(const char *text, char out[static ACCOUNTS_SCOPE]);

/* ERR_NOT_FOUND. */
enum err accounts_find(struct accounts *a, const char *name, struct account *ret_account);
enum err accounts_get(struct accounts *a, int64_t id, struct account *ret_account);
/* All, by name; the array is the caller's to free(). */
enum err accounts_all(
	struct accounts *a, struct account **ret_accounts, size_t *ret_count);
/* Takes name, full, roles, administrations, areas and made; ERR_CONFLICT when the name is
 * taken. */
enum err accounts_add(struct accounts *a, const struct account *new, int64_t *ret_id);
/* Sets full, roles, administrations and areas of the account with that id.
 * ERR_NOT_FOUND. */
enum err accounts_set(struct accounts *a, const struct account *to);
/* With its sessions, invitation and recovery codes. ERR_NOT_FOUND. */
enum err accounts_remove(struct accounts *a, int64_t id);
/* The next thing its owner does must be to choose another password. ERR_NOT_FOUND when
 * the account has none. */
enum err accounts_must_change(struct accounts *a, int64_t id);

/* Invitations. A new one takes the account's password, second factor, recovery codes,
 * sessions and earlier invitation away. hash is SHA-256 of the link's token.
 * ERR_NOT_FOUND when there is no such account or it is federated. */
enum err accounts_invite(struct accounts *a, int64_t id,
	const uint8_t hash[static ACCOUNTS_HASH], int64_t until);
struct accounts_invitation {
	int64_t account;
	bool begun;                   /* password and secret below are there */
	char password[PASSWORD_HASH]; /* chosen, not yet in force */
	uint8_t totp[ACCOUNTS_TOTP];
};
/* ERR_NOT_FOUND when there is none, or until <= now. */
enum err accounts_invitation(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	int64_t now, struct accounts_invitation *ret_invitation);
/* Keeps what was chosen until the second factor has been shown to work. ERR_NOT_FOUND
 * when the invitation has been used meanwhile. */
enum err accounts_invitation_begin(struct accounts *a,
	const uint8_t hash[static ACCOUNTS_HASH], const char *password,
	const uint8_t totp[static ACCOUNTS_TOTP]);
/* The account is active from here on; the invitation is gone. step is that of the code
 * that was shown. ERR_NOT_FOUND when it has been used meanwhile, or was not begun. */
enum err accounts_enrol(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	int64_t step, const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count);

/* Signing in. */
struct accounts_secrets {
	char password[PASSWORD_HASH];
	uint8_t totp[ACCOUNTS_TOTP];
	int64_t step; /* of the last code that was used */
};
/* ERR_NOT_FOUND when the account is not active or is federated. */
enum err accounts_secrets(
	struct accounts *a, int64_t id, struct accounts_secrets *ret_secrets);
/* Uses the step up: *ret_spent is false when it, or a later one, was used before. */
enum err accounts_spend_step(
	struct accounts *a, int64_t id, int64_t step, bool *ret_spent);
/* Uses a recovery code up: *ret_spent is false when the account has no such code left. */
enum err accounts_spend_recovery(struct accounts *a, int64_t id,
	const uint8_t hash[static ACCOUNTS_HASH], bool *ret_spent);
/* Replaces the recovery codes. ERR_NOT_FOUND as for accounts_secrets(). */
enum err accounts_recovery(struct accounts *a, int64_t id,
	const uint8_t (*recovery)[ACCOUNTS_HASH], size_t count);
/* Replaces the password and ends the account's sessions but the one of that hash (NULL:
 * all); it need not be changed any more. ERR_NOT_FOUND as for accounts_secrets(). */
enum err accounts_password(
	struct accounts *a, int64_t id, const char *password, const uint8_t *but);
/* A federated account, found by SHA-256 of issuer, NUL, subject: made or brought up to
 * date, roles and scopes too; as->made counts when it is made. ERR_CONFLICT when the name
 * is another account's. */
enum err accounts_federate(struct accounts *a,
	const uint8_t subject[static ACCOUNTS_HASH], const struct account *as,
	int64_t *ret_id);

/* The subject of a federated account; ERR_NOT_FOUND for others. */
enum err accounts_subject(
	struct accounts *a, int64_t id, uint8_t ret_subject[static ACCOUNTS_HASH]);

/* Sessions, by SHA-256 of their token. */
struct accounts_session {
	uint8_t hash[ACCOUNTS_HASH];
	int64_t account;
	int64_t made;
	int64_t seen;
	int64_t second;             /* when the second factor was last shown */
	char agent[ACCOUNTS_AGENT]; /* "Firefox, Linux" */
};
/* Adds it, notes the sign-in, and deletes sessions that were made before `oldest` or seen
 * before `idle`. ERR_NOT_FOUND when the account is not active (any more). */
enum err accounts_session_add(struct accounts *a, const struct accounts_session *s,
	int64_t oldest, int64_t idle);
/* With its account, in one read. ERR_NOT_FOUND. */
enum err accounts_session(struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH],
	struct accounts_session *ret_session, struct account *ret_account);
/* ERR_NOT_FOUND when the session has ended meanwhile. */
enum err accounts_session_seen(
	struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH], int64_t now);
enum err accounts_session_second(
	struct accounts *a, const uint8_t hash[static ACCOUNTS_HASH], int64_t now);
/* Those of the account, newest first; the array is the caller's to free(). */
enum err accounts_sessions(struct accounts *a, int64_t account,
	struct accounts_session **ret_sessions, size_t *ret_count);
/* *ret_ended is false when the account has no such session. */
enum err accounts_session_end(struct accounts *a, int64_t account,
	const uint8_t hash[static ACCOUNTS_HASH], bool *ret_ended);

#endif
