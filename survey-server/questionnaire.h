/* A questionnaire: graded questions with one answer each, read from a FHIR R4
 * Questionnaire resource (https://hl7.org/fhir/R4/questionnaire.html). Option codes are
 * the numbers 1–9; graded options carry the standard's ordinalValue extension (the best
 * grade has the highest value), "vet inte" carries none. A file holds one edition: one
 * language in one variant (plain, "lattlast", "barn", "bildstod"), the variant being a
 * meta.tag of the system urn:brukarenkat:variant whose display is its name. Help stands
 * in a nested display item with the item control "help"; pictures are SVG in the
 * extensions sdc-questionnaire-itemMedia and sdc-questionnaire-itemAnswerMedia
 * (https://hl7.org/fhir/uv/sdc/). */
#ifndef SURVEY_QUESTIONNAIRE_H
#define SURVEY_QUESTIONNAIRE_H

#include "ballot.h"
#include "common/json.h"
#include "common/mem.h"
#include <stdbool.h>

enum {
	QUESTIONNAIRE_OPTIONS = 9,
	QUESTIONNAIRE_CONDITIONS = 8,
	QUESTIONNAIRE_CORE = 6, /* SKR's; a city's own come after them */
};

struct option {
	uint8_t code; /* 1–9 */
	int grade;    /* 1 worst … grades best; 0: not part of the scale */
	const char *text;
	const char *picture; /* markup, NULL: none */
};

/* The question is asked when any of its conditions holds. */
struct condition {
	size_t question; /* place of an earlier question */
	uint8_t code;
};

struct question {
	const char *link; /* q1, q2, …: the field's name in the form */
	const char *text;
	const char *help;    /* what it means, with an example; NULL: none */
	const char *picture; /* markup, NULL: none */
	struct option options[QUESTIONNAIRE_OPTIONS];
	size_t option_count;
	int grades;
	struct condition conditions[QUESTIONNAIRE_CONDITIONS];
	size_t condition_count; /* 0: always asked */
};

struct questionnaire {
	const char *name;
	const char *title;
	const char *language; /* "sv" */
	const char *variant;  /* "" is the plain one */
	const char *variant_name;
	bool draft; /* no person has approved it yet */
	struct question questions[BALLOT_QUESTIONS];
	size_t count;
};

/* Reads the resource; texts live in the arena. The first question is q1, or q7 in a file
 * of a city's own questions. ERR_INPUT with the FHIR path and the reason in why. */
enum err questionnaire_read(struct arena *a, const struct json *resource,
	struct questionnaire *ret_questionnaire, struct why *why);
/* Whether q has every question, option, grade, condition, help and picture that its
 * sibling, another edition, has; help and pictures only when both are of one variant.
 * ERR_INPUT with q's path and what is missing in why. */
enum err questionnaire_match(const struct questionnaire *q,
	const struct questionnaire *sibling, struct why *why);
/* The option with that code, NULL when the question has none. */
const struct option *questionnaire_option(const struct question *q, int code);

#endif
