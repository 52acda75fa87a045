#include "common/secret.h"
#include "common/staff/jwt.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000 };

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"r1\"}"
#define ES256 "{\"alg\":\"ES256\",\"kid\":\"e1\"}"
#define CLAIMS                                                                           \
	"{\"iss\":\"https://id.example/\",\"sub\":\"u-1\",\"aud\":\"enkat\","            \
	"\"exp\":1800000300,\"iat\":1800000000,\"nonce\":\"n-0S6_WzA2Mj\","              \
	"\"acr\":\"loa3\",\"amr\":[\"pwd\",\"otp\"],\"auth_time\":1799999990}"

static const struct jwt_expected usual = { STAFF_RS256, "https://id.example/", "enkat",
	"n-0S6_WzA2Mj", NOW, 0, "", "hwk otp" };

static EVP_PKEY *rsa, *other_rsa, *ec, *other_ec;
static struct json *keys; /* r1, e1, e2 and a symmetric s1 */
static struct why why;

static void add_base64url(struct buf *b, const void *data, size_t len)
{
	auto_(free) char *text = mem_alloc(len * 4 / 3 + 4);
	secret_base64url(data, len, text);
	buf_text(b, text);
}

static void add_number(struct buf *b, const EVP_PKEY *key, const char *name, int len)
{
	BIGNUM *number = NULL;
	uint8_t bytes[512];
	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
	len = len ? len : BN_num_bytes(number);
	assert_int_equal(BN_bn2binpad(number, bytes, len), len);
	BN_free(number);
	add_base64url(b, bytes, (size_t)len);
}

/* A JWK; more: further members, each with a comma before. */
static void add_key(struct buf *b, const EVP_PKEY *key, const char *more)
{
	bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	buf_text(b, is_rsa ? "{\"kty\":\"RSA\",\"n\":\"" : "{\"kty\":\"EC\",\"x\":\"");
	add_number(b, key, is_rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X,
		is_rsa ? 0 : 32);
	buf_text(b, is_rsa ? "\",\"e\":\"" : "\",\"y\":\"");
	add_number(b, key, is_rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y,
		is_rsa ? 0 : 32);
	buf_format(b, "\"%s}", more);
}

static struct json *parsed(const char *text)
{
	struct json *j = NULL;
	if (json_parse(text, strlen(text), &j, &why) != OK)
		fail_msg("%s", why.text);
	return j;
}

/* A set of one key. */
static struct json *set_of(const EVP_PKEY *key, const char *more)
{
	auto_(buf) struct buf b = { 0 };
	buf_text(&b, "{\"keys\":[");
	add_key(&b, key, more);
	buf_text(&b, "]}");
	return parsed(buf_string(&b));
}

static int make_keys(void **state)
{
	(void)state;
	rsa = EVP_RSA_gen(2048);
	other_rsa = EVP_RSA_gen(2048);
	ec = EVP_EC_gen("P-256");
	other_ec = EVP_EC_gen("P-256");
	auto_(buf) struct buf b = { 0 };
	buf_text(&b, "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s1\",\"k\":\"c2VjcmV0\"},");
	add_key(&b, rsa, ",\"kid\":\"r1\",\"use\":\"sig\",\"alg\":\"RS256\"");
	buf_text(&b, ",");
	add_key(&b, ec, ",\"kid\":\"e1\",\"crv\":\"P-256\"");
	buf_text(&b, ",");
	add_key(&b, other_ec, ",\"kid\":\"e2\",\"crv\":\"P-256\"");
	buf_text(&b, "]}");
	keys = parsed(buf_string(&b));
	return rsa && other_rsa && ec && other_ec ? 0 : -1;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other_rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other_ec);
	json_destroy(keys);
	return 0;
}

/* OpenSSL gives r and s in DER; a token has them as two numbers of 32 bytes. */
static size_t plain_signature(uint8_t *signature, size_t len)
{
	const uint8_t *der = signature;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)len);
	assert_non_null(s);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(s), signature, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(s), signature + 32, 32), 32);
	ECDSA_SIG_free(s);
	return 64;
}

/* Ends `HEADER.PAYLOAD` with a signature over SHA-256 of it. */
static void add_signature(struct buf *token, EVP_PKEY *key)
{
	uint8_t signature[512];
	size_t len = sizeof signature;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(c, signature, &len, (const uint8_t *)token->data,
				 token->len),
		1);
	EVP_MD_CTX_free(c);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		len = plain_signature(signature, len);
	buf_text(token, ".");
	add_base64url(token, signature, len);
}

