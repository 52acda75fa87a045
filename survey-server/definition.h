/* What a wave asks and how its answers are grouped, frozen when the wave is added: the
 * questionnaire and the value sets of its background variables. Stored as one JSON
 * document. */
#ifndef SURVEY_DEFINITION_H
#define SURVEY_DEFINITION_H

#include "common/buf.h"
#include "questionnaire.h"

struct value {
	const char *code;
	const char *name;
};

/* A background variable; a value's place is what invitations and ballots hold. */
struct variable {
	const char *code;
	const char *name;
	struct value *values;
	size_t count;
};

struct definition {
	struct questionnaire questionnaire;
	struct variable variables[INVITATION_VARIABLES];
	size_t variable_count;
};

/* Reads FOLDER/NAME.sv.json and FOLDER/values/VARIABLE.ini for each variable, checks
 * them, and writes the document. The reason in why names the file. */
enum err definition_make(const char *folder, const char *questionnaire,
	struct buf *ret_document, struct why *why);
/* Reads a document; everything lives in the arena. */
enum err definition_read(struct arena *a, const char *document, size_t len,
	struct definition *ret_definition, struct why *why);
/* The place of the variable or value with that code, -1 when there is none. */
int definition_variable(const struct definition *d, const char *code);
int definition_value(const struct variable *v, const char *code);
/* Reads and checks one FHIR file. */
enum err definition_check_file(const char *file, struct why *why);

#endif
