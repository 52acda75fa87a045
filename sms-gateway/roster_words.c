#include "sms-gateway/roster_inside.h"
#include "sms-gateway/text.h"
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *code;
	const char *name;
} languages[] = { { "sv", "svenska" }, { "en", "engelska" }, { "fi", "finska" },
	{ "ar", "arabiska" }, { "fa", "persiska" }, { "so", "somaliska" },
	{ "ti", "tigrinska" }, { "pl", "polska" }, { "uk", "ukrainska" } };

const char *roster_fold(struct roster *r, const char *text)
{
	buf_clear(&r->folding);
	text_fold(text, &r->folding);
	return buf_string(&r->folding);
}

const char *roster_keep(struct roster *r, const char *text)
{
	return arena_text(r->arena, text, strlen(text));
}

/* Words. */

static void add_word(
	struct roster *r, struct roster_variable *v, const char *text, int place)
{
	const char *folded = roster_fold(r, text);
	if (*folded)
		v->words[v->count++] =
			(struct roster_word){ roster_keep(r, folded), place };
}

/* The place, among the wave's values, of the value that an entry of the set rolls up to.
 */
static int place_of_entry(
	const struct survey_variable *wave, const struct valueset *set, size_t entry)
{
	int value = valueset_value(set, (int)entry);
	return value < 0 ? -1 : survey_value_find(wave, set->entries[value].code);
}

void roster_learn_variable(struct roster *r, size_t n)
{
	const struct survey_variable *wave = &r->setup->wave->variables[n];
	const struct valueset *set = &r->setup->sets[n];
	struct roster_variable *v = &r->variables[n];
	v->folded = roster_keep(r, roster_fold(r, wave->name));
	v->column = -1;
	v->seen = lexicon_create(r->arena);
	v->words =
		arena_alloc(r->arena, 2 * (wave->count + set->count) * sizeof *v->words);
	for (size_t i = 0; i < wave->count; i++) {
		add_word(r, v, wave->values[i].code, (int)i);
		add_word(r, v, wave->values[i].name, (int)i);
	}
	for (size_t i = 0; i < set->count; i++) {
		int place = place_of_entry(wave, set, i);
		if (place < 0 || set->entries[i].level != VALUESET_LOCAL)
			continue;
		add_word(r, v, set->entries[i].code, place);
		add_word(r, v, set->entries[i].name, place);
	}
	if (strcmp(wave->code, "age") != 0)
		return;
	v->ages.count = wave->count;
	v->ages.entries = arena_alloc(r->arena, wave->count * sizeof *v->ages.entries);
	for (size_t i = 0; i < wave->count; i++)
		v->ages.entries[i] = (struct valueset_entry){
			.code = wave->values[i].code,
			.level = VALUESET_VALUE,
			.parent = -1,
		};
}

static bool ground_counts(const struct roster *r, int entry)
{
	const struct valueset *set = r->setup->grounds;
	for (int at = entry; at >= 0; at = set->entries[at].parent)
		if (rules_have(&r->setup->rules->grounds, set->entries[at].code))
			return true;
	return false;
}

void roster_learn_grounds(struct roster *r)
{
	const struct valueset *set = r->setup->grounds;
	struct roster_variable *v = &r->grounds;
	v->folded = roster_columns[ROSTER_GROUND].folded;
	v->seen = lexicon_create(r->arena);
	v->words = arena_alloc(r->arena, 2 * set->count * sizeof *v->words);
	for (size_t i = 0; i < set->count; i++) {
		int meaning = ground_counts(r, (int)i) ? FRAME_GROUND_COUNTS
						       : FRAME_GROUND_OTHER;
		add_word(r, v, set->entries[i].code, meaning);
		add_word(r, v, set->entries[i].name, meaning);
	}
}

/* What the text means by the words, -1 when it is none of them. */
int roster_meaning(struct roster *r, struct roster_variable *v, const char *text)
{
	bool new;
	int *seen = lexicon_at(v->seen, text, &new);
	if (!new)
		return *seen - 1;
	const char *folded = roster_fold(r, text);
	const char *mapped = mapping_value(r->mapping, v->folded, folded);
	if (mapped)
		folded = mapped;
	for (size_t i = 0; *folded && i < v->count && !*seen; i++)
		if (strcmp(v->words[i].folded, folded) == 0)
			*seen = v->words[i].place + 1;
	return *seen - 1;
}

/* The folded text, or what the mapping has for it. */
static const char *folded_value(struct roster *r, enum roster_column c, const char *text)
{
	const char *folded = roster_fold(r, text);
	const char *mapped = mapping_value(r->mapping, roster_columns[c].folded, folded);
	return mapped ? mapped : folded;
}

enum frame_answer roster_answer(struct roster *r, enum roster_column c, const char *text)
{
	static const char *const yes[] = { "ja", "j", "1", "true", "sant" };
	static const char *const no[] = { "nej", "n", "0", "false", "falskt" };
	bool new;
	int *seen = lexicon_at(r->answers[c], text, &new);
	if (!new)
		return (enum frame_answer) * seen;
	const char *folded = folded_value(r, c, text);
	*seen = *folded || *text ? ROSTER_ANSWER_WRONG : FRAME_NOT_SAID;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcmp(folded, yes[i]) == 0)
			*seen = FRAME_YES;
		if (strcmp(folded, no[i]) == 0)
			*seen = FRAME_NO;
	}
	return (enum frame_answer) * seen;
}

const char *roster_language(struct roster *r, const char *text)
{
	bool new;
	int *seen = lexicon_at(r->spoken, text, &new);
	if (!new)
		return *seen ? languages[*seen - 1].code : NULL;
	const char *folded = folded_value(r, ROSTER_LANGUAGE, text);
	*seen = *text ? 0 : 1;
	for (size_t i = 0; !*seen && i < sizeof languages / sizeof *languages; i++)
		if (strcmp(folded, languages[i].code) == 0 ||
			strcmp(folded, languages[i].name) == 0)
			*seen = (int)i + 1;
	return *seen ? languages[*seen - 1].code : NULL;
}

const char *roster_unit(struct roster *r, const char *text)
{
	bool new;
	int *seen = lexicon_at(r->units, text, &new);
	if (!new)
		return r->unit_names[*seen];
	if (r->unit_count == r->unit_room)
		r->unit_names = mem_resize(r->unit_names,
			r->unit_room = r->unit_room ? r->unit_room * 2 : 64,
			sizeof *r->unit_names);
	*seen = (int)r->unit_count;
	return r->unit_names[r->unit_count++] = roster_keep(r, text);
}

/* Whether the rules name the measure, or one that it refines. */
static bool names_measure(struct roster *r, const char *measure)
{
	const struct valueset *set = r->setup->measures;
	const struct rules_words *exempt = &r->setup->rules->measures;
	if (rules_have(exempt, measure))
		return true;
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(roster_fold(r, set->entries[i].code), measure) != 0 &&
			strcmp(roster_fold(r, set->entries[i].name), measure) != 0)
			continue;
		for (int at = (int)i; at >= 0; at = set->entries[at].parent)
			if (rules_have(exempt, roster_fold(r, set->entries[at].code)) ||
				rules_have(exempt, roster_fold(r, set->entries[at].name)))
				return true;
	}
	return false;
}

bool roster_measure_is_exempt(struct roster *r, const char *text)
{
	bool new;
	if (!r->setup->rules->measures.count)
		return false;
	int *seen = lexicon_at(r->measures, text, &new);
	if (new)
		*seen = names_measure(
			r, roster_keep(r, folded_value(r, ROSTER_MEASURE, text)));
	return *seen != 0;
}
