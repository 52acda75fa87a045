#include "common/file.h"
#include "rows_test.h"
#include "sms-gateway/package.h"
#include "workbook_test.h"

#define DATA "tests/data/rows/"
#define AGAIN "; spara den på nytt som .xlsx och försök igen"
#define TABLE_AGAIN "; spara tabellen på nytt som .xlsx och försök igen"

/* Sheets, and what stands in them. */
#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"
#define ROW(cells) "<row>" cells "</row>"
#define TEXT(text) "<c t='inlineStr'><is><t>" text "</t></is></c>"
#define NUMBER(text) "<c><v>" text "</v></c>"
#define SHARED(index) "<c t='s'><v>" index "</v></c>"
#define DATED(style, text) "<c s='" style "'><v>" text "</v></c>"

static void read_file(const char *name, struct buf *out)
{
	struct why why;
	if (file_read(name, 1 << 20, out, &why) != OK)
		fail_msg("%s", why.text);
}

static void file_is(const char *name, const char *about, const char *wanted)
{
	auto_(buf) struct buf file = { 0 };
	read_file(name, &file);
	rows_test_is(file.data, file.len, about, wanted);
}

static void file_refused(const char *name, const char *why)
{
	auto_(buf) struct buf file = { 0 };
	read_file(name, &file);
	rows_test_refused(file.data, file.len, why);
}

static void book_is(const struct workbook *w, const char *about, const char *wanted)
{
	struct zip z = { .count = 0 };
	workbook_add(&z, w);
	zip_end(&z);
	rows_test_is(z.file.data, z.file.len, about, wanted);
	zip_clear(&z);
}

static void book_refused(const struct workbook *w, const char *why)
{
	struct zip z = { .count = 0 };
	workbook_add(&z, w);
	zip_end(&z);
	rows_test_refused(z.file.data, z.file.len, why);
	zip_clear(&z);
}

static void sheet_is(const char *sheet, const char *wanted)
{
	book_is(&(struct workbook){ .sheet = sheet }, "Excel, bladet Blad", wanted);
}

static void sheet_refused(const char *sheet, const char *why)
{
	book_refused(&(struct workbook){ .sheet = sheet }, why);
}

static void from_openpyxl(void **state)
{
	(void)state;
	file_is(DATA "openpyxl.xlsx", "Excel, bladet Export åäö",
		"personnummer|dag|tal|text||svar|tom\n"
		"3 189001019802|2027-02-01|0.3|två\nrader||ja|\n"
		"5 123456789012345|2026-12-31|-1234567.5|||nej|\n"
		"6 T-3|1900-01-01|1e+21|a\rb|||\n"
		"7 7|0.5208333333333334|2023-03-15|50 %|e|ja|\n"
		"8 (columns)\n");
	file_is(DATA "1904.xlsx", "Excel, bladet Sheet",
		"dag\n2 2027-02-01\n3 1904-01-02\n");
}

static void from_libreoffice(void **state)
{
	(void)state;
	file_is(DATA "libreoffice.xlsx", "Excel, bladet libreoffice",
		"personnummer|telefon|namn|ålder|beslut_från|andel|skyddad|anteckning\n"
		"2 189001019802|46701740605|Påhittad Testsson|37|2026-01-15|0.25|nej|"
		"två\nrader\n"
		"3 T-2|46701740606|Åsa Öst||2027-02-28|1234.5|ja|a;b\n");
	file_refused(DATA "libreoffice.ods",
		"filen är ett zip-arkiv men ingen Excel-arbetsbok; spara tabellen som "
		".xlsx eller CSV (UTF-8) och försök igen");
	file_refused(DATA "libreoffice.xls",
		"filen är skyddad med lösenord eller i Excels gamla format (.xls); spara "
		"den utan lösenord som .xlsx och försök igen");
}

