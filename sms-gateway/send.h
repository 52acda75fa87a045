/* The command `send`: plans messages, which the serving gateway then sends. */
#ifndef SMS_GATEWAY_SEND_H
#define SMS_GATEWAY_SEND_H

#include "sms-gateway/config.h"
#include <stdbool.h>

struct send_order {
	const char *wave;
	bool reminder;
	bool dry_run; /* show what would be sent and when it would be done, keep nothing
		       */
};

/* Plans an invitation, or a reminder to those who were sent one and have not answered, to
 * everyone in the wave in all administrations; never twice the same to the same person.
 * The program's exit status. */
int send_run(const struct config *c, const struct send_order *order);

#endif
