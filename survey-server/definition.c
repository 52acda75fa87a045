#include "definition.h"
#include "common/json.h"
#include "common/valueset.h"
#include "editions.h"
#include <string.h>

const char *const definition_tables[DEFINITION_TABLES][DEFINITION_BY] = { { "area" } };

/* What the settings say of the area. */
static void add_rule(const struct settings *s, const char *area, struct json *value)
{
	for (size_t i = 0; i < s->area_count; i++) {
		const struct settings_area *rule = &s->areas[i];
		if (strcmp(rule->area, area) != 0)
			continue;
		json_set(value, "hidden", json_new_number(rule->hidden));
		json_set(value, "variant", json_new_text(rule->variant));
		json_set(value, "exempt", json_new_bool(rule->exempt));
	}
}

enum { OWN_GRADES = 5 }; /* as many as SKR's, and as the report has columns for */

/* What a definition is made of. */
struct making {
	struct arena *arena;
	const char *folder;
	day opens;
	const struct settings *settings;
	struct editions editions;
	struct editions own; /* empty when the city has none */
	struct texts_all *texts;
	struct json *document;
	struct buf *left_out;
	struct why *why;
};

static bool named(const struct settings *s, const char *language)
{
	for (size_t i = 0; i < s->language_count; i++)
		if (strcmp(s->languages[i], language) == 0)
			return true;
	return false;
}

/* Appends the city's own questions in the same edition. */
static enum err join_own(
	const struct making *m, const struct edition *e, struct json *resource)
{
	const struct questionnaire *q = &e->questionnaire;
	const struct edition *own = editions_find(&m->own, q->language, q->variant);
	if (!own)
		return err_why(m->why, ERR_NOT_FOUND,
			"%s/%s.%s%s%s.json is missing: the city's own questions are asked in "
			"every edition of the wave; write it, or name fewer languages in the "
			"settings",
			m->folder, m->settings->own, q->language, *q->variant ? "." : "",
			q->variant);
	if (q->count != QUESTIONNAIRE_CORE ||
		strcmp(own->questionnaire.questions[0].link, "q7") != 0)
		return err_why(m->why, ERR_INPUT,
			"%s: the city's own questions are q7 to q11, after six others",
			own->file);
	for (size_t n = 0; n < own->questionnaire.count; n++)
		if (own->questionnaire.questions[n].grades > OWN_GRADES)
			return err_why(m->why, ERR_INPUT,
				"%s: Questionnaire.item[%zu]: has more than five graded options",
				own->file, n);
	struct json *items = json_array();
	for (const struct json *i = json_first(json_get(resource, "item")); i;
		i = json_next(i))
		json_append(items, json_copy(i));
	for (const struct json *i = json_first(json_get(own->resource, "item")); i;
		i = json_next(i))
		json_append(items, json_copy(i));
	json_set(resource, "item", items);
	return OK;
}

static bool is_draft(const struct making *m, const struct edition *e)
{
	const struct questionnaire *q = &e->questionnaire;
	const struct edition *own = editions_find(&m->own, q->language, q->variant);
	return q->draft || texts_find(m->texts, q->language, q->variant)->draft ||
	       (own && own->questionnaire.draft);
}

/* Whether the wave takes the edition. ERR_CONFLICT when it asks for a draft by name. */
static enum err chosen(const struct making *m, const struct edition *e, bool *ret_chosen)
{
	const struct settings *s = m->settings;
	const struct questionnaire *q = &e->questionnaire;
	*ret_chosen = false;
	if (s->languages && !named(s, q->language))
		return OK;
	if (!texts_find(m->texts, q->language, ""))
		return err_why(m->why, ERR_NOT_FOUND,
			"%s/texts/%s.ini is missing: it says what the pages say besides %s",
			m->folder, q->language, e->file);
	*ret_chosen = s->drafts || !is_draft(m, e);
	if (*ret_chosen)
		return OK;
	if (!*q->variant && (s->languages || e == m->editions.all))
		return err_why(m->why, ERR_CONFLICT,
			"%s, its texts or the city's own questions in that edition are a "
			"draft that no person has approved: set the status to active, or take drafts with `drafts = yes` in the settings",
			e->file);
	buf_format(m->left_out, "%s%s%s%s", m->left_out->len ? ", " : "", q->language,
		*q->variant ? "." : "", q->variant);
	return OK;
}