static void add_signed(struct buf *token, const char *header, const char *payload)
{
	add_base64url(token, header, strlen(header));
	buf_text(token, ".");
	add_base64url(token, payload, strlen(payload));
}

static void sign(
	struct buf *token, EVP_PKEY *key, const char *header, const char *payload)
{
	buf_clear(token);
	add_signed(token, header, payload);
	add_signature(token, key);
}

/* Everything of that text but `from`, which has become `to`. */
static void change(struct buf *out, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	buf_clear(out);
	buf_add(out, text, (size_t)(at - text));
	buf_text(out, to);
	buf_text(out, at + strlen(from));
}

static void accept_with(
	const char *token, const struct json *set, const struct jwt_expected *expected)
{
	auto_(json) struct json *claims = NULL;
	why.text[0] = '\0';
	if (jwt_read(token, set, expected, &claims, &why) != OK)
		fail_msg("%s", why.text);
	assert_non_null(json_text(json_get(claims, "sub")));
}

static void refuse_with(const char *token, const struct json *set,
	const struct jwt_expected *expected, enum err e, const char *reason)
{
	struct json *claims = NULL;
	why.text[0] = '\0';
	enum err got = jwt_read(token, set, expected, &claims, &why);
	if (got != e || !strstr(why.text, reason))
		fail_msg("%s: %s, expected %s", err_text(got), why.text, reason);
	assert_null(claims);
}

static void refuse(const char *token, enum err e, const char *reason)
{
	refuse_with(token, keys, &usual, e, reason);
}

/* The usual claims with one thing changed, signed as they should be. */
static void accept_changed(
	const char *from, const char *to, const struct jwt_expected *expected)
{
	auto_(buf) struct buf claims = { 0 };
	auto_(buf) struct buf token = { 0 };
	change(&claims, CLAIMS, from, to);
	sign(&token, rsa, RS256, buf_string(&claims));
	accept_with(buf_string(&token), keys, expected);
}

static void refuse_changed(const char *from, const char *to,
	const struct jwt_expected *expected, const char *reason)
{
	auto_(buf) struct buf claims = { 0 };
	auto_(buf) struct buf token = { 0 };
	change(&claims, CLAIMS, from, to);
	sign(&token, rsa, RS256, buf_string(&claims));
	refuse_with(buf_string(&token), keys, expected, ERR_INPUT, reason);
}

static void test_right(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	auto_(json) struct json *claims = NULL;
	sign(&token, rsa, RS256, CLAIMS);
	assert_int_equal(jwt_read(buf_string(&token), keys, &usual, &claims, &why), OK);
	assert_string_equal(json_text(json_get(claims, "sub")), "u-1");
	assert_string_equal(json_text(json_get(claims, "acr")), "loa3");
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, ec, ES256, CLAIMS);
	accept_with(buf_string(&token), keys, &by_es256);
	sign(&token, other_ec, "{\"typ\":\"JWT\",\"kid\":\"e2\",\"alg\":\"ES256\"}",
		CLAIMS);
	accept_with(buf_string(&token), keys, &by_es256);
}

/* RFC 7515, appendix A.3: not a key or a signature of our own making. */
static void test_published(void **state)
{
	(void)state;
	static const char token[] =
		"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
		"Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4Gawx"
		"aepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
	auto_(json) struct json *set =
		parsed("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
		       "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		       "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}");
	struct jwt_expected joe = { STAFF_ES256, "joe", "c", "n", 1300819000, 0, "",
		"otp" };
	/* The signature is right; the claims are no ID token's. */
	refuse_with(token, set, &joe, ERR_INPUT, "another client");
	joe.issuer = "jo";
	refuse_with(token, set, &joe, ERR_INPUT, "another issuer");
}

static void test_shape(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", ".", "..", "a.b", "a.b.", ".a.b", "a..b",
		"a.b.c.d", "a.b.c.d.e", " a.b.c", "a.b.c\n", "a.b.c ", "{}", "å.ä.ö",
		"e30.e30.e30", "e30=.e30.AA", "bnVsbA.e30.AA", "W10.e30.AA" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuse(wrong[i], ERR_INPUT, "the token");
}

