#include "sms-gateway/pages.h"
#include "common/clock.h"
#include "common/html.h"
#include "common/log.h"
#include "sms-gateway/stores.h"
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 1024, CONNECTIONS = 64, IDLE_SECONDS = 30 };

struct pages {
	const struct config *config;
	struct provider *provider;
	struct stores *stores; /* the listener's thread is the only one that uses them */
	struct http_server *server;
};

static const char html_type[] = "text/html; charset=utf-8";

static void head(struct buf *b, const char *title, const struct pages *p)
{
	html_raw(b,
		"<!doctype html>\n<html lang=\"sv\">\n<head>\n<meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	html_text(b, title);
	html_raw(b,
		"</title><link rel=\"icon\" href=\"data:,\">\n<style>\n"
		":root{--ground:#fff;--ink:#17202a;--soft:#4a5560;--line:#d5dce3;--calm:#f4f6f8;--act:#0b4f6c;"
		"color-scheme:light dark}\n"
		"@media(prefers-color-scheme:dark){:root{--ground:#14191e;--ink:#eef2f5;--soft:#b9c3cc;"
		"--line:#3a444d;--calm:#20272e;--act:#9fd3ea}}\n"
		"*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);"
		"font:1rem/1.5 system-ui,sans-serif}\n"
		"header{border-block-end:1px solid var(--line);padding:.75rem 1rem;display:flex;gap:.25rem 2rem;"
		"flex-wrap:wrap;align-items:baseline}header b{font-size:1.1rem}a{color:var(--act)}\n"
		"a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--ink);outline-offset:2px;"
		"box-shadow:0 0 0 6px #ffd33d}\n"
		"main{max-inline-size:72rem;margin:0 auto;padding:1rem}h1{font-size:1.75rem;margin:.25rem 0}"
		"h2{font-size:1.2rem;margin:1.5rem 0 .25rem}\n"
		".lead{color:var(--soft);max-inline-size:46rem;margin:0 0 1.25rem}.wide{overflow-x:auto}\n"
		"table{border-collapse:collapse;inline-size:100%;font-variant-numeric:tabular-nums}\n"
		"th,td{padding:.5rem .6rem;border-block-end:1px solid var(--line);text-align:end;"
		"white-space:nowrap}th:first-child{text-align:start}"
		"thead th{color:var(--soft);font-weight:600;font-size:.9rem}\n"
		"ol{list-style:none;margin:0;padding:0;max-inline-size:24rem}li{margin:0 0 1.25rem}"
		"li p{margin:0;color:var(--soft);font-size:.9rem}"
		"li div{background:var(--calm);border-radius:1rem 1rem 1rem .25rem;padding:.75rem 1rem;"
		"white-space:pre-line;overflow-wrap:anywhere}\n"
		"</style>\n</head>\n<body>\n<header><b>SMS-utskick</b><nav><a href=\"/\">Utskick</a>");
	if (p->provider->class == &provider_outbox)
		html_raw(b, " &nbsp; <a href=\"/outbox\">Utkorg</a>");
	html_raw(b, "</nav></header>\n<main>\n<h1>");
	html_text(b, title);
	html_raw(b, "</h1>\n");
}

static void foot(struct buf *b)
{
	html_raw(b, "</main>\n</body>\n</html>\n");
}

static void reply(struct http_request *r, unsigned status, struct buf *b)
{
	foot(b);
	http_reply_buf(r, status, html_type, b);
}

struct listing {
	struct buf *out;
	const char *wave;  /* the wave at hand */
	char (*waves)[64]; /* those that have been shown */
	char (*titles)[128];
	size_t count;
};

static enum err collect_wave(void *context, const struct store_counts *c)
{
	struct listing *l = context;
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->waves[i], c->wave) == 0)
			return OK;
	l->waves = mem_resize(l->waves, l->count + 1, sizeof *l->waves);
	l->titles = mem_resize(l->titles, l->count + 1, sizeof *l->titles);
	memcpy(l->waves[l->count], c->wave, sizeof c->wave);
	memcpy(l->titles[l->count], c->title, sizeof c->title);
	l->count++;
	return OK;
}

