/* Erasure of a wave's persons, when it is counted and the days that the city has set are
 * over: rows deleted, the file rewritten, the log emptied, the key destroyed; the
 * decision and the numbers stay. */
#ifndef SMS_GATEWAY_ERASURE_H
#define SMS_GATEWAY_ERASURE_H

#include "sms-gateway/config.h"
#include "sms-gateway/store.h"
#include "sms-gateway/survey_api.h"

/* Erases what is due in one administration, and goes on with what a crash, or a reader in
 * the way, has left half done. *ret_left is how much is to be tried again. ERR_IO and
 * others with the reason in why. */
enum err erasure_due(const struct config *c, struct store *s,
	const struct survey_waves *waves, day today, size_t *ret_left, struct why *why);

#endif
