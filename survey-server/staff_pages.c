#include "staff_pages.h"
#include "common/clock.h"
#include "common/log.h"
#include "page.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

struct staff_pages {
	struct store *store; /* the listener's thread is the only one that uses it */
	struct staff *staff;
	struct buf policy; /* of a page that has the report's own style */
};

/* Waves. */

static const char *next_step(struct http_request *r, const struct wave *w)
{
	switch (wave_phase(w, clock_day(clock_now()))) {
	case WAVE_PLANNED:
		return w->state == WAVE_PLANNED && w->custody == CUSTODY_PAPER
			       ? staff_word(r,
					 "Ska öppnas med sin nyckel före första dagen.",
					 "Is to be opened with its key before the first day.")
			       : staff_word(r, "Öppnar av sig själv första dagen.",
					 "Opens by itself on the first day.");
	case WAVE_OPEN:
		return staff_word(r, "Tar emot svar.", "Takes answers.");
	case WAVE_CLOSED:
		return staff_word(r, "Har stängt och ska räknas.",
			"Has closed and is to be counted.");
	case WAVE_BURNING:
		return staff_word(r, "Räknad, men gallringen blev inte klar. Räkna igen.",
			"Counted, but the erasure was not finished. Count again.");
	case WAVE_COUNTED:
		return staff_word(
			r, "Räknad, inte publicerad.", "Counted, not published.");
	case WAVE_PUBLISHED:
		return staff_word(r, "Publicerad.", "Published.");
	}
	return "";
}

static bool has_result(const struct wave *w)
{
	return w->state == WAVE_COUNTED || w->state == WAVE_PUBLISHED;
}

static enum err all_waves(
	struct staff_pages *p, struct wave **ret_waves, size_t *ret_count)
{
	enum err e = store_waves(p->store, ret_waves, ret_count);
	if (e != OK)
		log_error("staff: the database: %s", store_error(p->store));
	return e;
}

/* Whether the wave waits for somebody with these roles. */
static bool waits_for(const struct wave *w, unsigned roles)
{
	switch (wave_phase(w, clock_day(clock_now()))) {
	case WAVE_PLANNED:
	case WAVE_OPEN:
	case WAVE_CLOSED:
	case WAVE_BURNING:
		return roles & ROLE_WAVES;
	case WAVE_COUNTED:
		return roles & (ROLE_WAVES | ROLE_READER | ROLE_PUBLISHER);
	case WAVE_PUBLISHED:
		return roles & ROLE_READER;
	}
	return false;
}

static enum err waiting(struct http_request *r, struct buf *b, void *context)
{
	unsigned roles = staff_who(r)->roles;
	struct wave *waves = NULL;
	size_t count = 0;
	struct arena *a = http_arena(r);
	enum err e = all_waves(context, &waves, &count);
	for (size_t i = 0; i < count; i++) {
		const struct wave *w = &waves[i];
		bool result = has_result(w) && roles & (ROLE_READER | ROLE_PUBLISHER);
		if (waits_for(w, roles))
			staff_waiting(b,
				arena_format(a, "%s: %s", w->title, next_step(r, w)),
				result ? arena_format(a, "/staff/report/%s", w->name)
				       : "/staff/waves",
				result ? staff_word(
						 r, "Läs resultatet", "Read the result")
				       : staff_word(r, "Till mätomgångarna",
						 "To the waves"));
	}
	free(waves);
	return e;
}

static void wave_row(struct http_request *r, struct buf *b, const struct wave *w)
{
	char opens[11], closes[11];
	bool reads = staff_who(r)->roles & (ROLE_READER | ROLE_PUBLISHER);
	day_format(w->opens, opens);
	day_format(w->closes, closes);
	html_around(b, "<tr><th scope=\"row\">", w->title, " ");
	html_around(b, "(", w->name, ")</th>");
	html_around(b, "<td>", opens, "</td>");
	html_around(b, "<td>", closes, "</td><td>");
	html_number(b, w->invited);
	html_around(b, "</td><td class=\"text\">", next_step(r, w), "");
	if (has_result(w) && reads) {
		html_around(b, " <a href=\"/staff/report/", w->name, "\">");
		staff_say(r, b, "Läs</a>", "Read</a>");
		html_around(b, " <a href=\"/staff/report/", w->name, "/csv\">CSV</a>");
		html_around(b, " <a href=\"/staff/report/", w->name, "/json\">JSON</a>");
	}
	html_raw(b, "</td></tr>\n");
}

static void on_waves(struct http_request *r, void *context)
{
	static const struct staff_column columns[] = {
		{ "Mätomgång", "Wave", false },
		{ "Första dag", "First day", false },
		{ "Sista dag", "Last day", false },
		{ "Tillfrågade", "Invited", false },
		{ "Läge", "State", true },
	};
	struct staff *s = context;
	struct buf b = { 0 };
	struct wave *waves = NULL;
	size_t count = 0;
	if (all_waves(staff_context(s), &waves, &count) != OK) {
		staff_unavailable(s, r);
		return;
	}
	staff_page(s, r, &b, "Mätomgångar", "Waves");
	if (!count)
		staff_say(r, &b,
			"<p>Ingen mätomgång är upplagd än. Det görs med <code>survey-server wave "
			"add</code>.</p>\n",
			"<p>There is no wave yet. <code>survey-server wave add</code> makes "
			"one.</p>\n");
	staff_table(r, &b, staff_word(r, "Mätomgångar", "Waves"), ROWS(columns));
	for (size_t i = 0; i < count; i++)
		wave_row(r, &b, &waves[i]);
	staff_table_end(&b);
	free(waves);
	staff_page_reply(r, 200, &b);
}

