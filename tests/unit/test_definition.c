#include "definition.h"
#include "folder_test.h"

static struct why why;

static const char shipped[] = "questionnaires";
static const char skr[] = "skr-brukarfragor";
enum { OPENS = 20270201 };

/* Makes a definition, reads its document again, and compares what was left out. */
static void make(struct arena *a, const char *from, const struct settings *s,
	const char *left_out, struct definition *ret_definition)
{
	auto_(buf) struct buf document = { 0 }, out = { 0 };
	if (definition_make(from, skr, OPENS, s, &document, &out, &why) != OK)
		fail_msg("%s", why.text);
	if (left_out)
		assert_string_equal(buf_string(&out), left_out);
	if (definition_read(a, document.data, document.len, ret_definition, &why) != OK)
		fail_msg("%s", why.text);
}

static void refuse(
	const char *from, const struct settings *s, enum err expected, const char *reason)
{
	auto_(buf) struct buf document = { 0 }, out = { 0 };
	memset(&why, 0, sizeof why);
	assert_int_equal(
		definition_make(from, skr, OPENS, s, &document, &out, &why), expected);
	assert_int_equal(document.len, 0);
	assert_string_equal(why.text, reason);
}

/* A copy of a shipped file in the folder, with that status. */
static void copy(const char *name, const char *status)
{
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf text = { 0 };
	const char *file = arena_format(a, "questionnaires/%s", name);
	const char *key = strstr(name, ".json") ? "\"status\": \"" : "status = ";
	assert_int_equal(file_read(file, 1 << 20, &text, &why), OK);
	const char *at = strstr(buf_string(&text), key);
	assert_non_null(at);
	at += strlen(key);
	const char *before = arena_text(a, at, strcspn(at, "\"\n"));
	folder_change(file, name, arena_format(a, "%s%s", key, before),
		arena_format(a, "%s%s", key, status));
}

/* In the folder: the plain Swedish, approved, and the plain English. */
static void copy_both(const char *english)
{
	folder_copy("questionnaires/values/area.ini", "values/area.ini");
	folder_copy(
		"questionnaires/values/administration.ini", "values/administration.ini");
	copy("skr-brukarfragor.sv.json", "active");
	copy("texts/sv.ini", "active");
	copy("skr-brukarfragor.en.json", english);
	copy("texts/en.ini", english);
}

/* A file of the city's own questions, from q7 on; the second hangs on the first. */
static void write_own_graded(
	const char *language, const char *status, int first, int count, int grades)
{
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf b = { 0 };
	buf_format(&b,
		"{\"resourceType\":\"Questionnaire\",\"status\":\"%s\",\"name\":\"own\","
		"\"title\":\"t\",\"language\":\"%s\",\"item\":[",
		status, language);
	for (int i = first; i < first + count; i++) {
		buf_format(&b,
			"%s{\"linkId\":\"q%d\",\"type\":\"choice\",\"text\":\"%s %d?\",",
			i > first ? "," : "", i, language, i);
		if (i == 8)
			buf_text(&b,
				"\"enableWhen\":[{\"question\":\"q7\",\"operator\":\"=\","
				"\"answerCoding\":{\"code\":\"1\"}}],");
		buf_text(&b, "\"answerOption\":[");
		for (int code = 1; code <= grades; code++)
			buf_format(&b,
				"%s{\"valueCoding\":{\"code\":\"%d\",\"display\":\"x\","
				"\"extension\":[{\"url\":\"http://hl7.org/fhir/"
				"StructureDefinition/ordinalValue\",\"valueDecimal\":%d}]}}",
				code > 1 ? "," : "", code, 10 - code);
		buf_text(&b, "]}");
	}
	buf_text(&b, "]}");
	folder_text(arena_format(a, "own.%s.json", language), buf_string(&b));
}

static void write_own(const char *language, const char *status, int first, int count)
{
	write_own_graded(language, status, first, count, 2);
}

static void assert_edition(
	const struct questionnaire *q, const char *language, const char *variant)
{
	assert_string_equal(q->language, language);
	assert_string_equal(q->variant, variant);
}

