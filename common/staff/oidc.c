#include "oidc.h"
#include "common/fetch.h"
#include "common/file.h"
#include "common/form.h"
#include "common/secret.h"
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
	REPLY_LIMIT = 256 * 1024,
	TIMEOUT_MS = 5000,
	KNOWN_SECONDS = 600, /* that the provider's description is used */
	REST_SECONDS = 10, /* that a provider which failed is left alone: who waits for it
			      holds up other sign-ins */
	ADDRESS = 1024,
	SECRET_LIMIT = 1024,
	RANDOM = 32,
	RANDOM_TEXT = 44, /* in base64url, with the NUL */
};

/* The provider's description of itself, as far as it is used. */
struct provider {
	char authorize[ADDRESS], token[ADDRESS], keys[ADDRESS];
	bool says_iss; /* on the way back: RFC 9207 */
};

/* What the browser carries from the way out to the way back, sealed. */
struct way {
	int64_t begun;
	uint8_t state[RANDOM], nonce[RANDOM], verifier[RANDOM];
	uint8_t subject[ACCOUNTS_HASH]; /* when again */
	bool again;
	char next[OIDC_NEXT];
};
enum {
	SEALED = SECRET_NONCE + sizeof(struct way) + SECRET_TAG,
	COOKIE = (4 * SEALED + 2) / 3,
};

struct oidc {
	const struct staff_config *config;
	const struct groups *groups;
	struct buf back;           /* where the provider sends people back to */
	struct buf client, secret; /* as Basic authentication has them: RFC 6749, 2.3.1 */
	struct buf bound;          /* to whom cookies are: issuer, NUL, client */
	uint8_t key[SECRET_KEY];
	pthread_mutex_t lock; /* of what follows */
	struct provider provider;
	int64_t known;  /* since when the provider is; 0: it is not */
	int64_t failed; /* when it last did not answer, as it should, who it is */
};

/* A provider on this machine may be plain: nobody stands between. */
static bool is_plain(const char *url)
{
	return strncmp(url, "http://", 7) == 0;
}

static bool is_safe(const char *url, bool may_be_plain)
{
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"#<>\\^`{|}", *p))
			return false;
	bool plain = is_plain(url);
	if (!plain && strncmp(url, "https://", 8) != 0)
		return false;
	const char *host = url + (plain ? 7 : 8);
	size_t len = strcspn(host, "/?");
	if (len == 0 || memchr(host, '@', len))
		return false;
	return !plain || (may_be_plain && conf_is_loopback(host, len));
}

enum err oidc_check(const struct staff_config *c, struct why *why)
{
	if (!is_safe(c->issuer, true) || strchr(c->issuer, '?'))
		return err_why(why, ERR_INPUT,
			"[oidc] issuer: write the provider's https address, as the provider does");
	if (!*c->client)
		return err_why(why, ERR_INPUT,
			"[oidc] client: write what the provider calls this site");
	if (!c->acr[strspn(c->acr, " ")] && !c->amr[strspn(c->amr, " ")])
		return err_why(why, ERR_INPUT,
			"[oidc] acr or amr: write what the provider says of who has shown two factors");
	return OK;
}

static enum err read_secret(const char *file, struct buf *encoded, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	enum err e = file_read(file, SECRET_LIMIT, &text, why);
	if (e != OK)
		return e;
	while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (text.len == 0 || strlen(text.data) != text.len)
		return err_why(why, ERR_INPUT, "%s: holds no client secret", file);
	form_encode(encoded, text.data);
	return OK;
}

