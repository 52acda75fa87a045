#include "hpke.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 9180, appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base
 * mode. */
static const char private_hex[] =
	"4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
static const char public_hex[] =
	"3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
static const char enc_hex[] =
	"37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431";
static const char *const ciphertexts[] = {
	"f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
	"6d8770ac83d07bea87e13c512a",
	"af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab25"
	"1c03d0c22a56b8ca42c2063b84",
	"498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb7251649158"
	"8d96a19ad4a683518973dcc180",
};
static const char info[] = "Ode on a Grecian Urn";
static const char plain[] = "Beauty is truth, truth beauty";
enum { INFO = sizeof info - 1, PLAIN = sizeof plain - 1, SEALED = PLAIN + HPKE_ADDS };

static struct secret_x25519 *key;
static uint8_t public_key[32];

static int load(void **state)
{
	uint8_t bytes[32];
	(void)state;
	if (!secret_unhex(private_hex, bytes, 32))
		return -1;
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

/* The encapsulated key and the RFC's ciphertext of that number. */
static void vector(size_t number, uint8_t out[static SEALED])
{
	assert_true(secret_unhex(enc_hex, out, HPKE_ENC));
	assert_true(
		secret_unhex(ciphertexts[number], out + HPKE_ENC, PLAIN + SECRET_TAG));
}

static void test_opens_the_rfcs_first_message(void **state)
{
	(void)state;
	uint8_t sealed[SEALED], out[PLAIN];
	char text[65];
	secret_hex(public_key, 32, text);
	assert_string_equal(text, public_hex);
	vector(0, sealed);
	assert_int_equal(
		hpke_open(key, info, INFO, "Count-0", 7, sealed, PLAIN, out), OK);
	assert_memory_equal(out, plain, PLAIN);
}

/* The next messages of that sender have other nonces: single-shot opens only the first.
 */
static void test_refuses_the_rfcs_later_messages(void **state)
{
	(void)state;
	uint8_t sealed[SEALED], out[PLAIN];
	for (size_t n = 1; n < 3; n++) {
		char aad[16];
		snprintf(aad, sizeof aad, "Count-%zu", n);
		vector(n, sealed);
		assert_int_equal(hpke_open(key, info, INFO, aad, 7, sealed, PLAIN, out),
			ERR_CRYPTO);
	}
}

static void test_refuses_what_was_changed(void **state)
{
	(void)state;
	uint8_t sealed[SEALED], out[PLAIN];
	vector(0, sealed);
	for (size_t i = 0; i < SEALED; i++) {
		/* The top bit of the encapsulated key is ignored by X25519, and is bound
		 * by the key schedule. */
		sealed[i] ^= 0x80;
		assert_int_equal(
			hpke_open(key, info, INFO, "Count-0", 7, sealed, PLAIN, out),
			ERR_CRYPTO);
		sealed[i] ^= 0x80;
	}
	assert_int_equal(
		hpke_open(key, info, INFO, "Count-1", 7, sealed, PLAIN, out), ERR_CRYPTO);
	assert_int_equal(
		hpke_open(key, info, INFO, "Count-", 6, sealed, PLAIN, out), ERR_CRYPTO);
	assert_int_equal(hpke_open(key, info, INFO - 1, "Count-0", 7, sealed, PLAIN, out),
		ERR_CRYPTO);
	assert_int_equal(hpke_open(key, info, INFO, "Count-0", 7, sealed, PLAIN - 1, out),
		ERR_CRYPTO);
	uint8_t zero[SEALED] = { 0 };
	assert_int_equal(
		hpke_open(key, info, INFO, "Count-0", 7, zero, PLAIN, out), ERR_CRYPTO);
}

static void test_round_trip(void **state)
{
	(void)state;
	uint8_t first[SEALED], second[SEALED], out[PLAIN];
	assert_int_equal(hpke_seal(public_key, info, INFO, "a", 1, (const uint8_t *)plain,
				 PLAIN, first),
		OK);
	assert_int_equal(hpke_seal(public_key, info, INFO, "a", 1, (const uint8_t *)plain,
				 PLAIN, second),
		OK);
	/* Each its own key pair: nothing shows that the two say the same. */
	assert_memory_not_equal(first, second, HPKE_ENC);
	assert_memory_not_equal(first + HPKE_ENC, second + HPKE_ENC, PLAIN);
	assert_int_equal(hpke_open(key, info, INFO, "a", 1, first, PLAIN, out), OK);
	assert_memory_equal(out, plain, PLAIN);
	assert_int_equal(hpke_open(key, info, INFO, "a", 1, second, PLAIN, out), OK);
	assert_memory_equal(out, plain, PLAIN);
}

static void test_other_keys(void **state)
{
	(void)state;
	uint8_t sealed[SEALED], out[PLAIN], bytes[32], zero[32] = { 0 };
	secret_random(bytes, sizeof bytes);
	auto_(x25519) struct secret_x25519 *other = secret_x25519_load(bytes);
	assert_int_equal(hpke_seal(public_key, info, INFO, "", 0, (const uint8_t *)plain,
				 PLAIN, sealed),
		OK);
	assert_int_equal(
		hpke_open(other, info, INFO, "", 0, sealed, PLAIN, out), ERR_CRYPTO);
	assert_int_equal(hpke_open(key, info, INFO, "", 0, sealed, PLAIN, out), OK);
	assert_int_equal(
		hpke_seal(zero, info, INFO, "", 0, (const uint8_t *)plain, PLAIN, sealed),
		ERR_CRYPTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_the_rfcs_first_message),
		cmocka_unit_test(test_refuses_the_rfcs_later_messages),
		cmocka_unit_test(test_refuses_what_was_changed),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_other_keys),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
