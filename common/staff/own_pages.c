/* What everyone who is signed in can do about their own account. */
#include "common/clock.h"
#include "inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The second factor, once more. */

/* What was to be sent goes along, so that nothing must be typed again. */
static void keep_fields(const struct form *f, struct buf *b)
{
	for (size_t i = 0; i < f->count; i++) {
		const char *name = f->fields[i].name;
		if (strcmp(name, "csrf") == 0 || strcmp(name, "code") == 0 ||
			strncmp(name, "confirm", 7) == 0)
			continue;
		html_around(b, "<input type=\"hidden\" name=\"", name, "\"");
		html_around(b, " value=\"", f->fields[i].value, "\">\n");
	}
}

static void ask(struct staff *s, struct http_request *r, unsigned status,
	const char *path, bool post, const char *fault)
{
	const struct account *who = staff_who(r);
	struct buf b = { 0 };
	staff_page(s, r, &b, "Bekräfta att det är du", "Confirm that it is you");
	if (who->federated) {
		staff_say(r, &b,
			"<p>Det här kräver att du nyss har legitimerat dig. Logga in en gång till, "
			"och gör sedan om det du skulle göra.</p>\n",
			"<p>This needs you to have shown who you are just now. Sign in once more, "
			"then redo what you were about to do.</p>\n");
		staff_provider_link(s, &b, post ? "/" : path, true);
	} else {
		staff_say(r, &b,
			"<p>Det här kräver en ny kod. Skriv de sex siffrorna som appen visar nu.</p>\n",
			"<p>This needs a new code. Type the six digits that the app shows now.</p>\n");
		staff_form_begin(r, &b, "/staff/confirm");
		html_around(&b, "<input type=\"hidden\" name=\"confirm\" value=\"", path,
			"\">\n");
		if (post)
			keep_fields(staff_form(r), &b);
		staff_code_field(r, &b, fault);
		html_around(&b,
			"<p><button type=\"submit\" name=\"confirm-way\" value=\"",
			post ? "post" : "get", "\">");
		staff_say(r, &b, "Bekräfta</button></p>\n</form>\n",
			"Confirm</button></p>\n</form>\n");
	}
	staff_page_reply(r, status, &b);
}

void confirm_page(struct http_request *r, void *context)
{
	bool post = strcmp(http_method(r), "POST") == 0;
	bool own = strcmp(http_path(r), "/staff/confirm") == 0;
	ask(context, r, own ? 200 : 403, own ? "/" : guard_next(http_target(r)), post,
		NULL);
}

/* Guesses at the code wait as those at the sign-in do. */
static bool may_try(struct staff *s, struct http_request *r, struct throttle_try *ret_try)
{
	*ret_try = (struct throttle_try){
		.name = arena_format(http_arena(r), "confirm %s", staff_who(r)->name),
		.address = guard_address(s, r),
	};
	int64_t ticks = clock_ticks();
	if (throttle_wait(s->throttle, ret_try, ticks) > 0)
		return false;
	throttle_failed(s->throttle, ret_try, ticks);
	return true;
}

static enum err check_code(struct staff *s, struct http_request *r, bool *ret_right)
{
	struct accounts_secrets secrets;
	int64_t account = staff_who(r)->id;
	*ret_right = false;
	enum err e = accounts_secrets(s->accounts, account, &secrets);
	if (e == OK)
		e = second_factor_use(s, account, &secrets, staff_typed(r, "code"),
			clock_now(), ret_right);
	secret_wipe(&secrets, sizeof secrets);
	return e;
}

void confirm_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	const char *path = guard_next(staff_typed(r, "confirm"));
	bool post = strcmp(staff_typed(r, "confirm-way"), "post") == 0, right = false;
	struct throttle_try try;
	if (!may_try(s, r, &try)) {
		ask(s, r, 429, path, post,
			staff_word(r,
				"Flera försök misslyckades. Vänta en minut och försök igen.",
				"Several tries failed. Wait a minute, then try again."));
		return;
	}
	if (check_code(s, r, &right) != OK) {
		staff_unavailable(s, r);
		return;
	}
	/* A query is nobody's business. */
	if (!staff_audit(s, r, right ? AUDIT_CONFIRMED : AUDIT_CONFIRM_REFUSED,
		    arena_text(http_arena(r), path, strcspn(path, "?"))))
		return;
	if (!right) {
		ask(s, r, 403, path, post,
			staff_word(r,
				"Koden stämmer inte, eller har redan använts. Vänta tills appen "
				"visar nästa.",
				"The code is not right, or has been used. Wait until the app shows "
				"the next."));
		return;
	}
	if (accounts_session_second(
		    s->accounts, staff_visit(r)->session.hash, clock_now()) != OK) {
		staff_unavailable(s, r);
		return;
	}
	throttle_passed(s->throttle, &try);
	http_set_header(r, "Location", path);
	/* 307: the browser sends the same fields once more, to where they were going. */
	http_reply_static(r, post ? 307 : 303, NULL, "", 0);
}

