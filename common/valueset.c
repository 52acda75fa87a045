#include "valueset.h"
#include "conf.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODE = 40 };

static const char *const sections[] = {
	[VALUESET_LOCAL] = "local",
	[VALUESET_VALUE] = "values",
	[VALUESET_GROUP] = "groups",
};

/* What is said of an entry that may stand further down. */
struct remark {
	struct remark *next;
	const char *code;
	const char *parent;
	day from, to;
};

struct reading {
	struct arena *arena;
	struct valueset set;
	struct remark *parents;
	struct remark *valid;
};

static const char *keep(const struct reading *r, const char *text)
{
	return arena_text(r->arena, text, strlen(text));
}

static enum err check_code(const char *code, struct why *why)
{
	size_t len = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789+-");
	if (len >= 1 && len <= CODE && !code[len])
		return OK;
	return err_why(why, ERR_INPUT,
		"\"%s\" is no code: 1 to %d of a-z, 0-9, + and dash", code, CODE);
}

static enum err take_variable(
	struct reading *r, const char *key, const char *value, struct why *why)
{
	if (strcmp(key, "name") == 0) {
		r->set.name = keep(r, value);
		return OK;
	}
	if (strcmp(key, "code") != 0)
		return err_why(why, ERR_INPUT, "unknown key \"%s\" in [variable]", key);
	r->set.code = keep(r, value);
	return check_code(value, why);
}

static enum err take_entry(struct reading *r, enum valueset_level level, const char *code,
	const char *name, struct why *why)
{
	enum err e = check_code(code, why);
	if (e)
		return e;
	if (!*name)
		return err_why(why, ERR_INPUT, "\"%s\" has no name", code);
	if (valueset_find(&r->set, code) >= 0)
		return err_why(why, ERR_INPUT,
			"\"%s\" stands in two sections: a code is one thing only", code);
	struct valueset *s = &r->set;
	s->entries = arena_more(r->arena, s->entries, s->count, sizeof *s->entries);
	s->entries[s->count++] = (struct valueset_entry){
		.code = keep(r, code), .name = keep(r, name), .level = level, .parent = -1
	};
	return OK;
}

static struct remark *add_remark(
	const struct reading *r, struct remark **list, const char *code)
{
	struct remark *m = arena_alloc(r->arena, sizeof *m);
	*m = (struct remark){ .next = *list, .code = keep(r, code) };
	*list = m;
	return m;
}

/* A day, or 0 for a dash. */
static bool read_limit(const char *text, size_t len, day *ret_day)
{
	char word[sizeof "2027-02-01"];
	*ret_day = 0;
	if (len == 1 && *text == '-')
		return true;
	if (len != sizeof word - 1)
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return day_parse(word, ret_day) == OK;
}

static enum err take_valid(
	struct reading *r, const char *code, const char *value, struct why *why)
{
	struct remark *m = add_remark(r, &r->valid, code);
	size_t len = strcspn(value, " ");
	const char *last = value + len + strspn(value + len, " ");
	if (!read_limit(value, len, &m->from) ||
		!read_limit(last, strlen(last), &m->to) || (m->to && m->to < m->from))
		return err_why(why, ERR_INPUT,
			"\"%s\" is not a first and a last day, as in 2020-07-01 -",
			value);
	return OK;
}

static enum err take(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	struct reading *r = context;
	if (strcmp(section, "variable") == 0)
		return take_variable(r, key, value, why);
	for (int level = VALUESET_LOCAL; level <= VALUESET_GROUP; level++)
		if (strcmp(section, sections[level]) == 0)
			return take_entry(r, (enum valueset_level)level, key, value, why);
	if (strcmp(section, "valid") == 0)
		return take_valid(r, key, value, why);
	if (strcmp(section, "parents") != 0)
		return err_why(
			why, ERR_INPUT, "unknown key \"%s\" in [%s]", key, section);
	add_remark(r, &r->parents, key)->parent = keep(r, value);
	return OK;
}

static bool may_be_parent(enum valueset_level child, enum valueset_level parent)
{
	return (child == VALUESET_LOCAL) == (parent != VALUESET_GROUP);
}

