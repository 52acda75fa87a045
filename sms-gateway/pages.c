#include "sms-gateway/pages.h"
#include "common/clock.h"
#include "common/log.h"
#include "sms-gateway/held_pages.h"
#include "sms-gateway/import_pages.h"
#include "sms-gateway/stores.h"
#include <stdlib.h>
#include <string.h>

struct pages {
	const struct config *config;
	struct provider *provider;
	struct stores *stores; /* the listener's thread is the only one that uses them */
	struct staff_site site;
	struct staff *staff;
	struct import_pages *imports;
};

/* Counts. */

/* A row per administration and wave. */
struct listed {
	struct store_counts counts;
	const char *administration; /* its code */
};
struct listing {
	struct listed *rows;
	size_t count;
	const char *administration; /* whose are being read */
};

static bool sees(const struct account *who, const char *administration)
{
	return who->roles & ROLE_LEADER ||
	       (who->roles & ROLE_COORDINATOR &&
		       staff_sees_administration(who, administration));
}

static enum err add_row(void *context, const struct store_counts *c)
{
	struct listing *l = context;
	l->rows = mem_resize(l->rows, l->count + 1, sizeof *l->rows);
	l->rows[l->count++] = (struct listed){ *c, l->administration };
	return OK;
}

/* What the account may see; l->rows is the caller's to free(), also on failure. */
static enum err list(struct pages *p, const struct account *who, struct listing *l)
{
	struct why why;
	enum err e = stores_refresh(p->stores, &why);
	if (e != OK)
		log_error("staff: %s", why.text);
	for (size_t i = 0; e == OK && i < stores_count(p->stores); i++) {
		struct store *s = stores_at(p->stores, i);
		if (!sees(who, store_administration(s)))
			continue;
		l->administration = store_administration(s);
		e = store_counts(s, add_row, l);
		if (e != OK)
			log_error(
				"staff: %s: %s", store_administration(s), store_error(s));
	}
	return e;
}

/* What waits. */

static const char *number(struct http_request *r, long n)
{
	auto_(buf) struct buf b = { 0 };
	html_number(&b, n);
	return arena_text(http_arena(r), buf_string(&b), b.len);
}

static void waits(struct http_request *r, struct buf *b, const char *text)
{
	staff_waiting(
		b, text, "/messages", staff_word(r, "Till utskicken", "To the messages"));
}

static void persons_waiting(
	struct http_request *r, struct buf *b, const struct store_counts *c)
{
	struct arena *a = http_arena(r);
	bool english = staff_english(r);
	if (c->refused)
		waits(r, b,
			english ? arena_format(a,
					  "The survey does not take everyone from %s in %s. "
					  "Import the file again to see why.",
					  c->name, c->wave)
				: arena_format(a,
					  "Enkäten tar inte emot alla från %s i %s. "
					  "Läs in filen igen och se varför.",
					  c->name, c->wave));
	else if (c->unregistered)
		waits(r, b,
			english ? arena_format(a,
					  "Not everyone from %s in %s is registered with "
					  "the survey yet. It happens by itself.",
					  c->name, c->wave)
				: arena_format(a,
					  "Alla från %s i %s är inte registrerade i "
					  "enkäten än. Det sker av sig självt.",
					  c->name, c->wave));
}

static void messages_waiting(
	struct http_request *r, struct buf *b, const struct store_counts *c)
{
	struct arena *a = http_arena(r);
	bool english = staff_english(r);
	const char *unknown = number(r, c->states[STORE_UNKNOWN]);
	const char *failed = number(r, c->states[STORE_FAILED]);
	if (c->states[STORE_UNKNOWN])
		waits(r, b,
			english ? arena_format(a,
					  "Nobody knows whether %s SMS from %s in %s "
					  "arrived. None is sent again by itself.",
					  unknown, c->name, c->wave)
				: arena_format(a,
					  "Ingen vet om %s SMS från %s i %s kom fram. "
					  "Inget skickas igen av sig självt.",
					  unknown, c->name, c->wave));
	if (c->states[STORE_FAILED])
		waits(r, b,
			english ? arena_format(a, "%s SMS from %s in %s did not arrive.",
					  failed, c->name, c->wave)
				: arena_format(a, "%s SMS från %s i %s kom inte fram.",
					  failed, c->name, c->wave));
}