/* alg none and whatever else is not the configured algorithm to the letter. */
static void test_algorithm(void **state)
{
	(void)state;
	static const char *const wrong[] = { "\"none\"", "\"None\"", "\"NONE\"", "\"\"",
		"\"rs256\"", "\"RS256 \"", "\"RS2567\"", "\"RS384\"", "\"RS512\"",
		"\"PS256\"", "\"HS256\"", "\"ES256\"", "\"EdDSA\"", "null", "1", "true",
		"[\"RS256\"]", "{\"RS256\":1}" };
	auto_(buf) struct buf token = { 0 };
	auto_(buf) struct buf header = { 0 };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		buf_clear(&header);
		buf_format(&header, "{\"alg\":%s,\"kid\":\"r1\"}", wrong[i]);
		sign(&token, rsa, buf_string(&header), CLAIMS);
		refuse(buf_string(&token), ERR_INPUT, "not signed with RS256");
		buf_clear(&token);
		add_signed(&token, buf_string(&header), CLAIMS);
		buf_text(&token, ".AA");
		refuse(buf_string(&token), ERR_INPUT, "not signed with RS256");
		token.data[token.len - 2] = '\0';
		refuse(buf_string(&token), ERR_INPUT, "not three parts");
	}
	sign(&token, rsa, "{\"kid\":\"r1\"}", CLAIMS);
	refuse(buf_string(&token), ERR_INPUT, "not signed with RS256");
}

static void test_other_algorithm(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, rsa, RS256, CLAIMS);
	refuse_with(
		buf_string(&token), keys, &by_es256, ERR_INPUT, "not signed with ES256");
	sign(&token, ec, ES256, CLAIMS);
	refuse(buf_string(&token), ERR_INPUT, "not signed with RS256");
	/* The name of one, the key of the other. */
	sign(&token, ec, "{\"alg\":\"RS256\",\"kid\":\"e1\"}", CLAIMS);
	refuse(buf_string(&token), ERR_NOT_FOUND, "kid");
	sign(&token, ec, RS256, CLAIMS);
	refuse(buf_string(&token), ERR_CRYPTO, "signature");
	sign(&token, rsa, ES256, CLAIMS);
	refuse_with(buf_string(&token), keys, &by_es256, ERR_CRYPTO, "signature");
	sign(&token, rsa, "{\"alg\":\"ES256\",\"kid\":\"r1\"}", CLAIMS);
	refuse_with(buf_string(&token), keys, &by_es256, ERR_NOT_FOUND, "kid");
}

static void add_hmac(struct buf *token, const void *key, size_t len)
{
	uint8_t mac[32], hash[32];
	/* A longer key is hashed first: RFC 2104. */
	secret_sha256(key, len, hash);
	secret_hmac(len > 64 ? hash : key, len > 64 ? sizeof hash : len, token->data,
		token->len, mac);
	buf_text(token, ".");
	add_base64url(token, mac, sizeof mac);
}

static void refuse_hmac(const void *key, size_t len)
{
	auto_(buf) struct buf token = { 0 };
	static const char *const headers[] = { "{\"alg\":\"HS256\",\"kid\":\"r1\"}",
		"{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"kid\":\"s1\"}" };
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&token);
		add_signed(&token, headers[i], CLAIMS);
		add_hmac(&token, key, len);
		refuse(buf_string(&token), ERR_INPUT, "not signed with RS256");
	}
	buf_clear(&token);
	add_signed(&token, RS256, CLAIMS);
	add_hmac(&token, key, len);
	refuse(buf_string(&token), ERR_CRYPTO, "signature");
	buf_clear(&token);
	add_signed(&token, "{\"alg\":\"RS256\",\"kid\":\"s1\"}", CLAIMS);
	add_hmac(&token, key, len);
	refuse(buf_string(&token), ERR_NOT_FOUND, "kid");
}

/* What everybody knows is no secret: the public key, in every form, as the key of an
 * HMAC. */
