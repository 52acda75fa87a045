#include "editions.h"
#include "folder_test.h"

static struct why why;

#define GRADE(value)                                                                        \
	"\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/ordinalValue\"," \
	"\"valueDecimal\":" value "}],"
#define PICTURE(of)                                                                      \
	"\"extension\":[{\"url\":\"http://hl7.org/fhir/uv/sdc/StructureDefinition/"      \
	"sdc-questionnaire-" of "\",\"valueAttachment\":{"                               \
	"\"contentType\":\"image/svg+xml\",\"data\":\"PHN2Zy8+\"}}],"
#define OPTION(code, grade, text)                                                        \
	"\"valueCoding\":{" grade "\"code\":\"" code "\",\"display\":\"" text "\"}"
#define FACE PICTURE("itemAnswerMedia")
#define YES OPTION("1", GRADE("3"), "Ja")
#define PARTLY OPTION("2", GRADE("2"), "Delvis")
#define NO OPTION("3", GRADE("1"), "Nej")
#define OPTIONS(face)                                                                    \
	"\"answerOption\":[{" face YES "},{" PARTLY "},{" NO                             \
	"},{" OPTION("4", "", "Vet inte") "}]"
#define HELP                                                                             \
	",\"item\":[{\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/" \
	"questionnaire-itemControl\",\"valueCodeableConcept\":{\"coding\":[{"            \
	"\"code\":\"help\"}]}}],\"linkId\":\"q1.help\",\"text\":\"Till exempel.\","      \
	"\"type\":\"display\"}]"
#define WHEN(code)                                                                       \
	"{\"question\":\"q1\",\"operator\":\"=\",\"answerCoding\":{\"code\":\"" code     \
	"\"}}"
#define WHENS "\"enableBehavior\":\"any\",\"enableWhen\":[" WHEN("1") "," WHEN("2") "],"
#define ITEM(link, more)                                                                 \
	"{\"linkId\":\"" link "\",\"type\":\"choice\",\"text\":\"Hur?\"," more "}"
#define LAST "," ITEM("q3", OPTIONS(""))
#define ITEMS                                                                            \
	"\"item\":[" ITEM("q1", PICTURE("itemMedia") OPTIONS(FACE) HELP) "," ITEM(       \
		"q2", WHENS OPTIONS("")) LAST "]}"
#define HEAD(name, language)                                                             \
	"{\"resourceType\":\"Questionnaire\",\"status\":\"draft\",\"name\":\"" name      \
	"\",\"title\":\"t\",\"language\":\"" language "\","
#define TAG(code)                                                                        \
	"\"meta\":{\"tag\":[{\"system\":\"urn:brukarenkat:variant\",\"code\":\"" code    \
	"\",\"display\":\"V\"}]},"

static const char swedish[] = HEAD("n", "sv") ITEMS, english[] = HEAD("n", "en") ITEMS;

