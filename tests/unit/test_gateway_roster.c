#include "folder_test.h"
#include "gateway_test.h"
#include "sms-gateway/frame.h"
#include "sms-gateway/roster.h"

static struct survey_value administrations[] = { { "farsta", "Farsta", false } };
static struct survey_value areas[] = { { "aldreomsorg", "Äldreomsorg", false },
	{ "barn-unga", "Barn och unga", false },
	{ "vald-nara-relation", "Våld i nära relation", true } };
static struct survey_value sexes[] = { { "kvinna", "Kvinna", false },
	{ "man", "Man", false } };
static struct survey_value ages[] = { { "13-17", "13–17 år", false },
	{ "18-64", "18–64 år", false }, { "65+", "65 år och äldre", false } };
static struct survey_variable variables[] = { { "area", "Verksamhetsområde", 3, areas },
	{ "sex", "Juridiskt kön", 2, sexes },
	{ "administration", "Förvaltning", 1, administrations },
	{ "age", "Åldersgrupp", 3, ages } };
static struct survey_wave wave = { .wave = "w", .count = 4, .variables = variables };
static const struct valueset sets[4];
static const struct valueset nothing_known;
static const struct rules rules = { .any_ground = true, .youngest = 13, .adult = 18 };

static const char header[] = "person_id;telefon;verksamhetsområde;skyddad;sms_tillåtet;"
			     "ålder;juridiskt_kön;namn;enhet;språk\n";

struct reading {
	struct roster_setup setup;
	struct roster *roster;
	struct roster_entry *entries;
	size_t count;
	uint32_t bound;  /* of the last chance */
	uint32_t chosen; /* what it gives */
	struct why why;
};

static void reading_start(struct reading *r)
{
	*r = (struct reading){ .setup = { .wave = &wave,
				       .administration = "farsta",
				       .rules = &rules,
				       .sets = sets,
				       .grounds = &nothing_known,
				       .measures = &nothing_known,
				       .today = 20270201 } };
}

static uint32_t chance(const void *context, const char *person, uint32_t bound)
{
	struct reading *r = *(struct reading *const *)context;
	assert_true(*person);
	r->bound = bound;
	return r->chosen;
}

static enum err read_rows(struct reading *r, const char *text)
{
	struct rows_about about;
	assert_int_equal(roster_create(&r->setup, &r->roster, &r->why), OK);
	struct rows_reader reader = roster_reader(r->roster);
	enum err e = rows_read(text, strlen(text), &reader, &about, &r->why);
	if (e != OK)
		return e;
	roster_settle(r->roster, chance, &(const void *){ r });
	r->entries = roster_entries(r->roster, &r->count);
	return OK;
}

static void read_all(struct reading *r, const char *rows)
{
	auto_(buf) struct buf text = { 0 };
	buf_format(&text, "%s%s", header, rows);
	reading_start(r);
	if (read_rows(r, buf_string(&text)) != OK)
		fail_msg("%s", r->why.text);
}

static void reasons_are(const char *rows, const char *wanted)
{
	auto_(buf) struct buf found = { 0 };
	struct reading r;
	read_all(&r, rows);
	for (size_t i = 0; i < r.count; i++)
		buf_format(&found, "%s%s", i ? " " : "",
			reason_code((enum reason)r.entries[i].reason));
	assert_string_equal(buf_string(&found), wanted);
	roster_destroy(r.roster);
}

static void one_row(void **state)
{
	(void)state;
	struct reading r;
	read_all(&r,
		" 19121212-1212 ;070-174 06 05;Äldreomsorg;Nej;JA;;;Påhittad;Enhet 1;EN\n");
	assert_int_equal(r.count, 1);
	const struct roster_entry *e = r.entries;
	assert_int_equal(e->reason, REASON_NONE);
	assert_int_equal(e->line, 2);
	assert_string_equal(e->person, "191212121212");
	assert_string_equal(e->phone, "+46701740605");
	assert_string_equal(e->name, "Påhittad");
	assert_string_equal(e->unit, "Enhet 1");
	assert_string_equal(e->language, "en");
	assert_int_equal(e->channels, FRAME_SMS | FRAME_CALL);
	assert_int_equal(e->marks, 0);
	assert_int_equal(e->values[0], 0);
	assert_int_equal(e->values[1], 1);
	assert_int_equal(e->values[2], 0);
	assert_int_equal(e->values[3], 2);
	assert_int_equal(e->values[4], BACKGROUND_MISSING);
	roster_destroy(r.roster);
}