/* One's own account. */

static void session_row(
	struct http_request *r, struct buf *b, const struct accounts_session *session)
{
	bool this = secret_equal(
		session->hash, staff_visit(r)->session.hash, sizeof session->hash);
	char hash[2 * ACCOUNTS_HASH + 1];
	html_around(b, "<tr><th scope=\"row\">", session->agent, "</th><td>");
	staff_moment(b, session->made);
	html_raw(b, "</td><td>");
	staff_moment(b, session->seen);
	html_raw(b, "</td><td>");
	if (this) {
		staff_say(r, b, "Den här", "This one");
	} else {
		secret_hex(session->hash, sizeof session->hash, hash);
		staff_form_begin(r, b, "/staff/account/session");
		html_around(b,
			"<button type=\"submit\" class=\"quiet\" name=\"session\" value=\"",
			hash, "");
		staff_say(r, b, "\">Avsluta</button></form>", "\">End</button></form>");
	}
	html_raw(b, "</td></tr>\n");
}

static enum err sessions_table(struct staff *s, struct http_request *r, struct buf *b)
{
	static const struct staff_column columns[] = {
		{ "Webbläsare", "Browser", false },
		{ "Sedan", "Since", false },
		{ "Senast använd", "Last used", false },
		{ "Avsluta", "End", false },
	};
	const char *heading =
		staff_word(r, "Där du är inloggad", "Where you are signed in");
	struct accounts_session *all = NULL;
	size_t count = 0;
	int64_t now = clock_now();
	enum err e = accounts_sessions(s->accounts, staff_who(r)->id, &all, &count);
	if (e != OK)
		return e;
	html_around(b, "<h2>", heading, "</h2>\n");
	staff_table(r, b, heading, ROWS(columns));
	for (size_t i = 0; i < count; i++)
		if (guard_is_alive(&all[i], now))
			session_row(r, b, &all[i]);
	staff_table_end(b);
	free(all);
	staff_say(r, b,
		"<p class=\"hint\">En inloggning slutar av sig själv efter 15 minuter utan "
		"användning, och senast efter 8 timmar.</p>\n",
		"<p class=\"hint\">A session ends by itself after 15 minutes without use, and after "
		"8 hours at the latest.</p>\n");
	return OK;
}

static void own_secrets(struct http_request *r, struct buf *b)
{
	staff_say(r, b,
		"<h2>Lösenord</h2>\n<p><a href=\"/staff/account/password\">Byt lösenord</a></p>\n"
		"<h2>Återställningskoder</h2>\n<p>Oanvända: ",
		"<h2>Password</h2>\n<p><a href=\"/staff/account/password\">Change the password</a></p>\n"
		"<h2>Recovery codes</h2>\n<p>Unused: ");
	html_number(b, staff_who(r)->recovery_left);
	html_raw(b, "</p>\n");
	staff_form_begin(r, b, "/staff/account/recovery");
	staff_say(r, b,
		"<p><button type=\"submit\" class=\"quiet\">Gör nya koder</button> <span class=\"hint\">De gamla "
		"slutar gälla.</span></p>\n</form>\n",
		"<p><button type=\"submit\" class=\"quiet\">Make new codes</button> <span class=\"hint\">The old "
		"ones are no longer valid.</span></p>\n</form>\n");
}

void own_page(struct http_request *r, void *context)
{
	struct staff *s = context;
	const struct account *who = staff_who(r);
	struct buf b = { 0 }, roles = { 0 };
	staff_page(s, r, &b, "Mitt konto", "My account");
	staff_role_names(s->site, who->roles, staff_english(r), &roles);
	html_around(&b, "<p>", who->name, "");
	html_around(&b, ": ", buf_string(&roles), "</p>\n");
	buf_clear(&roles);
	if (!who->federated)
		own_secrets(r, &b);
	if (sessions_table(s, r, &b) == OK) {
		staff_page_reply(r, 200, &b);
		return;
	}
	buf_clear(&b);
	staff_unavailable(s, r);
}

void own_session_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	uint8_t hash[ACCOUNTS_HASH];
	bool ended;
	if (!secret_unhex(staff_typed(r, "session"), hash, sizeof hash)) {
		staff_go(r, "/staff/account");
		return;
	}
	if (!staff_audit(s, r, AUDIT_SESSION_ENDED, "another session"))
		return;
	if (accounts_session_end(s->accounts, staff_who(r)->id, hash, &ended) == OK)
		staff_go(r, "/staff/account");
	else
		staff_unavailable(s, r);
}