static void test_shipped(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char **names;
	size_t count;
	struct definition d;
	make(a, shipped, &(struct settings){ 0 }, NULL, &d);
	assert_edition(&d.questionnaire, "sv", "");
	assert_int_equal(d.layout, LAYOUT_PAGES);
	for (size_t i = 0; i < d.edition_count; i++)
		assert_false(d.editions[i].draft);
	make(a, shipped, &(struct settings){ .drafts = true, .layout = LAYOUT_ONE_PAGE },
		"", &d);
	assert_int_equal(file_list(a, shipped, ".json", &names, &count, &why), OK);
	assert_int_equal(d.edition_count, count);
	assert_int_equal(d.layout, LAYOUT_ONE_PAGE);
	assert_edition(&d.questionnaire, "sv", "");
	assert_edition(&d.editions[0], "sv", "");
	for (size_t i = 0; i < d.edition_count; i++) {
		const struct questionnaire *q = &d.editions[i];
		assert_int_equal(q->count, 6);
		assert_ptr_equal(definition_edition(&d, q->language, q->variant), q);
	}
	/* A variant that the language lacks is the language. */
	assert_edition(definition_edition(&d, "ti", "barn"), "ti", "");
	assert_edition(definition_edition(&d, "ti", "bildstod"), "ti", "bildstod");
	assert_null(definition_edition(&d, "no", ""));
	assert_null(definition_edition(&d, "no", "bildstod"));
}

/* By default a wave takes what persons have approved. */
static void test_drafts(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	const struct settings none = { 0 }, drafts = { .drafts = true };
	copy_both("draft");
	copy("skr-brukarfragor.en.bildstod.json", "draft");
	copy("skr-brukarfragor.sv.barn.json", "draft");
	copy("skr-brukarfragor.sv.lattlast.json", "active");
	make(a, folder, &none, "en.bildstod, en, sv.barn", &d);
	assert_int_equal(d.edition_count, 2);
	assert_edition(&d.editions[0], "sv", "");
	assert_edition(&d.editions[1], "sv", "lattlast");
	make(a, folder, &drafts, "", &d);
	assert_int_equal(d.edition_count, 5);
	assert_edition(&d.editions[0], "sv", "");
	assert_edition(&d.editions[1], "en", "bildstod");
	assert_true(d.editions[1].draft);
}

static void test_languages(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	const char *names[] = { "fi", "sv" };
	struct settings s = { .languages = names, .language_count = 2, .drafts = true };
	copy_both("active");
	copy("skr-brukarfragor.fi.json", "active");
	copy("skr-brukarfragor.fi.bildstod.json", "draft");
	copy("skr-brukarfragor.sv.barn.json", "draft");
	copy("texts/fi.ini", "active");
	make(a, folder, &s, "", &d);
	assert_int_equal(d.edition_count, 4);
	assert_edition(&d.editions[0], "sv", "");
	assert_edition(&d.editions[1], "fi", "bildstod");
	assert_edition(&d.editions[2], "fi", "");
	assert_edition(&d.editions[3], "sv", "barn");
	/* A draft of a variant is left out. */
	s.drafts = false;
	make(a, folder, &s, "fi.bildstod, sv.barn", &d);
	assert_int_equal(d.edition_count, 2);
	s = (struct settings){ .languages = names + 1, .language_count = 1 };
	make(a, folder, &s, "sv.barn", &d);
	assert_int_equal(d.edition_count, 1);
	s = (struct settings){ .languages = names, .language_count = 1, .drafts = true };
	refuse(folder, &s, ERR_INPUT, "the settings must name sv among the languages");
	names[0] = "no";
	s.language_count = 2;
	refuse(folder, &s, ERR_NOT_FOUND,
		"the settings name the language no, which the questionnaire does not have");
}

#define DRAFT                                                                            \
	", its texts or the city's own questions in that edition are a draft that no "   \
	"person has approved: set the status to active, or take drafts with `drafts = "  \
	"yes` in the settings"

/* Questions and texts must be approved, each; a wave that asks for a language by name
 * must know that it gets a draft. */
