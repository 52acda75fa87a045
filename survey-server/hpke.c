#include "hpke.h"
#include <string.h>

/* RFC 9180, sections 4 and 5.1: the suite's names in the labels. */
static const uint8_t kem_suite[] = { 'K', 'E', 'M', 0x00, 0x20 };
static const uint8_t hpke_suite[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00,
	0x01 };

struct suite {
	const uint8_t *name;
	size_t len;
};

static const struct suite kem = { kem_suite, sizeof kem_suite };
static const struct suite hpke = { hpke_suite, sizeof hpke_suite };

enum { LABELLED = 256 };

static size_t put(uint8_t *out, size_t at, const void *data, size_t len)
{
	memcpy(out + at, data, len);
	return at + len;
}

static size_t put_label(
	uint8_t *out, size_t at, const struct suite *suite, const char *label)
{
	at = put(out, at, "HPKE-v1", 7);
	at = put(out, at, suite->name, suite->len);
	return put(out, at, label, strlen(label));
}

static void labelled_extract(const struct suite *suite, const uint8_t *salt,
	size_t salt_len, const char *label, const void *ikm, size_t ikm_len,
	uint8_t out[static 32])
{
	uint8_t text[LABELLED];
	size_t n = put_label(text, 0, suite, label);
	n = put(text, n, ikm, ikm_len);
	secret_hmac(salt, salt_len, text, n, out);
	secret_wipe(text, sizeof text);
}

static void labelled_expand(const struct suite *suite, const uint8_t prk[static 32],
	const char *label, const void *info, size_t info_len, uint8_t *out,
	size_t out_len)
{
	uint8_t text[LABELLED] = { (uint8_t)(out_len >> 8), (uint8_t)out_len };
	size_t n = put_label(text, 2, suite, label);
	n = put(text, n, info, info_len);
	secret_expand(prk, text, n, out, out_len);
}

struct schedule {
	uint8_t key[16];
	uint8_t nonce[SECRET_NONCE];
};

/* Section 4.1 ExtractAndExpand, then section 5.1 KeySchedule with mode_base. An absent
 * salt is 32 zero bytes to HMAC, which is what an empty one is. */
static struct schedule derive(const uint8_t agreed[static 32],
	const uint8_t enc[static 32], const uint8_t public_key[static 32],
	const void *info, size_t info_len)
{
	static const uint8_t no_salt[32];
	uint8_t prk[32], shared[32], both[64], context[65] = { 0 };
	struct schedule s = { 0 };
	put(both, put(both, 0, enc, 32), public_key, 32);
	labelled_extract(&kem, no_salt, 32, "eae_prk", agreed, 32, prk);
	labelled_expand(&kem, prk, "shared_secret", both, sizeof both, shared, 32);
	labelled_extract(&hpke, no_salt, 32, "psk_id_hash", "", 0, context + 1);
	labelled_extract(&hpke, no_salt, 32, "info_hash", info, info_len, context + 33);
	labelled_extract(&hpke, shared, 32, "secret", "", 0, prk);
	labelled_expand(&hpke, prk, "key", context, sizeof context, s.key, sizeof s.key);
	labelled_expand(&hpke, prk, "base_nonce", context, sizeof context, s.nonce,
		sizeof s.nonce);
	secret_wipe(prk, sizeof prk);
	secret_wipe(shared, sizeof shared);
	return s;
}

enum err hpke_seal(const uint8_t public_key[static 32], const void *info, size_t info_len,
	const void *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t agreed[32];
	enum err e = secret_x25519_ephemeral(public_key, out, agreed);
	if (e)
		return e;
	struct schedule s = derive(agreed, out, public_key, info, info_len);
	secret_seal(s.key, sizeof s.key, s.nonce, aad, aad_len, in, len, out + HPKE_ENC);
	secret_wipe(agreed, sizeof agreed);
	secret_wipe(&s, sizeof s);
	return OK;
}

enum err hpke_open(const struct secret_x25519 *private_key, const void *info,
	size_t info_len, const void *aad, size_t aad_len, const uint8_t *in, size_t len,
	uint8_t *out)
{
	uint8_t agreed[32], public_key[32];
	enum err e = secret_x25519_agree(private_key, in, agreed);
	if (e)
		return e;
	secret_x25519_public(private_key, public_key);
	struct schedule s = derive(agreed, in, public_key, info, info_len);
	e = secret_open(
		s.key, sizeof s.key, s.nonce, aad, aad_len, in + HPKE_ENC, len, out);
	secret_wipe(agreed, sizeof agreed);
	secret_wipe(&s, sizeof s);
	return e;
}
