#include "common/unicode.h"
#include "common/valueset.h"
#include "folder_test.h"

static struct why why;

static const char measure[] = "[parents]\n"
			      "natt = hemtjanst-extra\n"
			      "hemtjanst-extra = hemtjanst\n"
			      "hemtjanst = aldre\n"
			      "aldre = alla\n"
			      "[valid]\n"
			      "hemtjanst = 2020-07-01 2023-06-30\n"
			      "natt = -   2023-06-30\n"
			      "aldre = 2024-02-29 -\n"
			      "80+ = - -\n"
			      "[local]\n"
			      "natt = Hemtjänst nattetid\n"
			      "hemtjanst-extra = Hemtjänst extra = mer\n"
			      "[groups]\n"
			      "aldre = Stöd till äldre\n"
			      "alla = Allt stöd\n"
			      "[values]\n"
			      "hemtjanst = Hemtjänst\n"
			      "80+ = 80 år och äldre\n"
			      "[variable]\n"
			      "name = Insats\n"
			      "code = measure\n";

static enum err read_text(struct arena *a, const char *text, struct valueset *ret_set)
{
	folder_text("set.ini", text);
	return valueset_read(a, folder_path(a, "set.ini"), ret_set, &why);
}

static int place_of(const struct valueset *s, const char *code)
{
	int place = valueset_find(s, code);
	if (place < 0)
		fail_msg("%s is missing", code);
	return place;
}

static void test_read(void **state)
{
	(void)state;
	static const struct {
		const char *code, *name;
		enum valueset_level level;
		const char *parent;
		day from, to;
	} expected[] = {
		{ "natt", "Hemtjänst nattetid", VALUESET_LOCAL, "hemtjanst-extra", 0,
			20230630 },
		{ "hemtjanst-extra", "Hemtjänst extra = mer", VALUESET_LOCAL, "hemtjanst",
			0, 0 },
		{ "aldre", "Stöd till äldre", VALUESET_GROUP, "alla", 20240229, 0 },
		{ "alla", "Allt stöd", VALUESET_GROUP, NULL, 0, 0 },
		{ "hemtjanst", "Hemtjänst", VALUESET_VALUE, "aldre", 20200701, 20230630 },
		{ "80+", "80 år och äldre", VALUESET_VALUE, NULL, 0, 0 },
	};
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	if (read_text(a, measure, &s) != OK)
		fail_msg("%s", why.text);
	assert_string_equal(s.code, "measure");
	assert_string_equal(s.name, "Insats");
	assert_int_equal(s.count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < s.count; i++) {
		const struct valueset_entry *v = &s.entries[i];
		assert_string_equal(v->code, expected[i].code);
		assert_string_equal(v->name, expected[i].name);
		assert_int_equal(v->level, expected[i].level);
		assert_int_equal(v->parent,
			expected[i].parent ? place_of(&s, expected[i].parent) : -1);
		assert_int_equal(v->from, expected[i].from);
		assert_int_equal(v->to, expected[i].to);
		assert_int_equal(valueset_find(&s, v->code), i);
	}
	assert_int_equal(valueset_find(&s, "Natt"), -1);
	assert_int_equal(valueset_find(&s, ""), -1);
}

static void test_roll_up(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	assert_int_equal(read_text(a, measure, &s), OK);
	int natt = place_of(&s, "natt"), extra = place_of(&s, "hemtjanst-extra"),
	    value = place_of(&s, "hemtjanst"), aldre = place_of(&s, "aldre"),
	    alla = place_of(&s, "alla"), old = place_of(&s, "80+");
	assert_int_equal(valueset_value(&s, natt), value);
	assert_int_equal(valueset_value(&s, extra), value);
	assert_int_equal(valueset_value(&s, value), value);
	assert_int_equal(valueset_value(&s, old), old);
	assert_int_equal(valueset_value(&s, aldre), -1);
	assert_int_equal(valueset_value(&s, alla), -1);
	assert_int_equal(valueset_value(&s, -1), -1);
	const int chain[] = { natt, extra, value, aldre, alla };
	for (int i = 0; i < 5; i++)
		for (int n = 0; n < 5; n++)
			assert_int_equal(valueset_within(&s, chain[i], chain[n]), i <= n);
	assert_false(valueset_within(&s, old, alla));
	assert_false(valueset_within(&s, -1, alla));
}

