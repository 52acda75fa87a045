#include "pages.h"
#include "common/clock.h"
#include "common/form.h"
#include "common/gzip.h"
#include "flow.h"
#include "forms.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

enum {
	BODY_LIMIT = 4096,
	CONNECTIONS = 4096,
	IDLE_SECONDS = 20,
};

struct pages {
	struct box *box;
	struct store *store; /* the listener's thread */
	struct forms *forms;
	struct http_server *server;
	uint8_t invitation_key[SECRET_KEY];
	uint8_t repeat_key[SECRET_KEY]; /* this process's own */
	bool reading; /* a snapshot is held for the requests of this round */
	int64_t now;  /* when today was last looked up */
	day today;
	struct buf policy;
	const char *headers[16];
	struct http_page style;
};

/* What a request says of language and variant: in its form, else in its address. NULL:
 * nothing. */
struct wish {
	const char *language;
	const char *variant;
	const char *accepted;
};

static struct wish wish_of(struct http_request *r, const struct form *form)
{
	struct wish w = { .accepted = http_header(r, "Accept-Language") };
	w.language = form ? form_get(form, "lang") : NULL;
	w.variant = form ? form_get(form, "variant") : NULL;
	if (!w.language)
		w.language = http_query(r, "lang");
	if (!w.variant)
		w.variant = http_query(r, "variant");
	return w;
}

static void reply_info(struct pages *p, struct http_request *r, const struct wish *w,
	unsigned status, enum info which)
{
	const struct texts *t =
		forms_texts(p->forms, w->language, w->accepted, w->variant);
	if (which == INFO_LATER)
		http_set_header(r, "Retry-After", "30");
	http_reply_page(r, status, forms_type, forms_info(p->forms, t, which));
}

/* An invitation that its code opened, in a wave that takes answers today. */
struct opened {
	struct store_found found;
	struct invitation_id id;
	uint8_t background[INVITATION_BACKGROUND];
	unsigned area;
	const struct definition *definition;
};

/* The day, looked up once a second. */
static day today(struct pages *p)
{
	int64_t now = clock_now();
	if (now != p->now) {
		p->now = now;
		p->today = clock_day(now);
	}
	return p->today;
}

/* ERR_NOT_FOUND for a code that is unknown or not of use today; other errors are the
 * store's. */
static enum err open_invitation(
	struct pages *p, const char *text, struct opened *ret_opened)
{
	struct code code;
	struct invitation_seal seal;
	struct background background;
	struct opened o;
	if (code_parse(text, &code) != OK)
		return ERR_NOT_FOUND;
	invitation_derive(p->invitation_key, &code, &o.id, &seal);
	secret_wipe(&code, sizeof code);
	if (!p->reading)
		p->reading = store_snapshot(p->store) == OK;
	enum err e = store_invitation_find(p->store, &o.id, &o.found);
	if (e == OK && wave_phase(&o.found.wave, today(p)) != WAVE_OPEN)
		e = ERR_NOT_FOUND;
	if (e == OK && (background_open(&seal, o.found.wave.name, &o.id, o.found.sealed,
				o.background) != OK ||
			       background_decode(o.background, &background) != OK))
		e = ERR_NOT_FOUND;
	secret_wipe(&seal, sizeof seal);
	if (e)
		return e;
	o.definition = forms_definition(p->forms, p->store, &o.found.wave);
	if (!o.definition)
		return ERR_IO;
	o.area = o.definition->area < 0 ? 0 : background.values[o.definition->area];
	*ret_opened = o;
	return OK;
}

/* What came in together is read from one snapshot: to begin and end one costs as much as
 * the reading. Whoever has seen an answer stored asks in a later round. */
static void end_round(void *context)
{
	struct pages *p = context;
	if (p->reading)
		store_release(p->store);
	p->reading = false;
}

static const struct form_made *form_of(
	struct pages *p, const struct opened *o, const struct wish *w)
{
	return forms_find(p->forms, p->store, &o->found.wave, o->area, w->language,
		w->accepted, w->variant);
}