static void cell(struct buf *b, long number)
{
	html_raw(b, "<td>");
	html_number(b, number);
	html_raw(b, "</td>");
}

static enum err show_row(void *context, const struct store_counts *c)
{
	struct listing *l = context;
	if (strcmp(c->wave, l->wave) != 0)
		return OK;
	html_raw(l->out, "<tr><th scope=\"row\">");
	html_text(l->out, c->name);
	if (c->refused)
		html_raw(l->out,
			"<br>Enkäten tar inte emot alla. Läs in filen igen och se varför.");
	else if (c->unregistered)
		html_raw(l->out, "<br>Alla är inte registrerade än.");
	html_raw(l->out, "</th>");
	cell(l->out, c->contacts);
	cell(l->out, c->states[STORE_QUEUED] + c->states[STORE_SENDING]);
	cell(l->out, c->states[STORE_SENT]);
	cell(l->out, c->states[STORE_DELIVERED]);
	cell(l->out, c->states[STORE_FAILED]);
	cell(l->out, c->states[STORE_UNKNOWN]);
	cell(l->out, c->states[STORE_STOPPED]);
	html_raw(l->out, "</tr>\n");
	return OK;
}

static enum err each_store(struct pages *p, struct listing *l, store_each_counts *each)
{
	for (size_t i = 0; i < stores_count(p->stores); i++) {
		struct store *s = stores_at(p->stores, i);
		enum err e = store_counts(s, each, l);
		if (e != OK) {
			log_error("%s: %s", store_administration(s), store_error(s));
			return e;
		}
	}
	return OK;
}

static enum err show_wave(struct pages *p, struct listing *l, size_t place)
{
	struct buf *b = l->out;
	l->wave = l->waves[place];
	html_raw(b, "<h2>");
	html_text(b, l->titles[place]);
	html_raw(b, " (");
	html_text(b, l->wave);
	html_raw(b,
		")</h2>\n<section class=\"wide\" tabindex=\"0\" aria-label=\"Antal SMS i ");
	html_text(b, l->wave);
	html_raw(b,
		"\"><table>\n<thead><tr><th scope=\"col\">Förvaltning</th><th scope=\"col\">Personer</th>"
		"<th scope=\"col\">Planerade</th><th scope=\"col\">Skickade</th>"
		"<th scope=\"col\">Framme</th><th scope=\"col\">Misslyckade</th>"
		"<th scope=\"col\">Vet inte</th><th scope=\"col\">Stoppade</th></tr></thead>\n<tbody>\n");
	enum err e = each_store(p, l, show_row);
	html_raw(b, "</tbody>\n</table></section>\n");
	return e;
}

static void unavailable(struct http_request *r, struct pages *p)
{
	struct buf b = { 0 };
	head(&b, "Det går inte just nu", p);
	html_raw(&b,
		"<p>Uppgifterna gick inte att läsa. Ladda om sidan om en stund.</p>\n");
	reply(r, 503, &b);
}

static void on_start(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct why why;
	struct buf b = { 0 };
	struct listing l = { .out = &b };
	head(&b, "Utskick", p);
	html_raw(&b,
		"<p class=\"lead\">Så många SMS är planerade, skickade och framme. Vet inte betyder att "
		"ingen vet om ett SMS gick iväg; det skickas aldrig igen av sig självt.</p>\n");
	enum err e = stores_refresh(p->stores, &why);
	if (e != OK)
		log_error("%s", why.text);
	if (e == OK)
		e = each_store(p, &l, collect_wave);
	for (size_t i = 0; e == OK && i < l.count; i++)
		e = show_wave(p, &l, i);
	if (!l.count)
		html_raw(&b,
			"<p>Inga personer är inlästa än. Läs in en fil med <code>sms-gateway import</code>."
			"</p>\n");
	free(l.waves);
	free(l.titles);
	if (e == OK) {
		reply(r, 200, &b);
		return;
	}
	buf_clear(&b);
	unavailable(r, p);
}

