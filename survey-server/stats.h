/* Statistics of graded answers, pure. Definitions: shares with the two best grades as
 * positive, "vet inte" and missing outside every denominator, the Wilson score interval
 * (E. B. Wilson 1927, J. Am. Stat. Assoc. 22). */
#ifndef SURVEY_STATS_H
#define SURVEY_STATS_H

#include "questionnaire.h"
#include <stdint.h>

/* What a group answered to one question. */
struct tally {
	int64_t options[QUESTIONNAIRE_OPTIONS]; /* by the option's place in the
						   questionnaire */
	int64_t missing;                        /* asked and not answered */
};

void tally_add(struct tally *t, const struct question *q, uint8_t answer);
/* Adds all of from to t. */
void tally_join(struct tally *t, const struct tally *from);

/* Answers with a grade, without one ("vet inte"), and with one of the two best grades. */
int64_t stats_graded(const struct question *q, const struct tally *t);
int64_t stats_dont_know(const struct question *q, const struct tally *t);
int64_t stats_positive(const struct question *q, const struct tally *t);
/* Mean of 100(k-1)/(m-1) over the graded answers; at least one is needed. */
double stats_mean100(const struct question *q, const struct tally *t);

struct interval {
	double low;
	double high;
};

/* Wilson's 95 % interval for positive out of n, n > 0; both ends within 0 … 1. */
struct interval stats_wilson(double positive, double n);

#endif
