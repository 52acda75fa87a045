#include "common/secret.h"
#include <openssl/bn.h>
#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { DRAWS = 5000 };

static char folder[] = "/tmp/test-secret-XXXXXX";
static char file[64];
static char other[64];
static struct why why;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/x.key", folder);
	snprintf(other, sizeof other, "%s/y.key", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return 0;
}

/* Reads hexadecimal text; returns how many bytes. */
static size_t from_hex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;
	assert_true(secret_unhex(text, out, len));
	return len;
}

static void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
	char text[300];
	assert_true(2 * len < sizeof text);
	secret_hex(data, len, text);
	assert_string_equal(text, expected);
}

static void test_hexadecimal(void **state)
{
	(void)state;
	const uint8_t bytes[] = { 0x00, 0x9a, 0xbc, 0xff };
	uint8_t out[4] = { 0 };
	assert_hex(bytes, 4, "009abcff");
	assert_true(secret_unhex("009aBCFF", out, 4));
	assert_memory_equal(out, bytes, 4);
	static const char *const wrong[] = { "", "009abcf", "009abcff0", "009abcfg",
		" 09abcff", "0x9abcff" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(secret_unhex(wrong[i], out, 4));
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
	(void)state;
	static const char *const expected[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	char out[9];
	for (size_t len = 0; len <= 6; len++) {
		secret_base64("foobar", len, out);
		assert_string_equal(out, expected[len]);
	}
}

static void test_base64_read(void **state)
{
	(void)state;
	uint8_t data[60], out[60];
	char text[81];
	size_t len = 77;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(251 * i + 250);
	for (size_t n = 1; n <= sizeof data; n++) {
		secret_base64(data, n, text);
		memset(out, 0, sizeof out);
		assert_true(secret_unbase64(text, out, &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, data, n);
	}
	assert_true(secret_unbase64("+/+/", out, &len));
	assert_hex(out, len, "fbffbf");
}

static void test_base64_that_is_none(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "Z", "Zg", "Zg=", "Zm9vY", "Zm9vYg",
		"Zm9vYg=", "Zm9vYg===", "Zm9v!A==", "Zm9\xc3\xa5v===", "Zm-_",
		"Zm9 vYg=", "Zm9\nYg==", "\"Zm9\"Yg", "====", "Z===", "Zg==Zg==", "Zg=v",
		"=Zg=", "    Zg==", "Zg==\n\n\n\n", "Zg= ", " Zg=", "Zm9v\r\n\r\n" };
	uint8_t out[16];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		size_t len = 77;
		if (secret_unbase64(wrong[i], out, &len))
			fail_msg("%s", wrong[i]);
		assert_int_equal(len, 77);
	}
	/* The longest that is read. */
	size_t len, most = 1 << 20;
	auto_(free) char *text = mem_alloc(most + 5);
	auto_(free) uint8_t *bytes = mem_alloc(most);
	memset(text, 'A', most);
	assert_true(secret_unbase64(text, bytes, &len));
	assert_int_equal(len, most / 4 * 3);
	memset(text, 'A', most + 4);
	assert_false(secret_unbase64(text, bytes, &len));
}

/* RFC 4648, section 5 and 10, and RFC 7515, appendix C. */
static void test_base64url(void **state)
{
	(void)state;
	static const char *const expected[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg",
		"Zm9vYmE", "Zm9vYmFy" };
	char out[9];
	uint8_t back[6];
	size_t back_len;
	for (size_t len = 0; len <= 6; len++) {
		secret_base64url("foobar", len, out);
		assert_string_equal(out, expected[len]);
		back_len = 77;
		assert_true(secret_unbase64url(out, strlen(out), back, &back_len));
		assert_int_equal(back_len, len);
		assert_memory_equal(back, "foobar", len);
	}
	secret_base64url("\x03\xec\xff\xe0\xc1", 5, out);
	assert_string_equal(out, "A-z_4ME");
	/* No more is read than its length. */
	assert_true(secret_unbase64url("A-z_4ME=", 7, back, &back_len));
	assert_hex(back, back_len, "03ecffe0c1");
}

static void test_base64url_that_is_none(void **state)
{
	(void)state;
	static const char *const wrong[] = { "Z", "Zg==", "Zg=", "Zm9vA", "+/+/",
		"Zm9v!A", "Zm9\xc3\xa5v", "Zm9 vYg", "Zm9v\n", " Zg", "=",
		/* Bits left over. */
		"Zh", "Zv", "Zm9", "Zm-", "Z_" };
	uint8_t out[16];
	size_t len = 77;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (secret_unbase64url(wrong[i], strlen(wrong[i]), out, &len))
			fail_msg("%s", wrong[i]);
	assert_false(secret_unbase64url("Zg\0", 3, out, &len));
	assert_int_equal(len, 77);
}

/* Small and large takes, in any order: nothing comes twice. */
static void *take_random(void *room)
{
	uint8_t(*drawn)[16] = room, large[100];
	for (size_t i = 0; i < DRAWS; i++) {
		secret_random(drawn[i], 16);
		secret_random(large, i % sizeof large);
	}
	return NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void test_random(void **state)
{
	(void)state;
	static uint8_t drawn[2 * DRAWS][16];
	pthread_t second;
	assert_int_equal(pthread_create(&second, NULL, take_random, drawn + DRAWS), 0);
	take_random(drawn);
	assert_int_equal(pthread_join(second, NULL), 0);
	qsort(drawn, 2 * DRAWS, 16, by_bytes);
	for (size_t i = 1; i < 2 * DRAWS; i++)
		assert_memory_not_equal(drawn[i - 1], drawn[i], 16);
	/* Every length is filled to its end and no further. */
	for (size_t len = 1; len <= 70; len++) {
		uint8_t some[71] = { 0 }, seen = 0;
		for (int i = 0; i < 40; i++) {
			secret_random(some, len);
			seen |= some[len - 1];
		}
		assert_int_equal(seen, 0xff);
		assert_int_equal(some[len], 0);
	}
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_false(secret_equal("abc", "bbc", 3));
}

/* All numbers occur, none beyond the bound, each about as often. */
static void test_below(void **state)
{
	(void)state;
	unsigned seen[6] = { 0 };
	assert_int_equal(secret_below(1), 0);
	for (int i = 0; i < 6000; i++) {
		uint32_t n = secret_below(6);
		assert_true(n < 6);
		seen[n]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 750, 1250);
	/* Just over half of all numbers: without rejection every second would be small.
	 */
	unsigned low = 0;
	for (int i = 0; i < 3000; i++)
		low += secret_below(0xc0000000) < 0x40000000;
	assert_in_range(low, 850, 1150);
}

static void test_sha256(void **state)
{
	(void)state;
	uint8_t out[32];
	secret_sha256("abc", 3, out);
	assert_hex(out, 32,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, test cases 1 to 4. */
static void test_hmac(void **state)
{
	(void)state;
	uint8_t key[64], data[64], out[32];
	memset(key, 0x0b, 20);
	secret_hmac(key, 20, "Hi There", 8, out);
	assert_hex(out, 32,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	secret_hmac("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_hex(out, 32,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 20);
	memset(data, 0xdd, 50);
	secret_hmac(key, 20, data, 50, out);
	assert_hex(out, 32,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	for (uint8_t i = 0; i < 25; i++)
		key[i] = (uint8_t)(i + 1);
	memset(data, 0xcd, 50);
	secret_hmac(key, 25, data, 50, out);
	assert_hex(out, 32,
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

/* RFC 5869, test cases 1 and 3, as far as one block goes. */
static void test_hkdf(void **state)
{
	(void)state;
	uint8_t ikm[22], salt[32], prk[32], out[32];
	memset(ikm, 0x0b, sizeof ikm);
	size_t salt_len = from_hex("000102030405060708090a0b0c", salt);
	secret_hkdf(salt, salt_len, ikm, sizeof ikm,
		"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out, 32);
	assert_hex(out, 32,
		"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
	from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", prk);
	memset(out, 0, sizeof out);
	secret_expand(prk, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", 10, out, 16);
	assert_hex(out, 17, "3cb25f25faacd57a90434f64d0362f2a00");
	memset(salt, 0, sizeof salt);
	secret_hkdf(salt, sizeof salt, ikm, sizeof ikm, "", out, 32);
	assert_hex(out, 32,
		"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

/* RFC 2202, section 3, test cases 1, 2, 3 and 6. */
static void test_hmac_sha1(void **state)
{
	(void)state;
	uint8_t key[80], data[50], out[20];
	memset(key, 0x0b, 20);
	secret_hmac_sha1(key, 20, "Hi There", 8, out);
	assert_hex(out, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
	secret_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_hex(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	secret_hmac_sha1(key, 20, data, sizeof data, out);
	assert_hex(out, 20, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
	secret_hmac_sha1(key, 80,
		"Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	assert_hex(out, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

/* RFC 7914, section 12. */
static void test_scrypt(void **state)
{
	(void)state;
	uint8_t out[64];
	assert_true(secret_scrypt("", 0, "", 0, 4, 1, 1, out, 64));
	assert_hex(out, 64,
		"77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
		"fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
	assert_true(secret_scrypt("password", 8, "NaCl", 4, 10, 8, 16, out, 64));
	assert_hex(out, 64,
		"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
		"2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
	assert_true(secret_scrypt(
		"pleaseletmein", 13, "SodiumChloride", 14, 14, 8, 1, out, 64));
	assert_hex(out, 64,
		"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
		"d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
	static const unsigned wrong[][3] = { { 0, 8, 1 }, { 63, 8, 1 }, { 64, 8, 1 },
		{ 17, 0, 1 }, { 17, 8, 0 }, { 17, 1 << 30, 8 } };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(secret_scrypt(
			"p", 1, "s", 1, wrong[i][0], wrong[i][1], wrong[i][2], out, 64));
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static size_t from_url(const char *text, uint8_t *out)
{
	size_t len;
	assert_true(secret_unbase64url(text, strlen(text), out, &len));
	return len;
}

#define CLAIMS                                                                           \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"   \
	"c19yb290Ijp0cnVlfQ"

/* RFC 7515, appendix A.2. */
static void test_rsa(void **state)
{
	(void)state;
	static const char text[] = "eyJhbGciOiJSUzI1NiJ9." CLAIMS;
	uint8_t n[257] = { 0 }, *modulus = n + 1, signature[257];
	const uint8_t e[] = { 0, 1, 0, 1 }, other_e[] = { 1, 0, 3 };
	size_t len = sizeof text - 1;
	assert_int_equal(
		from_url("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"
			 "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
			 "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH"
			 "SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
			 "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8"
			 "NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
			modulus),
		256);
	assert_int_equal(
		from_url("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj"
			 "5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
			 "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPv"
			 "kSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
			 "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6Lb"
			 "gGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
			signature),
		256);
	assert_true(secret_rsa_verify(modulus, 256, e + 1, 3, text, len, signature, 256));
	/* With a zero in front, as some write their numbers. */
	assert_true(secret_rsa_verify(n, 257, e, 4, text, len, signature, 256));
	assert_false(
		secret_rsa_verify(modulus, 256, e + 1, 3, text, len - 1, signature, 256));
	assert_false(
		secret_rsa_verify(modulus, 256, e + 1, 3, text, len, signature, 255));
	assert_false(
		secret_rsa_verify(modulus, 256, e + 1, 3, text, len, signature, 257));
	assert_false(secret_rsa_verify(modulus, 256, e + 1, 3, text, len, signature, 0));
	assert_false(
		secret_rsa_verify(modulus, 256, other_e, 3, text, len, signature, 256));
	assert_false(
		secret_rsa_verify(modulus, 255, e + 1, 3, text, len, signature, 256));
	assert_int_equal(ERR_peek_error(), 0);
	signature[100] ^= 1;
	assert_false(
		secret_rsa_verify(modulus, 256, e + 1, 3, text, len, signature, 256));
	assert_int_equal(ERR_peek_error(), 0);
}

/* A key of any size and small exponent e, and a signature that fits it, made without the
 * private half: n = s^e − m, where m is what the signature must turn into (RFC 8017,
 * 9.2). */
struct crafted {
	uint8_t n[1100], signature[1100];
	size_t len;
};

static void craft(int bits, unsigned e, bool odd, const char *data, struct crafted *out)
{
	static const char info[] = "3031300d060960864801650304020105000420";
	uint8_t m[1100] = { 0, 1 };
	size_t len = ((size_t)bits + 7) / 8;
	memset(m + 2, 0xff, len - 54);
	m[len - 52] = 0;
	from_hex(info, m + len - 51);
	secret_sha256(data, strlen(data), m + len - 32);
	BN_CTX *c = BN_CTX_new();
	BIGNUM *s = BN_new(), *n = BN_new(), *power = BN_new();
	BIGNUM *wanted = BN_bin2bn(m, (int)len, NULL);
	assert_true(c && s && n && power && wanted);
	assert_int_equal(BN_set_word(power, e), 1);
	/* s^e is close below 2^bits. */
	for (int i = bits / (int)e; i > bits / (int)e - 30; i--) {
		assert_int_equal(BN_set_bit(s, i), 1);
		assert_int_equal(BN_exp(n, s, power, c), 1);
		if (BN_num_bits(n) > bits)
			assert_int_equal(BN_clear_bit(s, i), 1);
	}
	if (BN_is_odd(wanted) != odd)
		assert_int_equal(BN_add_word(s, 1), 1);
	assert_int_equal(BN_exp(n, s, power, c), 1);
	assert_int_equal(BN_sub(n, n, wanted), 1);
	assert_int_equal(BN_num_bits(n), bits);
	assert_int_equal(BN_is_odd(n), odd);
	out->len = len;
	assert_int_equal(BN_bn2binpad(n, out->n, (int)len), len);
	assert_int_equal(
		BN_bn2binpad(e == 1 ? wanted : s, out->signature, (int)len), len);
	BN_free(wanted);
	BN_free(power);
	BN_free(n);
	BN_free(s);
	BN_CTX_free(c);
}

static void test_rsa_keys_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		int bits;
		uint8_t e;
		bool odd, fine;
	} cases[] = {
		{ 2048, 3, true, true },
		{ 3072, 3, true, true },
		{ 8192, 3, true, true },
		{ 1024, 3, true, false },
		{ 2047, 3, true, false },
		{ 8193, 3, true, false },
		{ 8300, 3, true, false },
		{ 2048, 1, true, false },
		{ 2048, 2, true, false },
		{ 2048, 3, false, false },
	};
	struct crafted key;
	uint8_t zero[300] = { 0 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		craft(cases[i].bits, cases[i].e, cases[i].odd, "text", &key);
		if (secret_rsa_verify(key.n, key.len, &cases[i].e, 1, "text", 4,
			    key.signature, key.len) != cases[i].fine)
			fail_msg("%d bits, e = %u", cases[i].bits, cases[i].e);
		assert_int_equal(ERR_peek_error(), 0);
	}
	craft(2048, 3, true, "text", &key);
	assert_false(secret_rsa_verify(zero, 256, zero, 1, "text", 4, zero, 256));
	assert_false(
		secret_rsa_verify(key.n, 256, zero, 0, "text", 4, key.signature, 256));
	assert_false(secret_rsa_verify(zero, 0, zero, 0, "text", 4, zero, 0));
	assert_false(
		secret_rsa_verify(key.n, 256, key.n, 256, "text", 4, key.signature, 256));
	assert_int_equal(ERR_peek_error(), 0);
}

/* RFC 7515, appendix A.3. */
static void test_p256(void **state)
{
	(void)state;
	static const char text[] = "eyJhbGciOiJFUzI1NiJ9." CLAIMS;
	size_t len = sizeof text - 1;
	uint8_t x[32], y[32], signature[72];
	assert_int_equal(from_url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", x), 32);
	assert_int_equal(from_url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", y), 32);
	assert_int_equal(
		from_url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8I"
			 "SlSApmWQxfKTUJqPP3-Kg6NU1Q",
			signature),
		64);
	assert_true(secret_p256_verify(x, y, text, len, signature, 64));
	assert_false(secret_p256_verify(x, y, text, len - 1, signature, 64));
	assert_false(secret_p256_verify(x, y, text, len, signature, 63));
	assert_false(secret_p256_verify(x, y, text, len, signature, 65));
	assert_false(secret_p256_verify(x, y, text, len, signature, 0));
	assert_false(secret_p256_verify(y, x, text, len, signature, 64));
	for (size_t i = 0; i < 64; i++) {
		signature[i] ^= 1;
		assert_false(secret_p256_verify(x, y, text, len, signature, 64));
		signature[i] ^= 1;
	}
	y[31] ^= 1;
	assert_false(secret_p256_verify(x, y, text, len, signature, 64));
	y[31] ^= 1;
	/* CVE-2022-21449: zeros pass where nobody looks. */
	uint8_t zero[64] = { 0 }, ones[32];
	memset(ones, 0xff, sizeof ones);
	assert_false(secret_p256_verify(x, y, text, len, zero, 64));
	assert_false(secret_p256_verify(zero, zero, text, len, signature, 64));
	assert_false(secret_p256_verify(ones, ones, text, len, signature, 64));
	assert_int_equal(ERR_peek_error(), 0);
	assert_true(secret_p256_verify(x, y, text, len, signature, 64));
}

/* RFC 2104, from the hash alone. */
static void plain_hmac(
	const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t *out)
{
	uint8_t inner[64 + 64], outer[64 + 32];
	assert_true(key_len <= 64 && len <= 64);
	memset(inner, 0x36, 64);
	memset(outer, 0x5c, 64);
	for (size_t i = 0; i < key_len; i++) {
		inner[i] ^= key[i];
		outer[i] ^= key[i];
	}
	memcpy(inner + 64, data, len);
	secret_sha256(inner, 64 + len, outer + 64);
	secret_sha256(outer, sizeof outer, out);
}

/* What a thread keeps of one call is never taken for another's. */
static void test_hmac_with_many_keys(void **state)
{
	(void)state;
	static const size_t lens[] = { 0, 1, 16, 31, 32, 32, 32, 33, 64 };
	enum { KEYS = sizeof lens / sizeof *lens };
	uint8_t keys[KEYS][64], data[64], out[32], expected[32];
	/* Alike as far as they go, but for the last bytes of some. */
	memset(keys, 'k', sizeof keys);
	keys[4][31] = 'l';
	keys[5][0] = 'l';
	for (int i = 0; i < 3000; i++) {
		size_t key = secret_below(KEYS), len = secret_below(65);
		secret_random(data, sizeof data);
		secret_hmac(keys[key], lens[key], data, len, out);
		plain_hmac(keys[key], lens[key], data, len, expected);
		assert_memory_equal(out, expected, 32);
	}
}

/* RFC 7748, sections 5.2 and 6.1. */
static void test_x25519(void **state)
{
	(void)state;
	static const char shared[] =
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
	uint8_t priv[32], pub[32], out[32];
	from_hex(
		"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", priv);
	auto_(x25519) struct secret_x25519 *alice = secret_x25519_load(priv);
	secret_x25519_public(alice, pub);
	assert_hex(pub, 32,
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	from_hex(
		"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", priv);
	auto_(x25519) struct secret_x25519 *bob = secret_x25519_load(priv);
	assert_int_equal(secret_x25519_agree(bob, pub, out), OK);
	assert_hex(out, 32, shared);
	secret_x25519_public(bob, pub);
	assert_hex(pub, 32,
		"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	assert_int_equal(secret_x25519_agree(alice, pub, out), OK);
	assert_hex(out, 32, shared);
	from_hex(
		"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", priv);
	from_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", pub);
	auto_(x25519) struct secret_x25519 *third = secret_x25519_load(priv);
	assert_int_equal(secret_x25519_agree(third, pub, out), OK);
	assert_hex(out, 32,
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

static void test_ephemeral_agreement(void **state)
{
	(void)state;
	uint8_t priv[32], mine[32], pub[2][32], shared[2][32], out[32];
	secret_random(priv, sizeof priv);
	auto_(x25519) struct secret_x25519 *key = secret_x25519_load(priv);
	secret_x25519_public(key, mine);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(secret_x25519_ephemeral(mine, pub[i], shared[i]), OK);
		assert_int_equal(secret_x25519_agree(key, pub[i], out), OK);
		assert_memory_equal(out, shared[i], 32);
	}
	assert_memory_not_equal(pub[0], pub[1], 32);
	/* Points of small order give a secret that everybody knows. */
	uint8_t zero[32] = { 0 }, one[32] = { 1 };
	assert_int_equal(secret_x25519_agree(key, zero, out), ERR_CRYPTO);
	assert_int_equal(secret_x25519_agree(key, one, out), ERR_CRYPTO);
	assert_int_equal(secret_x25519_ephemeral(zero, pub[0], out), ERR_CRYPTO);
	secret_x25519_free(NULL);
}

/* D. McGrew and J. Viega, The Galois/Counter Mode of Operation, test cases 4 and 16. */
static void test_aes_gcm(void **state)
{
	(void)state;
	static const char key_text[] =
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
	static const struct {
		size_t key_len;
		const char *sealed;
	} cases[] = {
		{ 16, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
		      "5bc94fbc3221a5db94fae95ae7121a47" },
		{ 32, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		      "76fc6ece0f4e1768cddf8853bb2d551b" },
	};
	uint8_t key[32], nonce[12], aad[20], plain[60], out[76], opened[60];
	from_hex(key_text, key);
	from_hex("cafebabefacedbaddecaf888", nonce);
	from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		plain);
	for (size_t i = 0; i < 2; i++) {
		size_t key_len = cases[i].key_len;
		secret_seal(key, key_len, nonce, aad, 20, plain, 60, out);
		assert_hex(out, 76, cases[i].sealed);
		assert_int_equal(
			secret_open(key, key_len, nonce, aad, 20, out, 60, opened), OK);
		assert_memory_equal(opened, plain, 60);
	}
}

static void test_whatever_was_changed_is_refused(void **state)
{
	(void)state;
	uint8_t key[16] = { 1 }, nonce[12] = { 2 }, plain[20], sealed[36], out[20];
	const uint8_t zero[20] = { 0 };
	memset(plain, 'p', sizeof plain);
	secret_seal(key, 16, nonce, "wave", 4, plain, 20, sealed);
	for (size_t i = 0; i < sizeof sealed; i++) {
		memset(out, 'x', sizeof out);
		sealed[i] ^= 1;
		assert_int_equal(secret_open(key, 16, nonce, "wave", 4, sealed, 20, out),
			ERR_CRYPTO);
		assert_memory_equal(out, zero, 20);
		sealed[i] ^= 1;
	}
	assert_int_equal(
		secret_open(key, 16, nonce, "wavE", 4, sealed, 20, out), ERR_CRYPTO);
	nonce[11] ^= 1;
	assert_int_equal(
		secret_open(key, 16, nonce, "wave", 4, sealed, 20, out), ERR_CRYPTO);
	nonce[11] ^= 1;
	key[15] ^= 1;
	assert_int_equal(
		secret_open(key, 16, nonce, "wave", 4, sealed, 20, out), ERR_CRYPTO);
	key[15] ^= 1;
	assert_int_equal(secret_open(key, 16, nonce, "wave", 4, sealed, 20, out), OK);
}

/* Keys of both lengths by turns, with what is refused in between. */
static void test_seal_and_open_by_turns(void **state)
{
	(void)state;
	enum { KEYS = 4 };
	uint8_t keys[KEYS][32], nonce[12] = { 0 }, plain[20], out[20];
	uint8_t first[KEYS][36], sealed[36];
	secret_random(keys, sizeof keys);
	memset(plain, 'p', sizeof plain);
	for (size_t i = 0; i < KEYS; i++)
		secret_seal(keys[i], i % 2 ? 32 : 16, nonce, "w", 1, plain, 20, first[i]);
	for (int i = 0; i < 2000; i++) {
		size_t key = secret_below(KEYS), foreign = (key + 2) % KEYS;
		size_t len = key % 2 ? 32 : 16;
		switch (secret_below(3)) {
		case 0:
			secret_seal(keys[key], len, nonce, "w", 1, plain, 20, sealed);
			assert_memory_equal(sealed, first[key], 36);
			break;
		case 1:
			assert_int_equal(secret_open(keys[key], len, nonce, "w", 1,
						 first[key], 20, out),
				OK);
			assert_memory_equal(out, plain, 20);
			break;
		case 2:
			assert_int_equal(secret_open(keys[key], len, nonce, "w", 1,
						 first[foreign], 20, out),
				ERR_CRYPTO);
			break;
		}
	}
}

static void assert_mode(const char *path, mode_t mode)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void write_bytes(const char *path, const void *data, size_t len, mode_t mode)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_key_file(void **state)
{
	(void)state;
	uint8_t key[SECRET_KEY], again[SECRET_KEY];
	mode_t before = umask(0);
	secret_random(key, sizeof key);
	assert_int_equal(secret_key_store(file, key, &why), OK);
	umask(before);
	assert_mode(file, 0600);
	assert_int_equal(secret_key_load(file, again, &why), OK);
	assert_memory_equal(again, key, sizeof key);
	uint8_t another[SECRET_KEY] = { 9 };
	assert_int_equal(secret_key_store(file, another, &why), ERR_CONFLICT);
	assert_non_null(strstr(why.text, "never overwritten"));
	assert_int_equal(secret_key_load(file, again, &why), OK);
	assert_memory_equal(again, key, sizeof key);
}

static void test_key_files_that_are_refused(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 31, 33, 64 };
	static const mode_t modes[] = { 0640, 0604, 0660, 0610, 0601, 0622 };
	const uint8_t bytes[64] = { 7 };
	uint8_t key[SECRET_KEY] = { 1 };
	assert_int_equal(secret_key_load(file, key, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, file));
	assert_non_null(strstr(why.text, "`init` makes it"));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		write_bytes(file, bytes, sizes[i], 0600);
		assert_int_equal(secret_key_load(file, key, &why), ERR_INPUT);
		assert_non_null(strstr(why.text, "32 bytes"));
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		write_bytes(file, bytes, 32, modes[i]);
		assert_int_equal(secret_key_load(file, key, &why), ERR_CONFLICT);
		assert_non_null(strstr(why.text, "chmod 0600"));
	}
	assert_int_equal(secret_key_load(folder, key, &why), ERR_IO);
	assert_int_equal(secret_key_store("/no/such/folder/x", key, &why), ERR_IO);
	assert_int_equal(key[0], 1);
}

static void test_ensure_never_overwrites(void **state)
{
	(void)state;
	uint8_t first[SECRET_KEY] = { 0 }, second[SECRET_KEY] = { 0 };
	const uint8_t zero[SECRET_KEY] = { 0 };
	bool made = false;
	assert_int_equal(secret_key_ensure(file, first, &made, &why), OK);
	assert_true(made);
	assert_memory_not_equal(first, zero, sizeof zero);
	assert_mode(file, 0600);
	assert_int_equal(secret_key_ensure(file, second, &made, &why), OK);
	assert_false(made);
	assert_memory_equal(first, second, sizeof first);
	assert_int_equal(secret_key_ensure(other, second, &made, &why), OK);
	assert_memory_not_equal(first, second, sizeof first);
	/* A file that is no key is not replaced by one. */
	write_bytes(file, "half", 4, 0600);
	assert_int_equal(secret_key_ensure(file, second, &made, &why), ERR_INPUT);
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void test_erase(void **state)
{
	(void)state;
	uint8_t key[SECRET_KEY], left[SECRET_KEY];
	bool made;
	assert_int_equal(secret_key_ensure(file, key, &made, &why), OK);
	/* Another name of the same file shows what its bytes became. */
	assert_int_equal(link(file, other), 0);
	assert_int_equal(secret_key_erase(file, &why), OK);
	assert_int_not_equal(access(file, F_OK), 0);
	assert_int_equal(secret_key_load(other, left, &why), OK);
	assert_memory_not_equal(left, key, sizeof key);
	assert_int_equal(secret_key_erase(file, &why), OK);
	assert_int_equal(secret_key_erase("/no/such/folder/x", &why), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hexadecimal),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_read),
		cmocka_unit_test(test_base64_that_is_none),
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_base64url_that_is_none),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hmac_with_many_keys),
		cmocka_unit_test(test_hmac_sha1),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_rsa_keys_that_are_refused),
		cmocka_unit_test(test_p256),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_ephemeral_agreement),
		cmocka_unit_test(test_aes_gcm),
		cmocka_unit_test(test_whatever_was_changed_is_refused),
		cmocka_unit_test(test_seal_and_open_by_turns),
		cmocka_unit_test_teardown(test_key_file, remove_files),
		cmocka_unit_test_teardown(test_key_files_that_are_refused, remove_files),
		cmocka_unit_test_teardown(test_ensure_never_overwrites, remove_files),
		cmocka_unit_test_teardown(test_erase, remove_files),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
