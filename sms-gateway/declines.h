/* Who has said no on the page, and whose link came to somebody else: fetched in bulk, and
 * remembered so that neither is contacted again, in this wave or a later one. */
#ifndef SMS_GATEWAY_DECLINES_H
#define SMS_GATEWAY_DECLINES_H

#include "sms-gateway/register.h"

struct declines {
	struct survey_ids declined;
	struct survey_ids wrong;
};

enum err declines_fetch(struct survey_api *api, const char *wave, struct arena *a,
	struct declines *ret_declines, struct why *why);
/* In one administration: a person who said no is out, and remembered with the number; a
 * number that is somebody else's is never used again. */
enum err declines_keep(const struct register_context *c, struct store *s,
	const char *wave, const struct declines *d, struct why *why);

#endif