static enum err add_editions(const struct making *m)
{
	struct json *list = json_set(m->document, "questionnaires", json_array());
	const struct settings *s = m->settings;
	for (size_t i = 0; i < s->language_count; i++)
		if (!editions_find(&m->editions, s->languages[i], ""))
			return err_why(m->why, ERR_NOT_FOUND,
				"the settings name the language %s, which the questionnaire does "
				"not have",
				s->languages[i]);
	if (s->languages && !named(s, "sv"))
		return err_why(m->why, ERR_INPUT,
			"the settings must name sv among the languages");
	for (size_t i = 0; i < m->editions.count; i++) {
		const struct edition *e = &m->editions.all[i];
		bool take;
		enum err err = chosen(m, e, &take);
		if (err)
			return err;
		if (!take)
			continue;
		struct json *resource = json_append(list, json_copy(e->resource));
		err = s->own ? join_own(m, e, resource) : OK;
		if (err)
			return err;
	}
	return OK;
}

/* Whether the area stands in the document's value set. */
static bool has_area(const struct making *m, const char *area)
{
	for (const struct json *v = json_first(json_get(m->document, "variables")); v;
		v = json_next(v))
		for (const struct json *x = json_first(json_get(v, "values")); x;
			x = json_next(x))
			if (json_get(x, "hidden") &&
				strcmp(json_text(json_get(x, "code")), area) == 0)
				return true;
	return false;
}

static enum err check_areas(const struct making *m)
{
	const struct settings *s = m->settings;
	size_t questions = m->editions.all[0].questionnaire.count;
	if (s->own)
		questions += m->own.all[0].questionnaire.count;
	const unsigned all = (1U << questions) - 1;
	for (size_t i = 0; i < s->area_count; i++) {
		const struct settings_area *rule = &s->areas[i];
		if (!has_area(m, rule->area))
			return err_why(m->why, ERR_INPUT,
				"the settings speak of the area %s, which is not in "
				"%s/values/area.ini",
				rule->area, m->folder);
		if (rule->hidden & ~all || rule->hidden == all)
			return err_why(m->why, ERR_INPUT,
				"[area %s] hide: must leave a question, and name those there are",
				rule->area);
		if (*rule->variant && !editions_find(&m->editions, "sv", rule->variant))
			return err_why(m->why, ERR_INPUT,
				"[area %s] variant: there is no variant %s in Swedish",
				rule->area, rule->variant);
	}
	return OK;
}

static enum err add_variable(const struct making *m, const char *code, struct json *list)
{
	const char *file = arena_format(m->arena, "%s/values/%s.ini", m->folder, code);
	struct valueset set;
	size_t count = 0;
	enum err e = valueset_read(m->arena, file, &set, m->why);
	if (e)
		return e;
	if (strcmp(set.code, code) != 0)
		return err_why(
			m->why, ERR_INPUT, "%s: [variable] code must be %s", file, code);
	struct json *variable = json_append(list, json_object());
	json_set(variable, "code", json_new_text(code));
	json_set(variable, "name", json_new_text(set.name));
	struct json *values = json_set(variable, "values", json_array());
	for (size_t i = 0; i < set.count; i++) {
		const struct valueset_entry *v = &set.entries[i];
		if (v->level != VALUESET_VALUE || !valueset_valid(v, m->opens))
			continue;
		struct json *value = json_append(values, json_object());
		json_set(value, "code", json_new_text(v->code));
		json_set(value, "name", json_new_text(v->name));
		if (strcmp(code, "area") == 0)
			add_rule(m->settings, v->code, value);
		count++;
	}
	if (count == 0 || count > BACKGROUND_MISSING)
		return err_why(m->why, ERR_INPUT,
			"%s: %zu values are valid when the wave opens: 1 to %d fit", file,
			count, BACKGROUND_MISSING);
	return OK;
}

/* Administration and area come first in every wave. */
static enum err make(const struct making *m)
{
	const struct settings *s = m->settings;
	struct json *list = json_set(m->document, "variables", json_array());
	json_set(m->document, "layout", json_new_number(s->layout));
	enum err e = add_editions(m);
	if (e == OK)
		e = add_variable(m, "administration", list);
	if (e == OK)
		e = add_variable(m, "area", list);
	for (size_t i = 0; e == OK && i < s->variable_count; i++)
		e = add_variable(m, s->variables[i], list);
	return e ? e : check_areas(m);
}

