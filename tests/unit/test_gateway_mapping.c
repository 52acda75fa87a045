#include "common/conf.h"
#include "folder_test.h"
#include "sms-gateway/mapping.h"
#include "sms-gateway/text.h"

static struct mapping *read_text(const char *text)
{
	auto_(arena) struct arena *a = arena_create();
	struct mapping *m = NULL;
	struct why why = { 0 };
	folder_text("case.ini", text);
	if (mapping_read(folder_path(a, "case.ini"), &m, &why) != OK)
		fail_msg("%s", why.text);
	return m;
}

static void refuse(const char *text, int line, const char *reason)
{
	auto_(arena) struct arena *a = arena_create();
	struct mapping *untouched = (struct mapping *)a, *m = untouched;
	struct why why = { 0 };
	folder_text("case.ini", text);
	assert_int_equal(mapping_read(folder_path(a, "case.ini"), &m, &why), ERR_INPUT);
	assert_ptr_equal(m, untouched);
	const char *start = arena_format(a, "%s/case.ini:%d: ", folder, line);
	assert_memory_equal(why.text, start, strlen(start));
	if (!strstr(why.text, reason))
		fail_msg("%s", why.text);
}

static void words(void **state)
{
	(void)state;
	auto_(mapping) struct mapping *m = read_text(
		"[system]\nname = Treserva\n"
		"[columns]\nperson_id = Personnummer | Pnr\nVerksamhetsområde = Verksamhet\n"
		"Antal barn = Barn: antal = hemma\n"
		"[values verksamhetsområde]\nIFO EKB | IFO-Ekonomi = Ekonomiskt bistånd\n"
		"Äldre = aldreomsorg\nÄLDRE | åldrar = aldreomsorg\n"
		"[values lagrum]\nÄldre = sol-2025\n");
	assert_string_equal(mapping_name(m), "Treserva");
	assert_string_equal(mapping_column(m, "personnummer"), "personid");
	assert_string_equal(mapping_column(m, "pnr"), "personid");
	assert_string_equal(mapping_column(m, "verksamhet"), "verksamhetsomrade");
	assert_string_equal(mapping_column(m, "barnantalhemma"), "antalbarn");
	assert_null(mapping_column(m, "personid"));
	assert_null(mapping_column(m, ""));
	assert_string_equal(
		mapping_value(m, "verksamhetsomrade", "ifoekb"), "ekonomisktbistand");
	assert_string_equal(
		mapping_value(m, "verksamhetsomrade", "ifoekonomi"), "ekonomisktbistand");
	assert_string_equal(
		mapping_value(m, "verksamhetsomrade", "aldre"), "aldreomsorg");
	assert_string_equal(mapping_value(m, "lagrum", "aldre"), "sol2025");
	assert_null(mapping_value(m, "lagrum", "ifoekb"));
	assert_null(mapping_value(m, "verksamhetsomrade", ""));
	assert_null(mapping_value(m, "enhet", "aldre"));
	assert_false(mapping_is_reserve(m, "19900101-A123"));
}

static void nothing_said(void **state)
{
	(void)state;
	auto_(mapping) struct mapping *m = read_text("");
	assert_string_equal(mapping_name(m), "case.ini");
	assert_null(mapping_column(m, "personid"));
	assert_null(mapping_value(m, "lagrum", "lss"));
	assert_null(mapping_column(NULL, "personid"));
	assert_null(mapping_value(NULL, "lagrum", "lss"));
	assert_false(mapping_is_reserve(m, ""));
	assert_false(mapping_is_reserve(NULL, "19900101-A123"));
	mapping_destroy(NULL);
}

static void reserve(void **state)
{
	(void)state;
	auto_(mapping) struct mapping *m =
		read_text("[person]\nreserve = [0-9]{8}-?[A-Z][0-9]{3}|R=[0-9]+\n");
	assert_true(mapping_is_reserve(m, "19900101-A123"));
	assert_true(mapping_is_reserve(m, "19900101A123"));
	assert_true(mapping_is_reserve(m, "R=1"));
	assert_false(mapping_is_reserve(m, "19900101-1234"));
	assert_false(mapping_is_reserve(m, "x19900101-A123"));
	assert_false(mapping_is_reserve(m, "19900101-A1234"));
	assert_false(mapping_is_reserve(m, "xR=1"));
	assert_false(mapping_is_reserve(m, "åäö"));
}

