#include "common/unicode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(
	void (*change)(const char *, struct buf *), const char *text, const char *wanted)
{
	struct buf out = { 0 };
	buf_text(&out, "before ");
	change(text, &out);
	assert_memory_equal(out.data, "before ", 7);
	assert_string_equal(out.data + 7, wanted);
	assert_int_equal(out.len, 7 + strlen(wanted));
	buf_clear(&out);
}

static void test_nfc(void **state)
{
	(void)state;
	check(unicode_nfc, "", "");
	check(unicode_nfc, "Anna Ek 123", "Anna Ek 123");
	check(unicode_nfc, "a\u030aa\u0308o\u0308A\u030a", "åäöÅ");
	check(unicode_nfc, "åäö", "åäö");
	/* The ångström sign; and what only looks alike stays. */
	check(unicode_nfc, "\u212b\uff41\u00aa", "Å\uff41\u00aa");
	/* Marks in either order; Hangul; longer than it was (Unicode Standard Annex 15,
	 * tables 7 and 9). */
	check(unicode_nfc, "q\u0307\u0323", "q\u0323\u0307");
	check(unicode_nfc, "\u1112\u1161\u11ab", "\ud55c");
	check(unicode_nfc, "\U0001d160", "\U0001d158\U0001d165\U0001d16e");
}

static void test_fold(void **state)
{
	(void)state;
	check(unicode_fold, "", "");
	check(unicode_fold, "ÅSA Åsa a\u030asa", "a\u030asa a\u030asa a\u030asa");
	check(unicode_fold, "STRASSE straße", "strasse strasse");
	check(unicode_fold, "ΣΊΣΥΦΟΣ", "σι\u0301συφοσ");
}

static void test_length(void **state)
{
	(void)state;
	assert_int_equal(unicode_length(""), 0);
	assert_int_equal(unicode_length("abc"), 3);
	assert_int_equal(unicode_length("åäö😀"), 4);
	assert_int_equal(unicode_length("a\u030a"), 2);
}

static void test_next(void **state)
{
	(void)state;
	const char text[] = "aå\u20ac😀", *p = text;
	assert_int_equal(unicode_next(&p), 'a');
	assert_int_equal(unicode_next(&p), 0xe5);
	assert_int_equal(unicode_next(&p), 0x20ac);
	assert_int_equal(unicode_next(&p), 0x1f600);
	assert_ptr_equal(p, text + sizeof text - 1);
	assert_int_equal(unicode_next(&p), 0);
	assert_ptr_equal(p, text + sizeof text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nfc),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
