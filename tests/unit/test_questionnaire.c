#include "questionnaire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Of the shipped questionnaire; tests run in the source folder. */
static const char shipped[] = "questionnaires/skr-brukarfragor.sv.json";

/* SKR's words [utredning, appendix], to the letter: figures are compared over years and
 * cities. "Vet inte" is the last option. */
static const struct {
	const char *text;
	size_t count;
	const char *options[6];
} skr[] = {
	{ "Hur har din situation/problematik förändrats sedan insatsen/stödet från socialtjänsten påbörjades/den senaste uppföljningen?",
		6,
		{ "Förbättrats mycket", "Förbättrats lite", "Ingen förändring",
			"Försämrats lite", "Försämrats mycket",
			"Vet inte/har ingen uppfattning" } },
	{ "Hur har din livskvalitet förändrats sedan insatsen/stödet från socialtjänsten påbörjades/den senaste uppföljningen?",
		6,
		{ "Förbättrats mycket", "Förbättrats lite", "Ingen förändring",
			"Försämrats lite", "Försämrats mycket",
			"Vet inte/har ingen uppfattning" } },
	{ "Om din situation/problematik/livskvalitet har förbättrats, vilken betydelse har insatsen/stödet från socialtjänsten haft?",
		5,
		{ "Mycket stor betydelse", "Ganska stor betydelse",
			"Ganska liten betydelse", "Mycket liten/ingen betydelse",
			"Vet inte/har ingen uppfattning" } },
	{ "Hur nöjd eller missnöjd är du sammantaget med det stöd du fått från socialtjänsten?",
		6,
		{ "Mycket nöjd", "Ganska nöjd", "Varken nöjd eller missnöjd",
			"Ganska missnöjd", "Mycket missnöjd",
			"Vet inte/har ingen uppfattning" } },
	{ "Hur har socialsekreteraren/biståndshandläggaren bemött dig?", 6,
		{ "Mycket bra", "Ganska bra", "Varken bra eller dåligt", "Ganska dåligt",
			"Mycket dåligt", "Vet inte/har ingen uppfattning" } },
	{ "Hur mycket har du kunnat påverka insatsen/stödet du fått från socialtjänsten?",
		5,
		{ "Mycket", "Ganska mycket", "Ganska lite", "Inte alls",
			"Vet inte/har ingen uppfattning" } },
};

static struct why why;

static enum err read_text(
	struct arena *a, const char *text, struct questionnaire *ret_questionnaire)
{
	auto_(json) struct json *j = NULL;
	enum err e = json_parse(text, strlen(text), &j, &why);
	return e ? e : questionnaire_read(a, j, ret_questionnaire, &why);
}

static void read_shipped(struct arena *a, struct questionnaire *ret_questionnaire)
{
	static char text[64 * 1024];
	FILE *in = fopen(shipped, "r");
	assert_non_null(in);
	size_t n = fread(text, 1, sizeof text - 1, in);
	assert_true(n < sizeof text - 1);
	text[n] = '\0';
	assert_int_equal(fclose(in), 0);
	if (read_text(a, text, ret_questionnaire) != OK)
		fail_msg("%s", why.text);
}

static void test_skr_word_for_word(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	read_shipped(a, &q);
	assert_int_equal(q.count, 6);
	assert_string_equal(q.name, "skr-brukarfragor");
	assert_string_equal(q.language, "sv");
	assert_false(q.draft);
	for (size_t n = 0; n < 6; n++) {
		const struct question *question = &q.questions[n];
		char link[3] = { 'q', (char)('1' + n), '\0' };
		assert_string_equal(question->link, link);
		assert_string_equal(question->text, skr[n].text);
		assert_int_equal(question->option_count, skr[n].count);
		assert_int_equal(question->grades, skr[n].count - 1);
		for (size_t i = 0; i < skr[n].count; i++) {
			bool last = i + 1 == skr[n].count;
			assert_string_equal(question->options[i].text, skr[n].options[i]);
			assert_int_equal(question->options[i].code, i + 1);
			assert_int_equal(question->options[i].grade,
				last ? 0 : question->grades - (int)i);
		}
	}
}

