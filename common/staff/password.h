/* Passwords of the staff, kept as scrypt hashes (RFC 7914, N = 2^17, r = 8, p = 1: about
 * half a second and 128 MiB each). Hash on a thread of slow.h only. */
#ifndef COMMON_STAFF_PASSWORD_H
#define COMMON_STAFF_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PASSWORD_LEAST = 12,  /* characters */
	PASSWORD_MOST = 1024, /* bytes */
	PASSWORD_HASH = 128,  /* bytes of a hash as text, with its NUL */
};

enum password_fault {
	PASSWORD_FINE,
	PASSWORD_SHORT,
	PASSWORD_LONG,
	PASSWORD_NAMED, /* holds the account's name, if that has four characters */
	PASSWORD_PLAIN, /* fewer than five different characters */
};

/* Whether it may be chosen. UTF-8, compared and counted in normal form NFC. */
enum password_fault password_check(const char *password, const char *name);
/* Makes "scrypt$17$8$1$SALT$HASH" (base 64) of the password in normal form NFC (RFC 8265,
 * OpaqueString), so that å is one and the same from every keyboard. */
void password_hash(const char *password, char out[static PASSWORD_HASH]);
/* Takes as long for a hash of NULL as for any other, and is then false; so is it for a
 * password over PASSWORD_MOST and for a hash that can't be read. */
bool password_verify(const char *password, const char *hash);

#endif
