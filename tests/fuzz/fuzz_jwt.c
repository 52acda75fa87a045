/* ID tokens, whose parts come through the browser or from whoever answers as the
 * provider: nothing that comes in may break a promise of jwt.h. */
#include "common/secret.h"
#include "common/staff/jwt.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000, WAYS = 5 };

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k\"}"
/* The key pair of RFC 7515, appendix A.3. */
#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"

static const char *const claims[] = { "\"iss\":\"https://id.example\"", "\"sub\":\"u\"",
	"\"aud\":\"enkat\"", "\"exp\":1800000300", "\"iat\":1800000000",
	"\"nonce\":\"n\"", "\"amr\":[\"pwd\",\"otp\"]" };
enum { CLAIMS = sizeof claims / sizeof *claims };

static const struct jwt_expected expected = { STAFF_ES256, "https://id.example", "enkat",
	"n", NOW, 0, "", "otp hwk" };

static EVP_PKEY *key;
static struct json *keys;

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void unbase64url(const char *text, uint8_t out[static 32])
{
	size_t len;
	require(secret_unbase64url(text, strlen(text), out, &len) && len == 32);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char set[] =
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","
		"\"x\":\"" X "\",\"y\":\"" Y "\"}]}";
	struct why why;
	uint8_t d[32], public[65] = { 4 };
	(void)argc;
	(void)argv;
	unbase64url(X, public + 1);
	unbase64url(Y, public + 33);
	unbase64url(D, d);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(d, sizeof d, NULL);
	require(OSSL_PARAM_BLD_push_utf8_string(
			b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1);
	require(OSSL_PARAM_BLD_push_octet_string(
			b, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof public) == 1);
	require(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	require(EVP_PKEY_fromdata_init(c) == 1);
	require(EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
	EVP_PKEY_CTX_free(c);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(b);
	BN_free(number);
	require(json_parse(set, strlen(set), &keys, &why) == OK);
	return 0;
}

static void add_base64url(struct buf *b, const void *data, size_t len)
{
	auto_(free) char *text = mem_alloc(len * 4 / 3 + 4);
	secret_base64url(data, len, text);
	buf_text(b, text);
}

static void sign(struct buf *token, const struct buf *header, const struct buf *payload)
{
	uint8_t der[80], plain[64];
	const uint8_t *at = der;
	size_t len = sizeof der;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	add_base64url(token, buf_string(header), header->len);
	buf_text(token, ".");
	add_base64url(token, buf_string(payload), payload->len);
	require(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1);
	require(EVP_DigestSign(c, der, &len, (const uint8_t *)token->data, token->len) ==
		1);
	EVP_MD_CTX_free(c);
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)len);
	require(s && BN_bn2binpad(ECDSA_SIG_get0_r(s), plain, 32) == 32 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(s), plain + 32, 32) == 32);
	ECDSA_SIG_free(s);
	buf_text(token, ".");
	add_base64url(token, plain, sizeof plain);
}

/* The usual claims but the n-th, and what came in. */
static void add_claims(struct buf *payload, size_t n, const uint8_t *data, size_t size)
{
	buf_text(payload, "{");
	for (size_t i = 0; i < CLAIMS; i++)
		if (i != n)
			buf_format(payload, "%s,", claims[i]);
	buf_add(payload, data, size);
	buf_text(payload, n < CLAIMS && size == 0 ? "\"x\":1}" : "}");
}

static bool has(const struct json *j, const char *text)
{
	return json_text(j) && strcmp(json_text(j), text) == 0;
}

static bool has_one(const struct json *list, const char *first, const char *second)
{
	for (const struct json *j = json_first(list); j; j = json_next(j))
		if (has(j, first) || has(j, second))
			return true;
	return false;
}

static void check_claims(const struct json *j)
{
	const struct json *aud = json_get(j, "aud"), *azp = json_get(j, "azp");
	const char *sub = json_text(json_get(j, "sub"));
	double number;
	require(has(json_get(j, "iss"), "https://id.example"));
	require(has(aud, "enkat") || has_one(aud, "enkat", "enkat"));
	require(has(azp, "enkat") || (!azp && json_count(aud) < 2));
	require(has(json_get(j, "nonce"), "n"));
	require(has_one(json_get(j, "amr"), "otp", "hwk"));
	require(sub && *sub && strlen(sub) <= JWT_SUBJECT);
	require(json_number(json_get(j, "exp"), &number) && number > NOW - JWT_SKEW);
	require(json_number(json_get(j, "iat"), &number) && number <= NOW + JWT_SKEW);
	require(!json_get(j, "nbf") ||
		(json_number(json_get(j, "nbf"), &number) && number <= NOW + JWT_SKEW));
}

/* What came in is the token, its header, its payload, one claim, or the key set. */
static void arrange(unsigned way, const uint8_t *data, size_t size, struct buf *token,
	struct json **ret_set)
{
	auto_(buf) struct buf header = { 0 };
	auto_(buf) struct buf payload = { 0 };
	struct why why;
	size_t claim = way == 3 && size > 0 ? data[0] % CLAIMS : 0;
	if (way == 0) {
		buf_add(token, data, size);
		return;
	}
	if (way == 1)
		buf_add(&header, data, size);
	else
		buf_text(&header, HEADER);
	if (way == 2)
		buf_add(&payload, data, size);
	else if (way == 3 && size > 0)
		add_claims(&payload, claim, data + 1, size - 1);
	else
		add_claims(&payload, 1, (const uint8_t *)claims[1], strlen(claims[1]));
	if (way == 4)
		(void)json_parse((const char *)data, size, ret_set, &why);
	sign(token, &header, &payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	unsigned way = data[0] % WAYS;
	auto_(buf) struct buf token = { 0 };
	auto_(json) struct json *set = NULL;
	auto_(json) struct json *read = NULL;
	struct why why = { "" };
	arrange(way, data + 1, size - 1, &token, &set);
	/* A copy of exactly that size: a read beyond it is seen. */
	auto_(free) char *text = mem_text(buf_string(&token));
	enum err e = jwt_read(text, way == 4 ? set : keys, &expected, &read, &why);
	if (e != OK) {
		require((e == ERR_INPUT || e == ERR_NOT_FOUND || e == ERR_CRYPTO) &&
			!read && why.text[0]);
		return 0;
	}
	check_claims(read);
	require(way != 0);
	return 0;
}