/* The file's own word goes before the number's; the youngest age before the older. */
static void what_the_number_tells(void **state)
{
	(void)state;
	struct reading r;
	read_all(&r, "19121212-1212;;aldreomsorg;nej;ja;40;kvinna;;;\n"
		     "T-2;;aldreomsorg;nej;ja;;;;;\n"
		     "T-3;;aldreomsorg;nej;ja;70;okänt;;;\n"
		     "19121212-1213;;aldreomsorg;nej;ja;;;;;\n");
	assert_int_equal(r.entries[0].values[1], 0);
	assert_int_equal(r.entries[0].values[3], 1);
	assert_int_equal(r.entries[1].values[1], BACKGROUND_MISSING);
	assert_int_equal(r.entries[1].values[3], BACKGROUND_MISSING);
	assert_int_equal(r.entries[2].values[1], BACKGROUND_MISSING);
	assert_int_equal(r.entries[2].values[3], 2);
	assert_int_equal(r.entries[3].values[1], BACKGROUND_MISSING);
	assert_int_equal(r.entries[3].marks, MARK_NO_PHONE | MARK_PERSON);
	roster_destroy(r.roster);
}

static void who_is_out(void **state)
{
	(void)state;
	reasons_are("T-1;;aldreomsorg;ja;ja;;;;;\n"
		    "T-2;;aldreomsorg;kanske;ja;;;;;\n"
		    "T-3;;aldreomsorg;;ja;;;;;\n"
		    "T-4;;aldreomsorg;nej;kanske;;;;;\n"
		    "T-5;;aldreomsorg;nej;ja;fyrtio;;;;\n"
		    "T-6;;aldreomsorg;nej;ja;1000;;;;\n"
		    "T-7;;;nej;ja;;;;;\n"
		    "T-8;;Akut;nej;ja;;;;;\n"
		    "T-9;;vald-nara-relation;nej;ja;;;;;\n"
		    ";;aldreomsorg;nej;ja;;;;;\n"
		    "T-10;;aldreomsorg;nej;ja;12;;;;\n"
		    "T-11;;aldreomsorg;nej;;17;;;;\n"
		    "T-12;;aldreomsorg\n",
		"protected value-protected none value-sms value-age value-age area-missing "
		"area-unknown exempt person-missing child young columns");
}

/* Said once of a person, it holds for all rows, wherever it stands and whatever else is
 * wrong with that row. */
static void said_once(void **state)
{
	(void)state;
	reasons_are("T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;ja;ja;;;;;\n",
		"protected protected");
	reasons_are("T-1;;Akut;ja;ja;;;;;\nT-1;;barn-unga;nej;ja;;;;;\n",
		"protected protected");
	reasons_are("T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;nej;ja;8;;;;\n",
		"child child");
	reasons_are("T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;?;ja;;;;;\n"
		    "T-1;;barn-unga;ja;ja;;;;;\n",
		"protected value-protected protected");
	reasons_are("T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;nej;?;;;;;\n",
		"value-sms value-sms");
	reasons_are("T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;Akut;nej;ja;;;;;\n",
		"none area-unknown");
}

static void no_sms(void **state)
{
	(void)state;
	static const char *const files[] = {
		"T-1;0701740605;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;nej;nej;;;;;\n",
		"T-1;0701740605;aldreomsorg;nej;ja;;;;;\nT-1;;Akut;nej;nej;;;;;\n",
		"T-1;0701740605;aldreomsorg;nej;ja;;;;;\n"
		"T-1;0701740605;aldreomsorg;nej;nej;;;;;\n",
		"T-1;0701740605;aldreomsorg;nej;nej;;;;;\n"
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct reading r;
		read_all(&r, files[i]);
		for (size_t n = 0; n < r.count; n++) {
			const struct roster_entry *e = &r.entries[n];
			if (e->reason != REASON_NONE)
				continue;
			assert_int_equal(e->channels & FRAME_SMS, 0);
			assert_true(e->marks & MARK_SMS_NO);
		}
		roster_destroy(r.roster);
	}
}

