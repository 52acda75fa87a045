/* The account administrator's pages. */
#include "common/clock.h"
#include "inside.h"
#include "invite.h"
#include "rights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a form says about an account; the texts are the request's. */
struct wanted {
	struct account account;
	const char *name, *full, *administrations, *areas; /* as typed */
	const char *fault;
};

static void state_words(struct http_request *r, struct buf *b, const struct account *a)
{
	int64_t now = clock_now();
	if (a->federated)
		staff_say(r, b, "stadens inloggning", "the city's sign-in");
	else if (a->active && a->must_change)
		staff_say(r, b, "ska byta lösenord", "must change the password");
	else if (a->active)
		staff_say(r, b, "klart", "ready");
	else if (a->invited > now)
		staff_say(r, b, "inbjuden till ", "invited until ");
	else
		staff_say(r, b, "inbjudan har gått ut", "the invitation has run out");
	if (!a->federated && !a->active && a->invited > now)
		staff_moment(b, a->invited);
}

static void limits(struct http_request *r, struct buf *b, const struct account *a)
{
	if (*a->administrations)
		html_around(b, "", a->administrations, " ");
	if (*a->areas)
		html_text(b, a->areas);
	if (!*a->administrations && !*a->areas)
		staff_say(r, b, "allt", "all");
}

static void account_row(
	struct staff *s, struct http_request *r, struct buf *b, const struct account *a)
{
	auto_(buf) struct buf roles = { 0 };
	staff_role_names(s->site, a->roles, staff_english(r), &roles);
	html_around(
		b, "<tr><th scope=\"row\"><a href=\"/staff/accounts/", a->name, "\">");
	html_around(b, "", a->name, "</a></th><td class=\"text\">");
	html_around(b, "", a->full, "</td><td class=\"text\">");
	html_around(b, "", buf_string(&roles), "</td><td class=\"text\">");
	limits(r, b, a);
	html_raw(b, "</td><td class=\"text\">");
	state_words(r, b, a);
	html_raw(b, "</td><td>");
	staff_moment(b, a->signed_in);
	html_raw(b, "</td></tr>\n");
}

static enum err table(struct staff *s, struct http_request *r, struct buf *b)
{
	static const struct staff_column columns[] = {
		{ "Användarnamn", "User name", false },
		{ "Namn", "Name", true },
		{ "Uppgifter", "Roles", true },
		{ "Ser", "Sees", true },
		{ "Läge", "State", true },
		{ "Senast inloggad", "Last signed in", false },
	};
	struct account *all = NULL;
	size_t count = 0;
	enum err e = accounts_all(s->accounts, &all, &count);
	if (e != OK)
		return e;
	staff_table(r, b, staff_word(r, "Konton", "Accounts"), ROWS(columns));
	for (size_t i = 0; i < count; i++)
		account_row(s, r, b, &all[i]);
	staff_table_end(b);
	free(all);
	return OK;
}

static void role_boxes(
	struct staff *s, struct http_request *r, struct buf *b, unsigned roles)
{
	struct staff_role role;
	staff_say(r, b, "<fieldset><legend>Uppgifter</legend>\n",
		"<fieldset><legend>Roles</legend>\n");
	for (size_t i = 0; staff_role_at(s->site, i, &role); i++) {
		html_around(b, "<p class=\"choice\"><input type=\"checkbox\" id=\"role-",
			role.name, "\"");
		html_around(b, " name=\"role-", role.name, "\" value=\"yes\"");
		if (roles & role.bit)
			html_raw(b, " checked");
		html_around(b, "> <label for=\"role-", role.name, "\">");
		html_around(b, "", staff_word(r, role.swedish, role.english),
			"</label></p>\n");
	}
	html_raw(b, "</fieldset>\n");
}

static bool any_limit(const struct staff_site *site, bool areas)
{
	for (size_t i = 0; i < site->role_count; i++)
		if (areas ? site->roles[i].areas : site->roles[i].administrations)
			return true;
	return false;
}