static void refused(void **state)
{
	(void)state;
	refuse("[column]\nnamn = x\n", 2, "unknown key \"namn\" in [column]: there are");
	refuse("namn = x\n", 1, "unknown key");
	refuse("[system]\nnames = x\n", 2, "unknown key");
	refuse("[person]\nname = x\n", 2, "unknown key");
	refuse("[columns]\n1a = x\n", 2, "begins with a letter");
	refuse("[columns]\n-- = x\n", 2, "begins with a letter");
	refuse("[columns]\nnamn | telefon = x\n", 2, "begins with a letter");
	refuse("[values ]\nx = y\n", 2, "begins with a letter");
	refuse("[columns]\nnamn =\n", 2, "a word is missing");
	refuse("[columns]\nnamn = Namn |\n", 2, "a word is missing");
	refuse("[columns]\nnamn = Namn | - | Kund\n", 2, "a word is missing");
	refuse("[columns]\nnamn = Kund\ntelefon = Mobil | KUND\n", 3,
		"\"kund\" stands for \"namn\" already");
	refuse("[values area]\nEK 1 = ekonomi\nEK-1 = annat\n", 3,
		"\"ek1\" stands for \"ekonomi\" already");
	refuse("[values lagrum]\nSoL 4:1 = sol-2001-4-1\n", 2, "leave out : and =");
	refuse("[values lagrum]\nSoL = sol | lss\n", 2, "leave out : and =");
	refuse("[values lagrum]\nSoL =\n", 2, "\"SoL\" stands for nothing");
	refuse("[person]\nreserve = [0-9\n", 2, "reserve: ");
	refuse("[person]\nreserve = [0-9]*\n", 2, "fits an empty field");
	refuse("[person]\nreserve =\n", 2, "fits an empty field");
	struct mapping *m;
	struct why why;
	assert_int_equal(mapping_read("/no/such.ini", &m, &why), ERR_NOT_FOUND);
}

/* The mappings that ship. */

struct shipped {
	char columns[1000]; /* folded, a space around each */
	struct buf areas;   /* "CODE\n" for each of area.ini */
};

static enum err note_area(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	struct buf *areas = context;
	(void)value;
	(void)why;
	if (strcmp(section, "values") == 0)
		buf_format(areas, "%s\n", key);
	return OK;
}

/* A slip of the pen in a heading that ships would be a rule that never works. */
static void check_column(struct shipped *s, const char *key)
{
	static const char contract[] =
		" personid telefon namn sprak verksamhetsomrade enhet insats alder "
		"juridisktkon ursprung beslutfran besluttill lagrum skyddad smstillatet ";
	auto_(buf) struct buf word = { 0 };
	buf_text(&word, " ");
	text_fold(key, &word);
	buf_text(&word, " ");
	if (!strstr(contract, buf_string(&word)))
		fail_msg("%s is no column of the contract", key);
	strcat(s->columns, buf_string(&word));
}

static void check_value(const struct shipped *s, const char *column, const char *value)
{
	auto_(buf) struct buf line = { 0 };
	buf_format(&line, "%s\n", value);
	bool fine = strcmp(column, "verksamhetsområde") == 0
			    ? strstr(buf_string(&s->areas), buf_string(&line)) != NULL
		    : strcmp(column, "lagrum") == 0
			    ? strstr("sol-2001-4-1\nsol-2025\nlss\n",
				      buf_string(&line)) != NULL
		    : strcmp(column, "juridiskt_kön") == 0
			    ? strstr("kvinna\nman\n", buf_string(&line)) != NULL
			    : strstr("ja\nnej\n", buf_string(&line)) != NULL;
	if (!fine)
		fail_msg("%s is no value of %s", value, column);
}

static enum err note_line(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	(void)why;
	if (strcmp(section, "columns") == 0)
		check_column(context, key);
	else if (strncmp(section, "values ", 7) == 0)
		check_value(context, section + 7, value);
	return OK;
}

static void check_shipped(struct shipped *s, const char *file, const char *name)
{
	static const char *const needed[] = { " personid ", " telefon ",
		" verksamhetsomrade ", " lagrum ", " skyddad ", " smstillatet " };
	auto_(mapping) struct mapping *m = NULL;
	auto_(buf) struct buf text = { 0 };
	struct why why = { 0 };
	if (mapping_read(file, &m, &why) != OK ||
		file_read(file, 100000, &text, &why) != OK)
		fail_msg("%s", why.text);
	assert_string_equal(mapping_name(m), name);
	assert_non_null(
		strstr(buf_string(&text), "INTE\n# prövade mot en riktig export"));
	*s->columns = '\0';
	assert_int_equal(conf_walk(file, note_line, s, &why), OK);
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!strstr(s->columns, needed[i]))
			fail_msg("%s: %s is missing", file, needed[i]);
}

static void shipped(void **state)
{
	(void)state;
	struct shipped s = { 0 };
	struct why why = { 0 };
	assert_int_equal(
		conf_walk("questionnaires/values/area.ini", note_area, &s.areas, &why),
		OK);
	check_shipped(&s, "deploy/mappings/esset.ini", "Esset");
	check_shipped(&s, "deploy/mappings/treserva.ini", "Treserva");
	check_shipped(&s, "deploy/mappings/lifecare.ini", "Lifecare");
	check_shipped(&s, "deploy/mappings/combine.ini", "Combine");
	buf_clear(&s.areas);
	auto_(mapping) struct mapping *m = NULL;
	assert_int_equal(mapping_read("deploy/mappings/treserva.ini", &m, &why), OK);
	assert_string_equal(mapping_column(m, "telefonmobil"), "telefon");
	assert_string_equal(mapping_value(m, "lagrum", "sol4kap1"), "sol200141");
	assert_string_equal(mapping_value(m, "skyddad", "sekretessmarkering"), "ja");
	assert_true(mapping_is_reserve(m, "19900101-TF12"));
	assert_false(mapping_is_reserve(m, "19121212-1212"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(reserve),
		cmocka_unit_test(refused),
		cmocka_unit_test(shipped),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
