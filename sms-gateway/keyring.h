/* The gateway's own keys, and what is done with them. A key file per administration and
 * wave opens what is stored about its persons; when it is gone, so are they. A refusal
 * key per administration outlives waves. */
#ifndef SMS_GATEWAY_KEYRING_H
#define SMS_GATEWAY_KEYRING_H

#include "common/buf.h"
#include "common/invitation.h"
#include "common/secret.h"
#include "sms-gateway/details.h"

enum {
	KEYRING_HASH = 32,
	KEYRING_OVERHEAD = SECRET_NONCE + SECRET_TAG, /* bytes that sealing adds */
};

struct keyring_wave {
	uint8_t seal[SECRET_KEY];
	uint8_t person[SECRET_KEY];
	uint8_t phone[SECRET_KEY];
	uint8_t content[SECRET_KEY];
	uint8_t chance[SECRET_KEY];
};

struct keyring_refusal {
	uint8_t key[SECRET_KEY];
};

struct keyring_hash {
	uint8_t bytes[KEYRING_HASH];
};

/* Loads KEYS/ADMINISTRATION.WAVE.key; ERR_NOT_FOUND when there is none. Wiped by the
 * caller. */
enum err keyring_wave_load(const char *keys, const char *administration, const char *wave,
	struct keyring_wave *ret_keys, struct why *why);
/* Keys that nobody has: a dry run before the first import has no file to read. */
void keyring_wave_random(struct keyring_wave *ret_keys);
/* Loads them, and makes the file when it is missing. */
enum err keyring_wave_ensure(const char *keys, const char *administration,
	const char *wave, struct keyring_wave *ret_keys, struct why *why);
enum err keyring_refusal_load(const char *keys, const char *administration,
	struct keyring_refusal *ret_key, struct why *why);
enum err keyring_refusal_ensure(const char *keys, const char *administration,
	struct keyring_refusal *ret_key, struct why *why);

/* Destroys the file, and with it all that was sealed or hashed with it. */
enum err keyring_wave_destroy(
	const char *keys, const char *administration, const char *wave, struct why *why);

struct keyring_hash keyring_person(const struct keyring_wave *k, const char *person);
struct keyring_hash keyring_phone(const struct keyring_wave *k, const char *e164);
/* Of whatever a file said: whether it is the same again. */
struct keyring_hash keyring_content(
	const struct keyring_wave *k, const void *data, size_t len);
/* A number in 0 … bound−1, each equally likely, and for one person always the same: it
 * settles which of several areas the person is asked about. */
uint32_t keyring_chance(const struct keyring_wave *k, const char *person, uint32_t bound);
struct keyring_hash keyring_refusal_person(
	const struct keyring_refusal *k, const char *person);
struct keyring_hash keyring_refusal_phone(
	const struct keyring_refusal *k, const char *e164);

/* Adds nonce, ciphertext and tag. The column and the contact's number are bound to it, so
 * that a value can't be moved to another place. */
void keyring_seal(const struct keyring_wave *k, const char *column, int64_t contact,
	const void *data, size_t len, struct buf *out);
/* Adds what was sealed. ERR_CRYPTO when it is not from there. */
enum err keyring_open(const struct keyring_wave *k, const char *column, int64_t contact,
	const void *sealed, size_t len, struct buf *out);
/* The same with what details_pack() gave. Opened, the texts point into *opened, which is
 * emptied first; ERR_CRYPTO also when what was sealed is no such thing. */
void keyring_seal_details(const struct keyring_wave *k, int64_t contact,
	const struct buf *packed, struct buf *out);
enum err keyring_open_details(const struct keyring_wave *k, int64_t contact,
	const void *sealed, size_t len, struct buf *opened, struct details *ret_details);
/* The same with a one-time code. */
void keyring_seal_code(const struct keyring_wave *k, int64_t contact,
	const struct code *code, struct buf *out);
enum err keyring_open_code(const struct keyring_wave *k, int64_t contact,
	const void *sealed, size_t len, struct code *ret_code);
/* What survey-server knows the invitation with that sealed code by; key is the one that
 * both daemons have. */
enum err keyring_identify(const struct keyring_wave *k,
	const uint8_t key[static SECRET_KEY], int64_t contact, const void *sealed,
	size_t len, struct invitation_id *ret_id);

/* The secret part of the address that delivery reports come to, as 32 hexadecimal digits,
 * from KEYS/webhook.key. */
enum { KEYRING_WEBHOOK_TEXT = 32 };
enum err keyring_webhook(
	const char *keys, char out[static KEYRING_WEBHOOK_TEXT + 1], struct why *why);
enum err keyring_webhook_ensure(const char *keys, bool *ret_made, struct why *why);

#endif