static void test_public_key_as_secret(void **state)
{
	(void)state;
	BIO *pem = BIO_new(BIO_s_mem());
	uint8_t *der = NULL, n[256];
	char *text;
	assert_int_equal(PEM_write_bio_PUBKEY(pem, rsa), 1);
	long len = BIO_get_mem_data(pem, &text);
	refuse_hmac(text, (size_t)len);
	refuse_hmac(text, (size_t)len - 1);
	BIO_free(pem);
	int der_len = i2d_PUBKEY(rsa, &der);
	assert_true(der_len > 0);
	refuse_hmac(der, (size_t)der_len);
	OPENSSL_free(der);
	BIGNUM *number = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &number), 1);
	assert_int_equal(BN_bn2binpad(number, n, sizeof n), sizeof n);
	BN_free(number);
	refuse_hmac(n, sizeof n);
	auto_(buf) struct buf b = { 0 };
	add_base64url(&b, n, sizeof n);
	refuse_hmac(b.data, b.len);
	refuse_hmac("secret", 6); /* of s1 */
	refuse_hmac("", 0);
}

static void test_header(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[]}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":null}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"b64\":true}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"b64\":false,\"crit\":[\"b64\"]}",
	};
	auto_(buf) struct buf token = { 0 };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		sign(&token, rsa, wrong[i], CLAIMS);
		refuse(buf_string(&token), ERR_INPUT, "extension");
	}
	static const char *const twice[] = {
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"alg\":\"RS256\"}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"alg\":\"none\"}",
		"{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"r1\"}",
		"{\"kid\":\"x\",\"alg\":\"RS256\",\"kid\":\"r1\"}",
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"\\u0061lg\":\"RS256\"}",
		"[\"alg\",\"RS256\"]",
		"\"RS256\"",
		"{\"alg\":\"RS256\"} {}",
		"",
		"{\"alg\":\"RS256\",\"kid\":\"r1\"",
		"{\"alg\":\"RS256\\u0000\"}",
	};
	for (size_t i = 0; i < sizeof twice / sizeof *twice; i++) {
		sign(&token, rsa, twice[i], CLAIMS);
		refuse(buf_string(&token), ERR_INPUT, *twice[i] ? "header" : "parts");
	}
	/* Keys and addresses of keys that a token brings along are not looked at. */
	auto_(buf) struct buf header = { 0 };
	buf_text(&header,
		"{\"alg\":\"RS256\",\"kid\":\"r1\",\"jku\":\"https://x.example\","
		"\"jwk\":");
	add_key(&header, other_rsa, "");
	buf_text(&header, "}");
	sign(&token, other_rsa, buf_string(&header), CLAIMS);
	refuse(buf_string(&token), ERR_CRYPTO, "signature");
}

static void test_key(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	static const char *const not_there[] = { "\"r2\"", "\"R1\"", "\"r\"", "\"r11\"",
		"\"\"", "\"s1\"", "\"e1\"" };
	auto_(buf) struct buf header = { 0 };
	for (size_t i = 0; i < sizeof not_there / sizeof *not_there; i++) {
		buf_clear(&header);
		buf_format(&header, "{\"alg\":\"RS256\",\"kid\":%s}", not_there[i]);
		sign(&token, rsa, buf_string(&header), CLAIMS);
		refuse(buf_string(&token), ERR_NOT_FOUND, "kid");
	}
	sign(&token, rsa, "{\"alg\":\"RS256\",\"kid\":1}", CLAIMS);
	refuse(buf_string(&token), ERR_INPUT, "kid is not a text");
	sign(&token, other_rsa, RS256, CLAIMS);
	refuse(buf_string(&token), ERR_CRYPTO, "signature");
	sign(&token, rsa, RS256, CLAIMS);
	static const char *const no_sets[] = { "{}", "[]", "{\"keys\":{}}",
		"{\"keys\":[]}", "{\"keys\":[1,null,\"x\",[]]}", "{\"keys\":null}",
		"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"r1\",\"k\":\"c2VjcmV0\"}]}" };
	for (size_t i = 0; i < sizeof no_sets / sizeof *no_sets; i++) {
		auto_(json) struct json *set = parsed(no_sets[i]);
		refuse_with(buf_string(&token), set, &usual, ERR_NOT_FOUND, "kid");
	}
	refuse_with(buf_string(&token), NULL, &usual, ERR_NOT_FOUND, "kid");
}

