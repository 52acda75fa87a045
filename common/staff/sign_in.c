#include "common/clock.h"
#include "common/log.h"
#include "inside.h"
#include <string.h>

enum { DEVICE_SECONDS = 365 * 24 * 3600, DEVICE_RANDOM = 16, DEVICE_MAC = 16 };

/* What a try is judged by; in the request's arena, which is overwritten afterwards. */
struct
try {
	struct throttle_try from;
	const char *password;
	const char *code;
	const char *next;
	bool known; /* there is such an account, and it is active */
	struct account account;
	struct accounts_secrets secrets;
	bool right; /* the password */
};

/* The cookie of a device that has signed in to the account before: random bytes and a MAC
 * over them and the name. */
static void device_make(const struct staff *s, const char *name,
	const uint8_t salt[static DEVICE_RANDOM], char out[static 44])
{
	uint8_t whole[DEVICE_RANDOM + 32];
	struct buf b = { 0 };
	buf_add(&b, salt, DEVICE_RANDOM);
	buf_text(&b, name);
	memcpy(whole, salt, DEVICE_RANDOM);
	secret_hmac(s->keys.device, sizeof s->keys.device, b.data, b.len,
		whole + DEVICE_RANDOM);
	secret_base64url(whole, DEVICE_RANDOM + DEVICE_MAC, out);
	buf_clear(&b);
}

static const char *device_of(struct staff *s, struct http_request *r, const char *name)
{
	uint8_t raw[DEVICE_RANDOM + DEVICE_MAC];
	char right[44];
	size_t len;
	const char *cookie = http_cookie(r, s->device_cookie);
	if (!cookie || strlen(cookie) != 43 || !secret_unbase64url(cookie, 43, raw, &len))
		return NULL;
	device_make(s, name, raw, right);
	return secret_equal(cookie, right, 43) ? cookie : NULL;
}

static void remember_device(struct staff *s, struct http_request *r, const char *name)
{
	uint8_t salt[DEVICE_RANDOM];
	char text[44];
	secret_random(salt, sizeof salt);
	device_make(s, name, salt, text);
	guard_set_cookie(r, s->device_cookie, text, DEVICE_SECONDS);
}

/* The page. */

static void show(struct staff *s, struct http_request *r, unsigned status,
	const char *next, const char *fault)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Logga in", "Sign in");
	staff_fault(&b, fault);
	if (s->oidc)
		staff_provider_link(s, &b, next, false);
	if (s->config->local) {
		staff_form_begin(r, &b, "/staff/sign-in");
		html_around(&b, "<input type=\"hidden\" name=\"next\" value=\"", next,
			"\">\n");
		staff_say(r, &b, "<p><label for=\"name\">Användarnamn</label>\n",
			"<p><label for=\"name\">User name</label>\n");
		html_raw(&b,
			"<input id=\"name\" type=\"text\" name=\"name\" autocomplete=\"username\" "
			"autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"64\" required");
		if (!s->oidc)
			html_raw(&b, " autofocus");
		staff_say(r, &b, "></p>\n<p><label for=\"password\">Lösenord</label>\n",
			"></p>\n<p><label for=\"password\">Password</label>\n");
		html_raw(&b, "<input id=\"password\" name=\"password\" type=\"password\" "
			     "autocomplete=\"current-password\" required></p>\n");
		staff_say(r, &b,
			"<p><label for=\"code\">Kod</label>\n"
			"<span class=\"hint\" id=\"code-hint\">De sex siffrorna i din app, eller en "
			"återställningskod.</span>\n",
			"<p><label for=\"code\">Code</label>\n"
			"<span class=\"hint\" id=\"code-hint\">The six digits in your app, or a "
			"recovery code.</span>\n");
		html_raw(&b,
			"<input id=\"code\" type=\"text\" name=\"code\" autocomplete=\"one-time-code\" "
			"aria-describedby=\"code-hint\" maxlength=\"20\" required></p>\n");
		staff_say(r, &b,
			"<p><button type=\"submit\">Logga in</button></p>\n</form>\n",
			"<p><button type=\"submit\">Sign in</button></p>\n</form>\n");
	}
	staff_page_reply(r, status, &b);
}

void sign_in_page(struct http_request *r, void *context)
{
	const char *next = guard_next(http_query(r, "next"));
	if (staff_who(r))
		staff_go(r, next);
	else
		show(context, r, 200, next, NULL);
}

/* Passwords. */

static void refuse(
	struct staff *s, struct http_request *r, const struct try *t, const char *reason)
{
	/* People type passwords into the field for the name: one that nobody has is not
	 * kept. */
	const char *who = t->known ? t->account.name : "-";
	if (audit_add(s->audit, clock_now(), who, AUDIT_SIGN_IN_REFUSED, reason) != OK) {
		staff_unavailable(s, r);
		return;
	}
	show(s, r, 403, t->next,
		staff_word(r,
			"Namnet, lösenordet eller koden stämmer inte. Koden gäller i en halv "
			"minut och kan användas en gång.",
			"The name, password or code is not right. A code is good for half a "
			"minute and can be used once."));
}

