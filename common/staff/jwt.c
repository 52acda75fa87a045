#include "jwt.h"
#include "common/secret.h"
#include "common/words.h"
#include <string.h>

enum { MODULUS = 1024, EXPONENT = 8, COORDINATE = 32 };

/* What the configured algorithm asks of header and key: RFC 7518, 3.1 and 6.1. */
static const struct {
	const char *name, *kind;
} algorithms[] = {
	[STAFF_RS256] = { "RS256", "RSA" }, [STAFF_ES256] = { "ES256", "EC" }
};

struct part {
	const char *text;
	size_t len;
};

/* Header, payload and signature with a dot between. */
static bool split(const char *token, struct part parts[static 3])
{
	for (int i = 0; i < 3; i++) {
		parts[i] = (struct part){ token, strcspn(token, ".") };
		token += parts[i].len;
		if (parts[i].len == 0 || *token != (i < 2 ? '.' : '\0'))
			return false;
		token++;
	}
	return true;
}

/* The value of a name that stands twice would depend on who reads it. */
static bool is_unambiguous(const struct json *object)
{
	for (const struct json *j = json_first(object); j; j = json_next(j))
		if (json_get(object, json_key(j)) != j)
			return false;
	return json_is_object(object);
}

static enum err read_object(const struct part *part, const char *what,
	struct json **ret_object, struct why *why)
{
	auto_(free) char *text = mem_alloc(part->len);
	auto_(json) struct json *object = NULL;
	struct why ignored; /* it could quote the token */
	size_t len;
	if (!secret_unbase64url(part->text, part->len, text, &len))
		return err_why(why, ERR_INPUT, "the token's %s is not base64url", what);
	if (json_parse(text, len, &object, &ignored) != OK || !is_unambiguous(object))
		return err_why(why, ERR_INPUT,
			"the token's %s is not a JSON object with each name once", what);
	*ret_object = object;
	object = NULL;
	return OK;
}

static bool is(const struct json *j, const char *expected)
{
	const char *text = json_text(j);
	return text && strcmp(text, expected) == 0;
}

static bool is_or_absent(const struct json *j, const char *expected)
{
	return !j || is(j, expected);
}

/* An extension that changes what is signed, or how, is none that we know. */
static enum err check_header(
	const struct json *header, enum staff_algorithm algorithm, struct why *why)
{
	if (!is(json_get(header, "alg"), algorithms[algorithm].name))
		return err_why(why, ERR_INPUT,
			"the token is not signed with %s, as the configuration says",
			algorithms[algorithm].name);
	if (json_get(header, "crit") || json_get(header, "b64"))
		return err_why(
			why, ERR_INPUT, "the token's header asks for an extension");
	if (json_get(header, "kid") && !json_text(json_get(header, "kid")))
		return err_why(why, ERR_INPUT, "the token's kid is not a text");
	return OK;
}

static bool fits(const struct json *key, enum staff_algorithm algorithm, const char *kid)
{
	return is(json_get(key, "kty"), algorithms[algorithm].kind) &&
	       is_or_absent(json_get(key, "use"), "sig") &&
	       is_or_absent(json_get(key, "alg"), algorithms[algorithm].name) &&
	       (algorithm != STAFF_ES256 || is(json_get(key, "crv"), "P-256")) &&
	       (!kid || is(json_get(key, "kid"), kid));
}

/* The one key that can have signed the token: no key is tried in vain. */
static enum err find_key(const struct json *keys, enum staff_algorithm algorithm,
	const char *kid, const struct json **ret_key, struct why *why)
{
	const struct json *list = json_get(keys, "keys"), *found = NULL;
	size_t count = 0;
	for (const struct json *j = json_first(list); j; j = json_next(j)) {
		if (!fits(j, algorithm, kid))
			continue;
		found = j;
		count++;
	}
	if (kid && count == 0)
		return err_why(why, ERR_NOT_FOUND,
			"no key of the provider for %s has the token's kid",
			algorithms[algorithm].name);
	if (count != 1)
		return err_why(why, ERR_INPUT,
			"%zu of the provider's keys could be the token's", count);
	*ret_key = found;
	return OK;
}

/* A number of the key, of at most so many bytes. */
static bool key_number(const struct json *key, const char *name, uint8_t *out,
	size_t room, size_t *ret_len)
{
	const char *text = json_text(json_get(key, name));
	size_t len = text ? strlen(text) : 0;
	return len > 0 && len <= (4 * room + 2) / 3 &&
	       secret_unbase64url(text, len, out, ret_len);
}

static bool is_signed(const struct json *key, enum staff_algorithm algorithm,
	const void *data, size_t len, const uint8_t *signature, size_t signature_len)
{
	uint8_t n[MODULUS], e[EXPONENT], x[COORDINATE], y[COORDINATE];
	size_t first, second;
	switch (algorithm) {
	case STAFF_RS256:
		return key_number(key, "n", n, sizeof n, &first) &&
		       key_number(key, "e", e, sizeof e, &second) &&
		       secret_rsa_verify(
			       n, first, e, second, data, len, signature, signature_len);
	case STAFF_ES256:
		return key_number(key, "x", x, sizeof x, &first) && first == sizeof x &&
		       key_number(key, "y", y, sizeof y, &second) && second == sizeof y &&
		       secret_p256_verify(x, y, data, len, signature, signature_len);
	}
	return false;
}