static void field(struct buf *b, const char *name, const char *label, const char *hint,
	const char *value)
{
	staff_field(b, "text", name, label, hint, "off", value);
}

static void fields(
	struct staff *s, struct http_request *r, struct buf *b, const struct wanted *w)
{
	const char *hint =
		staff_word(r, "Koder, till exempel farsta bromma. Tomt är alla.",
			"Codes, such as farsta bromma. Empty means all.");
	staff_fault(b, w->fault);
	field(b, "full", staff_word(r, "För- och efternamn", "First and last name"), NULL,
		w->full);
	role_boxes(s, r, b, w->account.roles);
	if (any_limit(s->site, false))
		field(b, "administrations",
			staff_word(r, "Förvaltningar", "Administrations"), hint,
			w->administrations);
	if (any_limit(s->site, true))
		field(b, "areas", staff_word(r, "Verksamhetsområden", "Areas"),
			staff_word(r, "Koder, till exempel barn-unga. Tomt är alla.",
				"Codes, such as barn-unga. Empty means all."),
			w->areas);
}

static void show_all(
	struct staff *s, struct http_request *r, unsigned status, const struct wanted *w)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, "Konton", "Accounts");
	if (table(s, r, &b) != OK) {
		buf_clear(&b);
		staff_unavailable(s, r);
		return;
	}
	if (s->config->local) {
		staff_say(r, &b, "<h2>Nytt konto</h2>\n", "<h2>New account</h2>\n");
		staff_form_begin(r, &b, "/staff/accounts");
		field(&b, "name", staff_word(r, "Användarnamn", "User name"),
			staff_word(r, "Små bokstäver a–z, siffror, punkt, streck.",
				"Small letters a–z, digits, dot, dash."),
			w->name);
		fields(s, r, &b, w);
		staff_say(r, &b,
			"<p><button type=\"submit\">Lägg till</button></p>\n</form>\n",
			"<p><button type=\"submit\">Add</button></p>\n</form>\n");
	}
	staff_page_reply(r, status, &b);
}

void accounts_page(struct http_request *r, void *context)
{
	const struct wanted none = {
		.name = "", .full = "", .administrations = "", .areas = ""
	};
	show_all(context, r, 200, &none);
}

/* Reading what is wanted. */

static const char *rights_words(struct http_request *r, enum rights_fault fault)
{
	switch (fault) {
	case RIGHTS_FINE:
		break;
	case RIGHTS_NO_ROLE:
		return staff_word(
			r, "Välj minst en uppgift.", "Choose at least one role.");
	case RIGHTS_UNLIMITED:
		return staff_word(r, "Skriv vilka förvaltningar det gäller.",
			"Write which administrations it is for.");
	case RIGHTS_NO_ADMINISTRATIONS:
		return staff_word(r,
			"Uppgifterna begränsas inte till förvaltningar. Lämna det fältet tomt.",
			"The roles are not limited to administrations. Leave that field empty.");
	case RIGHTS_NO_AREAS:
		return staff_word(r,
			"Uppgifterna begränsas inte till områden. Lämna det fältet tomt.",
			"The roles are not limited to areas. Leave that field empty.");
	}
	return NULL;
}

static void read_wanted(struct staff *s, struct http_request *r, struct wanted *w)
{
	struct staff_role role;
	w->fault = NULL;
	w->administrations = staff_typed(r, "administrations");
	w->areas = staff_typed(r, "areas");
	w->full = staff_typed(r, "full");
	(void)snprintf(w->account.full, sizeof w->account.full, "%s", w->full);
	w->account.roles = 0;
	for (size_t i = 0; staff_role_at(s->site, i, &role); i++)
		if (*staff_typed(r, arena_format(http_arena(r), "role-%s", role.name)))
			w->account.roles |= role.bit;
	if (!accounts_is_full(w->full))
		w->fault = staff_word(r, "Namnet är för långt.", "The name is too long.");
	else if (!accounts_scope(w->administrations, w->account.administrations) ||
		 !accounts_scope(w->areas, w->account.areas))
		w->fault = staff_word(r,
			"Förvaltningar och områden skrivs som koder, a–z, 0–9 och streck, med "
			"mellanslag emellan.",
			"Administrations and areas are written as codes, a–z, 0–9 and dash, with "
			"spaces between.");
	else
		w->fault = rights_words(
			r, rights_check(s->site, w->account.roles,
				   w->account.administrations, w->account.areas));
}

