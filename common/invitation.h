/* What the two daemons must agree on to the byte: the one-time code, what is derived from
 * it, and the sealed background. sms-gateway makes them, survey-server opens them. */
#ifndef COMMON_INVITATION_H
#define COMMON_INVITATION_H

#include "err.h"
#include "secret.h"
#include <stdint.h>

enum {
	INVITATION_CODE = 10,      /* bytes: 80 random bits */
	INVITATION_CODE_TEXT = 16, /* characters of Crockford base 32 */
	INVITATION_ID = 16,
	INVITATION_VARIABLES = 13,
	INVITATION_BACKGROUND = 32, /* encoded */
	INVITATION_SEALED = INVITATION_BACKGROUND + SECRET_TAG,
};

struct code {
	uint8_t bytes[INVITATION_CODE];
};

struct invitation_id {
	uint8_t bytes[INVITATION_ID];
};

struct invitation_seal {
	uint8_t bytes[16];
};

enum { BACKGROUND_MISSING = 0xffff };

/* Which way a person was meant to be reached; the numbers are stored, never reuse one. */
enum plan {
	PLAN_SMS = 1,
	PLAN_TELEPHONE = 2,
};

/* Background variables of one person, in the order in which the wave declared them, each
 * as the index of its value in the wave's value set; BACKGROUND_MISSING where not known.
 * Encoded: version, plan, stratum (two bytes), variables (two bytes each), zeros; all
 * numbers big-endian. */
struct background {
	enum plan plan;
	uint16_t stratum; /* index of the sampling stratum within the administration and
			     wave */
	uint16_t values[INVITATION_VARIABLES];
};

struct code code_random(void);
/* Forgiving, as base32.h says. ERR_INPUT when it is not a code. */
enum err code_parse(const char *text, struct code *ret_code);
void code_format(const struct code *c, char out[static INVITATION_CODE_TEXT + 1]);

/* HKDF-SHA-256 of the code's 10 bytes, salt = invitation.key, info "brukarenkat id" and
 * "brukarenkat seal". */
void invitation_derive(const uint8_t key[static SECRET_KEY], const struct code *c,
	struct invitation_id *ret_id, struct invitation_seal *ret_seal);

void background_encode(
	const struct background *b, uint8_t out[static INVITATION_BACKGROUND]);
enum err background_decode(const uint8_t in[static INVITATION_BACKGROUND],
	struct background *ret_background);
/* AES-128-GCM with the seal key, nonce zero, the wave's name and the id as associated
 * data. A code is sealed once: a changed background gets a new code, or the nonce would
 * be used twice. */
void background_seal(const struct invitation_seal *seal, const char *wave,
	const struct invitation_id *id,
	const uint8_t background[static INVITATION_BACKGROUND],
	uint8_t out[static INVITATION_SEALED]);
enum err background_open(const struct invitation_seal *seal, const char *wave,
	const struct invitation_id *id, const uint8_t sealed[static INVITATION_SEALED],
	uint8_t ret_background[static INVITATION_BACKGROUND]);

#endif
