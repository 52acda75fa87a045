#include "sms-gateway/personid.h"
#include "sms-gateway/roster_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows. */

static const char *field(const struct roster *r, const struct rows_row *row, int column)
{
	(void)r;
	return column < 0 ? "" : row->fields[column];
}

static bool read_day(const char *text, day *ret_day)
{
	*ret_day = 0;
	return !*text || day_parse(text, ret_day) == OK;
}

static bool read_age(const char *text, int *ret_age)
{
	size_t len = strlen(text);
	*ret_age = FRAME_AGE_UNKNOWN;
	if (!len)
		return true;
	if (len > 3 || strspn(text, "0123456789") != len)
		return false;
	*ret_age = atoi(text);
	return true;
}

static uint16_t phone_marks(enum phone_kind kind)
{
	switch (kind) {
	case PHONE_MOBILE:
		return 0;
	case PHONE_LANDLINE:
		return MARK_LANDLINE;
	case PHONE_FOREIGN:
		return MARK_FOREIGN;
	case PHONE_PREMIUM:
		return MARK_PREMIUM;
	case PHONE_INVALID:
		return MARK_BAD_PHONE;
	case PHONE_MISSING:
		return MARK_NO_PHONE;
	}
	return MARK_BAD_PHONE;
}

static enum frame_ground ground_of(struct roster *r, const struct rows_row *row)
{
	if (r->setup->rules->any_ground || !r->setup->grounds->count ||
		r->at[ROSTER_GROUND] < 0)
		return FRAME_GROUND_UNTOLD;
	int meaning = roster_meaning(r, &r->grounds, field(r, row, r->at[ROSTER_GROUND]));
	return meaning < 0 ? FRAME_GROUND_UNKNOWN : (enum frame_ground)meaning;
}

/* What is youngest counts: a wrong column must not make an adult of a child. */
static bool read_ages(const struct roster *r, const struct rows_row *row,
	const struct personid *person, int *ret_age)
{
	if (!read_age(field(r, row, r->at[ROSTER_AGE]), ret_age))
		return false;
	int born = person->official ? day_age(person->birth, r->setup->today)
				    : FRAME_AGE_UNKNOWN;
	if (*ret_age == FRAME_AGE_UNKNOWN ||
		(born != FRAME_AGE_UNKNOWN && born < *ret_age))
		*ret_age = born;
	return true;
}

/* What the row says of the person, for the rules of the frame. */
static enum reason read_frame(struct roster *r, const struct rows_row *row,
	const struct personid *person, struct frame_person *p, int *ret_area)
{
	enum frame_answer secret = roster_answer(
		r, ROSTER_PROTECTED, field(r, row, r->at[ROSTER_PROTECTED]));
	if ((int)secret == ROSTER_ANSWER_WRONG)
		return REASON_VALUE_PROTECTED;
	p->is_protected = secret == FRAME_YES;
	if (p->is_protected)
		return REASON_PROTECTED;
	p->sms = roster_answer(r, ROSTER_SMS, field(r, row, r->at[ROSTER_SMS]));
	if ((int)p->sms == ROSTER_ANSWER_WRONG)
		return REASON_VALUE_SMS;
	if (!read_ages(r, row, person, &p->age))
		return REASON_VALUE_AGE;
	if (!read_day(field(r, row, r->at[ROSTER_FROM]), &p->from) ||
		!read_day(field(r, row, r->at[ROSTER_TO]), &p->to))
		return REASON_VALUE_DATE;
	const char *area = field(r, row, r->at[ROSTER_AREA]);
	*ret_area = roster_meaning(r, &r->variables[r->area], area);
	if (*ret_area < 0)
		return *area ? REASON_AREA_UNKNOWN : REASON_AREA_MISSING;
	const struct survey_value *value =
		&r->setup->wave->variables[r->area].values[*ret_area];
	p->unsafe_area = rules_have(&r->setup->rules->unsafe, value->code);
	p->exempt_area =
		value->exempt || rules_have(&r->setup->rules->areas, value->code);
	p->exempt_measure =
		roster_measure_is_exempt(r, field(r, row, r->at[ROSTER_MEASURE]));
	p->ground = ground_of(r, row);
	return frame_check(r->setup->rules, p);
}

static int value_of(struct roster *r, size_t n, const struct rows_row *row,
	const struct personid *person, const struct frame_person *p)
{
	struct roster_variable *v = &r->variables[n];
	const char *text = field(r, row, v->column);
	int place = *text ? roster_meaning(r, v, text) : -1;
	if (place < 0 && v->ages.count && p->age != FRAME_AGE_UNKNOWN)
		place = valueset_of_age(&v->ages, p->age);
	if (place < 0 && person->official &&
		strcmp(r->setup->wave->variables[n].code, "sex") == 0)
		place = survey_value_find(&r->setup->wave->variables[n],
			person->sex == PERSONID_WOMAN ? "kvinna" : "man");
	return place;
}

static void read_values(struct roster *r, const struct rows_row *row,
	const struct personid *person, const struct frame_person *p,
	struct roster_entry *entry)
{
	for (size_t i = 0; i < r->setup->wave->count; i++) {
		int place = value_of(r, i, row, person, p);
		if (place >= 0)
			entry->values[i] = (uint16_t)place;
	}
	entry->values[r->administration] = r->administration_value;
}

