/* The auditor's pages: the log searched, taken out, and checked. */
#include "common/clock.h"
#include "common/sheet.h"
#include "inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE_LINES = 100 };

struct search {
	struct audit_filter filter;
	const char *from, *to; /* as typed */
	const char *fault;
};

/* Midnight in Stockholm at the day's start, `days` later. */
static int64_t midnight(day d, int days)
{
	struct tm tm = { .tm_year = d / 10000 - 1900,
		.tm_mon = d / 100 % 100 - 1,
		.tm_mday = d % 100 + days,
		.tm_isdst = -1 };
	return (int64_t)mktime(&tm);
}

static const char *asked(struct http_request *r, const char *name)
{
	const char *value = http_query(r, name);
	return value ? value : "";
}

static void read_search(struct http_request *r, struct search *s)
{
	day from = 0, to = 0;
	const char *who = asked(r, "who"), *text = asked(r, "text");
	*s = (struct search){ .from = asked(r, "from"), .to = asked(r, "to") };
	s->filter.who = *who ? who : NULL;
	s->filter.text = *text ? text : NULL;
	s->filter.event = audit_event_of(asked(r, "event"));
	s->filter.below = strtoll(asked(r, "below"), NULL, 10);
	if ((*s->from && day_parse(s->from, &from) != OK) ||
		(*s->to && day_parse(s->to, &to) != OK))
		s->fault = staff_word(
			r, "Skriv dagar som 2027-03-01.", "Write days as 2027-03-01.");
	s->filter.from = from ? midnight(from, 0) : 0;
	s->filter.before = to ? midnight(to, 1) : 0;
}

static void field(struct buf *b, const char *name, const char *type, const char *label,
	const char *value)
{
	staff_field(b, type, name, label, NULL, NULL, value ? value : "");
}

static void search_form(struct http_request *r, struct buf *b, const struct search *s)
{
	html_raw(b, "<form method=\"get\" action=\"/staff/audit\" class=\"search\">\n");
	field(b, "from", "date", staff_word(r, "Från och med", "From"), s->from);
	field(b, "to", "date", staff_word(r, "Till och med", "To"), s->to);
	field(b, "who", "text", staff_word(r, "Vem", "Who"), s->filter.who);
	staff_say(r, b, "<p><label for=\"event\">Vad</label>\n",
		"<p><label for=\"event\">What</label>\n");
	html_raw(b, "<select id=\"event\" name=\"event\"><option value=\"\">");
	staff_say(r, b, "Allt</option>\n", "Everything</option>\n");
	for (int e = 0; e < AUDIT_EVENTS; e++) {
		html_around(b, "<option value=\"", audit_event_word((enum audit_event)e),
			"\"");
		if (e == s->filter.event)
			html_raw(b, " selected");
		html_around(b, ">",
			audit_event_text((enum audit_event)e, staff_english(r)),
			"</option>\n");
	}
	html_raw(b, "</select></p>\n");
	field(b, "text", "search", staff_word(r, "Innehåller", "Contains"),
		s->filter.text);
	staff_say(r, b, "<p><button type=\"submit\">Sök</button></p>\n</form>\n",
		"<p><button type=\"submit\">Search</button></p>\n</form>\n");
}

struct listing {
	struct http_request *request;
	struct buf *out;
	int64_t last; /* number of the line shown last */
	size_t count;
};

static void show_line(void *context, const struct audit_line *line)
{
	struct listing *l = context;
	int event = audit_event_of(line->event);
	html_raw(l->out, "<tr><td>");
	buf_format(l->out, "%lld", (long long)line->number);
	html_raw(l->out, "</td><td>");
	staff_moment(l->out, line->at);
	html_around(l->out, "</td><td class=\"text\">", line->who,
		"</td><td class=\"text\">");
	html_text(l->out, event < 0 ? line->event
				    : audit_event_text((enum audit_event)event,
					      staff_english(l->request)));
	html_around(l->out, "</td><td class=\"text\">", line->object, "</td></tr>\n");
	l->last = line->number;
	l->count++;
}

