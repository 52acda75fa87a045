#include "questionnaire.h"
#include "common/secret.h"
#include "picture.h"
#include <stdio.h>
#include <string.h>

static const char ordinal_value[] =
	"http://hl7.org/fhir/StructureDefinition/ordinalValue";
static const char item_control[] =
	"http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl";
static const char item_media[] =
	"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-itemMedia";
static const char answer_media[] =
	"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-itemAnswerMedia";
static const char variant_system[] = "urn:brukarenkat:variant";

/* Where the reader stands, for the reason: Questionnaire.item[2].answerOption[0] */
struct reader {
	struct arena *arena;
	struct why *why;
	size_t item;
};

static enum err wrong(const struct reader *r, const char *where, const char *reason)
{
	return err_why(r->why, ERR_INPUT, "Questionnaire.item[%zu]%s: %s", r->item, where,
		reason);
}

static enum err wrong_option(const struct reader *r, size_t option, const char *reason)
{
	return wrong(r, arena_format(r->arena, ".answerOption[%zu]", option), reason);
}

static const char *keep(const struct reader *r, const char *text)
{
	return arena_text(r->arena, text, strlen(text));
}

static bool has_text(const struct json *j)
{
	const char *text = json_text(j);
	return text && text[strspn(text, " \t\r\n")];
}

static bool is(const struct json *text, const char *expected)
{
	return json_text(text) && strcmp(json_text(text), expected) == 0;
}

/* The element's extension of that URL; NULL when it has none. */
static const struct json *extension(const struct json *element, const char *url)
{
	const struct json *x = json_first(json_get(element, "extension"));
	while (x && !is(json_get(x, "url"), url))
		x = json_next(x);
	return x;
}

/* The picture that an element's extension carries, NULL when it has none. */
static enum err read_picture(const struct reader *r, const struct json *element,
	const char *url, const char *where, const char **ret_picture)
{
	const struct json *x = extension(element, url);
	if (!x)
		return OK;
	const struct json *attachment = json_get(x, "valueAttachment");
	const char *data = json_text(json_get(attachment, "data"));
	size_t len;
	struct why reason;
	if (!is(json_get(attachment, "contentType"), "image/svg+xml") || !data)
		return wrong(r, where,
			"a picture must be an attachment of type image/svg+xml with its data");
	char *svg = arena_alloc(r->arena, strlen(data) + 1);
	if (!secret_unbase64(data, svg, &len))
		return wrong(r, where, "the picture's data are no base64");
	if (picture_read(r->arena, svg, len, ret_picture, &reason) != OK)
		return wrong(r, where, reason.text);
	return OK;
}

/* The ordinalValue of a coding: *ret_found false when it has none. */
static enum err read_ordinal(const struct reader *r, size_t option,
	const struct json *coding, bool *ret_found, double *ret_value)
{
	*ret_found = false;
	for (const struct json *x = json_first(json_get(coding, "extension")); x;
		x = json_next(x)) {
		const char *url = json_text(json_get(x, "url"));
		if (!url || strcmp(url, ordinal_value) != 0)
			continue;
		if (*ret_found || !json_number(json_get(x, "valueDecimal"), ret_value))
			return wrong_option(r, option,
				"ordinalValue must stand once and have a valueDecimal");
		*ret_found = true;
	}
	return OK;
}

static int code_of(const struct json *coding)
{
	const char *code = json_text(json_get(coding, "code"));
	return code && code[0] >= '1' && code[0] <= '9' && !code[1] ? code[0] - '0' : 0;
}