static void test_skr_conditions(void **state)
{
	(void)state;
	static const struct condition expected[] = { { 0, 1 }, { 0, 2 }, { 1, 1 },
		{ 1, 2 } };
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	read_shipped(a, &q);
	for (size_t n = 0; n < 6; n++)
		assert_int_equal(q.questions[n].condition_count, n == 2 ? 4 : 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
			q.questions[2].conditions[i].question, expected[i].question);
		assert_int_equal(q.questions[2].conditions[i].code, expected[i].code);
	}
}

#define GRADE(value)                                                                        \
	"\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/ordinalValue\"," \
	"\"valueDecimal\":" value "}],"
#define OPTION(grade, code, text)                                                        \
	"{\"valueCoding\":{" grade "\"code\":\"" code "\",\"display\":\"" text "\"}}"
#define OPTIONS                                                                          \
	"\"answerOption\":[" OPTION(GRADE("2"), "1", "Ja") "," OPTION(                   \
		GRADE("1"), "2", "Nej") "," OPTION("", "3", "Vet inte") "]"
#define ITEM(link, more)                                                                 \
	"{\"linkId\":\"" link "\",\"text\":\"Hur " link "?\",\"type\":\"choice\"," more  \
	"}"
#define HEAD                                                                             \
	"{\"resourceType\":\"Questionnaire\",\"status\":\"draft\",\"name\":\"n\","       \
	"\"title\":\"t\",\"language\":\"sv\",\"item\":["
#define WHEN(question, relation, code)                                                   \
	"{\"question\":\"" question "\",\"operator\":\"" relation                        \
	"\",\"answerCoding\":{\"code\":\"" code "\"}}"

static const char small[] = HEAD ITEM("q1", OPTIONS) "," ITEM(
	"q2", "\"enableWhen\":[" WHEN("q1", "=", "2") "]," OPTIONS) "]}";

static void test_small(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	assert_int_equal(read_text(a, small, &q), OK);
	assert_true(q.draft);
	assert_int_equal(q.count, 2);
	assert_string_equal(q.title, "t");
	assert_int_equal(q.questions[0].grades, 2);
	assert_int_equal(q.questions[1].condition_count, 1);
	assert_int_equal(q.questions[1].conditions[0].code, 2);
	assert_int_equal(questionnaire_option(&q.questions[0], 3)->grade, 0);
	assert_string_equal(questionnaire_option(&q.questions[0], 1)->text, "Ja");
	assert_null(questionnaire_option(&q.questions[0], 0));
	assert_null(questionnaire_option(&q.questions[0], 4));
}

