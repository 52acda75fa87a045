#include "sms-gateway/roster.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/lexicon.h"
#include "sms-gateway/personid.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
	PERSON,
	PHONE,
	AREA,
	NAME,
	LANGUAGE,
	UNIT,
	MEASURE,
	AGE,
	SEX,
	FROM,
	TO,
	GROUND,
	PROTECTED,
	SMS,
	COLUMNS,
};

static const struct {
	const char *folded;
	const char *name; /* as the contract writes it */
	bool needed;
} columns[COLUMNS] = {
	[PERSON] = { "personid", "person_id", true },
	[PHONE] = { "telefon", "telefon", true },
	[AREA] = { "verksamhetsomrade", "verksamhetsområde", true },
	[NAME] = { "namn", "namn", false },
	[LANGUAGE] = { "sprak", "språk", false },
	[UNIT] = { "enhet", "enhet", false },
	[MEASURE] = { "insats", "insats", false },
	[AGE] = { "alder", "ålder", false },
	[SEX] = { "juridisktkon", "juridiskt_kön", false },
	[FROM] = { "beslutfran", "beslut_från", false },
	[TO] = { "besluttill", "beslut_till", false },
	[GROUND] = { "lagrum", "lagrum", false },
	/* Without it nobody could be kept out. */
	[PROTECTED] = { "skyddad", "skyddad", true },
	[SMS] = { "smstillatet", "sms_tillåtet", false },
};

enum { ANSWER_WRONG = FRAME_YES + 1 };

static const struct {
	const char *code;
	const char *name;
} languages[] = { { "sv", "svenska" }, { "en", "engelska" }, { "fi", "finska" },
	{ "ar", "arabiska" }, { "fa", "persiska" }, { "so", "somaliska" },
	{ "ti", "tigrinska" }, { "pl", "polska" }, { "uk", "ukrainska" } };

/* The words that mean a value: its code and its name, folded. */
struct word {
	const char *folded;
	int place;
};

/* A wave's variable as the rows give it. */
struct variable {
	const char *folded; /* the column's name */
	int column;         /* -1: the file has none */
	struct word *words;
	size_t count;
	struct lexicon *seen; /* meaning: place + 1 */
	/* The age groups, as a set of their own; count 0 for other variables. */
	struct valueset ages;
};

struct roster {
	const struct roster_setup *setup;
	struct arena *arena;
	int administration, area; /* places among the variables */
	uint16_t administration_value;
	struct variable variables[INVITATION_VARIABLES];
	struct variable grounds; /* meaning: enum frame_ground */
	const struct mapping *mapping;
	struct buf missing, unread;
	int at[COLUMNS];
	struct lexicon *answers[COLUMNS]; /* of those that are yes or no */
	struct lexicon *spoken, *units, *measures;
	const char **unit_names;
	size_t unit_count, unit_room;
	struct roster_entry *entries;
	size_t count, room;
	size_t *order;
	struct buf folding;
};

static const char *fold(struct roster *r, const char *text)
{
	buf_clear(&r->folding);
	text_fold(text, &r->folding);
	return buf_string(&r->folding);
}

static const char *keep(struct roster *r, const char *text)
{
	return arena_text(r->arena, text, strlen(text));
}

/* Words. */

static void add_word(struct roster *r, struct variable *v, const char *text, int place)
{
	const char *folded = fold(r, text);
	if (*folded)
		v->words[v->count++] = (struct word){ keep(r, folded), place };
}

/* The place, among the wave's values, of the value that an entry of the set rolls up to.
 */
static int place_of_entry(
	const struct survey_variable *wave, const struct valueset *set, size_t entry)
{
	int value = valueset_value(set, (int)entry);
	return value < 0 ? -1 : survey_value_find(wave, set->entries[value].code);
}