static void test_valid(void **state)
{
	(void)state;
	static const struct {
		struct valueset_entry entry;
		day on;
		bool valid;
	} cases[] = {
		{ { .from = 0, .to = 0 }, 20270201, true },
		{ { .from = 20200701, .to = 20230630 }, 20200630, false },
		{ { .from = 20200701, .to = 20230630 }, 20200701, true },
		{ { .from = 20200701, .to = 20230630 }, 20230630, true },
		{ { .from = 20200701, .to = 20230630 }, 20230701, false },
		{ { .from = 20230701 }, 20230630, false },
		{ { .from = 20230701 }, 99991231, true },
		{ { .to = 20230630 }, 19000101, true },
		{ { .to = 20230630 }, 20230701, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
			valueset_valid(&cases[i].entry, cases[i].on), cases[i].valid);
}

static void test_ages(void **state)
{
	(void)state;
	static const struct {
		int age;
		const char *code;
	} cases[] = {
		{ -1, NULL },
		{ 0, NULL },
		{ 6, NULL },
		{ 7, "7-7" },
		{ 8, NULL },
		{ 17, NULL },
		{ 18, "18-29" },
		{ 29, "18-29" },
		{ 30, NULL },
		{ 79, NULL },
		{ 80, "80+" },
		{ 130, "80+" },
	};
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	/* A group and a local value are no age group; nor is what is no range. */
	assert_int_equal(
		read_text(a,
			"[variable]\ncode = age\nname = Ålder\n[groups]\n0-120 = Alla\n[local]\n"
			"30-31 = x\n[parents]\n30-31 = 18-29\n[values]\n30 = x\n-31 = x\n+ = x\n"
			"30- = x\n30-a = x\n30-31- = x\n30+31 = x\na30-31 = x\n30--35 = x\n"
			"18-29 = x\n80+ = x\n7-7 = x\n",
			&s),
		OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(valueset_of_age(&s, cases[i].age),
			cases[i].code ? place_of(&s, cases[i].code) : -1);
}

#define HEAD "[variable]\ncode = v\nname = V\n"
#define FORTY "0123456789012345678901234567890123456789"

static void test_what_is_refused(void **state)
{
	(void)state;
#define LEVELS                                                                           \
	"a local value's parent is a local one or a value; a value's or a group's is a " \
	"group"
#define DAYS " is not a first and a last day, as in 2020-07-01 -"
#define CODES " is no code: 1 to 40 of a-z, 0-9, + and dash"
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", ": code or name is missing in [variable]" },
		{ "[variable]\nname = V\n[values]\na = A\n",
			": code or name is missing in [variable]" },
		{ "[variable]\ncode = v\n[values]\na = A\n",
			": code or name is missing in [variable]" },
		{ "[variable]\ncode = v\nname =\n[values]\na = A\n",
			": code or name is missing in [variable]" },
		{ "[variable]\ncode = V\nname = V\n[values]\na = A\n",
			":2: \"V\"" CODES },
		{ "[variable]\ncolour = red\n",
			":2: unknown key \"colour\" in [variable]" },
		{ HEAD "[value]\na = A\n", ":5: unknown key \"a\" in [value]" },
		{ "a = A\n", ":1: unknown key \"a\" in []" },
		{ HEAD, ": [values] has none" },
		{ HEAD "[groups]\na = A\n", ": [values] has none" },
		{ HEAD "[values]\nå = A\n", ":5: \"å\"" CODES },
		{ HEAD "[values]\nA = A\n", ":5: \"A\"" CODES },
		{ HEAD "[values]\na b = A\n", ":5: \"a b\"" CODES },
		{ HEAD "[values]\na/b = A\n", ":5: \"a/b\"" CODES },
		{ HEAD "[values]\n" FORTY "0 = A\n", ":5: \"" FORTY "0\"" CODES },
		{ HEAD "[groups]\n= A\n", ":5: \"\"" CODES },
		{ HEAD "[values]\na =\n", ":5: \"a\" has no name" },
		{ HEAD "[values]\na = A\na = B\n",
			":6: \"a\" stands twice in [values]: remove one" },
		{ HEAD "[values]\na = A\n[groups]\na = B\n",
			":7: \"a\" stands in two sections: a code is one thing only" },
		{ HEAD "[values]\na = A\n[local]\nb = B\n",
			": [local] b has no parent in [parents]" },
		{ HEAD "[values]\na = A\n[parents]\na = b\n",
			": [parents] a = b: there is no b" },
		{ HEAD "[values]\na = A\n[parents]\nb = a\n",
			": [parents] b = a: there is no b" },
		{ HEAD "[values]\na = A\n[parents]\na =\n",
			": [parents] a = : there is no " },
		{ HEAD "[values]\na = A\nb = B\n[parents]\na = b\n",
			": [parents] a = b: " LEVELS },
		{ HEAD "[values]\na = A\n[local]\nb = B\nc = C\n[parents]\nb = a\na = c\n",
			": [parents] a = c: " LEVELS },
		{ HEAD "[values]\na = A\n[local]\nb = B\n[groups]\nc = C\n[parents]\nb = "
		       "c\n",
			": [parents] b = c: " LEVELS },
		{ HEAD "[values]\na = A\n[groups]\nc = C\n[parents]\nc = a\n",
			": [parents] c = a: " LEVELS },
		{ HEAD "[groups]\nc = C\n[values]\na = A\n[parents]\nc = c\na = c\n",
			": [parents] go round in a circle from c" },
		{ HEAD "[local]\nb = B\nc = C\nd = D\n[values]\na = A\n[parents]\nb = c\nc = "
		       "d\nd = b\n",
			": [parents] go round in a circle from b" },
		{ HEAD "[values]\na = A\n[valid]\nb = - -\n",
			": [valid] b: there is no b" },
		{ HEAD "[values]\na = A\n[valid]\na =\n", ":7: \"\"" DAYS },
		{ HEAD "[values]\na = A\n[valid]\na = -\n", ":7: \"-\"" DAYS },
		{ HEAD "[values]\na = A\n[valid]\na = - - -\n", ":7: \"- - -\"" DAYS },
		{ HEAD "[values]\na = A\n[valid]\na = 2023-06-31 -\n",
			":7: \"2023-06-31 -\"" DAYS },
		{ HEAD "[values]\na = A\n[valid]\na = - 2023-06-300\n",
			":7: \"- 2023-06-300\"" DAYS },
		{ HEAD "[values]\na = A\n[valid]\na = 2023-07-01 2023-06-30\n",
			":7: \"2023-07-01 2023-06-30\"" DAYS },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		struct valueset s = { .count = 77 };
		assert_int_equal(read_text(a, cases[i].text, &s), ERR_INPUT);
		assert_string_equal(why.text,
			arena_format(a, "%s/set.ini%s", folder, cases[i].reason));
		assert_int_equal(s.count, 77);
	}
}

static void test_limits(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	auto_(buf) struct buf b = { 0 };
	struct valueset s;
	/* As long as a code may be; a day of one; many, each with the same parent. */
	buf_text(&b, HEAD "[groups]\n" FORTY " = G\n[valid]\n" FORTY
			  " = 2023-06-30 2023-06-30\n[values]\n");
	for (int i = 0; i < 500; i++)
		buf_format(&b, "v%d = V %d\n", i, i);
	buf_text(&b, "[parents]\n");
	for (int i = 0; i < 500; i++)
		buf_format(&b, "v%d = " FORTY "\n", i);
	if (read_text(a, buf_string(&b), &s) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(s.count, 501);
	assert_int_equal(s.entries[0].from, s.entries[0].to);
	for (size_t i = 1; i < s.count; i++) {
		assert_string_equal(s.entries[i].name, arena_format(a, "V %zu", i - 1));
		assert_int_equal(s.entries[i].parent, 0);
	}
}

static void test_no_file(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	const char *file = folder_path(a, "none.ini");
	assert_int_equal(valueset_read(a, file, &s, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, file));
}

/* What ships. */

static void shipped(struct arena *a, const char *code, struct valueset *ret_set)
{
	const char *file = arena_format(a, "questionnaires/values/%s.ini", code);
	if (valueset_read(a, file, ret_set, &why) != OK)
		fail_msg("%s", why.text);
	assert_string_equal(ret_set->code, code);
}

/* As files are read: without case, accents and punctuation. */
static const char *fold(struct arena *a, const char *text)
{
	auto_(buf) struct buf folded = { 0 };
	char *out = arena_alloc(a, strlen(text) + 1), *to = out;
	unicode_fold(text, &folded);
	for (const char *p = buf_string(&folded); *p; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
			*to++ = *p;
	return out;
}

/* What stands in a file's field is one entry only, by code or name. */
static void check_unlike(struct arena *a, const struct valueset *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *own[] = { fold(a, s->entries[i].code),
			fold(a, s->entries[i].name) };
		for (size_t n = i + 1; n < s->count; n++) {
			const struct valueset_entry *v = &s->entries[n];
			for (size_t k = 0; k < 2; k++)
				if (v->level != VALUESET_GROUP &&
					s->entries[i].level != VALUESET_GROUP &&
					(strcmp(own[k], fold(a, v->code)) == 0 ||
						strcmp(own[k], fold(a, v->name)) == 0))
					fail_msg("%s and %s read alike in %s",
						s->entries[i].code, v->code, s->code);
		}
	}
}

/* Where that text of a field rolls up to. */
static const char *value_of(struct arena *a, const struct valueset *s, const char *text)
{
	for (size_t i = 0; i < s->count; i++) {
		int value = valueset_value(s, (int)i);
		if (value >= 0 &&
			(strcmp(fold(a, text), fold(a, s->entries[i].code)) == 0 ||
				strcmp(fold(a, text), fold(a, s->entries[i].name)) == 0))
			return s->entries[value].code;
	}
	return "none";
}

static void test_shipped(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	const char **names;
	size_t count;
	struct valueset s;
	assert_int_equal(
		file_list(a, "questionnaires/values", ".ini", &names, &count, &why), OK);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < count; i++) {
		shipped(a, arena_text(a, names[i], strlen(names[i]) - strlen(".ini")),
			&s);
		check_unlike(a, &s);
	}
}

static void test_shipped_roll_up(void **state)
{
	(void)state;
	static const struct {
		const char *set, *text, *value;
	} cases[] = {
		{ "administration", "Rinkeby-Kista", "jarva" },
		{ "administration", "SPÅNGA TENSTA", "jarva" },
		{ "administration", "norrmalm", "norra-innerstaden" },
		{ "administration", "Östermalm", "norra-innerstaden" },
		{ "administration", "Älvsjö", "hagersten-alvsjo" },
		{ "administration", "Hägersten-Liljeholmen", "hagersten-alvsjo" },
		{ "administration", "Hägersten-Älvsjö", "hagersten-alvsjo" },
		/* All that tests/data/make_city.py writes. */
		{ "measure", "Försörjningsstöd", "forsorjningsstod" },
		{ "measure", "Öppenvård", "oppenvard" },
		{ "measure", "Boendestöd", "boendestod" },
		{ "measure", "Sysselsättning", "sysselsattning" },
		{ "measure", "Ledsagning", "ledsagning" },
		{ "measure", "Kontaktperson", "kontaktperson" },
		{ "measure", "Föräldrastöd", "foraldrastod" },
		{ "measure", "Kontaktfamilj", "kontaktfamilj" },
		{ "measure", "Stödsamtal", "stodsamtal" },
		{ "measure", "Hemtjänst", "hemtjanst" },
		{ "measure", "Dagverksamhet", "dagverksamhet" },
		{ "measure", "Hemtjänst nattetid", "hemtjanst" },
		{ "measure", "familjehem", "familjehem" },
		{ "measure", "Bostad med särskild service", "bostad-sarskild-service" },
		{ "measure", "Gruppbostad", "bostad-sarskild-service" },
		{ "measure", "HVB", "hvb" },
		{ "origin", "Född i Sverige", "fodd-i-sverige" },
		{ "origin", "Född i Norden", "fodd-i-norden" },
		{ "origin", "Född i EU", "fodd-i-eu" },
		{ "origin", "Född utanför EU", "fodd-utanfor-eu" },
		{ "sex", "kvinna", "kvinna" },
		{ "sex", "M", "man" },
		{ "sex", "Flicka", "kvinna" },
		{ "ground", "4 kap. 1 § SoL (2001:453)", "sol-2001-4-1" },
		{ "ground", "SoL 4:1", "sol-2001-4-1" },
		{ "ground", "4:1 SoL", "sol-2001-4-1" },
		{ "ground", "SoL 4 kap 1 §", "sol-2001-4-1" },
		{ "ground", "4 kap 1§ sol", "sol-2001-4-1" },
		{ "ground", "11 kap. 1 § SoL (2025:400)", "sol-2025" },
		{ "ground", "SoL (2025:400) 11 kap. 1 §", "sol-2025" },
		/* Without its year it could be the old law's, which is another thing. */
		{ "ground", "SoL 11:1", "none" },
		{ "ground", "LSS", "lss" },
		{ "ground", "9 § LSS", "lss" },
		{ "ground", "LSS 9 §", "lss" },
		{ "ground", "LSS 9:2", "lss" },
		{ "ground", "9:10 LSS", "lss" },
		{ "ground", "LSS 9 § 9", "lss" },
		{ "ground", "LSS 9:11", "none" },
		{ "ground", "LVU", "lvu" },
		{ "ground", "Utan beslut", "utan-beslut" },
	};
	auto_(arena) struct arena *a = arena_create();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct valueset s;
		shipped(a, cases[i].set, &s);
		assert_string_equal(value_of(a, &s, cases[i].text), cases[i].value);
	}
}

