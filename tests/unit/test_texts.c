#include "folder_test.h"
#include "texts.h"

static struct why why;

static const char shipped[] = "questionnaires";
static const char swedish[] = "questionnaires/texts/sv.ini";

/* Reads the folder, which must be refused; the reason begins with the folder's path. */
static void refuse(enum err expected, const char *reason)
{
	auto_(arena) struct arena *a = arena_create();
	struct texts_all *all = NULL;
	memset(&why, 0, sizeof why);
	assert_int_equal(texts_read(folder, &all, &why), expected);
	assert_null(all);
	assert_string_equal(why.text, arena_format(a, "%s/texts%s", folder, reason));
}

static struct texts_all *read_folder(void)
{
	struct texts_all *all = NULL;
	if (texts_read(folder, &all, &why) != OK)
		fail_msg("%s", why.text);
	return all;
}

static void test_shipped(void **state)
{
	(void)state;
	auto_(texts) struct texts_all *all = NULL;
	static const char *const languages[] = { "ar", "en", "fa", "fi", "pl", "so", "ti",
		"uk" };
	if (texts_read(shipped, &all, &why) != OK)
		fail_msg("%s", why.text);
	const struct texts *sv = texts_at(all, 0);
	assert_string_equal(sv->code, "sv");
	assert_string_equal(sv->variant, "");
	assert_string_equal(sv->name, "Svenska");
	assert_string_equal(sv->change_to, "Byt");
	assert_string_equal(sv->leave, "Lämna sidan");
	assert_string_equal(sv->saved_title, "Det här är allt som sparas");
	assert_false(sv->draft);
	assert_false(sv->rtl);
	assert_ptr_equal(texts_find(all, "sv", ""), sv);
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		const struct texts *t = texts_find(all, languages[i], "");
		assert_string_equal(t->code, languages[i]);
		assert_int_equal(t->rtl, strcmp(languages[i], "ar") == 0 ||
						 strcmp(languages[i], "fa") == 0);
	}
	size_t count = 0;
	while (texts_at(all, count))
		count++;
	assert_int_equal(count, 1 + 8 + 3);
	assert_null(texts_at(all, count + 1));
}

static void test_find(void **state)
{
	(void)state;
	auto_(texts) struct texts_all *all = NULL;
	if (texts_read(shipped, &all, &why) != OK)
		fail_msg("%s", why.text);
	const struct texts *child = texts_find(all, "sv", "barn");
	assert_string_equal(child->code, "sv");
	assert_string_equal(child->variant, "barn");
	/* A variant that the language lacks is the language. */
	assert_ptr_equal(texts_find(all, "sv", "none"), texts_at(all, 0));
	assert_string_equal(texts_find(all, "ti", "barn")->code, "ti");
	assert_string_equal(texts_find(all, "ti", "barn")->variant, "");
	assert_null(texts_find(all, "no", ""));
	assert_null(texts_find(all, "no", "barn"));
	assert_null(texts_find(all, "", ""));
	texts_free(NULL);
}