static void learn_variable(struct roster *r, size_t n)
{
	const struct survey_variable *wave = &r->setup->wave->variables[n];
	const struct valueset *set = &r->setup->sets[n];
	struct variable *v = &r->variables[n];
	v->folded = keep(r, fold(r, wave->name));
	v->column = -1;
	v->seen = lexicon_create(r->arena);
	v->words =
		arena_alloc(r->arena, 2 * (wave->count + set->count) * sizeof *v->words);
	for (size_t i = 0; i < wave->count; i++) {
		add_word(r, v, wave->values[i].code, (int)i);
		add_word(r, v, wave->values[i].name, (int)i);
	}
	for (size_t i = 0; i < set->count; i++) {
		int place = place_of_entry(wave, set, i);
		if (place < 0 || set->entries[i].level != VALUESET_LOCAL)
			continue;
		add_word(r, v, set->entries[i].code, place);
		add_word(r, v, set->entries[i].name, place);
	}
	if (strcmp(wave->code, "age") != 0)
		return;
	v->ages.count = wave->count;
	v->ages.entries = arena_alloc(r->arena, wave->count * sizeof *v->ages.entries);
	for (size_t i = 0; i < wave->count; i++)
		v->ages.entries[i] = (struct valueset_entry){
			.code = wave->values[i].code,
			.level = VALUESET_VALUE,
			.parent = -1,
		};
}

static bool ground_counts(const struct roster *r, int entry)
{
	const struct valueset *set = r->setup->grounds;
	for (int at = entry; at >= 0; at = set->entries[at].parent)
		if (rules_have(&r->setup->rules->grounds, set->entries[at].code))
			return true;
	return false;
}

static void learn_grounds(struct roster *r)
{
	const struct valueset *set = r->setup->grounds;
	struct variable *v = &r->grounds;
	v->folded = columns[GROUND].folded;
	v->seen = lexicon_create(r->arena);
	v->words = arena_alloc(r->arena, 2 * set->count * sizeof *v->words);
	for (size_t i = 0; i < set->count; i++) {
		int meaning = ground_counts(r, (int)i) ? FRAME_GROUND_COUNTS
						       : FRAME_GROUND_OTHER;
		add_word(r, v, set->entries[i].code, meaning);
		add_word(r, v, set->entries[i].name, meaning);
	}
}

/* What the text means by the words, -1 when it is none of them. */
static int meaning_of(struct roster *r, struct variable *v, const char *text)
{
	bool new;
	int *seen = lexicon_at(v->seen, text, &new);
	if (!new)
		return *seen - 1;
	const char *folded = fold(r, text);
	const char *mapped = mapping_value(r->mapping, v->folded, folded);
	if (mapped)
		folded = mapped;
	for (size_t i = 0; *folded && i < v->count && !*seen; i++)
		if (strcmp(v->words[i].folded, folded) == 0)
			*seen = v->words[i].place + 1;
	return *seen - 1;
}

/* The folded text, or what the mapping has for it. */
static const char *folded_value(struct roster *r, enum column c, const char *text)
{
	const char *folded = fold(r, text);
	const char *mapped = mapping_value(r->mapping, columns[c].folded, folded);
	return mapped ? mapped : folded;
}

static enum frame_answer answer_of(struct roster *r, enum column c, const char *text)
{
	static const char *const yes[] = { "ja", "j", "1", "true", "sant" };
	static const char *const no[] = { "nej", "n", "0", "false", "falskt" };
	bool new;
	int *seen = lexicon_at(r->answers[c], text, &new);
	if (!new)
		return (enum frame_answer) * seen;
	const char *folded = folded_value(r, c, text);
	*seen = *folded || *text ? ANSWER_WRONG : FRAME_NOT_SAID;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcmp(folded, yes[i]) == 0)
			*seen = FRAME_YES;
		if (strcmp(folded, no[i]) == 0)
			*seen = FRAME_NO;
	}
	return (enum frame_answer) * seen;
}

/* Its place in languages; -1: none of them. */
static int language_of(struct roster *r, const char *text)
{
	bool new;
	int *seen = lexicon_at(r->spoken, text, &new);
	if (!new)
		return *seen - 1;
	const char *folded = folded_value(r, LANGUAGE, text);
	*seen = *text ? 0 : 1;
	for (size_t i = 0; !*seen && i < sizeof languages / sizeof *languages; i++)
		if (strcmp(folded, languages[i].code) == 0 ||
			strcmp(folded, languages[i].name) == 0)
			*seen = (int)i + 1;
	return *seen - 1;
}