/* A key for something else is none. */
static void test_key_for(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	static const char *const unfit[] = { ",\"kid\":\"r1\",\"use\":\"enc\"",
		",\"kid\":\"r1\",\"use\":1", ",\"kid\":\"r1\",\"alg\":\"RS512\"",
		",\"kid\":\"r1\",\"alg\":\"PS256\"", ",\"kid\":1", "" };
	sign(&token, rsa, RS256, CLAIMS);
	for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
		auto_(json) struct json *set = set_of(rsa, unfit[i]);
		refuse_with(buf_string(&token), set, &usual, ERR_NOT_FOUND, "kid");
	}
	static const char *const curves[] = { "", ",\"crv\":\"P-384\"",
		",\"crv\":\"p-256\"", ",\"crv\":1" };
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, ec, "{\"alg\":\"ES256\"}", CLAIMS);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		auto_(json) struct json *set = set_of(ec, curves[i]);
		refuse_with(buf_string(&token), set, &by_es256, ERR_INPUT, "0 of");
	}
	auto_(json) struct json *right = set_of(ec, ",\"crv\":\"P-256\"");
	accept_with(buf_string(&token), right, &by_es256);
}

static void test_without_kid(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, rsa, "{\"alg\":\"RS256\"}", CLAIMS);
	accept_with(buf_string(&token), keys, &usual);
	sign(&token, ec, "{\"alg\":\"ES256\"}", CLAIMS);
	refuse_with(buf_string(&token), keys, &by_es256, ERR_INPUT, "2 of");
	/* The same kid twice. */
	auto_(buf) struct buf set = { 0 };
	buf_text(&set, "{\"keys\":[");
	add_key(&set, rsa, ",\"kid\":\"r1\"");
	buf_text(&set, ",");
	add_key(&set, other_rsa, ",\"kid\":\"r1\"");
	buf_text(&set, "]}");
	auto_(json) struct json *twins = parsed(buf_string(&set));
	sign(&token, rsa, RS256, CLAIMS);
	refuse_with(buf_string(&token), twins, &usual, ERR_INPUT, "2 of");
}

/* Numbers of a key that can't be read, or are as long as no key's. */
static void test_broken_key(void **state)
{
	(void)state;
	static const char *const rsas[] = { "", "\"n\":\"AQAB\"", "\"e\":\"AQAB\"",
		"\"n\":\"\",\"e\":\"AQAB\"", "\"n\":1,\"e\":1",
		"\"n\":\"AQAB\",\"e\":\"AQAB\"", "\"n\":\"a=\",\"e\":\"AQAB\"" };
	auto_(buf) struct buf token = { 0 };
	auto_(buf) struct buf set = { 0 };
	sign(&token, rsa, RS256, CLAIMS);
	for (size_t i = 0; i < sizeof rsas / sizeof *rsas + 2; i++) {
		buf_clear(&set);
		buf_text(&set, "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r1\"");
		if (i < sizeof rsas / sizeof *rsas)
			buf_format(&set, "%s%s", *rsas[i] ? "," : "", rsas[i]);
		else
			buf_format(&set, ",\"n\":\"%0*d\",\"e\":\"%0*d\"",
				i % 2 ? 342 : 4000, 0, i % 2 ? 4000 : 4, 0);
		buf_text(&set, "}]}");
		auto_(json) struct json *broken = parsed(buf_string(&set));
		refuse_with(buf_string(&token), broken, &usual, ERR_CRYPTO, "signature");
	}
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, ec, ES256, CLAIMS);
	for (int len = 31; len <= 33; len++) {
		buf_clear(&set);
		buf_text(&set,
			"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\","
			"\"x\":\"");
		add_number(&set, ec, OSSL_PKEY_PARAM_EC_PUB_X, 32);
		buf_format(&set, "\",\"y\":\"%0*d\"}]}",
			len == 31   ? 42
			: len == 32 ? 43
				    : 44,
			0);
		auto_(json) struct json *broken = parsed(buf_string(&set));
		refuse_with(
			buf_string(&token), broken, &by_es256, ERR_CRYPTO, "signature");
	}
}

/* Every byte of header, payload and signature counts. */
static void refuse_each_change(const char *right, const struct jwt_expected *expected)
{
	auto_(free) char *token = mem_text(right);
	accept_with(token, keys, expected);
	for (size_t i = 0; token[i]; i++) {
		static const char others[] = "AB9_.=";
		for (const char *other = others; *other; other++) {
			struct json *claims = NULL;
			if (right[i] == *other)
				continue;
			token[i] = *other;
			if (jwt_read(token, keys, expected, &claims, &why) == OK)
				fail_msg("byte %zu may be %c", i, *other);
		}
		token[i] = '\0';
		struct json *claims = NULL;
		if (jwt_read(token, keys, expected, &claims, &why) == OK)
			fail_msg("may end at byte %zu", i);
		token[i] = right[i];
	}
}