enum err oidc_create(const struct staff_config *c, const char *url,
	const struct groups *groups, const uint8_t key[static SECRET_KEY],
	struct oidc **ret_oidc, struct why *why)
{
	enum err e = oidc_check(c, why);
	if (e != OK)
		return e;
	struct oidc *o = mem_alloc(sizeof *o);
	o->config = c;
	o->groups = groups;
	(void)pthread_mutex_init(&o->lock, NULL);
	buf_format(&o->back, "%s/staff/oidc/back", url);
	buf_format(&o->bound, "%s%c%s", c->issuer, '\0', c->client);
	form_encode(&o->client, c->client);
	secret_expand(key, "oidc", 4, o->key, sizeof o->key);
	if (*c->secret_file)
		e = read_secret(c->secret_file, &o->secret, why);
	if (e == OK)
		*ret_oidc = o;
	else
		oidc_destroy(o);
	return e;
}

void oidc_destroy(struct oidc *o)
{
	if (!o)
		return;
	buf_clear(&o->back);
	buf_clear(&o->client);
	buf_clear(&o->secret);
	buf_clear(&o->bound);
	(void)pthread_mutex_destroy(&o->lock);
	secret_wipe(o, sizeof *o);
	free(o);
}

/* An error's code may be logged when it looks like one: RFC 6749, 4.1.2.1. */
static const char *error_word(const char *error)
{
	size_t len = error ? strlen(error) : 0;
	bool plain = len > 0 && len <= 40 &&
		     strspn(error, "abcdefghijklmnopqrstuvwxyz_") == len;
	return plain ? error : "no word for why";
}

static enum err read_reply(const struct fetch_reply *reply, const char *what,
	struct json **ret_json, struct why *why)
{
	auto_(json) struct json *j = NULL;
	struct why ignored; /* it could quote a token */
	if (reply->outcome != FETCH_REPLIED)
		return err_why(
			why, ERR_IO, "the provider's %s: %s", what, reply->why.text);
	(void)json_parse(buf_string(&reply->body), reply->body.len, &j, &ignored);
	if (reply->status != 200) {
		const char *error = error_word(json_text(json_get(j, "error")));
		/* A code that was used or is too old is the browser's doing. */
		return err_why(why,
			strcmp(error, "invalid_grant") == 0 ? ERR_INPUT : ERR_IO,
			"the provider's %s answers %ld: %s", what, reply->status, error);
	}
	if (!json_is_object(j))
		return err_why(why, ERR_IO, "the provider's %s is no JSON object", what);
	*ret_json = j;
	j = NULL;
	return OK;
}

static enum err ask(struct fetch_request *request, const char *what,
	struct json **ret_json, struct why *why)
{
	struct fetch_reply reply;
	request->timeout_ms = TIMEOUT_MS;
	request->reply_limit = REPLY_LIMIT;
	fetch_send(request, &reply);
	enum err e = read_reply(&reply, what, ret_json, why);
	buf_clear(&reply.body);
	return e;
}

static enum err take_address(const struct json *description, const char *name, bool plain,
	char out[static ADDRESS], struct why *why)
{
	const char *url = json_text(json_get(description, name));
	if (!url || strlen(url) >= ADDRESS || !is_safe(url, plain))
		return err_why(why, ERR_IO,
			"the provider's description: %s is no https address", name);
	memcpy(out, url, strlen(url) + 1);
	return OK;
}

/* OpenID Connect Discovery 1.0, 4. */
static enum err learn(const char *issuer, struct provider *ret_provider, struct why *why)
{
	auto_(buf) struct buf url = { 0 };
	auto_(json) struct json *j = NULL;
	struct provider p = { 0 };
	size_t len = strlen(issuer);
	bool plain = is_plain(issuer);
	while (issuer[len - 1] == '/')
		len--;
	buf_add(&url, issuer, len);
	buf_text(&url, "/.well-known/openid-configuration");
	struct fetch_request request = { .method = "GET", .url = buf_string(&url) };
	enum err e = ask(&request, "description", &j, why);
	const char *named = json_text(json_get(j, "issuer"));
	if (e == OK && (!named || strcmp(named, issuer) != 0))
		e = err_why(why, ERR_IO,
			"the provider's description is of another issuer than [oidc] issuer");
	if (e == OK)
		e = take_address(j, "authorization_endpoint", plain, p.authorize, why);
	if (e == OK)
		e = take_address(j, "token_endpoint", plain, p.token, why);
	if (e == OK)
		e = take_address(j, "jwks_uri", plain, p.keys, why);
	if (e != OK)
		return e;
	p.says_iss =
		json_true(json_get(j, "authorization_response_iss_parameter_supported"));
	*ret_provider = p;
	return OK;
}