/* Turns the ordinal values into grades 1 … m. */
static enum err rank(const struct reader *r, struct question *q, const double *values,
	const bool *graded)
{
	for (size_t i = 0; i < q->option_count; i++) {
		if (!graded[i])
			continue;
		q->grades++;
		q->options[i].grade = 1;
		for (size_t k = 0; k < q->option_count; k++) {
			if (k == i || !graded[k])
				continue;
			if (values[k] < values[i])
				q->options[i].grade++;
			else if (values[k] == values[i])
				return wrong_option(
					r, i, "has the same ordinalValue as another");
		}
	}
	if (q->grades < 2)
		return wrong(r, "", "has fewer than two graded options");
	return OK;
}

static enum err read_options(
	const struct reader *r, const struct json *item, struct question *q)
{
	double values[QUESTIONNAIRE_OPTIONS] = { 0 };
	bool graded[QUESTIONNAIRE_OPTIONS] = { false };
	for (const struct json *o = json_first(json_get(item, "answerOption")); o;
		o = json_next(o)) {
		size_t n = q->option_count;
		const struct json *coding = json_get(o, "valueCoding");
		if (n == QUESTIONNAIRE_OPTIONS)
			return wrong_option(r, n, "is one too many: at most nine");
		int code = code_of(coding);
		if (!code)
			return wrong_option(r, n, "valueCoding.code must be a digit 1-9");
		if (questionnaire_option(q, code))
			return wrong_option(r, n, "has the same code as another");
		if (!has_text(json_get(coding, "display")))
			return wrong_option(r, n, "valueCoding.display is missing");
		enum err e = read_ordinal(r, n, coding, &graded[n], &values[n]);
		if (e)
			return e;
		q->options[n] = (struct option){ .code = (uint8_t)code,
			.text = keep(r, json_text(json_get(coding, "display"))) };
		e = read_picture(r, o, answer_media,
			arena_format(r->arena, ".answerOption[%zu].extension", n),
			&q->options[n].picture);
		if (e)
			return e;
		q->option_count++;
	}
	return rank(r, q, values, graded);
}

static enum err read_conditions(const struct reader *r, const struct json *item,
	const struct questionnaire *all, struct question *q)
{
	const struct json *when = json_get(item, "enableWhen");
	const char *behavior = json_text(json_get(item, "enableBehavior"));
	if (json_count(when) > 1 && (!behavior || strcmp(behavior, "any") != 0))
		return wrong(r, ".enableBehavior", "must be any");
	for (const struct json *w = json_first(when); w; w = json_next(w)) {
		const char *link = json_text(json_get(w, "question"));
		const char *relation = json_text(json_get(w, "operator"));
		int code = code_of(json_get(w, "answerCoding"));
		size_t place = 0;
		while (place < all->count &&
			(!link || strcmp(all->questions[place].link, link)))
			place++;
		if (q->condition_count == QUESTIONNAIRE_CONDITIONS)
			return wrong(r, ".enableWhen", "has more than eight conditions");
		if (place == all->count)
			return wrong(r, ".enableWhen", "must name an earlier question");
		if (!relation || strcmp(relation, "=") != 0)
			return wrong(r, ".enableWhen.operator", "must be =");
		if (!questionnaire_option(&all->questions[place], code))
			return wrong(r, ".enableWhen.answerCoding",
				"is no option of that question");
		q->conditions[q->condition_count++] =
			(struct condition){ place, (uint8_t)code };
	}
	return OK;
}

/* A question may hold one display item: its help. */
static enum err read_help(
	const struct reader *r, const struct json *item, struct question *q)
{
	for (const struct json *h = json_first(json_get(item, "item")); h;
		h = json_next(h)) {
		const struct json *control = json_get(
			json_get(extension(h, item_control), "valueCodeableConcept"),
			"coding");
		if (!is(json_get(h, "type"), "display") ||
			!is(json_get(json_first(control), "code"), "help") || q->help)
			return wrong(r, ".item",
				"must be one display item with the item control help");
		if (!has_text(json_get(h, "text")))
			return wrong(r, ".item[0].text", "is missing");
		q->help = keep(r, json_text(json_get(h, "text")));
	}
	return OK;
}

