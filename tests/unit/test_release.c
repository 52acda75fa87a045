#include "release.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The document that a count leaves, against the outside contract's shape. Tests run in
 * the source folder. */
static const char shipped[] = "questionnaires/skr-brukarfragor.sv.json";
static const char variables[] =
	"],\"variables\":[{\"code\":\"administration\",\"name\":\"Förvaltning\","
	"\"values\":[{\"code\":\"farsta\",\"name\":\"Farsta\"}]},"
	"{\"code\":\"area\",\"name\":\"Verksamhetsområde\",\"values\":["
	"{\"code\":\"ekonomiskt-bistand\",\"name\":\"Ekonomiskt bistånd\"},"
	"{\"code\":\"barn-unga\",\"name\":\"Barn och unga\"},"
	"{\"code\":\"socialpsykiatri\",\"name\":\"Socialpsykiatri\"},"
	"{\"code\":\"aldreomsorg\",\"name\":\"Äldreomsorg\"},"
	"{\"code\":\"missbruk-beroende\",\"name\":\"Missbruk och beroende\"}]}]}";

enum { LARGE, SMALL, MIDDLE, SMALLER, NOBODY, AREAS };

static struct arena *arena;
static struct definition definition;
static struct release_row areas[AREAS];
static struct release_input input;
static const struct wave wave = { .name = "2027-1", .title = "Våren 2027" };

/* Each of the six questions answered alike often: per option so many. */
static void fill(struct release_row *row, int64_t invited, int64_t answered,
	const int64_t counts[static 6])
{
	*row = (struct release_row){ .invited = invited, .answered = answered };
	for (size_t n = 0; n < definition.questionnaire.count; n++) {
		const struct question *q = &definition.questionnaire.questions[n];
		for (size_t i = 0; i < q->option_count; i++)
			row->tallies[n].options[i] = counts[i];
		row->tallies[n].missing = 2;
	}
}

static void sum_up(void)
{
	input.city = (struct release_row){ 0 };
	for (size_t i = 0; i < AREAS; i++) {
		input.city.invited += areas[i].invited;
		input.city.answered += areas[i].answered;
		for (size_t n = 0; n < definition.questionnaire.count; n++)
			tally_join(&input.city.tallies[n], &areas[i].tallies[n]);
	}
}

static int make(void **state)
{
	static char text[64 * 1024];
	struct why why;
	(void)state;
	FILE *in = fopen(shipped, "r");
	if (!in)
		return -1;
	size_t n = (size_t)sprintf(text, "{\"questionnaires\":[");
	n += fread(text + n, 1, sizeof text - n - sizeof variables, in);
	fclose(in);
	memcpy(text + n, variables, sizeof variables);
	arena = arena_create();
	enum err e =
		definition_read(arena, text, n + sizeof variables - 1, &definition, &why);
	return e == OK ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	arena_destroy(arena);
	return 0;
}

/* Before each test: two small areas, of which neither may be shown alone. */
static int fill_areas(void **state)
{
	(void)state;
	fill(&areas[LARGE], 400, 100, (const int64_t[]){ 30, 30, 20, 10, 5, 5 });
	fill(&areas[SMALL], 20, 9, (const int64_t[]){ 4, 2, 1, 1, 0, 1 });
	fill(&areas[MIDDLE], 90, 40, (const int64_t[]){ 10, 10, 10, 5, 1, 4 });
	fill(&areas[SMALLER], 15, 7, (const int64_t[]){ 1, 1, 1, 1, 1, 2 });
	fill(&areas[NOBODY], 0, 0, (const int64_t[]){ 0, 0, 0, 0, 0, 0 });
	areas[NOBODY].tallies[0].missing = 0;
	input = (struct release_input){ .definition = &definition,
		.wave = &wave,
		.areas = areas,
		.frame = 600,
		.break_off = 3,
		.channels = { [PLAN_SMS - 1] = { 525, 156 } },
		.helped = { [HELPED_UNSAID] = 12,
			[HELPED_SELF] = 100,
			[HELPED_RELATIVE] = 31,
			[HELPED_STAFF] = 8,
			[HELPED_INTERPRETER] = 5 },
		.not_eligible = 4,
		.damaged = 1,
		.left_out = json_object() };
	json_set(input.left_out, "protected", json_new_number(5));
	sum_up();
	return 0;
}

static const struct json *at(const struct json *array, size_t n)
{
	const struct json *j = json_first(array);
	while (n-- > 0)
		j = json_next(j);
	return j;
}

static const struct json *rows_of(const struct json *release, size_t table)
{
	return json_get(at(json_get(release, "tables"), table), "rows");
}

static const struct json *question(const struct json *row, const char *link)
{
	return json_get(json_get(row, "questions"), link);
}

