#include "form_page.h"
#include "flow.h"
#include "picture.h"
#include <stdio.h>
#include <string.h>

/* Words joined by a slash may part after it, or they are wider than a small screen. */
static void slashed(struct buf *b, const char *text)
{
	const char *slash;
	while ((slash = strchr(text, '/'))) {
		auto_(buf) struct buf word = { 0 };
		buf_add(&word, text, (size_t)(slash + 1 - text));
		html_text(b, buf_string(&word));
		html_raw(b, "<wbr>");
		text = slash + 1;
	}
	html_text(b, text);
}

static const struct texts *texts_of(const struct form_view *v)
{
	return v->page.texts;
}

static void words(struct buf *b, const struct form_view *v, const char *text,
	const struct page_fill *fills)
{
	page_words(b, &v->page, text, fills);
}

static const char *decimal(size_t n, char text[static 24])
{
	(void)snprintf(text, 24, "%zu", n);
	return text;
}

/* "Fråga 2 av 6", or whatever the text says of question n. */
static void numbered(struct buf *b, const struct form_view *v, const char *text, size_t n)
{
	char place[24], count[24];
	const struct page_fill fills[] = {
		{ "n", decimal(flow_place(v->hidden, n), place), false },
		{ "count", decimal(flow_shown(v->questionnaire, v->hidden), count),
			false },
		{ 0 },
	};
	words(b, v, text, fills);
}

static void hidden_field(struct buf *b, const char *name, const char *value)
{
	html_around(b, "<input type=\"hidden\" name=\"", name, "\" value=\"");
	html_around(b, "", value, "\">\n");
}

static const char *code_text(uint8_t code, char text[static 2])
{
	text[0] = (char)('0' + code);
	text[1] = '\0';
	return code ? text : "";
}

static bool said(const struct form_state *s, size_t n)
{
	return s->answers[n] || s->declined[n];
}

/* The state, but for the question that the page itself asks, and on the last page who
 * helped. */
static void hidden_state(struct buf *b, const struct form_view *v,
	const struct form_state *s, size_t but, bool last)
{
	char code[2];
	hidden_field(b, "nonce", s->nonce);
	for (size_t n = 0; n < v->questionnaire->count; n++)
		if (n != but && said(s, n))
			hidden_field(b, v->questionnaire->questions[n].link,
				code_text(s->answers[n], code));
	if (s->helped && !last)
		hidden_field(b, "helped", code_text((uint8_t)s->helped, code));
}

enum { NONE = BALLOT_QUESTIONS };

static void hidden_edition(struct buf *b, const struct form_view *v)
{
	hidden_field(b, "lang", v->questionnaire->language);
	hidden_field(b, "variant", v->questionnaire->variant);
}

static void begin_form(struct buf *b)
{
	html_raw(b, "<form method=\"post\" autocomplete=\"off\">\n");
}

static void option(struct buf *b, const char *name, const char *value, const char *text,
	const char *picture, bool checked, bool apart)
{
	html_raw(b, "<label class=\"option");
	if (apart)
		html_raw(b, " apart");
	html_around(b, "\"><input type=\"radio\" name=\"", name, "\" value=\"");
	html_around(b, "", value, "\"");
	if (checked)
		html_raw(b, " checked");
	html_raw(b, "> ");
	if (picture)
		picture_draw(b, picture);
	html_raw(b, "<span>");
	slashed(b, text);
	html_raw(b, "</span></label>\n");
}

static void options(struct buf *b, const struct form_view *v, const struct question *q,
	uint8_t answer, bool declined)
{
	bool apart = true;
	char code[2];
	for (size_t i = 0; i < q->option_count; i++) {
		const struct option *o = &q->options[i];
		option(b, q->link, code_text(o->code, code), o->text, o->picture,
			answer == o->code, apart && !o->grade);
		apart = apart && o->grade;
	}
	option(b, q->link, "", texts_of(v)->decline, NULL, declined, apart);
}

/* The question's text is the page's heading, or one of several. */
static void question(struct buf *b, const struct form_view *v, size_t n,
	const struct form_state *s, bool alone)
{
	const struct question *q = &v->questionnaire->questions[n];
	html_raw(b, "<fieldset>\n<legend><span class=\"step\">");
	numbered(b, v, texts_of(v)->step, n);
	html_raw(b, "</span> ");
	if (alone)
		html_raw(b, "<h1>");
	else
		html_raw(b, "<h2>");
	slashed(b, q->text);
	if (alone)
		html_raw(b, "</h1></legend>\n");
	else
		html_raw(b, "</h2></legend>\n");
	if (q->help)
		html_around(b, "<p class=\"hint\">", q->help, "</p>\n");
	if (q->condition_count && !alone)
		html_around(b, "<p class=\"hint\">", texts_of(v)->only_if, "</p>\n");
	if (q->picture) {
		html_raw(b, "<div class=\"picture\">");
		picture_draw(b, q->picture);
		html_raw(b, "</div>\n");
	}
	options(b, v, q, s->answers[n], s->declined[n]);
	html_raw(b, "</fieldset>\n");
}