enum err definition_make(const char *folder, const char *questionnaire, day opens,
	const struct settings *settings, struct buf *ret_document,
	struct buf *ret_left_out, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	auto_(json) struct json *document = json_object();
	auto_(editions) struct editions editions = { 0 }, own = { 0 };
	auto_(texts) struct texts_all *texts = NULL;
	enum err e = editions_read(folder, questionnaire, &editions, why);
	if (e == OK && settings->own)
		e = editions_read(folder, settings->own, &own, why);
	if (e == OK)
		e = texts_read(folder, &texts, why);
	if (e)
		return e;
	struct making m = { a, folder, opens, settings, editions, own, texts, document,
		ret_left_out, why };
	e = make(&m);
	if (e == OK)
		json_print(document, false, ret_document);
	return e;
}

static const char *keep(struct arena *a, const struct json *text)
{
	const char *t = json_text(text);
	return t ? arena_text(a, t, strlen(t)) : "";
}

static void read_value(struct arena *a, const struct json *j, struct value *v)
{
	long hidden = 0;
	(void)json_whole(json_get(j, "hidden"), 0, (1L << BALLOT_QUESTIONS) - 1, &hidden);
	*v = (struct value){ .code = keep(a, json_get(j, "code")),
		.name = keep(a, json_get(j, "name")),
		.hidden = (unsigned)hidden,
		.variant = keep(a, json_get(j, "variant")),
		.exempt = json_true(json_get(j, "exempt")) };
}

static void read_variable(struct arena *a, const struct json *j, struct variable *v)
{
	const struct json *values = json_get(j, "values");
	v->code = keep(a, json_get(j, "code"));
	v->name = keep(a, json_get(j, "name"));
	v->values = arena_alloc(a, json_count(values) * sizeof *v->values);
	for (const struct json *x = json_first(values); x; x = json_next(x))
		read_value(a, x, &v->values[v->count++]);
}

static enum err read_editions(
	struct arena *a, const struct json *list, struct definition *d, struct why *why)
{
	enum err e = OK;
	d->editions = arena_alloc(a, json_count(list) * sizeof *d->editions);
	for (const struct json *x = json_first(list); e == OK && x; x = json_next(x))
		e = questionnaire_read(a, x, &d->editions[d->edition_count++], why);
	if (e == OK && d->edition_count == 0)
		e = err_why(why, ERR_INPUT, "there is no questionnaire");
	if (e == OK)
		d->questionnaire = d->editions[0];
	return e;
}

enum err definition_read(struct arena *a, const char *document, size_t len,
	struct definition *ret_definition, struct why *why)
{
	auto_(json) struct json *j = NULL;
	struct definition d = { 0 };
	long layout = LAYOUT_PAGES;
	enum err e = json_parse(document, len, &j, why);
	if (e == OK)
		e = read_editions(a, json_get(j, "questionnaires"), &d, why);
	if (e)
		return e;
	(void)json_whole(json_get(j, "layout"), LAYOUT_PAGES, LAYOUT_ONE_PAGE, &layout);
	d.layout = (enum layout)layout;
	const struct json *list = json_get(j, "variables");
	for (const struct json *x = json_first(list); x; x = json_next(x)) {
		if (d.variable_count == INVITATION_VARIABLES)
			return err_why(why, ERR_INPUT, "too many variables");
		read_variable(a, x, &d.variables[d.variable_count++]);
	}
	d.area = definition_variable(&d, "area");
	*ret_definition = d;
	return OK;
}

int definition_variable(const struct definition *d, const char *code)
{
	for (size_t i = 0; i < d->variable_count; i++)
		if (strcmp(d->variables[i].code, code) == 0)
			return (int)i;
	return -1;
}

int definition_value(const struct variable *v, const char *code)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->values[i].code, code) == 0)
			return (int)i;
	return -1;
}

const struct questionnaire *definition_edition(
	const struct definition *d, const char *language, const char *variant)
{
	const struct questionnaire *plain = NULL;
	for (size_t i = 0; i < d->edition_count; i++) {
		const struct questionnaire *q = &d->editions[i];
		if (strcmp(q->language, language) != 0)
			continue;
		if (strcmp(q->variant, variant) == 0)
			return q;
		if (!*q->variant)
			plain = q;
	}
	return plain;
}

const struct value *definition_area(const struct definition *d, unsigned place)
{
	const struct variable *v = d->area < 0 ? NULL : &d->variables[d->area];
	return v && place < v->count ? &v->values[place] : NULL;
}