static void test_changed(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	struct jwt_expected by_es256 = usual;
	by_es256.algorithm = STAFF_ES256;
	sign(&token, rsa, RS256, CLAIMS);
	refuse_each_change(buf_string(&token), &usual);
	buf_text(&token, "A");
	refuse(buf_string(&token), ERR_CRYPTO, "signature");
	sign(&token, ec, ES256, CLAIMS);
	refuse_each_change(buf_string(&token), &by_es256);
	buf_text(&token, ".A");
	refuse_with(buf_string(&token), keys, &by_es256, ERR_INPUT, "not three parts");
	/* The parts of two tokens. */
	sign(&token, ec, ES256, CLAIMS);
	auto_(buf) struct buf mixed = { 0 };
	add_signed(&mixed, ES256, "{\"iss\":\"x\"}");
	buf_text(&mixed, strrchr(buf_string(&token), '.'));
	refuse_with(buf_string(&mixed), keys, &by_es256, ERR_CRYPTO, "signature");
}

/* Padding, though what is signed has it too. */
static void test_padding(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	auto_(buf) struct buf claims = { 0 };
	char spaces[] = "   }";
	for (char *at = spaces + 3; claims.len % 3 != 2; at--)
		change(&claims, CLAIMS, "}", at);
	add_signed(&token, RS256, buf_string(&claims));
	buf_text(&token, "=");
	add_signature(&token, rsa);
	refuse(buf_string(&token), ERR_INPUT, "payload is not base64url");
	sign(&token, rsa, RS256, CLAIMS);
	buf_text(&token, "==");
	refuse(buf_string(&token), ERR_INPUT, "signature is not base64url");
	buf_clear(&token);
	add_base64url(&token, RS256, strlen(RS256));
	buf_text(&token, "=.");
	add_base64url(&token, CLAIMS, strlen(CLAIMS));
	add_signature(&token, rsa);
	refuse(buf_string(&token), ERR_INPUT, "header is not base64url");
}

static void test_huge(void **state)
{
	(void)state;
	auto_(buf) struct buf token = { 0 };
	auto_(buf) struct buf more = { 0 };
	auto_(buf) struct buf claims = { 0 };
	for (int pad = 48600; token.len <= JWT_LONGEST; pad++) {
		if (token.len)
			accept_with(buf_string(&token), keys, &usual);
		buf_clear(&more);
		buf_format(&more, "{\"pad\":\"%0*d\",", pad, 0);
		change(&claims, CLAIMS, "{", buf_string(&more));
		sign(&token, rsa, RS256, buf_string(&claims));
	}
	refuse(buf_string(&token), ERR_INPUT, "longer than");
	auto_(free) char *long_one = mem_alloc((1 << 20) + 1);
	memset(long_one, 'a', 1 << 20);
	refuse(long_one, ERR_INPUT, "longer than");
}

#define ISS "\"iss\":\"https://id.example/\""
#define AUD "\"aud\":\"enkat\""
#define SUB "\"sub\":\"u-1\""
#define EXP "\"exp\":1800000300"
#define IAT "\"iat\":1800000000"
#define NONCE "\"nonce\":\"n-0S6_WzA2Mj\""
#define ACR "\"acr\":\"loa3\""
#define AMR "\"amr\":[\"pwd\",\"otp\"]"
#define AUTH "\"auth_time\":1799999990"

struct changed {
	const char *from, *to, *reason;
};

