/* What a wave asks and how its answers are grouped, frozen when the wave is added: the
 * questionnaire in every edition, what each area shows of it, and the value sets of its
 * background variables. Stored as one JSON document. */
#ifndef SURVEY_DEFINITION_H
#define SURVEY_DEFINITION_H

#include "common/buf.h"
#include "common/clock.h"
#include "questionnaire.h"
#include "settings.h"
#include "texts.h"

struct value {
	const char *code;
	const char *name;
	/* Of an area: */
	unsigned hidden;     /* bit n: the question at place n is not asked */
	const char *variant; /* what is shown first */
	bool exempt;         /* nobody is asked */
};

/* A background variable; a value's place is what invitations and ballots hold. */
struct variable {
	const char *code;
	const char *name;
	struct value *values;
	size_t count;
};

struct definition {
	enum layout layout;
	struct questionnaire questionnaire; /* the plain Swedish edition */
	struct questionnaire *editions;     /* that one first, then the others */
	size_t edition_count;
	struct variable variables[INVITATION_VARIABLES];
	size_t variable_count;
	int area; /* the place of the variable "area", -1: there is none */
};

/* The breakdowns that the count makes beside the whole city, each by the codes of its
 * variables; NULL where it has fewer. */
enum { DEFINITION_TABLES = 1, DEFINITION_BY = 2 };
extern const char *const definition_tables[DEFINITION_TABLES][DEFINITION_BY];

/* Reads FOLDER/NAME.*.json, the city's own questions and FOLDER/values/VARIABLE.ini for
 * each variable, checks them, and writes the document. A value set gives its values that
 * are valid on the day the wave opens. Editions that are drafts, or whose texts are, are
 * left out and their names added to ret_left_out, unless the settings take drafts; a
 * draft in a language that the settings name is ERR_CONFLICT. The reason in why names the
 * file.
 */
enum err definition_make(const char *folder, const char *questionnaire, day opens,
	const struct settings *settings, struct buf *ret_document,
	struct buf *ret_left_out, struct why *why);
/* Reads a document; everything lives in the arena. */
enum err definition_read(struct arena *a, const char *document, size_t len,
	struct definition *ret_definition, struct why *why);
/* The place of the variable or value with that code, -1 when there is none. */
int definition_variable(const struct definition *d, const char *code);
int definition_value(const struct variable *v, const char *code);
/* The edition in that language and variant, else the language's plain one, else NULL. */
const struct questionnaire *definition_edition(
	const struct definition *d, const char *language, const char *variant);
/* The area with that place, NULL when there is none. */
const struct value *definition_area(const struct definition *d, unsigned place);

#endif