static void assert_printed(const struct json *j, const char *expected)
{
	auto_(buf) struct buf text = { 0 };
	assert_non_null(j);
	json_print(j, false, &text);
	assert_string_equal(buf_string(&text), expected);
}

static void assert_hidden(const struct json *q, size_t grades)
{
	auto_(buf) struct buf text = { 0 };
	buf_text(&text,
		"{\"graded\":null,\"dont_know\":null,\"missing\":null,\"options\":[");
	for (size_t i = 0; i < grades; i++)
		buf_text(&text, i ? ",null" : "null");
	buf_text(&text,
		"],\"positive\":{\"n\":null,\"share\":null,\"low\":null,\"high\":null},"
		"\"mean100\":null,\"weighted\":{\"positive\":null,\"low\":null,\"high\":null}}");
	assert_printed(q, buf_string(&text));
}

static void test_head(void **state)
{
	(void)state;
	auto_(json) struct json *j = release_make(&input);
	assert_printed(json_get(j, "wave"), "\"2027-1\"");
	assert_printed(json_get(j, "title"), "\"Våren 2027\"");
	assert_printed(json_get(j, "counted"), "true");
	assert_printed(json_get(j, "quality"),
		"{\"frame\":600,\"invited\":525,\"answered\":156,\"break_off\":3,"
		"\"not_eligible\":4,\"damaged\":1,\"left_out\":{\"protected\":5},"
		"\"helped\":{\"unsaid\":12,\"self\":100,\"relative\":31,\"staff\":null,"
		"\"interpreter\":null,\"rest\":13},"
		"\"channels\":{\"sms\":{\"invited\":525,\"answered\":156}}}");
	assert_int_equal(json_count(json_get(j, "tables")), 2);
	assert_printed(json_get(at(json_get(j, "tables"), 0), "by"), "[\"area\"]");
	assert_printed(json_get(at(json_get(j, "tables"), 1), "by"), "[]");
}

