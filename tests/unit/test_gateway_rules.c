#include "folder_test.h"
#include "sms-gateway/rules.h"

static struct arena *arena;

static int start(void **state)
{
	arena = arena_create();
	return folder_make(state);
}

static int stop(void **state)
{
	arena_destroy(arena);
	return folder_remove(state);
}

static struct rules read_file(const char *file)
{
	struct rules r;
	struct why why = { 0 };
	if (rules_read(arena, file, &r, &why) != OK)
		fail_msg("%s", why.text);
	return r;
}

static struct rules read_text(const char *text)
{
	folder_text("frame.ini", text);
	return read_file(folder_path(arena, "frame.ini"));
}

static void refuse(const char *text, const char *place, const char *reason)
{
	struct rules r = { .youngest = 99 };
	struct why why = { 0 };
	folder_text("frame.ini", text);
	const char *file = folder_path(arena, "frame.ini");
	assert_int_equal(rules_read(arena, file, &r, &why), ERR_INPUT);
	assert_int_equal(r.youngest, 99);
	assert_string_equal(
		why.text, arena_format(arena, "%s:%s %s", file, place, reason));
}

static void assert_words(const struct rules_words *w, const char *wanted)
{
	auto_(buf) struct buf all = { 0 };
	for (size_t i = 0; i < w->count; i++)
		buf_format(&all, "%s%s", i ? " " : "", w->words[i]);
	assert_string_equal(buf_string(&all), wanted);
}

static void assert_default(const struct rules *r)
{
	assert_false(r->any_ground);
	assert_words(&r->grounds, "bistand lss");
	assert_int_equal(r->shortest, 1);
	assert_int_equal(r->youngest, 13);
	assert_int_equal(r->adult, 18);
	assert_words(&r->unsafe, "vald-nara-relation");
	assert_words(&r->areas, "");
	assert_words(&r->measures, "");
}

static void by_default(void **state)
{
	(void)state;
	struct rules built_in = read_file(NULL);
	assert_default(&built_in);
	struct rules empty = read_text("# inget\n");
	assert_default(&empty);
}

/* Every key stands in the file, with the value that counts without it. */
static void example(void **state)
{
	(void)state;
	static const char *const lines[] = { "\ngrounds = bistand lss\n",
		"\nshortest = 1\n", "\nyoungest = 13\n", "\nadult = 18\n",
		"\nunsafe = vald-nara-relation\n", "\nareas =\n", "\nmeasures =\n" };
	auto_(buf) struct buf text = { 0 };
	struct why why;
	struct rules r = read_file("deploy/frame.ini");
	assert_default(&r);
	assert_int_equal(file_read("deploy/frame.ini", 100000, &text, &why), OK);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!strstr(buf_string(&text), lines[i]))
			fail_msg("deploy/frame.ini lacks%s", lines[i]);
}

static void given(void **state)
{
	(void)state;
	struct rules r = read_text(
		"[frame]\ngrounds = lss  sol-2025\nshortest = 120\nyoungest = 0\nadult = 100\n"
		"unsafe =\n[exempt]\nareas = barn-unga aldreomsorg\n"
		"measures = familjehem | Bostad med särskild service | 9 § 5 LSS\n");
	assert_false(r.any_ground);
	assert_words(&r.grounds, "lss sol-2025");
	assert_int_equal(r.shortest, 120);
	assert_int_equal(r.youngest, 0);
	assert_int_equal(r.adult, 100);
	assert_words(&r.unsafe, "");
	assert_words(&r.areas, "barn-unga aldreomsorg");
	assert_words(&r.measures, "familjehem bostadmedsarskildservice 95lss");
	assert_true(rules_have(&r.measures, "bostadmedsarskildservice"));
	assert_false(rules_have(&r.measures, "bostad"));
	assert_false(rules_have(&r.unsafe, ""));
	r = read_text("[frame]\ngrounds = any\n");
	assert_true(r.any_ground);
	assert_words(&r.grounds, "");
	assert_int_equal(r.youngest, 13);
	r = read_text("[frame]\nyoungest = 18\n[exempt]\nareas = a b c d e\n");
	assert_int_equal(r.youngest, 18);
	assert_words(&r.areas, "a b c d e");
}

static void refused(void **state)
{
	(void)state;
	static const char there[] =
		"there are grounds in [frame], shortest in [frame], youngest in [frame], "
		"adult in [frame], unsafe in [frame], areas in [exempt], measures in [exempt]";
	refuse("[frame]\nareas = x\n",
		"2:", arena_format(arena, "unknown key \"areas\" in [frame]: %s", there));
	refuse("\n[exempts]\nareas = x\n", "3:",
		arena_format(arena, "unknown key \"areas\" in [exempts]: %s", there));
	refuse("adult = 18\n",
		"1:", arena_format(arena, "unknown key \"adult\" in []: %s", there));
	static const char *const numbers[] = { "", "-1", "1.5", "13 år", "101", "1000",
		"99999999999", "0x1" };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const char *not_one = arena_format(
			arena, "\"%s\" is not a whole number from 0 to 100", numbers[i]);
		refuse(arena_format(arena, "[frame]\nadult = %s\n", numbers[i]),
			"2:", arena_format(arena, "adult: %s", not_one));
		refuse(arena_format(arena, "[frame]\nyoungest = %s\n", numbers[i]),
			"2:", arena_format(arena, "youngest: %s", not_one));
	}
	refuse("[frame]\nshortest = 121\n",
		"2:", "shortest: \"121\" is not a whole number from 0 to 120");
	refuse("[frame]\nyoungest = 19\n", "", "youngest (19) is over adult (18)");
	refuse("[frame]\nadult = 12\n", "", "youngest (13) is over adult (12)");
	refuse("[frame]\ngrounds =\n", "2:", "grounds: none is given; any: all");
	refuse("[frame]\ngrounds = bistand, lss\n", "2:",
		"grounds: \"bistand,\" is no code: a-z, 0-9, + and -, spaces between");
	refuse("[frame]\nunsafe = Våld\n",
		"2:", "unsafe: \"Våld\" is no code: a-z, 0-9, + and -, spaces between");
	refuse("[exempt]\nareas = a\tb\n",
		"2:", "areas: \"a\tb\" is no code: a-z, 0-9, + and -, spaces between");
	refuse("[exempt]\nmeasures = a | | b\n",
		"2:", "measures: \"a | | b\" has nothing beside a |");
	refuse("[exempt]\nmeasures = |\n",
		"2:", "measures: \"|\" has nothing beside a |");
	struct rules r;
	struct why why;
	assert_int_equal(rules_read(arena, "/no/such.ini", &r, &why), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default),
		cmocka_unit_test(example),
		cmocka_unit_test(given),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