static void places(void **state)
{
	(void)state;
	sheet_is(
		SHEET(ROW("") ROW("<c/><c><v></v></c>") ROW(
			TEXT("a") TEXT("b") TEXT(" ")) ROW(TEXT("1") "<c/>"
								     "<c/>" TEXT(""))
				ROW(TEXT(
					" \t") "<c/>") "<row r='9'><c r='B9'><v>2</v></c></row>"
						       "<row>" NUMBER("3") NUMBER("4") NUMBER(
							       "5") "</row>"
								    "<row r='20'><c r='XFD20'/></row>"
								    "<row r='1048576'><c r='XFD1'><v>6</v></c></row>"),
		"a|b\n4 1|\n9 |2\n10 (columns)\n1048576 (columns)\n");
	/* What is in no row of the sheet's data is no cell, and what is in a cell none.
	 */
	sheet_is(SHEET("<row><c t='str'><v>a</v><c><v>1</v></c><row/></c><row>" NUMBER(
			 "2") "</row></row><x>" ROW(NUMBER("3")) "</x>" ROW(NUMBER("4"))),
		"a\n2 4\n");
	sheet_is("<worksheet><c><v>1</v></c><row><c><v>2</v></c></row><sheetData>" ROW(
			 TEXT("a")) "</sheetData><row><c><v>3</v></c></row></worksheet>",
		"a\n");
	sheet_refused(SHEET("<row r='3'/><row r='3'/>"),
		"raderna på bladet står inte i ordning" TABLE_AGAIN);
	sheet_refused(SHEET("<row r='1048577'/>"),
		"raderna på bladet står inte i ordning" TABLE_AGAIN);
	sheet_refused(SHEET("<row r='x'/>"),
		"raderna på bladet står inte i ordning" TABLE_AGAIN);
	sheet_refused(SHEET("<row><c r='B1'/><c r='A1'/></row>"),
		"bladets rad 1: cellerna står inte i ordning");
	sheet_refused(SHEET("<row r='7'><c r='1'/></row>"),
		"bladets rad 7: cellerna står inte i ordning");
}

static void headers(void **state)
{
	(void)state;
	static const char none[] = "filens första synliga blad har ingen rubrikrad";
	sheet_refused(SHEET(""), none);
	sheet_refused(SHEET("<row r='5'><c r='B5' s='1'/></row>"), none);
	sheet_refused("<chart/>", none);
	sheet_is(SHEET("<row r='5'><c r='B5'><v>1</v></c></row>"), "|1\n");
	sheet_is(SHEET("<row><c r='GR1'><v>1</v></c></row>"),
		"|||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"
		"||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"
		"||||||||||||||||||||||||||||||||||||||||||||||||||||||||1\n");
	sheet_refused(SHEET("<row><c r='GS1'><v>1</v></c></row>"),
		"rubrikraden har fler än 200 kolumner");
	sheet_refused(SHEET("<row><c r='XFD1'><v>1</v></c></row>"),
		"rubrikraden har fler än 200 kolumner");
}

static void texts(void **state)
{
	(void)state;
	const struct workbook w = {
		.strings = "<x:sst xmlns:x='http://purl.oclc.org/ooxml'>"
			   "<x:si><x:t>hel</x:t></x:si>"
			   "<x:si><x:r><x:rPr><x:b/></x:rPr><x:t>två </x:t></x:r>"
			   "<x:r><x:t>bitar</x:t></x:r><x:rPh><x:t>uttal</x:t></x:rPh>"
			   "</x:si><x:si/><x:si>löst<x:t> b &lt;\n&#65; </x:t></x:si>"
			   "</x:sst>",
		.sheet = SHEET(ROW(TEXT("a") TEXT("b") TEXT("c"))
				ROW(SHARED("0") SHARED("1") SHARED("2")) ROW(SHARED(
					"3") "<c t='inlineStr'><is><r><t>in</t></r><r><t>ne</t></r>"
					     "<rPh><t>x</t></rPh></is></c>"
					     "<c t='str'><f>A1&amp;\"x\"</f><v> formel </v></c>")),
	};
	book_is(&w, "Excel, bladet Blad",
		"a|b|c\n2 hel|två bitar|\n3 b <\nA|inne|formel\n");
	book_refused(&(struct workbook){ .sheet = SHEET(ROW(TEXT("a") SHARED("0"))) },
		"bladets rad 1: en cell hänvisar till en text som inte finns");
	book_refused(&(struct workbook){ .strings = "<sst><si/></sst>",
			     .sheet = SHEET(ROW(SHARED("-1"))) },
		"bladets rad 1: en cell hänvisar till en text som inte finns");
	book_is(&(struct workbook){ .sheet = SHEET(ROW(SHARED("") TEXT("a"))) },
		"Excel, bladet Blad", "|a\n");
}

