/* The loop that sends what is planned, each message at most once: a row is committed as
 * sending before any connection is made, and what can't be known to have failed is never
 * tried again. */
#ifndef SMS_GATEWAY_OUTBOX_H
#define SMS_GATEWAY_OUTBOX_H

#include "sms-gateway/config.h"
#include "sms-gateway/loop.h"
#include "sms-gateway/providers/provider.h"
#include "sms-gateway/survey_api.h"

struct outbox;

/* Opens the files, and makes unknown what a crash left as sending. Everything is kept by
 * reference. */
enum err outbox_create(const struct config *c, struct survey_api *api, struct provider *p,
	struct loop *l, struct outbox **ret_outbox, struct why *why);
void outbox_destroy(struct outbox *o);
MEM_AUTO(outbox, struct outbox *, outbox_destroy)
/* Sends until the loop is stopped. */
void outbox_run(struct outbox *o);

#endif
