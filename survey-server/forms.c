#include "forms.h"
#include "common/accept.h"
#include "common/gzip.h"
#include "flow.h"
#include <stdlib.h>
#include <string.h>

const char forms_type[] = "text/html; charset=utf-8";

/* Lengths are multiples of STEP. MARGIN is more than two answers differ by: some
 * digits on a question's page, the words of the answers on the last. */
enum { PAGES = BALLOT_QUESTIONS + 2, STEP = 128, MARGIN = 16, MARGIN_WORDS = 160 };

struct form_made {
	struct form_view view;
	size_t nonce; /* where the nonce is in the first page */
	struct gzip_mould gzip;
	struct http_mould *plain;
	struct http_mould *packed;
	size_t lengths[PAGES]; /* that each page is filled up to, compressed */
};

/* A wave's definition never changes, so its forms are made once. */
struct made_wave {
	int64_t number;
	struct arena *arena;
	struct definition definition;
	struct form_made *forms; /* of each edition: with nothing hidden, then by mask */
	size_t count;
	const char **languages; /* of the plain editions that have texts */
	size_t language_count;
};

/* The pages of one language in one variant. */
struct made_texts {
	const struct texts *texts;
	struct http_page pages[INFO_COUNT];
};

struct forms {
	const struct config *config;
	struct texts_all *texts;
	struct made_texts *infos;
	size_t info_count;
	const char **languages; /* those of the texts */
	size_t language_count;
	struct made_wave **waves;
	size_t wave_count;
};

static void make_infos(struct forms *f)
{
	const struct texts *t;
	for (size_t i = 0; (t = texts_at(f->texts, i)); i++) {
		f->infos = mem_resize(f->infos, i + 1, sizeof *f->infos);
		f->infos[i] = (struct made_texts){ .texts = t };
		f->info_count = i + 1;
		const struct page page = { f->config, t };
		for (int which = 0; which < INFO_COUNT; which++) {
			struct http_page *p = &f->infos[i].pages[which];
			info_page(&p->plain, &page, (enum info)which);
			gzip_pack(p->plain.data, p->plain.len, 1, 0, &p->packed);
		}
		if (*t->variant)
			continue;
		f->languages = mem_resize(
			f->languages, f->language_count + 1, sizeof *f->languages);
		f->languages[f->language_count++] = t->code;
	}
}

/* The form on one page has no other. */
static size_t last_page(const struct form_view *v)
{
	return v->definition->layout == LAYOUT_ONE_PAGE ? 0 : v->questionnaire->count + 1;
}

static void write_page(struct buf *b, const struct form_view *v, size_t page,
	const struct form_state *s, const char *problem)
{
	if (v->definition->layout == LAYOUT_ONE_PAGE)
		form_page_whole(b, v, s, problem);
	else if (page == 0)
		form_page_first(b, v, s, problem);
	else if (page <= v->questionnaire->count)
		form_page_question(b, v, page - 1, s, problem);
	else
		form_page_last(b, v, s, problem);
}

/* Answers that make every page long: the longest of each question. */
static struct form_state longest(const struct form_view *v)
{
	struct form_state s = { .helped = HELPED_SELF,
		.nonce = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" };
	for (size_t n = 0; n < v->questionnaire->count; n++) {
		const struct question *q = &v->questionnaire->questions[n];
		const struct option *most = &q->options[0];
		for (size_t i = 1; i < q->option_count; i++)
			if (strlen(q->options[i].text) > strlen(most->text))
				most = &q->options[i];
		s.answers[n] = most->code;
	}
	return s;
}

static void measure(struct form_made *m)
{
	const struct form_state s = longest(&m->view);
	size_t last = last_page(&m->view);
	for (size_t page = 0; page <= last; page++) {
		auto_(buf) struct buf plain = { 0 }, packed = { 0 };
		write_page(&plain, &m->view, page, &s, NULL);
		gzip_pack(plain.data, plain.len, 1, 0, &packed);
		size_t len =
			packed.len + (page == 0 || page == last ? MARGIN_WORDS : MARGIN);
		m->lengths[page] = (len + STEP - 1) / STEP * STEP;
	}
}

static void make_form(struct form_made *m, const struct form_view *view)
{
	auto_(buf) struct buf page = { 0 };
	struct form_state state = { .nonce = "" };
	memset(state.nonce, '-', FORM_PAGE_NONCE_TEXT);
	*m = (struct form_made){ .view = *view };
	write_page(&page, view, 0, &state, NULL);
	const char *at = strstr(buf_string(&page), state.nonce);
	if (!at)
		abort();
	m->nonce = (size_t)(at - page.data);
	gzip_mould_make(page.data, page.len, m->nonce, FORM_PAGE_NONCE_TEXT, &m->gzip);
	m->plain = http_mould_create(page.data, page.len, forms_type, NULL);
	m->packed = http_mould_create(
		m->gzip.bytes.data, m->gzip.bytes.len, forms_type, "gzip");
	measure(m);
}

static struct form_made *find_made(
	struct made_wave *w, const struct questionnaire *edition, unsigned hidden)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->forms[i].view.questionnaire == edition &&
			w->forms[i].view.hidden == hidden)
			return &w->forms[i];
	return NULL;
}