static void verify(void *job)
{
	struct try *t = job;
	t->right = password_verify(t->password, t->known ? t->secrets.password : NULL);
}

/* The password may have been changed, or the account reset, while it was hashed. */
static enum err still_right(struct staff *s, struct try *t)
{
	struct accounts_secrets now;
	enum err e = accounts_secrets(s->accounts, t->account.id, &now);
	t->right = e == OK && strcmp(now.password, t->secrets.password) == 0;
	if (e == OK)
		t->secrets = now;
	secret_wipe(&now, sizeof now);
	return e == ERR_NOT_FOUND ? OK : e;
}

static void judge(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct try *t = http_note(r);
	bool right = false;
	enum err e = OK;
	if (t->known && t->right)
		e = still_right(s, t);
	if (e == OK && t->known && t->right)
		e = second_factor_use(
			s, t->account.id, &t->secrets, t->code, clock_now(), &right);
	secret_wipe(&t->secrets, sizeof t->secrets);
	if (e == OK && !right) {
		refuse(s, r, t, t->right ? "code" : "password");
		return;
	}
	if (e == OK)
		e = guard_begin(s, r, t->account.name, t->account.id, false);
	if (e != OK) {
		staff_unavailable(s, r);
		return;
	}
	throttle_passed(s->throttle, &t->from);
	remember_device(s, r, t->account.name);
	staff_go(r, t->next);
}

static char *typed_name(struct http_request *r)
{
	char *name = arena_format(http_arena(r), "%s", staff_typed(r, "name"));
	size_t len = strlen(name);
	while (len && name[len - 1] == ' ')
		name[--len] = '\0';
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

static void wait_first(
	struct staff *s, struct http_request *r, const char *next, int64_t wait)
{
	struct arena *a = http_arena(r);
	int seconds = (int)((wait + 999) / 1000);
	http_set_header(r, "Retry-After", arena_format(a, "%d", seconds));
	show(s, r, 429, next,
		staff_english(r)
			? arena_format(a,
				  "Several tries failed. Wait %d seconds, then try again.",
				  seconds)
			: arena_format(a,
				  "Flera försök misslyckades. Vänta %d sekunder och försök sedan igen.",
				  seconds));
}

static void too_many(struct staff *s, struct http_request *r, const char *next)
{
	http_set_header(r, "Retry-After", "10");
	show(s, r, 503, next,
		staff_word(r, "Många loggar in just nu. Försök igen om tio sekunder.",
			"Many are signing in just now. Try again in ten seconds."));
}

/* A name that nobody has takes the same way as any other. */
static enum err look_up(struct staff *s, struct try *t)
{
	enum err e = accounts_find(s->accounts, t->from.name, &t->account);
	if (e == OK)
		e = accounts_secrets(s->accounts, t->account.id, &t->secrets);
	t->known = e == OK;
	return e == ERR_NOT_FOUND ? OK : e;
}

void sign_in_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct try *t = arena_alloc(http_arena(r), sizeof *t);
	t->from.name = typed_name(r);
	t->from.address = guard_address(s, r);
	t->from.device = device_of(s, r, t->from.name);
	t->password = staff_typed(r, "password");
	t->code = staff_typed(r, "code");
	t->next = guard_next(staff_typed(r, "next"));
	if (!s->config->local) {
		show(s, r, 403, t->next, NULL);
		return;
	}
	int64_t ticks = clock_ticks();
	int64_t wait = throttle_wait(s->throttle, &t->from, ticks);
	if (wait > 0) {
		wait_first(s, r, t->next, wait);
		return;
	}
	if (look_up(s, t) != OK) {
		staff_unavailable(s, r);
		return;
	}
	throttle_failed(s->throttle, &t->from, ticks);
	if (!slow_do(s->slow, r, verify, t, judge))
		too_many(s, r, t->next);
}

void sign_out_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	if (!staff_audit(s, r, AUDIT_SIGNED_OUT, "this session"))
		return;
	if (guard_end(s, r) != OK)
		staff_unavailable(s, r);
	else
		staff_go(r, "/staff/sign-in");
}

/* The identity provider. */

struct way {
	struct oidc *oidc;
	int64_t now;
	const char *next, *code, *state, *error, *issuer, *cookie;
	bool again; /* for who is signed in */
	uint8_t subject[ACCOUNTS_HASH];
	struct buf location, out; /* of the way out */
	struct oidc_person person;
	enum err e;
	struct why why;
};

static void ask_provider(void *job)
{
	struct way *w = job;
	w->e = oidc_begin(w->oidc, w->now, w->next, w->again ? w->subject : NULL,
		&w->location, &w->out, &w->why);
}

