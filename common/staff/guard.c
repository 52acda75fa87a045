#include "common/accept.h"
#include "common/clock.h"
#include "common/log.h"
#include "inside.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	SEEN_SECONDS = 30, /* how exactly the last use is kept: a write each time */
	BACK_SECONDS = 5,  /* a clock that was set back further ends what it met later */
};

/* Of IPv6 the first 64 bits: whoever has one such address has them all. */
const char *guard_address(struct staff *s, struct http_request *r)
{
	const char *header = s->config->address_header;
	const char *told = *header ? http_header(r, header) : NULL;
	const char *address = told ? told : http_peer(r);
	struct in6_addr six;
	char text[INET6_ADDRSTRLEN];
	if (inet_pton(AF_INET6, address, &six) != 1)
		return address;
	memset(six.s6_addr + 8, 0, 8);
	(void)inet_ntop(AF_INET6, &six, text, sizeof text);
	return arena_text(http_arena(r), text, strlen(text));
}

const char *guard_next(const char *path)
{
	if (!path || path[0] != '/' || path[1] == '/' || strlen(path) >= STAFF_NEXT)
		return "/";
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '\\')
			return "/";
	return path;
}

const char *guard_here(struct http_request *r)
{
	bool post = strcmp(http_method(r), "POST") == 0;
	return guard_next(post ? "/" : http_target(r));
}

void guard_set_cookie(
	struct http_request *r, const char *name, const char *value, int seconds)
{
	struct arena *a = http_arena(r);
	const char *age = seconds < 0 ? "" : arena_format(a, "; Max-Age=%d", seconds);
	/* Lax: a link in a letter, and the way back from the identity provider, bring the
	 * session along; what changes anything is a POST, which does not. */
	http_set_header(r, "Set-Cookie",
		arena_format(a, "%s=%s%s; Path=/; Secure; HttpOnly; SameSite=Lax", name,
			value, age));
}

void staff_unavailable(struct staff *s, struct http_request *r)
{
	log_error("staff: a request failed; the accounts last said: %s",
		accounts_error(s->accounts));
	http_set_header(r, "Retry-After", "10");
	staff_message(s, r, 503, "Det går inte just nu", "Not possible just now",
		"Det gick inte att läsa eller skriva det som behövs. Ingenting är ändrat. "
		"Försök igen om en stund.",
		"What is needed could not be read or written. Nothing was changed. Try again "
		"in a while.");
}

/* Sessions. */

static bool token_hash(const char *token, uint8_t hash[static ACCOUNTS_HASH])
{
	uint8_t raw[STAFF_TOKEN];
	size_t len = 0;
	if (!token || strlen(token) != STAFF_TOKEN_TEXT ||
		!secret_unbase64url(token, STAFF_TOKEN_TEXT, raw, &len))
		return false;
	secret_sha256(raw, sizeof raw, hash);
	secret_wipe(raw, sizeof raw);
	return true;
}

bool guard_is_alive(const struct accounts_session *s, int64_t now)
{
	return now >= s->seen - BACK_SECONDS && now < s->seen + STAFF_IDLE &&
	       now < s->made + STAFF_LONGEST;
}

static void prove(const struct staff *s, struct staff_visit *v)
{
	uint8_t mac[32];
	secret_hmac(s->keys.csrf, sizeof s->keys.csrf, v->session.hash,
		sizeof v->session.hash, mac);
	secret_hex(mac, STAFF_CSRF / 2, v->csrf);
}

/* OK also when nobody is signed in. */
static enum err find_session(
	struct staff *s, struct http_request *r, struct staff_visit *v)
{
	uint8_t hash[ACCOUNTS_HASH];
	bool ended;
	if (!token_hash(http_cookie(r, s->session_cookie), hash))
		return OK;
	enum err e = accounts_session(s->accounts, hash, &v->session, &v->account);
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	int64_t now = clock_now();
	if (!guard_is_alive(&v->session, now))
		return accounts_session_end(
			s->accounts, v->session.account, hash, &ended);
	v->signed_in = true;
	prove(s, v);
	if (now < v->session.seen + SEEN_SECONDS)
		return OK;
	e = accounts_session_seen(s->accounts, hash, now);
	/* Ended by another process since it was found. */
	v->signed_in = e != ERR_NOT_FOUND;
	return e == ERR_NOT_FOUND ? OK : e;
}

static const char *word_for(const char *agent, const char *const *pairs)
{
	for (; agent && pairs[0]; pairs += 2)
		if (strstr(agent, pairs[0]))
			return pairs[1];
	return "?";
}