/* The search's own query, from its first field on. */
static void query_of(const struct search *s, struct buf *q)
{
	const char *event = s->filter.event < 0
				    ? ""
				    : audit_event_word((enum audit_event)s->filter.event);
	const char *const pairs[] = { "from", s->from, "to", s->to, "who",
		s->filter.who ? s->filter.who : "", "event", event, "text",
		s->filter.text ? s->filter.text : "" };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i += 2) {
		buf_format(q, "%s%s=", i ? "&" : "?", pairs[i]);
		form_encode(q, pairs[i + 1]);
	}
}

static void ways_on(struct http_request *r, struct buf *b, const struct search *s,
	const struct listing *l, bool more)
{
	auto_(buf) struct buf query = { 0 };
	query_of(s, &query);
	if (!l->count)
		staff_say(r, b, "<p>Inget i loggen stämmer med sökningen.</p>\n",
			"<p>Nothing in the log matches.</p>\n");
	if (more) {
		html_around(b, "<p><a href=\"/staff/audit", buf_string(&query),
			"&amp;below=");
		buf_format(b, "%lld", (long long)l->last);
		staff_say(r, b, "\">Äldre rader</a></p>\n", "\">Older lines</a></p>\n");
	}
	html_around(b, "<p><a href=\"/staff/audit/csv", buf_string(&query), "\">");
	staff_say(r, b,
		"Hämta alla träffar som CSV</a></p>\n<p><a href=\"/staff/audit/whole\">Kontrollera att "
		"loggen är hel</a></p>\n",
		"Download all matches as CSV</a></p>\n<p><a href=\"/staff/audit/whole\">Check that the "
		"log is whole</a></p>\n");
}

void audit_page(struct http_request *r, void *context)
{
	static const struct staff_column columns[] = {
		{ "Rad", "Line", false },
		{ "När", "When", false },
		{ "Vem", "Who", true },
		{ "Vad", "What", true },
		{ "Om", "About", true },
	};
	struct staff *s = context;
	struct search search;
	struct buf b = { 0 };
	struct listing l = { .request = r, .out = &b };
	bool more = false;
	read_search(r, &search);
	if (!staff_audit(s, r, AUDIT_SEARCHED, "the log"))
		return;
	staff_page(s, r, &b, "Logg", "Log");
	staff_fault(&b, search.fault);
	search_form(r, &b, &search);
	staff_table(
		r, &b, staff_word(r, "Loggens rader", "Lines of the log"), ROWS(columns));
	if (audit_search(s->audit, &search.filter, PAGE_LINES, show_line, &l, &more) !=
		OK) {
		buf_clear(&b);
		staff_unavailable(s, r);
		return;
	}
	staff_table_end(&b);
	ways_on(r, &b, &search, &l, more);
	staff_page_reply(r, search.fault ? 422 : 200, &b);
}

/* Taking out. */

static void csv_line(void *context, const struct audit_line *line)
{
	struct buf *b = context;
	buf_format(b, "%lld;%s;", (long long)line->number, line->time);
	sheet_text(b, line->who);
	buf_text(b, ";");
	sheet_text(b, line->event);
	buf_text(b, ";");
	sheet_text(b, line->object);
	buf_text(b, "\r\n");
}

void audit_csv(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct search search;
	struct buf b = { 0 };
	bool more;
	read_search(r, &search);
	if (search.fault) {
		staff_go(r, "/staff/audit");
		return;
	}
	if (!staff_audit(s, r, AUDIT_EXPORTED, "the log"))
		return;
	buf_text(&b, "\xef\xbb\xbfnumber;time;who;event;object\r\n");
	if (audit_search(s->audit, &search.filter, SIZE_MAX, csv_line, &b, &more) != OK) {
		buf_clear(&b);
		staff_unavailable(s, r);
		return;
	}
	http_set_header(r, "Content-Disposition", "attachment; filename=\"logg.csv\"");
	http_reply_buf(r, 200, "text/csv; charset=utf-8", &b);
}