static void escapes(void **state)
{
	(void)state;
	sheet_is(
		SHEET(ROW(TEXT("a")) ROW(TEXT("x_x000D__x000a_y")) ROW(
			TEXT("_x005F_x000D_")) ROW(TEXT("_xD83D__xDE00_"))
				ROW(TEXT("_xD83D_!_xDE00_")) ROW(TEXT("a_x0000_b_x0007_"))
					ROW(TEXT("_x_x41_x00041__x0041")) ROW(TEXT("_"))
						ROW(TEXT("_xFFFE_x"))),
		"a\n2 x\r\ny\n3 _x000D_\n4 😀\n5 \xef\xbf\xbd!\xef\xbf\xbd\n6 a b\n"
		"7 _x_x41_x00041__x0041\n8 _\n9 \xef\xbf\xbex\n");
}

static void numbers(void **state)
{
	(void)state;
	sheet_is(SHEET(ROW(TEXT("a")) ROW(NUMBER("1.89001019802E11")) ROW(
			 NUMBER("189001019802.0")) ROW(NUMBER("999999999999999"))
				 ROW(NUMBER("-5")) ROW(NUMBER("007"))),
		"a\n2 189001019802\n3 189001019802\n4 999999999999999\n5 -5\n6 7\n");
	sheet_is(SHEET(ROW(TEXT("a")) ROW(NUMBER("0.1"))
				 ROW(NUMBER("0.30000000000000004")) ROW(NUMBER("1E21"))
					 ROW(NUMBER("12345.678")) ROW(NUMBER("1e-7"))),
		"a\n2 0.1\n3 0.30000000000000004\n4 1e+21\n5 12345.678\n6 1e-07\n");
	/* What is no number is taken as it stands. */
	sheet_is(SHEET(ROW(TEXT("a")) ROW(NUMBER("nan")) ROW(NUMBER("1e999")) ROW(
			 NUMBER("12 3")) ROW(NUMBER("1,5")) ROW(NUMBER(" ")) ROW("<c/>")),
		"a\n2 nan\n3 1e999\n4 12 3\n5 1,5\n");
	sheet_is(
		SHEET(ROW(TEXT("a") TEXT("b") TEXT("c") TEXT("d")) ROW(
			"<c t='b'><v>1</v></c><c t='b'><v>0</v></c>"
			"<c t='b'><v>true</v></c><c t='b'/>")
				ROW("<c t='e'><v>#N/A</v></c><c t='n'><v>2</v></c>"
				    "<c t='d'><v>2027-02-01T12:30:00</v></c><c t='?'><v>3</v></c>")),
		"a|b|c|d\n2 ja|nej|ja|\n3 |2|2027-02-01|3\n");
}