/* Enough to know one's own devices by, and no more. */
static void name_agent(const char *agent, char out[static ACCOUNTS_AGENT])
{
	static const char *const browsers[] = { "Edg", "Edge", "OPR", "Opera", "Firefox",
		"Firefox", "Chrome", "Chrome", "Safari", "Safari", NULL };
	static const char *const systems[] = { "Android", "Android", "iPhone", "iPhone",
		"iPad", "iPad", "Windows", "Windows", "Mac OS", "Mac", "Linux", "Linux",
		NULL };
	(void)snprintf(out, ACCOUNTS_AGENT, "%s, %s", word_for(agent, browsers),
		word_for(agent, systems));
}

static enum err end_session(struct staff *s, struct staff_visit *v)
{
	bool ended;
	if (!v->signed_in)
		return OK;
	v->signed_in = false;
	return accounts_session_end(s->accounts, v->account.id, v->session.hash, &ended);
}

enum err guard_end(struct staff *s, struct http_request *r)
{
	guard_set_cookie(r, s->session_cookie, "", 0);
	return end_session(s, staff_visit(r));
}

enum err guard_begin(struct staff *s, struct http_request *r, const char *name,
	int64_t account, bool federated)
{
	int64_t now = clock_now();
	struct accounts_session new = {
		.account = account, .made = now, .seen = now, .second = now
	};
	uint8_t token[STAFF_TOKEN];
	char text[STAFF_TOKEN_TEXT + 1];
	enum err e = audit_add(s->audit, now, name, AUDIT_SIGNED_IN,
		federated ? "identity provider" : "password and code");
	if (e == OK)
		e = end_session(s, staff_visit(r));
	if (e != OK)
		return e;
	secret_random(token, sizeof token);
	secret_base64url(token, sizeof token, text);
	secret_sha256(token, sizeof token, new.hash);
	name_agent(http_header(r, "User-Agent"), new.agent);
	e = accounts_session_add(
		s->accounts, &new, now - STAFF_LONGEST, now - STAFF_IDLE);
	if (e == OK)
		guard_set_cookie(r, s->session_cookie, text, -1);
	secret_wipe(token, sizeof token);
	secret_wipe(text, sizeof text);
	return e;
}

/* Entering. */

/* A page elsewhere must not reach this one through a name of its own. */
static bool right_host(struct staff *s, struct http_request *r)
{
	const char *host = http_header(r, "Host");
	if (host && strcmp(host, s->host) == 0)
		return true;
	const char *text = arena_format(
		http_arena(r), "Sidan finns på / The page is at %s/\n", s->url);
	http_reply(r, 421, "text/plain; charset=utf-8", text, strlen(text));
	return false;
}

static enum err parse(struct http_request *r, struct staff_visit *v, int who)
{
	size_t len;
	const char *body = http_body(r, &len);
	const char *type = http_header(r, "Content-Type");
	static const char usual[] = "application/x-www-form-urlencoded";
	if (type && strncasecmp(type, usual, sizeof usual - 1) == 0)
		return form_parse(http_arena(r), body, len, &v->form);
	if (type && who & STAFF_FILE)
		return multipart_parse(
			http_arena(r), type, body, len, &v->form, &v->file);
	return ERR_INPUT;
}

static bool read_form(
	struct staff *s, struct http_request *r, struct staff_visit *v, int who)
{
	if (parse(r, v, who) == OK)
		return true;
	staff_message(s, r, 400, "Det gick inte att läsa", "Could not be read",
		"Det som skickades gick inte att läsa. Ingenting är ändrat.",
		"What was sent could not be read. Nothing was changed.");
	return false;
}

static bool same_origin(struct staff *s, struct http_request *r)
{
	const char *origin = http_header(r, "Origin");
	const char *site = http_header(r, "Sec-Fetch-Site");
	return origin && strcmp(origin, s->url) == 0 &&
	       (!site || strcmp(site, "same-origin") == 0);
}

static bool is_ours(struct staff *s, struct http_request *r, struct staff_visit *v)
{
	const char *token = form_get(&v->form, "csrf");
	if (!same_origin(s, r))
		return false;
	return !v->signed_in || (token && strlen(token) == STAFF_CSRF &&
					secret_equal(token, v->csrf, STAFF_CSRF));
}

static void refuse(struct staff *s, struct http_request *r, int who,
	const char *title_swedish, const char *title_english, const char *text_swedish,
	const char *text_english)
{
	/* What anyone may open may be an invitation's link. */
	const char *what = arena_format(http_arena(r), "%s %s", http_method(r),
		who & STAFF_ANYONE ? "before signing in" : http_path(r));
	if (!staff_who(r) || staff_audit(s, r, AUDIT_REFUSED, what))
		staff_message(s, r, 403, title_swedish, title_english, text_swedish,
			text_english);
}