/* Every edition with what is hidden from the area, once for areas that are alike. */
static void make_area(struct forms *f, struct made_wave *w, enum custody custody,
	unsigned hidden, size_t room)
{
	const struct definition *d = &w->definition;
	for (size_t i = 0; i < d->edition_count; i++) {
		const struct questionnaire *q = &d->editions[i];
		const struct texts *t = texts_find(f->texts, q->language, q->variant);
		/* Texts that were there when the wave was added may be gone. */
		if (!t || find_made(w, q, hidden) || w->count == room)
			continue;
		const struct form_view view = { { f->config, t }, f->texts, d, q, custody,
			hidden };
		make_form(&w->forms[w->count++], &view);
	}
}

static void make_forms(struct forms *f, struct made_wave *w, enum custody custody)
{
	const struct definition *d = &w->definition;
	size_t areas = d->area < 0 ? 0 : d->variables[d->area].count;
	size_t room = d->edition_count * (areas + 1);
	w->forms = mem_alloc(room * sizeof *w->forms);
	w->languages = arena_alloc(w->arena, d->edition_count * sizeof *w->languages);
	for (size_t i = 0; i < d->edition_count; i++)
		if (!*d->editions[i].variant &&
			texts_find(f->texts, d->editions[i].language, ""))
			w->languages[w->language_count++] = d->editions[i].language;
	make_area(f, w, custody, 0, room);
	for (unsigned i = 0; i < areas; i++)
		make_area(f, w, custody, definition_area(d, i)->hidden, room);
}

static void free_wave(struct made_wave *w)
{
	for (size_t i = 0; i < w->count; i++) {
		buf_clear(&w->forms[i].gzip.bytes);
		http_mould_destroy(w->forms[i].plain);
		http_mould_destroy(w->forms[i].packed);
	}
	free(w->forms);
	arena_destroy(w->arena);
	free(w);
}

/* NULL when the definition can't be read. */
static struct made_wave *wave_of(
	struct forms *f, struct store *store, const struct wave *wave)
{
	for (size_t i = 0; i < f->wave_count; i++)
		if (f->waves[i]->number == wave->number)
			return f->waves[i];
	auto_(buf) struct buf text = { 0 };
	struct why why;
	struct made_wave *w = mem_alloc(sizeof *w);
	*w = (struct made_wave){ .number = wave->number, .arena = arena_create() };
	if (store_definition(store, wave->number, &text) != OK ||
		definition_read(w->arena, buf_string(&text), text.len, &w->definition,
			&why) != OK) {
		free_wave(w);
		return NULL;
	}
	make_forms(f, w, wave->custody);
	f->waves = mem_resize(f->waves, f->wave_count + 1, sizeof *f->waves);
	f->waves[f->wave_count++] = w;
	return w;
}