/* One style for each builtin format and for each of these. */
static void dates(void **state)
{
	(void)state;
	static const struct {
		const char *format;
		bool date;
	} formats[] = { { "yyyy-mm-dd", true }, { "[$-41D]D mmmm", true },
		{ "M/D", true }, { "0.00 \"mdy\"", false }, { "\"a\"yy", true },
		{ "[Red]0", false }, { "[h]:mm", true }, { "0\\d", false },
		{ "0_d*y", false }, { "General", false }, { "@", false }, { "\"", false },
		{ "[", false }, { "\\", false }, { "0 \"kr\";[Red]-0 \"kr\"", false },
		{ "", false } };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		auto_(arena) struct arena *a = arena_create();
		auto_(buf) struct buf escaped = { 0 };
		for (const char *p = formats[i].format; *p; p++)
			buf_format(&escaped, "&#%d;", *p);
		const struct workbook w = {
			.styles = arena_format(a,
				"<styleSheet><numFmts><numFmt numFmtId='170' "
				"formatCode='%s'/></numFmts><cellStyleXfs>"
				"<xf numFmtId='14'/></cellStyleXfs><cellXfs>"
				"<xf numFmtId='0'/><xf numFmtId='170'/></cellXfs><dxfs>"
				"<xf numFmtId='14'/></dxfs></styleSheet>",
				buf_string(&escaped)),
			.sheet = SHEET(ROW(TEXT("a")) ROW(DATED("1", "46419"))
					ROW(DATED("0", "46419")) ROW(NUMBER("46419"))
						ROW(DATED("2", "46419"))),
		};
		book_is(&w, "Excel, bladet Blad",
			formats[i].date ? "a\n2 2027-02-01\n3 46419\n4 46419\n5 46419\n"
					: "a\n2 46419\n3 46419\n4 46419\n5 46419\n");
	}
}

static void builtin_dates(void **state)
{
	(void)state;
	for (int format = 0; format < 60; format++) {
		auto_(arena) struct arena *a = arena_create();
		bool date =
			(format >= 14 && format <= 22) || (format >= 45 && format <= 47);
		const struct workbook w = {
			.styles = arena_format(a,
				"<styleSheet><cellXfs><xf numFmtId='%d'/></cellXfs>"
				"</styleSheet>",
				format),
			.sheet = SHEET(ROW(TEXT("a")) ROW(DATED("0", "46419.99"))),
		};
		book_is(&w, "Excel, bladet Blad",
			date ? "a\n2 2027-02-01\n" : "a\n2 46419.99\n");
	}
}

static void days(void **state)
{
	(void)state;
	struct workbook w = {
		.styles =
			"<styleSheet><cellXfs><xf numFmtId='14'/></cellXfs></styleSheet>",
		.sheet = SHEET(ROW(TEXT("a")) ROW(DATED("0", "1")) ROW(
			DATED("0", "59.5")) ROW(DATED("0", "60")) ROW(DATED("0", "61"))
				ROW(DATED("0", "2958465.9")) ROW(DATED("0", "2958466"))
					ROW(DATED("0", "0.5")) ROW(DATED("0", "-1"))
						ROW(DATED("0", "1e300"))
							ROW(DATED("0", "36585"))),
	};
	book_is(&w, "Excel, bladet Blad",
		"a\n2 1900-01-01\n3 1900-02-28\n4 1900-02-29\n5 1900-03-01\n6 9999-12-31\n"
		"7 2958466\n8 0.5\n9 -1\n10 1e+300\n11 2000-02-29\n");
	w.workbook = "<workbook><workbookPr date1904='1'/><sheets>"
		     "<sheet name='B' r:id='a'/></sheets></workbook>";
	w.sheet = SHEET(ROW(TEXT("a")) ROW(DATED("0", "0")) ROW(DATED("0", "44957")) ROW(
		DATED("0", "-1")) ROW(DATED("0", "2957003")) ROW(DATED("0", "2957004")));
	book_is(&w, "Excel, bladet B",
		"a\n2 1904-01-01\n3 2027-02-01\n4 -1\n5 9999-12-31\n6 2957004\n");
}

