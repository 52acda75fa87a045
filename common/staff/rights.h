/* What an account may do: the rules for roles and their limits. */
#ifndef COMMON_STAFF_RIGHTS_H
#define COMMON_STAFF_RIGHTS_H

#include "staff.h"

/* The site's role of that name. */
bool rights_role(const struct staff_site *site, const char *name, size_t len,
	struct staff_role *ret_role);

enum rights_fault {
	RIGHTS_FINE,
	RIGHTS_NO_ROLE,
	RIGHTS_UNLIMITED, /* a role that is held for named administrations only */
	RIGHTS_NO_ADMINISTRATIONS, /* a limit to administrations that no role has */
	RIGHTS_NO_AREAS,
};
/* Whether roles, administrations and areas go together. */
enum rights_fault rights_check(const struct staff_site *site, unsigned roles,
	const char *administrations, const char *areas);

/* Adds the roles' names, with commas between. */
void rights_names(const struct staff_site *site, unsigned roles, struct buf *out);
/* Adds what the log says of an account: "account anna roles coordinator,auditor
 * administrations farsta,bromma". */
void rights_describe(
	const struct staff_site *site, const struct account *a, struct buf *out);

#endif