static void note(struct buf *b, const char *problem)
{
	if (problem)
		page_note(b, problem);
}

static void begin(struct buf *b, const struct form_view *v, const char *title, size_t n,
	const char *problem)
{
	auto_(buf) struct buf whole = { 0 };
	if (problem)
		buf_format(&whole, "%s: ", texts_of(v)->problem_title);
	buf_text(&whole, title);
	page_begin(b, &v->page, buf_string(&whole), (int)n);
}

/* A choice of language or variant; nothing when there is none. */
static void begin_choice(struct buf *b, const char *name, const char *label)
{
	html_around(b, "<label>", label, " <select name=\"");
	html_around(b, "", name, "\">\n");
}

static void choose_language(struct buf *b, const struct form_view *v)
{
	begin_choice(b, "lang", texts_of(v)->language_label);
	const struct definition *d = v->definition;
	for (size_t i = 0; i < d->edition_count; i++) {
		const struct questionnaire *q = &d->editions[i];
		const struct texts *t = texts_find(v->all, q->language, "");
		if (*q->variant || !t)
			continue;
		html_around(b, "<option value=\"", q->language, "\" lang=\"");
		html_around(b, "", q->language, "\"");
		if (strcmp(q->language, v->questionnaire->language) == 0)
			html_raw(b, " selected");
		html_around(b, ">", t->name, "</option>\n");
	}
	html_raw(b, "</select></label>\n");
}

static void choose_variant(struct buf *b, const struct form_view *v)
{
	begin_choice(b, "variant", texts_of(v)->variant_label);
	const struct definition *d = v->definition;
	for (size_t i = 0; i < d->edition_count; i++) {
		const struct questionnaire *q = &d->editions[i];
		if (strcmp(q->language, v->questionnaire->language) != 0)
			continue;
		html_around(b, "<option value=\"", q->variant, "\"");
		if (q == v->questionnaire)
			html_raw(b, " selected");
		html_around(b, ">",
			*q->variant ? q->variant_name : texts_of(v)->variant_plain,
			"</option>\n");
	}
	html_raw(b, "</select></label>\n");
}

/* Whether the wave has another edition, in this language or in another one. */
static bool has_other(const struct form_view *v, bool this_language)
{
	const struct definition *d = v->definition;
	for (size_t i = 0; i < d->edition_count; i++) {
		const struct questionnaire *q = &d->editions[i];
		bool same = strcmp(q->language, v->questionnaire->language) == 0;
		if (q != v->questionnaire && same == this_language)
			return true;
	}
	return false;
}

static void page_button(struct buf *b, size_t page, const char *text, bool quiet)
{
	html_raw(b, "<button type=\"submit\"");
	if (quiet)
		html_raw(b, " class=\"quiet\"");
	buf_format(b, " name=\"page\" value=\"%zu\">", page);
	html_around(b, "", text, "</button>\n");
}

/* Change of language and variant: the page again, with all that was said. false when
 * there is nothing to choose. */
static bool chooser(struct buf *b, const struct form_view *v, size_t page)
{
	bool languages = has_other(v, false), variants = has_other(v, true);
	bool any = languages || variants;
	if (any)
		html_raw(b, "<div class=\"choose\">\n");
	if (languages)
		choose_language(b, v);
	else
		hidden_field(b, "lang", v->questionnaire->language);
	if (variants)
		choose_variant(b, v);
	else
		hidden_field(b, "variant", v->questionnaire->variant);
	if (any) {
		page_button(b, page, texts_of(v)->change_to, true);
		html_raw(b, "</div>\n");
	}
	return any;
}

/* Shown by the script, where the browser has a voice of its own for the language. */
static void aloud(struct buf *b, const struct form_view *v)
{
	html_around(b, "<button type=\"button\" class=\"quiet\" hidden data-stop=\"",
		texts_of(v)->read_stop, "\">");
	html_around(b, "", texts_of(v)->read_aloud, "</button>\n");
}

/* Shown by the script when the network is gone; it keeps the one that it saw last. */
static void lost(struct buf *b, const struct form_view *v)
{
	html_around(b, "<div class=\"note\" role=\"alert\" id=\"lost\" hidden><p>",
		texts_of(v)->lost, "</p></div>\n");
}