/* Results. */

static bool sees(const void *context, const char *variable, const char *value)
{
	if (!value)
		return false;
	if (strcmp(variable, "area") == 0)
		return staff_sees_area(context, value);
	if (strcmp(variable, "administration") == 0)
		return staff_sees_administration(context, value);
	return true;
}

typedef enum err report_make(struct store *s, const struct wave *w,
	const struct report_scope *scope, struct buf *out);

/* false when it has answered: there is no such result, or it can't be read. */
static bool make(struct staff *s, struct http_request *r, report_make *how,
	const char *as, struct buf *b)
{
	struct staff_pages *p = staff_context(s);
	const struct account *who = staff_who(r);
	const struct report_scope scope = { sees, who };
	bool limited = *who->areas || *who->administrations;
	struct wave w;
	enum err e = store_wave_find(p->store, http_segment(r, 0), &w);
	if (e == OK && !has_result(&w))
		e = ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND) {
		staff_message(s, r, 404, "Resultatet finns inte",
			"There is no such result",
			"Mätomgången är inte räknad än, eller finns inte.",
			"The wave has not been counted yet, or does not exist.");
		return false;
	}
	if (e == OK && !staff_audit(s, r, as ? AUDIT_EXPORTED : AUDIT_VIEWED,
			       arena_format(http_arena(r), "wave %s result%s%s", w.name,
				       as ? " " : "", as ? as : "")))
		return false;
	if (e == OK)
		e = how(p->store, &w, limited ? &scope : NULL, b);
	if (e == OK)
		return true;
	log_error("staff: the database: %s", store_error(p->store));
	staff_unavailable(s, r);
	return false;
}

static void on_report(struct http_request *r, void *context)
{
	struct staff_pages *p = staff_context(context);
	struct buf b = { 0 };
	if (!make(context, r, report_html, NULL, &b))
		return;
	http_set_header(r, "Content-Security-Policy", buf_string(&p->policy));
	http_reply_buf(r, 200, "text/html; charset=utf-8", &b);
}

static void export(struct staff *s, struct http_request *r, report_make *how,
	const char *as, const char *type)
{
	struct buf b = { 0 };
	if (!make(s, r, how, as, &b))
		return;
	http_set_header(r, "Content-Disposition",
		arena_format(http_arena(r), "attachment; filename=\"resultat.%s\"", as));
	http_reply_buf(r, 200, type, &b);
}

static void on_csv(struct http_request *r, void *context)
{
	export(context, r, report_csv, "csv", "text/csv; charset=utf-8");
}

static void on_json(struct http_request *r, void *context)
{
	export(context, r, report_json, "json", "application/json");
}

// clang-format off
static const struct staff_role roles[] = {
	/* bit, name, Swedish, English, limited to administrations, to areas, always */
	{ ROLE_WAVES, "waves", "mätomgångsansvarig", "wave administrator", false, false, false },
	{ ROLE_READER, "reader", "resultatläsare", "report reader", true, true, false },
	{ ROLE_PUBLISHER, "publisher", "publicerare", "publisher", false, false, false },
};

static const struct http_route routes[] = {
	/* method, path,                 who, handler */
	{ "GET", "/staff/waves",              ROLE_WAVES | ROLE_READER | ROLE_PUBLISHER, on_waves },
	{ "GET", "/staff/report/{wave}",      ROLE_READER | ROLE_PUBLISHER, on_report },
	{ "GET", "/staff/report/{wave}/csv",  ROLE_READER | ROLE_PUBLISHER | STAFF_FRESH, on_csv },
	{ "GET", "/staff/report/{wave}/json", ROLE_READER | ROLE_PUBLISHER | STAFF_FRESH, on_json },
};

static const struct staff_link links[] = {
	{ "/staff/waves", "Mätomgångar", "Waves" },
};
// clang-format on

const struct staff_site staff_pages_site = {
	.program = "survey-server",
	.cookie = "enkat",
	.swedish = "Enkäten",
	.english = "The survey",
	.roles = roles,
	.role_count = sizeof roles / sizeof *roles,
	.routes = routes,
	.route_count = sizeof routes / sizeof *routes,
	.links = links,
	.link_count = sizeof links / sizeof *links,
	.waiting = waiting,
};

enum err staff_pages_start(
	const struct config *config, struct staff_pages **ret_pages, struct why *why)
{
	auto_(free) char *database = config_database(config);
	struct staff_pages *p = mem_alloc(sizeof *p);
	page_policy(&p->policy);
	enum err e = store_open(database, &p->store, why);
	if (e == OK)
		e = staff_start(&config->staff, &staff_pages_site, config->state,
			config->keys, p, &p->staff, why);
	if (e != OK) {
		staff_pages_stop(p);
		return e;
	}
	*ret_pages = p;
	return OK;
}

void staff_pages_stop(struct staff_pages *p)
{
	if (!p)
		return;
	staff_stop(p->staff);
	store_close(p->store);
	buf_clear(&p->policy);
	free(p);
}
