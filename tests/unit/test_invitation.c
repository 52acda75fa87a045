#include "common/invitation.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Computed with Python's hmac and hashlib, and its cryptography package for AES-GCM, from
 * the words of the contract: key 00 01 … 1f, code 00 11 … 99, wave "2027-1". Existing
 * links die when any of these change. */
static const char code_text[] = "008J4CT4ANK7F24S";
static const char id_hex[] = "d3b64fbdaa00dbf13bf1ac3b543e8326";
static const char seal_hex[] = "a3e0f5ac05df233d35aaf7776dc03fd5";
static const char background_hex[] =
	"0102010200030000ffff00000000000000000000000000000000000000000000";
static const char sealed_hex[] =
	"4f3cfc30cfa88bd708cce7ab006a39c02db01b3b4d482aadf4149e91685ad3e7"
	"8d4399a09bb1c452a7b41a225ad0e0ba";
static const struct background background = {
	.plan = PLAN_TELEPHONE, .stratum = 0x0102, .values = { 3, 0, BACKGROUND_MISSING }
};

static uint8_t key[SECRET_KEY];
static struct code code;
static struct invitation_id id;
static struct invitation_seal seal;

static int derive(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < SECRET_KEY; i++)
		key[i] = i;
	if (code_parse(code_text, &code) != OK)
		return -1;
	invitation_derive(key, &code, &id, &seal);
	return 0;
}

static void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
	char text[2 * INVITATION_SEALED + 1];
	secret_hex(data, len, text);
	assert_string_equal(text, expected);
}

static void test_derived_to_the_byte(void **state)
{
	(void)state;
	assert_hex(code.bytes, INVITATION_CODE, "00112233445566778899");
	assert_hex(id.bytes, INVITATION_ID, id_hex);
	assert_hex(seal.bytes, sizeof seal.bytes, seal_hex);
}

static void test_sealed_to_the_byte(void **state)
{
	(void)state;
	uint8_t plain[INVITATION_BACKGROUND], sealed[INVITATION_SEALED];
	background_encode(&background, plain);
	assert_hex(plain, sizeof plain, background_hex);
	background_seal(&seal, "2027-1", &id, plain, sealed);
	assert_hex(sealed, sizeof sealed, sealed_hex);
}

static void test_other_keys_give_other_values(void **state)
{
	(void)state;
	struct invitation_id id2;
	struct invitation_seal seal2;
	uint8_t key2[SECRET_KEY];
	struct code code2 = code;
	memcpy(key2, key, sizeof key2);
	key2[31] ^= 1;
	invitation_derive(key2, &code, &id2, &seal2);
	assert_memory_not_equal(&id2, &id, sizeof id);
	assert_memory_not_equal(&seal2, &seal, sizeof seal);
	code2.bytes[9] ^= 1;
	invitation_derive(key, &code2, &id2, &seal2);
	assert_memory_not_equal(&id2, &id, sizeof id);
	assert_memory_not_equal(&seal2, &seal, sizeof seal);
}