static void one_area_of_several(void **state)
{
	(void)state;
	static const char *const files[] = {
		"T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;barn-unga;nej;ja;;;;;\n"
		"T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;vald-nara-relation;nej;ja;;;;;\n",
		"T-1;;barn-unga;nej;ja;;;;;\nT-1;;vald-nara-relation;nej;ja;;;;;\n"
		"T-1;;aldreomsorg;nej;ja;;;;;\nT-1;;aldreomsorg;nej;ja;;;;;\n",
	};
	for (size_t i = 0; i < 4; i++) {
		struct reading r;
		auto_(buf) struct buf text = { 0 };
		uint16_t used = BACKGROUND_MISSING;
		size_t count[REASON_COUNT] = { 0 };
		buf_format(&text, "%s%s", header, files[i % 2]);
		reading_start(&r);
		r.chosen = i / 2;
		assert_int_equal(read_rows(&r, buf_string(&text)), OK);
		assert_int_equal(r.bound, 2);
		for (size_t n = 0; n < r.count; n++) {
			count[r.entries[n].reason]++;
			if (r.entries[n].reason == REASON_NONE)
				used = r.entries[n].values[0];
		}
		assert_int_equal(used, r.chosen);
		assert_int_equal(count[REASON_NONE], 1);
		assert_int_equal(count[REASON_OTHER_AREA], 1);
		assert_int_equal(count[REASON_DUPLICATE], 1);
		assert_int_equal(count[REASON_EXEMPT], 1);
		roster_destroy(r.roster);
	}
}

/* The same number on two persons marks all their rows; on one person's rows it is
 * nothing. */
static void shared_numbers(void **state)
{
	(void)state;
	struct reading r;
	read_all(&r,
		"T-1;0701740605;aldreomsorg;nej;ja;;;;;\n"
		"T-2;070-174 06 05;aldreomsorg;nej;ja;;;;;\n"
		"T-3;0701740606;aldreomsorg;nej;ja;;;;;\n"
		"T-3;0701740606;barn-unga;nej;ja;;;;;\n"
		"T-4;0701740607;aldreomsorg;nej;ja;;;;;\n"
		"T-5;+46701740607;Akut;nej;ja;;;;;\n"
		"T-6;;aldreomsorg;nej;ja;;;;;\nT-7;;aldreomsorg;nej;ja;;;;;\n"
		"T-8;abc;aldreomsorg;nej;ja;;;;;\nT-9;abc;aldreomsorg;nej;ja;;;;;\n");
	static const bool shared[] = { true, true, false, false, true, true, false, false,
		false, false };
	for (size_t i = 0; i < r.count; i++)
		if (((r.entries[i].marks & MARK_SHARED) != 0) != shared[i])
			fail_msg("line %u", r.entries[i].line);
	roster_destroy(r.roster);
}

/* Who is where in the frame: what is stored must not hang on the order of the rows. */
static void describe(const struct reading *r, struct buf *out)
{
	const size_t *order = roster_order(r->roster);
	for (size_t i = 0; i < r->count; i++) {
		const struct roster_entry *e = &r->entries[order[i]];
		buf_format(out, "%s %s", e->person, reason_code((enum reason)e->reason));
		if (e->reason == REASON_NONE)
			buf_format(out, " %s %s %s %s %u %u %u", e->phone, e->name,
				e->unit, e->language, e->channels, e->marks,
				e->values[0]);
		buf_text(out, "\n");
	}
}

static void in_any_order(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"T-1;0701740605;aldreomsorg;nej;ja;;;B;;sv\n",
		"T-1;0701740606;aldreomsorg;nej;ja;;;A;;sv\n",
		"T-1;;aldreomsorg;nej;ja;;;A;;en\n",
		"T-1;08-4650004;aldreomsorg;nej;ja;;;0;;en\n",
		"T-1;0701740605;aldreomsorg;nej;ja;;man;B;;sv\n",
		"T-1;0701740605;barn-unga;nej;ja;;;B;;sv\n",
		"T-2;0701740607;Akut;nej;ja;;;;;\n",
		"T-2;0701740607;;nej;ja;;;;;\n",
		"T-2;0701740607;vald-nara-relation;nej;ja;;;;;\n",
		"T-3;0701740607;aldreomsorg;nej;ja;;;;x;\n",
		"T-3;0701740607;aldreomsorg;nej;ja;;;;y;\n",
		"trasig\n",
	};
	enum { ROWS_COUNT = sizeof rows / sizeof *rows };
	auto_(buf) struct buf first = { 0 };
	for (size_t turn = 0; turn < ROWS_COUNT; turn++) {
		auto_(buf) struct buf text = { 0 };
		auto_(buf) struct buf found = { 0 };
		struct reading r;
		/* 5 has no divisor in common with the number of rows. */
		for (size_t i = 0; i < ROWS_COUNT; i++)
			buf_text(&text, rows[(turn + i * 5) % ROWS_COUNT]);
		read_all(&r, buf_string(&text));
		describe(&r, turn ? &found : &first);
		if (turn)
			assert_string_equal(buf_string(&found), buf_string(&first));
		roster_destroy(r.roster);
	}
	assert_non_null(strstr(
		buf_string(&first), "T-1 none +46701740605 B  sv 3 0 0\nT-1 duplicate"));
}