static void sheets(void **state)
{
	(void)state;
	static const char none[] = "filen har inget synligt blad med en tabell";
	struct workbook w = {
		.workbook = "<workbook><sheets>"
			    "<sheet name='1' state='hidden' r:id='a'/>"
			    "<sheet name='2' state='veryHidden' r:id='a'/>"
			    "<sheet name='3' r:id='d'/><sheet name='4' r:id='e'/>"
			    "<sheet name='5'/>"
			    "<sheet name='6&#10;x' state='visible' r:id='b'/>"
			    "<sheet name='7' r:id='a'/></sheets></workbook>",
		.relations = "<r:Relationships xmlns:r='x'>" WORKBOOK_RELATION(
			"d", "chartsheet", "x") WORKBOOK_RELATION("a", "worksheet", "x")
			WORKBOOK_RELATION("b", "worksheet",
				"WORKSHEETS/Sheet1.XML") "</r:Relationships>",
		.sheet = SHEET(ROW(TEXT("a"))),
	};
	book_is(&w, "Excel, bladet 6 x", "a\n");
	w.workbook = "<workbook><sheets/></workbook>";
	book_refused(&w, none);
	w.workbook =
		"<workbook><sheets><sheet state='hidden' r:id='b'/></sheets></workbook>";
	book_refused(&w, none);
	w.workbook = "<w:document/>";
	book_refused(&w, none);
	w.workbook = "<workbook><sheets><sheet r:id='b'/></sheets></workbook>";
	book_is(&w, "Excel, bladet ", "a\n");
}

/* A long name is cut between two characters. */
static void long_name(void **state)
{
	(void)state;
	auto_(buf) struct buf book = { 0 };
	auto_(buf) struct buf about = { 0 };
	buf_text(&book, "<workbook><sheets><sheet r:id='a' name='");
	buf_text(&about, "Excel, bladet ");
	for (size_t i = 0; i < 80; i++)
		buf_text(&book, "å");
	for (size_t i = 0; i < 56; i++)
		buf_text(&about, "å");
	buf_text(&book, "'/></sheets></workbook>");
	book_is(&(struct workbook){ .workbook = buf_string(&book),
			.sheet = SHEET(ROW(TEXT("a"))) },
		buf_string(&about), "a\n");
}

static void damaged(void **state)
{
	(void)state;
#define DAMAGED(part, reason) "filen är skadad (" part ": " reason ")" AGAIN
	file_is(DATA "smallest.xlsx", "Excel, bladet Blad1", "a\n2 b\n");
	file_is(DATA "wide.xlsx", "Excel, bladet Blad1", "a\n2 b\n3 (columns)\n");
	file_refused(DATA "truncated.xlsx", DAMAGED("arkivet", "slutet saknas"));
	file_refused(
		DATA "changed.xlsx", DAMAGED(WORKBOOK_SHEET, "går inte att packa upp"));
	file_refused(DATA "wrong-size.xlsx",
		DAMAGED(WORKBOOK_SHEET, "går inte att packa upp"));
	file_refused(DATA "encrypted.xlsx",
		"filen är skyddad med lösenord; spara den utan lösenord");
	file_refused(DATA "no-such-string.xlsx",
		"bladets rad 3: en cell hänvisar till en text som inte finns");
	file_refused(DATA "twice.xlsx", DAMAGED(WORKBOOK_SHEET, "finns två gånger"));
	sheet_refused("<worksheet>",
		DAMAGED(WORKBOOK_SHEET, "line 1 of the sheet: no element found"));
	sheet_refused(NULL, DAMAGED(WORKBOOK_SHEET, "saknas"));
	struct zip z = { .count = 0 };
	workbook_add(&z, &(struct workbook){ .sheet = NULL });
	static const char sheet[] = SHEET(ROW(TEXT("a")) ROW(TEXT("b")));
	zip_entry(&z, WORKBOOK_SHEET, 0, 1, sheet, sizeof sheet - 1, sizeof sheet - 1);
	zip_end(&z);
	rows_test_refused(z.file.data, z.file.len,
		DAMAGED(WORKBOOK_SHEET, "kontrollsumman stämmer inte"));
	zip_clear(&z);
}

/* However much of a file is there, and whatever became of a byte of it, nothing is read
 * but what is there. */
static void mangled(void **state)
{
	(void)state;
	auto_(buf) struct buf file = { 0 };
	read_file(DATA "smallest.xlsx", &file);
	struct rows_test t;
	for (size_t len = 4; len < file.len; len++) {
		rows_test_read(&t, file.data, len);
		assert_int_equal(t.e, ERR_INPUT);
		assert_string_not_equal(t.why.text, "");
		buf_clear(&t.text);
	}
	for (size_t at = 4; at < file.len; at++) {
		char byte = file.data[at];
		file.data[at] = '\x7f';
		rows_test_read(&t, file.data, file.len);
		assert_true(t.e == OK || (t.e == ERR_INPUT && t.why.text[0]));
		buf_clear(&t.text);
		file.data[at] = byte;
	}
}

