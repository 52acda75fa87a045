/* A case system's file, all the way to persons: whatever stands in it, nobody is used
 * twice, and nobody whom a rule keeps out. Run in the source folder, with the value sets
 * and mappings that ship. */
#include "common/clock.h"
#include "common/form.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/roster.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ADMINISTRATION, AREA, SEX, AGE, VARIABLES };
enum { ROWS_COMPARED = 200 }; /* each with each */

static struct survey_value administrations[] = { { "bromma", "Bromma", false },
	{ "farsta", "Farsta", false } };
static struct survey_value areas[] = { { "ekonomiskt-bistand", "Ekonomiskt bistånd",
					       false },
	{ "socialpsykiatri", "Socialpsykiatri", false },
	{ "barn-unga", "Barn och unga", false },
	{ "vald-nara-relation", "Våld i nära relation", false },
	{ "aldreomsorg", "Äldreomsorg", true } };
static struct survey_value sexes[] = { { "kvinna", "Kvinna", false },
	{ "man", "Man", false } };
static struct survey_value ages[] = { { "13-17", "13–17 år", false },
	{ "18-64", "18–64 år", false }, { "65+", "65 år och äldre", false } };
static struct survey_variable variables[VARIABLES] = {
	[ADMINISTRATION] = { "administration", "Förvaltning", 2, administrations },
	[AREA] = { "area", "Verksamhetsområde", 5, areas },
	[SEX] = { "sex", "Juridiskt kön", 2, sexes },
	[AGE] = { "age", "Åldersgrupp", 3, ages },
};
static const struct survey_wave wave = {
	.wave = "2027-1", .count = VARIABLES, .variables = variables
};

static void require(bool promise)
{
	if (!promise)
		abort();
}

static const struct roster_setup *setup(void)
{
	static const char *const files[] = { "combine", "esset", "lifecare", "treserva" };
	static struct mapping *mappings[4];
	static struct valueset sets[VARIABLES], grounds, measures;
	static struct rules rules;
	static struct roster_setup s;
	static struct arena *a;
	struct why why;
	if (a)
		return &s;
	a = arena_create();
	require(rules_read(a, NULL, &rules, &why) == OK);
	require(valueset_read(a, "questionnaires/values/area.ini", &sets[AREA], &why) ==
		OK);
	require(valueset_read(a, "questionnaires/values/sex.ini", &sets[SEX], &why) ==
		OK);
	require(valueset_read(a, "questionnaires/values/ground.ini", &grounds, &why) ==
		OK);
	for (size_t i = 0; i < 4; i++)
		require(mapping_read(arena_format(a, "deploy/mappings/%s.ini", files[i]),
				&mappings[i], &why) == OK);
	require(valueset_read(a, "questionnaires/values/measure.ini", &measures, &why) ==
		OK);
	s = (struct roster_setup){ .wave = &wave,
		.administration = "farsta",
		.rules = &rules,
		.sets = sets,
		.grounds = &grounds,
		.measures = &measures,
		.mappings = mappings,
		.mapping_count = 4,
		.today = 20270201 };
	return &s;
}

static uint32_t chance(const void *context, const char *person, uint32_t bound)
{
	(void)context;
	require(*person && bound > 1);
	uint32_t sum = 0;
	for (; *person; person++)
		sum += (unsigned char)*person;
	return sum % bound;
}

static void check_phone(const char *phone)
{
	size_t len = strlen(phone);
	require(!len || (*phone == '+' && len >= 8 && len <= 16 &&
				strspn(phone + 1, "0123456789") == len - 1));
}

static void check_used(const struct roster_entry *e)
{
	bool sms = (e->channels & FRAME_SMS) != 0;
	bool call = (e->channels & FRAME_CALL) != 0;
	require(e->values[ADMINISTRATION] == 1 && e->values[AREA] < 4);
	require(e->values[SEX] < 2 || e->values[SEX] == BACKGROUND_MISSING);
	require(e->values[AGE] < 3 || e->values[AGE] == BACKGROUND_MISSING);
	require(strlen(e->language) == 2 && *e->person);
	require(!sms || (call && strncmp(e->phone, "+467", 4) == 0));
	require(!sms || !(e->marks & (MARK_SMS_NO | MARK_LANDLINE)));
	require(!call || *e->phone);
	require(call == !(e->marks & (MARK_FOREIGN | MARK_PREMIUM | MARK_NO_PHONE |
					     MARK_BAD_PHONE)));
}

static void check_entry(const struct roster_entry *e)
{
	require(e->reason < REASON_COUNT && e->line && e->marks < 1 << MARK_COUNT);
	require(strlen(e->person) <= 63 && form_is_utf8(e->person, strlen(e->person)));
	require(form_is_utf8(e->name, strlen(e->name)));
	require(form_is_utf8(e->unit, strlen(e->unit)));
	check_phone(e->phone);
	if (e->reason == REASON_NONE)
		check_used(e);
}

/* One person's rows: one is used, unless something keeps the person out. */
static void check_person(
	const struct roster_entry *entries, const size_t *rows, size_t count)
{
	size_t used = 0, passed = 0;
	bool out = false;
	for (size_t i = 0; i < count; i++) {
		const struct roster_entry *e = &entries[rows[i]];
		used += e->reason == REASON_NONE;
		passed += e->reason == REASON_DUPLICATE || e->reason == REASON_OTHER_AREA;
		out |= e->reason == REASON_PROTECTED || e->reason == REASON_CHILD;
	}
	require(used <= 1 && (used == 1 || !passed) && !(out && used));
}

/* Nobody is sent what comes to another too, without being marked. */
static void check_shared(const struct roster_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			require(entries[i].reason != REASON_NONE || !*entries[i].phone ||
				entries[i].marks & MARK_SHARED ||
				strcmp(entries[i].phone, entries[j].phone) != 0 ||
				strcmp(entries[i].person, entries[j].person) == 0);
}

static void check(struct roster *r)
{
	size_t count, sum = 0;
	const struct roster_entry *entries = roster_entries(r, &count);
	const size_t *order = roster_order(r);
	for (size_t i = 0; i < count; i++) {
		check_entry(&entries[i]);
		require(!i || entries[i].line > entries[i - 1].line);
		require(order[i] < count);
		sum += order[i];
	}
	require(!count || sum == count * (count - 1) / 2);
	for (size_t from = 0, to; from < count; from = to) {
		const char *person = entries[order[from]].person;
		for (to = from + 1; to < count && *person; to++)
			if (strcmp(entries[order[to]].person, person) != 0)
				break;
		require(to == count || strcmp(entries[order[to]].person, person) >= 0);
		check_person(entries, order + from, to - from);
	}
	check_shared(entries, count < ROWS_COMPARED ? count : ROWS_COMPARED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why;
	struct rows_about about;
	auto_(roster) struct roster *r = NULL;
	/* A copy of exactly that size: a read beyond it is seen. */
	auto_(free) char *copy = malloc(size);
	if (size)
		memcpy(copy, data, size);
	require(roster_create(setup(), &r, &why) == OK);
	struct rows_reader reader = roster_reader(r);
	enum err e = rows_read(copy, size, &reader, &about, &why);
	require(e == OK || (e == ERR_INPUT && form_is_utf8(why.text, strlen(why.text))));
	if (e != OK)
		return 0;
	roster_settle(r, chance, NULL);
	check(r);
	return 0;
}
