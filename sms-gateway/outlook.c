#include "sms-gateway/outlook.h"
#include "common/unicode.h"
#include "sms-gateway/stores.h"
#include <string.h>

enum { FATE_WIDTH = 17 }; /* characters */

struct adding {
	const struct survey_wave *wave;
	const struct survey_table *table;
	long *persons;
};

static enum err add_cell(void *context, const char *key, long persons)
{
	struct adding *adding = context;
	size_t group;
	/* A group that the wave no longer has: the file is older than its definition. */
	if (groups_find(adding->wave, adding->table, key, &group))
		adding->persons[group] += persons;
	return OK;
}

static enum err add_store(struct store *s, const struct survey_wave *w,
	const struct survey_table *t, long *persons, struct why *why)
{
	auto_(buf) struct buf name = { 0 };
	struct adding adding = { w, t, persons };
	groups_table_name(w, t, &name);
	enum err e = store_cells(s, w->wave, buf_string(&name), add_cell, &adding);
	return e == OK ? OK : store_why(s, e, why);
}

static enum err add_table(struct arena *a, const struct config *c,
	const struct survey_wave *w, const struct survey_table *t, const long *persons,
	unsigned per_cent, struct outlook *o, struct why *why)
{
	struct valueset set;
	size_t count;
	const char *code = w->variables[t->variables[t->count - 1]].code;
	enum err e = valueset_read_any(a, c->values, code, &set, why);
	if (e != OK)
		return e;
	struct groups_breakdown *list =
		groups_preview(a, w, t, &set, persons, per_cent, &count);
	struct groups_breakdown *all = arena_alloc(a, (o->count + count) * sizeof *all);
	if (o->count)
		memcpy(all, o->breakdowns, o->count * sizeof *all);
	memcpy(all + o->count, list, count * sizeof *all);
	o->breakdowns = all;
	o->count += count;
	return OK;
}

enum err outlook_make(struct arena *a, const struct config *c,
	const struct survey_wave *w, const char *except, const long *const *groups,
	unsigned per_cent, struct outlook *ret_outlook, struct why *why)
{
	auto_(stores) struct stores *all = stores_create(c->state);
	struct outlook o = { 0 };
	enum err e = stores_refresh(all, why);
	for (size_t t = 0; t < w->table_count && e == OK; t++) {
		const struct survey_table *table = &w->tables[t];
		size_t count = groups_count(w, table);
		long *persons = arena_alloc(a, count * sizeof *persons);
		if (groups)
			memcpy(persons, groups[t], count * sizeof *persons);
		for (size_t i = 0; i < stores_count(all) && e == OK; i++) {
			struct store *s = stores_at(all, i);
			if (!except || strcmp(store_administration(s), except) != 0)
				e = add_store(s, w, table, persons, why);
		}
		if (e == OK)
			e = add_table(a, c, w, table, persons, per_cent, &o, why);
	}
	if (e == OK)
		*ret_outlook = o;
	return e;
}

static void level_text(const struct groups_level *l, struct buf *out)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct groups_row *r = &l->rows[i];
		const char *fate = groups_fate_words(r->cell.fate);
		int width = FATE_WIDTH + (int)(strlen(fate) - unicode_length(fate));
		buf_format(out, "%8ld %7ld  %-*s %s\n", r->cell.persons, r->cell.answers,
			width, fate, r->name);
	}
}

void outlook_text(const struct outlook *o, unsigned per_cent, struct buf *out)
{
	buf_format(out,
		"\nSmå grupper i resultatet, hela staden hittills, om %u %% svarar:\n",
		per_cent);
	for (size_t i = 0; i < o->count; i++) {
		const struct groups_breakdown *b = &o->breakdowns[i];
		buf_format(out, "\n%s\nPersoner   Svar  I resultatet\n", b->name);
		level_text(&b->declared, out);
		if (b->coarser.count)
			buf_text(out, "  Grövre indelning skulle ge:\n");
		level_text(&b->coarser, out);
	}
}
