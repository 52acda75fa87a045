#include "sms-gateway/roster_inside.h"
#include <string.h>

const struct roster_column_name roster_columns[ROSTER_COLUMNS] = {
	[ROSTER_PERSON] = { "personid", "person_id", true },
	[ROSTER_PHONE] = { "telefon", "telefon", true },
	[ROSTER_AREA] = { "verksamhetsomrade", "verksamhetsområde", true },
	[ROSTER_NAME] = { "namn", "namn", false },
	[ROSTER_LANGUAGE] = { "sprak", "språk", false },
	[ROSTER_UNIT] = { "enhet", "enhet", false },
	[ROSTER_MEASURE] = { "insats", "insats", false },
	[ROSTER_AGE] = { "alder", "ålder", false },
	[ROSTER_SEX] = { "juridisktkon", "juridiskt_kön", false },
	[ROSTER_FROM] = { "beslutfran", "beslut_från", false },
	[ROSTER_TO] = { "besluttill", "beslut_till", false },
	[ROSTER_GROUND] = { "lagrum", "lagrum", false },
	/* Without it nobody could be kept out. */
	[ROSTER_PROTECTED] = { "skyddad", "skyddad", true },
	[ROSTER_SMS] = { "smstillatet", "sms_tillåtet", false },
};

/* The header. */

/* The column of each header by this mapping: the place in `columns`, or after these of a
 * variable; -1: none. */
static int column_of(const struct roster *r, const struct mapping *m, const char *folded)
{
	const char *mapped = mapping_column(m, folded);
	const char *name = mapped ? mapped : folded;
	for (int c = 0; c < ROSTER_COLUMNS; c++)
		if (strcmp(roster_columns[c].folded, name) == 0)
			return c;
	for (size_t v = 0; *name && v < r->setup->wave->count; v++)
		if (strcmp(r->variables[v].folded, name) == 0)
			return ROSTER_COLUMNS + (int)v;
	return -1;
}

/* Finds each column by the mapping; what is missing, or stands twice, is written to
 * fault. */
static void find_columns(struct roster *r, const struct mapping *m,
	const char *const *folded, const char *const *names, size_t count,
	struct buf *fault)
{
	for (int c = 0; c < ROSTER_COLUMNS; c++)
		r->at[c] = -1;
	for (size_t v = 0; v < r->setup->wave->count; v++)
		r->variables[v].column = -1;
	for (size_t i = 0; i < count; i++) {
		int c = column_of(r, m, folded[i]);
		if (c < 0)
			continue;
		int *at = c < ROSTER_COLUMNS ? &r->at[c]
					     : &r->variables[c - ROSTER_COLUMNS].column;
		if (*at >= 0)
			buf_format(fault, "%sen annan kolumn för %s än %s",
				fault->len ? ", " : "", names[i], names[*at]);
		*at = (int)i;
	}
	for (int c = 0; c < ROSTER_COLUMNS; c++)
		if (roster_columns[c].needed && r->at[c] < 0)
			buf_format(fault, "%s%s", fault->len ? ", " : "",
				roster_columns[c].name);
}

static bool stands_twice(const char *const *folded, size_t count, size_t *ret_place)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; *folded[i] && j < i; j++)
			if (strcmp(folded[i], folded[j]) == 0) {
				*ret_place = i;
				return true;
			}
	return false;
}

/* Some variables are columns of the contract too. */
static void join_columns(struct roster *r)
{
	static const struct {
		const char *code;
		enum roster_column column;
	} joined[] = { { "area", ROSTER_AREA }, { "measure", ROSTER_MEASURE },
		{ "sex", ROSTER_SEX } };
	for (size_t v = 0; v < r->setup->wave->count; v++)
		for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
			if (strcmp(r->setup->wave->variables[v].code, joined[i].code) ==
				0)
				r->variables[v].column = r->at[joined[i].column];
}

static void add_name(struct buf *list, const char *name)
{
	buf_format(list, "%s%s", list->len ? ", " : "", name);
}

/* What the file lacks, and what is in it for nothing. */
static void list_columns(struct roster *r, const char *const *folded,
	const char *const *names, size_t count)
{
	for (int c = 0; c < ROSTER_COLUMNS; c++)
		if (r->at[c] < 0)
			add_name(&r->missing, roster_columns[c].name);
	for (size_t i = 0; i < count; i++)
		if (*folded[i] && column_of(r, r->mapping, folded[i]) < 0)
			add_name(&r->unread, names[i]);
}

enum err roster_read_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct roster *r = context;
	const char **folded = arena_alloc(r->arena, count * sizeof *folded);
	auto_(buf) struct buf fault = { 0 };
	size_t twice;
	for (size_t i = 0; i < count; i++)
		folded[i] = roster_keep(r, roster_fold(r, names[i]));
	if (stands_twice(folded, count, &twice))
		return err_why(why, ERR_INPUT,
			"kolumnen %s står två gånger i rubrikraden", names[twice]);
	r->mapping = r->setup->mapping_named ? r->setup->mappings[0] : NULL;
	find_columns(r, r->mapping, folded, names, count, &fault);
	for (size_t m = 0; fault.len && !r->mapping && m < r->setup->mapping_count; m++) {
		auto_(buf) struct buf other = { 0 };
		find_columns(r, r->setup->mappings[m], folded, names, count, &other);
		if (other.len)
			continue;
		r->mapping = r->setup->mappings[m];
		buf_clear(&fault);
	}
	join_columns(r);
	list_columns(r, folded, names, count);
	return fault.len ? err_why(why, ERR_INPUT, "rubrikraden saknar %s%s",
				   buf_string(&fault),
				   r->setup->mapping_count
					   ? "; ingen mappning passar heller"
					   : "")
			 : OK;
}
