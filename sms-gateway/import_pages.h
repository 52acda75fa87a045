/* The coordinator's pages of the import: a file is tried, looked at, and taken in. Does
 * what the commands import and groups do, and no more. */
#ifndef SMS_GATEWAY_IMPORT_PAGES_H
#define SMS_GATEWAY_IMPORT_PAGES_H

#include "common/staff/staff.h"
#include "sms-gateway/config.h"

struct import_pages;

/* Keeps the configuration by reference. */
enum err import_pages_create(
	const struct config *c, struct import_pages **ret_pages, struct why *why);
/* Forgets the files that wait. NULL is fine. */
void import_pages_destroy(struct import_pages *p);
/* Forgets files that have waited for too long; from any thread. */
void import_pages_tidy(struct import_pages *p);

/* Handlers; their context is the struct staff, whose pages_imports() there must be. */
http_handler import_pages_form, import_pages_try, import_pages_keep, import_pages_report,
	import_pages_groups;

#endif
