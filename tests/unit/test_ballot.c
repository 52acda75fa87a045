#include "ballot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CANARY = 0xa5 };

static struct secret_x25519 *key;
static uint8_t public_key[32];

static int load(void **state)
{
	uint8_t bytes[32];
	(void)state;
	secret_random(bytes, sizeof bytes);
	key = secret_x25519_load(bytes);
	secret_x25519_public(key, public_key);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	secret_x25519_free(key);
	return 0;
}

static struct ballot random_ballot(void)
{
	struct ballot b = { .channel = CHANNEL_WEB,
		.helped = (enum helped)secret_below(HELPED_COUNT) };
	secret_random(b.background, sizeof b.background);
	for (size_t i = 0; i < BALLOT_QUESTIONS; i++)
		b.answers[i] = (uint8_t)secret_below(10);
	return b;
}

static void assert_same(const struct ballot *a, const struct ballot *b)
{
	assert_int_equal(a->channel, b->channel);
	assert_int_equal(a->helped, b->helped);
	assert_memory_equal(a->background, b->background, sizeof a->background);
	assert_memory_equal(a->answers, b->answers, sizeof a->answers);
}

/* Old ballots must stay readable: the places of the bytes are pinned. */
static void test_layout(void **state)
{
	(void)state;
	struct ballot b = { .channel = CHANNEL_WEB,
		.answers = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1 } };
	memset(b.background, 0xb0, sizeof b.background);
	uint8_t plain[BALLOT_PLAIN];
	char text[2 * BALLOT_PLAIN + 1];
	assert_int_equal(BALLOT_PLAIN, 48);
	assert_int_equal(BALLOT_SEALED, 96);
	ballot_encode(&b, plain);
	secret_hex(plain, sizeof plain, text);
	assert_string_equal(text,
		"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
		"0101"
		"0102030405060708090001"
		"00"
		"0000");
	b.helped = HELPED_INTERPRETER;
	ballot_encode(&b, plain);
	assert_int_equal(plain[45], 4);
}

/* The numbers are stored. */
static void test_helped(void **state)
{
	(void)state;
	static const enum helped all[] = { HELPED_UNSAID, HELPED_SELF, HELPED_RELATIVE,
		HELPED_STAFF, HELPED_INTERPRETER };
	struct ballot b = random_ballot(), out;
	uint8_t plain[BALLOT_PLAIN];
	ballot_encode(&b, plain);
	for (unsigned i = 0; i < 256; i++) {
		plain[45] = (uint8_t)i;
		enum err e = ballot_decode(plain, &out);
		assert_int_equal(e, i < 5 ? OK : ERR_INPUT);
		if (i < 5)
			assert_int_equal(out.helped, all[i]);
	}
}

static void test_fixed_length_whatever_the_answers(void **state)
{
	(void)state;
	static const uint8_t answers[][BALLOT_QUESTIONS] = { { 0 }, { 9 },
		{ 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 } };
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct ballot b = random_ballot(), again;
		uint8_t sealed[BALLOT_SEALED + 16];
		memcpy(b.answers, answers[i], sizeof b.answers);
		memset(sealed, CANARY, sizeof sealed);
		assert_int_equal(ballot_seal(public_key, "2027-1", &b, sealed), OK);
		for (size_t k = BALLOT_SEALED; k < sizeof sealed; k++)
			assert_int_equal(sealed[k], CANARY);
		/* The last byte belongs to the tag: it was written. */
		sealed[BALLOT_SEALED - 1] ^= 1;
		assert_int_equal(ballot_open(key, "2027-1", sealed, &again), ERR_CRYPTO);
		sealed[BALLOT_SEALED - 1] ^= 1;
		assert_int_equal(ballot_open(key, "2027-1", sealed, &again), OK);
		assert_same(&b, &again);
	}
}

static void test_round_trips(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct ballot b = random_ballot(), again;
		uint8_t sealed[BALLOT_SEALED];
		assert_int_equal(ballot_seal(public_key, "2027-1", &b, sealed), OK);
		assert_int_equal(ballot_open(key, "2027-1", sealed, &again), OK);
		assert_same(&b, &again);
	}
}

static void test_nothing_shows(void **state)
{
	(void)state;
	struct ballot b = random_ballot();
	uint8_t first[BALLOT_SEALED], second[BALLOT_SEALED];
	assert_int_equal(ballot_seal(public_key, "2027-1", &b, first), OK);
	assert_int_equal(ballot_seal(public_key, "2027-1", &b, second), OK);
	for (size_t at = 0; at + 8 <= BALLOT_SEALED; at += 8)
		assert_memory_not_equal(first + at, second + at, 8);
	assert_null(memmem(first, sizeof first, b.background, 8));
}

static void test_bound_to_its_wave(void **state)
{
	(void)state;
	static const char *const others[] = { "2027-2", "2027-", "2027-11", "" };
	struct ballot b = random_ballot(), untouched = random_ballot(), out = untouched;
	uint8_t sealed[BALLOT_SEALED];
	assert_int_equal(ballot_seal(public_key, "2027-1", &b, sealed), OK);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(ballot_open(key, others[i], sealed, &out), ERR_CRYPTO);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 4;
		assert_int_equal(ballot_open(key, "2027-1", sealed, &out), ERR_CRYPTO);
		sealed[i] ^= 4;
	}
	assert_same(&out, &untouched);
	assert_int_equal(ballot_open(key, "2027-1", sealed, &out), OK);
}

static void test_another_version(void **state)
{
	(void)state;
	struct ballot b = random_ballot(), out;
	uint8_t plain[BALLOT_PLAIN];
	ballot_encode(&b, plain);
	assert_int_equal(ballot_decode(plain, &out), OK);
	for (unsigned i = 0; i < 256; i++) {
		plain[32] = (uint8_t)i;
		if (i != 1)
			assert_int_equal(ballot_decode(plain, &out), ERR_INPUT);
	}
	plain[32] = 1;
	for (unsigned i = 0; i < 256; i++) {
		plain[33] = (uint8_t)i;
		if (i != CHANNEL_WEB)
			assert_int_equal(ballot_decode(plain, &out), ERR_INPUT);
	}
}

static void test_key_that_is_none(void **state)
{
	(void)state;
	const uint8_t zero[32] = { 0 };
	struct ballot b = random_ballot();
	uint8_t sealed[BALLOT_SEALED];
	assert_int_equal(ballot_seal(zero, "2027-1", &b, sealed), ERR_CRYPTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_helped),
		cmocka_unit_test(test_fixed_length_whatever_the_answers),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_nothing_shows),
		cmocka_unit_test(test_bound_to_its_wave),
		cmocka_unit_test(test_another_version),
		cmocka_unit_test(test_key_that_is_none),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
