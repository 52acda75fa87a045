/* ID tokens: JSON Web Tokens signed by an identity provider (RFC 7515, 7519; OpenID
 * Connect Core 1.0, 3.1.3.7). Pure: the keys and the time are arguments. Only what is
 * expected is accepted; a token has no say in how it is checked. */
#ifndef COMMON_STAFF_JWT_H
#define COMMON_STAFF_JWT_H

#include "common/json.h"
#include "config.h"

struct jwt_expected {
	enum staff_algorithm algorithm;
	const char *issuer;
	const char *client;
	const char *nonce;
	int64_t now;
	int64_t signed_in_after; /* auth_time at the earliest; 0: not looked at */
	/* Words with spaces between, "" for none. Of each list that has words the token
	 * must have one; without any word no token is accepted. */
	const char *acr, *amr;
};

enum {
	JWT_LONGEST = 65536, /* bytes of a token */
	JWT_SUBJECT = 255,   /* bytes of its sub */
	JWT_SKEW = 60,       /* seconds that the provider's clock may differ */
};

/* Checks the token, in compact form, against the provider's key set (a JWK Set, RFC
 * 7517). OK: *ret_claims is the payload, the caller's, with a sub of at most JWT_SUBJECT
 * bytes. ERR_NOT_FOUND: no fitting key of the set has the token's kid. ERR_CRYPTO: the
 * signature. ERR_INPUT: anything else. why says what, without the token's contents. */
enum err jwt_read(const char *token, const struct json *keys,
	const struct jwt_expected *expected, struct json **ret_claims, struct why *why);

#endif
