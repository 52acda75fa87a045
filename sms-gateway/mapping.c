#include "sms-gateway/mapping.h"
#include "common/conf.h"
#include "sms-gateway/text.h"
#include <regex.h>
#include <string.h>

#define VALUES "values "

/* One of the case system's words; all are folded. */
struct word {
	const char *column; /* that it stands in; "" for a header */
	const char *from;
	const char *to;
};

struct mapping {
	struct arena *arena;
	const char *name;
	struct word *words; /* sorted when the file has been read */
	size_t count;
	bool has_reserve;
	regex_t reserve;
};

static int by_word(const void *a, const void *b)
{
	const struct word *one = a;
	const struct word *other = b;
	int order = strcmp(one->column, other->column);
	return order ? order : strcmp(one->from, other->from);
}

static enum err add(struct mapping *m, const struct word *word, struct why *why)
{
	for (size_t i = 0; i < m->count; i++) {
		if (by_word(&m->words[i], word) != 0)
			continue;
		if (strcmp(m->words[i].to, word->to) == 0)
			return OK;
		return err_why(why, ERR_INPUT, "\"%s\" stands for \"%s\" already",
			word->from, m->words[i].to);
	}
	m->words = mem_resize(m->words, m->count + 1, sizeof *m->words);
	m->words[m->count++] = *word;
	return OK;
}

static enum err add_all(struct mapping *m, const char *column, const char *list,
	const char *to, struct why *why)
{
	enum err e = OK;
	const char *from;
	while (e == OK && (from = text_fold_next(m->arena, &list))) {
		if (!*from)
			return err_why(why, ERR_INPUT,
				"a word is missing, or has neither letter nor digit");
		e = add(m, &(struct word){ column, from, to }, why);
	}
	return e;
}

/* Folds the name of a column; NULL when it is none. */
static const char *column_of(struct mapping *m, const char *name, struct why *why)
{
	const char *folded = text_fold_next(m->arena, &name);
	if (!name && *folded >= 'a' && *folded <= 'z')
		return folded;
	(void)err_why(why, ERR_INPUT, "a column's name begins with a letter");
	return NULL;
}

static enum err take_column(
	struct mapping *m, const char *key, const char *value, struct why *why)
{
	const char *column = column_of(m, key, why);
	return column ? add_all(m, "", value, column, why) : ERR_INPUT;
}

/* The line was parted at its first : or =, which is the wrong one when there is another.
 */
static enum err take_value(struct mapping *m, const char *column_name, const char *key,
	const char *value, struct why *why)
{
	const char *column = column_of(m, column_name, why);
	if (!column)
		return ERR_INPUT;
	if (strpbrk(value, "=|"))
		return err_why(why, ERR_INPUT,
			"\"%s\" is no code or name: leave out : and = before the last =, "
			"words are compared without them",
			value);
	const char *to = text_fold_next(m->arena, &value);
	if (!*to)
		return err_why(why, ERR_INPUT, "\"%s\" stands for nothing", key);
	return add_all(m, column, key, to, why);
}

static enum err take_reserve(struct mapping *m, const char *value, struct why *why)
{
	char reason[128];
	int failed = regcomp(&m->reserve, arena_format(m->arena, "^(%s)$", value),
		REG_EXTENDED | REG_NOSUB);
	if (failed) {
		(void)regerror(failed, &m->reserve, reason, sizeof reason);
		return err_why(why, ERR_INPUT, "reserve: %s", reason);
	}
	m->has_reserve = true;
	if (mapping_is_reserve(m, ""))
		return err_why(why, ERR_INPUT, "reserve fits an empty field too");
	return OK;
}

static enum err take_line(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	struct mapping *m = context;
	if (strcmp(section, "columns") == 0)
		return take_column(m, key, value, why);
	if (strncmp(section, VALUES, strlen(VALUES)) == 0)
		return take_value(m, section + strlen(VALUES), key, value, why);
	if (strcmp(section, "person") == 0 && strcmp(key, "reserve") == 0)
		return take_reserve(m, value, why);
	if (strcmp(section, "system") != 0 || strcmp(key, "name") != 0)
		return err_why(why, ERR_INPUT,
			"unknown key \"%s\" in [%s]: there are name in [system], columns "
			"in [columns], words in [values COLUMN], reserve in [person]",
			key, section);
	m->name = arena_text(m->arena, value, strlen(value));
	return OK;
}

enum err mapping_read(const char *file, struct mapping **ret_mapping, struct why *why)
{
	struct mapping *m = mem_alloc(sizeof *m);
	const char *slash = strrchr(file, '/');
	m->arena = arena_create();
	m->name = arena_format(m->arena, "%s", slash ? slash + 1 : file);
	enum err e = conf_walk(file, take_line, m, why);
	if (e != OK) {
		mapping_destroy(m);
		return e;
	}
	if (m->count)
		qsort(m->words, m->count, sizeof *m->words, by_word);
	*ret_mapping = m;
	return OK;
}

void mapping_destroy(struct mapping *m)
{
	if (!m)
		return;
	if (m->has_reserve)
		regfree(&m->reserve);
	free(m->words);
	arena_destroy(m->arena);
	free(m);
}

const char *mapping_name(const struct mapping *m)
{
	return m->name;
}

static const char *find(const struct mapping *m, const char *column, const char *from)
{
	if (!m || !m->count)
		return NULL;
	struct word key = { .column = column, .from = from };
	const struct word *found =
		bsearch(&key, m->words, m->count, sizeof *m->words, by_word);
	return found ? found->to : NULL;
}

const char *mapping_column(const struct mapping *m, const char *folded_header)
{
	return find(m, "", folded_header);
}

const char *mapping_value(
	const struct mapping *m, const char *folded_column, const char *folded_value)
{
	return find(m, folded_column, folded_value);
}

bool mapping_is_reserve(const struct mapping *m, const char *person)
{
	return m && m->has_reserve && regexec(&m->reserve, person, 0, NULL, 0) == 0;
}
