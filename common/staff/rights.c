#include "rights.h"
#include <string.h>

bool rights_role(const struct staff_site *site, const char *name, size_t len,
	struct staff_role *ret_role)
{
	for (size_t n = 0; staff_role_at(site, n, ret_role); n++)
		if (strlen(ret_role->name) == len &&
			memcmp(ret_role->name, name, len) == 0)
			return true;
	return false;
}

enum rights_fault rights_check(const struct staff_site *site, unsigned roles,
	const char *administrations, const char *areas)
{
	struct staff_role role;
	bool by_administration = false, by_area = false, must = false;
	for (size_t n = 0; staff_role_at(site, n, &role); n++) {
		if (!(roles & role.bit))
			continue;
		by_administration |= role.administrations;
		by_area |= role.areas;
		must |= role.must_limit;
	}
	if (!(roles & STAFF_ALL_ROLES))
		return RIGHTS_NO_ROLE;
	if (must && !*administrations)
		return RIGHTS_UNLIMITED;
	if (*administrations && !by_administration)
		return RIGHTS_NO_ADMINISTRATIONS;
	return *areas && !by_area ? RIGHTS_NO_AREAS : RIGHTS_FINE;
}

void rights_names(const struct staff_site *site, unsigned roles, struct buf *out)
{
	struct staff_role role;
	const char *before = "";
	for (size_t n = 0; staff_role_at(site, n, &role); n++) {
		if (!(roles & role.bit))
			continue;
		buf_format(out, "%s%s", before, role.name);
		before = ",";
	}
}

static void add_codes(struct buf *out, const char *what, const char *codes)
{
	if (!*codes)
		return;
	buf_format(out, " %s ", what);
	for (; *codes; codes++)
		buf_add(out, *codes == ' ' ? "," : codes, 1);
}

void rights_describe(
	const struct staff_site *site, const struct account *a, struct buf *out)
{
	buf_format(out, "account %s roles ", a->name);
	rights_names(site, a->roles, out);
	add_codes(out, "administrations", a->administrations);
	add_codes(out, "areas", a->areas);
}