static void provider_failed(struct staff *s, struct http_request *r, const struct way *w)
{
	log_error("staff: %s", w->why.text);
	staff_message(s, r, 502, "Inloggningen svarar inte",
		"The sign-in does not answer",
		"Stadens inloggning svarar inte som den ska. Försök igen om en stund.",
		"The city's sign-in does not answer as it should. Try again in a while.");
}

static void send_out(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct way *w = http_note(r);
	struct arena *a = http_arena(r);
	if (w->e != OK) {
		provider_failed(s, r, w);
	} else {
		guard_set_cookie(r, s->way_cookie,
			arena_text(a, buf_string(&w->out), w->out.len), OIDC_SECONDS);
		staff_go(r, arena_text(a, buf_string(&w->location), w->location.len));
	}
	buf_clear(&w->location);
	buf_clear(&w->out);
}

void sign_in_out(struct http_request *r, void *context)
{
	struct staff *s = context;
	const char *next = guard_next(http_query(r, "next"));
	struct way *w = arena_alloc(http_arena(r), sizeof *w);
	*w = (struct way){ .oidc = s->oidc, .now = clock_now(), .next = next };
	w->again = http_query(r, "again") && staff_who(r) && staff_who(r)->federated;
	if (!s->oidc)
		staff_go(r, "/staff/sign-in");
	else if (w->again &&
		 accounts_subject(s->accounts, staff_who(r)->id, w->subject) != OK)
		staff_unavailable(s, r);
	else if (!slow_do(s->slow, r, ask_provider, w, send_out))
		too_many(s, r, next);
}

static void come_back(void *job)
{
	struct way *w = job;
	w->e = oidc_end(w->oidc, w->now, w->code, w->state, w->issuer, w->error,
		w->cookie, &w->person, &w->why);
}

static void refused_back(struct staff *s, struct http_request *r, const struct way *w)
{
	if (audit_add(s->audit, clock_now(), "-", AUDIT_SIGN_IN_REFUSED,
		    "identity provider") != OK) {
		staff_unavailable(s, r);
		return;
	}
	log_warning("staff: sign-in refused: %s", w->why.text);
	if (w->e == ERR_CONFLICT)
		staff_message(s, r, 403, "Du har ingen uppgift här",
			"You have no task here",
			"Stadens inloggning känner dig, men du har ingen behörighet i det här "
			"programmet. Ingen får ha behörighet både här och i det andra programmet: "
			"ingen ska kunna se både vem som fick frågan och vad som svarades.",
			"The city's sign-in knows you, but you have no role in this program. Nobody "
			"may have one both here and in the other program: no person should see "
			"both who was asked and what was answered.");
	else
		staff_message(s, r, 403, "Inloggningen gick inte", "The sign-in failed",
			"Inloggningen gick inte att bekräfta, eller tog för lång tid. Börja om från "
			"startsidan.",
			"The sign-in could not be confirmed, or took too long. Begin again from the "
			"start page.");
}

/* Shown once more: the same person in the same session, whose second factor is fresh. */
static enum err confirmed(
	struct staff *s, struct http_request *r, int64_t account, bool *ret_same)
{
	struct staff_visit *v = staff_visit(r);
	*ret_same = v->signed_in && v->account.id == account;
	if (!*ret_same)
		return OK;
	enum err e = audit_add(s->audit, clock_now(), v->account.name, AUDIT_CONFIRMED,
		"identity provider");
	return e ? e : accounts_session_second(s->accounts, v->session.hash, clock_now());
}

static void let_in(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct way *w = http_note(r);
	struct oidc_person *p = &w->person;
	int64_t account = 0;
	bool same = false;
	guard_set_cookie(r, s->way_cookie, "", 0);
	if (w->e == ERR_IO) {
		provider_failed(s, r, w);
		return;
	}
	if (w->e == OK) {
		p->account.made = w->now;
		w->e = accounts_federate(s->accounts, p->subject, &p->account, &account);
		if (w->e == ERR_CONFLICT)
			(void)err_why(&w->why, OK, "the name is another account's");
	}
	if (w->e == ERR_INPUT || w->e == ERR_CONFLICT) {
		refused_back(s, r, w);
		return;
	}
	if (w->e == OK && p->again)
		w->e = confirmed(s, r, account, &same);
	if (w->e == OK && !same)
		w->e = guard_begin(s, r, p->account.name, account, true);
	if (w->e == OK)
		staff_go(r, guard_next(arena_format(http_arena(r), "%s", p->next)));
	else
		staff_unavailable(s, r);
}

void sign_in_back(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct way *w = arena_alloc(http_arena(r), sizeof *w);
	*w = (struct way){ .oidc = s->oidc,
		.now = clock_now(),
		.code = http_query(r, "code"),
		.state = http_query(r, "state"),
		.issuer = http_query(r, "iss"),
		.error = http_query(r, "error"),
		.cookie = http_cookie(r, s->way_cookie) };
	if (!s->oidc)
		staff_go(r, "/staff/sign-in");
	else if (!slow_do(s->slow, r, come_back, w, let_in))
		too_many(s, r, "/");
}