/* A text that stands in `small`, what it is replaced by, and the reason that gives. */
static const struct {
	const char *from, *to, *reason;
} broken[] = {
	{ "\"Questionnaire\"", "\"Patient\"", "resourceType: must be Questionnaire" },
	{ "\"Questionnaire\"", "7", "Questionnaire.resourceType: is missing" },
	{ "\"draft\"", "\"retired\"", "Questionnaire.status: must be active or draft" },
	{ "\"status\"", "\"x\"", "Questionnaire.status: is missing" },
	{ "\"name\":\"n\"", "\"name\":\" \"", "Questionnaire.name: is missing" },
	{ "\"title\":\"t\"", "\"title\":\"\"", "Questionnaire.title: is missing" },
	{ "\"language\"", "\"x\"", "Questionnaire.language: is missing" },
	{ "\"item\"", "\"items\"", "Questionnaire.item: there are no questions" },
	{ "\"linkId\":\"q1\"", "\"linkId\":\"q2\"",
		"Questionnaire.item[0].linkId: must be q1" },
	{ "\"linkId\":\"q2\"", "\"linkId\":\"q3\"",
		"Questionnaire.item[1].linkId: must be q2" },
	{ "\"choice\"", "\"text\"",
		"Questionnaire.item[0].type: must be choice: free text would name people" },
	{ "\"text\":\"Hur q1?\"", "\"text\":\"\"",
		"Questionnaire.item[0].text: is missing" },
	{ "\"code\":\"1\"", "\"code\":\"0\"",
		"Questionnaire.item[0].answerOption[0]: valueCoding.code must be a digit 1-9" },
	{ "\"code\":\"1\"", "\"code\":\"10\"",
		"Questionnaire.item[0].answerOption[0]: valueCoding.code must be a digit 1-9" },
	{ "\"code\":\"1\"", "\"code\":1",
		"Questionnaire.item[0].answerOption[0]: valueCoding.code must be a digit 1-9" },
	{ "\"code\":\"3\"", "\"code\":\"2\"",
		"Questionnaire.item[0].answerOption[2]: has the same code as another" },
	{ "\"display\":\"Nej\"", "\"display\":\"\\t\"",
		"Questionnaire.item[0].answerOption[1]: valueCoding.display is missing" },
	{ "\"valueDecimal\":2", "\"valueDecimal\":1",
		"Questionnaire.item[0].answerOption[0]: has the same ordinalValue as another" },
	{ "\"valueDecimal\":2", "\"valueDecimal\":\"2\"",
		"Questionnaire.item[0].answerOption[0]: ordinalValue must stand once and have a valueDecimal" },
	{ "ordinalValue", "other",
		"Questionnaire.item[0]: has fewer than two graded options" },
	{ "\"answerOption\"", "\"x\"",
		"Questionnaire.item[0]: has fewer than two graded options" },
	{ "\"question\":\"q1\"", "\"question\":\"q2\"",
		"Questionnaire.item[1].enableWhen: must name an earlier question" },
	{ "\"question\":\"q1\"", "\"x\":\"q1\"",
		"Questionnaire.item[1].enableWhen: must name an earlier question" },
	{ "\"=\"", "\"exists\"", "Questionnaire.item[1].enableWhen.operator: must be =" },
	{ "\"answerCoding\":{\"code\":\"2\"}", "\"answerCoding\":{\"code\":\"4\"}",
		"Questionnaire.item[1].enableWhen.answerCoding: is no option of that question" },
	{ "\"answerCoding\":{\"code\":\"2\"}", "\"answerCoding\":{\"code\":\"0\"}",
		"Questionnaire.item[1].enableWhen.answerCoding: is no option of that question" },
	{ "\"enableWhen\":[", "\"enableWhen\":[" WHEN("q1", "=", "1") ",",
		"Questionnaire.item[1].enableBehavior: must be any" },
	{ "\"enableWhen\":[",
		"\"enableBehavior\":\"all\",\"enableWhen\":[" WHEN("q1", "=", "1") ",",
		"Questionnaire.item[1].enableBehavior: must be any" },
};

static void test_what_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *at = strstr(small, broken[i].from);
		assert_non_null(at);
		const char *text = arena_format(a, "%.*s%s%s", (int)(at - small), small,
			broken[i].to, at + strlen(broken[i].from));
		struct questionnaire q = { .count = 77 };
		assert_int_equal(read_text(a, text, &q), ERR_INPUT);
		assert_string_equal(why.text, broken[i].reason);
		assert_int_equal(q.count, 77);
	}
}

static void add_items(struct buf *b, int count, const char *more)
{
	buf_text(b, HEAD);
	for (int i = 1; i <= count; i++)
		buf_format(b,
			"%s{\"linkId\":\"q%d\",\"text\":\"x\",\"type\":\"choice\",%s}",
			i > 1 ? "," : "", i, more);
	buf_text(b, "]}");
}

static void test_too_many_questions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf b = { 0 };
	struct questionnaire q;
	add_items(&b, BALLOT_QUESTIONS, OPTIONS);
	assert_int_equal(read_text(a, buf_string(&b), &q), OK);
	assert_int_equal(q.count, BALLOT_QUESTIONS);
	buf_clear(&b);
	add_items(&b, BALLOT_QUESTIONS + 1, OPTIONS);
	assert_int_equal(read_text(a, buf_string(&b), &q), ERR_INPUT);
	assert_string_equal(why.text, "Questionnaire.item: at most 11 questions");
}

static void test_too_many_options(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	for (int count = 9; count <= 10; count++) {
		auto_(buf) struct buf options = { 0 }, b = { 0 };
		for (int i = 1; i <= count; i++)
			buf_format(&options,
				"%s{\"valueCoding\":{" GRADE(
					"%d") "\"code\":\"%d\",\"display\":\"x\"}}",
				i > 1 ? "," : "\"answerOption\":[", i, i);
		buf_text(&options, "]");
		add_items(&b, 1, buf_string(&options));
		enum err e = read_text(a, buf_string(&b), &q);
		assert_int_equal(e, count == 9 ? OK : ERR_INPUT);
	}
	assert_string_equal(why.text,
		"Questionnaire.item[0].answerOption[9]: is one too many: at most nine");
}

