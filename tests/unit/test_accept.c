#include "common/accept.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_encoding(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		bool gzip;
	} cases[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZip", true },
		{ "gzip, deflate, br, zstd", true }, /* what browsers send */
		{ "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
		{ "deflate ,\tgzip", true },
		{ " , ,gzip,", true },
		{ "gzip ; q=1", true },
		{ "gzip;\tQ=0.001", true },
		{ "gzip;q=1.", true },
		/* Not, in every way of saying it. */
		{ "gzip;q=0", false },
		{ "gzip;q=0.", false },
		{ "gzip; q=0.000", false },
		{ "identity", false },
		{ "x-gzip", false },
		{ "gzipped", false },
		{ "gzi", false },
		{ "br gzip", false },
		/* By name: what stands for anything may stand for nothing that is known.
		 */
		{ "*", false },
		/* Broken weights count as none. */
		{ "gzip;", false },
		{ "gzip;q", false },
		{ "gzip;q=", false },
		{ "gzip;q=x", false },
		{ "gzip;level=9", false },
		{ "gzip;q=-1", false },
		/* Of two the first. */
		{ "gzip;q=0, gzip", false },
		{ "deflate;q=0, gzip", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (accept_encoding(cases[i].header, "gzip") != cases[i].gzip)
			fail_msg("%s", cases[i].header ? cases[i].header : "NULL");
	assert_true(accept_encoding("gzip, br", "br"));
}

static void test_language(void **state)
{
	(void)state;
	static const char *const offered[] = { "sv", "en", "fi", "ar" };
	enum { NONE = -1, SV, EN, FI, AR };
	static const struct {
		const char *header;
		int place;
	} cases[] = {
		{ NULL, NONE },
		{ "", NONE },
		{ "sv", SV },
		{ "ar", AR },
		{ "AR-sy", AR },
		{ "en-GB,en;q=0.9,sv;q=0.8", EN },
		{ "sv-SE, en;q=0.5", SV },
		{ "de-DE, de;q=0.9, fi;q=0.4, en;q=0.3", FI },
		/* The weight decides, not the order. */
		{ "en;q=0.7, fi;q=0.75, sv;q=0.749", FI },
		{ "en;q=0.999, fi", FI },
		{ "en;q=0.1, fi;q=0.09", EN },
		/* Among equals the first. */
		{ "fi, en", FI },
		{ "en;q=0.5, fi;q=0.5", EN },
		{ "en, fi;q=1.0", EN },
		{ "en;q=9, fi;q=0.1", FI },
		{ "en;q=1.7, fi;q=1", EN },
		{ "fi, en;q=1.7", FI },
		/* Unwanted, unknown, broken. */
		{ "sv;q=0", NONE },
		{ "sv;q=0.000, fi;q=0.001", FI },
		{ "de, no;q=0.5", NONE },
		{ "*", NONE },
		{ "svenska", NONE },
		{ "s", NONE },
		{ "-sv", NONE },
		{ "sv;x, fi;q=", NONE },
		{ ",;,;q=1,  ,\t", NONE },
		/* More digits than there are change nothing. */
		{ "en;q=0.5009, fi;q=0.5", EN },
		{ "en;q=0.55555555555555555555, fi;q=0.556", FI },
		{ "zh-Hant-en, fi-Latn-FI-x-sv", FI },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int place = accept_language(cases[i].header, offered, 4);
		if (place != cases[i].place)
			fail_msg("%s: %d", cases[i].header ? cases[i].header : "NULL",
				place);
	}
	assert_int_equal(accept_language("sv", offered, 0), -1);
	assert_int_equal(accept_language("ar, fi;q=0.1", offered, 3), FI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_language),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
