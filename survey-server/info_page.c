#include "info_page.h"
#include <stdio.h>

static void title(struct buf *b, const struct page *p, const char *text)
{
	page_begin(b, p, text, -1);
	html_around(b, "<h1>", text, "</h1>\n");
}

static void paragraph(struct buf *b, const struct page *p, const char *text)
{
	html_raw(b, "<p>");
	page_words(b, p, text, NULL);
	html_raw(b, "</p>\n");
}

static void section(
	struct buf *b, const struct page *p, const char *heading, const char *text)
{
	html_around(b, "<h2>", heading, "</h2>\n");
	paragraph(b, p, text);
}

/* A page of one heading and one text. */
static void brief(
	struct buf *b, const struct page *p, const char *heading, const char *text)
{
	title(b, p, heading);
	paragraph(b, p, text);
	page_end(b, p, -1);
}

static void start(struct buf *b, const struct page *p, bool wrong)
{
	const struct texts *t = p->texts;
	title(b, p, t->start_title);
	if (wrong)
		page_note(b, t->code_wrong);
	paragraph(b, p, t->start);
	html_around(b,
		"<form method=\"post\" action=\"/\" autocomplete=\"off\">\n"
		"<input type=\"hidden\" name=\"lang\" value=\"",
		t->code, "\">\n");
	html_around(
		b, "<label class=\"field\" for=\"code\">", t->code_label, "</label>\n");
	html_around(b,
		"<input type=\"text\" id=\"code\" name=\"code\" maxlength=\"40\" dir=\"ltr\" "
		"autocapitalize=\"characters\" spellcheck=\"false\" required>\n"
		"<div class=\"way\"><button type=\"submit\">",
		t->code_go, "</button></div>\n</form>\n");
	page_end(b, p, -1);
}

/* A fact about the city's handling: the page's own words, or the configuration's, which
 * are Swedish. */
static void fact(struct buf *b, const struct page *p, const char *term, const char *own,
	const char *configured)
{
	if (!own && !*configured)
		return;
	html_around(b, "<dt>", term, "</dt>\n<dd");
	if (*configured) {
		page_swedish(b, p);
		html_around(b, ">", configured, "</dd>\n");
	} else {
		html_around(b, ">", own, "</dd>\n");
	}
}

static void fact_words(struct buf *b, const struct page *p, const char *term,
	const char *text, const struct page_fill *fills)
{
	html_around(b, "<dt>", term, "</dt>\n<dd>");
	page_words(b, p, text, fills);
	html_raw(b, "</dd>\n");
}

static void personal_data(struct buf *b, const struct page *p)
{
	const struct texts *t = p->texts;
	const struct config *c = p->config;
	char days[24];
	(void)snprintf(days, sizeof days, "%ld", c->erasure_days);
	const struct page_fill fills[] = { { "days", days, false }, { 0 } };
	html_around(b, "<h2>", t->privacy_data_title, "</h2>\n<dl>\n");
	fact(b, p, t->privacy_controller, t->privacy_controller_default, c->controller);
	fact(b, p, t->privacy_officer, NULL, c->officer);
	fact(b, p, t->privacy_contact, t->privacy_contact_default, c->contact);
	fact(b, p, t->privacy_processors, NULL, c->processors);
	fact(b, p, t->privacy_purpose, t->privacy_purpose_text, "");
	fact(b, p, t->privacy_ground, t->privacy_ground_default, c->ground);
	fact(b, p, t->privacy_source, t->privacy_source_text, "");
	fact_words(b, p, t->privacy_kept, t->privacy_kept_text, fills);
	fact(b, p, t->privacy_rights, t->privacy_rights_text, "");
	html_around(b, "<dt>", t->privacy_complaint, "</dt>\n<dd>");
	html_around(b, "", t->privacy_complaint_text,
		" <a rel=\"noreferrer\" href=\"https://www.imy.se\">imy.se</a></dd>\n</dl>\n");
}

static void privacy(struct buf *b, const struct page *p)
{
	const struct texts *t = p->texts;
	const struct page_fill leave[] = { { "leave", t->leave, false }, { 0 } };
	title(b, p, t->privacy_title);
	paragraph(b, p, t->first_voluntary);
	section(b, p, t->privacy_saved_title, t->privacy_saved);
	section(b, p, t->privacy_who_title, t->privacy_who);
	paragraph(b, p, t->privacy_trial);
	section(b, p, t->privacy_limits_title, t->privacy_limits);
	personal_data(b, p);
	html_around(b, "<h2>", t->privacy_leave_title, "</h2>\n<p>");
	page_words(b, p, t->privacy_leave, leave);
	html_raw(b, "</p>\n");
	page_end(b, p, -1);
}

static const char *compliance(const struct page *p)
{
	switch ((enum accessibility)p->config->accessibility) {
	case ACCESSIBILITY_FULL:
		return p->texts->accessibility_full;
	case ACCESSIBILITY_PARTIAL:
		return p->texts->accessibility_partial;
	case ACCESSIBILITY_NONE:
		break;
	}
	return p->texts->accessibility_none;
}

/* MDFFS 2019:2 names what such a statement says: how accessible, what is not, how to tell
 * of more, who supervises, how and when it was tested. */
static void accessibility(struct buf *b, const struct page *p)
{
	const struct texts *t = p->texts;
	const struct config *c = p->config;
	title(b, p, t->accessibility_title);
	paragraph(b, p, t->accessibility_lead);
	section(b, p, t->accessibility_how_title, compliance(p));
	if (c->accessibility != ACCESSIBILITY_FULL)
		section(b, p, t->accessibility_flaws_title, t->accessibility_flaws);
	section(b, p, t->accessibility_report_title, t->accessibility_report);
	html_raw(b, "<p");
	if (*c->accessibility_contact) {
		page_swedish(b, p);
		html_around(b, ">", c->accessibility_contact, "</p>\n");
	} else {
		html_around(b, ">", t->accessibility_contact_default, "</p>\n");
	}
	section(b, p, t->accessibility_supervision_title, t->accessibility_supervision);
	html_around(b,
		"<p><a rel=\"noreferrer\" href=\"https://www.digg.se/tdosanmalan\">",
		t->accessibility_supervision_link, "</a></p>\n");
	section(b, p, t->accessibility_tested_title, t->accessibility_tested);
	if (*c->accessibility_date) {
		const struct page_fill date[] = { { "date", c->accessibility_date, true },
			{ 0 } };
		html_raw(b, "<p>");
		page_words(b, p, t->accessibility_date, date);
		html_raw(b, "</p>\n");
	}
	page_end(b, p, -1);
}

void info_page(struct buf *b, const struct page *p, enum info which)
{
	const struct texts *t = p->texts;
	switch (which) {
	case INFO_START:
	case INFO_START_WRONG:
		start(b, p, which == INFO_START_WRONG);
		return;
	case INFO_THANKS:
		brief(b, p, t->thanks_title, t->thanks);
		return;
	case INFO_DECLINED:
		brief(b, p, t->declined_title, t->declined);
		return;
	case INFO_GONE:
		brief(b, p, t->gone_title, t->gone);
		return;
	case INFO_BROKEN:
		brief(b, p, t->broken_title, t->broken);
		return;
	case INFO_LATER:
		brief(b, p, t->later_title, t->later);
		return;
	case INFO_MISSING:
		brief(b, p, t->missing_title, t->missing);
		return;
	case INFO_PRIVACY:
		privacy(b, p);
		return;
	case INFO_ACCESSIBILITY:
		accessibility(b, p);
		return;
	case INFO_COUNT:
		return;
	}
}
