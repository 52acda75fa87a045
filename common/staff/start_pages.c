/* The start page, and what is the same for everyone. */
#include "common/clock.h"
#include "inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_CODES = 2, LONG_UNUSED = 180 * 86400, LANGUAGE_SECONDS = 365 * 86400 };

void staff_moment(struct buf *b, int64_t at)
{
	char day_text[11];
	int minute = clock_minute(at);
	if (!at) {
		html_raw(b, "–");
		return;
	}
	day_format(clock_day(at), day_text);
	buf_format(b, "<time datetime=\"%s %02d:%02d\">%s %02d.%02d</time>", day_text,
		minute / 60, minute % 60, day_text, minute / 60, minute % 60);
}

void start_style(struct http_request *r, void *context)
{
	size_t len;
	const char *style = staff_style(&len);
	(void)context;
	http_set_header(r, "Cache-Control", "max-age=86400");
	http_reply_static(r, 200, "text/css; charset=utf-8", style, len);
}

void start_language(struct http_request *r, void *context)
{
	struct staff *s = context;
	const char *to = http_query(r, "to");
	bool english = to && strcmp(to, "en") == 0;
	guard_set_cookie(r, s->language_cookie, english ? "en" : "sv", LANGUAGE_SECONDS);
	staff_go(r, guard_next(http_query(r, "next")));
}

/* What waits. */

static const char *count_words(struct http_request *r, int64_t n, const char *one_swedish,
	const char *more_swedish, const char *one_english, const char *more_english)
{
	auto_(buf) struct buf b = { 0 };
	html_number(&b, (long)n);
	return arena_format(http_arena(r), "%s %s", buf_string(&b),
		n == 1 ? staff_word(r, one_swedish, one_english)
		       : staff_word(r, more_swedish, more_english));
}

static enum err accounts_waiting(struct staff *s, struct http_request *r, struct buf *b)
{
	struct account *all = NULL;
	size_t count = 0, open = 0, late = 0, unused = 0;
	int64_t now = clock_now();
	const char *link = staff_word(r, "Till konton", "To the accounts");
	enum err e = accounts_all(s->accounts, &all, &count);
	if (e != OK)
		return e;
	for (size_t i = 0; i < count; i++) {
		int64_t last = all[i].signed_in ? all[i].signed_in : all[i].made;
		open += !all[i].active && all[i].invited > now;
		late += !all[i].active && all[i].invited <= now;
		unused += all[i].active && last < now - LONG_UNUSED;
	}
	free(all);
	if (open)
		staff_waiting(b,
			count_words(r, (int64_t)open, "inbjudan är inte använd än.",
				"inbjudningar är inte använda än.",
				"invitation has not been used yet.",
				"invitations have not been used yet."),
			"/staff/accounts", link);
	if (late)
		staff_waiting(b,
			count_words(r, (int64_t)late,
				"inbjudan har gått ut. Gör en ny länk, eller ta bort kontot.",
				"inbjudningar har gått ut. Gör nya länkar, eller ta bort kontona.",
				"invitation has run out. Make a new link, or remove the account.",
				"invitations have run out. Make new links, or remove the accounts."),
			"/staff/accounts", link);
	if (unused)
		staff_waiting(b,
			count_words(r, (int64_t)unused,
				"konto har inte använts på ett halvår. Behövs det?",
				"konton har inte använts på ett halvår. Behövs de?",
				"account has not been used for half a year. Is it needed?",
				"accounts have not been used for half a year. Are they needed?"),
			"/staff/accounts", link);
	return OK;
}

static void log_waiting(struct staff *s, struct http_request *r, struct buf *b)
{
	(void)pthread_mutex_lock(&s->watch_lock);
	struct staff_watch w = s->watch;
	(void)pthread_mutex_unlock(&s->watch_lock);
	if (w.day && w.faults)
		staff_waiting(b,
			staff_word(r, "Loggen är inte hel.", "The log is not whole."),
			"/staff/audit/whole",
			staff_word(r, "Se vilka rader", "See which lines"));
	else if (w.day)
		staff_waiting(b,
			staff_word(r, "Loggen är kontrollerad i dag och är hel.",
				"The log was checked today and is whole."),
			"/staff/audit", staff_word(r, "Till loggen", "To the log"));
	if (w.refused)
		staff_waiting(b,
			count_words(r, w.refused,
				"nekad inloggning eller åtkomst de senaste sju dagarna.",
				"nekade inloggningar och åtkomster de senaste sju dagarna.",
				"sign-in or page refused in the last seven days.",
				"sign-ins and pages refused in the last seven days."),
			"/staff/audit?event=sign-in-refused",
			staff_word(r, "Se vilka", "See which"));
}