/* Stockholm's: which were there on the day. */
static void test_shipped_administrations(void **state)
{
	(void)state;
	static const char *const first[] = { "bromma", "farsta", "hagersten-alvsjo",
		"sodermalm" };
	static const struct {
		day on;
		size_t values, local;
	} cases[] = { { 20070101, 8, 6 }, { 20200701, 9, 4 }, { 20230630, 9, 4 },
		{ 20230701, 11, 0 }, { 20270201, 11, 0 } };
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	shipped(a, "administration", &s);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(s.entries[i].code, first[i]);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t counts[3] = { 0 };
		for (size_t n = 0; n < s.count; n++)
			counts[s.entries[n].level] +=
				valueset_valid(&s.entries[n], cases[i].on);
		assert_int_equal(counts[VALUESET_VALUE], cases[i].values);
		assert_int_equal(counts[VALUESET_LOCAL], cases[i].local);
	}
}

/* Every age from 13 on has a group, and no two ages in a row are far apart. */
static void test_shipped_ages(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	int before = 0;
	shipped(a, "age", &s);
	assert_int_equal(valueset_of_age(&s, 12), -1);
	for (int age = 13; age < 120; age++) {
		int place = valueset_of_age(&s, age);
		assert_in_range(place, before, before + 1);
		before = place;
	}
	assert_string_equal(s.entries[valueset_of_age(&s, 17)].code, "13-17");
	assert_string_equal(s.entries[before].code, "80+");
}