static enum err know(
	struct oidc *o, int64_t now, struct provider *ret_provider, struct why *why)
{
	enum err e = OK;
	(void)pthread_mutex_lock(&o->lock);
	/* A clock that was set back makes nothing last longer. */
	bool known = o->known && now >= o->known && now - o->known < KNOWN_SECONDS;
	if (!known && now >= o->failed && now - o->failed < REST_SECONDS) {
		e = err_why(why, ERR_IO, "the provider failed a moment ago");
	} else if (!known) {
		e = learn(o->config->issuer, &o->provider, why);
		o->known = e == OK ? now : 0;
		o->failed = e == OK ? 0 : now;
	}
	if (e == OK)
		*ret_provider = o->provider;
	(void)pthread_mutex_unlock(&o->lock);
	return e;
}

static void seal_way(const struct oidc *o, const struct way *way, struct buf *ret_cookie)
{
	uint8_t sealed[SEALED];
	char text[COOKIE + 1];
	secret_random(sealed, SECRET_NONCE);
	secret_seal(o->key, sizeof o->key, sealed, o->bound.data, o->bound.len,
		(const uint8_t *)way, sizeof *way, sealed + SECRET_NONCE);
	secret_base64url(sealed, sizeof sealed, text);
	buf_add(ret_cookie, text, COOKIE);
}

static enum err open_way(const struct oidc *o, int64_t now, const char *cookie,
	struct way *way, struct why *why)
{
	uint8_t sealed[SEALED];
	size_t len;
	if (!cookie)
		return err_why(why, ERR_INPUT, "the browser did not begin to sign in");
	if (strlen(cookie) != COOKIE ||
		!secret_unbase64url(cookie, COOKIE, sealed, &len) || len != SEALED ||
		secret_open(o->key, sizeof o->key, sealed, o->bound.data, o->bound.len,
			sealed + SECRET_NONCE, sizeof *way, (uint8_t *)way) != OK)
		return err_why(why, ERR_INPUT, "the browser's cookie is not ours");
	if (now < way->begun || now - way->begun >= OIDC_SECONDS)
		return err_why(why, ERR_INPUT, "the browser took too long to come back");
	return OK;
}

static void add_field(struct buf *b, const char *name, const char *value)
{
	buf_format(b, "&%s=", name);
	form_encode(b, value);
}

static void add_random(struct buf *b, const char *name, const uint8_t bytes[RANDOM])
{
	char text[RANDOM_TEXT];
	secret_base64url(bytes, RANDOM, text);
	add_field(b, name, text);
	secret_wipe(text, sizeof text);
}

/* RFC 7636, 4.2: the hash is of the verifier's text. */
static void challenge_of(const struct way *way, uint8_t out[static RANDOM])
{
	char text[RANDOM_TEXT];
	secret_base64url(way->verifier, RANDOM, text);
	secret_sha256(text, strlen(text), out);
	secret_wipe(text, sizeof text);
}

static void add_location(const struct oidc *o, const struct provider *p,
	const struct way *way, struct buf *b)
{
	uint8_t challenge[RANDOM];
	challenge_of(way, challenge);
	buf_format(b, "%s%cresponse_type=code", p->authorize,
		strchr(p->authorize, '?') ? '&' : '?');
	add_field(b, "client_id", o->config->client);
	add_field(b, "redirect_uri", buf_string(&o->back));
	add_field(b, "scope", o->config->scope);
	add_random(b, "state", way->state);
	add_random(b, "nonce", way->nonce);
	add_random(b, "code_challenge", challenge);
	add_field(b, "code_challenge_method", "S256");
	if (*o->config->acr)
		add_field(b, "acr_values", o->config->acr);
	if (way->again)
		buf_text(b, "&prompt=login&max_age=0");
}