static enum err all_waiting(struct staff *s, struct http_request *r, struct buf *b)
{
	const struct account *who = staff_who(r);
	enum err e = OK;
	if (!who->federated && who->recovery_left <= FEW_CODES)
		staff_waiting(b,
			count_words(r, who->recovery_left,
				"återställningskod har du kvar.",
				"återställningskoder har du kvar.",
				"recovery code is left.", "recovery codes are left."),
			"/staff/account", staff_word(r, "Gör nya", "Make new ones"));
	if (s->site->waiting)
		e = s->site->waiting(r, b, s->context);
	if (e == OK && who->roles & STAFF_ACCOUNTS)
		e = accounts_waiting(s, r, b);
	if (who->roles & STAFF_AUDITOR)
		log_waiting(s, r, b);
	return e;
}

void start_page(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct buf b = { 0 }, list = { 0 };
	enum err e = all_waiting(s, r, &list);
	staff_page(s, r, &b, "Start", "Start");
	if (e != OK)
		staff_say(r, &b,
			"<p class=\"fault\">Allt gick inte att läsa just nu. Ladda om sidan "
			"om en stund.</p>\n",
			"<p class=\"fault\">Not everything could be read just now. Reload the page in a "
			"while.</p>\n");
	if (list.len) {
		html_raw(&b, "<ul class=\"waiting\">\n");
		buf_add(&b, list.data, list.len);
		html_raw(&b, "</ul>\n");
	} else if (e == OK) {
		staff_say(r, &b, "<p>Inget väntar på dig.</p>\n",
			"<p>Nothing waits for you.</p>\n");
	}
	buf_clear(&list);
	staff_page_reply(r, e == OK ? 200 : 503, &b);
}

/* Who may see what. */

static void route_row(struct staff *s, struct http_request *r, struct buf *b,
	const struct http_route *route)
{
	auto_(buf) struct buf who = { 0 };
	if (route->who & STAFF_ANYONE)
		buf_text(&who,
			staff_word(r, "alla, utan inloggning", "anyone, not signed in"));
	else if (route->who & STAFF_EVERYONE)
		buf_text(&who,
			staff_word(r, "alla som är inloggade", "everyone signed in"));
	else
		staff_role_names(s->site, (unsigned)route->who & STAFF_ALL_ROLES,
			staff_english(r), &who);
	if (route->who & STAFF_FRESH)
		buf_text(&who, staff_word(r, "; ny kod krävs", "; a new code is needed"));
	html_around(b, "<tr><th scope=\"row\">", route->method, " ");
	html_around(b, "", route->path, "</th><td class=\"text\">");
	html_around(b, "", buf_string(&who), "</td></tr>\n");
}

void start_routes(struct http_request *r, void *context)
{
	static const struct staff_column columns[] = {
		{ "Sida", "Page", false },
		{ "Öppnas av", "Opened by", true },
	};
	struct staff *s = context;
	const struct http_route *route;
	struct buf b = { 0 };
	staff_page(s, r, &b, "Vem får se vad", "Who may see what");
	staff_say(r, &b,
		"<p>Så här är programmet gjort: varje sida och handling, och vilka uppgifter som "
		"öppnar den. Tabellen är den som programmet själv följer.</p>\n",
		"<p>This is how the program is made: each page and action, and the roles that open it. "
		"The table is the one that the program itself follows.</p>\n");
	staff_table(r, &b, staff_word(r, "Sidor", "Pages"), ROWS(columns));
	for (size_t i = 0; (route = staff_routes(s->site, i)); i++)
		route_row(s, r, &b, route);
	staff_table_end(&b);
	staff_page_reply(r, 200, &b);
}