/* The number's middle is nobody's business on a page without login. */
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
	html_raw(b, "<a href=\"");
	html_text(b, link + 1);
	html_raw(b, "\" rel=\"noreferrer\">");
	html_text(b, link + 1);
	html_raw(b, "</a>");
}

struct shown {
	struct buf *out;
	const char *sender;
	size_t count;
};

static void show_message(void *context, const char *to, const char *text, int64_t when)
{
	struct shown *s = context;
	int minute = clock_minute(when);
	s->count++;
	html_raw(s->out, "<li><p>");
	html_text(s->out, s->sender);
	html_raw(s->out, " till ");
	show_number(s->out, to);
	buf_format(s->out, ", kl. %02d.%02d</p><div>", minute / 60, minute % 60);
	show_text(s->out, text);
	html_raw(s->out, "</div></li>\n");
}

static void on_outbox(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct buf b = { 0 };
	struct buf list = { 0 };
	struct shown s = { &list, p->config->sender, 0 };
	bool kept = provider_outbox_messages(p->provider, show_message, &s);
	head(&b, kept ? "Utkorg" : "Ingen utkorg", p);
	if (!kept) {
		html_raw(&b, "<p>SMS skickas på riktigt och visas inte här.</p>\n");
		reply(r, 404, &b);
		return;
	}
	html_raw(&b,
		"<p class=\"lead\">Här är de SMS som skulle ha skickats, det senaste först. Inget har gått "
		"ut. De glöms när programmet stoppas.</p>\n");
	if (!s.count)
		html_raw(&b,
			"<p>Inga SMS än. Planera dem med <code>sms-gateway send</code>.</p>\n");
	html_raw(&b, "<ol>\n");
	buf_add(&b, buf_string(&list), list.len);
	html_raw(&b, "</ol>\n");
	buf_clear(&list);
	reply(r, 200, &b);
}

static void on_missing(struct http_request *r, void *context)
{
	struct buf b = { 0 };
	head(&b, "Sidan finns inte", context);
	html_raw(&b, "<p>Gå till <a href=\"/\">Utskick</a>.</p>\n");
	reply(r, 404, &b);
}

/* A page on another host must not reach these through a name that points at loopback. */
static bool enter(struct http_request *r, int who, void *context)
{
	(void)who;
	(void)context;
	const char *host = http_header(r, "Host");
	size_t len = host ? strcspn(host, ":") : 0;
	if (host && ((len == 9 && strncmp(host, "localhost", len) == 0) ||
			    (strncmp(host, "127.", 4) == 0 &&
				    strspn(host, "0123456789.") == len)))
		return true;
	http_reply_static(r, 403, "text/plain; charset=utf-8", "", 0);
	return false;
}

// clang-format off
static const struct http_route routes[] = {
	/* method, path,      who, handler */
	{ "GET",   "/",        0,  on_start },
	{ "GET",   "/outbox",  0,  on_outbox },
};

static const char *const headers[] = {
	"Cache-Control", "no-store",
	"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Referrer-Policy", "no-referrer",
	"X-Content-Type-Options", "nosniff",
	NULL,
};
// clang-format on

enum err pages_start(const struct config *c, struct provider *p, struct pages **ret_pages,
	struct why *why)
{
	struct pages *s = mem_alloc(sizeof *s);
	*s = (struct pages){ c, p, stores_create(c->state), NULL };
	struct http_options options = {
		.address = c->staff,
		.routes = routes,
		.route_count = sizeof routes / sizeof *routes,
		.fallback = on_missing,
		.enter = enter,
		.context = s,
		.headers = headers,
		.body_limit = BODY_LIMIT,
		.connection_limit = CONNECTIONS,
		.idle_seconds = IDLE_SECONDS,
	};
	enum err e = stores_refresh(s->stores, why);
	if (e == OK)
		e = http_start(&options, &s->server, why);
	if (e != OK) {
		pages_stop(s);
		return e;
	}
	*ret_pages = s;
	return OK;
}

void pages_stop(struct pages *p)
{
	if (!p)
		return;
	http_stop(p->server);
	stores_destroy(p->stores);
	free(p);
}
