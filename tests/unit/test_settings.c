#include "folder_test.h"
#include "settings.h"

static struct why why;

static enum err read_text(
	struct arena *a, const char *text, struct settings *ret_settings)
{
	folder_text("wave.ini", text);
	return settings_read(a, folder_path(a, "wave.ini"), ret_settings, &why);
}

static void test_nothing_said(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	static const char *const texts[] = { NULL, "", "# nothing\n", "[form]\n",
		"[area barn-unga]\n", "[background]\n", "[background]\nvariables =\n" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct settings s;
		memset(&s, 0xa5, sizeof s);
		enum err e = texts[i] ? read_text(a, texts[i], &s)
				      : settings_read(a, NULL, &s, &why);
		assert_int_equal(e, OK);
		assert_int_equal(s.layout, LAYOUT_PAGES);
		assert_null(s.languages);
		assert_int_equal(s.language_count, 0);
		assert_false(s.drafts);
		assert_null(s.own);
		assert_int_equal(s.variable_count, 0);
		assert_int_equal(s.area_count, 0);
	}
}

static void test_everything_said(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings s;
	if (read_text(a,
		    "# The spring's wave.\n[form]\nlayout = one-page\n"
		    "languages = sv  en\tar\ndrafts = yes\nown = stadens-egna\n\n"
		    "[background]\nvariables = sex  age\tmeasure-2\n"
		    "[area barn-unga]\nhide = q3 q11\nvariant = barn\nexempt = no\n"
		    "[area vald-nara-relation]\nexempt = yes\n"
		    "[area aldreomsorg]\nhide = q1\n",
		    &s) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(s.layout, LAYOUT_ONE_PAGE);
	assert_int_equal(s.language_count, 3);
	assert_string_equal(s.languages[0], "sv");
	assert_string_equal(s.languages[1], "en");
	assert_string_equal(s.languages[2], "ar");
	assert_true(s.drafts);
	assert_string_equal(s.own, "stadens-egna");
	assert_int_equal(s.variable_count, 3);
	assert_string_equal(s.variables[0], "sex");
	assert_string_equal(s.variables[1], "age");
	assert_string_equal(s.variables[2], "measure-2");
	assert_int_equal(s.area_count, 3);
	assert_string_equal(s.areas[0].area, "barn-unga");
	assert_int_equal(s.areas[0].hidden, 1U << 2 | 1U << 10);
	assert_string_equal(s.areas[0].variant, "barn");
	assert_false(s.areas[0].exempt);
	assert_string_equal(s.areas[1].area, "vald-nara-relation");
	assert_int_equal(s.areas[1].hidden, 0);
	assert_string_equal(s.areas[1].variant, "");
	assert_true(s.areas[1].exempt);
	assert_string_equal(s.areas[2].area, "aldreomsorg");
	assert_int_equal(s.areas[2].hidden, 1);
}

/* As by default, but said. */
static void test_said_all_the_same(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings s;
	assert_int_equal(
		read_text(a,
			"[form]\nlayout = pages\ndrafts = no\n[area x]\nhide =\nvariant =\n",
			&s),
		OK);
	assert_int_equal(s.layout, LAYOUT_PAGES);
	assert_false(s.drafts);
	assert_int_equal(s.area_count, 1);
	assert_int_equal(s.areas[0].hidden, 0);
	assert_string_equal(s.areas[0].variant, "");
}

/* An area may be spoken of in several places. */
static void test_sections_join(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings s;
	assert_int_equal(
		read_text(a,
			"[area a]\nhide = q2\n[area b]\nexempt = yes\n[area a]\nvariant = v\n",
			&s),
		OK);
	assert_int_equal(s.area_count, 2);
	assert_int_equal(s.areas[0].hidden, 2);
	assert_string_equal(s.areas[0].variant, "v");
	assert_false(s.areas[0].exempt);
	assert_true(s.areas[1].exempt);
}

static void test_what_is_refused(void **state)
{
	(void)state;
#define FORM_KEYS "[form] has layout, languages, drafts and own"
	static const struct {
		const char *text;
		int line;
		const char *reason;
	} cases[] = {
		{ "layout = pages\n", 1,
			"unknown section []: there are [form], [background] and [area CODE]" },
		{ "[forms]\nlayout = pages\n", 2,
			"unknown section [forms]: there are [form], [background] and [area CODE]" },
		{ "[area]\nhide = q1\n", 2,
			"unknown section [area]: there are [form], [background] and [area CODE]" },
		{ "[form]\n\ncolour = red\n", 3, "unknown key \"colour\": " FORM_KEYS },
		{ "[form]\nhide = q1\n", 2, "unknown key \"hide\": " FORM_KEYS },
		{ "[form]\nLayout = pages\n", 2, "unknown key \"Layout\": " FORM_KEYS },
		{ "[area a]\ndrafts = yes\n", 2,
			"unknown key \"drafts\": an area has hide, variant and exempt" },
		{ "[form]\nlayout = page\n", 2,
			"\"page\" is neither pages nor one-page" },
		{ "[form]\nlayout =\n", 2, "\"\" is neither pages nor one-page" },
		{ "[form]\nlayout = pages # or one-page\n", 2,
			"\"pages # or one-page\" is neither pages nor one-page" },
		{ "[form]\ndrafts = ja\n", 2, "\"ja\" is neither yes nor no" },
		{ "[form]\ndrafts = Yes\n", 2, "\"Yes\" is neither yes nor no" },
		{ "[area a]\nexempt = 1\n", 2, "\"1\" is neither yes nor no" },
		{ "[form]\nlanguages =\n", 2, "no language is named" },
		{ "[form]\nlanguages = sv\nlanguages = en\n", 3,
			"\"languages\" stands twice in [form]: remove one" },
		{ "[area a]\nhide = q1\nexempt = no\nhide = q2\n", 4,
			"\"hide\" stands twice in [area a]: remove one" },
		{ "[area a]\nhide = q0\n", 2,
			"\"q0\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q1 q12\n", 2,
			"\"q12\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q1,q2\n", 2,
			"\"q1,q2\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = 3\n", 2, "\"3\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q\n", 2, "\"q\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q1x\n", 2,
			"\"q1x\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q-1\n", 2,
			"\"q-1\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q+1\n", 2,
			"\"q+1\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q01\n", 2,
			"\"q01\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = Q1\n", 2,
			"\"Q1\" is no question: they are q1 to q11" },
		{ "[area a]\nhide = q99999999999999999999\n", 2,
			"\"q99999999999999999999\" is no question: they are q1 to q11" },
		{ "[background]\nvariable = sex\n", 2,
			"unknown key \"variable\": [background] has variables" },
		{ "[background]\nvariables = sex area\n", 2,
			"area is kept of everybody" },
		{ "[background]\nvariables = administration\n", 2,
			"administration is kept of everybody" },
		{ "[background]\nvariables = sex age sex\n", 2, "sex stands twice" },
		{ "[background]\nvariables = sex,age\n", 2,
			"\"sex,age\" is no variable: a-z, 0-9 and dash" },
		{ "[background]\nvariables = ../sex\n", 2,
			"\"../sex\" is no variable: a-z, 0-9 and dash" },
		{ "[background]\nvariables = Sex\n", 2,
			"\"Sex\" is no variable: a-z, 0-9 and dash" },
		{ "[background]\nvariables = sex\n[background]\nvariables = age\n", 4,
			"\"variables\" stands twice in [background]: remove one" },
		{ "[form]\nnonsense\n", 2,
			"neither `key = value` nor [section] nor # comment" },
		{ "[form]\nown = \xff\n", 2,
			"not UTF-8: save the file in that encoding" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct settings s = { .language_count = 77 };
		assert_int_equal(read_text(a, cases[i].text, &s), ERR_INPUT);
		assert_string_equal(
			why.text, arena_format(a, "%s/wave.ini:%d: %s", folder,
					  cases[i].line, cases[i].reason));
		assert_int_equal(s.language_count, 77);
	}
}

static void test_too_many(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings s;
	for (int count = 64; count <= 65; count++) {
		auto_(buf) struct buf b = { 0 };
		buf_text(&b, "[form]\nlanguages =");
		for (int i = 0; i < count; i++)
			buf_format(&b, " %c%c", 'a' + i / 26, 'a' + i % 26);
		assert_int_equal(
			read_text(a, buf_string(&b), &s), count == 64 ? OK : ERR_INPUT);
	}
	assert_non_null(strstr(why.text, ":2: too many languages"));
	assert_int_equal(s.language_count, 64);
	/* With administration and area, as many as an invitation holds. */
	for (int count = 11; count <= 12; count++) {
		auto_(buf) struct buf b = { 0 };
		buf_text(&b, "[background]\nvariables =");
		for (int i = 0; i < count; i++)
			buf_format(&b, " v%d", i);
		assert_int_equal(
			read_text(a, buf_string(&b), &s), count == 11 ? OK : ERR_INPUT);
	}
	assert_non_null(strstr(why.text, ":2: more than 11 variables"));
	assert_int_equal(s.variable_count, 11);
	assert_string_equal(s.variables[10], "v10");
	for (int count = 256; count <= 257; count++) {
		auto_(buf) struct buf b = { 0 };
		for (int i = 0; i < count; i++)
			buf_format(&b, "[area a%d]\nexempt = yes\n", i);
		assert_int_equal(
			read_text(a, buf_string(&b), &s), count == 256 ? OK : ERR_INPUT);
	}
	assert_non_null(strstr(why.text, ":514: too many areas"));
	assert_int_equal(s.area_count, 256);
	assert_string_equal(s.areas[255].area, "a255");
}

static void test_no_file(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings s;
	const char *file = folder_path(a, "none.ini");
	assert_int_equal(settings_read(a, file, &s, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text,
		arena_format(a,
			"%s: No such file or directory: check the file's name and "
			"rights",
			file));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_nothing_said),
		IN_FOLDER(test_everything_said),
		IN_FOLDER(test_said_all_the_same),
		IN_FOLDER(test_sections_join),
		IN_FOLDER(test_what_is_refused),
		IN_FOLDER(test_too_many),
		IN_FOLDER(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
