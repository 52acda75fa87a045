#include "gateway_test.h"
#include "sms-gateway/personid.h"
#include <string.h>

/* Numbers are Skatteverket's test numbers, or have people born in the 1890s. */

enum { TODAY = 20270301 };

static struct personid parse(const char *text)
{
	struct personid p;
	assert_int_equal(personid_parse(text, TODAY, &p), OK);
	return p;
}

static void official(void **state)
{
	(void)state;
	static const char *const same[] = { "18960605-9880", "189606059880",
		" 18960605-9880 ", "960605+9880", "18960605 9880", "18960605\u20139880",
		"18960605\u20119880", "18960605\u22129880", "18960605 - 9880",
		"18960605\u00a09880", "1896 06 05 9880", "18960605+9880",
		"960605 + 9880" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct personid p = parse(same[i]);
		assert_true(p.official);
		assert_string_equal(p.text, "189606059880");
		assert_int_equal(p.birth, 18960605);
		assert_int_equal(p.sex, PERSONID_WOMAN);
		assert_false(p.mistyped);
	}
	assert_int_equal(parse("19121212-1212").sex, PERSONID_MAN);
	assert_string_equal(parse("121212-1212").text, "201212121212");
	assert_string_equal(parse("121212+1212").text, "191212121212");
	struct personid coordination = parse("701063-2391");
	assert_true(coordination.official);
	assert_int_equal(coordination.birth, 19701003);
	assert_string_equal(coordination.text, "197010632391");
	assert_int_equal(coordination.sex, PERSONID_MAN);
	assert_string_equal(parse("197010632391").text, "197010632391");
	assert_string_equal(parse("19701063\u20132391").text, "197010632391");
}

static void own(void **state)
{
	(void)state;
	static const char *const ids[] = { "T-000663", "4711", "TF19960605",
		"18960605-9880x", "åäö-1", "19121212--212", "1912121-21212",
		"-1912121212", "19121212+-1212", "1912121-2 1212", "19121212_1212",
		"191212121212 3", "1212121212-", "+1212121212" };
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct personid p = parse(ids[i]);
		assert_false(p.official);
		assert_false(p.mistyped);
		assert_string_equal(p.text, ids[i]);
		assert_int_equal(p.birth, 0);
	}
}

static void mistyped(void **state)
{
	(void)state;
	static const char *const ids[] = { "18960605-9881", "18961305-9880",
		"18960631-9880", "20991212-1212", "197010002391", "701061-2391",
		"19701092-2391", "18960605 9881" };
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct personid p = parse(ids[i]);
		assert_false(p.official);
		assert_true(p.mistyped);
		assert_string_equal(p.text, ids[i]);
	}
}

static void unusable(void **state)
{
	(void)state;
	struct personid p;
	char text[66];
	memset(text, 'x', sizeof text);
	text[64] = '\0';
	assert_int_equal(personid_parse("", TODAY, &p), ERR_NOT_FOUND);
	assert_int_equal(personid_parse("  ", TODAY, &p), ERR_NOT_FOUND);
	assert_int_equal(personid_parse(text, TODAY, &p), ERR_INPUT);
	text[63] = '\0';
	assert_int_equal(personid_parse(text, TODAY, &p), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(official),
		cmocka_unit_test(own),
		cmocka_unit_test(mistyped),
		cmocka_unit_test(unusable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