static void test_too_many_conditions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	for (int count = 8; count <= 9; count++) {
		auto_(buf) struct buf b = { 0 };
		buf_text(&b,
			HEAD ITEM("q1",
				OPTIONS) ","
					 "{\"linkId\":\"q2\",\"text\":\"x\",\"type\":\"choice\","
					 "\"enableBehavior\":\"any\"," OPTIONS
					 ",\"enableWhen\":[");
		for (int i = 1; i <= count; i++)
			buf_format(&b, "%s" WHEN("q1", "=", "1"), i > 1 ? "," : "");
		buf_text(&b, "]}]}");
		enum err e = read_text(a, buf_string(&b), &q);
		assert_int_equal(e, count == 8 ? OK : ERR_INPUT);
	}
	assert_string_equal(why.text,
		"Questionnaire.item[1].enableWhen: has more than eight conditions");
}

static void test_no_resource(void **state)
{
	(void)state;
	static const char *const texts[] = { "null", "[]", "\"x\"", "{}" };
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_text(a, texts[i], &q), ERR_INPUT);
		assert_string_equal(why.text, "Questionnaire.resourceType: is missing");
	}
	assert_int_equal(questionnaire_read(a, NULL, &q, &why), ERR_INPUT);
}

/* `small` with what stands in it once replaced. */
static const char *changed(struct arena *a, const char *from, const char *to)
{
	const char *at = strstr(small, from);
	assert_non_null(at);
	return arena_format(
		a, "%.*s%s%s", (int)(at - small), small, to, at + strlen(from));
}

#define TAG(system, code, display)                                                       \
	"{\"system\":\"" system "\",\"code\":\"" code "\",\"display\":\"" display "\"}"
#define OURS "urn:brukarenkat:variant"

static void test_variant(void **state)
{
	(void)state;
	static const struct {
		const char *tags, *variant, *name;
	} cases[] = {
		{ "", "", "" },
		{ TAG("urn:other", "barn", "Barn"), "", "" },
		{ TAG(OURS, "barn", "Barn och unga"), "barn", "Barn och unga" },
		{ TAG("urn:other", "x", "y") "," TAG(OURS, "lattlast", "Lätt att läsa"),
			"lattlast", "Lätt att läsa" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct questionnaire q;
		const char *text = changed(a, "\"item\"",
			arena_format(
				a, "\"meta\":{\"tag\":[%s]},\"item\"", cases[i].tags));
		if (read_text(a, text, &q) != OK)
			fail_msg("%s", why.text);
		assert_string_equal(q.variant, cases[i].variant);
		assert_string_equal(q.variant_name, cases[i].name);
	}
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	assert_int_equal(read_text(a, small, &q), OK);
	assert_string_equal(q.variant, "");
	assert_string_equal(q.variant_name, "");
}

static void test_variants_that_are_refused(void **state)
{
	(void)state;
	static const char *const tags[] = { TAG(OURS, "", "Barn"),
		TAG(OURS, "Barn", "Barn"), TAG(OURS, "barn-unga", "Barn"),
		TAG(OURS, "barn2", "Barn"), TAG(OURS, "../barn", "Barn"),
		TAG(OURS, "b\\u00e4rn", "Barn"), TAG(OURS, "barn", ""),
		TAG(OURS, "barn", " "), "{\"system\":\"" OURS "\",\"code\":\"barn\"}",
		"{\"system\":\"" OURS "\",\"display\":\"Barn\"}" };
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct questionnaire q = { .count = 77 };
		const char *text = changed(a, "\"item\"",
			arena_format(a, "\"meta\":{\"tag\":[%s]},\"item\"", tags[i]));
		assert_int_equal(read_text(a, text, &q), ERR_INPUT);
		assert_string_equal(why.text,
			"Questionnaire.meta.tag: a variant needs a code of a-z and a display");
		assert_int_equal(q.count, 77);
	}
}

#define CONTROL(code)                                                                    \
	"\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/"             \
	"questionnaire-itemControl\",\"valueCodeableConcept\":{\"coding\":[{\"code\":"   \
	"\"" code "\"}]}}]"
#define HELP(text)                                                                       \
	"{\"linkId\":\"q1.help\",\"type\":\"display\",\"text\":\"" text                  \
	"\"," CONTROL("help") "}"