static enum err read_question(
	const struct reader *r, const struct json *item, struct questionnaire *all)
{
	struct question *q = &all->questions[all->count];
	const char *type = json_text(json_get(item, "type"));
	const char *link = json_text(json_get(item, "linkId"));
	/* The city's own come in a file whose first question is the first after SKR's. */
	const char *first = all->count ? all->questions[0].link : link;
	bool own = first && strcmp(first, "q7") == 0;
	const char *expected = arena_format(
		r->arena, "q%zu", all->count + 1 + (own ? QUESTIONNAIRE_CORE : 0));
	if (own && all->count == BALLOT_QUESTIONS - QUESTIONNAIRE_CORE)
		return wrong(
			r, "", "is one too many: a city has at most five of its own");
	if (!link || strcmp(link, expected) != 0)
		return wrong(
			r, ".linkId", arena_format(r->arena, "must be %s", expected));
	if (!type || strcmp(type, "choice") != 0)
		return wrong(r, ".type", "must be choice: free text would name people");
	if (!has_text(json_get(item, "text")))
		return wrong(r, ".text", "is missing");
	q->link = expected;
	q->text = keep(r, json_text(json_get(item, "text")));
	enum err e = read_options(r, item, q);
	if (e == OK)
		e = read_conditions(r, item, all, q);
	if (e == OK)
		e = read_help(r, item, q);
	if (e == OK)
		e = read_picture(r, item, item_media, ".extension", &q->picture);
	if (e == OK)
		all->count++;
	return e;
}

/* A text of the resource itself. */
static enum err read_head(struct arena *a, const struct json *resource, const char *key,
	const char **ret_text, struct why *why)
{
	const struct json *value = json_get(resource, key);
	if (!has_text(value))
		return err_why(why, ERR_INPUT, "Questionnaire.%s: is missing", key);
	const char *text = json_text(value);
	*ret_text = arena_text(a, text, strlen(text));
	return OK;
}

static enum err read_variant(struct arena *a, const struct json *resource,
	struct questionnaire *q, struct why *why)
{
	q->variant = q->variant_name = "";
	for (const struct json *t =
			json_first(json_get(json_get(resource, "meta"), "tag"));
		t; t = json_next(t)) {
		if (!is(json_get(t, "system"), variant_system))
			continue;
		const char *code = json_text(json_get(t, "code"));
		if (!code || !*code ||
			strspn(code, "abcdefghijklmnopqrstuvwxyz") != strlen(code) ||
			!has_text(json_get(t, "display")))
			return err_why(why, ERR_INPUT,
				"Questionnaire.meta.tag: a variant needs a code of a-z and a "
				"display");
		q->variant = arena_text(a, code, strlen(code));
		q->variant_name = json_text(json_get(t, "display"));
		q->variant_name = arena_text(a, q->variant_name, strlen(q->variant_name));
	}
	return OK;
}

enum err questionnaire_read(struct arena *a, const struct json *resource,
	struct questionnaire *ret_questionnaire, struct why *why)
{
	struct questionnaire q = { 0 };
	struct reader r = { .arena = a, .why = why };
	const char *type, *status;
	enum err e = read_head(a, resource, "resourceType", &type, why);
	if (e == OK && strcmp(type, "Questionnaire") != 0)
		e = err_why(why, ERR_INPUT, "resourceType: must be Questionnaire");
	if (e == OK)
		e = read_head(a, resource, "status", &status, why);
	if (e == OK && strcmp(status, "active") != 0 && strcmp(status, "draft") != 0)
		e = err_why(
			why, ERR_INPUT, "Questionnaire.status: must be active or draft");
	if (e == OK)
		e = read_head(a, resource, "name", &q.name, why);
	if (e == OK)
		e = read_head(a, resource, "title", &q.title, why);
	if (e == OK)
		e = read_head(a, resource, "language", &q.language, why);
	if (e)
		return e;
	q.draft = strcmp(status, "draft") == 0;
	e = read_variant(a, resource, &q, why);
	if (e)
		return e;
	for (const struct json *item = json_first(json_get(resource, "item")); item;
		item = json_next(item), r.item++) {
		if (q.count == BALLOT_QUESTIONS)
			return err_why(why, ERR_INPUT,
				"Questionnaire.item: at most %d questions",
				BALLOT_QUESTIONS);
		e = read_question(&r, item, &q);
		if (e)
			return e;
	}
	if (q.count == 0)
		return err_why(
			why, ERR_INPUT, "Questionnaire.item: there are no questions");
	*ret_questionnaire = q;
	return OK;
}

