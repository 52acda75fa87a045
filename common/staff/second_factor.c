#include "common/clock.h"
#include "inside.h"
#include <stdio.h>
#include <string.h>

/* A sealed secret can't be moved to another account. */
static size_t bind(int64_t account, char out[static 32])
{
	return (size_t)snprintf(out, 32, "totp %lld", (long long)account);
}

void second_factor_seal(const struct staff *s, int64_t account,
	const uint8_t secret[static TOTP_SECRET], uint8_t out[static ACCOUNTS_TOTP])
{
	char aad[32];
	size_t len = bind(account, aad);
	secret_random(out, SECRET_NONCE);
	secret_seal(s->keys.totp, sizeof s->keys.totp, out, aad, len, secret, TOTP_SECRET,
		out + SECRET_NONCE);
}

enum err second_factor_open(const struct staff *s, int64_t account,
	const uint8_t sealed[static ACCOUNTS_TOTP], uint8_t out[static TOTP_SECRET])
{
	char aad[32];
	size_t len = bind(account, aad);
	return secret_open(s->keys.totp, sizeof s->keys.totp, sealed, aad, len,
		sealed + SECRET_NONCE, TOTP_SECRET, out);
}

static void hash_recovery(
	const struct staff *s, const char *code, uint8_t out[static ACCOUNTS_HASH])
{
	secret_hmac(s->keys.recovery, sizeof s->keys.recovery, code, strlen(code), out);
}

void second_factor_recovery(const struct staff *s,
	char codes[static TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT],
	uint8_t hashes[static TOTP_RECOVERY_COUNT][ACCOUNTS_HASH])
{
	char read[11];
	for (size_t i = 0; i < TOTP_RECOVERY_COUNT; i++) {
		totp_recovery_new(codes[i]);
		(void)totp_recovery_read(codes[i], read);
		hash_recovery(s, read, hashes[i]);
	}
	secret_wipe(read, sizeof read);
}

enum err second_factor_use(struct staff *s, int64_t account,
	const struct accounts_secrets *secrets, const char *typed, int64_t now,
	bool *ret_right)
{
	uint8_t secret[TOTP_SECRET];
	uint8_t hash[ACCOUNTS_HASH];
	char recovery[11];
	int64_t step;
	enum err e = second_factor_open(s, account, secrets->totp, secret);
	if (e != OK)
		return e;
	bool matches = totp_verify(secret, typed, now, secrets->step, &step);
	secret_wipe(secret, sizeof secret);
	*ret_right = false;
	if (matches)
		return accounts_spend_step(s->accounts, account, step, ret_right);
	if (!totp_recovery_read(typed, recovery))
		return OK;
	hash_recovery(s, recovery, hash);
	secret_wipe(recovery, sizeof recovery);
	return accounts_spend_recovery(s->accounts, account, hash, ret_right);
}