static void test_drafts_of_each(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	const char *names[] = { "sv", "en" };
	const struct settings none = { 0 },
			      named = { .languages = names, .language_count = 2 };
	static const char *const files[] = { "texts/en.ini", "skr-brukarfragor.en.json" };
	for (size_t i = 0; i < 2; i++) {
		copy_both("active");
		make(a, folder, &named, "", &d);
		assert_int_equal(d.edition_count, 2);
		copy(files[i], "draft");
		refuse(folder, &named, ERR_CONFLICT,
			arena_format(a, "%s/skr-brukarfragor.en.json" DRAFT, folder));
		make(a, folder, &none, "en", &d);
		assert_int_equal(d.edition_count, 1);
	}
	/* A variant's texts too. */
	copy_both("active");
	copy("skr-brukarfragor.sv.barn.json", "active");
	make(a, folder, &named, "", &d);
	assert_int_equal(d.edition_count, 3);
	copy("texts/sv.barn.ini", "draft");
	make(a, folder, &named, "sv.barn", &d);
	assert_int_equal(d.edition_count, 2);
}

/* Without the plain Swedish there is no wave. */
static void test_swedish_draft(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	copy_both("active");
	copy("texts/sv.ini", "draft");
	refuse(folder, &(struct settings){ 0 }, ERR_CONFLICT,
		arena_format(a, "%s/skr-brukarfragor.sv.json" DRAFT, folder));
	make(a, folder, &(struct settings){ .drafts = true }, "", &d);
	assert_int_equal(d.edition_count, 2);
}

static void test_texts_that_are_missing(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char *names[] = { "sv" };
	struct definition d;
	copy_both("active");
	assert_int_equal(unlink(folder_path(a, "texts/en.ini")), 0);
	refuse(folder, &(struct settings){ 0 }, ERR_NOT_FOUND,
		arena_format(a,
			"%s/texts/en.ini is missing: it says what the pages say besides "
			"%s/skr-brukarfragor.en.json",
			folder, folder));
	/* Not in a language that the wave does without. */
	make(a, folder, &(struct settings){ .languages = names, .language_count = 1 }, "",
		&d);
	assert_int_equal(d.edition_count, 1);
}

static void test_own_questions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	const struct settings s = { .own = "own" };
	copy_both("active");
	for (int count = 1; count <= 5; count++) {
		write_own("sv", "active", 7, count);
		write_own("en", "active", 7, count);
		make(a, folder, &s, "", &d);
		assert_int_equal(d.edition_count, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct questionnaire *q = &d.editions[i];
			assert_int_equal(q->count, 6 + count);
			assert_string_equal(q->name, skr);
			assert_string_equal(q->questions[5].link, "q6");
			assert_int_equal(q->questions[2].condition_count, 4);
			assert_string_equal(q->questions[6].link, "q7");
			assert_string_equal(q->questions[6].text, i ? "en 7?" : "sv 7?");
		}
	}
	assert_string_equal(d.questionnaire.questions[10].link, "q11");
	/* What hung on the city's first still does, at its new place. */
	assert_int_equal(d.questionnaire.questions[7].condition_count, 1);
	assert_int_equal(d.questionnaire.questions[7].conditions[0].question, 6);
	assert_int_equal(d.questionnaire.questions[7].conditions[0].code, 1);
}

static void test_own_questions_that_are_refused(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char *names[] = { "sv", "en" };
	struct settings s = { .languages = names, .language_count = 2, .own = "own" };
	struct definition d;
	copy_both("active");
	refuse(folder, &s, ERR_NOT_FOUND,
		arena_format(a, "%s/own.sv.json: No such file or directory", folder));
	write_own("sv", "active", 7, 6);
	refuse(folder, &s, ERR_INPUT,
		arena_format(a,
			"%s/own.sv.json: Questionnaire.item[5]: is one too many: a city has at "
			"most five of its own",
			folder));
	write_own("sv", "active", 1, 2);
	refuse(folder, &s, ERR_INPUT,
		arena_format(a,
			"%s/own.sv.json: the city's own questions are q7 to q11, after six others",
			folder));
	write_own("sv", "active", 7, 2);
	refuse(folder, &s, ERR_NOT_FOUND,
		arena_format(a,
			"%s/own.en.json is missing: the city's own questions are asked in every "
			"edition of the wave; write it, or name fewer languages in the settings",
			folder));
	s.language_count = 1;
	make(a, folder, &s, "", &d);
	assert_int_equal(d.questionnaire.count, 8);
	s.language_count = 2;
	write_own("en", "active", 7, 1);
	refuse(folder, &s, ERR_INPUT,
		arena_format(a,
			"%s/own.en.json: Questionnaire.item[1]: lacks the question that own.sv has",
			folder));
	write_own("en", "draft", 7, 2);
	refuse(folder, &s, ERR_CONFLICT,
		arena_format(a, "%s/skr-brukarfragor.en.json" DRAFT, folder));
	s.drafts = true;
	make(a, folder, &s, "", &d);
	assert_int_equal(d.editions[1].count, 8);
}