/* Who asks, why, how long, that it is voluntary and how it is anonymous. */
static void introduction(struct buf *b, const struct form_view *v)
{
	const struct texts *t = texts_of(v);
	html_around(b, "<h1>", t->first_title, "</h1>\n<p>");
	words(b, v, t->first_who, NULL);
	html_raw(b, " ");
	numbered(b, v, t->first_time, 0);
	html_around(b, "</p>\n<p>", t->first_voluntary, " ");
	/* No more than is true: with the key on the server, somebody could look before
	 * the count. */
	html_text(b, v->custody == CUSTODY_SERVER ? t->first_trial : t->first_anonymous);
	html_raw(b, "</p>\n");
}

static void decline(struct buf *b, const struct form_view *v)
{
	const struct texts *t = texts_of(v);
	html_around(b, "<h2>", t->first_not_me, "</h2>\n");
	html_raw(b, "<form method=\"post\" class=\"way\">\n");
	hidden_edition(b, v);
	html_around(b,
		"<button type=\"submit\" class=\"quiet\" name=\"decline\" value=\"wrong-person\">",
		t->first_wrong_person, "</button>\n");
	html_around(b,
		"<button type=\"submit\" class=\"quiet\" name=\"decline\" value=\"no\">",
		t->first_no_thanks, "</button>\n</form>\n");
}

static bool any_said(const struct form_state *s)
{
	for (size_t n = 0; n < BALLOT_QUESTIONS; n++)
		if (said(s, n))
			return true;
	return false;
}

/* At the top, for who can't read on. Nothing to lose yet: an address that can be kept. */
static void choose_first(
	struct buf *b, const struct form_view *v, const struct form_state *s)
{
	if (any_said(s)) {
		begin_form(b);
		hidden_state(b, v, s, NONE, false);
	} else {
		html_raw(b, "<form autocomplete=\"off\">\n");
	}
	(void)chooser(b, v, 0);
	html_raw(b, "</form>\n");
}

void form_page_first(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem)
{
	begin(b, v, texts_of(v)->title, 0, problem);
	if (has_other(v, false) || has_other(v, true))
		choose_first(b, v, s);
	note(b, problem);
	introduction(b, v);
	lost(b, v);
	begin_form(b);
	hidden_edition(b, v);
	html_raw(b, "<div class=\"way\">");
	page_button(b, 1, texts_of(v)->first_begin, false);
	aloud(b, v);
	html_raw(b, "</div>\n");
	hidden_state(b, v, s, NONE, false);
	html_raw(b, "</form>\n");
	decline(b, v);
	page_end(b, &v->page, 0);
}

void form_page_question(struct buf *b, const struct form_view *v, size_t n,
	const struct form_state *s, const char *problem)
{
	const struct questionnaire *q = v->questionnaire;
	auto_(buf) struct buf title = { 0 };
	numbered(&title, v, texts_of(v)->step, n);
	begin(b, v, buf_string(&title), n + 1, problem);
	note(b, problem);
	begin_form(b);
	hidden_state(b, v, s, n, false);
	question(b, v, n, s, true);
	html_raw(b, "<div class=\"way\">");
	page_button(b, n + 2, texts_of(v)->next, false);
	page_button(b, flow_page_before(q, v->hidden, n + 1, s->answers),
		texts_of(v)->back, true);
	aloud(b, v);
	html_raw(b, "</div>\n");
	(void)chooser(b, v, n + 1);
	html_raw(b, "</form>\n");
	page_end(b, &v->page, (int)n + 1);
}

static void answer(
	struct buf *b, const struct form_view *v, size_t n, const struct form_state *s)
{
	const struct question *q = &v->questionnaire->questions[n];
	const struct option *o = questionnaire_option(q, s->answers[n]);
	html_raw(b, "<div><dt>");
	slashed(b, q->text);
	html_raw(b, "</dt>\n<dd>");
	if (o && o->picture)
		picture_draw(b, o->picture);
	html_raw(b, "<b>");
	slashed(b, o                ? o->text
		   : s->declined[n] ? texts_of(v)->decline
				    : texts_of(v)->unanswered);
	buf_format(b,
		"</b></dd>\n<dd><button type=\"submit\" class=\"quiet\" name=\"page\" value=\"%zu\">",
		n + 1);
	numbered(b, v, texts_of(v)->change, n);
	html_raw(b, "</button></dd></div>\n");
}

static void answers(struct buf *b, const struct form_view *v, const struct form_state *s)
{
	html_raw(b, "<dl>\n");
	for (size_t n = 0; n < v->questionnaire->count; n++)
		if (flow_asked(v->questionnaire, v->hidden, n, s->answers))
			answer(b, v, n, s);
	html_raw(b, "</dl>\n");
}