static enum err check_signature(const struct part parts[static 3], const struct json *key,
	enum staff_algorithm algorithm, struct why *why)
{
	auto_(free) uint8_t *signature = mem_alloc(parts[2].len);
	size_t len;
	if (!secret_unbase64url(parts[2].text, parts[2].len, signature, &len))
		return err_why(why, ERR_INPUT, "the token's signature is not base64url");
	if (!is_signed(key, algorithm, parts[0].text, parts[0].len + 1 + parts[1].len,
		    signature, len))
		return err_why(why, ERR_CRYPTO,
			"the token's signature is not by the provider's key");
	return OK;
}

/* aud is a text or an array of texts. Of a token for several, azp says whose it is. */
static enum err check_audience(
	const struct json *claims, const char *client, struct why *why)
{
	const struct json *aud = json_get(claims, "aud"), *azp = json_get(claims, "azp");
	bool ours = is(aud, client), several = false;
	if (json_is_array(aud)) {
		several = json_count(aud) > 1;
		for (const struct json *j = json_first(aud); j; j = json_next(j))
			ours |= is(j, client);
	}
	if (!ours || ((several || azp) && !is(azp, client)))
		return err_why(why, ERR_INPUT, "the token is for another client");
	return OK;
}

/* Seconds since 1970, maybe with a fraction. */
static bool is_time(
	const struct json *claims, const char *name, double after, double latest)
{
	double time;
	return json_number(json_get(claims, name), &time) && time > after &&
	       time <= latest;
}

static enum err check_times(
	const struct json *claims, const struct jwt_expected *expected, struct why *why)
{
	double now = (double)expected->now, late = now + JWT_SKEW, far = 1e15;
	if (!is_time(claims, "exp", now - JWT_SKEW, far))
		return err_why(why, ERR_INPUT, "the token has expired, or never would");
	if (!is_time(claims, "iat", -far, late))
		return err_why(why, ERR_INPUT,
			"the token is from the future, or from no time: do the clocks agree?");
	if (json_get(claims, "nbf") && !is_time(claims, "nbf", -far, late))
		return err_why(why, ERR_INPUT, "the token is not yet valid");
	if (expected->signed_in_after > 0 &&
		!is_time(claims, "auth_time",
			(double)(expected->signed_in_after - JWT_SKEW - 1), late))
		return err_why(why, ERR_INPUT,
			"the provider did not let the person sign in anew");
	return OK;
}

static enum err check_nonce(
	const struct json *claims, const char *expected, struct why *why)
{
	const char *nonce = json_text(json_get(claims, "nonce"));
	size_t len = strlen(expected);
	if (len == 0 || !nonce || strlen(nonce) != len ||
		!secret_equal(nonce, expected, len))
		return err_why(why, ERR_INPUT, "the token is of another sign-in");
	return OK;
}

static bool is_among(const char *words, const struct json *word)
{
	const char *text = json_text(word);
	return text && words_have(words, text, strlen(text));
}

/* How the person signed in: OpenID Connect Core, 2; RFC 8176. */
static enum err check_factors(
	const struct json *claims, const struct jwt_expected *expected, struct why *why)
{
	const struct json *amr = json_get(claims, "amr");
	bool by_acr = expected->acr[strspn(expected->acr, " ")];
	bool by_amr = expected->amr[strspn(expected->amr, " ")];
	bool shown = false;
	if (!by_acr && !by_amr)
		return err_why(why, ERR_INPUT,
			"neither acr nor amr is configured: nothing would prove two factors");
	if (by_acr && !is_among(expected->acr, json_get(claims, "acr")))
		return err_why(why, ERR_INPUT,
			"the token's acr is none of those that are configured");
	if (json_is_array(amr))
		for (const struct json *j = json_first(amr); j; j = json_next(j))
			shown |= is_among(expected->amr, j);
	if (by_amr && !shown)
		return err_why(why, ERR_INPUT,
			"the token's amr has none of the words that are configured");
	return OK;
}

static enum err check_claims(
	const struct json *claims, const struct jwt_expected *expected, struct why *why)
{
	const char *sub = json_text(json_get(claims, "sub"));
	if (!is(json_get(claims, "iss"), expected->issuer))
		return err_why(why, ERR_INPUT, "the token is of another issuer");
	enum err e = check_audience(claims, expected->client, why);
	if (e == OK)
		e = check_times(claims, expected, why);
	if (e == OK)
		e = check_nonce(claims, expected->nonce, why);
	if (e == OK)
		e = check_factors(claims, expected, why);
	if (e == OK && (!sub || !*sub || strlen(sub) > JWT_SUBJECT))
		e = err_why(why, ERR_INPUT,
			"the token's sub is not a text of 1 to %d bytes", JWT_SUBJECT);
	return e;
}

enum err jwt_read(const char *token, const struct json *keys,
	const struct jwt_expected *expected, struct json **ret_claims, struct why *why)
{
	auto_(json) struct json *header = NULL, *claims = NULL;
	const struct json *key = NULL;
	struct part parts[3];
	if (strnlen(token, JWT_LONGEST + 1) > JWT_LONGEST)
		return err_why(
			why, ERR_INPUT, "the token is longer than %d bytes", JWT_LONGEST);
	if (!split(token, parts))
		return err_why(
			why, ERR_INPUT, "the token is not three parts with dots between");
	enum err e = read_object(&parts[0], "header", &header, why);
	if (e == OK)
		e = check_header(header, expected->algorithm, why);
	if (e == OK)
		e = find_key(keys, expected->algorithm,
			json_text(json_get(header, "kid")), &key, why);
	if (e == OK)
		e = check_signature(parts, key, expected->algorithm, why);
	if (e == OK)
		e = read_object(&parts[1], "payload", &claims, why);
	if (e == OK)
		e = check_claims(claims, expected, why);
	if (e != OK)
		return e;
	*ret_claims = claims;
	claims = NULL;
	return OK;
}
