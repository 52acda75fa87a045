#include "flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As SKR's: question 3 is asked after 1 or 2 on question 1 or 2. */
static const struct questionnaire skr = { .count = 6,
	.questions = {
		[2] = { .condition_count = 4,
			.conditions = { { 0, 1 }, { 0, 2 }, { 1, 1 }, { 1, 2 } } },
	} };

static void test_asked(void **state)
{
	(void)state;
	for (uint8_t first = 0; first <= 6; first++) {
		for (uint8_t second = 0; second <= 6; second++) {
			const uint8_t answers[BALLOT_QUESTIONS] = { first, second };
			bool improved =
				first == 1 || first == 2 || second == 1 || second == 2;
			assert_int_equal(flow_asked(&skr, 0, 2, answers), improved);
			for (size_t n = 0; n < 6; n++)
				if (n != 2)
					assert_true(flow_asked(&skr, 0, n, answers));
		}
	}
}

static void test_drop(void **state)
{
	(void)state;
	uint8_t off[BALLOT_QUESTIONS] = { 3, 6, 1, 2, 1, 4, 9 };
	const uint8_t dropped[BALLOT_QUESTIONS] = { 3, 6, 0, 2, 1, 4, 9 };
	flow_drop(&skr, 0, off);
	assert_memory_equal(off, dropped, sizeof off);
	uint8_t on[BALLOT_QUESTIONS] = { 3, 2, 1, 2, 1, 4 };
	const uint8_t kept[BALLOT_QUESTIONS] = { 3, 2, 1, 2, 1, 4 };
	flow_drop(&skr, 0, on);
	assert_memory_equal(on, kept, sizeof on);
}

/* What is dropped no longer opens what depended on it. */
static void test_drop_in_a_chain(void **state)
{
	(void)state;
	static const struct questionnaire chain = { .count = 3,
		.questions = {
			[1] = { .condition_count = 1, .conditions = { { 0, 1 } } },
			[2] = { .condition_count = 1, .conditions = { { 1, 1 } } },
		} };
	uint8_t answers[BALLOT_QUESTIONS] = { 2, 1, 1 };
	const uint8_t dropped[BALLOT_QUESTIONS] = { 2 };
	flow_drop(&chain, 0, answers);
	assert_memory_equal(answers, dropped, sizeof answers);
}

/* A hidden question is not asked, whatever it depends on or depends on it. */
static void test_hidden(void **state)
{
	(void)state;
	const uint8_t improved[BALLOT_QUESTIONS] = { 1, 1, 1, 1, 1, 1 };
	for (size_t n = 0; n < 6; n++)
		for (size_t hidden = 0; hidden < 6; hidden++)
			assert_int_equal(
				flow_asked(&skr, 1U << hidden, n, improved), n != hidden);
	/* Question 3 hangs on what is left of the answers. */
	uint8_t answers[BALLOT_QUESTIONS] = { 1, 5, 2, 3, 3, 3 };
	const uint8_t dropped[BALLOT_QUESTIONS] = { 0, 5, 0, 3, 0, 3 };
	flow_drop(&skr, 1U << 0 | 1U << 4, answers);
	assert_memory_equal(answers, dropped, sizeof answers);
}

static void test_enough(void **state)
{
	(void)state;
	static const struct {
		uint8_t answers[BALLOT_QUESTIONS];
		size_t count;
	} cases[] = {
		{ { 0 }, 1 }, /* question 3 is not asked, and nothing is missing there */
		{ { 3, 0, 0, 0, 0, 0 }, 2 },
		{ { 3, 0, 0, 0, 0, 5 }, 3 },
		{ { 1, 0, 0, 0, 0, 0 }, 1 }, /* asked, and missing */
		{ { 1, 0, 0, 0, 0, 5 }, 2 },
		{ { 1, 0, 4, 0, 0, 5 }, 3 },
		{ { 6, 0, 0, 6, 0, 0 }, 3 }, /* "vet inte" is an answer */
		{ { 6, 6, 0, 6, 0, 0 }, 4 },
		{ { 1, 1, 1, 1, 1, 1 }, 6 },
		{ { 5, 5, 0, 5, 5, 4 }, 6 },
		/* Beyond the questions nothing counts. */
		{ { 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 }, 1 },
	};
	assert_int_equal(FLOW_ENOUGH, 3);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(flow_enough(&skr, 0, cases[i].answers),
			cases[i].count >= FLOW_ENOUGH);
}

/* The city's own questions make no answer of a break-off. */
static void test_own_are_not_enough(void **state)
{
	(void)state;
	struct questionnaire all = skr;
	all.count = BALLOT_QUESTIONS;
	uint8_t answers[BALLOT_QUESTIONS] = { 3, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 };
	assert_false(flow_enough(&all, 0, answers));
	answers[5] = 1;
	assert_true(flow_enough(&all, 0, answers));
}