static void sign_in_first(struct http_request *r)
{
	const char *path = guard_here(r);
	struct buf to = { 0 };
	buf_text(&to, "/staff/sign-in");
	if (strcmp(path, "/") != 0) {
		buf_text(&to, "?next=");
		form_encode(&to, path);
	}
	staff_go(r, arena_text(http_arena(r), buf_string(&to), to.len));
	buf_clear(&to);
}

static bool is_fresh(const struct staff_visit *v, bool post)
{
	int64_t age = clock_now() - v->session.second;
	return age >= -BACK_SECONDS &&
	       age < STAFF_FRESH_SECONDS + (post ? STAFF_SEND_SECONDS : 0);
}

static bool enter_as(struct staff *s, struct http_request *r, struct staff_visit *v,
	int who, bool post)
{
	unsigned roles = v->account.roles & STAFF_ALL_ROLES;
	if (!(who & STAFF_EVERYONE) && !((unsigned)who & roles)) {
		refuse(s, r, who, "Du har inte behörighet", "You are not permitted",
			"Sidan är för andra uppgifter än dina. Behöver du den, tala med den som "
			"sköter konton.",
			"The page is for other tasks than yours. If you need it, ask who looks "
			"after the accounts.");
		return false;
	}
	if (v->account.must_change && !(who & STAFF_UNCHANGED)) {
		staff_go(r, "/staff/account/password");
		return false;
	}
	if (who & STAFF_FRESH && !is_fresh(v, post)) {
		confirm_page(r, s);
		return false;
	}
	return true;
}

/* Who asks, as far as the headers tell; NULL: it has answered. */
static struct staff_visit *meet(struct staff *s, struct http_request *r)
{
	static const char *const offered[] = { "sv", "en" };
	struct staff_visit *v = arena_alloc(http_arena(r), sizeof *v);
	const char *language = http_cookie(r, s->language_cookie);
	v->english = language ? strcmp(language, "en") == 0
			      : accept_language(http_header(r, "Accept-Language"),
					offered, 2) == 1;
	http_set_visitor(r, v);
	if (!right_host(s, r))
		return NULL;
	if (find_session(s, r, v) == OK)
		return v;
	staff_unavailable(s, r);
	return NULL;
}

static void refuse_form(struct staff *s, struct http_request *r, int who)
{
	refuse(s, r, who, "Formuläret gäller inte längre", "The form is too old",
		"Det som skickades kom inte från den här sidan, eller från en sida som var "
		"öppen sedan förut. Ingenting är ändrat. Öppna sidan igen och gör om.",
		"What was sent did not come from this site, or from a page that was open "
		"since before. Nothing was changed. Open the page again and redo it.");
}

bool guard_enter(struct http_request *r, int who, void *context)
{
	struct staff *s = context;
	bool post = strcmp(http_method(r), "POST") == 0;
	struct staff_visit *v = meet(s, r);
	if (!v || (post && !read_form(s, r, v, who)))
		return false;
	if (!v->signed_in && !(who & STAFF_ANYONE)) {
		sign_in_first(r);
		return false;
	}
	if (post && !is_ours(s, r, v)) {
		refuse_form(s, r, who);
		return false;
	}
	return who & STAFF_ANYONE || enter_as(s, r, v, who, post);
}

/* Files. */

static bool has_room(struct staff *s, struct http_request *r, size_t len)
{
	if (len > STAFF_UPLOAD) {
		staff_message(s, r, 413, "Filen är för stor", "The file is too large",
			"Här går det att lämna filer på högst 32 MiB. Ingenting är ändrat. En "
			"större fil läser den som sköter servern in på kommandoraden.",
			"Files of at most 32 MiB can be handed in here. Nothing was changed. A "
			"larger file is read on the command line, by whoever looks after the "
			"server.");
		return false;
	}
	if (http_admitted(r) >= STAFF_UPLOADS) {
		http_set_header(r, "Retry-After", "30");
		staff_message(s, r, 503, "Andra lämnar filer just nu",
			"Others are handing in files just now",
			"Ingenting är ändrat. Försök igen om en stund.",
			"Nothing was changed. Try again in a while.");
		return false;
	}
	return true;
}

bool guard_admit(struct http_request *r, int who, size_t len, void *context)
{
	struct staff *s = context;
	const char *type = http_header(r, "Content-Type");
	if (!(who & STAFF_FILE) || !type || !multipart_is(type))
		return false;
	struct staff_visit *v = meet(s, r);
	if (!v)
		return false;
	if (!v->signed_in)
		sign_in_first(r);
	else if (!same_origin(s, r))
		refuse_form(s, r, who);
	else
		return enter_as(s, r, v, who, true) && has_room(s, r, len);
	return false;
}
