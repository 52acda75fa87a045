/* The staff's pages. There is no login yet, so they are on loopback only and show no
 * person. */
#ifndef SMS_GATEWAY_PAGES_H
#define SMS_GATEWAY_PAGES_H

#include "common/http.h"
#include "sms-gateway/providers/provider.h"

struct pages;

/* Listens on [server] staff. Everything is kept by reference. */
enum err pages_start(const struct config *c, struct provider *p, struct pages **ret_pages,
	struct why *why);
void pages_stop(struct pages *p);
MEM_AUTO(pages, struct pages *, pages_stop)

#endif