static enum err set_parents(struct reading *r, const char *file, struct why *why)
{
	const struct valueset *s = &r->set;
	for (const struct remark *m = r->parents; m; m = m->next) {
		int child = valueset_find(s, m->code),
		    parent = valueset_find(s, m->parent);
		if (child < 0 || parent < 0)
			return err_why(why, ERR_INPUT,
				"%s: [parents] %s = %s: there is no %s", file, m->code,
				m->parent, child < 0 ? m->code : m->parent);
		if (!may_be_parent(s->entries[child].level, s->entries[parent].level))
			return err_why(why, ERR_INPUT,
				"%s: [parents] %s = %s: a local value's parent is a local one or a "
				"value; a value's or a group's is a group",
				file, m->code, m->parent);
		s->entries[child].parent = parent;
	}
	return OK;
}

static enum err set_limits(struct reading *r, const char *file, struct why *why)
{
	for (const struct remark *m = r->valid; m; m = m->next) {
		int place = valueset_find(&r->set, m->code);
		if (place < 0)
			return err_why(why, ERR_INPUT, "%s: [valid] %s: there is no %s",
				file, m->code, m->code);
		r->set.entries[place].from = m->from;
		r->set.entries[place].to = m->to;
	}
	return OK;
}

/* Whether the way up from there ends. */
static bool ends(const struct valueset *s, int place)
{
	for (size_t steps = 0; steps <= s->count; steps++) {
		if (place < 0)
			return true;
		place = s->entries[place].parent;
	}
	return false;
}

static enum err check(const struct valueset *s, const char *file, struct why *why)
{
	bool any = false;
	if (!s->code || !s->name || !*s->name)
		return err_why(why, ERR_INPUT,
			"%s: code or name is missing in [variable]", file);
	for (size_t i = 0; i < s->count; i++) {
		const struct valueset_entry *v = &s->entries[i];
		any |= v->level == VALUESET_VALUE;
		if (v->level == VALUESET_LOCAL && v->parent < 0)
			return err_why(why, ERR_INPUT,
				"%s: [local] %s has no parent in [parents]", file,
				v->code);
		if (!ends(s, (int)i))
			return err_why(why, ERR_INPUT,
				"%s: [parents] go round in a circle from %s", file,
				v->code);
	}
	return any ? OK : err_why(why, ERR_INPUT, "%s: [values] has none", file);
}

enum err valueset_read(
	struct arena *a, const char *file, struct valueset *ret_set, struct why *why)
{
	struct reading r = { .arena = a };
	enum err e = conf_walk(file, take, &r, why);
	if (e == OK)
		e = set_parents(&r, file, why);
	if (e == OK)
		e = set_limits(&r, file, why);
	if (e == OK)
		e = check(&r.set, file, why);
	if (e == OK)
		*ret_set = r.set;
	return e;
}

enum err valueset_read_any(struct arena *a, const char *folder, const char *code,
	struct valueset *ret_set, struct why *why)
{
	const char *file = arena_format(a, "%s/%s.ini", folder, code);
	*ret_set = (struct valueset){ 0 };
	return *folder && access(file, F_OK) == 0 ? valueset_read(a, file, ret_set, why)
						  : OK;
}

int valueset_find(const struct valueset *s, const char *code)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->entries[i].code, code) == 0)
			return (int)i;
	return -1;
}

int valueset_value(const struct valueset *s, int place)
{
	while (place >= 0 && s->entries[place].level == VALUESET_LOCAL)
		place = s->entries[place].parent;
	return place >= 0 && s->entries[place].level == VALUESET_VALUE ? place : -1;
}

bool valueset_within(const struct valueset *s, int place, int other)
{
	while (place >= 0 && place != other)
		place = s->entries[place].parent;
	return place >= 0;
}

bool valueset_valid(const struct valueset_entry *e, day on)
{
	return on >= e->from && (!e->to || on <= e->to);
}

static bool range_has(const char *code, int age)
{
	char *end;
	long low = strtol(code, &end, 10);
	if (end == code || age < low)
		return false;
	if (strcmp(end, "+") == 0)
		return true;
	if (*end != '-')
		return false;
	const char *second = end + 1;
	long high = strtol(second, &end, 10);
	return end != second && !*end && age <= high;
}

int valueset_of_age(const struct valueset *s, int age)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].level == VALUESET_VALUE &&
			range_has(s->entries[i].code, age))
			return (int)i;
	return -1;
}