/* An item of `small` with more in it. */
static const char *with_more(struct arena *a, const char *link, const char *more)
{
	const char *begin = arena_format(a, "\"linkId\":\"%s\",", link);
	return changed(a, begin, arena_format(a, "%s%s,", begin, more));
}

static void test_help(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	assert_int_equal(read_text(a, small, &q), OK);
	assert_null(q.questions[0].help);
	if (read_text(a, with_more(a, "q2", "\"item\":[" HELP("Till exempel <b>.") "]"),
		    &q) != OK)
		fail_msg("%s", why.text);
	assert_null(q.questions[0].help);
	assert_string_equal(q.questions[1].help, "Till exempel <b>.");
}

static void test_help_that_is_refused(void **state)
{
	(void)state;
	static const char reason[] =
		"Questionnaire.item[1].item: must be one display item with the item control "
		"help";
	static const struct {
		const char *items, *reason;
	} cases[] = {
		{ HELP("a") "," HELP("b"), reason },
		{ "{\"type\":\"display\",\"text\":\"a\"}", reason },
		{ "{\"type\":\"display\",\"text\":\"a\"," CONTROL("flyover") "}",
			reason },
		{ "{\"type\":\"choice\",\"text\":\"a\"," CONTROL("help") "}", reason },
		{ "{\"type\":\"text\",\"text\":\"a\"," CONTROL("help") "}", reason },
		{ "{\"text\":\"a\"," CONTROL("help") "}", reason },
		{ "7", reason },
		{ HELP(" "), "Questionnaire.item[1].item[0].text: is missing" },
		{ "{\"type\":\"display\"," CONTROL("help") "}",
			"Questionnaire.item[1].item[0].text: is missing" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct questionnaire q;
		const char *items = arena_format(a, "\"item\":[%s]", cases[i].items);
		assert_int_equal(read_text(a, with_more(a, "q2", items), &q), ERR_INPUT);
		assert_string_equal(why.text, cases[i].reason);
	}
}

#define MEDIA(of, type, data)                                                            \
	"\"extension\":[{\"url\":\"urn:other\"},{\"url\":\"http://hl7.org/fhir/uv/sdc/"  \
	"StructureDefinition/sdc-questionnaire-" of "\",\"valueAttachment\":{"           \
	"\"contentType\":\"" type "\",\"data\":\"" data "\"}}]"
#define SVG "image/svg+xml"
/* <svg fill="red"/>, and <svg><script/></svg> */
#define RED "PHN2ZyBmaWxsPSJyZWQiLz4="
#define SCRIPT "PHN2Zz48c2NyaXB0Lz48L3N2Zz4="

static void test_pictures(void **state)
{
	(void)state;
	static const char markup[] = "<svg aria-hidden=\"true\" fill=\"red\"></svg>";
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	assert_int_equal(read_text(a, small, &q), OK);
	assert_null(q.questions[0].picture);
	assert_null(q.questions[0].options[0].picture);
	assert_int_equal(
		read_text(a, with_more(a, "q2", MEDIA("itemMedia", SVG, RED)), &q), OK);
	assert_null(q.questions[0].picture);
	assert_string_equal(q.questions[1].picture, markup);
	const char *text = changed(a,
		"{"
		"\"valueCoding\"",
		"{" MEDIA("itemAnswerMedia", SVG, RED) ",\"valueCoding\"");
	assert_int_equal(read_text(a, text, &q), OK);
	assert_string_equal(q.questions[0].options[0].picture, markup);
	assert_null(q.questions[0].options[1].picture);
	assert_null(q.questions[0].picture);
	/* Each stands in its own place only. */
	assert_int_equal(
		read_text(a, with_more(a, "q2", MEDIA("itemAnswerMedia", SVG, RED)), &q),
		OK);
	assert_null(q.questions[1].picture);
}

static void test_pictures_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *question, *option, *reason;
	} cases[] = {
		{ MEDIA("itemMedia", "image/png", RED),
			MEDIA("itemAnswerMedia", "image/png", RED),
			"a picture must be an attachment of type image/svg+xml with its data" },
		{ "\"extension\":[{\"url\":\"http://hl7.org/fhir/uv/sdc/StructureDefinition/"
		  "sdc-questionnaire-itemMedia\",\"valueAttachment\":{\"contentType\":"
		  "\"image/svg+xml\",\"url\":\"https://a.example/x.svg\"}}]",
			"\"extension\":[{\"url\":\"http://hl7.org/fhir/uv/sdc/"
			"StructureDefinition/sdc-questionnaire-itemAnswerMedia\"}]",
			"a picture must be an attachment of type image/svg+xml with its data" },
		{ MEDIA("itemMedia", SVG, "PHN2Zy8"),
			MEDIA("itemAnswerMedia", SVG, "<svg/>=="),
			"the picture's data are no base64" },
		{ MEDIA("itemMedia", SVG, ""), MEDIA("itemAnswerMedia", SVG, "===="),
			"" },
		{ MEDIA("itemMedia", SVG, SCRIPT), MEDIA("itemAnswerMedia", SVG, SCRIPT),
			"line 1 of the picture: script is an element that pictures can't have "
			"here" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct questionnaire q;
		assert_int_equal(read_text(a, with_more(a, "q2", cases[i].question), &q),
			ERR_INPUT);
		const char *where = "Questionnaire.item[1].extension: ";
		assert_memory_equal(why.text, where, strlen(where));
		if (*cases[i].reason)
			assert_string_equal(why.text + strlen(where), cases[i].reason);
		const char *text = changed(a,
			"{"
			"\"valueCoding\"",
			arena_format(a, "{%s,\"valueCoding\"", cases[i].option));
		assert_int_equal(read_text(a, text, &q), ERR_INPUT);
		where = "Questionnaire.item[0].answerOption[0].extension: ";
		assert_memory_equal(why.text, where, strlen(where));
		if (*cases[i].reason)
			assert_string_equal(why.text + strlen(where), cases[i].reason);
	}
}

