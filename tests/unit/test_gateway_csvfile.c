#include "rows_test.h"

static void is(const char *text, const char *about, const char *wanted)
{
	rows_test_is(text, strlen(text), about, wanted);
}

static void refused(const char *text, const char *why)
{
	rows_test_refused(text, strlen(text), why);
}

static void plain(void **state)
{
	(void)state;
	is("\xef\xbb\xbfNamn;Språk ; Ålder\n å b ;\"sv;x\";3\r\n;;\n\nd;e;f",
		"UTF-8, semikolon", "Namn|Språk|Ålder\n2 å b|sv;x|3\n5 d|e|f\n");
	/* Names are taken as they stand, also twice or empty. */
	is("a;A;;a\n1;2;3;4\n", "UTF-8, semikolon", "a|A||a\n2 1|2|3|4\n");
	is("a;b", "UTF-8, semikolon", "a|b\n");
}

static void delimiters(void **state)
{
	(void)state;
	is("a,b;c,d\n1,2,3\n", "UTF-8, komma", "a|b;c|d\n2 1|2|3\n");
	is("\"a,b,c\";d\n1;2,3\n", "UTF-8, semikolon", "a,b,c|d\n2 1|2,3\n");
	is("a\tb\n\t2\n1\t\n\t\n\"3\"\t \"4\" \n", "UTF-8, tabb",
		"a|b\n2 |2\n3 1|\n5 3|4\n");
	is("a;b\n\t\"1\"\t;\t2\n", "UTF-8, semikolon", "a|b\n2 1|2\n");
	is("SEP=,\na;b\n;\n1;2\n", "UTF-8, semikolon", "a|b\n4 1|2\n");
	is("\nsep=,\n\na;b\n1;2\n", "UTF-8, semikolon", "a|b\n5 1|2\n");
}

static void line_ends(void **state)
{
	(void)state;
	is("a;b\r\n1;2\r\n\r\n3;4\r\n", "UTF-8, semikolon", "a|b\n2 1|2\n4 3|4\n");
	is("a;b\r1;2\r\r3;\"4\r5\"\r6;7", "UTF-8, semikolon",
		"a|b\n2 1|2\n4 3|4\r5\n6 6|7\n");
}

static void windows(void **state)
{
	(void)state;
	is("namn\t\xe5lder\n\x80 \x93x\x94\t\xf6\n\xa0\t\x9f\n", "Windows-1252, tabb",
		"namn|ålder\n2 € “x”|ö\n3 \xc2\xa0|Ÿ\n");
	is("a;b\n\xe5 ; \x85\n;\n", "Windows-1252, semikolon", "a|b\n2 å|…\n");
}

static void quoted(void **state)
{
	(void)state;
	is("a,b\n\"ett\n\n\"\"två\"\"\",2\n3,4\n", "UTF-8, komma",
		"a|b\n2 ett\n\n\"två\"|2\n5 3|4\n");
}

static void broken(void **state)
{
	(void)state;
	is("a;b\n1;2\n\"x;y\n3;4\n5\n6;7;8\nx\"y;9\n\"10\";\"11\"\n\"12;13",
		"UTF-8, semikolon",
		"a|b\n2 1|2\n3 (quotes)\n4 3|4\n5 (columns)\n6 (columns)\n7 (quotes)\n"
		"8 10|11\n9 (quotes)\n");
}

/* A row has at most fifty lines. */
static void long_rows(void **state)
{
	(void)state;
	for (size_t lines = 49; lines <= 51; lines++) {
		auto_(buf) struct buf text = { 0 };
		auto_(buf) struct buf wanted = { 0 };
		buf_text(&text, "a;b\n1;\"");
		buf_text(&wanted, "a|b\n");
		for (size_t i = 1; i < lines; i++)
			buf_text(&text, "x\n");
		buf_text(&text, "x\"\n");
		if (lines <= 50) {
			buf_format(&wanted, "2 1|%s", buf_string(&text) + 7);
			wanted.len -= 2;
			buf_text(&wanted, "\n");
		} else {
			buf_text(&wanted, "2 (quotes)\n");
			for (size_t i = 1; i < lines - 1; i++)
				buf_format(&wanted, "%zu (columns)\n", i + 2);
			buf_format(&wanted, "%zu (quotes)\n", lines + 1);
		}
		is(buf_string(&text), "UTF-8, semikolon", buf_string(&wanted));
	}
}

