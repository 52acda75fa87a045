#include "ballot.h"
#include <string.h>

enum {
	VERSION = 1,
	AT_VERSION = INVITATION_BACKGROUND,
	AT_CHANNEL,
	AT_ANSWERS,
	AT_HELPED = AT_ANSWERS + BALLOT_QUESTIONS,
};

static const char info[] = "brukarenkat ballot";

void ballot_encode(const struct ballot *b, uint8_t out[static BALLOT_PLAIN])
{
	memset(out, 0, BALLOT_PLAIN);
	memcpy(out, b->background, sizeof b->background);
	out[AT_VERSION] = VERSION;
	out[AT_CHANNEL] = (uint8_t)b->channel;
	memcpy(out + AT_ANSWERS, b->answers, sizeof b->answers);
	out[AT_HELPED] = (uint8_t)b->helped;
}

enum err ballot_decode(const uint8_t in[static BALLOT_PLAIN], struct ballot *ret_ballot)
{
	if (in[AT_VERSION] != VERSION || in[AT_CHANNEL] != CHANNEL_WEB ||
		in[AT_HELPED] >= HELPED_COUNT)
		return ERR_INPUT;
	struct ballot b = { .channel = (enum channel)in[AT_CHANNEL],
		.helped = (enum helped)in[AT_HELPED] };
	memcpy(b.background, in, sizeof b.background);
	memcpy(b.answers, in + AT_ANSWERS, sizeof b.answers);
	*ret_ballot = b;
	return OK;
}

enum err ballot_seal(const uint8_t public_key[static 32], const char *wave,
	const struct ballot *b, uint8_t ret_sealed[static BALLOT_SEALED])
{
	uint8_t plain[BALLOT_PLAIN];
	ballot_encode(b, plain);
	enum err e = hpke_seal(public_key, info, strlen(info), wave, strlen(wave), plain,
		sizeof plain, ret_sealed);
	secret_wipe(plain, sizeof plain);
	return e;
}

enum err ballot_open(const struct secret_x25519 *private_key, const char *wave,
	const uint8_t sealed[static BALLOT_SEALED], struct ballot *ret_ballot)
{
	uint8_t plain[BALLOT_PLAIN];
	enum err e = hpke_open(private_key, info, strlen(info), wave, strlen(wave),
		sealed, sizeof plain, plain);
	if (e == OK)
		e = ballot_decode(plain, ret_ballot);
	secret_wipe(plain, sizeof plain);
	return e;
}