/* They have no more grades than SKR's. */
static void test_grades_of_own_questions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const struct settings s = { .own = "own" };
	struct definition d;
	copy_both("draft");
	write_own_graded("sv", "active", 7, 2, 5);
	make(a, folder, &s, "en", &d);
	assert_int_equal(d.questionnaire.questions[7].grades, 5);
	write_own_graded("sv", "active", 7, 2, 6);
	refuse(folder, &s, ERR_INPUT,
		arena_format(a,
			"%s/own.sv.json: Questionnaire.item[0]: has more than five graded options",
			folder));
}

/* The city's own can't be the six, nor follow on other than six. */
static void test_own_questions_after_six(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf document = { 0 }, out = { 0 };
	copy_both("active");
	write_own("sv", "active", 7, 2);
	const struct settings s = { .own = "own" };
	assert_int_equal(definition_make(folder, "own", OPENS, &s, &document, &out, &why),
		ERR_INPUT);
	assert_string_equal(why.text,
		arena_format(a,
			"%s/own.sv.json: the city's own questions are q7 to q11, after six others",
			folder));
}

static void test_areas(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings_area rules[] = {
		{ .area = "barn-unga", .hidden = 1U << 2 | 1U << 5, .variant = "barn" },
		{ .area = "vald-nara-relation", .variant = "", .exempt = true },
	};
	struct settings s = { .areas = rules, .area_count = 2 };
	struct definition d;
	make(a, shipped, &s, NULL, &d);
	assert_int_equal(d.variable_count, 2);
	assert_int_equal(definition_variable(&d, "administration"), 0);
	assert_int_equal(definition_variable(&d, "area"), 1);
	assert_int_equal(definition_variable(&d, "unit"), -1);
	assert_string_equal(d.variables[1].name, "Verksamhetsområde");
	assert_int_equal(d.variables[0].count, 11);
	assert_int_equal(d.variables[1].count, 7);
	assert_int_equal(definition_value(&d.variables[0], "farsta"), 1);
	assert_int_equal(definition_value(&d.variables[0], "Farsta"), -1);
	assert_string_equal(d.variables[0].values[1].name, "Farsta");
	int place = definition_value(&d.variables[1], "barn-unga");
	for (int i = 0; i < 7; i++) {
		const struct value *v = definition_area(&d, (unsigned)i);
		assert_ptr_equal(v, &d.variables[1].values[i]);
		assert_int_equal(v->hidden, i == place ? 0x24 : 0);
		assert_string_equal(v->variant, i == place ? "barn" : "");
		assert_int_equal(v->exempt, strcmp(v->code, "vald-nara-relation") == 0);
	}
	assert_null(definition_area(&d, 7));
	assert_null(definition_area(&d, BACKGROUND_MISSING));
}

static void test_areas_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		struct settings_area rule;
		const char *reason;
	} cases[] = {
		{ { "unga", 0, "", false },
			"the settings speak of the area unga, which is not in "
			"questionnaires/values/area.ini" },
		/* A code of the other variable. */
		{ { "farsta", 1, "", false },
			"the settings speak of the area farsta, which is not in "
			"questionnaires/values/area.ini" },
		{ { "barn-unga", 63, "", false },
			"[area barn-unga] hide: must leave a question, and name those there "
			"are" },
		{ { "barn-unga", 1U << 6, "", false },
			"[area barn-unga] hide: must leave a question, and name those there "
			"are" },
		{ { "barn-unga", 0, "barnen", false },
			"[area barn-unga] variant: there is no variant barnen in Swedish" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings_area rule = cases[i].rule;
		const struct settings s = { .areas = &rule, .area_count = 1 };
		refuse(shipped, &s, ERR_INPUT, cases[i].reason);
	}
}

