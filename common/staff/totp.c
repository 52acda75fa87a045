#include "totp.h"
#include "common/base32.h"
#include "common/form.h"
#include "common/secret.h"
#include <stdio.h>
#include <string.h>

enum { BASE32 = TOTP_SECRET * 8 / 5, HALF = 5 };

void totp_new(uint8_t secret[static TOTP_SECRET])
{
	secret_random(secret, TOTP_SECRET);
}

void totp_code(const uint8_t secret[static TOTP_SECRET], int64_t step,
	char out[static TOTP_DIGITS + 1])
{
	uint8_t counter[8], mac[20];
	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	secret_hmac_sha1(secret, TOTP_SECRET, counter, sizeof counter, mac);
	/* RFC 4226, 5.3: 31 bits, from where the last four say. */
	const uint8_t *p = mac + (mac[19] & 15);
	uint32_t bits = (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 |
			(uint32_t)p[2] << 8 | p[3];
	(void)snprintf(out, TOTP_DIGITS + 1, "%06u", (unsigned)(bits % 1000000));
	secret_wipe(mac, sizeof mac);
}

static bool read_code(const char *text, char out[static TOTP_DIGITS + 1])
{
	size_t count = 0;
	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (*text < '0' || *text > '9' || count == TOTP_DIGITS)
			return false;
		out[count++] = *text;
	}
	return count == TOTP_DIGITS;
}

bool totp_verify(const uint8_t secret[static TOTP_SECRET], const char *text, int64_t now,
	int64_t used, int64_t *ret_step)
{
	char typed[TOTP_DIGITS + 1], code[TOTP_DIGITS + 1];
	int64_t step = 0;
	bool right = false;
	if (!read_code(text, typed))
		return false;
	for (int64_t i = now / TOTP_STEP - 1; i <= now / TOTP_STEP + 1; i++) {
		totp_code(secret, i, code);
		bool same = secret_equal(code, typed, TOTP_DIGITS) & (i > used);
		step = same ? i : step;
		right |= same;
	}
	secret_wipe(code, sizeof code);
	if (right)
		*ret_step = step;
	return right;
}

/* RFC 4648's alphabet has the values of Crockford's in the same order. */
static void base32_of(
	const uint8_t secret[static TOTP_SECRET], char out[static BASE32 + 1])
{
	base32_encode(secret, TOTP_SECRET, out);
	for (size_t i = 0; i < BASE32; i++)
		out[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[base32_value(out[i])];
}

void totp_secret_text(const uint8_t secret[static TOTP_SECRET], struct buf *out)
{
	char text[BASE32 + 1];
	base32_of(secret, text);
	for (size_t i = 0; i < BASE32; i += 4) {
		buf_text(out, i ? " " : "");
		buf_add(out, text + i, 4);
	}
	secret_wipe(text, sizeof text);
}

void totp_address(const uint8_t secret[static TOTP_SECRET], const char *issuer,
	const char *name, struct buf *out)
{
	char text[BASE32 + 1];
	base32_of(secret, text);
	buf_text(out, "otpauth://totp/");
	form_encode(out, issuer);
	buf_text(out, ":");
	form_encode(out, name);
	buf_text(out, "?secret=");
	buf_text(out, text);
	buf_text(out, "&issuer=");
	form_encode(out, issuer);
	secret_wipe(text, sizeof text);
}

void totp_recovery_new(char out[static TOTP_RECOVERY_TEXT])
{
	uint8_t bits[7];
	char text[13];
	secret_random(bits, sizeof bits);
	base32_encode(bits, sizeof bits, text);
	(void)snprintf(
		out, TOTP_RECOVERY_TEXT, "%.*s-%.*s", HALF, text, HALF, text + HALF);
	secret_wipe(bits, sizeof bits);
	secret_wipe(text, sizeof text);
}

bool totp_recovery_read(const char *text, char out[static 11])
{
	size_t count = 0;
	for (; *text; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		int value = base32_value(*text);
		if (value < 0 || count == 2 * HALF)
			return false;
		/* The value's own character is the first of a byte that begins with it.
		 */
		uint8_t byte = (uint8_t)(value << 3);
		char pair[3];
		base32_encode(&byte, 1, pair);
		out[count++] = pair[0];
	}
	out[count] = '\0';
	return count == 2 * HALF;
}