/* One way alone is the city; of two, neither is told when one is small. */
static void test_channels(void **state)
{
	(void)state;
	static const struct {
		struct release_channel sms, telephone;
		const char *expected;
	} cases[] = {
		{ { 500, 5 }, { 0, 0 }, "{\"sms\":{\"invited\":500,\"answered\":5}}" },
		{ { 400, 140 }, { 100, 60 },
			"{\"sms\":{\"invited\":400,\"answered\":140},"
			"\"telephone\":{\"invited\":100,\"answered\":60}}" },
		{ { 400, 140 }, { 100, 9 },
			"{\"sms\":{\"invited\":400,\"answered\":null},"
			"\"telephone\":{\"invited\":100,\"answered\":null}}" },
		{ { 0, 0 }, { 100, 60 },
			"{\"sms\":{\"invited\":0,\"answered\":null},"
			"\"telephone\":{\"invited\":100,\"answered\":60}}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (i > 0)
			fill_areas(state);
		struct release_input in = input;
		in.channels[PLAN_SMS - 1] = cases[i].sms;
		in.channels[PLAN_TELEPHONE - 1] = cases[i].telephone;
		auto_(json) struct json *j = release_make(&in);
		assert_printed(
			json_get(json_get(j, "quality"), "channels"), cases[i].expected);
	}
}

/* Every value of the set is a row, in its order; then the rest. */
static void test_rows(void **state)
{
	(void)state;
	static const char *const expected[][3] = {
		{ "{\"area\":\"ekonomiskt-bistand\"}", "400", "100" },
		{ "{\"area\":\"barn-unga\"}", "20", "null" },
		{ "{\"area\":\"socialpsykiatri\"}", "90", "40" },
		{ "{\"area\":\"aldreomsorg\"}", "15", "null" },
		{ "{\"area\":\"missbruk-beroende\"}", "0", "null" },
		{ "{\"area\":\"rest\"}", "35", "16" },
	};
	auto_(json) struct json *j = release_make(&input);
	const struct json *rows = rows_of(j, 0);
	assert_int_equal(json_count(rows), 6);
	for (size_t i = 0; i < 6; i++) {
		const struct json *row = at(rows, i);
		assert_printed(json_get(row, "key"), expected[i][0]);
		assert_printed(json_get(row, "invited"), expected[i][1]);
		assert_printed(json_get(row, "answered"), expected[i][2]);
		assert_int_equal(json_count(json_get(row, "questions")), 6);
	}
	assert_int_equal(json_count(rows_of(j, 1)), 1);
	assert_printed(json_get(json_first(rows_of(j, 1)), "key"), "{}");
	assert_printed(json_get(json_first(rows_of(j, 1)), "answered"), "156");
}

/* The city alone is large enough for everything. 45 + 43 of 144 are positive. */
static void test_city_in_full(void **state)
{
	(void)state;
	auto_(json) struct json *j = release_make(&input);
	assert_printed(question(json_first(rows_of(j, 1)), "q1"),
		"{\"graded\":144,\"dont_know\":12,\"missing\":8,"
		"\"options\":[45,43,32,17,7],"
		"\"positive\":{\"n\":88,\"share\":0.61,\"low\":0.53,\"high\":0.69},"
		"\"mean100\":68,"
		"\"weighted\":{\"positive\":null,\"low\":null,\"high\":null}}");
	/* Four grades, and the fifth option is "vet inte". */
	const struct json *q3 = question(json_first(rows_of(j, 1)), "q3");
	assert_printed(json_get(q3, "options"), "[45,43,32,17]");
	assert_printed(json_get(q3, "dont_know"), "7");
}

/* The rest has 13 graded answers: n and positive alone, for every sibling. */
static void test_weakest_decides_the_detail(void **state)
{
	(void)state;
	auto_(json) struct json *j = release_make(&input);
	const struct json *rows = rows_of(j, 0);
	assert_printed(question(at(rows, LARGE), "q1"),
		"{\"graded\":95,\"dont_know\":null,\"missing\":null,"
		"\"options\":[null,null,null,null,null],"
		"\"positive\":{\"n\":60,\"share\":0.63,\"low\":0.53,\"high\":0.72},"
		"\"mean100\":null,"
		"\"weighted\":{\"positive\":null,\"low\":null,\"high\":null}}");
	assert_printed(json_get(question(at(rows, 5), "q1"), "graded"), "13");
	assert_printed(json_get(question(at(rows, 5), "q1"), "positive"),
		"{\"n\":8,\"share\":0.62,\"low\":0.36,\"high\":0.82}");
	/* A hidden area and one where nobody was asked look the same. */
	assert_hidden(question(at(rows, SMALL), "q1"), 5);
	assert_hidden(question(at(rows, SMALLER), "q1"), 5);
	assert_hidden(question(at(rows, NOBODY), "q1"), 5);
	assert_hidden(question(at(rows, NOBODY), "q3"), 4);
}

/* Grouping is per question: what is too little in one is enough in another. */
static void test_rest_of_one_question(void **state)
{
	(void)state;
	for (size_t n = 0; n < 6; n++)
		for (size_t i = 0; i < 6; i++) {
			areas[SMALL].tallies[n].options[i] += 30;
			areas[SMALLER].tallies[n].options[i] += 30;
		}
	areas[SMALL].answered = areas[SMALLER].answered = 190;
	areas[SMALL].tallies[3] = (struct tally){ .options = { 3, 3 } };
	sum_up();
	auto_(json) struct json *j = release_make(&input);
	const struct json *rows = rows_of(j, 0);
	assert_int_equal(json_count(rows), 6);
	assert_printed(json_get(at(rows, 5), "invited"), "null");
	assert_printed(json_get(at(rows, 5), "answered"), "null");
	assert_printed(json_get(at(rows, SMALL), "answered"), "190");
	assert_hidden(question(at(rows, 5), "q1"), 5);
	assert_printed(json_get(question(at(rows, SMALL), "q1"), "graded"), "158");
	/* Question 4: the small area and the smallest other, with 36. */
	assert_hidden(question(at(rows, SMALL), "q4"), 5);
	assert_hidden(question(at(rows, MIDDLE), "q4"), 5);
	assert_printed(json_get(question(at(rows, 5), "q4"), "graded"), "42");
	assert_printed(
		json_get(question(at(rows, 5), "q4"), "options"), "[13,13,10,5,1]");
	assert_printed(json_get(question(at(rows, LARGE), "q4"), "graded"), "95");
}

static void test_no_rest(void **state)
{
	(void)state;
	areas[SMALL] = areas[SMALLER] = areas[LARGE];
	sum_up();
	auto_(json) struct json *j = release_make(&input);
	assert_int_equal(json_count(rows_of(j, 0)), AREAS);
	assert_printed(json_get(question(at(rows_of(j, 0), MIDDLE), "q1"), "options"),
		"[10,10,10,5,1]");
	assert_printed(
		json_get(question(at(rows_of(j, 0), MIDDLE), "q1"), "mean100"), "66");
	assert_hidden(question(at(rows_of(j, 0), NOBODY), "q1"), 5);
}

static void test_too_little_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < AREAS; i++)
		fill(&areas[i], 3, 1, (const int64_t[]){ 1, 0, 0, 0, 0, 0 });
	sum_up();
	auto_(json) struct json *j = release_make(&input);
	for (size_t table = 0; table < 2; table++) {
		for (const struct json *row = json_first(rows_of(j, table)); row;
			row = json_next(row)) {
			assert_printed(json_get(row, "answered"), "null");
			assert_hidden(question(row, "q1"), 5);
			assert_hidden(question(row, "q6"), 4);
		}
	}
}