static void refuse(
	struct pages *p, struct http_request *r, const struct wish *w, enum err e)
{
	if (e == ERR_NOT_FOUND)
		reply_info(p, r, w, 410, INFO_GONE);
	else
		reply_info(p, r, w, 503, INFO_LATER);
}

static void new_nonce(char text[static FORM_PAGE_NONCE_TEXT + 1])
{
	uint8_t nonce[FORM_PAGE_NONCE];
	secret_random(nonce, sizeof nonce);
	secret_hex(nonce, sizeof nonce, text);
}

static void page_form(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct opened o;
	const struct wish w = wish_of(r, NULL);
	const struct form_made *form = NULL;
	char nonce[FORM_PAGE_NONCE_TEXT + 1];
	enum err e = open_invitation(p, http_segment(r, 0), &o);
	if (e == OK && o.found.gone)
		e = ERR_NOT_FOUND;
	if (e == OK)
		form = form_of(p, &o, &w);
	if (!form) {
		refuse(p, r, &w, e ? e : ERR_IO);
		return;
	}
	new_nonce(nonce);
	forms_reply(r, form, nonce);
}

/* A post to an invitation. */
struct post {
	struct opened opened;
	struct form form;
	struct wish wish;
	const struct form_made *made;
	const struct form_view *view; /* of what was made */
	struct form_state state;
	enum decline decline;
	int page;     /* -1: the final one */
	size_t wrong; /* the place of the first answer that is no option; NONE */
};

enum { NONE = BALLOT_QUESTIONS };

/* Reads the answers; one that is no option of its question is left out. */
static void read_answers(struct post *post)
{
	const struct questionnaire *q = post->view->questionnaire;
	struct form_state *s = &post->state;
	post->wrong = NONE;
	for (size_t n = 0; n < q->count; n++) {
		const char *value = form_get(&post->form, q->questions[n].link);
		if (!value)
			continue;
		int code = !*value || value[1] ? 0 : value[0] - '0';
		if (!*value)
			s->declined[n] = true;
		else if (questionnaire_option(&q->questions[n], code))
			s->answers[n] = (uint8_t)code;
		else if (post->wrong == NONE)
			post->wrong = n;
	}
	flow_drop(q, post->view->hidden, s->answers);
	for (size_t n = 0; n < q->count; n++)
		if (!flow_asked(q, post->view->hidden, n, s->answers))
			s->declined[n] = false;
}

/* Whether every field is one that the form has. */
static bool fields_known(const struct form *form, const struct questionnaire *q)
{
	static const char *const others[] = { "channel", "nonce", "page", "decline",
		"lang", "variant", "helped" };
	for (size_t i = 0; i < form->count; i++) {
		bool known = false;
		for (size_t n = 0; n < q->count && !known; n++)
			known = strcmp(form->fields[i].name, q->questions[n].link) == 0;
		for (size_t n = 0; n < sizeof others / sizeof *others && !known; n++)
			known = strcmp(form->fields[i].name, others[n]) == 0;
		if (!known)
			return false;
	}
	return true;
}

/* *ret_decline stays when the form has no such field; false when its value is none of
 * ours. */
static bool read_decline(const struct form *form, enum decline *ret_decline)
{
	const char *value = form_get(form, "decline");
	if (value && strcmp(value, "no") == 0)
		*ret_decline = DECLINE_NO;
	else if (value && strcmp(value, "wrong-person") == 0)
		*ret_decline = DECLINE_WRONG_PERSON;
	else
		return !value;
	return true;
}

/* -1 without the field; false when its value is no page. */
static bool read_page(const struct post *post, int *ret_page)
{
	const char *value = form_get(&post->form, "page");
	int page = 0;
	*ret_page = -1;
	if (!value)
		return true;
	if (!*value || strlen(value) > 2 || strspn(value, "0123456789") != strlen(value))
		return false;
	for (; *value; value++)
		page = page * 10 + *value - '0';
	*ret_page = page;
	return page <= (int)post->view->questionnaire->count + 1;
}

