#include "invitation.h"
#include "base32.h"
#include <string.h>

enum { VERSION = 1 };

struct code code_random(void)
{
	struct code c = { 0 };
	secret_random(c.bytes, sizeof c.bytes);
	return c;
}

enum err code_parse(const char *text, struct code *ret_code)
{
	struct code c = { 0 };
	if (!base32_decode(text, c.bytes, sizeof c.bytes))
		return ERR_INPUT;
	*ret_code = c;
	return OK;
}

void code_format(const struct code *c, char out[static INVITATION_CODE_TEXT + 1])
{
	base32_encode(c->bytes, sizeof c->bytes, out);
}

void invitation_derive(const uint8_t key[static SECRET_KEY], const struct code *c,
	struct invitation_id *ret_id, struct invitation_seal *ret_seal)
{
	static const char id[] = "brukarenkat id", seal[] = "brukarenkat seal";
	uint8_t prk[32];
	secret_hmac(key, SECRET_KEY, c->bytes, sizeof c->bytes, prk);
	secret_expand(prk, id, strlen(id), ret_id->bytes, sizeof ret_id->bytes);
	secret_expand(prk, seal, strlen(seal), ret_seal->bytes, sizeof ret_seal->bytes);
	secret_wipe(prk, sizeof prk);
}

void background_encode(
	const struct background *b, uint8_t out[static INVITATION_BACKGROUND])
{
	memset(out, 0, INVITATION_BACKGROUND);
	out[0] = VERSION;
	out[1] = (uint8_t)b->plan;
	out[2] = (uint8_t)(b->stratum >> 8);
	out[3] = (uint8_t)b->stratum;
	for (size_t i = 0; i < INVITATION_VARIABLES; i++) {
		out[4 + 2 * i] = (uint8_t)(b->values[i] >> 8);
		out[5 + 2 * i] = (uint8_t)b->values[i];
	}
}

enum err background_decode(
	const uint8_t in[static INVITATION_BACKGROUND], struct background *ret_background)
{
	if (in[0] != VERSION || (in[1] != PLAN_SMS && in[1] != PLAN_TELEPHONE))
		return ERR_INPUT;
	struct background b = { .plan = (enum plan)in[1],
		.stratum = (uint16_t)(in[2] << 8 | in[3]) };
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		b.values[i] = (uint16_t)(in[4 + 2 * i] << 8 | in[5 + 2 * i]);
	*ret_background = b;
	return OK;
}

static const uint8_t no_nonce[SECRET_NONCE];

/* The wave's name, cut at 32 bytes as no wave's name is longer, and the id. */
static size_t bind_to(
	const char *wave, const struct invitation_id *id, uint8_t out[static 48])
{
	size_t n = strnlen(wave, 32);
	memcpy(out, wave, n);
	memcpy(out + n, id->bytes, sizeof id->bytes);
	return n + sizeof id->bytes;
}

void background_seal(const struct invitation_seal *seal, const char *wave,
	const struct invitation_id *id,
	const uint8_t background[static INVITATION_BACKGROUND],
	uint8_t out[static INVITATION_SEALED])
{
	uint8_t aad[48];
	size_t n = bind_to(wave, id, aad);
	secret_seal(seal->bytes, sizeof seal->bytes, no_nonce, aad, n, background,
		INVITATION_BACKGROUND, out);
}

enum err background_open(const struct invitation_seal *seal, const char *wave,
	const struct invitation_id *id, const uint8_t sealed[static INVITATION_SEALED],
	uint8_t ret_background[static INVITATION_BACKGROUND])
{
	uint8_t aad[48];
	size_t n = bind_to(wave, id, aad);
	return secret_open(seal->bytes, sizeof seal->bytes, no_nonce, aad, n, sealed,
		INVITATION_BACKGROUND, ret_background);
}