static void test_enough_of_what_is_shown(void **state)
{
	(void)state;
	enum { Q1 = 1, Q2 = 2, Q3 = 4, Q4 = 8, Q5 = 16, Q6 = 32 };
	static const struct {
		unsigned hidden;
		uint8_t answers[BALLOT_QUESTIONS];
		bool enough;
	} cases[] = {
		/* A hidden question is none: an answer that came all the same either. */
		{ Q3, { 3, 0, 0, 0, 0, 5 }, false },
		{ Q3, { 3, 0, 1, 0, 0, 5 }, false },
		{ Q3, { 3, 0, 0, 0, 1, 5 }, true },
		{ Q5, { 1, 0, 0, 4, 1, 0 }, false },
		/* Question 3 is shown, not asked, and not missing. */
		{ Q1 | Q2, { 0, 0, 0, 1, 0, 0 }, false },
		{ Q1 | Q2, { 0, 0, 0, 1, 1, 0 }, true },
		/* Two are shown: both. */
		{ Q1 | Q2 | Q3 | Q4, { 1, 1, 1, 1, 1, 0 }, false },
		{ Q1 | Q2 | Q3 | Q4, { 0, 0, 0, 0, 1, 1 }, true },
		{ Q1 | Q2 | Q3 | Q4 | Q5, { 0, 0, 0, 0, 0, 0 }, false },
		{ Q1 | Q2 | Q3 | Q4 | Q5, { 0, 0, 0, 0, 0, 4 }, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(flow_enough(&skr, cases[i].hidden, cases[i].answers),
			cases[i].enough);
}

static void test_any(void **state)
{
	(void)state;
	uint8_t answers[BALLOT_QUESTIONS] = { 0 };
	assert_false(flow_any(&skr, answers));
	answers[6] = 1;
	assert_false(flow_any(&skr, answers));
	answers[5] = 1;
	assert_true(flow_any(&skr, answers));
}

static void test_page(void **state)
{
	(void)state;
	const uint8_t nothing[BALLOT_QUESTIONS] = { 0 }, better[BALLOT_QUESTIONS] = { 2 };
	static const struct {
		size_t page, without, with; /* an answer that opens question 3 */
	} cases[] = { { 0, 0, 0 }, { 1, 1, 1 }, { 2, 2, 2 }, { 3, 4, 3 }, { 4, 4, 4 },
		{ 6, 6, 6 }, { 7, 7, 7 }, { 8, 7, 7 }, { SIZE_MAX, 7, 7 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(
			flow_page(&skr, 0, cases[i].page, nothing), cases[i].without);
		assert_int_equal(
			flow_page(&skr, 0, cases[i].page, better), cases[i].with);
	}
	/* Past several, past the last. */
	assert_int_equal(flow_page(&skr, 7, 1, better), 4);
	assert_int_equal(flow_page(&skr, 62, 2, better), 7);
	assert_int_equal(flow_page(&skr, 63, 1, better), 7);
	assert_int_equal(flow_page(&skr, 63, 0, better), 0);
}

static void test_page_before(void **state)
{
	(void)state;
	const uint8_t nothing[BALLOT_QUESTIONS] = { 0 }, better[BALLOT_QUESTIONS] = { 2 };
	static const size_t without[] = { 0, 1, 2, 2, 4, 5, 6 },
			    with[] = { 0, 1, 2, 3, 4, 5, 6 };
	for (size_t page = 1; page <= 7; page++) {
		assert_int_equal(
			flow_page_before(&skr, 0, page, nothing), without[page - 1]);
		assert_int_equal(flow_page_before(&skr, 0, page, better), with[page - 1]);
	}
	/* Past several, back to the first page. */
	assert_int_equal(flow_page_before(&skr, 63, 7, better), 0);
	assert_int_equal(flow_page_before(&skr, 62, 7, better), 1);
	assert_int_equal(flow_page_before(&skr, 1, 2, better), 0);
}

/* Forth and back meet at every page, whatever is answered and hidden. */
static void test_pages_forth_and_back(void **state)
{
	(void)state;
	for (unsigned hidden = 0; hidden < 64; hidden++) {
		for (uint8_t first = 0; first < 4; first++) {
			const uint8_t answers[BALLOT_QUESTIONS] = { first };
			for (size_t page = 0; page < 7;) {
				size_t next = flow_page(&skr, hidden, page + 1, answers);
				assert_true(next > page && next <= 7);
				if (next <= 6)
					assert_true(flow_asked(
						&skr, hidden, next - 1, answers));
				assert_int_equal(
					flow_page_before(&skr, hidden, next, answers),
					page);
				page = next;
			}
		}
	}
}

static void test_place(void **state)
{
	(void)state;
	assert_int_equal(flow_shown(&skr, 0), 6);
	assert_int_equal(flow_shown(&skr, 63), 0);
	/* What lies beyond the questions is not counted. */
	assert_int_equal(flow_shown(&skr, 1U << 2 | 1U << 4 | 1U << 6), 4);
	for (size_t n = 0; n < 6; n++)
		assert_int_equal(flow_place(0, n), n + 1);
	assert_int_equal(flow_place(1U << 2, 1), 2);
	assert_int_equal(flow_place(1U << 2, 3), 3);
	assert_int_equal(flow_place(1U << 0 | 1U << 2, 5), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_in_a_chain),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_own_are_not_enough),
		cmocka_unit_test(test_enough_of_what_is_shown),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_before),
		cmocka_unit_test(test_pages_forth_and_back),
		cmocka_unit_test(test_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