/* A file of the city's own questions begins where SKR's six end. */
static void test_own_questions(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	for (int count = 1; count <= 6; count++) {
		auto_(buf) struct buf b = { 0 };
		buf_text(&b, HEAD);
		for (int i = 0; i < count; i++)
			buf_format(&b,
				"%s{\"linkId\":\"q%d\",\"text\":\"x\",\"type\":\"choice\",%s}",
				i ? "," : "", i + 7, OPTIONS);
		buf_text(&b, "]}");
		enum err e = read_text(a, buf_string(&b), &q);
		assert_int_equal(e, count <= 5 ? OK : ERR_INPUT);
	}
	assert_string_equal(why.text,
		"Questionnaire.item[5]: is one too many: a city has at most five of its own");
	assert_int_equal(q.count, 5);
	assert_string_equal(q.questions[0].link, "q7");
	assert_string_equal(q.questions[4].link, "q11");
	static const struct {
		const char *items, *reason;
	} cases[] = {
		{ ITEM("q8", OPTIONS), "Questionnaire.item[0].linkId: must be q1" },
		{ ITEM("q7", OPTIONS) "," ITEM("q2", OPTIONS),
			"Questionnaire.item[1].linkId: must be q8" },
		{ ITEM("q7", OPTIONS) "," ITEM("q7", OPTIONS),
			"Questionnaire.item[1].linkId: must be q8" },
		{ ITEM("q1", OPTIONS) "," ITEM("q7", OPTIONS),
			"Questionnaire.item[1].linkId: must be q2" },
		/* What it hangs on stands in the same file. */
		{ ITEM("q7", OPTIONS ",\"enableWhen\":[" WHEN("q1", "=", "1") "]"),
			"Questionnaire.item[0].enableWhen: must name an earlier question" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = arena_format(a, HEAD "%s]}", cases[i].items);
		assert_int_equal(read_text(a, text, &q), ERR_INPUT);
		assert_string_equal(why.text, cases[i].reason);
	}
}

/* Only what the sibling has counts; what it lacks may be there. */
static void test_match(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q, other;
	assert_int_equal(read_text(a, small, &q), OK);
	assert_int_equal(questionnaire_match(&q, &q, &why), OK);
	static const struct {
		const char *from, *to, *reason; /* NULL: it has all */
	} cases[] = {
		{ "\"text\":\"Hur q1?\"", "\"text\":\"How?\"", NULL },
		{ "\"display\":\"Ja\"", "\"display\":\"Yes\"", NULL },
		{ "\"valueDecimal\":2", "\"valueDecimal\":20", NULL },
		{ ",\"display\":\"Vet inte\"}}",
			",\"display\":\"x\"}}," OPTION("", "4", "Annat"), NULL },
		{ "\"valueDecimal\":2", "\"valueDecimal\":0",
			"Questionnaire.item[0]: lacks the grade of the option 1 that n.sv has" },
		{ "\"code\":\"3\"", "\"code\":\"4\"",
			"Questionnaire.item[0]: lacks the code of the option 3 that n.sv has" },
		{ OPTION(GRADE("2"), "1", "Ja") "," OPTION(GRADE("1"), "2", "Nej"),
			OPTION(GRADE("1"), "2", "Nej") "," OPTION(GRADE("2"), "1", "Ja"),
			"Questionnaire.item[0]: lacks the place of the option 1 that n.sv has" },
		{ "\"enableWhen\":[" WHEN("q1", "=", "2") "],",
			"\"enableWhen\":[" WHEN("q1", "=", "1") "],",
			"Questionnaire.item[1]: lacks the condition (enableWhen) that n.sv has" },
		{ "\"enableWhen\":[",
			"\"enableBehavior\":\"any\",\"enableWhen\":[" WHEN(
				"q1", "=", "1") ",",
			NULL },
		{ "\"enableWhen\":", "\"x\":",
			"Questionnaire.item[1]: lacks the condition (enableWhen) that n.sv has" },
		{ "," ITEM("q2", "\"enableWhen\":[" WHEN("q1", "=", "2") "]," OPTIONS),
			"", "Questionnaire.item[1]: lacks the question that n.sv has" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (read_text(a, changed(a, cases[i].from, cases[i].to), &other) != OK)
			fail_msg("%s", why.text);
		enum err e = questionnaire_match(&other, &q, &why);
		assert_int_equal(e, cases[i].reason ? ERR_INPUT : OK);
		if (e)
			assert_string_equal(why.text, cases[i].reason);
	}
}

/* Help and pictures belong to the variant. */
static void test_match_of_help_and_pictures(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q, other;
	const struct {
		const char *text, *reason;
	} cases[] = {
		{ with_more(a, "q2", "\"item\":[" HELP("x") "]"),
			"Questionnaire.item[1]: lacks the help that n.sv has" },
		{ with_more(a, "q2", MEDIA("itemMedia", SVG, RED)),
			"Questionnaire.item[1]: lacks the picture that n.sv has" },
		{ changed(a,
			  "{"
			  "\"valueCoding\"",
			  "{" MEDIA("itemAnswerMedia", SVG, RED) ",\"valueCoding\""),
			"Questionnaire.item[0]: lacks the picture of the option 1 that n.sv has" },
	};
	assert_int_equal(read_text(a, small, &q), OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(read_text(a, cases[i].text, &other), OK);
		assert_int_equal(questionnaire_match(&other, &q, &why), OK);
		assert_int_equal(questionnaire_match(&q, &other, &why), ERR_INPUT);
		assert_string_equal(why.text, cases[i].reason);
		other.variant = "bildstod";
		assert_int_equal(questionnaire_match(&q, &other, &why), OK);
		/* The sibling is called by its whole name. */
		q.variant = "bildstod";
		assert_int_equal(questionnaire_match(&q, &other, &why), ERR_INPUT);
		assert_string_equal(why.text,
			arena_format(a, "%.*s.bildstod has",
				(int)strlen(cases[i].reason) - 4, cases[i].reason));
		q.variant = "";
	}
}

/* SKR's six and a city's own are not siblings. */
static void test_match_of_other_links(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q, own;
	assert_int_equal(read_text(a, HEAD ITEM("q1", OPTIONS) "]}", &q), OK);
	assert_int_equal(read_text(a, HEAD ITEM("q7", OPTIONS) "]}", &own), OK);
	assert_int_equal(questionnaire_match(&own, &q, &why), ERR_INPUT);
	assert_string_equal(
		why.text, "Questionnaire.item[0]: lacks the linkId that n.sv has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skr_word_for_word),
		cmocka_unit_test(test_skr_conditions),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_too_many_questions),
		cmocka_unit_test(test_too_many_options),
		cmocka_unit_test(test_too_many_conditions),
		cmocka_unit_test(test_no_resource),
		cmocka_unit_test(test_variant),
		cmocka_unit_test(test_variants_that_are_refused),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_that_is_refused),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_pictures_that_are_refused),
		cmocka_unit_test(test_own_questions),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_match_of_help_and_pictures),
		cmocka_unit_test(test_match_of_other_links),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
