#include "sms-gateway/roster.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct columns {
	int person, phone, name, language, area, age, from, to, is_protected, sms;
	int variable[INVITATION_VARIABLES];
};

/* The same words folded, so that a row is compared without folding the value set each
 * time. */
struct words {
	size_t count;
	const char **codes;
	const char **names;
};

struct reader {
	const struct csvfile *file;
	const struct survey_wave *wave;
	struct columns at;
	struct words words[INVITATION_VARIABLES];
	int administration; /* places of the variables */
	int area;
	uint16_t administration_value;
	day today;
	struct arena *arena;
};

static const char *fold(struct arena *a, const char *text)
{
	struct buf folded = { 0 };
	text_fold(text, &folded);
	const char *copy = arena_text(a, buf_string(&folded), folded.len);
	buf_clear(&folded);
	return copy;
}

static enum err find_columns(struct reader *r, struct why *why)
{
	const struct {
		int *to;
		const char *folded;
		const char *needed;
	} columns[] = {
		{ &r->at.person, "personid", "person_id" },
		{ &r->at.phone, "telefon", "telefon" },
		{ &r->at.area, "verksamhetsomrade", "verksamhetsområde" },
		{ &r->at.name, "namn", NULL },
		{ &r->at.language, "sprak", NULL },
		{ &r->at.age, "alder", NULL },
		{ &r->at.from, "beslutfran", NULL },
		{ &r->at.to, "besluttill", NULL },
		{ &r->at.is_protected, "skyddad", NULL },
		{ &r->at.sms, "smstillatet", NULL },
	};
	struct buf missing = { 0 };
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		*columns[i].to = csvfile_column(r->file, columns[i].folded);
		if (*columns[i].to < 0 && columns[i].needed)
			buf_format(&missing, "%s%s", missing.len ? ", " : "",
				columns[i].needed);
	}
	enum err e = OK;
	if (missing.len)
		e = err_why(
			why, ERR_INPUT, "rubrikraden saknar %s", buf_string(&missing));
	buf_clear(&missing);
	return e;
}

static void find_variables(struct reader *r)
{
	for (size_t i = 0; i < r->wave->count; i++) {
		const struct survey_variable *v = &r->wave->variables[i];
		struct words *w = &r->words[i];
		w->count = v->count;
		w->codes = arena_alloc(r->arena, v->count * sizeof *w->codes);
		w->names = arena_alloc(r->arena, v->count * sizeof *w->names);
		for (size_t j = 0; j < v->count; j++) {
			w->codes[j] = fold(r->arena, v->values[j].code);
			w->names[j] = fold(r->arena, v->values[j].name);
		}
		int column = csvfile_column(r->file, fold(r->arena, v->name));
		r->at.variable[i] =
			column >= 0 ? column
				    : csvfile_column(r->file, fold(r->arena, v->code));
	}
}

static enum err prepare(struct reader *r, const char *administration, struct why *why)
{
	r->administration = survey_variable_find(r->wave, "administration");
	r->area = survey_variable_find(r->wave, "area");
	if (r->administration < 0 || r->area < 0)
		return err_why(why, ERR_INPUT,
			"omgången %s saknar variabeln administration eller area",
			r->wave->wave);
	int value =
		survey_value_find(&r->wave->variables[r->administration], administration);
	if (value < 0)
		return err_why(why, ERR_INPUT, "omgången %s har ingen förvaltning %s",
			r->wave->wave, administration);
	r->administration_value = (uint16_t)value;
	enum err e = find_columns(r, why);
	if (e == OK)
		find_variables(r);
	return e;
}

static int find_word(const struct words *w, const char *folded)
{
	for (size_t i = 0; *folded && i < w->count; i++)
		if (strcmp(w->codes[i], folded) == 0 || strcmp(w->names[i], folded) == 0)
			return (int)i;
	return -1;
}

/* False when it is neither empty nor a yes or no. */
static bool read_answer(const char *folded, enum frame_answer *ret_answer)
{
	static const char *const yes[] = { "ja", "j", "1", "true", "sant" };
	static const char *const no[] = { "nej", "n", "0", "false", "falskt" };
	if (!*folded) {
		*ret_answer = FRAME_NOT_SAID;
		return true;
	}
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcmp(folded, yes[i]) == 0) {
			*ret_answer = FRAME_YES;
			return true;
		}
		if (strcmp(folded, no[i]) == 0) {
			*ret_answer = FRAME_NO;
			return true;
		}
	}
	return false;
}