static bool read_helped(const struct form *form, enum helped *ret_helped)
{
	const char *value = form_get(form, "helped");
	if (!value || !*value)
		return true;
	if (value[1] || *value < '0' || *value >= '0' + HELPED_COUNT)
		return false;
	*ret_helped = (enum helped)(*value - '0');
	return true;
}

/* The form's nonce; another when it has none that could be ours. */
static void read_nonce(const struct form *form, struct form_state *s)
{
	uint8_t bytes[FORM_PAGE_NONCE];
	const char *value = form_get(form, "nonce");
	if (value && secret_unhex(value, bytes, sizeof bytes))
		memcpy(s->nonce, value, sizeof s->nonce);
	else
		new_nonce(s->nonce);
}

/* false when the form did not arrive as it was sent. */
static bool read_post(struct http_request *r, struct pages *p, struct post *post)
{
	size_t len;
	const char *body = http_body(r, &len);
	if (form_parse(http_arena(r), body, len, &post->form) != OK) {
		post->wish = wish_of(r, NULL);
		return false;
	}
	post->wish = wish_of(r, &post->form);
	post->made = form_of(p, &post->opened, &post->wish);
	if (!post->made)
		return false;
	post->view = forms_view(post->made);
	if (!fields_known(&post->form, post->view->questionnaire) ||
		!read_decline(&post->form, &post->decline) ||
		!read_page(post, &post->page) ||
		!read_helped(&post->form, &post->state.helped))
		return false;
	read_nonce(&post->form, &post->state);
	read_answers(post);
	return true;
}

static void stored(struct box_job *job)
{
	http_wake(job->context);
}

/* What the reply to a stored answer needs. */
struct submitted {
	struct box_job job;
	struct wish wish;
};

static void reply_stored(struct http_request *r, void *context)
{
	struct pages *p = context;
	const struct submitted *s = http_note(r);
	const struct box_job *job = &s->job;
	if (job->err)
		reply_info(p, r, &s->wish, 503, INFO_LATER);
	else if (job->spend == SPEND_OK || job->spend == SPEND_REPEATED)
		reply_info(
			p, r, &s->wish, 200, job->decline ? INFO_DECLINED : INFO_THANKS);
	else
		reply_info(p, r, &s->wish, 410, INFO_GONE);
}

/* The same form, with the same answers, gets the same thanks; with others, that would be
 * a lie. */
static void mark_repeat(
	const struct pages *p, const struct post *post, struct box_job *job)
{
	struct {
		uint8_t id[INVITATION_ID], nonce[FORM_PAGE_NONCE],
			answers[BALLOT_QUESTIONS], helped;
	} form;
	uint8_t hash[32];
	const char *nonce = form_get(&post->form, "nonce");
	if (!nonce || !secret_unhex(nonce, form.nonce, sizeof form.nonce))
		return;
	memcpy(form.id, post->opened.id.bytes, sizeof form.id);
	memcpy(form.answers, post->state.answers, sizeof form.answers);
	form.helped = (uint8_t)post->state.helped;
	secret_hmac(p->repeat_key, SECRET_KEY, &form, sizeof form, hash);
	memcpy(job->repeat, hash, sizeof job->repeat);
	job->repeatable = true;
}