static void harmful(void **state)
{
	(void)state;
	file_refused(DATA "external-entity.xlsx",
		DAMAGED(WORKBOOK_SHEET,
			"line 1 of the sheet: x is a document type, which a sheet does not "
			"need"));
	file_refused(DATA "laughs.xlsx",
		DAMAGED("xl/sharedStrings.xml",
			"line 1 of the string table: sst is a document type, which a string "
			"table does not need"));
	file_refused(
		DATA "path-up.xlsx", DAMAGED("xl/../../../../etc/sheet1.xml", "saknas"));
	file_refused(
		DATA "path-outside.xlsx", DAMAGED("xl/file:///etc/passwd", "saknas"));
	file_refused(DATA "deep.xlsx",
		DAMAGED(WORKBOOK_SHEET, "line 1 of the sheet: too large or too deep"));
	file_refused(DATA "long-tag.xlsx",
		DAMAGED(WORKBOOK_SHEET, "line 1 of the sheet: a tag is too long"));
	/* A name that would end the reason's line is no part's. */
	book_refused(
		&(struct workbook){ .relations = "<Relationships>" WORKBOOK_RELATION("a",
					    "worksheet", "&#10;x") "</Relationships>" },
		"filen har inget synligt blad med en tabell");
	struct zip z = { .count = 0 };
	for (size_t i = 0; i <= PACKAGE_PARTS_MAX; i++)
		zip_text(&z, "x", "");
	zip_end(&z);
	rows_test_refused(z.file.data, z.file.len,
		"filen är ett arkiv med fler än 1000 delar, inte en tabell");
	zip_clear(&z);
}

/* Adds a packed entry: what comes before, what is repeated, what comes after. */
static void add_bomb(struct zip *z, const char *name, const char *before,
	const char *repeated, size_t times, const char *after)
{
	auto_(buf) struct buf piece = { 0 };
	auto_(buf) struct buf packed = { 0 };
	size_t at_once = 65536 / strlen(repeated) + 1;
	for (size_t i = 0; i < at_once; i++)
		buf_text(&piece, repeated);
	z_stream s = { 0 };
	assert_int_equal(deflateInit2(&s, Z_BEST_SPEED, Z_DEFLATED, -15, 9, 0), Z_OK);
	uint32_t crc = 0;
	for (size_t i = 0; i < times / at_once + 2; i++) {
		bool last = i == times / at_once + 1;
		const char *text = i == 0 ? before : last ? after : piece.data;
		unsigned char out[4096];
		s.next_in = (Bytef *)(uintptr_t)text;
		s.avail_in = (uInt)strlen(text);
		crc = (uint32_t)crc32(crc, s.next_in, s.avail_in);
		do {
			s.next_out = out;
			s.avail_out = sizeof out;
			(void)deflate(&s, last ? Z_FINISH : Z_NO_FLUSH);
			buf_add(&packed, out, sizeof out - s.avail_out);
		} while (!s.avail_out);
	}
	zip_entry(z, name, 8, crc, packed.data, packed.len, s.total_in);
	(void)deflateEnd(&s);
}

static enum err any_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	(void)context;
	(void)names;
	(void)count;
	(void)why;
	return OK;
}

static enum err any_row(void *context, const struct rows_row *row)
{
	(void)row;
	++*(size_t *)context;
	return OK;
}

