#include "gateway_test.h"
#include "sms-gateway/csvfile.h"
#include <string.h>

static struct csvfile *read_text(const char *text)
{
	struct csvfile *f;
	struct why why;
	assert_int_equal(csvfile_read(text, strlen(text), &f, &why), OK);
	return f;
}

static void plain(void **state)
{
	(void)state;
	struct csvfile *f = read_text(
		"\xef\xbb\xbfNamn;Språk ; Ålder\n å b ;\"sv;x\";3\r\n;;\n\nd;e;f");
	assert_string_equal(csvfile_encoding(f), "UTF-8");
	assert_int_equal(csvfile_delimiter(f), ';');
	assert_int_equal(csvfile_column(f, "sprak"), 1);
	assert_int_equal(csvfile_column(f, "alder"), 2);
	assert_int_equal(csvfile_column(f, "finnsinte"), -1);
	assert_int_equal(csvfile_rows(f), 2);
	assert_string_equal(csvfile_field(f, 0, 0), "å b");
	assert_string_equal(csvfile_field(f, 0, 1), "sv;x");
	assert_string_equal(csvfile_field(f, 0, -1), "");
	assert_int_equal(csvfile_line(f, 0), 2);
	assert_int_equal(csvfile_line(f, 1), 5);
	assert_string_equal(csvfile_field(f, 1, 2), "f");
	csvfile_destroy(f);
	csvfile_destroy(NULL);
}

static void windows(void **state)
{
	(void)state;
	struct csvfile *f = read_text("namn\t\xe5lder\n\x80 \x93x\x94\t\xf6\n");
	assert_string_equal(csvfile_encoding(f), "Windows-1252");
	assert_int_equal(csvfile_delimiter(f), '\t');
	assert_string_equal(csvfile_field(f, 0, 0), "€ “x”");
	assert_string_equal(csvfile_field(f, 0, 1), "ö");
	csvfile_destroy(f);
}

static void quoted(void **state)
{
	(void)state;
	struct csvfile *f = read_text("a,b\n\"ett\n\n\"\"två\"\"\",2\n3,4\n");
	assert_int_equal(csvfile_rows(f), 2);
	assert_string_equal(csvfile_field(f, 0, 0), "ett\n\n\"två\"");
	assert_int_equal(csvfile_line(f, 1), 5);
	csvfile_destroy(f);
}

static void broken(void **state)
{
	(void)state;
	struct csvfile *f = read_text(
		"a;b\n1;2\n\"x;y\n3;4\n5\n6;7;8\nx\"y;9\n\"10\";\"11\"\n\"12;13");
	static const enum csvfile_problem wanted[] = { CSVFILE_FINE, CSVFILE_QUOTES,
		CSVFILE_FINE, CSVFILE_COLUMNS, CSVFILE_COLUMNS, CSVFILE_QUOTES,
		CSVFILE_FINE, CSVFILE_QUOTES };
	assert_int_equal(csvfile_rows(f), 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(csvfile_problem(f, i), wanted[i]);
		assert_int_equal(csvfile_line(f, i), i + 2);
		if (wanted[i] != CSVFILE_FINE)
			assert_string_equal(csvfile_field(f, i, 0), "");
	}
	assert_string_equal(csvfile_field(f, 6, 1), "11");
	csvfile_destroy(f);
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *data;
		size_t len;
	} bad[] = { { "", 0 }, { "a;b\0c", 5 }, { "a\x01", 2 }, { "PK\x03\x04", 4 },
		{ "\xff\xfe"
		  "a",
			3 },
		{ "\n \n", 3 }, { "a;A\n", 4 }, { "\"a;b\n", 5 }, { "\x81;\xe5\n", 4 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct csvfile *f = NULL;
		struct why why = { "" };
		assert_int_equal(
			csvfile_read(bad[i].data, bad[i].len, &f, &why), ERR_INPUT);
		assert_null(f);
		assert_string_not_equal(why.text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(windows),
		cmocka_unit_test(quoted),
		cmocka_unit_test(broken),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
