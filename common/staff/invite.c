#include "invite.h"
#include "staff.h"
#include <string.h>

enum { TOKEN = 32, TOKEN_TEXT = 44 };

enum err invite_make(struct accounts *a, const char *url, int64_t account, int64_t now,
	struct buf *ret_link)
{
	uint8_t token[TOKEN], hash[ACCOUNTS_HASH];
	char text[TOKEN_TEXT];
	secret_random(token, sizeof token);
	secret_base64url(token, sizeof token, text);
	secret_sha256(text, strlen(text), hash);
	enum err e = accounts_invite(a, account, hash, now + STAFF_INVITED_SECONDS);
	if (e == OK)
		buf_format(ret_link, "%s/staff/welcome/%s", url, text);
	secret_wipe(token, sizeof token);
	secret_wipe(text, sizeof text);
	return e;
}
