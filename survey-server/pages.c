#include "pages.h"
#include "common/clock.h"
#include "common/form.h"
#include "definition.h"
#include "flow.h"
#include "form_page.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

enum {
	BODY_LIMIT = 4096,
	CONNECTIONS = 4096,
	IDLE_SECONDS = 20,
};

static const char html_type[] = "text/html; charset=utf-8";

/* Pages that are the same for everyone, made once. */
enum fixed {
	FIXED_THANKS,
	FIXED_DECLINED,
	FIXED_GONE,
	FIXED_BROKEN,
	FIXED_LATER,
	FIXED_MISSING,
	FIXED_COUNT
};

/* A wave's definition never changes, so it is read once. */
struct known {
	int64_t wave;
	struct definition definition;
};

struct pages {
	struct page_city city;
	struct box *box;
	struct store *store; /* the listener's thread */
	struct http_server *server;
	uint8_t invitation_key[SECRET_KEY];
	uint8_t repeat_key[SECRET_KEY]; /* this process's own */
	struct buf policy;
	const char *headers[16];
	struct buf fixed[FIXED_COUNT];
	struct arena *arena; /* of the definitions */
	struct known *known;
	size_t known_count;
};

static void reply_fixed(
	struct pages *p, struct http_request *r, unsigned status, enum fixed page)
{
	if (page == FIXED_LATER)
		http_set_header(r, "Retry-After", "30");
	http_reply_static(r, status, html_type, p->fixed[page].data, p->fixed[page].len);
}

static void reply_later(struct pages *p, struct http_request *r)
{
	reply_fixed(p, r, 503, FIXED_LATER);
}

/* NULL when the definition can't be read. */
static const struct definition *definition_of(struct pages *p, int64_t wave)
{
	for (size_t i = 0; i < p->known_count; i++)
		if (p->known[i].wave == wave)
			return &p->known[i].definition;
	auto_(buf) struct buf text = { 0 };
	struct definition d;
	struct why why;
	if (store_definition(p->store, wave, &text) != OK ||
		definition_read(p->arena, buf_string(&text), text.len, &d, &why) != OK)
		return NULL;
	p->known = mem_resize(p->known, p->known_count + 1, sizeof *p->known);
	p->known[p->known_count] = (struct known){ wave, d };
	return &p->known[p->known_count++].definition;
}

/* An invitation that its code opened, in a wave that takes answers today. */
struct opened {
	struct store_found found;
	struct invitation_id id;
	uint8_t background[INVITATION_BACKGROUND];
	const struct definition *definition;
};

/* ERR_NOT_FOUND for a code that is unknown or not of use today; other errors are the
 * store's. */
static enum err open_invitation(
	struct pages *p, const char *text, struct opened *ret_opened)
{
	struct code code;
	struct invitation_seal seal;
	struct opened o;
	if (code_parse(text, &code) != OK)
		return ERR_NOT_FOUND;
	invitation_derive(p->invitation_key, &code, &o.id, &seal);
	secret_wipe(&code, sizeof code);
	enum err e = store_invitation_find(p->store, &o.id, &o.found);
	if (e == OK && wave_phase(&o.found.wave, clock_day(clock_now())) != WAVE_OPEN)
		e = ERR_NOT_FOUND;
	if (e == OK && background_open(&seal, o.found.wave.name, &o.id, o.found.sealed,
			       o.background) != OK)
		e = ERR_NOT_FOUND;
	secret_wipe(&seal, sizeof seal);
	if (e)
		return e;
	o.definition = definition_of(p, o.found.wave.number);
	if (!o.definition)
		return ERR_IO;
	*ret_opened = o;
	return OK;
}

static void refuse(struct pages *p, struct http_request *r, enum err e)
{
	if (e == ERR_NOT_FOUND)
		reply_fixed(p, r, 410, FIXED_GONE);
	else
		reply_later(p, r);
}

static void reply_form(struct pages *p, struct http_request *r, const struct opened *o,
	unsigned status, const uint8_t *answers, const char *problem)
{
	uint8_t nonce[FORM_PAGE_NONCE];
	struct buf page = { 0 };
	secret_random(nonce, sizeof nonce);
	form_page_form(&page, &p->city, &o->found.wave, &o->definition->questionnaire,
		answers, problem, nonce);
	http_reply_buf(r, status, html_type, &page);
}

static void page_form(struct http_request *r, void *context)
{
	static const uint8_t no_answers[BALLOT_QUESTIONS];
	struct pages *p = context;
	struct opened o;
	bool gone = false;
	enum err e = open_invitation(p, http_segment(r, 0), &o);
	if (e == OK)
		e = store_gone(p->store, o.found.wave.number, o.found.serial, &gone);
	if (e || gone)
		refuse(p, r, gone ? ERR_NOT_FOUND : e);
	else
		reply_form(p, r, &o, 200, no_answers, NULL);
}