/* Whom the coordinator has to decide about. */
static void decisions_waiting(
	struct http_request *r, struct buf *b, const struct listed *row)
{
	struct arena *a = http_arena(r);
	const struct store_counts *c = &row->counts;
	const struct account *who = staff_who(r);
	if (!c->held || !(who->roles & ROLE_COORDINATOR) ||
		!staff_sees_administration(who, row->administration))
		return;
	const char *held = number(r, c->held);
	bool one = c->held == 1;
	staff_waiting(b,
		staff_english(r)
			? arena_format(a, "%s %s from %s in %s %s for a decision.", held,
				  one ? "person" : "persons", c->name, c->wave,
				  one ? "waits" : "wait")
			: arena_format(a, "%s %s från %s i %s väntar på beslut.", held,
				  one ? "person" : "personer", c->name, c->wave),
		arena_format(a, "/held?administration=%s&wave=%s", row->administration,
			c->wave),
		staff_word(r, "Besluta", "Decide"));
}

static enum err waiting(struct http_request *r, struct buf *b, void *context)
{
	struct listing l = { 0 };
	enum err e = list(context, staff_who(r), &l);
	for (size_t i = 0; e == OK && i < l.count; i++) {
		decisions_waiting(r, b, &l.rows[i]);
		persons_waiting(r, b, &l.rows[i].counts);
		messages_waiting(r, b, &l.rows[i].counts);
	}
	free(l.rows);
	return e;
}

/* Messages. */

static bool is_new_wave(const struct listing *l, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (strcmp(l->rows[i].counts.wave, l->rows[place].counts.wave) == 0)
			return false;
	return true;
}

static void cell(struct buf *b, long number)
{
	html_raw(b, "<td>");
	html_number(b, number);
	html_raw(b, "</td>");
}

static void show_row(struct http_request *r, struct buf *b, const struct store_counts *c)
{
	html_around(b, "<tr><th scope=\"row\">", c->name, "");
	if (c->refused)
		staff_say(r, b,
			"<br>Enkäten tar inte emot alla. Läs in filen igen och se varför.",
			"<br>The survey does not take everyone. Import the file again to see why.");
	else if (c->unregistered)
		staff_say(r, b, "<br>Alla är inte registrerade än.",
			"<br>Not everyone is registered yet.");
	html_raw(b, "</th>");
	cell(b, c->contacts);
	cell(b, c->states[STORE_QUEUED] + c->states[STORE_SENDING]);
	cell(b, c->states[STORE_SENT]);
	cell(b, c->states[STORE_DELIVERED]);
	cell(b, c->states[STORE_FAILED]);
	cell(b, c->states[STORE_UNKNOWN]);
	cell(b, c->states[STORE_STOPPED]);
	html_raw(b, "</tr>\n");
}

/* The wave that begins at that row. */
static void show_wave(
	struct http_request *r, struct buf *b, const struct listing *l, size_t place)
{
	static const struct staff_column columns[] = {
		{ "Förvaltning", "Administration", false },
		{ "Personer", "Persons", false },
		{ "Planerade", "Planned", false },
		{ "Skickade", "Sent", false },
		{ "Framme", "Delivered", false },
		{ "Misslyckade", "Failed", false },
		{ "Vet inte", "Unknown", false },
		{ "Stoppade", "Stopped", false },
	};
	const struct store_counts *first = &l->rows[place].counts;
	html_around(b, "<h2>", first->title, "");
	html_around(b, " (", first->wave, ")</h2>\n");
	staff_table(
		r, b, arena_format(http_arena(r), "SMS %s", first->wave), ROWS(columns));
	for (size_t i = place; i < l->count; i++)
		if (strcmp(l->rows[i].counts.wave, first->wave) == 0)
			show_row(r, b, &l->rows[i].counts);
	staff_table_end(b);
	html_around(b, "<p><a href=\"/groups?wave=", first->wave, "\">");
	staff_say(r, b, "Små grupper i resultatet</a></p>\n",
		"Small groups in the result</a></p>\n");
}

