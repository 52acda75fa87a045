#include "editions.h"
#include "common/file.h"
#include <stdio.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 20 };

static const char ending[] = ".json";

/* Puts the file before the reason. */
static enum err in_file(const char *file, enum err e, struct why *why)
{
	struct why reason = *why;
	return e ? err_why(why, e, "%s: %.400s", file, reason.text) : OK;
}

static const char *file_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	return slash ? slash + 1 : file;
}

/* Whether the name is that of an edition: NAME, a dot, its language and another dot. */
static bool belongs(const char *file, const char *name)
{
	size_t len = strlen(name);
	return strncmp(file, name, len) == 0 && file[len] == '.' &&
	       strchr(file + len + 1, '.');
}

/* A file says twice what it is, in its name and inside: both must agree. A name with one
 * dot only is no edition's, and says nothing. */
static enum err named_right(struct arena *a, const struct edition *e, struct why *why)
{
	const struct questionnaire *q = &e->questionnaire;
	const char *name = file_name(e->file);
	const char *right = arena_format(a, "%s.%s%s%s.json", q->name, q->language,
		*q->variant ? "." : "", q->variant);
	if (strchr(name, '.') == strrchr(name, '.') || strcmp(name, right) == 0)
		return OK;
	return err_why(why, ERR_INPUT,
		"%s: by its name, language and variant the file should be called %s",
		e->file, right);
}

static enum err read_edition(
	struct arena *a, const char *file, struct edition *ret_edition, struct why *why)
{
	auto_(buf) struct buf text = { 0 };
	struct edition e = { .file = file };
	enum err err = file_read(file, FILE_LIMIT, &text, why);
	if (err)
		return err;
	err = json_parse(text.data, text.len, &e.resource, why);
	if (err)
		return in_file(file, err, why);
	err = questionnaire_read(a, e.resource, &e.questionnaire, why);
	err = in_file(file, err, why);
	if (err == OK)
		err = named_right(a, &e, why);
	if (err) {
		json_destroy(e.resource);
		return err;
	}
	*ret_edition = e;
	return OK;
}

/* Every edition, checked each on its own. */
static enum err read_all(
	const char *folder, const char *name, struct editions *e, struct why *why)
{
	const char **names, *swedish = arena_format(e->arena, "%s.sv.json", name);
	size_t count;
	enum err err = file_list(e->arena, folder, ending, &names, &count, why);
	if (err)
		return err;
	e->all = arena_alloc(e->arena, (count + 1) * sizeof *e->all);
	err = read_edition(e->arena, arena_format(e->arena, "%s/%s", folder, swedish),
		&e->all[0], why);
	e->count = err == OK;
	for (size_t i = 0; err == OK && i < count; i++) {
		if (!belongs(names[i], name) || strcmp(names[i], swedish) == 0)
			continue;
		err = read_edition(e->arena,
			arena_format(e->arena, "%s/%s", folder, names[i]),
			&e->all[e->count], why);
		e->count += err == OK;
	}
	return err;
}

enum err editions_read(const char *folder, const char *name,
	struct editions *ret_editions, struct why *why)
{
	struct editions e = { .arena = arena_create() };
	enum err err = read_all(folder, name, &e, why);
	/* With the Swedish one first, so that the blame falls on the other. */
	for (size_t k = 0; err == OK && k < e.count; k++)
		for (size_t i = 0; err == OK && i < e.count; i++)
			err = in_file(e.all[i].file,
				questionnaire_match(&e.all[i].questionnaire,
					&e.all[k].questionnaire, why),
				why);
	if (err) {
		editions_finish(&e);
		return err;
	}
	*ret_editions = e;
	return OK;
}

void editions_finish(struct editions *e)
{
	for (size_t i = 0; i < e->count; i++)
		json_destroy(e->all[i].resource);
	arena_destroy(e->arena);
	*e = (struct editions){ 0 };
}

const struct edition *editions_find(
	const struct editions *e, const char *language, const char *variant)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->all[i].questionnaire.language, language) == 0 &&
			strcmp(e->all[i].questionnaire.variant, variant) == 0)
			return &e->all[i];
	return NULL;
}

enum err editions_check_file(const char *file, struct why *why)
{
	auto_(arena) struct arena *a = arena_create();
	const char *slash = strrchr(file, '/');
	const char *folder = slash ? arena_text(a, file, (size_t)(slash - file)) : ".";
	struct edition mine;
	const char **names;
	size_t count;
	enum err err = read_edition(a, file, &mine, why);
	if (err)
		return err;
	json_destroy(mine.resource);
	err = file_list(a, *folder ? folder : "/", ending, &names, &count, why);
	for (size_t i = 0; err == OK && i < count; i++) {
		struct edition other;
		struct why unused;
		/* What is wrong with another file is said when that one is checked. */
		if (!belongs(names[i], mine.questionnaire.name) ||
			read_edition(a, arena_format(a, "%s/%s", folder, names[i]),
				&other, &unused) != OK)
			continue;
		json_destroy(other.resource);
		err = in_file(file,
			questionnaire_match(
				&mine.questionnaire, &other.questionnaire, why),
			why);
	}
	return err;
}
