/* The webhooks: what a provider tells of a message after it was handed over. */
#ifndef SMS_GATEWAY_RECEIPTS_H
#define SMS_GATEWAY_RECEIPTS_H

#include "common/http.h"
#include "sms-gateway/providers/provider.h"

struct receipts;

/* Listens on [server] webhooks. POST /PROVIDER/SECRET/REF: 204 with an empty body when
 * the report was taken, or the ref is nobody's; 403 for another secret; 400 when it is no
 * report. Everything is kept by reference. */
enum err receipts_start(const struct config *c, const struct provider *p,
	const char *secret, struct receipts **ret_receipts, struct why *why);
void receipts_stop(struct receipts *r);
MEM_AUTO(receipts, struct receipts *, receipts_stop)

#endif
