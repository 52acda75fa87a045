#include "gateway_test.h"
#include "sms-gateway/groups.h"
#include <string.h>

static struct survey_value areas[] = { { "aldre", "Äldreomsorg", false },
	{ "barn", "Barn och unga", false }, { "vald", "Våld", false } };
static struct survey_value sexes[] = { { "kvinna", "Kvinna", false },
	{ "man", "Man", false } };
static struct survey_variable variables[] = { { "area", "Område", 3, areas },
	{ "sex", "Kön", 2, sexes } };
static struct survey_table by_area = { .count = 1, .variables = { 0 } };
static struct survey_table by_both = { .count = 2, .variables = { 0, 1 } };
static const struct survey_wave wave = {
	.wave = "w", .count = 2, .variables = variables
};

static size_t group_of(const struct survey_table *t, uint16_t area, uint16_t sex)
{
	uint16_t values[INVITATION_VARIABLES] = { area, sex };
	return groups_of(&wave, t, values);
}

/* Every group has a name of its own, by which it is found again. */
static void names(void **state)
{
	(void)state;
	auto_(buf) struct buf table = { 0 };
	assert_int_equal(groups_count(&wave, &by_area), 4);
	assert_int_equal(groups_count(&wave, &by_both), 12);
	groups_table_name(&wave, &by_both, &table);
	assert_string_equal(buf_string(&table), "area*sex");
	for (size_t g = 0; g < 12; g++) {
		auto_(buf) struct buf name = { 0 };
		size_t found = 99;
		groups_name(&wave, &by_both, g, &name);
		assert_true(groups_find(&wave, &by_both, buf_string(&name), &found));
		assert_int_equal(found, g);
	}
}

static void one_person(void **state)
{
	(void)state;
	static const struct {
		uint16_t area, sex;
		const char *name;
	} cases[] = { { 0, 0, "aldre*kvinna" }, { 2, 1, "vald*man" },
		{ 1, BACKGROUND_MISSING, "barn*" }, { BACKGROUND_MISSING, 1, "*man" },
		{ BACKGROUND_MISSING, BACKGROUND_MISSING, "*" }, { 3, 2, "*" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(buf) struct buf name = { 0 };
		size_t g = group_of(&by_both, cases[i].area, cases[i].sex);
		groups_name(&wave, &by_both, g, &name);
		assert_string_equal(buf_string(&name), cases[i].name);
	}
	assert_int_equal(group_of(&by_area, 1, 0), group_of(&by_area, 1, 1));
}

static void names_of_nothing(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "aldre", "aldre*kvinna*", "ald*man",
		"aldre*x", "aldre*man*man", "kvinna*aldre", "**", "aldreomsorg*man" };
	size_t found = 99;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (groups_find(&wave, &by_both, wrong[i], &found))
			fail_msg("%s is found", wrong[i]);
	assert_false(groups_find(&wave, &by_area, "aldre*man", &found));
	assert_int_equal(found, 99);
	assert_true(groups_find(&wave, &by_area, "", &found));
	assert_int_equal(found, 3);
}

static void one_breakdown_within_each(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	static const struct valueset unknown;
	long persons[12] = { 0 };
	size_t count;
	persons[group_of(&by_both, 0, 0)] = 100;
	persons[group_of(&by_both, 0, 1)] = 40;
	persons[group_of(&by_both, 0, BACKGROUND_MISSING)] = 7;
	persons[group_of(&by_both, BACKGROUND_MISSING, 0)] = 9;
	persons[group_of(&by_both, 2, 1)] = 1;
	struct groups_breakdown *b =
		groups_preview(a, &wave, &by_both, &unknown, persons, 50, &count);
	assert_int_equal(count, 2);
	assert_string_equal(b[0].name, "Kön, Äldreomsorg");
	assert_string_equal(b[1].name, "Kön, Våld");
	assert_int_equal(b[0].declared.count, 2);
	assert_string_equal(b[0].declared.rows[1].name, "Man");
	assert_int_equal(b[0].declared.rows[0].cell.persons, 100);
	assert_int_equal(b[0].declared.rows[0].cell.answers, 50);
	assert_int_equal(b[0].declared.rows[1].cell.answers, 20);
	assert_int_equal(b[1].declared.rows[0].cell.fate, PREVIEW_EMPTY);
	assert_int_equal(b[1].declared.rows[1].cell.fate, PREVIEW_NEVER);
	assert_int_equal(b[0].coarser.count, 0);
}

/* Values of one group are added up; one that is in none stands by itself. */
static void coarser(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct valueset_entry entries[] = {
		{ .code = "aldre", .name = "x", .level = VALUESET_VALUE, .parent = 3 },
		{ .code = "barn", .name = "y", .level = VALUESET_VALUE, .parent = -1 },
		{ .code = "vald", .name = "z", .level = VALUESET_VALUE, .parent = 3 },
		{ .code = "alla",
			.name = "Omsorg",
			.level = VALUESET_GROUP,
			.parent = -1 },
	};
	const struct valueset set = { .entries = entries, .count = 4 };
	const long persons[4] = { 30, 20, 10, 5 };
	size_t count;
	struct groups_breakdown *b =
		groups_preview(a, &wave, &by_area, &set, persons, 100, &count);
	assert_int_equal(count, 1);
	assert_string_equal(b[0].name, "Område");
	assert_int_equal(b[0].declared.count, 3);
	assert_int_equal(b[0].coarser.count, 2);
	assert_string_equal(b[0].coarser.rows[0].name, "Omsorg");
	assert_int_equal(b[0].coarser.rows[0].cell.persons, 40);
	assert_string_equal(b[0].coarser.rows[1].name, "Barn och unga");
	assert_int_equal(b[0].coarser.rows[1].cell.persons, 20);
	for (size_t i = 0; i < 3; i++)
		entries[i].parent = -1;
	b = groups_preview(a, &wave, &by_area, &set, persons, 100, &count);
	assert_int_equal(b[0].coarser.count, 0);
}

/* A group that is called as a value beside it stays apart from it. */
static void a_group_with_the_name_of_a_value(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct valueset_entry entries[] = {
		{ .code = "aldre", .name = "x", .level = VALUESET_VALUE, .parent = -1 },
		{ .code = "barn", .name = "y", .level = VALUESET_VALUE, .parent = 2 },
		{ .code = "g",
			.name = "Äldreomsorg",
			.level = VALUESET_GROUP,
			.parent = -1 },
	};
	const struct valueset set = { .entries = entries, .count = 3 };
	const long persons[4] = { 30, 20, 10, 0 };
	size_t count;
	struct groups_breakdown *b =
		groups_preview(a, &wave, &by_area, &set, persons, 100, &count);
	assert_int_equal(b[0].coarser.count, 3);
	assert_int_equal(b[0].coarser.rows[0].cell.persons, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(one_person),
		cmocka_unit_test(names_of_nothing),
		cmocka_unit_test(one_breakdown_within_each),
		cmocka_unit_test(coarser),
		cmocka_unit_test(a_group_with_the_name_of_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
