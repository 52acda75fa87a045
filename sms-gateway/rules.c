#include "sms-gateway/rules.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/words.h"
#include "sms-gateway/text.h"
#include <string.h>

struct reader {
	struct arena *arena;
	struct rules rules;
};

enum kind {
	GROUNDS,  /* codes, or any */
	CODES,    /* with spaces between */
	MEASURES, /* with | between */
	NUMBER,   /* from 0 to most */
};

// clang-format off
static const struct key {
	const char *section;
	const char *name;
	enum kind kind;
	size_t offset; /* in struct rules */
	int most;
	const char *fallback;
} keys[] = {
	{ "frame",  "grounds",  GROUNDS,  offsetof(struct rules, grounds),  0,   "bistand lss" },
	{ "frame",  "shortest", NUMBER,   offsetof(struct rules, shortest), 120, "1" },
	{ "frame",  "youngest", NUMBER,   offsetof(struct rules, youngest), 100, "13" },
	{ "frame",  "adult",    NUMBER,   offsetof(struct rules, adult),    100, "18" },
	{ "frame",  "unsafe",   CODES,    offsetof(struct rules, unsafe),   0,   "vald-nara-relation" },
	{ "exempt", "areas",    CODES,    offsetof(struct rules, areas),    0,   "" },
	{ "exempt", "measures", MEASURES, offsetof(struct rules, measures), 0,   "" },
};
// clang-format on

enum { KEYS = sizeof keys / sizeof *keys };

/* No list has more words than every other of its bytes. */
static struct rules_words words_for(struct arena *a, const char *list)
{
	size_t most = strlen(list) / 2 + 1;
	return (struct rules_words){ .words = arena_alloc(a, most * sizeof(char *)) };
}

static enum err take_codes(struct arena *a, const char *value,
	struct rules_words *ret_words, struct why *why)
{
	struct rules_words w = words_for(a, value);
	const char *word;
	size_t len;
	while (words_next(&value, &word, &len)) {
		const char *code = arena_text(a, word, len);
		if (strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789+-") != len)
			return err_why(why, ERR_INPUT,
				"\"%s\" is no code: a-z, 0-9, + and -, spaces between",
				code);
		w.words[w.count++] = code;
	}
	*ret_words = w;
	return OK;
}

static enum err take_grounds(struct reader *r, const char *value, struct why *why)
{
	r->rules.grounds = (struct rules_words){ 0 };
	r->rules.any_ground = words_have(value, "any", strlen("any"));
	if (r->rules.any_ground)
		return OK;
	enum err e = take_codes(r->arena, value, &r->rules.grounds, why);
	if (e == OK && r->rules.grounds.count == 0)
		e = err_why(why, ERR_INPUT, "none is given; any: all");
	return e;
}

static enum err take_measures(struct arena *a, const char *value,
	struct rules_words *ret_words, struct why *why)
{
	struct rules_words w = words_for(a, value);
	const char *at = *value ? value : NULL;
	const char *measure;
	while ((measure = text_fold_next(a, &at))) {
		if (!*measure)
			return err_why(
				why, ERR_INPUT, "\"%s\" has nothing beside a |", value);
		w.words[w.count++] = measure;
	}
	*ret_words = w;
	return OK;
}

static enum err take_number(const char *value, int most, int *ret_number, struct why *why)
{
	size_t len = strlen(value);
	if (len < 1 || len > 3 || strspn(value, "0123456789") != len ||
		atoi(value) > most)
		return err_why(why, ERR_INPUT,
			"\"%s\" is not a whole number from 0 to %d", value, most);
	*ret_number = atoi(value);
	return OK;
}

static enum err take_value(
	struct reader *r, const struct key *key, const char *value, struct why *why)
{
	void *to = (char *)&r->rules + key->offset;
	switch (key->kind) {
	case GROUNDS:
		return take_grounds(r, value, why);
	case CODES:
		return take_codes(r->arena, value, to, why);
	case MEASURES:
		return take_measures(r->arena, value, to, why);
	case NUMBER:
		return take_number(value, key->most, to, why);
	}
	return ERR_INPUT;
}

static enum err unknown(const char *section, const char *name, struct why *why)
{
	auto_(buf) struct buf known = { 0 };
	for (size_t i = 0; i < KEYS; i++)
		buf_format(&known, "%s%s in [%s]", i ? ", " : "", keys[i].name,
			keys[i].section);
	return err_why(why, ERR_INPUT, "unknown key \"%s\" in [%s]: there are %s", name,
		section, buf_string(&known));
}

static enum err take_line(void *context, const char *section, const char *name,
	const char *value, struct why *why)
{
	struct why reason = { 0 };
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].section, section) != 0 ||
			strcmp(keys[i].name, name) != 0)
			continue;
		enum err e = take_value(context, &keys[i], value, &reason);
		return e == OK ? OK : err_why(why, e, "%s: %s", name, reason.text);
	}
	return unknown(section, name, why);
}

enum err rules_read(
	struct arena *a, const char *file, struct rules *ret_rules, struct why *why)
{
	struct reader r = { .arena = a };
	enum err e = OK;
	for (size_t i = 0; e == OK && i < KEYS; i++)
		e = take_value(&r, &keys[i], keys[i].fallback, why);
	if (e == OK && file)
		e = conf_walk(file, take_line, &r, why);
	if (e == OK && r.rules.youngest > r.rules.adult)
		e = err_why(why, ERR_INPUT, "%s: youngest (%d) is over adult (%d)", file,
			r.rules.youngest, r.rules.adult);
	if (e == OK)
		*ret_rules = r.rules;
	return e;
}

bool rules_have(const struct rules_words *w, const char *word)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->words[i], word) == 0)
			return true;
	return false;
}
