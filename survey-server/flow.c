#include "flow.h"

static bool is_hidden(unsigned hidden, size_t n)
{
	return hidden >> n & 1;
}

bool flow_asked(
	const struct questionnaire *q, unsigned hidden, size_t n, const uint8_t *answers)
{
	const struct question *question = &q->questions[n];
	if (is_hidden(hidden, n))
		return false;
	for (size_t i = 0; i < question->condition_count; i++) {
		const struct condition *c = &question->conditions[i];
		if (answers[c->question] == c->code)
			return true;
	}
	return question->condition_count == 0;
}

void flow_drop(const struct questionnaire *q, unsigned hidden, uint8_t *answers)
{
	for (size_t n = 0; n < q->count; n++)
		if (!flow_asked(q, hidden, n, answers))
			answers[n] = 0;
}

bool flow_enough(const struct questionnaire *q, unsigned hidden, const uint8_t *answers)
{
	size_t shown = 0, answered = 0;
	for (size_t n = 0; n < q->count && n < QUESTIONNAIRE_CORE; n++) {
		if (is_hidden(hidden, n))
			continue;
		shown++;
		answered += answers[n] != 0 || !flow_asked(q, hidden, n, answers);
	}
	return answered >= (shown < FLOW_ENOUGH ? shown : FLOW_ENOUGH);
}

bool flow_any(const struct questionnaire *q, const uint8_t *answers)
{
	for (size_t n = 0; n < q->count; n++)
		if (answers[n])
			return true;
	return false;
}

size_t flow_page(const struct questionnaire *q, unsigned hidden, size_t page,
	const uint8_t *answers)
{
	while (page > 0 && page <= q->count && !flow_asked(q, hidden, page - 1, answers))
		page++;
	return page > q->count ? q->count + 1 : page;
}

size_t flow_page_before(const struct questionnaire *q, unsigned hidden, size_t page,
	const uint8_t *answers)
{
	do
		page--;
	while (page > 0 && !flow_asked(q, hidden, page - 1, answers));
	return page;
}

size_t flow_shown(const struct questionnaire *q, unsigned hidden)
{
	return flow_place(hidden, q->count) - 1;
}

size_t flow_place(unsigned hidden, size_t n)
{
	size_t place = 1;
	for (size_t i = 0; i < n; i++)
		place += !is_hidden(hidden, i);
	return place;
}
