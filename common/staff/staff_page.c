#include "common/clock.h"
#include "common/log.h"
#include "inside.h"
#include "staff/staff.css.h"
#include <stdio.h>
#include <string.h>

static const char html_type[] = "text/html; charset=utf-8";

const struct account *staff_who(struct http_request *r)
{
	struct staff_visit *v = staff_visit(r);
	return v && v->signed_in ? &v->account : NULL;
}

bool staff_english(struct http_request *r)
{
	struct staff_visit *v = staff_visit(r);
	return v && v->english;
}

const struct form *staff_form(struct http_request *r)
{
	return &staff_visit(r)->form;
}

const char *staff_typed(struct http_request *r, const char *name)
{
	const char *value = form_get(staff_form(r), name);
	return value ? value : "";
}

const struct multipart_file *staff_file(struct http_request *r)
{
	struct staff_visit *v = staff_visit(r);
	return v->file.data ? &v->file : NULL;
}

const char *staff_word(struct http_request *r, const char *swedish, const char *english)
{
	return staff_english(r) ? english : swedish;
}

bool staff_audit(
	struct staff *s, struct http_request *r, enum audit_event e, const char *object)
{
	const struct account *who = staff_who(r);
	if (audit_add(s->audit, clock_now(), who ? who->name : "-", e, object) == OK)
		return true;
	log_error("staff: the audit log can't be written: is the disk full?");
	staff_unavailable(s, r);
	return false;
}

void staff_go(struct http_request *r, const char *path)
{
	http_set_header(r, "Location", path);
	http_reply_static(r, 303, NULL, "", 0);
}

static void links(struct staff *s, struct http_request *r, struct buf *b)
{
	const char *here = http_path(r);
	staff_say(r, b, "<nav aria-label=\"Sidor\"><ul>\n",
		"<nav aria-label=\"Pages\"><ul>\n");
	for (size_t i = 0;; i++) {
		struct staff_link link;
		if (!staff_link_at(s->site, i, &link))
			break;
		if (!staff_opens(s, link.path, staff_who(r)))
			continue;
		size_t len = strlen(link.path);
		html_around(b, "<li><a href=\"", link.path, "\"");
		if (strcmp(here, link.path) == 0)
			html_raw(b, " aria-current=\"page\"");
		else if (len > 1 && strncmp(here, link.path, len) == 0 &&
			 here[len] == '/')
			html_raw(b, " aria-current=\"true\"");
		html_around(
			b, ">", staff_word(r, link.swedish, link.english), "</a></li>\n");
	}
	html_raw(b, "</ul></nav>\n");
}

static void own(struct http_request *r, struct buf *b)
{
	const struct account *who = staff_who(r);
	html_raw(b, "<div class=\"own\"><a href=\"/staff/account\">");
	html_text(b, *who->full ? who->full : who->name);
	html_raw(b, "</a>");
	staff_form_begin(r, b, "/staff/sign-out");
	staff_say(r, b,
		"<button type=\"submit\" class=\"quiet\">Logga ut</button></form></div>\n",
		"<button type=\"submit\" class=\"quiet\">Sign out</button></form></div>\n");
}

