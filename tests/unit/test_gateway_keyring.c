#include "gateway_test.h"
#include "sms-gateway/keyring.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sealing(void **state)
{
	(void)state;
	static const char phone[] = "+46701740605";
	struct keyring_wave k;
	auto_(buf) struct buf one = { 0 };
	auto_(buf) struct buf again = { 0 };
	auto_(buf) struct buf plain = { 0 };
	keyring_wave_random(&k);
	keyring_seal(&k, "details", 7, phone, sizeof phone, &one);
	keyring_seal(&k, "details", 7, phone, sizeof phone, &again);
	assert_int_equal(one.len, KEYRING_OVERHEAD + sizeof phone);
	assert_memory_not_equal(one.data, again.data, one.len);
	assert_int_equal(keyring_open(&k, "details", 7, one.data, one.len, &plain), OK);
	assert_int_equal(plain.len, sizeof phone);
	assert_memory_equal(plain.data, phone, sizeof phone);
	buf_clear(&plain);
	assert_int_equal(
		keyring_open(&k, "details", 8, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(
		keyring_open(&k, "code", 7, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(keyring_open(&k, "details", 7, one.data, 5, &plain), ERR_CRYPTO);
	one.data[20] ^= 1;
	assert_int_equal(
		keyring_open(&k, "details", 7, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(plain.len, 0);
}

static void codes(void **state)
{
	(void)state;
	struct keyring_wave k;
	auto_(buf) struct buf sealed = { 0 };
	struct code code = code_random();
	struct code back = { { 0 } };
	keyring_wave_random(&k);
	keyring_seal_code(&k, 3, &code, &sealed);
	assert_int_equal(keyring_open_code(&k, 3, sealed.data, sealed.len, &back), OK);
	assert_memory_equal(&code, &back, sizeof code);
	assert_int_equal(
		keyring_open_code(&k, 4, sealed.data, sealed.len, &back), ERR_CRYPTO);
	sealed.len = 0;
	keyring_seal(&k, "code", 3, "kort", 4, &sealed);
	assert_int_equal(
		keyring_open_code(&k, 3, sealed.data, sealed.len, &back), ERR_CRYPTO);
}

static void hashes(void **state)
{
	(void)state;
	struct keyring_wave a, b;
	keyring_wave_random(&a);
	keyring_wave_random(&b);
	struct keyring_hash one = keyring_person(&a, "T-1");
	struct keyring_hash same = keyring_person(&a, "T-1");
	struct keyring_hash wave = keyring_person(&b, "T-1");
	struct keyring_hash kind = keyring_phone(&a, "T-1");
	assert_memory_equal(&one, &same, sizeof one);
	assert_memory_not_equal(&one, &wave, sizeof one);
	assert_memory_not_equal(&one, &kind, sizeof one);
	struct keyring_hash content = keyring_content(&a, "T-1", 3);
	struct keyring_hash more = keyring_content(&a, "T-1", 4);
	assert_memory_not_equal(&content, &one, sizeof one);
	assert_memory_not_equal(&content, &more, sizeof one);
}

/* The limit is one in a million: chi-square with nine degrees of freedom. */
static void chances(void **state)
{
	(void)state;
	enum { PERSONS = 20000, BOUND = 10 };
	struct keyring_wave a, b;
	long count[BOUND] = { 0 };
	long same = 0;
	keyring_wave_random(&a);
	keyring_wave_random(&b);
	for (int n = 0; n < PERSONS; n++) {
		char person[16];
		(void)snprintf(person, sizeof person, "T-%d", n);
		uint32_t chance = keyring_chance(&a, person, BOUND);
		assert_true(chance < BOUND);
		assert_int_equal(chance, keyring_chance(&a, person, BOUND));
		assert_int_equal(keyring_chance(&a, person, 1), 0);
		same += chance == keyring_chance(&b, person, BOUND);
		count[chance]++;
	}
	double chi2 = 0;
	for (int i = 0; i < BOUND; i++) {
		double off = (double)count[i] - PERSONS / BOUND;
		chi2 += off * off * BOUND / PERSONS;
	}
	assert_true(chi2 < 46.0);
	assert_true(same > PERSONS / BOUND / 2 && same < PERSONS / BOUND * 2);
}

static void files(void **state)
{
	(void)state;
	char folder[] = "/tmp/gateway-keys-XXXXXX";
	char file[64];
	struct keyring_wave one, same;
	struct why why;
	bool made;
	char secret[KEYRING_WEBHOOK_TEXT + 1], again[KEYRING_WEBHOOK_TEXT + 1];
	assert_non_null(mkdtemp(folder));
	assert_int_equal(
		keyring_wave_load(folder, "farsta", "w", &one, &why), ERR_NOT_FOUND);
	assert_int_equal(keyring_wave_ensure(folder, "farsta", "w", &one, &why), OK);
	assert_int_equal(keyring_wave_ensure(folder, "farsta", "w", &same, &why), OK);
	assert_memory_equal(&one, &same, sizeof one);
	assert_int_equal(keyring_wave_load(folder, "farsta", "w", &same, &why), OK);
	assert_memory_equal(&one, &same, sizeof one);
	const uint8_t *keys[] = { one.seal, one.person, one.phone, one.content,
		one.chance };
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], SECRET_KEY);
	assert_int_equal(keyring_webhook_ensure(folder, &made, &why), OK);
	assert_true(made);
	assert_int_equal(keyring_webhook(folder, secret, &why), OK);
	assert_int_equal(keyring_webhook(folder, again, &why), OK);
	assert_string_equal(secret, again);
	assert_int_equal(strlen(secret), KEYRING_WEBHOOK_TEXT);
	struct keyring_refusal refusal, other;
	assert_int_equal(
		keyring_refusal_load(folder, "farsta", &refusal, &why), ERR_NOT_FOUND);
	assert_int_equal(keyring_refusal_ensure(folder, "farsta", &refusal, &why), OK);
	assert_int_equal(keyring_refusal_load(folder, "farsta", &other, &why), OK);
	assert_memory_equal(&refusal, &other, sizeof refusal);
	assert_int_equal(keyring_refusal_ensure(folder, "bromma", &other, &why), OK);
	assert_memory_not_equal(&refusal, &other, sizeof refusal);
	assert_int_equal(keyring_wave_destroy(folder, "farsta", "w", &why), OK);
	assert_int_equal(
		keyring_wave_load(folder, "farsta", "w", &same, &why), ERR_NOT_FOUND);
	assert_int_equal(keyring_wave_ensure(folder, "farsta", "w", &same, &why), OK);
	assert_memory_not_equal(&one, &same, sizeof one);
	static const char *const made_here[] = { "farsta.w", "farsta.refusal",
		"bromma.refusal" };
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(file, sizeof file, "%s/%s.key", folder, made_here[i]);
		assert_int_equal(unlink(file), 0);
	}
	(void)snprintf(file, sizeof file, "%s/webhook.key", folder);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing),
		cmocka_unit_test(codes),
		cmocka_unit_test(hashes),
		cmocka_unit_test(chances),
		cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
