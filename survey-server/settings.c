#include "settings.h"
#include "ballot.h"
#include "common/conf.h"
#include "common/invitation.h"
#include "common/words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every wave has these two. */
static const char always[] = "administration area";

enum { AREAS = 256, LANGUAGES = 64, VARIABLES = INVITATION_VARIABLES - 2 };

struct reading {
	struct arena *arena;
	struct settings *settings;
};

static const char *keep(const struct reading *r, const char *text, size_t len)
{
	return arena_text(r->arena, text, len);
}

static enum err take_yes(const char *value, bool *ret_yes, struct why *why)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return err_why(why, ERR_INPUT, "\"%s\" is neither yes nor no", value);
	*ret_yes = *value == 'y';
	return OK;
}

static enum err take_layout(const char *value, enum layout *ret_layout, struct why *why)
{
	if (strcmp(value, "pages") != 0 && strcmp(value, "one-page") != 0)
		return err_why(
			why, ERR_INPUT, "\"%s\" is neither pages nor one-page", value);
	*ret_layout = *value == 'p' ? LAYOUT_PAGES : LAYOUT_ONE_PAGE;
	return OK;
}

/* The words of a list, one call a word. */
static const char *next_word(const char **list, size_t *ret_len)
{
	const char *word = *list + strspn(*list, " \t");
	*ret_len = strcspn(word, " \t");
	*list = word + *ret_len;
	return *ret_len ? word : NULL;
}

static enum err take_languages(const struct reading *r, const char *list, struct why *why)
{
	size_t len;
	struct settings *s = r->settings;
	s->languages = arena_alloc(r->arena, LANGUAGES * sizeof *s->languages);
	for (const char *word; (word = next_word(&list, &len));) {
		if (s->language_count == LANGUAGES)
			return err_why(why, ERR_INPUT, "too many languages");
		s->languages[s->language_count++] = keep(r, word, len);
	}
	return s->language_count ? OK : err_why(why, ERR_INPUT, "no language is named");
}

/* A variable's code is the name of its file. */
static enum err check_variable(
	const struct settings *s, const char *word, size_t len, struct why *why)
{
	if (strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") < len)
		return err_why(why, ERR_INPUT,
			"\"%.*s\" is no variable: a-z, 0-9 and dash", (int)len, word);
	if (words_have(always, word, len))
		return err_why(
			why, ERR_INPUT, "%.*s is kept of everybody", (int)len, word);
	for (size_t i = 0; i < s->variable_count; i++)
		if (strlen(s->variables[i]) == len &&
			memcmp(s->variables[i], word, len) == 0)
			return err_why(
				why, ERR_INPUT, "%.*s stands twice", (int)len, word);
	if (s->variable_count == VARIABLES)
		return err_why(why, ERR_INPUT, "more than %d variables", VARIABLES);
	return OK;
}

static enum err take_variables(const struct reading *r, const char *list, struct why *why)
{
	size_t len;
	struct settings *s = r->settings;
	s->variables = arena_alloc(r->arena, VARIABLES * sizeof *s->variables);
	for (const char *word; (word = next_word(&list, &len));) {
		enum err e = check_variable(s, word, len, why);
		if (e)
			return e;
		s->variables[s->variable_count++] = keep(r, word, len);
	}
	return OK;
}

static enum err take_hidden(const char *list, unsigned *ret_hidden, struct why *why)
{
	size_t len;
	unsigned hidden = 0;
	for (const char *word; (word = next_word(&list, &len));) {
		size_t n = 1;
		char name[8] = "q1";
		while (n <= BALLOT_QUESTIONS &&
			(strlen(name) != len || memcmp(name, word, len) != 0))
			(void)snprintf(name, sizeof name, "q%zu", ++n);
		if (n > BALLOT_QUESTIONS)
			return err_why(why, ERR_INPUT,
				"\"%.*s\" is no question: they are q1 to q%d", (int)len,
				word, BALLOT_QUESTIONS);
		hidden |= 1U << (n - 1);
	}
	*ret_hidden = hidden;
	return OK;
}

static enum err take_area(const struct reading *r, const char *area, const char *key,
	const char *value, struct why *why)
{
	struct settings *s = r->settings;
	size_t i = 0;
	if (!s->areas)
		s->areas = arena_alloc(r->arena, AREAS * sizeof *s->areas);
	while (i < s->area_count && strcmp(s->areas[i].area, area) != 0)
		i++;
	if (i == AREAS)
		return err_why(why, ERR_INPUT, "too many areas");
	if (i == s->area_count)
		s->areas[s->area_count++] =
			(struct settings_area){ .area = keep(r, area, strlen(area)),
				.variant = "" };
	if (strcmp(key, "hide") == 0)
		return take_hidden(value, &s->areas[i].hidden, why);
	if (strcmp(key, "exempt") == 0)
		return take_yes(value, &s->areas[i].exempt, why);
	if (strcmp(key, "variant") != 0)
		return err_why(why, ERR_INPUT,
			"unknown key \"%s\": an area has hide, variant and exempt", key);
	s->areas[i].variant = keep(r, value, strlen(value));
	return OK;
}

static enum err take(void *context, const char *section, const char *key,
	const char *value, struct why *why)
{
	const struct reading *r = context;
	if (strncmp(section, "area ", 5) == 0)
		return take_area(r, section + 5, key, value, why);
	if (strcmp(section, "background") == 0)
		return strcmp(key, "variables") == 0
			       ? take_variables(r, value, why)
			       : err_why(why, ERR_INPUT,
					 "unknown key \"%s\": [background] has variables",
					 key);
	if (strcmp(section, "form") != 0)
		return err_why(why, ERR_INPUT,
			"unknown section [%s]: there are [form], [background] and [area CODE]",
			section);
	if (strcmp(key, "layout") == 0)
		return take_layout(value, &r->settings->layout, why);
	if (strcmp(key, "languages") == 0)
		return take_languages(r, value, why);
	if (strcmp(key, "drafts") == 0)
		return take_yes(value, &r->settings->drafts, why);
	if (strcmp(key, "own") != 0)
		return err_why(why, ERR_INPUT,
			"unknown key \"%s\": [form] has layout, languages, drafts and own",
			key);
	r->settings->own = keep(r, value, strlen(value));
	return OK;
}

enum err settings_read(
	struct arena *a, const char *file, struct settings *ret_settings, struct why *why)
{
	struct settings s = { 0 };
	struct reading r = { a, &s };
	enum err e = file ? conf_walk(file, take, &r, why) : OK;
	if (e == OK)
		*ret_settings = s;
	return e;
}
