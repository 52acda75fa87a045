#include "common/html.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_text(void **state)
{
	(void)state;
	auto_(buf) struct buf b = { 0 };
	html_raw(&b, "<p title=\"");
	html_text(&b, "\"><script>alert('å & ö')</script>");
	html_text(&b, "");
	html_raw(&b, "\">");
	assert_string_equal(buf_string(&b),
		"<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;å &amp; ö&#39;)&lt;/script&gt;\">");
}

static void check(long number, const char *expected)
{
	auto_(buf) struct buf b = { 0 };
	html_number(&b, number);
	assert_string_equal(buf_string(&b), expected);
}

static void test_number(void **state)
{
	(void)state;
	check(0, "0");
	check(7, "7");
	check(999, "999");
	check(1000, "1\u00a0000");
	check(9412, "9\u00a0412");
	check(1000005, "1\u00a0000\u00a0005");
	check(-5, "\u22125");
	check(-12345, "\u221212\u00a0345");
	check(LONG_MAX, "9\u00a0223\u00a0372\u00a0036\u00a0854\u00a0775\u00a0807");
	check(LONG_MIN, "\u22129\u00a0223\u00a0372\u00a0036\u00a0854\u00a0775\u00a0808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