static const struct changed refused[] = {
	{ ISS, "\"iss\":\"https://id.example\"", "issuer" },
	{ ISS, "\"iss\":\"https://id.example//\"", "issuer" },
	{ ISS, "\"iss\":\"https://id.example/x\"", "issuer" },
	{ ISS, "\"iss\":\"HTTPS://id.example/\"", "issuer" },
	{ ISS, "\"iss\":\"http://id.example/\"", "issuer" },
	{ ISS, "\"iss\":\"x https://id.example/\"", "issuer" },
	{ ISS, "\"iss\":[\"https://id.example/\"]", "issuer" },
	{ ISS, "\"iss\":null", "issuer" },
	{ ISS, "\"is\":\"https://id.example/\"", "issuer" },
	{ AUD, "\"aud\":\"enka\"", "client" },
	{ AUD, "\"aud\":\"enkat2\"", "client" },
	{ AUD, "\"aud\":\"sms-gateway\"", "client" },
	{ AUD, "\"aud\":\"enkat sms-gateway\"", "client" },
	{ AUD, "\"aud\":[]", "client" },
	{ AUD, "\"aud\":{\"enkat\":\"enkat\"}", "client" },
	{ AUD, "\"aud\":[[\"enkat\"]]", "client" },
	{ AUD, "\"aud\":[\"sms-gateway\"]", "client" },
	{ AUD, "\"aud\":[\"enkat\",\"sms-gateway\"]", "client" },
	{ AUD, "\"aud\":[\"enkat\",\"enkat\"]", "client" },
	{ AUD, "\"aud\":[\"enkat\",\"x\"],\"azp\":\"x\"", "client" },
	{ AUD, "\"aud\":[\"x\",\"y\"],\"azp\":\"enkat\"", "client" },
	{ AUD, "\"aud\":\"enkat\",\"azp\":\"sms-gateway\"", "client" },
	{ AUD, "\"aud\":\"enkat\",\"azp\":null", "client" },
	{ AUD, "\"aud\":\"enkat\",\"azp\":[\"enkat\"]", "client" },
	{ AUD, "\"au\":\"enkat\"", "client" },
	{ EXP, "\"exp\":1799999940", "expired" },
	{ EXP, "\"exp\":0", "expired" },
	{ EXP, "\"exp\":-1", "expired" },
	{ EXP, "\"exp\":\"1800000300\"", "expired" },
	{ EXP, "\"exp\":1e400", "token" },
	{ EXP, "\"exp\":null", "expired" },
	{ EXP, "\"ex\":1800000300", "expired" },
	{ IAT, "\"iat\":1800000061", "future" },
	{ IAT, "\"iat\":\"1800000000\"", "future" },
	{ IAT, "\"ia\":1800000000", "future" },
	{ IAT, "\"iat\":1800000000,\"nbf\":1800000061", "not yet" },
	{ IAT, "\"iat\":1800000000,\"nbf\":\"0\"", "not yet" },
	{ IAT, "\"iat\":1800000000,\"nbf\":null", "not yet" },
	{ NONCE, "\"nonce\":\"n-0S6_WzA2Mk\"", "another sign-in" },
	{ NONCE, "\"nonce\":\"n-0S6_WzA2M\"", "another sign-in" },
	{ NONCE, "\"nonce\":\"n-0S6_WzA2Mjj\"", "another sign-in" },
	{ NONCE, "\"nonce\":\"\"", "another sign-in" },
	{ NONCE, "\"nonce\":null", "another sign-in" },
	{ NONCE, "\"nonce\":[\"n-0S6_WzA2Mj\"]", "another sign-in" },
	{ NONCE, "\"nonc\":\"n-0S6_WzA2Mj\"", "another sign-in" },
	{ AMR, "\"amr\":[\"pwd\"]", "amr" },
	{ AMR, "\"amr\":[]", "amr" },
	{ AMR, "\"amr\":[\"otp2\",\"ot\",\"hwk otp\",\"\",\" \",1,null,[\"otp\"]]",
		"amr" },
	{ AMR, "\"amr\":\"otp\"", "amr" },
	{ AMR, "\"amr\":{\"otp\":\"otp\"}", "amr" },
	{ AMR, "\"am\":[\"otp\"]", "amr" },
	{ SUB, "\"sub\":\"\"", "sub" },
	{ SUB, "\"sub\":1", "sub" },
	{ SUB, "\"sub\":null", "sub" },
	{ SUB, "\"su\":\"u-1\"", "sub" },
	{ SUB, SUB ",\"sub\":\"u-1\"", "each name once" },
	{ SUB, SUB ",\"sub\":\"u-2\"", "each name once" },
	{ SUB, SUB ",\"\\u0073ub\":\"u-2\"", "each name once" },
	{ NONCE, NONCE "," AUD, "each name once" },
	{ "{", "{\"amr\":[],", "each name once" },
	{ SUB, SUB ",\"x\":1,\"x\":2", "each name once" },
	{ SUB, "\"sub\":\"u\\u0000-1\"", "payload" },
	{ SUB, "\"sub\":\"u\xff\"", "payload" },
	{ "{", "[", "payload" },
	{ "}", "", "payload" },
	{ "}", "}{}", "payload" },
};

