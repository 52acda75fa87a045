/* How many persons of a frame each group of a declared table has, and what the disclosure
 * rules will make of it. Pure.
 *
 * The groups of a table are numbered: the places of their values, in a mixed radix, each
 * variable with one place more than it has values for those where it is not known. */
#ifndef SMS_GATEWAY_GROUPS_H
#define SMS_GATEWAY_GROUPS_H

#include "common/buf.h"
#include "common/valueset.h"
#include "sms-gateway/preview.h"
#include "sms-gateway/survey_api.h"

/* How many groups the table has. */
size_t groups_count(const struct survey_wave *w, const struct survey_table *t);
/* The group of a person with these values (as struct background has them). */
size_t groups_of(const struct survey_wave *w, const struct survey_table *t,
	const uint16_t values[static INVITATION_VARIABLES]);
/* Adds the codes of the table's variables, "area*sex"; and of a group's values,
 * "aldreomsorg*kvinna", where nothing stands for what is not known. */
void groups_table_name(
	const struct survey_wave *w, const struct survey_table *t, struct buf *out);
void groups_name(const struct survey_wave *w, const struct survey_table *t, size_t group,
	struct buf *out);
/* The reverse; false when the wave has no such group. */
bool groups_find(const struct survey_wave *w, const struct survey_table *t,
	const char *name, size_t *ret_group);

/* One breakdown as it will be: siblings, at the level that the wave declares, and at the
 * coarser one when the value set has groups. */
struct groups_row {
	const char *name;
	struct preview_cell cell;
};
struct groups_level {
	size_t count;
	struct groups_row *rows;
};
struct groups_breakdown {
	const char
		*name; /* of the variable; and of what it is within: "Kön, Äldreomsorg" */
	struct groups_level declared;
	struct groups_level coarser; /* count 0: there is none */
};
/* All breakdowns of a table, in the arena, but for those within a group that nobody is
 * in; persons has groups_count() places. set is that
 * of the table's last variable, with no entries when it is not known. */
struct groups_breakdown *groups_preview(struct arena *a, const struct survey_wave *w,
	const struct survey_table *t, const struct valueset *set, const long *persons,
	unsigned per_cent, size_t *ret_count);

/* "visas", "slås ihop med andra", …, in Swedish. */
const char *groups_fate_words(enum preview_fate f);

#endif