static void bomb(const struct workbook *w, const char *name, const char *before,
	const char *repeated, size_t times, const char *after, const char *reason)
{
	struct zip z = { .count = 0 };
	size_t rows = 0;
	const struct rows_reader reader = { any_header, any_row, &rows };
	struct rows_about about;
	struct why why = { "" };
	workbook_add(&z, w);
	add_bomb(&z, name, before, repeated, times, after);
	zip_end(&z);
	assert_true(z.file.len < 4 << 20);
	enum err e = rows_read(z.file.data, z.file.len, &reader, &about, &why);
	assert_string_equal(why.text, reason);
	assert_int_equal(e, ERR_INPUT);
	zip_clear(&z);
}

static void bombs(void **state)
{
	(void)state;
	auto_(buf) struct buf string = { 0 };
	auto_(buf) struct buf text = { 0 };
	for (size_t i = 0; i < 16384; i++)
		buf_text(&string, "text");
	bomb(&(struct workbook){ 0 }, WORKBOOK_SHEET, "<worksheet>",
		"                                                                ",
		((size_t)PACKAGE_UNPACKED_MAX + (1 << 20)) / 64, "</worksheet>",
		"filen packas upp till mer än 256 MB; dela den i flera filer");
	/* One cell with all text, many with much. */
	bomb(&(struct workbook){ 0 }, WORKBOOK_SHEET,
		"<worksheet><sheetData><row><c t='inlineStr'><is><t>", "text", 1 << 16,
		"</t></is></c></row></sheetData></worksheet>",
		"en cell har mer text än Excel tillåter" TABLE_AGAIN);
	bomb(&(struct workbook){ 0 }, WORKBOOK_SHEET,
		"<worksheet><sheetData><row><c t='inlineStr'><is>",
		"<t>text text text</t>", 1 << 16,
		"</is></c></row></sheetData></worksheet>",
		"bladets rad 1: för mycket text");
	buf_format(&text, "<sst><si><t>%s</t></si></sst>", buf_string(&string));
	bomb(&(struct workbook){ .strings = buf_string(&text) }, WORKBOOK_SHEET,
		"<worksheet><sheetData>", ROW(SHARED("0")), 8192,
		"</sheetData></worksheet>", "bladets rad 4097: för mycket text");
	/* More text than is kept. */
	static const char lost[] = "<Relationships>" WORKBOOK_RELATION("a", "worksheet",
		"x") WORKBOOK_RELATION("c", "sharedStrings", "bomb") "</Relationships>";
	text.len = 0;
	buf_format(&text, "<si><t>%s</t></si>", buf_string(&string));
	bomb(&(struct workbook){ .relations = lost }, "xl/bomb", "<sst>",
		buf_string(&text), 1 << 10, "</sst>",
		"filen har mer än 64 MB text" TABLE_AGAIN);
}

static enum err third(void *context, const struct rows_row *row)
{
	++*(size_t *)context;
	return row->line == 3 ? ERR_NOT_FOUND : OK;
}

/* What the reader of the rows says no to ends the reading. */
static void stopped(void **state)
{
	(void)state;
	struct zip z = { .count = 0 };
	size_t rows = 0;
	const struct rows_reader reader = { any_header, third, &rows };
	struct rows_about about;
	struct why why;
	workbook_add(
		&z, &(struct workbook){ .sheet = SHEET(ROW(TEXT("a")) ROW(TEXT("b"))
							ROW(TEXT("c")) ROW(TEXT("d"))) });
	zip_end(&z);
	assert_int_equal(
		rows_read(z.file.data, z.file.len, &reader, &about, &why), ERR_NOT_FOUND);
	assert_int_equal(rows, 2);
	zip_clear(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_openpyxl),
		cmocka_unit_test(from_libreoffice),
		cmocka_unit_test(places),
		cmocka_unit_test(headers),
		cmocka_unit_test(texts),
		cmocka_unit_test(escapes),
		cmocka_unit_test(numbers),
		cmocka_unit_test(dates),
		cmocka_unit_test(builtin_dates),
		cmocka_unit_test(days),
		cmocka_unit_test(sheets),
		cmocka_unit_test(long_name),
		cmocka_unit_test(damaged),
		cmocka_unit_test(mangled),
		cmocka_unit_test(harmful),
		cmocka_unit_test(bombs),
		cmocka_unit_test(stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
