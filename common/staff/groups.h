/* What the identity provider's groups may do: an INI file, a section a group.
 *
 *     [kontakt-samordnare-farsta]
 *     role = coordinator
 *     administrations = farsta
 *
 *     [lasare]
 *     group = CN=Läsare,OU=Enkät,DC=staden,DC=example
 *     refuse = yes
 *
 * Keys: role (one or more), administrations, areas, refuse, and group: the value exactly
 * as the provider writes it, when it is not the section's name (which has room for 47
 * bytes). Lists have spaces or commas between. Who is in a group with `refuse = yes` gets
 * in by no other: for the groups of the other daemon, since no person should see both who
 * was asked and what was answered. */
#ifndef COMMON_STAFF_GROUPS_H
#define COMMON_STAFF_GROUPS_H

#include "common/json.h"
#include "staff.h"

struct groups;
/* ERR_NOT_FOUND or ERR_INPUT with file, line (or section) and what to do in why. */
enum err groups_read(const char *file, const struct staff_site *site,
	struct groups **ret_groups, struct why *why);
void groups_destroy(struct groups *g); /* NULL is fine */
MEM_AUTO(groups, struct groups *, groups_destroy)
/* Fills roles, administrations and areas of *account from the claim: a text, or an array
 * of texts. Groups that the file does not name count for nothing. Scopes of several
 * groups are added up, and a group without a limit lifts it, if one of its roles can be
 * limited at all; but who has a role that is always limited stays with the
 * administrations that are named. false, and no roles, when no group gives a role or one
 * refuses; *ret_refused is the refusing section's name, or NULL. */
bool groups_apply(const struct groups *g, const struct json *claim,
	struct account *account, const char **ret_refused);

#endif
