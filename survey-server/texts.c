#include "texts.h"
#include "common/conf.h"
#include "common/file.h"
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define ROW(section, member) \
	{ section, #member, CONF_TEXT, offsetof(struct texts, member), NULL, NULL }
static const struct conf_key keys[] = {
	{ "language", "status", CONF_CHOICE, offsetof(struct texts, draft), NULL, "active draft" },
	{ "language", "direction", CONF_CHOICE, offsetof(struct texts, rtl), NULL, "ltr rtl" },
	ROW("language", name),
	ROW("frame", title),
	ROW("frame", leave),
	ROW("frame", leave_note),
	ROW("frame", privacy_link),
	ROW("frame", accessibility_link),
	ROW("frame", language_label),
	ROW("frame", variant_label),
	ROW("frame", variant_plain),
	{ "frame", "switch", CONF_TEXT, offsetof(struct texts, change_to), NULL, NULL },
	ROW("frame", read_aloud),
	ROW("frame", read_stop),
	ROW("first", first_title),
	ROW("first", first_who),
	ROW("first", first_time),
	ROW("first", first_voluntary),
	ROW("first", first_anonymous),
	ROW("first", first_trial),
	ROW("first", first_begin),
	ROW("first", first_not_me),
	ROW("first", first_wrong_person),
	ROW("first", first_no_thanks),
	ROW("question", step),
	ROW("question", decline),
	ROW("question", only_if),
	ROW("question", next),
	ROW("question", back),
	ROW("last", last_title),
	ROW("last", unanswered),
	ROW("last", change),
	ROW("last", helped_title),
	ROW("last", helped_hint),
	ROW("last", helped_self),
	ROW("last", helped_relative),
	ROW("last", helped_staff),
	ROW("last", helped_interpreter),
	ROW("last", saved_title),
	ROW("last", saved_answers),
	ROW("last", saved_background),
	ROW("last", saved_not),
	ROW("last", send),
	ROW("last", lost),
	ROW("background", background_administration),
	ROW("background", background_area),
	ROW("background", background_age),
	ROW("background", background_measure),
	ROW("background", background_origin),
	ROW("background", background_sex),
	ROW("background", background_between),
	ROW("problem", problem_title),
	ROW("problem", problem_answer),
	ROW("problem", problem_none),
	ROW("end", thanks_title),
	ROW("end", thanks),
	ROW("end", declined_title),
	ROW("end", declined),
	ROW("end", gone_title),
	ROW("end", gone),
	ROW("end", broken_title),
	ROW("end", broken),
	ROW("end", later_title),
	ROW("end", later),
	ROW("end", missing_title),
	ROW("end", missing),
	ROW("start", start_title),
	ROW("start", start),
	ROW("start", code_label),
	ROW("start", code_go),
	ROW("start", code_wrong),
	ROW("privacy", privacy_title),
	ROW("privacy", privacy_saved_title),
	ROW("privacy", privacy_saved),
	ROW("privacy", privacy_who_title),
	ROW("privacy", privacy_who),
	ROW("privacy", privacy_trial),
	ROW("privacy", privacy_limits_title),
	ROW("privacy", privacy_limits),
	ROW("privacy", privacy_data_title),
	ROW("privacy", privacy_controller),
	ROW("privacy", privacy_controller_default),
	ROW("privacy", privacy_officer),
	ROW("privacy", privacy_contact),
	ROW("privacy", privacy_contact_default),
	ROW("privacy", privacy_processors),
	ROW("privacy", privacy_purpose),
	ROW("privacy", privacy_purpose_text),
	ROW("privacy", privacy_ground),
	ROW("privacy", privacy_ground_default),
	ROW("privacy", privacy_source),
	ROW("privacy", privacy_source_text),
	ROW("privacy", privacy_kept),
	ROW("privacy", privacy_kept_text),
	ROW("privacy", privacy_rights),
	ROW("privacy", privacy_rights_text),
	ROW("privacy", privacy_complaint),
	ROW("privacy", privacy_complaint_text),
	ROW("privacy", privacy_leave_title),
	ROW("privacy", privacy_leave),
	ROW("accessibility", accessibility_title),
	ROW("accessibility", accessibility_lead),
	ROW("accessibility", accessibility_how_title),
	ROW("accessibility", accessibility_full),
	ROW("accessibility", accessibility_partial),
	ROW("accessibility", accessibility_none),
	ROW("accessibility", accessibility_flaws_title),
	ROW("accessibility", accessibility_flaws),
	ROW("accessibility", accessibility_report_title),
	ROW("accessibility", accessibility_report),
	ROW("accessibility", accessibility_contact_default),
	ROW("accessibility", accessibility_supervision_title),
	ROW("accessibility", accessibility_supervision),
	ROW("accessibility", accessibility_supervision_link),
	ROW("accessibility", accessibility_tested_title),
	ROW("accessibility", accessibility_tested),
	ROW("accessibility", accessibility_date),
};
/* clang-format on */

enum { KEYS = sizeof keys / sizeof *keys };

static const char ending[] = ".ini";

struct texts_all {
	struct arena *arena; /* codes and variants */
	struct texts *texts;
	size_t count;
};

static const char *text_of(const struct texts *t, size_t key)
{
	const void *member = (const char *)t + keys[key].offset;
	return *(char *const *)member;
}

/* A variant says what it does not say itself in its language's words. */
static void lean_on(const struct texts *language, struct conf_key *own)
{
	memcpy(own, keys, sizeof keys);
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].kind == CONF_TEXT)
			own[i].fallback = text_of(language, i);
		else if (keys[i].offset == offsetof(struct texts, rtl))
			own[i].fallback = language->rtl ? "rtl" : "ltr";
	}
}