static const char *unit_of(struct roster *r, const char *text)
{
	bool new;
	int *seen = lexicon_at(r->units, text, &new);
	if (!new)
		return r->unit_names[*seen];
	if (r->unit_count == r->unit_room)
		r->unit_names = mem_resize(r->unit_names,
			r->unit_room = r->unit_room ? r->unit_room * 2 : 64,
			sizeof *r->unit_names);
	*seen = (int)r->unit_count;
	return r->unit_names[r->unit_count++] = keep(r, text);
}

/* Whether the rules name the measure, or one that it refines. */
static bool names_measure(struct roster *r, const char *measure)
{
	const struct valueset *set = r->setup->measures;
	const struct rules_words *exempt = &r->setup->rules->measures;
	if (rules_have(exempt, measure))
		return true;
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(fold(r, set->entries[i].code), measure) != 0 &&
			strcmp(fold(r, set->entries[i].name), measure) != 0)
			continue;
		for (int at = (int)i; at >= 0; at = set->entries[at].parent)
			if (rules_have(exempt, fold(r, set->entries[at].code)) ||
				rules_have(exempt, fold(r, set->entries[at].name)))
				return true;
	}
	return false;
}

static bool measure_is_exempt(struct roster *r, const char *text)
{
	bool new;
	if (!r->setup->rules->measures.count)
		return false;
	int *seen = lexicon_at(r->measures, text, &new);
	if (new)
		*seen = names_measure(r, keep(r, folded_value(r, MEASURE, text)));
	return *seen != 0;
}

/* The header. */

/* The column of each header by this mapping: the place in `columns`, or after these of a
 * variable; -1: none. */
static int column_of(const struct roster *r, const struct mapping *m, const char *folded)
{
	const char *mapped = mapping_column(m, folded);
	const char *name = mapped ? mapped : folded;
	for (int c = 0; c < COLUMNS; c++)
		if (strcmp(columns[c].folded, name) == 0)
			return c;
	for (size_t v = 0; *name && v < r->setup->wave->count; v++)
		if (strcmp(r->variables[v].folded, name) == 0)
			return COLUMNS + (int)v;
	return -1;
}

/* Finds each column by the mapping; what is missing, or stands twice, is written to
 * fault. */
static void find_columns(struct roster *r, const struct mapping *m,
	const char *const *folded, const char *const *names, size_t count,
	struct buf *fault)
{
	for (int c = 0; c < COLUMNS; c++)
		r->at[c] = -1;
	for (size_t v = 0; v < r->setup->wave->count; v++)
		r->variables[v].column = -1;
	for (size_t i = 0; i < count; i++) {
		int c = column_of(r, m, folded[i]);
		if (c < 0)
			continue;
		int *at = c < COLUMNS ? &r->at[c] : &r->variables[c - COLUMNS].column;
		if (*at >= 0)
			buf_format(fault, "%sen annan kolumn för %s än %s",
				fault->len ? ", " : "", names[i], names[*at]);
		*at = (int)i;
	}
	for (int c = 0; c < COLUMNS; c++)
		if (columns[c].needed && r->at[c] < 0)
			buf_format(
				fault, "%s%s", fault->len ? ", " : "", columns[c].name);
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
		enum column column;
	} joined[] = { { "area", AREA }, { "measure", MEASURE }, { "sex", SEX } };
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
	for (int c = 0; c < COLUMNS; c++)
		if (r->at[c] < 0)
			add_name(&r->missing, columns[c].name);
	for (size_t i = 0; i < count; i++)
		if (*folded[i] && column_of(r, r->mapping, folded[i]) < 0)
			add_name(&r->unread, names[i]);
}

static enum err read_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct roster *r = context;
	const char **folded = arena_alloc(r->arena, count * sizeof *folded);
	auto_(buf) struct buf fault = { 0 };
	size_t twice;
	for (size_t i = 0; i < count; i++)
		folded[i] = keep(r, fold(r, names[i]));
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
	if (r->setup->rules->any_ground || !r->setup->grounds->count || r->at[GROUND] < 0)
		return FRAME_GROUND_UNTOLD;
	int meaning = meaning_of(r, &r->grounds, field(r, row, r->at[GROUND]));
	return meaning < 0 ? FRAME_GROUND_UNKNOWN : (enum frame_ground)meaning;
}

