/* Growing delays for those who fail to sign in. Nobody is ever locked out: a delay
 * belongs to an account as tried from one place, or to a place, or to a device that has
 * signed in before; failures from elsewhere do not count against it. In memory only, with
 * keyed hashes. Not for threads to share. Pure but for its memory: time is an argument.
 */
#ifndef COMMON_STAFF_THROTTLE_H
#define COMMON_STAFF_THROTTLE_H

#include "common/mem.h"
#include <stdint.h>

enum {
	THROTTLE_FREE = 3, /* failures of an account from a place before it waits */
	THROTTLE_PLACE_FREE = 20, /* failures from a place, whatever the accounts */
	THROTTLE_MOST_MS = 60000,
	THROTTLE_FORGET_MS = 3600000, /* after the last failure */
};

struct throttle;
struct throttle *throttle_create(void);
void throttle_destroy(struct throttle *t); /* NULL is fine */
MEM_AUTO(throttle, struct throttle *, throttle_destroy)

/* Where a try comes from. */
struct throttle_try {
	const char *name;    /* as typed, lower case; also one that nobody has */
	const char *address; /* of the client */
	const char
		*device; /* proof that this device signed in to this account before; NULL:
			    none. With it, only this device's own failures count. */
};

/* How long to wait before this try may be made, in milliseconds; 0: now. ticks as in
 * clock_ticks(). The wait after failure n is 0 until the free ones are used, then 1 s,
 * doubled each time up to THROTTLE_MOST_MS, from the last failure on. */
int64_t throttle_wait(struct throttle *t, const struct throttle_try *y, int64_t ticks);
/* Counts a try as failed; call it before the password is looked at, so that tries side by
 * side count too. */
void throttle_failed(struct throttle *t, const struct throttle_try *y, int64_t ticks);
/* Takes the account's failures from this place or device back, and one of the place's. */
void throttle_passed(struct throttle *t, const struct throttle_try *y);

#endif
