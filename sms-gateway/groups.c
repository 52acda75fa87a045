#include "sms-gateway/groups.h"
#include <string.h>

static const struct survey_variable *variable(
	const struct survey_wave *w, const struct survey_table *t, size_t n)
{
	return &w->variables[t->variables[n]];
}

size_t groups_count(const struct survey_wave *w, const struct survey_table *t)
{
	size_t count = 1;
	for (size_t n = 0; n < t->count; n++)
		count *= variable(w, t, n)->count + 1;
	return count;
}

size_t groups_of(const struct survey_wave *w, const struct survey_table *t,
	const uint16_t values[static INVITATION_VARIABLES])
{
	size_t group = 0;
	for (size_t n = 0; n < t->count; n++) {
		size_t count = variable(w, t, n)->count;
		size_t place = values[t->variables[n]];
		group = group * (count + 1) + (place < count ? place : count);
	}
	return group;
}

/* The place of each variable's value. */
static void places_of(const struct survey_wave *w, const struct survey_table *t,
	size_t group, size_t places[static INVITATION_VARIABLES])
{
	for (size_t n = t->count; n-- > 0;) {
		size_t count = variable(w, t, n)->count + 1;
		places[n] = group % count;
		group /= count;
	}
}

void groups_table_name(
	const struct survey_wave *w, const struct survey_table *t, struct buf *out)
{
	for (size_t n = 0; n < t->count; n++)
		buf_format(out, "%s%s", n ? "*" : "", variable(w, t, n)->code);
}

void groups_name(const struct survey_wave *w, const struct survey_table *t, size_t group,
	struct buf *out)
{
	size_t places[INVITATION_VARIABLES];
	places_of(w, t, group, places);
	for (size_t n = 0; n < t->count; n++) {
		const struct survey_variable *v = variable(w, t, n);
		buf_format(out, "%s%s", n ? "*" : "",
			places[n] < v->count ? v->values[places[n]].code : "");
	}
}

static bool find_value(
	const struct survey_variable *v, const char *code, size_t len, size_t *ret_place)
{
	*ret_place = v->count;
	if (!len)
		return true;
	for (size_t i = 0; i < v->count; i++)
		if (strlen(v->values[i].code) == len &&
			memcmp(v->values[i].code, code, len) == 0) {
			*ret_place = i;
			return true;
		}
	return false;
}

bool groups_find(const struct survey_wave *w, const struct survey_table *t,
	const char *name, size_t *ret_group)
{
	size_t group = 0;
	for (size_t n = 0; n < t->count; n++) {
		size_t len = strcspn(name, "*");
		size_t place;
		if (!find_value(variable(w, t, n), name, len, &place) ||
			(name[len] == '*') != (n + 1 < t->count))
			return false;
		group = group * (variable(w, t, n)->count + 1) + place;
		name += len + (name[len] == '*');
	}
	*ret_group = group;
	return true;
}

static void decide(struct arena *a, struct groups_level *l, unsigned per_cent)
{
	struct preview_cell *cells = arena_alloc(a, l->count * sizeof *cells);
	for (size_t i = 0; i < l->count; i++)
		cells[i] = l->rows[i].cell;
	preview_decide(cells, l->count, per_cent);
	for (size_t i = 0; i < l->count; i++)
		l->rows[i].cell = cells[i];
}

static struct groups_level declared(struct arena *a, const struct survey_variable *v,
	const long *persons, unsigned per_cent)
{
	struct groups_level l = { v->count, arena_alloc(a, v->count * sizeof *l.rows) };
	for (size_t i = 0; i < v->count; i++)
		l.rows[i] = (struct groups_row){ v->values[i].name,
			{ .persons = persons[i] } };
	decide(a, &l, per_cent);
	return l;
}

/* The groups that the set has above the values; a value that is in none stands alone. */
static struct groups_level coarser(struct arena *a, const struct survey_variable *v,
	const struct valueset *set, const long *persons, unsigned per_cent)
{
	struct groups_level l = { 0, arena_alloc(a, v->count * sizeof *l.rows) };
	int *parents = arena_alloc(a, v->count * sizeof *parents);
	bool any = false;
	for (size_t i = 0; i < v->count; i++) {
		int entry = valueset_find(set, v->values[i].code);
		int parent = entry < 0 ? -1 : set->entries[entry].parent;
		const char *name =
			parent < 0 ? v->values[i].name : set->entries[parent].name;
		size_t at = 0;
		any |= parent >= 0;
		while (at < l.count && (parent < 0 || parents[at] != parent))
			at++;
		if (at == l.count) {
			parents[at] = parent;
			l.rows[l.count++] = (struct groups_row){ .name = name };
		}
		l.rows[at].cell.persons += persons[i];
	}
	if (!any)
		return (struct groups_level){ 0 };
	decide(a, &l, per_cent);
	return l;
}

/* "Kön, Äldreomsorg"; NULL where something that it is within is not known. */
static const char *breakdown_name(struct arena *a, const struct survey_wave *w,
	const struct survey_table *t, const size_t *places)
{
	const char *name = variable(w, t, t->count - 1)->name;
	for (size_t n = 0; n + 1 < t->count; n++) {
		const struct survey_variable *v = variable(w, t, n);
		if (places[n] == v->count)
			return NULL;
		name = arena_format(a, "%s, %s", name, v->values[places[n]].name);
	}
	return name;
}

static bool any_person(const long *persons, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (persons[i])
			return true;
	return false;
}

struct groups_breakdown *groups_preview(struct arena *a, const struct survey_wave *w,
	const struct survey_table *t, const struct valueset *set, const long *persons,
	unsigned per_cent, size_t *ret_count)
{
	const struct survey_variable *v = variable(w, t, t->count - 1);
	size_t siblings = v->count + 1;
	size_t all = groups_count(w, t) / siblings;
	struct groups_breakdown *list = arena_alloc(a, all * sizeof *list);
	*ret_count = 0;
	for (size_t i = 0; i < all; i++) {
		size_t places[INVITATION_VARIABLES];
		places_of(w, t, i * siblings, places);
		const char *name = breakdown_name(a, w, t, places);
		const long *own = persons + i * siblings;
		if (!name || (t->count > 1 && !any_person(own, v->count)))
			continue;
		list[(*ret_count)++] =
			(struct groups_breakdown){ name, declared(a, v, own, per_cent),
				coarser(a, v, set, own, per_cent) };
	}
	return list;
}

const char *groups_fate_words(enum preview_fate f)
{
	switch (f) {
	case PREVIEW_EMPTY:
		return "ingen";
	case PREVIEW_FULL:
		return "visas helt";
	case PREVIEW_BRIEF:
		return "visas i korthet";
	case PREVIEW_MERGED:
		return "slås ihop";
	case PREVIEW_NEVER:
		return "visas aldrig";
	}
	return "";
}
