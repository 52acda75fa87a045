#include "sms-gateway/import_view.h"
#include <string.h>

enum { LINES_SHOWN = 12 };

static void number_cell(struct buf *b, size_t number)
{
	html_raw(b, "<td>");
	html_number(b, (long)number);
	html_raw(b, "</td>");
}

static void figure(struct http_request *r, struct buf *b, const char *swedish,
	const char *english, size_t number)
{
	html_around(
		b, "<tr><th scope=\"row\">", staff_word(r, swedish, english), "</th>");
	number_cell(b, number);
	html_raw(b, "</tr>\n");
}

static size_t left_out(const struct intake_result *x)
{
	size_t sum = 0;
	for (int n = REASON_NONE + 1; n < REASON_COUNT; n++)
		sum += x->left_out[n];
	return sum;
}

static void figures(struct http_request *r, struct buf *b, const struct intake_result *x)
{
	static const struct staff_column columns[] = {
		{ "I filen", "In the file", true },
		{ "Antal", "Number", false },
	};
	staff_table(r, b, staff_word(r, "Antal", "Numbers"), ROWS(columns));
	figure(r, b, "Rader", "Rows", x->rows);
	figure(r, b, "Personer som tas med", "Persons taken", x->reasons[REASON_NONE]);
	figure(r, b, "– nås med SMS", "– reached by SMS", x->sms);
	figure(r, b, "– kan bara ringas", "– can only be called", x->call);
	figure(r, b, "– nås bara med brev", "– only by letter", x->neither);
	figure(r, b, "Personer som lämnas utanför", "Persons left out", left_out(x));
	if (x->held)
		figure(r, b, "Väntar på ditt beslut", "Wait for your decision", x->held);
	if (x->stopped)
		figure(r, b, "Får inget mer", "Get nothing more", x->stopped);
	if (x->before && !x->begun) {
		figure(r, b, "Nya mot förra filen", "New since the last file", x->added);
		figure(r, b, "Ändrade", "Changed", x->changed);
		figure(r, b, "Oförändrade", "Unchanged", x->unchanged);
		figure(r, b, "Saknas nu", "Missing now", x->vanished);
	}
	staff_table_end(b);
}

/* The first lines that a test holds for. */
static void lines_cell(
	struct buf *b, const struct intake *i, unsigned reason, unsigned mark)
{
	size_t count, shown = 0;
	const struct roster_entry *entries = intake_entries(i, &count);
	html_raw(b, "<td class=\"text\">");
	for (size_t n = 0; n < count; n++) {
		if (entries[n].reason != reason || (mark && !(entries[n].marks & mark)))
			continue;
		if (shown++ == LINES_SHOWN) {
			html_raw(b, " …");
			break;
		}
		buf_format(b, "%s%u", shown > 1 ? ", " : "", entries[n].line);
	}
	html_raw(b, "</td></tr>\n");
}

static void words_row(struct buf *b, const char *words, size_t number)
{
	html_around(b, "<tr><th scope=\"row\" lang=\"sv\">", words, "</th>");
	number_cell(b, number);
}

static void reasons(struct http_request *r, struct buf *b, const struct intake *i)
{
	static const struct staff_column columns[] = {
		{ "Orsak", "Reason", true },
		{ "Rader", "Rows", false },
		{ "Radnummer", "Line numbers", true },
	};
	const struct intake_result *x = intake_result(i);
	bool any = false;
	for (unsigned n = REASON_NONE + 1; n < REASON_COUNT; n++) {
		if (!x->reasons[n])
			continue;
		if (!any) {
			staff_say(r, b, "<h2>Rader som inte används</h2>\n",
				"<h2>Rows that are not used</h2>\n");
			staff_table(
				r, b, staff_word(r, "Orsaker", "Reasons"), ROWS(columns));
		}
		any = true;
		words_row(b, reason_words((enum reason)n), x->reasons[n]);
		lines_cell(b, i, n, 0);
	}
	if (any)
		staff_table_end(b);
}

static void marks(struct http_request *r, struct buf *b, const struct intake *i)
{
	static const struct staff_column columns[] = {
		{ "Tas med, men", "Taken, but", true },
		{ "Personer", "Persons", false },
		{ "Radnummer", "Line numbers", true },
	};
	const struct intake_result *x = intake_result(i);
	bool any = false;
	for (unsigned n = 0; n < MARK_COUNT; n++) {
		if (!x->marks[n])
			continue;
		if (!any) {
			staff_say(r, b, "<h2>Bra att veta</h2>\n",
				"<h2>Good to know</h2>\n");
			staff_table(r, b, staff_word(r, "Bra att veta", "Good to know"),
				ROWS(columns));
		}
		any = true;
		words_row(b, mark_words((enum mark)(1U << n)), x->marks[n]);
		lines_cell(b, i, REASON_NONE, 1U << n);
	}
	if (any)
		staff_table_end(b);
}