enum err oidc_begin(struct oidc *o, int64_t now, const char *next,
	const uint8_t again[ACCOUNTS_HASH], struct buf *ret_location,
	struct buf *ret_cookie, struct why *why)
{
	struct provider provider;
	struct way way;
	memset(&way, 0, sizeof way); /* the gaps between the members too */
	if (strlen(next) >= sizeof way.next)
		return err_why(why, ERR_INPUT, "the page to go to is too long");
	enum err e = know(o, now, &provider, why);
	if (e != OK)
		return e;
	way.begun = now;
	secret_random(way.state, sizeof way.state);
	secret_random(way.nonce, sizeof way.nonce);
	secret_random(way.verifier, sizeof way.verifier);
	way.again = again;
	if (again)
		memcpy(way.subject, again, sizeof way.subject);
	memcpy(way.next, next, strlen(next));
	add_location(o, &provider, &way, ret_location);
	seal_way(o, &way, ret_cookie);
	secret_wipe(&way, sizeof way);
	return OK;
}

/* The browser comes back from where it was sent, by the one who was sent. */
static enum err check_state(const struct way *way, const char *state, struct why *why)
{
	char expected[RANDOM_TEXT];
	secret_base64url(way->state, RANDOM, expected);
	if (!state || strlen(state) != RANDOM_TEXT - 1 ||
		!secret_equal(state, expected, RANDOM_TEXT - 1))
		return err_why(why, ERR_INPUT, "the state is of another sign-in");
	return OK;
}

static enum err check_back(const struct oidc *o, const struct provider *p,
	const char *code, const char *error, const char *iss, struct why *why)
{
	if (iss ? strcmp(iss, o->config->issuer) != 0 : p->says_iss)
		return err_why(why, ERR_INPUT, "the browser comes from another provider");
	if (error)
		return err_why(
			why, ERR_INPUT, "the provider refused: %s", error_word(error));
	if (!code || !*code)
		return err_why(
			why, ERR_INPUT, "the provider gave neither code nor error");
	return OK;
}

static enum err exchange(const struct oidc *o, const struct provider *p,
	const struct way *way, const char *code, struct json **ret_reply, struct why *why)
{
	auto_(buf) struct buf body = { 0 };
	bool secret = o->secret.len > 0;
	buf_text(&body, "grant_type=authorization_code");
	add_field(&body, "client_id", o->config->client);
	add_field(&body, "redirect_uri", buf_string(&o->back));
	add_field(&body, "code", code);
	add_random(&body, "code_verifier", way->verifier);
	struct fetch_request request = { .method = "POST",
		.url = p->token,
		.user = secret ? buf_string(&o->client) : NULL,
		.password = secret ? buf_string(&o->secret) : NULL,
		.type = "application/x-www-form-urlencoded",
		.body = buf_string(&body),
		.body_len = body.len };
	return ask(&request, "token endpoint", ret_reply, why);
}

/* The keys are fetched each time: one that the provider has changed or taken back is
 * known at once. */
static enum err read_claims(const struct oidc *o, const struct provider *p, int64_t now,
	const struct way *way, const char *token, struct json **ret_claims,
	struct why *why)
{
	auto_(json) struct json *keys = NULL;
	const struct staff_config *c = o->config;
	char nonce[RANDOM_TEXT];
	if (!token)
		return err_why(why, ERR_IO,
			"the provider's token endpoint gives no ID token: is openid in [oidc] scope?");
	struct fetch_request request = { .method = "GET", .url = p->keys };
	enum err e = ask(&request, "key set", &keys, why);
	if (e != OK)
		return e;
	secret_base64url(way->nonce, RANDOM, nonce);
	const struct jwt_expected expected = { (enum staff_algorithm)c->algorithm,
		c->issuer, c->client, nonce, now, way->again ? way->begun : 0, c->acr,
		c->amr };
	return jwt_read(token, keys, &expected, ret_claims, why) == OK ? OK : ERR_INPUT;
}