static void on_messages(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct buf b = { 0 };
	struct listing l = { 0 };
	if (list(staff_context(s), staff_who(r), &l) != OK) {
		free(l.rows);
		staff_unavailable(s, r);
		return;
	}
	staff_page(s, r, &b, "Utskick", "Messages");
	staff_say(r, &b,
		"<p class=\"lead\">Så många SMS är planerade, skickade och framme. Vet inte betyder att "
		"ingen vet om ett SMS gick iväg; det skickas aldrig igen av sig självt.</p>\n",
		"<p class=\"lead\">This many SMS are planned, sent and delivered. Unknown means that "
		"nobody knows whether an SMS went out; it is never sent again by itself.</p>\n");
	if (!l.count)
		staff_say(r, &b,
			"<p>Inga personer är inlästa än. Förvaltningarnas samordnare läser in dem.</p>\n",
			"<p>No persons have been imported yet. The administrations’ coordinators do "
			"that.</p>\n");
	for (size_t i = 0; i < l.count; i++)
		if (is_new_wave(&l, i))
			show_wave(r, &b, &l, i);
	free(l.rows);
	staff_page_reply(r, 200, &b);
}

/* The outbox. */

/* The number's middle is nobody's business here. */
static void show_number(struct buf *b, const char *to)
{
	size_t len = strlen(to);
	if (len < 8)
		return;
	struct buf masked = { 0 };
	buf_add(&masked, to, 5);
	buf_text(&masked, " ••• •• ");
	buf_add(&masked, to + len - 2, 2);
	html_text(b, buf_string(&masked));
	buf_clear(&masked);
}

/* The link is the text's last line. */
static void show_text(struct buf *b, const char *text)
{
	const char *link = strrchr(text, '\n');
	struct buf words = { 0 };
	buf_add(&words, text, link ? (size_t)(link + 1 - text) : strlen(text));
	html_text(b, buf_string(&words));
	buf_clear(&words);
	if (!link)
		return;
	html_around(b, "<a href=\"", link + 1, "\" rel=\"noreferrer\">");
	html_around(b, "", link + 1, "</a>");
}

struct shown {
	struct http_request *request;
	struct buf *out;
	const char *sender;
	size_t count;
};

static void show_message(void *context, const char *to, const char *text, int64_t when)
{
	struct shown *s = context;
	int minute = clock_minute(when);
	s->count++;
	html_around(s->out, "<li><p>", s->sender, "");
	staff_say(s->request, s->out, " till ", " to ");
	show_number(s->out, to);
	staff_say(s->request, s->out, ", kl. ", ", at ");
	buf_format(s->out, "%02d.%02d</p><div lang=\"sv\">", minute / 60, minute % 60);
	show_text(s->out, text);
	html_raw(s->out, "</div></li>\n");
}

static void on_outbox(struct http_request *r, void *context)
{
	struct pages *p = staff_context(context);
	struct buf b = { 0 };
	struct shown shown = { r, &b, p->config->sender, 0 };
	if (p->provider->class != &provider_outbox) {
		staff_message(context, r, 404, "Ingen utkorg", "No outbox",
			"SMS skickas på riktigt och visas inte här.",
			"SMS are really sent, and are not shown here.");
		return;
	}
	/* The links are what respondents answer with. */
	if (!staff_audit(context, r, AUDIT_VIEWED, "outbox"))
		return;
	staff_page(context, r, &b, "Utkorg", "Outbox");
	staff_say(r, &b,
		"<p class=\"lead\">Här är de SMS som skulle ha skickats, det senaste först. Inget har gått "
		"ut. De glöms när programmet stoppas.</p>\n<ol class=\"sms\">\n",
		"<p class=\"lead\">These are the SMS that would have been sent, the latest first. Nothing "
		"has gone out. They are forgotten when the program is stopped.</p>\n<ol class=\"sms\">\n");
	(void)provider_outbox_messages(p->provider, show_message, &shown);
	html_raw(&b, "</ol>\n");
	if (!shown.count)
		staff_say(r, &b,
			"<p>Inga SMS än. Planera dem med <code>sms-gateway send</code>.</p>\n",
			"<p>No SMS yet. <code>sms-gateway send</code> plans them.</p>\n");
	staff_page_reply(r, 200, &b);
}

