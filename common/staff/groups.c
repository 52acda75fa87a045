#include "groups.h"
#include "common/conf.h"
#include "common/words.h"
#include "rights.h"
#include <string.h>

struct group {
	const char *section;
	const char *value; /* what the provider calls it */
	unsigned roles;
	const char *administrations, *areas; /* with spaces between; "" is no limit */
	bool refuse;
};

struct groups {
	struct arena *arena;
	struct group *list;
	size_t count;
	unsigned by_administration, by_area, must_limit; /* which roles */
};

struct reading {
	const struct staff_site *site;
	struct groups *groups;
};

static struct group *group_of(struct groups *g, const char *section)
{
	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->list[i].section, section) == 0)
			return &g->list[i];
	g->list = mem_resize(g->list, g->count + 1, sizeof *g->list);
	const char *name = arena_text(g->arena, section, strlen(section));
	g->list[g->count] = (struct group){ name, name, 0, "", "", false };
	return &g->list[g->count++];
}

/* Adds the words that are not there yet; false when they have no room. */
static bool add_words(char scope[static ACCOUNTS_SCOPE], const char *words)
{
	const char *word;
	size_t len;
	while (words_next(&words, &word, &len)) {
		size_t used = strlen(scope);
		if (words_have(scope, word, len))
			continue;
		if (used + (used > 0) + len >= ACCOUNTS_SCOPE)
			return false;
		if (used > 0)
			scope[used++] = ' ';
		memcpy(scope + used, word, len);
		scope[used + len] = '\0';
	}
	return true;
}

static enum err take_codes(
	struct arena *a, const char *list, const char **ret_codes, struct why *why)
{
	char codes[ACCOUNTS_SCOPE];
	if (!accounts_scope(list, codes) || !*codes)
		return err_why(why, ERR_INPUT,
			"\"%s\": write codes of a-z, 0-9 and dash with spaces or commas between",
			list);
	*ret_codes = arena_text(a, codes, strlen(codes));
	return OK;
}

static enum err take_roles(const struct staff_site *site, const char *list,
	unsigned *ret_roles, struct why *why)
{
	*ret_roles = 0;
	for (size_t len; *(list += strspn(list, " ,")); list += len) {
		struct staff_role role;
		len = strcspn(list, " ,");
		if (!rights_role(site, list, len, &role))
			return err_why(why, ERR_INPUT, "%s has no role \"%.*s\"",
				site->program, (int)len, list);
		*ret_roles |= role.bit;
	}
	return *ret_roles ? OK : err_why(why, ERR_INPUT, "role: names none");
}

static enum err take_refuse(const char *value, bool *ret_refuse, struct why *why)
{
	*ret_refuse = strcmp(value, "yes") == 0;
	if (!*ret_refuse && strcmp(value, "no") != 0)
		return err_why(
			why, ERR_INPUT, "refuse: \"%s\" is neither yes nor no", value);
	return OK;
}

static enum err take_line(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	const struct reading *r = context;
	struct arena *a = r->groups->arena;
	if (!*section)
		return err_why(
			why, ERR_INPUT, "\"%s\" stands before the first [group]", key);
	struct group *group = group_of(r->groups, section);
	if (strcmp(key, "role") == 0)
		return take_roles(r->site, value, &group->roles, why);
	if (strcmp(key, "administrations") == 0)
		return take_codes(a, value, &group->administrations, why);
	if (strcmp(key, "areas") == 0)
		return take_codes(a, value, &group->areas, why);
	if (strcmp(key, "refuse") == 0)
		return take_refuse(value, &group->refuse, why);
	if (strcmp(key, "group") != 0)
		return err_why(why, ERR_INPUT,
			"unknown key \"%s\": there are role, administrations, areas, refuse and group",
			key);
	group->value = arena_text(a, value, strlen(value));
	return OK;
}

static const char *rights_fault_of(
	const struct staff_site *site, const struct group *group)
{
	switch (rights_check(site, group->roles, group->administrations, group->areas)) {
	case RIGHTS_FINE:
		return NULL;
	case RIGHTS_NO_ROLE:
		return "there is no role: write role = …, or refuse = yes";
	case RIGHTS_UNLIMITED:
		return "the role is for named administrations: write administrations = …";
	case RIGHTS_NO_ADMINISTRATIONS:
		return "no role here is limited to administrations: remove them";
	case RIGHTS_NO_AREAS:
		return "no role here is limited to areas: remove them";
	}
	return NULL;
}

