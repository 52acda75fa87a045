#include "flow.h"

bool flow_asked(const struct questionnaire *q, size_t n, const uint8_t *answers)
{
	const struct question *question = &q->questions[n];
	for (size_t i = 0; i < question->condition_count; i++) {
		const struct condition *c = &question->conditions[i];
		if (answers[c->question] == c->code)
			return true;
	}
	return question->condition_count == 0;
}

void flow_drop(const struct questionnaire *q, uint8_t *answers)
{
	for (size_t n = 0; n < q->count; n++)
		if (!flow_asked(q, n, answers))
			answers[n] = 0;
}

size_t flow_answered(const struct questionnaire *q, const uint8_t *answers)
{
	size_t count = 0;
	for (size_t n = 0; n < q->count; n++)
		count += answers[n] != 0 || !flow_asked(q, n, answers);
	return count;
}

bool flow_any(const struct questionnaire *q, const uint8_t *answers)
{
	for (size_t n = 0; n < q->count; n++)
		if (answers[n])
			return true;
	return false;
}
