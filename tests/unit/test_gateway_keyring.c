#include "gateway_test.h"
#include "sms-gateway/keyring.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sealing(void **state)
{
	(void)state;
	struct keyring_wave k;
	struct buf one = { 0 }, other = { 0 }, plain = { 0 };
	secret_random(&k, sizeof k);
	keyring_seal_text(&k, "phone", 7, "+46701740605", &one);
	keyring_seal_text(&k, "phone", 7, "", &other);
	assert_int_equal(one.len, KEYRING_OVERHEAD + KEYRING_BLOCK);
	assert_int_equal(other.len, one.len);
	assert_int_equal(
		keyring_open_text(&k, "phone", 7, one.data, one.len, &plain), OK);
	assert_string_equal(buf_string(&plain), "+46701740605");
	buf_clear(&plain);
	assert_int_equal(
		keyring_open_text(&k, "phone", 8, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(
		keyring_open_text(&k, "name", 7, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(keyring_open(&k, "phone", 7, one.data, 5, &plain), ERR_CRYPTO);
	one.data[20] ^= 1;
	assert_int_equal(
		keyring_open_text(&k, "phone", 7, one.data, one.len, &plain), ERR_CRYPTO);
	assert_int_equal(plain.len, 0);
	buf_clear(&one);
	buf_clear(&other);
}

static void hashes(void **state)
{
	(void)state;
	struct keyring_wave a, b;
	secret_random(&a, sizeof a);
	secret_random(&b, sizeof b);
	struct keyring_hash one = keyring_person(&a, "T-1");
	struct keyring_hash same = keyring_person(&a, "T-1");
	struct keyring_hash wave = keyring_person(&b, "T-1");
	struct keyring_hash kind = keyring_phone(&a, "T-1");
	assert_memory_equal(&one, &same, sizeof one);
	assert_memory_not_equal(&one, &wave, sizeof one);
	assert_memory_not_equal(&one, &kind, sizeof one);
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
	assert_memory_not_equal(one.seal, one.person, sizeof one.seal);
	assert_int_equal(keyring_webhook_ensure(folder, &made, &why), OK);
	assert_true(made);
	assert_int_equal(keyring_webhook(folder, secret, &why), OK);
	assert_int_equal(keyring_webhook(folder, again, &why), OK);
	assert_string_equal(secret, again);
	assert_int_equal(strlen(secret), KEYRING_WEBHOOK_TEXT);
	(void)snprintf(file, sizeof file, "%s/farsta.w.key", folder);
	assert_int_equal(unlink(file), 0);
	(void)snprintf(file, sizeof file, "%s/webhook.key", folder);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing),
		cmocka_unit_test(hashes),
		cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