static enum err conflict(
	void *context, const char *const *names, size_t count, struct why *why)
{
	(void)context;
	(void)names;
	(void)count;
	return err_why(why, ERR_CONFLICT, "nej");
}

static enum err accept(
	void *context, const char *const *names, size_t count, struct why *why)
{
	(void)context;
	(void)names;
	(void)count;
	(void)why;
	return OK;
}

static enum err second(void *context, const struct rows_row *row)
{
	++*(size_t *)context;
	return row->line == 3 ? ERR_FULL : OK;
}

static enum err any(void *context, const struct rows_row *row)
{
	(void)row;
	++*(size_t *)context;
	return OK;
}

static void header(void **state)
{
	(void)state;
	static const char none[] = "filen har ingen rubrikrad";
	static const char quote[] =
		"rubrikraden går inte att läsa: ett citattecken står fel";
	refused("\n \n", none);
	refused("\xef\xbb\xbf", none);
	refused("sep=;", none);
	refused("sep=;\n\n", none);
	refused(" ; ;\n", none);
	refused("\"a;b\n", quote);
	refused("a\"b;c\n1;2\n", quote);
}

static void columns(void **state)
{
	(void)state;
	auto_(buf) struct buf text = { 0 };
	size_t count = 0;
	const struct rows_reader reader = { accept, any, &count };
	struct rows_about about;
	struct why why;
	for (size_t i = 0; i < 199; i++)
		buf_text(&text, "a;");
	buf_text(&text, "a");
	assert_int_equal(rows_read(text.data, text.len, &reader, &about, &why), OK);
	buf_text(&text, ";");
	refused(buf_string(&text), "rubrikraden har fler än 200 kolumner");
}

static void rows(void **state)
{
	(void)state;
	auto_(buf) struct buf text = { 0 };
	size_t count = 0;
	const struct rows_reader reader = { accept, any, &count };
	struct rows_about about;
	struct why why;
	buf_text(&text, "a\n");
	for (size_t i = 0; i < ROWS_MAX; i++)
		buf_text(&text, "b\n");
	assert_int_equal(rows_read(text.data, text.len, &reader, &about, &why), OK);
	assert_int_equal(count, ROWS_MAX);
	buf_text(&text, "c\n");
	assert_int_equal(
		rows_read(text.data, text.len, &reader, &about, &why), ERR_INPUT);
	assert_string_equal(
		why.text, "filen har fler än 1000000 rader; dela den i flera filer");
	assert_int_equal(count, 2 * ROWS_MAX);
}

static void no_text(void **state)
{
	(void)state;
	static const char binary[] =
		"filen är inte en textfil; spara den som CSV (UTF-8) och försök igen";
	refused("", "filen är tom");
	rows_test_refused("a;b\0c", 5, binary);
	refused("a\x01", binary);
	refused("a;b\n1;\x1b[2J\n", binary);
	refused("\xff\xfe"
		"a",
		"filen är sparad som UTF-16; spara den som CSV (UTF-8) och försök igen");
	refused("\x81;\xe5\n",
		"filen är varken UTF-8 eller Windows-1252; spara den som CSV (UTF-8) och "
		"försök igen");
}

/* What the reader of the rows says no to ends the reading. */
static void stopped(void **state)
{
	(void)state;
	static const char text[] = "a;b\n1;2\n3;4\n5;6\n";
	size_t count = 0;
	struct rows_about about;
	struct why why;
	const struct rows_reader refuses = { conflict, second, &count };
	const struct rows_reader ends = { accept, second, &count };
	assert_int_equal(
		rows_read(text, strlen(text), &refuses, &about, &why), ERR_CONFLICT);
	assert_string_equal(why.text, "nej");
	assert_int_equal(count, 0);
	assert_int_equal(rows_read(text, strlen(text), &ends, &about, &why), ERR_FULL);
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(delimiters),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(windows),
		cmocka_unit_test(quoted),
		cmocka_unit_test(broken),
		cmocka_unit_test(long_rows),
		cmocka_unit_test(header),
		cmocka_unit_test(columns),
		cmocka_unit_test(rows),
		cmocka_unit_test(no_text),
		cmocka_unit_test(stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