/* The text with what stands in it once replaced. */
static const char *replaced(
	struct arena *a, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	return arena_format(a, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void assert_reason(const char *reason)
{
	auto_(arena) struct arena *a = arena_create();
	assert_string_equal(why.text, arena_format(a, "%s/%s", folder, reason));
}

static void refuse(enum err expected, const char *reason)
{
	struct editions e = { .count = 77 };
	memset(&why, 0, sizeof why);
	assert_int_equal(editions_read(folder, "n", &e, &why), expected);
	assert_int_equal(e.count, 77);
	assert_reason(reason);
}

static void check_file(const char *name, enum err expected, const char *reason)
{
	auto_(arena) struct arena *a = arena_create();
	memset(&why, 0, sizeof why);
	assert_int_equal(editions_check_file(folder_path(a, name), &why), expected);
	if (expected)
		assert_reason(reason);
	else if (why.text[0])
		fail_msg("%s", why.text);
}

static void test_shipped(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(editions) struct editions e = { 0 };
	const char **names;
	size_t count;
	assert_int_equal(
		file_list(a, "questionnaires", ".json", &names, &count, &why), OK);
	if (editions_read("questionnaires", "skr-brukarfragor", &e, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(e.count, count);
	assert_string_equal(e.all[0].file, "questionnaires/skr-brukarfragor.sv.json");
	assert_false(e.all[0].questionnaire.draft);
	for (size_t i = 0; i < count; i++) {
		const struct questionnaire *q = &e.all[i].questionnaire;
		const struct edition *found = editions_find(&e, q->language, q->variant);
		assert_ptr_equal(found, &e.all[i]);
		assert_int_equal(q->count, 6);
		assert_true(json_is_object(e.all[i].resource));
		if (editions_check_file(e.all[i].file, &why) != OK)
			fail_msg("%s", why.text);
	}
	assert_non_null(editions_find(&e, "sv", "lattlast"));
	assert_non_null(editions_find(&e, "sv", "barn"));
	assert_non_null(editions_find(&e, "ti", "bildstod"));
	assert_null(editions_find(&e, "sv", "x"));
	assert_null(editions_find(&e, "no", ""));
}

static void test_which_files(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(editions) struct editions e = { 0 };
	static const char *const expected[] = { "n.sv.json", "n.ar.json", "n.en.json",
		"n.sv.barn.json" };
	folder_text("n.sv.json", swedish);
	folder_text("n.en.json", english);
	folder_text("n.ar.json", HEAD("n", "ar") ITEMS);
	folder_text("n.sv.barn.json", HEAD("n", "sv") TAG("barn") ITEMS);
	/* Others' files, broken as they may be. */
	folder_text("nn.sv.json", "x");
	folder_text("n2.sv.json", "x");
	folder_text("m.n.sv.json", "x");
	folder_text("n.sv.json.old", "x");
	folder_text("n-sv.json", "x");
	folder_text("n.json", swedish);
	if (editions_read(folder, "n", &e, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(e.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(e.all[i].file, folder_path(a, expected[i]));
	assert_ptr_equal(editions_find(&e, "sv", "barn"), &e.all[3]);
	editions_finish(&e);
	assert_int_equal(e.count, 0);
}

/* In English something is missing: what stands in the text, what it is replaced by, and
 * what is said of it. */
static const struct {
	const char *from, *to, *reason;
} lacking[] = {
	{ LAST, "", "Questionnaire.item[2]: lacks the question that n.sv has" },
	{ ",{" OPTION("4", "", "Vet inte") "}", "",
		"Questionnaire.item[0]: lacks the code of the option 4 that n.sv has" },
	/* What one option less does to the others is not what is said. */
	{ ",{" NO "}", "",
		"Questionnaire.item[0]: lacks the code of the option 3 that n.sv has" },
	{ "\"code\":\"3\"", "\"code\":\"5\"",
		"Questionnaire.item[0]: lacks the code of the option 3 that n.sv has" },
	{ "{" PARTLY "},{" NO "}", "{" NO "},{" PARTLY "}",
		"Questionnaire.item[0]: lacks the place of the option 2 that n.sv has" },
	{ PARTLY, OPTION("2", GRADE("0"), "Delvis"),
		"Questionnaire.item[0]: lacks the grade of the option 2 that n.sv has" },
	{ "," WHEN("2"), "",
		"Questionnaire.item[1]: lacks the condition (enableWhen) that n.sv has" },
	{ WHEN("2"), WHEN("3"),
		"Questionnaire.item[1]: lacks the condition (enableWhen) that n.sv has" },
	{ WHENS, "",
		"Questionnaire.item[1]: lacks the condition (enableWhen) that n.sv has" },
	{ LAST, "," ITEM("q3", WHENS OPTIONS("")),
		"Questionnaire.item[2]: lacks the freedom from conditions (enableWhen) "
		"that n.sv has" },
	{ HELP, "", "Questionnaire.item[0]: lacks the help that n.sv has" },
	{ PICTURE("itemMedia"), "",
		"Questionnaire.item[0]: lacks the picture that n.sv has" },
	{ FACE, "",
		"Questionnaire.item[0]: lacks the picture of the option 1 that n.sv has" },
};

static void test_what_is_lacking(void **state)
{
	(void)state;
	folder_text("n.sv.json", swedish);
	for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *reason = arena_format(a, "n.en.json: %s", lacking[i].reason);
		folder_text("n.en.json",
			replaced(a, english, lacking[i].from, lacking[i].to));
		check_file("n.en.json", ERR_INPUT, reason);
		/* Read together the blame falls on the English too. */
		refuse(ERR_INPUT, reason);
	}
}

/* What an edition has beyond its sibling the sibling lacks. */
static void test_what_the_first_is_lacking(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	folder_text("n.sv.json", replaced(a, swedish, LAST, ""));
	folder_text("n.en.json", english);
	check_file("n.en.json", OK, NULL);
	check_file("n.sv.json", ERR_INPUT,
		"n.sv.json: Questionnaire.item[2]: lacks the question that n.en has");
	refuse(ERR_INPUT,
		"n.sv.json: Questionnaire.item[2]: lacks the question that n.en has");
	folder_text("n.sv.json", swedish);
	folder_text("n.en.json", replaced(a, english, HELP, ""));
	check_file("n.sv.json", OK, NULL);
	refuse(ERR_INPUT,
		"n.en.json: Questionnaire.item[0]: lacks the help that n.sv has");
}

/* Help and pictures are a variant's own; codes and grades are not. */
static void test_variants(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(editions) struct editions e = { 0 };
	static const char variant[] = HEAD("n", "sv") TAG("barn") ITEMS;
	folder_text("n.sv.json", swedish);
	folder_text("n.sv.barn.json",
		replaced(a,
			replaced(a, replaced(a, variant, PICTURE("itemMedia"), ""), FACE,
				""),
			HELP, ""));
	if (editions_read(folder, "n", &e, &why) != OK)
		fail_msg("%s", why.text);
	check_file("n.sv.barn.json", OK, NULL);
	folder_text("n.sv.barn.json", replaced(a, variant, "," WHEN("2"), ""));
	check_file("n.sv.barn.json", ERR_INPUT,
		"n.sv.barn.json: Questionnaire.item[1]: lacks the condition (enableWhen) "
		"that n.sv has");
	/* The same variant in another language. */
	folder_text("n.sv.barn.json", variant);
	folder_text("n.en.json", english);
	folder_text("n.en.barn.json",
		replaced(a, HEAD("n", "en") TAG("barn") ITEMS, HELP, ""));
	refuse(ERR_INPUT,
		"n.en.barn.json: Questionnaire.item[0]: lacks the help that n.sv.barn has");
}

static void test_names(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	static const struct {
		const char *file, *text, *right;
	} cases[] = {
		{ "n.en.json", swedish, "n.sv.json" },
		{ "n.en.json", HEAD("m", "en") ITEMS, "m.en.json" },
		{ "n.en.json", HEAD("n", "en-GB") ITEMS, "n.en-GB.json" },
		{ "n.en.json", HEAD("n", "en") TAG("barn") ITEMS, "n.en.barn.json" },
		{ "n.en.barn.json", english, "n.en.json" },
		{ "n.en.barn.json", HEAD("n", "en") TAG("lattlast") ITEMS,
			"n.en.lattlast.json" },
		{ "n.en.x.y.json", english, "n.en.json" },
	};
	folder_text("n.sv.json", swedish);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *reason = arena_format(a,
			"%s: by its name, language and variant the file should be called %s",
			cases[i].file, cases[i].right);
		folder_text(cases[i].file, cases[i].text);
		refuse(ERR_INPUT, reason);
		check_file(cases[i].file, ERR_INPUT, reason);
		assert_int_equal(unlink(folder_path(a, cases[i].file)), 0);
	}
	folder_text("n.sv.json", english);
	refuse(ERR_INPUT,
		"n.sv.json: by its name, language and variant the file should be called "
		"n.en.json");
}

/* A file that is named like no edition is checked for what it says. */
static void test_other_names(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	folder_text("n.sv.json", swedish);
	folder_text("draft.json", english);
	check_file("draft.json", OK, NULL);
	folder_text("draft.json", replaced(a, english, HELP, ""));
	check_file("draft.json", ERR_INPUT,
		"draft.json: Questionnaire.item[0]: lacks the help that n.sv has");
	/* Nor is it anybody's sibling. */
	check_file("n.sv.json", OK, NULL);
}

static void test_broken_files(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(free) char *large = mem_alloc((1 << 20) + 1);
	folder_text("n.sv.json", swedish);
	folder_text("n.en.json", "{\n x");
	refuse(ERR_INPUT, "n.en.json: line 2, byte 2: not JSON");
	check_file("n.en.json", ERR_INPUT, "n.en.json: line 2, byte 2: not JSON");
	/* What is wrong with another file is said when that one is checked. */
	check_file("n.sv.json", OK, NULL);
	folder_text("n.en.json", "{}");
	refuse(ERR_INPUT, "n.en.json: Questionnaire.resourceType: is missing");
	folder_text("n.en.json",
		replaced(a, english, "\"linkId\":\"q3\"", "\"linkId\":\"q4\""));
	refuse(ERR_INPUT, "n.en.json: Questionnaire.item[2].linkId: must be q3");
	check_file("n.en.json", ERR_INPUT,
		"n.en.json: Questionnaire.item[2].linkId: must be q3");
	memset(large, ' ', (1 << 20) + 1);
	folder_write("n.en.json", large, (1 << 20) + 1);
	refuse(ERR_INPUT, "n.en.json: is larger than 1048576 bytes");
	folder_text("n.en.json", english);
	folder_text("n.sv.json", "");
	refuse(ERR_INPUT, "n.sv.json: line 1, byte 1: not JSON");
	check_file("n.en.json", OK, NULL);
}

static void test_no_files(void **state)
{
	(void)state;
	struct editions e = { 0 };
	refuse(ERR_NOT_FOUND, "n.sv.json: No such file or directory");
	folder_text("n.en.json", english);
	refuse(ERR_NOT_FOUND, "n.sv.json: No such file or directory");
	check_file("n.fi.json", ERR_NOT_FOUND, "n.fi.json: No such file or directory");
	assert_int_equal(editions_read("/no/such/folder", "n", &e, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text, "/no/such/folder: No such file or directory");
}

/* A file may be named without its folder. */
static void test_file_beside_us(void **state)
{
	(void)state;
	char *before = getcwd(NULL, 0);
	folder_text("n.sv.json", swedish);
	folder_text(
		"n.en.json", HEAD("n", "en") "\"item\":[" ITEM("q1", OPTIONS("")) "]}");
	assert_int_equal(chdir(folder), 0);
	enum err e = editions_check_file("n.en.json", &why);
	assert_int_equal(chdir(before), 0);
	free(before);
	assert_int_equal(e, ERR_INPUT);
	assert_string_equal(why.text,
		"n.en.json: Questionnaire.item[0]: lacks the picture of "
		"the option 1 that n.sv has");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		IN_FOLDER(test_which_files),
		IN_FOLDER(test_what_is_lacking),
		IN_FOLDER(test_what_the_first_is_lacking),
		IN_FOLDER(test_variants),
		IN_FOLDER(test_names),
		IN_FOLDER(test_other_names),
		IN_FOLDER(test_broken_files),
		IN_FOLDER(test_no_files),
		IN_FOLDER(test_file_beside_us),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