/* Who answered is a breakdown of the city's answers. */
static void test_helped(void **state)
{
	(void)state;
	static const struct {
		int64_t helped[HELPED_COUNT];
		const char *expected;
	} cases[] = {
		{ { 30, 31, 32, 33, 34 },
			"{\"unsaid\":30,\"self\":31,\"relative\":32,\"staff\":33,"
			"\"interpreter\":34,\"rest\":null}" },
		/* A small one takes the smallest other with it. */
		{ { 3, 31, 32, 33, 34 },
			"{\"unsaid\":null,\"self\":null,\"relative\":32,\"staff\":33,"
			"\"interpreter\":34,\"rest\":34}" },
		/* Nobody is fewer than ten too. */
		{ { 20, 70, 0, 0, 0 },
			"{\"unsaid\":null,\"self\":70,\"relative\":null,\"staff\":null,"
			"\"interpreter\":null,\"rest\":20}" },
		{ { 0, 150, 0, 0, 0 },
			"{\"unsaid\":null,\"self\":null,\"relative\":null,\"staff\":null,"
			"\"interpreter\":null,\"rest\":null}" },
		{ { 2, 2, 2, 2, 1 },
			"{\"unsaid\":null,\"self\":null,\"relative\":null,\"staff\":null,"
			"\"interpreter\":null,\"rest\":null}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (i > 0)
			fill_areas(state);
		memcpy(input.helped, cases[i].helped, sizeof input.helped);
		auto_(json) struct json *j = release_make(&input);
		assert_printed(
			json_get(json_get(j, "quality"), "helped"), cases[i].expected);
	}
}

/* An area that does not show a question is no part of what is known of it: it looks like
 * one where nobody was asked, and no other has to hide because of it. */
static void test_hidden_question(void **state)
{
	(void)state;
	struct value *values = definition.variables[1].values;
	areas[SMALLER] = areas[MIDDLE];
	values[SMALL].hidden = 1U << 3;
	areas[SMALL].tallies[3] = (struct tally){ 0 };
	sum_up();
	auto_(json) struct json *j = release_make(&input);
	values[SMALL].hidden = 0;
	const struct json *rows = rows_of(j, 0);
	/* Question 4: the three others stand each for itself. */
	assert_hidden(question(at(rows, SMALL), "q4"), 5);
	assert_printed(json_get(question(at(rows, LARGE), "q4"), "graded"), "95");
	assert_printed(json_get(question(at(rows, MIDDLE), "q4"), "graded"), "36");
	assert_printed(json_get(question(at(rows, SMALLER), "q4"), "graded"), "36");
	assert_hidden(question(at(rows, 5), "q4"), 5);
	/* Any other question: the small area takes one with it. */
	assert_hidden(question(at(rows, SMALL), "q5"), 5);
	assert_hidden(question(at(rows, MIDDLE), "q5"), 5);
	assert_printed(json_get(question(at(rows, 5), "q5"), "graded"), "44");
}

/* Every share in the document is a whole number of per cent. */
static void assert_whole(const struct json *j)
{
	static const char *const shares[] = { "share", "low", "high" };
	double value;
	for (size_t i = 0; i < 3; i++)
		if (json_number(json_get(j, shares[i]), &value))
			assert_true(fabs(value * 100 - round(value * 100)) < 1e-9);
	if (json_number(json_get(j, "mean100"), &value))
		assert_true(value == round(value));
	for (const struct json *child = json_first(j); child; child = json_next(child))
		assert_whole(child);
}

static void test_whole_per_cent(void **state)
{
	(void)state;
	for (int64_t n = 0; n < 40; n++) {
		if (n > 0)
			fill_areas(state);
		fill(&areas[LARGE], 900, 300,
			(const int64_t[]){ 3 * n, n + 7, 2 * n, 31, n, 0 });
		sum_up();
		auto_(json) struct json *j = release_make(&input);
		assert_whole(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_head, fill_areas),
		cmocka_unit_test_setup(test_channels, fill_areas),
		cmocka_unit_test_setup(test_rows, fill_areas),
		cmocka_unit_test_setup(test_city_in_full, fill_areas),
		cmocka_unit_test_setup(test_weakest_decides_the_detail, fill_areas),
		cmocka_unit_test_setup(test_rest_of_one_question, fill_areas),
		cmocka_unit_test_setup(test_no_rest, fill_areas),
		cmocka_unit_test_setup(test_too_little_everywhere, fill_areas),
		cmocka_unit_test_setup(test_helped, fill_areas),
		cmocka_unit_test_setup(test_hidden_question, fill_areas),
		cmocka_unit_test_setup(test_whole_per_cent, fill_areas),
	};
	return cmocka_run_group_tests(tests, make, finish);
}
