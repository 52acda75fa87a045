/* What is kept, sealed, of a person: the phone number, the name, the unit, and the
 * background that a wave declared. Pure. */
#ifndef SMS_GATEWAY_DETAILS_H
#define SMS_GATEWAY_DETAILS_H

#include "common/buf.h"
#include "common/err.h"
#include "common/invitation.h"

enum { DETAILS_REFUSAL = 32 };

struct details {
	const char *phone; /* E.164, "" when there is none */
	const char *name;
	const char *unit;
	uint16_t values[INVITATION_VARIABLES]; /* as struct background has them */
	/* keyring_refusal_person(): what is remembered if the person says no */
	uint8_t refusal[DETAILS_REFUSAL];
};

/* Adds the bytes, padded so that their length tells nothing. Format: a version byte, the
 * values (two bytes each, big-endian), the refusal, the three texts with a NUL each,
 * zeros. */
void details_pack(const struct details *d, struct buf *out);
/* The texts point into data. ERR_INPUT when it is not that. */
enum err details_unpack(const void *data, size_t len, struct details *ret_details);

#endif