// clang-format off
static const struct staff_role roles[] = {
	/* bit, name, Swedish, English, limited to administrations, to areas, always */
	{ ROLE_COORDINATOR, "coordinator", "samordnare", "coordinator", true, false, true },
	{ ROLE_INTERVIEWER, "interviewer", "telefonintervjuare", "interviewer", false, false, false },
	{ ROLE_LEADER, "leader", "ledare", "leader", false, false, false },
};

static const struct http_route routes[] = {
	/* method, path,            who, handler */
	{ "GET",  "/import",        ROLE_COORDINATOR, import_pages_form },
	{ "POST", "/import/try",    ROLE_COORDINATOR | STAFF_FILE, import_pages_try },
	{ "POST", "/import/keep",   ROLE_COORDINATOR, import_pages_keep },
	{ "POST", "/import/report", ROLE_COORDINATOR, import_pages_report },
	{ "GET",  "/groups",        ROLE_COORDINATOR | ROLE_LEADER, import_pages_groups },
	{ "GET",  "/held",          ROLE_COORDINATOR, held_pages_list },
	{ "POST", "/held",          ROLE_COORDINATOR, held_pages_decide },
	{ "GET",  "/messages",      ROLE_COORDINATOR | ROLE_LEADER, on_messages },
	{ "GET",  "/outbox",        ROLE_LEADER, on_outbox },
};

static const struct staff_link links[] = {
	{ "/import", "Läs in", "Import" },
	{ "/messages", "Utskick", "Messages" },
	{ "/outbox", "Utkorg", "Outbox" }, /* the last: see pages_start() */
};
// clang-format on

const struct staff_site pages_site = {
	.program = "sms-gateway",
	.cookie = "sms",
	.swedish = "SMS-utskick",
	.english = "SMS messages",
	.roles = roles,
	.role_count = sizeof roles / sizeof *roles,
	.routes = routes,
	.route_count = sizeof routes / sizeof *routes,
	.links = links,
	.link_count = sizeof links / sizeof *links,
	.waiting = waiting,
};

struct staff_order pages_order(const struct config *c)
{
	return (struct staff_order){ &c->staff, &pages_site, c->state, c->keys };
}

enum err pages_start(const struct config *c, struct provider *p, struct pages **ret_pages,
	struct why *why)
{
	struct pages *s = mem_alloc(sizeof *s);
	*s = (struct pages){ c, p, stores_create(c->state), pages_site, NULL, NULL };
	/* Where SMS are really sent there is no outbox to lead to. */
	if (p->class != &provider_outbox)
		s->site.link_count--;
	enum err e = stores_refresh(s->stores, why);
	if (e == OK)
		e = import_pages_create(c, &s->imports, why);
	if (e == OK)
		e = staff_start(
			&c->staff, &s->site, c->state, c->keys, s, &s->staff, why);
	if (e != OK) {
		pages_stop(s);
		return e;
	}
	*ret_pages = s;
	return OK;
}

const struct config *pages_config(const struct pages *p)
{
	return p->config;
}

struct import_pages *pages_imports(struct pages *p)
{
	return p->imports;
}

void pages_stop(struct pages *p)
{
	if (!p)
		return;
	staff_stop(p->staff);
	import_pages_destroy(p->imports);
	stores_destroy(p->stores);
	free(p);
}