/* Reads the answers from the form. ERR_INPUT when a value is no option of its question.
 */
static enum err read_answers(const struct form *form, const struct questionnaire *q,
	uint8_t ret_answers[static BALLOT_QUESTIONS])
{
	memset(ret_answers, 0, BALLOT_QUESTIONS);
	enum err e = OK;
	for (size_t n = 0; n < q->count; n++) {
		const char *value = form_get(form, q->questions[n].link);
		if (!value || !*value)
			continue;
		int code = value[1] ? 0 : value[0] - '0';
		if (questionnaire_option(&q->questions[n], code))
			ret_answers[n] = (uint8_t)code;
		else
			e = ERR_INPUT;
	}
	return e;
}

/* Whether every field is one that the form has. */
static bool fields_known(const struct form *form, const struct questionnaire *q)
{
	static const char *const others[] = { "channel", "nonce", "page", "decline",
		"lang", "variant" };
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

static void stored(struct box_job *job)
{
	http_wake(job->context);
}

static void reply_stored(struct http_request *r, void *context)
{
	struct pages *p = context;
	const struct box_job *job = http_note(r);
	if (job->err)
		reply_later(p, r);
	else if (job->spend == SPEND_OK || job->spend == SPEND_REPEATED)
		reply_fixed(p, r, 200, job->decline ? FIXED_DECLINED : FIXED_THANKS);
	else
		reply_fixed(p, r, 410, FIXED_GONE);
}

static void submit(struct pages *p, struct http_request *r, const struct opened *o,
	struct box_job *job)
{
	job->wave = o->found.wave.number;
	job->serial = o->found.serial;
	job->id = o->id;
	job->done = stored;
	job->context = r;
	http_set_note(r, job);
	box_submit(p->box, job);
	http_park(r, reply_stored);
}

static void submit_answers(struct pages *p, struct http_request *r,
	const struct opened *o, const uint8_t *answers, const char *nonce)
{
	struct box_job *job = arena_alloc(http_arena(r), sizeof *job);
	uint8_t form[INVITATION_ID + FORM_PAGE_NONCE], hash[32];
	job->ballot.channel = CHANNEL_WEB;
	memcpy(job->ballot.background, o->background, sizeof job->ballot.background);
	memcpy(job->ballot.answers, answers, sizeof job->ballot.answers);
	memcpy(job->public_key, o->found.wave.public_key, sizeof job->public_key);
	job->name =
		arena_text(http_arena(r), o->found.wave.name, strlen(o->found.wave.name));
	if (nonce && secret_unhex(nonce, form + INVITATION_ID, FORM_PAGE_NONCE)) {
		memcpy(form, o->id.bytes, INVITATION_ID);
		secret_hmac(p->repeat_key, SECRET_KEY, form, sizeof form, hash);
		memcpy(job->repeat, hash, sizeof job->repeat);
		job->repeatable = true;
	}
	submit(p, r, o, job);
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

static void submit_decline(struct pages *p, struct http_request *r,
	const struct opened *o, enum decline decline)
{
	struct box_job *job = arena_alloc(http_arena(r), sizeof *job);
	job->decline = decline;
	submit(p, r, o, job);
}

/* Shows the form again, or that the invitation is gone: what was posted never matters to
 * a used one. */
static void ask_again(struct pages *p, struct http_request *r, const struct opened *o,
	unsigned status, const uint8_t *answers, const char *problem)
{
	bool gone = false;
	enum err e = store_gone(p->store, o->found.wave.number, o->found.serial, &gone);
	if (e || gone)
		refuse(p, r, gone ? ERR_NOT_FOUND : e);
	else if (answers)
		reply_form(p, r, o, status, answers, problem);
	else
		reply_fixed(p, r, status, FIXED_BROKEN);
}

static void page_answer(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct opened o;
	struct form form;
	size_t len;
	uint8_t answers[BALLOT_QUESTIONS];
	enum err e = open_invitation(p, http_segment(r, 0), &o);
	if (e) {
		refuse(p, r, e);
		return;
	}
	const struct questionnaire *q = &o.definition->questionnaire;
	const char *body = http_body(r, &len);
	enum decline decline = DECLINE_NONE;
	if (form_parse(http_arena(r), body, len, &form) != OK ||
		!fields_known(&form, q) || !read_decline(&form, &decline)) {
		ask_again(p, r, &o, 400, NULL, NULL);
		return;
	}
	e = read_answers(&form, q, answers);
	flow_drop(q, answers);
	if (decline)
		submit_decline(p, r, &o, decline);
	else if (e)
		ask_again(p, r, &o, 422, answers,
			"Ett svar kom inte fram som det skulle. Välj igen på frågan där inget "
			"är valt.");
	else if (form_get(&form, "page"))
		ask_again(p, r, &o, 200, answers, NULL);
	else if (!flow_any(q, answers))
		ask_again(p, r, &o, 422, answers,
			"Svara på minst en fråga innan du skickar. Vill du inte vara med kan du "
			"välja ”Nej tack” längst ner.");
	else
		submit_answers(p, r, &o, answers, form_get(&form, "nonce"));
}

static void page_start(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct buf page = { 0 };
	form_page_start(&page, &p->city, NULL);
	http_reply_buf(r, 200, html_type, &page);
}

/* A typed code leads to its page; it is not looked up here, so that nothing is told of
 * it. */
static void page_typed(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct form form;
	struct code code;
	size_t len;
	const char *body = http_body(r, &len), *typed = NULL;
	if (form_parse(http_arena(r), body, len, &form) == OK)
		typed = form_get(&form, "code");
	if (typed && code_parse(typed, &code) == OK) {
		char *to = arena_alloc(http_arena(r), INVITATION_CODE_TEXT + 2);
		to[0] = '/';
		code_format(&code, to + 1);
		http_set_header(r, "Location", to);
		http_reply(r, 303, html_type, "", 0);
		return;
	}
	struct buf page = { 0 };
	form_page_start(&page, &p->city,
		"Koden stämmer inte. Den har 16 tecken, bara siffror och bokstäver.");
	http_reply_buf(r, 422, html_type, &page);
}

static void page_about(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct wave *waves;
	size_t count;
	if (store_waves(p->store, &waves, &count) != OK) {
		reply_later(p, r);
		return;
	}
	bool server_key = false;
	day today = clock_day(clock_now());
	for (size_t i = 0; i < count; i++)
		server_key |= waves[i].custody == CUSTODY_SERVER &&
			      wave_phase(&waves[i], today) == WAVE_OPEN;
	free(waves);
	struct buf page = { 0 };
	form_page_about(&page, &p->city, server_key);
	http_reply_buf(r, 200, html_type, &page);
}

static void page_accessibility(struct http_request *r, void *context)
{
	struct pages *p = context;
	struct buf page = { 0 };
	form_page_accessibility(&page, &p->city);
	http_reply_buf(r, 200, html_type, &page);
}

static void page_missing(struct http_request *r, void *context)
{
	reply_fixed(context, r, 404, FIXED_MISSING);
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
		e = report_html(p->store, &w, &page);
	if (e == ERR_NOT_FOUND)
		page_missing(r, p);
	else if (e)
		reply_later(p, r);
	else
		http_reply_buf(r, 200, html_type, &page);
	buf_clear(&page);
}

/* clang-format off */
enum { ANYONE };
static const struct http_route routes[] = {
	{ "GET",  "/",                ANYONE, page_start },
	{ "POST", "/",                ANYONE, page_typed },
	{ "GET",  "/om",              ANYONE, page_about },
	{ "GET",  "/tillganglighet",  ANYONE, page_accessibility },
	{ "GET",  "/resultat/{wave}", ANYONE, page_result },
	{ "GET",  "/{code}",          ANYONE, page_form },
	{ "POST", "/{code}",          ANYONE, page_answer },
};
/* clang-format on */

static void make_fixed(struct pages *p)
{
	form_page_thanks(&p->fixed[FIXED_THANKS], &p->city);
	form_page_declined(&p->fixed[FIXED_DECLINED], &p->city);
	form_page_gone(&p->fixed[FIXED_GONE], &p->city);
	form_page_broken(&p->fixed[FIXED_BROKEN], &p->city);
	form_page_later(&p->fixed[FIXED_LATER], &p->city);
	form_page_missing(&p->fixed[FIXED_MISSING], &p->city);
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
	*p = (struct pages){ .city = { config->city, config->leave },
		.box = box,
		.arena = arena_create() };
	secret_random(p->repeat_key, sizeof p->repeat_key);
	make_fixed(p);
	enum err e = secret_key_load(config->invitation_key, p->invitation_key, why);
	if (e == OK)
		e = store_open(database, &p->store, why);
	if (e == OK) {
		struct http_options options = { .address = config->public,
			.routes = routes,
			.route_count = sizeof routes / sizeof *routes,
			.fallback = page_missing,
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
	for (size_t i = 0; i < FIXED_COUNT; i++)
		buf_clear(&p->fixed[i]);
	buf_clear(&p->policy);
	arena_destroy(p->arena);
	free(p->known);
	secret_wipe(p->invitation_key, sizeof p->invitation_key);
	secret_wipe(p->repeat_key, sizeof p->repeat_key);
	free(p);
}