/* What is youngest counts: a wrong column must not make an adult of a child. */
static bool read_ages(const struct roster *r, const struct rows_row *row,
	const struct personid *person, int *ret_age)
{
	if (!read_age(field(r, row, r->at[AGE]), ret_age))
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
	enum frame_answer secret =
		answer_of(r, PROTECTED, field(r, row, r->at[PROTECTED]));
	if ((int)secret == ANSWER_WRONG)
		return REASON_VALUE_PROTECTED;
	p->is_protected = secret == FRAME_YES;
	if (p->is_protected)
		return REASON_PROTECTED;
	p->sms = answer_of(r, SMS, field(r, row, r->at[SMS]));
	if ((int)p->sms == ANSWER_WRONG)
		return REASON_VALUE_SMS;
	if (!read_ages(r, row, person, &p->age))
		return REASON_VALUE_AGE;
	if (!read_day(field(r, row, r->at[FROM]), &p->from) ||
		!read_day(field(r, row, r->at[TO]), &p->to))
		return REASON_VALUE_DATE;
	const char *area = field(r, row, r->at[AREA]);
	*ret_area = meaning_of(r, &r->variables[r->area], area);
	if (*ret_area < 0)
		return *area ? REASON_AREA_UNKNOWN : REASON_AREA_MISSING;
	const struct survey_value *value =
		&r->setup->wave->variables[r->area].values[*ret_area];
	p->unsafe_area = rules_have(&r->setup->rules->unsafe, value->code);
	p->exempt_area =
		value->exempt || rules_have(&r->setup->rules->areas, value->code);
	p->exempt_measure = measure_is_exempt(r, field(r, row, r->at[MEASURE]));
	p->ground = ground_of(r, row);
	return frame_check(r->setup->rules, p);
}

static int value_of(struct roster *r, size_t n, const struct rows_row *row,
	const struct personid *person, const struct frame_person *p)
{
	struct variable *v = &r->variables[n];
	const char *text = field(r, row, v->column);
	int place = *text ? meaning_of(r, v, text) : -1;
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
	enum err e =
		personid_parse(field(r, row, r->at[PERSON]), r->setup->today, person);
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
	entry->person = keep(r, person.text);
	entry->name = entry->unit = "";
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		entry->values[i] = BACKGROUND_MISSING;
	if (entry->reason != REASON_NONE)
		return;
	enum phone_kind kind = phone_parse(field(r, row, r->at[PHONE]), &phone);
	(void)snprintf(entry->phone, sizeof entry->phone, "%s", phone.e164);
	entry->reason = (uint8_t)read_frame(r, row, &person, &p, &area);
	entry->marks = p.sms == FRAME_NO ? MARK_SMS_NO : 0;
	if (entry->reason != REASON_NONE)
		return;
	int language = language_of(r, field(r, row, r->at[LANGUAGE]));
	(void)snprintf(entry->language, sizeof entry->language, "%s",
		languages[language < 0 ? 0 : language].code);
	entry->name = keep(r, field(r, row, r->at[NAME]));
	entry->unit = unit_of(r, field(r, row, r->at[UNIT]));
	entry->channels = (uint8_t)frame_channels(&p, kind);
	entry->marks |= phone_marks(kind);
	if (language < 0)
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

/* The rows weighed against each other. */

/* Of two rows about one person and area the first is used: the one that reaches the
 * person best. What they say settles the rest, never their places in the file, so that
 * the same rows in another order come to the same. */
static int by_use(const struct roster_entry *a, const struct roster_entry *b)
{
	int order = (int)a->reason - (int)b->reason;
	if (!order)
		order = (int)b->channels - (int)a->channels;
	if (!order)
		order = strcmp(a->phone, b->phone);
	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->unit, b->unit);
	if (!order)
		order = strcmp(a->language, b->language);
	return order ? order : memcmp(a->values, b->values, sizeof a->values);
}

static int by_person(const void *a, const void *b, void *context)
{
	const struct roster *r = context;
	size_t one = *(const size_t *)a;
	size_t other = *(const size_t *)b;
	const struct roster_entry *first = &r->entries[one];
	const struct roster_entry *second = &r->entries[other];
	int order = strcmp(first->person, second->person);
	if (!order)
		order = (int)first->values[r->area] - (int)second->values[r->area];
	if (!order)
		order = by_use(first, second);
	return order ? order : (one > other) - (one < other);
}