static void submit(struct pages *p, struct http_request *r, const struct post *post)
{
	struct submitted *s = arena_alloc(http_arena(r), sizeof *s);
	struct box_job *job = &s->job;
	const struct opened *o = &post->opened;
	const struct wave *wave = &o->found.wave;
	s->wish = post->wish;
	job->wave = wave->number;
	job->serial = o->found.serial;
	job->id = o->id;
	job->done = stored;
	job->context = r;
	job->decline = post->decline;
	if (!job->decline) {
		job->ballot.channel = CHANNEL_WEB;
		job->ballot.helped = post->state.helped;
		memcpy(job->ballot.background, o->background,
			sizeof job->ballot.background);
		memcpy(job->ballot.answers, post->state.answers,
			sizeof job->ballot.answers);
		memcpy(job->public_key, wave->public_key, sizeof job->public_key);
		job->name = arena_text(http_arena(r), wave->name, strlen(wave->name));
		mark_repeat(p, post, job);
	}
	http_set_note(r, s);
	box_submit(p->box, job);
	http_park(r, reply_stored);
}

/* Whether the invitation is still of use; else says so: what was posted never matters to
 * a used one. */
static bool still_open(struct pages *p, struct http_request *r, const struct post *post)
{
	bool gone = post->opened.found.gone;
	if (gone)
		refuse(p, r, &post->wish, ERR_NOT_FOUND);
	return !gone;
}

/* Shows a page of the form with what was said so far. */
static void show(struct pages *p, struct http_request *r, const struct post *post,
	unsigned status, size_t page, const char *problem)
{
	if (still_open(p, r, post))
		forms_reply_page(r, status, post->made, page, &post->state, problem);
}

static void none_answered(
	struct pages *p, struct http_request *r, const struct post *post)
{
	const struct texts *t = post->view->page.texts;
	auto_(buf) struct buf problem = { 0 };
	const struct page_fill fills[] = { { "no_thanks", t->first_no_thanks, false },
		{ 0 } };
	page_words(&problem, &post->view->page, t->problem_none, fills);
	show(p, r, post, 422, post->view->questionnaire->count + 1, buf_string(&problem));
}

static void page_answer(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct post *post = arena_alloc(http_arena(r), sizeof *post);
	enum err e = open_invitation(p, http_segment(r, 0), &post->opened);
	if (e) {
		const struct wish w = wish_of(r, NULL);
		refuse(p, r, &w, e);
		return;
	}
	if (!read_post(r, p, post)) {
		if (still_open(p, r, post))
			reply_info(p, r, &post->wish, 400, INFO_BROKEN);
		return;
	}
	const struct questionnaire *q = post->view->questionnaire;
	if (post->decline)
		submit(p, r, post);
	else if (post->wrong != NONE)
		show(p, r, post, 422, post->wrong + 1,
			post->view->page.texts->problem_answer);
	else if (post->page >= 0)
		show(p, r, post, 200, (size_t)post->page, NULL);
	else if (!flow_any(q, post->state.answers))
		none_answered(p, r, post);
	else
		submit(p, r, post);
}

static void page_start(struct http_request *r, void *context)
{
	const struct wish w = wish_of(r, NULL);
	reply_info(context, r, &w, 200, INFO_START);
}

/* A typed code leads to its page; it is not looked up here, so that nothing is told of
 * it. */
static void page_typed(struct http_request *r, void *context)
{
	struct form form = { 0 };
	struct code code;
	size_t len;
	const char *body = http_body(r, &len);
	bool whole = form_parse(http_arena(r), body, len, &form) == OK;
	const char *typed = whole ? form_get(&form, "code") : NULL;
	const struct wish w = wish_of(r, whole ? &form : NULL);
	if (!typed || code_parse(typed, &code) != OK) {
		reply_info(context, r, &w, 422, INFO_START_WRONG);
		return;
	}
	char *to = arena_alloc(http_arena(r), INVITATION_CODE_TEXT + 2);
	to[0] = '/';
	code_format(&code, to + 1);
	http_set_header(r, "Location", to);
	http_reply(r, 303, forms_type, "", 0);
}

static void page_about(struct http_request *r, void *context)
{
	const struct wish w = wish_of(r, NULL);
	reply_info(context, r, &w, 200, INFO_PRIVACY);
}

static void page_accessibility(struct http_request *r, void *context)
{
	const struct wish w = wish_of(r, NULL);
	reply_info(context, r, &w, 200, INFO_ACCESSIBILITY);
}

