/* Signing in through an identity provider: OpenID Connect Core 1.0, authorization code
 * flow (3.1) with PKCE (RFC 7636, S256). Blocking: call it on a thread of slow.h. What
 * ties the way back to the way out is sealed in a cookie of the browser; nothing is kept
 * here but the configuration and, for ten minutes, the provider's own description. */
#ifndef COMMON_STAFF_OIDC_H
#define COMMON_STAFF_OIDC_H

#include "groups.h"
#include "jwt.h"

struct oidc;
/* ERR_INPUT when something of the configuration is missing or does not fit, an issuer
 * that is not https (nor http on loopback) among it. Reads no file. */
enum err oidc_check(const struct staff_config *c, struct why *why);
/* url: where the site is; the provider sends people back to url/staff/oidc/back.
 * Everything but the key is kept by reference. ERR_INPUT as oidc_check(); ERR_NOT_FOUND
 * and ERR_IO of the secret's file. */
enum err oidc_create(const struct staff_config *c, const char *url,
	const struct groups *groups, const uint8_t key[static SECRET_KEY],
	struct oidc **ret_oidc, struct why *why);
void oidc_destroy(struct oidc *o); /* NULL is fine */
MEM_AUTO(oidc, struct oidc *, oidc_destroy)

enum {
	OIDC_SECONDS = 600, /* to come back */
	OIDC_NEXT = 512,    /* bytes with the NUL */
};

/* The way out: *ret_location is where to send the browser, *ret_cookie what to give it;
 * both are added to empty bufs. next is where on this site to go afterwards. again: the
 * person must show the provider who they are once more, now (prompt=login, max_age=0),
 * and be who `again` is: the account's subject. NULL: not so. ERR_INPUT: next is too
 * long. ERR_IO as below. Any thread. */
enum err oidc_begin(struct oidc *o, int64_t now, const char *next,
	const uint8_t again[ACCOUNTS_HASH], struct buf *ret_location,
	struct buf *ret_cookie, struct why *why);

struct oidc_person {
	uint8_t subject[ACCOUNTS_HASH]; /* SHA-256 of issuer, NUL, sub */
	struct account account; /* name, full, roles and scopes; federated and active */
	char next[OIDC_NEXT];
	bool again; /* asked for by `again` above, and the same subject */
};
/* The way back: code, state, iss (RFC 9207) and error are what the request's query says,
 * NULL what it does not; cookie what oidc_begin() gave (NULL: none came). OK: *ret_person
 * is who it is. ERR_INPUT: refused, why says it for the log (no token, code or name in
 * it). ERR_CONFLICT: the person is known but has no role here, or one that refuses.
 * ERR_IO: the provider could not be reached or did not answer as it should. Any thread.
 */
enum err oidc_end(struct oidc *o, int64_t now, const char *code, const char *state,
	const char *iss, const char *error, const char *cookie,
	struct oidc_person *ret_person, struct why *why);

#endif
