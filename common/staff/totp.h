/* One-time codes from an app: TOTP, RFC 6238, with SHA-1, six digits and steps of 30
 * seconds, as every app has them. Pure but for totp_new(). */
#ifndef COMMON_STAFF_TOTP_H
#define COMMON_STAFF_TOTP_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum { TOTP_SECRET = 20, TOTP_DIGITS = 6, TOTP_STEP = 30 };

void totp_new(uint8_t secret[static TOTP_SECRET]);
/* The code of a step (seconds since 1970 / TOTP_STEP). */
void totp_code(const uint8_t secret[static TOTP_SECRET], int64_t step,
	char out[static TOTP_DIGITS + 1]);
/* Whether the text, spaces left aside, is the code of now's step or of the one before or
 * after, and later than the step `used`; *ret_step is then its step. Looks at all three
 * in the same time. */
bool totp_verify(const uint8_t secret[static TOTP_SECRET], const char *text, int64_t now,
	int64_t used, int64_t *ret_step);
/* The secret in base 32 (RFC 4648), in groups of four for typing. */
void totp_secret_text(const uint8_t secret[static TOTP_SECRET], struct buf *out);
/* Adds otpauth://totp/ISSUER:NAME?secret=…&issuer=…, as apps read it from a QR code:
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
void totp_address(const uint8_t secret[static TOTP_SECRET], const char *issuer,
	const char *name, struct buf *out);

/* Recovery codes: 50 random bits, as ten characters of Crockford's base 32 with a dash.
 */
enum { TOTP_RECOVERY_TEXT = 12, TOTP_RECOVERY_COUNT = 10 };
void totp_recovery_new(char out[static TOTP_RECOVERY_TEXT]);
/* Brings what was typed (any case, dashes, spaces, I L O) to one form: ten characters and
 * a NUL. false when it can't be a recovery code. */
bool totp_recovery_read(const char *text, char out[static 11]);

#endif