static void notes(struct http_request *r, struct buf *b, const struct intake_result *x)
{
	if (*x->missing) {
		staff_say(r, b, "<p class=\"fault\">Filen saknar ",
			"<p class=\"fault\">The file has no ");
		html_around(b, "<span lang=\"sv\">", x->missing, "</span>. ");
		staff_say(r, b, "Regler som bygger på dem är inte prövade.</p>\n",
			"Rules that need them were not applied.</p>\n");
	}
	if (*x->unread) {
		staff_say(r, b,
			"<p>Kolumner som inte läses: ", "<p>Columns that are not read: ");
		html_around(b, "<span lang=\"sv\">", x->unread, "</span>.</p>\n");
	}
	if (x->begun)
		staff_say(r, b,
			"<p class=\"fault\">Utskicket har börjat. Bara nya nej och nya skydd räknas "
			"nu.</p>\n",
			"<p class=\"fault\">The sending has begun. Only new refusals and new "
			"protections count now.</p>\n");
	if (x->replaced)
		staff_say(r, b,
			"<p class=\"fault\">Urval och planerade utskick för förvaltningen gäller inte "
			"när den här filen är inläst. De görs om efteråt.</p>\n",
			"<p class=\"fault\">The administration’s draw and planned messages no longer "
			"hold when this file has been imported. They are made again "
			"afterwards.</p>\n");
	if (x->held)
		staff_say(r, b,
			"<p>Några personer väntar på ditt beslut och får inget förrän dess.</p>\n",
			"<p>Some persons wait for your decision and get nothing before "
			"that.</p>\n");
	if (x->same)
		staff_say(r, b, "<p>Filen ändrar ingenting.</p>\n",
			"<p>The file changes nothing.</p>\n");
}

void import_view_result(struct http_request *r, struct buf *b, const struct intake *i)
{
	const struct intake_result *x = intake_result(i);
	html_around(b, "<p class=\"lead\" lang=\"sv\">Läst som ", x->about.text, "");
	if (x->mapping)
		html_around(b, ", mappning ", x->mapping, "");
	if (x->own_rules)
		html_raw(b, ", omgångens egna regler");
	html_raw(b, "</p>\n");
	notes(r, b, x);
	figures(r, b, x);
	reasons(r, b, i);
	marks(r, b, i);
}

static void level(struct http_request *r, struct buf *b, const char *label,
	const struct groups_level *l)
{
	static const struct staff_column columns[] = {
		{ "Grupp", "Group", true },
		{ "Personer", "Persons", false },
		{ "Väntade svar", "Expected answers", false },
		{ "I resultatet", "In the result", true },
	};
	staff_table(r, b, label, ROWS(columns));
	for (size_t i = 0; i < l->count; i++) {
		const struct groups_row *row = &l->rows[i];
		html_around(b, "<tr><th scope=\"row\" lang=\"sv\">", row->name, "</th>");
		number_cell(b, (size_t)row->cell.persons);
		number_cell(b, (size_t)row->cell.answers);
		html_around(b, "<td class=\"text\" lang=\"sv\">",
			groups_fate_words(row->cell.fate), "</td></tr>\n");
	}
	staff_table_end(b);
}

static bool has_persons(const struct groups_level *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].cell.persons)
			return true;
	return false;
}

void import_view_outlook(
	struct http_request *r, struct buf *b, const struct outlook *o, unsigned per_cent)
{
	staff_say(r, b, "<h2 id=\"groups\">Små grupper, sedda i förväg</h2>\n<p>",
		"<h2 id=\"groups\">Small groups, seen in advance</h2>\n<p>");
	staff_say(r, b, "Så blir resultatet för hela staden om ",
		"This is what the result for the whole city will be if ");
	html_number(b, (long)per_cent);
	staff_say(r, b,
		" % av dem som hittills är inlästa svarar. En grupp med för få svar slås ihop med "
		"andra eller visas aldrig, så att ingen går att känna igen.</p>\n",
		" % of those imported so far answer. A group with too few answers is joined with "
		"others or never shown, so that nobody can be recognised.</p>\n");
	for (size_t i = 0; i < o->count; i++) {
		const struct groups_breakdown *x = &o->breakdowns[i];
		if (!has_persons(&x->declared))
			continue;
		html_around(b, "<h3 lang=\"sv\">", x->name, "</h3>\n");
		level(r, b, x->name, &x->declared);
		if (!x->coarser.count)
			continue;
		staff_say(r, b, "<p>En grövre indelning skulle ge:</p>\n",
			"<p>A coarser division would give:</p>\n");
		level(r, b,
			arena_format(http_arena(r), "%s, %s", x->name,
				staff_word(r, "grövre", "coarser")),
			&x->coarser);
	}
}