/* What a group's lines say together. */
static const char *fault_of(const struct reading *r, const struct group *group)
{
	if (!*group->value)
		return "group is empty: write it as the provider does, or leave it out";
	for (const struct group *other = r->groups->list; other < group; other++)
		if (strcmp(other->value, group->value) == 0)
			return "another section is about the same group: make it one";
	if (group->refuse)
		return group->roles ? "role and refuse = yes: remove one" : NULL;
	return rights_fault_of(r->site, group);
}

/* Whoever is in all groups must have room for what they add up to. */
static enum err check(const struct reading *r, const char *file, struct why *why)
{
	const struct groups *g = r->groups;
	char administrations[ACCOUNTS_SCOPE] = "", areas[ACCOUNTS_SCOPE] = "";
	if (g->count == 0)
		return err_why(
			why, ERR_INPUT, "%s: names no group: nobody could sign in", file);
	for (const struct group *group = g->list; group < g->list + g->count; group++) {
		const char *fault = fault_of(r, group);
		if (!fault && (!add_words(administrations, group->administrations) ||
				      !add_words(areas, group->areas)))
			fault = "the administrations or areas of all groups are too many";
		if (fault)
			return err_why(why, ERR_INPUT, "%s: [%s]: %s", file,
				group->section, fault);
	}
	return OK;
}

enum err groups_read(const char *file, const struct staff_site *site,
	struct groups **ret_groups, struct why *why)
{
	struct groups *g = mem_alloc(sizeof *g);
	struct reading r = { site, g };
	struct staff_role role;
	g->arena = arena_create();
	for (size_t n = 0; staff_role_at(site, n, &role); n++) {
		g->by_administration |= role.administrations ? role.bit : 0;
		g->by_area |= role.areas ? role.bit : 0;
		g->must_limit |= role.must_limit ? role.bit : 0;
	}
	enum err e = conf_walk(file, take_line, &r, why);
	if (e == OK)
		e = check(&r, file, why);
	if (e == OK)
		*ret_groups = g;
	else
		groups_destroy(g);
	return e;
}

void groups_destroy(struct groups *g)
{
	if (!g)
		return;
	arena_destroy(g->arena);
	free(g->list);
	free(g);
}

static bool is(const struct json *j, const char *value)
{
	const char *text = json_text(j);
	return text && strcmp(text, value) == 0;
}

static bool is_in(const struct json *claim, const struct group *group)
{
	bool found = is(claim, group->value);
	if (json_is_array(claim))
		for (const struct json *j = json_first(claim); j; j = json_next(j))
			found |= is(j, group->value);
	return found;
}

/* A role that no limit applies to says nothing about the limits of others. */
static void add_up(const struct groups *g, const struct json *claim, struct account *to)
{
	bool all_administrations = false, all_areas = false;
	for (const struct group *group = g->list; group < g->list + g->count; group++) {
		if (!is_in(claim, group))
			continue;
		if (group->roles & g->by_administration) {
			all_administrations |= !*group->administrations;
			(void)add_words(to->administrations, group->administrations);
		}
		if (group->roles & g->by_area) {
			all_areas |= !*group->areas;
			(void)add_words(to->areas, group->areas);
		}
	}
	if (all_administrations && !(to->roles & g->must_limit))
		to->administrations[0] = '\0';
	if (all_areas)
		to->areas[0] = '\0';
}

bool groups_apply(const struct groups *g, const struct json *claim,
	struct account *account, const char **ret_refused)
{
	unsigned roles = 0;
	*ret_refused = NULL;
	account->roles = 0;
	account->administrations[0] = account->areas[0] = '\0';
	for (const struct group *group = g->list; group < g->list + g->count; group++) {
		if (!is_in(claim, group))
			continue;
		if (group->refuse && !*ret_refused)
			*ret_refused = group->section;
		roles |= group->roles;
	}
	if (*ret_refused || !roles)
		return false;
	account->roles = roles;
	add_up(g, claim, account);
	return true;
}