/* It says nothing of anyone, so a browser may keep it for the minutes of the form. */
static void page_style_sheet(struct http_request *r, void *context)
{
	struct pages *p = context;
	http_set_header(r, "Cache-Control", "private, max-age=3600");
	http_reply_page(r, 200, "text/css; charset=utf-8", &p->style);
}

static void page_missing(struct http_request *r, void *context)
{
	const struct wish w = wish_of(r, NULL);
	reply_info(context, r, &w, 404, INFO_MISSING);
}

static void page_result(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct wave w;
	struct buf page = { 0 };
	enum err e = store_wave_find(p->store, http_segment(r, 0), &w);
	if (e == OK && w.state != WAVE_PUBLISHED)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = report_html(p->store, &w, NULL, &page);
	if (e == OK)
		http_reply_buf(r, 200, forms_type, &page);
	else if (e == ERR_NOT_FOUND)
		page_missing(r, p);
	else
		reply_info(p, r, &(struct wish){ 0 }, 503, INFO_LATER);
	buf_clear(&page);
}

/* clang-format off */
enum { ANYONE };
static const struct http_route routes[] = {
	{ "GET",  "/",                ANYONE, page_start },
	{ "POST", "/",                ANYONE, page_typed },
	{ "GET",  page_style_path,    ANYONE, page_style_sheet },
	{ "GET",  "/om",              ANYONE, page_about },
	{ "GET",  "/tillganglighet",  ANYONE, page_accessibility },
	{ "GET",  "/resultat/{wave}", ANYONE, page_result },
	{ "GET",  "/{code}",          ANYONE, page_form },
	{ "POST", "/{code}",          ANYONE, page_answer },
};
/* clang-format on */

static void make_headers(struct pages *p)
{
	size_t len;
	const char *style = page_style(&len);
	buf_add(&p->style.plain, style, len);
	gzip_pack(style, len, 1, 0, &p->style.packed);
	page_policy(&p->policy);
	const char *headers[] = { "Content-Security-Policy", buf_string(&p->policy),
		"Cache-Control", "no-store", "Referrer-Policy", "no-referrer",
		"X-Content-Type-Options", "nosniff", "X-Robots-Tag", "noindex, nofollow",
		NULL };
	memcpy(p->headers, headers, sizeof headers);
}

enum err pages_start(const struct config *config, struct box *box,
	struct pages **ret_pages, struct why *why)
{
	struct pages *p = mem_alloc(sizeof *p);
	auto_(free) char *database = config_database(config);
	p->box = box;
	secret_random(p->repeat_key, sizeof p->repeat_key);
	make_headers(p);
	enum err e = secret_key_load(config->invitation_key, p->invitation_key, why);
	if (e == OK)
		e = store_open(database, &p->store, why);
	if (e == OK)
		e = forms_make(config, p->store, &p->forms, why);
	if (e == OK) {
		struct http_options options = { .address = config->public,
			.routes = routes,
			.route_count = sizeof routes / sizeof *routes,
			.fallback = page_missing,
			.rest = end_round,
			.context = p,
			.headers = p->headers,
			.body_limit = BODY_LIMIT,
			.connection_limit = CONNECTIONS,
			.idle_seconds = IDLE_SECONDS };
		e = http_start(&options, &p->server, why);
	}
	if (e) {
		pages_stop(p);
		return e;
	}
	*ret_pages = p;
	return OK;
}

void pages_stop(struct pages *p)
{
	if (!p)
		return;
	http_stop(p->server);
	store_close(p->store);
	forms_free(p->forms);
	buf_clear(&p->policy);
	buf_clear(&p->style.plain);
	buf_clear(&p->style.packed);
	secret_wipe(p->invitation_key, sizeof p->invitation_key);
	secret_wipe(p->repeat_key, sizeof p->repeat_key);
	free(p);
}