static enum reason read_person(
	const struct roster *r, const struct rows_row *row, struct personid *person)
{
	switch (row->problem) {
	case ROWS_FINE:
		break;
	case ROWS_COLUMNS:
		return REASON_COLUMNS;
	case ROWS_QUOTES:
		return REASON_QUOTES;
	}
	enum err e = personid_parse(
		field(r, row, r->at[ROSTER_PERSON]), r->setup->today, person);
	return e == OK              ? REASON_NONE
	       : e == ERR_NOT_FOUND ? REASON_PERSON_MISSING
				    : REASON_PERSON_LONG;
}

static void read_entry(
	struct roster *r, const struct rows_row *row, struct roster_entry *entry)
{
	struct personid person = { 0 };
	struct phone phone = { "" };
	struct frame_person p = { .age = FRAME_AGE_UNKNOWN };
	int area = -1;
	entry->reason = (uint8_t)read_person(r, row, &person);
	entry->person = roster_keep(r, person.text);
	entry->name = entry->unit = "";
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		entry->values[i] = BACKGROUND_MISSING;
	if (entry->reason != REASON_NONE)
		return;
	enum phone_kind kind = phone_parse(field(r, row, r->at[ROSTER_PHONE]), &phone);
	(void)snprintf(entry->phone, sizeof entry->phone, "%s", phone.e164);
	entry->reason = (uint8_t)read_frame(r, row, &person, &p, &area);
	entry->marks = p.sms == FRAME_NO ? MARK_SMS_NO : 0;
	if (entry->reason != REASON_NONE)
		return;
	const char *language = roster_language(r, field(r, row, r->at[ROSTER_LANGUAGE]));
	(void)snprintf(entry->language, sizeof entry->language, "%s",
		language ? language : "sv");
	entry->name = roster_keep(r, field(r, row, r->at[ROSTER_NAME]));
	entry->unit = roster_unit(r, field(r, row, r->at[ROSTER_UNIT]));
	entry->channels = (uint8_t)frame_channels(&p, kind);
	entry->marks |= phone_marks(kind);
	if (!language)
		entry->marks |= MARK_LANGUAGE;
	if (person.mistyped && !mapping_is_reserve(r->mapping, person.text))
		entry->marks |= MARK_PERSON;
	read_values(r, row, &person, &p, entry);
}

static enum err read_row(void *context, const struct rows_row *row)
{
	struct roster *r = context;
	if (r->count == r->room)
		r->entries = mem_resize(r->entries,
			r->room = r->room ? r->room * 2 : 1024, sizeof *r->entries);
	struct roster_entry *entry = &r->entries[r->count++];
	*entry = (struct roster_entry){ .line = (uint32_t)row->line };
	read_entry(r, row, entry);
	return OK;
}

/* The whole. */

static enum err find_places(struct roster *r, struct why *why)
{
	const struct survey_wave *wave = r->setup->wave;
	r->administration = survey_variable_find(wave, "administration");
	r->area = survey_variable_find(wave, "area");
	if (r->administration < 0 || r->area < 0)
		return err_why(why, ERR_INPUT,
			"omgången %s saknar variabeln administration eller area",
			wave->wave);
	int value = survey_value_find(
		&wave->variables[r->administration], r->setup->administration);
	if (value < 0)
		return err_why(why, ERR_INPUT, "omgången %s har ingen förvaltning %s",
			wave->wave, r->setup->administration);
	r->administration_value = (uint16_t)value;
	return OK;
}

enum err roster_create(
	const struct roster_setup *s, struct roster **ret_roster, struct why *why)
{
	struct roster *r = mem_alloc(sizeof *r);
	r->setup = s;
	enum err e = find_places(r, why);
	if (e != OK) {
		free(r);
		return e;
	}
	r->arena = arena_create();
	for (size_t i = 0; i < s->wave->count; i++)
		roster_learn_variable(r, i);
	roster_learn_grounds(r);
	r->answers[ROSTER_PROTECTED] = lexicon_create(r->arena);
	r->answers[ROSTER_SMS] = lexicon_create(r->arena);
	r->spoken = lexicon_create(r->arena);
	r->units = lexicon_create(r->arena);
	r->measures = lexicon_create(r->arena);
	*ret_roster = r;
	return OK;
}

void roster_destroy(struct roster *r)
{
	if (!r)
		return;
	buf_clear(&r->folding);
	buf_clear(&r->missing);
	buf_clear(&r->unread);
	if (r->entries)
		secret_wipe(r->entries, r->room * sizeof *r->entries);
	free(r->entries);
	free(r->order);
	free(r->unit_names);
	arena_destroy(r->arena);
	free(r);
}

struct rows_reader roster_reader(struct roster *r)
{
	return (struct rows_reader){ roster_read_header, read_row, r };
}

struct roster_entry *roster_entries(struct roster *r, size_t *ret_count)
{
	*ret_count = r->count;
	return r->entries;
}

const size_t *roster_order(const struct roster *r)
{
	return r->order;
}

const struct mapping *roster_mapping(const struct roster *r)
{
	return r->mapping;
}

const char *roster_missing(const struct roster *r)
{
	return buf_string(&r->missing);
}

const char *roster_unread(const struct roster *r)
{
	return buf_string(&r->unread);
}
