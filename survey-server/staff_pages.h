/* The staff's pages of survey-server: what they are, and who opens them. */
#ifndef SURVEY_STAFF_PAGES_H
#define SURVEY_STAFF_PAGES_H

#include "common/staff/staff.h"
#include "config.h"

/* The roles of survey-server, one bit each; stored, so never changed. */
enum {
	ROLE_WAVES = 1 << STAFF_OWN_ROLES,        /* sets waves up and has them counted */
	ROLE_READER = 1 << (STAFF_OWN_ROLES + 1), /* reads results before publication */
	ROLE_PUBLISHER = 1 << (STAFF_OWN_ROLES + 2), /* publishes them */
};

extern const struct staff_site staff_pages_site;

struct staff_pages;

/* Listens on [server] staff. Everything is kept by reference. */
enum err staff_pages_start(
	const struct config *config, struct staff_pages **ret_pages, struct why *why);
void staff_pages_stop(struct staff_pages *p); /* NULL is fine */

#endif