static const char *folded_field(struct reader *r, size_t row, int column)
{
	return fold(r->arena, csvfile_field(r->file, row, column));
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

static void read_language(struct reader *r, size_t row, struct roster_entry *entry)
{
	static const struct {
		const char *code;
		const char *name;
	} languages[] = { { "sv", "svenska" }, { "en", "engelska" }, { "fi", "finska" },
		{ "ar", "arabiska" }, { "fa", "persiska" }, { "so", "somaliska" },
		{ "ti", "tigrinska" }, { "pl", "polska" }, { "uk", "ukrainska" } };
	const char *folded = folded_field(r, row, r->at.language);
	const char *code = *folded ? NULL : "sv";
	for (size_t i = 0; !code && i < sizeof languages / sizeof *languages; i++)
		if (strcmp(folded, languages[i].code) == 0 ||
			strcmp(folded, languages[i].name) == 0)
			code = languages[i].code;
	entry->language_unknown = !code;
	(void)snprintf(entry->language, sizeof entry->language, "%s", code ? code : "sv");
}

static enum reason phone_reason(enum phone_kind kind)
{
	switch (kind) {
	case PHONE_MOBILE:
		return REASON_NONE;
	case PHONE_LANDLINE:
		return REASON_PHONE_LANDLINE;
	case PHONE_FOREIGN:
		return REASON_PHONE_FOREIGN;
	case PHONE_PREMIUM:
		return REASON_PHONE_PREMIUM;
	case PHONE_INVALID:
		return REASON_PHONE_INVALID;
	case PHONE_MISSING:
		return REASON_PHONE_MISSING;
	}
	return REASON_PHONE_INVALID;
}

static enum reason read_person(struct reader *r, size_t row, struct roster_entry *entry)
{
	switch (csvfile_problem(r->file, row)) {
	case CSVFILE_FINE:
		break;
	case CSVFILE_COLUMNS:
		return REASON_COLUMNS;
	case CSVFILE_QUOTES:
		return REASON_QUOTES;
	}
	enum err e = personid_parse(
		csvfile_field(r->file, row, r->at.person), r->today, &entry->person);
	return e == OK              ? REASON_NONE
	       : e == ERR_NOT_FOUND ? REASON_PERSON_MISSING
				    : REASON_PERSON_LONG;
}

static void read_values(struct reader *r, size_t row, struct roster_entry *entry)
{
	for (size_t i = 0; i < INVITATION_VARIABLES; i++)
		entry->values[i] = BACKGROUND_MISSING;
	for (size_t i = 0; i < r->wave->count; i++) {
		int place =
			find_word(&r->words[i], folded_field(r, row, r->at.variable[i]));
		if (place >= 0)
			entry->values[i] = (uint16_t)place;
	}
	entry->values[r->administration] = r->administration_value;
	entry->values[r->area] = (uint16_t)entry->area;
}

/* The frame's rules, on what the row says. */
static enum reason read_frame(struct reader *r, size_t row, struct roster_entry *entry)
{
	struct frame_person p = { 0 };
	enum frame_answer secret;
	const struct csvfile *f = r->file;
	if (!read_answer(folded_field(r, row, r->at.is_protected), &secret))
		return REASON_VALUE_PROTECTED;
	p.is_protected = secret == FRAME_YES;
	if (p.is_protected)
		return REASON_PROTECTED;
	if (!read_answer(folded_field(r, row, r->at.sms), &p.sms))
		return REASON_VALUE_SMS;
	if (!read_age(csvfile_field(f, row, r->at.age), &p.age))
		return REASON_VALUE_AGE;
	/* What is youngest counts: a wrong column must not make an adult of a child. */
	int born = entry->person.official ? day_age(entry->person.birth, r->today)
					  : FRAME_AGE_UNKNOWN;
	if (p.age == FRAME_AGE_UNKNOWN || (born != FRAME_AGE_UNKNOWN && born < p.age))
		p.age = born;
	if (!read_day(csvfile_field(f, row, r->at.from), &p.from) ||
		!read_day(csvfile_field(f, row, r->at.to), &p.to))
		return REASON_VALUE_DATE;
	const char *area = folded_field(r, row, r->at.area);
	int place = find_word(&r->words[r->area], area);
	if (place < 0)
		return *area ? REASON_AREA_UNKNOWN : REASON_AREA_MISSING;
	entry->area = (unsigned)place;
	const struct survey_value *value = &r->wave->variables[r->area].values[place];
	p.unsafe_area = frame_area_is_unsafe(value->code);
	p.exempt_area = value->exempt;
	return frame_check(&p);
}

static void read_entry(struct reader *r, size_t row, struct roster_entry *entry)
{
	entry->line = csvfile_line(r->file, row);
	entry->reason = read_person(r, row, entry);
	if (entry->reason != REASON_NONE)
		return;
	entry->name = csvfile_field(r->file, row, r->at.name);
	read_language(r, row, entry);
	enum phone_kind kind =
		phone_parse(csvfile_field(r->file, row, r->at.phone), &entry->phone);
	entry->has_phone = kind == PHONE_MOBILE;
	entry->reason = read_frame(r, row, entry);
	if (entry->reason == REASON_NONE)
		entry->reason = phone_reason(kind);
	read_values(r, row, entry);
}

static int by_person(const void *a, const void *b, void *context)
{
	const struct roster_entry *entries = context;
	size_t one = *(const size_t *)a;
	size_t other = *(const size_t *)b;
	int order = strcmp(entries[one].person.text, entries[other].person.text);
	return order ? order : (one > other) - (one < other);
}

static int by_phone(const void *a, const void *b, void *context)
{
	const struct roster_entry *entries = context;
	return strcmp(entries[*(const size_t *)a].phone.e164,
		entries[*(const size_t *)b].phone.e164);
}

/* What is said once of a person holds for all the person's rows. */
static bool holds_for_person(enum reason reason)
{
	return reason == REASON_PROTECTED || reason == REASON_SMS_NO ||
	       reason == REASON_CHILD || reason == REASON_VALUE_PROTECTED ||
	       reason == REASON_VALUE_SMS;
}

/* One person's rows: what keeps the person out, twice the same area, and which area of
 * several. */
static void settle_person(struct roster_entry *entries, const size_t *rows, size_t count,
	uint32_t (*below)(uint32_t))
{
	enum reason out = REASON_NONE;
	for (size_t i = 0; i < count; i++)
		if (holds_for_person(entries[rows[i]].reason) &&
			(out == REASON_NONE ||
				entries[rows[i]].reason == REASON_PROTECTED))
			out = entries[rows[i]].reason;
	uint32_t usable = 0;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &entries[rows[i]];
		if (entry->reason != REASON_NONE)
			continue;
		if (out != REASON_NONE)
			entry->reason = out;
		for (size_t j = 0; j < i && entry->reason == REASON_NONE; j++)
			if (entries[rows[j]].reason == REASON_NONE &&
				entries[rows[j]].area == entry->area)
				entry->reason = REASON_DUPLICATE;
		usable += entry->reason == REASON_NONE;
	}
	uint32_t chosen = usable > 1 ? below(usable) : 0;
	for (size_t i = 0; i < count; i++) {
		struct roster_entry *entry = &entries[rows[i]];
		if (entry->reason == REASON_NONE && chosen-- != 0)
			entry->reason = REASON_OTHER_AREA;
	}
}

