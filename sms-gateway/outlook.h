/* What the disclosure rules will make of a wave's groups, over the frames of all
 * administrations: counts alone, persons of two administrations never meet. */
#ifndef SMS_GATEWAY_OUTLOOK_H
#define SMS_GATEWAY_OUTLOOK_H

#include "sms-gateway/config.h"
#include "sms-gateway/groups.h"

enum { OUTLOOK_PER_CENT = 40 }; /* who answers, when nothing else is said */

/* Breakdowns of all tables, in the arena. */
struct outlook {
	size_t count;
	struct groups_breakdown *breakdowns;
};

/* Adds up what is stored, but for the administration `except` (NULL: none), in whose
 * place groups[table] stand. */
enum err outlook_make(struct arena *a, const struct config *c,
	const struct survey_wave *w, const char *except, const long *const *groups,
	unsigned per_cent, struct outlook *ret_outlook, struct why *why);
/* Adds it as text, in Swedish. */
void outlook_text(const struct outlook *o, unsigned per_cent, struct buf *out);

#endif
