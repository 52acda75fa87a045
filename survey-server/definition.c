#include "definition.h"
#include "common/conf.h"
#include "common/file.h"
#include "common/json.h"
#include <string.h>

/* Every wave has these two, in this order. */
static const char *const variables[] = { "administration", "area" };

enum { FILE_LIMIT = 1 << 20 };

/* Puts the file before the reason. */
static enum err in_file(const char *file, enum err e, struct why *why)
{
	struct why reason = *why;
	return e ? err_why(why, e, "%s: %.400s", file, reason.text) : OK;
}

static enum err read_resource(
	const char *file, struct json **ret_resource, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	auto_(json) struct json *resource = NULL;
	auto_(arena) struct arena *a = arena_create();
	struct questionnaire q;
	enum err e = file_read(file, FILE_LIMIT, &text, why);
	if (e)
		return e;
	e = json_parse(text.data, text.len, &resource, why);
	if (e == OK)
		e = questionnaire_read(a, resource, &q, why);
	if (e)
		return in_file(file, e, why);
	*ret_resource = resource;
	resource = NULL;
	return OK;
}

enum err definition_check_file(const char *file, struct why *why)
{
	auto_(json) struct json *resource = NULL;
	return read_resource(file, &resource, why);
}

/* A value set while its file is read. */
struct set {
	struct json *variable;
	struct json *values;
};

static enum err set_line(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	struct set *set = context;
	if (strcmp(section, "variable") == 0 &&
		(strcmp(key, "code") == 0 || strcmp(key, "name") == 0)) {
		json_set(set->variable, key, json_new_text(value));
		return OK;
	}
	if (strcmp(section, "values") != 0)
		return err_why(
			why, ERR_INPUT, "unknown key \"%s\" in [%s]", key, section);
	if (json_count(set->values) >= BACKGROUND_MISSING)
		return err_why(why, ERR_INPUT, "too many values");
	struct json *v = json_append(set->values, json_object());
	json_set(v, "code", json_new_text(key));
	json_set(v, "name", json_new_text(value));
	return OK;
}

static enum err add_set(
	const char *file, const char *code, struct json *list, struct why *why)
{
	struct set set = { .variable = json_append(list, json_object()) };
	set.values = json_set(set.variable, "values", json_array());
	enum err e = conf_walk(file, set_line, &set, why);
	if (e)
		return e;
	const char *stated = json_text(json_get(set.variable, "code"));
	if (!stated || strcmp(stated, code) != 0)
		return err_why(
			why, ERR_INPUT, "%s: [variable] code must be %s", file, code);
	if (!json_text(json_get(set.variable, "name")) || json_count(set.values) == 0)
		return err_why(why, ERR_INPUT,
			"%s: [variable] name or [values] are missing", file);
	return OK;
}

enum err definition_make(const char *folder, const char *questionnaire,
	struct buf *ret_document, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	auto_(json) struct json *document = json_object();
	struct json *resource;
	enum err e = read_resource(
		arena_format(a, "%s/%s.sv.json", folder, questionnaire), &resource, why);
	if (e)
		return e;
	json_set(document, "questionnaire", resource);
	struct json *list = json_set(document, "variables", json_array());
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *file =
			arena_format(a, "%s/values/%s.ini", folder, variables[i]);
		e = add_set(file, variables[i], list, why);
		if (e)
			return e;
	}
	json_print(document, false, ret_document);
	return OK;
}

static const char *keep(struct arena *a, const struct json *text)
{
	const char *t = json_text(text);
	return t ? arena_text(a, t, strlen(t)) : "";
}

static void read_variable(struct arena *a, const struct json *j, struct variable *v)
{
	const struct json *values = json_get(j, "values");
	v->code = keep(a, json_get(j, "code"));
	v->name = keep(a, json_get(j, "name"));
	v->values = arena_alloc(a, json_count(values) * sizeof *v->values);
	for (const struct json *x = json_first(values); x; x = json_next(x))
		v->values[v->count++] = (struct value){ keep(a, json_get(x, "code")),
			keep(a, json_get(x, "name")) };
}

enum err definition_read(struct arena *a, const char *document, size_t len,
	struct definition *ret_definition, struct why *why)
{
	auto_(json) struct json *j = NULL;
	struct definition d = { 0 };
	enum err e = json_parse(document, len, &j, why);
	if (e == OK)
		e = questionnaire_read(
			a, json_get(j, "questionnaire"), &d.questionnaire, why);
	if (e)
		return e;
	const struct json *list = json_get(j, "variables");
	for (const struct json *x = json_first(list); x; x = json_next(x)) {
		if (d.variable_count == INVITATION_VARIABLES)
			return err_why(why, ERR_INPUT, "too many variables");
		read_variable(a, x, &d.variables[d.variable_count++]);
	}
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