void staff_page(struct staff *s, struct http_request *r, struct buf *b,
	const char *title_swedish, const char *title_english)
{
	const char *site = staff_word(r, s->site->swedish, s->site->english);
	const char *title = staff_word(r, title_swedish, title_english);
	staff_say(r, b, "<!doctype html>\n<html lang=\"sv\">\n",
		"<!doctype html>\n<html lang=\"en\">\n");
	html_raw(b,
		"<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<title>");
	html_text(b, title);
	html_around(b, " – ", site, "</title>\n");
	html_raw(b, "<link rel=\"icon\" href=\"data:,\">\n"
		    "<link rel=\"stylesheet\" href=\"");
	html_text(b, staff_style_path());
	html_raw(b, "\">\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
	staff_say(r, b, "Till innehållet", "To the contents");
	html_around(b, "</a>\n<header>\n<p><a href=\"/\">", site, "</a></p>\n");
	if (staff_who(r)) {
		links(s, r, b);
		own(r, b);
	}
	html_raw(b, "</header>\n<main id=\"main\" tabindex=\"-1\">\n<h1>");
	html_around(b, "", title, "</h1>\n");
}

void staff_page_reply(struct http_request *r, unsigned status, struct buf *b)
{
	struct buf next = { 0 };
	form_encode(&next, guard_here(r));
	html_raw(b, "</main>\n<footer><a href=\"/staff/language?to=");
	staff_say(r, b, "en&amp;next=", "sv&amp;next=");
	html_text(b, buf_string(&next));
	buf_clear(&next);
	staff_say(r, b, "\" lang=\"en\" hreflang=\"en\">In English</a></footer>\n",
		"\" lang=\"sv\" hreflang=\"sv\">På svenska</a></footer>\n");
	html_raw(b, "</body>\n</html>\n");
	http_reply_buf(r, status, html_type, b);
}

/* Ends the form's first tag. */
static void prove(struct http_request *r, struct buf *b)
{
	struct staff_visit *v = staff_visit(r);
	html_raw(b, ">");
	if (v->signed_in)
		html_around(b, "<input type=\"hidden\" name=\"csrf\" value=\"", v->csrf,
			"\">");
	html_raw(b, "\n");
}

void staff_form_begin(struct http_request *r, struct buf *b, const char *path)
{
	html_around(b, "<form method=\"post\" action=\"", path, "\"");
	prove(r, b);
}

void staff_form_begin_file(struct http_request *r, struct buf *b, const char *path)
{
	html_around(b, "<form method=\"post\" action=\"", path,
		"\" enctype=\"multipart/form-data\"");
	prove(r, b);
}

void staff_table(struct http_request *r, struct buf *b, const char *label,
	const struct staff_column *columns, size_t count)
{
	html_around(b, "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"",
		label, "\">\n<table><thead><tr>");
	for (const struct staff_column *c = columns; c < columns + count; c++) {
		html_raw(b, "<th scope=\"col\"");
		if (c->text)
			html_raw(b, " class=\"text\"");
		html_around(b, ">", staff_word(r, c->swedish, c->english), "</th>");
	}
	html_raw(b, "</tr></thead>\n<tbody>\n");
}

void staff_table_end(struct buf *b)
{
	html_raw(b, "</tbody></table></div>\n");
}

void staff_waiting(struct buf *b, const char *text, const char *path, const char *link)
{
	html_around(b, "<li>", text, "");
	if (path) {
		html_around(b, " <a href=\"", path, "\">");
		html_around(b, "", link, "</a>");
	}
	html_raw(b, "</li>\n");
}

void staff_message(struct staff *s, struct http_request *r, unsigned status,
	const char *title_swedish, const char *title_english, const char *text_swedish,
	const char *text_english)
{
	struct buf b = { 0 };
	staff_page(s, r, &b, title_swedish, title_english);
	html_around(&b, "<p>", staff_word(r, text_swedish, text_english),
		"</p>\n<p><a href=\"/\">");
	staff_say(r, &b, "Till startsidan", "To the start page");
	html_raw(&b, "</a></p>\n");
	staff_page_reply(r, status, &b);
}

/* Another style sheet than the one that a browser keeps has another address. The
 * listener's thread only. */
const char *staff_style_path(void)
{
	static char path[40];
	if (!*path) {
		char version[SECRET_VERSION + 1];
		secret_version(css_staff, sizeof css_staff - 1, version);
		(void)snprintf(path, sizeof path, "/staff/staff.css?v=%s", version);
	}
	return path;
}

const char *staff_style(size_t *ret_len)
{
	*ret_len = sizeof css_staff - 1;
	return css_staff;
}
