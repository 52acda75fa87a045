/* What the parts of a roster share: roster.c (the rows, and the whole), roster_words.c
 * (what a text means), roster_header.c (which column is which) and roster_settle.c (the
 * rows weighed against each other). For no one else. */
#ifndef SMS_GATEWAY_ROSTER_INSIDE_H
#define SMS_GATEWAY_ROSTER_INSIDE_H

#include "sms-gateway/frame.h"
#include "sms-gateway/lexicon.h"
#include "sms-gateway/roster.h"

enum roster_column {
	ROSTER_PERSON,
	ROSTER_PHONE,
	ROSTER_AREA,
	ROSTER_NAME,
	ROSTER_LANGUAGE,
	ROSTER_UNIT,
	ROSTER_MEASURE,
	ROSTER_AGE,
	ROSTER_SEX,
	ROSTER_FROM,
	ROSTER_TO,
	ROSTER_GROUND,
	ROSTER_PROTECTED,
	ROSTER_SMS,
	ROSTER_COLUMNS,
};

/* The contract's columns. */
extern const struct roster_column_name {
	const char *folded;
	const char *name; /* as the contract writes it */
	bool needed;
} roster_columns[ROSTER_COLUMNS];

/* The words that mean a value: its code and its name, folded. */
struct roster_word {
	const char *folded;
	int place;
};

/* A wave's variable as the rows give it. */
struct roster_variable {
	const char *folded; /* the column's name */
	int column;         /* -1: the file has none */
	struct roster_word *words;
	size_t count;
	struct lexicon *seen; /* meaning: place + 1 */
	/* The age groups, as a set of their own; count 0 for other variables. */
	struct valueset ages;
};

struct roster {
	const struct roster_setup *setup;
	struct arena *arena;
	int administration, area; /* places among the variables */
	uint16_t administration_value;
	struct roster_variable variables[INVITATION_VARIABLES];
	struct roster_variable grounds; /* meaning: enum frame_ground */
	const struct mapping *mapping;
	struct buf missing, unread;
	int at[ROSTER_COLUMNS];
	struct lexicon *answers[ROSTER_COLUMNS]; /* of those that are yes or no */
	struct lexicon *spoken, *units, *measures;
	const char **unit_names;
	size_t unit_count, unit_room;
	struct roster_entry *entries;
	size_t count, room;
	size_t *order;
	struct buf folding;
};

/* roster_words.c. */

enum { ROSTER_ANSWER_WRONG = FRAME_YES + 1 }; /* neither yes nor no */

/* Valid until the next call. */
const char *roster_fold(struct roster *r, const char *text);
const char *roster_keep(struct roster *r, const char *text);
void roster_learn_variable(struct roster *r, size_t n);
void roster_learn_grounds(struct roster *r);
/* What the text means by the variable's words, -1 when it is none of them. */
int roster_meaning(struct roster *r, struct roster_variable *v, const char *text);
enum frame_answer roster_answer(struct roster *r, enum roster_column c, const char *text);
/* The language's code, two letters; NULL: none that there is. */
const char *roster_language(struct roster *r, const char *text);
/* The same text for the same unit. */
const char *roster_unit(struct roster *r, const char *text);
bool roster_measure_is_exempt(struct roster *r, const char *text);

/* roster_header.c: for struct rows_reader. */
enum err roster_read_header(
	void *context, const char *const *names, size_t count, struct why *why);

#endif
