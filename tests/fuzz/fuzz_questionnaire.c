/* FHIR resources, which a city writes itself: whatever is read must hold what the form,
 * the count and the report rely on. */
#include "flow.h"
#include "stats.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
	if (!promise)
		abort();
}

static void check_picture(const char *markup)
{
	static const char begin[] = "<svg aria-hidden=\"true\"";
	require(!markup || strncmp(markup, begin, sizeof begin - 1) == 0);
}

static void check_options(const struct question *q)
{
	unsigned codes = 0, grades = 0;
	require(q->option_count >= 2 && q->option_count <= QUESTIONNAIRE_OPTIONS);
	for (size_t i = 0; i < q->option_count; i++) {
		const struct option *o = &q->options[i];
		require(o->code >= 1 && o->code <= 9 && *o->text);
		check_picture(o->picture);
		require(questionnaire_option(q, o->code) == o);
		require(!(codes & 1u << o->code));
		codes |= 1u << o->code;
		require(o->grade >= 0 && o->grade <= q->grades);
		require(o->grade == 0 || !(grades & 1u << o->grade));
		grades |= 1u << o->grade;
	}
	/* Each grade from worst to best exactly once. */
	require(q->grades >= 2 && (grades & ~1u) == ((1u << q->grades) - 1) << 1);
}

static void check_conditions(const struct questionnaire *all, size_t n)
{
	const struct question *q = &all->questions[n];
	require(q->condition_count <= QUESTIONNAIRE_CONDITIONS);
	for (size_t i = 0; i < q->condition_count; i++) {
		require(q->conditions[i].question < n);
		require(questionnaire_option(&all->questions[q->conditions[i].question],
			q->conditions[i].code));
	}
}

static void check_pages(
	const struct questionnaire *all, unsigned hidden, const uint8_t *answers)
{
	size_t page = 0;
	require(flow_shown(all, hidden) <= all->count);
	while (page <= all->count) {
		size_t next = flow_page(all, hidden, page + 1, answers);
		require(next > page && next <= all->count + 1);
		require(next > all->count || flow_asked(all, hidden, next - 1, answers));
		require(flow_page_before(all, hidden, next, answers) == page);
		page = next;
	}
}

/* Whether another question hangs on question n. */
static bool has_followers(const struct questionnaire *all, size_t n)
{
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->questions[i].condition_count; k++)
			if (all->questions[i].conditions[k].question == n)
				return true;
	return false;
}

/* The rules hold for any answers. */
static void check_rules(const struct questionnaire *all, const uint8_t *data, size_t size)
{
	uint8_t answers[BALLOT_QUESTIONS] = { 0 };
	unsigned hidden = data[size / 2];
	for (size_t i = 0; i < BALLOT_QUESTIONS && i < size; i++)
		answers[i] = data[size - 1 - i] % 10;
	flow_drop(all, hidden, answers);
	bool enough = flow_enough(all, hidden, answers);
	for (size_t n = 0; n < all->count; n++) {
		const struct question *q = &all->questions[n];
		struct tally t = { 0 };
		require(!answers[n] || flow_asked(all, hidden, n, answers));
		tally_add(&t, q, answers[n]);
		require(stats_graded(q, &t) + stats_dont_know(q, &t) + t.missing == 1);
		if (stats_graded(q, &t) == 0)
			continue;
		double mean = stats_mean100(q, &t);
		require(mean >= 0 && mean <= 100);
	}
	check_pages(all, hidden, answers);
	/* One more answer never makes less of them. */
	for (size_t n = 0; enough && n < all->count; n++) {
		uint8_t more[BALLOT_QUESTIONS];
		memcpy(more, answers, sizeof more);
		if (!more[n] && flow_asked(all, hidden, n, answers) &&
			!has_followers(all, n))
			more[n] = 1;
		require(flow_enough(all, hidden, more));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena) struct arena *a = arena_create();
	auto_(json) struct json *resource = NULL;
	struct questionnaire q = { .count = SIZE_MAX };
	struct why why = { "" };
	if (json_parse((const char *)data, size, &resource, &why) != OK)
		return 0;
	enum err e = questionnaire_read(a, resource, &q, &why);
	if (e != OK) {
		require(e == ERR_INPUT && q.count == SIZE_MAX && why.text[0]);
		return 0;
	}
	require(q.count >= 1 && q.count <= BALLOT_QUESTIONS);
	require(*q.name && *q.title && *q.language);
	require(strspn(q.variant, "abcdefghijklmnopqrstuvwxyz") == strlen(q.variant));
	require(!*q.variant == !*q.variant_name);
	require(questionnaire_match(&q, &q, &why) == OK);
	for (size_t n = 0; n < q.count; n++) {
		require(q.questions[n].link[0] == 'q' && *q.questions[n].text);
		require(!q.questions[n].help || *q.questions[n].help);
		check_picture(q.questions[n].picture);
		check_options(&q.questions[n]);
		check_conditions(&q, n);
	}
	check_rules(&q, data, size);
	return 0;
}