/* "account anna roles coordinator administrations farsta" */
static const char *describe(
	struct staff *s, struct http_request *r, const struct account *a)
{
	auto_(buf) struct buf b = { 0 };
	rights_describe(s->site, a, &b);
	return arena_text(http_arena(r), buf_string(&b), b.len);
}

static void show_link(struct staff *s, struct http_request *r, const struct account *a)
{
	struct buf b = { 0 }, link = { 0 };
	if (!staff_audit(s, r, AUDIT_ACCOUNT_INVITED,
		    arena_format(http_arena(r), "account %s", a->name)))
		return;
	if (invite_make(s->accounts, s->url, a->id, clock_now(), &link) != OK) {
		staff_unavailable(s, r);
		return;
	}
	staff_page(s, r, &b, "Länk att lämna över", "A link to hand over");
	staff_say(r, &b,
		"<p>Ge länken till den som ska ha kontot, på ett säkert sätt. Den gäller en gång, i "
		"sju dagar, och visas bara nu.</p>\n<p><code>",
		"<p>Give the link to who is to have the account, in a safe way. It is good once, for "
		"seven days, and is shown only now.</p>\n<p><code>");
	html_around(&b, "", buf_string(&link),
		"</code></p>\n<p><a href=\"/staff/accounts\">");
	staff_say(r, &b, "Till konton</a></p>\n", "To the accounts</a></p>\n");
	buf_clear(&link);
	staff_page_reply(r, 200, &b);
}

void accounts_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct wanted w = { .name = staff_typed(r, "name") };
	if (!s->config->local) {
		staff_go(r, "/staff/accounts");
		return;
	}
	read_wanted(s, r, &w);
	(void)snprintf(w.account.name, sizeof w.account.name, "%s", w.name);
	w.account.made = clock_now();
	struct account same;
	if (!accounts_is_name(w.name))
		w.fault = staff_word(r,
			"Användarnamnet får ha a–z, 0–9, punkt, streck, understreck och @, högst "
			"64 tecken.",
			"The user name may have a–z, 0–9, dot, dash, underscore and @, at most 64 "
			"characters.");
	else if (accounts_find(s->accounts, w.name, &same) == OK)
		w.fault = staff_word(
			r, "Användarnamnet finns redan.", "The user name is taken.");
	if (w.fault) {
		show_all(s, r, 422, &w);
		return;
	}
	if (!staff_audit(s, r, AUDIT_ACCOUNT_ADDED, describe(s, r, &w.account)))
		return;
	if (accounts_add(s->accounts, &w.account, &w.account.id) == OK)
		show_link(s, r, &w.account);
	else
		staff_unavailable(s, r);
}

/* One account. */