/* Which legal grounds count: both laws' decisions on support are one group. */
static void test_shipped_grounds(void **state)
{
	(void)state;
	static const char *const within[] = { "sol-2001-4-1", "sol-2025", "sol-4-1",
		"sol-2025-400-11-1" };
	static const char *const outside[] = { "sol-2001-ovrigt", "sol-2025-ovrigt",
		"lss", "lvu", "lvm", "utan-beslut", "sol-ovrigt" };
	auto_(arena) struct arena *a = arena_create();
	struct valueset s;
	shipped(a, "ground", &s);
	int bistand = place_of(&s, "bistand");
	for (size_t i = 0; i < sizeof within / sizeof *within; i++)
		assert_true(valueset_within(&s, place_of(&s, within[i]), bistand));
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		assert_false(valueset_within(&s, place_of(&s, outside[i]), bistand));
	assert_int_equal(s.entries[place_of(&s, "lss")].parent, -1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_read),
		IN_FOLDER(test_roll_up),
		cmocka_unit_test(test_valid),
		IN_FOLDER(test_ages),
		IN_FOLDER(test_what_is_refused),
		IN_FOLDER(test_limits),
		IN_FOLDER(test_no_file),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_shipped_roll_up),
		cmocka_unit_test(test_shipped_administrations),
		cmocka_unit_test(test_shipped_ages),
		cmocka_unit_test(test_shipped_grounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