/* Checking. */

struct check {
	struct audit *audit;
	struct audit_head head;
	int64_t faults, lines;
	enum err e;
	struct buf found;
	bool english;
};

static void say_fault(
	void *context, enum audit_fault fault, int64_t first, int64_t last, int64_t line)
{
	static const struct {
		const char *swedish, *english;
	} words[] = {
		[AUDIT_LINE_CHANGED] = { "är ändrad", "was changed" },
		[AUDIT_LINES_MISSING] = { "saknas", "missing" },
		[AUDIT_LINE_INSERTED] = { "hör inte hit", "does not belong" },
		[AUDIT_LINE_UNREADABLE] = { "går inte att läsa", "can't be read" },
	};
	struct check *c = context;
	html_raw(&c->found, "<li>");
	if (first < last)
		buf_format(&c->found, "%lld–%lld ", (long long)first, (long long)last);
	else
		buf_format(&c->found, "%lld ", (long long)first);
	html_text(&c->found, c->english ? words[fault].english : words[fault].swedish);
	buf_format(&c->found,
		c->english ? " (line %lld of the file)" : " (filens rad %lld)",
		(long long)line);
	html_raw(&c->found, "</li>\n");
}

static void check(void *job)
{
	struct check *c = job;
	c->e = audit_verify(c->audit, NULL, say_fault, c, &c->faults, &c->lines);
	if (c->e == OK)
		c->e = audit_head(c->audit, &c->head);
}

static void checked(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct check *c = http_note(r);
	struct buf b = { 0 };
	char mac[2 * AUDIT_MAC + 1];
	if (c->e != OK) {
		buf_clear(&c->found);
		staff_unavailable(s, r);
		return;
	}
	if (c->faults) {
		staff_page(s, r, &b, "Loggen är inte hel", "The log is not whole");
		staff_say(r, &b,
			"<p class=\"fault\">De här raderna är rörda av någon annan än programmet. "
			"Spara loggen och tala med den som ansvarar för säkerheten.</p>\n<ul>\n",
			"<p class=\"fault\">These lines were touched by something else than the program. "
			"Keep the log and speak with who is responsible for security.</p>\n<ul>\n");
		buf_add(&b, buf_string(&c->found), c->found.len);
		html_raw(&b, "</ul>\n");
	} else {
		staff_page(s, r, &b, "Loggen är hel", "The log is whole");
		staff_say(r, &b, "<p>Inget är ändrat, borttaget eller inlagt.</p>\n",
			"<p>Nothing was changed, removed or put in.</p>\n");
	}
	secret_hex(c->head.mac, AUDIT_MAC, mac);
	staff_say(r, &b, "<p>Rader: ", "<p>Lines: ");
	html_number(&b, (long)c->lines);
	staff_say(r, &b, ". Sista radens nummer och kontrollvärde: <code>",
		". Number and check value of the last line: <code>");
	buf_format(&b, "%lld:%s", (long long)c->head.number, mac);
	html_raw(&b, "</code></p>\n<p><a href=\"/staff/audit\">");
	staff_say(r, &b, "Till loggen</a></p>\n", "To the log</a></p>\n");
	buf_clear(&c->found);
	staff_page_reply(r, 200, &b);
}

void audit_check(struct http_request *r, void *context)
{
	struct staff *s = context;
	struct check *c = arena_alloc(http_arena(r), sizeof *c);
	*c = (struct check){ .audit = s->audit, .english = staff_english(r) };
	if (!staff_audit(s, r, AUDIT_SEARCHED, "the whole log, checked"))
		return;
	if (!slow_do(s->slow, r, check, c, checked))
		staff_unavailable(s, r);
}