void own_recovery_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	char codes[TOTP_RECOVERY_COUNT][TOTP_RECOVERY_TEXT];
	uint8_t hashes[TOTP_RECOVERY_COUNT][ACCOUNTS_HASH];
	struct buf b = { 0 };
	if (staff_who(r)->federated) {
		staff_go(r, "/staff/account");
		return;
	}
	if (!staff_audit(s, r, AUDIT_RECOVERY_RENEWED, "own"))
		return;
	second_factor_recovery(s, codes, hashes);
	if (accounts_recovery(s->accounts, staff_who(r)->id,
		    (const uint8_t(*)[ACCOUNTS_HASH])hashes, TOTP_RECOVERY_COUNT) != OK) {
		staff_unavailable(s, r);
	} else {
		staff_page(s, r, &b, "Nya återställningskoder", "New recovery codes");
		staff_recovery_codes(r, &b, codes);
		staff_page_reply(r, 200, &b);
	}
	secret_wipe(codes, sizeof codes);
}

/* Another password. */

struct change {
	const char *old, *new;
	struct accounts_secrets secrets;
	struct throttle_try try;
	bool right;
	char hashed[PASSWORD_HASH];
};

static void ask_password(
	struct staff *s, struct http_request *r, unsigned status, const char *fault)
{
	const struct account *who = staff_who(r);
	struct buf b = { 0 };
	staff_page(s, r, &b, "Byt lösenord", "Change the password");
	if (who->must_change)
		staff_say(r, &b,
			"<p>Du behöver välja ett nytt lösenord innan du går vidare.</p>\n",
			"<p>You need to choose a new password before you go on.</p>\n");
	staff_form_begin(r, &b, "/staff/account/password");
	staff_password_fields(r, &b, who->name, fault);
	staff_say(r, &b, "<p><label for=\"old\">Ditt lösenord i dag</label>\n",
		"<p><label for=\"old\">Your password today</label>\n");
	html_raw(&b, "<input id=\"old\" name=\"old\" type=\"password\" "
		     "autocomplete=\"current-password\" required></p>\n");
	staff_say(r, &b,
		"<p><button type=\"submit\">Byt lösenord</button></p>\n</form>\n",
		"<p><button type=\"submit\">Change the password</button></p>\n</form>\n");
	staff_page_reply(r, status, &b);
}

void own_password_page(struct http_request *r, void *context)
{
	if (staff_who(r)->federated)
		staff_go(r, "/staff/account");
	else
		ask_password(context, r, 200, NULL);
}

static void exchange(void *job)
{
	struct change *c = job;
	c->right = password_verify(c->old, c->secrets.password);
	if (c->right)
		password_hash(c->new, c->hashed);
}

static void exchanged(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct change *c = http_note(r);
	secret_wipe(&c->secrets, sizeof c->secrets);
	if (!c->right) {
		ask_password(s, r, 403,
			staff_word(r, "Ditt lösenord i dag stämmer inte.",
				"Your password today is not right."));
		return;
	}
	throttle_passed(s->throttle, &c->try);
	if (!staff_audit(s, r, AUDIT_PASSWORD_CHANGED, "own"))
		return;
	if (accounts_password(s->accounts, staff_who(r)->id, c->hashed,
		    staff_visit(r)->session.hash) == OK)
		staff_message(s, r, 200, "Lösenordet är bytt", "The password is changed",
			"Dina andra inloggningar är avslutade.",
			"Your other sessions have been ended.");
	else
		staff_unavailable(s, r);
}

void own_password_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	const struct account *who = staff_who(r);
	struct change *c = arena_alloc(http_arena(r), sizeof *c);
	const char *fault = staff_new_password(r, who->name, &c->new);
	const char *busy = staff_word(r, "Det går inte just nu. Försök igen om en minut.",
		"Not possible just now. Try again in a minute.");
	c->old = staff_typed(r, "old");
	if (fault)
		ask_password(s, r, 422, fault);
	else if (strcmp(c->old, c->new) == 0)
		ask_password(s, r, 422,
			staff_word(r, "Det nya lösenordet är detsamma som det gamla.",
				"The new password is the same as the old."));
	else if (accounts_secrets(s->accounts, who->id, &c->secrets) != OK)
		staff_unavailable(s, r);
	else if (!may_try(s, r, &c->try))
		ask_password(s, r, 429, busy);
	else if (!slow_do(s->slow, r, exchange, c, exchanged))
		ask_password(s, r, 503, busy);
}