static void headers(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		const char *why;
	} cases[] = {
		{ "a;b",
			"rubrikraden saknar person_id, telefon, verksamhetsområde, skyddad" },
		{ "PERSON-ID;Telefon:;Verksamhetsomrade;SKYDDAD", NULL },
		{ "person_id;telefon;verksamhetsområde", "rubrikraden saknar skyddad" },
		{ "person_id;telefon;verksamhetsområde;skyddad;Skyddad",
			"kolumnen Skyddad står två gånger i rubrikraden" },
		{ "person_id;telefon;verksamhetsområde;skyddad;;", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reading r;
		reading_start(&r);
		enum err e = read_rows(&r, cases[i].header);
		assert_int_equal(e, cases[i].why ? ERR_INPUT : OK);
		if (cases[i].why)
			assert_string_equal(r.why.text, cases[i].why);
		roster_destroy(r.roster);
	}
}

static void what_is_missing_and_what_is_not_read(void **state)
{
	(void)state;
	struct reading r;
	reading_start(&r);
	assert_int_equal(
		read_rows(&r, "Ärende;person_id;telefon;verksamhetsområde;skyddad;"
			      "Åldersgrupp;sms_tillåtet;insats;språk;;Övrigt 2\n"),
		OK);
	assert_string_equal(roster_missing(r.roster),
		"namn, enhet, ålder, juridiskt_kön, beslut_från, beslut_till, lagrum");
	assert_string_equal(roster_unread(r.roster), "Ärende, Övrigt 2");
	roster_destroy(r.roster);
}

/* What the rules name, or something finer, by code or by name. */
static void measures_and_grounds(void **state)
{
	(void)state;
	struct valueset_entry measures[] = {
		{ .code = "bostad",
			.name = "Särskild bostad",
			.level = VALUESET_VALUE,
			.parent = -1 },
		{ .code = "bostad-natt",
			.name = "Natt, bostad",
			.level = VALUESET_LOCAL,
			.parent = 0 },
		{ .code = "stod", .name = "Stöd", .level = VALUESET_VALUE, .parent = -1 },
	};
	struct valueset_entry grounds[] = {
		{ .code = "lss", .name = "LSS", .level = VALUESET_VALUE, .parent = -1 },
		{ .code = "lss-9",
			.name = "9 § LSS",
			.level = VALUESET_LOCAL,
			.parent = 0 },
		{ .code = "annat",
			.name = "Annat",
			.level = VALUESET_VALUE,
			.parent = -1 },
	};
	const struct valueset measure_set = { .entries = measures, .count = 3 };
	const struct valueset ground_set = { .entries = grounds, .count = 3 };
	static const char *exempt[] = { "bostad" };
	static const char *counted[] = { "lss" };
	const struct rules own = { .measures = { 1, exempt }, .grounds = { 1, counted } };
	static const enum reason wanted[] = { REASON_MEASURE, REASON_MEASURE,
		REASON_MEASURE, REASON_MEASURE, REASON_NONE, REASON_NONE, REASON_NONE,
		REASON_GROUND, REASON_GROUND_UNKNOWN, REASON_GROUND_UNKNOWN };
	struct reading r;
	reading_start(&r);
	r.setup.rules = &own;
	r.setup.measures = &measure_set;
	r.setup.grounds = &ground_set;
	assert_int_equal(
		read_rows(&r,
			"person_id;telefon;verksamhetsområde;skyddad;insats;lagrum\n"
			"T-1;;barn-unga;nej;bostad;lss\nT-2;;barn-unga;nej;SARSKILD BOSTAD;lss\n"
			"T-3;;barn-unga;nej;bostad-natt;lss\nT-4;;barn-unga;nej;Natt, bostad;lss\n"
			"T-5;;barn-unga;nej;Stöd;LSS\nT-6;;barn-unga;nej;bostad 2;9 § LSS\n"
			"T-7;;barn-unga;nej;;lss-9\nT-8;;barn-unga;nej;;Annat\n"
			"T-9;;barn-unga;nej;;\nT-10;;barn-unga;nej;;SoL\n"),
		OK);
	for (size_t i = 0; i < r.count; i++)
		if (r.entries[i].reason != wanted[i])
			fail_msg("line %u gives %s", r.entries[i].line,
				reason_code((enum reason)r.entries[i].reason));
	roster_destroy(r.roster);
}