static void show_one(
	struct staff *s, struct http_request *r, unsigned status, const struct wanted *w)
{
	const struct account *a = &w->account;
	const char *path = arena_format(http_arena(r), "/staff/accounts/%s", a->name);
	struct buf b = { 0 };
	staff_page(s, r, &b, a->name, a->name);
	html_raw(&b, "<p>");
	state_words(r, &b, a);
	html_raw(&b, "</p>\n");
	if (a->id == staff_who(r)->id) {
		staff_say(r, &b, "<p>Ditt eget konto ändras av någon annan.</p>\n",
			"<p>Your own account is changed by somebody else.</p>\n");
		staff_page_reply(r, status, &b);
		return;
	}
	staff_form_begin(r, &b, path);
	if (!a->federated) {
		fields(s, r, &b, w);
		staff_say(r, &b,
			"<p><button type=\"submit\" name=\"do\" value=\"save\">Spara</button></p>\n"
			"<h2>Tappat telefonen eller lösenordet</h2>\n"
			"<p>En ny länk tar bort lösenordet, appen och alla inloggningar.</p>\n"
			"<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"invite\">Gör en ny länk</button></p>\n",
			"<p><button type=\"submit\" name=\"do\" value=\"save\">Save</button></p>\n"
			"<h2>Lost the phone or the password</h2>\n"
			"<p>A new link takes password, app and all sessions away.</p>\n"
			"<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"invite\">Make a new link</button></p>\n");
		if (a->active)
			staff_say(r, &b,
				"<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"change\">Kräv att "
				"lösenordet byts</button></p>\n",
				"<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"change\">Require a new "
				"password</button></p>\n");
	}
	staff_say(r, &b,
		"<h2>Ta bort</h2>\n<p>Kontot och dess inloggningar försvinner. Det kan inte ångras. "
		"Loggen finns kvar.</p>\n<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"remove\">Ta bort "
		"kontot</button></p>\n</form>\n",
		"<h2>Remove</h2>\n<p>The account and its sessions go. It can't be undone. The log "
		"stays.</p>\n<p><button type=\"submit\" class=\"quiet\" name=\"do\" value=\"remove\">Remove the "
		"account</button></p>\n</form>\n");
	staff_page_reply(r, status, &b);
}

/* false when it has answered. */
static bool find(struct staff *s, struct http_request *r, struct wanted *w)
{
	enum err e = accounts_find(s->accounts, http_segment(r, 0), &w->account);
	w->full = w->account.full;
	w->administrations = w->account.administrations;
	w->areas = w->account.areas;
	w->fault = NULL;
	if (e == ERR_NOT_FOUND)
		staff_message(s, r, 404, "Kontot finns inte", "There is no such account",
			"Någon kan ha tagit bort det.", "Somebody may have removed it.");
	else if (e != OK)
		staff_unavailable(s, r);
	return e == OK;
}

void account_page(struct http_request *r, void *context)
{
	struct wanted w;
	if (find(context, r, &w))
		show_one(context, r, 200, &w);
}

static void finish(struct staff *s, struct http_request *r, enum err e)
{
	if (e == OK || e == ERR_NOT_FOUND)
		staff_go(r, "/staff/accounts");
	else
		staff_unavailable(s, r);
}

static void save(struct staff *s, struct http_request *r, struct wanted *w)
{
	read_wanted(s, r, w);
	if (w->fault)
		show_one(s, r, 422, w);
	else if (staff_audit(s, r, AUDIT_ACCOUNT_CHANGED, describe(s, r, &w->account)))
		finish(s, r, accounts_set(s->accounts, &w->account));
}

void account_post(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct wanted w;
	const char *what = staff_typed(r, "do");
	if (!find(s, r, &w))
		return;
	const char *object = arena_format(http_arena(r), "account %s", w.account.name);
	bool local = !w.account.federated;
	if (w.account.id == staff_who(r)->id)
		staff_go(r, "/staff/accounts");
	else if (strcmp(what, "remove") == 0) {
		if (staff_audit(s, r, AUDIT_ACCOUNT_REMOVED, object))
			finish(s, r, accounts_remove(s->accounts, w.account.id));
	} else if (local && strcmp(what, "invite") == 0)
		show_link(s, r, &w.account);
	else if (local && strcmp(what, "change") == 0) {
		if (staff_audit(s, r, AUDIT_ACCOUNT_CHANGED,
			    arena_format(
				    http_arena(r), "%s must change password", object)))
			finish(s, r, accounts_must_change(s->accounts, w.account.id));
	} else if (local && strcmp(what, "save") == 0)
		save(s, r, &w);
	else
		show_one(s, r, 422, &w);
}