/* Cuts LANGUAGE[.VARIANT].ini; false when it is named otherwise. */
static bool cut_name(struct arena *a, const char *name, struct texts *t)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t language = strspn(name, letters);
	t->code = arena_text(a, name, language);
	t->variant = "";
	name += language;
	if (language && *name == '.' && strcmp(name, ending) != 0) {
		size_t variant = strspn(++name, letters);
		t->variant = arena_text(a, name, variant);
		name += variant;
		if (!variant)
			return false;
	}
	return language && strcmp(name, ending) == 0;
}

/* Whether every {word} of one text stands in the other. */
static bool has_words(const char *text, const char *other)
{
	while ((text = strchr(text, '{'))) {
		size_t len = strcspn(text, "}") + 1;
		if (!memmem(other, strlen(other), text, len))
			return false;
		text++;
	}
	return true;
}

/* A text that is there but empty, or does not say what is filled in, would be a hole in
 * the page. */
static enum err whole(const char *file, const struct texts *t,
	const struct texts *swedish, struct why *why)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].kind != CONF_TEXT)
			continue;
		const char *text = text_of(t, i), *model = text_of(swedish, i);
		if (!*text)
			return err_why(why, ERR_INPUT, "%s: \"%s\" in [%s] is empty",
				file, keys[i].key, keys[i].section);
		if (!has_words(text, model) || !has_words(model, text))
			return err_why(why, ERR_INPUT,
				"%s: \"%s\" in [%s] must have the same {words} as in sv.ini",
				file, keys[i].key, keys[i].section);
	}
	return OK;
}

static enum err add(
	struct texts_all *all, const char *folder, const char *name, struct why *why)
{
	struct conf_key own[KEYS];
	struct texts t = { 0 };
	const char *file = arena_format(all->arena, "%s/texts/%s", folder, name);
	if (!cut_name(all->arena, name, &t))
		return err_why(why, ERR_INPUT,
			"%s: a file of texts is named LANGUAGE.ini or LANGUAGE.VARIANT.ini",
			file);
	const struct texts *language = texts_find(all, t.code, "");
	if (*t.variant && !language)
		return err_why(
			why, ERR_INPUT, "%s: there is no %s.ini beside it", file, t.code);
	if (*t.variant)
		lean_on(language, own);
	enum err e = conf_read(file, *t.variant ? own : keys, KEYS, &t, why);
	if (e)
		return e;
	all->texts = mem_resize(all->texts, all->count + 1, sizeof *all->texts);
	all->texts[all->count++] = t;
	return whole(file, &t, all->texts, why);
}

/* The plain ones first, since their variants lean on them. */
static enum err add_kind(struct texts_all *all, const char *folder, const char **names,
	size_t count, bool variants, struct why *why)
{
	enum err e = OK;
	for (size_t i = 0; e == OK && i < count; i++) {
		bool variant = strchr(names[i], '.') != strrchr(names[i], '.');
		if (variant == variants && strcmp(names[i], "sv.ini") != 0)
			e = add(all, folder, names[i], why);
	}
	return e;
}

enum err texts_read(const char *folder, struct texts_all **ret_all, struct why *why)
{
	struct texts_all *all = mem_alloc(sizeof *all);
	const char **names;
	size_t count;
	all->arena = arena_create();
	enum err e = file_list(all->arena, arena_format(all->arena, "%s/texts", folder),
		ending, &names, &count, why);
	if (e == OK)
		e = add(all, folder, "sv.ini", why);
	if (e == OK)
		e = add_kind(all, folder, names, count, false, why);
	if (e == OK)
		e = add_kind(all, folder, names, count, true, why);
	if (e) {
		texts_free(all);
		return e;
	}
	*ret_all = all;
	return OK;
}

void texts_free(struct texts_all *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++)
		conf_free(keys, KEYS, &all->texts[i]);
	free(all->texts);
	arena_destroy(all->arena);
	free(all);
}

const struct texts *texts_find(
	const struct texts_all *all, const char *language, const char *variant)
{
	const struct texts *plain = NULL;
	for (size_t i = 0; i < all->count; i++) {
		const struct texts *t = &all->texts[i];
		if (strcmp(t->code, language) != 0)
			continue;
		if (strcmp(t->variant, variant) == 0)
			return t;
		if (!*t->variant)
			plain = t;
	}
	return plain;
}

const struct texts *texts_at(const struct texts_all *all, size_t place)
{
	return place < all->count ? &all->texts[place] : NULL;
}