static void mappings(void **state)
{
	(void)state;
	auto_(arena) struct arena *a = arena_create();
	struct mapping *one, *other;
	struct why why;
	folder_text("en.ini", "[columns]\nperson_id = Klient\n"
			      "[values verksamhetsområde]\nBU = barn-unga\n");
	folder_text("annan.ini", "[columns]\nperson_id = Klient\nskyddad = Sekretess\n"
				 "[values verksamhetsområde]\nBU | BUF = barn-unga\n"
				 "[values skyddad]\nX = ja\n");
	assert_int_equal(mapping_read(folder_path(a, "en.ini"), &one, &why), OK);
	assert_int_equal(mapping_read(folder_path(a, "annan.ini"), &other, &why), OK);
	struct mapping *const all[] = { one, other };
	struct reading r;
	reading_start(&r);
	r.setup.mappings = all;
	r.setup.mapping_count = 2;
	assert_int_equal(read_rows(&r, "Klient;telefon;verksamhetsområde;Sekretess\n"
				       "T-1;;BUF;nej\nT-2;;bu;X\n"),
		OK);
	assert_ptr_equal(roster_mapping(r.roster), other);
	assert_int_equal(r.entries[0].values[0], 1);
	assert_int_equal(r.entries[1].reason, REASON_PROTECTED);
	roster_destroy(r.roster);
	/* The contract's own names need none, but when one is named it is used. */
	static const char plain[] = "person_id;telefon;verksamhetsområde;skyddad\n"
				    "T-1;;BU;nej\n";
	assert_int_equal(read_rows(&r, plain), OK);
	assert_null(roster_mapping(r.roster));
	assert_int_equal(r.entries[0].reason, REASON_AREA_UNKNOWN);
	roster_destroy(r.roster);
	r.setup.mapping_count = 1;
	r.setup.mapping_named = true;
	assert_int_equal(read_rows(&r, plain), OK);
	assert_ptr_equal(roster_mapping(r.roster), one);
	assert_int_equal(r.entries[0].values[0], 1);
	roster_destroy(r.roster);
	assert_int_equal(
		read_rows(&r, "Klient;telefon;verksamhetsområde;Sekretess\n"), ERR_INPUT);
	roster_destroy(r.roster);
	mapping_destroy(one);
	mapping_destroy(other);
}

static void a_wave_that_lacks_something(void **state)
{
	(void)state;
	struct reading r;
	reading_start(&r);
	r.setup.administration = "kista";
	assert_int_equal(roster_create(&r.setup, &r.roster, &r.why), ERR_INPUT);
	struct survey_wave short_wave = wave;
	short_wave.count = 2;
	reading_start(&r);
	r.setup.wave = &short_wave;
	assert_int_equal(roster_create(&r.setup, &r.roster, &r.why), ERR_INPUT);
	assert_null(r.roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row),
		cmocka_unit_test(what_the_number_tells),
		cmocka_unit_test(who_is_out),
		cmocka_unit_test(said_once),
		cmocka_unit_test(no_sms),
		cmocka_unit_test(one_area_of_several),
		cmocka_unit_test(shared_numbers),
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(headers),
		cmocka_unit_test(what_is_missing_and_what_is_not_read),
		cmocka_unit_test(measures_and_grounds),
		cmocka_unit_test_setup_teardown(mappings, folder_make, folder_remove),
		cmocka_unit_test(a_wave_that_lacks_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