const struct option *questionnaire_option(const struct question *q, int code)
{
	for (size_t i = 0; i < q->option_count; i++)
		if (q->options[i].code == code)
			return &q->options[i];
	return NULL;
}

/* What one edition lacks that its sibling has, for the reason. */
struct match {
	const struct questionnaire *sibling;
	size_t item;
	bool same_variant;
	struct why *why;
};

static enum err lacks(const struct match *m, const char *what, int code)
{
	char option[24] = "";
	if (code)
		(void)snprintf(option, sizeof option, " of the option %d", code);
	const struct questionnaire *s = m->sibling;
	return err_why(m->why, ERR_INPUT,
		"Questionnaire.item[%zu]: lacks the %s%s that %s.%s%s%s has", m->item,
		what, option, s->name, s->language, *s->variant ? "." : "", s->variant);
}

static enum err match_code(const struct match *m, const struct question *q,
	const struct question *other, size_t place)
{
	uint8_t code = other->options[place].code;
	if (!questionnaire_option(q, code))
		return lacks(m, "code", code);
	if (place >= q->option_count || q->options[place].code != code)
		return lacks(m, "place", code);
	return OK;
}

static enum err match_option(
	const struct match *m, const struct option *ours, const struct option *theirs)
{
	if (ours->grade != theirs->grade)
		return lacks(m, "grade", theirs->code);
	if (m->same_variant && theirs->picture && !ours->picture)
		return lacks(m, "picture", theirs->code);
	return OK;
}

static bool has_condition(const struct question *q, const struct condition *c)
{
	for (size_t i = 0; i < q->condition_count; i++)
		if (q->conditions[i].question == c->question &&
			q->conditions[i].code == c->code)
			return true;
	return false;
}

static enum err match_question(
	const struct match *m, const struct question *q, const struct question *other)
{
	enum err e = OK;
	if (strcmp(q->link, other->link) != 0)
		return lacks(m, "linkId", 0);
	for (size_t i = 0; e == OK && i < other->option_count; i++)
		e = match_code(m, q, other, i);
	for (size_t i = 0; e == OK && i < other->option_count; i++)
		e = match_option(m, &q->options[i], &other->options[i]);
	for (size_t i = 0; e == OK && i < other->condition_count; i++)
		if (!has_condition(q, &other->conditions[i]))
			e = lacks(m, "condition (enableWhen)", 0);
	if (e == OK && q->condition_count && !other->condition_count)
		e = lacks(m, "freedom from conditions (enableWhen)", 0);
	if (e == OK && m->same_variant && other->help && !q->help)
		e = lacks(m, "help", 0);
	if (e == OK && m->same_variant && other->picture && !q->picture)
		e = lacks(m, "picture", 0);
	return e;
}

enum err questionnaire_match(const struct questionnaire *q,
	const struct questionnaire *sibling, struct why *why)
{
	struct match m = { sibling, 0, strcmp(q->variant, sibling->variant) == 0, why };
	enum err e = OK;
	for (; e == OK && m.item < sibling->count; m.item++)
		e = m.item < q->count ? match_question(&m, &q->questions[m.item],
						&sibling->questions[m.item])
				      : lacks(&m, "question", 0);
	return e;
}