static void helped(struct buf *b, const struct form_view *v, enum helped who)
{
	const struct texts *t = texts_of(v);
	const char *const texts[HELPED_COUNT] = { [HELPED_SELF] = t->helped_self,
		[HELPED_RELATIVE] = t->helped_relative,
		[HELPED_STAFF] = t->helped_staff,
		[HELPED_INTERPRETER] = t->helped_interpreter };
	char code[2];
	html_around(b, "<fieldset>\n<legend><h2>", t->helped_title, "</h2></legend>\n");
	html_around(b, "<p class=\"hint\">", t->helped_hint, "</p>\n");
	for (uint8_t i = HELPED_SELF; i < HELPED_COUNT; i++)
		option(b, "helped", code_text(i, code), texts[i], NULL, who == i, false);
	html_raw(b, "</fieldset>\n");
}

/* What the background variable is called on the page; the Swedish name of a city's own,
 * which has no words in the page's language. */
static void variable(struct buf *b, const struct form_view *v, const struct variable *x)
{
	const struct texts *t = texts_of(v);
	const struct {
		const char *code, *words;
	} known[] = {
		{ "administration", t->background_administration },
		{ "area", t->background_area },
		{ "age", t->background_age },
		{ "measure", t->background_measure },
		{ "origin", t->background_origin },
		{ "sex", t->background_sex },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(x->code, known[i].code) == 0) {
			buf_text(b, known[i].words);
			return;
		}
	}
	buf_text(b, x->name);
}

static void saved(struct buf *b, const struct form_view *v)
{
	const struct texts *t = texts_of(v);
	auto_(buf) struct buf background = { 0 };
	for (size_t i = 0; i < v->definition->variable_count; i++) {
		if (i)
			buf_format(&background, "%s ", t->background_between);
		variable(&background, v, &v->definition->variables[i]);
	}
	const struct page_fill fills[] = {
		{ "background", buf_string(&background), false }, { 0 }
	};
	html_around(b, "<h2>", t->saved_title, "</h2>\n<ul>\n");
	html_around(b, "<li>", t->saved_answers, "</li>\n<li>");
	words(b, v, t->saved_background, fills);
	html_around(b, "</li>\n</ul>\n<p>", t->saved_not, "</p>\n");
}

static void send(struct buf *b, const struct form_view *v)
{
	html_around(b, "<button type=\"submit\">", texts_of(v)->send, "</button>\n");
}

void form_page_last(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem)
{
	const struct questionnaire *q = v->questionnaire;
	size_t before = flow_page_before(q, v->hidden, q->count + 1, s->answers);
	begin(b, v, texts_of(v)->last_title, q->count + 1, problem);
	begin_form(b);
	/* First, so that Enter among the circles means its button, the page again;
	 * without it, a step back. */
	if (!chooser(b, v, q->count + 1)) {
		html_raw(b, "<div class=\"way\">");
		page_button(b, before, texts_of(v)->back, true);
		html_raw(b, "</div>\n");
	}
	note(b, problem);
	html_around(b, "<h1>", texts_of(v)->last_title, "</h1>\n");
	hidden_field(b, "channel", "web");
	hidden_state(b, v, s, NONE, true);
	answers(b, v, s);
	helped(b, v, s->helped);
	saved(b, v);
	lost(b, v);
	html_raw(b, "<div class=\"way\">");
	send(b, v);
	page_button(b, before, texts_of(v)->back, true);
	aloud(b, v);
	html_raw(b, "</div>\n</form>\n");
	if (!flow_any(q, s->answers))
		decline(b, v);
	page_end(b, &v->page, (int)q->count + 1);
}

void form_page_whole(struct buf *b, const struct form_view *v, const struct form_state *s,
	const char *problem)
{
	begin(b, v, texts_of(v)->title, 0, problem);
	begin_form(b);
	/* First, as on the last page. */
	(void)chooser(b, v, 0);
	note(b, problem);
	introduction(b, v);
	for (size_t n = 0; n < v->questionnaire->count; n++)
		if (!(v->hidden >> n & 1))
			question(b, v, n, s, false);
	helped(b, v, s->helped);
	saved(b, v);
	lost(b, v);
	html_raw(b, "<div class=\"way\">");
	send(b, v);
	aloud(b, v);
	html_raw(b, "</div>\n");
	hidden_field(b, "channel", "web");
	hidden_field(b, "nonce", s->nonce);
	html_raw(b, "</form>\n");
	decline(b, v);
	page_end(b, &v->page, 0);
}