static void take_name(const struct json *claim, const uint8_t subject[ACCOUNTS_HASH],
	char out[static ACCOUNTS_NAME])
{
	const char *text = json_text(claim);
	char hash[11];
	auto_(free) char *name = mem_text(text ? text : "");
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	secret_hex(subject, 5, hash);
	if (accounts_is_name(name))
		(void)snprintf(out, ACCOUNTS_NAME, "%s", name);
	else
		(void)snprintf(out, ACCOUNTS_NAME, "oidc-%s", hash);
}

/* Whole characters, as many as have room; no control characters (U+0080 to U+009F are
 * such too). */
static void take_full(const struct json *claim, char out[static ACCOUNTS_FULL])
{
	const char *text = json_text(claim);
	const uint8_t *p = (const uint8_t *)(text ? text : "");
	size_t used = 0, step;
	for (; *p; p += step) {
		bool control = *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);
		for (step = 1; (p[step] & 0xc0) == 0x80;)
			step++;
		if (used + step >= ACCOUNTS_FULL)
			break;
		if (!control) {
			memcpy(out + used, p, step);
			used += step;
		}
	}
	out[used] = '\0';
}

static void take_subject(const struct oidc *o, const struct json *claims,
	uint8_t out[static ACCOUNTS_HASH])
{
	auto_(buf) struct buf b = { 0 };
	buf_format(&b, "%s%c%s", o->config->issuer, '\0',
		json_text(json_get(claims, "sub")));
	secret_sha256(b.data, b.len, out);
}

static enum err take_person(const struct oidc *o, const struct json *claims,
	const struct way *way, struct oidc_person *person, struct why *why)
{
	struct account *a = &person->account;
	const char *refused;
	take_subject(o, claims, person->subject);
	person->again = way->again;
	memcpy(person->next, way->next, sizeof person->next);
	if (way->again && !secret_equal(person->subject, way->subject, ACCOUNTS_HASH))
		return err_why(why, ERR_INPUT,
			"another person than the one who is signed in came back");
	take_name(json_get(claims, o->config->name_claim), person->subject, a->name);
	take_full(json_get(claims, "name"), a->full);
	if (!*a->full)
		memcpy(a->full, a->name, sizeof a->name);
	a->federated = a->active = true;
	if (groups_apply(o->groups, json_get(claims, o->config->claim), a, &refused))
		return OK;
	return err_why(why, ERR_CONFLICT, "%s%s%s",
		refused ? "the group " : "no group gives a role", refused ? refused : "",
		refused ? " refuses" : "");
}

enum err oidc_end(struct oidc *o, int64_t now, const char *code, const char *state,
	const char *iss, const char *error, const char *cookie,
	struct oidc_person *ret_person, struct why *why)
{
	auto_(json) struct json *reply = NULL, *claims = NULL;
	struct provider provider;
	struct way way = { 0 };
	struct oidc_person person = { 0 };
	enum err e = open_way(o, now, cookie, &way, why);
	if (e == OK)
		e = check_state(&way, state, why);
	if (e == OK)
		e = know(o, now, &provider, why);
	if (e == OK)
		e = check_back(o, &provider, code, error, iss, why);
	if (e == OK)
		e = exchange(o, &provider, &way, code, &reply, why);
	if (e == OK)
		e = read_claims(o, &provider, now, &way,
			json_text(json_get(reply, "id_token")), &claims, why);
	if (e == OK)
		e = take_person(o, claims, &way, &person, why);
	if (e == OK)
		*ret_person = person;
	secret_wipe(&way, sizeof way);
	return e;
}
