#include "flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
			assert_int_equal(flow_asked(&skr, 2, answers), improved);
			for (size_t n = 0; n < 6; n++)
				if (n != 2)
					assert_true(flow_asked(&skr, n, answers));
		}
	}
}

static void test_drop(void **state)
{
	(void)state;
	uint8_t off[BALLOT_QUESTIONS] = { 3, 6, 1, 2, 1, 4, 9 };
	const uint8_t dropped[BALLOT_QUESTIONS] = { 3, 6, 0, 2, 1, 4, 9 };
	flow_drop(&skr, off);
	assert_memory_equal(off, dropped, sizeof off);
	uint8_t on[BALLOT_QUESTIONS] = { 3, 2, 1, 2, 1, 4 };
	const uint8_t kept[BALLOT_QUESTIONS] = { 3, 2, 1, 2, 1, 4 };
	flow_drop(&skr, on);
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
	flow_drop(&chain, answers);
	assert_memory_equal(answers, dropped, sizeof answers);
}

static void test_answered(void **state)
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
		{ { 6, 6, 0, 6, 0, 0 }, 4 }, /* "vet inte" is an answer */
		{ { 1, 1, 1, 1, 1, 1 }, 6 },
		{ { 5, 5, 0, 5, 5, 4 }, 6 },
		/* Beyond the questions nothing counts. */
		{ { 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 }, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(flow_answered(&skr, cases[i].answers), cases[i].count);
	assert_int_equal(FLOW_ENOUGH, 3);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_in_a_chain),
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