/* A variant says in its language's words what it does not say itself. */
static void test_variant_leans_on_its_language(void **state)
{
	(void)state;
	folder_copy(swedish, "texts/sv.ini");
	folder_copy("questionnaires/texts/ar.ini", "texts/ar.ini");
	folder_text("texts/ar.barn.ini",
		"[language]\nstatus = active\n[end]\nthanks_title = Xyz\n");
	folder_text("texts/sv.a.ini", "[language]\nstatus = draft\n");
	folder_text("texts/sv.b.ini",
		"[language]\nstatus = draft\nname = Lätt\ndirection = rtl\n"
		"[first]\nfirst_time = {count} frågor.\n");
	auto_(texts) struct texts_all *all = read_folder();
	const struct texts *sv = texts_find(all, "sv", ""),
			   *ar = texts_find(all, "ar", "");
	const struct texts *t = texts_find(all, "ar", "barn");
	assert_string_equal(t->thanks_title, "Xyz");
	assert_string_equal(t->thanks, ar->thanks);
	assert_string_equal(t->accessibility_date, ar->accessibility_date);
	assert_false(t->draft);
	assert_true(t->rtl);
	t = texts_find(all, "sv", "a");
	assert_true(t->draft);
	assert_false(t->rtl);
	assert_string_equal(t->name, "Svenska");
	assert_string_equal(t->send, sv->send);
	t = texts_find(all, "sv", "b");
	assert_string_equal(t->name, "Lätt");
	assert_true(t->rtl);
	assert_string_equal(t->first_time, "{count} frågor.");
	assert_string_equal(t->first_begin, sv->first_begin);
	/* The languages first. */
	assert_string_equal(texts_at(all, 1)->code, "ar");
	assert_string_equal(texts_at(all, 1)->variant, "");
	assert_string_equal(texts_at(all, 2)->variant, "barn");
	assert_string_equal(texts_at(all, 3)->variant, "a");
	assert_string_equal(texts_at(all, 4)->variant, "b");
	assert_null(texts_at(all, 5));
}

static void test_other_files_are_none(void **state)
{
	(void)state;
	folder_copy(swedish, "texts/sv.ini");
	folder_text("texts/README.md", "x");
	folder_text("texts/en.ini.old", "x");
	folder_text("texts/en.txt", "x");
	auto_(texts) struct texts_all *all = read_folder();
	assert_null(texts_at(all, 1));
}

/* A line of the Swedish file, what it is replaced by, and what is then said of it: after
 * the file's name, in the Swedish file itself and in another language's. */
static const struct {
	const char *from, *to, *reason;
} broken[] = {
	{ "send = Skicka mina svar\n", "\n",
		": \"send\" is missing in [last]: see the example in deploy/" },
	{ "switch = Byt\n", "",
		": \"switch\" is missing in [frame]: see the example in deploy/" },
	{ "status = active\n", "",
		": \"status\" is missing in [language]: see the example in deploy/" },
	{ "direction = ltr\n", "",
		": \"direction\" is missing in [language]: see the example in deploy/" },
	{ "name = Svenska\n", "",
		": \"name\" is missing in [language]: see the example in deploy/" },
	{ "status = active\n", "status = retired\n",
		":5: status: \"retired\" is none of: active draft" },
	{ "direction = ltr\n", "direction = left\n",
		":4: direction: \"left\" is none of: ltr rtl" },
	{ "[frame]\n", "[frame]\nsend = x\n",
		":8: unknown key \"send\" in [frame]: see the example in deploy/" },
	{ "[frame]\n", "[frame]\nchange_to = x\n",
		":8: unknown key \"change_to\" in [frame]: see the example in deploy/" },
	{ "title = Enkät\n", "title = Enkät\ntitle = Enkät\n",
		":9: \"title\" stands twice in [frame]: remove one" },
	{ "send = Skicka mina svar\n", "send =\n", ": \"send\" in [last] is empty" },
	{ "change = Ändra fråga {n}\n", "change =   \n",
		": \"change\" in [last] is empty" },
};

static void test_what_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		auto_(arena) struct arena *a = arena_create();
		folder_change(swedish, "texts/sv.ini", broken[i].from, broken[i].to);
		refuse(ERR_INPUT, arena_format(a, "/sv.ini%s", broken[i].reason));
		folder_copy(swedish, "texts/sv.ini");
		folder_change(swedish, "texts/fi.ini", broken[i].from, broken[i].to);
		refuse(ERR_INPUT, arena_format(a, "/fi.ini%s", broken[i].reason));
	}
}

