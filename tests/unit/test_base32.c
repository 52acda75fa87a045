#include "common/base32.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GROUP = 4, GROUPS = 1 << (5 * GROUP) };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void test_known(void **state)
{
	(void)state;
	char out[17];
	base32_encode((const uint8_t *)"", 0, out);
	assert_string_equal(out, "");
	base32_encode((const uint8_t *)"\xff", 1, out);
	assert_string_equal(out, "ZW");
	base32_encode((const uint8_t *)"Hello", 5, out);
	assert_string_equal(out, "91JPRV3F");
	base32_encode(
		(const uint8_t *)"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf", 10, out);
	assert_string_equal(out, "0123456789ABCDEF");
	base32_encode(
		(const uint8_t *)"\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf", 10, out);
	assert_string_equal(out, "GHJKMNPQRSTVWXYZ");
}

static void test_round_trips(void **state)
{
	(void)state;
	srandom(1);
	for (size_t len = 0; len <= 40; len++) {
		for (int i = 0; i < 50; i++) {
			uint8_t in[40], out[41];
			char text[65];
			for (size_t k = 0; k < len; k++)
				in[k] = (uint8_t)random();
			memset(text, '!', sizeof text);
			base32_encode(in, len, text);
			assert_int_equal(strlen(text), (8 * len + 4) / 5);
			assert_int_equal(strspn(text, alphabet), strlen(text));
			out[len] = 0xa5;
			assert_true(base32_decode(text, out, len));
			assert_memory_equal(in, out, len);
			assert_int_equal(out[len], 0xa5);
		}
	}
}

static void test_value(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++)
		assert_int_equal(base32_value(alphabet[i]), i);
	for (int c = 'a'; c <= 'z'; c++)
		assert_int_equal(base32_value((char)c), base32_value((char)(c - 32)));
	assert_int_equal(base32_value('I'), 1);
	assert_int_equal(base32_value('L'), 1);
	assert_int_equal(base32_value('O'), 0);
	int values = 0;
	for (int c = -128; c < 128; c++)
		values += base32_value((char)c) >= 0;
	/* Digits, and letters of both cases but U. */
	assert_int_equal(values, 10 + 2 * 25);
}

static void test_forgiving(void **state)
{
	(void)state;
	uint8_t expected[10], out[10];
	assert_true(base32_decode("7K3M9QXT2WPBH401", expected, 10));
	static const char *const same[] = { "7k3m9qxt2wpbh401", "7K3M-9QXT-2WPB-H401",
		" 7K3M 9QXT  2WPB H401 ", "-7K3M9QXT2WPBH401-", "7k3m9qxt2wpbh4Oi",
		"7K3M9QXT2WPBH4oL", "7k3m9qxt2wpbh40l" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		memset(out, 0, sizeof out);
		assert_true(base32_decode(same[i], out, 10));
		assert_memory_equal(out, expected, 10);
	}
	static const char *const wrong[] = { "", "-", "7K3M9QXT2WPBH40",
		"7K3M9QXT2WPBH4011", "7K3M9QXT2WPBH40U", "7K3M9QXT2WPBH40!",
		"7K3M9QXT2WPBH40\n", "7K3M_9QXT_2WPB_H401", "7K3M9QXT2WPBH4\xc3\xa5",
		"7K3M9QXT2WPBH401 7K3M9QXT2WPBH401" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(base32_decode(wrong[i], out, 10));
}

/* Two texts must not stand for the same bytes. */
static void test_spare_bits(void **state)
{
	(void)state;
	uint8_t out[4];
	for (size_t len = 1; len <= 4; len++) {
		size_t characters = (8 * len + 4) / 5;
		size_t spare = 5 * characters - 8 * len;
		char text[8] = "0000000";
		text[characters] = '\0';
		for (size_t value = 0; value < 32; value++) {
			text[characters - 1] = alphabet[value];
			assert_int_equal(base32_decode(text, out, len),
				value % ((size_t)1 << spare) == 0);
		}
	}
}

static char checks[GROUPS];

static void group_text(size_t number, char out[static GROUP])
{
	for (size_t i = 0; i < GROUP; i++)
		out[i] = alphabet[number >> (5 * (GROUP - 1 - i)) & 31];
}

static int fill_checks(void **state)
{
	(void)state;
	for (size_t n = 0; n < GROUPS; n++) {
		char text[GROUP];
		group_text(n, text);
		checks[n] = base32_check(text, GROUP);
	}
	return 0;
}

static void test_check_finds_every_wrong_character(void **state)
{
	(void)state;
	size_t missed = 0;
	for (size_t n = 0; n < GROUPS; n++)
		for (size_t i = 0; i < GROUP; i++)
			for (size_t change = 1; change < 32; change++)
				missed += checks[n] == checks[n ^ change << (5 * i)];
	assert_int_equal(missed, 0);
}

static void test_check_finds_every_swap_of_neighbours(void **state)
{
	(void)state;
	size_t missed = 0;
	for (size_t n = 0; n < GROUPS; n++) {
		for (size_t i = 0; i + 1 < GROUP; i++) {
			size_t low = n >> (5 * i) & 31, high = n >> (5 * i + 5) & 31;
			size_t change = (low ^ high) << (5 * i);
			change |= change << 5;
			missed += low != high && checks[n] == checks[n ^ change];
		}
		/* The last character and the check character. */
		size_t last = n & 31, check = (size_t)base32_value(checks[n]);
		missed += last != check && checks[n ^ last ^ check] == alphabet[last];
	}
	assert_int_equal(missed, 0);
}

/* As it is typed: small letters, and letters that look like digits. */
static void test_check_reads_forgivingly(void **state)
{
	(void)state;
	assert_int_equal(base32_check("AB10", 4), base32_check("abiO", 4));
	assert_int_equal(base32_check("", 0), '0');
	/* x^5 + x^2 + 1 by hand: 1 is x, G (16) is x·x^4 = x^2 + 1. */
	assert_int_equal(base32_check("1", 1), '2');
	assert_int_equal(base32_check("G", 1), '5');
	assert_int_equal(base32_check("10", 2), '4');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_forgiving),
		cmocka_unit_test(test_spare_bits),
		cmocka_unit_test(test_check_finds_every_wrong_character),
		cmocka_unit_test(test_check_finds_every_swap_of_neighbours),
		cmocka_unit_test(test_check_reads_forgivingly),
	};
	return cmocka_run_group_tests(tests, fill_checks, NULL);
}