static int by_phone(const void *a, const void *b, void *context)
{
	const struct roster *r = context;
	return strcmp(r->entries[*(const size_t *)a].phone,
		r->entries[*(const size_t *)b].phone);
}

/* What is said once of a person, or of the phone, holds for all the person's rows; the
 * first of these counts. */
static const enum reason personal[] = { REASON_PROTECTED, REASON_VALUE_PROTECTED,
	REASON_VALUE_SMS, REASON_CHILD, REASON_SMS_NOT_SAFE };

static enum reason out_for_all(const struct roster *r, const size_t *rows, size_t count)
{
	for (size_t p = 0; p < sizeof personal / sizeof *personal; p++)
		for (size_t i = 0; i < count; i++)
			if ((enum reason)r->entries[rows[i]].reason == personal[p])
				return personal[p];
	return REASON_NONE;
}

/* One person's rows: what keeps the person out, twice the same area, and which area of
 * several. */
static void settle_person(struct roster *r, const size_t *rows, size_t count,
	uint32_t (*chance)(const void *context, const char *person, uint32_t bound),
	const void *context)
{
	enum reason out = out_for_all(r, rows, count);
	bool no_sms = false;
	uint32_t usable = 0;
	const struct roster_entry *last = NULL;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &r->entries[rows[i]];
		no_sms |= (entry->marks & MARK_SMS_NO) != 0;
		if (entry->reason != REASON_NONE)
			continue;
		if (out != REASON_NONE)
			entry->reason = (uint8_t)out;
		else if (last && last->values[r->area] == entry->values[r->area])
			entry->reason = REASON_DUPLICATE;
		else
			last = entry;
		usable += entry->reason == REASON_NONE;
	}
	uint32_t chosen =
		usable > 1 ? chance(context, r->entries[rows[0]].person, usable) : 0;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &r->entries[rows[i]];
		if (entry->reason != REASON_NONE)
			continue;
		if (no_sms) {
			entry->marks |= MARK_SMS_NO;
			entry->channels &= (uint8_t)~FRAME_SMS;
		}
		if (chosen-- != 0)
			entry->reason = REASON_OTHER_AREA;
	}
}

/* All rows count, also those that are not used: their number is still somebody's. */
static void settle_phones(struct roster *r)
{
	size_t *order = mem_alloc((r->count + 1) * sizeof *order);
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++)
		if (*r->entries[i].phone)
			order[count++] = i;
	if (count)
		qsort_r(order, count, sizeof *order, by_phone, r);
	for (size_t from = 0, to; from < count; from = to) {
		const char *first = r->entries[order[from]].person;
		bool shared = false;
		for (to = from + 1;
			to < count && by_phone(&order[from], &order[to], r) == 0; to++)
			shared |= strcmp(r->entries[order[to]].person, first) != 0;
		for (size_t i = from; shared && i < to; i++)
			r->entries[order[i]].marks |= MARK_SHARED;
	}
	free(order);
}

void roster_settle(struct roster *r,
	uint32_t (*chance)(const void *context, const char *person, uint32_t bound),
	const void *context)
{
	r->order = mem_alloc((r->count + 1) * sizeof *r->order);
	for (size_t i = 0; i < r->count; i++)
		r->order[i] = i;
	if (r->count)
		qsort_r(r->order, r->count, sizeof *r->order, by_person, r);
	for (size_t from = 0, to; from < r->count; from = to) {
		const char *person = r->entries[r->order[from]].person;
		for (to = from + 1; to < r->count && *person; to++)
			if (strcmp(r->entries[r->order[to]].person, person) != 0)
				break;
		settle_person(r, r->order + from, to - from, chance, context);
	}
	settle_phones(r);
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
		learn_variable(r, i);
	learn_grounds(r);
	r->answers[PROTECTED] = lexicon_create(r->arena);
	r->answers[SMS] = lexicon_create(r->arena);
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
	return (struct rows_reader){ read_header, read_row, r };
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
