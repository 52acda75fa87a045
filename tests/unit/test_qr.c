/* What is drawn, read back and held against the library's own matrix. */
#include "common/staff/qr.h"
#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { QUIET = 4, MOST = 177 + 2 * QUIET };

#define ADDRESS                                                                           \
	"otpauth://totp/Brukarenk%C3%A4t:anna.ek?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" \
	"&issuer=Brukarenk%C3%A4t"

static bool drawn[MOST][MOST];

/* Fills drawn from the one path; returns the width and height of the whole. */
static int read_back(const char *svg)
{
	int width, height, used;
	const char *p = strstr(svg, " viewBox=\"0 0 ");
	assert_non_null(p);
	assert_int_equal(sscanf(p, " viewBox=\"0 0 %d %d\"", &width, &height), 2);
	assert_int_equal(width, height);
	assert_true(width <= MOST);
	memset(drawn, 0, sizeof drawn);
	p = strstr(svg, "<path fill=\"#000\" d=\"");
	assert_non_null(p);
	assert_null(strstr(p + 1, "<path"));
	for (p = strchr(p, 'M'); *p == 'M'; p += used) {
		int x, y, run, back;
		used = 0;
		assert_int_equal(
			sscanf(p, "M%d %dh%dv1h-%dz%n", &x, &y, &run, &back, &used), 4);
		assert_true(used > 0 && run == back && run > 0);
		assert_true(x >= 0 && y >= 0 && x + run <= width && y < height);
		for (int i = 0; i < run; i++)
			drawn[y][x + i] = true;
	}
	assert_int_equal(*p, '"');
	return width;
}

static void check(const char *text)
{
	struct buf out = { 0 };
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	assert_non_null(code);
	assert_int_equal(qr_svg(text, "label", &out), OK);
	int width = read_back(out.data);
	assert_int_equal(width, code->width + 2 * QUIET);
	for (int y = 0; y < width; y++)
		for (int x = 0; x < width; x++) {
			int row = y - QUIET, column = x - QUIET;
			bool inside = row >= 0 && row < code->width && column >= 0 &&
				      column < code->width;
			bool black = inside &&
				     (code->data[row * code->width + column] & 1) != 0;
			if (drawn[y][x] != black)
				fail_msg("%s: module %d, %d", text, column, row);
		}
	QRcode_free(code);
	buf_clear(&out);
}

static void test_modules(void **state)
{
	(void)state;
	check("a");
	check(ADDRESS);
	check("åäö\n");
}

static void test_markup(void **state)
{
	(void)state;
	struct buf out = { 0 };
	buf_text(&out, "<p>");
	assert_int_equal(qr_svg(ADDRESS, "Kod för \"appen\" <b>&", &out), OK);
	assert_ptr_equal(
		strstr(out.data, "<p><svg class=\"qr\" role=\"img\" aria-label=\""
				 "Kod för &quot;appen&quot; &lt;b&gt;&amp;\" viewBox="),
		out.data);
	/* White under all of it. */
	char white[100];
	int width = read_back(out.data);
	(void)snprintf(white, sizeof white,
		"><rect fill=\"#fff\" width=\"%d\" height=\"%d\"/><path", width, width);
	assert_non_null(strstr(out.data, white));
	assert_string_equal(out.data + out.len - 10, "\"/></svg>\n");
	/* The text itself stands nowhere. */
	assert_null(strstr(out.data, "GEZD"));
	buf_clear(&out);
}

static void test_too_long(void **state)
{
	(void)state;
	/* ISO/IEC 18004, table 7: 2,331 bytes at level M. */
	char text[2333];
	struct buf out = { 0 };
	memset(text, 'a', sizeof text);
	text[2331] = '\0';
	check(text);
	text[2331] = 'a';
	text[2332] = '\0';
	assert_int_equal(qr_svg(text, "label", &out), ERR_INPUT);
	assert_int_equal(out.len, 0);
	assert_int_equal(qr_svg("", "label", &out), ERR_INPUT);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
