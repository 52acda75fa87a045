/* The staff's pages of sms-gateway: what they are, and who opens them. */
#ifndef SMS_GATEWAY_PAGES_H
#define SMS_GATEWAY_PAGES_H

#include "common/staff/staff_commands.h"
#include "sms-gateway/providers/provider.h"

/* The roles of sms-gateway, one bit each; stored, so never changed. */
enum {
	/* has persons asked, of named administrations */
	ROLE_COORDINATOR = 1 << STAFF_OWN_ROLES,
	ROLE_INTERVIEWER = 1 << (STAFF_OWN_ROLES + 1), /* asks by telephone */
	ROLE_LEADER = 1 << (STAFF_OWN_ROLES + 2),      /* of all administrations */
};

extern const struct staff_site pages_site;

/* What the commands about staff work on. */
struct staff_order pages_order(const struct config *c);

struct pages;
struct import_pages;

const struct config *pages_config(const struct pages *p);
/* The import's part. */
struct import_pages *pages_imports(struct pages *p);
/* Listens on [server] staff. Everything is kept by reference. */
enum err pages_start(const struct config *c, struct provider *p, struct pages **ret_pages,
	struct why *why);
void pages_stop(struct pages *p); /* NULL is fine */

#endif