/* What is filled in is the same in every language. */
static void test_words_that_differ(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *key;
	} cases[] = {
		{ "Ändra fråga {n}", "Ändra fråga", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga {m}", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga {N}", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga {nn}", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga { n}", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga {n", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga n}", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra fråga {n} {", "\"change\" in [last]" },
		{ "Ändra fråga {n}", "Ändra {n} av {count}", "\"change\" in [last]" },
		{ "Fråga {n} av {count}", "Fråga {count}", "\"step\" in [question]" },
		{ "Skicka mina svar", "Skicka mina {n} svar", "\"send\" in [last]" },
		{ "Anmäl till Digg", "{city}",
			"\"accessibility_supervision_link\" in "
			"[accessibility]" },
	};
	folder_copy(swedish, "texts/sv.ini");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		folder_change(swedish, "texts/fi.ini", cases[i].from, cases[i].to);
		refuse(ERR_INPUT,
			arena_format(a,
				"/fi.ini: %s must have the same {words} as in sv.ini",
				cases[i].key));
	}
	/* In another order and more than once is fine. */
	folder_change(
		swedish, "texts/fi.ini", "Fråga {n} av {count}", "Av {count} {n}:s, {n}");
	auto_(texts) struct texts_all *all = read_folder();
	assert_string_equal(texts_find(all, "fi", "")->step, "Av {count} {n}:s, {n}");
}

static void test_variants_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", ": \"status\" is missing in [language]: see the example in deploy/" },
		{ "[language]\nstatus = draft\n[last]\nsend =\n",
			": \"send\" in [last] is empty" },
		{ "[language]\nstatus = draft\n[last]\nchange = Ändra\n",
			": \"change\" in [last] must have the same {words} as in sv.ini" },
		{ "[language]\nstatus = draft\n[lats]\nchange = Ändra {n}\n",
			":4: unknown key \"change\" in [lats]: see the example in deploy/" },
	};
	folder_copy(swedish, "texts/sv.ini");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		auto_(arena) struct arena *a = arena_create();
		folder_text("texts/sv.barn.ini", cases[i].text);
		refuse(ERR_INPUT, arena_format(a, "/sv.barn.ini%s", cases[i].reason));
	}
}

static void test_variant_of_no_language(void **state)
{
	(void)state;
	folder_copy(swedish, "texts/sv.ini");
	folder_text("texts/fi.barn.ini", "[language]\nstatus = draft\n");
	refuse(ERR_INPUT, "/fi.barn.ini: there is no fi.ini beside it");
}

static void test_names(void **state)
{
	(void)state;
	static const char *const names[] = { "SV.ini", "sv-SE.ini", "sv_SE.ini", "1.ini",
		"sv.Barn.ini", "sv.barn.x.ini", "sv.barn-x.ini", "sv .ini", ".sv.ini",
		"sv..ini", "å.ini" };
	folder_copy(swedish, "texts/sv.ini");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		auto_(arena) struct arena *a = arena_create();
		const char *name = arena_format(a, "texts/%s", names[i]);
		folder_copy(swedish, name);
		refuse(ERR_INPUT,
			arena_format(a,
				"/%s: a file of texts is named LANGUAGE.ini or LANGUAGE.VARIANT.ini",
				names[i]));
		assert_int_equal(unlink(folder_path(a, name)), 0);
	}
	auto_(texts) struct texts_all *all = read_folder();
	assert_null(texts_at(all, 1));
}

static void test_no_swedish(void **state)
{
	(void)state;
	refuse(ERR_NOT_FOUND, ": No such file or directory");
	folder_copy("questionnaires/texts/en.ini", "texts/en.ini");
	refuse(ERR_NOT_FOUND,
		"/sv.ini: No such file or directory: check the file's name and rights");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_find),
		IN_FOLDER(test_variant_leans_on_its_language),
		IN_FOLDER(test_other_files_are_none),
		IN_FOLDER(test_what_is_refused),
		IN_FOLDER(test_words_that_differ),
		IN_FOLDER(test_variants_that_are_refused),
		IN_FOLDER(test_variant_of_no_language),
		IN_FOLDER(test_names),
		IN_FOLDER(test_no_swedish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