static void test_codes(void **state)
{
	(void)state;
	char text[INVITATION_CODE_TEXT + 1];
	struct code c;
	for (int i = 0; i < 100; i++) {
		struct code fresh = code_random();
		code_format(&fresh, text);
		assert_int_equal(strlen(text), INVITATION_CODE_TEXT);
		assert_int_equal(code_parse(text, &c), OK);
		assert_memory_equal(&c, &fresh, sizeof c);
		struct code next = code_random();
		assert_memory_not_equal(&next, &fresh, sizeof next);
	}
	assert_int_equal(code_parse("oo8j-4ct4-ank7-f24s", &c), OK);
	assert_memory_equal(&c, &code, sizeof c);
	static const char *const wrong[] = { "", "robots.txt", "008J4CT4ANK7F24",
		"008J4CT4ANK7F24SS", "008J4CT4ANK7F24U", "008J4CT4ANK7F24%" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(code_parse(wrong[i], &c), ERR_INPUT);
	assert_memory_equal(&c, &code, sizeof c);
}

static void test_background_round_trip(void **state)
{
	(void)state;
	uint8_t bytes[INVITATION_BACKGROUND];
	for (int i = 0; i < 200; i++) {
		struct background b = { .plan = i % 2 ? PLAN_SMS : PLAN_TELEPHONE };
		struct background again;
		secret_random(&b.stratum, sizeof b.stratum);
		secret_random(b.values, sizeof b.values);
		background_encode(&b, bytes);
		assert_int_equal(background_decode(bytes, &again), OK);
		assert_int_equal(again.plan, b.plan);
		assert_int_equal(again.stratum, b.stratum);
		assert_memory_equal(again.values, b.values, sizeof b.values);
	}
}

static void test_background_of_another_kind(void **state)
{
	(void)state;
	uint8_t bytes[INVITATION_BACKGROUND];
	struct background b = { .stratum = 77 };
	background_encode(&background, bytes);
	for (unsigned version = 0; version < 256; version++) {
		bytes[0] = (uint8_t)version;
		if (version != 1)
			assert_int_equal(background_decode(bytes, &b), ERR_INPUT);
	}
	bytes[0] = 1;
	for (unsigned plan = 0; plan < 256; plan++) {
		bytes[1] = (uint8_t)plan;
		if (plan != PLAN_SMS && plan != PLAN_TELEPHONE)
			assert_int_equal(background_decode(bytes, &b), ERR_INPUT);
	}
	assert_int_equal(b.stratum, 77);
}

static void test_only_the_right_link_opens(void **state)
{
	(void)state;
	uint8_t plain[INVITATION_BACKGROUND], out[INVITATION_BACKGROUND];
	uint8_t sealed[INVITATION_SEALED];
	background_encode(&background, plain);
	background_seal(&seal, "2027-1", &id, plain, sealed);
	assert_int_equal(background_open(&seal, "2027-1", &id, sealed, out), OK);
	assert_memory_equal(out, plain, sizeof plain);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 0x10;
		assert_int_equal(
			background_open(&seal, "2027-1", &id, sealed, out), ERR_CRYPTO);
		sealed[i] ^= 0x10;
	}
	static const char *const waves[] = { "2027-2", "2027-", "2027-11", "" };
	for (size_t i = 0; i < sizeof waves / sizeof *waves; i++)
		assert_int_equal(
			background_open(&seal, waves[i], &id, sealed, out), ERR_CRYPTO);
	struct invitation_id other_id = id;
	other_id.bytes[0] ^= 1;
	assert_int_equal(
		background_open(&seal, "2027-1", &other_id, sealed, out), ERR_CRYPTO);
	struct invitation_seal other_seal = seal;
	other_seal.bytes[15] ^= 1;
	assert_int_equal(
		background_open(&other_seal, "2027-1", &id, sealed, out), ERR_CRYPTO);
}

/* The longest name that a wave can have. */
static void test_longest_wave(void **state)
{
	(void)state;
	static const char wave[] = "0123456789-123456789-123456789-1";
	static const char other[] = "0123456789-123456789-123456789-2";
	uint8_t plain[INVITATION_BACKGROUND] = { 0 }, out[INVITATION_BACKGROUND];
	uint8_t sealed[INVITATION_SEALED];
	assert_int_equal(strlen(wave), 32);
	background_seal(&seal, wave, &id, plain, sealed);
	assert_int_equal(background_open(&seal, wave, &id, sealed, out), OK);
	assert_int_equal(background_open(&seal, other, &id, sealed, out), ERR_CRYPTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derived_to_the_byte),
		cmocka_unit_test(test_sealed_to_the_byte),
		cmocka_unit_test(test_other_keys_give_other_values),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_background_round_trip),
		cmocka_unit_test(test_background_of_another_kind),
		cmocka_unit_test(test_only_the_right_link_opens),
		cmocka_unit_test(test_longest_wave),
	};
	return cmocka_run_group_tests(tests, derive, NULL);
}
