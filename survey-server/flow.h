/* The rules of answering: pure. */
#ifndef SURVEY_FLOW_H
#define SURVEY_FLOW_H

#include "questionnaire.h"

/* At least so many questions make an answer; fewer are a break-off. */
enum { FLOW_ENOUGH = 3 };

/* Whether question n is asked, given the answers to the earlier ones. */
bool flow_asked(const struct questionnaire *q, size_t n, const uint8_t *answers);
/* Drops answers to questions that were not asked: they are not part of the base, and not
 * missing. */
void flow_drop(const struct questionnaire *q, uint8_t *answers);
/* How many questions have an answer; one that was not asked counts, as nothing is missing
 * there. */
size_t flow_answered(const struct questionnaire *q, const uint8_t *answers);
/* Whether any question has an answer at all. */
bool flow_any(const struct questionnaire *q, const uint8_t *answers);

#endif
