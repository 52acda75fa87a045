/* The release: the one JSON document that a count leaves behind. It holds every figure
 * that may be shown and no other; its shape is part of the outside contract:
 *
 *   { "wave", "title", "counted": true,
 *     "quality": {
 *       "frame", "invited", "answered", "break_off", "not_eligible", "damaged",
 *       "left_out": { REASON: n },
 *       "helped": { "self", "relative", "staff", "interpreter", "unsaid", "rest" },
 *       "channels": { "sms": { "invited", "answered" }, "telephone": … } }, the second
 * only where somebody was drawn to it "tables": [ { "by": [ VARIABLE ], or [] for the
 * city, "rows": [ { "key": { VARIABLE: VALUE }, "invited", "answered", "questions": {
 * "q1": { "graded", "dont_know", "missing", "options": [ n of each graded option ],
 *           "positive": { "n", "share", "low", "high" }, "mean100",
 *           "weighted": { "positive", "low", "high" } } } } ] } ] }
 *
 * A hidden or undefined figure is null; every value of the set is a row; what is shown
 * only together is the row with the value "rest". Shares and mean100 are whole per cent.
 */
#ifndef SURVEY_RELEASE_H
#define SURVEY_RELEASE_H

#include "common/json.h"
#include "definition.h"
#include "stats.h"
#include "wave.h"

/* One group of a table: the city, or one value of a variable. */
struct release_row {
	int64_t invited;
	int64_t answered;
	struct tally tallies[BALLOT_QUESTIONS];
};

/* Those who were to be reached in one way. */
struct release_channel {
	int64_t invited;
	int64_t answered;
};
enum { RELEASE_CHANNELS = PLAN_TELEPHONE };

/* What the count found. */
struct release_input {
	const struct definition *definition;
	const struct wave *wave;
	struct release_row city;
	struct release_row *areas; /* one per value of the variable "area" */
	struct release_channel channels[RELEASE_CHANNELS]; /* by enum plan − 1 */
	int64_t frame;
	int64_t break_off;
	int64_t helped[HELPED_COUNT]; /* who answered, in the whole city */
	int64_t not_eligible;
	int64_t damaged;       /* ballots that could not be opened */
	struct json *left_out; /* reason to count; the release takes it over */
};

/* Applies the disclosure rules and writes the document. The caller destroys it. */
struct json *release_make(const struct release_input *in);

#endif