/* The city's own questions can be hidden too, but not all of all. */
static void test_areas_and_own_questions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct settings_area rule = {
		.area = "barn-unga", .hidden = 0x7f, .variant = ""
	};
	const struct settings s = { .own = "own", .areas = &rule, .area_count = 1 };
	struct definition d;
	copy_both("draft");
	write_own("sv", "active", 7, 2);
	make(a, folder, &s, "en", &d);
	assert_int_equal(definition_area(&d, 4)->hidden, 0x7f);
	rule.hidden = 0xff;
	refuse(folder, &s, ERR_INPUT,
		"[area barn-unga] hide: must leave a question, and name those there are");
	rule.hidden = 0x100;
	refuse(folder, &s, ERR_INPUT,
		"[area barn-unga] hide: must leave a question, and name those there are");
}

static void test_value_sets_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *reason;
	} cases[] = {
		{ "code = area", "code = unit", ": [variable] code must be area" },
		{ "\n[values]", "\n[value]",
			":8: unknown key \"ekonomiskt-bistand\" in [value]" },
		{ "\n[groups]",
			"\n[valid]\nekonomiskt-bistand = - 2027-01-31\nmissbruk-beroende = - "
			"2027-01-31\nsocialpsykiatri = - 2027-01-31\nfunktionsnedsattning = "
			"2027-02-02 -\nbarn-unga = 2027-02-02 -\nvald-nara-relation = - "
			"2027-01-31\naldreomsorg = 2027-02-02 -\n[groups]",
			": 0 values are valid when the wave opens: 1 to 65535 fit" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		copy_both("draft");
		folder_change("questionnaires/values/area.ini", "values/area.ini",
			cases[i].from, cases[i].to);
		refuse(folder, &(struct settings){ 0 }, ERR_INPUT,
			arena_format(a, "%s/values/area.ini%s", folder, cases[i].reason));
	}
	auto_(arena) struct arena *a = arena_create();
	assert_int_equal(unlink(folder_path(a, "values/area.ini")), 0);
	refuse(folder, &(struct settings){ 0 }, ERR_NOT_FOUND,
		arena_format(a,
			"%s/values/area.ini: No such file or directory: check the file's name "
			"and rights",
			folder));
}

/* What the settings name comes after the two that are always there, in their order. */
static void test_background(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char *names[] = { "sex", "age", "origin", "measure" };
	static const char *const expected[] = { "administration", "area", "sex", "age",
		"origin", "measure" };
	struct definition d;
	for (size_t count = 0; count <= 4; count++) {
		const struct settings s = { .variables = names, .variable_count = count };
		make(a, shipped, &s, NULL, &d);
		assert_int_equal(d.variable_count, 2 + count);
		for (size_t i = 0; i < d.variable_count; i++)
			assert_string_equal(d.variables[i].code, expected[i]);
		assert_int_equal(d.area, 1);
	}
	assert_string_equal(d.variables[2].name, "Juridiskt kön");
	assert_int_equal(d.variables[2].count, 2);
	assert_string_equal(d.variables[2].values[0].code, "kvinna");
	assert_string_equal(d.variables[3].values[5].code, "80+");
	assert_string_equal(d.variables[3].values[5].name, "80 år och äldre");
	assert_int_equal(definition_value(&d.variables[5], "hemtjanst-natt"), -1);
	names[3] = "unit";
	refuse(shipped, &(struct settings){ .variables = names, .variable_count = 4 },
		ERR_NOT_FOUND,
		"questionnaires/values/unit.ini: No such file or directory: check the "
		"file's name and rights");
}

/* A wave takes the values, neither finer nor coarser ones, that are valid on its first
 * day. */