enum err forms_make(const struct config *config, struct store *store,
	struct forms **ret_forms, struct why *why)
{
	struct forms *f = mem_alloc(sizeof *f);
	auto_(free) struct wave *waves = NULL;
	size_t count = 0;
	*f = (struct forms){ .config = config };
	enum err e = texts_read(config->questionnaires, &f->texts, why);
	if (e == OK && store_waves(store, &waves, &count) != OK)
		e = err_why(why, ERR_IO, "the database: the waves can't be read");
	if (e) {
		forms_free(f);
		return e;
	}
	make_infos(f);
	for (size_t i = 0; i < count; i++)
		if (waves[i].state < WAVE_CLOSED)
			(void)wave_of(f, store, &waves[i]);
	*ret_forms = f;
	return OK;
}

void forms_free(struct forms *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->wave_count; i++)
		free_wave(f->waves[i]);
	for (size_t i = 0; i < f->info_count; i++)
		for (int which = 0; which < INFO_COUNT; which++) {
			buf_clear(&f->infos[i].pages[which].plain);
			buf_clear(&f->infos[i].pages[which].packed);
		}
	free(f->waves);
	free(f->infos);
	free(f->languages);
	texts_free(f->texts);
	free(f);
}

/* Of the languages offered: the named one, else the accepted one, else Swedish. */
static const char *choose(const char *const *offered, size_t count, const char *language,
	const char *accepted)
{
	for (size_t i = 0; language && i < count; i++)
		if (strcmp(offered[i], language) == 0)
			return offered[i];
	int place = accept_language(accepted, offered, count);
	return place < 0 ? "sv" : offered[place];
}

const struct texts *forms_texts(const struct forms *f, const char *language,
	const char *accepted, const char *variant)
{
	const char *chosen = choose(f->languages, f->language_count, language, accepted);
	return texts_find(f->texts, chosen, variant ? variant : "");
}

const struct http_page *forms_info(
	const struct forms *f, const struct texts *texts, enum info which)
{
	for (size_t i = 0; i < f->info_count; i++)
		if (f->infos[i].texts == texts)
			return &f->infos[i].pages[which];
	return &f->infos[0].pages[which];
}

const struct definition *forms_definition(
	struct forms *f, struct store *store, const struct wave *wave)
{
	const struct made_wave *w = wave_of(f, store, wave);
	return w ? &w->definition : NULL;
}

const struct form_made *forms_find(struct forms *f, struct store *store,
	const struct wave *wave, unsigned area, const char *language,
	const char *accepted, const char *variant)
{
	struct made_wave *w = wave_of(f, store, wave);
	if (!w)
		return NULL;
	const struct definition *d = &w->definition;
	const struct value *rule = definition_area(d, area);
	const char *chosen = choose(w->languages, w->language_count, language, accepted);
	const struct questionnaire *q = definition_edition(d, chosen,
		variant ? variant
		: rule  ? rule->variant
			: "");
	return q ? find_made(w, q, rule ? rule->hidden : 0) : NULL;
}

const struct form_view *forms_view(const struct form_made *m)
{
	return &m->view;
}

void forms_reply(struct http_request *r, const struct form_made *m,
	const char nonce[static FORM_PAGE_NONCE_TEXT])
{
	bool packed = http_accepts_gzip(r);
	char *bytes = http_mould_take(r, packed ? m->packed : m->plain);
	if (!bytes)
		return;
	if (packed)
		gzip_mould_fill(&m->gzip, nonce, bytes);
	else
		memcpy(bytes + m->nonce, nonce, FORM_PAGE_NONCE_TEXT);
	http_reply_mould(r, 200);
}

void forms_reply_page(struct http_request *r, unsigned status, const struct form_made *m,
	size_t page, const struct form_state *state, const char *problem)
{
	const struct form_view *v = &m->view;
	struct buf plain = { 0 }, packed = { 0 };
	page = last_page(v) ? flow_page(v->questionnaire, v->hidden, page, state->answers)
			    : 0;
	write_page(&plain, v, page, state, problem);
	if (!http_accepts_gzip(r)) {
		http_reply_buf(r, status, forms_type, &plain);
		return;
	}
	gzip_pack(plain.data, plain.len, STEP, m->lengths[page], &packed);
	buf_clear(&plain);
	http_reply_packed(r, status, forms_type, &packed);
}