static void settle_persons(struct roster *roster, uint32_t (*below)(uint32_t))
{
	struct roster_entry *entries = roster->entries;
	for (size_t from = 0, to; from < roster->count; from = to) {
		const char *person = entries[roster->order[from]].person.text;
		for (to = from + 1; to < roster->count && *person; to++)
			if (strcmp(entries[roster->order[to]].person.text, person) != 0)
				break;
		settle_person(entries, roster->order + from, to - from, below);
	}
}

/* All rows count, also those that are not used: their number is still somebody's. */
static void settle_phones(struct roster *roster, struct arena *a)
{
	struct roster_entry *entries = roster->entries;
	size_t *order = arena_alloc(a, roster->count * sizeof *order);
	size_t count = 0;
	for (size_t i = 0; i < roster->count; i++)
		if (entries[i].has_phone)
			order[count++] = i;
	if (count)
		qsort_r(order, count, sizeof *order, by_phone, entries);
	for (size_t from = 0, to; from < count; from = to) {
		const struct roster_entry *first = &entries[order[from]];
		bool shared = false;
		for (to = from + 1;
			to < count && by_phone(&order[from], &order[to], entries) == 0;
			to++)
			shared |= strcmp(entries[order[to]].person.text,
					  first->person.text) != 0;
		for (size_t i = from; shared && i < to; i++)
			if (!reason_leaves_out(entries[order[i]].reason))
				entries[order[i]].reason = REASON_PHONE_SHARED;
	}
}

enum err roster_read(const struct csvfile *f, const struct survey_wave *wave,
	const char *administration, day today, uint32_t (*below)(uint32_t),
	struct arena *a, struct roster *ret_roster, struct why *why)
{
	struct reader r = { .file = f, .wave = wave, .today = today, .arena = a };
	enum err e = prepare(&r, administration, why);
	if (e != OK)
		return e;
	struct roster roster = { .count = csvfile_rows(f) };
	roster.entries = arena_alloc(a, roster.count * sizeof *roster.entries);
	roster.order = arena_alloc(a, roster.count * sizeof *roster.order);
	for (size_t i = 0; i < roster.count; i++) {
		read_entry(&r, i, &roster.entries[i]);
		roster.order[i] = i;
	}
	if (roster.count)
		qsort_r(roster.order, roster.count, sizeof *roster.order, by_person,
			roster.entries);
	settle_phones(&roster, a);
	settle_persons(&roster, below);
	*ret_roster = roster;
	return OK;
}