static void test_values_of_a_wave(void **state)
{
	(void)state;
	static const struct {
		day opens;
		const char *values;
	} cases[] = { { 20270131, "a b " }, { 20270201, "a b d " },
		{ 20270202, "a d " } };
	const char *names[] = { "x" };
	const struct settings s = { .variables = names, .variable_count = 1 };
	copy_both("draft");
	folder_text("values/x.ini",
		"[variable]\ncode = x\nname = X\n[values]\na = A\nb = B\nd = D\n"
		"[local]\nc = C\n[groups]\ng = G\n[parents]\nc = a\na = g\n"
		"[valid]\nb = - 2027-02-01\nd = 2027-02-01 -\nc = - 2020-01-01\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		auto_(buf) struct buf document = { 0 }, out = { 0 }, values = { 0 };
		struct definition d;
		assert_int_equal(definition_make(folder, skr, cases[i].opens, &s,
					 &document, &out, &why),
			OK);
		assert_int_equal(
			definition_read(a, document.data, document.len, &d, &why), OK);
		for (size_t n = 0; n < d.variables[2].count; n++)
			buf_format(&values, "%s ", d.variables[2].values[n].code);
		assert_string_equal(buf_string(&values), cases[i].values);
	}
}

/* Every wave has what the count breaks down by. */
static void test_tables(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct definition d;
	make(a, shipped, &(struct settings){ 0 }, NULL, &d);
	for (size_t i = 0; i < DEFINITION_TABLES; i++) {
		assert_non_null(definition_tables[i][0]);
		for (size_t n = 0; n < DEFINITION_BY; n++)
			if (definition_tables[i][n])
				assert_true(definition_variable(
						    &d, definition_tables[i][n]) >= 0);
	}
}

static void test_documents_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", "line 1, byte 1: not JSON" },
		{ "{}", "there is no questionnaire" },
		{ "{\"questionnaires\":[]}", "there is no questionnaire" },
		{ "{\"questionnaires\":[{}]}", "Questionnaire.resourceType: is missing" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct definition d = { .edition_count = 77 };
		assert_int_equal(definition_read(a, cases[i].text, strlen(cases[i].text),
					 &d, &why),
			ERR_INPUT);
		assert_string_equal(why.text, cases[i].reason);
		assert_int_equal(d.edition_count, 77);
	}
}

/* As many variables as an invitation holds; without areas no rule holds. */
static void test_variables_of_a_document(void **state)
{
	(void)state;
	auto_(buf) struct buf resource = { 0 };
	assert_int_equal(file_read("questionnaires/skr-brukarfragor.sv.json", 1 << 20,
				 &resource, &why),
		OK);
	for (int count = 13; count <= 14; count++) {
		auto_(arena) struct arena *a = arena_create();
		auto_(buf) struct buf b = { 0 };
		struct definition d;
		buf_format(&b, "{\"questionnaires\":[%s],\"variables\":[",
			buf_string(&resource));
		for (int i = 0; i < count; i++)
			buf_format(&b, "%s{\"code\":\"v%d\",\"values\":[{}]}",
				i ? "," : "", i);
		buf_text(&b, "]}");
		enum err e = definition_read(a, b.data, b.len, &d, &why);
		assert_int_equal(e, count == 13 ? OK : ERR_INPUT);
		if (e == OK) {
			assert_int_equal(d.variable_count, 13);
			assert_string_equal(d.variables[12].code, "v12");
			assert_null(definition_area(&d, 0));
		}
	}
	assert_string_equal(why.text, "too many variables");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		IN_FOLDER(test_drafts),
		IN_FOLDER(test_languages),
		IN_FOLDER(test_drafts_of_each),
		IN_FOLDER(test_swedish_draft),
		IN_FOLDER(test_texts_that_are_missing),
		IN_FOLDER(test_own_questions),
		IN_FOLDER(test_own_questions_that_are_refused),
		IN_FOLDER(test_grades_of_own_questions),
		IN_FOLDER(test_own_questions_after_six),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_areas_that_are_refused),
		IN_FOLDER(test_areas_and_own_questions),
		IN_FOLDER(test_value_sets_that_are_refused),
		cmocka_unit_test(test_background),
		IN_FOLDER(test_values_of_a_wave),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_documents_that_are_refused),
		cmocka_unit_test(test_variables_of_a_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
