/* A ballot: what one person answered, with the background variables and nothing else. Its
 * length never depends on what is in it. */
#ifndef SURVEY_BALLOT_H
#define SURVEY_BALLOT_H

#include "common/invitation.h"
#include "hpke.h"

enum {
	BALLOT_QUESTIONS = 11, /* SKR's six and at most five of the city's own */
	BALLOT_PLAIN = 48, /* background 32, version, channel, answers 11, helped, 0 0 */
	BALLOT_SEALED = BALLOT_PLAIN + HPKE_ADDS,
};

/* How the answer came in; the numbers are stored, never reuse one. */
enum channel {
	CHANNEL_WEB = 1,
};

/* Who answered; the numbers are stored. It lies sealed with the answers, and a count
 * keeps nothing but the city's totals of it. */
enum helped {
	HELPED_UNSAID = 0,
	HELPED_SELF = 1,
	HELPED_RELATIVE = 2,
	HELPED_STAFF = 3,
	HELPED_INTERPRETER = 4,
	HELPED_COUNT
};

struct ballot {
	uint8_t background[INVITATION_BACKGROUND];
	enum channel channel;
	uint8_t answers[BALLOT_QUESTIONS]; /* option code, 0: not answered */
	enum helped helped;
};

void ballot_encode(const struct ballot *b, uint8_t out[static BALLOT_PLAIN]);
/* ERR_INPUT when it is no ballot of this version. */
enum err ballot_decode(const uint8_t in[static BALLOT_PLAIN], struct ballot *ret_ballot);
/* Seals to the wave's public key, with the wave's name as associated data. */
enum err ballot_seal(const uint8_t public_key[static 32], const char *wave,
	const struct ballot *b, uint8_t ret_sealed[static BALLOT_SEALED]);
/* ERR_CRYPTO when it was changed or belongs to another wave, ERR_INPUT as ballot_decode.
 */
enum err ballot_open(const struct secret_x25519 *private_key, const char *wave,
	const uint8_t sealed[static BALLOT_SEALED], struct ballot *ret_ballot);

#endif