static void test_claims_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		refuse_changed(refused[i].from, refused[i].to, &usual, refused[i].reason);
	/* What expects nothing gets nothing. */
	struct jwt_expected none = usual;
	none.nonce = "";
	refuse_changed(NONCE, "\"nonce\":\"\"", &none, "another sign-in");
}

static void test_claims_accepted(void **state)
{
	(void)state;
	static const struct changed fine[] = {
		{ AUD, "\"aud\":[\"enkat\"]", "" },
		{ AUD, "\"aud\":\"enkat\",\"azp\":\"enkat\"", "" },
		{ AUD, "\"aud\":[\"x\",\"enkat\"],\"azp\":\"enkat\"", "" },
		{ EXP, "\"exp\":1799999941", "" },
		{ EXP, "\"exp\":1800000000.5", "" },
		{ IAT, "\"iat\":1800000060", "" },
		{ IAT, "\"iat\":1700000000,\"nbf\":1800000060", "" },
		{ AMR, "\"amr\":[\"hwk\"]", "" },
		{ AMR, "\"amr\":[1,\"otp\"]", "" },
		{ SUB, "\"sub\":\"\xc3\xa5 \\u00e5\"", "" },
		{ SUB, SUB ",\"address\":{\"iss\":\"x\",\"aud\":\"y\"}", "" },
		{ AUTH, "\"auth\":1", "" },
	};
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		accept_changed(fine[i].from, fine[i].to, &usual);
}

static void test_subject_length(void **state)
{
	(void)state;
	char sub[JWT_SUBJECT + 32];
	snprintf(sub, sizeof sub, "\"sub\":\"%0*d\"", JWT_SUBJECT, 0);
	accept_changed(SUB, sub, &usual);
	snprintf(sub, sizeof sub, "\"sub\":\"%0*d\"", JWT_SUBJECT + 1, 0);
	refuse_changed(SUB, sub, &usual, "sub");
}

/* Of each list that is configured the token must have a word. */
static void test_factors(void **state)
{
	(void)state;
	struct jwt_expected by_acr = usual, by_both = usual, by_none = usual;
	by_acr.amr = "";
	by_acr.acr = " loa4  loa3 ";
	accept_changed(AMR, "\"amr\":[]", &by_acr);
	refuse_changed(ACR, "\"acr\":\"loa2\"", &by_acr, "acr");
	refuse_changed(ACR, "\"acr\":\"loa4 loa3\"", &by_acr, "acr");
	refuse_changed(ACR, "\"acr\":\"\"", &by_acr, "acr");
	refuse_changed(ACR, "\"acr\":[\"loa3\"]", &by_acr, "acr");
	refuse_changed(ACR, "\"ac\":\"loa3\"", &by_acr, "acr");
	by_both.acr = "loa3";
	accept_changed(SUB, SUB, &by_both);
	refuse_changed(ACR, "\"acr\":\"loa2\"", &by_both, "acr");
	refuse_changed(AMR, "\"amr\":[\"pwd\"]", &by_both, "amr");
	by_none.amr = "";
	refuse_changed(SUB, SUB, &by_none, "two factors");
	by_none.acr = by_none.amr = "  ";
	refuse_changed(SUB, SUB, &by_none, "two factors");
}

static void test_signed_in_anew(void **state)
{
	(void)state;
	struct jwt_expected anew = usual;
	anew.signed_in_after = NOW - 10;
	accept_changed(SUB, SUB, &anew);
	accept_changed(AUTH, "\"auth_time\":1799999930", &anew);
	refuse_changed(AUTH, "\"auth_time\":1799999929", &anew, "anew");
	refuse_changed(AUTH, "\"auth_time\":1800000061", &anew, "anew");
	refuse_changed(AUTH, "\"auth_time\":\"1799999990\"", &anew, "anew");
	refuse_changed(AUTH, "\"auth\":1799999990", &anew, "anew");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_algorithm),
		cmocka_unit_test(test_other_algorithm),
		cmocka_unit_test(test_public_key_as_secret),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_for),
		cmocka_unit_test(test_without_kid),
		cmocka_unit_test(test_broken_key),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_claims_refused),
		cmocka_unit_test(test_claims_accepted),
		cmocka_unit_test(test_subject_length),
		cmocka_unit_test(test_factors),
		cmocka_unit_test(test_signed_in_anew),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
