/* The rules of answering: pure. hidden: bit n is set when the question at place n is not
 * asked in the person's area. */
#ifndef SURVEY_FLOW_H
#define SURVEY_FLOW_H

#include "questionnaire.h"

/* At least so many of SKR's six questions make an answer; fewer are a break-off. */
enum { FLOW_ENOUGH = 3 };

/* Whether question n is asked, given the answers to the earlier ones. */
bool flow_asked(
	const struct questionnaire *q, unsigned hidden, size_t n, const uint8_t *answers);
/* Drops answers to questions that were not asked: they are not part of the base, and not
 * missing. */
void flow_drop(const struct questionnaire *q, unsigned hidden, uint8_t *answers);
/* Whether the answers are an answer, not a break-off: FLOW_ENOUGH of the first six have
 * one, or all that the area shows of them when it shows fewer. A question whose
 * conditions don't hold counts as answered, since nothing is missing there; a hidden one
 * is none. */
bool flow_enough(const struct questionnaire *q, unsigned hidden, const uint8_t *answers);
/* Whether any question has an answer at all. */
bool flow_any(const struct questionnaire *q, const uint8_t *answers);

/* The paged form's pages: 0 tells what this is, 1 … count are the questions, count + 1 is
 * the last. The page itself, or the first after it whose question is asked. */
size_t flow_page(const struct questionnaire *q, unsigned hidden, size_t page,
	const uint8_t *answers);
/* The page before a page other than 0, past questions that are not asked. */
size_t flow_page_before(const struct questionnaire *q, unsigned hidden, size_t page,
	const uint8_t *answers);
/* How many questions the area shows, and the place of question n among them, from 1. */
size_t flow_shown(const struct questionnaire *q, unsigned hidden);
size_t flow_place(unsigned hidden, size_t n);

#endif
