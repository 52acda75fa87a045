/* Where the staff's things lie, and the keys that come of KEYS/staff.key: 32
 * random bytes, one file a daemon. */
#ifndef COMMON_STAFF_KEYS_H
#define COMMON_STAFF_KEYS_H

#include "common/secret.h"

/* Each for one use: HKDF-SHA-256 of the file, without salt, with info "brukarenkat staff
 * totp" and so on. */
struct staff_keys {
	uint8_t totp[SECRET_KEY];     /* seals second factors */
	uint8_t recovery[SECRET_KEY]; /* hashes recovery codes */
	uint8_t audit[SECRET_KEY];    /* binds the log's lines */
	uint8_t device[SECRET_KEY];   /* proves that a device has signed in before */
	uint8_t csrf[SECRET_KEY];     /* proves that a form is ours */
	uint8_t oidc[SECRET_KEY];     /* seals what waits for the identity provider */
};

/* state and keys are the daemon's folders. */

/* STATE/staff, with accounts.db and audit.log in it; the caller's to free(). */
char *staff_folder(const char *state);
/* Makes folder, key and database when they are missing, and never overwrites; *ret_made
 * tells whether the key was. ERR_CONFLICT when there is a database without its key. */
enum err staff_init(const char *state, const char *keys, bool *ret_made, struct why *why);
/* As secret_key_load(); the caller wipes them. */
enum err staff_keys_load(const char *keys, struct staff_keys *ret_keys, struct why *why);

#endif
