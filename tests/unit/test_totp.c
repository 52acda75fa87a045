#include "common/base32.h"
#include "common/staff/totp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6238, appendix B: the secret, times and codes for SHA-1, of which six of the eight
 * digits are kept. */
static const uint8_t secret[] = "12345678901234567890";
static const struct {
	int64_t time;
	const char *code;
} vectors[] = {
	{ 59, "287082" },
	{ 1111111109, "081804" },
	{ 1111111111, "050471" },
	{ 1234567890, "005924" },
	{ 2000000000, "279037" },
	{ 20000000000, "353130" },
};

enum { NOW = 1111111111, STEP = NOW / TOTP_STEP, UNTOUCHED = 77 };

static void test_code(void **state)
{
	(void)state;
	char code[TOTP_DIGITS + 1];
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		totp_code(secret, vectors[i].time / TOTP_STEP, code);
		assert_string_equal(code, vectors[i].code);
	}
}

static bool verify(const char *text, int64_t now, int64_t used, int64_t expected)
{
	int64_t step = UNTOUCHED;
	bool right = totp_verify(secret, text, now, used, &step);
	assert_int_equal(step, right ? expected : UNTOUCHED);
	return right;
}

static void test_verify(void **state)
{
	(void)state;
	char code[TOTP_DIGITS + 1];
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		assert_true(verify(vectors[i].code, vectors[i].time, 0,
			vectors[i].time / TOTP_STEP));
	for (int64_t step = STEP - 5; step <= STEP + 5; step++) {
		bool near = step >= STEP - 1 && step <= STEP + 1;
		totp_code(secret, step, code);
		assert_int_equal(verify(code, (int64_t)STEP * TOTP_STEP, 0, step), near);
		assert_int_equal(
			verify(code, (int64_t)STEP * TOTP_STEP + 29, 0, step), near);
	}
}

/* RFC 6238, 5.2: once used, never again; and none before it, though the clock be set
 * back. */
static void test_used(void **state)
{
	(void)state;
	char codes[3][TOTP_DIGITS + 1];
	for (int i = 0; i < 3; i++)
		totp_code(secret, STEP - 1 + i, codes[i]);
	for (int used = 0; used < 4; used++)
		for (int i = 0; i < 3; i++)
			assert_int_equal(
				verify(codes[i], NOW, STEP - 2 + used, STEP - 1 + i),
				i >= used);
	assert_false(verify(codes[1], NOW, STEP + 100, 0));
}

static void test_as_typed(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "05047", "0504711", "050472", "05047a",
		"-50471", "+50471", "0x5047", "050471\n", "050 47", " ", "０５０４７１",
		"050471050471", "05.0471" };
	assert_true(verify("050 471", NOW, 0, STEP));
	assert_true(verify(" 0 5 0 4 7 1 ", NOW, 0, STEP));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (verify(wrong[i], NOW, 0, 0))
			fail_msg("%s", wrong[i]);
}

static void test_every_digit_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOTP_DIGITS; i++) {
		char code[] = "050471";
		code[i] = code[i] == '9' ? '0' : (char)(code[i] + 1);
		assert_false(verify(code, NOW, 0, 0));
	}
	uint8_t other[] = "12345678901234567891";
	int64_t step;
	assert_false(totp_verify(other, "050471", NOW, 0, &step));
}

static void test_new(void **state)
{
	(void)state;
	uint8_t made[2][TOTP_SECRET];
	totp_new(made[0]);
	totp_new(made[1]);
	assert_memory_not_equal(made[0], made[1], TOTP_SECRET);
}

static void test_secret_text(void **state)
{
	(void)state;
	struct buf out = { 0 };
	totp_secret_text(secret, &out);
	assert_string_equal(out.data, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
	buf_clear(&out);
	/* All 32 values, in order. */
	static const uint8_t every[TOTP_SECRET] = { 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42,
		0x54, 0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe,
		0x77, 0xdf };
	totp_secret_text(every, &out);
	assert_string_equal(out.data, "ABCD EFGH IJKL MNOP QRST UVWX YZ23 4567");
	buf_clear(&out);
}

static void test_address(void **state)
{
	(void)state;
	struct buf out = { 0 };
	totp_address(secret, "Brukarenkät: svar&a=b", "anna.ek@x", &out);
	assert_string_equal(out.data,
		"otpauth://totp/Brukarenk%C3%A4t%3A%20svar%26a%3Db:anna.ek%40x"
		"?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		"&issuer=Brukarenk%C3%A4t%3A%20svar%26a%3Db");
	buf_clear(&out);
}

static void test_recovery(void **state)
{
	(void)state;
	char code[TOTP_RECOVERY_TEXT], read[11];
	unsigned seen[10] = { 0 };
	for (int i = 0; i < 1000; i++) {
		totp_recovery_new(code);
		assert_int_equal(strlen(code), TOTP_RECOVERY_TEXT - 1);
		assert_int_equal(code[5], '-');
		assert_true(totp_recovery_read(code, read));
		assert_memory_equal(read, code, 5);
		assert_string_equal(read + 5, code + 6);
		for (size_t k = 0; k < 10; k++)
			seen[k] |= 1u << base32_value(read[k]);
	}
	/* Five random bits each. */
	for (size_t k = 0; k < 10; k++)
		assert_int_equal(seen[k], 0xffffffff);
}

static void test_recovery_as_typed(void **state)
{
	(void)state;
	static const char *const same[] = { "01AB1-C0XYZ", "01AB1C0XYZ", "01ab1-c0xyz",
		"OLabI-coxyz", "oiABl cOXYZ", " 0 1-A-B1 - C0XYZ-" };
	static const char *const wrong[] = { "", "-", "01AB1-C0XY", "01AB1-C0XYZ0",
		"01AB1-C0XYU", "01AB1_C0XYZ", "01AB1-C0XYZ\n", "01AB1-C0XYå",
		"0.1AB1C0XYZ" };
	char read[11];
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_true(totp_recovery_read(same[i], read));
		assert_string_equal(read, "01AB1C0XYZ");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (totp_recovery_read(wrong[i], read))
			fail_msg("%s", wrong[i]);
	/* Every character is its own. */
	for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c; c++) {
		char text[] = "0000000000";
		text[9] = *c;
		assert_true(totp_recovery_read(text, read));
		assert_string_equal(read, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_as_typed),
		cmocka_unit_test(test_every_digit_counts),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_secret_text),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_recovery_as_typed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
