/* Invitations: the link that makes an account its owner's. */
#ifndef COMMON_STAFF_INVITE_H
#define COMMON_STAFF_INVITE_H

#include "accounts.h"
#include "common/buf.h"

/* Invites the account, as accounts_invite() does, for STAFF_INVITED_SECONDS from now, and
 * adds the link, url/staff/welcome/TOKEN, to the buf. The token, 32 random bytes in
 * base64url, is known nowhere else: what is kept is SHA-256 of its text. */
enum err invite_make(struct accounts *a, const char *url, int64_t account, int64_t now,
	struct buf *ret_link);

#endif
